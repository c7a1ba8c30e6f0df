//! What a run costs as a whole, agents, metrics and log included: `cargo bench --profile release --bench year`.
//!
//! A year of ten thousand providers at full scale, and the baseline as shipped. CPU time is that of all threads together.

use cpu_time::ProcessTime;
use plasma_core::engine::{Engine, Progress};
use plasma_core::log::Level;
use plasma_core::log::writer::LogWriter;
use plasma_reports::Metrics;
use plasma_sim::scenario::Scenario;
use plasma_sim::world;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

fn play(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let loaded = Scenario::load(&path, &[]).expect("a sound scenario");
    let (genesis, agents) = world::build(&loaded, 0).expect("a sound economy");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("log");
    let writer = LogWriter::create(&log, Level::Full, &genesis, Arc::new(AtomicBool::new(false))).expect("a new log");
    let mut engine = Engine::genesis(&genesis, agents, (Metrics::new(&genesis), writer)).expect("a legal genesis");
    let until = genesis.start + loaded.scenario.horizon.0 + 1;
    while engine.run_epoch(until) == Progress::EpochClosed {}
    let leases = engine.view(|state| state.leases.opened());
    let (_, (_, writer)) = engine.into_parts();
    let position = writer.finish().expect("room on disk").expect("a full log");
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    println!("{name}: {leases} leases, {} records in {wall:.1} s, {cpu:.1} CPU-s", position.records);
    println!(
        "  {:.2} M records per CPU-second, {:.1} µs a lease",
        position.records as f64 / cpu / 1e6,
        cpu / leases as f64 * 1e6
    );
    println!(
        "  log {:.0} MB, {:.1} bytes a record",
        position.bytes as f64 / 1e6,
        position.bytes as f64 / position.records as f64
    );
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
    if named.is_empty() {
        ["xpl-baseline.toml", "xpl-full-year.toml"].into_iter().for_each(play);
    } else {
        named.iter().for_each(|name| play(name));
    }
}
