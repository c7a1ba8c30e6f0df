//! Integration tests of the simulation.

mod agents;
mod exchange;
mod golden;
mod scenario;
mod shocks;
