//! Integration tests of the simulation.

mod agents;
mod anchors;
mod attackers;
mod challenges;
mod demand;
mod exchange;
mod fuzz;
mod golden;
mod requests;
mod scale;
mod scenario;
mod shocks;
mod sizes;
mod stake;
mod token;
mod votes;
