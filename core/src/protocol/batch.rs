//! Batches: markets that collect orders and clear them together, every `market.batch`.
//!
//! Every job waits in line for the next clearing. Then all that wait and every idle offer are shown to the [`Mechanism`] in force,
//! whose trades become leases; what it did not serve waits on, as long as its patience lasts. Who came first within a batch does
//! not matter: equal orders are ranked by a keyed hash of the epoch's beacon. A job whose patience ends at the moment of a clearing
//! is not in it.

use crate::engine::derived::{Derived, Task};
use crate::engine::state::State;
use crate::engine::waiting::highest_ask;
use crate::formula::auction::algorithmic::Algorithmic;
use crate::formula::auction::sealed::{Payment, Sealed};
use crate::formula::auction::uniform::Uniform;
use crate::formula::auction::{Ask, Batch, Bid, Class, FEMTO, Mechanism, Way};
use crate::ids::{ClassId, JobId, OfferId};
use crate::params::{Params, mechanism, payment};
use crate::protocol::job::Job;
use crate::protocol::market::{last_start, terms, work_by_class};
use crate::protocol::sealed::{self, Envelope};
use crate::record::{Apply, Event, Fire, Record, Timer, payload};
use crate::time::{NEVER, Time};
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

// Components

/// The batches of the market.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Market {
    /// When the running batch closes; [`NEVER`] where jobs are matched at once.
    pub closes_at: Time,
    /// Batches closed so far.
    pub batch: u64,
    /// `sealed`: places in line that had been given when asks began to be revealed. Whoever came later could have seen them.
    pub called: u64,
    /// By class, in femto-XPL per reference GPU-second: the price at which it last cleared, or for `algorithmic` will clear next.
    pub standing: Vec<u64>,
    /// `sealed`: the asks of the running auction.
    #[rkyv(with = rkyv::with::AsVec)]
    pub envelopes: BTreeMap<OfferId, Envelope>,
}

payload! {
    /// The running batch closes.
    pub struct BatchDue {}

    /// A batch closed and the next one began.
    pub struct BatchClosed {
        /// When the next one closes.
        pub next_closes: Time,
    }

    /// What waited was cleared.
    pub struct BatchCleared {
        /// GPUs × (limit − ask) over all trades, in nano-XPL per second; the largest number there is if more.
        pub surplus: u64,
        /// What another choice of trades could have added at most; zero when there is none better.
        pub gap: u64,
        /// Jobs that could be served.
        pub bids: u32,
        /// Offers that were for sale.
        pub asks: u32,
        /// Leases that were made.
        pub trades: u32,
        /// Zero.
        pub pad: u32,
    }

    /// A class traded in a batch, or its standing price moved.
    pub struct ClassCleared {
        /// Its standing price from now on, in femto-XPL per reference GPU-second.
        pub standing: u64,
        /// GPUs that were leased.
        pub gpus: u32,
        /// Which class.
        pub class: ClassId,
        /// Zero.
        pub pad: [u8; 3],
    }
}

impl Market {
    /// The market at genesis, for a catalogue of so many classes.
    pub fn opening(params: &Params, classes: usize, start: Time) -> Self {
        let (closes_at, standing) = match params.market_mechanism() {
            mechanism::POSTED => (NEVER, 0),
            mechanism::ALGORITHMIC => (start.saturating_add(params.market_batch()), params.market_opening() * FEMTO),
            _ => (start.saturating_add(params.market_batch()), 0),
        };
        Self { closes_at, standing: vec![standing; classes], ..Self::default() }
    }

    /// `sealed`: whether asks are being revealed; otherwise they are being sealed.
    pub const fn revealing(&self) -> bool {
        self.batch % 2 == 1
    }

    /// The standing price of a class in whole nano-XPL per reference GPU-second; zero when it never traded.
    pub fn price(&self, class: ClassId) -> u64 {
        self.standing.get(class.index()).map_or(0, |standing| standing / FEMTO)
    }
}

/// Everything that is cleared together, and whose it is.
struct Orders {
    asks: Vec<Ask>,
    bids: Vec<Bid>,
    classes: Vec<Class>,
    offers: Vec<OfferId>,
    jobs: Vec<JobId>,
}

// Decide

impl Fire for BatchDue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.market.closes_at == time
    }

    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) {
        events.push(BatchClosed { next_closes: record.time.saturating_add(state.params.market_batch()) }.into());
    }
}

/// Clears the batch that has just closed, by the mechanism in force.
pub(crate) fn clear(state: &State, derived: &Derived, now: Time, events: &mut Vec<Event>) {
    let params = &*state.params;
    match params.market_mechanism() {
        mechanism::UNIFORM => clear_by(&Uniform, state, derived, now, events),
        // The first batch of an auction only seals.
        mechanism::SEALED if state.market.revealing() => {}
        mechanism::SEALED => {
            sealed::forfeit(state, events);
            let payment = if params.market_payment() == payment::FIRST { Payment::First } else { Payment::Second };
            clear_by(&Sealed(payment), state, derived, now, events);
        }
        mechanism::ALGORITHMIC => {
            let (target, rate, reserve) = (params.market_target(), params.market_rate(), params.market_reserve());
            clear_by(&Algorithmic { target, rate, reserve }, state, derived, now, events);
        }
        _ => {}
    }
}

/// Shows all orders to a mechanism and leases as it says.
pub(crate) fn clear_by(by: &dyn Mechanism, state: &State, derived: &Derived, now: Time, events: &mut Vec<Event>) {
    let orders = Orders::gather(state, derived, now);
    let cleared = by.clear(Batch { asks: &orders.asks, bids: &orders.bids, classes: &orders.classes });
    let mut gpus = vec![0u32; orders.classes.len()];
    let mut trades = 0;
    for trade in &cleared.trades {
        let (bid, class) = (&orders.bids[trade.bid], orders.asks[trade.ask].class);
        let (Some(job), Some(id)) = (state.job(orders.jobs[trade.bid]), state.leases.next_after(trades)) else { continue };
        let Some(way) = bid.ways.iter().find(|way| way.class == class) else { continue };
        let Some(leased) = terms(state, job, orders.offers[trade.ask], trade.price, way.work, now, id) else { continue };
        events.push(leased.into());
        gpus[usize::from(class)] += u32::from(bid.gpus());
        trades += 1;
    }
    for (i, (&standing, gpus)) in cleared.standing.iter().zip(gpus).enumerate() {
        if gpus > 0 || standing != orders.classes[i].standing {
            events.push(ClassCleared { standing, gpus, class: ClassId(i as u8), pad: [0; 3] }.into());
        }
    }
    let revealed = state.market.envelopes.values().any(|envelope| envelope.price > 0);
    if !orders.bids.is_empty() || revealed {
        let capped = |amount: u128| u64::try_from(amount).unwrap_or(u64::MAX);
        let (surplus, gap) = (capped(cleared.surplus), capped(cleared.gap));
        let (bids, asks) = (orders.bids.len() as u32, orders.asks.len() as u32);
        events.push(BatchCleared { surplus, gap, bids, asks, trades: trades as u32, pad: 0 }.into());
    }
}

impl Orders {
    fn gather(state: &State, derived: &Derived, now: Time) -> Self {
        let classes = state.market.standing.iter().map(|&standing| Class { standing, busy: 0 }).collect();
        let mut orders = Self { asks: Vec::new(), bids: Vec::new(), classes, offers: Vec::new(), jobs: Vec::new() };
        let sealed = state.params.market_mechanism() == mechanism::SEALED;
        for (i, offer) in state.offers().iter().enumerate() {
            let id = OfferId(i as u32);
            orders.classes[offer.class.index()].busy += u64::from(offer.gpus - offer.free);
            let Some(quote) = derived.book.quote(id) else { continue };
            let price = if sealed { sealed::revealed(state, id) } else { Some(offer.ask) };
            let Some(price) = price else { continue };
            orders.asks.push(Ask { price, tie: quote.tie, seller: offer.provider.0, gpus: offer.free, class: offer.class.0 });
            orders.offers.push(id);
        }
        let mut sets = BTreeSet::new();
        let called = |job: &&Job| !sealed || job.queued_as <= state.market.called;
        for job in derived.line.jobs().filter_map(|id| state.job(id)).filter(called) {
            let in_time = |work: u64| now < last_start(job, work);
            let ways = work_by_class(state, job).filter(|&(_, work)| in_time(work));
            let ways = ways.map(|(class, work)| Way { limit: highest_ask(job.escrow, work), work, class: class.0 });
            let ways: Vec<Way> = ways.filter(|way| way.limit > 0).collect();
            // One copy of a set at a time: two might meet at one provider.
            if !ways.is_empty() && state.docket.lead_of.get(&job.id).is_none_or(|&lead| sets.insert(lead)) {
                let tie = state.clock.tie_of_job(job.id);
                let shuns = state.avoided(job).iter().map(|provider| provider.0).collect();
                orders.bids.push(Bid { ways, tie, shuns, gpus_log2: job.gpus_log2 });
                orders.jobs.push(job.id);
            }
        }
        orders
    }
}

// Apply

impl Apply for BatchClosed {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.market.batch += 1;
        state.market.closes_at = self.next_closes;
        if state.market.revealing() {
            state.market.called = state.clock.queue_places;
        }
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.next_closes, Timer::BatchDue(BatchDue {}));
        derived.tasks.push_back(Task::Clear);
    }
}

impl Apply for ClassCleared {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.market.standing[self.class.index()] = self.standing;
    }
}

impl Apply for BatchCleared {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.market.envelopes.clear();
    }
}

// Invariants

/// The batch closes in time to come, and every class has a price.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let (market, clock) = (&*state.market, &*state.clock);
    if market.closes_at < clock.now || market.batch == u64::MAX || market.called > clock.queue_places {
        return Err(format!("batch {} closes at {}, and now is {}", market.batch, market.closes_at, clock.now));
    }
    let classes = state.catalogue.classes.len();
    if market.standing.len() != classes {
        return Err(format!("{} classes have a price, of {classes}", market.standing.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
