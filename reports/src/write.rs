//! Why a file was not written, and which.

use std::path::{Path, PathBuf};

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {why}", path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// The reason.
    pub why: Why,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The table could not be encoded.
    #[error(transparent)]
    Table(#[from] polars_core::prelude::PolarsError),
    /// The text could not be encoded.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The chart could not be drawn.
    #[error("{0}")]
    Chart(String),
}

/// Names the file in an error.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, WriteError>;
}

impl<T, E: Into<Why>> At<T> for Result<T, E> {
    fn at(self, path: &Path) -> Result<T, WriteError> {
        self.map_err(|why| WriteError { path: path.to_owned(), why: why.into() })
    }
}

/// Creates the folder and everything above it.
pub(crate) fn create_dir(dir: &Path) -> Result<(), WriteError> {
    std::fs::create_dir_all(dir).at(dir)
}
