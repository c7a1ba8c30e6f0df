//! Records of one kind as a table that is written while it grows.

use super::{Cell, Entry, Format};
use crate::frames::parquet;
use crate::write::{At, WriteError, create_dir};
use polars_core::prelude::*;
use polars_io::SerWriter;
use polars_io::csv::write::CsvWriter;
use polars_io::parquet::write::BatchedWriter;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Rows that a table holds before it is written: a row group of Parquet.
pub const ROWS: usize = 1 << 15;

/// A table under way.
pub(super) struct Table {
    path: PathBuf,
    rows: usize,
    columns: Vec<(String, Cells)>,
    file: Sink,
}

enum Sink {
    Parquet(Box<BatchedWriter<BufWriter<File>>>),
    Csv { file: BufWriter<File>, headed: bool },
}

/// A column under way.
enum Cells {
    Numbers(Vec<Option<u64>>),
    Times(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
}

impl Cells {
    fn like(cell: &Cell) -> Self {
        match cell {
            Cell::Number(_) => Cells::Numbers(Vec::new()),
            Cell::Time(_) => Cells::Times(Vec::new()),
            Cell::Text(_) => Cells::Texts(Vec::new()),
        }
    }

    fn push(&mut self, cell: Cell) {
        match (self, cell) {
            (Cells::Numbers(column), Cell::Number(number)) => column.push(number),
            (Cells::Times(column), Cell::Time(time)) => column.push(i64::try_from(time).ok()),
            (Cells::Texts(column), Cell::Text(text)) => column.push(text),
            _ => unreachable!("records of one kind have fields of the same types"),
        }
    }

    fn dtype(&self) -> DataType {
        match self {
            Cells::Numbers(_) => DataType::UInt64,
            Cells::Times(_) => DataType::Datetime(TimeUnit::Milliseconds, None),
            Cells::Texts(_) => DataType::String,
        }
    }

    /// The column; what it held is gone.
    fn take(&mut self, name: &str) -> PolarsResult<Column> {
        let dtype = self.dtype();
        Ok(match self {
            Cells::Numbers(column) => Column::new(name.into(), std::mem::take(column)),
            Cells::Times(column) => Column::new(name.into(), std::mem::take(column)).cast(&dtype)?,
            Cells::Texts(column) => Column::new(name.into(), std::mem::take(column)),
        })
    }
}

impl Table {
    /// A table with the columns of its first entry, which is not yet written.
    pub(super) fn create(dir: &Path, first: &Entry, format: Format) -> Result<Self, WriteError> {
        create_dir(dir)?;
        let columns: Vec<(String, Cells)> = first.cells.iter().map(|(name, cell)| (name.clone(), Cells::like(cell))).collect();
        let ending = if format == Format::Csv { "csv" } else { "parquet" };
        let path = dir.join(format!("{}.{ending}", first.name));
        let file = BufWriter::new(File::create(&path).at(&path)?);
        let file = if format == Format::Csv {
            Sink::Csv { file, headed: false }
        } else {
            let fields = columns.iter().map(|(name, cells)| Field::new(name.as_str().into(), cells.dtype()));
            Sink::Parquet(Box::new(
                parquet(file, super::dictionary::text(first.folder, first.name))
                    .batched(&fields.collect::<Schema>())
                    .at(&path)?,
            ))
        };
        Ok(Self { path, rows: 0, columns, file })
    }

    pub(super) fn write(&mut self, entry: Entry) -> Result<(), WriteError> {
        self.columns.iter_mut().zip(entry.cells).for_each(|((_, column), (_, cell))| column.push(cell));
        self.rows += 1;
        if self.rows == ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        let columns = self.columns.iter_mut().map(|(name, cells)| cells.take(name)).collect::<PolarsResult<Vec<_>>>();
        let mut frame = columns.and_then(|columns| DataFrame::new(self.rows, columns)).at(&self.path)?;
        self.rows = 0;
        match &mut self.file {
            Sink::Parquet(file) => file.write_batch(&frame).at(&self.path),
            Sink::Csv { file, headed } => {
                let head = !std::mem::replace(headed, true);
                let format = Some("%Y-%m-%dT%H:%M:%S%.3fZ".into());
                CsvWriter::new(file).include_header(head).with_datetime_format(format).finish(&mut frame).at(&self.path)
            }
        }
    }

    pub(super) fn finish(mut self) -> Result<(), WriteError> {
        if self.rows > 0 {
            self.flush()?;
        }
        match self.file {
            Sink::Parquet(file) => file.finish().map(|_| ()).at(&self.path),
            Sink::Csv { mut file, .. } => std::io::Write::flush(&mut file).at(&self.path),
        }
    }
}
