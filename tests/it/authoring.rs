//! `plasma new`, `check` and `schema`: from nothing to a scenario.

use crate::plasma::{Place, flat, repository, shipped};

#[test]
fn the_starter_is_written_checked_and_played() {
    let place = Place::new();
    assert!(place.plasma(&["new", "my.toml"]).succeeds().contains("Next: plasma run my.toml"));
    place.plasma(&["check", "my.toml"]).succeeds();
    place.plasma(&["run", "my.toml", "--until", "2d", "--out", "run"]).succeeds();
    let before = std::fs::read(place.path("my.toml")).unwrap();
    let said = flat(&place.plasma(&["new", "my.toml"]).fails());
    assert!(said.contains("my.toml is already there") && said.contains("choose another name"), "{said}");
    assert_eq!(std::fs::read(place.path("my.toml")).unwrap(), before);
    assert_eq!(place.plasma(&["new"]).succeeds().as_bytes(), before);
}

#[test]
fn what_check_prints_is_the_same_scenario() {
    let place = Place::new();
    for entry in std::fs::read_dir(repository().join("scenarios")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        if path.extension().is_none_or(|extension| extension != "toml") || !plays_alone(&name) {
            continue;
        }
        let digest = |file: &str| place.plasma(&["check", file, "--json"]).json()["digest"].clone();
        std::fs::write(place.path("resolved.toml"), place.plasma(&["check", &name]).succeeds()).unwrap();
        assert_eq!(digest("resolved.toml"), digest(&name), "{name}");
    }
}

/// Some files only serve others to extend; scenarios of recorded traces name files relative to themselves.
fn plays_alone(scenario: &str) -> bool {
    std::fs::read_to_string(scenario).is_ok_and(|text| text.contains("title = ") && !text.contains("[[trace]]"))
}

#[test]
fn overrides_change_the_scenario() {
    let place = Place::new();
    let small = shipped("small.toml");
    let params = place.plasma(&["check", &small, "--set", "fee.rate=2%", "--json"]).json();
    assert_eq!(params["params"]["fee.rate"], 20_000_000);
    let said = flat(&place.plasma(&["check", &small, "--set", "fee.rats=2%"]).fails());
    assert!(said.contains("rats"), "{said}");
}

#[test]
fn the_schema_is_json() {
    let place = Place::new();
    let schema = place.plasma(&["schema"]).json();
    assert!(schema["properties"]["provider"].is_object(), "{schema}");
}

#[test]
fn mistakes_are_shown_where_they_were_written() {
    let place = Place::new();
    let small = std::fs::read_to_string(shipped("small.toml")).unwrap();
    let line = 1 + small.lines().position(|line| line.starts_with("horizon")).expect("a horizon");
    std::fs::write(place.path("bad.toml"), small.replace("horizon = \"30d\"", "horizon = \"30 bananas\"")).unwrap();
    for command in [&["check", "bad.toml"][..], &["run", "bad.toml", "--out", "run"]] {
        let said = place.plasma(command).fails();
        assert!(said.contains(&format!("bad.toml:{line}:")), "{said}");
        assert!(said.contains("30 bananas"), "{said}");
    }
    assert!(!place.path("run").exists(), "nothing is written before the scenario is sound");
    assert!(flat(&place.plasma(&["check", "missing.toml"]).fails()).contains("missing.toml cannot be read"));
}
