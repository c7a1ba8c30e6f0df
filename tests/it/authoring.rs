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

/// A scenario of a recorded trace, with a table as its publisher writes them.
fn trace(place: &Place, table: &str) -> Vec<String> {
    std::fs::write(place.path("requests.csv"), table).unwrap();
    let file = format!("trace.requests.file={}", place.path("requests.csv").display());
    vec![shipped("trace-azure-llm.toml"), "--set".into(), file]
}

#[test]
fn what_became_of_a_traces_rows_is_said() {
    let place = Place::new();
    let trace = trace(&place, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:00:00,374,44\n2023-11-16 18:01:00,9,1\n");
    let trace: Vec<&str> = trace.iter().map(String::as_str).collect();
    let rows = "Trace `requests`: 2 rows read, 2 kept as 1 lease";
    assert!(place.plasma(&[&["check"], &trace[..]].concat()).exits(0).contains(rows));
    let said = place.plasma(&[&["run"], &trace[..], &["--out", "run"]].concat()).exits(0);
    assert!(said.contains(rows), "{said}");
    let report = std::fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(report.contains("2 rows read, 2 kept as 1 lease"));
}

#[test]
fn a_missing_trace_is_found_before_a_run() {
    let said = flat(&Place::new().plasma(&["check", &shipped("trace-azure-llm.toml")]).fails());
    assert!(said.contains("AzureLLMInferenceTrace_conv.csv: cannot be read"), "{said}");
}

#[test]
fn economies_too_large_or_too_small_are_refused() {
    let place = Place::new();
    let small = shipped("small.toml");
    for (set, key) in [
        ("provider.gamers.count=4000000000", "provider.gamers.count: 4000000000 at scale 1 are"),
        ("demand.chat.customers=4000000000", "demand.chat.customers: 4000000000 at scale 1 are"),
        ("scale=1/100000", "scale: at 1/100000 none of the 40 providers is played: choose at least 1/40"),
    ] {
        for command in ["check", "run"] {
            let said = flat(&place.plasma(&[command, &small, "--set", set]).fails());
            assert!(said.contains(key), "{said}");
        }
    }
}

#[test]
fn problems_are_drawn_alike() {
    let said = Place::new().plasma(&["check", &shipped("small.toml"), "--set", "fee.rats=2%", "--set", "seeds=3"]).fails();
    assert!(said.contains("fee.rats") && said.contains("seeds") && !said.contains("Error:"), "{said}");
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
