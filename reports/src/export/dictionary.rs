//! What the columns of an export are, in words.

use crate::write::{At, WriteError};
use plasma_core::record::{DICTIONARY, Entry};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Columns that are not fields of a record's own.
const COMMON: [(&str, &str); 7] = [
    ("record", "Position in the log, from 0, of commands, timers and events alike."),
    ("follows", "Position of the command or timer that an event followed from."),
    ("time", "When, in UTC; in JSON lines milliseconds since the Unix epoch."),
    ("cause", "Name of the command or timer that an event followed from."),
    ("origin", "Who sent the command: an account, a feeder of the oracle, or the host; empty for a timer."),
    ("origin_id", "Number of that account or feeder."),
    ("fee", "Base fee that the command burned, in nano-XPL."),
];

/// Writes what every column is.
pub(super) fn write(path: &Path) -> Result<(), WriteError> {
    let of_kind = |kind: &'static str| {
        let entries = DICTIONARY.iter().filter(move |entry| entry.kind == kind);
        Value::Object(entries.map(|entry| (entry.name.to_owned(), about(entry))).collect())
    };
    let all = json!({
        "note": "A field of several numbers has a column for each: sizes_0, sizes_1, …. A null is an identifier of nothing.",
        "columns": texts(COMMON.into_iter()),
        "commands": of_kind("command"),
        "timers": of_kind("timer"),
        "events": of_kind("event"),
    });
    std::fs::write(path, serde_json::to_string_pretty(&all).at(path)? + "\n").at(path)
}

/// What one kind of record is, as text for its file's metadata; nothing for a name that is none.
pub(super) fn text(folder: &str, name: &str) -> Option<String> {
    let kind = folder.trim_end_matches('s');
    let entry = DICTIONARY.iter().find(|entry| (entry.kind, entry.name) == (kind, name))?;
    Some(json!({ "columns": texts(COMMON.into_iter()), kind: { name: about(entry) } }).to_string())
}

fn about(entry: &Entry) -> Value {
    json!({ "text": entry.text.trim(), "fields": texts(entry.fields()) })
}

fn texts(pairs: impl Iterator<Item = (&'static str, &'static str)>) -> Value {
    Value::Object(pairs.map(|(name, text)| (name.to_owned(), text.into())).collect::<Map<_, _>>())
}
