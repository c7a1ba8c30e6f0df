//! Emission schedules, each as its original computes it: where that is in integers, to the unit.

pub mod bonded;
pub mod control;
pub mod filecoin;
pub mod halving;
pub mod steady;
