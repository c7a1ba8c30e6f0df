//! How fast the engine is, against a bare loop over vectors in the same run.
//!
//! `cargo bench -p plasma-core --profile release` prints the table; `… -- count` counts instructions under valgrind instead of
//! timing, where noise would hide the difference between bevy and vectors; `… -- table 10000 500000` prints one part alone, and
//! `… -- mechanisms 10000 500000` every market mechanism, `… -- full 10000 500000` every system on, `… -- waiting` an offer before a
//! line in which everybody is too late, `… -- shunned` jobs before as many offers of a provider that they avoid, and the other way
//! round.
//!
//! What was found, on two shared cores in November 2026:
//!
//! - bevy costs nothing over vectors once its tables are lent as slices: 67.6 ns a record each at 1,000 providers, 910 against 910
//!   instructions at 10,000. What a record costs is then the order book and the cache: 68 ns at 1,000 providers, 80 at 10,000, 188
//!   at 100,000, of which vectors pay 176.
//! - Columns and BLAKE3 add 15 ns, the file 5 to 18, zstd at level 1 about 60: 9.2 to 10.2 M records a CPU-second are written
//!   uncompressed at 10,000 providers, 6.0 compressed.
//! - Replay with every check reads 53 M records a second at 1,000 providers, 36 to 40 at 10,000 and 8 at 100,000, where each event
//!   meets rows that no cache holds.
//! - A snapshot of 100,000 providers took 40 to 57 ms while it copied its rows into vectors first, and takes 18 since it borrows
//!   them: half of the time was the kernel's, handing out fresh pages.
//! - Batch markets are dearer than posted asks by what they sort: 2.4 µs a job for one price at 10,000 providers, 1.7 for the
//!   protocol's, 4.8 for sealed asks, against 0.5.
//! - A job that avoids a provider passes over 1,000 of its offers in 3.8 µs, over 10,000 in 5.5 and over 100,000 in 6.4, and that
//!   provider looks through as many waiting jobs that avoid it in 0.36, 0.50 and 0.65 µs.
//! - Every system on, with a check for one job in four and an errand of staking, voting or vesting for one in eight: 970
//!   instructions a record against 950, but 1.4 to 2 times the time, since eight branches a record are foreseen wrongly where so
//!   many kinds of record mix. At 10,000 providers the core takes 148 to 176 ns for the crowd's commands, 5.7 to 6.8 M records a
//!   CPU-second, where the defaults take 82 to 105; with the crowd, which hashes roots and seals, it is 3.9 to 5.8 M.

#![allow(clippy::disallowed_types, reason = "a benchmark reads the clock and prints ratios")]

mod bare;
mod errands;
mod recorded;
mod shunned;
mod waiting;
mod workload;

use cpu_time::ProcessTime;
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::genesis::Genesis;
use plasma_core::log::reader::Reader;
use plasma_core::log::writer::{Keeping, LogWriter};
use plasma_core::log::{Level, Position};
use plasma_core::params::mechanism;
use plasma_core::record::{Event, Record};
use plasma_core::time::Time;
use recorded::{Recorded, Recorder};
use shunned::Shunned;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use waiting::{LATE, LOOKS, Vain};
use workload::Crowd;

struct Run {
    records: u64,
    cpu_s: f64,
}

impl Run {
    fn ns(&self) -> f64 {
        self.cpu_s * 1e9 / self.records as f64
    }
    fn rate(&self) -> f64 {
        self.records as f64 / self.cpu_s / 1e6
    }
}

fn timed(work: impl FnOnce() -> u64) -> Run {
    let start = ProcessTime::now();
    let records = work();
    Run { records, cpu_s: start.elapsed().as_secs_f64() }
}

fn bevy<O: Observer + Send + 'static>(genesis: &Genesis, providers: u32, jobs: u64, observer: O) -> (u64, O) {
    let mut engine = Engine::genesis(genesis, Crowd::new(providers, jobs), observer).expect("a legal genesis");
    engine.run(Crowd::end(providers, jobs));
    let (crowd, observer) = engine.into_parts();
    (crowd.records, observer)
}

fn vectors(genesis: &Genesis, providers: u32, jobs: u64) -> u64 {
    bare::run(genesis, providers, Crowd::new(providers, jobs), &mut (), Crowd::end(providers, jobs)).records
}

fn logged(genesis: &Genesis, providers: u32, jobs: u64, keeping: impl Into<Keeping>, path: &Path) -> (u64, Position) {
    let writer = LogWriter::create(path, keeping, genesis, Arc::new(AtomicBool::new(false))).expect("a new log");
    let (records, writer) = bevy(genesis, providers, jobs, writer);
    (records, writer.finish().expect("room on disk").expect("the level keeps a chain"))
}

fn table(providers: u32, jobs: u64) {
    let genesis = workload::genesis(providers, mechanism::POSTED);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (plain, packed) = (dir.path().join("plain"), dir.path().join("packed"));
    let as_is = Keeping { level: Level::Full, compress: false };
    let bare = timed(|| vectors(&genesis, providers, jobs));
    let runs = [
        ("vectors", timed(|| vectors(&genesis, providers, jobs))),
        ("bevy", timed(|| bevy(&genesis, providers, jobs, ()).0)),
        ("bevy, chained", timed(|| logged(&genesis, providers, jobs, Level::Root, &plain).0)),
        ("bevy, chained, file", timed(|| logged(&genesis, providers, jobs, as_is, &plain).0)),
        ("bevy, chained, zstd, file", timed(|| logged(&genesis, providers, jobs, Level::Full, &packed).0)),
    ];
    println!("\n{providers} providers, {jobs} jobs, {} records", bare.records);
    for (name, run) in &runs {
        println!("  {name:28} {:7.1} ns/record  {:6.2} M records/CPU-s  {:5.2}x", run.ns(), run.rate(), run.ns() / bare.ns());
    }
    for (name, path) in [("as it is", &plain), ("zstd", &packed)] {
        replayed(name, path);
    }
}

/// Every market mechanism under the same demand. A batch is ten minutes; sealed asks are two commands more for every idle offer and
/// auction, which is why its records are given apart from its jobs.
fn mechanisms(providers: u32, jobs: u64) {
    println!("\n{providers} providers, {jobs} jobs, batches of ten minutes");
    let all = [
        ("posted", mechanism::POSTED),
        ("uniform", mechanism::UNIFORM),
        ("sealed", mechanism::SEALED),
        ("algorithmic", mechanism::ALGORITHMIC),
    ];
    for (name, mechanism) in all {
        let genesis = workload::genesis(providers, mechanism);
        let mut leased = Leases(0);
        let run = timed(|| {
            let (records, leases) = bevy(&genesis, providers, jobs, Leases(0));
            leased = leases;
            records
        });
        let each_job = run.cpu_s * 1e6 / jobs as f64;
        let (ns, records, leased) = (run.ns(), run.records, leased.0);
        println!("  {name:12} {ns:7.1} ns/record  {each_job:6.2} µs/job  {records} records, {leased} leases");
    }
}

/// The same demand with the protocol's defaults, and with every system on: drawn checks, Freivalds, redundancy, panels, planted
/// errors, strikes, earnings held back; delegation, grants, proposals and votes, prices, the treasury's orders. Commands are written
/// down first and played again, so that the core alone is timed; beside it stands a run with the crowd, which hashes for roots and
/// commitments.
fn full(providers: u32, jobs: u64) {
    let plain = workload::genesis(providers, mechanism::POSTED);
    let genesis = workload::full_genesis(providers);
    let base = again(&plain, Crowd::new(providers, jobs), Crowd::end(providers, jobs));
    let core = again(&genesis, Crowd::full(providers, jobs), Crowd::end(providers, jobs));
    let mut seen = Names::default();
    let run = timed(|| {
        let (records, names) = everything(&genesis, providers, jobs, Names::default());
        seen = names;
        records
    });
    assert_eq!(run.records, core.records, "the commands written down are the crowd's");
    println!("\n{providers} providers, {jobs} jobs");
    for (name, run) in [("defaults", &base), ("every system on", &core), ("… and the crowd", &run)] {
        println!("  {name:28} {:7.1} ns/record  {:6.2} M records/CPU-s  {:5.2}x", run.ns(), run.rate(), run.ns() / base.ns());
    }
    let told: Vec<String> = seen.0.iter().map(|(name, times)| format!("{name} {times}")).collect();
    println!("    {} records; {}", run.records, told.join(", "));
}

/// What the core alone takes for what a crowd sends: the least of three runs.
fn again(genesis: &Genesis, crowd: Crowd, end: Time) -> Run {
    let mut engine = Engine::genesis(genesis, Recorder::new(crowd), ()).expect("a legal genesis");
    engine.run(end);
    let sent = engine.into_parts().0.sent;
    let play = |_| {
        let mut engine = Engine::genesis(genesis, Recorded::new(sent.clone()), ()).expect("a legal genesis");
        timed(|| {
            engine.run(end);
            engine.environment().records
        })
    };
    (0..3).map(play).min_by(|one, other| one.cpu_s.total_cmp(&other.cpu_s)).expect("three runs")
}

/// An offer that becomes cheaper before so many jobs that could pay it, but would end too late.
fn waiting(jobs: u64) {
    let mut engine = Engine::genesis(&workload::genesis(1, mechanism::POSTED), Vain::new(jobs), ()).expect("a legal genesis");
    engine.run(LATE);
    let waiting = engine.view(|state| state.jobs.iter().filter(|job| job.is_queued()).count());
    let looked = timed(|| {
        engine.run(LATE + 1);
        LOOKS
    });
    println!("{waiting} wait in vain: {:.2} µs a look", looked.ns() / 1e3);
}

/// Copies that look for an offer beside so many of the one provider that has their siblings, and then that provider's requotes before
/// the line of them.
fn shunned(jobs: u64) {
    let mut engine = Engine::genesis(&shunned::genesis(), Shunned::new(jobs), ()).expect("a legal genesis");
    engine.run(shunned::OPEN);
    let matched = timed(|| {
        engine.run(shunned::LOOK);
        jobs
    });
    let waiting = engine.view(|state| state.jobs.iter().filter(|job| job.is_queued() && job.avoids > 0).count());
    let looked = timed(|| {
        engine.run(shunned::LOOK + 1);
        LOOKS
    });
    println!("{waiting} avoid a provider: {:.2} µs a job, {:.2} µs a look", matched.ns() / 1e3, looked.ns() / 1e3);
}

fn everything<O: Observer + Send + 'static>(genesis: &Genesis, providers: u32, jobs: u64, observer: O) -> (u64, O) {
    let mut engine = Engine::genesis(genesis, Crowd::full(providers, jobs), observer).expect("a legal genesis");
    engine.run(Crowd::end(providers, jobs));
    let (crowd, observer) = engine.into_parts();
    (crowd.records, observer)
}

/// Counts what the systems came to.
#[derive(Default)]
struct Names(std::collections::BTreeMap<&'static str, u64>);

impl Observer for Names {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        let counted = matches!(
            event,
            Event::CheckDrawn(_)
                | Event::TrapFound(_)
                | Event::Judged(_)
                | Event::Compared(_)
                | Event::Seized(_)
                | Event::Refused(_)
                | Event::Delegated(_)
                | Event::StakeRewarded(_)
                | Event::StakeSlashed(_)
                | Event::Voted(_)
                | Event::Tallied(_)
                | Event::Vested(_)
                | Event::OrderPlaced(_)
        );
        if counted {
            *self.0.entry(event.name()).or_default() += 1;
        }
    }
}

/// Counts leases.
struct Leases(u64);

impl Observer for Leases {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        self.0 += u64::from(matches!(event, Event::Leased(_)));
    }
}

/// Replays a log with every check, reading ahead on a second thread.
fn replayed(name: &str, path: &Path) {
    let (start, cpu) = (Instant::now(), ProcessTime::now());
    let (mut replay, position, _) = Reader::open(path).and_then(|reader| reader.replay(|_| {})).expect("a sound log");
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    let (millions, each) = (position.records as f64 / 1e6, |bytes: u64| bytes as f64 / position.records as f64);
    let (raw, stored) = (each(position.raw_bytes), each(position.bytes));
    println!("  replay, {name:20} {:7.1} M records/s  {:6.2} M records/CPU-s", millions / wall, millions / cpu);
    println!("    {raw:.1} bytes a record, {stored:.1} on disk");
    std::hint::black_box(replay.digest());
}

/// A state in which nearly every provider runs a job: the crowd asks for more than there is.
fn snapshot(providers: u32) {
    let genesis = workload::genesis(providers, mechanism::POSTED);
    let mut engine = Engine::genesis(&genesis, Crowd::flooding(providers), ()).expect("a legal genesis");
    engine.run(genesis.start + 40 * plasma_core::time::MINUTE);
    let running = engine.view(|state| state.leases.iter().filter(|lease| lease.occupies()).count());
    let start = Instant::now();
    let bytes = engine.snapshot();
    let took = start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    std::hint::black_box(blake3::hash(&bytes));
    let hashed = start.elapsed().as_secs_f64() * 1e3;
    let megabytes = bytes.len() as f64 / 1e6;
    println!(
        "\nsnapshot of {providers} providers, {running} at work: {megabytes:.1} MB in {took:.1} ms, digest {hashed:.1} ms more"
    );
}

/// Instructions per record, by the difference of two runs so that setting up does not count.
fn count(providers: u32) {
    let program = std::env::current_exe().expect("this program");
    let instructions = |kind: &str, jobs: u64| -> Option<(f64, f64)> {
        let output = std::process::Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(&program)
            .args([kind, &providers.to_string(), &jobs.to_string()])
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = text.split("Collected : ").nth(1)?.split_whitespace().next()?.parse().ok()?;
        let records = String::from_utf8_lossy(&output.stdout).trim().parse().ok()?;
        Some((collected, records))
    };
    let per_record = |kind: &str| {
        let (small, large) = (instructions(kind, u64::from(providers))?, instructions(kind, 4 * u64::from(providers))?);
        Some((large.0 - small.0) / (large.1 - small.1))
    };
    match (per_record("vectors"), per_record("bevy"), per_record("everything")) {
        (Some(bare), Some(ecs), Some(full)) => {
            println!("{providers} providers: vectors {bare:.1}, bevy {ecs:.1} instructions a record, {:.3}x", ecs / bare);
            println!("{providers} providers: every system on {full:.1}, {:.3}x", full / ecs);
        }
        _ => println!("instructions were not counted: valgrind is not installed"),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let number = |i: usize| args.get(i).and_then(|arg| arg.parse::<u64>().ok()).unwrap_or_default();
    match args.first().map(String::as_str) {
        Some("vectors") => {
            let providers = number(1) as u32;
            println!("{}", vectors(&workload::genesis(providers, mechanism::POSTED), providers, number(2)));
        }
        Some("bevy") => {
            let providers = number(1) as u32;
            println!("{}", bevy(&workload::genesis(providers, mechanism::POSTED), providers, number(2), ()).0);
        }
        Some("table") => table(number(1) as u32, number(2)),
        Some("mechanisms") => mechanisms(number(1) as u32, number(2)),
        Some("everything") => {
            let providers = number(1) as u32;
            println!("{}", everything(&workload::full_genesis(providers), providers, number(2), ()).0);
        }
        Some("waiting") => [1_000, 10_000, 100_000].into_iter().for_each(waiting),
        Some("shunned") => [1_000, 10_000, 100_000].into_iter().for_each(shunned),
        Some("full") => full(number(1) as u32, number(2)),
        Some("snapshot") => snapshot(number(1) as u32),
        Some("count") => [1_000, 10_000, 100_000].into_iter().for_each(count),
        _ => {
            for (providers, jobs) in [(1_000, 300_000), (10_000, 500_000), (100_000, 500_000)] {
                table(providers, jobs);
                mechanisms(providers, jobs);
                full(providers, jobs);
            }
            snapshot(100_000);
        }
    }
}
