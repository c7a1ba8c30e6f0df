//! Integration tests of the simulation.

mod agents;
mod anchors;
mod exchange;
mod golden;
mod scenario;
mod shocks;
