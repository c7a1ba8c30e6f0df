//! The market: which offer a job gets.
//!
//! `posted`: the offer that fits and is cheapest, where cheapest means least ask × work on its class; the customer pays the ask.
//! Equal prices are ordered by a keyed hash of the epoch's beacon, so that no provider is favoured for its number. A job that
//! nothing fits waits in line; a freed or cheapened offer goes to the first in line that it fits and that can pay.

use crate::catalogue::GpuClass;
use crate::engine::book::Quote;
use crate::engine::derived::{Derived, Task};
use crate::engine::state::State;
use crate::ids::{ClassId, JobId, LeaseId, OfferId};
use crate::money::price_of;
use crate::protocol::job::{Expired, Failed, Job, Queued};
use crate::protocol::lease::{Lease, LeaseOverdue, Stage};
use crate::record::{Apply, Event, Record, Timer, payload};
use crate::time::Time;

payload! {
    /// GPUs of an offer were leased to a job.
    pub struct Leased {
        /// The lease's identifier.
        pub lease: LeaseId,
        /// The job that got them.
        pub job: JobId,
        /// Nano-XPL that will be paid for the whole work.
        pub price: u64,
        /// The work, in milli-GPU-seconds of the offer's class.
        pub work_mgs: u64,
        /// When the result must be committed.
        pub due: Time,
        /// Whose GPUs.
        pub offer: OfferId,
        /// Zero.
        pub pad: u32,
    }
}

/// The classes a job allows and that have the memory it needs.
pub(crate) fn classes_for<'s>(state: &'s State, allowed: u64, vram_gib: u16) -> impl Iterator<Item = (ClassId, &'s GpuClass)> {
    let classes = state.catalogue.classes.iter().enumerate();
    classes
        .filter(move |(i, class)| allowed >> i & 1 == 1 && class.vram_gib >= vram_gib)
        .map(|(i, class)| (ClassId(i as u8), class))
}

/// The work of a job on each class that it may wait for: where even its latest start meets its deadline.
pub(crate) fn work_by_class<'s>(state: &'s State, job: &'s Job) -> impl Iterator<Item = (ClassId, u64)> + 's {
    let cost = state.catalogue.program(job.program).and_then(|program| program.cost(&job.sizes)).unwrap_or_default();
    classes_for(state, job.classes, job.vram_gib).filter_map(move |(id, class)| Some((id, class.work_mgs(&cost)?)))
}

/// How long `work_mgs` takes on `gpus` reference GPUs.
#[inline]
pub(crate) fn ideal_span(work_mgs: u64, gpus: u16) -> u64 {
    work_mgs.div_ceil(u64::from(gpus))
}

// Decide

/// Finds the job an offer, puts it in line, or gives it up.
pub(crate) fn match_job(state: &State, derived: &Derived, id: JobId, now: Time, events: &mut Vec<Event>) {
    let Some(job) = state.job(id) else { return };
    if u64::from(job.failures) > state.params.market_retries() || (job.failures > 0 && now >= job.finish_by) {
        events.push(Failed { job: id }.into());
        return;
    }
    let mut best: Option<(u128, &Quote, u64)> = None;
    let program = state.catalogue.program(job.program);
    let cost = program.and_then(|program| program.cost(&job.sizes)).unwrap_or_default();
    for (id, class) in classes_for(state, job.classes, job.vram_gib) {
        let elsewhere = |offer: OfferId| state.offers[offer.index()].provider != job.avoid;
        let Some(quote) = derived.book.cheapest(id, job.gpus_log2, elsewhere) else { continue };
        let Some(work) = class.work_mgs(&cost) else { continue };
        let price = u128::from(quote.ask) * u128::from(work);
        let in_time = now.saturating_add(ideal_span(work, job.gpus())) < job.finish_by;
        let cheaper = best.is_none_or(|(least, other, _)| price < least || (price == least && quote.tie < other.tie));
        if in_time && cheaper {
            best = Some((price, quote, work));
        }
    }
    let leased = best.and_then(|(_, quote, work)| lease(state, job, quote.offer, work, now));
    events.push(match leased {
        Some(leased) => leased.into(),
        None if job.start_by <= now && job.failures > 0 => Failed { job: id }.into(),
        None if job.start_by <= now => Expired { job: id }.into(),
        None => Queued { job: id, place: state.clock.queue_places + 1 }.into(),
    });
}

/// Gives an offer that has room to the first job in line that it fits.
pub(crate) fn fill_offer(state: &State, derived: &Derived, id: OfferId, now: Time, events: &mut Vec<Event>) {
    let Some(quote) = derived.book.quote(id) else { return };
    let offer = &state.offers[id.index()];
    let fits = |job: JobId| state.job(job).is_some_and(|job| job.avoid != offer.provider);
    let Some(job) = derived.line.first(quote, fits).and_then(|job| state.job(job)) else { return };
    let Some((_, work)) = work_by_class(state, job).find(|&(class, _)| class == quote.class) else { return };
    if let Some(leased) = lease(state, job, id, work, now) {
        events.push(leased.into());
    }
}

fn lease(state: &State, job: &Job, offer: OfferId, work_mgs: u64, now: Time) -> Option<Leased> {
    let price = price_of(state.offers[offer.index()].ask, work_mgs).filter(|&price| price <= job.escrow)?;
    let (serial, slot) = state.leases.next()?;
    let due = now.saturating_add(state.params.lease_span(work_mgs, u32::from(job.gpus()))).min(job.finish_by);
    Some(Leased { lease: LeaseId::new(serial, slot), job: job.id, price, work_mgs, due, offer, pad: 0 })
}

// Apply

impl Apply for Leased {
    fn apply(&self, state: &mut State, record: &Record) {
        let job = state.jobs.row_mut(self.job.0);
        let gpus = job.gpus();
        job.lease = self.lease;
        job.queued_as = 0;
        state.leases.open(Lease {
            id: self.lease,
            job: self.job,
            price: self.price,
            work_mgs: self.work_mgs,
            started: record.time,
            due: self.due,
            gpus,
            offer: self.offer,
            stage: Stage::Running,
            ..Lease::default()
        });
        let offer = &mut state.offers[self.offer.index()];
        offer.free -= gpus;
        offer.leases += 1;
        state.providers[offer.provider.index()].leases += 1;
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.due, Timer::LeaseOverdue(LeaseOverdue { lease: self.lease }));
        derived.line.leave(self.job);
        derived.requote(state, self.offer);
        if !derived.line.is_empty() && derived.book.quote(self.offer).is_some() {
            derived.tasks.push_back(Task::Fill(self.offer));
        }
    }
}
