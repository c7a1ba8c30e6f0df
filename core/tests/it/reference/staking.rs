//! Stake of others, in a ledger of every delegator: whoever shares in a reward is credited when it comes, one by one.

use super::arithmetic::{mul_div, share};
use super::commands::{Outcome, refuse, short_by};
use super::{Fault, Reference};
use plasma_core::ids::{AccountId, GrantId, ProviderId};
use plasma_core::protocol::delegation::{Claimed, Delegate, Delegated, Released, Undelegate, Undelegated};
use plasma_core::protocol::provider::Status;
use plasma_core::protocol::redelegation::{Arrived, Redelegate, Redelegated};
use plasma_core::protocol::slashing::{LeavingSlashed, MovedSlashed, StakeSlashed};
use plasma_core::protocol::staking::{CommissionSet, StakeRewarded};
use plasma_core::record::Origin;
use plasma_core::rejection::{Refused, Rejection};
use plasma_core::time::Time;
use std::collections::BTreeMap;

const MOST: u128 = u64::MAX as u128;
const NANO: u128 = 1_000_000_000_000_000_000;

/// Whose stake: an account, and the grant that it came out of if it did.
pub type Whose = (usize, Option<GrantId>);

/// A provider's terms, and what its pool could not share.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    pub rest: u128,
    pub commission: u64,
    pub before: u64,
    pub changed: u64,
    /// How often the pool has begun anew after it had lost all.
    pub era: u64,
}

/// Somebody's shares of a pool in one of its eras, and what they have earned in ronto-XPL.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    pub whose: Whose,
    pub provider: usize,
    pub shares: u128,
    pub earned: u128,
    pub era: u64,
}

/// Stake that left, in shares of what left together.
#[derive(Clone, Copy, Debug)]
pub struct Leaver {
    pub whose: Whose,
    pub provider: usize,
    pub epoch: u64,
    pub units: u128,
    pub release: Time,
}

/// Stake that moved, in shares of what moved together, and what they have earned.
#[derive(Clone, Copy, Debug)]
pub struct Mover {
    pub account: usize,
    pub from: usize,
    pub to: usize,
    pub epoch: u64,
    pub units: u128,
    pub earned: u128,
    pub release: Time,
}

/// What moved together: shares of a pool, what could not be shared of their earnings, and when the last of it moved.
#[derive(Clone, Copy, Debug, Default)]
pub struct Band {
    pub shares: u128,
    pub rest: u128,
    pub last: Time,
    pub era: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub terms: BTreeMap<usize, Terms>,
    pub holders: Vec<Holder>,
    pub leavers: Vec<Leaver>,
    /// When the last of what left together left.
    pub left: BTreeMap<(usize, u64), Time>,
    pub movers: Vec<Mover>,
    pub bands: BTreeMap<(usize, u64, usize), Band>,
}

/// Shares for an amount, of a fund with these shares.
pub fn issued(amount: u128, holds: u128, shares: u128) -> Option<u128> {
    let issued = if shares == 0 { Some(amount) } else { (amount * shares).checked_div(holds) };
    issued.filter(|issued| shares + issued <= MOST)
}

/// The largest amount that a fund with these shares takes.
pub fn room(holds: u128, shares: u128) -> u128 {
    ((MOST - shares) * holds).checked_div(shares).unwrap_or(MOST)
}

/// What part of its shares is worth.
pub fn worth(part: u128, holds: u128, shares: u128) -> u128 {
    (part * holds).checked_div(shares).unwrap_or(0)
}

fn id(provider: usize) -> ProviderId {
    ProviderId(provider as u32)
}

impl Reference {
    pub fn delegated(&self, provider: usize) -> u128 {
        self.balances.pools.get(&provider).map_or(0, |pool| pool.0)
    }

    /// Bond, with what counts towards it.
    pub fn backing(&self, provider: usize) -> u128 {
        self.balances.bonds[provider] + if self.rules.stake_counts() == 1 { self.delegated(provider) } else { 0 }
    }

    fn era(&self, provider: usize) -> u64 {
        self.stakes.terms.get(&provider).map_or(0, |terms| terms.era)
    }

    /// All shares of a pool that are worth their part of it.
    fn shares(&self, provider: usize) -> u128 {
        let era = self.era(provider);
        let held = self.stakes.holders.iter().filter(|holder| (holder.provider, holder.era) == (provider, era));
        let moving = self.stakes.bands.iter().filter(|(key, band)| (key.2, band.era) == (provider, era));
        held.map(|holder| holder.shares).chain(moving.map(|(_, band)| band.shares)).sum()
    }

    /// A pool that has lost all is another one from now on.
    pub fn begin_anew(&mut self, provider: usize) {
        if self.has_lost_all(provider) {
            self.stakes.terms.entry(provider).or_default().era += 1;
        }
    }

    /// What somebody's shares of a pool are worth.
    pub fn worth_of(&self, holder: &Holder) -> u128 {
        let live = if holder.era == self.era(holder.provider) { holder.shares } else { 0 };
        worth(live, self.delegated(holder.provider), self.shares(holder.provider))
    }

    /// What grants' shares of a pool are worth, all together.
    pub fn locked(&self, provider: usize) -> u128 {
        let era = self.era(provider);
        let present = self.stakes.holders.iter().filter(|holder| (holder.provider, holder.era) == (provider, era));
        let shares = present.filter(|holder| holder.whose.1.is_some()).map(|holder| holder.shares).sum();
        worth(shares, self.delegated(provider), self.shares(provider))
    }

    /// Whether shares of a pool are out and worth nothing.
    pub fn has_lost_all(&self, provider: usize) -> bool {
        self.delegated(provider) == 0 && self.shares(provider) > 0
    }

    pub fn units_left(&self, key: (usize, u64)) -> u128 {
        let those = self.stakes.leavers.iter().filter(|leaver| (leaver.provider, leaver.epoch) == key);
        those.map(|leaver| leaver.units).sum()
    }

    fn units_moved(&self, key: (usize, u64, usize)) -> u128 {
        let those = self.stakes.movers.iter().filter(|mover| (mover.from, mover.epoch, mover.to) == key);
        those.map(|mover| mover.units).sum()
    }

    pub fn holder(&self, whose: Whose, provider: usize) -> Option<&Holder> {
        self.stakes.holders.iter().find(|holder| (holder.whose, holder.provider) == (whose, provider))
    }

    pub fn claimable(&self, whose: Whose, provider: usize) -> u128 {
        self.holder(whose, provider).map_or(0, |holder| holder.earned / NANO)
    }

    /// What somebody has with a provider and may withdraw.
    pub fn stake_of(&self, whose: Whose, provider: usize) -> u64 {
        self.holder(whose, provider).map_or(0, |holder| self.worth_of(holder)) as u64
    }

    pub fn admits(&self, amount: u64) -> Outcome {
        match amount {
            _ if self.rules.stake_delegation() == 0 => refuse(Rejection::DelegationOff),
            0 => refuse(Rejection::ZeroAmount),
            _ if amount < self.rules.stake_minimum() => short_by(Rejection::StakeTooSmall, self.rules.stake_minimum().into()),
            _ => Ok(()),
        }
    }

    /// Shares that a provider gives for an amount.
    pub fn accepts(&self, account: usize, provider: usize, amount: u64) -> Result<u128, Refused> {
        let Some(row) = self.providers.get(provider) else { return refuse(Rejection::NotAProvider) };
        if row.owner == account {
            return refuse(Rejection::OwnProvider);
        }
        if row.status == Status::Retired {
            return refuse(Rejection::ProviderGone);
        }
        let lost = self.has_lost_all(provider);
        let (holds, shares) = (self.delegated(provider), if lost { 0 } else { self.shares(provider) });
        let most = mul_div(self.balances.bonds[provider], self.rules.stake_max_ratio().into(), 1_000_000_000);
        let Some(issued) = issued(amount.into(), holds, shares) else {
            return short_by(Rejection::TooManyShares, room(holds, shares));
        };
        if u128::from(amount) + holds > most {
            return short_by(Rejection::RatioExceeded, most.saturating_sub(holds));
        }
        Ok(issued)
    }

    /// Shares that somebody gives up for an amount.
    pub fn gives_up(&self, whose: Whose, provider: usize, amount: u64) -> Result<u128, Refused> {
        let Some(holder) = self.holder(whose, provider) else { return refuse(Rejection::NoDelegation) };
        let (holds, shares) = (self.delegated(provider), self.shares(provider));
        let worth = self.worth_of(holder);
        match u128::from(amount) {
            amount if amount > worth => short_by(Rejection::StakeShort, amount - worth),
            amount if amount == worth => Ok(holder.shares),
            amount => Ok((amount * shares).div_ceil(holds)),
        }
    }

    /// Pays what somebody has earned with a provider and besides, and sets its shares. A grant may not be allowed to earn.
    pub fn pay_out(&mut self, whose: Whose, provider: usize, besides: u128, shares: impl FnOnce(u128) -> u128) {
        let at = self.stakes.holders.iter().position(|holder| (holder.whose, holder.provider) == (whose, provider));
        let before = at.map(|at| self.stakes.holders.remove(at));
        let earned = besides + before.map_or(0, |holder| holder.earned);
        let era = self.era(provider);
        let shares = shares(before.filter(|holder| holder.era == era).map_or(0, |holder| holder.shares));
        if shares > 0 {
            self.stakes.holders.push(Holder { whose, provider, shares, earned: 0, era });
        }
        self.stakes.terms.entry(provider).or_default().rest += earned % NANO;
        if earned >= NANO {
            self.balances.pools.entry(provider).or_default().1 -= earned / NANO;
        }
        if whose.1.is_some() && self.rules.vesting_may_earn() == 0 {
            self.balances.staker_pool += earned / NANO;
        } else {
            self.balances.accounts[whose.0] += earned / NANO;
        }
    }

    pub fn restake(&mut self, provider: usize, change: impl FnOnce(u128) -> u128) {
        let pool = self.balances.pools.entry(provider).or_default();
        pool.0 = change(pool.0);
    }

    pub fn delegate(&mut self, origin: Origin, asked: Delegate) -> Outcome {
        let account = Self::account_of(origin)?;
        self.admits(asked.amount)?;
        self.has(account, asked.amount)?;
        let provider = asked.provider.index();
        let shares = self.accepts(account, provider, asked.amount)?;
        let whose = (account, None);
        let reward = self.claimable(whose, provider) as u64;
        self.happen(Delegated { shares: shares as u64, reward }, |this| {
            this.begin_anew(provider);
            this.pay_out(whose, provider, 0, |before| before + shares);
            this.balances.accounts[account] -= u128::from(asked.amount);
            this.restake(provider, |stake| stake + u128::from(asked.amount));
        });
        Ok(())
    }

    pub fn undelegate(&mut self, origin: Origin, asked: Undelegate) -> Outcome {
        let whose = (Self::account_of(origin)?, None);
        let (provider, release) = (asked.provider.index(), self.now.saturating_add(self.rules.bond_unbonding()));
        let (shares, units) = self.lets_go(whose, provider, asked.amount)?;
        let reward = self.claimable(whose, provider) as u64;
        let event = Undelegated { shares: shares as u64, units: units as u64, reward, release };
        self.happen(event, |this| this.set_out(whose, provider, asked.amount.into(), (shares, units), release));
        Ok(())
    }

    /// Shares of a pool, and of what leaves it, for an amount that somebody asks back.
    pub fn lets_go(&self, whose: Whose, provider: usize, amount: u64) -> Result<(u128, u128), Refused> {
        if amount == 0 {
            return refuse(Rejection::ZeroAmount);
        }
        let shares = self.gives_up(whose, provider, amount)?;
        let key = (provider, self.epoch);
        let (holds, all) = (self.balances.leaving.get(&key).copied().unwrap_or(0), self.units_left(key));
        match issued(amount.into(), holds, all) {
            Some(units) => Ok((shares, units)),
            None => short_by(Rejection::TooManyShares, room(holds, all)),
        }
    }

    /// Stake starts its way back.
    pub fn set_out(&mut self, whose: Whose, provider: usize, amount: u128, (shares, units): (u128, u128), release: Time) {
        let key = (provider, self.epoch);
        self.pay_out(whose, provider, 0, |before| before - shares);
        self.restake(provider, |stake| stake - amount);
        *self.balances.leaving.entry(key).or_default() += amount;
        self.stakes.left.insert(key, self.now);
        self.stakes.leavers.push(Leaver { whose, provider, epoch: key.1, units, release });
        self.stakes.leavers.sort_by_key(|leaver| leaver.release);
    }

    pub fn claim_rewards(&mut self, origin: Origin, provider: ProviderId) -> Outcome {
        let (whose, provider) = ((Self::account_of(origin)?, None), provider.index());
        let Some(holder) = self.holder(whose, provider).copied() else { return refuse(Rejection::NoDelegation) };
        let worthless = self.worth_of(&holder) == 0;
        let shares = if worthless { holder.shares } else { 0 };
        self.happen(Claimed { reward: (holder.earned / NANO) as u64, shares: shares as u64 }, |this| {
            this.pay_out(whose, provider, 0, |before| if worthless { 0 } else { before });
        });
        Ok(())
    }

    pub fn redelegate(&mut self, origin: Origin, asked: Redelegate) -> Outcome {
        let account = Self::account_of(origin)?;
        self.admits(asked.amount)?;
        if asked.from == asked.to {
            return refuse(Rejection::SameProvider);
        }
        let (from, to, amount) = (asked.from.index(), asked.to.index(), u128::from(asked.amount));
        let given_up = self.gives_up((account, None), from, asked.amount)?;
        let shares = self.accepts(account, to, asked.amount)?;
        let key = (from, self.epoch, to);
        let era = self.era(to) + u64::from(self.has_lost_all(to));
        let bands = self.stakes.bands.keys().filter(|key| key.0 == from).count();
        if bands >= 1_000 && !self.stakes.bands.contains_key(&key) {
            return short_by(Rejection::TooManyMoves, 1_000);
        }
        let pool = self.balances.pools.get(&from).map_or(0, |pool| pool.0);
        if bands >= 500 && !self.stakes.bands.contains_key(&key) && amount * 1_000 < pool {
            return short_by(Rejection::MoveTooSmall, pool.div_ceil(1_000));
        }
        let holds = self.stakes.bands.get(&key).map_or(0, |band| band.shares);
        if self.stakes.bands.get(&key).is_some_and(|band| band.era != era) {
            return refuse(Rejection::TooManyShares);
        }
        let Some(units) = issued(shares, holds, self.units_moved(key)) else { return refuse(Rejection::TooManyShares) };
        let release = self.now.saturating_add(self.rules.bond_unbonding());
        let reward = self.claimable((account, None), from) as u64;
        let event = Redelegated { given_up: given_up as u64, shares: shares as u64, units: units as u64, reward, release };
        self.happen(event, |this| {
            this.pay_out((account, None), from, 0, |before| before - given_up);
            this.begin_anew(to);
            this.restake(from, |stake| stake - amount);
            this.restake(to, |stake| stake + amount);
            let band = this.stakes.bands.entry(key).or_default();
            band.shares += shares;
            (band.last, band.era) = (this.now, era);
            this.stakes.movers.push(Mover { account, from, to, epoch: key.1, units, earned: 0, release });
            this.stakes.movers.sort_by_key(|mover| mover.release);
        });
        Ok(())
    }

    pub fn set_commission(&mut self, origin: Origin, rate: u64) -> Outcome {
        let provider = self.provider_of(origin)?;
        let terms = self.stakes.terms.get(&provider).copied().unwrap_or_default();
        let (most, alone) = (self.rules.stake_commission_max(), self.shares(provider) == 0);
        let from = if terms.changed == self.epoch { terms.before } else { terms.commission };
        let step = if alone { u64::MAX } else { self.rules.stake_commission_step() };
        let (low, high) = (from.saturating_sub(step).min(most), from.saturating_add(step).min(most));
        if rate < low || rate > high {
            return short_by(Rejection::CommissionTooFar, if rate < low { low } else { high }.into());
        }
        self.happen(CommissionSet {}, |this| {
            let before = if alone { rate } else { from };
            let terms = this.stakes.terms.entry(provider).or_default();
            *terms = Terms { commission: rate, before, changed: this.epoch, ..*terms };
        });
        Ok(())
    }

    pub fn release_stake(&mut self) {
        let leaver = self.stakes.leavers[0];
        let key = (leaver.provider, leaver.epoch);
        let amount = worth(leaver.units, self.balances.leaving[&key], self.units_left(key));
        let arrive = |this: &mut Self| {
            this.stakes.leavers.remove(0);
            *this.balances.leaving.entry(key).or_default() -= amount;
            if this.units_left(key) == 0 {
                this.balances.leaving.remove(&key);
                this.stakes.left.remove(&key);
            }
        };
        let (account, grant) = leaver.whose;
        if let Some(grant) = grant {
            return self.return_to(grant, leaver.provider, amount as u64, arrive);
        }
        let event = Released { amount: amount as u64, account: AccountId(account as u32), provider: id(leaver.provider) };
        self.happen(event, |this| {
            arrive(this);
            this.balances.accounts[account] += amount;
        });
    }

    pub fn complete_move(&mut self) {
        let mover = self.stakes.movers[0];
        let key = (mover.from, mover.epoch, mover.to);
        let shares = worth(mover.units, self.stakes.bands[&key].shares, self.units_moved(key));
        let arrives = if self.stakes.bands[&key].era == self.era(mover.to) { shares } else { 0 };
        let reward = (mover.earned + self.holder((mover.account, None), mover.to).map_or(0, |holder| holder.earned)) / NANO;
        let (account, provider) = (AccountId(mover.account as u32), id(mover.to));
        self.happen(Arrived { shares: arrives as u64, reward: reward as u64, account, provider }, |this| {
            this.stakes.movers.remove(0);
            let last = this.units_moved(key) == 0;
            let band = this.stakes.bands.get_mut(&key).expect("it moved");
            band.shares -= shares;
            if last {
                let rest = band.rest;
                this.stakes.bands.remove(&key);
                this.stakes.terms.entry(mover.to).or_default().rest += rest;
            }
            this.pay_out((mover.account, None), mover.to, mover.earned, |before| before + arrives);
        });
    }

    /// Divides a provider's reward for stake; what is its own is returned.
    pub fn divide_stake_reward(&self, provider: usize, total: u128) -> (u128, Option<StakeRewarded>) {
        let delegated = self.delegated(provider);
        if delegated == 0 {
            return (total, None);
        }
        let bond = self.balances.bonds[provider];
        let own = mul_div(total, bond, bond + delegated);
        let rate = self.stakes.terms.get(&provider).map_or(0, |terms| terms.commission).min(self.rules.stake_commission_max());
        let commission = share(total - own, rate);
        let held = self.balances.pools[&provider].1;
        let delegators = (total - own - commission).min(MOST - held) as u64;
        let event = StakeRewarded { delegators, commission: commission as u64, provider: id(provider), pad: 0 };
        (own, (delegators > 0 || commission > 0).then_some(event))
    }

    /// Everybody who has stake with the provider is credited, one by one.
    pub fn reward_stake(&mut self, event: StakeRewarded) {
        self.happen(event, |this| {
            let provider = event.provider.index();
            let owner = this.providers[provider].owner;
            this.balances.staker_pool -= u128::from(event.delegators) + u128::from(event.commission);
            this.balances.accounts[owner] += u128::from(event.commission);
            this.balances.pools.entry(provider).or_default().1 += u128::from(event.delegators);
            let shares = this.shares(provider);
            let terms = this.stakes.terms.entry(provider).or_default();
            let all = u128::from(event.delegators) * NANO + terms.rest;
            terms.rest = all % shares;
            let (each, era) = (all / shares, terms.era);
            let present = |holder: &&mut Holder| (holder.provider, holder.era) == (provider, era);
            for holder in this.stakes.holders.iter_mut().filter(present) {
                holder.earned += holder.shares * each;
            }
            let present = this.stakes.bands.iter().filter(|(key, band)| (key.2, band.era) == (provider, era));
            let keys: Vec<_> = present.map(|(&key, _)| key).collect();
            for key in keys {
                let units = this.units_moved(key);
                let band = this.stakes.bands.get_mut(&key).expect("it moved");
                if band.shares * each == 0 {
                    continue;
                }
                let gain = band.shares * each + band.rest;
                band.rest = gain % units;
                let those = this.stakes.movers.iter_mut().filter(|mover| (mover.from, mover.epoch, mover.to) == key);
                those.for_each(|mover| mover.earned += mover.units * (gain / units));
            }
        });
    }

    /// What a fault in a lease takes of the stake of others: `due` of `base`, times the share of delegators.
    pub fn slash_stake(&mut self, provider: usize, fault: Fault, due: u128, bond: u128, prover: Option<(usize, u64)>) {
        let since = fault.since;
        let left: Vec<_> = self.stakes.left.iter().filter(|(key, last)| key.0 == provider && **last >= since).collect();
        let left: Vec<_> = left.into_iter().map(|(&key, _)| (key, self.balances.leaving[&key])).collect();
        let reaches =
            |key: &(usize, u64, usize), band: &Band| key.0 == provider && band.last >= since && band.era == self.era(key.2);
        let moved = self.stakes.bands.iter().filter(|(key, band)| reaches(key, band));
        let moved: Vec<_> = moved.map(|(&key, band)| (key, band.shares)).collect();
        let total = self.reachable(provider, since);
        // Where nothing within reach is worth anything, nobody's shares are touched.
        if total == 0 {
            return;
        }
        let required = (u128::from(self.rules.bond_per_gpu()) * u128::from(fault.gpus)).min(MOST);
        let base = required.max(bond + if self.rules.stake_counts() == 1 { total } else { 0 });
        let ratio = u128::from(self.rules.slash_delegators());
        let part = |stake| if base == 0 { 0 } else { mul_div(stake, due * ratio, base * 1_000_000_000) };
        let wanted = part(total);
        let to = prover.map_or(AccountId::NONE, |(account, _)| AccountId(account as u32));
        let divided = |cut: u128| {
            let reward = prover.map_or(0, |(_, rate)| share(cut, rate));
            ((cut - reward) as u64, reward as u64)
        };
        let pay = |this: &mut Self, (burned, reward): (u64, u64)| {
            this.balances.burned += u128::from(burned);
            if let Some((account, _)) = prover {
                this.balances.accounts[account] += u128::from(reward);
            }
        };
        let mut paid = 0;
        for (key, stake) in left {
            let cut = part(stake);
            paid += cut;
            let (burned, reward) = divided(cut);
            if cut > 0 {
                let event = LeavingSlashed { burned, reward, epoch: key.1, provider: id(provider), to };
                self.happen(event, |this| {
                    *this.balances.leaving.entry(key).or_default() -= cut;
                    pay(this, (burned, reward));
                });
            }
        }
        for (key, held) in moved {
            let shares = part(held);
            let cut = worth(shares, self.delegated(key.2), self.shares(key.2));
            paid += cut;
            let (burned, reward) = divided(cut);
            let (pool, epoch) = (id(key.2), key.1);
            if shares > 0 {
                let event =
                    MovedSlashed { burned, reward, shares: shares as u64, epoch, provider: id(provider), pool, to, pad: 0 };
                self.happen(event, |this| {
                    this.stakes.bands.get_mut(&key).expect("it moved").shares -= shares;
                    this.restake(key.2, |stake| stake - cut);
                    pay(this, (burned, reward));
                });
            }
        }
        let cut = (wanted - paid).min(self.delegated(provider));
        let (burned, reward) = divided(cut);
        if cut > 0 {
            self.happen(StakeSlashed { burned, reward, provider: id(provider), to }, |this| {
                this.restake(provider, |stake| stake - cut);
                pay(this, (burned, reward));
            });
        }
    }

    /// The stake of others that a fault in a lease reaches.
    pub fn reachable(&self, provider: usize, since: Time) -> u128 {
        let left = self.stakes.left.iter().filter(|(key, last)| key.0 == provider && **last >= since);
        let reaches =
            |key: &(usize, u64, usize), band: &Band| key.0 == provider && band.last >= since && band.era == self.era(key.2);
        let moved = self.stakes.bands.iter().filter(|(key, band)| reaches(key, band));
        let moved = moved.map(|(key, band)| worth(band.shares, self.delegated(key.2), self.shares(key.2)));
        left.map(|(key, _)| self.balances.leaving[key]).chain(moved).sum::<u128>() + self.delegated(provider)
    }
}
