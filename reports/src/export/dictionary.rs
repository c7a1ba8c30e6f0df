//! What the columns of an export are, in words.

use crate::write::{At, WriteError};
use plasma_core::params::TABLE;
use plasma_core::record::{DICTIONARY, Entry};
use plasma_core::rejection::Rejection;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const NOTE: &str = "Moments are milliseconds since the Unix epoch, spans milliseconds. A field of several numbers has a column for \
                    each: sizes_0, sizes_1, …. A null is an identifier of nothing. A code is found in `rejections`, a position in \
                    TABLE in `parameters`.";

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
        "note": NOTE,
        "columns": texts(COMMON),
        "rejections": Rejection::ALL.iter().map(|reason| (*reason as u32, reason.text())).collect::<BTreeMap<_, _>>(),
        "parameters": TABLE.iter().map(|spec| spec.key).collect::<Vec<_>>(),
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
    Some(json!({ "columns": texts(COMMON), kind: { name: about(entry) } }).to_string())
}

fn about(entry: &Entry) -> Value {
    json!({ "text": plain(entry.text), "fields": texts(entry.fields()) })
}

fn texts(pairs: impl IntoIterator<Item = (&'static str, &'static str)>) -> Value {
    Value::Object(pairs.into_iter().map(|(name, text)| (name.to_owned(), plain(text).into())).collect::<Map<_, _>>())
}

/// Documentation without its links.
fn plain(text: &str) -> String {
    text.trim().replace("[`", "`").replace("`]", "`")
}
