//! `sqrt_stake`: Ethereum's base reward, which grows with the square root of the stake.

use super::{Memory, Minted, Seen, ticks};
use crate::formula::emission::bonded::sqrt_stake;
use crate::params::Params;

/// Ethereum's `EFFECTIVE_BALANCE_INCREMENT` in gwei, as many as there are nano-XPL in an XPL.
const INCREMENT: u64 = 1_000_000_000;

/// The base rewards of all increments at stake, for every epoch of `emission.tick` that begins in the span.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let epochs = u128::from(ticks(params, seen.to) - ticks(params, seen.from));
    let increments = seen.staked / u128::from(INCREMENT);
    let each = sqrt_stake(INCREMENT, INCREMENT, params.emission_factor(), seen.staked).unwrap_or(0);
    (each.saturating_mul(increments).saturating_mul(epochs), memory)
}
