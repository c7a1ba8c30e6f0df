//! A disk that fills up in the middle of a run.

use crate::plasma::{Ended, Place, flat, shipped};
use std::process::Command;

/// Runs `plasma` where no file may grow beyond so many blocks; with the signal ignored, writing fails as on a full disk.
fn cramped(place: &Place, blocks: u32, args: &[&str]) -> Ended {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_plasma")]).args(args);
    Ended::of(command.current_dir(place.path("")))
}

#[test]
fn a_full_disk_is_said_and_what_was_written_before_can_be_read() {
    let place = Place::new();
    let ended = cramped(&place, 300, &["run", &shipped("small.toml"), "--out", "run"]);
    let said = flat(&ended.fails());
    assert!(said.contains("the log could not be written to the end: run/log.plasma: "), "{said}");
    assert!(said.contains("can still be replayed up to there"), "{said}");

    let sound = place.plasma(&["log", "verify", "run/log.plasma", "--json"]).json();
    assert_eq!(sound["sound"], true);
    assert!(sound["records"].as_u64().unwrap() > 1_000, "{sound}");
    place.plasma(&["replay", "run/log.plasma"]).succeeds();
}

#[test]
fn results_that_find_no_room_leave_no_manifest_and_say_how_to_make_them() {
    let place = Place::new();
    let ended = cramped(&place, 40, &["run", &shipped("small.toml"), "--until", "10d", "--log", "none", "--out", "run"]);
    let said = flat(&ended.fails());
    assert!(said.contains("not all of its results could be written: cannot write run/"), "{said}");
    assert!(said.contains("plasma run run/scenario.toml --out ANOTHER_FOLDER"), "{said}");
    assert!(!place.path("run/manifest.json").exists());
    place.plasma(&["run", "run/scenario.toml", "--until", "10d", "--out", "again"]).succeeds();
}
