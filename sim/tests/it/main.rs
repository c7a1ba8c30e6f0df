//! Integration tests of the simulation.

mod agents;
mod scenario;
