//! From TOML text to a tree.
//!
//! Any value may be written as `{ value = …, source = "…", confidence = "…" }`, and a table may carry `source` and `confidence`
//! for every value within it that has none of its own. Both forms become plain values here, each with its [`Provenance`].

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::Problem;
use super::quantity::{SHOWN, excerpt};
use super::source::{Origin, Sources};
use super::suggest;
use super::tree::{Confidence, Entry, Node, Provenance, Table, Value, join, segment};

/// Parses the whole of a source.
pub(crate) fn document(sources: &Sources, source: usize) -> Result<Node, Vec<Problem>> {
    let text = &sources.list()[source].text;
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problem = |error: &toml::de::Error| {
            let origin = Origin { source, span: error.span().unwrap_or(0..0) };
            Problem::at(sources, &origin, format!("this is not TOML: {}", error.message()))
        };
        // After the first error recovery guesses; more than a few guesses help nobody.
        return Err(errors.iter().take(3).map(problem).collect());
    }
    let mut parser = Parser { sources, source, problems: Vec::new() };
    let node = parser.table(table.into_inner(), 0..0, &Provenance::default());
    parser.check_ids("", &node);
    if parser.problems.is_empty() { Ok(node) } else { Err(parser.problems) }
}

/// Parses the value of an override, which is a bare text when it is no TOML value.
pub(crate) fn override_value(sources: &Sources, source: usize, span: std::ops::Range<usize>) -> Result<Node, Vec<Problem>> {
    let text = &sources.list()[source].text[span.clone()];
    let origin = Origin { source, span };
    let mut parser = Parser { sources, source, problems: Vec::new() };
    let node = match DeValue::parse(text.trim()) {
        Ok(value) => parser.node(value, &Provenance::default()),
        Err(_) => Node { value: Value::Text(text.trim().into()), origin: origin.clone(), provenance: Provenance::default() },
    };
    if parser.problems.is_empty() { Ok(relocate(node, &origin)) } else { Err(parser.problems) }
}

/// Spans of an override count from its value, not from the whole argument: mark the value as a whole.
fn relocate(mut node: Node, origin: &Origin) -> Node {
    node.origin = origin.clone();
    match &mut node.value {
        Value::List(list) => *list = std::mem::take(list).into_iter().map(|element| relocate(element, origin)).collect(),
        Value::Table(table) => {
            for entry in &mut table.entries {
                entry.key_origin = origin.clone();
                entry.node = relocate(entry.node.clone(), origin);
            }
        }
        _ => {}
    }
    node
}

struct Parser<'a> {
    sources: &'a Sources,
    source: usize,
    problems: Vec<Problem>,
}

impl Parser<'_> {
    fn origin(&self, span: std::ops::Range<usize>) -> Origin {
        Origin { source: self.source, span }
    }

    fn node(&mut self, value: Spanned<DeValue>, provenance: &Provenance) -> Node {
        let span = value.span();
        let value = match value.into_inner() {
            DeValue::Table(table) => return self.table(table, span, provenance),
            DeValue::Array(list) => Value::List(list.into_iter().map(|element| self.node(element, provenance)).collect()),
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Datetime(date) => Value::Text(date.to_string()),
            DeValue::Boolean(value) => Value::Boolean(value),
            DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(value) => Value::Integer(value),
                Err(_) => self.refused(&span, "a whole number within 128 bits"),
            },
            DeValue::Float(float) => match float.as_str().parse() {
                Ok(value) => Value::Float(value),
                Err(_) => self.refused(&span, "a number"),
            },
        };
        Node { value, origin: self.origin(span), provenance: provenance.clone() }
    }

    fn refused(&mut self, span: &std::ops::Range<usize>, expected: &str) -> Value {
        self.problems.push(Problem::at(self.sources, &self.origin(span.clone()), format!("expected {expected}")));
        Value::Boolean(false)
    }

    fn table(&mut self, table: DeTable, span: std::ops::Range<usize>, inherited: &Provenance) -> Node {
        let mut written: Vec<_> = table.into_iter().collect();
        written.sort_by_key(|(key, _)| key.span().start);
        let mut provenance = inherited.clone();
        let mut others = Vec::new();
        for (key, value) in written {
            match key.get_ref().as_ref() {
                "source" => provenance.source = self.source_of(value),
                "confidence" => provenance.confidence = self.confidence_of(value),
                _ => others.push((key, value)),
            }
        }
        // A table of nothing but a value and its provenance is that value.
        let only_value = others.len() == 1 && others[0].0.get_ref() == "value";
        if let Some((_, value)) = only_value.then(|| others.pop()).flatten() {
            return self.node(value, &provenance);
        }
        self.only_provenance_beside_a_value(&others);
        let entries = others
            .into_iter()
            .map(|(key, value)| Entry {
                key_origin: self.origin(key.span()),
                key: key.into_inner().into_owned(),
                node: self.node(value, &provenance),
            })
            .collect();
        Node { value: Value::Table(Table { entries }), origin: self.origin(span), provenance }
    }

    /// No table of a scenario has a key `value`: what else stands beside one is a misspelt provenance.
    fn only_provenance_beside_a_value(&mut self, entries: &[(Spanned<DeString>, Spanned<DeValue>)]) {
        if !entries.iter().any(|(key, _)| key.get_ref() == "value") {
            return;
        }
        for (key, _) in entries.iter().filter(|(key, _)| key.get_ref() != "value") {
            let name = key.get_ref();
            let message = format!("unknown key `{}`: beside `value` stand its source and confidence", excerpt(name, SHOWN));
            let problem = Problem::at(self.sources, &self.origin(key.span()), message).with_key(name.as_ref());
            self.problems.push(problem.with_label("unknown").with_help(suggest::nearest(name, ["source", "confidence"])));
        }
    }

    fn source_of(&mut self, value: Spanned<DeValue>) -> Option<String> {
        let span = value.span();
        match value.into_inner() {
            DeValue::String(source) => Some(source.into_owned()),
            _ => {
                let message = "expected where the value comes from, as a text";
                self.problems.push(Problem::at(self.sources, &self.origin(span), message).with_key("source"));
                None
            }
        }
    }

    fn confidence_of(&mut self, value: Spanned<DeValue>) -> Option<Confidence> {
        let name = value.get_ref().as_str().unwrap_or_default();
        let confidence = Confidence::from_name(name);
        if confidence.is_none() {
            let problem = Problem::at(self.sources, &self.origin(value.span()), "expected \"high\", \"medium\" or \"low\"");
            self.problems.push(problem.with_key("confidence").with_help(suggest::nearest(name, Confidence::NAMES)));
        }
        confidence
    }

    /// Two elements of one list under one id would make every reference to it ambiguous.
    fn check_ids(&mut self, path: &str, node: &Node) {
        match &node.value {
            Value::Table(table) => {
                table.entries.iter().for_each(|entry| self.check_ids(&join(path, &entry.key), &entry.node));
            }
            Value::List(list) => {
                let mut seen = std::collections::BTreeSet::new();
                for (position, element) in list.iter().enumerate() {
                    if let Some(id) = element.id().filter(|id| !seen.insert(id.to_string())) {
                        let origin = element.table().and_then(|table| table.get("id")).map_or(&element.origin, |id| &id.origin);
                        let message = format!("there is already a {path} `{}`", excerpt(id, SHOWN));
                        self.problems
                            .push(Problem::at(self.sources, origin, message).with_key(join(path, id)).with_label("again here"));
                    }
                    self.check_ids(&join(path, &segment(element, position)), element);
                }
            }
            _ => {}
        }
    }
}
