//! `exponential`: Filecoin's simple minting, which decays with a half-life.

use super::{Memory, Minted, Seen, whole};
use crate::formula::emission::filecoin::{PRECISION, expneg_near, one};
use crate::params::Params;
use ruint::aliases::U512;

/// ⌊ln 2 · 2^128⌋ (OEIS A002162).
const LN2_Q128: u128 = 235_865_763_225_513_294_137_944_142_764_154_484_399;

/// What is left after `time ÷ half_life` half-lives, in Q.128: 2^−(time ÷ half_life). `time` is in Q.128, `half_life` is not.
/// Whole half-lives are shifts, rounded down, so that e^−x is only asked below ln 2. Nothing is left of a zero half-life.
pub fn left_after(time: U512, half_life: u64) -> U512 {
    if half_life == 0 {
        return U512::ZERO;
    }
    let half_life = U512::from(half_life);
    let span = half_life << PRECISION;
    let (halvings, rest) = (time / span, time % span);
    let left = expneg_near((rest / half_life * U512::from(LN2_Q128)) >> PRECISION).min(one());
    left >> usize::try_from(halvings).unwrap_or(usize::MAX).min(2 * PRECISION)
}

/// Minted by a time in Q.128: ⌊total · (1 − 2^−(time ÷ half-life))⌋, the sum of all rewards so far without their roundings.
pub fn supply(time: U512, total: u128, half_life: u64) -> u128 {
    let minted = (U512::from(total) * (one() - left_after(time, half_life))) >> PRECISION;
    u128::try_from(minted).unwrap_or(u128::MAX)
}

/// What is minted by the end of the span less what was by its beginning, so that the epoch's length does not matter.
///
/// The original counts its epochs from one earlier: its reward of epoch n, total · (e^λ − 1) · e^−λn, is what decays between n − 1
/// and n, so that its epoch 0 mints what would have come in the epoch before the beginning, and all of it e^λ of the total.
pub fn mint(params: &Params, seen: &Seen, memory: Memory) -> Minted {
    let by = |time: u64| supply(U512::from(time) << PRECISION, whole(params.emission_total()), params.emission_half_life());
    (by(seen.to).saturating_sub(by(seen.from)), memory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::emission::filecoin::vectors::{ATTO, MINTED_Q90, SIMPLE};
    use crate::time::{DAY, SECOND};

    /// Time as the schedule counts it: milliseconds, here of 30-second epochs.
    fn minted(epoch: u64, total: u128, half_life: u64) -> u128 {
        supply(U512::from(epoch * 30 * SECOND) << PRECISION, total, half_life)
    }

    /// [`MINTED_Q90`], to the last binary place.
    #[test]
    fn filecoins_minting_function_is_exact_to_ninety_bits() {
        for (epoch, expected) in MINTED_Q90 {
            assert_eq!(minted(epoch, 1 << 90, 6 * 31_556_925 * SECOND), expected, "at {epoch}");
        }
    }

    /// [`SIMPLE`]: what the schedule mints in a 30-second epoch, at a half-life of six years of 365 days, to the atto-FIL; of the
    /// original's epoch 0, see [`mint`].
    #[test]
    fn filecoins_simple_rewards_are_what_its_epochs_mint() {
        for (epoch, reward) in SIMPLE.into_iter().skip(1) {
            let by = |epoch| minted(epoch, 300_000_000 * ATTO, 6 * 365 * DAY);
            let ours = by(epoch) - by(epoch - 1);
            assert!(ours.abs_diff(reward) <= 1, "{ours} at {epoch}, not {reward}");
        }
    }

    /// By sixty places of Python's `decimal`: 2^−0.5 · 2^128, to the published error of e^−x, 3.4e-30.
    #[test]
    fn a_root_agrees_with_decimals() {
        let expected = U512::from(240_615_969_168_004_511_545_033_772_477_625_056_927u128);
        let root = left_after(one(), 2);
        assert!(root.max(expected) - root.min(expected) < U512::from(1_200_000_000u64), "{root}");
        assert_eq!(left_after(one() * U512::from(6u64), 2), one() >> 3);
        assert_eq!(left_after(one() * U512::from(1_000u64), 1), U512::ZERO);
    }

    /// By the definition: half is left after one half-life, a quarter after two, and the last unit is never minted early.
    #[test]
    fn half_is_minted_in_a_half_life() {
        let by = |time: u64| supply(U512::from(time) << PRECISION, 1 << 40, 6);
        assert_eq!([0, 6, 12, 60].map(by), [0, 1 << 39, 3 << 38, (1 << 40) - (1 << 30)]);
        assert!(by(6 * 41) <= 1 << 40 && by(u64::MAX) <= 1 << 40);
    }
}
