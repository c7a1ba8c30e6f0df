//! Recorded traces.
use crate::scenario::Loaded;
use crate::scenario::quantity::Id;
use plasma_core::catalogue::Sizes;
use plasma_core::time::Span;

/// A trace that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Its jobs.
    pub jobs: Vec<Job>,
    /// Its machines.
    pub machines: Vec<Machine>,
}

/// A recorded job, ready to be leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Milliseconds since the trace's first row.
    pub at: Span,
    /// Declared sizes.
    pub sizes: Sizes,
    /// Base-2 logarithm of its GPUs.
    pub gpus_log2: u8,
}

/// A recorded machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Class of its GPUs.
    pub class: Id,
    /// How many it has.
    pub gpus: u32,
}

/// TBD
#[derive(Debug, thiserror::Error)]
#[error("tbd")]
pub struct TraceError;

/// Reads
pub fn read_all(_loaded: &Loaded) -> Result<Vec<Trace>, TraceError> {
    Ok(vec![])
}
