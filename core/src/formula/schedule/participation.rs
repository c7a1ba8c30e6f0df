//! `participation`: Livepeer's Minter, whose inflation takes a fixed step up or down each round.

use super::{Memory, Minted, Seen};
use crate::formula::emission::bonded::participation;
use crate::money::{ONE, share_wide};
use crate::params::Params;

/// One step an epoch. `level` is the yearly inflation in parts per billion and starts from `emission.rate`; the step is the
/// epoch's part of `emission.change`, so that the epoch's length does not decide how fast inflation moves. The original has no
/// bound above; here `emission.max` is one.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let inflation = if memory.steps == 0 { params.emission_rate() } else { memory.level };
    let step = seen.rate_of_year(params.emission_change());
    let level = participation(inflation, step, params.emission_goal(), seen.staked, seen.supply, ONE).min(params.emission_max());
    let yearly = share_wide(seen.supply, level).unwrap_or(u128::MAX);
    (seen.share_of_year(yearly), Memory { level, steps: memory.steps.saturating_add(1), ..memory })
}
