//! From a scenario to something that can be run: the beginning of a ledger, and the agents around it.

use crate::agents::Agents;
use crate::agents::checkpoint::CheckpointError;
use crate::economy::{BuildError, Economy};
use crate::scenario::Loaded;
use crate::traces::{self, Trace};
use plasma_core::genesis::Genesis;
use std::sync::Arc;

/// Everybody of a scenario, in one replicate of its experiment, with its traces read.
///
/// # Errors
/// [`BuildError`], in words a person can act on.
pub fn economy(loaded: &Loaded, replicate: u64) -> Result<Arc<Economy>, BuildError> {
    economy_on(loaded, &traces::read_all(loaded)?, replicate)
}

fn economy_on(loaded: &Loaded, tables: &[Trace], replicate: u64) -> Result<Arc<Economy>, BuildError> {
    let (prices, sizes) = (traces::prices::of(loaded)?, traces::sizes::of(loaded)?);
    let mut economy = Economy::new(&loaded.scenario, tables, prices, &sizes, replicate)?;
    economy.scenario = loaded.digest()?;
    Ok(Arc::new(economy))
}

/// The beginning of the ledger, and the agents who will act on it.
///
/// # Errors
/// [`BuildError`], in words a person can act on.
pub fn build(loaded: &Loaded, replicate: u64) -> Result<(Genesis, Agents), BuildError> {
    build_on(loaded, &traces::read_all(loaded)?, replicate)
}

/// As [`build`], on the scenario's traces as they were read.
///
/// # Errors
/// [`BuildError`], in words a person can act on.
pub fn build_on(loaded: &Loaded, traces: &[Trace], replicate: u64) -> Result<(Genesis, Agents), BuildError> {
    let economy = economy_on(loaded, traces, replicate)?;
    let genesis = economy.genesis(&loaded.scenario)?;
    let agents = Agents::new(economy, &genesis);
    Ok((genesis, agents))
}

/// The agents of a checkpoint, to continue with the engine's own snapshot.
///
/// # Errors
/// [`RestoreError`].
pub fn restore(loaded: &Loaded, replicate: u64, checkpoint: &[u8]) -> Result<Agents, RestoreError> {
    Ok(Agents::load(checkpoint, economy(loaded, replicate)?)?)
}

/// Why a simulation cannot be continued.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The scenario cannot be made concrete.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The bytes are not its checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}
