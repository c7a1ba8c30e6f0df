//! Vesting: grants whose tokens become free by a schedule ([`crate::formula::vesting`]).
//!
//! A grant holds its tokens in a pot of its own, which is issued and not circulating. What has vested is released to its account: by
//! itself at every calendar month that frees any, or, where tokens accrue evenly, at the cliff, every `vesting.interval`, and
//! whenever the account asks. Grants are made at genesis and by governance; one that has nothing left, in its pot or at stake, closes.
//! What a grant holds may stake before it has vested: see [`stake`].

use crate::engine::derived::Derived;
use crate::engine::ledger::Pot;
use crate::engine::slab::Row;
use crate::engine::state::State;
use crate::formula::vesting::Schedule;
use crate::ids::{AccountId, GrantId, ProviderId};
use crate::protocol::delegation::Delegator;
use crate::record::{Apply, Decide, Event, Fire, Record, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::{NEVER, Time};
use rkyv::{Archive, Deserialize, Serialize};

pub mod stake;

// Components

/// A grant that has not released all of its tokens.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Grant {
    /// Its identifier.
    pub id: GrantId,
    /// Nano-XPL that it is about in all.
    pub total: u64,
    /// Nano-XPL in its pot.
    pub held: u64,
    /// Nano-XPL released so far.
    pub released: u64,
    /// Nano-XPL staked out of its pot and not back: what was brought, whatever it is worth by now. What then is missing of the total
    /// is lost.
    pub staked: u64,
    /// When it releases by itself again; never while its pot is empty.
    pub due: Time,
    /// When what is free.
    pub schedule: Schedule,
    /// Whose.
    pub account: AccountId,
    /// How many parts of its stake are on their way back.
    pub returning: u32,
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
    /// Nano-XPL that have vested and are not released yet, in its pot or at stake.
    pub fn unreleased(&self, now: Time) -> u64 {
        let vested = self.schedule.vested(self.total.into(), now) as u64;
        vested.saturating_sub(self.released)
    }

    /// Nano-XPL of these that its pot holds. What is lost is the last to vest.
    pub fn releasable(&self, now: Time) -> u64 {
        self.unreleased(now).min(self.held)
    }

    /// Who delegates what it stakes.
    pub const fn delegator(&self) -> Delegator {
        Delegator { account: self.account, grant: self.id }
    }
}

// Decide

impl Decide for Claim {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (account, _) = state.mobile_account(record)?;
        let grant = state.own_grant(account, self.grant)?;
        match grant.releasable(record.time) {
            0 if grant.unreleased(record.time) > 0 => Err(Rejection::GrantShort.needing(grant.unreleased(record.time))),
            0 => {
                let next = grant.schedule.next(grant.total, grant.released, record.time, 0);
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
    /// An open grant of an account.
    ///
    /// # Errors
    /// [`Rejection::UnknownGrant`].
    pub(crate) fn own_grant(&self, account: AccountId, id: GrantId) -> Result<&Grant, Refusal> {
        self.grants.get(id.0).filter(|grant| grant.account == account).ok_or(Rejection::UnknownGrant.into())
    }

    /// Whether any of a grant's stake is out: with a provider, even if it is worth nothing, or on its way back.
    fn is_staked(&self, grant: &Grant) -> bool {
        let whole = (grant.delegator(), ProviderId(0))..=(grant.delegator(), ProviderId::NONE);
        grant.returning > 0 || self.staking.delegations.range(whole).next().is_some()
    }

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
        let mut grant = Grant { id, total, due: now, schedule, account, ..Grant::default() };
        if schedule.vested(total.into(), now) == 0 {
            grant.due = schedule.next(total, 0, now, 0);
        }
        self.grants.open(grant);
        self.transfer(from, Pot::Vesting(id), total);
    }

    /// After any of a grant moved: sets its next release, at once if its pot holds what has vested, and closes one that has nothing
    /// left. What is missing of stake of which none is out any more is lost.
    fn resume_grant(&mut self, id: GrantId) {
        let (now, interval) = (self.clock.now, self.params.vesting_interval());
        let staked = self.is_staked(self.grants.row(id.0));
        let grant = self.grants.row_mut(id.0);
        if !staked {
            self.ledger.pledged -= u128::from(std::mem::take(&mut grant.staked));
        }
        grant.due = match grant.releasable(now) {
            _ if grant.held == 0 => NEVER,
            0 => grant.schedule.next(grant.total, grant.released, now, interval),
            _ => now,
        };
        if grant.held == 0 && !staked {
            self.grants.close(id.0);
        }
    }
}

/// Keeps a grant's promise, if it is still open and has one: what is all staked has nothing to release.
fn promise(state: &State, id: GrantId, derived: &mut Derived) {
    if let Some(grant) = state.grants.get(id.0).filter(|grant| grant.due < NEVER) {
        derived.timers.set(grant.due, GrantDue { grant: id }.into());
    }
}

// Apply

impl Apply for GrantOpened {
    fn apply(&self, state: &mut State, _record: &Record) {
        let Self { grant, total, start, cliff, end, months, account } = *self;
        state.make_grant(Pot::Treasury, grant, total, Schedule { start, cliff, end, months }, account);
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        promise(state, self.grant, derived);
    }
}

impl Apply for Vested {
    fn apply(&self, state: &mut State, _record: &Record) {
        let account = state.grants.row(self.grant.0).account;
        state.transfer(Pot::Vesting(self.grant), Pot::Free(account), self.amount);
        state.grants.row_mut(self.grant.0).released += self.amount;
        state.resume_grant(self.grant);
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        promise(state, self.grant, derived);
    }
}

// Invariants

/// Every grant is sound and has something left, its pot, what was released, what is staked and what is lost of it are its total, and
/// grants hold and have staked what the ledger says, in all and for each account.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let mut held = std::collections::BTreeMap::new();
    let mut returning = std::collections::BTreeMap::new();
    for withdrawal in state.staking.withdrawals.iter() {
        *returning.entry(withdrawal.whose.grant).or_insert(0u32) += 1;
    }
    let mut pledged = 0u128;
    for grant in state.grants.iter() {
        let known = [grant.held, grant.released, grant.staked].map(u128::from).iter().sum::<u128>();
        let staked = state.is_staked(grant);
        let idle = !staked && (grant.held == 0 || grant.staked > 0);
        let counted = returning.get(&grant.id).copied().unwrap_or(0) == grant.returning;
        if !grant.schedule.is_sound() || known > grant.total.into() || idle || !counted {
            return Err(format!("{} is unsound: {grant:?}", grant.id));
        }
        pledged += u128::from(grant.staked);
        if grant.held > 0 {
            *held.entry(grant.account).or_insert(0u128) += u128::from(grant.held);
        }
    }
    if held != state.governance.unvested {
        return Err("the accounts' unvested tokens are not those of their grants".into());
    }
    let sum = held.values().fold(0u128, |sum, held| sum.saturating_add(*held));
    for (what, sum, ledger) in [("hold", sum, state.ledger.vesting), ("have staked", pledged, state.ledger.pledged)] {
        if sum != ledger {
            return Err(format!("grants {what} {sum} nano-XPL, the ledger says {ledger}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
