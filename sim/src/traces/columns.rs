//! Columns: a mapping resolved against the header of a table, and the rows read through it.

use super::error::{TraceError, excerpt};
use super::lines::ShortLines;
use super::{Machine, Request, moment};
use crate::agents::exchange::MOST as MOST_PRICE;
use crate::scenario::model::trace::{Condition, Filter, GpuColumn, Mapping, SizeFrom, TimeColumn, TimeFormat, WaitColumns};
use crate::scenario::quantity::Id;
use csv::ByteRecord;
use plasma_core::catalogue::MAX_SIZES;
use plasma_core::protocol::job::MAX_GPUS_LOG2;
use plasma_core::time::Span;
use std::collections::BTreeMap;
use std::io::Read;

/// A row, or why the mapping leaves it out.
pub(super) enum Kept<T> {
    Yes(T),
    No(String),
}

/// A row as a job, and what else it says.
pub(super) struct Recorded {
    pub request: Request,
    /// Thousandths of GPUs that it asks for.
    pub gpu_milli: u64,
    /// How long it waited where it was recorded.
    pub waited: Option<Span>,
}

/// Largest size of a job.
pub(super) const MOST: f64 = u32::MAX as f64;

/// A mapping and the columns it names.
pub(super) struct Columns<'m> {
    file: &'m str,
    mapping: &'m Mapping,
    /// Names of the program's sizes, in its order.
    sizes: &'m [Id],
    /// How many columns the table has.
    width: usize,
    /// Where the columns that the mapping names are.
    places: BTreeMap<&'m str, usize>,
}

/// Reads a table row by row. `others` are columns that `see` reads beside those of the mapping.
pub(super) fn each_row<'m>(
    file: &'m str,
    table: impl Read,
    mapping: &'m Mapping,
    sizes: &'m [Id],
    others: &[&'m str],
    mut see: impl FnMut(&Columns<'m>, &ByteRecord) -> Result<(), TraceError>,
) -> Result<(), TraceError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(ShortLines::new(table));
    let header = reader.byte_headers().map_err(|error| broken(file, &error))?;
    if header.is_empty() {
        return Err(
            TraceError::nowhere(file, "the file is empty").mended("expected a line of column names, then a line for each row")
        );
    }
    let named = |field: &[u8]| String::from_utf8_lossy(field).trim_start_matches('\u{feff}').trim().to_owned();
    let header: Vec<String> = header.iter().map(named).collect();
    let columns = Columns { file, mapping, sizes, width: header.len(), places: places(file, mapping, others, &header)? };
    let mut row = ByteRecord::new();
    while reader.read_byte_record(&mut row).map_err(|error| broken(file, &error))? {
        columns.no_more_than_named(&row)?;
        see(&columns, &row)?;
    }
    Ok(())
}

fn broken(file: &str, error: &csv::Error) -> TraceError {
    let line = error.position().map(csv::Position::line);
    TraceError { line, ..TraceError::nowhere(file, format!("cannot be read: {error}")).mended("is it a CSV file?") }
}

/// Where every column is that the mapping names.
fn places<'m>(
    file: &str,
    mapping: &'m Mapping,
    others: &[&'m str],
    header: &[String],
) -> Result<BTreeMap<&'m str, usize>, TraceError> {
    let missing = |name: &str| {
        let known: Vec<String> = header.iter().take(20).map(|name| format!("`{}`", excerpt(name))).collect();
        let mend = format!("the table has {}; name one of them in the mapping", known.join(", "));
        TraceError::at(file, 1, name, "there is no such column").mended(mend)
    };
    let wanted = named(mapping).into_iter().chain(others.iter().copied());
    let found = |name: &'m str| {
        if header.iter().filter(|column| *column == name).nth(1).is_some() {
            let message = "several columns are called so: nobody can say which is meant";
            return Err(TraceError::at(file, 1, name, message).mended("rename all but one"));
        }
        Ok((name, place(header, name).ok_or_else(|| missing(name))?))
    };
    wanted.map(found).collect()
}

/// The column that is called so, or else the only one whose name differs in case, spaces and punctuation alone: publishers rename.
fn place(header: &[String], name: &str) -> Option<usize> {
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    header.iter().position(|column| column == name).or_else(|| {
        let wanted = bare(name);
        let mut alike = (0..header.len()).filter(|&i| bare(&header[i]) == wanted);
        alike.next().filter(|_| alike.next().is_none())
    })
}

/// Every column that a mapping names.
fn named(mapping: &Mapping) -> Vec<&str> {
    let mut wanted: Vec<&str> = mapping.time.iter().map(|time| time.column.as_str()).collect();
    for size in mapping.sizes.values() {
        match size {
            SizeFrom::Columns(columns) => wanted.extend(columns.sum.iter().map(String::as_str)),
            SizeFrom::Between(between) => wanted.extend([between.begin.as_str(), between.end.as_str()]),
            SizeFrom::Fixed(_) => {}
        }
    }
    wanted.extend(mapping.gpus.iter().flat_map(|gpus| [Some(gpus.column.as_str()), gpus.milli.as_deref()]).flatten());
    wanted.extend(mapping.class.iter().map(|class| class.column.as_str()));
    wanted.extend(mapping.waited.iter().flat_map(|waited| [waited.begin.as_str(), waited.end.as_str()]));
    wanted.extend(mapping.keep.iter().map(|filter| filter.column.as_str()));
    wanted
}

impl Columns<'_> {
    /// A field too many shifts all that follow: nobody can say which value is whose.
    fn no_more_than_named(&self, row: &ByteRecord) -> Result<(), TraceError> {
        if row.len() <= self.width {
            return Ok(());
        }
        let message = format!("the row has {} fields, the line of column names {}", row.len(), self.width);
        Err(self.beyond(row, message).mended("put fields that hold commas in quotes, or remove what is too much"))
    }

    /// Something about a row as a whole.
    fn beyond(&self, row: &ByteRecord, message: String) -> TraceError {
        TraceError { line: row.position().map(csv::Position::line), ..TraceError::nowhere(self.file, message) }
    }

    fn error(&self, row: &ByteRecord, column: &str, message: String) -> TraceError {
        TraceError::at(self.file, row.position().map_or(0, csv::Position::line), column, message)
    }

    fn text<'r>(&self, row: &'r ByteRecord, column: &str) -> Result<&'r str, TraceError> {
        let position = self.places.get(column).copied().unwrap_or(usize::MAX);
        let Some(field) = row.get(position) else {
            let message = format!("the row has only {} fields of {}", row.len(), self.width);
            return Err(self.error(row, column, message).mended("complete the row or remove it"));
        };
        let mend = "save the file as UTF-8";
        std::str::from_utf8(field).map(str::trim).map_err(|_| self.error(row, column, "not UTF-8 text".into()).mended(mend))
    }

    fn number(&self, row: &ByteRecord, column: &str) -> Result<f64, TraceError> {
        let text = self.text(row, column)?;
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| {
            let mend = "correct it, or leave the row out with the mapping's `keep`";
            self.error(row, column, format!("expected a number of at least 0, found \"{}\"", excerpt(text))).mended(mend)
        })
    }

    fn time(&self, row: &ByteRecord, column: &str, format: TimeFormat) -> Result<i64, TraceError> {
        let text = self.text(row, column)?;
        moment::parse(text, format).ok_or_else(|| {
            let message = format!("{}, found \"{}\"", moment::expected(format), excerpt(text));
            self.error(row, column, message).mended("correct it, or name another format in the mapping")
        })
    }

    /// Why a row is to be left out.
    fn left_out(&self, row: &ByteRecord) -> Result<Option<String>, TraceError> {
        for Filter { column, is } in &self.mapping.keep {
            let text = self.text(row, column)?;
            let (holds, otherwise) = match is {
                Condition::Present => (!text.is_empty(), "is empty"),
                Condition::Positive => (self.comparable(row, column, text)? > 0.0, "is not above zero"),
                Condition::AtLeast(least) => (self.comparable(row, column, text)? >= *least as f64, "is too small"),
                Condition::OneOf(texts) => (texts.iter().any(|one| one == text), "is none of the texts to keep"),
            };
            if !holds {
                return Ok(Some(format!("`{column}` {otherwise}")));
            }
        }
        Ok(None)
    }

    /// A number that a filter compares; nothing at all is less than every number.
    fn comparable(&self, row: &ByteRecord, column: &str, text: &str) -> Result<f64, TraceError> {
        if text.is_empty() {
            return Ok(f64::NEG_INFINITY);
        }
        text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| {
            let message = format!("expected a number, found \"{}\"", excerpt(text));
            self.error(row, column, message).mended("correct it or remove the row")
        })
    }

    /// Thousandths of GPUs that a row asks for, and the whole GPUs they round up to.
    fn gpus(&self, row: &ByteRecord, column: &GpuColumn) -> Result<(u64, u32), TraceError> {
        let count = self.number(row, &column.column)?;
        let share = match &column.milli {
            Some(milli) => self.number(row, milli)? / 1000.0,
            None => 1.0,
        };
        let whole = libm::ceil(count);
        if whole < 1.0 || whole > f64::from(1 << 16) {
            let message = format!("expected 1 to {} GPUs, found {count}", 1 << 16);
            return Err(self.error(row, &column.column, message).mended("leave such rows out with the mapping's `keep`"));
        }
        Ok(((count * share * 1000.0) as u64, whole as u32))
    }

    /// A row as a job.
    pub fn request(&self, row: &ByteRecord) -> Result<Kept<Recorded>, TraceError> {
        if let Some(reason) = self.left_out(row)? {
            return Ok(Kept::No(reason));
        }
        let (gpu_milli, gpus) = match &self.mapping.gpus {
            Some(column) => self.gpus(row, column)?,
            None => (1000, 1),
        };
        let leased = gpus.next_power_of_two();
        let gpus_log2 = leased.trailing_zeros() as u8;
        if gpus_log2 > MAX_GPUS_LOG2 {
            let column = self.mapping.gpus.as_ref().map_or("", |column| column.column.as_str());
            let message = format!("a lease takes at most {} GPUs, found {gpus}", 1 << MAX_GPUS_LOG2);
            return Err(self.error(row, column, message).mended("leave such rows out with the mapping's `keep`"));
        }
        let mut sizes = [0.0; MAX_SIZES];
        for (size, name) in sizes.iter_mut().zip(self.sizes) {
            match self.size(row, name, leased)? {
                Kept::Yes(found) if found > MOST => {
                    let message = format!("its `{name}` are {found:e}, and a lease counts to {MOST}");
                    return Err(self.beyond(row, message).mended("correct the row, or split it into several"));
                }
                Kept::Yes(found) => *size = found,
                Kept::No(reason) => return Ok(Kept::No(reason)),
            }
        }
        let Some(TimeColumn { column, format }) = &self.mapping.time else {
            return Err(TraceError::nowhere(self.file, "the mapping names no column of times"));
        };
        let request = Request { at: self.time(row, column, *format)?, sizes, gpus_log2 };
        Ok(Kept::Yes(Recorded { request, gpu_milli, waited: self.waited(row)? }))
    }

    /// Milliseconds that a row says that it waited.
    fn waited(&self, row: &ByteRecord) -> Result<Option<Span>, TraceError> {
        let Some(WaitColumns { begin, end }) = &self.mapping.waited else { return Ok(None) };
        let waited = self.time(row, end, TimeFormat::Seconds)? - self.time(row, begin, TimeFormat::Seconds)?;
        Ok(Some(waited.max(0).unsigned_abs()))
    }

    /// One size of a job. A time between two columns is spent on all the row's GPUs: it counts once for each.
    fn size(&self, row: &ByteRecord, name: &Id, gpus: u32) -> Result<Kept<f64>, TraceError> {
        Ok(Kept::Yes(match self.mapping.sizes.get(name) {
            None => 1.0,
            Some(SizeFrom::Fixed(size)) => *size as f64,
            Some(SizeFrom::Columns(columns)) => {
                let mut sum = 0.0;
                for column in &columns.sum {
                    sum += self.number(row, column)?;
                }
                sum * columns.factor.get()
            }
            Some(SizeFrom::Between(between)) => {
                let begin = self.time(row, &between.begin, TimeFormat::Seconds)?;
                let end = self.time(row, &between.end, TimeFormat::Seconds)?;
                if end <= begin {
                    return Ok(Kept::No(format!("`{}` is not after `{}`", between.end, between.begin)));
                }
                (end - begin) as f64 / 1000.0 * f64::from(gpus) * between.factor.get()
            }
        }))
    }

    /// A row as a time, in milliseconds since any moment, and a price in micro-USD, rounded to the nearest.
    pub fn quote(&self, row: &ByteRecord, price: &str) -> Result<(i64, u64), TraceError> {
        let Some(TimeColumn { column, format }) = &self.mapping.time else {
            return Err(TraceError::nowhere(self.file, "the mapping names no column of times"));
        };
        let micro = libm::round(self.number(row, price)? * 1e6);
        if !(1.0..=MOST_PRICE).contains(&micro) {
            let message = format!("expected a price of 0.000001 to {} USD, found {}", MOST_PRICE / 1e6, micro / 1e6);
            return Err(self.error(row, price, message).mended("correct it or remove the row"));
        }
        Ok((self.time(row, column, *format)?, micro as u64))
    }

    /// A row as a size, multiplied by `factor`, and its weight.
    pub fn sample(
        &self,
        row: &ByteRecord,
        column: &str,
        weight: Option<&str>,
        factor: f64,
    ) -> Result<Kept<(f64, f64)>, TraceError> {
        if let Some(reason) = self.left_out(row)? {
            return Ok(Kept::No(reason));
        }
        let size = libm::ceil(self.number(row, column)? * factor).max(1.0);
        if size > MOST {
            let message = format!("expected a size of at most {MOST}, found {size}");
            return Err(self.error(row, column, message).mended("correct it, or name a smaller `factor`"));
        }
        Ok(Kept::Yes((size, weight.map_or(Ok(1.0), |weight| self.number(row, weight))?)))
    }

    /// A row as a machine.
    pub fn machine(&self, row: &ByteRecord) -> Result<Kept<Machine>, TraceError> {
        if let Some(reason) = self.left_out(row)? {
            return Ok(Kept::No(reason));
        }
        let Some(class) = &self.mapping.class else {
            return Err(TraceError::nowhere(self.file, "the mapping names no column of GPU models"));
        };
        let model = self.text(row, &class.column)?;
        let Some(class) = class.classes.get(model) else {
            return Ok(Kept::No(format!("no class stands for the model {}", excerpt(model))));
        };
        let gpus = match &self.mapping.gpus {
            Some(column) => self.gpus(row, column)?.1,
            None => 1,
        };
        Ok(Kept::Yes(Machine { class: class.clone(), gpus }))
    }
}
