//! Writing a log: the engine fills batches, a thread of its own encodes, chains, compresses and writes them.

use super::batch::{Batch, RECORDS};
use super::frame::{self, Head};
use super::reader::Reader;
use super::{Level, LogError, Position};
use crate::engine::state::State;
use crate::engine::step::Observer;
use crate::genesis::Genesis;
use crate::record::{Event, Record};
use rkyv::rancor::Error as RkyvError;
use rkyv::util::AlignedVec;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

/// Level of zstd. Measured on five years of the baseline, 34.6 bytes a record: see ARCHITECTURE.md for the choice.
const ZSTD_LEVEL: i32 = 1;

/// Batches on their way to the writer before the engine waits for it.
const IN_FLIGHT: usize = 4;

enum Message {
    Batch(Box<Batch>),
    /// Everything before this is to be on disk; answer with the position.
    Sync(SyncSender<Result<Position, io::Error>>),
}

/// How a log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// How much of it.
    pub level: Level,
    /// Whether batches are compressed: two fifths of the disk for a third more work. The root is the same.
    pub compress: bool,
}

impl From<Level> for Keeping {
    fn from(level: Level) -> Self {
        Self { level, compress: true }
    }
}

/// A log being written. An [`Observer`]: give it to the engine.
pub struct LogWriter {
    batch: Box<Batch>,
    records: u64,
    thread: Option<Thread>,
    failed: Arc<AtomicBool>,
    /// Why the thread is gone, once it was found to be: later calls say the same.
    refused: Option<io::ErrorKind>,
    path: PathBuf,
}

struct Thread {
    inbox: SyncSender<Message>,
    empties: Receiver<Box<Batch>>,
    handle: JoinHandle<Result<Position, io::Error>>,
}

impl LogWriter {
    /// A new log. `Full` needs a path that does not exist yet. `failed` is raised when the disk refuses, so that the run stops.
    ///
    /// # Errors
    /// [`LogError::Io`] when the file exists or cannot be made.
    pub fn create(
        path: &Path,
        keeping: impl Into<Keeping>,
        genesis: &Genesis,
        failed: Arc<AtomicBool>,
    ) -> Result<Self, LogError> {
        let io_error = |source| LogError::Io { path: path.into(), source };
        let keeping = keeping.into();
        let genesis = genesis.to_bytes();
        let (file, bytes, root) = match keeping.level {
            Level::Full => {
                let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(io_error)?;
                let (bytes, root) = frame::write_header(&mut file, &genesis).map_err(io_error)?;
                (Some(file), bytes, root)
            }
            Level::Root | Level::None => (None, 0, frame::root_zero(&genesis)),
        };
        let position = Position { bytes, batches: 0, records: 0, raw_bytes: 0, root };
        Ok(Self::start(path, keeping, file, position, failed))
    }

    /// Continues a log after `position`, dropping what was written behind it. What stands before is verified first.
    ///
    /// # Errors
    /// [`LogError`] when the file does not hold what was written up to `position`.
    pub fn resume(
        path: &Path,
        keeping: impl Into<Keeping>,
        position: Position,
        failed: Arc<AtomicBool>,
    ) -> Result<Self, LogError> {
        let keeping = keeping.into();
        let io_error = |source| LogError::Io { path: path.into(), source };
        let file = if keeping.level == Level::Full {
            let mut reader = Reader::open(path)?;
            while reader.position().records < position.records && reader.next_batch()?.is_some() {}
            let reached = reader.position();
            if reached.records < position.records {
                return Err(LogError::Short { path: path.into(), records: reached.records, wanted: position.records });
            }
            if reached != position {
                return Err(LogError::Other { path: path.into(), records: position.records });
            }
            let mut file = OpenOptions::new().write(true).open(path).map_err(io_error)?;
            file.set_len(position.bytes).map_err(io_error)?;
            file.seek(SeekFrom::End(0)).map_err(io_error)?;
            Some(file)
        } else {
            None
        };
        Ok(Self::start(path, keeping, file, position, failed))
    }

    fn start(path: &Path, keeping: Keeping, file: Option<File>, position: Position, failed: Arc<AtomicBool>) -> Self {
        let mut batch = Box::<Batch>::default();
        batch.restart(position.records);
        let thread = (keeping.level != Level::None).then(|| {
            let (inbox, messages) = sync_channel(IN_FLIGHT);
            let (returns, empties) = channel();
            let raised = Arc::clone(&failed);
            let handle = std::thread::spawn(move || {
                let result = Sink { file, compress: keeping.compress, position, raw: AlignedVec::new(), stored: Vec::new() }
                    .serve(&messages, &returns);
                if result.is_err() {
                    raised.store(true, Ordering::Relaxed);
                }
                result
            });
            Thread { inbox, empties, handle }
        });
        Self { batch, records: position.records, thread, failed, refused: None, path: path.into() }
    }

    /// Whether the disk refused a write. The engine should stop at the next epoch.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    fn cut(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        self.records += self.batch.len() as u64;
        if let Some(thread) = &self.thread {
            let mut next = thread.empties.try_recv().unwrap_or_default();
            next.restart(self.records);
            let full = std::mem::replace(&mut self.batch, next);
            // A writer that failed is gone; `finish` says why.
            let _ = thread.inbox.send(Message::Batch(full));
        }
    }

    /// Puts everything so far on disk and says how far the log goes. For checkpoints, at an epoch's end.
    ///
    /// # Errors
    /// [`LogError::Io`] when the disk refused.
    pub fn sync(&mut self) -> Result<Option<Position>, LogError> {
        self.cut();
        let Some(thread) = &self.thread else { return self.without_thread() };
        let (answer, position) = sync_channel(1);
        let reached = match thread.inbox.send(Message::Sync(answer)) {
            Ok(()) => position.recv().unwrap_or_else(|_| Err(io::Error::other("the log's writer stopped"))),
            Err(_) => Err(io::Error::other("the log's writer stopped")),
        };
        match reached {
            Ok(position) => Ok(Some(position)),
            Err(stopped) => {
                self.failed.store(true, Ordering::Relaxed);
                let source = self.thread.take().and_then(|thread| thread.join().err()).unwrap_or(stopped);
                self.refused = Some(source.kind());
                Err(LogError::Io { path: self.path.clone(), source })
            }
        }
    }

    /// Without a thread nothing is chained at this level, or the disk refused before.
    fn without_thread(&self) -> Result<Option<Position>, LogError> {
        let refused = |kind: io::ErrorKind| LogError::Io { path: self.path.clone(), source: kind.into() };
        self.refused.map_or(Ok(None), |kind| Err(refused(kind)))
    }

    /// Ends the log.
    ///
    /// # Errors
    /// [`LogError::Io`] when the disk refused; the file then ends with its last whole batch.
    pub fn finish(mut self) -> Result<Option<Position>, LogError> {
        self.cut();
        let Some(thread) = self.thread.take() else { return self.without_thread() };
        thread.join().map(Some).map_err(|source| LogError::Io { path: self.path.clone(), source })
    }
}

impl Thread {
    fn join(self) -> Result<Position, io::Error> {
        drop(self.inbox);
        self.handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Observer for LogWriter {
    #[inline]
    fn cause(&mut self, _view: &State, record: &Record) {
        if self.thread.is_none() {
            return;
        }
        if self.batch.len() >= RECORDS || !self.batch.takes(record.time) {
            self.cut();
        }
        self.batch.push_cause(record);
    }

    #[inline]
    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        if self.thread.is_some() {
            self.batch.push_event(event);
        }
    }

    fn epoch_closed(&mut self, _view: &State) {
        self.cut();
    }
}

/// The writer's end: encodes, chains, compresses, writes.
struct Sink {
    file: Option<File>,
    compress: bool,
    position: Position,
    raw: AlignedVec,
    stored: Vec<u8>,
}

impl Sink {
    fn serve(
        mut self,
        messages: &Receiver<Message>,
        returns: &std::sync::mpsc::Sender<Box<Batch>>,
    ) -> Result<Position, io::Error> {
        let mut zstd = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
        while let Ok(message) = messages.recv() {
            match message {
                Message::Batch(batch) => {
                    if let Err(error) = self.append(&batch, &mut zstd) {
                        self.drop_torn_frame();
                        return Err(error);
                    }
                    // The engine may be gone; then nobody needs the batch again.
                    let _ = returns.send(batch);
                }
                Message::Sync(answer) => {
                    let synced = self.file.as_mut().map_or(Ok(()), |file| file.sync_data());
                    let _ = answer.send(synced.map(|()| self.position));
                }
            }
        }
        if let Some(file) = &mut self.file {
            file.sync_data()?;
        }
        Ok(self.position)
    }

    fn append(&mut self, batch: &Batch, zstd: &mut zstd::bulk::Compressor) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.raw);
        buffer.clear();
        self.raw = rkyv::api::high::to_bytes_in::<_, RkyvError>(batch, buffer).map_err(io::Error::other)?;
        let raw = &self.raw[..];
        let root = frame::chain(&self.position.root, raw);
        if let Some(file) = &mut self.file {
            self.stored.clear();
            if self.compress {
                self.stored.reserve(zstd::zstd_safe::compress_bound(raw.len()));
                zstd.compress_to_buffer(raw, &mut self.stored)?;
            }
            let smaller = self.compress && self.stored.len() < raw.len();
            let stored = if smaller { &self.stored[..] } else { raw };
            let head = Head::of(stored, raw.len(), batch.len(), batch.first, root);
            file.write_all(&head.to_bytes())?;
            file.write_all(stored)?;
            self.position.bytes += (frame::HEAD + stored.len()) as u64;
        }
        self.position.root = root;
        self.position.batches += 1;
        self.position.records += batch.len() as u64;
        self.position.raw_bytes += raw.len() as u64;
        Ok(())
    }

    /// After a failed write, gives the disk back what cannot be read anyway.
    fn drop_torn_frame(&mut self) {
        if let Some(file) = &self.file {
            let _ = file.set_len(self.position.bytes);
        }
    }
}
