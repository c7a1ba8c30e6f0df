//! Demand over whole runs: customers who choose between the network, a cloud and nothing.

use plasma_core::engine::Engine;
use plasma_sim::agents::tally::Tally;
use plasma_sim::scenario::{Loaded, Scenario};
use plasma_sim::world;

/// The small economy with customers who choose by logit.
fn played(terms: &str) -> Tally {
    let choice = format!("{{ logit = {{ {terms} }} }}");
    let base = loaded(&[]).unwrap_or_else(|error| panic!("{error}"));
    let sets: Vec<String> = base.scenario.demand.iter().map(|group| format!("demand.{}.choice={choice}", group.id)).collect();
    played_with(&sets)
}

fn loaded(sets: &[String]) -> Result<Loaded, String> {
    Scenario::load(&super::scenario::shipped().join("small.toml"), sets).map_err(|error| error.plain())
}

/// The small economy with other settings.
fn played_with(sets: &[String]) -> Tally {
    let loaded = loaded(sets).unwrap_or_else(|error| panic!("{error}"));
    let (genesis, agents) = world::build(&loaded, 0).unwrap();
    let mut engine = Engine::genesis(&genesis, agents, ()).unwrap();
    engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0);
    assert!(engine.environment().dollars().conserved());
    engine.environment().tally().clone()
}

/// Shares of network and cloud among all candidates that could be served.
fn shares(tally: &Tally) -> (f64, f64) {
    let sum = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
    let served = sum(&tally.candidates) - sum(&tally.unserved);
    let network = served - sum(&tally.declined) - sum(&tally.to_cloud);
    (network / served, sum(&tally.to_cloud) / served)
}

#[test]
fn a_dearer_cloud_sends_customers_to_the_network_and_a_dearer_switch_away() {
    let (network, cloud) = shares(&played("sensitivity = 2"));
    assert!(network > 0.1 && cloud > 0.1 && network + cloud < 0.95, "{network} {cloud}");
    let (dear_cloud, _) = shares(&played("sensitivity = 2, cloud = \"150%\""));
    let (dear_switch, _) = shares(&played("sensitivity = 2, switching = \"50%\""));
    assert!(dear_cloud > network + 0.02, "{dear_cloud} {network}");
    assert!(dear_switch < network - 0.02, "{dear_switch} {network}");
}

#[test]
fn bursts_bring_more_candidates_of_their_group_and_leave_the_others_theirs() {
    let calm = played_with(&[]);
    let bursts = |more: &str| format!("demand.chat.bursts={{ every = \"2d\", lasts = \"12h\", more = \"{more}\" }}");
    let bursting = played_with(&[bursts("400%")]);
    // A fifth of the time five times as many, on average; a month has a dozen bursts.
    let ratio = bursting.candidates[0] as f64 / calm.candidates[0] as f64;
    assert!((1.3..2.5).contains(&ratio), "{ratio}");
    assert_eq!(bursting.candidates[1..], calm.candidates[1..]);
    assert_eq!(played_with(&[bursts("400%")]), bursting);

    let said = loaded(&[bursts("0%")]).map(|_| ()).unwrap_err();
    assert!(said.contains("demand.chat.bursts.more") && said.contains("leave it out"), "{said}");
}
