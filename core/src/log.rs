//! The event log: every record in order, in typed columns, hash-chained, checked before it is believed.
//!
//! A log file is a header that holds the genesis, then frames of one batch each:
//!
//! ```text
//! header   "PLASMALG" · format u32 · length u32 · genesis · BLAKE3 of all of this = root 0
//! frame    head of 72 bytes · stored bytes (zstd of the batch, or the batch itself)
//! batch    rkyv of [`batch::Batch`]: a tag per record, times, origins, and a column for each kind of payload
//! root n   BLAKE3(root n−1 · batch n), over the batch before compression
//! ```
//!
//! A file cut at any byte opens up to its last whole batch; a changed byte anywhere is found, with the batch it is in. The root
//! is the same whether batches are compressed, kept or dropped.

pub mod audit;
pub mod batch;
pub mod contradiction;
pub mod frame;
pub mod reader;
pub mod writer;

use std::path::PathBuf;

/// Version of the file's layout.
pub const FORMAT: u32 = 3;

/// Version of the protocol's rules: what `decide` makes of a command. Replay reads any; audit needs the binary that wrote it.
pub const RULES: u32 = 7;

/// How much of a run is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Every record is encoded, chained and kept.
    #[default]
    Full,
    /// Every record is encoded and chained, then dropped: the same root, no file.
    Root,
    /// Nothing is encoded.
    None,
}

impl Level {
    /// As scenarios and manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Full => "full",
            Level::Root => "root",
            Level::None => "none",
        }
    }
}

/// How far a log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Length of the file, in bytes.
    pub bytes: u64,
    /// Batches.
    pub batches: u64,
    /// Records: commands, timers and events.
    pub records: u64,
    /// Bytes of all batches before compression.
    pub raw_bytes: u64,
    /// The chain's root.
    pub root: [u8; 32],
}

/// What is wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The system failed to read or write.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no log at all.
    #[error("{path}: not a Plasma log: {why}")]
    NotALog {
        /// The file.
        path: PathBuf,
        /// What gave it away.
        why: String,
    },
    /// The file starts as a log does, and its header is not what was written.
    #[error("{path}: {what}")]
    Header {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
    /// The file is a log of another version.
    #[error("{path}: log format {found}, this binary reads format {FORMAT}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Some byte is not what was written.
    #[error("{path}: batch {batch}, at byte {offset}: {what}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Which batch, from 0.
        batch: u64,
        /// Where its frame starts.
        offset: u64,
        /// What does not fit.
        what: String,
    },
    /// The file holds as many records as it should, but not the same ones.
    #[error("{path}: its first {records} records are not those that were written")]
    Other {
        /// The file.
        path: PathBuf,
        /// Records that should have been the same.
        records: u64,
    },
    /// The file does not reach the position that it should continue from.
    #[error("{path}: holds {records} records, but {wanted} were written: part of the log is missing")]
    Short {
        /// The file.
        path: PathBuf,
        /// Records in whole batches.
        records: u64,
        /// Records there should be.
        wanted: u64,
    },
}
