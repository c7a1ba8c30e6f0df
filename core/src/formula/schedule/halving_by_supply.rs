//! `halving_by_supply`: Bittensor's emission, halved whenever half of what is left has been issued.

use super::{Memory, Minted, Seen, ticks, whole};
use crate::formula::emission::halving::by_supply;
use crate::params::Params;

/// How often emission has halved at an issuance: ⌊log₂(1 ÷ (1 − issuance ÷ total))⌋, exactly; `None` when nothing is left.
fn halvings(issuance: u128, total: u128) -> Option<u32> {
    let left = total.checked_sub(issuance).filter(|&left| left > 0)?;
    Some((total / left).ilog2())
}

/// The emission of so many blocks from an issuance on, halving by halving; never beyond `total`.
pub fn over(blocks: u64, issuance: u128, total: u128, first: u64) -> u128 {
    let (mut left, mut issued) = (u128::from(blocks), issuance);
    while left > 0 {
        let amount = u128::from(by_supply(first, total, issued));
        if amount == 0 {
            break;
        }
        // The next halving comes when at most total ÷ 2^(k + 1) is left.
        let halvings = halvings(issued, total).unwrap_or(0);
        let next = total - (total >> halvings >> 1);
        let steps = next.saturating_sub(issued).div_ceil(amount).clamp(1, left);
        issued = issued.saturating_add(steps * amount).min(total);
        left -= steps;
    }
    issued - issuance
}

/// The emission of the blocks that begin in the span, a block every `emission.tick`; issuance is what emission has minted.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let blocks = ticks(params, seen.to) - ticks(params, seen.from);
    (over(blocks, seen.minted, whole(params.emission_total()), params.emission_subsidy()), memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One block is Bittensor's own ([`by_supply`]).
    #[test]
    fn many_blocks_are_one_after_the_other() {
        let (total, first) = (1_000_003, 1_000);
        let mut issued = 0;
        for blocks in 0..6_000 {
            assert_eq!(over(blocks, 0, total, first), issued);
            issued = (issued + u128::from(by_supply(first, total, issued))).min(total);
        }
    }
}
