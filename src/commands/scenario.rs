//! `plasma new`, `check` and `schema`: scenario files.

use crate::Outcome;
use crate::cli;
use crate::console::{print, say};
use miette::{IntoDiagnostic, WrapErr, miette};
use plasma_sim::scenario::{Scenario, render_resolved, schema as scenario_schema, starter};
use std::io::Write;

pub fn new(args: &cli::New) -> miette::Result<Outcome> {
    let Some(path) = &args.file else {
        print(format_args!("{}", starter()));
        return Ok(Outcome::Done);
    };
    let created = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = created.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => miette!(help = "choose another name", "{} is already there", path.display()),
        _ => miette!("cannot write {}: {error}", path.display()),
    })?;
    file.write_all(starter().as_bytes()).into_diagnostic().wrap_err_with(|| format!("cannot write {}", path.display()))?;
    say!("{} is written. Next: plasma run {}", path.display(), path.display());
    Ok(Outcome::Done)
}

pub fn check(args: &cli::Check) -> miette::Result<Outcome> {
    let loaded = Scenario::load(&args.scenario, &args.set)?;
    // What only a run would find is found here too: traces that are missing or cannot be understood.
    let (_, _, traces) = super::run::build(&loaded)?;
    super::run::beyond(None, &loaded)?.iter().for_each(|remark| eprintln!("{remark}"));
    traces.iter().for_each(|(name, what)| eprintln!("Trace `{name}`: {what}"));
    if args.json {
        let resolved = serde_json::to_value(&loaded.scenario).into_diagnostic()?;
        let params: serde_json::Map<_, _> = plasma_core::params::TABLE
            .iter()
            .zip(loaded.scenario.params.values())
            .map(|(spec, &value)| (spec.key.to_owned(), value.into()))
            .collect();
        let digest = crate::manifest::hex(&loaded.digest().into_diagnostic()?);
        let traces: serde_json::Map<_, _> =
            traces.into_iter().map(|(name, what)| (format!("Trace `{name}`"), what.to_string().into())).collect();
        say!("{}", serde_json::json!({ "scenario": resolved, "params": params, "traces": traces, "digest": digest }));
    } else {
        print(format_args!("{}", render_resolved(&loaded)));
    }
    Ok(Outcome::Done)
}

pub fn schema() -> miette::Result<Outcome> {
    say!("{}", serde_json::to_string_pretty(&scenario_schema()).into_diagnostic()?);
    Ok(Outcome::Done)
}
