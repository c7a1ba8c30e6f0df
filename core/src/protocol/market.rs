//! The market: which offer a job gets.
//!
//! Here is `posted`; the mechanisms that clear in [batches](crate::protocol::batch) put every job in line and lease from there.
//!
//! `posted`: the offer that fits and is cheapest, where cheapest means least ask × work on its class; the customer pays the ask.
//! Equal prices are ordered by a keyed hash of the epoch's beacon, so that no provider is favoured for its number. A job that
//! nothing fits waits in line; a freed or cheapened offer goes to the first in line that it fits and that can pay.

use crate::catalogue::GpuClass;
use crate::engine::book::Quote;
use crate::engine::derived::Derived;
use crate::engine::state::State;
use crate::formula::auction::posted::{self, ideal_span};
use crate::ids::{ClassId, JobId, LeaseId, OfferId};
use crate::money::price_of;
use crate::params::mechanism::POSTED;
use crate::protocol::job::{Expired, Failed, Job, Queued};
use crate::protocol::lease::{Lease, LeaseOverdue, Stage};
use crate::protocol::receipt;
use crate::protocol::verification::copies;
use crate::protocol::verification::policy::Policy;
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

/// The work of a job on each class that it allows.
pub(crate) fn work_by_class<'s>(state: &'s State, job: &'s Job) -> impl Iterator<Item = (ClassId, u64)> + 's {
    let cost = state.catalogue.program(job.program).and_then(|program| program.cost(&job.sizes)).unwrap_or_default();
    classes_for(state, job.classes, job.vram_gib).filter_map(move |(id, class)| Some((id, class.work_mgs(&cost)?)))
}

/// When it is too late to start `work_mgs` of a job: whatever starts before ends before its deadline.
#[inline]
pub(crate) fn last_start(job: &Job, work_mgs: u64) -> Time {
    job.finish_by.saturating_sub(ideal_span(work_mgs, job.gpus()))
}

// Decide

/// Finds the job an offer, puts it in line, or gives it up.
pub(crate) fn match_job(state: &State, derived: &Derived, id: JobId, now: Time, events: &mut Vec<Event>) {
    let Some(job) = state.job(id) else { return };
    if u64::from(job.failures) > state.params.market_retries() || (job.failures > 0 && now >= job.finish_by) {
        give_up(state, job, Failed { job: id }.into(), events);
        return;
    }
    let at_once = state.params.market_mechanism() == POSTED;
    let leased = if at_once { cheapest(state, derived, job, now) } else { None };
    match leased {
        Some(leased) => events.push(leased.into()),
        None if job.start_by <= now && job.failures > 0 => give_up(state, job, Failed { job: id }.into(), events),
        None if job.start_by <= now => give_up(state, job, Expired { job: id }.into(), events),
        None => events.push(Queued { job: id, place: state.clock.queue_places + 1 }.into()),
    }
}

/// Ends a job without a result; what is in its tab returns with its escrow.
fn give_up(state: &State, job: &Job, over: Event, events: &mut Vec<Event>) {
    receipt::return_rest(state, job.id, events);
    events.push(over);
}

/// The cheapest offer that fits, if the job can pay it.
#[inline]
fn cheapest(state: &State, derived: &Derived, job: &Job, now: Time) -> Option<Leased> {
    let mut best: Option<(posted::Cost, &Quote, u64)> = None;
    let program = state.catalogue.program(job.program);
    let needs = program.and_then(|program| program.cost(&job.sizes)).unwrap_or_default();
    let avoided = state.avoided(job);
    for (id, class) in classes_for(state, job.classes, job.vram_gib) {
        let Some(quote) = derived.book.cheapest(id, job.gpus_log2, avoided) else { continue };
        let Some(work) = class.work_mgs(&needs) else { continue };
        let cost = posted::cost(quote.ask, work, quote.tie);
        if now < last_start(job, work) && best.is_none_or(|(least, ..)| cost < least) {
            best = Some((cost, quote, work));
        }
    }
    best.and_then(|(_, quote, work)| lease(state, job, quote.offer, work, now))
}

/// Gives an offer that has room to the first job in line that it fits. Where the market clears in batches, it waits for the next.
pub(crate) fn fill_offer(state: &State, derived: &Derived, id: OfferId, now: Time, events: &mut Vec<Event>) {
    if state.params.market_mechanism() != POSTED {
        return;
    }
    let Some(quote) = derived.book.quote(id) else { return };
    let offer = &state.offers[id.index()];
    let work_here = |job: &Job| work_by_class(state, job).find_map(|(class, work)| (class == quote.class).then_some(work));
    let fits = |id: JobId| state.job(id).is_some_and(|job| work_here(job).is_some_and(|work| now < last_start(job, work)));
    let Some(job) = derived.line.first(quote, offer.provider, fits).and_then(|job| state.job(job)) else { return };
    let Some(work) = work_here(job) else { return };
    if let Some(leased) = lease(state, job, id, work, now) {
        events.push(leased.into());
    }
}

fn lease(state: &State, job: &Job, offer: OfferId, work_mgs: u64, now: Time) -> Option<Leased> {
    terms(state, job, offer, state.offers[offer.index()].ask, work_mgs, now, state.leases.next()?)
}

/// What a lease of an offer says, at a price in nano-XPL per reference GPU-second; `None` when the job cannot pay it.
#[inline]
pub(crate) fn terms(
    state: &State,
    job: &Job,
    offer: OfferId,
    ask: u64,
    work_mgs: u64,
    now: Time,
    (serial, slot): (u64, u32),
) -> Option<Leased> {
    let price = price_of(ask, work_mgs).filter(|&price| price <= job.escrow)?;
    let due = now.saturating_add(state.params.lease_span(work_mgs, u32::from(job.gpus()))).min(job.finish_by);
    Some(Leased { lease: LeaseId::new(serial, slot), job: job.id, price, work_mgs, due, offer, pad: 0 })
}

// Apply

impl Apply for Leased {
    fn apply(&self, state: &mut State, record: &Record) {
        let job = state.jobs.row_mut(self.job.0);
        let (gpus, redundant) = (job.gpus(), job.policy == Policy::Redundant);
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
        let provider = offer.provider;
        state.providers[provider.index()].leases += 1;
        if redundant {
            copies::leased(state, self.job, provider);
        }
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.due, Timer::LeaseOverdue(LeaseOverdue { lease: self.lease }));
        derived.line.leave(self.job);
        if !derived.line.is_empty() && state.jobs.row(self.job.0).policy == Policy::Redundant {
            copies::follow_lease(state, self.job, state.offers[self.offer.index()].provider, derived);
        }
        derived.requote(state, self.offer);
        if !derived.line.is_empty() && derived.book.quote(self.offer).is_some() {
            derived.fill(state, self.offer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::auction;
    use crate::ids::{AccountId, ProviderId};
    use crate::money::XPL;
    use crate::protocol::job::Submit;
    use crate::protocol::offer::{Offer, PostOffer, Requote};
    use crate::record::Origin;
    use crate::testing::{Bench, hour_job, leased, names};
    use crate::time::{HOUR, MINUTE};
    use proptest::prelude::*;
    use std::cell::Cell;

    #[test]
    fn cheapest_is_ask_times_work_not_ask() {
        let mut bench = Bench::new(&[]);
        bench.provide(0, 1, 10 * XPL);
        // Twice as fast at 19: 1 800 GPU-seconds cost 34 200 against 36 000.
        bench.provide(1, 1, 99 * XPL);
        bench.by(1, PostOffer { ask: 19 * XPL, gpus: 1, class: ClassId(1), pad: [0; 5] });
        let submit = hour_job(bench.now);
        let (.., offer, price) = leased(&bench.by(2, submit)).expect("a lease");
        assert_eq!((offer, price), (OfferId(2), 34_200 * XPL));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// The book, which shows the market a few of its offers, and the rule, which looks at all of them.
        #[test]
        fn the_book_finds_what_the_rule_says(
            offers in prop::collection::vec((0..2u32, 0..2u8, 1..9u64, 1..9u16), 1..12), sizes in prop::collection::vec(0..4u8, 1..4),
        ) {
            let mut bench = Bench::new(&[("fee.base", 0)]);
            [0, 1].iter().for_each(|&account| bench.provide(account, 1, 100 * XPL));
            for &(account, class, ask, gpus) in &offers {
                bench.by(account, PostOffer { ask: ask * XPL, gpus, class: ClassId(class), pad: [0; 5] });
            }
            for gpus_log2 in sizes {
                let submit = Submit { gpus_log2, ..hour_job(bench.now) };
                let asks = bench.engine.view_derived(|state, derived| {
                    let tie = |id| derived.book.quote(OfferId(id)).map_or(0, |quote| quote.tie);
                    let ask = |(id, offer): (u32, &Offer)| auction::Ask {
                        price: offer.ask,
                        tie: tie(id),
                        seller: offer.provider.0,
                        gpus: offer.free,
                        class: offer.class.0,
                    };
                    (0..).zip(state.offers()).map(ask).collect::<Vec<_>>()
                });
                // An hour on the first class, half of one on the second.
                let wanted = posted::Wanted {
                    ways: &[(0, HOUR), (1, HOUR / 2)],
                    gpus: 1 << gpus_log2,
                    shuns: &[],
                    budget: submit.budget,
                    within: submit.finish_by - bench.now,
                };
                let found = leased(&bench.by(2, submit)).map(|(.., offer, price)| (offer.index(), price));
                prop_assert_eq!(found, posted::cheapest(&asks, &wanted));
            }
        }
    }

    #[test]
    fn leases_share_an_offer_until_its_gpus_are_taken() {
        let mut bench = Bench::new(&[]);
        bench.provide(0, 7, XPL);
        let mut submit = |gpus_log2| {
            let submit = Submit { gpus_log2, ..hour_job(bench.now) };
            names(&bench.by(2, submit))
        };
        assert_eq!(submit(2), ["Submitted", "Leased"]);
        assert_eq!(submit(2), ["Submitted", "Queued"]);
        assert_eq!(submit(1), ["Submitted", "Leased"]);
        assert_eq!(submit(0), ["Submitted", "Leased"]);
        assert_eq!(submit(0), ["Submitted", "Queued"]);
        bench.engine.view(|state| assert_eq!((state.offers()[0].free, state.offers()[0].leases), (0, 3)));
    }

    #[test]
    fn a_freed_offer_goes_to_the_first_in_line_that_fits() {
        let mut bench = Bench::new(&[("fee.base", 0)]);
        bench.provide(0, 1, XPL);
        let first = hour_job(bench.now);
        let (running, ..) = leased(&bench.by(2, first)).expect("a lease");
        // Too large, too poor, then two that fit.
        let waiting: Vec<JobId> = [(1, 36_000), (0, 3_599), (0, 3_600), (0, 36_000)]
            .map(|(gpus_log2, budget)| {
                let submit = Submit { gpus_log2, budget: budget * XPL, ..hour_job(bench.now) };
                let Event::Queued(queued) = bench.by(3, submit)[1] else { panic!("not queued") };
                queued.job
            })
            .to_vec();
        let events = bench.commit(0, running);
        assert_eq!(names(&events), ["Committed", "Settled", "Leased"]);
        let (lease, job, ..) = leased(&events).expect("a lease");
        assert_eq!(job, waiting[2]);
        let (_, job, ..) = leased(&bench.commit(0, lease)).expect("a lease");
        assert_eq!(job, waiting[3]);
    }

    #[test]
    fn a_cheaper_ask_serves_whoever_can_pay_it_now() {
        let mut bench = Bench::new(&[]);
        bench.provide(0, 2, 20 * XPL);
        let jobs = [10, 5].map(|most| {
            let submit = Submit { budget: most * 3_600 * XPL, ..hour_job(bench.now) };
            let Event::Queued(queued) = bench.by(2, submit)[1] else { panic!("not queued") };
            queued.job
        });
        let mut requote = |ask| bench.by(0, Requote { ask: ask * XPL, offer: OfferId(0), pad: 0 });
        assert_eq!(names(&requote(11)), ["Requoted"]);
        let (_, job, _, price) = leased(&requote(9)).expect("a lease");
        assert_eq!((job, price), (jobs[0], 32_400 * XPL));
        assert_eq!(leased(&requote(5)).map(|(_, job, ..)| job), Some(jobs[1]));
    }

    /// Who can no longer finish in time waits on for faster classes, and is in nobody's way.
    #[test]
    fn an_offer_is_not_shown_again_to_those_who_wait_in_vain() {
        let mut bench = Bench::new(&[("fee.base", 0)]);
        let day = bench.now;
        let (budget, start_by, finish_by) = (3_600 * XPL, day + 165 * MINUTE, day + 3 * HOUR);
        let waiting = Submit { budget, start_by, finish_by, ..hour_job(day) };
        for _ in 0..50 {
            assert_eq!(names(&bench.by(2, waiting)), ["Submitted", "Queued"]);
        }
        let asked = |bench: &mut Bench, class| {
            let quote = Quote { ask: XPL, tie: 0, offer: OfferId(0), room: 0, class: ClassId(class) };
            let asked = Cell::new(0);
            let nobody = |_| {
                asked.set(asked.get() + 1);
                false
            };
            bench.engine.view_derived(|_, derived| assert_eq!(derived.line.first(&quote, ProviderId(0), nobody), None));
            asked.get()
        };
        bench.wait(day + 2 * HOUR - bench.now);
        bench.provide(0, 1, XPL);
        assert_eq!(
            (asked(&mut bench, 0), asked(&mut bench, 1)),
            (0, 50),
            "two hours are left, of which the fast need half of one"
        );
        bench.wait(day + 150 * MINUTE - bench.now);
        let cheaper = Requote { ask: XPL - 1, offer: OfferId(0), pad: 0 };
        assert_eq!(names(&bench.by(0, cheaper)), ["Requoted"]);
        assert_eq!((asked(&mut bench, 0), asked(&mut bench, 1)), (0, 0));
        // Until their patience ends they are in line; whoever comes now is served.
        bench.engine.view_derived(|_, derived| assert_eq!(derived.line.len(), 50));
        let submit = hour_job(bench.now);
        assert_eq!(names(&bench.by(3, submit)), ["Submitted", "Leased"]);
        assert_eq!(names(&bench.wait(15 * MINUTE)), ["Expired"; 50]);
    }

    /// Whose other copy a provider executes, or whom it has failed, is in nobody's way.
    #[test]
    fn an_offer_is_not_shown_to_those_who_avoid_its_provider() {
        let mut bench = Bench::new(&[("fee.base", 0)]);
        bench.provide(0, 50, XPL);
        let redundant = Submit { policy: Policy::Redundant, copies: 2, budget: 3_600 * XPL, ..hour_job(bench.now) };
        for _ in 0..50 {
            let events = bench.by(2, redundant);
            assert_eq!(names(&events), ["Submitted", "Copied", "Leased", "Queued"]);
        }
        let asked = |bench: &mut Bench, provider| {
            let quote = Quote { ask: XPL, tie: 0, offer: OfferId(0), room: 5, class: ClassId(0) };
            let asked = Cell::new(0);
            let nobody = |_| {
                asked.set(asked.get() + 1);
                false
            };
            bench.engine.view_derived(|_, derived| assert_eq!(derived.line.first(&quote, ProviderId(provider), nobody), None));
            asked.get()
        };
        assert_eq!((asked(&mut bench, 0), asked(&mut bench, 1)), (0, 50));
        bench.provide(1, 1, XPL);
        assert_eq!((asked(&mut bench, 0), asked(&mut bench, 1)), (0, 49));
    }

    /// A copy may wait before the others are leased.
    #[test]
    fn who_waits_comes_to_avoid_a_provider() {
        let mut bench = Bench::new(&[("fee.base", 0)]);
        let redundant = Submit { policy: Policy::Redundant, copies: 3, ..hour_job(bench.now) };
        assert_eq!(names(&bench.by(2, redundant)), ["Submitted", "Copied", "Copied", "Queued", "Queued", "Queued"]);
        bench.provide(0, 3, XPL);
        bench.engine.view_derived(|state, derived| {
            assert_eq!((derived.line.len(), state.leases.len()), (2, 1));
            derived.check(state).expect("kept as rebuilt");
        });
        bench.provide(1, 3, XPL);
        bench.engine.view(|state| assert_eq!(state.leases.len(), 2));
    }

    #[test]
    fn a_lease_that_would_end_late_is_not_made() {
        let mut bench = Bench::new(&[]);
        bench.provide(0, 1, XPL);
        let late = Submit { finish_by: bench.now + HOUR, start_by: bench.now, ..hour_job(bench.now) };
        assert_eq!(names(&bench.by(2, late)), ["Submitted", "Expired"]);
        let just = Submit { finish_by: bench.now + HOUR + 1, start_by: bench.now, ..hour_job(bench.now) };
        let events = bench.send(Origin::Account(AccountId(2)), just);
        let Event::Leased(leased) = events[1] else { panic!("{events:?}") };
        assert_eq!(leased.due, just.finish_by);
    }
}
