//! When cheating does not pay.
//!
//! A provider that cheats saves D, is checked with probability p, is caught with power d when checked, by checkers of whom a share r
//! colludes; caught, it loses what it would have earned, R, and a stake S. Cheating does not pay when
//!
//! > p · d · (1 − r) · (R + S) > D
//!
//! (Becker 1968, "Crime and Punishment", with detection thinned by collusion). Probabilities are parts per billion, amounts nano-XPL.

use crate::money::{ONE, XPL, mul_div_floor};
use ruint::aliases::U512;

/// The probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detection {
    /// p: that a result is checked.
    pub checked: u64,
    /// d: that a check of a wrong result finds it wrong.
    pub power: u64,
    /// r: share of checkers who collude.
    pub colluding: u64,
}

/// What is at stake in one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stakes {
    /// D: what cheating saves.
    pub saved: u64,
    /// R: what honest work earns.
    pub earned: u64,
    /// S: what is slashed.
    pub slashed: u64,
}

impl Detection {
    /// p · d · (1 − r) in parts of 10^-27.
    fn caught(&self) -> U512 {
        let honest = ONE.saturating_sub(self.colluding);
        U512::from(self.checked) * U512::from(self.power) * U512::from(honest)
    }
}

fn cube() -> U512 {
    U512::from(ONE) * U512::from(ONE) * U512::from(ONE)
}

/// What a cheat loses on average beyond what it saves, in nano-XPL: p · d · (1 − r) · (R + S) − D, its first term rounded down.
/// Cheating pays where this is below zero.
pub fn margin(detection: &Detection, stakes: &Stakes) -> i128 {
    let at_risk = U512::from(stakes.earned) + U512::from(stakes.slashed);
    let expected = detection.caught() * at_risk / cube();
    i128::try_from(expected).unwrap_or(i128::MAX) - i128::from(stakes.saved)
}

/// The least stake that makes cheating not pay: the first above D ÷ (p · d · (1 − r)) − R.
/// `None` when cheats are never caught, or it is beyond `u128`.
pub fn least_stake(detection: &Detection, saved: u64, earned: u64) -> Option<u128> {
    let bound = (U512::from(saved) * cube()).checked_div(detection.caught())?;
    // Strictly more than the bound: one more, whether it divides or not.
    Some((u128::try_from(bound).ok()?.checked_add(1)?).saturating_sub(earned.into()))
}

/// [`margin`] in micro-USD at a price in micro-USD per XPL that has changed to `share` billionths, rounded towards zero. Stake and
/// earnings are tokens and lose value with it; what cheating saves is a cost in dollars, stated at the undisturbed price.
pub fn margin_usd(detection: &Detection, stakes: &Stakes, price: u64, share: u64) -> i128 {
    let value = |nano: u128, price: u128| {
        mul_div_floor(nano, price, XPL.into()).map_or(i128::MAX, |usd| i128::try_from(usd).unwrap_or(i128::MAX))
    };
    let fallen = mul_div_floor(price.into(), share.into(), ONE.into()).unwrap_or(u128::MAX);
    let at_risk = U512::from(stakes.earned) + U512::from(stakes.slashed);
    let expected = u128::try_from(detection.caught() * at_risk / cube()).unwrap_or(u128::MAX);
    value(expected, fallen).saturating_sub(value(stakes.saved.into(), price.into()))
}

/// What an honest provider loses on average in one job to a check that errs with probability `error`: p · error · (R + S), rounded
/// down.
pub fn false_positive_loss(detection: &Detection, error: u64, stakes: &Stakes) -> u128 {
    let at_risk = U512::from(stakes.earned) + U512::from(stakes.slashed);
    let square = U512::from(ONE) * U512::from(ONE);
    u128::try_from(U512::from(detection.checked) * U512::from(error) * at_risk / square).unwrap_or(u128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERCENT: u64 = ONE / 100;

    /// D = 0.9 R, p = 5 %, d = 1, r = 20 %: S must exceed 21.5 R.
    #[test]
    fn the_textbook_case_needs_twenty_one_and_a_half_times_the_pay() {
        let detection = Detection { checked: 5 * PERCENT, power: ONE, colluding: 20 * PERCENT };
        let (earned, saved) = (1_000_000u64, 900_000);
        assert_eq!(least_stake(&detection, saved, earned), Some(21_500_001));
        let at = |slashed| margin(&detection, &Stakes { saved, earned, slashed });
        assert_eq!((at(21_500_000), at(21_500_000 - 25), at(21_500_025)), (0, -1, 1));
    }

    #[test]
    fn a_fall_of_the_price_makes_cheating_pay() {
        let detection = Detection { checked: 10 * PERCENT, power: ONE, colluding: 0 };
        let stakes = Stakes { saved: XPL, earned: XPL, slashed: 19 * XPL };
        // A tenth of 20 XPL at 10 cents is 20 cents, against 10 cents saved.
        let margins = [ONE, ONE / 2, ONE / 10].map(|share| margin_usd(&detection, &stakes, 100_000, share));
        assert_eq!(margins, [100_000, 0, -80_000]);
    }

    #[test]
    fn who_is_never_caught_is_not_deterred() {
        let never = Detection { checked: ONE, power: ONE, colluding: ONE };
        assert_eq!(least_stake(&never, 1, 0), None);
        assert_eq!(margin(&never, &Stakes { saved: 5, earned: u64::MAX, slashed: u64::MAX }), -5);
        assert_eq!(false_positive_loss(&never, PERCENT, &Stakes { saved: 0, earned: 50, slashed: 50 }), 1);
    }

    proptest! {
        #[test]
        fn the_least_stake_is_the_bound(checked in 1..=ONE, power in 1..=ONE, colluding in 0..ONE, saved in 0..u64::from(u32::MAX), earned in 0..u64::from(u32::MAX)) {
            let detection = Detection { checked, power, colluding };
            if let Some(slashed) = least_stake(&detection, saved, earned).and_then(|stake| u64::try_from(stake).ok()) {
                // Strictly above: the expected loss exceeds what is saved, if by less than one nano-XPL.
                let loss = detection.caught() * (U512::from(earned) + U512::from(slashed));
                prop_assert!(loss > U512::from(saved) * cube());
                if slashed > 0 {
                    let less = detection.caught() * (U512::from(earned) + U512::from(slashed - 1));
                    prop_assert!(less <= U512::from(saved) * cube());
                }
            }
        }
    }
}
