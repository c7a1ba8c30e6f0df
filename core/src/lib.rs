//! The protocol of Plasma: accounts, market, settlement, staking, emission; commands, events and the hash-chained log.
//!
//! Everything that happens is a record; only `apply` changes the state; time and chance are data. A simulation and a live
//! network are this same engine, fed by different [environments](engine::step::Environment).

#![warn(missing_docs, clippy::float_arithmetic)]

pub mod catalogue;
pub mod engine;
pub mod formula;
pub mod genesis;
pub mod ids;
pub mod log;
pub mod money;
pub mod params;
pub mod protocol;
pub mod record;
pub mod rejection;
pub mod time;

#[cfg(test)]
extern crate self as plasma_core;
#[cfg(test)]
mod testing;

/// BLAKE3 of the engine's sources, in hexadecimal: which engine this is.
pub const ENGINE_DIGEST: &str = env!("PLASMA_ENGINE_DIGEST");
