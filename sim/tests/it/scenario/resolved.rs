//! The resolved scenario as text, and its digest.

use insta::assert_snapshot;
use plasma_sim::scenario::{Scenario, digest, render_resolved, starter};

use super::{shipped, starter_with};

#[test]
fn what_is_printed_loads_as_the_same_scenario() {
    let mut all = vec![Scenario::parse("starter", starter(), &[]).unwrap()];
    for name in ["small.toml", "xpl-baseline.toml"] {
        all.push(Scenario::load(&shipped().join(name), &["fee.rate=2%".into()]).unwrap());
    }
    for loaded in all {
        let text = render_resolved(&loaded);
        let again = Scenario::parse("resolved", &text, &[]).unwrap_or_else(|error| panic!("{}\n{text}", error.plain()));
        assert_eq!(again.scenario, loaded.scenario);
        assert_eq!(digest(&again.scenario), digest(&loaded.scenario));
    }
}

#[test]
fn comments_say_what_is_known() {
    let text = starter_with("power = \"450 W\"", "power = { value = \"0.45 kW\", source = \"a meter\", confidence = \"high\" }");
    let loaded = Scenario::parse("scenario.toml", &text, &["fee.rate=2%".into()]).unwrap();
    assert_snapshot!(render_resolved(&loaded));
}

#[test]
fn the_digest_follows_the_meaning_not_the_spelling() {
    let same = |old: &str, new: &str| {
        let one = Scenario::parse("a", starter(), &[]).unwrap();
        let other = Scenario::parse("b", &starter_with(old, new), &[]).unwrap();
        digest(&one.scenario) == digest(&other.scenario)
    };
    assert!(same("horizon = \"30d\"", "horizon = { value = \"720h\", source = \"me\" }"));
    assert!(!same("horizon = \"30d\"", "horizon = \"31d\""));
    assert!(!same("[fee]\nrate = \"5%\"", "[fee]\nrate = \"6%\""));
}
