//! Delegation: how stake comes to a provider, what it claims there, and how it leaves.
//!
//! Who delegates has shares of the provider's pool; every change of them pays what they have earned. Stake that leaves is no longer
//! the pool's: it earns nothing, and arrives after `bond.unbonding`. Until then it is answerable for leases that began before it
//! left. What leaves a provider in one epoch is one fund and answers together, as if all of it had left with the last of it, so
//! that a slash costs the same however many left.

use crate::engine::derived::Derived;
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::formula::shares::Fund;
use crate::ids::{AccountId, ProviderId};
use crate::record::{Apply, Decide, Event, Fire, Record, Timer, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// What left one provider in one epoch.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Leaving {
    /// Nano-XPL, and the shares of it.
    pub fund: Fund,
    /// When the last of it left.
    pub last: Time,
}

/// One account's part of what left.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Withdrawal {
    /// When it arrives.
    pub release: Time,
    /// The epoch in which it left.
    pub epoch: u64,
    /// Shares of what left with it.
    pub units: u64,
    /// Whose.
    pub account: AccountId,
    /// Whom it left.
    pub provider: ProviderId,
}

payload! {
    /// Brings stake to a provider from the free balance.
    pub struct Delegate {
        /// Nano-XPL.
        pub amount: u64,
        /// To whom.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// Asks for stake back.
    pub struct Undelegate {
        /// Nano-XPL.
        pub amount: u64,
        /// From whom.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// Asks for what stake has earned.
    pub struct ClaimRewards {
        /// With whom.
        pub provider: ProviderId,
    }

    /// The earliest stake on its way back is due.
    pub struct WithdrawalDue {}

    /// Stake joined a pool.
    pub struct Delegated {
        /// Shares it was given.
        pub shares: u64,
        /// Nano-XPL that the account's earlier shares had earned.
        pub reward: u64,
    }

    /// Stake left a pool and started its way back.
    pub struct Undelegated {
        /// Shares of the pool that were given up.
        pub shares: u64,
        /// Shares of what leaves in this epoch.
        pub units: u64,
        /// Nano-XPL that the account's shares had earned.
        pub reward: u64,
        /// When it arrives.
        pub release: Time,
    }

    /// Rewards were claimed.
    pub struct Claimed {
        /// Nano-XPL.
        pub reward: u64,
        /// Shares that had become worthless and were given up.
        pub shares: u64,
    }

    /// The first of the stake on its way back arrived.
    pub struct Released {
        /// Nano-XPL.
        pub amount: u64,
        /// Whose.
        pub account: AccountId,
        /// Whom it left.
        pub provider: ProviderId,
    }
}

// Decide

impl State<'_> {
    /// Whether stake may be brought or moved at all, in this amount.
    ///
    /// # Errors
    /// [`Rejection::DelegationOff`], [`Rejection::ZeroAmount`] or [`Rejection::StakeTooSmall`].
    pub(crate) fn admit_stake(&self, amount: u64) -> Result<(), Refusal> {
        if self.params.stake_delegation() == 0 {
            return Err(Rejection::DelegationOff.into());
        }
        if amount == 0 {
            return Err(Rejection::ZeroAmount.into());
        }
        let least = self.params.stake_minimum();
        if amount < least { Err(Rejection::StakeTooSmall.needing(least)) } else { Ok(()) }
    }

    /// Shares that an account must give up for an amount.
    ///
    /// # Errors
    /// [`Rejection::NoDelegation`] or [`Rejection::StakeShort`].
    pub(crate) fn give_up(&self, account: AccountId, provider: ProviderId, amount: u64) -> Result<u64, Refusal> {
        let owned = self.staking.delegations.get(&(account, provider)).ok_or(Rejection::NoDelegation)?.shares;
        let pool = &self.staking.pool(provider).stake;
        pool.price(amount, owned).ok_or_else(|| Rejection::StakeShort.needing(amount - pool.worth(owned)))
    }

    /// When something that leaves now arrives: queues stay in order even when the period was shortened meanwhile.
    pub(crate) fn release_after(&self, last: Option<Time>, now: Time) -> Time {
        now.saturating_add(self.params.bond_unbonding()).max(last.unwrap_or(0))
    }
}

impl Decide for Delegate {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, account) = state.mobile_account(record)?;
        state.admit_stake(self.amount)?;
        account.require(self.amount)?;
        let shares = state.accept_stake(id, self.provider, self.amount)?;
        events.push(Delegated { shares, reward: state.staking.claimable(id, self.provider) }.into());
        Ok(())
    }
}

impl Decide for Undelegate {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, _) = state.mobile_account(record)?;
        if self.amount == 0 {
            return Err(Rejection::ZeroAmount.into());
        }
        let shares = state.give_up(id, self.provider, self.amount)?;
        let leaving = state.staking.leaving.get(&(self.provider, state.clock.epoch)).copied().unwrap_or_default();
        let units = leaving.fund.issued(self.amount).ok_or(Rejection::TooManyShares.needing(leaving.fund.room()))?;
        let release = state.release_after(state.staking.withdrawals.back().map(|last| last.release), record.time);
        events.push(Undelegated { shares, units, reward: state.staking.claimable(id, self.provider), release }.into());
        Ok(())
    }
}

impl Decide for ClaimRewards {
    /// Shares that a slash made worthless are given up with the claim, so that a pool can begin anew.
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, _) = state.mobile_account(record)?;
        let owned = state.staking.delegations.get(&(id, self.provider)).ok_or(Rejection::NoDelegation)?.shares;
        let worthless = state.staking.stake_of(id, self.provider) == 0;
        let reward = state.staking.claimable(id, self.provider);
        events.push(Claimed { reward, shares: if worthless { owned } else { 0 } }.into());
        Ok(())
    }
}

impl Fire for WithdrawalDue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.staking.withdrawals.front().is_some_and(|first| first.release <= time)
    }

    /// One at a time: each has set a timer, and what the next is worth depends on what this one took.
    fn decide(&self, state: &State, _record: &Record, events: &mut Vec<Event>) {
        let Some(first) = state.staking.withdrawals.front() else { return };
        let amount = state.staking.leaving[&(first.provider, first.epoch)].fund.worth(first.units);
        events.push(Released { amount, account: first.account, provider: first.provider }.into());
    }
}

// Apply

impl Apply for Delegated {
    fn apply(&self, state: &mut State, record: &Record) {
        let Delegate { amount, provider, .. } = cause!(record, Command::Delegate);
        let id = record.account();
        state.settle_delegation(id, provider, 0, self.reward, |shares| shares + self.shares);
        state.transfer(Pot::Free(id), Pot::Delegated(provider), amount);
        state.staking.pool_mut(provider).stake.shares += self.shares;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.restake(state, cause!(record, Command::Delegate).provider);
    }
}

impl Apply for Undelegated {
    fn apply(&self, state: &mut State, record: &Record) {
        let Undelegate { amount, provider, .. } = cause!(record, Command::Undelegate);
        let (account, epoch) = (record.account(), state.clock.epoch);
        state.settle_delegation(account, provider, 0, self.reward, |shares| shares - self.shares);
        state.staking.pool_mut(provider).stake.shares -= self.shares;
        let leaving = state.staking.leaving.entry((provider, epoch)).or_default();
        leaving.fund.shares += self.units;
        leaving.last = record.time;
        state.transfer(Pot::Delegated(provider), Pot::Leaving(provider, epoch), amount);
        let Self { release, units, .. } = *self;
        state.staking.withdrawals.push_back(Withdrawal { release, epoch, units, account, provider });
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.timers.set(self.release, Timer::WithdrawalDue(WithdrawalDue {}));
        derived.restake(state, cause!(record, Command::Undelegate).provider);
    }
}

impl Apply for Claimed {
    fn apply(&self, state: &mut State, record: &Record) {
        let provider = cause!(record, Command::ClaimRewards).provider;
        state.settle_delegation(record.account(), provider, 0, self.reward, |shares| shares - self.shares);
        state.staking.pool_mut(provider).stake.shares -= self.shares;
    }
}

impl Apply for Released {
    fn apply(&self, state: &mut State, _record: &Record) {
        let first = state.staking.withdrawals.pop_front().expect("stake is on its way back");
        let key = (first.provider, first.epoch);
        state.transfer(Pot::Leaving(key.0, key.1), Pot::Free(first.account), self.amount);
        let fund = &mut state.staking.leaving.get_mut(&key).expect("it left").fund;
        fund.shares -= first.units;
        if *fund == Fund::default() {
            state.staking.leaving.remove(&key);
        }
    }
}

// Invariants

/// What leaves is somebody's, and in order of release.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let staking = &state.staking;
    let mut units: std::collections::BTreeMap<_, _> =
        staking.leaving.iter().map(|(&key, leaving)| (key, Some(leaving.fund.shares))).collect();
    for withdrawal in &staking.withdrawals {
        let left = units.entry((withdrawal.provider, withdrawal.epoch)).or_insert(None);
        *left = left.and_then(|left| left.checked_sub(withdrawal.units));
    }
    if let Some(((provider, epoch), left)) = units.iter().find(|(_, left)| **left != Some(0)) {
        return Err(format!("of what left {provider} in epoch {epoch}, {left:?} shares are nobody's"));
    }
    let sound = |leaving: &Leaving| leaving.fund.holds <= leaving.fund.shares && leaving.fund.shares > 0;
    if !staking.leaving.values().all(sound) || !staking.withdrawals.iter().is_sorted_by_key(|entry| entry.release) {
        return Err("stake on its way back is out of order".into());
    }
    Ok(())
}
