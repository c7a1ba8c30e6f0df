//! Scenario files: what is simulated, written as people write it.
//!
//! A file passes through four forms. Its text becomes a *tree* whose every value knows where it was written and who says so
//! (`parse`); trees of extended files and overrides are *merged* (`merge`); the one tree is *lowered* to the typed
//! [`Scenario`] (`lower`); and the scenario is *checked* for what types cannot say (`check`). Whatever is refused on the way
//! is a [`Problem`] with its place and the nearest right thing to write.

pub mod error;
pub mod model;
pub mod quantity;
pub mod source;
pub mod suggest;

mod check;
mod files;
mod load;
mod lower;
mod merge;
mod parse;
pub(crate) mod protocol;
mod render;
mod schema;
mod tree;

pub use error::{Problem, ScenarioError};
pub use load::Loaded;
pub use model::Scenario;
pub(crate) use protocol::FEEDERS;
pub use protocol::show_value;
pub use render::{OVERRIDDEN, digest, render_resolved};
pub use schema::schema;
pub use tree::{Confidence, Provenance};

/// A commented scenario to begin with; it loads as it stands.
pub fn starter() -> &'static str {
    include_str!("scenario/starter.toml")
}
