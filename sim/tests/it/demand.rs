//! Demand over whole runs: customers who choose between the network, a cloud and nothing.

use plasma_core::engine::Engine;
use plasma_sim::agents::tally::Tally;
use plasma_sim::scenario::Scenario;
use plasma_sim::world;

/// The small economy with customers who choose by logit.
fn played(terms: &str, sets: &[&str]) -> Tally {
    let path = super::scenario::shipped().join("small.toml");
    let choice = format!("{{ logit = {{ {terms} }} }}");
    let base = Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
    let mut sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    sets.extend(base.scenario.demand.iter().map(|group| format!("demand.{}.choice={choice}", group.id)));
    let loaded = Scenario::load(&path, &sets).unwrap_or_else(|error| panic!("{}", error.plain()));
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
    let (network, cloud) = shares(&played("sensitivity = 2", &[]));
    assert!(network > 0.1 && cloud > 0.1 && network + cloud < 0.95, "{network} {cloud}");
    let (dear_cloud, _) = shares(&played("sensitivity = 2, cloud = \"150%\"", &[]));
    let (dear_switch, _) = shares(&played("sensitivity = 2, switching = \"50%\"", &[]));
    assert!(dear_cloud > network + 0.02, "{dear_cloud} {network}");
    assert!(dear_switch < network - 0.02, "{dear_switch} {network}");
}

#[test]
fn own_price_elasticity_is_as_configured() {
    // A switching cost multiplies the price for the customer and for nobody else: 2 % of it is a 2 % dearer network. Asks answer to
    // demand, so they are held: no mark-up follows utilisation.
    let held = ["provider.gamers.mark_up={ idle = \"10%\", busy = \"10%\" }"];
    let path = super::scenario::shipped().join("small.toml");
    let base = Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
    let held: Vec<String> = base.scenario.provider.iter().map(|group| held[0].replace("gamers", group.id.as_str())).collect();
    let held: Vec<&str> = held.iter().map(String::as_str).collect();
    for sensitivity in [1.0, 3.0] {
        let share =
            |switching: &str| shares(&played(&format!("sensitivity = {sensitivity}, switching = \"{switching}\""), &held)).0;
        let (cheap, dear) = (share("0%"), share("10%"));
        let measured = libm::log(dear / cheap) / libm::log(1.1);
        let expected = -sensitivity * (1.0 - (cheap + dear) / 2.0);
        // Prices differ between candidates, by which the average of their elasticities is a little smaller than that at the average.
        assert!((measured / expected - 1.0).abs() < 0.25, "at {sensitivity}: {measured}, not {expected}");
    }
}
