//! What types cannot say: references that lead somewhere, numbers within reason, amounts that add up.

mod attack;
mod demand;
mod funds;
mod shock;
mod stake;
mod supply;
mod token;
mod trace;

use std::collections::BTreeMap;

use super::model::{Named, Scenario};
use super::quantity::{Id, Weight};
use super::suggest;

/// Something wrong with a value that has the right type.
pub(crate) struct Finding {
    /// Path of the value; that of the nearest written parent is marked when it was not written itself.
    pub key: String,
    /// Whether the last segment of the path is wrong itself, rather than its value.
    pub in_key: bool,
    pub message: String,
    pub help: Option<String>,
}

/// Collects findings.
#[derive(Default)]
pub(crate) struct Findings(Vec<Finding>);

/// Everything wrong with the values of a scenario.
pub(crate) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut findings = Findings::default();
    run(scenario, &mut findings);
    token::check(scenario, &mut findings);
    funds::check(scenario, &mut findings);
    supply::check(scenario, &mut findings);
    demand::check(scenario, &mut findings);
    shock::check(scenario, &mut findings);
    stake::check(scenario, &mut findings);
    attack::check(scenario, &mut findings);
    trace::check(scenario, &mut findings);
    findings.0
}

/// A century: beyond it lies no question, only overflow.
const LONGEST: u64 = 100 * plasma_core::time::YEAR;

/// Providers, and customers, that are played: more would not find room in any memory.
const MOST_PLAYED: u64 = 10_000_000;

fn run(scenario: &Scenario, findings: &mut Findings) {
    let horizon = scenario.horizon.0;
    findings.require(horizon > 0 && horizon <= LONGEST, "horizon", || "expected between 1ms and 100y".into());
}

impl Findings {
    /// No more of them, at the scale that is played, than memory holds.
    pub fn count(&mut self, scenario: &Scenario, full: u64, key: impl Into<String>) {
        let played = scenario.scale.of(full);
        self.require(played <= MOST_PLAYED, key, || {
            format!(
                "{full} at scale {} are {played}, and at most {MOST_PLAYED} are played: choose fewer, or a smaller scale",
                scenario.scale
            )
        });
    }

    pub fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.add_with_help(key, message, None);
    }

    pub fn add_with_help(&mut self, key: impl Into<String>, message: impl Into<String>, help: Option<String>) {
        self.0.push(Finding { key: key.into(), in_key: false, message: message.into(), help });
    }

    pub fn require(&mut self, holds: bool, key: impl Into<String>, message: impl FnOnce() -> String) {
        if !holds {
            self.add(key, message());
        }
    }

    /// The element that an id refers to; a finding when there is none.
    pub fn refer<'a, T: Named>(&mut self, list: &'a [T], what: &str, id: &Id, key: impl Into<String>) -> Option<&'a T> {
        let element = list.iter().find(|element| element.id() == id);
        if element.is_none() {
            let help = match list.is_empty() {
                true => Some(format!("the scenario has no {what} at all")),
                false => suggest::nearest(id.as_str(), list.iter().map(|element| element.id().as_str())),
            };
            let key = key.into();
            let in_key = key.rsplit('.').next() == Some(id.as_str());
            self.0.push(Finding { key, in_key, message: format!("there is no {what} `{id}`"), help });
        }
        element
    }

    /// Weights of which at least one is above zero.
    pub fn weights<'a>(&mut self, weights: impl IntoIterator<Item = &'a Weight>, key: impl Into<String>) {
        let some = weights.into_iter().any(|weight| weight.get() > 0.0);
        self.require(some, key, || "at least one weight must be above 0".into());
    }
}

/// Whether a table has exactly these keys; findings for those that are missing and those that are too many.
pub(crate) fn same_keys<T>(findings: &mut Findings, table: &BTreeMap<Id, T>, expected: &[Id], key: &str, of: &str) {
    // A misspelt size is missing too: one complaint is enough.
    let misspelt = table.keys().any(|name| !expected.contains(name));
    for name in expected.iter().filter(|name| !misspelt && !table.contains_key(*name)) {
        findings.add(key, format!("the size `{name}` of {of} is missing"));
    }
    for name in table.keys().filter(|name| !expected.contains(name)) {
        let help = suggest::nearest(name.as_str(), expected.iter().map(Id::as_str));
        let message = format!("{of} has no size `{name}`");
        findings.0.push(Finding { key: format!("{key}.{name}"), in_key: true, message, help });
    }
}
