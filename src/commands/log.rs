//! `plasma log`: look into a log, verify it, export it.

use crate::Outcome;
use crate::cli::{self, Format, LogExport, LogRead};
use crate::console::reading;
use crate::folder::log_of;
use crate::manifest::hex;
use miette::{IntoDiagnostic, miette};
use plasma_core::log::LogError;
use plasma_core::log::batch::Line;
use plasma_core::log::reader::Reader;
use plasma_core::record::{Cause, Record};
use plasma_reports::Exporter;
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

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
    let file = reader.file_len();
    let bar = reading(manifest.and_then(|m| m.log.records).unwrap_or(0), "counting");
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
    if args.json {
        let kinds: Vec<_> =
            counts.iter().map(|((kind, name), count)| json!({ "kind": kind, "name": name, "count": count })).collect();
        let torn = tail.map(|tail| tail.bytes);
        let result = json!({ "records": position.records, "batches": position.batches, "bytes": file, "raw_bytes": position.raw_bytes,
            "root": hex(&position.root), "torn_bytes": torn, "kinds": kinds });
        println!("{result}");
        return Ok(Outcome::Done);
    }
    for ((kind, name), count) in &counts {
        println!("{kind:8} {name:16} {count:>14}");
    }
    let each = |bytes: u64| bytes as f64 / position.records.max(1) as f64;
    println!("\n{} records in {} batches", position.records, position.batches);
    println!("{file} bytes, {:.1} a record; {:.1} before compression", each(file), each(position.raw_bytes));
    println!("root {}", hex(&position.root));
    if let Some(tail) = tail {
        println!("The file breaks off at byte {}, {} bytes into a batch that was never wholly written.", tail.offset, tail.bytes);
    }
    Ok(Outcome::Done)
}

fn verify(args: &LogRead) -> miette::Result<Outcome> {
    let (path, manifest) = log_of(&args.run)?;
    let bar = reading(manifest.as_ref().and_then(|m| m.log.records).unwrap_or(0), "verifying");
    let checked = Reader::open(&path).and_then(|reader| {
        reader.for_each::<LogError>(|_, loaded| {
            bar.set_position(loaded.first());
            Ok(())
        })
    });
    bar.finish_and_clear();
    let mut faults = Vec::new();
    let mut found = None;
    match checked {
        Err(LogError::Io { path, source }) => return Err(miette!("{}: {source}", path.display())),
        Err(error) => faults.push(error.to_string()),
        Ok((position, tail)) => {
            if let Some(tail) = tail {
                let at =
                    format!("the file breaks off at byte {}, {} bytes into batch {}", tail.offset, tail.bytes, position.batches);
                faults.push(format!("{at}; {} records before it are whole", position.records));
            }
            if let Some(manifest) = &manifest
                && (manifest.log.records, &manifest.log.root) != (Some(position.records), &Some(hex(&position.root)))
            {
                let wanted = manifest.log.records.unwrap_or(0);
                faults.push(format!("the log holds {} of the manifest's {wanted} records, or another root", position.records));
            }
            found = Some(position);
        }
    }
    if args.json {
        let (records, root) = (found.map(|p| p.records), found.map(|p| hex(&p.root)));
        println!("{}", json!({ "sound": faults.is_empty(), "records": records, "root": root, "faults": faults }));
    } else if let (Some(position), []) = (found, &faults[..]) {
        println!("Sound: {} records in {} batches, root {}", position.records, position.batches, hex(&position.root));
    } else {
        faults.iter().for_each(|fault| println!("DAMAGED: {fault}"));
    }
    Ok(if faults.is_empty() { Outcome::Done } else { Outcome::Differs })
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
    let mut exporter = Exporter::new(&args.to, format).into_diagnostic()?;
    let bar = reading(manifest.and_then(|m| m.log.records).unwrap_or(0), "exporting");
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
        bar.set_position(loaded.first());
        match done {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error.into()),
        }
    });
    let (_, tail) = shown.map_err(|error| miette!("{error}"))?;
    let records = exporter.finish().into_diagnostic()?;
    bar.finish_and_clear();
    println!("{records} records are in {}", args.to.display());
    if let Some(tail) = tail {
        eprintln!("The log breaks off at byte {}: what came after the last whole batch is not there.", tail.offset);
    }
    Ok(Outcome::Done)
}
