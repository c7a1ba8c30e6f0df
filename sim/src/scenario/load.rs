//! Loading a scenario: files to tree, tree to types, types to a checked scenario.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::check::{self, Finding};
use super::error::{Problem, ScenarioError};
use super::lower::{Complaint, Refusal, lower};
use super::model::{Scenario, SizeSpread, SizeTable, TokenMarket, TraceSection};
use super::quantity::Id;
use super::render::digest;
use super::source::{Origin, Source, Sources};
use super::tree::{Node, Provenance, Value, join, leaves, walk};
use super::{files, merge, protocol, suggest};
use crate::traces::TraceError;

/// A scenario that was read and found sound, with what is known about its values.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scenario, complete: what nobody wrote has its default.
    pub scenario: Scenario,
    /// Provenance of every value that was written, by its path (`class.rtx-4090.power`). What is absent here is a default.
    pub provenance: BTreeMap<String, Provenance>,
    /// Paths of the values that an override set.
    pub overridden: Vec<String>,
    sources: Sources,
    origins: BTreeMap<String, Place>,
}

/// Where a key and its value were written.
#[derive(Clone, Debug)]
struct Place {
    key: Origin,
    value: Origin,
}

impl Scenario {
    /// Reads a scenario file, what it extends, and then the overrides (`fee.rate=2%`, `demand.chat.rate=100/h`), and checks the
    /// whole.
    ///
    /// # Errors
    /// [`ScenarioError`] with every independent problem that is cheap to find, and at least the first.
    pub fn load(path: &Path, sets: &[String]) -> Result<Loaded, ScenarioError> {
        let mut sources = Sources::default();
        let tree = files::read(path, &mut sources).map_err(all)?;
        finish(tree, sources, sets)
    }

    /// Reads a scenario from a text that errors call `name`. Paths within it count from the working directory.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn parse(name: &str, text: &str, sets: &[String]) -> Result<Loaded, ScenarioError> {
        let mut sources = Sources::default();
        let tree = files::read_inline(name, text, &mut sources).map_err(all)?;
        finish(tree, sources, sets)
    }
}

impl Loaded {
    /// The files and overrides that the scenario is made of, in the order in which they were read.
    pub fn sources(&self) -> &[Source] {
        self.sources.list()
    }

    /// BLAKE3 of the scenario and of what its tables hold, wherever their files lie.
    ///
    /// # Errors
    /// When a table's file cannot be read.
    pub fn digest(&self) -> Result<[u8; 32], TraceError> {
        let mut scenario = self.scenario.clone();
        for (key, file) in tables(&mut scenario) {
            *file = contents(&self.beside(&key, file))?;
        }
        Ok(digest(&scenario))
    }

    /// The same scenario with the files of its tables named from the root, so that it can be kept anywhere.
    pub fn anchored(&self) -> Self {
        let mut anchored = self.clone();
        for (key, file) in tables(&mut anchored.scenario) {
            let path = self.beside(&key, file);
            *file = std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned();
        }
        anchored
    }

    /// Where a trace's file lies: relative to the file that names it.
    pub fn trace_path(&self, trace: &TraceSection) -> PathBuf {
        self.beside(&format!("trace.{}.file", trace.id), &trace.file)
    }

    /// Where the table of a recorded price lies, if the price is one: relative to the file that names it.
    pub fn price_path(&self) -> Option<PathBuf> {
        let TokenMarket::Csv(recorded) = &self.scenario.token.market else { return None };
        Some(self.beside(PRICE_KEY, &recorded.file))
    }

    /// Where the table of a group's recorded sizes lies: relative to the file that names it.
    pub(crate) fn sizes_path(&self, group: &Id, size: &Id, table: &SizeTable) -> PathBuf {
        self.beside(&sizes_key(group, size), &table.file)
    }

    /// A path relative to the file in which a key was written.
    fn beside(&self, key: &str, path: &str) -> PathBuf {
        let origin = self.origins.get(key);
        let file = origin.and_then(|place| self.sources.of(&place.value).path.as_deref());
        file.and_then(Path::parent).unwrap_or(Path::new("")).join(path)
    }
}

/// Every file that a scenario names, after its key: traces, a recorded price, recorded sizes.
fn tables(scenario: &mut Scenario) -> Vec<(String, &mut String)> {
    let Scenario { trace, token, demand, .. } = scenario;
    let traces = trace.iter_mut().map(|trace| (format!("trace.{}.file", trace.id), &mut trace.file));
    let mut tables: Vec<_> = traces.collect();
    if let TokenMarket::Csv(recorded) = &mut token.market {
        tables.push((PRICE_KEY.into(), &mut recorded.file));
    }
    for group in demand {
        for (name, size) in &mut group.size {
            if let SizeSpread::Csv(table) = size {
                tables.push((sizes_key(&group.id, name), &mut table.file));
            }
        }
    }
    tables
}

const PRICE_KEY: &str = "token.market.csv.file";

fn sizes_key(group: &Id, size: &Id) -> String {
    format!("demand.{group}.size.{size}.csv.file")
}

/// BLAKE3 of a table, in its place.
fn contents(path: &Path) -> Result<String, TraceError> {
    let unreadable = |why: std::io::Error| TraceError::unreadable(&path.display().to_string(), &why);
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path).map_err(unreadable)?).map_err(unreadable)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// What errors call the text of an override.
const OVERRIDE: &str = "--set";

/// Only called with problems in hand.
fn all(problems: Vec<Problem>) -> ScenarioError {
    ScenarioError::new(problems).unwrap_or_else(|| Problem::nowhere("the scenario cannot be read").into())
}

fn finish(mut tree: Node, mut sources: Sources, sets: &[String]) -> Result<Loaded, ScenarioError> {
    for set in sets {
        let source = sources.add(OVERRIDE.into(), None, set.clone());
        merge::set(&mut tree, &sources, source).map_err(all)?;
    }
    let (mut provenance, mut origins, mut overridden) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    walk("", &tree.origin, &tree, &mut |path, key, node| {
        origins.insert(path.to_owned(), Place { key: key.clone(), value: node.origin.clone() });
    });
    leaves("", &tree, &mut |path, node| {
        provenance.insert(path.to_owned(), node.provenance.clone());
        if sources.of(&node.origin).path.is_none() && sources.of(&node.origin).name == OVERRIDE {
            overridden.push(path.to_owned());
        }
    });
    let scenario = typed(tree, &sources).map_err(all)?;
    let findings = check::check(&scenario);
    let problems = findings.into_iter().map(|finding| place(finding, &origins, &sources)).collect();
    match ScenarioError::new(problems) {
        Some(error) => Err(error),
        None => Ok(Loaded { scenario, provenance, overridden, sources, origins }),
    }
}

/// Splits off the protocol's parameters and reads both parts.
fn typed(mut tree: Node, sources: &Sources) -> Result<Scenario, Vec<Problem>> {
    let names = protocol::sections();
    let mut sections = Vec::new();
    if let Value::Table(table) = &mut tree.value {
        for name in &names {
            sections.extend(table.remove(name));
        }
    }
    let params = protocol::read(&sections, sources);
    let world = world(tree, &names, sources);
    match (params, world) {
        (Ok(params), Ok(scenario)) => Ok(Scenario { params, ..scenario }),
        (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => Err(problems),
        (Err(mut problems), Err(others)) => {
            problems.extend(others);
            Err(problems)
        }
    }
}

/// Reads everything but the parameters. serde stops at the first problem; what caused it is cut away and the rest read again, so
/// that independent problems are found together.
fn world(mut tree: Node, sections: &[&'static str], sources: &Sources) -> Result<Scenario, Vec<Problem>> {
    const MOST: usize = 20;
    let mut problems = Vec::new();
    let mut cut = Vec::new();
    while problems.len() < MOST {
        match lower(&tree) {
            Ok(scenario) if problems.is_empty() => return Ok(scenario),
            Ok(_) => break,
            Err(refusal) => {
                let followed = follows(&refusal, &cut);
                let remainder = cut_away(&mut tree, &refusal);
                if !followed {
                    problems.push(describe(&refusal, sections, sources));
                }
                match remainder {
                    Some(root) => cut.push(Cut { root, meant: meant(&refusal) }),
                    None => break,
                }
            }
        }
    }
    Err(problems)
}

/// What was cut away.
struct Cut {
    /// The key of the root that was cut or cut into.
    root: String,
    /// The path that an unknown key was likely meant to be.
    meant: Option<String>,
}

/// A key that is missing because it was cut away, or because it was misspelt, is no second problem.
fn follows(refusal: &Refusal, cut: &[Cut]) -> bool {
    let Complaint::MissingKey(key) = refusal.complaint else { return false };
    let path = join(&refusal.key(), key);
    cut.iter().any(|cut| cut.root == path || cut.meant.as_ref() == Some(&path))
}

/// The path that an unknown key was likely meant to be.
fn meant(refusal: &Refusal) -> Option<String> {
    let Complaint::UnknownKey { found, known } = &refusal.complaint else { return None };
    let near = suggest::close(found, known.iter().copied())?;
    let parents: Vec<&str> = refusal.path.iter().skip(1).rev().map(String::as_str).collect();
    Some(join(&parents.join("."), near))
}

/// Removes the smallest part of the tree without which the rest can be read: an unknown key, an element of a list, or a key of the
/// root. Returns the path of what was removed.
fn cut_away(tree: &mut Node, refusal: &Refusal) -> Option<String> {
    let unknown = matches!(refusal.complaint, Complaint::UnknownKey { .. });
    let path: Vec<&str> = refusal.path.iter().rev().map(String::as_str).collect();
    let (first, rest) = path.split_first()?;
    let Value::Table(root) = &mut tree.value else { return None };
    let node = root.get_mut(first)?;
    match (&mut node.value, rest) {
        (Value::List(list), [element, inner @ ..]) => {
            let position = list.iter().enumerate().position(|(i, node)| super::tree::segment(node, i) == *element)?;
            match inner {
                [key] if unknown => remove(&mut list[position], key)?,
                _ => drop(list.remove(position)),
            }
        }
        (Value::Table(_), [key]) if unknown => remove(node, key)?,
        _ => drop(root.remove(first)),
    }
    Some((*first).into())
}

fn remove(node: &mut Node, key: &str) -> Option<()> {
    match &mut node.value {
        Value::Table(table) => table.remove(key).map(drop),
        _ => None,
    }
}

fn describe(refusal: &Refusal, sections: &[&'static str], sources: &Sources) -> Problem {
    let problem = match &refusal.origin {
        Some(origin) => Problem::at(sources, origin, refusal.to_string()),
        None => Problem::nowhere(refusal.to_string()),
    };
    let problem = problem.with_key(refusal.key());
    match &refusal.complaint {
        Complaint::UnknownKey { found, known } => {
            let root: &[&str] = if refusal.path.len() == 1 { sections } else { &[] };
            let known = known.iter().chain(root).copied();
            problem.with_label("unknown").with_help(suggest::nearest(found, known))
        }
        Complaint::UnknownName { found, known } => problem.with_help(suggest::nearest(found, known.iter().copied())),
        Complaint::MissingKey(_) if refusal.path.is_empty() => {
            problem.with_label("in this file").with_help(Some("`plasma new` writes a scenario to begin with".into()))
        }
        Complaint::MissingKey(key) => problem.with_label(format!("`{key}` belongs in here")),
        Complaint::Other(_) => problem,
    }
}

/// Turns a finding into a problem at the place where its value, or the nearest parent, was written.
fn place(finding: Finding, origins: &BTreeMap<String, Place>, sources: &Sources) -> Problem {
    let mut path = finding.key.as_str();
    let origin = loop {
        match (origins.get(path), path.rfind('.')) {
            (Some(place), _) if finding.in_key && path == finding.key => break Some(&place.key),
            (Some(place), _) => break Some(&place.value),
            (None, Some(dot)) => path = &path[..dot],
            (None, None) => break origins.get("").map(|place| &place.value),
        }
    };
    let problem = match origin {
        Some(origin) => Problem::at(sources, origin, finding.message),
        None => Problem::nowhere(finding.message),
    };
    problem.with_key(finding.key).with_help(finding.help)
}
