//! One small economy whose final state is pinned: the same in debug and release, on any number of threads, in one go or continued
//! at any epoch, played or audited.

use plasma_core::engine::{Engine, Progress};
use plasma_core::log::audit::audit;
use plasma_core::log::writer::LogWriter;
use plasma_core::log::{Level, Position};
use plasma_core::time::Time;
use plasma_sim::agents::Agents;
use plasma_sim::scenario::{Loaded, Scenario};
use plasma_sim::world;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Digest of the final state. A failing test prints the new one; change it together with a rule, and say so in the commit.
const DIGEST: &str = "aacb5e574810525d283dbba1fcfad87ee70e38209c10d89225df8d892452a8b8";

/// The economy, to which other tests add.
pub const SCENARIO: &str = r#"
title = "Golden"
question = "Is everything as it was?"
start = 2025-09-25
horizon = "4d"
seed = 7
scale = 1

[token]
initial_supply = "1_000_000_000 XPL"
price = "0.10 USD"
market_maker_usd = "1_000_000 USD"

[verification]
rate = "20%"

[emission]
schedule = "fixed"
yearly = "500_000 XPL"

[[allocation]]
id = "market-maker"
amount = "25%"
holder = "market_maker"

[[allocation]]
id = "providers"
amount = "1%"
holder = "providers"

[[allocation]]
id = "customers"
amount = "4%"
holder = "customers"

[[allocation]]
id = "unvested"
amount = "70%"
holder = "locked"

[[region]]
id = "europe"
electricity = "0.204 USD/kWh"
utc_offset = "+01:00"

[[region]]
id = "asia"
electricity = "0.107 USD/kWh"
utc_offset = "+08:00"

[[class]]
id = "rtx-4090"
name = "GeForce RTX 4090"
vram = "24 GB"
f32 = "82.6 TFLOPS"
bf16 = "165 TFLOPS"
bandwidth = "1_010 GB/s"
power = "450 W"
hardware = "3_297 USD"
rental = "0.34 USD/h"

[[program]]
id = "decode-8b"
kind = "inference"
sizes = ["tokens"]
cost = [
    { resource = "bf16", coefficient = 16_000_000_000, exponents = [1] },
    { resource = "bytes", coefficient = 500_000_000, exponents = [1] },
]

[[provider]]
id = "gamers"
class = "rtx-4090"
count = 16
regions = { europe = 1, asia = 1 }
speed_spread = "5%"
faults = { missed = "3%", wrong = "3%" }

[[provider]]
id = "night-owls"
class = "rtx-4090"
count = 8
gpus = 2
regions = { europe = 1 }
uptime = "night"
join = { initial = "50%", ramp = "3d" }

[[demand]]
id = "chat"
program = "decode-8b"
reference = "rtx-4090"
customers = 50
rate = "6/h"
size = { tokens = { median = 10_000_000, sigma = 0.8 } }
vram = "16 GB"
reservation = { median = "0.34 USD/h", sigma = 0.4 }
patience = "1h"
deadline = "1d"
daily = "office"
policy = "sampled"
"#;

type Logged = Engine<Agents, LogWriter>;

fn loaded() -> Loaded {
    Scenario::parse("golden", SCENARIO, &[]).unwrap_or_else(|error| panic!("{}", error.plain()))
}

fn end(loaded: &Loaded) -> Time {
    loaded.scenario.start.0 + loaded.scenario.horizon.0
}

fn begin(loaded: &Loaded, log: &Path) -> Logged {
    let (genesis, agents) = world::build(loaded, 0).unwrap();
    let writer = LogWriter::create(log, Level::Full, &genesis, Arc::new(AtomicBool::new(false))).unwrap();
    Engine::genesis(&genesis, agents, writer).unwrap()
}

fn conclude(mut engine: Logged) -> (String, Position) {
    let digest = engine.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    (digest, engine.into_parts().1.finish().unwrap().unwrap())
}

/// Plays to the end, and gives the state's digest and the log's position.
fn play(log: &Path) -> (String, Position) {
    let loaded = loaded();
    let mut engine = begin(&loaded, log);
    engine.run(end(&loaded));
    conclude(engine)
}

/// Saves everything after so many epochs, lets the old engine go on as if nothing were to happen, and continues from what was saved.
fn play_in_two(log: &Path, epochs: usize) -> (String, Position) {
    let loaded = loaded();
    let mut engine = begin(&loaded, log);
    for _ in 0..epochs {
        assert_eq!(engine.run_epoch(end(&loaded)), Progress::EpochClosed);
    }
    let (core, agents) = (engine.snapshot(), engine.environment().save());
    let position = engine.observer().sync().unwrap().unwrap();
    engine.run_epoch(end(&loaded));
    engine.into_parts().1.finish().unwrap();

    let writer = LogWriter::resume(log, Level::Full, position, Arc::new(AtomicBool::new(false))).unwrap();
    let agents = world::restore(&loaded, 0, &agents).unwrap();
    let mut continued = Engine::restore(&core, agents, writer).unwrap();
    continued.run(end(&loaded));
    conclude(continued)
}

#[test]
fn the_golden_economy_ends_in_the_golden_state() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let (digest, position) = play(&log);
    assert_eq!(digest, DIGEST, "the golden digest has changed; the log holds {} records", position.records);
    let audited = audit(&log, Some(end(&loaded()) - 1), 5, |_| {}).unwrap();
    assert_eq!((audited.difference, audited.position), (None, position));
}

#[test]
fn a_golden_run_continues_at_any_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let whole = play(&folder.path().join("whole"));
    for epochs in 0..=3 {
        let log = folder.path().join(format!("cut-{epochs}"));
        assert_eq!(play_in_two(&log, epochs), whole, "cut after {epochs} epochs");
    }
}

#[test]
fn golden_runs_beside_each_other_do_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    let whole = play(&folder.path().join("alone"));
    for threads in [1, 2, 8] {
        std::thread::scope(|scope| {
            let runs: Vec<_> = (0..threads)
                .map(|n| {
                    let log = folder.path().join(format!("{threads}-{n}"));
                    scope.spawn(move || play(&log))
                })
                .collect();
            runs.into_iter().for_each(|run| assert_eq!(run.join().unwrap(), whole, "{threads} threads"));
        });
    }
}
