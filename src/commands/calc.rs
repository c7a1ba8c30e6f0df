//! `plasma calc`: any single rule, asked alone.
//!
//! What answers is what a run computes with: the functions of the core, the reports and the agents' room, not copies of them.

mod auction;
mod burn_mint;
mod deterrence;
mod emission;
mod exchange;
mod fee;
mod field;
mod governance;
mod measure;
mod rule;
mod setting;
mod stake;
#[cfg(test)]
mod tests;

use crate::Outcome;
use crate::cli::Calc;
use crate::console::say;
use clap::builder::PossibleValue;
use field::Described;
use rule::{Rule, rules};
use serde_json::{Value, json};
use std::io::BufRead;

/// The rules, for help and completion.
pub fn names() -> Vec<PossibleValue> {
    rules().map(|rule| PossibleValue::new(rule.name).help(rule.text)).collect()
}

/// Lists rules, shows an example, or answers cases.
pub fn calc(args: &Calc) -> miette::Result<Outcome> {
    let chosen = args.rule.as_deref();
    if args.list {
        list(rules().filter(|rule| chosen.is_none_or(|name| rule.name == name)), args.json);
        return Ok(Outcome::Done);
    }
    let rule = rules().find(|rule| Some(rule.name) == chosen);
    let rule = rule.ok_or_else(|| miette::miette!(help = "plasma calc --list names them", "which rule?"))?;
    if args.example {
        say!("{}", rule.example);
        return Ok(Outcome::Done);
    }
    answer(rule, std::io::stdin().lock())
}

/// Answers every line of cases with a line, in their order.
fn answer(rule: &Rule, mut cases: impl BufRead) -> miette::Result<Outcome> {
    let (mut line, mut number) = (Vec::new(), 0u64);
    let (mut asked, mut refused) = (0u64, 0u64);
    loop {
        line.clear();
        let read = cases.read_until(b'\n', &mut line);
        if read.map_err(|error| miette::miette!("standard input cannot be read: {error}"))? == 0 {
            break;
        }
        number += 1;
        let case = line.trim_ascii();
        if case.is_empty() {
            continue;
        }
        asked += 1;
        let answered = std::str::from_utf8(case).map_err(|_| "the line is not UTF-8".into()).and_then(rule.answer);
        match answered {
            Ok(answer) => say!("{answer}"),
            Err(refusal) => {
                refused += 1;
                say!("{}", json!({ "line": number, "refused": refusal.to_string() }));
            }
        }
    }
    if refused > 0 {
        let help = format!("plasma calc --list {0} names its fields; plasma calc {0} --example shows a case", rule.name);
        return Err(miette::miette!(help = help, "{refused} of {asked} cases were refused"));
    }
    Ok(Outcome::Done)
}

/// Fields for machines.
fn described(fields: &[Described]) -> Value {
    let one = |field: &Described| {
        let mut one = json!({ "name": field.name, "type": field.kind, "unit": field.unit, "text": field.text });
        if !field.fields.is_empty() {
            one["fields"] = described(&field.fields);
        }
        one
    };
    fields.iter().map(one).collect()
}

/// Fields for people, those of objects below the field that holds them.
fn say_fields(fields: &[Described], indent: usize) {
    let width = fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
    for Described { name, kind, unit, text, fields } in fields {
        say!("{:indent$}{name:width$}  {text} [{unit}; {kind}]", "");
        say_fields(fields, indent + 2);
    }
}

fn list(rules: impl Iterator<Item = &'static Rule>, as_json: bool) {
    if as_json {
        let one = |rule: &Rule| {
            let example: Value = serde_json::from_str(rule.example).unwrap_or_default();
            json!({
                "name": rule.name, "text": rule.text, "source": rule.source, "example": example,
                "inputs": described(&(rule.inputs)()), "outputs": described(&(rule.outputs)()),
            })
        };
        let rules: Vec<_> = rules.map(one).collect();
        say!("{:#}", json!({ "rules": rules }));
        return;
    }
    for (i, rule) in rules.enumerate() {
        if i > 0 {
            say!("");
        }
        say!("{}", rule.name);
        say!("  {}", rule.text);
        say!("  Source: {}.", rule.source);
        for (title, fields) in [("takes", (rule.inputs)()), ("gives", (rule.outputs)())] {
            say!("  {title}");
            say_fields(&fields, 4);
        }
    }
}
