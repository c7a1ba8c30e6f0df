//! What grants stake before it has vested.

use super::Reference;
use super::commands::{Outcome, refuse, short_by};
use super::staking::Whose;
use plasma_core::ids::{GrantId, ProviderId};
use plasma_core::protocol::vesting::stake::{
    ClaimGrantRewards, GrantClaimed, GrantReturned, GrantStaked, GrantUnstaked, StakeGrant, UnstakeGrant,
};
use plasma_core::record::Origin;
use plasma_core::rejection::{Refused, Rejection};

impl Reference {
    /// A grant of the sender's, as somebody who stakes.
    fn grantee(&self, origin: Origin, id: GrantId) -> Result<Whose, Refused> {
        let account = Self::account_of(origin)?;
        match self.grants.get(&id) {
            Some(grant) if grant.account == account => Ok((account, Some(id))),
            _ => refuse(Rejection::UnknownGrant),
        }
    }

    /// What a grant has earned with a provider: for its account, and for nobody.
    fn yields(&self, whose: Whose, provider: usize) -> (u64, u64) {
        let earned = self.claimable(whose, provider) as u64;
        if self.rules.vesting_may_earn() == 1 { (earned, 0) } else { (0, earned) }
    }

    pub fn stake_grant(&mut self, origin: Origin, asked: StakeGrant) -> Outcome {
        let whose = self.grantee(origin, asked.grant)?;
        if self.rules.vesting_may_stake() == 0 {
            return refuse(Rejection::LockedStakeOff);
        }
        self.admits(asked.amount)?;
        let (provider, amount, held) = (asked.provider.index(), u128::from(asked.amount), self.balances.grants[&asked.grant]);
        if amount > held {
            return short_by(Rejection::GrantShort, amount - held);
        }
        let shares = self.accepts(whose.0, provider, asked.amount)?;
        let (reward, returned) = self.yields(whose, provider);
        self.happen(GrantStaked { shares: shares as u64, reward, returned }, |this| {
            this.begin_anew(provider);
            this.pay_out(whose, provider, 0, |before| before + shares);
            *this.balances.grants.get_mut(&asked.grant).expect("an open grant") -= amount;
            this.grants.get_mut(&asked.grant).expect("an open grant").staked += asked.amount;
            this.restake(provider, |stake| stake + amount);
            this.look_after(asked.grant);
        });
        Ok(())
    }

    pub fn unstake_grant(&mut self, origin: Origin, asked: UnstakeGrant) -> Outcome {
        let whose = self.grantee(origin, asked.grant)?;
        let (provider, release) = (asked.provider.index(), self.now.saturating_add(self.rules.bond_unbonding()));
        let (shares, units) = self.lets_go(whose, provider, asked.amount)?;
        let (reward, returned) = self.yields(whose, provider);
        let event = GrantUnstaked { shares: shares as u64, units: units as u64, reward, returned, release };
        self.happen(event, |this| this.set_out(whose, provider, asked.amount.into(), (shares, units), release));
        Ok(())
    }

    pub fn claim_grant_rewards(&mut self, origin: Origin, asked: ClaimGrantRewards) -> Outcome {
        let (whose, provider) = (self.grantee(origin, asked.grant)?, asked.provider.index());
        let Some(holder) = self.holder(whose, provider).copied() else { return refuse(Rejection::NoDelegation) };
        let gone = if self.worth_of(&holder) == 0 { holder.shares } else { 0 };
        let (reward, returned) = self.yields(whose, provider);
        self.happen(GrantClaimed { reward, returned, shares: gone as u64 }, |this| {
            this.pay_out(whose, provider, 0, |before| if gone > 0 { 0 } else { before });
            this.look_after(asked.grant);
        });
        Ok(())
    }

    /// Stake arrives in its grant: never so much that the grant has more than it ever had, which rounding could make it.
    pub fn return_to(&mut self, id: GrantId, provider: usize, arrived: u64, arrive: impl FnOnce(&mut Self)) {
        let (grant, held) = (self.grants[&id].clone(), self.balances.grants[&id] as u64);
        let still = grant.staked - arrived.min(grant.staked);
        let room = grant.total - grant.released - held - still;
        let (amount, excess) = (arrived.min(room), arrived.saturating_sub(room));
        let event = GrantReturned { amount, excess, grant: id, provider: ProviderId(provider as u32), pad: 0 };
        self.happen(event, |this| {
            arrive(this);
            *this.balances.grants.get_mut(&id).expect("an open grant") += u128::from(amount);
            this.balances.accounts[grant.account] += u128::from(excess);
            this.grants.get_mut(&id).expect("an open grant").staked = still;
            this.look_after(id);
        });
    }
}
