//! Scenario files as their authors and their mistakes make them.

mod calibration;
mod errors;
mod files;
mod fuzz;
mod resolved;
mod traces;

use std::path::Path;

/// The folder of the scenarios that ship with Plasma.
pub(crate) fn shipped() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

/// A replacement in the starter, which must be there.
fn starter_with(old: &str, new: &str) -> String {
    let starter = plasma_sim::scenario::starter();
    assert!(starter.contains(old), "the starter no longer has {old:?}");
    starter.replacen(old, new, 1)
}
