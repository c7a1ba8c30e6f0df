//! A log leads back to the state of the run that wrote it, by folding and by deciding everything again.

use super::{create, engine, read, write};
use plasma_core::log::Level;
use plasma_core::log::audit::audit;
use plasma_core::log::reader::Reader;

#[test]
fn replay_reaches_the_state_of_the_run() {
    let written = write("replay", 300);
    assert!(written.position.batches > 20, "epochs cut batches: {:?}", written.position);
    let (mut replay, position, tail) = Reader::open(&written.path).and_then(|reader| reader.replay(|_| {})).unwrap();
    assert_eq!((replay.digest(), position, tail), (written.digest, written.position, None));
}

#[test]
fn reading_step_by_step_comes_to_the_same_position() {
    let written = write("replay", 100);
    let (batches, position, tail) = read(&written.path).unwrap();
    assert_eq!((batches.len() as u64, position, tail), (written.position.batches, written.position, None));
    assert_eq!(position.bytes, std::fs::metadata(&written.path).unwrap().len());
}

#[test]
fn audit_finds_every_record_again_wherever_blocks_are_cut() {
    let written = write("audit", 300);
    for seed in 0..if cfg!(debug_assertions) { 4 } else { 100 } {
        let audited = audit(&written.path, Some(written.play.until), seed, |_| {}).unwrap();
        assert_eq!(audited.difference, None, "cut by {seed}");
        assert_eq!((audited.digest, audited.position), (written.digest, written.position));
    }
}

#[test]
fn an_audit_that_does_not_know_the_end_stops_at_the_last_record() {
    let written = write("audit", 50);
    let audited = audit(&written.path, None, 1, |_| {}).unwrap();
    assert_eq!((audited.difference, audited.digest), (None, written.digest));
}

#[test]
fn every_level_that_chains_comes_to_the_same_root_and_only_full_writes() {
    let written = write("levels", 200);
    for (level, keeps_root) in [(Level::Root, true), (Level::None, false)] {
        let path = written.path.with_file_name(format!("{level:?}"));
        let mut engine = engine(&written.play, create(&path, level));
        engine.run(written.play.until);
        assert_eq!(engine.digest(), written.digest);
        let position = engine.into_parts().1.finish().unwrap();
        let chain =
            |position: &plasma_core::log::Position| (position.root, position.batches, position.records, position.raw_bytes);
        assert_eq!(position.as_ref().map(chain), keeps_root.then_some(chain(&written.position)));
        assert!(!path.exists(), "{level:?} writes nothing");
    }
}
