//! Markets that clear in batches: what waits, what is sealed, and what a clearing makes of it.

use super::auctions::{Orders, Sale, Want};
use super::commands::{Outcome, refuse, short_by};
use super::market::ideal;
use super::{Envelope, Reference};
use plasma_core::ids::{ClassId, JobId, OfferId};
use plasma_core::protocol::batch::{BatchCleared, BatchClosed, ClassCleared};
use plasma_core::protocol::sealed::{AskForfeited, AskRevealed, AskSealed, RevealAsk, SealAsk};
use plasma_core::record::Origin;
use plasma_core::rejection::Rejection;

const SEALED: u64 = 2;

impl Reference {
    /// Asks are sealed in even batches and revealed in odd ones.
    pub fn revealing(&self) -> bool {
        !self.batch.is_multiple_of(2)
    }

    fn in_phase(&self, revealing: bool) -> Outcome {
        if self.rules.market_mechanism() != SEALED {
            return refuse(Rejection::NoSealedAsks);
        }
        if self.revealing() != revealing {
            return short_by(Rejection::WrongPhase, u128::from(self.closes_at - self.now));
        }
        Ok(())
    }

    pub fn seal(&mut self, origin: Origin, asked: SealAsk) -> Outcome {
        let offer = self.own_offer(origin, asked.offer)?;
        self.in_phase(false)?;
        let held = self.envelopes.get(&offer).map_or(0, |envelope| envelope.deposit);
        let deposit = self.rules.market_deposit() - held;
        let owner = Self::account_of(origin)?;
        self.has(owner, deposit)?;
        self.happen(AskSealed { deposit }, |this| {
            this.balances.accounts[owner] -= u128::from(deposit);
            this.balances.sealed += u128::from(deposit);
            this.envelopes.insert(offer, Envelope { digest: asked.digest, deposit: held + deposit, price: None });
        });
        Ok(())
    }

    pub fn reveal(&mut self, origin: Origin, asked: RevealAsk) -> Outcome {
        let offer = self.own_offer(origin, asked.offer)?;
        self.in_phase(true)?;
        let Some(envelope) = self.envelopes.get(&offer).filter(|envelope| envelope.price.is_none()) else {
            return refuse(Rejection::NothingSealed);
        };
        if asked.price == 0 {
            return refuse(Rejection::BadPrice);
        }
        let provider = self.offers[offer].provider;
        if super::chance::sealed(provider, offer, asked.price, &asked.salt) != envelope.digest {
            return refuse(Rejection::BadOpening);
        }
        let (deposit, owner) = (envelope.deposit, Self::account_of(origin)?);
        self.happen(AskRevealed { deposit }, |this| {
            this.balances.sealed -= u128::from(deposit);
            this.balances.accounts[owner] += u128::from(deposit);
            let envelope = this.envelopes.get_mut(&offer).expect("just seen");
            (envelope.price, envelope.deposit) = (Some(asked.price), 0);
        });
        Ok(())
    }

    pub fn close_batch(&mut self) {
        let next_closes = self.now + self.rules.market_batch();
        self.happen(BatchClosed { next_closes }, |this| {
            this.batch += 1;
            this.closes_at = next_closes;
            if this.revealing() {
                this.called = this.places;
            }
        });
        if self.rules.market_mechanism() != SEALED || !self.revealing() {
            self.clear();
        }
    }

    fn clear(&mut self) {
        let silent: Vec<_> = self.envelopes.iter().filter(|(_, envelope)| envelope.price.is_none()).map(|(&k, _)| k).collect();
        for offer in silent {
            let deposit = self.envelopes[&offer].deposit;
            self.happen(AskForfeited { deposit, offer: OfferId(offer as u32), pad: 0 }, |this| {
                this.envelopes.remove(&offer);
                this.balances.sealed -= u128::from(deposit);
                this.balances.burned += u128::from(deposit);
            });
        }
        let (orders, jobs) = self.orders();
        let rules = &self.rules;
        let (trades, standing, surplus, gap) = match rules.market_mechanism() {
            1 => orders.uniform(),
            SEALED => orders.sealed(rules.market_payment() == 1),
            _ => orders.algorithmic(rules.market_target(), rules.market_rate(), rules.market_reserve()),
        };
        let mut leased = vec![0u32; standing.len()];
        for &(want, sale, price) in &trades {
            let Sale { class, offer, .. } = orders.sales[sale];
            let work = orders.wants[want].ways.iter().find(|way| way.0 == class).expect("a way").1;
            leased[class] += orders.wants[want].gpus as u32;
            self.lease_at(jobs[want], offer, work, price);
        }
        for (class, (&standing, gpus)) in standing.iter().zip(leased).enumerate() {
            if gpus > 0 || standing != self.standing[class] {
                let event = ClassCleared { standing, gpus, class: ClassId(class as u8), pad: [0; 3] };
                self.happen(event, |this| this.standing[class] = standing);
            }
        }
        if !orders.wants.is_empty() || !self.envelopes.is_empty() {
            let capped = |amount| u64::try_from(amount).unwrap_or(u64::MAX);
            let (bids, asks, trades) = (orders.wants.len() as u32, orders.sales.len() as u32, trades.len() as u32);
            let event = BatchCleared { surplus: capped(surplus), gap: capped(gap), bids, asks, trades, pad: 0 };
            self.happen(event, |this| this.envelopes.clear());
        }
    }

    /// Everybody who waits, in the order of the line, and everything that is idle.
    fn orders(&self) -> (Orders, Vec<JobId>) {
        let sealed = self.rules.market_mechanism() == SEALED;
        let ask = |offer: usize| match sealed {
            true => self.envelopes.get(&offer).and_then(|envelope| envelope.price),
            false => Some(self.offers[offer].ask),
        };
        let on_sale = (0..self.offers.len()).filter(|&offer| self.appeal(offer).is_some());
        let sales = on_sale.filter_map(|offer| {
            let row = &self.offers[offer];
            let (seller, class, gpus) = (row.provider, row.class, self.idle(offer));
            Some(Sale { offer, seller, class, ask: ask(offer)?, gpus, tie: self.tie(offer) })
        });
        let mut line: Vec<_> = self.jobs.values().filter(|job| job.place.is_some()).collect();
        line.retain(|job| !sealed || job.place <= Some(self.called));
        line.sort_by_key(|job| job.place);
        let (mut wants, mut jobs) = (Vec::new(), Vec::new());
        for job in line {
            let gpus = 1u64 << job.asked.gpus_log2;
            let mut ways = Vec::new();
            for (class, work) in self.works_of(job.id) {
                let limit = u64::try_from(self.balances.escrows[&job.id] * 1000 / u128::from(work)).unwrap_or(u64::MAX);
                if limit > 0 && self.now.saturating_add(ideal(work, gpus)) < job.asked.finish_by {
                    ways.push((class, work, limit));
                }
            }
            // Of the copies of a job, one at a time.
            let before = job.set.is_some() && jobs.iter().any(|other| self.jobs[other].set == job.set);
            if !ways.is_empty() && !before {
                let avoided = job.avoided.iter().copied().collect();
                wants.push(Want { gpus, tie: self.tie_of_job(job.id), avoided, ways });
                jobs.push(job.id);
            }
        }
        let busy = |class| {
            let its = (0..self.offers.len()).filter(|&offer| self.offers[offer].class == class);
            its.map(|offer| self.offers[offer].gpus - self.idle(offer)).sum()
        };
        let busy = (0..self.standing.len()).map(busy).collect();
        (Orders { sales: sales.collect(), wants, standing: self.standing.clone(), busy }, jobs)
    }
}
