//! The treasury's custodian.

use super::{Diary, QUIET, play, refused, small};
use plasma_core::formula::swap::value_against_holding;
use plasma_core::money::{ONE, XPL};
use plasma_core::protocol::treasury::OrderPlaced;
use plasma_core::record::{Command, Event};
use plasma_core::time::DAY;
use plasma_sim::agents::tally::Party;

const POOL: &str = "token.market={ amm = { depth = \"5_000 USD\" } }";

fn sets<'a>(parts: &[&[&'a str]]) -> Vec<&'a str> {
    parts.concat()
}

/// Two hundred and fifty dollars buy 2,500 XPL at ten cents, a thousand a day: what they buy the treasury has, but for fees.
#[test]
fn a_buyback_spends_what_the_custodian_has_and_no_more() {
    let base = ["custodian.usd=250 USD", "treasury.policy=buyback", "treasury.budget=1000 XPL"];
    for bought in ["kept", "burned"] {
        let bought_is = format!("treasury.bought={bought}");
        let loaded = small("", &sets(&[&QUIET, &base, &[&bought_is]]));
        let mut engine = play(&loaded);
        let (mut returned, mut burned, mut orders) = (0, 0, 0);
        for (_, event) in &engine.observer().events {
            match event {
                Event::OrderPlaced(_) => orders += 1,
                Event::OrderReturned(_) => returned += 1,
                Event::TreasuryBurned(event) => burned += u128::from(event.amount),
                _ => {}
            }
        }
        let agents = engine.environment();
        let row = agents.custody().unwrap();
        assert_eq!((row.orders, orders, returned), (30, 30, 3));
        assert_eq!((row.bought, row.spent), (2_500 * u128::from(XPL), 250_000_000));
        // It keeps the fees of four commands in hand.
        let fee = u128::from(loaded.scenario.params.fee_base());
        assert_eq!(row.returned, row.bought - 3 * fee - 4 * fee + fee);
        assert_eq!(burned, if bought == "burned" { row.returned } else { 0 });
        let custodian = agents.economy().custodian.unwrap();
        assert_eq!(agents.dollars().of(custodian.account), 0);
        let trades = agents.tally().of(Party::Treasury);
        assert_eq!((trades.bought, trades.spent, trades.sold), (row.bought, row.spent, 0));
    }
}

#[test]
fn a_purchase_never_pays_more_than_the_limit_nor_leaves_the_price_above_it() {
    let base = [POOL, "custodian.usd=100_000 USD", "treasury.policy=buyback", "treasury.budget=1_000_000 XPL", "horizon=3d"];
    let mut engine = play(&small("", &sets(&[&QUIET, &base, &["treasury.slippage=2%"]])));
    let limits: Vec<u64> = engine
        .observer()
        .events
        .iter()
        .filter_map(|(_, event)| if let Event::OrderPlaced(order) = event { Some(order.limit) } else { None })
        .collect();
    // Each order may raise the price by 2 % of what the oracle says.
    assert_eq!(limits, [102_000, 104_040, 106_120]);
    let row = engine.environment().custody().unwrap().clone();
    assert_eq!(row.orders, 3);
    let price = engine.environment().standing().price;
    // The last order was placed as the last epoch closed, and is carried out a moment later.
    assert!((104_030..=104_040).contains(&price), "{price}");
    assert!(row.spent * u128::from(XPL) <= row.bought * 104_040, "{row:?}");
}

#[test]
fn a_floor_is_defended_while_the_dollars_last() {
    let floor = ["treasury.policy=floor", "treasury.floor=90000", "treasury.budget=1_000_000 XPL", POOL];
    let holders = ["allocation.unvested.holder=holders"];
    let shock = "[[shock]]\nid = \"crash\"\nat = \"2d\"\nwhat = { price = { change = \"-20%\" } }\n";
    let price = |usd: &str| {
        let usd = format!("custodian.usd={usd}");
        let mut engine = play(&small(shock, &sets(&[&QUIET, &floor, &holders, &[&usd]])));
        let (price, row) = (engine.environment().standing().price, engine.environment().custody().unwrap());
        (price, row.spent, row.bought)
    };
    let (defended, spent, bought) = price("1_000_000 USD");
    assert!((89_980..=90_000).contains(&defended), "{defended}");
    assert!(spent > 0 && bought > 0);
    let (fallen, spent, _) = price("1_000 USD");
    assert!((80_000..82_000).contains(&fallen), "{fallen}");
    assert!(spent <= 1_000_000_000);
}

/// Liquidity comes back as it went when nothing was traded, and loses against holding what theory says when the price has halved.
#[test]
fn liquidity_returns_with_its_impermanent_loss() {
    let base = [POOL, "custodian={ usd = \"100_000 USD\", holds = \"5d\" }", "treasury.policy=liquidity", "horizon=9d"];
    let terms = ["treasury.budget=500_000 XPL", "treasury.max_orders=1", "allocation.unvested.holder=holders"];
    let shock = "[[shock]]\nid = \"crash\"\nat = \"3d\"\nwhat = { price = { change = \"-50%\" } }\n";
    let row = |shock: &str| {
        let mut engine = play(&small(shock, &sets(&[&QUIET, &base, &terms])));
        let custodian = engine.environment().economy().custodian.unwrap().account;
        let row = engine.environment().custody().unwrap().clone();
        let dollars = u128::from(engine.environment().dollars().of(custodian));
        let held = u128::from(100_000_000_000u64) + row.redeemed_usd - row.provided_usd;
        assert_eq!(dollars, held, "dollars are where the books say");
        row
    };
    let quiet = row("");
    assert_eq!((quiet.orders, quiet.positions.len()), (2, 1), "one at a time, the second while the first is over");
    let first = quiet.redeemed;
    let added = quiet.provided - u128::from(quiet.positions[0].xpl);
    assert!(added.abs_diff(500_000 * u128::from(XPL)) < 10_000_000 && added >= first && added - first < 100_000_000);
    assert!(quiet.against_holding.abs() < 1_000, "{quiet:?}");
    let crashed = row(shock);
    // Half of what it held was worth 50,000 dollars, the other half is worth 25,000.
    let held = 75_000.0 * 1e6;
    let loss = 1.0 - value_against_holding(ONE / 2) as f64 / 1e9;
    let made = crashed.against_holding as f64 / held;
    assert!((made + loss).abs() < 0.002, "{made} {loss}");
    assert!(crashed.redeemed > crashed.provided - u128::from(crashed.positions[0].xpl));
}

/// The dollars reach for a position and a quarter, and what comes back does so in the moment in which the next goes in. What the
/// pool did not take of an order returns at once, and the rest in the end, whatever else moves then.
#[test]
fn what_the_pool_did_not_take_returns_as_other_liquidity_comes_back() {
    let base = [POOL, "custodian={ usd = \"10_000 USD\", holds = \"3d\" }", "treasury.policy=liquidity", "horizon=20d"];
    let mut engine = play(&small("", &sets(&[&QUIET, &base, &["treasury.budget=80_000 XPL"]])));
    let Diary { events, commands, .. } = engine.observer();
    let deposits = commands.iter().filter_map(|(time, _, command)| match command {
        Command::TreasuryDeposit(deposit) => Some((*time, *deposit)),
        _ => None,
    });
    let deposits: Vec<_> = deposits.collect();
    let end = events.last().unwrap().0;
    let (mut partly, mut meetings) = (0, 0);
    for (placed, event) in events.iter().filter(|(time, _)| time + 4 * DAY < end) {
        let Event::OrderPlaced(order) = event else { continue };
        let of_it = || deposits.iter().filter(|(_, deposit)| deposit.order == order.order);
        let back: u64 = of_it().map(|(_, deposit)| deposit.amount).sum();
        assert!(order.sent.abs_diff(back) < XPL, "{} were sent with {}, and {back} came back", order.sent, order.order);
        let at_once = of_it().filter(|(time, deposit)| *time == placed + 1 && deposit.last == 0);
        partly += at_once.filter(|(_, deposit)| deposit.amount > order.sent / 2).count();
        meetings += usize::from(deposits.iter().any(|(time, other)| *time == placed + 1 && other.order != order.order));
    }
    assert!(partly > 3 && meetings > 4, "{partly} orders were carried out in part, {meetings} as another came back");
    let custody = engine.environment().custody().unwrap();
    assert!(custody.positions.len() <= 3, "nothing stays in the pool for longer than it is held: {:?}", custody.positions);
}

#[test]
fn liquidity_is_not_provided_below_the_limit_nor_without_dollars() {
    let base = [POOL, "treasury.policy=liquidity", "treasury.budget=1_000 XPL", "horizon=3d", "custodian.usd=0 USD"];
    let mut engine = play(&small("", &sets(&[&QUIET, &base])));
    let treasury = engine.view(|state| (state.orders.len(), state.ledger.treasury));
    let row = engine.environment().custody().unwrap();
    assert_eq!((row.provided, row.positions.len()), (0, 0));
    assert!(row.returned >= 1_990 * u128::from(XPL), "{row:?}");
    assert!(treasury.0 <= 1);
}

/// Three orders of one moment, carried out one after the other: what each bought returns for it alone, and the books are those of all.
#[test]
fn several_orders_at_once_are_each_carried_out_and_reported_for_themselves() {
    let base = [POOL, "custodian={ usd = \"10_000 USD\", holds = \"3d\" }", "treasury.policy=all", "treasury.budget=9_000 XPL"];
    let more = ["treasury.floor=101000", "treasury.floor_budget=1_000 XPL", "treasury.slippage=3%", "horizon=12d"];
    let mut engine = play(&small("", &sets(&[&QUIET, &base, &more])));
    let Diary { events, commands, .. } = engine.observer();
    let orders: Vec<_> = events
        .iter()
        .filter_map(|(time, event)| if let Event::OrderPlaced(order) = event { Some((*time, *order)) } else { None })
        .collect();
    let deposits: Vec<_> = commands
        .iter()
        .filter_map(
            |(time, _, command)| if let Command::TreasuryDeposit(deposit) = command { Some((*time, *deposit)) } else { None },
        )
        .collect();
    let first: Vec<_> = orders.iter().filter(|(time, _)| *time == orders[0].0).map(|(_, order)| *order).collect();
    assert_eq!(first.iter().map(|order| order.max_xpl / XPL).collect::<Vec<_>>(), [4_000, 4_000, 1_000]);
    let bought = |order: &OrderPlaced| {
        let mut mine = deposits.iter().filter(|(_, deposit)| deposit.order == order.order);
        let (time, deposit) = mine.next().expect("a report");
        assert!(mine.next().is_none() && *time == orders[0].0 + 1);
        deposit.amount
    };
    for order in [&first[0], &first[2]] {
        let short = order.max_xpl - bought(order);
        assert!(short < XPL, "{short} nano-XPL are missing of {order:?}");
    }
    let custody = engine.environment().custody().unwrap();
    assert_eq!(custody.orders as usize, orders.len());
    assert!(custody.provided > 0 && custody.redeemed > 0, "{custody:?}");
    let returned: u128 = deposits.iter().map(|(_, deposit)| u128::from(deposit.amount)).sum();
    assert_eq!(custody.returned, returned);
}

#[test]
fn an_order_that_nobody_could_carry_out_is_refused_in_words() {
    let nobody = refused("", &["treasury.policy=buyback"]);
    assert!(nobody.contains("write a section [custodian]"), "{nobody}");
    let nowhere = refused("", &["treasury.policy=liquidity", "custodian.usd=1 USD"]);
    assert!(nowhere.contains("token.market is not `amm`"), "{nowhere}");
    assert!(refused("", &["treasury.policy=all", "custodian.usd=1 USD"]).contains("token.market is not `amm`"));
    assert!(refused("", &["custodian={ usd = \"1 USD\", holds = \"0d\" }"]).contains("custodian.holds"));
    assert!(small("", &["custodian.usd=1 USD"]).scenario.custodian.unwrap().holds.0 == 365 * DAY + DAY / 4);
}
