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
use crate::protocol::delegation::{Leaving, Withdrawal};
use crate::protocol::provider::Status;
use crate::protocol::redelegation::{Move, Moving};
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
    pub delegations: BTreeMap<(AccountId, ProviderId), Delegation>,
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

/// One account's stake with one provider.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Delegation {
    /// Where the pool's accrual stood when the account last claimed.
    pub since: u128,
    /// Shares of the pool.
    pub shares: u64,
    /// The pool's era of which they are.
    pub era: u64,
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

    /// Whether everybody and every pool that it names exists.
    pub(crate) fn is_of(&self, state: &State) -> bool {
        let account = |id: AccountId| state.account(id).is_some();
        let provider = |id: ProviderId| state.provider(id).is_some();
        let pool = |id: ProviderId| id.index() < self.pools.len();
        self.pools.len() <= state.providers().len()
            && self.delegations.keys().all(|&(whose, with)| account(whose) && pool(with))
            && self.ended.keys().all(|&(with, era)| pool(with) && era < self.pool(with).era)
            && self.leaving.keys().all(|&(from, _)| provider(from))
            && self.moving.keys().all(|&(from, _, to)| provider(from) && pool(to))
            && self.withdrawals.iter().all(|entry| account(entry.account))
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

    /// An account's shares of a pool that are worth their part of it: those of its present era.
    fn live_shares(&self, account: AccountId, provider: ProviderId) -> u64 {
        let delegation = self.delegations.get(&(account, provider)).filter(|row| row.era == self.pool(provider).era);
        delegation.map_or(0, |delegation| delegation.shares)
    }

    /// What an account has earned with a provider since it last claimed, in ronto-XPL.
    pub(crate) fn earned(&self, account: AccountId, provider: ProviderId) -> u128 {
        let Some(delegation) = self.delegations.get(&(account, provider)) else { return 0 };
        self.earned_by(provider, delegation).expect("no more is owed than the pool holds")
    }

    /// What a delegation has earned; `None` when that exceeds `u128` or its era is unknown.
    fn earned_by(&self, provider: ProviderId, delegation: &Delegation) -> Option<u128> {
        rewards::earned(delegation.shares, delegation.since, self.sum_of(provider, delegation.era)?)
    }

    /// Nano-XPL that an account would claim from a provider now.
    pub fn claimable(&self, account: AccountId, provider: ProviderId) -> u64 {
        whole(self.earned(account, provider))
    }

    /// Nano-XPL that an account has with a provider and may withdraw.
    pub fn stake_of(&self, account: AccountId, provider: ProviderId) -> u64 {
        self.pool(provider).stake.worth(self.live_shares(account, provider))
    }

    /// Shares that an account must give up for an amount; `None` when all it has there is worth less.
    pub(crate) fn price_of(&self, account: AccountId, provider: ProviderId, amount: u64) -> Option<u64> {
        self.pool(provider).stake.price(amount, self.live_shares(account, provider))
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
        self.staking.ended.insert((provider, era), Ended { sum, shares });
    }

    /// Pays an account the whole nano-XPL of what its shares of a pool have earned and of what it has earned besides (ronto-
    /// XPL), returns the rest of that to the pool's remainder, and changes its shares; without any it has no delegation. Shares of
    /// an era that has ended are given up.
    pub(crate) fn settle_delegation(
        &mut self,
        account: AccountId,
        provider: ProviderId,
        besides: u128,
        reward: u64,
        change: impl FnOnce(u64) -> u64,
    ) {
        let earned = besides + self.staking.earned(account, provider);
        let before = self.staking.live_shares(account, provider);
        let after = change(before);
        if after != before || before == 0 {
            self.remember_shares(account, provider);
        }
        if let Some(void) = self.staking.delegations.remove(&(account, provider)).filter(|_| before == 0) {
            self.staking.retire_void(provider, void.era, void.shares);
        }
        let pool = self.staking.pool_mut(provider);
        pool.accrual.rest += earned.checked_sub(scaled(reward)).expect("no more is paid than was earned");
        let (since, era) = (pool.accrual.sum, pool.era);
        if after > 0 {
            self.staking.delegations.insert((account, provider), Delegation { since, shares: after, era });
        }
        self.transfer(Pot::Rewards(provider), Pot::Free(account), reward);
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
    for (&(account, provider), delegation) in &staking.delegations {
        if delegation.shares == 0 {
            return Err(format!("{account} has an empty delegation to {provider}"));
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
mod tests {
    use super::*;
    use crate::money::XPL;
    use crate::protocol::bond::Bond;
    use crate::protocol::delegation::{ClaimRewards, Claimed, Delegate};
    use crate::protocol::emission::Rewarded;
    use crate::protocol::provider::{Drain, Retire, WentSilent};
    use crate::record::Origin;
    use crate::testing::{Bench, genesis, names};
    use crate::time::DAY;

    /// A thousand XPL a day, of which stakers have three hundred.
    const SET: [(&str, u64); 4] =
        [("stake.delegation", 1), ("emission.schedule", 0), ("emission.yearly", 365_250), ("fee.base", 0)];

    fn delegate(xpl: u64) -> Delegate {
        Delegate { amount: xpl * XPL, provider: ProviderId(0), pad: 0 }
    }

    const CLAIM: ClaimRewards = ClaimRewards { provider: ProviderId(0) };

    /// The rewards of an epoch, from its first millisecond to the next one's.
    fn rewards(bench: &mut Bench) -> Vec<Event> {
        let rest = bench.engine.view(|state| state.clock.epoch_ends) + 1 - bench.now;
        let events = bench.wait(rest);
        events.into_iter().filter(|event| matches!(event, Event::Rewarded(_) | Event::StakeRewarded(_))).collect()
    }

    fn shared(delegators: u64, commission: u64) -> Event {
        StakeRewarded { delegators, commission, provider: ProviderId(0), pad: 0 }.into()
    }

    fn own(stake: u64) -> Event {
        Rewarded { work: 0, stake, provider: ProviderId(0), pad: 0 }.into()
    }

    #[test]
    fn bond_and_delegated_stake_share_alike_and_commission_is_of_the_latters_part() {
        let mut bench = Bench::new(&SET);
        bench.provide(0, 1, XPL);
        assert_eq!(names(&bench.by(0, SetCommission { rate: ONE / 10 })), ["CommissionSet"]);
        bench.by(1, delegate(200_000));
        bench.by(2, delegate(100_000));
        // Three hundred: a quarter for the bond, of the rest a tenth for the provider.
        assert_eq!(rewards(&mut bench), [own(75 * XPL), shared(202_500_000_000, 22_500_000_000)]);
        assert_eq!(bench.free(0), 900_097_500_000_000);
        assert_eq!(bench.by(1, CLAIM), [Claimed { reward: 135 * XPL, shares: 0 }.into()]);
        assert_eq!(bench.by(1, CLAIM), [Claimed { reward: 0, shares: 0 }.into()]);
        assert_eq!(bench.free(1), u128::from(800_135 * XPL));
        // More of the same pays what was earned first.
        let Event::Delegated(more) = bench.by(2, delegate(100_000))[0] else { panic!("not delegated") };
        assert_eq!((more.shares, more.reward), (100_000 * XPL, 67_500_000_000));
    }

    #[test]
    fn another_providers_bond_has_its_part_and_nobody_else_does() {
        let mut bench = Bench::new(&SET);
        bench.provide(0, 1, XPL);
        bench.provide(1, 1, XPL);
        bench.by(2, delegate(100_000));
        let other = Rewarded { work: 0, stake: 100 * XPL, provider: ProviderId(1), pad: 0 };
        assert_eq!(rewards(&mut bench), [own(100 * XPL), shared(100 * XPL, 0), other.into()]);
    }

    #[test]
    fn all_of_it_can_be_commission() {
        let mut bench = Bench::new(&SET);
        bench.provide(0, 1, XPL);
        bench.by(0, SetCommission { rate: ONE });
        bench.by(1, delegate(100_000));
        assert_eq!(rewards(&mut bench), [own(150 * XPL), shared(0, 150 * XPL)]);
        assert_eq!(bench.by(1, CLAIM), [Claimed { reward: 0, shares: 0 }.into()]);
    }

    #[test]
    fn who_does_not_stake_earns_nothing_for_its_delegators_either() {
        let silent = WentSilent { provider: ProviderId(0) };
        for (leave, earns) in [(None, true), (Some(Drain {}.into()), true), (Some(Retire {}.into()), false)] {
            let mut bench = Bench::new(&SET);
            bench.provide(0, 1, XPL);
            bench.by(1, delegate(100_000));
            leave.map(|command: crate::record::Command| bench.by(0, command));
            assert_eq!(rewards(&mut bench).is_empty(), !earns, "{leave:?}");
        }
        let mut bench = Bench::new(&SET);
        bench.provide(0, 1, XPL);
        bench.by(1, delegate(100_000));
        bench.send(Origin::Host, silent);
        assert_eq!(rewards(&mut bench), []);
        // Without a bond there is nobody to answer for it.
        let mut bench = Bench::new(&[("bond.per_gpu", 0)].into_iter().chain(SET).collect::<Vec<_>>());
        bench.provide(0, 1, XPL);
        bench.by(1, delegate(100_000));
        bench.by(0, crate::protocol::bond::Unbond { amount: 100_000 * XPL });
        assert_eq!(rewards(&mut bench), []);
        assert_eq!(bench.engine.view(|state| state.staking.delegated(ProviderId(0))), 100_000 * XPL);
    }

    #[test]
    fn a_commission_moves_by_steps_once_somebody_relies_on_it() {
        let set = [("stake.commission_max", ONE / 2), ("stake.commission_step", ONE / 100)];
        let mut bench = Bench::new(&SET.into_iter().chain(set).collect::<Vec<_>>());
        bench.provide(0, 1, XPL);
        let refused = |bench: &mut Bench, rate| {
            let Event::Refused(refused) = bench.by(0, SetCommission { rate })[0] else { panic!("not refused") };
            assert_eq!(refused.reason(), Some(Rejection::CommissionTooFar));
            refused.need
        };
        assert_eq!(bench.refused_by(1, SetCommission { rate: 0 }), Rejection::NotAProvider);
        assert_eq!(refused(&mut bench, ONE / 2 + 1), ONE / 2);
        bench.by(0, SetCommission { rate: ONE / 2 });
        bench.by(0, SetCommission { rate: ONE / 10 });
        bench.by(1, delegate(1));
        // In one epoch it may go up and down, but never further than a step from where it began.
        assert_eq!(refused(&mut bench, ONE / 5), 110_000_000);
        assert_eq!(refused(&mut bench, 0), 90_000_000);
        for rate in [110_000_000, 90_000_000, 110_000_000] {
            assert_eq!(names(&bench.by(0, SetCommission { rate })), ["CommissionSet"]);
        }
        assert_eq!(refused(&mut bench, 110_000_001), 110_000_000);
        bench.wait(DAY);
        assert_eq!(refused(&mut bench, ONE / 5), 120_000_000);
        assert_eq!(names(&bench.by(0, SetCommission { rate: 100_000_000 })), ["CommissionSet"]);
    }

    #[test]
    fn ten_billion_and_a_nano_earn_by_their_size() {
        let mut genesis =
            genesis(&[("stake.max_ratio", 1_000_000 * ONE), ("stake.minimum", 0)].into_iter().chain(SET).collect::<Vec<_>>());
        genesis.accounts[1].amount = 10_000_000_000 * u128::from(XPL);
        let mut bench = Bench::of(&genesis);
        bench.provide(0, 1, XPL);
        bench.by(1, delegate(10_000_000_000));
        bench.by(2, Delegate { amount: 1, provider: ProviderId(0), pad: 0 });
        let Event::StakeRewarded(first) = rewards(&mut bench)[1] else { panic!("no reward") };
        let claimed = |bench: &mut Bench, account| match bench.by(account, CLAIM)[..] {
            [Event::Claimed(claimed)] => claimed.reward,
            ref events => panic!("not claimed, but {events:?}"),
        };
        // 10^19 of 10^19 + 1 shares have all but the remainder, which is less than 18 nano-XPL.
        let paid = claimed(&mut bench, 1);
        assert!(first.delegators - paid < 18, "{paid} of {}", first.delegators);
        assert_eq!(claimed(&mut bench, 2), 0);
        // It is not lost: after a hundred days the pool has given all but one remainder.
        let mut given = u128::from(paid);
        let mut brought = u128::from(first.delegators);
        for _ in 0..100 {
            let Event::StakeRewarded(event) = rewards(&mut bench)[1] else { panic!("no reward") };
            brought += u128::from(event.delegators);
            given += u128::from(claimed(&mut bench, 1));
        }
        assert!(brought - given < 20, "{given} of {brought}");
    }

    #[test]
    fn nothing_is_delegated_where_it_is_off() {
        let mut bench = Bench::new(&[]);
        bench.provide(0, 1, XPL);
        assert_eq!(bench.refused_by(1, delegate(100)), Rejection::DelegationOff);
        assert_eq!(bench.refused_by(1, CLAIM), Rejection::NoDelegation);
        bench.by(0, Bond { amount: 1 });
        assert!(bench.engine.view(|state| state.staking.pools.is_empty()));
    }
}
