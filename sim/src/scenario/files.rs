//! A file, what it extends, and the overrides: read and merged into one tree.

use std::path::{Path, PathBuf};

use super::error::Problem;
use super::source::{Origin, Sources, Unreadable, read_text};
use super::tree::{Node, Value};
use super::{merge, parse};

/// A file that is being read, with the place that asked for it.
struct Wanted {
    path: PathBuf,
    asked: Option<Origin>,
}

/// Reads `path` and everything it extends, and merges them, the extended below the extending.
pub(crate) fn read(path: &Path, sources: &mut Sources) -> Result<Node, Vec<Problem>> {
    let (mut wanted, mut seen, mut chain) = (Wanted { path: path.into(), asked: None }, Vec::new(), Vec::new());
    loop {
        let refused = |sources: &Sources, message: String| match &wanted.asked {
            Some(origin) => vec![Problem::at(sources, origin, message).with_key("extends")],
            None => vec![Problem::nowhere(message)],
        };
        let canonical = wanted.path.canonicalize().unwrap_or_else(|_| wanted.path.clone());
        if seen.contains(&canonical) {
            return Err(refused(sources, format!("{} extends itself, in the end", wanted.path.display())));
        }
        seen.push(canonical);
        let text = match read_text(&wanted.path) {
            Ok(text) => text,
            Err(Unreadable::Refused(why)) => {
                let help = match wanted.asked {
                    Some(_) => "the path counts from the folder of the file that extends",
                    None => "name a scenario file; `plasma new` writes one to begin with",
                };
                let problems = refused(sources, format!("{} cannot be read: {why}", wanted.path.display()));
                return Err(problems.into_iter().map(|problem| problem.with_help(Some(help.into()))).collect());
            }
            Err(Unreadable::NotUtf8 { text, at }) => return Err(vec![not_utf8(&wanted.path, text, at, sources)]),
        };
        let source = sources.add(wanted.path.display().to_string(), Some(wanted.path.clone()), text);
        let mut node = parse::document(sources, source)?;
        let parent = extended(&mut node, &wanted.path, sources)?;
        chain.push(node);
        match parent {
            Some(parent) => wanted = parent,
            None => break,
        }
    }
    Ok(chain.into_iter().rev().reduce(extend).expect("the chain holds the file itself"))
}

/// A file over what it extends. What was found there was not found here, and who asks another question expects something else.
fn extend(mut parent: Node, child: Node) -> Node {
    let asks = |key: &str| matches!(&child.value, Value::Table(table) if table.get(key).is_some());
    let left: &[&str] = if asks("question") { &["expectation", "finding"] } else { &["finding"] };
    if let Value::Table(table) = &mut parent.value {
        table.entries.retain(|entry| !left.contains(&entry.key.as_str()));
    }
    merge::merge(parent, child)
}

/// Reads a scenario that is no file and can therefore extend none.
pub(crate) fn read_inline(name: &str, text: &str, sources: &mut Sources) -> Result<Node, Vec<Problem>> {
    let source = sources.add(name.into(), None, text.into());
    parse::document(sources, source)
}

fn not_utf8(path: &Path, text: String, at: usize, sources: &mut Sources) -> Problem {
    let source = sources.add(path.display().to_string(), Some(path.into()), text);
    Problem::at(sources, &Origin { source, span: at..at + 1 }, "the file is not UTF-8 text").with_label("from here on")
}

/// Takes `extends` out of the root and resolves it against the folder of its file.
fn extended(node: &mut Node, path: &Path, sources: &Sources) -> Result<Option<Wanted>, Vec<Problem>> {
    let Value::Table(table) = &mut node.value else { return Ok(None) };
    let Some(entry) = table.remove("extends") else { return Ok(None) };
    match &entry.node.value {
        Value::Text(parent) => {
            let folder = path.parent().unwrap_or(Path::new(""));
            Ok(Some(Wanted { path: folder.join(parent), asked: Some(entry.node.origin) }))
        }
        _ => {
            let message = format!("expected the path of a scenario, found {}", entry.node.found());
            Err(vec![Problem::at(sources, &entry.node.origin, message).with_key("extends")])
        }
    }
}
