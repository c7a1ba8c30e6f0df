//! Orders to a custodian, by hand.

use super::*;
use crate::money::XPL;
use crate::protocol::oracle::PostPrice;
use crate::record::Origin;
use crate::testing::{Bench, genesis, names};
use crate::time::DAY;

/// A world whose custodian is account 4, with a price of 0.10 dollars and a budget of 1,000 XPL.
fn treasury(policy: u64, set: &[(&str, u64)]) -> Bench {
    let set = [
        &[("treasury.policy", policy), ("treasury.budget", 1_000 * XPL), ("emission.schedule", 0), ("emission.yearly", 0)][..],
        &[("fee.base", 0), ("oracle.stale_after", 10 * DAY)],
        set,
    ];
    let mut genesis = genesis(&set.concat());
    genesis.custodian = AccountId(4);
    let mut bench = Bench::of(&genesis);
    bench.send(Origin::Feeder(0), PostPrice { micro_usd: 100_000 });
    bench
}

fn placed(events: &[Event]) -> Vec<OrderPlaced> {
    events.iter().filter_map(|event| if let Event::OrderPlaced(order) = event { Some(*order) } else { None }).collect()
}

fn deposit(order: OrderId, amount: u64, last: u32) -> TreasuryDeposit {
    TreasuryDeposit { order, amount, last, pad: 0 }
}

#[test]
fn a_buyback_stands_for_an_epoch_and_takes_no_more_than_its_budget() {
    let mut bench = treasury(treasury_policy::BUYBACK, &[]);
    let first = placed(&bench.wait(DAY))[0];
    assert_eq!((first.max_xpl, first.sent, first.limit, first.side), (1_000 * XPL, 0, 101_000, side::BUY));
    assert_eq!(bench.refused_by(3, deposit(first.order, XPL, 0)), Rejection::UnknownOrder);
    assert_eq!(bench.refused_by(4, deposit(first.order, 0, 0)), Rejection::ZeroAmount);
    assert_eq!(bench.refused_by(4, deposit(first.order, 1_001 * XPL, 0)), Rejection::OrderFull);
    assert_eq!(bench.refused_by(4, deposit(first.order, 2_000_000 * XPL, 0)), Rejection::InsufficientFunds);
    assert_eq!(bench.by(4, deposit(first.order, 400 * XPL, 0)), [OrderReturned { closes: 0 }.into()]);
    let events = bench.wait(DAY);
    assert_eq!(names(&events), ["OrderPlaced", "OrderLapsed", "EpochClosed"]);
    assert_eq!(bench.refused_by(4, deposit(first.order, XPL, 0)), Rejection::UnknownOrder);
    let second = placed(&events)[0].order;
    assert_eq!(bench.by(4, deposit(second, 1_000 * XPL, 0)), [OrderReturned { closes: 1 }.into()]);
    bench.engine.view(|state| {
        assert_eq!((state.orders.len(), state.ledger.treasury), (0, u128::from(1_001_400 * XPL)));
    });
}

#[test]
fn what_a_buyback_brings_can_be_burned_and_liquidity_never_is() {
    let burned = |bench: &mut Bench| bench.engine.view(|state| (state.ledger.burned, state.ledger.treasury));
    let mut bench = treasury(treasury_policy::BUYBACK, &[("treasury.bought", treasury_bought::BURNED)]);
    let order = placed(&bench.wait(DAY))[0].order;
    let amount = 400 * XPL;
    assert_eq!(bench.by(4, deposit(order, amount, 0)), [OrderReturned { closes: 0 }.into(), TreasuryBurned { amount }.into()]);
    assert_eq!(bench.by(4, deposit(order, 0, 1)), [OrderReturned { closes: 1 }.into()]);
    assert_eq!(burned(&mut bench), (u128::from(amount), u128::from(1_000_000 * XPL)));
    let mut bench = treasury(treasury_policy::LIQUIDITY, &[("treasury.bought", treasury_bought::BURNED)]);
    let order = placed(&bench.wait(DAY))[0].order;
    assert_eq!(bench.by(4, deposit(order, amount, 1)), [OrderReturned { closes: 1 }.into()]);
    assert_eq!(burned(&mut bench), (0, u128::from(999_400 * XPL)));
}

#[test]
fn liquidity_is_sent_along_and_comes_back_with_its_loss_or_gain() {
    let mut bench = treasury(treasury_policy::LIQUIDITY, &[("treasury.max_orders", 2)]);
    let mut orders = placed(&bench.wait(DAY));
    orders.extend(placed(&bench.wait(DAY)));
    assert_eq!(placed(&bench.wait(2 * DAY)), []);
    assert_eq!((orders.len(), orders[0].sent, orders[0].limit), (2, 1_000 * XPL, 99_000));
    assert_eq!(bench.free(4), u128::from(1_002_000 * XPL));
    // Two thousand went out; 900 and 1,200 come back, the latter in two parts.
    bench.by(4, deposit(orders[0].order, 900 * XPL, 1));
    bench.by(4, deposit(orders[1].order, 1_200 * XPL, 0));
    assert_eq!(bench.by(4, deposit(orders[1].order, 0, 1)), [OrderReturned { closes: 1 }.into()]);
    bench.engine.view(|state| {
        assert_eq!((state.orders.len(), state.ledger.treasury), (0, u128::from(1_000_100 * XPL)));
    });
}

#[test]
fn the_budget_is_never_more_than_the_treasury_has() {
    let mut bench = treasury(treasury_policy::LIQUIDITY, &[("treasury.budget", 700_000 * XPL)]);
    let sent: Vec<u64> = placed(&bench.wait(4 * DAY)).iter().map(|order| order.sent).collect();
    assert_eq!(sent, [700_000 * XPL, 300_000 * XPL]);
}

#[test]
fn a_floor_is_defended_only_below_it() {
    let mut bench = treasury(treasury_policy::FLOOR, &[("treasury.floor", 90_000)]);
    assert_eq!(placed(&bench.wait(DAY)), []);
    bench.send(Origin::Feeder(0), PostPrice { micro_usd: 89_999 });
    let orders = placed(&bench.wait(DAY));
    assert_eq!((orders.len(), orders[0].limit, orders[0].max_xpl), (1, 90_000, 1_000 * XPL));
}

#[test]
fn without_a_price_a_custodian_a_budget_or_a_policy_there_is_no_order() {
    let mut stale = treasury(treasury_policy::BUYBACK, &[("oracle.stale_after", DAY / 2)]);
    assert_eq!(placed(&stale.wait(2 * DAY)), []);
    let mut penniless = treasury(treasury_policy::BUYBACK, &[("treasury.budget", 0)]);
    assert_eq!(placed(&penniless.wait(2 * DAY)), []);
    let mut idle = treasury(treasury_policy::NONE, &[]);
    assert_eq!(placed(&idle.wait(2 * DAY)), []);
    let mut nobody = Bench::new(&[("treasury.policy", treasury_policy::BUYBACK), ("treasury.budget", XPL)]);
    nobody.send(Origin::Feeder(0), PostPrice { micro_usd: 100_000 });
    assert_eq!(placed(&nobody.wait(2 * DAY)), []);
}

#[test]
fn policies_that_are_on_together_order_each_for_itself_and_within_one_budget() {
    let floor = [("treasury.floor", 150_000), ("treasury.buyback_budget", 300 * XPL)];
    let mut bench = treasury(treasury_policy::ALL, &floor);
    let events = bench.wait(DAY);
    let orders: Vec<_> = placed(&events).iter().map(|order| (order.side, order.max_xpl, order.sent, order.limit)).collect();
    let all =
        [(side::BUY, 300 * XPL, 0, 101_000), (side::PROVIDE, 350 * XPL, 350 * XPL, 99_000), (side::BUY, 350 * XPL, 0, 150_000)];
    assert_eq!(orders, all);
    // Each takes what it asks for and no more, whatever becomes of the others.
    let [buyback, liquidity, floor] = placed(&events)[..] else { panic!("{events:?}") };
    assert_eq!(bench.refused_by(4, deposit(buyback.order, 301 * XPL, 0)), Rejection::OrderFull);
    assert_eq!(bench.by(4, deposit(floor.order, 350 * XPL, 0)), [OrderReturned { closes: 1 }.into()]);
    let events = bench.wait(DAY);
    let lapsed = events.iter().filter(|event| matches!(event, Event::OrderLapsed(_))).count();
    assert_eq!((placed(&events).len(), lapsed), (3, 1));
    bench.engine.view(|state| {
        assert!(state.orders.get(buyback.order.0).is_none() && state.orders.get(liquidity.order.0).is_some());
        assert_eq!(state.ledger.treasury, u128::from((1_000_000 - 700 + 350) * XPL));
    });
}

#[test]
fn no_more_orders_stand_than_may_and_a_policy_at_rest_leaves_its_part_alone() {
    let mut bench = treasury(treasury_policy::ALL, &[("treasury.max_orders", 2), ("treasury.floor", 150_000)]);
    let counts = [1, 2, 3].map(|_| placed(&bench.wait(DAY)).len());
    // The one to provide stands on, and leaves room for one to buy, which stands for an epoch.
    assert_eq!(counts, [2, 1, 1]);
    let mut bench = treasury(5, &[("treasury.floor", 90_000)]);
    let orders: Vec<u64> = placed(&bench.wait(DAY)).iter().map(|order| order.max_xpl).collect();
    assert_eq!(orders, [500 * XPL]);
}

#[test]
fn budgets_of_their_own_come_first_and_the_rest_is_shared() {
    let [none, some] = [[0; 3], [0, 40, 0]];
    assert_eq!(budgets(100, [false; 3], none), [0; 3]);
    assert_eq!(budgets(100, [false, true, false], none), [0, 100, 0]);
    assert_eq!(budgets(100, [true, true, true], none), [33, 33, 34]);
    assert_eq!(budgets(100, [true, true, true], some), [30, 40, 30]);
    assert_eq!(budgets(30, [true, true, true], some), [0, 30, 0]);
    assert_eq!(budgets(100, [true, false, true], some), [50, 0, 50]);
    assert_eq!(budgets(100, [true, true, true], [70, 70, 70]), [70, 30, 0]);
}
