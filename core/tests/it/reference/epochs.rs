//! The end of an epoch: emission, rewards, a new beacon for ties.

use super::arithmetic::{largest_remainder, mul_div};
use super::schedules::{Sight, mint};
use super::{Memory, Reference};
use plasma_core::ids::ProviderId;
use plasma_core::money::XPL;
use plasma_core::protocol::emission::{Emitted, Rewarded, Steered};
use plasma_core::protocol::epoch::EpochClosed;
use plasma_core::protocol::provider::Status;

impl Reference {
    pub fn end_epoch(&mut self) {
        self.emit();
        self.reward();
        self.release_holdback();
        self.carry_out();
        self.decide_what_is_called_for();
        self.ripen();
        self.decide_what_is_called_for();
        self.place_order();
        let next_ends = self.epoch_ends + self.rules.epoch_length();
        self.happen(EpochClosed { epoch: self.epoch, next_ends }, |this| {
            this.epoch += 1;
            this.epoch_started = this.epoch_ends;
            this.epoch_ends = next_ends;
            this.tie_beacon = this.beacon;
            (this.paid, this.worked, this.burned_before) = (0, 0, this.balances.burned);
            this.providers.iter_mut().for_each(|provider| provider.work = 0);
            this.age_holdback();
        });
    }

    /// What the schedule mints for the epoch, bounded by what may still be issued, and what it remembers.
    fn scheduled(&self) -> (u128, Memory) {
        let start = self.genesis.saturating_add(self.rules.emission_start());
        let balances = &self.balances;
        let supply = u128::from(self.rules.supply_cap()) * u128::from(XPL) - balances.unissued - balances.burned;
        let locked = self.accounts.iter().zip(&balances.accounts).filter(|(account, _)| account.locked);
        let granted: u128 = balances.grants.values().sum();
        let pledged: u128 = self.grants.values().map(|grant| u128::from(grant.staked)).sum();
        let funds = balances.treasury + balances.builders + balances.awards;
        let held = locked.map(|(_, free)| free).sum::<u128>() + granted + funds;
        let sight = Sight {
            from: self.epoch_started.saturating_sub(start),
            to: self.epoch_ends.saturating_sub(start),
            initial: self.initial,
            supply,
            circulating: (supply - held).saturating_sub(pledged),
            minted: self.minted,
            staked: (0..self.providers.len()).filter(|&i| self.stakes(i)).map(|i| balances.bonds[i] + self.delegated(i)).sum(),
            paid: self.paid,
            burned: balances.burned - self.burned_before,
            work: self.worked,
        };
        let (minted, memory) = mint(&self.rules, self.memory, &sight);
        (minted.min(balances.unissued), memory)
    }

    fn stakes(&self, provider: usize) -> bool {
        let active = matches!(self.providers[provider].status, Status::Active | Status::Draining);
        active && self.balances.bonds[provider] > 0
    }

    fn emit(&mut self) {
        let rules = self.rules.clone();
        let weights =
            [rules.emission_providers(), rules.emission_stakers(), rules.emission_treasury(), rules.emission_builders()];
        let unallocated = rules.emission_unallocated();
        let worked = self.providers.iter().any(|provider| provider.work > 0);
        let staked = (0..self.providers.len()).any(|provider| self.stakes(provider));
        let (mut left, memory) = self.scheduled();
        if memory != self.memory {
            let Memory { level, aim, sum, steps } = memory;
            self.happen(Steered { level, aim, sum, steps }, |this| this.memory = memory);
        }
        while left > 0 {
            let amount = left.min(u64::MAX.into()) as u64;
            left -= u128::from(amount);
            let parts = largest_remainder(amount, &weights);
            let (mut providers, mut stakers, mut treasury, builders) = (parts[0], parts[1], parts[2], parts[3]);
            let mut idle = 0;
            if !worked && unallocated != 1 {
                idle += std::mem::take(&mut providers);
            }
            if !staked && unallocated != 1 {
                idle += std::mem::take(&mut stakers);
            }
            let mut unminted = 0;
            *(if unallocated == 2 { &mut treasury } else { &mut unminted }) += idle;
            self.happen(Emitted { providers, stakers, treasury, builders, unminted }, |this| {
                let balances = &mut this.balances;
                let pots =
                    [&mut balances.provider_pool, &mut balances.staker_pool, &mut balances.treasury, &mut balances.builders];
                for (pot, minted) in pots.into_iter().zip([providers, stakers, treasury, builders]) {
                    *pot += u128::from(minted);
                    balances.unissued -= u128::from(minted);
                    this.minted += u128::from(minted);
                }
            });
        }
    }

    fn reward(&mut self) {
        let work_total: u128 = self.providers.iter().map(|provider| provider.work).sum();
        let stakers: Vec<usize> = (0..self.providers.len()).filter(|&provider| self.stakes(provider)).collect();
        let stake = |provider: usize| self.balances.bonds[provider] + self.delegated(provider);
        let stake_total: u128 = stakers.iter().map(|&provider| stake(provider)).sum();
        let part = |pool, weight, total| if total == 0 { 0 } else { mul_div(pool, weight, total).min(u64::MAX.into()) };
        let rewards: Vec<_> = (0..self.providers.len())
            .map(|i| {
                let work = part(self.balances.provider_pool, self.providers[i].work, work_total);
                let whole = if stakers.contains(&i) { part(self.balances.staker_pool, stake(i), stake_total) } else { 0 };
                let (own, others) = self.divide_stake_reward(i, whole);
                (work, own, others)
            })
            .collect();
        for (i, (work, stake, others)) in rewards.into_iter().enumerate() {
            if (work, stake) != (0, 0) {
                let event = Rewarded { work: work as u64, stake: stake as u64, provider: ProviderId(i as u32), pad: 0 };
                self.happen(event, |this| {
                    this.balances.provider_pool -= work;
                    this.balances.staker_pool -= stake;
                    let owner = this.providers[i].owner;
                    this.balances.accounts[owner] += work + stake;
                });
            }
            if let Some(event) = others {
                self.reward_stake(event);
            }
        }
    }
}
