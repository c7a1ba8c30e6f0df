//! A disk that fills up in the middle of a run.

use crate::plasma::{Ended, Place, flat, shipped};
use std::process::Command;

#[test]
fn a_full_disk_is_said_and_what_was_written_before_can_be_read() {
    let place = Place::new();
    // No file may grow beyond some hundreds of kilobytes; with the signal ignored, writing fails as on a full disk.
    let script = "trap '' XFSZ; ulimit -f 300; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_plasma"), "run", &shipped("small.toml"), "--out", "run"]);
    let ended = Ended::of(command.current_dir(place.path("")));
    let said = flat(&ended.fails());
    assert!(said.contains("the log could not be written to the end: run/log.plasma: "), "{said}");
    assert!(said.contains("can still be replayed up to there"), "{said}");

    let sound = place.plasma(&["log", "verify", "run/log.plasma", "--json"]).json();
    assert_eq!(sound["sound"], true);
    assert!(sound["records"].as_u64().unwrap() > 1_000, "{sound}");
    place.plasma(&["replay", "run/log.plasma"]).succeeds();
}
