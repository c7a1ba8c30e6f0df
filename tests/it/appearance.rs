//! How the command talks: help, wrong usage, colour, completions.

use crate::plasma::{Place, shipped};

const COMMANDS: [&[&str]; 19] = [
    &[],
    &["run"],
    &["replicate"],
    &["replay"],
    &["audit"],
    &["show"],
    &["log"],
    &["log", "stat"],
    &["log", "verify"],
    &["log", "export"],
    &["calc"],
    &["gpu"],
    &["gpu", "info"],
    &["gpu", "check"],
    &["gpu", "bench"],
    &["new"],
    &["check"],
    &["schema"],
    &["completions"],
];

#[test]
fn every_help_text_is_as_it_was_read_and_approved() {
    let place = Place::new();
    for command in COMMANDS {
        let text = place.plasma(&[command, &["--help"]].concat()).succeeds();
        let name = if command.is_empty() { "plasma".into() } else { command.join("_") };
        insta::assert_snapshot!(format!("help_{name}"), text);
    }
}

#[test]
fn wrong_usage_exits_with_two_and_tells_the_right_one() {
    let place = Place::new();
    for args in [
        &[][..],
        &["rum"],
        &["run"],
        &["run", "a.toml", "--sede", "1"],
        &["run", "a.toml", "--seed", "many"],
        &["run", "a.toml", "--log", "some"],
        &["run", "a.toml", "--resume", "b"],
        &["log"],
        &["log", "export", "run"],
        &["completions", "cobol"],
    ] {
        let said = place.plasma(args).exits(2);
        assert!(said.contains("Usage: plasma") || said.contains("--help"), "{args:?}: {said}");
    }
    assert!(place.plasma(&["run", "a.toml", "--sede", "1"]).exits(2).contains("--seed"));
}

#[test]
fn version_is_the_packages() {
    assert_eq!(Place::new().plasma(&["--version"]).succeeds(), format!("plasma {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn pipes_get_no_colour_unless_it_is_asked_for() {
    let place = Place::with_run();
    for args in
        [&["show", "run"][..], &["show", "run", "--provider", "1"], &["log", "stat", "run"], &["--help"], &["replay", "missing"]]
    {
        let ended = place.plasma(args);
        assert!(!ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'), "{args:?}: {}{}", ended.out, ended.err);
    }
    assert!(place.plasma(&["--color", "always", "replay", "missing"]).err.contains('\u{1b}'));
    assert!(!place.plasma(&["--color", "never", "check", &shipped("none.toml")]).err.contains('\u{1b}'));
}

#[test]
fn completions_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.plasma(&["completions", shell]).succeeds();
        for command in ["run", "replicate", "replay", "audit", "show", "log", "calc", "gpu", "new", "check", "schema", "resume"] {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
}
