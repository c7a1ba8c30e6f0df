//! What proposals ask for: other parameters, other weights of classes, a spending, a grant that vests, an award to builders, another
//! holder of an office, or only to be on record.

use super::propose;
use crate::engine::derived::Derived;
use crate::engine::state::State;
use crate::formula::vesting::Schedule;
use crate::ids::AccountId;
use crate::params::{ParamError, Params, TABLE};
use crate::protocol::treasury::TreasurySpent;
use crate::protocol::weights::ProposeWeights;
use crate::protocol::{builders, vesting, weights};
use crate::record::{Apply, Cause, Command, Decide, Event, Record, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// In [`ProposeChange::params`]: no parameter.
pub const NO_PARAM: u32 = u32::MAX;

/// Offices that accounts hold.
pub mod office {
    /// Attests builders' milestones.
    pub const COMMITTEE: u32 = 0;
    /// Carries out the treasury's orders.
    pub const CUSTODIAN: u32 = 1;
    /// Changes parameters without a vote.
    pub const COUNCIL: u32 = 2;
}

payload! {
    /// Proposes other values of up to four parameters, all at once.
    pub struct ProposeChange {
        /// The values, each at its parameter's place.
        pub values: [u64; 4],
        /// The parameters, by position in [`TABLE`]; [`NO_PARAM`] for none.
        pub params: [u32; 4],
    }

    /// Proposes to pay somebody from the treasury.
    pub struct ProposeSpend {
        /// Nano-XPL.
        pub amount: u64,
        /// Whom.
        pub to: AccountId,
        /// Zero.
        pub pad: u32,
    }

    /// Proposes a grant from the treasury that vests.
    pub struct ProposeGrant {
        /// Nano-XPL.
        pub amount: u64,
        /// From when tokens accrue.
        pub start: Time,
        /// Before which none is free.
        pub cliff: Time,
        /// From which on all are.
        pub end: Time,
        /// Calendar months from start to end; 0 accrues evenly.
        pub months: u32,
        /// To whom.
        pub to: AccountId,
    }

    /// Proposes an award from the builders' fund against milestones.
    pub struct ProposeAward {
        /// Nano-XPL for each milestone.
        pub amount: u64,
        /// When what was not reached by then returns to the fund.
        pub expires: Time,
        /// To whom.
        pub to: AccountId,
        /// How many milestones.
        pub milestones: u32,
    }

    /// Proposes another holder of an office.
    pub struct ProposeAppointment {
        /// Who, or none.
        pub account: AccountId,
        /// See [`office`].
        pub office: u32,
    }

    /// Proposes to put a report on record.
    pub struct ProposeReport {
        /// BLAKE3 of the report.
        pub digest: [u8; 32],
    }

    /// A parameter has another value.
    pub struct ParamChanged {
        /// The value.
        pub value: u64,
        /// The parameter, by position in [`TABLE`].
        pub param: u32,
        /// Zero.
        pub pad: u32,
    }

    /// An office has another holder.
    pub struct Appointed {
        /// Who, or none.
        pub account: AccountId,
        /// See [`office`].
        pub office: u32,
    }
}

/// What a proposal asks for.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Other parameters.
    Change(ProposeChange),
    /// A payment from the treasury.
    Spend(ProposeSpend),
    /// A grant from the treasury.
    Grant(ProposeGrant),
    /// An award from the builders' fund.
    Award(ProposeAward),
    /// Another holder of an office.
    Appoint(ProposeAppointment),
    /// Nothing but to be on record.
    Report(ProposeReport),
    /// Other weights of classes.
    Weigh(ProposeWeights),
}

impl Default for Action {
    fn default() -> Self {
        Self::Report(ProposeReport::default())
    }
}

impl ProposeChange {
    /// The parameters it names, with their values.
    pub fn named(&self) -> impl Iterator<Item = (u32, u64)> {
        self.params.into_iter().zip(self.values).filter(|(param, _)| *param != NO_PARAM)
    }
}

impl ProposeGrant {
    fn schedule(&self) -> Schedule {
        Schedule { start: self.start, cliff: self.cliff, end: self.end, months: self.months }
    }
}

// Decide

macro_rules! proposals {
    ($($command:ident is $action:ident,)+) => {
        $(impl Decide for $command {
            fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
                propose(state, record, Action::$action(*self), events)
            }
        })+

        impl Action {
            /// What the record's command proposes.
            ///
            /// # Panics
            /// If it proposes nothing: only [`super::Proposed`] asks.
            pub(super) fn of(record: &Record) -> Self {
                match record.cause {
                    $(Cause::Command { command: Command::$command(proposed), .. } => Self::$action(proposed),)+
                    _ => panic!("{record:?} proposes nothing"),
                }
            }
        }
    };
}
proposals! {
    ProposeChange is Change,
    ProposeSpend is Spend,
    ProposeGrant is Grant,
    ProposeAward is Award,
    ProposeAppointment is Appoint,
    ProposeReport is Report,
    ProposeWeights is Weigh,
}

impl Action {
    /// Whether it can be done now.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(&self, state: &State, now: Time) -> Result<(), Refusal> {
        match self {
            Action::Change(change) => changed(state.params, state.population.feeders, change).map(|_| ()),
            Action::Weigh(proposed) => weights::check(state, proposed),
            Action::Spend(spend) if spend.amount == 0 => Err(Rejection::ZeroAmount.into()),
            Action::Spend(spend) => state.recipient(spend.to).and_then(|()| covers(state.ledger.treasury, spend.amount.into())),
            Action::Grant(grant) => {
                vesting::may_grant(state, grant.amount, &grant.schedule(), grant.to)?;
                covers(state.ledger.treasury, grant.amount.into())
            }
            Action::Award(award) => {
                builders::may_award(state, award, now)?;
                covers(state.ledger.builders, u128::from(award.amount) * u128::from(award.milestones))
            }
            Action::Appoint(appointment) if appointment.office > office::COUNCIL => Err(Rejection::BadOffice.into()),
            Action::Appoint(appointment) if appointment.account.is_some() => state.recipient(appointment.account),
            Action::Appoint(_) | Action::Report(_) => Ok(()),
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// Why it can no longer be done; no event is added then.
    pub(super) fn enact(&self, state: &State, now: Time, events: &mut Vec<Event>) -> Result<(), Refusal> {
        self.check(state, now)?;
        match self {
            Action::Change(change) => {
                events.extend(change.named().map(|(param, value)| Event::from(ParamChanged { value, param, pad: 0 })));
            }
            Action::Weigh(proposed) => weights::set(state, proposed, events),
            Action::Spend(spend) => events.push(TreasurySpent { amount: spend.amount, to: spend.to, pad: 0 }.into()),
            Action::Grant(grant) => events.push(vesting::open(state, grant.amount, &grant.schedule(), grant.to)?.into()),
            Action::Award(award) => events.push(builders::open(state, award)?.into()),
            Action::Appoint(appointment) => {
                events.push(Appointed { account: appointment.account, office: appointment.office }.into());
            }
            Action::Report(_) => {}
        }
        Ok(())
    }
}

/// The parameters as a proposal would have them, where there are so many price feeders.
fn changed(params: &Params, feeders: u32, change: &ProposeChange) -> Result<Params, Refusal> {
    let unknown = Rejection::UnknownParameter.needing(TABLE.len() as u64);
    if change.named().next().is_none() {
        return Err(unknown);
    }
    let mut changed = params.clone();
    for (param, value) in change.named() {
        let spec = TABLE.get(param as usize).ok_or(unknown)?;
        if spec.fixed {
            return Err(Rejection::FixedParameter.into());
        }
        changed.put(param as usize, value).map_err(|error| match error {
            ParamError::Range { min, max, .. } => Rejection::OutOfRange.needing(value.clamp(min, max)),
            _ => Rejection::Contradiction.into(),
        })?;
    }
    changed.check().and_then(|()| changed.check_feeders(feeders)).map_err(|_| Rejection::Contradiction)?;
    Ok(changed)
}

/// Whether a fund holds what is to be taken from it.
fn covers(fund: u128, amount: u128) -> Result<(), Refusal> {
    match amount.saturating_sub(fund) {
        0 => Ok(()),
        short => Err(Rejection::FundShort.needing(u64::try_from(short).unwrap_or(u64::MAX))),
    }
}

// Apply

impl Apply for ParamChanged {
    /// The only place at which parameters change.
    fn apply(&self, state: &mut State, _record: &Record) {
        let fee = state.base_fee();
        state.params.put(self.param as usize, self.value).expect("a proposal's value is legal");
        state.follow_fee(TABLE[self.param as usize].key, fee);
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        // The book holds the offers whose bond suffices. No other parameter that may change says what is in an index: a test
        // changes each.
        if TABLE[self.param as usize].key == "bond.per_gpu" {
            derived.requote_every(state);
        }
    }
}

impl Apply for Appointed {
    fn apply(&self, state: &mut State, _record: &Record) {
        match self.office {
            office::COMMITTEE => state.governance.committee = self.account,
            office::CUSTODIAN => state.governance.custodian = self.account,
            _ => state.governance.council = self.account,
        }
    }
}
