//! What is measured: one table of metrics, and the fold over records that fills it.

pub mod capacity;
pub mod concentration;
pub mod fold;
pub mod histogram;
pub mod row;
mod store;
pub mod table;

pub use fold::Metrics;
pub use row::{ClassRow, Row};
pub use store::LoadError;
