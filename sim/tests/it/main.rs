//! Integration tests of the simulation.

mod agents;
mod golden;
mod scenario;
