//! Vesting: how much of a grant is free at a time.

use crate::money::{ONE, mul_div_floor};
use crate::time::Span;

/// The terms of a grant: nothing until the cliff, a share of it at the cliff, and the rest over a time after it, evenly or in equal
/// steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Time from the start to the cliff.
    pub cliff: Span,
    /// Parts per billion that the cliff frees.
    pub at_cliff: u64,
    /// Time from the cliff to the end.
    pub duration: Span,
    /// Equal steps into which that time is divided (24 for two years of months); 0 frees it continuously.
    pub steps: u32,
}

/// What of `total` is free so long after the start, rounded down; all of it at the end, whatever was rounded before.
pub fn vested(total: u128, terms: &Terms, elapsed: Span) -> u128 {
    let Some(since) = elapsed.checked_sub(terms.cliff) else { return 0 };
    if since >= terms.duration {
        return total;
    }
    let first = mul_div_floor(total, terms.at_cliff.min(ONE).into(), ONE.into()).unwrap_or(total);
    let rest = total - first;
    let (part, whole) = match u128::from(terms.steps) {
        0 => (u128::from(since), u128::from(terms.duration)),
        steps => (u128::from(since) * steps / u128::from(terms.duration), steps),
    };
    first + mul_div_floor(rest, part, whole).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::XPL;
    use crate::time::{DAY, YEAR};
    use proptest::prelude::*;

    /// XPL's team and investors: a third at one year, two thirds in months over the two years after it.
    const TEAM: Terms = Terms { cliff: YEAR, at_cliff: 333_333_333, duration: 2 * YEAR, steps: 24 };

    #[test]
    fn the_team_of_xpl_vests_a_third_at_one_year_and_the_rest_by_the_month() {
        let total = 2_500_000_000 * u128::from(XPL);
        let month = 2 * YEAR / 24;
        assert_eq!(vested(total, &TEAM, YEAR - 1), 0);
        let third = vested(total, &TEAM, YEAR);
        assert_eq!(third, total / 1_000_000_000 * 333_333_333);
        assert_eq!(vested(total, &TEAM, YEAR + month - 1), third);
        assert_eq!(vested(total, &TEAM, YEAR + month), third + (total - third) / 24);
        assert_eq!(vested(total, &TEAM, 3 * YEAR), total);
    }

    /// OpenZeppelin Contracts, `VestingWallet.behavior.js`: released = total · (now − start) ÷ duration.
    #[test]
    fn without_cliff_and_steps_it_is_openzeppelins_wallet() {
        let terms = Terms { cliff: 0, at_cliff: 0, duration: 4 * YEAR, steps: 0 };
        for i in 0..64u64 {
            let now = i * terms.duration / 60;
            let expected = if now >= terms.duration { 1_000 } else { 1_000 * u128::from(now) / u128::from(terms.duration) };
            assert_eq!(vested(1_000, &terms, now), expected);
        }
    }

    #[test]
    fn a_grant_without_duration_is_free_at_its_cliff() {
        let terms = Terms { cliff: DAY, at_cliff: 0, duration: 0, steps: 0 };
        assert_eq!((vested(7, &terms, DAY - 1), vested(7, &terms, DAY)), (0, 7));
    }

    proptest! {
        #[test]
        fn what_is_free_only_grows_and_reaches_the_whole(
            total: u128, cliff in 0..10 * YEAR, at_cliff in 0..=ONE, duration in 0..10 * YEAR, steps in 0..200u32, a in 0..25 * YEAR, b in 0..25 * YEAR,
        ) {
            let terms = Terms { cliff, at_cliff, duration, steps };
            prop_assert!(vested(total, &terms, a.min(b)) <= vested(total, &terms, a.max(b)));
            prop_assert!(vested(total, &terms, a) <= total);
            prop_assert_eq!(vested(total, &terms, cliff + duration), total);
        }
    }
}
