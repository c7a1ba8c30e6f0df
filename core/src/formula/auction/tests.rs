//! Textbook auctions, and what holds for random ones.

use super::algorithmic::Algorithmic;
use super::assignment::assign;
use super::sealed::{Payment, Sealed};
use super::uniform::{Uniform, prices};
use super::{Ask, Batch, Bid, Class, Cleared, FEMTO, Mechanism, Trade, Way};
use crate::money::ONE;
use proptest::prelude::*;

fn ask(seller: u32, price: u64, gpus: u16) -> Ask {
    Ask { price, tie: u64::from(seller), seller, gpus, class: 0 }
}

fn bid(number: u64, limit: u64, gpus_log2: u8) -> Bid {
    Bid { ways: vec![Way { limit, work: 1_000, class: 0 }], tie: number, shuns: Vec::new(), gpus_log2 }
}

fn clear(mechanism: &dyn Mechanism, asks: &[Ask], bids: &[Bid]) -> Cleared {
    mechanism.clear(Batch { asks, bids, classes: &[Class::default(); CLASSES] })
}

/// Lots of one GPU: (how many, price).
fn lots(side: &[(usize, u64)]) -> Vec<u64> {
    side.iter().flat_map(|&(count, price)| std::iter::repeat_n(price, count)).collect()
}

/// Price and volume of a call auction of single GPUs.
fn call_auction(bids: &[(usize, u64)], asks: &[(usize, u64)]) -> Option<(u64, usize)> {
    let asks: Vec<Ask> = lots(asks).into_iter().enumerate().map(|(i, price)| ask(i as u32, price, 1)).collect();
    let bids: Vec<Bid> = lots(bids).into_iter().enumerate().map(|(i, limit)| bid(i as u64, limit, 0)).collect();
    let cleared = clear(&Uniform, &asks, &bids);
    let price = cleared.trades.first()?.price;
    assert!(cleared.trades.iter().all(|trade| trade.price == price));
    Some((price, cleared.trades.len()))
}

/// The cases of Deutsche Börse, *Xetra Market Model Equities*, "Price determination in auctions", in hundreds of shares.
#[test]
fn the_call_auction_of_an_exchange() {
    // One limit with the highest executable volume.
    assert_eq!(call_auction(&[(2, 202), (2, 201), (3, 200)], &[(4, 197), (2, 198), (1, 200)]), Some((200, 7)));
    // Several limits, and a surplus of demand: the highest.
    assert_eq!(call_auction(&[(4, 202), (2, 201)], &[(3, 199), (2, 198)]), Some((201, 5)));
    // Several limits, and a surplus of supply: the lowest.
    assert_eq!(call_auction(&[(3, 202), (2, 201)], &[(3, 199), (3, 198)]), Some((199, 5)));
    // Several limits and no surplus: the exchange takes its reference price from among 198 … 202, we take the middle.
    assert_eq!(call_auction(&[(5, 202)], &[(5, 198)]), Some((200, 5)));
    // Nothing meets.
    assert_eq!(call_auction(&[(5, 197)], &[(5, 198)]), None);
}

/// Orders that come one after the other in a continuous market trade at the resting order's price, which races and rewards speed; in
/// a batch they meet at one price that excludes nobody who would pay it (Budish, Cramton & Shim 2015, section VII).
#[test]
fn a_batch_does_not_reward_speed() {
    // A stale ask of 100, news that is worth 110 to three: competition among them, not speed, sets the price.
    assert_eq!(call_auction(&[(3, 110)], &[(1, 100)]), Some((110, 1)));
    assert_eq!(call_auction(&[(1, 110), (1, 104)], &[(1, 100)]), Some((107, 1)));
}

#[test]
fn indivisible_jobs_may_leave_no_price_for_all_of_them() {
    // Two together are worth 10 each but cost 8; the single one is worth 5 and costs 3: no price serves both.
    let asks = [ask(0, 8, 2), ask(1, 3, 1)];
    let bids = [bid(0, 10, 1), bid(1, 5, 0)];
    let uniform = clear(&Uniform, &asks, &bids);
    assert_eq!((uniform.trades, uniform.surplus, uniform.gap), (vec![Trade { bid: 0, ask: 0, price: 9 }], 4, 0));
    let sealed = clear(&Sealed(Payment::First), &asks, &bids);
    assert_eq!(sealed.surplus, 6);
}

#[test]
fn the_exact_assignment_finds_what_the_greedy_misses() {
    // The dearer job gains most on the only ask that suits the other one.
    let way = |class, limit| Way { limit, work: 1, class };
    let asks = [Ask { class: 0, ..ask(0, 10, 1) }, Ask { class: 1, ..ask(1, 11, 1) }];
    let mut bids = [bid(0, 20, 0), bid(1, 19, 0)];
    bids[0].ways = vec![way(0, 20), way(1, 20)];
    let both = clear(&Uniform, &asks, &bids);
    assert_eq!((both.trades.len(), both.surplus, both.gap), (2, 9 + 9, 0));
}

/// As many bids as are searched at all: most suit no ask, and the search does not go down through them.
#[test]
fn a_search_of_many_bids_needs_little_stack() {
    let served = || {
        let mut bids: Vec<Bid> = (0..1 << 16).map(|i| bid(i, 5, 0)).collect();
        bids.iter_mut().rev().step_by(1 << 13).for_each(|bid| bid.ways[0].limit = 20);
        clear(&Sealed(Payment::First), &[ask(0, 10, 8)], &bids)
    };
    let small = std::thread::Builder::new().stack_size(128 << 10);
    let cleared = small.spawn(served).expect("a thread").join().expect("room on its stack");
    assert_eq!((cleared.trades.len(), cleared.surplus, cleared.gap), (8, 80, 0));
}

/// Vickrey (1961): the best of one unit pays, or here is paid, the second price.
#[test]
fn vickreys_auction() {
    let bids = [bid(0, 100, 0)];
    let pay = |payment, asks: &[Ask]| clear(&Sealed(payment), asks, &bids).trades.first().map(|t| (t.ask, t.price));
    let three = [ask(0, 40, 1), ask(1, 25, 1), ask(2, 60, 1)];
    assert_eq!(pay(Payment::Second, &three), Some((1, 40)));
    assert_eq!(pay(Payment::First, &three), Some((1, 25)));
    // The limit is the reserve: above it nobody serves, and alone one is paid it.
    assert_eq!(pay(Payment::Second, &[ask(0, 101, 1)]), None);
    assert_eq!(pay(Payment::Second, &[ask(0, 30, 1), ask(1, 120, 1)]), Some((0, 100)));
    // A seller's own other GPUs do not make its price.
    assert_eq!(pay(Payment::Second, &[ask(0, 30, 8), ask(0, 31, 1), ask(1, 70, 1)]), Some((0, 70)));
}

/// Several equal jobs: all are paid the lowest ask that lost.
#[test]
fn several_units_are_paid_the_lowest_losing_ask() {
    let asks = [ask(0, 10, 1), ask(1, 20, 1), ask(2, 30, 1), ask(3, 40, 1)];
    let bids = [bid(0, 100, 0), bid(1, 100, 0)];
    let cleared = clear(&Sealed(Payment::Second), &asks, &bids);
    assert_eq!(cleared.trades.iter().map(|t| (t.ask, t.price)).collect::<Vec<_>>(), [(0, 30), (1, 30)]);
}

/// go-ethereum, `TestCalcBaseFee`: base fee 10^9, gas limit 20 000 000, elasticity 2, denominator 8.
#[test]
fn the_controller_steps_as_eip_1559_does() {
    let rule = Algorithmic { target: ONE / 2, rate: ONE / 8, reserve: 1 };
    let step = |used| rule.step(1_000_000_000 * FEMTO, used, 20_000_000) / FEMTO;
    assert_eq!([10_000_000, 9_000_000, 11_000_000].map(step), [1_000_000_000, 987_500_000, 1_012_500_000]);
    // Twice the target is an eighth up, nothing an eighth down.
    assert_eq!([20_000_000, 0].map(step), [1_125_000_000, 875_000_000]);
    // It holds the reserve, rises by at least one femto-XPL, and has six digits below a nano-XPL.
    assert_eq!(rule.step(FEMTO, 0, 1), FEMTO);
    assert_eq!(rule.step(FEMTO, 500_001, 1_000_000), FEMTO + 1);
    assert_eq!(rule.step(7 * FEMTO, 1, 1), 7_875_000);
}

#[test]
fn the_protocols_price_rations_by_lot_not_by_bid() {
    let rule = Algorithmic { target: ONE / 2, rate: ONE / 8, reserve: 1 };
    let classes = [Class { standing: 50 * FEMTO, busy: 0 }];
    let asks = [ask(7, 50, 1), ask(8, 51, 1)];
    // Ties 0, 1, 2: the first cannot pay, the second is drawn, the third bids most and goes without.
    let bids = [bid(0, 49, 0), bid(1, 50, 0), bid(2, 900, 0)];
    let cleared = rule.clear(Batch { asks: &asks, bids: &bids, classes: &classes });
    assert_eq!(cleared.trades, [Trade { bid: 1, ask: 0, price: 50 }]);
    assert_eq!(cleared.standing, [56 * FEMTO + 250_000]);
    // Nobody willing, somebody waiting: it rises. Nobody at all: it stands.
    let next = |bids| rule.clear(Batch { asks: &asks[1..], bids, classes: &classes }).standing;
    assert_eq!((next(&bids[..]), next(&bids[..1])), (vec![56 * FEMTO + 250_000], vec![50 * FEMTO]));
}

const CLASSES: usize = 3;

fn asks(most: usize) -> impl Strategy<Value = Vec<Ask>> {
    let one = (1u64..40, any::<u64>(), 0u32..6, 1u16..9, 0..CLASSES as u8);
    prop::collection::vec(one.prop_map(|(price, tie, seller, gpus, class)| Ask { price, tie, seller, gpus, class }), 0..most)
}

fn bids(most: usize) -> impl Strategy<Value = Vec<Bid>> {
    let way = prop::option::of((1u64..60, 1u64..5));
    let one = (prop::collection::vec(way, CLASSES), any::<u64>(), prop::collection::vec(0u32..9, 0..3), 0u8..4);
    let bid = one.prop_map(|(ways, tie, shuns, gpus_log2)| {
        let ways = ways.into_iter().enumerate();
        let ways = ways.filter_map(|(class, way)| way.map(|(limit, work)| Way { limit, work, class: class as u8 }));
        Bid { ways: ways.collect(), tie, shuns, gpus_log2 }
    });
    prop::collection::vec(bid, 0..most)
}

fn mechanisms() -> Vec<(&'static str, Box<dyn Mechanism>)> {
    let rule = Algorithmic { target: ONE / 2, rate: ONE / 8, reserve: 1 };
    vec![
        ("uniform", Box::new(Uniform)),
        ("first price", Box::new(Sealed(Payment::First))),
        ("second price", Box::new(Sealed(Payment::Second))),
        ("algorithmic", Box::new(rule)),
    ]
}

const STANDING: [Class; CLASSES] = [Class { standing: 20 * FEMTO, busy: 3 }; CLASSES];

/// The largest surplus of all choices, by trying every ask for every bid.
fn brute_force(batch: Batch, one_price: bool, from: usize, pairs: &mut Vec<(usize, usize)>) -> u128 {
    if from == batch.bids.len() {
        let possible = !one_price
            || pairs.iter().all(|&(_, one)| {
                let at_least = batch.asks[one].price;
                let same = pairs.iter().filter(|&&(_, ask)| batch.asks[ask].class == batch.asks[one].class);
                same.clone().all(|&(bid, ask)| batch.bids[bid].limit(batch.asks[ask].class).unwrap() >= at_least)
            });
        return if possible { batch.surplus(pairs.iter().copied()) } else { 0 };
    }
    let mut best = brute_force(batch, one_price, from + 1, pairs);
    for ask in 0..batch.asks.len() {
        let (bid, asked) = (&batch.bids[from], batch.asks[ask]);
        let taken: u16 = pairs.iter().filter(|pair| pair.1 == ask).map(|pair| batch.bids[pair.0].gpus()).sum();
        let suits = bid.limit(asked.class).is_some_and(|limit| limit >= asked.price);
        if suits && !bid.shuns.contains(&asked.seller) && taken + bid.gpus() <= asked.gpus {
            pairs.push((from, ask));
            best = best.max(brute_force(batch, one_price, from + 1, pairs));
            pairs.pop();
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_trades_at_a_loss_nor_more_than_there_is(asks in asks(30), bids in bids(30)) {
        for (name, mechanism) in mechanisms() {
            let cleared = mechanism.clear(Batch { asks: &asks, bids: &bids, classes: &STANDING });
            let mut left: Vec<u16> = asks.iter().map(|ask| ask.gpus).collect();
            let mut served = vec![false; bids.len()];
            for &Trade { bid, ask, price } in &cleared.trades {
                let limit = bids[bid].limit(asks[ask].class).expect("a class that satisfies it");
                prop_assert!(asks[ask].price <= price && price <= limit, "{}", name);
                prop_assert!(!bids[bid].shuns.contains(&asks[ask].seller) && !served[bid], "{}", name);
                prop_assert!(left[ask] >= bids[bid].gpus(), "{}", name);
                left[ask] -= bids[bid].gpus();
                served[bid] = true;
            }
        }
    }

    #[test]
    fn the_order_of_submission_does_not_matter(asks in asks(12), bids in bids(12), turn in any::<prop::sample::Index>()) {
        let (mut other_asks, mut other_bids) = (asks.clone(), bids.clone());
        if !asks.is_empty() { other_asks.rotate_left(turn.index(asks.len())); }
        if !bids.is_empty() { other_bids.reverse(); }
        for (name, mechanism) in mechanisms() {
            let ends = |asks: &[Ask], bids: &[Bid]| {
                let cleared = mechanism.clear(Batch { asks, bids, classes: &STANDING });
                let mut trades: Vec<_> =
                    cleared.trades.iter().map(|t| (bids[t.bid].tie, asks[t.ask].tie, t.price)).collect();
                trades.sort_unstable();
                (trades, cleared.standing, cleared.surplus, cleared.gap)
            };
            prop_assert_eq!(ends(&asks, &bids), ends(&other_asks, &other_bids), "{}", name);
        }
    }

    #[test]
    fn a_class_has_one_price(asks in asks(20), bids in bids(20)) {
        let cleared = clear(&Uniform, &asks, &bids);
        for trade in &cleared.trades {
            let class = asks[trade.ask].class;
            prop_assert_eq!(cleared.standing[usize::from(class)], trade.price * FEMTO);
        }
    }

    #[test]
    fn small_assignments_are_the_best_there_are(asks in asks(5), bids in bids(5), one_price in any::<bool>()) {
        let batch = Batch { asks: &asks, bids: &bids, classes: &STANDING };
        let served = assign(batch, one_price);
        prop_assert_eq!(served.gap, 0);
        prop_assert_eq!(served.surplus, brute_force(batch, one_price, 0, &mut Vec::new()));
    }

    #[test]
    fn any_prices_bound_what_can_be_gained(asks in asks(5), bids in bids(5), at in [1u64..60, 1u64..60, 1u64..60]) {
        let batch = Batch { asks: &asks, bids: &bids, classes: &STANDING };
        prop_assert!(brute_force(batch, false, 0, &mut Vec::new()) <= batch.bound(&at));
    }

    /// Single GPUs of one class: the greedy is the best there is, its price clears the market, and the dual says so.
    #[test]
    fn single_gpus_of_one_class_clear_exactly(
        asked in prop::collection::vec(1u64..40, 0..60), wanted in prop::collection::vec(1u64..60, 0..60),
    ) {
        let asks: Vec<Ask> = asked.iter().enumerate().map(|(i, &price)| ask(i as u32, price, 1)).collect();
        let bids: Vec<Bid> = wanted.iter().enumerate().map(|(i, &limit)| bid(i as u64, limit, 0)).collect();
        let cleared = clear(&Uniform, &asks, &bids);
        prop_assert_eq!(cleared.gap, 0);
        if let Some(price) = cleared.trades.first().map(|trade| trade.price) {
            // Whoever would gain at this price trades, and so does the whole of the side that is fewer.
            let count = |side: &[u64], accepts: &dyn Fn(u64) -> bool| side.iter().filter(|&&order| accepts(order)).count();
            let (eager_to_buy, eager_to_sell) = (count(&wanted, &|limit| limit > price), count(&asked, &|ask| ask < price));
            let (may_buy, may_sell) = (count(&wanted, &|limit| limit >= price), count(&asked, &|ask| ask <= price));
            prop_assert!(cleared.trades.len() >= eager_to_buy.max(eager_to_sell));
            prop_assert_eq!(cleared.trades.len(), may_buy.min(may_sell));
        } else {
            prop_assert!(asked.iter().min().is_none_or(|least| wanted.iter().all(|limit| limit < least)));
        }
    }

    /// Vickrey (1961): with one job, or several equal ones and sellers of one GPU each, nobody earns more than by asking its cost,
    /// whatever the others ask.
    #[test]
    fn to_ask_ones_cost_is_best_where_jobs_are_equal_and_sellers_single(
        cost in 1u64..50, lie in 1u64..50, others in prop::collection::vec((1u64..50, any::<u64>()), 0..10), jobs in 1u64..6,
        limit in 1u64..60, tie in any::<u64>(),
    ) {
        let earns = |said: u64| {
            let mut asks: Vec<Ask> =
                others.iter().enumerate().map(|(i, &(price, tie))| Ask { tie, ..ask(i as u32 + 1, price, 1) }).collect();
            asks.push(Ask { tie, ..ask(0, said, 1) });
            let bids: Vec<Bid> = (0..jobs).map(|number| bid(number, limit, 0)).collect();
            let cleared = clear(&Sealed(Payment::Second), &asks, &bids);
            let won = cleared.trades.iter().find(|trade| asks[trade.ask].seller == 0);
            won.map_or(0, |trade| i128::from(trade.price) - i128::from(cost))
        };
        prop_assert!(earns(cost) >= earns(lie), "{} at {cost}, {} at {lie}", earns(cost), earns(lie));
    }

    /// The (k + 1)-st price: k equal jobs are served by the k lowest asks, all at the lowest that lost or the limit.
    #[test]
    fn equal_jobs_are_all_paid_the_next_ask(asked in prop::collection::vec(1u64..50, 0..12), jobs in 1usize..6, limit in 1u64..60) {
        let asks: Vec<Ask> = asked.iter().enumerate().map(|(i, &price)| ask(i as u32, price, 1)).collect();
        let bids: Vec<Bid> = (0..jobs).map(|number| bid(number as u64, limit, 0)).collect();
        let cleared = clear(&Sealed(Payment::Second), &asks, &bids);
        let mut willing = asked;
        willing.sort_unstable();
        let price = willing.get(jobs).map_or(limit, |&next| next.min(limit));
        willing.retain(|&price| price <= limit);
        prop_assert_eq!(cleared.trades.len(), jobs.min(willing.len()));
        prop_assert!(cleared.trades.iter().all(|trade| trade.price == price), "{:?}, not {}", cleared.trades, price);
    }

    /// The protocol's price is taken or left: whoever names its true cost does best in the batch.
    #[test]
    fn to_name_ones_cost_is_best_at_a_given_price(
        cost in 1u64..50, lie in 1u64..50, others in prop::collection::vec((1u64..50, any::<u64>()), 0..6),
        wanted in prop::collection::vec((1u64..60, any::<u64>()), 0..6), tie in any::<u64>(),
    ) {
        let rule = Algorithmic { target: ONE / 2, rate: ONE / 8, reserve: 1 };
        let earns = |said: u64| {
            let mut asks: Vec<Ask> =
                others.iter().enumerate().map(|(i, &(price, tie))| Ask { tie, ..ask(i as u32 + 1, price, 1) }).collect();
            asks.push(Ask { tie, ..ask(0, said, 1) });
            let bids: Vec<Bid> = wanted.iter().map(|&(limit, tie)| bid(tie, limit, 0)).collect();
            let cleared = rule.clear(Batch { asks: &asks, bids: &bids, classes: &STANDING });
            let won = cleared.trades.iter().find(|trade| asks[trade.ask].seller == 0);
            won.map_or(0, |trade| i128::from(trade.price) - i128::from(cost))
        };
        prop_assert!(earns(cost) >= earns(lie));
    }

    /// And so does a customer with one job, of one worth wherever it is done and any size, who names that in every class: no other
    /// limits, true or not, gain more in the batch.
    #[test]
    fn to_name_ones_worth_is_best_at_a_given_price(
        worth in 1u64..2_000, work in [1u64..60, 1u64..60, 1u64..60], lies in [prop::option::of(1u64..90), prop::option::of(1u64..90), prop::option::of(1u64..90)],
        standing in [1u64..50, 1u64..50, 1u64..50], asks in asks(8), others in bids(8), tie in any::<u64>(), gpus_log2 in 0u8..3,
    ) {
        let rule = Algorithmic { target: ONE / 2, rate: ONE / 8, reserve: 1 };
        let classes = standing.map(|price| Class { standing: price * FEMTO, busy: 0 });
        let gains = |limits: [Option<u64>; CLASSES]| {
            let ways = (0..CLASSES).filter_map(|c| limits[c].map(|limit| Way { limit, work: work[c], class: c as u8 })).collect();
            let bids: Vec<Bid> = others.iter().cloned().chain([Bid { ways, tie, shuns: Vec::new(), gpus_log2 }]).collect();
            let cleared = rule.clear(Batch { asks: &asks, bids: &bids, classes: &classes });
            let won = cleared.trades.iter().find(|trade| trade.bid == others.len());
            won.map_or(0, |trade| i128::from(worth) - i128::from(trade.price * work[usize::from(asks[trade.ask].class)]))
        };
        let truth = work.map(|work| Some(worth / work).filter(|&limit| limit > 0));
        prop_assert!(gains(truth) >= gains(lies), "{} by the truth, {} by {lies:?}", gains(truth), gains(lies));
    }

    #[test]
    fn the_price_keeps_within_its_limits_and_falls_and_rises_with_use(
        price in 1..=super::algorithmic::HIGHEST, busy in 0u64..100, supply in 1u64..100,
        target in 1..=ONE, rate in 0..=ONE, reserve in 1u64..1_000_000,
    ) {
        let rule = Algorithmic { target, rate, reserve };
        let next = rule.step(price, busy, supply);
        prop_assert!(next >= reserve * FEMTO && next <= super::algorithmic::HIGHEST);
        prop_assert!(rule.step(price, busy + 1, supply) >= next);
    }
}

/// The greedy's gap on batches too large to search: what the dual bound leaves open is a small part of the surplus.
#[test]
fn the_gap_of_large_batches_is_small() {
    let draw =
        |n: u64, below: u64| u64::from_le_bytes(blake3::hash(&n.to_le_bytes()).as_bytes()[..8].try_into().unwrap()) % below;
    let asks: Vec<Ask> = (0..600u64)
        .map(|n| Ask {
            price: 1_000 + draw(n, 1_000),
            tie: n,
            seller: n as u32,
            gpus: 1 << draw(n + 9_000, 4),
            class: (n % 3) as u8,
        })
        .collect();
    let bids: Vec<Bid> = (0..600u64)
        .map(|n| {
            let value = 1_000 + draw(n + 20_000, 1_500);
            let ways =
                (0..3).filter(|c| draw(n + 40_000, 4) != *c).map(|c| Way { limit: value + 100 * c, work: 1, class: c as u8 });
            Bid { ways: ways.collect(), tie: n, shuns: Vec::new(), gpus_log2: draw(n + 30_000, 3) as u8 }
        })
        .collect();
    let batch = Batch { asks: &asks, bids: &bids, classes: &[Class::default(); CLASSES] };
    for one_price in [false, true] {
        let served = assign(batch, one_price);
        assert!(served.gap * 100 < served.surplus * 12, "{one_price}: {} of {}", served.gap, served.surplus);
        let all_priced = prices(batch, &served.pairs).iter().all(Option::is_some);
        assert!(all_priced && served.pairs.len() > 300, "{one_price}: {} served", served.pairs.len());
    }
}
