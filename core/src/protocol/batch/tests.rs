//! Markets that clear in batches, one command at a time.

use super::*;
use crate::formula::auction::{Cleared, Trade};
use crate::money::{ONE, XPL};
use crate::protocol::job::Submit;
use crate::protocol::offer::{PostOffer, Requote};
use crate::testing::{Bench, hour_job, leased, names};
use crate::time::{DAY, HOUR, MINUTE};

fn market(by: u64, set: &[(&str, u64)]) -> Bench {
    let own = [("market.mechanism", by), ("market.batch", MINUTE), ("fee.base", 0)];
    Bench::new(&[&own, set].concat())
}

/// An hour's job that pays up to so many XPL per GPU-second.
fn worth(now: Time, limit: u64) -> Submit {
    Submit { budget: limit * 3_600 * XPL, classes: 1, ..hour_job(now) }
}

fn prices(events: &[Event]) -> Vec<(u64, OfferId, u64)> {
    let leased = |event: &Event| match event {
        Event::Leased(leased) => Some((leased.job.serial(), leased.offer, leased.price / (3_600 * XPL))),
        _ => None,
    };
    events.iter().filter_map(leased).collect()
}

#[test]
fn jobs_wait_for_the_batch_and_pay_one_price() {
    let mut bench = market(mechanism::UNIFORM, &[]);
    for (account, ask) in [(0, 1), (1, 3), (2, 9)] {
        bench.provide(account, 1, ask * XPL);
    }
    for limit in [4, 8, 6] {
        let submit = worth(bench.now, limit);
        assert_eq!(names(&bench.by(3, submit)), ["Submitted", "Queued"]);
    }
    let events = bench.wait(MINUTE);
    assert_eq!(names(&events), ["BatchClosed", "Leased", "Leased", "ClassCleared", "BatchCleared"]);
    // 8 and 6 meet 1 and 3; from the 4 turned away to the 6 served, the middle is 5.
    assert_eq!(prices(&events).iter().map(|lease| (lease.0, lease.2)).collect::<Vec<_>>(), [(2, 5), (3, 5)]);
    assert_eq!(bench.engine.view(|state| state.market.price(ClassId(0))), 5 * XPL);
    let cleared = BatchCleared { surplus: 10 * XPL, gap: 0, bids: 3, asks: 3, trades: 2, pad: 0 };
    assert_eq!(*events.last().unwrap(), cleared.into());
    // The third waits on and is served when an ask comes down.
    assert_eq!(names(&bench.by(2, Requote { ask: 2 * XPL, offer: OfferId(2), pad: 0 })), ["Requoted"]);
    assert_eq!(prices(&bench.wait(MINUTE)), [(1, OfferId(2), 3)]);
}

#[test]
fn a_job_without_patience_for_the_batch_expires_and_a_failed_one_shuns_who_failed_it() {
    let mut bench = market(mechanism::UNIFORM, &[("market.lease_grace", 0), ("market.lease_slack", ONE), ("bond.per_gpu", 0)]);
    bench.provide(0, 1, XPL);
    let hasty = Submit { start_by: bench.now, ..worth(bench.now, 8) };
    assert_eq!(names(&bench.by(3, hasty)), ["Submitted", "Expired"]);
    let brief = Submit { start_by: bench.now + 2, ..worth(bench.now, 8) };
    assert_eq!(names(&bench.by(3, brief)), ["Submitted", "Queued"]);
    assert_eq!(names(&bench.wait(3)), ["Expired"]);
    let patient = Submit { start_by: bench.now + 9 * HOUR, ..worth(bench.now, 8) };
    bench.by(3, patient);
    assert_eq!(prices(&bench.wait(MINUTE)).len(), 1);
    let missed = bench.wait(HOUR + MINUTE);
    assert!(missed.windows(2).any(|pair| names(pair) == ["Missed", "Queued"]), "{missed:?}");
    assert_eq!(prices(&bench.wait(MINUTE)), []);
    bench.provide(1, 1, 5 * XPL);
    assert_eq!(prices(&bench.wait(MINUTE))[0].1, OfferId(1));
}

#[test]
fn one_job_leases_several_gpus_of_one_offer_and_several_jobs_share_it() {
    let mut bench = market(mechanism::UNIFORM, &[]);
    bench.provide(0, 7, XPL);
    for gpus_log2 in [2, 2, 1, 0] {
        let submit = Submit { gpus_log2, ..worth(bench.now, 8) };
        bench.by(3, submit);
    }
    assert_eq!(prices(&bench.wait(MINUTE)).len(), 3);
    bench.engine.view(|state| assert_eq!((state.offers()[0].free, state.offers()[0].leases), (0, 3)));
}

#[test]
fn a_job_goes_to_the_class_that_gains_most() {
    let mut bench = market(mechanism::UNIFORM, &[]);
    bench.provide(0, 1, 5 * XPL);
    bench.by(0, PostOffer { ask: 7 * XPL, gpus: 1, class: ClassId(1), pad: [0; 5] });
    // Twice as fast, the other class is worth twice as much a second: 16 − 7 against 8 − 5.
    let submit = Submit { classes: 3, ..worth(bench.now, 8) };
    bench.by(3, submit);
    let events = bench.wait(MINUTE);
    let (.., offer, price) = leased(&events).expect("a lease");
    assert_eq!((offer, price), (OfferId(1), (7 + 16) * 1_800 * XPL / 2));
}

#[test]
fn the_protocols_price_follows_use_and_holds_the_reserve() {
    let set = [("market.opening", 4 * XPL), ("market.reserve", 3 * XPL), ("market.target", ONE / 2), ("market.rate", ONE / 8)];
    let mut bench = market(mechanism::ALGORITHMIC, &set);
    let price = |bench: &mut Bench| bench.engine.view(|state| state.market.standing[0] / FEMTO);
    bench.provide(0, 1, XPL);
    bench.provide(1, 1, 100 * XPL);
    let submit = worth(bench.now, 8);
    bench.by(3, submit);
    // The one willing GPU is taken at the price, whatever it asked, and the next price is an eighth higher.
    assert_eq!(prices(&bench.wait(MINUTE)), [(1, OfferId(0), 4)]);
    assert_eq!(price(&mut bench), 4_500_000_000);
    bench.wait(10 * MINUTE);
    let high = price(&mut bench);
    assert!(high > 14 * XPL, "{high}");
    // It rises until the other is willing: then half of the GPUs work, and it stands.
    bench.wait(30 * MINUTE);
    let there = price(&mut bench);
    assert!((100 * XPL..113 * XPL).contains(&there), "{there}");
    bench.wait(10 * MINUTE);
    assert_eq!(price(&mut bench), there);
    bench.wait(DAY);
    assert_eq!(price(&mut bench), 3 * XPL);
}

#[test]
fn nothing_moves_where_jobs_are_matched_at_once() {
    let mut bench = Bench::new(&[]);
    bench.engine.view(|state| assert_eq!(state.market.closes_at, NEVER));
    bench.provide(0, 1, XPL);
    let submit = hour_job(bench.now);
    assert_eq!(names(&bench.by(2, submit)), ["Submitted", "Leased"]);
}

/// A mechanism of one's own, as ARCHITECTURE.md says: whoever draws the least tie is served by the first ask that fits, for free
/// choice of price what was asked.
struct Lottery;

impl Mechanism for Lottery {
    fn clear(&self, batch: Batch) -> Cleared {
        let standing = batch.classes.iter().map(|class| class.standing).collect();
        let winner = (0..batch.bids.len()).min_by_key(|&bid| batch.bids[bid].tie);
        let fits = |bid: &Bid, ask: &Ask| bid.limit(ask.class).is_some_and(|limit| limit >= ask.price && ask.gpus >= bid.gpus());
        let trades: Vec<Trade> = winner
            .and_then(|bid| Some((bid, batch.asks.iter().position(|ask| fits(&batch.bids[bid], ask))?)))
            .map(|(bid, ask)| Trade { bid, ask, price: batch.asks[ask].price })
            .into_iter()
            .collect();
        let surplus = batch.surplus(trades.iter().map(|trade| (trade.bid, trade.ask)));
        Cleared { trades, standing, surplus, gap: 0 }
    }
}

#[test]
fn another_mechanism_is_a_value_of_the_trait() {
    let mut bench = market(mechanism::UNIFORM, &[]);
    bench.provide(0, 1, 3 * XPL);
    for _ in 0..3 {
        let submit = worth(bench.now, 8);
        bench.by(3, submit);
    }
    let now = bench.now;
    let events = bench.engine.view_derived(|state, derived| {
        let mut events = Vec::new();
        clear_by(&Lottery, state, derived, now, &mut events);
        let least = state.jobs.iter().min_by_key(|job| state.clock.tie_of_job(job.id)).map(|job| job.id);
        assert_eq!(leased(&events).map(|(_, job, ..)| Some(job)), Some(least));
        events
    });
    assert_eq!(names(&events), ["Leased", "ClassCleared", "BatchCleared"]);
    assert_eq!(prices(&events)[0].2, 3);
}
