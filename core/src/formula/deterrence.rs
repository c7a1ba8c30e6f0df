//! When cheating does not pay.
//!
//! A provider that cheats saves D, is checked with probability p, is caught with power d when checked, by checkers of whom a share r
//! colludes; caught, it loses what it would have earned, R, and a stake S. Cheating does not pay when
//!
//! > p · d · (1 − r) · (R + S) > D
//!
//! (Becker 1968, "Crime and Punishment", with detection thinned by collusion). Probabilities are parts per billion, amounts nano-XPL.
//! S is everything that a fault costs: the cut of the stake and what is seized of rewards held back.
//!
//! A panel thins detection once more, and errors too, for it must find by majority what one checker found; see [`Detection::through`].
//! A Freivalds check of k rounds finds a wrong product with power 1 − 2^-k; see [`freivalds_power`]. What keeps the checkers at work is
//! errors that are planted; see [`Planting`].

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

/// [`margin_usd`] at the undisturbed price, at half of it and at a tenth.
pub fn margins_usd(detection: &Detection, stakes: &Stakes, price: u64) -> [i128; 3] {
    [ONE, ONE / 2, ONE / 10].map(|share| margin_usd(detection, stakes, price, share))
}

/// The probability that more than half of `seats` independent voters, each of whom does something with probability `each`, do it:
/// Σ_{k > n/2} C(n, k) · q^k · (1 − q)^(n−k) (Condorcet 1785), computed exactly and rounded down to parts per billion. One for no seats,
/// for then nobody else is asked; `None` beyond fifteen.
pub fn majority(seats: u32, each: u64) -> Option<u64> {
    if seats == 0 {
        return Some(ONE);
    }
    if seats > 15 {
        return None;
    }
    let power = |base: u64, exponent: u32| (0..exponent).fold(U512::ONE, |product, _| product * U512::from(base));
    let (does, does_not) = (each.min(ONE), ONE - each.min(ONE));
    let mut choices = 1u64;
    let mut sum = U512::ZERO;
    for k in 0..=seats {
        if 2 * k > seats {
            sum += U512::from(choices) * power(does, k) * power(does_not, seats - k);
        }
        choices = choices * u64::from(seats - k) / u64::from(k + 1);
    }
    u64::try_from(sum * U512::from(ONE) / power(ONE, seats)).ok()
}

/// The power of a Freivalds check of so many rounds: 1 − 2^-k, rounded down (Freivalds 1977, "Probabilistic machines can use less
/// running time").
pub fn freivalds_power(rounds: u32) -> u64 {
    ONE - 1u64.checked_shl(rounds).map_or(1, |wrong| ONE.div_ceil(wrong))
}

/// Of two probabilities in parts per billion, that both happen; rounded down.
fn both(a: u64, b: u64) -> u64 {
    (u128::from(a.min(ONE)) * u128::from(b.min(ONE)) / u128::from(ONE)) as u64
}

impl Detection {
    /// Detection where a mismatch is decided by a panel of `seats`, of whom each errs with probability `error`: each finds a wrong
    /// result wrong unless it colludes or errs, and more than half must. Rounded down; `None` beyond fifteen seats.
    pub fn through(&self, seats: u32, error: u64) -> Option<Self> {
        let finds = both(ONE.saturating_sub(self.colluding), ONE.saturating_sub(error));
        Some(Self { power: both(self.power, majority(seats, finds)?), ..*self })
    }
}

/// That a checker errs with probability `error` and more than half of a panel of `seats` err with it; rounded down. It is the error
/// that [`false_positive_loss`] is of. `None` beyond fifteen seats.
pub fn error_through(seats: u32, error: u64) -> Option<u64> {
    Some(both(error, majority(seats, error)?))
}

/// What the treasury pays for checks of a right result, on average for each job, when a check pays `reward`: rounded down.
pub fn check_cost(detection: &Detection, reward: u64) -> u64 {
    (u128::from(reward) * u128::from(detection.checked.min(ONE)) / u128::from(ONE)) as u64
}

/// What an honest challenger loses on average in a check to its own error, which a panel overrules: p · error · (1 − majority of the
/// panel erring) · deposit, rounded down. `None` beyond fifteen seats.
pub fn challenger_loss(detection: &Detection, seats: u32, error: u64, deposit: u64) -> Option<u64> {
    let overruled = both(error, ONE - majority(seats, error)?);
    Some((u128::from(deposit) * u128::from(both(detection.checked, overruled)) / u128::from(ONE)) as u64)
}

/// Errors planted to catch checkers that copy (Teutsch & Reitwießner 2017, section 4.4; [`crate::protocol::verification::planted`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planting {
    /// t: share of right results that are planted.
    pub rate: u64,
    /// e: that a copied one is exposed.
    pub exposed: u64,
    /// W: what a check pays.
    pub reward: u64,
    /// B: what finding a planted error pays beside.
    pub bonus: u64,
    /// S: what a checker loses who is exposed, its pay not counted.
    pub slash: u64,
}

impl Planting {
    /// What a checker that always copies has after so many checks, of which so many were planted and exposed:
    /// (n − m) · W − m · S, in nano-XPL.
    pub fn copied(&self, checks: u128, traps: u128) -> i128 {
        let paid = checks.saturating_sub(traps).saturating_mul(self.reward.into());
        let lost = traps.saturating_mul(self.slash.into());
        i128::try_from(paid).unwrap_or(i128::MAX).saturating_sub(i128::try_from(lost).unwrap_or(i128::MAX))
    }

    /// t · e · `amount` in parts of 10^-18.
    fn caught(&self, amount: u128) -> U512 {
        U512::from(self.rate) * U512::from(self.exposed) * U512::from(amount)
    }

    /// What copying earns on average in a check: (1 − t·e) · W − t·e · S. What it loses is rounded up.
    pub fn lazy(&self) -> i128 {
        let lost = self.caught(u128::from(self.reward) + u128::from(self.slash)).div_ceil(U512::from(ONE) * U512::from(ONE));
        i128::from(self.reward) - i128::try_from(lost).unwrap_or(i128::MAX)
    }

    /// What executing earns on average in a check, its cost not counted: W + t · B, rounded down.
    pub fn honest(&self) -> u128 {
        u128::from(self.reward) + u128::from(self.bonus) * u128::from(self.rate) / u128::from(ONE)
    }

    /// What copying loses on average against executing at a cost: W + t·B − c − [`Planting::lazy`]. Copying pays where it is below
    /// zero.
    pub fn margin(&self, cost: u64) -> i128 {
        i128::try_from(self.honest()).unwrap_or(i128::MAX) - i128::from(cost) - self.lazy()
    }

    /// The least share of planted results at which copying does not pay: the first above c ÷ (B + e · (W + S)). `None` where no share
    /// does.
    pub fn least_rate(&self, cost: u64) -> Option<u64> {
        let one = U512::from(ONE);
        let at_stake =
            U512::from(self.bonus) * one + U512::from(self.exposed) * (U512::from(self.reward) + U512::from(self.slash));
        let bound = (U512::from(cost) * one * one).checked_div(at_stake)?;
        u64::try_from(bound).ok()?.checked_add(1).filter(|&rate| rate <= ONE)
    }
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

    /// Five fair coins; three of whom each is right four times in five: 3 · 0.64 · 0.2 + 0.512.
    #[test]
    fn a_majority_is_condorcets() {
        assert_eq!(majority(5, ONE / 2), Some(ONE / 2));
        assert_eq!(majority(3, 80 * PERCENT), Some(896_000_000));
        assert_eq!(
            (majority(1, 7), majority(0, 7), majority(15, ONE), majority(15, 0)),
            (Some(7), Some(ONE), Some(ONE), Some(0))
        );
        assert_eq!((majority(4, ONE / 2), majority(16, 1)), (Some(312_500_000), None));
    }

    /// A panel of three finds what one checker of whom a fifth colludes finds with 0.896, and errs at 1 % in 2.98 of 10 000 cases.
    #[test]
    fn a_panel_thins_detection_and_errors() {
        let alone = Detection { checked: ONE, power: ONE, colluding: 20 * PERCENT };
        assert_eq!(alone.through(3, 0), Some(Detection { power: 896_000_000, ..alone }));
        assert_eq!(alone.through(0, PERCENT), Some(alone));
        assert_eq!((error_through(0, PERCENT), error_through(3, PERCENT)), (Some(PERCENT), Some(2_980)));
        assert_eq!(challenger_loss(&alone, 3, PERCENT, 1_000_000), Some(9_997));
        assert_eq!(check_cost(&Detection { checked: 5 * PERCENT, ..alone }, 1_000), 50);
    }

    #[test]
    fn a_freivalds_check_errs_by_halves() {
        assert_eq!(
            [0, 1, 2, 10, 29, 30, 64].map(freivalds_power),
            [0, 500_000_000, 750_000_000, 999_023_437, 999_999_998, 999_999_999, 999_999_999]
        );
    }

    /// A tenth is planted: copying earns nine tenths of 100 and loses a tenth of 400; executing earns 100 and a tenth of 50.
    #[test]
    fn copying_pays_until_enough_is_planted() {
        let planting = Planting { rate: 10 * PERCENT, exposed: ONE, reward: 100, bonus: 50, slash: 400 };
        assert_eq!((planting.lazy(), planting.honest(), planting.margin(40)), (50, 105, 15));
        // 40 of 550.
        assert_eq!(planting.least_rate(40), Some(72_727_273));
        assert!(Planting { rate: 72_727_272, ..planting }.margin(40) <= 0);
        assert_eq!(Planting { exposed: 0, bonus: 0, ..planting }.least_rate(1), None);
        assert_eq!((planting.copied(10, 1), planting.copied(10, 10)), (500, -4_000));
    }

    #[test]
    fn a_fall_of_the_price_is_told_at_three_prices() {
        let detection = Detection { checked: 10 * PERCENT, power: ONE, colluding: 0 };
        let stakes = Stakes { saved: XPL, earned: XPL, slashed: 19 * XPL };
        assert_eq!(margins_usd(&detection, &stakes, 100_000), [100_000, 0, -80_000]);
    }

    proptest! {
        #[test]
        fn majorities_of_both_kinds_make_one(seats in 0u32..8, each in 0..=ONE) {
            let seats = 2 * seats + 1;
            let sum = majority(seats, each).unwrap() + majority(seats, ONE - each).unwrap();
            prop_assert!(sum == ONE || sum == ONE - 1, "{}", sum);
        }

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
