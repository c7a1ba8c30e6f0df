//! Awards to builders: paid from the builders' fund, milestone by milestone, as the committee attests them.
//!
//! Governance makes an award, which sets all of its tokens aside. The committee, an account named at genesis or by governance,
//! attests that a milestone was reached; the core cannot know whose money is whose, and believes it. What was not reached when the
//! award expires returns to the fund.

use crate::engine::derived::Derived;
use crate::engine::ledger::Pot;
use crate::engine::slab::Row;
use crate::engine::state::State;
use crate::ids::{AccountId, AwardId};
use crate::protocol::governance::action::ProposeAward;
use crate::record::{Apply, Decide, Event, Fire, Record, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::{Time, YEAR};
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// Most milestones of an award.
pub const MAX_MILESTONES: u32 = 32;

/// An award with milestones that were not reached yet.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Award {
    /// Its identifier.
    pub id: AwardId,
    /// Nano-XPL for each milestone.
    pub amount: u64,
    /// When the rest returns to the fund.
    pub expires: Time,
    /// Whose.
    pub account: AccountId,
    /// How many milestones it has.
    pub milestones: u32,
    /// Which were reached, a bit for each.
    pub reached: u32,
}

impl Row for Award {
    fn id(&self) -> u64 {
        self.id.0
    }
}

payload! {
    /// Attests that a milestone was reached. Sent by the committee.
    pub struct Attest {
        /// Of which award.
        pub award: AwardId,
        /// Which, from 0.
        pub milestone: u32,
        /// Zero.
        pub pad: u32,
    }

    /// An award expires.
    pub struct AwardExpires {
        /// Which.
        pub award: AwardId,
    }

    /// An award was made.
    pub struct AwardOpened {
        /// Its identifier.
        pub award: AwardId,
        /// Nano-XPL for each milestone.
        pub amount: u64,
        /// When the rest returns to the fund.
        pub expires: Time,
        /// Whose.
        pub account: AccountId,
        /// How many milestones it has.
        pub milestones: u32,
    }

    /// A milestone was paid.
    pub struct MilestonePaid {
        /// Of which award.
        pub award: AwardId,
        /// Nano-XPL.
        pub amount: u64,
        /// Which, from 0.
        pub milestone: u32,
        /// Whether it was the last: 1.
        pub closes: u32,
    }

    /// An award expired, and what was not reached returned to the fund.
    pub struct AwardClosed {
        /// Which.
        pub award: AwardId,
        /// Nano-XPL that returned.
        pub returned: u64,
    }
}

impl Award {
    /// How many milestones are still to be reached.
    pub const fn left(&self) -> u32 {
        self.milestones - self.reached.count_ones()
    }

    /// Nano-XPL set aside for them.
    pub const fn held(&self) -> u64 {
        self.amount * self.left() as u64
    }

    fn is_sound(&self) -> bool {
        let all = u32::MAX.checked_shr(32 - self.milestones).unwrap_or(0);
        let counted = self.amount.checked_mul(self.milestones.into()).is_some();
        counted
            && self.amount > 0
            && (1..=MAX_MILESTONES).contains(&self.milestones)
            && self.reached & !all == 0
            && self.reached != all
    }
}

// Decide

/// Whether an award may be made, the fund's means apart.
///
/// # Errors
/// Why not.
pub(crate) fn may_award(state: &State, award: &ProposeAward, now: Time) -> Result<(), Refusal> {
    if award.amount == 0 {
        return Err(Rejection::ZeroAmount.into());
    }
    let times = award.expires > now && award.expires <= now.saturating_add(10 * YEAR);
    let counted = award.amount.checked_mul(award.milestones.into()).is_some();
    if !(1..=MAX_MILESTONES).contains(&award.milestones) || !times || !counted {
        return Err(Rejection::BadAward.into());
    }
    state.recipient(award.to)
}

/// An award under the next free identifier.
///
/// # Errors
/// [`Rejection::TooManyRows`].
pub(crate) fn open(state: &State, award: &ProposeAward) -> Result<AwardOpened, Refusal> {
    let (serial, slot) = state.awards.next().ok_or(Rejection::TooManyRows)?;
    let ProposeAward { amount, expires, to: account, milestones } = *award;
    Ok(AwardOpened { award: AwardId::new(serial, slot), amount, expires, account, milestones })
}

impl Decide for Attest {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        if state.mobile_account(record)?.0 != state.governance.committee {
            return Err(Rejection::NotPermitted.into());
        }
        let award = state.awards.get(self.award.0).ok_or(Rejection::UnknownAward)?;
        if self.milestone >= award.milestones || award.reached >> self.milestone & 1 == 1 {
            return Err(Rejection::BadMilestone.into());
        }
        let closes = u32::from(award.left() == 1);
        events.push(MilestonePaid { award: self.award, amount: award.amount, milestone: self.milestone, closes }.into());
        Ok(())
    }
}

impl Fire for AwardExpires {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.awards.get(self.award.0).is_some_and(|award| award.expires <= time)
    }

    fn decide(&self, state: &State, _record: &Record, events: &mut Vec<Event>) {
        events.push(AwardClosed { award: self.award, returned: state.awards.row(self.award.0).held() }.into());
    }
}

// Apply

impl Apply for AwardOpened {
    fn apply(&self, state: &mut State, _record: &Record) {
        let Self { award: id, amount, expires, account, milestones } = *self;
        let award = Award { id, amount, expires, account, milestones, reached: 0 };
        state.transfer(Pot::Builders, Pot::Awards, award.held());
        state.awards.open(award);
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.expires, AwardExpires { award: self.award }.into());
    }
}

impl Apply for MilestonePaid {
    fn apply(&self, state: &mut State, _record: &Record) {
        let award = state.awards.row_mut(self.award.0);
        award.reached |= 1 << self.milestone;
        let account = award.account;
        state.transfer(Pot::Awards, Pot::Free(account), self.amount);
        if self.closes != 0 {
            state.awards.close(self.award.0);
        }
    }
}

impl Apply for AwardClosed {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.awards.close(self.award.0);
        state.transfer(Pot::Awards, Pot::Builders, self.returned);
    }
}

// Invariants

/// What open awards still promise is set aside, to the unit.
pub(crate) fn check(state: &State) -> Result<(), String> {
    if let Some(award) = state.awards.iter().find(|award| !award.is_sound()) {
        return Err(format!("{} is unsound: {award:?}", award.id));
    }
    let held = state.awards.iter().map(|award| u128::from(award.held())).sum::<u128>();
    if held != state.ledger.awards {
        return Err(format!("awards promise {held} nano-XPL, the ledger says {}", state.ledger.awards));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
