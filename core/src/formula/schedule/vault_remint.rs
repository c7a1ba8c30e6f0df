//! `vault_remint`: Akash's burn-and-mint equilibrium by itself. Nothing is minted by time: only settlement mints, and only what
//! its vault's credits fall short by ([`crate::formula::burn_mint`]).

use super::{Memory, Minted, Seen};
use crate::params::Params;

/// Nothing.
pub fn mint(_params: &Params, _seen: &Seen, memory: Memory) -> Minted {
    (0, memory)
}
