//! Jobs and offers: who gets what, by looking at every pair.

use super::arithmetic::{largest_remainder, share};
use super::{Lease, Progress, Reference, Todo};
use plasma_core::catalogue::{Kind, Resource};
use plasma_core::ids::{JobId, LeaseId, OfferId};
use plasma_core::params::Params;
use plasma_core::protocol::job::{Expired, Failed, Queued};
use plasma_core::protocol::market::Leased;
use plasma_core::protocol::offer::Status;
use plasma_core::protocol::provider;
use plasma_core::protocol::settlement::Settled;
use plasma_core::record::Event;
use plasma_core::time::{Time, YEAR};

/// How long work takes on as many reference GPUs.
pub fn ideal(work: u64, gpus: u64) -> u64 {
    work.div_ceil(gpus)
}

fn price(ask: u64, work: u64) -> u128 {
    (u128::from(ask) * u128::from(work)).div_ceil(1000)
}

impl Reference {
    /// Operations and bytes of a program for sizes; nothing when they cannot be counted.
    pub fn cost(&self, program: usize, sizes: &[u32; 4]) -> Option<[u128; 4]> {
        let mut cost = [0u128; 4];
        for term in &self.catalogue.programs[program].cost {
            let mut product = u128::from(term.coefficient);
            for (size, exponent) in sizes.iter().zip(term.exponents) {
                for _ in 0..exponent {
                    product = product.checked_mul(u128::from(*size))?;
                }
            }
            let kind = match term.resource {
                Resource::F32 => 0,
                Resource::Bf16 => 1,
                Resource::I8 => 2,
                Resource::Bytes => 3,
            };
            cost[kind] = cost[kind].checked_add(product)?;
        }
        Some(cost)
    }

    /// Milli-GPU-seconds of a cost on a class: datatypes one after the other, memory beside them.
    fn work(&self, class: usize, cost: &[u128; 4]) -> Option<u64> {
        let class = &self.catalogue.classes[class];
        let mut compute = 0;
        for (ops, rate) in cost.iter().zip(class.ops_per_ms) {
            if *ops > 0 {
                compute += (rate > 0).then(|| ops.div_ceil(u128::from(rate)))?;
            }
        }
        let memory = if cost[3] == 0 { 0 } else { cost[3].div_ceil(u128::from(class.bytes_per_ms)) };
        u64::try_from(compute.max(memory).max(1)).ok()
    }

    /// The classes that satisfy a job, with its work on each.
    pub fn works(&self, allowed: u64, vram_gib: u16, cost: &[u128; 4]) -> Vec<(usize, u64)> {
        let classes = 0..self.catalogue.classes.len();
        let fits = |&class: &usize| allowed >> class & 1 == 1 && self.catalogue.classes[class].vram_gib >= vram_gib;
        classes.filter(fits).filter_map(|class| Some((class, self.work(class, cost)?))).collect()
    }

    pub fn works_of(&self, job: JobId) -> Vec<(usize, u64)> {
        let asked = &self.jobs[&job].asked;
        let cost = self.cost(asked.program.index(), &asked.sizes).expect("counted when submitted");
        self.works(asked.classes, asked.vram_gib, &cost)
    }

    /// GPUs of an offer that no running lease holds.
    pub fn idle(&self, offer: usize) -> u64 {
        let running = |lease: &&Lease| lease.offer == offer && lease.progress == Progress::Running;
        self.offers[offer].gpus - self.leases.values().filter(running).map(|lease| lease.gpus).sum::<u64>()
    }

    /// Whether a provider may take leases: active, and bonded for every GPU it offers.
    pub fn may_lease(&self, provider: usize) -> bool {
        let needed = u128::from(self.rules.bond_per_gpu()) * u128::from(self.offered_gpus(provider));
        self.providers[provider].status == provider::Status::Active && self.backing(provider) >= needed
    }

    /// GPUs that a provider offers.
    pub fn offered_gpus(&self, provider: usize) -> u64 {
        if self.providers[provider].status == provider::Status::Retired {
            return 0;
        }
        let its = self.offers.iter().filter(|offer| offer.provider == provider && offer.status != Status::Withdrawn);
        its.map(|offer| offer.gpus).sum()
    }

    /// Ask and largest power of two of idle GPUs, of an offer that can be leased.
    pub fn appeal(&self, offer: usize) -> Option<(u64, u64)> {
        let row = &self.offers[offer];
        let idle = self.idle(offer);
        let quoted = row.status == Status::Open && self.may_lease(row.provider) && idle > 0;
        quoted.then(|| (row.ask, 1 << idle.ilog2()))
    }

    /// The cheapest offer in time, whatever the budget: least ask · work, ties by the epoch's hash.
    fn cheapest(&self, id: JobId) -> Option<(usize, u64)> {
        let job = &self.jobs[&id];
        let gpus = 1u64 << job.asked.gpus_log2;
        let mut found = Vec::new();
        for (class, work) in self.works_of(id) {
            let in_time = self.now.saturating_add(ideal(work, gpus)) < job.asked.finish_by;
            for (i, offer) in self.offers.iter().enumerate().filter(|(_, offer)| offer.class == class && in_time) {
                if let Some((ask, room)) = self.appeal(i)
                    && room >= gpus
                    && !job.avoided.contains(&offer.provider)
                {
                    found.push((u128::from(ask) * u128::from(work), self.tie(i), i, work));
                }
            }
        }
        found.into_iter().min().map(|(_, _, offer, work)| (offer, work))
    }

    pub fn match_job(&mut self, id: JobId) {
        let job = self.jobs[&id].clone();
        if job.failures > self.rules.market_retries() || (job.failures > 0 && self.now >= job.asked.finish_by) {
            self.return_tab(id);
            self.happen(Failed { job: id }, |this| this.refund(id));
            self.look_at(job.set);
            return;
        }
        let at_once = self.rules.market_mechanism() == 0;
        let chosen = self.cheapest(id).filter(|_| at_once).filter(|&(offer, work)| self.affords(id, offer, work));
        match chosen {
            Some((offer, work)) => self.lease(id, offer, work),
            None if job.asked.start_by <= self.now => {
                let over: Event = if job.failures > 0 { Failed { job: id }.into() } else { Expired { job: id }.into() };
                self.return_tab(id);
                self.happen(over, |this| this.refund(id));
                self.look_at(job.set);
            }
            None => {
                let place = self.places + 1;
                self.happen(Queued { job: id, place }, |this| {
                    this.places = place;
                    this.jobs.get_mut(&id).expect("the job is open").place = Some(place);
                });
            }
        }
    }

    fn affords(&self, job: JobId, offer: usize, work: u64) -> bool {
        price(self.offers[offer].ask, work) <= self.balances.escrows[&job]
    }

    /// Gives an offer to the first in line that it suits.
    pub fn fill(&mut self, offer: usize) {
        let at_once = self.rules.market_mechanism() == 0;
        if at_once && let Some((job, work)) = self.first_in_line(offer) {
            self.lease(job, offer, work);
        }
    }

    /// The first in line that an offer suits, started now.
    pub fn first_in_line(&self, offer: usize) -> Option<(JobId, u64)> {
        let (_, room) = self.appeal(offer)?;
        let mut line: Vec<_> = self.jobs.values().filter(|job| job.place.is_some()).collect();
        line.sort_by_key(|job| job.place);
        line.into_iter().find_map(|job| {
            let gpus = 1 << job.asked.gpus_log2;
            let (_, work) = self.works_of(job.id).into_iter().find(|&(class, _)| class == self.offers[offer].class)?;
            let in_time = self.now.saturating_add(ideal(work, gpus)) < job.asked.finish_by;
            let suits = room >= gpus && in_time && !job.avoided.contains(&self.offers[offer].provider);
            (suits && self.affords(job.id, offer, work)).then_some((job.id, work))
        })
    }

    fn lease(&mut self, id: JobId, offer: usize, work: u64) {
        self.lease_at(id, offer, work, self.offers[offer].ask);
    }

    /// Leases GPUs of an offer at a price for each GPU-second.
    pub fn lease_at(&mut self, id: JobId, offer: usize, work: u64, ask: u64) {
        let asked = self.jobs[&id].asked;
        let gpus = 1 << asked.gpus_log2;
        let price = price(ask, work) as u64;
        let due = self.now.saturating_add(allowed_span(&self.rules, work, gpus)).min(asked.finish_by);
        let (serial, slot) = self.lease_numbers.take();
        let lease = LeaseId::new(serial, slot);
        let event = Leased { lease, job: id, price, work_mgs: work, due, offer: OfferId(offer as u32), pad: 0 };
        self.happen(event, |this| {
            this.jobs.get_mut(&id).expect("the job is open").place = None;
            let (started, progress) = (this.now, Progress::Running);
            let row = Lease { id: lease, job: id, offer, gpus, price, work, started, due, checks_missed: 0, progress };
            this.leases.insert(lease, row);
            // No other copy of the job goes where this one is.
            let (set, provider) = (this.jobs[&id].set, this.offers[offer].provider);
            let others = this.jobs.values_mut().filter(|job| job.set.is_some() && job.set == set && job.id != id);
            for other in others {
                other.avoided.insert(provider);
            }
        });
        if self.jobs.values().any(|job| job.place.is_some()) && self.appeal(offer).is_some() {
            self.agenda.push_back(Todo::Fill(offer));
        }
    }

    /// Ends a lease that failed: its job goes back to the market and avoids the provider from now on.
    pub fn lose_lease(&mut self, id: LeaseId) {
        let lease = self.close_lease(id);
        let job = self.jobs.get_mut(&lease.job).expect("the job is open");
        job.failures += 1;
        job.avoided.insert(self.offers[lease.offer].provider);
    }

    pub fn close_lease(&mut self, id: LeaseId) -> Lease {
        self.lease_numbers.give_back(id.slot());
        self.leases.remove(&id).expect("the lease is open")
    }

    /// Closes a job and hands back whatever its escrow still holds.
    pub fn refund(&mut self, id: JobId) {
        let job = self.jobs.remove(&id).expect("the job is open");
        if let Some(set) = job.set {
            self.tidy(set);
        }
        self.job_numbers.give_back(id.slot());
        self.balances.accounts[job.customer] += self.balances.escrows.remove(&id).expect("an escrow");
    }

    pub fn settle(&mut self, id: LeaseId) {
        let lease = self.leases[&id].clone();
        if self.catalogue.programs[self.jobs[&lease.job].asked.program.index()].kind == Kind::Deployment {
            self.pay_for_time(id, lease.due - lease.started);
        } else {
            self.pay(id, lease.price, lease.work);
        }
    }

    /// Pays what was served, and for part of the time that the whole work would take.
    pub fn pay_for_time(&mut self, id: LeaseId, used: Time) {
        let lease = self.leases[&id].clone();
        self.pay_receipt(id);
        self.return_tab(lease.job);
        let whole = u128::from(ideal(lease.work, lease.gpus));
        let part = |amount: u64| (u128::from(amount) * u128::from(used).min(whole)).div_ceil(whole) as u64;
        self.pay(id, part(lease.price), part(lease.work));
    }

    /// Pays a payment out of escrow, with the fee in it, for as much work.
    pub fn pay(&mut self, id: LeaseId, payment: u64, work: u64) {
        let fee = share(payment.into(), self.rules.fee_rate()) as u64;
        let weights = [self.rules.fee_burn(), self.rules.fee_treasury(), self.rules.fee_stakers()];
        let [burned, treasury, stakers] = largest_remainder(fee, &weights)[..] else { unreachable!() };
        let net = payment - fee;
        let offer = self.leases[&id].offer;
        let burns = matches!(self.rules.settle_mode(), 1 | 2);
        let (paid, burned) = if burns { (0, burned + net) } else { (self.revalue(id, net), burned) };
        let payment = u128::from(paid) + u128::from(burned) + u128::from(treasury) + u128::from(stakers);
        self.happen(Settled { lease: id, paid, burned, treasury, stakers, work_mgs: work }, |this| {
            let lease = this.close_lease(id);
            let offer = &this.offers[lease.offer];
            let weight = u128::from(this.weights[offer.class]);
            let weighted = (u128::from(work) * weight / 1_000_000_000).min(u64::MAX.into());
            this.paid += payment;
            this.worked = (u128::from(this.worked) + weighted).min(u64::MAX.into()) as u64;
            let weighted = [weighted, payment, burned.into()][this.rules.emission_weight() as usize];
            let provider = &mut this.providers[offer.provider];
            provider.work = (provider.work + weighted).min(u64::MAX.into());
            let owner = provider.owner;
            *this.balances.escrows.get_mut(&lease.job).expect("an escrow") -= payment;
            this.balances.accounts[owner] += u128::from(paid);
            this.balances.burned += u128::from(burned);
            this.balances.treasury += u128::from(treasury);
            this.balances.staker_pool += u128::from(stakers);
            this.refund(lease.job);
        });
        self.withhold(offer, paid);
    }
}

/// How long a lease may take: its ideal time with slack, or with grace, whichever is more.
fn allowed_span(rules: &Params, work: u64, gpus: u64) -> Time {
    let ideal = u128::from(ideal(work, gpus));
    let slack = share(ideal, rules.market_lease_slack());
    let span = slack.max(ideal + u128::from(rules.market_lease_grace()));
    span.min(u128::from(10_000 * YEAR)) as Time
}
