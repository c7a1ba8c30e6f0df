//! `ideal_stake`: Polkadot's nominated proof of stake, whose inflation peaks at an ideal stake.

use super::{Memory, Minted, Seen};
use crate::formula::emission::bonded::{ideal_stake, ideal_stake_inflation};
use crate::money::mul_div_floor;
use crate::params::Params;

/// One, in parts per quintillion.
const ONE: u64 = 1_000_000_000_000_000_000;

/// Supply · inflation · span ÷ year: `emission.floor` without stake, `emission.rate` at `emission.goal`, falling beyond it.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let fine = |ppb: u64| ppb.saturating_mul(ONE / crate::money::ONE);
    let stake = mul_div_floor(seen.staked, ONE.into(), seen.supply).map_or(0, |part| u64::try_from(part).unwrap_or(ONE).min(ONE));
    let curve = ideal_stake(stake, fine(params.emission_goal()), fine(params.emission_falloff())).unwrap_or(0);
    let rate = ideal_stake_inflation(fine(params.emission_floor()), fine(params.emission_rate()), curve);
    (seen.share_of_year(mul_div_floor(seen.supply, rate.into(), ONE.into()).unwrap_or(u128::MAX)), memory)
}
