//! Checkpoints: core, environment, metrics and log position, together, at the end of an epoch.

use crate::folder::write_whole;
use miette::{IntoDiagnostic, WrapErr, miette};
use plasma_core::log::{Level, Position};
use rkyv::rancor::Error as RkyvError;
use rkyv::{Archive, Deserialize, Serialize};
use std::path::Path;

const MAGIC: &[u8; 8] = b"PLASMACP";

/// All that a run needs to continue.
#[derive(Archive, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Engine that wrote it: another may decide differently.
    pub engine: String,
    /// Digest of the resolved scenario.
    pub scenario: [u8; 32],
    /// Seed in force.
    pub seed: u64,
    /// When the run is to end.
    pub until: u64,
    /// The moment reached.
    pub now: u64,
    /// Epochs closed.
    pub epochs: u64,
    /// Records made so far, kept or not.
    pub counted: u64,
    /// The log's level: 0 full, 1 root, 2 none.
    pub level: u8,
    /// Bytes, batches, records and raw bytes of the log so far.
    pub position: [u64; 4],
    /// Root of the log so far.
    pub root: [u8; 32],
    /// The state.
    pub core: Vec<u8>,
    /// The agents.
    pub agents: Vec<u8>,
    /// The metrics.
    pub metrics: Vec<u8>,
}

impl Checkpoint {
    /// The log's position.
    pub const fn position(&self) -> Position {
        let [bytes, batches, records, raw_bytes] = self.position;
        Position { bytes, batches, records, raw_bytes, root: self.root }
    }

    /// The log's level.
    pub const fn level(&self) -> Level {
        match self.level {
            0 => Level::Full,
            1 => Level::Root,
            _ => Level::None,
        }
    }

    /// Writes it, whole or not at all, with a digest of itself.
    pub fn write(&self, path: &Path) -> miette::Result<()> {
        let body = rkyv::to_bytes::<RkyvError>(self).into_diagnostic()?;
        let mut bytes = Vec::with_capacity(body.len() + 40);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(blake3::hash(&body).as_bytes());
        bytes.extend_from_slice(&body);
        write_whole(path, &bytes)
    }

    /// Reads one, checking every byte.
    pub fn read(path: &Path) -> miette::Result<Self> {
        let bytes = std::fs::read(path).into_diagnostic().wrap_err_with(|| format!("cannot read {}", path.display()))?;
        let damaged = || miette!(help = "run the scenario again", "{} is damaged", path.display());
        let (head, body) = bytes.split_at_checked(40).ok_or_else(damaged)?;
        if &head[..8] != MAGIC || blake3::hash(body).as_bytes() != &head[8..] {
            return Err(damaged());
        }
        let mut aligned = rkyv::util::AlignedVec::<16>::with_capacity(body.len());
        aligned.extend_from_slice(body);
        rkyv::from_bytes::<Self, RkyvError>(&aligned).map_err(|_| damaged())
    }
}
