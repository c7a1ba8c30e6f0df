//! The value of a protocol parameter, where the parameter is named elsewhere.

use std::fmt;

use super::{Fault, Quantity, written_as_string};

/// A parameter's value, spelled as the parameter's own section spells it. What it means, the parameter's unit says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Setting(pub String);

impl Quantity for Setting {
    const EXPECTED: &'static str = "a value as the parameter's own section writes it";
    const PATTERN: &'static str = "^.+$";
    const NUMBER: bool = true;

    fn read(text: &str) -> Result<Self, Fault> {
        if text.is_empty() { Err(Fault::Spelling) } else { Ok(Self(text.into())) }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

written_as_string!(Setting);
