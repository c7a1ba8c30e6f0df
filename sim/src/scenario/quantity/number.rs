//! Identifiers, rates of arrival, and weights.

use std::borrow::{Borrow, Cow};
use std::fmt;

use plasma_core::time::HOUR;
use serde::de::Error as _;

use super::time::UNITS;
use super::{Fault, Quantity, written_as_string};

/// The name by which a table of a list is referred to: a letter, then letters, digits, `-` and `_`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

/// A rate of arrival: so many per unit of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    count: f64,
    /// The unit as an index into the units of time, so that a rate is printed as it was written.
    unit: usize,
}

/// A finite number of at least zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, serde::Serialize)]
#[serde(transparent)]
pub struct Weight(f64);

impl Id {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Quantity for Id {
    const EXPECTED: &'static str = "a name of letters, digits, `-` and `_` that begins with a letter";
    const PATTERN: &'static str = "^[A-Za-z][A-Za-z0-9_-]*$";

    fn read(text: &str) -> Result<Self, Fault> {
        let well_formed = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if well_formed { Ok(Self(text.into())) } else { Err(Fault::Spelling) }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Rate {
    /// `count` in every hour.
    pub const fn hourly(count: f64) -> Self {
        Self { count, unit: 3 }
    }

    /// Mean arrivals in an hour.
    pub fn per_hour(self) -> f64 {
        self.count * HOUR as f64 / UNITS[self.unit].1 as f64
    }
}

impl Quantity for Rate {
    const EXPECTED: &'static str = "a rate of arrival such as \"120/h\" or \"5/d\"";
    const PATTERN: &'static str = r"^[0-9][0-9_]*(\.[0-9]+)? ?/ ?(y|w|d|h|min|s|ms)$";

    fn read(text: &str) -> Result<Self, Fault> {
        let (number, unit) = text.split_once('/').ok_or(Fault::Spelling)?;
        let number = number.trim();
        if !number.starts_with(|c: char| c.is_ascii_digit()) || number.contains(|c: char| c.is_ascii_alphabetic()) {
            return Err(Fault::Spelling);
        }
        let count: f64 = number.replace('_', "").parse().map_err(|_| Fault::Spelling)?;
        let unit = UNITS.iter().position(|(name, _)| *name == unit.trim()).ok_or(Fault::Spelling)?;
        if count.is_finite() { Ok(Self { count, unit }) } else { Err(Fault::TooLarge) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}/{}", self.count, UNITS[self.unit].0)
    }
}

impl Weight {
    /// `None` unless finite and at least zero.
    pub fn new(number: f64) -> Option<Self> {
        (number.is_finite() && number >= 0.0).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl<'de> serde::Deserialize<'de> for Weight {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Self::new(number).ok_or_else(|| D::Error::custom(format!("expected a number of at least 0, found {number}")))
    }
}

impl schemars::JsonSchema for Weight {
    fn schema_name() -> Cow<'static, str> {
        "Weight".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0 })
    }
}

written_as_string!(Id, Rate);

#[cfg(test)]
mod tests {
    use super::{Id, Rate, Weight};
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn spellings() {
        assert_eq!("120/h".parse(), Ok(Rate::hourly(120.0)));
        assert_eq!("48 / d".parse::<Rate>().unwrap().per_hour(), 2.0);
        for bad in ["120", "/h", "1e3/h", "-1/h", "1/month", "nan/h", "1//h"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
        for bad in ["", "1st", "a b", "a.b", "é"] {
            assert!(bad.parse::<Id>().is_err(), "{bad}");
        }
        assert_eq!("rtx-4090".parse::<Id>().unwrap().as_str(), "rtx-4090");
        assert_eq!(Weight::new(-0.1), None);
        assert_eq!(Weight::new(f64::NAN), None);
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(count in 0.0..1e12f64, unit in 0usize..7) {
            let rate = Rate { count, unit };
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }
    }
}
