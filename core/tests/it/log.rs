//! Logs on disk: written, cut short, damaged, forged, continued, and written to disks that refuse.

mod agreement;
mod damage;
mod disk;
mod forgery;
mod resumption;

use crate::director::{Play, pinned, play};
use crate::testing::{self, Script};
use plasma_core::engine::Engine;
use plasma_core::genesis::Genesis;
use plasma_core::ids::AccountId;
use plasma_core::log::reader::{Loaded, Reader, Tail};
use plasma_core::log::writer::LogWriter;
use plasma_core::log::{Level, LogError, Position};
use plasma_core::time::HOUR;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

/// A small world with hourly epochs, so that a short log has many batches.
pub fn world() -> Genesis {
    let rules =
        [("verification.rate", 500_000_000), ("epoch.length", HOUR), ("stake.delegation", 1), ("bond.unbonding", 2 * HOUR)];
    Genesis { council: AccountId(2), ..testing::genesis(&rules) }
}

/// A log of a whole run, and what the run came to.
pub struct Written {
    pub play: Play,
    pub path: PathBuf,
    pub position: Position,
    pub digest: [u8; 32],
    _folder: TempDir,
}

/// Plays the pinned stream of this name and logs it.
pub fn write(name: &str, drafts: usize) -> Written {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("log.plasma");
    let play = play(&world(), &pinned(name, drafts));
    let writer = create(&path, Level::Full);
    let mut engine = engine(&play, writer);
    engine.run(play.until);
    let digest = engine.digest();
    let position = engine.into_parts().1.finish().expect("room on disk").expect("a full log has a position");
    Written { play, path, position, digest, _folder: folder }
}

fn create(path: &Path, level: Level) -> LogWriter {
    LogWriter::create(path, level, &world(), Arc::new(AtomicBool::new(false))).expect("a new log")
}

fn engine(play: &Play, writer: LogWriter) -> Engine<Script, LogWriter> {
    Engine::genesis(&world(), Script::new(play.commands.iter().copied()), writer).expect("a sound genesis")
}

/// Reads every batch, and hands them out with how far the log goes.
fn read(path: &Path) -> Result<(Vec<Loaded>, Position, Option<Tail>), LogError> {
    let mut reader = Reader::open(path)?;
    let mut batches = Vec::new();
    while let Some(loaded) = reader.next_batch()? {
        loaded.batch(path)?;
        batches.push(loaded);
    }
    Ok((batches, reader.position(), reader.tail()))
}
