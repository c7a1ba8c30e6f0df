//! Reading a log: every byte is checked before it is believed.

use super::batch::{self, ArchivedBatch};
use super::contradiction::contained;
use super::frame::{self, HEAD, Head, MAGIC};
use super::{FORMAT, LogError, Position};
use crate::engine::replay::{Fold, Replay};
use crate::genesis::Genesis;
use crate::record::{Event, Record};
use rkyv::util::AlignedVec;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

/// Batches read ahead of whoever uses them.
const AHEAD: usize = 4;

/// A log being read, from the start.
pub struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    length: u64,
    genesis: Genesis,
    /// How far frames were read …
    offset: u64,
    number: u64,
    root: [u8; 32],
    /// … and how far they were checked against the chain.
    chain: Position,
    tail: Option<Tail>,
    stored: Vec<u8>,
    zstd: zstd::bulk::Decompressor<'static>,
}

/// What is left of a batch that was never wholly written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Where it starts.
    pub offset: u64,
    /// How many bytes of it there are.
    pub bytes: u64,
}

/// A batch, checked against the chain.
pub struct Loaded {
    bytes: AlignedVec,
    head: Head,
    /// Which batch, from 0.
    pub number: u64,
    /// Where its frame starts.
    pub offset: u64,
}

impl Loaded {
    /// Number of its first record.
    pub const fn first(&self) -> u64 {
        self.head.first
    }

    /// Bytes its frame takes in the file.
    pub const fn stored(&self) -> u64 {
        HEAD as u64 + self.head.stored as u64
    }

    /// Checks that the batch follows what was read so far, and moves on.
    fn continues(&self, chain: &mut Position, path: &Path) -> Result<(), LogError> {
        let corrupt = |what: String| LogError::Corrupt { path: path.into(), batch: self.number, offset: self.offset, what };
        // The thread that read it has hashed what was stored as it is.
        let hashed = self.head.stored == self.head.raw;
        if !hashed && frame::chain(&chain.root, &self.bytes) != self.head.root {
            return Err(corrupt("it does not continue the hash chain".into()));
        }
        if self.head.first != chain.records {
            return Err(corrupt(format!("it starts at record {}, not {}", self.head.first, chain.records)));
        }
        chain.bytes += self.stored();
        chain.batches += 1;
        chain.records += u64::from(self.head.records);
        chain.raw_bytes += u64::from(self.head.raw);
        chain.root = self.head.root;
        Ok(())
    }

    /// The batch before compression, as it was chained.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The batch, read in place.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] when what was chained is not a batch.
    pub fn batch(&self, path: &Path) -> Result<&ArchivedBatch, LogError> {
        let corrupt = |what: String| LogError::Corrupt { path: path.into(), batch: self.number, offset: self.offset, what };
        let batch = ArchivedBatch::open(&self.bytes).map_err(corrupt)?;
        if batch.first.to_native() != self.head.first || batch.len() != self.head.records as usize {
            return Err(corrupt("its frame's head counts other records than it holds".into()));
        }
        Ok(batch)
    }

    /// Runs a fold over this batch's records, which may be chained faultlessly and still be impossible.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] when they contradict the state. That state is unusable then.
    pub fn contained<R>(&self, path: &Path, fold: impl FnOnce() -> R) -> Result<R, LogError> {
        contained(fold).map_err(|what| LogError::Corrupt { path: path.into(), batch: self.number, offset: self.offset, what })
    }
}

impl Reader {
    /// Opens a log and checks its header.
    ///
    /// # Errors
    /// [`LogError::Io`], [`LogError::NotALog`], [`LogError::Header`] or [`LogError::Version`].
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let io_error = |source| LogError::Io { path: path.into(), source };
        let not_a_log = |why: &str| LogError::NotALog { path: path.into(), why: why.into() };
        let file = File::open(path).map_err(io_error)?;
        let length = file.metadata().map_err(io_error)?.len();
        let mut file = BufReader::with_capacity(1 << 20, file);
        let mut start = [0u8; 16];
        if length < 16 {
            return Err(not_a_log(if length == 0 { "it is empty" } else { "it ends within its header" }));
        }
        file.read_exact(&mut start).map_err(io_error)?;
        if &start[..8] != MAGIC {
            return Err(not_a_log("it starts with other bytes"));
        }
        let word = |at: usize| u32::from_le_bytes(start[at..at + 4].try_into().expect("four bytes"));
        if word(8) != FORMAT {
            return Err(LogError::Version { path: path.into(), found: word(8) });
        }
        if u64::from(word(12)) + 48 > length {
            return Err(LogError::Header { path: path.into(), what: "it ends within its header" });
        }
        let mut bytes = vec![0u8; word(12) as usize];
        let mut root = [0u8; 32];
        file.read_exact(&mut bytes).map_err(io_error)?;
        file.read_exact(&mut root).map_err(io_error)?;
        if frame::root_zero(&bytes) != root {
            return Err(LogError::Header { path: path.into(), what: "its header was changed" });
        }
        let genesis = Genesis::from_bytes(&bytes).map_err(|why| not_a_log(&why))?;
        let position = Position { bytes: bytes.len() as u64 + 48, batches: 0, records: 0, raw_bytes: 0, root };
        let offset = position.bytes;
        let zstd = zstd::bulk::Decompressor::new().map_err(io_error)?;
        Ok(Self {
            path: path.into(),
            file,
            length,
            genesis,
            offset,
            number: 0,
            root,
            chain: position,
            tail: None,
            stored: Vec::new(),
            zstd,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the log starts from.
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// How far the log was read.
    pub const fn position(&self) -> Position {
        self.chain
    }

    /// After the last batch: what is left of one that was never wholly written.
    pub const fn tail(&self) -> Option<Tail> {
        self.tail
    }

    /// Length of the file in bytes.
    pub const fn file_len(&self) -> u64 {
        self.length
    }

    /// The next whole batch, checked; `None` at the end, or where a torn one starts.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] naming the batch, or [`LogError::Io`].
    pub fn next_batch(&mut self) -> Result<Option<Loaded>, LogError> {
        let Some(loaded) = self.next_frame()? else { return Ok(None) };
        loaded.continues(&mut self.chain, &self.path)?;
        Ok(Some(loaded))
    }

    /// The next whole batch, decompressed but not yet checked against the chain.
    fn next_frame(&mut self) -> Result<Option<Loaded>, LogError> {
        let offset = self.offset;
        let left = self.length.saturating_sub(offset);
        if self.tail.is_some() || left == 0 {
            return Ok(None);
        }
        if left < HEAD as u64 {
            self.tail = Some(Tail { offset, bytes: left });
            return Ok(None);
        }
        let mut head = [0u8; HEAD];
        self.file.read_exact(&mut head).map_err(|source| self.io_error(source))?;
        let head = Head::from_bytes(&head).map_err(|what| self.corrupt(what))?;
        if left - (HEAD as u64) < u64::from(head.stored) {
            self.tail = Some(Tail { offset, bytes: left });
            return Ok(None);
        }
        let mut stored = std::mem::take(&mut self.stored);
        stored.resize(head.stored as usize, 0);
        self.file.read_exact(&mut stored).map_err(|source| self.io_error(source))?;
        let bytes = self.unpack(&head, &stored)?;
        self.stored = stored;
        let loaded = Loaded { bytes, head, number: self.number, offset };
        self.offset += loaded.stored();
        self.root = loaded.head.root;
        self.number += 1;
        Ok(Some(loaded))
    }

    fn unpack(&mut self, head: &Head, stored: &[u8]) -> Result<AlignedVec, LogError> {
        // What is stored as it is needs no check of its own: the chain covers every byte of it.
        let uncompressed = head.stored == head.raw;
        if uncompressed && frame::chain(&self.root, stored) != head.root || !uncompressed && !head.guards(stored) {
            return Err(self.corrupt("its bytes were changed".into()));
        }
        let mut raw = AlignedVec::new();
        if uncompressed {
            raw.extend_from_slice(stored);
            return Ok(raw);
        }
        // The head may claim a gigabyte; memory is taken only when the compressed bytes claim the same.
        if !matches!(zstd::zstd_safe::get_frame_content_size(stored), Ok(Some(length)) if length == u64::from(head.raw)) {
            return Err(self.corrupt("it does not decompress to its length".into()));
        }
        raw.resize(head.raw as usize, 0);
        let length = self.zstd.decompress_to_buffer(stored, &mut raw[..]);
        if length.ok() == Some(head.raw as usize) {
            Ok(raw)
        } else {
            Err(self.corrupt("it does not decompress to its length".into()))
        }
    }

    fn corrupt(&self, what: String) -> LogError {
        LogError::Corrupt { path: self.path.clone(), batch: self.number, offset: self.offset, what }
    }

    fn io_error(&self, source: io::Error) -> LogError {
        LogError::Io { path: self.path.clone(), source }
    }

    /// Shows every whole batch to `see`, while a thread of its own reads and decompresses the next ones. Returns how far
    /// the log goes and what is left of a torn batch.
    ///
    /// # Errors
    /// The first [`LogError`], or what `see` broke off with.
    pub fn for_each<E: From<LogError>>(
        mut self,
        mut see: impl FnMut(&ArchivedBatch, &Loaded) -> Result<(), E>,
    ) -> Result<(Position, Option<Tail>), E> {
        let path = self.path.clone();
        let mut chain = self.chain;
        let (send, receive) = sync_channel::<Loaded>(AHEAD);
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || -> Result<_, LogError> {
                while let Some(loaded) = self.next_frame()? {
                    if send.send(loaded).is_err() {
                        break;
                    }
                }
                Ok(self.tail)
            });
            let shown = receive.iter().try_for_each(|loaded| {
                loaded.continues(&mut chain, &path)?;
                see(loaded.batch(&path)?, &loaded)
            });
            drop(receive);
            let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            shown?;
            Ok((chain, read?))
        })
    }

    /// Folds the log into a state. Returns it with how far the log goes.
    ///
    /// # Errors
    /// The first [`LogError`].
    pub fn replay(self, mut progress: impl FnMut(u64)) -> Result<(Replay, Position, Option<Tail>), LogError> {
        let path = self.path.clone();
        let mut replay = Replay::genesis(&self.genesis)
            .map_err(|error| LogError::NotALog { path: path.clone(), why: format!("its genesis contradicts itself: {error}") })?;
        let (position, tail) = self.for_each::<LogError>(|batch, loaded| {
            loaded.contained(&path, || fold_batch(&mut replay, batch))?;
            progress(loaded.first());
            Ok(())
        })?;
        Ok((replay, position, tail))
    }
}

/// Folds whatever it is shown.
struct Folding<'a, 'f, 's>(&'a mut Fold<'f, 's>);

impl batch::Reader for Folding<'_, '_, '_> {
    type Break = Infallible;

    #[inline(always)]
    fn cause(&mut self, record: Record) -> ControlFlow<Infallible> {
        self.0.cause(record);
        ControlFlow::Continue(())
    }

    #[inline(always)]
    fn event(&mut self, event: Event) -> ControlFlow<Infallible> {
        self.0.event(&event);
        ControlFlow::Continue(())
    }
}

/// Folds one batch into a state.
fn fold_batch(replay: &mut Replay, batch: &ArchivedBatch) {
    // A batch holds few commands that take a row, so asking for a chunk up front beats asking at every line.
    replay.ensure_rows(batch.new_rows());
    replay.fold(|fold| {
        let ControlFlow::Continue(()) = batch.show(&mut Folding(fold));
    });
}
