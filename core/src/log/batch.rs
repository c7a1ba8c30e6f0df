//! Batches: records in typed columns.

// A column is named after the payload it holds.
#![allow(non_snake_case)]

use super::RULES;
use crate::protocol::verification::{challenge, copies, draw, panel, planted, verdict};
use crate::protocol::{
    account, batch, beacon, bond, builders, delegation, emission, epoch, fee, governance, holdback, job, lease, market, offer,
    oracle, provider, receipt, redelegation, sealed, settlement, slashing, staking, treasury, vault, vesting, weights,
};
use crate::record::{Cause, Command, Event, Origin, Record, Timer, vocabulary};
use crate::time::Time;
use rkyv::rancor::{Error as RkyvError, Panic};
use rkyv::{Archive, Deserialize, Serialize};
use std::ops::ControlFlow;

/// Records after which a batch is cut, at the next cause. Batches are also cut at every epoch, never by time.
pub const RECORDS: usize = 16_384;

/// Records in columns: a tag for each, then what each needs, every kind of payload apart.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Version of the protocol's rules that decided these events.
    pub rules: u32,
    /// Number of the first record, from 0 at genesis.
    pub first: u64,
    /// Time of the first cause.
    pub start: Time,
    /// A tag for each record, from the vocabulary.
    tags: Vec<u8>,
    /// Milliseconds since the cause before, for each cause.
    waits: Vec<u32>,
    /// Packed [`Origin`] of each command.
    origins: Vec<u32>,
    /// Base fee that accounts paid, with the command from which on they paid it.
    fees: Vec<(u32, u64)>,
    columns: Columns,
    /// Time of the last cause, while the batch is being filled.
    #[rkyv(with = rkyv::with::Skip)]
    last: Time,
}

/// One line of a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line {
    /// A command or a fired timer.
    Cause(Record),
    /// An event that followed from the last cause.
    Event(Event),
}

/// Somebody to whom a batch is shown. Small methods are best inlined: the compiler then knows the kind of every record.
pub trait Reader {
    /// What it breaks off with.
    type Break;
    /// A command or timer.
    fn cause(&mut self, record: Record) -> ControlFlow<Self::Break>;
    /// An event of the last cause.
    fn event(&mut self, event: Event) -> ControlFlow<Self::Break>;
}

/// A reader that takes both as a [`Line`].
struct ByLine<F>(F);

impl<B, F: FnMut(Line) -> ControlFlow<B>> Reader for ByLine<F> {
    type Break = B;
    fn cause(&mut self, record: Record) -> ControlFlow<B> {
        (self.0)(Line::Cause(record))
    }
    fn event(&mut self, event: Event) -> ControlFlow<B> {
        (self.0)(Line::Event(event))
    }
}

macro_rules! columns {
    (commands { $($ct:literal $c:ident: $cp:path,)+ } timers { $($tt:literal $t:ident: $tp:path,)+ } events { $($et:literal $e:ident: $ep:path,)+ }) => {
        /// A column for each kind of payload.
        #[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
        struct Columns { $($c: Vec<$cp>,)+ $($t: Vec<$tp>,)+ $($e: Vec<$ep>,)+ }

        impl Columns {
            #[inline(always)]
            fn push_command(&mut self, command: &Command) -> u8 {
                match command { $(Command::$c(payload) => { self.$c.push(*payload); $ct })+ }
            }
            #[inline(always)]
            fn push_timer(&mut self, timer: &Timer) -> u8 {
                match timer { $(Timer::$t(payload) => { self.$t.push(*payload); $tt })+ }
            }
            #[inline(always)]
            fn push_event(&mut self, event: &Event) -> u8 {
                match event { $(Event::$e(payload) => { self.$e.push(*payload); $et })+ }
            }
            fn clear(&mut self) { $(self.$c.clear();)+ $(self.$t.clear();)+ $(self.$e.clear();)+ }
        }

        /// How far each column was read.
        #[derive(Default)]
        struct Cursors { $($c: usize,)+ $($t: usize,)+ $($e: usize,)+ }

        impl ArchivedColumns {
            /// Whether the columns are as long as the tags say.
            fn lengths_match(&self, counts: &[u64; 256]) -> bool {
                true $(&& self.$c.len() as u64 == counts[$ct])+ $(&& self.$t.len() as u64 == counts[$tt])+ $(&& self.$e.len() as u64 == counts[$et])+
            }
        }

        impl ArchivedBatch {
            /// Shows every record in order, until `reader` breaks off.
            #[inline]
            pub fn show<R: Reader>(&self, reader: &mut R) -> ControlFlow<R::Break> {
                let mut at = Cursors::default();
                let mut causes = Causes::new(self);
                macro_rules! take {
                    ($kind:ident) => {{
                        let row = &self.columns.$kind[at.$kind];
                        at.$kind += 1;
                        // Payloads are plain data: no pool of shared pointers is needed to copy one.
                        rkyv::api::deserialize_using::<_, _, Panic>(row, &mut ()).unwrap_or_else(|never| match never {})
                    }};
                }
                for &tag in self.tags.iter() {
                    match tag {
                        $($ct => reader.cause(causes.command(Command::$c(take!($c))))?,)+
                        $($tt => reader.cause(causes.timer(Timer::$t(take!($t))))?,)+
                        $($et => reader.event(Event::$e(take!($e)))?,)+
                        _ => unreachable!("tags were checked"),
                    }
                }
                ControlFlow::Continue(())
            }
        }

        const fn kind(tag: u8) -> Kind {
            match tag { $($ct => Kind::Command,)+ $($tt => Kind::Timer,)+ $($et => Kind::Event,)+ _ => Kind::Unknown }
        }
    };
}
vocabulary!(columns);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Command,
    Timer,
    Event,
    Unknown,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Unknown; 256];
    let mut tag = 0;
    while tag < 256 {
        kinds[tag] = kind(tag as u8);
        tag += 1;
    }
    kinds
};

/// Reads what commands and timers have beside their payload.
struct Causes<'b> {
    batch: &'b ArchivedBatch,
    time: Time,
    causes: usize,
    commands: usize,
    fee: u64,
    fees: usize,
}

impl<'b> Causes<'b> {
    fn new(batch: &'b ArchivedBatch) -> Self {
        Self { batch, time: batch.start.to_native(), causes: 0, commands: 0, fee: 0, fees: 0 }
    }

    #[inline(always)]
    fn advance(&mut self) -> Time {
        self.time += u64::from(self.batch.waits[self.causes].to_native());
        self.causes += 1;
        self.time
    }

    #[inline(always)]
    fn command(&mut self, command: Command) -> Record {
        let time = self.advance();
        let origin = Origin::unpack(self.batch.origins[self.commands].to_native());
        if let Some(change) = self.batch.fees.get(self.fees)
            && change.0.to_native() as usize == self.commands
        {
            self.fee = change.1.to_native();
            self.fees += 1;
        }
        self.commands += 1;
        let fee = if matches!(origin, Origin::Account(_)) { self.fee } else { 0 };
        Record { time, cause: Cause::Command { origin, fee, command } }
    }

    #[inline(always)]
    fn timer(&mut self, timer: Timer) -> Record {
        Record { time: self.advance(), cause: Cause::Timer(timer) }
    }
}

impl Batch {
    /// An empty batch whose first record will have this number.
    pub fn restart(&mut self, first: u64) {
        self.rules = RULES;
        self.first = first;
        self.start = 0;
        self.last = 0;
        self.tags.clear();
        self.waits.clear();
        self.origins.clear();
        self.fees.clear();
        self.columns.clear();
    }

    /// Records in it.
    #[inline]
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// Whether a cause at `time` still fits: a wait is at most 49 days, longer than any epoch.
    #[inline]
    pub fn takes(&self, time: Time) -> bool {
        self.tags.is_empty() || time - self.last <= u64::from(u32::MAX)
    }

    /// Adds a command or timer.
    #[inline]
    pub fn push_cause(&mut self, record: &Record) {
        if self.tags.is_empty() {
            self.start = record.time;
            self.last = record.time;
        }
        self.waits.push(u32::try_from(record.time - self.last).expect("a batch is cut before a longer wait"));
        self.last = record.time;
        let tag = match &record.cause {
            Cause::Command { origin, fee, command } => {
                if let Origin::Account(_) = origin
                    && self.fees.last().map_or(0, |change| change.1) != *fee
                {
                    self.fees.push((self.origins.len() as u32, *fee));
                }
                self.origins.push(origin.pack());
                self.columns.push_command(command)
            }
            Cause::Timer(timer) => self.columns.push_timer(timer),
        };
        self.tags.push(tag);
    }

    /// Adds an event of the last cause.
    #[inline]
    pub fn push_event(&mut self, event: &Event) {
        self.tags.push(self.columns.push_event(event));
    }
}

impl ArchivedBatch {
    /// Reads a batch in place, after checking every byte that could mislead.
    ///
    /// # Errors
    /// A sentence, when the bytes are not a batch or its columns contradict its tags.
    pub fn open(bytes: &[u8]) -> Result<&Self, String> {
        let batch = rkyv::access::<Self, RkyvError>(bytes).map_err(|error| format!("not a batch: {error}"))?;
        let mut counts = [0u64; 256];
        for &tag in batch.tags.iter() {
            counts[usize::from(tag)] += 1;
        }
        let count = |kind: Kind| (0..256).filter(|&tag| KINDS[tag] == kind).map(|tag| counts[tag]).sum::<u64>();
        if count(Kind::Unknown) > 0 {
            return Err("it holds records that this binary does not know".into());
        }
        let (commands, timers) = (count(Kind::Command), count(Kind::Timer));
        if batch.tags.first().is_some_and(|&tag| KINDS[usize::from(tag)] == Kind::Event) {
            return Err("its first event has no cause".into());
        }
        if !batch.columns.lengths_match(&counts)
            || batch.waits.len() as u64 != commands + timers
            || batch.origins.len() as u64 != commands
        {
            return Err("its columns are not as long as its tags say".into());
        }
        let span: u64 = batch.waits.iter().map(|wait| u64::from(wait.to_native())).sum();
        if batch.start.to_native().checked_add(span).is_none() {
            return Err("its times overflow".into());
        }
        Ok(batch)
    }

    /// Shows every line in order, until `see` breaks off.
    pub fn lines<B>(&self, see: impl FnMut(Line) -> ControlFlow<B>) -> ControlFlow<B> {
        self.show(&mut ByLine(see))
    }

    /// Rows it takes: accounts, providers, offers.
    pub fn new_rows(&self) -> [usize; 3] {
        [self.columns.AccountOpened.len(), self.columns.Registered.len(), self.columns.OfferPosted.len()]
    }

    /// Records in it.
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }
}
