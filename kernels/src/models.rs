//! Models of text from the files that others publish: weights in safetensors, tokens by `tokenizer.json`, sizes by `config.json`.
//!
//! Everything read is outside input: a file that is damaged, lies about its lengths or contradicts another is refused in words.
//! Everything computed goes through the kernels, so that a model gives the same bits on every device.

pub mod choice;
pub mod decoder;
pub mod encoder;
pub mod images;
pub(crate) mod layers;
pub mod noise;
pub mod text;
pub mod weights;

use crate::device;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// Why a model cannot be used, and what helps.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}; a model's folder holds config.json, model.safetensors and tokenizer.json")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file's content is not what it should be.
    #[error("{file}: {what}")]
    Content {
        /// Which.
        file: &'static str,
        /// What is wrong.
        what: String,
    },
    /// An input that the model cannot take.
    #[error("{0}")]
    Input(String),
    /// A device could not do it.
    #[error(transparent)]
    Device(#[from] device::Error),
}

impl Error {
    fn content(file: &'static str, what: impl ToString) -> Self {
        Self::Content { file, what: what.to_string() }
    }
}

/// How weights of products are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// As f32.
    F32,
    /// As i8 with a scale for every column of the product; operands are quantised row by row as they come. See
    /// [`quant`](plasma_kernels_device::quant) and [`FinishI8`](plasma_kernels_device::linear::FinishI8).
    I8,
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let path = folder.join(name);
    std::fs::read(&path).map_err(|source| Error::Read { path, source })
}

/// A JSON file of sizes, whose keys beyond those asked for are left alone.
fn parse<T: DeserializeOwned>(file: &'static str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::content(file, error))
}

/// Demands that a size of a configuration be between 1 and `most`.
fn sized(key: &str, value: u32, most: u32) -> Result<(), Error> {
    let fits = (1..=most).contains(&value);
    let said = || Error::content("config.json", format!("`{key}` is {value}, and must be from 1 to {most}"));
    if fits { Ok(()) } else { Err(said()) }
}

/// The most of any size of a configuration: what keeps every product of two of them within a u64.
const MOST: u32 = 1 << 24;
