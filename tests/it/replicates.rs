//! `plasma replicate`: many seeds, several at a time, and what they come to.

use crate::plasma::{Ended, Place, flat, shipped};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Three seeds of the small scenario and of the same with twice the fee, for twenty days.
fn two_designs(place: &Place, out: &str, more: &[&str]) -> Ended {
    let small = shipped("small.toml");
    let two = ["replicate", &small, "--vary", "fee.rate=10%", "--seeds", "3", "--until", "20d", "--out", out];
    place.plasma(&[&two, more].concat())
}

fn value<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

#[test]
fn a_replicate_is_the_run_with_its_seed_and_its_twin_is_compared_with_it() {
    let place = Place::new();
    let said = two_designs(&place, "many", &[]).succeeds();
    assert!(
        said.contains("small: 3 replicates, the whole of 2025-09-25 to 2025-10-15")
            && said.contains("fee.rate=10% less small, seed by seed"),
        "{said}"
    );
    let mut differences = Vec::new();
    for seed in 1..=3 {
        let mut fees = Vec::new();
        for design in ["small", "fee.rate=10%"] {
            let (scenario, out) = (format!("many/{design}/scenario.toml"), format!("{design}-{seed}"));
            place.plasma(&["run", &scenario, "--seed", &seed.to_string(), "--until", "20d", "--out", &out]).succeeds();
            let replicate = place.json(&format!("many/{design}/seed-{seed}.json"));
            assert_eq!(replicate["state_digest"], place.manifest(&out, "/state_digest"), "{design} with seed {seed}");
            assert_eq!(replicate["records"], place.manifest(&out, "/log/records"));
            let summary = place.json(&format!("{out}/summary.json"));
            assert_eq!(*value(&replicate, "/spans/0/values"), summary["columns"][0]["values"], "{design} with seed {seed}");
            fees.push(value(&summary, "/columns/0/values/fees").as_f64().expect("fees"));
        }
        differences.push(fees[1] - fees[0]);
    }
    let risk = place.json("many/risk.json");
    let fees = value(&risk, "/differences/0/spans/0/values/fees");
    let mean = differences.iter().sum::<f64>() / 3.0;
    assert!(mean > 0.0 && (fees["mean"].as_f64().expect("a mean") / mean - 1.0).abs() < 1e-9, "{fees} is not {mean}");
    assert_eq!(fees["n"], 3);
    assert_eq!(*value(&risk, "/designs/1/seeds"), serde_json::json!([1, 2, 3]));
    for file in ["report.html", "replicates.parquet", "courses.parquet", "charts/market.svg", "charts/token.svg"] {
        assert!(place.path("many").join(file).exists(), "{file}");
    }
    let report = std::fs::read_to_string(place.path("many/report.html")).expect("a report");
    assert!(report.contains("What is different") && report.contains("<svg ") && !report.contains("NaN"));
}

#[test]
fn neither_workers_nor_an_interruption_change_a_byte() {
    let place = Place::new();
    let one = two_designs(&place, "one", &["--jobs", "1", "--json"]).json();
    assert_eq!((&one["complete"], &one["folder"]), (&true.into(), &"one".into()));
    assert_eq!(one["risk"], place.json("one/risk.json"));
    two_designs(&place, "three", &["--jobs", "3"]).succeeds();
    // As if interrupted before these two had ended.
    std::fs::rename(place.path("three"), place.path("kept")).unwrap();
    std::fs::remove_file(place.path("kept/small/seed-2.json")).unwrap();
    std::fs::remove_file(place.path("kept/fee.rate=10%/seed-3.json")).unwrap();
    place.plasma(&["replicate", "--resume", "kept"]).succeeds();
    std::fs::rename(place.path("one"), place.path("again")).unwrap();
    place.plasma(&["replicate", "--resume", "again"]).succeeds();
    let named = |folder: &str| -> Vec<_> {
        let strip = |path: &std::path::Path| path.strip_prefix(place.path(folder)).unwrap().to_path_buf();
        place.files(folder).into_iter().map(|(path, bytes)| (strip(&path), bytes)).collect()
    };
    let (once, twice) = (named("again"), named("kept"));
    assert_eq!(once.len(), twice.len());
    for ((path, bytes), (same, others)) in once.into_iter().zip(twice) {
        assert!(path == same && bytes == others, "{} differs", path.display());
    }
}

#[test]
fn an_interrupt_keeps_what_is_done() {
    let place = Place::new();
    let small = shipped("small.toml");
    let mut command = place.command(&["replicate", &small, "--seeds", "4000", "--jobs", "1", "--out", "many"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let since = Instant::now();
    while !place.path("many/small/seed-2.json").exists() {
        assert!(since.elapsed() < Duration::from_secs(60), "no replicate ends");
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let output = child.wait_with_output().expect("the command ends");
    let said = String::from_utf8(output.stderr).expect("UTF-8 output");
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("Interrupted. To go on: plasma replicate --resume many"), "{said}");
    let seeds = place.json("many/risk.json")["designs"][0]["seeds"].as_array().map_or(0, Vec::len);
    assert!((2..4000).contains(&seeds), "{seeds} replicates");
    assert!(place.files("many").iter().all(|(path, _)| path.extension().is_some_and(|kind| kind != "partial")));
}

/// What lies beyond the horizon is said once for all designs, and by `run` and `check` too.
#[test]
fn what_will_not_come_about_is_said_once() {
    let place = Place::new();
    let small = shipped("small.toml");
    let shock = "[[shock]]\nid = \"late\"\nat = \"40d\"\nwhat = { demand = { change = \"-20%\" } }\n";
    std::fs::write(place.path("own.toml"), format!("extends = {small:?}\n{shock}")).unwrap();
    let count = |ended: &Ended, words: &str| flat(&ended.err).matches(words).count();
    let never = "Shock `late` is for 40d after the start, and the scenario ends after 30d: it never strikes";
    let until = "--until 9y is beyond the scenario's horizon of 30d";
    let two =
        place.plasma(&["replicate", "own.toml", "--vary", "fee.rate=10%", "--seeds", "1", "--until", "9y", "--out", "many"]);
    assert_eq!((two.code, count(&two, never), count(&two, until)), (Some(0), 1, 1), "{}", two.err);
    let one = place.plasma(&["run", "own.toml", "--until", "9y", "--out", "one"]);
    assert_eq!((one.code, count(&one, never), count(&one, until)), (Some(0), 1, 1), "{}", one.err);
    assert_eq!(count(&place.plasma(&["check", "own.toml"]), never), 1);
}

#[test]
fn what_cannot_be_replicated_is_said() {
    let place = Place::new();
    let small = shipped("small.toml");
    let refused = |args: &[&str], code: i32, words: &str| {
        let ended = place.plasma(args);
        assert_eq!(ended.code, Some(code), "{}", ended.err);
        assert!(flat(&ended.err).contains(words), "{}", ended.err);
    };
    refused(&["replicate", &small, "--seeds", "0"], 2, "write how many (20), or the first and the last (21-40)");
    refused(&["replicate", &small, "--seeds", "9-3"], 2, "write how many (20)");
    refused(&["replicate", &small, "--beside", &small], 1, "two designs are called small");
    refused(&["replicate", &small, "--vary", "fee.rat=2%"], 1, "rate");
    refused(&["replicate", &small, "--until", "2020-01-01"], 1, "is not after the start");
    refused(&["replicate", "--resume", "nowhere"], 1, "name the folder that `plasma replicate` wrote");
    refused(&["replicate", &small, "--vary", "seed=5"], 1, "every design is played with every seed");
    refused(&["replicate"], 2, "<SCENARIO>");
    refused(&["replicate", &small, "--seeds", "0-1000000"], 2, "at most 1000000 seeds");
    refused(&["replicate", &small, "--vary", "horizon=9d"], 1, "small and horizon=9d are not of the same time");
    two_designs(&place, "many", &[]).succeeds();
    refused(&["replicate", &small, "--out", "many"], 1, "continue it with `plasma replicate --resume`");
    std::fs::write(place.path("many/small/seed-2.json"), "{}").unwrap();
    refused(&["replicate", "--resume", "many"], 1, "remove the file, and it is played again");
    let plan = std::fs::read_to_string(place.path("many/experiment.json")).unwrap();
    std::fs::write(place.path("many/experiment.json"), plan.replace("\"binary_digest\": \"", "\"binary_digest\": \"0")).unwrap();
    refused(&["replicate", "--resume", "many"], 1, "another binary played these replicates");
    std::fs::write(place.path("many/experiment.json"), plan).unwrap();
    std::fs::write(place.path("many/small/scenario.toml"), format!("extends = {small:?}\n[fee]\nrate = \"9%\"\n")).unwrap();
    refused(&["replicate", "--resume", "many"], 1, "is not what this was started with");
}
