//! Logs whose every byte is chained faultlessly, and which are lies.

use super::{Written, read, write};
use plasma_core::ids::{JobId, LeaseId, OfferId};
use plasma_core::log::LogError;
use plasma_core::log::audit::{Audited, audit};
use plasma_core::log::batch::{Batch, Line};
use plasma_core::log::frame::{self, Head};
use plasma_core::log::reader::Reader;
use plasma_core::protocol::account::Transfer;
use plasma_core::protocol::lease::Committed;
use plasma_core::record::{Cause, Command, Event, Record};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Every line of a log, batch by batch.
fn lines(path: &Path) -> Vec<Vec<Line>> {
    let (batches, ..) = read(path).unwrap();
    let of_one = |loaded: &plasma_core::log::reader::Loaded| {
        let mut lines = Vec::new();
        let _: ControlFlow<()> = loaded.batch(path).unwrap().lines(|line| {
            lines.push(line);
            ControlFlow::Continue(())
        });
        lines
    };
    batches.iter().map(of_one).collect()
}

/// Writes lines as a log, with a chain of its own.
fn forge(path: &Path, batches: &[Vec<Line>]) {
    let mut file = Vec::new();
    let (_, mut root) = frame::write_header(&mut file, &super::world().to_bytes()).unwrap();
    let mut first = 0;
    for lines in batches {
        let mut batch = Batch::default();
        batch.restart(first);
        for line in lines {
            match line {
                Line::Cause(record) => batch.push_cause(record),
                Line::Event(event) => batch.push_event(event),
            }
        }
        let raw = rkyv::to_bytes::<rkyv::rancor::Error>(&batch).unwrap();
        root = frame::chain(&root, &raw);
        file.extend(Head::of(&raw, raw.len(), lines.len(), first, root).to_bytes());
        file.extend_from_slice(&raw);
        first += lines.len() as u64;
    }
    std::fs::write(path, file).unwrap();
}

/// The log with one line changed, and the number of that record.
fn altered(written: &Written, change: impl Fn(&mut Line) -> bool) -> (PathBuf, u64) {
    let mut batches = lines(&written.path);
    let mut line = batches.iter_mut().flatten().enumerate();
    let (number, _) = line.find_map(|(i, line)| change(line).then_some((i as u64, ()))).expect("such a record");
    let path = written.path.with_file_name("forged");
    forge(&path, &batches);
    (path, number)
}

fn audited(path: &Path, written: &Written) -> Audited {
    audit(path, Some(written.play.until), 1, |_| {}).unwrap()
}

#[test]
fn a_log_forged_without_a_change_is_the_log() {
    let written = write("forge", 200);
    let path = written.path.with_file_name("same");
    forge(&path, &lines(&written.path));
    let (_, position, _) = read(&path).unwrap();
    assert_eq!((position.root, position.records), (written.position.root, written.position.records));
    assert_eq!(audited(&path, &written).difference, None);
}

#[test]
fn audit_names_the_first_event_that_was_altered() {
    let written = write("settled", 400);
    let dearer = |line: &mut Line| match line {
        Line::Event(Event::Settled(settled)) => {
            settled.burned ^= 1;
            true
        }
        _ => false,
    };
    let (path, number) = altered(&written, dearer);
    let difference = audited(&path, &written).difference.expect("a difference");
    assert_eq!(difference.record, number);
    assert!(matches!(
        (difference.logged, difference.played),
        (Some(Line::Event(Event::Settled(_))), Some(Line::Event(Event::Settled(_))))
    ));
}

#[test]
fn audit_names_the_events_that_an_altered_command_should_have_had() {
    let written = write("forge", 200);
    let other_budget = |line: &mut Line| match line {
        Line::Cause(Record { cause: Cause::Command { command: Command::Submit(submit), .. }, .. }) if submit.budget > 0 => {
            submit.budget = 0;
            true
        }
        _ => false,
    };
    let (path, number) = altered(&written, other_budget);
    let difference = audited(&path, &written).difference.expect("a difference");
    assert!(difference.record >= number && difference.record <= number + 3, "{number}: {difference:?}");
}

#[test]
fn audit_misses_what_was_left_out_and_what_never_happened() {
    let written = write("forge", 200);
    let mut batches = lines(&written.path);
    let path = written.path.with_file_name("forged");
    let cut = batches.last_mut().and_then(Vec::pop).expect("a last record");
    forge(&path, &batches);
    let difference = audited(&path, &written).difference.expect("a difference");
    assert_eq!((difference.record, difference.logged, difference.played), (written.position.records - 1, None, Some(cut)));

    batches.last_mut().expect("a batch").extend([cut, cut]);
    forge(&path, &batches);
    let difference = audited(&path, &written).difference.expect("a difference");
    assert_eq!((difference.record, difference.logged, difference.played), (written.position.records, Some(cut), None));
}

/// Lies that no state can take.
const LIES: [fn(&mut Line) -> bool; 3] = [leased_to_nobody, offered_in_no_row, committed_by_a_bond];

fn leased_to_nobody(line: &mut Line) -> bool {
    let Line::Event(Event::Leased(leased)) = line else { return false };
    (leased.lease, leased.job) = (LeaseId(u64::MAX), JobId(u64::MAX));
    true
}

fn offered_in_no_row(line: &mut Line) -> bool {
    let Line::Event(Event::OfferPosted(posted)) = line else { return false };
    posted.offer = OfferId(u32::MAX - 1);
    true
}

fn committed_by_a_bond(line: &mut Line) -> bool {
    let Line::Event(Event::Bonded(_)) = line else { return false };
    *line = Line::Event(Event::Committed(Committed::default()));
    true
}

#[test]
fn an_impossible_record_is_an_error_and_no_panic() {
    let written = write("forge", 200);
    for (lie, tell) in LIES.into_iter().enumerate() {
        let (path, _) = altered(&written, tell);
        let error = Reader::open(&path).and_then(|reader| reader.replay(|_| {})).err().expect("a contradiction");
        assert!(matches!(error, LogError::Corrupt { .. }), "lie {lie}: {error}");
        assert!(error.to_string().contains("its records contradict the state: "), "lie {lie}: {error}");
        assert!(!error.to_string().contains('\n'), "one line: {error}");
        assert!(audited(&path, &written).difference.is_some());
    }
}

#[test]
fn times_that_run_backwards_or_out_of_the_calendar_do_not_stop_the_reader() {
    let written = write("forge", 60);
    for time in [0, u64::MAX] {
        let mut batches = lines(&written.path);
        batches.truncate(3);
        let mut record = batches[0].iter().find_map(|line| match line {
            Line::Cause(record) if record.sender().is_some() => Some(*record),
            _ => None,
        });
        let record = record.as_mut().expect("a command");
        record.time = time;
        batches.push(vec![Line::Cause(*record)]);
        let path = written.path.with_file_name("forged");
        forge(&path, &batches);
        let _ = Reader::open(&path).and_then(|reader| reader.replay(|_| {}));
        match audit(&path, None, 1, |_| {}) {
            Ok(audited) => assert!(audited.difference.is_some(), "at {time}"),
            Err(error) => assert!(matches!(error, LogError::Corrupt { .. } | LogError::NotALog { .. }), "at {time}: {error}"),
        }
    }
}

#[test]
fn more_than_an_account_holds_cannot_be_folded() {
    let written = write("forge", 200);
    let richer = |line: &mut Line| match line {
        Line::Cause(Record { cause: Cause::Command { command, fee, .. }, .. }) if *fee > 0 => {
            *command = Transfer { amount: u64::MAX, to: plasma_core::ids::AccountId(1), pad: 0 }.into();
            *fee = u64::MAX;
            true
        }
        _ => false,
    };
    let (path, _) = altered(&written, richer);
    let error = Reader::open(&path).and_then(|reader| reader.replay(|_| {})).err().expect("a contradiction");
    assert!(error.to_string().contains("its records contradict the state"), "{error}");
}
