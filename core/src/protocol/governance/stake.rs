//! Stakes as they were: what an account had when a proposal was made, what was delegated to whom, and who votes with it.
//!
//! A snapshot copies nothing. The first change of a stake after a snapshot leaves its old value behind, which then holds for that
//! snapshot and for all since the value left before (OpenZeppelin Contracts 4, `ERC20Snapshot`). While no proposal is voted on,
//! nothing is left behind. A delegation keeps shares of its provider's pool, so that a slash or a newcomer leaves the pool behind
//! and no delegator.
//!
//! Delegated stake votes as its provider does, unless its owner votes (Cosmos SDK, `x/gov/keeper/tally.go`: a validator's power is
//! its shares less the `DelegatorDeductions`). Stake that is moving votes with the provider it moved to, and is not its owner's to
//! vote with until the move is complete; stake on its way back does not vote. (In Cosmos only bonded validators vote; here a bond
//! is no condition for what is delegated to count.)
//!
//! What has not vested votes where `vesting.may_vote` says so when the proposal is made: in a grant's pot with its account, staked out
//! of it as any stake does, so that none counts twice. Where it may not, what grants have staked is no provider's to vote with either.

use super::{Governance, Proposal};
use crate::engine::state::State;
use crate::formula::shares::Fund;
use crate::ids::{AccountId, GrantId, ProposalId, ProviderId};
use crate::protocol::delegation::Delegator;
use crate::protocol::staking::Delegation;
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

// Components

/// What gives an account power to vote, in nano-XPL.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stake {
    /// The bond of its provider.
    pub bonded: u128,
    /// What its grants' pots hold.
    pub unvested: u128,
}

/// What gives a provider power to vote besides its bond.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStake {
    /// Its pool.
    pub fund: Fund,
    /// Shares of it that grants have.
    pub locked: u64,
    /// The pool's era.
    pub era: u64,
}

impl PoolStake {
    /// Nano-XPL of it that vote, with what has not vested or without.
    fn voting(&self, unvested: bool) -> u64 {
        self.fund.holds.saturating_sub(if unvested { 0 } else { self.fund.worth(self.locked) })
    }
}

/// What something was at a snapshot, if it has changed since.
fn recall<K: Ord + Copy, V: Copy>(left: &BTreeMap<(K, u64), V>, key: K, snapshot: u64) -> Option<V> {
    left.range((key, snapshot)..).next().filter(|((of, _), _)| *of == key).map(|(_, value)| *value)
}

/// Leaves a value behind for the snapshots that are watched, unless it has changed since the last of them before.
fn leave<K: Ord + Copy, V>(left: &mut BTreeMap<(K, u64), V>, watched: &BTreeSet<u64>, key: K, value: V) {
    let (Some(&first), Some(&last)) = (watched.first(), watched.last()) else { return };
    let Entry::Vacant(vacant) = left.entry((key, last)) else { return };
    vacant.insert(value);
    // What no proposal asks for any more goes when the same changes again.
    while let Some((&old, _)) = left.range((key, 0)..(key, first)).next() {
        left.remove(&old);
    }
}

/// The keys of two ordered sequences, in order and each once.
fn united<K: Ord + Copy>(one: impl Iterator<Item = K>, other: impl Iterator<Item = K>) -> impl Iterator<Item = K> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || {
        let least = one.peek().into_iter().chain(other.peek()).min().copied()?;
        while one.next_if_eq(&least).is_some() {}
        while other.next_if_eq(&least).is_some() {}
        Some(least)
    })
}

impl Governance {
    /// Takes a snapshot of all stakes.
    pub(super) fn snapshot(&mut self) -> u64 {
        self.snapshots += 1;
        self.watched.insert(self.snapshots);
        self.snapshots
    }

    /// Gives a snapshot up.
    pub(super) fn release(&mut self, snapshot: u64) {
        self.watched.remove(&snapshot);
        if self.watched.is_empty() {
            self.remembered.clear();
            self.pools.clear();
            self.shares.clear();
        }
    }

    /// Notes that an account's grants hold so much instead of so much.
    pub(crate) fn hold(&mut self, account: AccountId, before: u128, after: u128) {
        let held = self.unvested.entry(account).or_default();
        *held = *held - before + after;
        if *held == 0 {
            self.unvested.remove(&account);
        }
    }
}

impl State<'_> {
    /// What an account has at stake now.
    pub fn stake(&self, account: AccountId) -> Stake {
        let provider = self.account(account).and_then(|account| self.provider(account.provider));
        Stake {
            bonded: provider.map_or(0, |provider| provider.bond),
            unvested: self.governance.unvested.get(&account).copied().unwrap_or(0),
        }
    }

    /// The power with which an account votes on a proposal, in nano-XPL: what it had at stake when the proposal was made, with its
    /// own provider and with others, and what others had with its provider and have not voted with themselves.
    pub fn voting_power(&self, account: AccountId, proposal: &Proposal) -> u128 {
        let stake = recall(&self.governance.remembered, account, proposal.snapshot).unwrap_or_else(|| self.stake(account));
        let delegated = self.delegated_at(account, proposal).map(|(_, stake)| u128::from(stake));
        let provider = self.account(account).map(|account| account.provider).filter(|provider| provider.is_some());
        let pool = provider.map_or(0, |provider| u128::from(self.pool_power(provider, proposal)));
        let unvested = if proposal.unvested_vote { stake.unvested } else { 0 };
        delegated.chain([pool, unvested]).fold(stake.bonded, u128::saturating_add)
    }

    /// What could vote on a proposal that is made now, in nano-XPL. Without what has not vested, that follows the providers.
    pub(super) fn total_power(&self, unvested: bool) -> u128 {
        let staked = self.ledger.bonded + self.ledger.delegated;
        if unvested {
            return staked + self.ledger.vesting;
        }
        let providers = (0..self.staking.pools.len()).map(|i| ProviderId(i as u32));
        staked - providers.map(|provider| u128::from(self.staking.locked(provider))).sum::<u128>()
    }

    /// Nano-XPL of a provider's pool that could vote when a proposal was made, less what voted itself.
    pub(super) fn pool_power(&self, provider: ProviderId, proposal: &Proposal) -> u64 {
        let overridden = self.governance.overridden.get(&(proposal.id, provider)).copied().unwrap_or(0);
        self.pool_at(provider, proposal.snapshot).voting(proposal.unvested_vote).saturating_sub(overridden)
    }

    /// A provider's pool at a snapshot.
    fn pool_at(&self, provider: ProviderId, snapshot: u64) -> PoolStake {
        recall(&self.governance.pools, provider, snapshot).unwrap_or_else(|| self.pool_now(provider))
    }

    fn pool_now(&self, provider: ProviderId) -> PoolStake {
        let pool = self.staking.pool(provider);
        PoolStake { fund: pool.stake, locked: pool.locked, era: pool.era }
    }

    /// What an account had with others when a proposal was made and may vote on it with, by delegation: the providers and the
    /// nano-XPL, rounded down, that its shares were worth. Follows the account's delegations, then and now.
    pub(super) fn delegated_at(&self, account: AccountId, proposal: &Proposal) -> impl Iterator<Item = (ProviderId, u64)> {
        let (snapshot, unvested_vote) = (proposal.snapshot, proposal.unvested_vote);
        let first = (Delegator { account, grant: GrantId::NONE }, ProviderId(0));
        let last = (Delegator { account, grant: GrantId(u64::MAX) }, ProviderId::NONE);
        let now = self.staking.delegations.range(first..=last).map(|(key, _)| *key);
        let since = self.governance.shares.range((first, 0)..=(last, u64::MAX)).map(|(key, _)| key.0);
        let votes = move |key: &(Delegator, ProviderId)| unvested_vote || !key.0.grant.is_some();
        let stake = move |key: (Delegator, ProviderId)| {
            let then = recall(&self.governance.shares, key, snapshot);
            let (shares, of) =
                then.unwrap_or_else(|| self.staking.delegations.get(&key).map_or((0, 0), Delegation::shares_of_era));
            let pool = self.pool_at(key.1, snapshot);
            (key.1, if of == pool.era { pool.fund.worth(shares) } else { 0 })
        };
        united(now, since).filter(votes).map(stake).filter(|&(_, stake)| stake > 0)
    }

    /// Leaves an account's stake behind for the proposals that are voted on. To be called before it changes.
    #[inline(always)]
    pub(crate) fn remember_stake(&mut self, account: AccountId) {
        if !self.governance.watched.is_empty() {
            self.leave_stake(account);
        }
    }

    #[cold]
    #[inline(never)]
    fn leave_stake(&mut self, account: AccountId) {
        let stake = self.stake(account);
        let governance = &mut *self.governance;
        leave(&mut governance.remembered, &governance.watched, account, stake);
    }

    /// As [`State::remember_stake`], of a provider's pool.
    #[inline]
    pub(crate) fn remember_pool(&mut self, provider: ProviderId) {
        if !self.governance.watched.is_empty() {
            let pool = self.pool_now(provider);
            let governance = &mut *self.governance;
            leave(&mut governance.pools, &governance.watched, provider, pool);
        }
    }

    /// As [`State::remember_stake`], of a delegation.
    #[inline]
    pub(crate) fn remember_shares(&mut self, whose: Delegator, provider: ProviderId, delegation: Option<&Delegation>) {
        if !self.governance.watched.is_empty() {
            let shares = delegation.map_or((0, 0), Delegation::shares_of_era);
            let governance = &mut *self.governance;
            leave(&mut governance.shares, &governance.watched, (whose, provider), shares);
        }
    }
}

// Invariants

/// Bonds and pools add up to the ledger's sums, nothing is remembered that no proposal asks for, and what voted itself is taken
/// from the providers that it was with.
pub(super) fn check(state: &State) -> Result<(), String> {
    let bonded = state.providers().iter().map(|provider| provider.bond).fold(0, u128::saturating_add);
    let delegated = state.staking.pools.iter().map(|pool| u128::from(pool.stake.holds)).fold(0, u128::saturating_add);
    for (what, sum, ledger) in [("bonds", bonded, state.ledger.bonded), ("pools", delegated, state.ledger.delegated)] {
        if sum != ledger {
            return Err(format!("{what} are {sum} nano-XPL, the ledger says {ledger}"));
        }
    }
    let governance = &*state.governance;
    let useful = |snapshot: u64| snapshot <= governance.snapshots && !governance.watched.is_empty();
    let account = |id: AccountId| state.account(id).is_some();
    let provider = |id: ProviderId| state.provider(id).is_some();
    let stakes = governance.remembered.keys().all(|&(id, snapshot)| account(id) && useful(snapshot));
    let pools = governance.pools.keys().all(|&(id, snapshot)| provider(id) && useful(snapshot));
    let shares =
        governance.shares.keys().all(|&((id, with), snapshot)| account(id.account) && provider(with) && useful(snapshot));
    if !(stakes && pools && shares) {
        return Err("a stake is remembered that nobody has or asks for".into());
    }
    let mut overridden: BTreeMap<(ProposalId, ProviderId), u64> = BTreeMap::new();
    for &(id, voter) in governance.ballots.keys() {
        for (provider, stake) in state.delegated_at(voter, state.proposals.row(id.0)) {
            let sum = overridden.entry((id, provider)).or_default();
            *sum = sum.saturating_add(stake);
        }
    }
    let within = |(&(id, provider), &sum): (&(ProposalId, ProviderId), &u64)| {
        sum <= state.pool_at(provider, state.proposals.row(id.0).snapshot).fund.holds
    };
    if overridden != governance.overridden || !overridden.iter().all(within) {
        return Err("what voted itself is not what was taken from providers' power".into());
    }
    Ok(())
}
