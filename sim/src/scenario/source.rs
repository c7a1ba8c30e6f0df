//! The texts a scenario is made of: files, and overrides from the command line.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where something was written: a text, and the bytes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Index of the text in [`Sources`].
    pub source: usize,
    /// The bytes.
    pub span: Range<usize>,
}

/// One text.
#[derive(Clone, Debug)]
pub struct Source {
    /// What errors call it: a path, or `--set`.
    pub name: String,
    /// The file; `None` for an override.
    pub path: Option<PathBuf>,
    /// Its contents.
    pub text: String,
}

/// Every text of a scenario: the file that was asked for, what it extends, and the overrides.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
}

/// Larger files are refused: nobody writes them, and a device file would never end.
const LARGEST_BYTES: u64 = 16 << 20;

impl Sources {
    /// Adds a text.
    pub fn add(&mut self, name: String, path: Option<PathBuf>, text: String) -> usize {
        self.list.push(Source { name, path, text });
        self.list.len() - 1
    }

    /// The texts in the order in which they were read.
    pub fn list(&self) -> &[Source] {
        &self.list
    }

    /// The text in which something was written.
    pub fn of(&self, origin: &Origin) -> &Source {
        &self.list[origin.source]
    }
}

/// Why a file cannot be read as text.
pub(crate) enum Unreadable {
    /// The system refused, or the file is too large.
    Refused(String),
    /// It is not UTF-8 from this byte on.
    NotUtf8 { text: String, at: usize },
}

/// Reads a file as UTF-8 text.
pub(crate) fn read_text(path: &Path) -> Result<String, Unreadable> {
    let refused = |error: std::io::Error| Unreadable::Refused(error.to_string());
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(refused)?.take(LARGEST_BYTES + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(Unreadable::Refused("it is larger than 16 MiB".into()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Unreadable::NotUtf8 { text: String::from_utf8_lossy(error.as_bytes()).into_owned(), at }
    })
}
