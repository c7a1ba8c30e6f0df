//! `plasma log`: look into a log, verify it, export it.

use crate::Outcome;
use crate::cli::{self, Format, LogExport, LogRead};
use crate::compare::{Compared, is_damage};
use crate::console::{reading, say};
use crate::folder::log_of;
use crate::manifest::hex;
use miette::{IntoDiagnostic, miette};
use plasma_core::log::batch::Line;
use plasma_core::log::reader::{Reader, Tail};
use plasma_core::log::{LogError, Position};
use plasma_core::record::{Cause, Record};
use plasma_reports::Exporter;
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

pub fn log(args: &cli::Log) -> miette::Result<Outcome> {
    match args {
        cli::Log::Stat(args) => stat(args),
        cli::Log::Verify(args) => verify(args),
        cli::Log::Export(args) => export(args),
    }
}

fn name(line: &Line) -> (&'static str, &'static str) {
    match line {
        Line::Cause(Record { cause: Cause::Command { command, .. }, .. }) => ("command", command.name()),
        Line::Cause(Record { cause: Cause::Timer(timer), .. }) => ("timer", timer.name()),
        Line::Event(event) => ("event", event.name()),
    }
}

fn stat(args: &LogRead) -> miette::Result<Outcome> {
    let (path, manifest) = log_of(&args.run)?;
    let reader = Reader::open(&path).into_diagnostic()?;
    let (file, genesis) = (reader.file_len(), reader.genesis().clone());
    let bar = reading(manifest.as_ref().and_then(|m| m.log.records).unwrap_or(0), "counting");
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let counted = reader.for_each::<LogError>(|batch, loaded| {
        let done: ControlFlow<()> = batch.lines(|line| {
            *counts.entry(name(&line)).or_default() += 1;
            ControlFlow::Continue(())
        });
        bar.set_position(loaded.first());
        debug_assert!(done.is_continue());
        Ok(())
    });
    let (position, tail) = counted.into_diagnostic()?;
    bar.finish_and_clear();
    let compared = Compared::log(manifest.as_ref(), &genesis, position, tail);
    compared.warn();
    if args.json {
        let kinds: Vec<_> =
            counts.iter().map(|((kind, name), count)| json!({ "kind": kind, "name": name, "count": count })).collect();
        let torn = tail.map(|tail| tail.bytes);
        let result = json!({ "records": position.records, "batches": position.batches, "bytes": file, "raw_bytes": position.raw_bytes,
            "root": hex(&position.root), "torn_bytes": torn, "kinds": kinds });
        say!("{result}");
        return Ok(compared.outcome());
    }
    for ((kind, name), count) in &counts {
        say!("{kind:8} {name:16} {count:>14}");
    }
    let each = |bytes: u64| bytes as f64 / position.records.max(1) as f64;
    say!("\n{} records in {} batches", position.records, position.batches);
    say!("{file} bytes, {:.1} a record; {:.1} before compression", each(file), each(position.raw_bytes));
    say!("root {}", hex(&position.root));
    Ok(compared.outcome())
}

fn verify(args: &LogRead) -> miette::Result<Outcome> {
    let (path, manifest) = log_of(&args.run)?;
    let manifest = manifest.as_ref();
    let bar = reading(manifest.and_then(|m| m.log.records).unwrap_or(0), "verifying");
    let checked = Reader::open(&path).and_then(|reader| {
        let genesis = reader.genesis().clone();
        let (position, tail) = reader.for_each::<LogError>(|_, loaded| {
            bar.set_position(loaded.first());
            Ok(())
        })?;
        Ok((position, Compared::log(manifest, &genesis, position, tail)))
    });
    bar.finish_and_clear();
    let (position, compared) = match checked {
        Err(error) if is_damage(&error, manifest) => (None, Compared::damage(&error)),
        checked => checked.map(|(position, compared)| (Some(position), compared)).into_diagnostic()?,
    };
    let sound = compared.outcome() == Outcome::Done;
    if args.json {
        let (records, root) = (position.map(|p| p.records), position.map(|p| hex(&p.root)));
        say!("{}", compared.beside(json!({ "sound": sound, "records": records, "root": root })));
    } else {
        if let Some(position) = position.filter(|_| sound) {
            say!("Sound: {} records in {} batches, root {}", position.records, position.batches, hex(&position.root));
        }
        compared.say();
    }
    Ok(compared.outcome())
}

fn export(args: &LogExport) -> miette::Result<Outcome> {
    let (path, manifest) = log_of(&args.run)?;
    if args.to.exists() {
        return Err(miette!(help = "choose another --to", "{} is already there", args.to.display()));
    }
    let reader = Reader::open(&path).into_diagnostic()?;
    let format = match args.format {
        Format::Parquet => plasma_reports::Format::Parquet,
        Format::Csv => plasma_reports::Format::Csv,
        Format::Jsonl => plasma_reports::Format::JsonLines,
    };
    let genesis = reader.genesis().clone();
    let bar = reading(manifest.as_ref().and_then(|m| m.log.records).unwrap_or(0), "exporting");
    let exported = write_records(reader, &args.to, format, |record| bar.set_position(record));
    bar.finish_and_clear();
    // What is there of it would be taken for the whole, and be in the way of the next attempt.
    let (records, position, tail) = exported.inspect_err(|_| drop(std::fs::remove_dir_all(&args.to)))?;
    say!("{records} records are in {}", args.to.display());
    let compared = Compared::log(manifest.as_ref(), &genesis, position, tail);
    compared.warn();
    Ok(compared.outcome())
}

/// Writes every record into a new folder. Gives their number, and how far the log goes.
fn write_records(
    reader: Reader,
    to: &Path,
    format: plasma_reports::Format,
    progress: impl Fn(u64),
) -> miette::Result<(u64, Position, Option<Tail>)> {
    let mut exporter = Exporter::new(to, format).into_diagnostic()?;
    let mut cause = None;
    let shown = reader.for_each::<Box<dyn std::error::Error + Send + Sync>>(|batch, loaded| {
        let done = batch.lines(|line| {
            let written = match line {
                Line::Cause(record) => {
                    cause = Some(record);
                    exporter.cause(&record)
                }
                Line::Event(event) => cause.as_ref().map_or(Ok(()), |record| exporter.event(record, &event)),
            };
            written.map_or_else(ControlFlow::Break, ControlFlow::Continue)
        });
        progress(loaded.first());
        match done {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error.into()),
        }
    });
    let (position, tail) = shown.map_err(|error| miette!("{error}"))?;
    Ok((exporter.finish().into_diagnostic()?, position, tail))
}
