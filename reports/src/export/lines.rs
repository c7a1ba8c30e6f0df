//! Records as JSON lines.

use super::{Cell, Entry};
use crate::write::{At, WriteError};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file of one JSON object per line.
pub(super) struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Lines {
    pub(super) fn create(path: &Path) -> Result<Self, WriteError> {
        Ok(Self { file: BufWriter::new(File::create(path).at(path)?), path: path.to_owned() })
    }

    /// `{"event":"Settled","record":8,"follows":7,"time":…,…}`; times in milliseconds since the Unix epoch.
    pub(super) fn write(&mut self, entry: &Entry) -> Result<(), WriteError> {
        let kind = entry.folder.trim_end_matches('s').to_owned();
        let cells = entry.cells.iter().map(|(name, cell)| (name.clone(), json(cell)));
        let object: Map<String, Value> = std::iter::once((kind, entry.name.into())).chain(cells).collect();
        serde_json::to_writer(&mut self.file, &object).at(&self.path)?;
        self.file.write_all(b"\n").at(&self.path)
    }

    pub(super) fn finish(mut self) -> Result<(), WriteError> {
        self.file.flush().at(&self.path)
    }
}

fn json(cell: &Cell) -> Value {
    match cell {
        Cell::Number(number) => (*number).into(),
        Cell::Time(time) => (*time).into(),
        Cell::Text(text) => text.clone().into(),
    }
}
