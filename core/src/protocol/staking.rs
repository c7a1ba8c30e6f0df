//! Stake that others bring to a provider: its pool, its commission, and what the pool earns.
//!
//! Whoever delegates holds shares of the provider's pool. The stakers' part of an epoch goes to providers by own bond and
//! delegated stake together; of the latter's part the provider keeps its commission, and the rest is owed to the shares
//! ([`crate::formula::rewards`]). Nothing here looks at a delegator: they claim. A provider without a bond of its own earns
//! nothing for stake, and neither do its delegators.
//!
//! A pool that has lost all begins a new **era** with the next stake that comes to it: shares of the eras before are worth nothing, and
//! whoever holds them finds out when it next claims. What they had earned until then stays theirs.
//!
//! How stake comes and goes is told in [`crate::protocol::delegation`], how it moves on in [`crate::protocol::redelegation`], and
//! how a fault reaches it in [`crate::protocol::slashing`].

use crate::engine::ledger::Pot;
use crate::engine::queue::Queue;
use crate::engine::state::State;
use crate::formula::rewards::{self, Accrual, scaled, whole};
use crate::formula::shares::Fund;
use crate::ids::{AccountId, ProviderId};
use crate::money::{ONE, share_wide};
use crate::protocol::delegation::{Delegator, Leaving, Withdrawal};
use crate::protocol::provider::Status;
use crate::protocol::redelegation::{Move, Moving};
use crate::protocol::vesting::Grant;
use crate::record::{Apply, Decide, Event, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use bevy_ecs::prelude::Resource;
use rkyv::with::AsVec;
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::BTreeMap;

// Components

/// All stake that is not a provider's own.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Staking {
    /// By provider, as far as any has been used: see [`Staking::pool`].
    pub pools: Vec<Pool>,
    /// Whose stake is with whom.
    #[rkyv(with = AsVec)]
    pub delegations: BTreeMap<(Delegator, ProviderId), Delegation>,
    /// Eras of pools that ended with a loss of everything, as long as shares of them are out.
    #[rkyv(with = AsVec)]
    pub ended: BTreeMap<(ProviderId, u64), Ended>,
    /// What left a provider in an epoch and has not arrived.
    #[rkyv(with = AsVec)]
    pub leaving: BTreeMap<(ProviderId, u64), Leaving>,
    /// Whose that is; first due first.
    pub withdrawals: Queue<Withdrawal>,
    /// What moved in an epoch from one provider to another, and is answerable for the first.
    #[rkyv(with = AsVec)]
    pub moving: BTreeMap<(ProviderId, u64, ProviderId), Moving>,
    /// Whose that is; first due first.
    pub moves: Queue<Move>,
}

/// A provider's pool.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Pool {
    /// What a share has earned.
    pub accrual: Accrual,
    /// Nano-XPL delegated, and the shares of it.
    pub stake: Fund,
    /// Nano-XPL earned and not claimed: what is owed to shares, and the accrual's remainder.
    pub rewards: u64,
    /// Part of the delegators' reward that the provider keeps, in parts per billion.
    pub commission: u64,
    /// What the commission was before it changed in `commission_epoch`.
    pub commission_before: u64,
    /// The epoch in which it last changed.
    pub commission_epoch: u64,
    /// How often it has begun anew.
    pub era: u64,
    /// Shares of this era that grants have.
    pub locked: u64,
}

/// What an era of a pool left behind.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Ended {
    /// Where the pool's accrual stood.
    pub sum: u128,
    /// Shares that are still out, worth nothing.
    pub shares: u64,
}

/// One delegator's stake with one provider.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Delegation {
    /// Where the pool's accrual stood when the delegator last claimed.
    pub since: u128,
    /// Shares of the pool.
    pub shares: u64,
    /// The pool's era of which they are.
    pub era: u64,
}

impl Delegation {
    /// Its shares, and the era of which they are.
    pub(crate) fn shares_of_era(&self) -> (u64, u64) {
        (self.shares, self.era)
    }
}

/// What shares have earned, in nano-XPL, when it is settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Earned {
    /// To the account whose they are.
    pub reward: u64,
    /// Back to the stakers' pool.
    pub returned: u64,
}

impl From<u64> for Earned {
    fn from(reward: u64) -> Self {
        Self { reward, returned: 0 }
    }
}

payload! {
    /// Changes what the provider keeps of its delegators' rewards.
    pub struct SetCommission {
        /// Parts per billion.
        pub rate: u64,
    }

    /// The commission changed.
    pub struct CommissionSet {}

    /// A pool received its part of the stakers' pool.
    pub struct StakeRewarded {
        /// Nano-XPL to the provider's delegators.
        pub delegators: u64,
        /// Nano-XPL to the provider.
        pub commission: u64,
        /// Whose pool.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }
}

impl Staking {
    /// A provider's pool.
    #[inline]
    pub fn pool(&self, provider: ProviderId) -> &Pool {
        const UNUSED: Pool = Pool {
            accrual: Accrual { sum: 0, rest: 0 },
            stake: Fund { holds: 0, shares: 0 },
            rewards: 0,
            commission: 0,
            commission_before: 0,
            commission_epoch: 0,
            era: 0,
            locked: 0,
        };
        self.pools.get(provider.index()).unwrap_or(&UNUSED)
    }

    /// A provider's pool, to change.
    pub(crate) fn pool_mut(&mut self, provider: ProviderId) -> &mut Pool {
        if self.pools.len() <= provider.index() {
            self.pools.resize(provider.index() + 1, Pool::default());
        }
        &mut self.pools[provider.index()]
    }

    /// Nano-XPL delegated to a provider.
    #[inline]
    pub fn delegated(&self, provider: ProviderId) -> u64 {
        self.pool(provider).stake.holds
    }

    /// Nano-XPL delegated to a provider out of grants.
    pub fn locked(&self, provider: ProviderId) -> u64 {
        let pool = self.pool(provider);
        pool.stake.worth(pool.locked)
    }

    /// Whether everybody and every pool that it names exists.
    pub(crate) fn is_of(&self, state: &State) -> bool {
        let account = |id: AccountId| state.account(id).is_some();
        let whose = |of: Delegator| {
            let owns = |grant: &Grant| grant.account == of.account;
            account(of.account) && (!of.grant.is_some() || state.grants.get(of.grant.0).is_some_and(owns))
        };
        let provider = |id: ProviderId| state.provider(id).is_some();
        let pool = |id: ProviderId| id.index() < self.pools.len();
        self.pools.len() <= state.providers().len()
            && self.delegations.keys().all(|&(of, with)| whose(of) && pool(with))
            && self.ended.keys().all(|&(with, era)| pool(with) && era < self.pool(with).era)
            && self.leaving.keys().all(|&(from, _)| provider(from))
            && self.moving.keys().all(|&(from, _, to)| provider(from) && pool(to))
            && self.withdrawals.iter().all(|entry| whose(entry.whose))
            && self.moves.iter().all(|entry| account(entry.account))
    }

    /// Where a pool's accrual stands for shares of one of its eras; `None` when none of that era are out.
    pub(crate) fn sum_of(&self, provider: ProviderId, era: u64) -> Option<u128> {
        let pool = self.pool(provider);
        if era == pool.era { Some(pool.accrual.sum) } else { self.ended.get(&(provider, era)).map(|ended| ended.sum) }
    }

    /// The era of which shares are given for stake that comes to a pool now.
    pub(crate) fn era_to_join(&self, provider: ProviderId) -> u64 {
        let pool = self.pool(provider);
        pool.era + u64::from(pool.stake.has_lost_all())
    }

    /// Gives up shares of an era that has ended.
    pub(crate) fn retire_void(&mut self, provider: ProviderId, era: u64, shares: u64) {
        if shares == 0 {
            return;
        }
        let ended = self.ended.get_mut(&(provider, era)).expect("shares of it are out");
        ended.shares -= shares;
        if ended.shares == 0 {
            self.ended.remove(&(provider, era));
        }
    }

    /// Shares of a delegation that are worth their part of the pool: those of its present era.
    fn live(&self, provider: ProviderId, delegation: &Delegation) -> u64 {
        if delegation.era == self.pool(provider).era { delegation.shares } else { 0 }
    }

    fn live_shares(&self, whose: Delegator, provider: ProviderId) -> u64 {
        self.delegations.get(&(whose, provider)).map_or(0, |delegation| self.live(provider, delegation))
    }

    /// What a delegator has earned with a provider since it last claimed, in ronto-XPL.
    pub(crate) fn earned(&self, whose: Delegator, provider: ProviderId) -> u128 {
        self.delegations.get(&(whose, provider)).map_or(0, |delegation| self.owed(provider, delegation))
    }

    /// What a delegation has earned, in ronto-XPL.
    fn owed(&self, provider: ProviderId, delegation: &Delegation) -> u128 {
        self.earned_by(provider, delegation).expect("no more is owed than the pool holds")
    }

    /// What a delegation has earned; `None` when that exceeds `u128` or its era is unknown.
    fn earned_by(&self, provider: ProviderId, delegation: &Delegation) -> Option<u128> {
        rewards::earned(delegation.shares, delegation.since, self.sum_of(provider, delegation.era)?)
    }

    /// Nano-XPL of a delegation that may be withdrawn.
    pub fn stake_in(&self, provider: ProviderId, delegation: &Delegation) -> u64 {
        self.pool(provider).stake.worth(self.live(provider, delegation))
    }

    /// Nano-XPL that would be claimed for a delegation now.
    pub fn claimable_by(&self, provider: ProviderId, delegation: &Delegation) -> u64 {
        whole(self.owed(provider, delegation))
    }

    /// Nano-XPL that a delegator would claim from a provider now.
    pub fn claimable(&self, whose: impl Into<Delegator>, provider: ProviderId) -> u64 {
        whole(self.earned(whose.into(), provider))
    }

    /// Nano-XPL that a delegator has with a provider and may withdraw.
    pub fn stake_of(&self, whose: impl Into<Delegator>, provider: ProviderId) -> u64 {
        self.pool(provider).stake.worth(self.live_shares(whose.into(), provider))
    }

    /// Shares that a delegator must give up for an amount; `None` when all it has there is worth less.
    pub(crate) fn price_of(&self, whose: Delegator, provider: ProviderId, amount: u64) -> Option<u64> {
        self.pool(provider).stake.price(amount, self.live_shares(whose, provider))
    }
}

// Decide

impl State<'_> {
    /// What stands behind a provider's GPUs, in nano-XPL: its bond, and delegated stake where `stake.counts` says so.
    #[inline]
    pub fn backing(&self, id: ProviderId) -> u128 {
        let delegated = if self.params.stake_counts() == 0 { 0 } else { self.staking.delegated(id) };
        self.providers[id.index()].bond + u128::from(delegated)
    }

    /// Whether a provider's offers may take leases: it is active, and its GPUs are backed. A bond that suffices alone spares the
    /// look at what else there is.
    #[inline]
    pub fn may_lease(&self, id: ProviderId) -> bool {
        let provider = &self.providers[id.index()];
        let required = provider.required_bond(self.params.bond_per_gpu());
        provider.status == Status::Active && (provider.bond >= required || self.backing(id) >= required)
    }

    /// Shares for an amount that an account brings to a provider, or why it may not.
    ///
    /// # Errors
    /// [`Rejection::NotAProvider`], [`Rejection::OwnProvider`], [`Rejection::ProviderGone`], [`Rejection::TooManyShares`] or
    /// [`Rejection::RatioExceeded`].
    pub(crate) fn accept_stake(&self, account: AccountId, provider: ProviderId, amount: u64) -> Result<u64, Refusal> {
        let row = self.provider(provider).ok_or(Rejection::NotAProvider)?;
        if row.owner == account {
            return Err(Rejection::OwnProvider.into());
        }
        if row.status == Status::Retired {
            return Err(Rejection::ProviderGone.into());
        }
        let mut pool = self.staking.pool(provider).stake;
        if pool.has_lost_all() {
            pool = Fund::default();
        }
        let shares = pool.issued(amount).ok_or(Rejection::TooManyShares.needing(pool.room()))?;
        let most = share_wide(row.bond, self.params.stake_max_ratio()).unwrap_or(u128::MAX);
        let room = most.saturating_sub(pool.holds.into());
        if u128::from(amount) > room {
            return Err(Rejection::RatioExceeded.needing(room as u64));
        }
        Ok(shares)
    }
}

impl Decide for SetCommission {
    /// While nobody's stake is with the provider it may ask for anything up to the maximum.
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (id, _) = state.acting_provider(record)?;
        let pool = state.staking.pool(id);
        let most = state.params.stake_commission_max();
        let (low, high) = if pool.stake.shares == 0 {
            (0, most)
        } else {
            let changed = pool.commission_epoch == state.clock.epoch;
            let from = if changed { pool.commission_before } else { pool.commission };
            let step = state.params.stake_commission_step();
            (from.saturating_sub(step).min(most), (from + step).min(most))
        };
        if !(low..=high).contains(&self.rate) {
            return Err(Rejection::CommissionTooFar.needing(self.rate.clamp(low, high)));
        }
        events.push(CommissionSet {}.into());
        Ok(())
    }
}

/// A provider's reward for stake, divided: what its own bond earns, and what its pool does. A pool holds no more rewards than 64
/// bits can count; what would exceed them waits in the stakers' pool.
pub(crate) fn divide_reward(state: &State, id: ProviderId, total: u64) -> (u64, Option<StakeRewarded>) {
    let pool = state.staking.pool(id);
    if pool.stake.holds == 0 {
        return (total, None);
    }
    let rate = pool.commission.min(state.params.stake_commission_max());
    let [own, commission, delegators] = rewards::divide(total, state.providers[id.index()].bond, pool.stake.holds, rate);
    let delegators = delegators.min(u64::MAX - pool.rewards);
    let rewarded = StakeRewarded { delegators, commission, provider: id, pad: 0 };
    (own, (delegators > 0 || commission > 0).then_some(rewarded))
}

// Apply

impl State<'_> {
    /// A provider's pool and its shares, to change: what they were is left behind for the proposals that are voted on.
    pub(crate) fn pooled(&mut self, provider: ProviderId) -> &mut Fund {
        self.remember_pool(provider);
        &mut self.staking.pool_mut(provider).stake
    }

    /// Begins a pool's new era, if it has lost all.
    pub(crate) fn begin_anew(&mut self, provider: ProviderId) {
        if !self.staking.pool(provider).stake.has_lost_all() {
            return;
        }
        let shares = std::mem::take(&mut self.pooled(provider).shares);
        let pool = self.staking.pool_mut(provider);
        let (era, sum) = (pool.era, pool.accrual.sum);
        pool.era += 1;
        pool.locked = 0;
        self.staking.ended.insert((provider, era), Ended { sum, shares });
    }

    /// Pays out the whole nano-XPL of what a delegator's shares of a pool have earned and of what it has earned besides (ronto-
    /// XPL), returns the rest of that to the pool's remainder, and changes its shares; without any it has no delegation. Shares of
    /// an era that has ended are given up.
    pub(crate) fn settle_delegation(
        &mut self,
        whose: Delegator,
        provider: ProviderId,
        besides: u128,
        Earned { reward, returned }: Earned,
        change: impl FnOnce(u64) -> u64,
    ) {
        let delegation = self.staking.delegations.get(&(whose, provider)).copied();
        let earned = besides + delegation.map_or(0, |delegation| self.staking.owed(provider, &delegation));
        let before = delegation.map_or(0, |delegation| self.staking.live(provider, &delegation));
        let after = change(before);
        if after != before || before == 0 {
            self.remember_shares(whose, provider, delegation.as_ref());
        }
        if whose.grant.is_some() {
            self.remember_pool(provider);
            let pool = self.staking.pool_mut(provider);
            pool.locked = pool.locked - before + after;
        }
        if let Some(void) = delegation.filter(|_| before == 0) {
            self.staking.retire_void(provider, void.era, void.shares);
        }
        let pool = self.staking.pool_mut(provider);
        pool.accrual.rest += earned.checked_sub(scaled(reward) + scaled(returned)).expect("no more is paid than was earned");
        let (since, era) = (pool.accrual.sum, pool.era);
        if after > 0 {
            self.staking.delegations.insert((whose, provider), Delegation { since, shares: after, era });
        } else if delegation.is_some() {
            self.staking.delegations.remove(&(whose, provider));
        }
        self.transfer(Pot::Rewards(provider), Pot::Free(whose.account), reward);
        self.transfer(Pot::Rewards(provider), Pot::StakerPool, returned);
    }
}

impl Apply for CommissionSet {
    fn apply(&self, state: &mut State, record: &Record) {
        let rate = cause!(record, Command::SetCommission).rate;
        let (id, epoch) = (state.own_provider(record), state.clock.epoch);
        let pool = state.staking.pool_mut(id);
        if pool.stake.shares == 0 {
            pool.commission_before = rate;
        } else if pool.commission_epoch != epoch {
            pool.commission_before = pool.commission;
        }
        (pool.commission, pool.commission_epoch) = (rate, epoch);
    }
}

impl Apply for StakeRewarded {
    fn apply(&self, state: &mut State, _record: &Record) {
        let owner = state.providers[self.provider.index()].owner;
        state.transfer(Pot::StakerPool, Pot::Free(owner), self.commission);
        state.transfer(Pot::StakerPool, Pot::Rewards(self.provider), self.delegators);
        let pool = state.staking.pool_mut(self.provider);
        pool.accrual.share_out(scaled(self.delegators), pool.stake.shares);
    }
}

// Invariants

/// Shares add up to those of their pools and eras, and what is owed with the remainder to what the pools hold, to the last
/// ronto-XPL.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let staking = &state.staking;
    // Shares that nobody owns, by pool and era, and ronto-XPL that nobody is owed, by pool. Every claim takes its own.
    let present = staking.pools.iter().enumerate().map(|(i, pool)| ((ProviderId(i as u32), pool.era), Some(pool.stake.shares)));
    let ended = staking.ended.iter().map(|(&key, ended)| (key, Some(ended.shares)));
    let mut shares: BTreeMap<_, _> = present.chain(ended).collect();
    let mut rewards: Vec<_> = staking.pools.iter().map(|pool| scaled(pool.rewards).checked_sub(pool.accrual.rest)).collect();
    let mut claim = |provider: ProviderId, era: u64, part: u64, owed: Option<u128>| {
        let left = shares.entry((provider, era)).or_insert(None);
        *left = left.and_then(|left| left.checked_sub(part));
        let left = &mut rewards[provider.index()];
        *left = left.zip(owed).and_then(|(left, owed)| left.checked_sub(owed));
    };
    let mut locked = vec![0u128; staking.pools.len()];
    for (&(whose, provider), delegation) in &staking.delegations {
        if delegation.shares == 0 {
            return Err(format!("{} has an empty delegation to {provider}", whose.account));
        }
        if whose.grant.is_some() && delegation.era == staking.pool(provider).era {
            locked[provider.index()] += u128::from(delegation.shares);
        }
        claim(provider, delegation.era, delegation.shares, staking.earned_by(provider, delegation));
    }
    for (&(_, _, to), moving) in &staking.moving {
        let gain = moving.gain(staking.sum_of(to, moving.era));
        // A fund without shares may have outlived its era.
        let era = if moving.fund.holds == 0 { staking.pool(to).era } else { moving.era };
        claim(to, era, moving.fund.holds, gain.and_then(|gain| gain.checked_add(moving.accrual.rest)));
    }
    for moved in staking.moves.iter() {
        let moving = staking.moving.get(&moved.key()).ok_or("a move is of nothing that is moving")?;
        claim(moved.to, staking.pool(moved.to).era, 0, moving.accrual.earned(moved.units, moved.since));
    }
    if let Some(((provider, era), left)) = shares.into_iter().find(|(_, left)| *left != Some(0)) {
        return Err(format!("of the shares of {provider} in its era {era}, {left:?} are nobody's"));
    }
    if !staking.pools.iter().zip(locked).all(|(pool, shares)| u128::from(pool.locked) == shares) {
        return Err("the pools' locked shares are not those of grants".into());
    }
    for (i, (pool, left)) in staking.pools.iter().zip(rewards).enumerate() {
        let sound = pool.stake.holds <= pool.stake.shares && pool.commission.max(pool.commission_before) <= ONE;
        if !sound || left != Some(0) {
            return Err(format!("pool {i} does not hold what is owed to its shares: {pool:?}, {left:?} are left"));
        }
    }
    if staking.ended.values().any(|ended| ended.shares == 0) {
        return Err("an era of which no shares are out is still kept".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
