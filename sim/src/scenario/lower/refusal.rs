//! Why a value of the tree is not the type it should be.

use std::fmt;

use serde::de::{Expected, Unexpected};

use crate::scenario::quantity::{SHOWN, excerpt};
use crate::scenario::source::Origin;

/// A complaint with its place, which is added on the way out of the tree.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub complaint: Complaint,
    /// Segments of the path, innermost first.
    pub path: Vec<String>,
    pub origin: Option<Origin>,
}

#[derive(Debug)]
pub(crate) enum Complaint {
    /// The table has no such key.
    UnknownKey { found: String, known: &'static [&'static str] },
    /// The table lacks a key.
    MissingKey(&'static str),
    /// The name is none of those allowed.
    UnknownName { found: String, known: &'static [&'static str] },
    /// Anything else, in words.
    Other(String),
}

impl Refusal {
    /// Notes where the refused value was written, unless something within it is already to blame.
    pub fn located(mut self, origin: &Origin) -> Self {
        self.origin.get_or_insert_with(|| origin.clone());
        self
    }

    /// Notes a segment of the path around the refused value.
    pub fn within(mut self, segment: impl Into<String>) -> Self {
        self.path.push(segment.into());
        self
    }

    /// The path of the refused value.
    pub fn key(&self) -> String {
        self.path.iter().rev().map(String::as_str).collect::<Vec<_>>().join(".")
    }

    fn new(complaint: Complaint) -> Self {
        Self { complaint, path: Vec::new(), origin: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.complaint {
            Complaint::UnknownKey { found, .. } => write!(f, "there is no key `{}` here", excerpt(found, SHOWN)),
            Complaint::MissingKey(key) => write!(f, "the key `{key}` is missing"),
            Complaint::UnknownName { found, known } => {
                let known: Vec<_> = known.iter().map(|name| format!("\"{name}\"")).collect();
                write!(f, "expected {}, found \"{}\"", known.join(" or "), excerpt(found, SHOWN))
            }
            Complaint::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Refusal {}

impl serde::de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Complaint::Other(message.to_string()))
    }

    fn invalid_type(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::custom(format!("expected {}, found {}", plain(expected), shown(found)))
    }

    fn invalid_value(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(found: usize, expected: &dyn Expected) -> Self {
        Self::custom(format!("expected {}, found {found}", plain(expected)))
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Self::new(Complaint::UnknownName { found: found.into(), known })
    }

    fn unknown_field(found: &str, known: &'static [&'static str]) -> Self {
        Self::new(Complaint::UnknownKey { found: found.into(), known })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(Complaint::MissingKey(key))
    }
}

/// What serde expects, in the words of scenario files.
fn plain(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "u8" => "a whole number up to 255".into(),
        "u32" => "a whole number up to 4_294_967_295".into(),
        "u64" => "a whole number of at least 0".into(),
        "f64" => "a number".into(),
        "a string" => "a text".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list".into(),
        "a map" => "a table".into(),
        "an array of length 7" => "a list of 7 numbers".into(),
        other if other.starts_with("struct ") => "a table".into(),
        other if other.starts_with("variant of enum ") || other.starts_with("enum ") => "a name".into(),
        _ => expected,
    }
}

fn shown(found: Unexpected) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Str(text) => format!("\"{}\"", excerpt(text, SHOWN)),
        Unexpected::Seq => "a list".into(),
        Unexpected::Map => "a table".into(),
        other => other.to_string(),
    }
}
