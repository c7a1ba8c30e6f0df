//! Earnings held back: a list of amounts, each with its owner and its time.

use super::arithmetic::share;
use super::{Fault, Reference};
use plasma_core::ids::{AccountId, ProviderId};
use plasma_core::protocol::holdback::{HoldbackReleased, Seized, Withheld};

impl Reference {
    /// Holds back a share of what the provider of an offer was just paid.
    pub fn withhold(&mut self, offer: usize, paid: u64) {
        let amount = share(paid.into(), self.rules.settle_holdback());
        if amount == 0 {
            return;
        }
        let provider = self.offers[offer].provider;
        let event = Withheld { amount: amount as u64, provider: ProviderId(provider as u32), pad: 0 };
        self.happen(event, |this| {
            this.balances.accounts[this.providers[provider].owner] -= amount;
            this.balances.holdback += amount;
            this.held.push((provider, None, amount));
        });
    }

    /// Takes an amount off a provider's list, what is due first at first.
    fn take_held(&mut self, provider: usize, mut amount: u128) {
        self.balances.holdback -= amount;
        for entry in self.held.iter_mut().filter(|entry| entry.0 == provider) {
            let taken = amount.min(entry.2);
            entry.2 -= taken;
            amount -= taken;
        }
        assert_eq!(amount, 0);
    }

    /// Everything due now comes free: by time, then by provider.
    pub fn release_holdback(&mut self) {
        let now = self.epoch_ends;
        let mut due: Vec<(u64, usize)> = self
            .held
            .iter()
            .filter_map(|&(provider, time, _)| time.filter(|&time| time <= now).map(|time| (time, provider)))
            .collect();
        due.sort_unstable();
        due.dedup();
        for (time, provider) in due {
            let its = self.held.iter().filter(|entry| (entry.0, entry.1) == (provider, Some(time)));
            let mut left: u128 = its.map(|entry| entry.2).sum();
            while left > 0 {
                let amount = left.min(u64::MAX.into());
                left -= amount;
                self.happen(HoldbackReleased { amount: amount as u64, provider: ProviderId(provider as u32), pad: 0 }, |this| {
                    this.take_held(provider, amount);
                    this.balances.accounts[this.providers[provider].owner] += amount;
                });
            }
        }
    }

    /// What the epoch that ends has held back is due when the period is over.
    pub fn age_holdback(&mut self) {
        let due = self.now.saturating_add(self.rules.settle_holdback_period());
        for entry in &mut self.held {
            entry.1.get_or_insert(due);
        }
        self.held.retain(|entry| entry.2 > 0);
        self.held.sort_by_key(|entry| entry.1);
    }

    /// A wrong result costs earnings held back, and stake as the parameter says; whoever proved it has a share of both.
    pub fn punish(&mut self, id: usize, fault: Fault, rate: u64, prover: Option<usize>) {
        let held: u128 = self.held.iter().filter(|entry| entry.0 == id).map(|entry| entry.2).sum();
        let behind = (u128::from(self.rules.bond_per_gpu()) * u128::from(fault.gpus)).min(u64::MAX.into());
        let cut = share(behind, rate);
        let mut seized = share(held.min(u64::MAX.into()), self.rules.slash_rewards());
        let rate = match self.rules.slash_stake() {
            0 => rate,
            1 => {
                seized = seized.min(cut);
                if seized == 0 { rate } else { ((cut - seized) * 1_000_000_000 / behind) as u64 }
            }
            _ => 0,
        };
        let prover = prover.map(|account| (account, self.rules.slash_checker_share()));
        if seized > 0 {
            let reward = prover.map_or(0, |(_, rate)| share(seized, rate));
            let to = prover.map_or(AccountId::NONE, |(account, _)| AccountId(account as u32));
            let (burned, provider) = ((seized - reward) as u64, ProviderId(id as u32));
            self.happen(Seized { burned, reward: reward as u64, provider, to }, |this| {
                this.take_held(id, seized);
                this.balances.burned += seized - reward;
                if let Some((account, _)) = prover {
                    this.balances.accounts[account] += reward;
                }
            });
        }
        self.slash(id, fault, rate, prover);
    }
}
