//! Decimal numbers read and written exactly.

use super::Fault;

/// A non-negative decimal number as it was written: `digits ÷ 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    digits: u128,
    scale: u32,
}

/// Splits `"1_000.5 XPL"` into its number and its unit. A number has at least one digit, at most one point, and `_` only between
/// digits.
///
/// # Errors
/// [`Fault::Spelling`] when the text does not begin with a number, [`Fault::TooLarge`] when it has too many digits.
pub fn number_and_unit(text: &str) -> Result<(Decimal, &str), Fault> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Ok((Decimal::read(number)?, unit.trim_start()))
}

impl Decimal {
    fn read(number: &str) -> Result<Self, Fault> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let mut digits = 0u128;
        for part in [whole, fraction] {
            let well_formed = !part.is_empty() && !part.starts_with('_') && !part.ends_with('_') && !part.contains("__");
            if !well_formed || part.contains('.') {
                return Err(Fault::Spelling);
            }
        }
        let fraction = fraction.trim_end_matches('0');
        let mut scale = 0;
        for (part, step) in [(whole, 0), (fraction, 1)] {
            for digit in part.bytes().filter(u8::is_ascii_digit) {
                digits = digits.checked_mul(10).and_then(|d| d.checked_add(u128::from(digit - b'0'))).ok_or(Fault::TooLarge)?;
                scale += step;
            }
        }
        Ok(Self { digits, scale })
    }

    /// The number in units of which `per_one` make one.
    ///
    /// # Errors
    /// [`Fault::TooFine`], naming `smallest`, when that is not a whole number; [`Fault::TooLarge`] beyond `u128`.
    pub fn in_units(self, per_one: u128, smallest: &'static str) -> Result<u128, Fault> {
        let product = self.digits.checked_mul(per_one).ok_or(Fault::TooLarge)?;
        // A divisor beyond u128 exceeds every product: the number is finer than any unit, unless it is zero.
        let divisor = 10u128.checked_pow(self.scale).ok_or(Fault::TooFine(smallest))?;
        if product.is_multiple_of(divisor) { Ok(product / divisor) } else { Err(Fault::TooFine(smallest)) }
    }
}

/// `units ÷ per_one` as a decimal number, thousands separated by `_`. `per_one` is a power of ten.
pub fn show(units: u128, per_one: u128) -> String {
    let (whole, fraction) = (units / per_one, units % per_one);
    let mut shown = group(whole);
    if fraction > 0 {
        let places = per_one.ilog10() as usize;
        let digits = format!("{fraction:0places$}");
        shown.push('.');
        shown.push_str(digits.trim_end_matches('0'));
    }
    shown
}

/// A whole number, thousands separated by `_` from five digits on.
pub fn group(whole: u128) -> String {
    let digits = whole.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut shown = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            shown.push('_');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{number_and_unit, show};
    use crate::scenario::quantity::Fault;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn numbers_are_read_exactly() {
        let read = |text| number_and_unit(text).and_then(|(number, _)| number.in_units(1000, "a thousandth"));
        assert_eq!(read("1"), Ok(1_000));
        assert_eq!(read("0.5"), Ok(500));
        assert_eq!(read("1_000.250"), Ok(1_000_250));
        assert_eq!(read("0.0001"), Err(Fault::TooFine("a thousandth")));
        for bad in ["", ".", "1.", ".5", "1..2", "1.2.3", "_1", "1_", "1__0", "-1", "x"] {
            assert_eq!(read(bad), Err(Fault::Spelling), "{bad}");
        }
        assert_eq!(read(&"9".repeat(60)), Err(Fault::TooLarge));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(units: u64) {
            let shown = show(u128::from(units), 1_000_000);
            let (number, unit) = number_and_unit(&shown).unwrap();
            prop_assert_eq!(unit, "");
            prop_assert_eq!(number.in_units(1_000_000, "").unwrap(), u128::from(units));
        }
    }
}
