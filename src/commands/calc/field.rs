//! What cases and answers are made of. Values are read from JSON's own text, so that no digit of a large number is lost, and
//! every whole number is written as a string, so that no reader loses one either.

use plasma_core::formula::decimal::{Decimal, UNIT};
use plasma_sim::scenario::quantity::decimal::number_and_unit;
use plasma_sim::scenario::quantity::{Date, Ratio, SHOWN, SpanMs, Xpl, excerpt};
use plasma_sim::scenario::suggest;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;

/// Why a case is refused: where, and what was expected.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Segments of the path to the value at fault, innermost first.
    path: Vec<String>,
    why: String,
}

impl Refusal {
    fn within(mut self, segment: String) -> Self {
        self.path.push(segment);
        self
    }
}

impl<T: Into<String>> From<T> for Refusal {
    fn from(why: T) -> Self {
        Self { path: Vec::new(), why: why.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if !self.path.is_empty() {
            let path: String = self.path.iter().rev().map(String::as_str).collect();
            write!(f, "`{}`: ", path.trim_start_matches('.'))?;
        }
        f.write_str(&self.why)
    }
}

/// Refuses a value above a bound.
pub fn at_most(name: &str, value: impl Into<u128>, most: u128) -> Result<(), Refusal> {
    if value.into() > most { Err(Refusal::from(format!("expected at most {most}")).within(name.into())) } else { Ok(()) }
}

/// Refuses a value of zero.
pub fn not_zero(name: &str, value: impl Into<u128>) -> Result<(), Refusal> {
    if value.into() == 0 { Err(Refusal::from("expected more than zero").within(name.into())) } else { Ok(()) }
}

/// A field, for people and machines.
pub struct Described {
    /// Its name in JSON.
    pub name: &'static str,
    /// What to write.
    pub kind: String,
    /// What it is counted in.
    pub unit: &'static str,
    /// What it means.
    pub text: &'static str,
    /// The fields of the objects that it holds.
    pub fields: Vec<Described>,
}

/// Something that a case holds.
pub trait Input: Sized {
    /// What to write, after the word "expected".
    fn kind() -> String;
    /// Reads it.
    fn read(raw: &RawValue) -> Result<Self, Refusal>;
    /// Its fields, in order, if it is an object or a list of them.
    fn fields() -> Vec<Described> {
        Vec::new()
    }
    /// What its absence means, if it may be absent.
    fn absent() -> Option<Self> {
        None
    }
}

/// Something that an answer holds.
pub trait Output {
    /// What is written.
    fn kind() -> String;
    /// Its JSON.
    fn json(&self) -> String;
    /// Its fields, in order, if it is an object or a list of them.
    fn fields() -> Vec<Described> {
        Vec::new()
    }
}

/// The text of a value: what a string says, or a number's digits as they stand.
pub(super) fn text(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

pub(super) fn unexpected<T: Input>(raw: &RawValue) -> Refusal {
    let found = match raw.get().starts_with('"') {
        true => format!("\"{}\"", excerpt(&text(raw), SHOWN)),
        false => excerpt(raw.get(), SHOWN),
    };
    format!("expected {}, found {found}", T::kind()).into()
}

macro_rules! whole_numbers {
    ($($type:ty: $kind:literal),+) => {$(
        impl Input for $type {
            fn kind() -> String {
                $kind.into()
            }

            fn read(raw: &RawValue) -> Result<Self, Refusal> {
                text(raw).trim().replace('_', "").parse().map_err(|_| unexpected::<Self>(raw))
            }
        }

        impl Output for $type {
            fn kind() -> String {
                "whole number, as a string".into()
            }

            fn json(&self) -> String {
                format!("\"{self}\"")
            }
        }
    )+};
}

whole_numbers!(
    u8: "a whole number up to 255",
    u16: "a whole number up to 65535",
    u32: "a whole number below 2^32",
    u64: "a whole number below 2^64",
    u128: "a whole number below 2^128",
    i64: "a whole number from -2^63 to 2^63 - 1",
    i128: "a whole number from -2^127 to 2^127 - 1"
);

macro_rules! quantities {
    ($($(#[doc = $text:literal])+ $name:ident($type:ty) as $quantity:ident: $kind:literal;)+) => {$(
        $(#[doc = $text])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name(pub $type);

        impl Input for $name {
            fn kind() -> String {
                $kind.into()
            }

            fn read(raw: &RawValue) -> Result<Self, Refusal> {
                if let Ok(number) = <$type as Input>::read(raw) {
                    return Ok(Self(number));
                }
                let written: Option<$quantity> = text(raw).parse().ok();
                let number = written.and_then(|quantity| <$type>::try_from(quantity.0).ok());
                number.map(Self).ok_or_else(|| unexpected::<Self>(raw))
            }
        }
    )+};
}

quantities! {
    /// A ratio in parts per billion.
    Share(u64) as Ratio: "a whole number, or a percentage such as \"2.5%\"";
    /// A length of time in milliseconds.
    Length(u64) as SpanMs: "a whole number, or a duration such as \"90d\"";
    /// A moment, in milliseconds since 1970.
    Moment(u64) as Date: "a whole number, or a date such as \"2026-07-28\"";
    /// An amount in nano-XPL.
    Nano(u128) as Xpl: "a whole number below 2^128, or an amount such as \"250 XPL\"";
    /// An amount in nano-XPL, as records hold it.
    Amount(u64) as Xpl: "a whole number below 2^64, or an amount such as \"250 XPL\"";
}

impl Input for Decimal {
    fn kind() -> String {
        "a decimal number with up to 18 places".into()
    }

    fn read(raw: &RawValue) -> Result<Self, Refusal> {
        let text = text(raw);
        let (negative, size) = match text.trim().strip_prefix('-') {
            Some(size) => (true, size),
            None => (false, text.trim()),
        };
        let parts = match number_and_unit(size) {
            Ok((number, "")) => number.in_units(UNIT.unsigned_abs(), "10^-18").ok().and_then(|parts| i128::try_from(parts).ok()),
            _ => None,
        };
        let parts = parts.ok_or_else(|| unexpected::<Self>(raw))?;
        Ok(Self(if negative { -parts } else { parts }))
    }
}

impl Output for Decimal {
    fn kind() -> String {
        "decimal number, as a string".into()
    }

    fn json(&self) -> String {
        let (whole, rest) = (self.0.unsigned_abs() / UNIT.unsigned_abs(), self.0.unsigned_abs() % UNIT.unsigned_abs());
        let fraction = format!(".{rest:018}");
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("\"{sign}{whole}{}\"", fraction.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Input for f64 {
    fn kind() -> String {
        "a number of at least 0".into()
    }

    fn read(raw: &RawValue) -> Result<Self, Refusal> {
        let number = text(raw).trim().parse().ok().filter(|number: &Self| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| unexpected::<Self>(raw))
    }
}

impl Output for f64 {
    fn kind() -> String {
        "number".into()
    }

    fn json(&self) -> String {
        serde_json::Value::from(*self).to_string()
    }
}

impl Output for bool {
    fn kind() -> String {
        "true or false".into()
    }

    fn json(&self) -> String {
        self.to_string()
    }
}

impl<T: Input> Input for Option<T> {
    fn kind() -> String {
        format!("{}; may be left out", T::kind())
    }

    fn read(raw: &RawValue) -> Result<Self, Refusal> {
        if raw.get() == "null" { Ok(None) } else { T::read(raw).map(Some) }
    }

    fn fields() -> Vec<Described> {
        T::fields()
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Output> Output for Option<T> {
    fn kind() -> String {
        format!("{}, or null", T::kind())
    }

    fn json(&self) -> String {
        self.as_ref().map_or_else(|| "null".into(), T::json)
    }

    fn fields() -> Vec<Described> {
        T::fields()
    }
}

impl<T: Input> Input for Vec<T> {
    fn kind() -> String {
        format!("a list, each {}", T::kind())
    }

    fn read(raw: &RawValue) -> Result<Self, Refusal> {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| unexpected::<Self>(raw))?;
        items.into_iter().enumerate().map(|(i, item)| T::read(item).map_err(|refusal| refusal.within(format!("[{i}]")))).collect()
    }

    fn fields() -> Vec<Described> {
        T::fields()
    }
}

impl<T: Output> Output for Vec<T> {
    fn kind() -> String {
        format!("list, each {}", T::kind())
    }

    fn json(&self) -> String {
        format!("[{}]", self.iter().map(T::json).collect::<Vec<_>>().join(","))
    }

    fn fields() -> Vec<Described> {
        T::fields()
    }
}

/// A JSON object's fields, each once and not yet understood.
pub struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields: Vec<(String, &RawValue)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if fields.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format!("`{}` is there twice", excerpt(&name, SHOWN))));
                    }
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

impl<'a> Fields<'a> {
    /// The fields of a JSON object, all of which are `known`.
    pub fn of(text: &'a str, known: &[&str]) -> Result<Self, Refusal> {
        // Every case is one line: its number is told elsewhere.
        let fields: Self =
            serde_json::from_str(text).map_err(|error| error.to_string().replace(" at line 1 column ", " at column "))?;
        match fields.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => {
                let help = suggest::nearest(name, known.iter().copied()).unwrap_or_default();
                Err(format!("there is no field `{}`; {help}", excerpt(name, SHOWN)).into())
            }
            None => Ok(fields),
        }
    }

    /// The value of a field.
    pub fn take<T: Input>(&self, name: &str) -> Result<T, Refusal> {
        let field = self.0.iter().find(|(known, _)| known == name);
        match field {
            Some((_, raw)) => T::read(raw).map_err(|refusal| refusal.within(format!(".{name}"))),
            None => T::absent().ok_or_else(|| format!("the field `{name}` is missing: expected {}", T::kind()).into()),
        }
    }
}

/// A JSON object of a case (`input`) or an answer (`output`): for each field what it means, its type, and what it is counted in.
macro_rules! record {
    ($direction:ident $(#[doc = $about:literal])* $name:ident {
        $($(#[doc = $text:literal])+ $field:ident: $type:ty = $unit:literal,)+
    }) => {
        $(#[doc = $about])*
        struct $name {
            $($field: $type,)+
        }

        record!(@$direction $name { $($(#[doc = $text])+ $field: $type = $unit,)+ });
    };
    (@input $name:ident { $($(#[doc = $text:literal])+ $field:ident: $type:ty = $unit:literal,)+ }) => {
        impl $crate::commands::calc::field::Input for $name {
            fn kind() -> String {
                "an object".into()
            }

            fn fields() -> Vec<$crate::commands::calc::field::Described> {
                record!(@described Input $($(#[doc = $text])+ $field: $type = $unit,)+)
            }

            fn read(raw: &serde_json::value::RawValue) -> Result<Self, $crate::commands::calc::field::Refusal> {
                let fields = $crate::commands::calc::field::Fields::of(raw.get(), &[$(stringify!($field)),+])?;
                Ok(Self { $($field: fields.take(stringify!($field))?,)+ })
            }
        }
    };
    (@output $name:ident { $($(#[doc = $text:literal])+ $field:ident: $type:ty = $unit:literal,)+ }) => {
        impl $crate::commands::calc::field::Output for $name {
            fn kind() -> String {
                "an object".into()
            }

            fn fields() -> Vec<$crate::commands::calc::field::Described> {
                record!(@described Output $($(#[doc = $text])+ $field: $type = $unit,)+)
            }

            fn json(&self) -> String {
                use $crate::commands::calc::field::Output;
                let fields = [$(format!("\"{}\":{}", stringify!($field), Output::json(&self.$field))),+];
                format!("{{{}}}", fields.join(","))
            }
        }
    };
    (@described $direction:ident $($(#[doc = $text:literal])+ $field:ident: $type:ty = $unit:literal,)+) => {
        vec![$($crate::commands::calc::field::Described {
            name: stringify!($field),
            kind: <$type as $crate::commands::calc::field::$direction>::kind(),
            unit: $unit,
            text: concat!($($text),+).trim_ascii(),
            fields: <$type as $crate::commands::calc::field::$direction>::fields(),
        }),+]
    };
}
pub(super) use record;

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Input>(text: &str) -> Result<T, String> {
        T::read(serde_json::from_str(text).expect("JSON")).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn no_digit_of_a_large_number_is_lost_written_either_way() {
        let most = u128::MAX.to_string();
        assert_eq!((read(&most), read(&format!("\"{most}\""))), (Ok(u128::MAX), Ok(u128::MAX)));
        assert_eq!(u128::MAX.json(), format!("\"{most}\""));
        assert_eq!(read::<u64>("1.5"), Err("expected a whole number below 2^64, found 1.5".into()));
        assert!(read::<u64>("-1").is_err() && read::<u8>("256").is_err() && read::<u64>("\"\\ud800\"").is_err());
    }

    #[test]
    fn quantities_are_read_as_scenarios_write_them() {
        assert_eq!(read("\"2.5%\"").map(|Share(parts)| parts), Ok(25_000_000));
        assert_eq!(read("25000000").map(|Share(parts)| parts), Ok(25_000_000));
        assert_eq!(read("\"1d\"").map(|Length(ms)| ms), Ok(86_400_000));
        assert_eq!(read("\"250 XPL\"").map(|Nano(nano)| nano), Ok(250_000_000_000));
        assert!(read::<Amount>("\"99999999999 XPL\"").is_err());
    }

    #[test]
    fn decimals_are_exact_to_eighteen_places() {
        let read = |text| read::<Decimal>(text).map(|decimal| decimal.json());
        assert_eq!(read("0.070000000000000001"), Ok("\"0.070000000000000001\"".into()));
        assert_eq!([read("-0.5"), read("\"13\"")], [Ok("\"-0.5\"".into()), Ok("\"13\"".into())]);
        assert!(read("0.0000000000000000001").is_err() && read("1e3").is_err());
    }

    #[test]
    fn the_place_of_what_is_refused_is_named() {
        let refusal = read::<Vec<u8>>("[1, 2, \"x\"]").unwrap_err();
        assert_eq!(refusal, "`[2]`: expected a whole number up to 255, found \"x\"");
    }
}
