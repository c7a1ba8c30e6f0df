//! Parameters of the protocol as a case holds them: what it leaves out keeps its default.

use super::field::{Input, Refusal, text, unexpected};
use plasma_core::params::{Params, TABLE, Unit};
use plasma_sim::scenario::quantity::{Ratio, SpanMs, Xpl};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Parameters of emission.
pub struct Settings(pub Params);

/// What a parameter can be, by name.
fn names(key: &str) -> &'static [&'static str] {
    let spec = TABLE.iter().find(|spec| spec.key == key);
    match spec.map(|spec| spec.unit) {
        Some(Unit::Choice(names)) => names,
        _ => &[],
    }
}

macro_rules! choices {
    ($($(#[doc = $text:literal])+ $name:ident of $key:literal;)+) => {$(
        $(#[doc = $text])+
        pub struct $name(pub u64);

        impl Input for $name {
            fn kind() -> String {
                format!("one of {}", names($key).iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", "))
            }

            fn read(raw: &RawValue) -> Result<Self, Refusal> {
                let name = text(raw);
                let position = names($key).iter().position(|known| *known == name.trim());
                position.map(|position| Self(position as u64)).ok_or_else(|| unexpected::<Self>(raw))
            }
        }
    )+};
}

choices! {
    /// An emission schedule, by name.
    ScheduleName of "emission.schedule";
    /// What a fault costs of stake beside rewards held back, by name.
    StakeSlash of "slash.stake";
}

/// What a text says of a parameter.
fn value(unit: Unit, text: &str) -> Option<u64> {
    if let Unit::Choice(names) = unit {
        return names.iter().position(|name| *name == text).map(|position| position as u64);
    }
    if let Ok(number) = text.replace('_', "").parse() {
        return Some(number);
    }
    match unit {
        Unit::Ratio => text.parse().ok().map(|Ratio(parts)| parts),
        Unit::Span => text.parse().ok().map(|SpanMs(span)| span),
        Unit::Amount => text.parse().ok().and_then(|Xpl(nano)| nano.try_into().ok()),
        Unit::WholeXpl => text.parse().ok().and_then(|Xpl(nano)| (nano / u128::from(plasma_core::money::XPL)).try_into().ok()),
        Unit::Count | Unit::Choice(_) => None,
    }
}

impl Input for Settings {
    fn kind() -> String {
        "an object of parameters such as {\"emission.rate\": \"5%\"}".into()
    }

    fn read(raw: &RawValue) -> Result<Self, Refusal> {
        let written: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).map_err(|_| unexpected::<Self>(raw))?;
        let mut params = Params::default();
        for (key, raw) in written {
            let spec = TABLE.iter().find(|spec| spec.key == key).ok_or_else(|| format!("there is no parameter `{key}`"))?;
            let value = value(spec.unit, text(raw).trim()).ok_or_else(|| format!("`{key}`: {} is no such value", raw.get()))?;
            params.set(spec.key, value).map_err(|error| error.to_string())?;
        }
        Ok(Self(params))
    }
}
