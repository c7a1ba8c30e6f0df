//! Quantities as people write them: `"90d"`, `"5%"`, `"250 XPL"`, `"0.35 USD/h"`.
//!
//! Each is an integer in one documented unit; what is finer than that unit is refused rather than rounded, so that a value means
//! what it says and what is printed reads back as the same value.

pub mod decimal;
pub mod hardware;
pub mod money;
pub mod number;
pub mod ratio;
pub mod setting;
pub mod time;

use std::fmt;
use std::marker::PhantomData;

pub use hardware::{Bandwidth, Bytes, FlopRate, OpRate, Power};
pub use money::{AmountOrShare, Usd, UsdPerHour, UsdPerKwh, Xpl};
pub use number::{Id, Rate, Weight};
pub use ratio::{Ratio, Scale, SignedRatio};
pub use setting::Setting;
pub use time::{Date, SpanMs, UtcOffset};

/// Something that a scenario file writes as a string.
pub trait Quantity: Sized + fmt::Display {
    /// What to write, after the words "expected …".
    const EXPECTED: &'static str;
    /// Regular expression of the spellings, for editors.
    const PATTERN: &'static str;
    /// Whether a bare number is understood as well.
    const NUMBER: bool = false;

    /// Reads one spelling.
    ///
    /// # Errors
    /// Says what is wrong, where more can be said than [`Quantity::EXPECTED`] says.
    fn read(text: &str) -> Result<Self, Fault>;
}

/// Why a text is not the quantity it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is spelled otherwise.
    Spelling,
    /// It is finer than the unit it is counted in.
    TooFine(&'static str),
    /// It is beyond what can be counted.
    TooLarge,
    /// It is well spelled and still no legal value.
    Illegal(&'static str),
}

/// The message for a text that is not the quantity it should be.
pub(crate) fn message<Q: Quantity>(text: &str, fault: Fault) -> String {
    let found = excerpt(text, SHOWN);
    match fault {
        Fault::Spelling => format!("expected {}, found \"{found}\"", Q::EXPECTED),
        Fault::TooFine(unit) => format!("\"{found}\" is finer than {unit}"),
        Fault::TooLarge => format!("\"{found}\" is too large to be counted"),
        Fault::Illegal(rule) => format!("\"{found}\": {rule}"),
    }
}

/// The most characters of a value that a message shows.
pub const SHOWN: usize = 60;

/// The start of a text, without characters that could steer a terminal.
pub fn excerpt(text: &str, longest: usize) -> String {
    let shown: String = text.chars().take(longest).flat_map(char::escape_debug).collect();
    if text.chars().nth(longest).is_some() { format!("{shown}…") } else { shown }
}

/// Reads a quantity from serde's string, or from a number where [`Quantity::NUMBER`] allows it.
pub(crate) struct QuantityVisitor<Q>(pub PhantomData<Q>);

impl<Q: Quantity> serde::de::Visitor<'_> for QuantityVisitor<Q> {
    type Value = Q;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(Q::EXPECTED)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Q, E> {
        Q::read(text).map_err(|fault| E::custom(message::<Q>(text, fault)))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Q, E> {
        match Q::NUMBER {
            true => self.visit_str(&number.to_string()),
            false => Err(E::invalid_type(serde::de::Unexpected::Signed(number), &self)),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Q, E> {
        match Q::NUMBER {
            true => self.visit_str(&number.to_string()),
            false => Err(E::invalid_type(serde::de::Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Q, E> {
        match Q::NUMBER {
            true => self.visit_str(&number.to_string()),
            false => Err(E::invalid_type(serde::de::Unexpected::Float(number), &self)),
        }
    }
}

/// Lets serde and schemars treat a [`Quantity`] as the string it is written as.
macro_rules! written_as_string {
    ($($name:ident),+) => {$(
        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                use $crate::scenario::quantity::{Quantity, message};
                Self::read(text).map_err(|fault| message::<Self>(text, fault))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::scenario::quantity::QuantityVisitor(std::marker::PhantomData))
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                use $crate::scenario::quantity::Quantity;
                let types = if Self::NUMBER { serde_json::json!(["string", "number"]) } else { serde_json::json!("string") };
                schemars::json_schema!({ "type": types, "pattern": Self::PATTERN, "description": Self::EXPECTED })
            }
        }
    )+};
}
pub(crate) use written_as_string;
