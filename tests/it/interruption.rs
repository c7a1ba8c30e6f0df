//! Runs that are interrupted, and go on to where they would have come anyway.

use crate::plasma::{Ended, Place, flat, shipped};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Long enough to be interrupted.
const LONG: [&str; 4] = ["--set", "horizon=2y", "--set", "log.level=full"];

/// Starts a long run into `run` that leaves a checkpoint at every epoch, and waits until it is well under way.
fn under_way(place: &Place) -> Child {
    let small = shipped("small.toml");
    let mut command = place.command(&[&["run", &small, "--out", "run"][..], &LONG].concat());
    command.env("PLASMA_CHECKPOINT_SECONDS", "0").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the command starts");
    let since = Instant::now();
    let logged = || std::fs::metadata(place.path("run/log.plasma")).map_or(0, |log| log.len());
    while !(place.path("run/checkpoint.bin").exists() && logged() > 200_000) {
        assert!(since.elapsed() < Duration::from_secs(60), "the run does not get under way");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success(), "{name} was not sent: the run was over before");
}

fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().expect("the command ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8 output");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Continues `run` and demands that everything is as if it had never stopped.
fn goes_on_as_if_nothing_had_been(place: &Place) {
    let small = shipped("small.toml");
    place.plasma(&[&["run", &small, "--out", "whole"][..], &LONG].concat()).succeeds();
    place.plasma(&["run", "--resume", "run"]).succeeds();
    for fact in ["/state_digest", "/log/root", "/log/records", "/epochs", "/complete", "/end", "/scenario_digest"] {
        assert_eq!(place.manifest("run", fact), place.manifest("whole", fact), "{fact}");
    }
    for file in ["log.plasma", "summary.json", "metrics.parquet", "report.html"] {
        let of = |run: &str| std::fs::read(place.path(run).join(file)).unwrap();
        assert!(of("run") == of("whole"), "{file} differs");
    }
    assert!(!place.path("run/checkpoint.bin").exists());
    place.plasma(&["replay", "run"]).succeeds();
}

#[test]
fn after_an_interrupt_there_are_results_and_a_way_on() {
    let place = Place::new();
    let child = under_way(&place);
    signal(&child, "INT");
    let said = ended(child);
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert!(said.err.contains("Interrupted. To go on: plasma run --resume run"), "{}", said.err);
    assert_eq!(place.manifest("run", "/complete"), false);
    place.plasma(&["replay", "run"]).succeeds();
    place.plasma(&["audit", "run"]).succeeds();
    goes_on_as_if_nothing_had_been(&place);

    let said = flat(&place.plasma(&["run", "--resume", "run"]).fails());
    assert!(said.contains("it is complete") && said.contains("there is nothing to continue"), "{said}");
}

#[test]
fn a_killed_run_continues_from_its_last_checkpoint() {
    let place = Place::new();
    let mut child = under_way(&place);
    signal(&child, "KILL");
    child.wait().unwrap();
    assert!(!place.path("run/manifest.json").exists());
    goes_on_as_if_nothing_had_been(&place);
}

#[test]
fn a_damaged_checkpoint_or_another_scenario_is_refused() {
    let place = Place::new();
    let child = under_way(&place);
    signal(&child, "INT");
    ended(child).exits(130);
    let resume = || flat(&place.plasma(&["run", "--resume", "run"]).fails());

    let scenario = std::fs::read_to_string(place.path("run/scenario.toml")).unwrap();
    std::fs::write(place.path("run/scenario.toml"), scenario.replace("seed = 1", "seed = 2")).unwrap();
    assert!(resume().contains("is not what this run was started with"));
    std::fs::write(place.path("run/scenario.toml"), scenario).unwrap();

    let log = std::fs::read(place.path("run/log.plasma")).unwrap();
    std::fs::write(place.path("run/log.plasma"), &log[..log.len() / 2]).unwrap();
    assert!(resume().contains("part of the log is missing"));
    std::fs::write(place.path("run/log.plasma"), log).unwrap();

    let mut checkpoint = std::fs::read(place.path("run/checkpoint.bin")).unwrap();
    let middle = checkpoint.len() / 2;
    checkpoint[middle] ^= 1;
    std::fs::write(place.path("run/checkpoint.bin"), checkpoint).unwrap();
    assert!(resume().contains("checkpoint.bin is damaged"));
    assert!(flat(&place.plasma(&["run", "--resume", "missing"]).fails()).contains("missing is not a run folder"));
}
