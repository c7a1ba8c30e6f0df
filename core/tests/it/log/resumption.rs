//! Logs that are continued where a checkpoint left them.

use super::{Written, create, engine, read, write};
use crate::testing::Script;
use plasma_core::engine::Engine;
use plasma_core::log::writer::LogWriter;
use plasma_core::log::{Level, LogError, Position};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A run stopped in the middle: its state, its log's position, and what is still to be commanded.
fn half(written: &Written, path: &Path) -> (Vec<u8>, Position, Script) {
    let at = written.play.commands[written.play.commands.len() / 2].time;
    let mut engine = engine(&written.play, create(path, Level::Full));
    engine.run(at);
    let position = engine.observer().sync().unwrap().unwrap();
    let state = engine.snapshot().to_vec();
    let rest = Script::new(engine.environment().commands.iter().copied());
    (state, position, rest)
}

fn resume(path: &Path, position: Position) -> Result<LogWriter, LogError> {
    LogWriter::resume(path, Level::Full, position, Arc::new(AtomicBool::new(false)))
}

/// Continues and checks that log and state end as those of the run that was never stopped, batches and bytes aside: a checkpoint
/// cuts a batch.
fn continues(written: &Written, path: &Path, state: &[u8], position: Position, rest: Script) {
    let writer = resume(path, position).unwrap();
    let mut engine = Engine::restore(state, rest, writer).unwrap();
    engine.run(written.play.until);
    assert_eq!(engine.digest(), written.digest);
    let end = engine.into_parts().1.finish().unwrap().unwrap();
    assert_eq!(end.records, written.position.records);
    let (_, reached, tail) = read(path).unwrap();
    assert_eq!((reached, tail), (end, None));
}

#[test]
fn a_log_continues_after_its_checkpoint() {
    let written = write("resume", 200);
    let path = written.path.with_file_name("half");
    let (state, position, rest) = half(&written, &path);
    continues(&written, &path, &state, position, rest);
}

#[test]
fn what_was_written_behind_the_checkpoint_is_dropped() {
    let written = write("resume", 200);
    for behind in [&b"a torn batch"[..], &[0; 5_000]] {
        let path = written.path.with_file_name(format!("behind-{}", behind.len()));
        let (state, position, rest) = half(&written, &path);
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(behind).unwrap();
        continues(&written, &path, &state, position, rest);
    }
}

#[test]
fn an_epochs_end_as_checkpoint_leads_to_the_same_root() {
    let written = write("resume", 200);
    let path = written.path.with_file_name("epochs");
    let mut stopped = engine(&written.play, create(&path, Level::Full));
    for _ in 0..7 {
        stopped.run_epoch(written.play.until);
    }
    let position = stopped.observer().sync().unwrap().unwrap();
    let (state, rest) = (stopped.snapshot(), Script::new(stopped.environment().commands.iter().copied()));
    stopped.run(written.play.until);
    drop(stopped);
    let mut continued = Engine::restore(&state, rest, resume(&path, position).unwrap()).unwrap();
    continued.run(written.play.until);
    assert_eq!(continued.into_parts().1.finish().unwrap().unwrap(), written.position);
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&written.path).unwrap());
}

#[test]
fn a_log_that_lacks_records_or_holds_others_is_refused_and_left_alone() {
    let written = write("resume", 100);
    let whole = std::fs::read(&written.path).unwrap();
    let refusal = |position: Position| resume(&written.path, position).err().expect("a refusal");
    let longer = Position { records: written.position.records + 1, ..written.position };
    assert!(matches!(refusal(longer), LogError::Short { wanted, .. } if wanted == longer.records));
    let other = Position { root: [7; 32], ..written.position };
    assert!(matches!(refusal(other), LogError::Other { .. }));
    let within_a_batch = Position { records: written.position.records - 1, ..written.position };
    assert!(matches!(refusal(within_a_batch), LogError::Other { .. }));
    assert_eq!(std::fs::read(&written.path).unwrap(), whole);

    std::fs::write(&written.path, &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(refusal(written.position), LogError::Short { .. }));
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    std::fs::write(&written.path, &damaged).unwrap();
    assert!(matches!(refusal(written.position), LogError::Corrupt { .. }));
    assert_eq!(std::fs::read(&written.path).unwrap(), damaged);
    std::fs::remove_file(&written.path).unwrap();
    assert!(matches!(refusal(written.position), LogError::Io { .. }));
    assert!(!written.path.exists());
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let written = write("resume", 10);
    let before = std::fs::read(&written.path).unwrap();
    let genesis = super::world();
    let refused = LogWriter::create(&written.path, Level::Full, &genesis, Arc::new(AtomicBool::new(false)));
    assert!(matches!(refused.err().expect("a refusal"), LogError::Io { .. }));
    assert_eq!(std::fs::read(&written.path).unwrap(), before);
}
