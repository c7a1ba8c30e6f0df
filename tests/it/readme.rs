//! README.md keeps its promises: every command in it works as it stands, in the order in which a reader meets it.

use crate::plasma::{Place, repository};
use serde_json::Value;
use std::path::Path;

/// What a reader would type.
enum Step {
    /// The command, with these arguments.
    Plasma(Vec<String>),
    /// The command, and again with what it printed on its standard input.
    Piped(Vec<String>, Vec<String>),
    /// Something that builds; not run from within a test.
    Cargo(String),
}

fn steps(readme: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut fenced = false;
    for line in readme.lines() {
        match line.trim() {
            "```sh" => fenced = true,
            "```" => fenced = false,
            command if fenced && !command.is_empty() && !command.starts_with('#') => steps.push(step(command)),
            _ => {}
        }
    }
    steps
}

fn step(command: &str) -> Step {
    if let Some((first, second)) = command.split_once(" | ")
        && let (Step::Plasma(first), Step::Plasma(second)) = (step(first), step(second))
    {
        return Step::Piped(first, second);
    }
    let arguments = command.strip_prefix("cargo run --release -- ").or_else(|| command.strip_prefix("plasma "));
    match arguments {
        Some(arguments) => Step::Plasma(arguments.split_whitespace().map(Into::into).collect()),
        None if command.starts_with("cargo ") => Step::Cargo(command.into()),
        None => panic!("README.md has a command that this test does not know: {command}"),
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn every_command_of_the_readme_works() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let ci = std::fs::read_to_string(repository().join(".ci/run")).unwrap();
    let place = Place::new();
    copy(&repository().join("scenarios"), &place.path("scenarios"));
    let mut ran = 0;
    for step in steps(&readme) {
        match step {
            Step::Cargo(command) => {
                let known = command == "cargo install --path ." || ci.lines().any(|line| line == command);
                assert!(known, "nobody checks `{command}`");
            }
            Step::Piped(first, second) => {
                let [first, second] = [&first, &second].map(|words| words.iter().map(String::as_str).collect::<Vec<_>>());
                let printed = place.plasma(&first).succeeds();
                place.fed(&second, &printed).succeeds();
                ran += 1;
            }
            Step::Plasma(arguments) => {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                place.plasma(&arguments).succeeds();
                ran += 1;
                if arguments == ["run", "scenarios/xpl-baseline.toml"] {
                    the_baseline_is_sound(&place);
                }
            }
        }
    }
    assert!(ran > 10, "README.md shows commands");
}

/// Half the hardware works on average, in every year; five years fit on a small disk; and the log leads back to the state.
fn the_baseline_is_sound(place: &Place) {
    let summary = place.json("runs/xpl-baseline/summary.json");
    let columns = summary["columns"].as_array().expect("columns");
    assert!(columns.len() > 1, "years beside the whole");
    for column in columns {
        let utilisation = column["values"]["utilisation"].as_f64().expect("a share");
        assert!((0.4..=0.7).contains(&utilisation), "{}: {utilisation}", column["label"]);
    }
    let bytes: usize = place.files("runs/xpl-baseline").iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes < 500_000_000, "{bytes} bytes");
    let replayed: Value = place.plasma(&["replay", "runs/xpl-baseline", "--json"]).json();
    assert_eq!(replayed["differences"], Value::Array(Vec::new()));
}
