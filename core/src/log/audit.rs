//! Audit: the recorded commands, played back through the engine, must cause the recorded events.
//!
//! To the engine an audit is one more environment. The commands are handed over in blocks of random size, as a live network would
//! cut them, which proves that where a block ends means nothing to the protocol.

use super::batch::Line;
use super::contradiction::contained;
use super::reader::{Reader, Tail};
use super::{LogError, Position, RULES};
use crate::engine::state::State;
use crate::engine::step::{Arrival, Environment, Inadmissible, Observer};
use crate::engine::{Engine, Progress};
use crate::genesis::Genesis;
use crate::protocol::beacon::Clock;
use crate::record::{Cause, Event, Record};
use crate::time::Time;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;

/// Largest block, in commands.
const LARGEST_BLOCK: u64 = 2_000;

/// What an audit found.
#[derive(Debug)]
pub struct Audited {
    /// How far the log goes.
    pub position: Position,
    /// What is left of a batch that was never wholly written.
    pub tail: Option<Tail>,
    /// BLAKE3 of the state that the engine reached.
    pub digest: [u8; 32],
    /// Its clock: epochs, and the moment of the last record.
    pub clock: Clock,
    /// What the log starts from.
    pub genesis: Genesis,
    /// Blocks that the commands were cut into.
    pub blocks: u64,
    /// The first record that differs, if one does.
    pub difference: Option<Difference>,
}

/// Where the engine went another way than the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Number of the record, from 0.
    pub record: u64,
    /// What the log says; `None` past its end.
    pub logged: Option<Line>,
    /// What the engine did; `None` when it did nothing more.
    pub played: Option<Line>,
}

/// Plays recorded commands and compares what they cause with what was recorded.
#[derive(Default)]
struct Playback {
    /// Lines that the engine has yet to reproduce.
    lines: VecDeque<Line>,
    /// Commands among them that the engine may already have, in order.
    commands: VecDeque<Arrival>,
    /// Number of the record that the engine makes next.
    next: u64,
    /// Whether the log was read to its end, and the run may have gone on: what the engine makes beyond it is not compared.
    open_end: bool,
    difference: Option<Difference>,
}

impl Playback {
    fn compare(&mut self, played: Line) {
        let beyond = self.open_end && self.lines.is_empty();
        if self.difference.is_none() && !beyond {
            let logged = self.lines.pop_front();
            if logged != Some(played) {
                self.difference = Some(Difference { record: self.next, logged, played: Some(played) });
            }
        }
        self.next += 1;
    }
}

impl Observer for Playback {
    fn cause(&mut self, _view: &State, record: &Record) {
        self.compare(Line::Cause(*record));
    }

    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        self.compare(Line::Event(*event));
    }
}

impl Environment for Playback {
    fn next(&mut self, _view: &State, until: Time) -> Option<Arrival> {
        if self.difference.is_some() {
            return None;
        }
        self.commands.pop_front_if(|arrival| arrival.time < until)
    }

    fn inadmissible(&mut self, _view: &State, arrival: &Arrival, _why: Inadmissible) {
        // The log holds only what was admitted, so this is a difference: the command's own line will not come.
        if self.difference.is_none() {
            let Arrival { time, origin, command } = *arrival;
            let logged = Some(Line::Cause(Record { time, cause: Cause::Command { origin, fee: 0, command } }));
            self.difference = Some(Difference { record: self.next, logged, played: None });
        }
    }
}

/// Plays a log's commands back, cut into blocks by `seed`, and compares every record. `end` is the time through which the run was
/// played; `None` when it was interrupted or nobody knows, and then the audit ends with the log.
///
/// # Errors
/// [`LogError`] when the log itself cannot be read, or was written under other rules.
pub fn audit(path: &Path, end: Option<Time>, seed: u64, mut progress: impl FnMut(u64)) -> Result<Audited, LogError> {
    let reader = Reader::open(path)?;
    let genesis = reader.genesis().clone();
    let not_a_log = |why: String| LogError::NotALog { path: path.into(), why };
    let engine = Engine::genesis(&genesis, Playback::default(), ()).map_err(|error| not_a_log(error.to_string()))?;
    let mut auditor = Auditor { engine, held: Vec::new(), last: genesis.start, cuts: seed, blocks: 0 };
    let (position, tail) = reader.for_each::<LogError>(|batch, loaded| {
        if batch.rules != RULES {
            return Err(not_a_log(format!("rules version {} wrote it; audit needs the binary that knows them", batch.rules)));
        }
        // Once they differ there is nothing more to learn from the rest, but the chain is still checked.
        loaded.contained(path, || {
            let _: ControlFlow<()> = batch.lines(|line| {
                auditor.take(line);
                if auditor.differs() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
        })?;
        progress(loaded.first());
        Ok(())
    })?;
    let end = end.filter(|_| tail.is_none());
    contained(|| auditor.play_to(end)).map_err(not_a_log)?;
    Ok(auditor.conclude(genesis, position, tail))
}

/// The engine, and what it is to be given next.
struct Auditor {
    engine: Engine<Playback, ()>,
    /// Commands whose lines are all at hand.
    held: Vec<Arrival>,
    /// Time of the last cause.
    last: Time,
    /// State of the generator of block sizes.
    cuts: u64,
    blocks: u64,
}

impl Auditor {
    fn take(&mut self, line: Line) {
        if let Line::Cause(Record { time, cause }) = line {
            // Between two moments, every line up to now is at hand, timers of this moment included.
            if time > self.last && self.held.len() as u64 >= LARGEST_BLOCK {
                self.play_held();
            }
            self.last = time;
            if let Cause::Command { origin, command, .. } = cause {
                self.held.push(Arrival { time, origin, command });
            }
        }
        self.engine.environment().lines.push_back(line);
    }

    /// Hands the held commands to the engine in blocks of random size, which may part commands of one moment.
    fn play_held(&mut self) {
        let held = std::mem::take(&mut self.held);
        let mut rest = &held[..];
        while let [first, ..] = rest {
            // Blocks of every order of magnitude, so that short logs are cut too.
            let largest = LARGEST_BLOCK >> (self.random() % 12);
            let size = (1 + self.random() % largest.max(1)).min(rest.len() as u64) as usize;
            let (block, after) = rest.split_at(size);
            let until = block.last().unwrap_or(first).time.saturating_add(1);
            self.engine.environment().commands.extend(block);
            self.advance(until);
            self.blocks += 1;
            rest = after;
        }
    }

    /// Plays what is left: through `end` itself, because an epoch that closes at that moment belongs to the run, or to the last
    /// line. An interrupted run stops as its last epoch closes, before anything else of that moment.
    fn play_to(&mut self, end: Option<Time>) {
        self.engine.environment().open_end = end.is_none();
        self.play_held();
        let until = end.unwrap_or(self.last).max(self.last).saturating_add(1);
        while !self.differs() && (end.is_some() || !self.engine.environment().lines.is_empty()) {
            if self.engine.run_epoch(until) == Progress::Reached {
                return;
            }
        }
    }

    fn advance(&mut self, until: Time) {
        while self.engine.run_epoch(until) == Progress::EpochClosed && !self.differs() {}
    }

    fn differs(&mut self) -> bool {
        self.engine.environment().difference.is_some()
    }

    /// SplitMix64 (Steele, Lea & Flood 2014): any sequence will do.
    fn random(&mut self) -> u64 {
        self.cuts = self.cuts.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.cuts;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn conclude(mut self, genesis: Genesis, position: Position, tail: Option<Tail>) -> Audited {
        let playback = self.engine.environment();
        let missing = playback.lines.front().copied();
        let record = playback.next;
        let difference = playback.difference.take();
        let difference = difference.or_else(|| missing.map(|line| Difference { record, logged: Some(line), played: None }));
        let (digest, clock) = (self.engine.digest(), self.engine.view(|state| *state.clock));
        Audited { position, tail, digest, clock, genesis, blocks: self.blocks, difference }
    }
}
