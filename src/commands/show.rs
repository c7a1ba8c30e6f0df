//! `plasma show`: the state of a run at a time, or one party's history.

mod history;
mod state;

use crate::Outcome;
use crate::cli;
use crate::compare::Compared;
use crate::console::reading;
use crate::folder::log_of;
use history::{Entry, Subject};
use miette::{IntoDiagnostic, miette};
use plasma_core::engine::replay::{Fold, Replay};
use plasma_core::engine::state::State;
use plasma_core::ids::{AccountId, ProviderId};
use plasma_core::log::batch::Line;
use plasma_core::log::reader::{Reader, Tail};
use plasma_core::log::{LogError, Position};
use plasma_core::record::{Event, Record};
use plasma_core::time::Time;
use plasma_reports::calendar;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::ops::ControlFlow;

pub fn show(args: &cli::Show) -> miette::Result<Outcome> {
    let (path, manifest) = log_of(&args.run)?;
    let reader = Reader::open(&path).into_diagnostic()?;
    let genesis = reader.genesis().clone();
    let start = genesis.start;
    let at = args.at.as_deref().map(|text| super::moment(text, start)).transpose()?;
    if let Some(at) = at
        && at < start
    {
        return Err(miette!("the run starts on {}: there is no state before", calendar::date(start)));
    }
    let bar = reading(manifest.as_ref().and_then(|m| m.log.records).unwrap_or(0), "reading");
    let subject = subject(args);
    let mut entries = VecDeque::new();
    let mut total = 0u64;
    let replay = fold_until(
        reader,
        at.unwrap_or(Time::MAX),
        |view, record, event| {
            let Some(subject) = &subject else { return };
            if let Some(entry) = history::entry(subject, view, record, event) {
                total += 1;
                entries.push_back(entry);
                if entries.len() > args.limit as usize {
                    entries.pop_front();
                }
            }
        },
        |record| bar.set_position(record),
    );
    bar.finish_and_clear();
    let (mut replay, position, tail) = replay.into_diagnostic()?;
    let compared = Compared::log(manifest.as_ref(), &genesis, position, tail);
    compared.warn();
    let ends = manifest.as_ref().map_or_else(|| replay.view(|state| state.clock.now), |manifest| manifest.end_ms);
    if let Some(at) = at.filter(|&at| at > ends) {
        eprintln!("The run ends on {}, before {}: this is its end.", calendar::timestamp(ends), calendar::timestamp(at));
    }
    if let Some(subject) = subject.as_ref().filter(|_| total == 0) {
        replay.view(|view| subject.exists(view))?;
    }
    let out = io::stdout().lock();
    let printed = match subject {
        Some(subject) => print_history(out, &subject, &entries, total, args.json),
        None => replay.view(|view| state::print(out, view, args.json)),
    };
    match printed {
        // Whoever reads has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(compared.outcome()),
        printed => printed.into_diagnostic().map(|()| compared.outcome()),
    }
}

fn subject(args: &cli::Show) -> Option<Subject> {
    let account = args.account.map(|id| Subject::Account(AccountId(id)));
    let provider = args.provider.map(|id| Subject::Provider(ProviderId(id)));
    let proposal = args.proposal.map(Subject::Proposal);
    account.or(provider).or(args.job.map(Subject::Job)).or(args.lease.map(Subject::Lease)).or(proposal)
}

/// Folds the log up to `at`, showing each cause and event with the state just before it.
fn fold_until(
    reader: Reader,
    at: Time,
    mut see: impl FnMut(&State, &Record, Option<&Event>),
    progress: impl Fn(u64),
) -> Result<(Replay, Position, Option<Tail>), LogError> {
    let mut replay = Replay::genesis(reader.genesis())
        .map_err(|error| LogError::NotALog { path: reader.path().into(), why: error.to_string() })?;
    let mut past = false;
    let path = reader.path().to_path_buf();
    let (position, tail) = reader.for_each::<LogError>(|batch, loaded| {
        progress(loaded.first());
        if past {
            return Ok(());
        }
        replay.ensure_rows(batch.new_rows());
        let fold_batch = |fold: &mut Fold| {
            let mut cause: Option<Record> = None;
            batch.lines(|line| {
                match line {
                    Line::Cause(record) if record.time > at => return ControlFlow::Break(()),
                    Line::Cause(record) => {
                        see(fold.view(), &record, None);
                        fold.cause(record);
                        cause = Some(record);
                    }
                    Line::Event(event) => {
                        if let Some(record) = &cause {
                            see(fold.view(), record, Some(&event));
                        }
                        fold.event(&event);
                    }
                }
                ControlFlow::Continue(())
            })
        };
        past = loaded.contained(&path, || replay.fold(fold_batch))?.is_break();
        Ok(())
    })?;
    Ok((replay, position, tail))
}

fn print_history(mut out: impl Write, subject: &Subject, entries: &VecDeque<Entry>, total: u64, json: bool) -> io::Result<()> {
    if json {
        return entries.iter().try_for_each(|entry| {
            let time = calendar::timestamp(entry.time);
            let line = serde_json::json!({ "time": time, "what": entry.what, "text": entry.text, "fields": entry.fields,
                "fee": entry.fee });
            writeln!(out, "{line}")
        });
    }
    if entries.is_empty() {
        return writeln!(out, "Nothing happened to {subject} up to then.");
    }
    if (entries.len() as u64) < total {
        writeln!(out, "The last {} of {total} lines; --limit shows more.\n", entries.len())?;
    }
    entries.iter().try_for_each(|entry| writeln!(out, "{}  {:14} {}", calendar::timestamp(entry.time), entry.what, entry.text))
}
