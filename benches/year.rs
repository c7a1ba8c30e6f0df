//! What a run costs as a whole, agents, metrics and log included: `cargo bench --profile release --bench year`.
//!
//! A year of ten thousand providers at full scale, the baseline as shipped, and a month of ten thousand providers with every
//! kind of agent (`everyone.toml`). CPU time is that of all threads together; on a busy machine it counts what others do to the
//! caches.
//!
//! `… -- everyone no-log` plays the worlds alone that every word fits: part of a name, `log` or `no-log`.
//!
//! In `everyone.toml` the profile is flat: no function takes a tenth of the time, the twenty dearest together a little over
//! half. What was dear without need, in the same world without delegators, voters and builders, was the oracle's price, which
//! asked sixteen seats of which one is taken (2.7 % of the time), a candidate's numbers, which were drawn once for its waiting
//! time and once more for the rest, by narrow vectors (5.8 %), and a griever who searched all jobs for its own (3.4 %). Without
//! these that world's month takes 2.8 CPU-seconds where it took 3.4, records unchanged. With everyone it came to 1.84 to 1.91 M
//! records per CPU-second without log and 1.5 M with, on two quiet threads of one core.
//!
//! Dear without need with everyone were then: binary heaps of appointments and of promises more than three days ahead (3.7 %),
//! the numbers of candidates, copied four times and keyed anew on a stream that stays (3 %), the power of growth where its
//! bounds tell whom thinning leaves (1.8 %), and stake: what voters had, gathered into sets; a delegation, looked up five times
//! to change it and three times to see it; losses discounted that nobody had. Without these the month takes 2,550 instructions a
//! record where it took 2,925 (callgrind), and 3.4 CPU-seconds where it took 3.8: the least of nine runs each, by turns, on
//! cores so busy that the latter is 30 % more than alone. That is 12 % more records per CPU-second: without log 1.83,
//! 2.00, 2.11 and 2.49 M in four runs in a row on cores that others share, 1.5 M with.
//!
//! What is left are cache misses: 17 lines a record are not in a megabyte, and 47 of code not in 32 KiB. A sixth of the former
//! is an attacker's who looks through all jobs for those that wait, once an hour; others are one or two for each visit to a
//! provider or an account among ten thousand. An eighth of the instructions reads the board, mostly in the first hour, when
//! every candidate does, but in order, which costs 2.5 % of the time. Identifiers of leases beside their rows, so that a promise
//! about one that has closed fetches no row, cost more lines than they spare: most are still open to challenges. One codegen
//! unit for `sim` and huge pages change nothing.

use cpu_time::ProcessTime;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::engine::{Engine, Progress};
use plasma_core::log::Level;
use plasma_core::log::writer::LogWriter;
use plasma_core::record::{Event, Record};
use plasma_reports::Metrics;
use plasma_sim::scenario::Scenario;
use plasma_sim::world;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Records so far.
#[derive(Default)]
struct Counter(u64);

impl Observer for Counter {
    fn cause(&mut self, _view: &State, _record: &Record) {
        self.0 += 1;
    }
    fn event(&mut self, _view: &State, _record: &Record, _event: &Event) {
        self.0 += 1;
    }
}

/// A world with its metrics, and with its log or without.
fn play(name: &str, level: Level) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let loaded = Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
    let (genesis, agents) = world::build(&loaded, 0).expect("a sound economy");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("log");
    let writer = LogWriter::create(&log, level, &genesis, Arc::new(AtomicBool::new(false))).expect("a new log");
    let mut engine =
        Engine::genesis(&genesis, agents, (Counter::default(), (Metrics::new(&genesis), writer))).expect("a legal genesis");
    let until = genesis.start + loaded.scenario.horizon.0 + 1;
    while engine.run_epoch(until) == Progress::EpochClosed {}
    let leases = engine.view(|state| state.leases.opened());
    let (_, (Counter(records), (_, writer))) = engine.into_parts();
    let position = writer.finish().expect("room on disk");
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    println!("{name}: {leases} leases, {records} records in {wall:.1} s, {cpu:.1} CPU-s");
    println!("  {:.2} M records per CPU-second, {:.1} µs a lease", records as f64 / cpu / 1e6, cpu / leases as f64 * 1e6);
    match position.filter(|_| level == Level::Full) {
        Some(log) => {
            println!("  log {:.0} MB, {:.1} bytes a record", log.bytes as f64 / 1e6, log.bytes as f64 / log.records as f64);
        }
        None => println!("  no log"),
    }
    println!("  peak memory so far {}", peak_memory());
}

/// The largest resident size that Linux saw, where there is a Linux.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map(str::trim);
    line.map_or_else(|| "unknown".into(), str::to_owned)
}

fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let worlds = [
        ("scenarios/xpl-baseline.toml", Level::Full),
        ("benches/everyone.toml", Level::None),
        ("benches/everyone.toml", Level::Full),
        ("scenarios/xpl-full-year.toml", Level::Full),
    ];
    let meant = |path: &str, level: Level, name: &str| match name {
        "log" => level == Level::Full,
        "no-log" => level == Level::None,
        part => path.contains(part),
    };
    let chosen = |(path, level): &(&str, Level)| named.iter().all(|name| meant(path, *level, name));
    worlds.into_iter().filter(chosen).for_each(|(path, level)| play(path, level));
}
