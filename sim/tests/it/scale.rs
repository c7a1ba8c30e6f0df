//! Scale: half an economy has half of every amount that is the whole economy's.

use plasma_core::engine::Engine;
use plasma_core::money::XPL;
use plasma_sim::scenario::Scenario;
use plasma_sim::world;

/// Whole XPL that the small economy mints in ten days.
fn minted(schedule: &str, more: &[&str], scale: &str) -> f64 {
    let text = std::fs::read_to_string(super::scenario::shipped().join("small.toml")).unwrap();
    let schedule = [format!("emission.schedule={schedule}"), format!("scale={scale}"), "horizon=10d".into()];
    let sets: Vec<String> = more.iter().map(ToString::to_string).chain(schedule).collect();
    let loaded = Scenario::parse("small.toml", &text, &sets).unwrap_or_else(|error| panic!("{}", error.plain()));
    let (genesis, agents) = world::build(&loaded, 0).unwrap();
    let mut engine = Engine::genesis(&genesis, agents, ()).unwrap();
    engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0 + 1);
    let supply = engine.view(|view| view.ledger.supply() + view.ledger.burned);
    (supply - genesis.supply()) as f64 / XPL as f64
}

#[test]
fn half_an_economy_mints_half() {
    // All of it is minted whether or not anybody earned it.
    let all = "emission.unallocated=treasury";
    for (schedule, more) in [
        ("fixed", &["emission.yearly=500000 XPL"][..]),
        ("table", &["emission.year_1=600000 XPL"]),
        ("disinflation", &[]),
        ("halving", &["emission.subsidy=10 XPL", "emission.interval=1000"]),
        ("halving_by_supply", &["emission.subsidy=10 XPL", "emission.total=20000 XPL"]),
        ("exponential", &["emission.total=1000000 XPL"]),
        ("net_emission", &["emission.yearly=500000 XPL", "emission.reburn=0 XPL"]),
    ] {
        let sets: Vec<&str> = more.iter().copied().chain([all]).collect();
        let [whole, half] = ["1", "1/2"].map(|scale| minted(schedule, &sets, scale));
        assert!(whole > 1_000.0 && (half / whole - 0.5).abs() < 1e-3, "{schedule}: {half} of {whole}");
    }
    // What follows work follows other draws at another scale.
    let paid = ["emission.yearly=1000000 XPL", "emission.paid_target=2000000 XPL"];
    let [whole, half] = ["1", "1/2"].map(|scale| minted("utilisation", &paid, scale));
    assert!(whole > 1_000.0 && (half / whole - 0.5).abs() < 0.1, "utilisation: {half} of {whole}");
}
