//! One tree from several: a file over what it extends, and overrides over both.

use super::error::Problem;
use super::quantity::{SHOWN, excerpt};
use super::source::{Origin, Sources};
use super::tree::{Entry, Node, Provenance, Table, Value, segment};
use super::{parse, suggest};

/// Keys by which a table says one of several things: how large jobs are, what makes the price of XPL.
const EITHER: [&[&[&str]]; 2] =
    [&[&["median", "sigma"], &["quantiles"], &["values"], &["csv"]], &[&["fixed"], &["amm"], &["gbm"], &["csv"]]];

/// Keys of tables that say one thing together, such as a distribution: part of another would make it a third.
const WHOLE: [&str; 3] = ["quantiles", "values", "csv"];

/// `child` over `parent`: tables merge key by key, lists of tables with ids merge element by element, new elements follow the old
/// ones; everything else is replaced, and so is a table that says something of which the other says the contrary, or all of it.
pub(crate) fn merge(parent: Node, child: Node) -> Node {
    let value = match (parent.value, child.value) {
        (Value::Table(parent), Value::Table(child)) if !contrary(&parent, &child) => Value::Table(merge_tables(parent, child)),
        (Value::List(parent), Value::List(child)) if all_named(&parent) && all_named(&child) => {
            Value::List(merge_lists(parent, child))
        }
        (_, child) => child,
    };
    Node { value, origin: child.origin, provenance: child.provenance }
}

/// Whether two tables say different ones of the things of which only one can be.
fn contrary(parent: &Table, child: &Table) -> bool {
    let says = |table: &Table, way: &[&str]| way.iter().any(|key| table.get(key).is_some());
    let said = |table: &Table, ways: &[&[&str]]| ways.iter().position(|way| says(table, way));
    EITHER.iter().any(|ways| said(parent, ways).zip(said(child, ways)).is_some_and(|(before, now)| before != now))
}

fn all_named(list: &[Node]) -> bool {
    !list.is_empty() && list.iter().all(|element| element.id().is_some())
}

fn merge_tables(mut parent: Table, child: Table) -> Table {
    for entry in child.entries {
        match parent.entries.iter_mut().find(|old| old.key == entry.key) {
            Some(old) if WHOLE.contains(&old.key.as_str()) => *old = entry,
            Some(old) => {
                old.node = merge(take(&mut old.node), entry.node);
                old.key_origin = entry.key_origin;
            }
            None => parent.entries.push(entry),
        }
    }
    parent
}

fn merge_lists(mut parent: Vec<Node>, child: Vec<Node>) -> Vec<Node> {
    for element in child {
        match parent.iter_mut().find(|old| old.id() == element.id()) {
            Some(old) => *old = merge(take(old), element),
            None => parent.push(element),
        }
    }
    parent
}

/// Moves a node out, leaving a placeholder that is overwritten at once.
fn take(node: &mut Node) -> Node {
    let placeholder = Node { value: Value::Boolean(false), origin: node.origin.clone(), provenance: Provenance::default() };
    std::mem::replace(node, placeholder)
}

/// Applies an override `key=value`, where the key is a path such as `fee.rate` or `demand.chat.rate`.
pub(crate) fn set(root: &mut Node, sources: &Sources, source: usize) -> Result<(), Vec<Problem>> {
    let text = &sources.list()[source].text;
    let whole = Origin { source, span: 0..text.len() };
    let Some((path, value)) = text.split_once('=').filter(|(path, _)| !path.trim().is_empty()) else {
        let problem = Problem::at(sources, &whole, "expected an override such as `fee.rate=2%`");
        return Err(vec![problem]);
    };
    let span = path.len() + 1..path.len() + 1 + value.len();
    let value = parse::override_value(sources, source, span)?;
    // No path of a scenario is deeper, and recursion over a hostile one must end.
    const DEEPEST: usize = 16;
    let segments: Vec<&str> = path.trim().split('.').collect();
    let key_origin = Origin { source, span: 0..path.len() };
    if segments.len() > DEEPEST || segments.contains(&"") {
        return Err(vec![Problem::at(sources, &key_origin, "expected a path such as `demand.chat.rate`")]);
    }
    put(root, &segments, value, &key_origin).map_err(|refusal| {
        let message = format!("nothing here is called `{}`", excerpt(&refusal.found, SHOWN));
        let problem = Problem::at(sources, &key_origin, message).with_key(path.trim());
        vec![problem.with_help(refusal.help)]
    })
}

struct NoSuchElement {
    found: String,
    help: Option<String>,
}

fn put(node: &mut Node, path: &[&str], value: Node, key_origin: &Origin) -> Result<(), NoSuchElement> {
    let Some((first, rest)) = path.split_first() else {
        *node = value;
        return Ok(());
    };
    match &mut node.value {
        Value::List(list) => {
            let names: Vec<String> = list.iter().enumerate().map(|(i, element)| segment(element, i)).collect();
            let position = names.iter().position(|name| name == first).or_else(|| first.parse().ok());
            match position.and_then(|position| list.get_mut(position)) {
                Some(element) => put(element, rest, value, key_origin),
                None => {
                    let help = suggest::nearest(first, names.iter().map(String::as_str));
                    Err(NoSuchElement { found: (*first).into(), help })
                }
            }
        }
        Value::Table(table) => {
            if table.get(first).is_none() {
                let empty = Value::Table(Table::default());
                let node = Node { value: empty, origin: key_origin.clone(), provenance: Provenance::default() };
                table.entries.push(Entry { key: (*first).into(), key_origin: key_origin.clone(), node });
            }
            match table.get_mut(first) {
                Some(next) => put(next, rest, value, key_origin),
                None => Ok(()),
            }
        }
        _ => Err(NoSuchElement { found: (*first).into(), help: Some("this is a value, not a table".into()) }),
    }
}
