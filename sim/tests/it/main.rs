//! Integration tests of the simulation.

mod agents;
mod anchors;
mod attackers;
mod demand;
mod exchange;
mod fuzz;
mod golden;
mod scenario;
mod shocks;
mod token;
