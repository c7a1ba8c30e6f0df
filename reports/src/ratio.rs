//! A value that stays two integers until it is printed.

use rkyv::{Archive, Deserialize, Serialize};

/// `num ÷ den`, with `den` above zero. Undefined values are `Option::None`, never zero and never NaN.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    num: i128,
    den: u128,
}

impl Ratio {
    /// `num ÷ den`; `None` when the denominator is zero.
    pub fn new(num: i128, den: u128) -> Option<Self> {
        (den > 0).then_some(Self { num, den })
    }

    /// `num ÷ den` of amounts; `None` when the denominator is zero.
    pub fn of(num: impl Into<u128>, den: impl Into<u128>) -> Option<Self> {
        let (mut num, mut den) = (num.into(), den.into());
        if num > i128::MAX as u128 {
            (num, den) = (num >> 1, (den >> 1).max(u128::from(den > 0)));
        }
        Self::new(num as i128, den)
    }

    /// A whole number.
    pub fn whole(value: impl Into<u128>) -> Option<Self> {
        Self::of(value, 1u128)
    }

    /// `self · by ÷ per`, for changes of unit. Exact while it fits 128 bits; beyond that the low bits of both sides are given up,
    /// which changes the value by less than one part in 2^40. `None` when `per` is zero or the value cannot be held.
    pub fn scale(self, by: u128, per: u128) -> Option<Self> {
        let Self { mut num, mut den } = self;
        let exact = |num: i128, den: u128| Some((num.checked_mul(i128::try_from(by).ok()?)?, den.checked_mul(per)?));
        for _ in 0..2 {
            if let Some((num, den)) = exact(num, den) {
                return Self::new(num, den);
            }
            let spare = (128 - num.unsigned_abs().leading_zeros()).min(128 - den.leading_zeros()).saturating_sub(48);
            (num, den) = (num >> spare, den >> spare);
        }
        None
    }

    /// `⌊self · 10^12⌋`: the fixed point in which rates are compounded. `None` when it cannot be held.
    pub fn parts_per_trillion(self) -> Option<i128> {
        let wide = self.scale(TRILLION, 1)?;
        Some(wide.num.div_euclid(i128::try_from(wide.den).ok()?))
    }

    /// `(1 + self) ÷ (1 + other) − 1`, both rounded down to parts per 10^12; `None` when `other` is −1 or less.
    pub fn relative_to(self, other: Self) -> Option<Self> {
        let (a, b) = (self.parts_per_trillion()?, other.parts_per_trillion()?);
        let den = (TRILLION as i128).checked_add(b).filter(|&den| den > 0)?;
        Self::new(a.checked_sub(b)?, den as u128)
    }

    /// `(1 + self)^(by ÷ per) − 1`: a change over `per` as the constant rate over `by` that comes to the same, to parts per 10^12.
    /// `None` when `self` is below −1, `per` is zero or the value cannot be held.
    pub fn compounded(self, by: u64, per: u64) -> Option<Self> {
        let change = self.to_f64();
        if change < -1.0 || per == 0 {
            return None;
        }
        // Through log1p and expm1, for changes of a day are small beside one.
        let rate = libm::expm1(libm::log1p(change) * (by as f64 / per as f64));
        let held = |parts: f64| (parts < i128::MAX as f64).then_some(libm::round(parts) as i128);
        [TRILLION, 1].into_iter().find_map(|den| Self::new(held(rate * den as f64)?, den))
    }

    /// The value for people, rounded to the nearest representable number.
    pub fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }

    /// Numerator and denominator.
    pub const fn parts(self) -> (i128, u128) {
        (self.num, self.den)
    }
}

const TRILLION: u128 = 1_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_compounds() {
        let ratio = |num, den| Ratio::new(num, den).unwrap();
        let close = |rate: Option<Ratio>, expected: f64| (rate.unwrap().to_f64() - expected).abs() < 1e-11;
        // A fifth in five years is 3.714 % a year (1.2^(1/5)); a doubling every other day is 2^182.5 a year, which no integer here holds.
        assert!(close(ratio(1, 5).compounded(1, 5), 0.037_137_289_336_6));
        assert!(close(ratio(21, 100).compounded(1, 2), 0.1));
        assert!(close(ratio(1, 10).compounded(2, 1), 0.21));
        assert!(close(ratio(-1, 1).compounded(5, 1), -1.0));
        assert!(close(ratio(0, 1).compounded(365, 7), 0.0));
        assert_eq!(ratio(1, 1).compounded(365, 2), None);
        assert!((ratio(1, 1).compounded(100, 1).unwrap().to_f64() / 2f64.powi(100) - 1.0).abs() < 1e-12);
        assert_eq!(ratio(-3, 2).compounded(1, 1), None);
        assert_eq!(ratio(1, 2).compounded(1, 0), None);
    }
    use proptest::prelude::*;

    #[test]
    fn nothing_over_nothing_is_undefined() {
        assert_eq!(Ratio::of(0u64, 0u64), None);
        assert_eq!(Ratio::of(5u64, 0u64), None);
        assert_eq!(Ratio::of(u128::MAX, 0u64), None);
        assert_eq!(Ratio::of(0u64, 3u64).unwrap().to_f64(), 0.0);
    }

    #[test]
    fn eight_percent_over_five_percent_growth_is_two_point_eight_six() {
        let nominal = Ratio::of(8u64, 100u64).unwrap();
        let growth = Ratio::of(5u64, 100u64).unwrap();
        let diluted = nominal.relative_to(growth).unwrap().to_f64();
        assert!((diluted - (1.08 / 1.05 - 1.0)).abs() < 1e-12, "{diluted}");
        assert_eq!(nominal.relative_to(Ratio::new(-1, 1).unwrap()), None);
    }

    proptest! {
        #[test]
        fn scaling_agrees_with_floats(num in any::<i128>(), den in 1u128.., by in 1u64.., per in 1u64..) {
            let ratio = Ratio::new(num >> 2, den).unwrap();
            if let Some(scaled) = ratio.scale(by.into(), per.into()) {
                let expected = ratio.to_f64() * by as f64 / per as f64;
                prop_assert!((scaled.to_f64() - expected).abs() <= 1e-9 * expected.abs());
            }
        }
    }
}
