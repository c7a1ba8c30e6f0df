//! `manifest.json`: what a run was and what it came to, for whoever wants to verify it.

use miette::{IntoDiagnostic, WrapErr};
use plasma_core::log::Position;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What a run was and what it came to. Digests are BLAKE3 in hexadecimal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Title of the scenario.
    pub title: String,
    /// Version of the binary.
    pub plasma: String,
    /// Versions of what can change independently of it.
    pub formats: Formats,
    /// Digest of the engine's sources.
    pub engine_digest: String,
    /// Digest of the resolved scenario.
    pub scenario_digest: String,
    /// Digest of the genesis at the head of the log.
    pub genesis_digest: String,
    /// Seed of every random draw.
    pub seed: u64,
    /// First moment of the run.
    pub start: String,
    /// The moment that the run reached, in milliseconds since 1970 UTC.
    pub end_ms: u64,
    /// The same as a timestamp.
    pub end: String,
    /// Whether it reached the time it was asked to, and was not interrupted.
    pub complete: bool,
    /// What was kept.
    pub log: Log,
    /// Digest of the final state.
    pub state_digest: String,
    /// Epochs closed.
    pub epochs: u64,
    /// Commands that were not admitted: they left no record.
    pub inadmissible: u64,
    /// Digests of the files that were made of it, by their path in the folder.
    #[serde(default)]
    pub results: BTreeMap<String, String>,
}

/// Versions of formats and rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Formats {
    /// Layout of log files.
    pub log: u32,
    /// Rules of the protocol.
    pub rules: u32,
    /// Layout of the state, which its digest is taken of.
    pub state: u32,
}

/// What was kept of the records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// `full`, `root` or `none`.
    pub level: String,
    /// Commands, timers and events; null at level `none`.
    pub records: Option<u64>,
    /// Batches; null at level `none`.
    pub batches: Option<u64>,
    /// Bytes of all batches before compression; null at level `none`.
    pub raw_bytes: Option<u64>,
    /// Bytes of the log file; null unless it was kept.
    pub bytes: Option<u64>,
    /// Root of the hash chain; null at level `none`.
    pub root: Option<String>,
}

impl Log {
    /// What a writer at this level reached.
    pub fn of(level: plasma_core::log::Level, position: Option<Position>) -> Self {
        Self {
            level: level.name().into(),
            records: position.map(|p| p.records),
            batches: position.map(|p| p.batches),
            raw_bytes: position.map(|p| p.raw_bytes),
            bytes: position.filter(|_| level == plasma_core::log::Level::Full).map(|p| p.bytes),
            root: position.map(|p| hex(&p.root)),
        }
    }
}

impl Formats {
    /// Those of this binary.
    pub const fn current() -> Self {
        Self { log: plasma_core::log::FORMAT, rules: plasma_core::log::RULES, state: plasma_core::engine::snapshot::FORMAT }
    }
}

impl Manifest {
    /// Reads a manifest.
    pub fn read(path: &Path) -> miette::Result<Self> {
        let text = std::fs::read_to_string(path).into_diagnostic().wrap_err_with(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).into_diagnostic().wrap_err_with(|| format!("{} is not a manifest", path.display()))
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, path: &Path) -> miette::Result<()> {
        let text = serde_json::to_string_pretty(self).into_diagnostic()?;
        crate::folder::write_whole(path, (text + "\n").as_bytes())
    }
}

/// Hexadecimal, as digests are written.
pub fn hex(bytes: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*bytes).to_hex().to_string()
}
