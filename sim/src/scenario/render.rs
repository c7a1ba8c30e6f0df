//! A scenario as text again: complete, with what is known about each value.

use std::collections::BTreeMap;
use std::fmt::Write;

use plasma_core::params::TABLE;

use super::files::read_inline;
use super::load::Loaded;
use super::model::Scenario;
use super::protocol::{section_and_name, sections, toml_value};
use super::source::Sources;
use super::tree::{Provenance, leaves};

/// The complete scenario as a file, which loads as the same scenario: every value, with a comment where it is a default, was
/// overridden, or has a provenance.
pub fn render_resolved(loaded: &Loaded) -> String {
    let canonical = canonical(&loaded.scenario);
    let mut sources = Sources::default();
    let Ok(tree) = read_inline("resolved", &canonical, &mut sources) else {
        // Without comments it is still the scenario.
        return canonical;
    };
    let mut comments = BTreeMap::new();
    leaves("", &tree, &mut |path, node| {
        if let Some(comment) = comment(path, loaded) {
            let end = node.origin.span.end;
            comments.insert(canonical[end..].find('\n').map_or(canonical.len(), |i| end + i), comment);
        }
    });
    let mut text = String::with_capacity(canonical.len() * 2);
    let mut from = 0;
    for (end, comment) in comments {
        text.push_str(&canonical[from..end]);
        text.push_str(&comment);
        from = end;
    }
    text.push_str(&canonical[from..]);
    text
}

/// How a resolved scenario ends the line of a value that came from the command line.
pub const OVERRIDDEN: &str = "  # --set";

fn comment(path: &str, loaded: &Loaded) -> Option<String> {
    if path.ends_with(".id") {
        return None;
    }
    let Some(Provenance { source, confidence }) = loaded.provenance.get(path) else { return Some("  # default".into()) };
    if loaded.overridden.iter().any(|overridden| overridden == path) {
        return Some(OVERRIDDEN.into());
    }
    let source = source.as_ref().map(|source| format!("source: {}", source.replace(char::is_control, " ")));
    let confidence = confidence.map(|confidence| format!("confidence: {}", confidence.name()));
    let parts: Vec<String> = source.into_iter().chain(confidence).collect();
    (!parts.is_empty()).then(|| format!("  # {}", parts.join("; ")))
}

/// BLAKE3 of the scenario's canonical text: equal for equal scenarios, however they were written and whatever was found.
pub fn digest(scenario: &Scenario) -> [u8; 32] {
    let asked = Scenario { finding: None, ..scenario.clone() };
    *blake3::hash(canonical(&asked).as_bytes()).as_bytes()
}

/// The complete scenario in one fixed spelling: the world in the order of its types, then the parameters in the order of their
/// table.
fn canonical(scenario: &Scenario) -> String {
    let mut text = toml::to_string(scenario).expect("every part of a scenario can be written as TOML");
    for section in sections() {
        let _ = writeln!(text, "\n[{section}]");
        for (spec, &value) in TABLE.iter().zip(scenario.params.values()) {
            let (of, name) = section_and_name(spec);
            if of == section {
                let _ = writeln!(text, "{name} = {}", toml_value(spec.unit, value));
            }
        }
    }
    text
}
