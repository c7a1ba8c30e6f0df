//! Files: what extends what, what ships with Plasma, and what is no scenario at all.

use std::fs;

use insta::assert_snapshot;
use plasma_sim::scenario::quantity::{Ratio, UsdPerHour};
use plasma_sim::scenario::{Confidence, Scenario, ScenarioError, starter};
use tempfile::TempDir;

use super::errors::draw;
use super::{shipped, starter_with};

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, contents) in files {
        fs::write(folder.path().join(name), contents).unwrap();
    }
    folder
}

/// The error of a file of the folder, with the folder's changing name taken out.
fn drawn(folder: &TempDir, name: &str) -> String {
    let error: ScenarioError = Scenario::load(&folder.path().join(name), &[]).expect_err("the scenario is wrong");
    error.plain().replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn the_starter_loads() {
    let loaded = Scenario::parse("starter", starter(), &[]).unwrap_or_else(|error| panic!("{}", draw(&error)));
    assert_eq!(loaded.scenario.provider.len(), 1);
    assert_eq!(loaded.scenario.params.fee_rate(), 50_000_000);
}

#[test]
fn what_ships_loads() {
    let mut names: Vec<_> = fs::read_dir(shipped()).unwrap().map(|entry| entry.unwrap().path()).collect();
    // The catalogue is no scenario of its own: others extend it.
    names.retain(|path| path.extension().is_some_and(|kind| kind == "toml") && !path.ends_with("catalogue.toml"));
    names.sort();
    assert!(names.len() >= 5);
    for path in names {
        Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
    }
}

#[test]
fn a_file_changes_what_it_extends() {
    let child = r#"
        extends = "base.toml"
        title = "changed"
        [fee]
        rate = { value = "7%", source = "a proposal", confidence = "low" }
        [[class]]
        id = "rtx-4090"
        rental = "0.50 USD/h"
        [[region]]
        id = "mars"
        electricity = "2 USD/kWh"
    "#;
    let folder = folder(&[("base.toml", starter().as_bytes()), ("child.toml", child.as_bytes())]);
    let loaded = Scenario::load(&folder.path().join("child.toml"), &["fee.rate=8%".into(), "class.0.rental=1 USD/h".into()]);
    let loaded = loaded.unwrap_or_else(|error| panic!("{}", error.plain()));
    let scenario = &loaded.scenario;
    assert_eq!(scenario.title, "changed");
    assert_eq!(scenario.params.fee_rate(), 80_000_000);
    assert_eq!(scenario.class[0].rental, UsdPerHour(1_000_000));
    assert_eq!(scenario.class[0].name, "GeForce RTX 4090");
    assert_eq!(scenario.region.len(), 3);
    assert_eq!(loaded.sources().len(), 4);

    let loaded = Scenario::load(&folder.path().join("child.toml"), &[]).unwrap();
    assert_eq!(loaded.provenance["fee.rate"].source.as_deref(), Some("a proposal"));
    assert_eq!(loaded.provenance["fee.rate"].confidence, Some(Confidence::Low));
}

#[test]
fn what_was_expected_and_found_of_another_question_is_not_inherited() {
    let base = format!("question = \"A?\"\nexpectation = \"yes\"\nfinding = \"no\"\n{}", without_question());
    let folder = folder(&[
        ("base.toml", base.as_bytes()),
        ("same.toml", b"extends = \"base.toml\"\nseed = 7"),
        ("other.toml", b"extends = \"base.toml\"\nquestion = \"B?\""),
    ]);
    let [base, same, other] = ["base", "same", "other"].map(|name| {
        let loaded = Scenario::load(&folder.path().join(format!("{name}.toml")), &[]);
        loaded.unwrap_or_else(|error| panic!("{}", error.plain())).scenario
    });
    assert_eq!((base.expectation.as_deref(), base.finding.as_deref()), (Some("yes"), Some("no")));
    assert_eq!((same.expectation.as_deref(), same.finding), (Some("yes"), None));
    assert_eq!((other.question.as_str(), other.expectation, other.finding), ("B?", None, None));
}

/// The starter, but for what it asks.
fn without_question() -> String {
    let asks = |line: &&str| line.starts_with("question = ") || line.starts_with("expectation = ");
    starter().lines().filter(|line| !asks(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_table_lends_its_provenance_to_its_values() {
    let text = starter_with("power = \"450 W\"", "source = \"data sheet\"\npower = { value = \"450 W\", source = \"a meter\" }");
    let loaded = Scenario::parse("scenario.toml", &text, &[]).unwrap();
    assert_eq!(loaded.provenance["class.rtx-4090.power"].source.as_deref(), Some("a meter"));
    assert_eq!(loaded.provenance["class.rtx-4090.vram"].source.as_deref(), Some("data sheet"));
    assert_eq!(loaded.provenance["provider.gamers.count"].source, None);
}

#[test]
fn an_override_reaches_into_lists_and_tables() {
    let sets = ["demand.chat.growth=-10%", "scale=1/100", "provider.gamers.regions={europe=3}", "seed=7", "start=2026-01-01"];
    let loaded = Scenario::parse("starter", starter(), &sets.map(String::from)).unwrap();
    assert_eq!(loaded.scenario.demand[0].growth.fraction(), -0.1);
    assert_eq!(loaded.scenario.scale.of(300), 3);
    assert_eq!(loaded.scenario.provider[0].regions.len(), 1);
    assert_eq!(loaded.scenario.seed, 7);
    assert_eq!(loaded.scenario.start.to_string(), "2026-01-01");
    assert_eq!(loaded.scenario.provider[0].mark_up.idle, Ratio(100_000_000));
}

#[test]
fn a_circle_of_extends_is_refused() {
    let folder = folder(&[("a.toml", b"extends = \"b.toml\""), ("b.toml", b"title = \"b\"\nextends = \"./a.toml\"")]);
    assert_snapshot!(drawn(&folder, "a.toml"));
}

#[test]
fn a_missing_file_is_named() {
    let folder = folder(&[("a.toml", b"extends = \"nowhere.toml\"")]);
    assert_snapshot!(drawn(&folder, "a.toml"));
    assert_snapshot!(drawn(&folder, "b.toml"));
}

#[test]
fn a_file_that_is_not_text_is_refused() {
    let folder = folder(&[("a.toml", b"title = \"\xff\xfe\""), ("b.toml", &[0, 159, 146, 150])]);
    assert_snapshot!(drawn(&folder, "a.toml"));
    assert_snapshot!(drawn(&folder, "b.toml"));
}

#[test]
fn an_endless_or_odd_file_is_refused() {
    let folder = folder(&[]);
    assert!(Scenario::load(folder.path(), &[]).is_err());
    if std::path::Path::new("/dev/zero").exists() {
        assert!(Scenario::load("/dev/zero".as_ref(), &[]).unwrap_err().plain().contains("larger than 16 MiB"));
    }
}
