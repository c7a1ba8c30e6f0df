//! `once`: a year's emission at the first opportunity, and never again.

use super::{Memory, Minted, Params, Seen};

/// `emission.yearly` in the first span; `steps` remembers that it was.
pub fn mint(params: &Params, _seen: &Seen, memory: Memory) -> Minted {
    let yearly = u128::from(params.emission_yearly()) * u128::from(crate::money::XPL);
    if memory.steps == 0 { (yearly, Memory { steps: 1, ..memory }) } else { (0, memory) }
}
