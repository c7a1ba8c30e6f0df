//! Probabilities as fractions, so that what is made of many is rounded once, at the end.

use crate::money::ONE;
use ruint::Uint;

/// Wide enough for every product of a chance with money. The widest is the mean over leases (64 bits) of p · d · (1 − r) (90)
/// with a majority of fifteen, each of whom neither colludes nor errs (897), times two amounts (65), a price and its change (64
/// each).
pub(super) type Wide = Uint<1280, 20>;

/// Most who may vote: what [`Wide`] has room for, and the range of `verification.panel`.
const MOST_SEATS: u32 = 15;

/// A probability, exactly: `parts` ÷ `of`, which is above zero and no less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    pub(super) parts: Wide,
    pub(super) of: Wide,
}

impl Chance {
    /// What is sure.
    pub const SURE: Self = Self { parts: Wide::ONE, of: Wide::ONE };

    /// So many parts per billion, at most all of them.
    pub fn billionths(parts: u64) -> Self {
        Self { parts: Wide::from(parts.min(ONE)), of: Wide::from(ONE) }
    }

    /// That it does not happen.
    #[must_use]
    pub fn otherwise(self) -> Self {
        Self { parts: self.of - self.parts, ..self }
    }

    /// That both happen, which do not depend on each other.
    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        Self { parts: self.parts * other.parts, of: self.of * other.of }
    }

    /// That more than half of `seats` independent voters, each of whom does something with this probability, do it: Σ_{k > n/2}
    /// C(n, k) · q^k · (1 − q)^(n−k) (Condorcet 1785). Sure for no seats, for then nobody else is asked; `None` beyond fifteen.
    pub fn majority(self, seats: u32) -> Option<Self> {
        if seats == 0 {
            return Some(Self::SURE);
        }
        if seats > MOST_SEATS {
            return None;
        }
        let power = |base: Wide, exponent: u32| (0..exponent).fold(Wide::ONE, |product, _| product * base);
        let (mut choices, mut parts) = (1u64, Wide::ZERO);
        for k in 0..=seats {
            if 2 * k > seats {
                parts += Wide::from(choices) * power(self.parts, k) * power(self.otherwise().parts, seats - k);
            }
            choices = choices * u64::from(seats - k) / u64::from(k + 1);
        }
        Some(Self { parts, of: power(self.of, seats) })
    }

    /// The mean over so many cases of each: Σ n · q ÷ Σ n. `None` without cases, or where no common denominator has room.
    pub fn mean(cases: impl Iterator<Item = (u64, Self)> + Clone) -> Option<Self> {
        let of = cases.clone().try_fold(Wide::ONE, |of, (_, chance)| of.lcm(chance.of))?;
        let all: u64 = cases.clone().try_fold(0u64, |all, (n, _)| all.checked_add(n)).filter(|&all| all > 0)?;
        let whole = of.checked_mul(Wide::from(all))?;
        let parts = cases.map(|(n, chance)| Wide::from(n) * chance.parts * (of / chance.of)).fold(Wide::ZERO, |sum, n| sum + n);
        Some(Self { parts, of: whole })
    }

    /// Its part of an amount: what is had of it on average. Rounded down.
    pub fn of(&self, amount: u128) -> u128 {
        u128::try_from(self.parts * Wide::from(amount) / self.of).unwrap_or(amount)
    }

    /// In parts per billion, rounded down.
    pub fn in_billionths(&self) -> u64 {
        self.of(ONE.into()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERCENT: u64 = ONE / 100;

    /// Five fair coins; three of whom each is right four times in five: 3 · 0.64 · 0.2 + 0.512.
    #[test]
    fn a_majority_is_condorcets() {
        let majority = |seats, each| Chance::billionths(each).majority(seats).map(|chance| chance.in_billionths());
        assert_eq!(majority(5, ONE / 2), Some(ONE / 2));
        assert_eq!(majority(3, 80 * PERCENT), Some(896_000_000));
        assert_eq!(
            (majority(1, 7), majority(0, 7), majority(15, ONE), majority(15, 0)),
            (Some(7), Some(ONE), Some(ONE), Some(0))
        );
        assert_eq!((majority(4, ONE / 2), majority(16, 1)), (Some(312_500_000), None));
    }

    /// One lease in four is found out for sure and three half of the time; a third has no end in tenths, and none is lost.
    #[test]
    fn a_mean_is_over_cases() {
        let half = Chance::billionths(ONE / 2);
        let mean = |cases: &[(u64, Chance)]| Chance::mean(cases.iter().copied());
        assert_eq!(mean(&[(1, Chance::SURE), (3, half)]).map(|mean| mean.of(1_000)), Some(625));
        assert_eq!(mean(&[(1, Chance::SURE), (2, half.otherwise().and(Chance::billionths(0)))]).map(|mean| mean.of(3)), Some(1));
        assert_eq!((mean(&[]), mean(&[(0, half)]), mean(&[(u64::MAX, half), (1, half)])), (None, None, None));
    }

    proptest! {
        #[test]
        fn majorities_of_both_kinds_make_one(seats in 0u32..8, each in 0..=ONE) {
            let (does, does_not) = (Chance::billionths(each), Chance::billionths(ONE - each));
            let majorities = [does, does_not].map(|chance| chance.majority(2 * seats + 1).unwrap());
            prop_assert_eq!(majorities[0].otherwise(), majorities[1]);
        }
    }
}
