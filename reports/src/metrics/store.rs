//! Metrics as bytes, so that a run that continues from a checkpoint gives the rows of one that was never interrupted.

use super::fold::Metrics;
use rkyv::rancor::Error;
use rkyv::util::AlignedVec;

/// Version of the layout.
pub(super) const FORMAT: u32 = 8;

/// Why bytes were not taken for metrics.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are not what [`Metrics::save`] writes.
    #[error("not saved metrics: {0}")]
    Bytes(String),
    /// Another version wrote them.
    #[error("the metrics have layout {found}, this binary reads {FORMAT}")]
    Format {
        /// The layout of the bytes.
        found: u32,
    },
    /// The parts do not fit each other.
    #[error("the saved metrics contradict themselves")]
    Contradiction,
}

impl Metrics {
    /// The whole fold as bytes.
    pub fn save(&self) -> AlignedVec {
        rkyv::to_bytes::<Error>(self).expect("memory suffices")
    }

    /// What was saved, to go on from. Every byte is checked before it is believed.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        let mut aligned = AlignedVec::<16>::with_capacity(bytes.len());
        aligned.extend_from_slice(bytes);
        let metrics = rkyv::from_bytes::<Self, Error>(&aligned).map_err(|error| LoadError::Bytes(error.to_string()))?;
        if metrics.format != FORMAT {
            return Err(LoadError::Format { found: metrics.format });
        }
        if metrics.is_sound() { Ok(metrics) } else { Err(LoadError::Contradiction) }
    }

    fn is_sound(&self) -> bool {
        let classes = self.class_names.len();
        let counted = |row: &super::Row| row.classes.len() == classes;
        let summed = |row: &super::Row| row.span() == 0 || counted(row);
        self.capacity.is_sound(classes)
            && self.closed.is_sound(counted)
            && self.years.iter().all(counted)
            && counted(&self.epoch.row)
            && summed(&self.year.row)
            && summed(&self.run.row)
            && [&self.epoch, &self.year, &self.run].iter().all(|span| span.waits.is_sound())
    }
}
