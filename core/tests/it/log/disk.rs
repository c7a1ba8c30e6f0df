//! Disks that refuse: the run is told, the file ends with its last whole batch, and nothing panics.
//!
//! The disk is full for a child process, whose files may not grow beyond a limit. Exceeding it sends a signal that ends the process
//! unless it is ignored; ignored, the write fails as on a full disk.

use super::{create, engine, read};
use crate::director::{pinned, play};
use plasma_core::log::{Level, LogError};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the folder to write to, in the child.
const FOLDER: &str = "PLASMA_TEST_FULL_DISK";

#[test]
fn a_full_disk_is_told_and_leaves_whole_batches() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return on_the_full_disk(&PathBuf::from(folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let this = std::env::current_exe().unwrap();
    let test = "log::disk::a_full_disk_is_told_and_leaves_whole_batches";
    // A shell counts in blocks of 512 or 1 024 bytes: either way the log does not fit.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" --exact \"$1\" --nocapture --test-threads 1";
    let child = Command::new("sh").args(["-c", script]).arg(this).arg(test).env(FOLDER, folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    let (_, position, tail) = read(&folder.path().join("log.plasma")).unwrap();
    assert!(position.records > 0, "what was written before is there");
    assert_eq!(tail, None);
}

fn on_the_full_disk(folder: &Path) {
    let path = folder.join("log.plasma");
    let play = play(&super::world(), &pinned("disk", 600));
    let mut engine = engine(&play, create(&path, Level::Full));
    while !engine.observer().has_failed() && engine.run_epoch(play.until) != plasma_core::engine::Progress::Reached {
        assert!(engine.view(|state| state.clock.now) < play.until, "the run stops when the disk is full");
        // The writer works on its own thread; here it is waited for, so that the flag is seen.
        let _ = engine.observer().sync();
    }
    assert!(engine.observer().has_failed());
    for end in [engine.observer().sync(), engine.into_parts().1.finish()] {
        match end {
            Err(LogError::Io { path: named, source }) => {
                assert_eq!((named, source.kind()), (path.clone(), std::io::ErrorKind::FileTooLarge));
            }
            other => panic!("a full disk was not told: {other:?}"),
        }
    }
}
