//! `plasma run`: what it writes, and what it refuses to write.

use crate::plasma::{Place, flat, shipped};

const FILES: [&str; 12] = [
    "amounts.parquet",
    "charts/market.svg",
    "classes.parquet",
    "log.plasma",
    "manifest.json",
    "metrics.json",
    "metrics.parquet",
    "regions.parquet",
    "report.html",
    "scenario.toml",
    "summary.json",
    "charts",
];

#[test]
fn a_run_folder_holds_everything_and_nothing_half_written() {
    let place = Place::with_run();
    for name in FILES {
        assert!(place.path("run").join(name).exists(), "{name}");
    }
    assert!(place.files("run").iter().all(|(path, bytes)| !bytes.is_empty() && path.extension().is_some_and(|e| e != "partial")));
    assert!(!place.path("run/checkpoint.bin").exists(), "a complete run needs no checkpoint");

    let manifest = |pointer: &str| place.manifest("run", pointer);
    assert_eq!((manifest("/title"), manifest("/seed"), manifest("/complete")), ("Small".into(), 1.into(), true.into()));
    assert_eq!((manifest("/start"), manifest("/end")), ("2025-09-25T00:00:00.000Z".into(), "2025-10-05T00:00:00.000Z".into()));
    assert_eq!((manifest("/epochs"), manifest("/inadmissible"), manifest("/log/level")), (10.into(), 0.into(), "full".into()));
    for digest in ["/engine_digest", "/scenario_digest", "/genesis_digest", "/state_digest", "/log/root"] {
        let text = manifest(digest);
        let text = text.as_str().expect("a text");
        assert!(text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}: {text}");
    }
    assert_eq!(manifest("/log/bytes"), std::fs::metadata(place.path("run/log.plasma")).unwrap().len());
    assert_eq!(place.json("run/summary.json")["epochs"], 10);
}

#[test]
fn the_same_seed_gives_the_same_files_and_another_seed_another_history() {
    let place = Place::with_run();
    place.run_small("again", &[]).succeeds();
    place.run_small("other", &["--seed", "2"]).succeeds();
    let named = |run: &str| -> Vec<_> {
        let strip = |path: &std::path::Path| path.strip_prefix(place.path(run)).unwrap().to_path_buf();
        place.files(run).into_iter().map(|(path, bytes)| (strip(&path), bytes)).collect()
    };
    for ((path, bytes), (same, repeated)) in named("run").into_iter().zip(named("again")) {
        assert_eq!(path, same);
        assert!(bytes == repeated, "{} differs between two runs of one seed", path.display());
    }
    for digest in ["/state_digest", "/log/root", "/scenario_digest"] {
        assert_ne!(place.manifest("run", digest), place.manifest("other", digest));
    }
    assert_eq!(place.manifest("other", "/seed"), 2);
}

#[test]
fn the_resolved_scenario_plays_the_same_run() {
    let place = Place::with_run();
    place.plasma(&["run", "run/scenario.toml", "--until", "10d", "--out", "again"]).succeeds();
    for digest in ["/state_digest", "/log/root", "/scenario_digest"] {
        assert_eq!(place.manifest("run", digest), place.manifest("again", digest));
    }
}

#[test]
fn json_names_the_folder_and_repeats_the_manifest() {
    let place = Place::new();
    let said = place.run_small("run", &["--json"]).json();
    assert_eq!(said["folder"], "run");
    assert_eq!(said["manifest"], place.json("run/manifest.json"));
    assert_eq!(said["summary"], place.json("run/summary.json"));
}

#[test]
fn a_folder_that_is_there_is_never_touched() {
    let place = Place::with_run();
    let before = place.files("run");
    let said = flat(&place.run_small("run", &["--seed", "5"]).fails());
    assert!(said.contains("run is already there") && said.contains("choose another --out"), "{said}");
    assert!(said.contains("plasma run --resume"), "{said}");
    assert_eq!(place.files("run"), before);
}

#[test]
fn without_a_folder_runs_are_numbered() {
    let place = Place::new();
    for folder in ["runs/small", "runs/small-2", "runs/small-3"] {
        let said = place.plasma(&["run", &shipped("small.toml"), "--until", "2d", "--json"]).json();
        assert_eq!(said["folder"], folder);
        assert!(place.path(folder).join("manifest.json").exists());
    }
}

#[test]
fn levels_keep_less_and_come_to_the_same_state() {
    let place = Place::with_run();
    for level in ["root", "none"] {
        place.run_small(level, &["--log", level]).succeeds();
        assert!(!place.path(level).join("log.plasma").exists());
        assert_eq!(place.manifest(level, "/log/level"), level);
        assert_eq!(place.manifest(level, "/state_digest"), place.manifest("run", "/state_digest"));
        let said = flat(&place.plasma(&["replay", level]).fails());
        assert!(said.contains(&format!("{level} holds no log (its level is {level})")), "{said}");
        assert!(said.contains("run the scenario again with --log full"), "{said}");
    }
    assert_eq!(place.manifest("root", "/log/root"), place.manifest("run", "/log/root"));
    assert_eq!(place.manifest("root", "/log/records"), place.manifest("run", "/log/records"));
    assert!(place.manifest("none", "/log/root").is_null());
}

#[test]
fn a_run_that_ends_before_it_starts_is_refused() {
    let place = Place::new();
    for until in ["2025-09-25", "2020-01-01", "0d"] {
        let said = place.plasma(&["run", &shipped("small.toml"), "--until", until, "--out", "run"]).fails();
        assert!(said.contains("is not after the start"), "{said}");
    }
    let said = place.plasma(&["run", &shipped("small.toml"), "--set", "horizon=2d", "--until", "10y", "--out", "all"]).exits(0);
    assert!(said.contains("--until 10y is beyond the scenario's horizon of 2d: the run ends at 2025-09-27"), "{said}");
    let said = flat(&place.plasma(&["run", &shipped("small.toml"), "--until", "soon", "--out", "run"]).fails());
    assert!(said.contains("`soon` is no moment") && said.contains("90d"), "{said}");
    assert!(!place.path("run").exists());
}
