//! Runs inside the tests: engine, agents and metrics together, as the command puts them together.

use crate::observe::{metrics, observed};
use crate::plasma::repository;
use plasma_core::engine::{Engine, Progress};
use plasma_core::protocol::check_invariants;
use plasma_reports::Metrics;
use plasma_sim::agents::Agents;
use plasma_sim::scenario::{Loaded, Scenario};
use plasma_sim::world;

/// A shipped scenario with more text and settings of its own.
pub fn scenario(base: &str, more: &str, sets: &[&str]) -> Loaded {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("own.toml");
    let base = repository().join("scenarios").join(base);
    std::fs::write(&path, format!("extends = {base:?}\n{more}")).expect("room on disk");
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Scenario::load(&path, &sets).unwrap_or_else(|error| panic!("{}", error.plain()))
}

/// Plays it to its end. Metrics are told of every epoch, and every invariant holds at the end.
pub fn play(loaded: &Loaded) -> (Metrics, Agents) {
    let (genesis, agents) = world::build(loaded, 0).expect("a sound economy");
    let metrics = metrics(&genesis, agents.economy());
    let mut engine = Engine::genesis(&genesis, agents, metrics).expect("a legal genesis");
    let until = genesis.start + loaded.scenario.horizon.0 + 1;
    while engine.run_epoch(until) == Progress::EpochClosed {
        let told = observed(engine.environment());
        engine.observer().observe(told);
    }
    engine.view(check_invariants).expect("the ledger contradicts itself");
    let (agents, metrics) = engine.into_parts();
    (metrics, agents)
}
