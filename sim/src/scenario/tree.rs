//! A scenario before it has types: what was written, each value with its origin and its provenance.

use super::quantity::{SHOWN, excerpt};
use super::source::Origin;

/// Who says so, and how sure they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Where the value comes from.
    pub source: Option<String>,
    /// How well established it is.
    pub confidence: Option<Confidence>,
}

/// How well established a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// Assumed, or from memory.
    Low,
    /// Derived, or from a secondary source.
    Medium,
    /// Measured, or from the primary source.
    High,
}

impl Confidence {
    /// The names, from high to low.
    pub const NAMES: [&str; 3] = ["high", "medium", "low"];

    /// As files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// From how files write it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::High, Self::Medium, Self::Low].into_iter().find(|confidence| confidence.name() == name)
    }
}

/// A value as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub value: Value,
    pub origin: Origin,
    pub provenance: Provenance,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Boolean(bool),
    Integer(i128),
    Float(f64),
    /// A text, or a date as its text.
    Text(String),
    List(Vec<Node>),
    Table(Table),
}

/// The entries of a table in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub key_origin: Origin,
    pub node: Node,
}

impl Table {
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let position = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(position))
    }
}

impl Node {
    pub fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The id of a table that is an element of a list.
    pub fn id(&self) -> Option<&str> {
        match &self.table()?.get("id")?.value {
            Value::Text(id) => Some(id),
            _ => None,
        }
    }

    /// What kind of value it is, in the words of an error.
    pub fn found(&self) -> String {
        match &self.value {
            Value::Boolean(value) => value.to_string(),
            Value::Integer(value) => format!("the number {value}"),
            Value::Float(value) => format!("the number {value}"),
            Value::Text(text) => format!("\"{}\"", excerpt(text, SHOWN)),
            Value::List(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        }
    }
}

/// Name of an element of a list in a path: its id, or else its position.
pub(crate) fn segment(element: &Node, position: usize) -> String {
    element.id().map_or_else(|| position.to_string(), str::to_owned)
}

/// A path with one more segment.
pub(crate) fn join(path: &str, segment: &str) -> String {
    if path.is_empty() { segment.to_owned() } else { format!("{path}.{segment}") }
}

/// Calls `visit` with the path and node of everything in `node`, and with where its key was written; parents first.
pub(crate) fn walk<'a>(path: &str, key: &'a Origin, node: &'a Node, visit: &mut impl FnMut(&str, &'a Origin, &'a Node)) {
    visit(path, key, node);
    match &node.value {
        Value::Table(table) => {
            table.entries.iter().for_each(|entry| walk(&join(path, &entry.key), &entry.key_origin, &entry.node, visit));
        }
        Value::List(list) => {
            for (position, element) in list.iter().enumerate() {
                walk(&join(path, &segment(element, position)), &element.origin, element, visit);
            }
        }
        _ => {}
    }
}

/// Calls `visit` with the path and node of every value: a list of plain values is one.
pub(crate) fn leaves<'a>(path: &str, node: &'a Node, visit: &mut impl FnMut(&str, &'a Node)) {
    match &node.value {
        Value::Table(table) => {
            table.entries.iter().for_each(|entry| leaves(&join(path, &entry.key), &entry.node, visit));
        }
        Value::List(list) if list.iter().any(|element| element.table().is_some()) => {
            for (position, element) in list.iter().enumerate() {
                leaves(&join(path, &segment(element, position)), element, visit);
            }
        }
        _ => visit(path, node),
    }
}
