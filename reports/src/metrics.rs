//! What is measured: one table of metrics, and the fold over records that fills it.

pub mod capacity;
pub mod closed;
pub mod concentration;
pub mod failure;
pub mod fold;
pub mod guard;
pub mod histogram;
pub mod observed;
pub mod owners;
pub mod row;
pub mod size;
mod store;
pub mod table;
pub mod yardstick;

pub use closed::Closed;
pub use fold::Metrics;
pub use observed::Observed;
pub use owners::Owners;
pub use row::{ClassRow, Row};
pub use store::LoadError;
pub use yardstick::Yardstick;
