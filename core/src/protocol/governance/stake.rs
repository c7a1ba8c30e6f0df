//! Stakes as they were: what an account had when a proposal was made.
//!
//! A snapshot copies nothing. The first change of a stake after a snapshot leaves its old value behind, which then holds for that
//! snapshot and for all since the value left before (OpenZeppelin Contracts 4, `ERC20Snapshot`). While no proposal is voted on,
//! nothing is left behind.

use super::{Governance, Proposal};
use crate::engine::state::State;
use crate::ids::AccountId;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// What gives an account power to vote, in nano-XPL.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stake {
    /// The bond of its provider.
    pub bonded: u128,
    /// What its grants still hold.
    pub unvested: u128,
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

    /// The stake of an account at a snapshot, if it has changed since.
    fn recall(&self, account: AccountId, snapshot: u64) -> Option<Stake> {
        self.remembered.range((account, snapshot)..=(account, u64::MAX)).next().map(|(_, stake)| *stake)
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

    /// The power with which an account votes on a proposal, in nano-XPL: what it had at stake when the proposal was made.
    pub fn voting_power(&self, account: AccountId, proposal: &Proposal) -> u128 {
        let stake = self.governance.recall(account, proposal.snapshot).unwrap_or_else(|| self.stake(account));
        stake.bonded + if proposal.unvested_vote { stake.unvested } else { 0 }
    }

    /// Leaves an account's stake behind for the proposals that are voted on. To be called before it changes.
    #[inline(always)]
    pub(crate) fn remember_stake(&mut self, account: AccountId) {
        if let Some(&last) = self.governance.watched.last() {
            self.leave_behind(account, last);
        }
    }

    #[cold]
    #[inline(never)]
    fn leave_behind(&mut self, account: AccountId, last: u64) {
        let stake = self.stake(account);
        let governance = &mut *self.governance;
        if governance.remembered.contains_key(&(account, last)) {
            return;
        }
        // What no proposal asks for any more goes when the account's stake changes again.
        let first = governance.watched.first().copied().unwrap_or(last);
        while let Some((&old, _)) = governance.remembered.range((account, 0)..(account, first)).next() {
            governance.remembered.remove(&old);
        }
        governance.remembered.insert((account, last), stake);
    }
}

// Invariants

/// Bonds add up to [`crate::engine::ledger::Ledger::bonded`], and nothing is remembered that no proposal asks for.
pub(super) fn check(state: &State) -> Result<(), String> {
    let bonded = state.providers().iter().map(|provider| provider.bond).fold(0, u128::saturating_add);
    if bonded != state.ledger.bonded {
        return Err(format!("bonds are {bonded} nano-XPL, the ledger says {}", state.ledger.bonded));
    }
    let governance = &*state.governance;
    let useless = |snapshot: u64| snapshot > governance.snapshots || governance.watched.is_empty();
    match governance.remembered.keys().find(|(account, snapshot)| useless(*snapshot) || state.account(*account).is_none()) {
        Some((account, snapshot)) => Err(format!("nobody asks for the stake of {account} at snapshot {snapshot}")),
        None => Ok(()),
    }
}
