//! What is wrong with a table, where, and how to mend it.

use std::fmt;

/// The first thing in a table that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    /// The file.
    pub file: String,
    /// The line, from 1; none when the file as a whole is meant.
    pub line: Option<u64>,
    /// Name of the column.
    pub column: Option<String>,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub mend: Option<String>,
}

/// The most characters of a value that a message shows.
const SHOWN: usize = 60;

/// The start of a value, without characters that could steer a terminal.
pub(super) fn excerpt(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() { format!("{shown}…") } else { shown }
}

impl TraceError {
    /// Something about the file as a whole.
    pub(crate) fn nowhere(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, column: None, message: message.into(), mend: None }
    }

    pub(crate) fn unreadable(file: &str, why: &std::io::Error) -> Self {
        Self::nowhere(file, format!("cannot be read: {why}"))
            .mended("trace files are looked for beside the scenario that names them")
    }

    pub(super) fn at(file: &str, line: u64, column: &str, message: impl Into<String>) -> Self {
        Self { line: Some(line), column: Some(excerpt(column)), ..Self::nowhere(file, message) }
    }

    pub(crate) fn mended(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ": column `{column}`")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.mend {
            Some(mend) => write!(f, " ({mend})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TraceError {}
