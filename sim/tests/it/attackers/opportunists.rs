//! Opportunists turn at the bound, both ways, and whoever looks at results buys less where they are wrong.

use super::cheating::{quiet_from, saved_and_slashed, twins, usd};
use super::flows::{begin, play};
use super::{made, scenario};
use plasma_core::engine::Progress;

const STRANGERS: &str = "[[attacker]]\nid = \"strangers\"\nwhat = { opportunist = { groups = [\"gamers\"] } }\n";

/// Price of XPL, as a share of the first, from the twentieth day to the fortieth; opportunists who do not compute, day by day;
/// how often they turned; p, R and S of the mean lease and the D of not computing it, in dollars.
fn through(share: f64, rate: f64) -> (Vec<u64>, [u64; 2], [f64; 4]) {
    let crash = format!(
        "[[shock]]\nid = \"it\"\nat = \"20d\"\nlasts = \"20d\"\nwhat = {{ price = {{ change = \"{:.4}%\" }} }}\n",
        share * 100.0 - 100.0
    );
    // A bond of a thousand XPL: what a fault costs is the slash, which follows the price, and hardly the pay, which does not.
    let loaded = twins(&format!("{STRANGERS}{crash}"), rate, &["horizon=60d", "bond.per_gpu=1000 XPL"]);
    let mut engine = begin(&loaded, &["gamers", "twins"]);
    let end = loaded.scenario.start.0 + loaded.scenario.horizon.0;
    let (mut lazy, mut noon) = (Vec::new(), [0.0; 4]);
    while engine.run_epoch(end) == Progress::EpochClosed {
        lazy.push(engine.environment().rows().attackers[1].turns.lazy);
        if lazy.len() == 19 {
            let (flow, agents) = (engine.observer().of[0], engine.environment());
            let per_lease = |sum: u64| sum as f64 / flow.leases as f64;
            let kept = 1.0 - loaded.scenario.params.fee_rate() as f64 / 1e9;
            let pay = per_lease(flow.priced) * kept * usd(&loaded);
            let (saved, slash) = saved_and_slashed(&loaded, agents, per_lease(flow.worked) / 3_600_000.0);
            noon = [loaded.scenario.params.verification_rate() as f64 / 1e9, pay, slash, saved];
        }
    }
    let turns = engine.environment().rows().attackers[1].turns;
    (lazy, [turns.to_lazy, turns.to_honest], noon)
}

#[test]
fn opportunists_turn_exactly_at_the_bound_both_ways() {
    let (calm, turns, [checked, pay, slash, saved]) = through(1.0, 0.01);
    assert!(calm.iter().all(|&lazy| lazy == 0) && turns == [0, 0], "{calm:?}");
    // The share of the price at which p · (R + S · share) = D.
    let bound = (saved / checked - pay) / slash;
    assert!((0.1..0.9).contains(&bound), "{bound}: {checked} {pay} {slash} {saved}");
    let (above, turns, _) = through(bound * 1.05, 0.01);
    assert!(above.iter().all(|&lazy| lazy == 0) && turns == [0, 0], "{above:?}");
    let (below, turns, _) = through(bound * 0.95, 0.01);
    assert!(below[..19].iter().all(|&lazy| lazy == 0), "{below:?}");
    assert!(below[22..39].iter().all(|&lazy| lazy == 30), "{below:?}");
    assert!(below[42..].iter().all(|&lazy| lazy == 0), "{below:?}");
    assert_eq!(turns, [30, 30]);
}

/// Unchecked, they never compute, and each lease is worth its D to them: electricity beyond standby, or for the half of the time
/// that they work elsewhere what that earns.
#[test]
fn what_opportunists_save_and_earn_elsewhere_is_in_their_books() {
    for elsewhere in [0.0, 0.5] {
        let strangers = STRANGERS.replace(" } }", &format!(", elsewhere = \"{}%\" }} }}", elsewhere * 100.0));
        let loaded = twins(&format!("{strangers}{}", quiet_from(120)), 0.0, &["horizon=142d"]);
        let (agents, flows) = play(&loaded, &["gamers", "twins"]).into_parts();
        let [lazy, honest] = [flows.of[0], flows.of[1]];
        let per_lease = |sum: u64| sum as f64 / lazy.leases as f64;
        let hours = per_lease(lazy.worked) / 3_600_000.0;
        let who = &agents.economy().lenders[0];
        let hourly = (1.0 - elsewhere) * 0.85 * who.energy + elsewhere * who.forgone;
        let pay = |flow: &super::flows::Flow| flow.paid as f64 / flow.leases as f64 * usd(&loaded);
        let more = made(&agents, 1) / lazy.leases as f64 - made(&agents, 0) / honest.leases as f64;
        let (found, theory) = (more - (pay(&lazy) - pay(&honest)), hourly / 1e6 * hours);
        // On the first day everybody computes.
        assert!((found / theory - 1.0).abs() < 0.03, "{found} a lease, {theory} by theory, {elsewhere} elsewhere");
        let fraud = agents.fraud();
        let premium = fraud.premium() as f64 / 1e6 / fraud.attempted as f64;
        assert!(fraud.found == 0 && (premium / theory - 1.0).abs() < 0.01, "{premium} a lie, {theory} by theory");
        let rented = agents.rows().attackers[1].turns.rented as f64 / 1e6;
        let expected = elsewhere * who.forgone / 1e6 * hours * lazy.leases as f64;
        assert!((rented - expected).abs() <= 0.02 * expected, "{rented} {expected}");
    }
}

/// Half of the results are wrong, and every result is checked or compared: a customer who counts on what is published buys less,
/// in both ways of choosing. Where every result is right and in time, nobody who looks does anything else than who does not.
#[test]
fn whoever_looks_at_results_buys_less_where_they_fail() {
    let play = |trust: &str, choice: &str, faults: &str, policy: &str| {
        let trust = format!("demand.chat.trust={trust}");
        let faults: Vec<String> = ["gamers", "hosts"].iter().map(|group| format!("provider.{group}.faults={faults}")).collect();
        let choice = format!("demand.chat.choice={choice}");
        let policy = format!("demand.chat.policy={policy}");
        // Owls who switch off in the morning miss what they had.
        let sets = [trust.as_str(), &choice, &faults[0], &faults[1], &policy, "provider.night-owls.count=0"];
        let mut engine = play(&scenario("", &sets), &[]);
        let jobs: u64 = engine.observer().submitted.iter().sum();
        let failure = engine.environment().rows().board.results.failure();
        (jobs as f64, failure, engine.digest())
    };
    let logit = "{ logit = { sensitivity = 2 } }";
    for choice in ["reservation", logit] {
        let [blind, wary] = ["0%", "100%"].map(|trust| play(trust, choice, "{ wrong = \"50%\" }", "checked"));
        assert!((0.35..0.6).contains(&wary.1), "{}", wary.1);
        assert!(wary.0 < 0.8 * blind.0 && wary.0 > 0.05 * blind.0, "{choice}: {} jobs, {} without looking", wary.0, blind.0);
        let [blind, wary] = ["0%", "100%"].map(|trust| play(trust, choice, "{}", "sampled"));
        assert_eq!((blind.1, blind.2), (0.0, wary.2), "{choice}");
    }
    // Of three copies one in five is wrong, and says so where it is outvoted as where a checker is asked.
    let [blind, wary] = ["0%", "100%"].map(|trust| play(trust, "reservation", "{ wrong = \"20%\" }", "redundant"));
    assert!((0.15..0.25).contains(&wary.1), "{}", wary.1);
    assert!(wary.0 < blind.0, "{} jobs, {} without looking", wary.0, blind.0);
}
