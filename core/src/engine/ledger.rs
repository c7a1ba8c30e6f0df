//! Where every nano-XPL is, and the one way it moves.

use super::state::State;
use crate::ids::{AccountId, GrantId, JobId, ProviderId};
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};

/// Balances that belong to no row, in nano-XPL.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Ledger {
    /// Not yet minted: the cap less everything ever issued. What is burned does not return here.
    pub unissued: u128,
    /// Gone for good.
    pub burned: u128,
    /// Held for governance.
    pub treasury: u128,
    /// Held for grants to builders.
    pub builders: u128,
    /// Emission that providers have yet to receive.
    pub provider_pool: u128,
    /// Emission and fees that stakers have yet to receive.
    pub staker_pool: u128,
    /// Bonds on their way back: the sum over the unbonding queue.
    pub unbonding: u128,
    /// Behind credits in dollars: what settled payments left over; see [`crate::protocol::vault`].
    pub vault: u128,
    /// Deposits of asks that are sealed and unrevealed.
    pub sealed: u128,
    /// Deposits of challenges that no panel has decided.
    pub challenges: u128,
    /// Earnings that a slash may still reach; see [`crate::protocol::holdback`].
    pub holdback: u128,
    /// Deposits of proposals that are voted on.
    pub proposals: u128,
    /// Set aside for the milestones of open awards.
    pub awards: u128,
    /// Set aside for the requests to deployments: the sum over their tabs.
    pub tabs: u128,
    /// In grants that have not released it: issued, but not yet free. The sum over their pots.
    pub vesting: u128,
    /// Staked out of grants and not back: what was brought, whatever it is worth by now. The sum over grants.
    pub pledged: u128,
    /// In bonds: the sum over providers.
    pub bonded: u128,
    /// With providers from others: the sum over their pools.
    pub delegated: u128,
    /// Everything there is: the sum of all pots at every moment.
    pub cap: u128,
    /// What genesis issued.
    pub initial: u128,
    /// What emission minted since.
    pub minted: u128,
    /// In locked accounts: issued, but immobile.
    pub locked: u128,
}

/// One place that holds tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pot {
    /// See [`Ledger::unissued`].
    Unissued,
    /// See [`Ledger::burned`].
    Burned,
    /// See [`Ledger::treasury`].
    Treasury,
    /// See [`Ledger::builders`].
    Builders,
    /// See [`Ledger::provider_pool`].
    ProviderPool,
    /// See [`Ledger::staker_pool`].
    StakerPool,
    /// See [`Ledger::unbonding`].
    Unbonding,
    /// See [`Ledger::vault`].
    Vault,
    /// See [`Ledger::sealed`].
    Sealed,
    /// See [`Ledger::challenges`].
    Challenges,
    /// See [`Ledger::holdback`].
    Holdback,
    /// See [`Ledger::proposals`].
    Proposals,
    /// See [`Ledger::awards`].
    Awards,
    /// See [`Ledger::tabs`].
    Tabs,
    /// A grant's pot.
    Vesting(GrantId),
    /// An account's free balance.
    Free(AccountId),
    /// A provider's bond.
    Bond(ProviderId),
    /// A job's escrow.
    Escrow(JobId),
    /// Stake that others brought to a provider.
    Delegated(ProviderId),
    /// What that stake has earned and nobody has claimed.
    Rewards(ProviderId),
    /// Stake of others that left a provider in an epoch, on its way back.
    Leaving(ProviderId, u64),
}

impl Ledger {
    /// Everything issued and not burned.
    pub const fn supply(&self) -> u128 {
        self.cap - self.unissued - self.burned
    }

    /// Supply that can change hands: without locked accounts, unvested grants with what they have staked, treasury, builders' fund
    /// and open awards. What a slash burned of a grant's stake is missing twice until none of that is out any more.
    pub const fn circulating(&self) -> u128 {
        let mobile = self.supply() - self.locked - self.vesting - self.treasury - self.builders - self.awards;
        mobile.saturating_sub(self.pledged)
    }
}

impl State<'_> {
    /// Moves `amount` nano-XPL. This is the only way that value moves; minting and burning are transfers too.
    ///
    /// # Panics
    /// If the pot holds less: `decide` let through what it must not.
    #[inline(always)]
    pub fn transfer(&mut self, from: Pot, to: Pot, amount: u64) {
        self.transfer_wide(from, to, u128::from(amount));
    }

    /// [`State::transfer`] for whole balances, which can exceed `u64`.
    ///
    /// # Panics
    /// As [`State::transfer`].
    #[inline(always)]
    pub fn transfer_wide(&mut self, from: Pot, to: Pot, amount: u128) {
        self.put(from, |balance| balance.checked_sub(amount), amount);
        self.put(to, |balance| balance.checked_add(amount), amount);
    }

    #[inline(always)]
    fn put(&mut self, pot: Pot, change: impl FnOnce(u128) -> Option<u128>, amount: u128) {
        let balance = match pot {
            Pot::Unissued => &mut self.ledger.unissued,
            Pot::Burned => &mut self.ledger.burned,
            Pot::Treasury => &mut self.ledger.treasury,
            Pot::Builders => &mut self.ledger.builders,
            Pot::ProviderPool => &mut self.ledger.provider_pool,
            Pot::StakerPool => &mut self.ledger.staker_pool,
            Pot::Unbonding => &mut self.ledger.unbonding,
            Pot::Vault => &mut self.ledger.vault,
            Pot::Sealed => &mut self.ledger.sealed,
            Pot::Challenges => &mut self.ledger.challenges,
            Pot::Holdback => &mut self.ledger.holdback,
            // An escrow is one command's amount, so 64 bits hold it; what others stake is counted in as many.
            Pot::Escrow(id) => return put_narrow(&mut self.jobs.row_mut(id.0).escrow, pot, change, amount),
            Pot::Delegated(id) => {
                let holds = &mut self.pooled(id).holds;
                let before = u128::from(*holds);
                put_narrow(holds, pot, change, amount);
                let after = u128::from(*holds);
                self.ledger.delegated = self.ledger.delegated - before + after;
                return;
            }
            Pot::Rewards(id) => return put_narrow(&mut self.staking.pool_mut(id).rewards, pot, change, amount),
            Pot::Leaving(id, epoch) => {
                let leaving = self.staking.leaving.get_mut(&(id, epoch)).expect("something left");
                return put_narrow(&mut leaving.fund.holds, pot, change, amount);
            }
            Pot::Proposals => &mut self.ledger.proposals,
            Pot::Awards => &mut self.ledger.awards,
            Pot::Tabs => &mut self.ledger.tabs,
            Pot::Free(id) => &mut self.accounts[id.index()].free,
            Pot::Bond(id) => {
                self.remember_stake(self.providers[id.index()].owner);
                let bond = &mut self.providers[id.index()].bond;
                let after = change(*bond).unwrap_or_else(|| overdrawn(pot, amount));
                self.ledger.bonded = self.ledger.bonded - *bond + after;
                *bond = after;
                return;
            }
            Pot::Vesting(id) => {
                // A grant's pot is one command's amount, so 64 bits hold it.
                let grant = *self.grants.row(id.0);
                self.remember_stake(grant.account);
                let after = change(u128::from(grant.held)).and_then(|held| u64::try_from(held).ok());
                let after = after.unwrap_or_else(|| overdrawn(pot, amount));
                self.grants.row_mut(id.0).held = after;
                let (before, after) = (u128::from(grant.held), u128::from(after));
                self.ledger.vesting = self.ledger.vesting - before + after;
                self.governance.hold(grant.account, before, after);
                return;
            }
        };
        *balance = change(*balance).unwrap_or_else(|| overdrawn(pot, amount));
    }

    /// The sum of all pots, which is [`Ledger::cap`] at every moment; the largest number there is when it exceeds that, as only a
    /// damaged snapshot's can.
    pub fn total(&self) -> u128 {
        let ledger = &self.ledger;
        let pots = [
            ledger.unissued,
            ledger.burned,
            ledger.treasury,
            ledger.builders,
            ledger.provider_pool,
            ledger.staker_pool,
            ledger.unbonding,
            ledger.vault,
            ledger.sealed,
            ledger.challenges,
            ledger.holdback,
            ledger.proposals,
            ledger.awards,
            ledger.tabs,
        ];
        let free = self.accounts().iter().map(|account| account.free);
        let bonds = self.providers().iter().map(|provider| provider.bond);
        let escrows = self.jobs.iter().map(|job| u128::from(job.escrow));
        let pools = self.staking.pools.iter().map(|pool| u128::from(pool.stake.holds) + u128::from(pool.rewards));
        let leaving = self.staking.leaving.values().map(|leaving| u128::from(leaving.fund.holds));
        let grants = self.grants.iter().map(|grant| u128::from(grant.held));
        let others = pools.chain(leaving).chain(grants);
        pots.into_iter().chain(free).chain(bonds).chain(escrows).chain(others).fold(0, u128::saturating_add)
    }
}

/// Changes a balance that 64 bits hold.
#[inline(always)]
fn put_narrow(balance: &mut u64, pot: Pot, change: impl FnOnce(u128) -> Option<u128>, amount: u128) {
    let after = change(u128::from(*balance)).and_then(|after| u64::try_from(after).ok());
    *balance = after.unwrap_or_else(|| overdrawn(pot, amount));
}

#[cold]
#[inline(never)]
fn overdrawn(pot: Pot, amount: u128) -> ! {
    panic!("{pot:?} cannot move {amount} nano-XPL");
}
