//! Anchors: what theory and others' experiments say, reproduced within a stated error before any result of the model is believed.

mod base_fee;
mod burn_and_mint;
mod elasticity;
mod emission;
mod entry;
mod queueing;

use plasma_core::engine::Engine;
use plasma_core::engine::step::Observer;
use plasma_sim::agents::Agents;
use plasma_sim::scenario::{Loaded, Scenario};
use plasma_sim::world;

/// The small economy with what is set differently.
fn small<S: AsRef<str>>(sets: &[S]) -> Loaded {
    let path = super::scenario::shipped().join("small.toml");
    let sets: Vec<String> = sets.iter().map(|set| set.as_ref().into()).collect();
    Scenario::load(&path, &sets).unwrap_or_else(|error| panic!("{}", error.plain()))
}

/// The same setting for every group of providers.
fn every_group(set: &str) -> Vec<String> {
    ["gamers", "night-owls", "hosts"].iter().map(|group| format!("provider.{group}.{set}")).collect()
}

/// A whole run, its last epoch included.
fn play<O: Observer + Send + Sync + 'static>(loaded: &Loaded, observer: O) -> Engine<Agents, O> {
    let (genesis, agents) = world::build(loaded, 0).unwrap();
    let mut engine = Engine::genesis(&genesis, agents, observer).unwrap();
    engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0 + 1);
    assert!(engine.environment().dollars().conserved());
    engine
}

/// Whether two values agree within a share of the second.
fn near(found: f64, expected: f64, within: f64) -> bool {
    (found - expected).abs() <= within * expected.abs()
}
