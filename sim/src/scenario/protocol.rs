//! The sections of protocol parameters: `[fee]`, `[market]`, … as the protocol's own table declares them.

use std::collections::BTreeSet;

use plasma_core::money::XPL;
use plasma_core::params::{ParamError, Params, Spec, TABLE, Unit};

use super::error::Problem;
use super::quantity::{Fault, Quantity, Ratio, SHOWN, SpanMs, Xpl, decimal, excerpt, message};
use super::source::Sources;
use super::suggest;
use super::tree::{Entry, Node, Value, join};

/// Price feeders of a simulated ledger: the exchange is the only place that knows a price.
pub(crate) const FEEDERS: u8 = 1;

/// Names of the sections, in the order of the table.
pub(crate) fn sections() -> Vec<&'static str> {
    let mut seen = BTreeSet::new();
    TABLE.iter().map(section_and_name).map(|(section, _)| section).filter(|section| seen.insert(*section)).collect()
}

/// `fee` and `rate` of `fee.rate`.
pub(crate) fn section_and_name(spec: &Spec) -> (&'static str, &'static str) {
    spec.key.split_once('.').unwrap_or(("", spec.key))
}

/// Reads the parameters from their sections; what no section names keeps its default.
pub(crate) fn read(sections: &[Entry], sources: &Sources) -> Result<Params, Vec<Problem>> {
    let (mut params, mut problems) = (Params::default(), Vec::new());
    for section in sections {
        let Some(table) = section.node.table() else {
            let message = format!("expected a table, found {}", section.node.found());
            problems.push(Problem::at(sources, &section.node.origin, message).with_key(&section.key));
            continue;
        };
        for entry in &table.entries {
            let key = join(&section.key, &entry.key);
            match TABLE.iter().find(|spec| spec.key == key) {
                None => problems.push(unknown(&section.key, entry, sources)),
                Some(spec) => {
                    if let Err(problem) = read_one(&mut params, spec, &entry.node, sources) {
                        problems.push(problem);
                    }
                }
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    match params.check().and_then(|()| params.check_feeders(FEEDERS.into())) {
        Ok(()) => Ok(params),
        Err(error) => Err(vec![contradiction(&error, sections, sources)]),
    }
}

fn unknown(section: &str, entry: &Entry, sources: &Sources) -> Problem {
    let known = TABLE.iter().map(section_and_name).filter(|(of, _)| *of == section).map(|(_, name)| name);
    let misspelt = suggest::close(&entry.key, known.clone()).is_some();
    let misplaced = if misspelt { None } else { elsewhere(&entry.key) };
    let help = misplaced.or_else(|| suggest::nearest(&entry.key, known));
    let message = format!("there is no key `{}` here", excerpt(&entry.key, SHOWN));
    Problem::at(sources, &entry.key_origin, message).with_key(join(section, &entry.key)).with_label("unknown").with_help(help)
}

/// Help for a key that is at home in another section, as `market.fee` is in `fee.rate`.
fn elsewhere(found: &str) -> Option<String> {
    let related = TABLE.iter().filter(|spec| {
        let (section, name) = section_and_name(spec);
        section == found || name == found
    });
    let keys: Vec<&str> = related.map(|spec| spec.key).collect();
    let all = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    (!keys.is_empty()).then(|| format!("did you mean one of {all}?"))
}

fn read_one(params: &mut Params, spec: &Spec, node: &Node, sources: &Sources) -> Result<(), Problem> {
    let refused = |message: String| {
        Problem::at(sources, &node.origin, message).with_key(spec.key).with_help(Some(format!("{} {}", spec.text, range(spec))))
    };
    let value = read_value(spec.unit, node).map_err(refused)?;
    params.set(spec.key, value).map_err(|error| match error {
        ParamError::Range { min, max, .. } => refused(format!(
            "expected between {} and {}, found {}",
            show_value(spec.unit, min),
            show_value(spec.unit, max),
            show_value(spec.unit, value)
        )),
        other => refused(other.to_string()),
    })
}

/// The legal range and the default of a parameter, in words.
pub(crate) fn range(spec: &Spec) -> String {
    let default = show_value(spec.unit, spec.default);
    match spec.unit {
        Unit::Choice(names) => format!("(One of {}; default {default}.)", quoted(names)),
        unit => format!("({} to {}, default {default}.)", show_value(unit, spec.min), show_value(unit, spec.max)),
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// Marks the first written value that a contradiction names: each value alone is legal.
fn contradiction(error: &ParamError, sections: &[Entry], sources: &Sources) -> Problem {
    let message = error.to_string();
    for section in sections {
        for entry in section.node.table().into_iter().flat_map(|table| &table.entries) {
            let key = join(&section.key, &entry.key);
            if message.split([' ', ',']).any(|word| word == key) {
                return Problem::at(sources, &entry.node.origin, message).with_key(key).with_label("contradicts the others");
            }
        }
    }
    Problem::nowhere(message)
}

/// The position and the value of a parameter that may change while the ledger runs, from its key and its value's spelling.
///
/// # Errors
/// A sentence, when there is no such parameter, it is fixed, or the value is none of its values.
pub(crate) fn setting(key: &str, text: &str) -> Result<(u32, u64), String> {
    let position = Params::position(key).ok_or_else(|| {
        let help = suggest::nearest(key, TABLE.iter().map(|spec| spec.key)).map_or_else(String::new, |help| format!(": {help}"));
        format!("there is no parameter `{}`{help}", excerpt(key, SHOWN))
    })?;
    let spec = &TABLE[position as usize];
    if spec.fixed {
        return Err(format!("`{key}` cannot change while the ledger runs"));
    }
    let value = match spec.unit {
        Unit::Count => {
            text.replace('_', "").parse().map_err(|_| format!("expected a count, found \"{}\"", excerpt(text, SHOWN)))?
        }
        unit => {
            let origin = super::source::Origin { source: 0, span: 0..0 };
            read_value(unit, &Node { value: Value::Text(text.into()), origin, provenance: Default::default() })?
        }
    };
    match (spec.min..=spec.max).contains(&value) {
        true => Ok((position, value)),
        false => Err(format!("{} {}", spec.text, range(spec))),
    }
}

/// Reads one value by its unit.
fn read_value(unit: Unit, node: &Node) -> Result<u64, String> {
    fn quantity<Q: Quantity>(node: &Node) -> Result<Q, String> {
        match &node.value {
            Value::Text(text) => Q::read(text).map_err(|fault| message::<Q>(text, fault)),
            _ => Err(format!("expected {}, found {}", Q::EXPECTED, node.found())),
        }
    }
    let whole = |per_one: u64| {
        let amount = quantity::<Xpl>(node)?.0;
        match amount.is_multiple_of(u128::from(per_one)) {
            true => u64::try_from(amount / u128::from(per_one)).map_err(|_| message::<Xpl>(&node.found(), Fault::TooLarge)),
            false => Err(format!("expected whole XPL, found {}", Xpl(amount))),
        }
    };
    match unit {
        Unit::Ratio => quantity::<Ratio>(node).map(|ratio| ratio.0),
        Unit::Span => quantity::<SpanMs>(node).map(|span| span.0),
        Unit::Amount => whole(1),
        Unit::WholeXpl => whole(XPL),
        Unit::Count => match node.value {
            Value::Integer(count) => u64::try_from(count).map_err(|_| format!("expected a count, found the number {count}")),
            _ => Err(format!("expected a count, found {}", node.found())),
        },
        Unit::Choice(names) => match &node.value {
            Value::Text(name) if names.contains(&name.as_str()) => {
                Ok(names.iter().position(|known| known == name).unwrap_or_default() as u64)
            }
            _ => Err(format!("expected one of {}, found {}", quoted(names), node.found())),
        },
    }
}

/// A parameter's value as files write it, without quotes.
pub fn show_value(unit: Unit, value: u64) -> String {
    match unit {
        Unit::Ratio => Ratio(value).to_string(),
        Unit::Span => SpanMs(value).to_string(),
        Unit::Amount => Xpl(u128::from(value)).to_string(),
        Unit::WholeXpl => Xpl(u128::from(value) * u128::from(XPL)).to_string(),
        Unit::Count => decimal::group(u128::from(value)),
        Unit::Choice(names) => usize::try_from(value).ok().and_then(|i| names.get(i)).unwrap_or(&"?").to_string(),
    }
}

/// A value as TOML.
pub(crate) fn toml_value(unit: Unit, value: u64) -> String {
    match unit {
        Unit::Count => show_value(unit, value),
        _ => format!("\"{}\"", show_value(unit, value)),
    }
}

/// Regular expression of the spellings of a unit, for editors; `None` for what is written as a number.
pub(crate) fn pattern(unit: Unit) -> Option<&'static str> {
    match unit {
        Unit::Ratio => Some(Ratio::PATTERN),
        Unit::Span => Some(SpanMs::PATTERN),
        Unit::Amount | Unit::WholeXpl => Some(Xpl::PATTERN),
        Unit::Count | Unit::Choice(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{TABLE, read_value, section_and_name, sections, show_value};
    use crate::scenario::source::Origin;
    use crate::scenario::tree::{Node, Provenance, Value};
    use plasma_core::params::Unit;

    #[test]
    fn every_legal_bound_reads_back() {
        for spec in TABLE {
            for value in [spec.min, spec.default, spec.max] {
                let shown = show_value(spec.unit, value);
                let value_node = match spec.unit {
                    Unit::Count => Value::Integer(i128::from(value)),
                    _ => Value::Text(shown.clone()),
                };
                let origin = Origin { source: 0, span: 0..0 };
                let node = Node { value: value_node, origin, provenance: Provenance::default() };
                assert_eq!(read_value(spec.unit, &node), Ok(value), "{} = {shown}", spec.key);
            }
        }
    }

    #[test]
    fn every_key_has_a_section() {
        assert!(TABLE.iter().all(|spec| !section_and_name(spec).0.is_empty()));
        assert_eq!(sections()[..3], ["fee", "settle", "market"]);
    }
}
