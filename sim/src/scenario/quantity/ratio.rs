//! Shares, percentages and the scale of a run.

use std::fmt;

use super::decimal::{number_and_unit, show};
use super::{Fault, Quantity, written_as_string};

/// A ratio, in parts per billion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ratio(pub u64);

/// A ratio that may be negative, in parts per billion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignedRatio(pub i64);

/// The fraction of the full-scale economy that is played, in lowest terms and within (0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    numerator: u32,
    denominator: u32,
}

/// Parts per billion in one percent.
const PERCENT: u128 = 10_000_000;
const SMALLEST: &str = "a billionth, the smallest ratio";

impl Ratio {
    /// One whole: 100 %.
    pub const ONE: Self = Self(plasma_core::money::ONE);

    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// As a fraction of one.
    pub fn fraction(self) -> f64 {
        self.0 as f64 / plasma_core::money::ONE as f64
    }
}

impl SignedRatio {
    /// As a fraction of one.
    pub fn fraction(self) -> f64 {
        self.0 as f64 / plasma_core::money::ONE as f64
    }
}

impl Quantity for Ratio {
    const EXPECTED: &'static str = "a percentage such as \"5%\" or \"0.25%\"";
    const PATTERN: &'static str = r"^[0-9][0-9_]*(\.[0-9]+)? ?%$";

    fn read(text: &str) -> Result<Self, Fault> {
        match number_and_unit(text)? {
            (number, "%") => Ok(Self(u64::try_from(number.in_units(PERCENT, SMALLEST)?).map_err(|_| Fault::TooLarge)?)),
            _ => Err(Fault::Spelling),
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}%", show(u128::from(self.0), PERCENT))
    }
}

impl Quantity for SignedRatio {
    const EXPECTED: &'static str = "a percentage such as \"20%\" or \"-5%\"";
    const PATTERN: &'static str = r"^[+-]?[0-9][0-9_]*(\.[0-9]+)? ?%$";

    fn read(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let (negative, size) = match text.strip_prefix('-') {
            Some(size) => (true, size),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let size = i64::try_from(Ratio::read(size)?.0).map_err(|_| Fault::TooLarge)?;
        Ok(Self(if negative { -size } else { size }))
    }
}

impl fmt::Display for SignedRatio {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}{}", if self.0 < 0 { "-" } else { "" }, Ratio(self.0.unsigned_abs()))
    }
}

impl Scale {
    /// `numerator ÷ denominator`; `None` unless within (0, 1].
    pub fn new(numerator: u32, denominator: u32) -> Option<Self> {
        if numerator == 0 || numerator > denominator {
            return None;
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        Some(Self { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// A full-scale count or amount at this scale, rounded to the nearest unit, halves up.
    pub fn of(self, full: u64) -> u64 {
        u64::try_from(self.of_wide(u128::from(full)).unwrap_or(u128::MAX)).unwrap_or(full)
    }

    /// A full-scale amount at this scale, rounded to the nearest unit, halves up; `None` beyond `u128`.
    pub fn of_wide(self, full: u128) -> Option<u128> {
        let (numerator, denominator) = (u128::from(self.numerator), u128::from(self.denominator));
        // Splitting the amount keeps the product small, so that only the rounding can overflow.
        let (whole, rest) = (full / denominator, full % denominator);
        (whole * numerator).checked_add((rest * numerator + denominator / 2) / denominator)
    }

    /// As a fraction of one.
    pub fn fraction(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

impl Default for Scale {
    fn default() -> Self {
        Self { numerator: 1, denominator: 1 }
    }
}

impl Quantity for Scale {
    const EXPECTED: &'static str = "a fraction of the full economy such as \"1/10\", \"10%\" or 1";
    const PATTERN: &'static str = r"^[0-9][0-9_]*(/[1-9][0-9_]*|(\.[0-9]+)?( ?%)?)$";
    const NUMBER: bool = true;

    fn read(text: &str) -> Result<Self, Fault> {
        const WITHIN: Fault = Fault::Illegal("a scale lies above 0 and is at most 1");
        let count = |text: &str| match number_and_unit(text)? {
            (number, "") => u32::try_from(number.in_units(1, "one")?).map_err(|_| Fault::TooLarge),
            _ => Err(Fault::Spelling),
        };
        if let Some((numerator, denominator)) = text.split_once('/') {
            return Self::new(count(numerator)?, count(denominator)?).ok_or(WITHIN);
        }
        const PARTS: u32 = 1_000_000_000;
        let per_one = match number_and_unit(text)? {
            (number, "") => number.in_units(u128::from(PARTS), SMALLEST)?,
            (number, "%") => number.in_units(u128::from(PARTS) / 100, SMALLEST)?,
            _ => return Err(Fault::Spelling),
        };
        u32::try_from(per_one).ok().and_then(|numerator| Self::new(numerator, PARTS)).ok_or(WITHIN)
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "1"),
            denominator => write!(f, "{}/{denominator}", self.numerator),
        }
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

written_as_string!(Ratio, SignedRatio, Scale);

#[cfg(test)]
mod tests {
    use super::{Ratio, Scale, SignedRatio};
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn spellings() {
        assert_eq!("5%".parse(), Ok(Ratio(50_000_000)));
        assert_eq!("0.0000001 %".parse(), Ok(Ratio(1)));
        assert_eq!("250%".parse(), Ok(Ratio(2_500_000_000)));
        assert_eq!("-5%".parse(), Ok(SignedRatio(-50_000_000)));
        assert_eq!("1/10".parse::<Scale>(), "10%".parse());
        assert_eq!("0.1".parse::<Scale>(), "10/100".parse());
        for bad in ["5", "0.05", "-5%", "5 percent", "0.00000001%", "%", ""] {
            assert!(bad.parse::<Ratio>().is_err(), "{bad}");
        }
        for bad in ["0", "2", "1/0", "0/1", "3/2", "101%", "1/10/10", "-1", "x"] {
            assert!(bad.parse::<Scale>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_scale_rounds_to_the_nearest() {
        let tenth: Scale = "1/10".parse().unwrap();
        assert_eq!([tenth.of(10_000), tenth.of(14), tenth.of(15), tenth.of(u64::MAX)], [1_000, 1, 2, u64::MAX / 10 + 1]);
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(ratio: u64, signed in -i64::MAX..=i64::MAX, part: u32, denominator in 1u32..) {
            prop_assert_eq!(Ratio(ratio).to_string().parse(), Ok(Ratio(ratio)));
            prop_assert_eq!(SignedRatio(signed).to_string().parse(), Ok(SignedRatio(signed)));
            let scale = Scale::new(part % denominator + 1, denominator).unwrap();
            prop_assert_eq!(scale.to_string().parse(), Ok(scale));
        }
    }
}
