//! What providers ask for: standing, bonds and offers.

use super::arithmetic::{mul_div, share};
use super::commands::{Outcome, refuse, short_by};
use super::{Fault, Offer, Progress, Provider, Reference};
use plasma_core::ids::{AccountId, OfferId, ProviderId};
use plasma_core::protocol::bond::{Bonded, Slashed, Unbonding};
use plasma_core::protocol::offer::{self, OfferPosted, PostOffer, Requote, Requoted, Withdrawn};
use plasma_core::protocol::provider::{Drained, Registered, Resumed, Retired, Silenced, Status};
use plasma_core::record::Origin;
use plasma_core::rejection::{Refused, Rejection};

impl Reference {
    /// The provider behind a command, which must not have retired.
    pub fn provider_of(&self, origin: Origin) -> Result<usize, Refused> {
        let account = Self::account_of(origin)?;
        match self.accounts[account].provider {
            None => refuse(Rejection::NotAProvider),
            Some(provider) if self.providers[provider].status == Status::Retired => refuse(Rejection::ProviderRetired),
            Some(provider) => Ok(provider),
        }
    }

    pub fn register(&mut self, origin: Origin) -> Outcome {
        let owner = Self::account_of(origin)?;
        if self.accounts[owner].provider.is_some() {
            return refuse(Rejection::AlreadyProvider);
        }
        let id = self.providers.len();
        self.happen(Registered { provider: ProviderId(id as u32) }, |this| {
            this.accounts[owner].provider = Some(id);
            this.providers.push(Provider { owner, status: Status::Active, work: 0, jailed_until: 0, strikes: 0 });
            this.balances.bonds.push(0);
        });
        Ok(())
    }

    pub fn drain(&mut self, origin: Origin) -> Outcome {
        let id = self.provider_of(origin)?;
        if self.providers[id].status != Status::Active {
            return refuse(Rejection::ProviderInactive);
        }
        self.happen(Drained {}, |this| this.providers[id].status = Status::Draining);
        Ok(())
    }

    pub fn resume(&mut self, origin: Origin) -> Outcome {
        let id = self.provider_of(origin)?;
        let row = &self.providers[id];
        if row.status == Status::Jailed && self.now < row.jailed_until {
            return short_by(Rejection::StillJailed, u128::from(row.jailed_until - self.now));
        }
        self.happen(Resumed {}, |this| {
            let row = &mut this.providers[id];
            if row.status == Status::Jailed {
                row.strikes = 0;
            }
            row.status = Status::Active;
        });
        Ok(())
    }

    /// GPUs of the leases that a provider was drawn to check and may still be exposed for.
    fn checked_gpus(&self, id: usize) -> u64 {
        let its = self.leases.values().filter(|lease| match lease.progress {
            Progress::UnderCheck { checker, .. }
            | Progress::Confirmed { checker, .. }
            | Progress::Contested { checker, .. }
            | Progress::Defended { checker, .. } => checker == id,
            _ => false,
        });
        its.map(|lease| lease.gpus).sum()
    }

    /// Refuses while a provider has leases or checks that are open.
    fn has_settled(&self, id: usize) -> Outcome {
        let open = self.leases.values().filter(|lease| self.offers[lease.offer].provider == id).count();
        if open > 0 {
            return short_by(Rejection::LeasesOpen, open as u128);
        }
        match self.checked_gpus(id) {
            0 => Ok(()),
            gpus => short_by(Rejection::ChecksOpen, gpus.into()),
        }
    }

    pub fn retire(&mut self, origin: Origin) -> Outcome {
        let id = self.provider_of(origin)?;
        self.has_settled(id)?;
        while self.balances.bonds[id] > 0 {
            self.start_unbonding(id, u64::try_from(self.balances.bonds[id]).unwrap_or(u64::MAX));
        }
        self.happen(Retired {}, |this| this.providers[id].status = Status::Retired);
        Ok(())
    }

    pub fn silence(&mut self, origin: Origin, provider: ProviderId) -> Outcome {
        Self::only_host(origin)?;
        let Some(row) = self.providers.get(provider.index()) else { return refuse(Rejection::NotAProvider) };
        if matches!(row.status, Status::Active | Status::Draining) {
            self.happen(Silenced {}, |this| this.providers[provider.index()].status = Status::Suspended);
        }
        Ok(())
    }

    pub fn bond(&mut self, origin: Origin, amount: u64) -> Outcome {
        let id = self.provider_of(origin)?;
        if amount == 0 {
            return refuse(Rejection::ZeroAmount);
        }
        let owner = self.providers[id].owner;
        self.has(owner, amount)?;
        self.happen(Bonded {}, |this| {
            this.balances.accounts[owner] -= u128::from(amount);
            this.balances.bonds[id] += u128::from(amount);
        });
        Ok(())
    }

    pub fn unbond(&mut self, origin: Origin, amount: u64) -> Outcome {
        let id = self.provider_of(origin)?;
        if amount == 0 {
            return refuse(Rejection::ZeroAmount);
        }
        if self.rules.stake_counts() == 1 {
            self.has_settled(id)?;
        }
        let kept = u128::from(self.rules.bond_per_gpu()) * u128::from(self.offered_gpus(id) + self.checked_gpus(id));
        let needed = kept + u128::from(amount);
        if needed > self.backing(id) || u128::from(amount) > self.balances.bonds[id] {
            let missing = u128::from(amount).saturating_sub(self.balances.bonds[id]);
            return short_by(Rejection::BondTooSmall, missing.max(needed.saturating_sub(self.backing(id))));
        }
        self.start_unbonding(id, amount);
        Ok(())
    }

    /// Bonds come back each at its time, those of one moment in the order in which they were asked for.
    fn start_unbonding(&mut self, id: usize, amount: u64) {
        let release = self.now.saturating_add(self.rules.bond_unbonding());
        let entry = Unbonding { amount, release, provider: ProviderId(id as u32), pad: 0 };
        self.happen(entry, |this| {
            this.balances.bonds[id] -= u128::from(amount);
            this.balances.unbonding += u128::from(amount);
            this.unbonding.push(entry);
            this.unbonding.sort_by_key(|entry| entry.release);
        });
    }

    /// Cuts the bond behind a lease's GPUs by a rate, never below zero, and the stake of others with it; whoever proved the fault
    /// has a share.
    pub fn slash(&mut self, id: usize, fault: Fault, rate: u64, prover: Option<(usize, u64)>) {
        let behind = (u128::from(self.rules.bond_per_gpu()) * u128::from(fault.gpus)).min(u64::MAX.into());
        let (due, bond) = (share(behind, rate), self.balances.bonds[id]);
        let others = if self.rules.stake_counts() == 1 { self.reachable(id, fault.since) } else { 0 };
        let cut = if others == 0 { due.min(bond) } else { mul_div(due, bond, bond + others).min(bond) };
        if cut > 0 {
            let reward = prover.map_or(0, |(_, rate)| share(cut, rate));
            let to = prover.map_or(AccountId::NONE, |(account, _)| AccountId(account as u32));
            let provider = ProviderId(id as u32);
            self.happen(Slashed { burned: (cut - reward) as u64, reward: reward as u64, provider, to }, |this| {
                this.balances.bonds[id] -= cut;
                this.balances.burned += cut - reward;
                if let Some((account, _)) = prover {
                    this.balances.accounts[account] += reward;
                }
            });
        }
        self.slash_stake(id, fault, due, bond, prover);
    }

    pub fn post_offer(&mut self, origin: Origin, asked: PostOffer) -> Outcome {
        let id = self.provider_of(origin)?;
        if asked.class.index() >= self.catalogue.classes.len() {
            return refuse(Rejection::UnknownClass);
        }
        if !(1..=1024).contains(&asked.gpus) {
            return refuse(Rejection::BadGpuCount);
        }
        if asked.ask == 0 {
            return refuse(Rejection::BadPrice);
        }
        let gpus = self.offered_gpus(id) + u64::from(asked.gpus);
        let needed = u128::from(self.rules.bond_per_gpu()) * u128::from(gpus);
        if needed > self.backing(id) {
            return short_by(Rejection::BondTooSmall, needed - self.backing(id));
        }
        self.happen(OfferPosted { offer: OfferId(self.offers.len() as u32) }, |this| {
            this.offers.push(Offer {
                provider: id,
                class: asked.class.index(),
                gpus: u64::from(asked.gpus),
                ask: asked.ask,
                lapses_at: this.now.saturating_add(this.rules.market_ask_ttl()),
                status: offer::Status::Open,
            });
        });
        Ok(())
    }

    pub fn own_offer(&self, origin: Origin, id: OfferId) -> Result<usize, Refused> {
        let provider = self.provider_of(origin)?;
        match self.offers.get(id.index()) {
            Some(row) if row.provider == provider && row.status != offer::Status::Withdrawn => Ok(id.index()),
            _ => refuse(Rejection::UnknownOffer),
        }
    }

    pub fn requote(&mut self, origin: Origin, asked: Requote) -> Outcome {
        let id = self.own_offer(origin, asked.offer)?;
        if asked.ask == 0 {
            return refuse(Rejection::BadPrice);
        }
        self.happen(Requoted {}, |this| {
            let lapses_at = this.now.saturating_add(this.rules.market_ask_ttl());
            let row = &mut this.offers[id];
            (row.ask, row.lapses_at, row.status) = (asked.ask, lapses_at, offer::Status::Open);
        });
        Ok(())
    }

    pub fn withdraw(&mut self, origin: Origin, id: OfferId) -> Outcome {
        let id = self.own_offer(origin, id)?;
        let open = self.leases.values().filter(|lease| lease.offer == id).count();
        if open > 0 {
            return short_by(Rejection::LeasesOpen, open as u128);
        }
        self.happen(Withdrawn {}, |this| this.offers[id].status = offer::Status::Withdrawn);
        Ok(())
    }
}
