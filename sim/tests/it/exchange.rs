//! The market of XPL: pools, random walks and traders, over whole runs.

use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::record::{Cause, Command, Event, Record};
use plasma_sim::agents::Agents;
use plasma_sim::scenario::{Loaded, Scenario};
use plasma_sim::world;

/// Thirty days of the small economy with another market of XPL.
fn small(market: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("market.toml");
    let base = super::scenario::shipped().join("small.toml");
    let text = format!("extends = {base:?}\n{market}");
    std::fs::write(&path, text).unwrap();
    Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{}", error.plain()))
}

const TRADERS: &str = r#"
[[allocation]]
id = "market-maker"
amount = "19%"
holder = "market_maker"
[[allocation]]
id = "traders"
amount = "1%"
holder = "traders"
[[trader]]
id = "fundamentalists"
style = { fundamental = { discount = "20%" } }
usd = "50_000 USD"
[[trader]]
id = "chartists"
style = { momentum = { memory = "7d", band = "1%" } }
usd = "20_000 USD"
[[trader]]
id = "others"
style = { noise = { size = "500 USD" } }
usd = "200_000 USD"
interval = "6h"
"#;

/// Every price that was posted, in micro-USD per XPL.
#[derive(Default)]
struct Prices(Vec<u64>);

impl Observer for Prices {
    fn cause(&mut self, _view: &State, record: &Record) {
        if let Cause::Command { command: Command::PostPrice(post), .. } = record.cause {
            self.0.push(post.micro_usd);
        }
    }
    fn event(&mut self, _view: &State, _record: &Record, _event: &Event) {}
}

fn play(loaded: &Loaded) -> Engine<Agents, Prices> {
    let (genesis, agents) = world::build(loaded, 0).unwrap();
    let mut engine = Engine::genesis(&genesis, agents, Prices::default()).unwrap();
    engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0);
    assert!(engine.environment().dollars().conserved());
    engine
}

#[test]
fn every_trade_moves_a_pools_price_and_no_trader_spends_what_it_lacks() {
    let pool = "[token]\nmarket = { amm = { depth = \"5_000 USD\" } }\n";
    let mut engine = play(&small(&format!("{pool}{TRADERS}")));
    let prices = &engine.observer().0;
    assert_eq!(prices[0], 100_000);
    assert!(prices.windows(2).filter(|pair| pair[0] != pair[1]).count() > 100, "{prices:?}");
    let agents = engine.environment();
    let exchange = &agents.economy().exchange;
    let before = exchange.pool().unwrap().xpl as f64 * exchange.maker_usd as f64;
    let maker = exchange.maker;
    let usd = agents.dollars().of(maker) as f64;
    let (tally, brought_in) = (agents.tally().clone(), agents.dollars().brought_in);
    let (bought, sold) = tally.bought_and_sold();
    assert!(bought > 0 && sold > 0);
    assert_eq!(brought_in, 0, "the customers of thirty days have XPL enough, and traders bring nothing after genesis");
    let left = engine.view(|state| state.account(maker).unwrap().free as f64);
    // The fee stays in the pool, by which the product grows; the pool's account pays the base fee of its transfers.
    assert!(left * usd > before, "{left} {usd} {before}");
}

#[test]
fn providers_of_liquidity_leave_a_pool_that_earns_too_little_and_the_price_stays() {
    let with = |required: &str| {
        let market = format!("[token]\nmarket = {{ amm = {{ depth = \"5_000 USD\", required_yield = \"{required}\" }} }}\n");
        let mut engine = play(&small(&market));
        let maker = engine.environment().economy().exchange.maker;
        let usd = engine.environment().dollars().of(maker);
        (usd, *engine.observer().0.last().unwrap())
    };
    let ((poor, low), (rich, high)) = (with("1_000%"), with("0.001%"));
    assert!(poor < rich * 9 / 10, "{poor} {rich}");
    assert!(low.abs_diff(high) < high / 50, "{low} {high}");
}

#[test]
fn a_walk_has_the_drift_volatility_and_jumps_it_was_given() {
    let walk = |terms: &str| {
        let market = format!("horizon = \"1y\"\n[token]\nmarket = {{ gbm = {{ {terms} }} }}\n");
        let mut engine = play(&small(&market));
        let prices = engine.observer().0.clone();
        let logs: Vec<f64> = prices.windows(2).map(|pair| libm::log(pair[1] as f64 / pair[0] as f64)).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let variance = logs.iter().map(|log| libm::pow(log - mean, 2.0)).sum::<f64>() / logs.len() as f64;
        let least = logs.iter().copied().fold(0.0, f64::min);
        (libm::sqrt(variance * 8766.0), least)
    };
    // 8,766 hourly steps: the standard error of a volatility is itself ÷ √(2 · 8766), 0.8 % of it.
    let (volatility, least) = walk("volatility = \"80%\"");
    assert!((volatility - 0.8).abs() < 0.02, "{volatility}");
    assert!(least > -0.08, "{least}");
    let (_, least) = walk("volatility = \"20%\", jumps = 6, jump = \"-30%\"");
    assert!((least - libm::log(0.7)).abs() < 0.02, "{least}");
}

#[test]
fn a_market_that_lacks_what_it_needs_is_refused_in_words() {
    let base = super::scenario::shipped().join("small.toml");
    let refused = |set: &str| Scenario::load(&base, &[set.into()]).unwrap_err().plain();
    let shallow = refused("token.market={ amm = { depth = \"50_000 USD\" } }");
    assert!(shallow.contains("token.market_maker_usd"), "{shallow}");
    assert!(refused("token.market={ amm = { depth = \"0 USD\" } }").contains("has no price"));
    assert!(refused("token.market={ gbm = { volatility = \"20%\", jump = \"-100%\" } }").contains("cannot fall"));
}

#[test]
fn a_checkpoint_in_the_middle_of_trading_continues_identically() {
    let pool = "[token]\nmarket = { amm = { depth = \"5_000 USD\", required_yield = \"20%\" } }\n";
    let loaded = small(&format!("{pool}{TRADERS}"));
    let mut whole = play(&loaded);
    let (genesis, agents) = world::build(&loaded, 0).unwrap();
    let mut cut = Engine::genesis(&genesis, agents, Prices::default()).unwrap();
    cut.run(loaded.scenario.start.0 + 11 * plasma_core::time::DAY + 777);
    let (snapshot, checkpoint) = (cut.snapshot(), cut.environment().save());
    let agents = world::restore(&loaded, 0, &checkpoint).unwrap();
    let mut continued = Engine::restore(&snapshot, agents, Prices::default()).unwrap();
    continued.run(loaded.scenario.start.0 + loaded.scenario.horizon.0);
    assert_eq!(continued.digest(), whole.digest());
    assert_eq!(continued.environment().save(), whole.environment().save());
}
