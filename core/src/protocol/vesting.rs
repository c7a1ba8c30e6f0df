//! Vesting: grants whose tokens become free by a schedule ([`crate::formula::vesting`]).
//!
//! A grant holds its tokens in a pot of its own, which is issued and not circulating. What has vested is released to its account: by
//! itself at every calendar month that frees any, or, where tokens accrue evenly, at the cliff, every `vesting.interval`, and
//! whenever the account asks. Grants are made at genesis and by governance; a released one closes.

use crate::engine::derived::Derived;
use crate::engine::ledger::Pot;
use crate::engine::slab::Row;
use crate::engine::state::State;
use crate::formula::vesting::Schedule;
use crate::ids::{AccountId, GrantId};
use crate::record::{Apply, Decide, Event, Fire, Record, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// A grant that has not released all of its tokens.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Grant {
    /// Its identifier.
    pub id: GrantId,
    /// Nano-XPL that it is about in all.
    pub total: u64,
    /// Nano-XPL not yet released.
    pub held: u64,
    /// When it releases by itself again.
    pub due: Time,
    /// When what is free.
    pub schedule: Schedule,
    /// Whose.
    pub account: AccountId,
}

impl Row for Grant {
    fn id(&self) -> u64 {
        self.id.0
    }
}

payload! {
    /// Asks for what has vested of a grant.
    pub struct Claim {
        /// Which.
        pub grant: GrantId,
    }

    /// A grant is due to release.
    pub struct GrantDue {
        /// Which.
        pub grant: GrantId,
    }

    /// A grant was made from the treasury.
    pub struct GrantOpened {
        /// Its identifier.
        pub grant: GrantId,
        /// Nano-XPL.
        pub total: u64,
        /// From when tokens accrue.
        pub start: Time,
        /// Before which none is free.
        pub cliff: Time,
        /// From which on all are.
        pub end: Time,
        /// Calendar months from start to end; 0 accrues evenly.
        pub months: u32,
        /// Whose.
        pub account: AccountId,
    }

    /// A grant released what had vested.
    pub struct Vested {
        /// Which.
        pub grant: GrantId,
        /// Nano-XPL.
        pub amount: u64,
    }
}

impl Grant {
    /// Nano-XPL released so far.
    pub const fn released(&self) -> u64 {
        self.total - self.held
    }

    /// Nano-XPL that have vested and are not released yet.
    pub fn releasable(&self, now: Time) -> u64 {
        let vested = self.schedule.vested(self.total.into(), now) as u64;
        vested.saturating_sub(self.released())
    }
}

// Decide

impl Decide for Claim {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (account, _) = state.mobile_account(record)?;
        let grant = state.grants.get(self.grant.0).filter(|grant| grant.account == account).ok_or(Rejection::UnknownGrant)?;
        match grant.releasable(record.time) {
            0 => {
                let next = grant.schedule.next(grant.total, grant.released(), record.time, 0);
                Err(Rejection::NothingVested.needing(next.saturating_sub(record.time)))
            }
            amount => {
                events.push(Vested { grant: self.grant, amount }.into());
                Ok(())
            }
        }
    }
}

impl Fire for GrantDue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.grants.get(self.grant.0).is_some_and(|grant| grant.due == time)
    }

    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) {
        let amount = state.grants.row(self.grant.0).releasable(record.time);
        events.push(Vested { grant: self.grant, amount }.into());
    }
}

/// Whether a grant of `total` nano-XPL may be made to an account.
///
/// # Errors
/// Why not.
pub(crate) fn may_grant(state: &State, total: u64, schedule: &Schedule, account: AccountId) -> Result<(), Refusal> {
    if total == 0 {
        return Err(Rejection::ZeroAmount.into());
    }
    if !schedule.is_sound() {
        return Err(Rejection::BadSchedule.into());
    }
    state.recipient(account)
}

/// A grant from the treasury, under the next free identifier.
///
/// # Errors
/// [`Rejection::TooManyRows`].
pub(crate) fn open(state: &State, total: u64, schedule: &Schedule, account: AccountId) -> Result<GrantOpened, Refusal> {
    let (serial, slot) = state.grants.next().ok_or(Rejection::TooManyRows)?;
    let Schedule { start, cliff, end, months } = *schedule;
    Ok(GrantOpened { grant: GrantId::new(serial, slot), total, start, cliff, end, months, account })
}

impl State<'_> {
    /// Whether tokens may be sent to an account.
    ///
    /// # Errors
    /// [`Rejection::UnknownAccount`] or [`Rejection::AccountLocked`].
    pub(crate) fn recipient(&self, account: AccountId) -> Result<(), Refusal> {
        match self.account(account) {
            None => Err(Rejection::UnknownAccount.into()),
            Some(account) if account.locked != 0 => Err(Rejection::AccountLocked.into()),
            Some(_) => Ok(()),
        }
    }

    /// Makes a grant out of a pot, at genesis or by an event.
    pub(crate) fn make_grant(&mut self, from: Pot, id: GrantId, total: u64, schedule: Schedule, account: AccountId) {
        let now = self.clock.now;
        let mut grant = Grant { id, total, held: 0, due: now, schedule, account };
        if schedule.vested(total.into(), now) == 0 {
            grant.due = schedule.next(total, 0, now, 0);
        }
        self.grants.open(grant);
        self.transfer(from, Pot::Vesting(id), total);
    }
}

// Apply

impl Apply for GrantOpened {
    fn apply(&self, state: &mut State, _record: &Record) {
        let Self { grant, total, start, cliff, end, months, account } = *self;
        state.make_grant(Pot::Treasury, grant, total, Schedule { start, cliff, end, months }, account);
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(state.grants.row(self.grant.0).due, GrantDue { grant: self.grant }.into());
    }
}

impl Apply for Vested {
    fn apply(&self, state: &mut State, record: &Record) {
        let account = state.grants.row(self.grant.0).account;
        state.transfer(Pot::Vesting(self.grant), Pot::Free(account), self.amount);
        let interval = state.params.vesting_interval();
        let grant = state.grants.row_mut(self.grant.0);
        if grant.held == 0 {
            state.grants.close(self.grant.0);
        } else {
            grant.due = grant.schedule.next(grant.total, grant.released(), record.time, interval);
        }
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        if let Some(grant) = state.grants.get(self.grant.0) {
            derived.timers.set(grant.due, GrantDue { grant: self.grant }.into());
        }
    }
}

// Invariants

/// Every grant is sound, holds something and never more than its total, and grants hold what the ledger says, in all and for each
/// account.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let mut held = std::collections::BTreeMap::new();
    for grant in state.grants.iter() {
        if !grant.schedule.is_sound() || grant.held == 0 || grant.held > grant.total {
            return Err(format!("{} is unsound: {grant:?}", grant.id));
        }
        *held.entry(grant.account).or_insert(0u128) += u128::from(grant.held);
    }
    if held != state.governance.unvested {
        return Err("the accounts' unvested tokens are not those of their grants".into());
    }
    let sum = held.values().fold(0u128, |sum, held| sum.saturating_add(*held));
    if sum != state.ledger.vesting {
        return Err(format!("grants hold {sum} nano-XPL, the ledger says {}", state.ledger.vesting));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
