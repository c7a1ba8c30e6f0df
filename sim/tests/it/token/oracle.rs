//! Who moves the oracle: the profit is what the arithmetic of the pool and the vault says, to the dollar, and window and bound on steps
//! take it away.

use super::{QUIET, play, refused, small};
use plasma_core::money::{XPL, mul_div_floor, share};
use plasma_core::record::Event;
use plasma_sim::agents::attacker::oracle::Attempts;
use plasma_sim::agents::exchange::pool::Pool;

const WORLD: [&str; 6] = [
    "token.market={ amm = { depth = \"5_000 USD\" } }",
    "settle.mode=vault_remint",
    "emission.yearly=0 XPL",
    "fee.base=0 XPL",
    "bond.per_gpu=0 XPL",
    "horizon=2d",
];

fn attacker(terms: &str) -> String {
    let plan = format!("class = \"a100-80gb\", program = \"decode-8b\", gpu_hours = 1000, interval = \"30d\", {terms}");
    format!("[[attacker]]\nid = \"pusher\"\nat = \"12h\"\nusd = \"400_000 USD\"\nwhat = {{ oracle = {{ {plan} }} }}\n")
}

/// What it made in dollars, and how its attempts went.
fn attacked(terms: &str, sets: &[&str]) -> (f64, Attempts, Vec<Event>) {
    let loaded = small(&attacker(terms), &[&QUIET, &WORLD[..], sets].concat());
    let mut engine = play(&loaded);
    let events = engine.observer().events.iter().map(|(_, event)| *event).collect();
    let agents = engine.environment();
    let (booty, row) = (&agents.booty()[0], &agents.rows().attackers[0]);
    let made = booty.worth as f64 - booty.means as f64;
    // Nothing but its trades changes its dollars, and it holds next to nothing else.
    let traded = row.trades.received as f64 - row.trades.spent as f64;
    assert!((made - traded).abs() < 1e4, "{made} {traded}");
    (made / 1e6, row.attempts, events)
}

/// Replays one attempt: buys, is credited for half of it at the price it made, sells the other half, and is paid at the price that is
/// left.
fn theory(raise: f64, fee_rate: u64) -> f64 {
    const SWAP: u64 = 3_000_000;
    let loaded = small("", &[&QUIET, &WORLD[..]].concat());
    let (_, agents) = plasma_sim::world::build(&loaded, 0).unwrap();
    let exchange = &agents.economy().exchange;
    let mut pool = Pool { xpl: exchange.pool().unwrap().xpl as u64, usd: exchange.maker_usd };
    let nano = pool.xpl - (pool.xpl as f64 / libm::sqrt(1.0 + raise)) as u64;
    let cost = pool.to_buy(nano, SWAP).unwrap();
    pool = Pool { xpl: pool.xpl - nano, usd: pool.usd + cost };
    let (high, put_in) = (pool.price(), nano / 2);
    let back = pool.for_sale(nano - put_in, SWAP).unwrap();
    pool = Pool { xpl: pool.xpl + nano - put_in, usd: pool.usd - back };
    let credit = mul_div_floor(put_in.into(), high.into(), XPL.into()).unwrap();
    let net = put_in - share(put_in, fee_rate);
    let micro_usd = mul_div_floor(credit, net.into(), put_in.into()).unwrap();
    let paid = mul_div_floor(micro_usd, XPL.into(), pool.price().into()).unwrap() as u64;
    let cashed = pool.for_sale(paid, SWAP).unwrap();
    (back + cashed) as f64 / 1e6 - cost as f64 / 1e6
}

#[test]
fn it_pays_exactly_where_what_the_vault_overpays_exceeds_the_fees() {
    for (raise, fee, pays) in
        [("40%", "5%", true), ("10%", "1%", true), ("10%", "5%", false), ("1%", "5%", false), ("40%", "60%", false)]
    {
        let share: f64 = raise.trim_end_matches('%').parse::<f64>().unwrap() / 100.0;
        let rate = fee.trim_end_matches('%').parse::<u64>().unwrap() * 10_000_000;
        let fee = format!("fee.rate={fee}");
        let (made, attempts, events) = attacked(&format!("raise = \"{raise}\""), &[&fee]);
        assert_eq!((attempts.pushed, attempts.credited), (1, 1));
        let theory = theory(share, rate);
        assert!((made - theory).abs() < 0.01 + theory.abs() * 1e-4, "{raise} at {fee}: made {made}, theory {theory}");
        assert_eq!(made > 0.0, pays, "{raise} at {fee}: {made}");
        let minted = events.iter().map(|event| if let Event::Reminted(moved) = event { moved.minted } else { 0 }).sum::<u64>();
        assert!(minted > 0, "the vault was empty");
    }
}

#[test]
fn a_window_a_lag_and_a_bound_on_steps_defend() {
    let (undefended, _, _) = attacked("raise = \"40%\"", &[]);
    assert!(undefended > 0.0);
    // Half of a window of nine must be posts at its price, and it waits for four; steps of 1 % do not reach half the way either.
    for defence in [["oracle.window=9"], ["oracle.max_step=1%"], ["oracle.lag=5"]] {
        let (made, attempts, _) = attacked("raise = \"40%\"", &defence);
        assert_eq!((attempts.pushed, attempts.credited, attempts.put_in), (1, 0, 0), "{defence:?}");
        assert!(made < 0.0, "{defence:?}: it paid two swap fees for nothing: {made}");
    }
    // Who can wait longer gets there, while nobody sells into the pool.
    let (made, attempts, _) = attacked("raise = \"40%\", patience = 12", &["oracle.window=9"]);
    assert_eq!(attempts.credited, 1);
    assert!(made > 0.0, "{made}");
}

#[test]
fn it_spends_no_more_than_it_has() {
    let poor = attacker("raise = \"400%\"").replace("400_000", "1_000");
    let mut engine = play(&small(&poor, &[&QUIET, &WORLD[..]].concat()));
    let row = engine.environment().rows().attackers[0].clone();
    assert!(row.trades.spent <= 1_000_000_000 && row.trades.spent > 990_000_000, "{row:?}");
    assert_eq!(engine.environment().dollars().brought_in, 0);
}

#[test]
fn where_it_gains_nothing_it_is_refused_in_words() {
    let told = |sets: &[&str], words: &str| {
        let error = refused(&attacker("raise = \"40%\""), sets);
        assert!(error.contains(words), "{error}");
    };
    told(&[WORLD[0]], "settle.mode = \"vault_remint\"");
    told(&[WORLD[1]], "token.market is not `amm`");
    told(&[&WORLD[..2], &["market.mechanism=uniform"]].concat(), "where asks are posted");
    told(&[&WORLD[..2], &["attacker.pusher.what.oracle.patience=0"]].concat(), "follows a post at the earliest");
    told(&[&WORLD[..2], &["attacker.pusher.what.oracle.class=gpu"]].concat(), "there is no class `gpu`");
}
