//! Stake out of a grant: tokens that work before they are free.
//!
//! Where `vesting.may_stake` says so, an account may delegate what its grant's pot holds. The grant is then a
//! [`Delegator`] of its own beside its account: its shares of a pool, and what is on its way back, are kept apart from those of the
//! account's free balance, so that everything that holds for stake holds for it. What differs is said here.
//!
//! - **Principal** returns to the pot and vests there as if it had never been away; what had vested meanwhile is released at once. A
//!   grant stays open while any of its stake is out.
//! - **A loss** falls on what would have vested last: the schedule stays that of the whole, and the grant is spent the sooner. What was
//!   released, what is in the pot, what is staked (at what was brought) and what is lost are the total at every moment, and a loss is
//!   known when none of the stake is out any more.
//! - **Rewards** are the account's, free at once, where `vesting.may_earn` says so when they are settled. Otherwise they return to the
//!   stakers' pool and are shared out again: the provider has had its commission for the work, and nobody else is the poorer for stake
//!   that secures the network and earns nothing.
//! - **Votes** are told in [`crate::protocol::governance`]: as any stake where `vesting.may_vote`, and else nobody's.
//! - It does not move on to another provider: it comes back, and may be staked anew.
//!
//! Cosmos (SDK, `x/auth/vesting`) keeps two numbers for each account, `delegated_vesting` and `delegated_free`, takes the former first
//! when it delegates and gives the latter back first, and knows no whose a delegation is. There rewards of locked stake are always free,
//! a slash leaves `delegated_vesting` too large for good, so that as much of what is locked may be spent, and stake of both kinds votes.
//! Here delegations say whose they are, which settles all three. As there (`TrackUndelegation`), rounding in a pool can return more
//! than was brought: it first makes up for what was lost, and what exceeds the grant's total is its account's.

use super::{Grant, promise};
use crate::engine::derived::Derived;
use crate::engine::state::State;
use crate::ids::{AccountId, GrantId, ProviderId};
use crate::protocol::delegation::{Delegator, WithdrawalDue};
use crate::protocol::staking::Earned;
use crate::record::{Apply, Decide, Event, Record, Timer, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;

// Components

payload! {
    /// Brings stake to a provider out of a grant's pot.
    pub struct StakeGrant {
        /// Out of which.
        pub grant: GrantId,
        /// Nano-XPL.
        pub amount: u64,
        /// To whom.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// Asks for a grant's stake back.
    pub struct UnstakeGrant {
        /// Whose stake.
        pub grant: GrantId,
        /// Nano-XPL.
        pub amount: u64,
        /// From whom.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// Settles what a grant's stake has earned.
    pub struct ClaimGrantRewards {
        /// Whose stake.
        pub grant: GrantId,
        /// With whom.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// Stake out of a grant joined a pool.
    pub struct GrantStaked {
        /// Shares it was given.
        pub shares: u64,
        /// Nano-XPL that the grant's earlier shares had earned for its account.
        pub reward: u64,
        /// Nano-XPL that they had earned and that returned to the stakers' pool.
        pub returned: u64,
    }

    /// A grant's stake left a pool and started its way back.
    pub struct GrantUnstaked {
        /// Shares of the pool that were given up.
        pub shares: u64,
        /// Shares of what leaves in this epoch.
        pub units: u64,
        /// Nano-XPL that the grant's shares had earned for its account.
        pub reward: u64,
        /// Nano-XPL that they had earned and that returned to the stakers' pool.
        pub returned: u64,
        /// When it arrives.
        pub release: Time,
    }

    /// What a grant's stake had earned was settled.
    pub struct GrantClaimed {
        /// Nano-XPL to its account.
        pub reward: u64,
        /// Nano-XPL that returned to the stakers' pool.
        pub returned: u64,
        /// Shares that had become worthless and were given up.
        pub shares: u64,
    }

    /// The first of the stake on its way back arrived in the grant that it came from.
    pub struct GrantReturned {
        /// Nano-XPL to the grant's pot.
        pub amount: u64,
        /// Nano-XPL to its account: what rounding brought beyond the grant's total.
        pub excess: u64,
        /// Which grant.
        pub grant: GrantId,
        /// Whom it left.
        pub provider: ProviderId,
        /// Zero.
        pub pad: u32,
    }
}

// Decide

impl State<'_> {
    /// What a grant's shares of a pool have earned, divided as `vesting.may_earn` says.
    fn grant_earned(&self, whose: Delegator, provider: ProviderId) -> Earned {
        let earned = self.staking.claimable(whose, provider);
        if self.params.vesting_may_earn() == 1 { earned.into() } else { Earned { reward: 0, returned: earned } }
    }

    /// The delegator that a grant of the sender is.
    fn own_delegator(&self, record: &Record, grant: GrantId) -> Result<(AccountId, Delegator), Refusal> {
        let (account, _) = self.mobile_account(record)?;
        self.own_grant(account, grant).map(|grant| (account, grant.delegator()))
    }
}

impl Decide for StakeGrant {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (account, whose) = state.own_delegator(record, self.grant)?;
        if state.params.vesting_may_stake() == 0 {
            return Err(Rejection::LockedStakeOff.into());
        }
        state.admit_stake(self.amount)?;
        let held = state.grants.row(self.grant.0).held;
        if self.amount > held {
            return Err(Rejection::GrantShort.needing(self.amount - held));
        }
        let shares = state.accept_stake(account, self.provider, self.amount)?;
        let Earned { reward, returned } = state.grant_earned(whose, self.provider);
        events.push(GrantStaked { shares, reward, returned }.into());
        Ok(())
    }
}

impl Decide for UnstakeGrant {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (_, whose) = state.own_delegator(record, self.grant)?;
        let (shares, units) = state.let_go(whose, self.provider, self.amount)?;
        let Earned { reward, returned } = state.grant_earned(whose, self.provider);
        let release = state.released(record.time);
        events.push(GrantUnstaked { shares, units, reward, returned, release }.into());
        Ok(())
    }
}

impl Decide for ClaimGrantRewards {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (_, whose) = state.own_delegator(record, self.grant)?;
        let shares = state.worthless(whose, self.provider)?;
        let Earned { reward, returned } = state.grant_earned(whose, self.provider);
        events.push(GrantClaimed { reward, returned, shares }.into());
        Ok(())
    }
}

impl GrantReturned {
    /// What arrives in a grant of so much of its stake.
    pub(crate) fn of(grant: &Grant, arrived: u64, provider: ProviderId) -> Self {
        let still_staked = grant.staked.saturating_sub(arrived);
        let amount = arrived.min(grant.total - grant.released - grant.held - still_staked);
        Self { amount, excess: arrived - amount, grant: grant.id, provider, pad: 0 }
    }
}

// Apply

impl Apply for GrantStaked {
    fn apply(&self, state: &mut State, record: &Record) {
        let StakeGrant { grant, amount, provider, .. } = cause!(record, Command::StakeGrant);
        let Self { shares, reward, returned } = *self;
        let whose = Delegator { account: record.account(), grant };
        state.join_pool(whose, provider, amount, shares, Earned { reward, returned });
        state.grants.row_mut(grant.0).staked += amount;
        state.ledger.pledged += u128::from(amount);
        state.resume_grant(grant);
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        let command = cause!(record, Command::StakeGrant);
        promise(state, command.grant, derived);
        derived.restake(state, command.provider);
    }
}

impl Apply for GrantUnstaked {
    fn apply(&self, state: &mut State, record: &Record) {
        let UnstakeGrant { grant, amount, provider, .. } = cause!(record, Command::UnstakeGrant);
        let Self { shares, units, reward, returned, release } = *self;
        let whose = Delegator { account: record.account(), grant };
        state.leave_pool(whose, provider, amount, (shares, units), release, Earned { reward, returned });
        state.grants.row_mut(grant.0).returning += 1;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.timers.set(self.release, Timer::WithdrawalDue(WithdrawalDue {}));
        derived.restake(state, cause!(record, Command::UnstakeGrant).provider);
    }
}

impl Apply for GrantClaimed {
    fn apply(&self, state: &mut State, record: &Record) {
        let ClaimGrantRewards { grant, provider, .. } = cause!(record, Command::ClaimGrantRewards);
        let Self { reward, returned, shares } = *self;
        let whose = Delegator { account: record.account(), grant };
        state.claim_of_pool(whose, provider, shares, Earned { reward, returned });
        state.resume_grant(grant);
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        promise(state, cause!(record, Command::ClaimGrantRewards).grant, derived);
    }
}

impl Apply for GrantReturned {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.arrive(self.amount, self.excess);
        let grant = state.grants.row_mut(self.grant.0);
        let back = grant.staked.min(self.amount + self.excess);
        grant.staked -= back;
        grant.returning -= 1;
        state.ledger.pledged -= u128::from(back);
        state.resume_grant(self.grant);
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        promise(state, self.grant, derived);
    }
}

#[cfg(test)]
mod tests;
