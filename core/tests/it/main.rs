//! The engine against an independent model of its rules, over thousands of random worlds.

mod books;
mod century;
mod director;
mod emission;
mod fairness;
mod fuzz;
mod golden;
mod log;
mod properties;
mod reference;
mod schedules;
mod snapshots;
mod staking;
#[path = "../../src/testing.rs"]
#[allow(dead_code)]
mod testing;
mod worlds;
