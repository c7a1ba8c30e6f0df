//! The log as tables: records for researchers, in Parquet, CSV or JSON lines.
//!
//! Parquet and CSV: one file per kind of record, `commands/Submit.parquet`, `timers/LeaseOverdue.parquet`,
//! `events/Settled.parquet`, … with a typed column per field, so that a question about settlements reads settlements only. JSON
//! lines: everything in order, one object per line, in `records.jsonl`.
//!
//! `record` is the position of a command or timer in the log, from 0, and joins events to their cause: an event does not repeat
//! its cause's fields but names it in `follows`. Fields keep the log's units: nano-XPL,
//! milliseconds, milli-GPU-seconds. `fields.json` says what each is, and so does the metadata of Parquet files, under `plasma`; a
//! field of several numbers has a column for each, `sizes_0`, `sizes_1`, …. Bytes are written in hexadecimal. Memory is bounded: a table is flushed every
//! [`ROWS`] rows.

mod dictionary;
mod lines;
mod table;

use crate::write::{WriteError, create_dir};
use lines::Lines;
use plasma_core::record::{Cause, Event, Fields, Origin, Record, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use table::Table;

pub use table::ROWS;

/// What the files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Parquet, one file per kind.
    Parquet,
    /// CSV, one file per kind.
    Csv,
    /// JSON lines, one file in order.
    JsonLines,
}

/// Takes records one by one, in the order of the log, and writes them.
pub struct Exporter {
    dir: PathBuf,
    format: Format,
    tables: BTreeMap<(&'static str, &'static str), Table>,
    lines: Option<Lines>,
    /// Records seen, counted as the log and its audit count them: commands, timers and events.
    records: u64,
    /// Number of the last command or timer.
    cause: u64,
}

/// One record, taken apart: where it belongs, and its columns in order.
struct Entry {
    folder: &'static str,
    name: &'static str,
    cells: Vec<(String, Cell)>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    /// A number, or none.
    Number(Option<u64>),
    /// A time in milliseconds since the Unix epoch.
    Time(u64),
    /// A word or hexadecimal bytes, or none.
    Text(Option<String>),
}

impl Exporter {
    /// An exporter into `dir`, which is created.
    ///
    /// # Errors
    /// [`WriteError`], naming the file.
    pub fn new(dir: &Path, format: Format) -> Result<Self, WriteError> {
        create_dir(dir)?;
        dictionary::write(&dir.join("fields.json"))?;
        let lines = match format {
            Format::JsonLines => Some(Lines::create(&dir.join("records.jsonl"))?),
            Format::Parquet | Format::Csv => None,
        };
        Ok(Self { dir: dir.to_owned(), format, tables: BTreeMap::new(), lines, records: 0, cause: 0 })
    }

    /// Writes a command or timer.
    ///
    /// # Errors
    /// [`WriteError`], naming the file.
    pub fn cause(&mut self, record: &Record) -> Result<(), WriteError> {
        let mut cells = vec![number("record", self.records), ("time".into(), Cell::Time(record.time))];
        (self.cause, self.records) = (self.records, self.records + 1);
        let (folder, name) = match &record.cause {
            Cause::Command { origin, fee, command } => {
                cells.extend(origin_cells(Some(*origin)));
                cells.push(number("fee", *fee));
                command.visit(&mut |name, value| field(&mut cells, name, value));
                ("commands", command.name())
            }
            Cause::Timer(timer) => {
                timer.visit(&mut |name, value| field(&mut cells, name, value));
                ("timers", timer.name())
            }
        };
        self.write(Entry { folder, name, cells })
    }

    /// Writes an event of the last command or timer.
    ///
    /// # Errors
    /// [`WriteError`], naming the file.
    pub fn event(&mut self, record: &Record, event: &Event) -> Result<(), WriteError> {
        let cause = match &record.cause {
            Cause::Command { command, .. } => command.name(),
            Cause::Timer(timer) => timer.name(),
        };
        let mut cells = vec![number("record", self.records), number("follows", self.cause)];
        cells.push(("time".into(), Cell::Time(record.time)));
        cells.push(("cause".into(), Cell::Text(Some(cause.into()))));
        cells.extend(origin_cells(record.origin()));
        event.visit(&mut |name, value| field(&mut cells, name, value));
        self.records += 1;
        self.write(Entry { folder: "events", name: event.name(), cells })
    }

    /// Writes what is left and closes every file. Returns how many records were written.
    ///
    /// # Errors
    /// [`WriteError`], naming the file.
    pub fn finish(self) -> Result<u64, WriteError> {
        self.tables.into_values().try_for_each(Table::finish)?;
        self.lines.map_or(Ok(()), Lines::finish)?;
        Ok(self.records)
    }

    fn write(&mut self, entry: Entry) -> Result<(), WriteError> {
        if let Some(lines) = &mut self.lines {
            return lines.write(&entry);
        }
        let key = (entry.folder, entry.name);
        let table = match self.tables.entry(key) {
            std::collections::btree_map::Entry::Occupied(table) => table.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(Table::create(&self.dir.join(entry.folder), &entry, self.format)?)
            }
        };
        table.write(entry)
    }
}

fn number(name: &str, value: u64) -> (String, Cell) {
    (name.into(), Cell::Number(Some(value)))
}

/// Who sent the command: `account` 7, `feeder` 0, `host`; nothing for a timer.
fn origin_cells(origin: Option<Origin>) -> [(String, Cell); 2] {
    let (kind, id) = match origin {
        Some(Origin::Account(id)) => (Some("account"), Some(u64::from(id.0))),
        Some(Origin::Feeder(n)) => (Some("feeder"), Some(u64::from(n))),
        Some(Origin::Host) => (Some("host"), None),
        None => (None, None),
    };
    [("origin".into(), Cell::Text(kind.map(Into::into))), ("origin_id".into(), Cell::Number(id))]
}

fn field(cells: &mut Vec<(String, Cell)>, name: &'static str, value: Value) {
    match value {
        Value::Number(n) | Value::Serial(n) => cells.push(number(name, n)),
        Value::Nothing => cells.push((name.into(), Cell::Number(None))),
        Value::Bytes(bytes) => {
            let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            cells.push((name.into(), Cell::Text(Some(hex))));
        }
        Value::Numbers(numbers) => {
            cells.extend(numbers.iter().enumerate().map(|(i, &n)| number(&format!("{name}_{i}"), n)));
        }
        Value::Sizes(sizes) => {
            cells.extend(sizes.iter().enumerate().map(|(i, &size)| number(&format!("{name}_{i}"), size.into())));
        }
    }
}
