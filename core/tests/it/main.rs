//! The engine against an independent model of its rules, over thousands of random worlds.

mod director;
mod emission;
mod fairness;
mod fuzz;
mod golden;
mod log;
mod properties;
mod reference;
mod snapshots;
mod staking;
#[path = "../../src/testing.rs"]
#[allow(dead_code)]
mod testing;
mod worlds;
