//! XPL and US dollars.

use std::fmt;

use super::decimal::{number_and_unit, show};
use super::{Fault, Quantity, Ratio, written_as_string};

/// An amount of XPL, in nano-XPL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xpl(pub u128);

/// An amount of US dollars, in micro-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(pub u64);

/// A price per GPU-hour, in micro-USD per hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsdPerHour(pub u64);

/// A price of electricity, in micro-USD per kilowatt-hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsdPerKwh(pub u64);

/// An amount of XPL, or a share of the initial supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountOrShare {
    /// An amount, in nano-XPL.
    Amount(Xpl),
    /// A share, in parts per billion of the initial supply.
    Share(Ratio),
}

const MICRO: u128 = 1_000_000;
const NANO: u128 = plasma_core::money::XPL as u128;

impl Quantity for Xpl {
    const EXPECTED: &'static str = "an amount such as \"250 XPL\" or \"1_000_000 XPL\"";
    const PATTERN: &'static str = r"^[0-9][0-9_]*(\.[0-9]+)? ?XPL$";

    fn read(text: &str) -> Result<Self, Fault> {
        match number_and_unit(text)? {
            (number, "XPL") => Ok(Self(number.in_units(NANO, "a nano-XPL, the smallest amount")?)),
            _ => Err(Fault::Spelling),
        }
    }
}

impl fmt::Display for Xpl {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} XPL", show(self.0, NANO))
    }
}

macro_rules! dollars {
    ($($name:ident $unit:literal, $expected:literal, $pattern:literal;)+) => {$(
        impl Quantity for $name {
            const EXPECTED: &'static str = $expected;
            const PATTERN: &'static str = $pattern;

            fn read(text: &str) -> Result<Self, Fault> {
                let (number, unit) = number_and_unit(text)?;
                if unit != $unit {
                    return Err(Fault::Spelling);
                }
                let micro = number.in_units(MICRO, "a micro-USD, the smallest amount")?;
                Ok(Self(u64::try_from(micro).map_err(|_| Fault::TooLarge)?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                write!(f, "{} {}", show(u128::from(self.0), MICRO), $unit)
            }
        }

        impl $name {
            /// In dollars.
            pub fn dollars(self) -> f64 {
                self.0 as f64 / MICRO as f64
            }
        }
    )+};
}

dollars! {
    Usd "USD", "dollars such as \"0.10 USD\" or \"1_599 USD\"", r"^[0-9][0-9_]*(\.[0-9]+)? ?USD$";
    UsdPerHour "USD/h", "a price per GPU-hour such as \"0.35 USD/h\"", r"^[0-9][0-9_]*(\.[0-9]+)? ?USD/h$";
    UsdPerKwh "USD/kWh", "a price of electricity such as \"0.165 USD/kWh\"", r"^[0-9][0-9_]*(\.[0-9]+)? ?USD/kWh$";
}

impl Quantity for AmountOrShare {
    const EXPECTED: &'static str = "an amount such as \"1_000_000 XPL\" or a share of the initial supply such as \"10%\"";
    const PATTERN: &'static str = r"^[0-9][0-9_]*(\.[0-9]+)? ?(XPL|%)$";

    fn read(text: &str) -> Result<Self, Fault> {
        match text.trim_end().ends_with('%') {
            true => Ratio::read(text).map(Self::Share),
            false => Xpl::read(text).map(Self::Amount),
        }
    }
}

impl fmt::Display for AmountOrShare {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Amount(amount) => amount.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

impl AmountOrShare {
    /// The amount in nano-XPL, a share rounded down; `None` beyond `u128`.
    pub fn of(self, initial_supply: Xpl) -> Option<u128> {
        match self {
            Self::Amount(amount) => Some(amount.0),
            Self::Share(share) => plasma_core::money::share_wide(initial_supply.0, share.0),
        }
    }
}

written_as_string!(Xpl, Usd, UsdPerHour, UsdPerKwh, AmountOrShare);

#[cfg(test)]
mod tests {
    use super::{AmountOrShare, Usd, UsdPerHour, UsdPerKwh, Xpl};
    use crate::scenario::quantity::Ratio;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn spellings() {
        assert_eq!("250 XPL".parse(), Ok(Xpl(250_000_000_000)));
        assert_eq!("0.000000001XPL".parse(), Ok(Xpl(1)));
        assert_eq!("0.35 USD/h".parse(), Ok(UsdPerHour(350_000)));
        assert_eq!("0.165 USD/kWh".parse(), Ok(UsdPerKwh(165_000)));
        assert_eq!("1_599 USD".parse(), Ok(Usd(1_599_000_000)));
        assert_eq!("10%".parse(), Ok(AmountOrShare::Share(Ratio(100_000_000))));
        assert_eq!("10 XPL".parse(), Ok(AmountOrShare::Amount(Xpl(10_000_000_000))));
        for bad in ["", "250", "250 xpl", "XPL", "-1 XPL", "0.0000000001 XPL", "1 XPL/h"] {
            assert!(bad.parse::<Xpl>().is_err(), "{bad}");
        }
        for bad in ["0.10", "$0.10", "0.10 USD/h", "99999999999999999999 USD"] {
            assert!(bad.parse::<Usd>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wrong_unit_says_what_was_expected() {
        let message = "5%".parse::<Xpl>().unwrap_err();
        assert_eq!(message, "expected an amount such as \"250 XPL\" or \"1_000_000 XPL\", found \"5%\"");
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(nano in 0..u128::MAX / 2_000_000_000, micro: u64) {
            prop_assert_eq!(Xpl(nano).to_string().parse(), Ok(Xpl(nano)));
            prop_assert_eq!(Usd(micro).to_string().parse(), Ok(Usd(micro)));
            prop_assert_eq!(UsdPerHour(micro).to_string().parse(), Ok(UsdPerHour(micro)));
            prop_assert_eq!(UsdPerKwh(micro).to_string().parse(), Ok(UsdPerKwh(micro)));
        }
    }
}
