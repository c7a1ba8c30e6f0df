//! Verification: whether a committed result is right.
//!
//! A job's [policy] says how. The digest of a result is committed before the randomness exists that decides whether it is checked, and by
//! whom ([`draw`]). The engine never decides that work is right: it compares what several parties computed, be it the one checker that
//! was drawn ([`verdict`]), a [panel] after a [challenge], or the other [copies] of a redundant job. What keeps the checkers themselves
//! at work is [planted].

pub mod challenge;
pub mod copies;
pub mod draw;
pub mod panel;
pub mod planted;
pub mod policy;
pub mod verdict;

use crate::engine::state::State;
use crate::ids::{JobId, LeaseId};
use bevy_ecs::prelude::Resource;
use challenge::Case;
use copies::CopySet;
use rkyv::with::AsVec;
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::BTreeMap;

// Components

/// What is to be decided by more than one checker.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Docket {
    /// Challenged leases.
    #[rkyv(with = AsVec)]
    pub cases: BTreeMap<LeaseId, Case>,
    /// Copies of redundant jobs, by the first copy.
    #[rkyv(with = AsVec)]
    pub sets: BTreeMap<JobId, CopySet>,
    /// The first copy of each copy's set.
    #[rkyv(with = AsVec)]
    pub lead_of: BTreeMap<JobId, JobId>,
}

// Invariants

/// Those of every part.
pub(crate) fn check(state: &State) -> Result<(), String> {
    [draw::check, challenge::check, panel::check, copies::check].iter().try_for_each(|check| check(state))
}

#[cfg(test)]
pub(crate) mod tests;
