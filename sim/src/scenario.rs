//! Scenario files: what is simulated, written as people write it.

pub mod model;
pub mod quantity;

pub use model::Scenario;
