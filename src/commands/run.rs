//! `plasma run`: play a scenario and write a run folder.

mod results;

pub use results::titled;

use crate::Outcome;
use crate::books::books;
use crate::checkpoint::Checkpoint;
use crate::cli;
use crate::commands::counter::Counter;
use crate::console::{bar, say, stop_on_ctrl_c};
use crate::folder::{Folder, write_whole};
use crate::manifest::{Formats, Log, Manifest, hex};
use crate::observe::{metrics, observed};
use clap::ValueEnum;
use indicatif::ProgressBar;
use miette::{IntoDiagnostic, WrapErr, miette};
use plasma_core::engine::{Engine, Progress};
use plasma_core::genesis::Genesis;
use plasma_core::log::writer::{Keeping, LogWriter};
use plasma_core::log::{Level, Position};
use plasma_core::time::Time;
use plasma_reports::{Metrics, calendar};
use plasma_sim::agents::Agents;
use plasma_sim::scenario::quantity::SpanMs;
use plasma_sim::scenario::{Loaded, Scenario, render_resolved};
use plasma_sim::traces::Report;
use plasma_sim::world;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a long run leaves a checkpoint, so that a power cut costs little: every half minute, unless the environment names
/// other seconds; with 0, at every epoch.
fn checkpoint_every() -> Duration {
    let seconds = std::env::var("PLASMA_CHECKPOINT_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(30))
}

/// Everything that is made from a scenario before the first record.
struct Plan {
    folder: Folder,
    loaded: Loaded,
    /// Digest of the resolved scenario.
    digest: [u8; 32],
    genesis: Genesis,
    /// What became of the rows of each trace.
    traces: Recorded,
    level: Level,
    until: Time,
    stop: Arc<AtomicBool>,
}

/// How long a run took, and how many records an earlier part of it had made.
struct Took {
    time: Duration,
    before: u64,
}

type Watch = (Counter, (Metrics, LogWriter));

pub fn run(args: &cli::Run) -> miette::Result<Outcome> {
    let (plan, engine, epochs) = match (&args.resume, &args.scenario) {
        (Some(folder), _) => resume(Folder::open(folder)?)?,
        (None, Some(scenario)) => start(args, scenario)?,
        (None, None) => return Err(miette!("name a scenario file, or a folder to --resume")),
    };
    play(&plan, engine, epochs, args.json)
}

fn start(args: &cli::Run, path: &std::path::Path) -> miette::Result<(Plan, Engine<Agents, Watch>, u64)> {
    let mut sets = args.set.clone();
    sets.extend(args.seed.map(|seed| format!("seed={seed}")));
    let level = args.log.as_ref().and_then(ValueEnum::to_possible_value);
    sets.extend(level.map(|level| format!("log.level={}", level.get_name())));
    let loaded = Scenario::load(path, &sets)?;
    let (genesis, agents, traces) = build(&loaded)?;
    traces.iter().for_each(|(name, what)| eprintln!("Trace `{name}`: {what}"));
    beyond(args.until.as_deref(), &loaded)?.iter().for_each(|remark| eprintln!("{remark}"));
    let until = ending(args.until.as_deref(), &loaded, genesis.start)?;
    let folder = Folder::create(args.out.as_deref(), path)?;
    write_whole(&folder.scenario(), render_resolved(&loaded.anchored()).as_bytes())?;
    let level = Level::from(loaded.scenario.log.level);
    let digest = loaded.digest().into_diagnostic()?;
    let plan = Plan { folder, loaded, digest, genesis, traces, level, until, stop: stop_on_ctrl_c()? };
    let writer = LogWriter::create(&plan.folder.log(), keeping(level, &plan.loaded), &plan.genesis, flag());
    // A folder that holds nothing yet would only be in the way of the next attempt.
    let writer = writer.inspect_err(|_| plan.folder.discard()).into_diagnostic()?;
    let metrics = metrics(&plan.genesis, agents.economy());
    let watch = (Counter::default(), (metrics, writer));
    let engine = Engine::genesis(&plan.genesis, agents, watch).into_diagnostic()?;
    Ok((plan, engine, 0))
}

/// The moment at which a run ends: its horizon, or the earlier one that was asked for.
pub fn ending(asked: Option<&str>, loaded: &Loaded, start: Time) -> miette::Result<Time> {
    let horizon = start.saturating_add(loaded.scenario.horizon.0);
    let Some(text) = asked else { return Ok(horizon) };
    let until = super::moment(text, start)?;
    if until <= start {
        let help = "write a later date, or a time after the start such as 90d";
        return Err(miette!(help = help, "--until {text} is not after the start, {}", calendar::date(start)));
    }
    Ok(until.min(horizon))
}

/// What lies beyond a scenario's horizon and will not come about: the end that was asked for, and shocks.
pub fn beyond(asked: Option<&str>, loaded: &Loaded) -> miette::Result<Vec<String>> {
    let (start, horizon) = (loaded.scenario.start.0, loaded.scenario.horizon);
    let (end, mut remarks) = (start.saturating_add(horizon.0), Vec::new());
    if let Some(text) = asked
        && super::moment(text, start)? > end
    {
        let end = calendar::timestamp(end);
        remarks.push(format!("--until {text} is beyond the scenario's horizon of {horizon}: the run ends at {end}"));
    }
    let late = |at: &SpanMs| at.0 >= horizon.0;
    for (shock, at) in loaded.scenario.shock.iter().filter_map(|shock| Some((&shock.id, shock.at.filter(late)?))) {
        remarks.push(format!(
            "Shock `{shock}` is for {at} after the start, and the scenario ends after {horizon}: it never strikes"
        ));
    }
    Ok(remarks)
}

/// Traces by name, and what became of their rows.
type Recorded = Vec<(String, Report)>;

/// The beginning, the agents, and what became of the rows of each trace.
pub fn build(loaded: &Loaded) -> miette::Result<(Genesis, Agents, Recorded)> {
    let traces = plasma_sim::traces::read_all(loaded).into_diagnostic()?;
    let (genesis, agents) = world::build_on(loaded, &traces, 0).into_diagnostic()?;
    for part in agents.economy().unheld(&loaded.scenario) {
        let (id, amount) = (&part.id, part.amount);
        eprintln!("Allocation `{id}`: the group that would share {amount} has no member: that is not issued");
    }
    let names = loaded.scenario.trace.iter().map(|section| section.id.to_string());
    Ok((genesis, agents, names.zip(traces.into_iter().map(|trace| trace.report)).collect()))
}

fn resume(folder: Folder) -> miette::Result<(Plan, Engine<Agents, Watch>, u64)> {
    if !folder.checkpoint().exists() {
        let complete = folder.manifest().exists() && Manifest::read(&folder.manifest())?.complete;
        let help = if complete { "there is nothing to continue" } else { "run its scenario.toml again with another --out" };
        return Err(miette!(
            help = help,
            "{} has no checkpoint{}",
            folder.path().display(),
            if complete { ": it is complete" } else { "" }
        ));
    }
    let saved = Checkpoint::read(&folder.checkpoint())?;
    if saved.engine != plasma_core::ENGINE_DIGEST {
        let help = "continue it with the binary that started it, or run its scenario.toml again";
        return Err(miette!(help = help, "another engine wrote this checkpoint ({})", saved.engine));
    }
    let loaded = Scenario::load(&folder.scenario(), &[])?;
    if loaded.digest().into_diagnostic()? != saved.scenario {
        let help = "restore it, or run the changed scenario anew with `plasma run`";
        return Err(miette!(help = help, "scenario.toml, or a trace that it names, is not what this run was started with"));
    }
    let (genesis, _, traces) = build(&loaded)?;
    let agents = world::restore(&loaded, 0, &saved.agents).into_diagnostic()?;
    let metrics = Metrics::load(&saved.metrics).into_diagnostic()?;
    let stop = stop_on_ctrl_c()?;
    let level = saved.level();
    let writer = LogWriter::resume(&folder.log(), keeping(level, &loaded), saved.position(), flag()).into_diagnostic()?;
    let watch = (Counter(saved.counted), (metrics, writer));
    // What it says of the interrupted run no longer holds once the log grows.
    if folder.manifest().exists() {
        std::fs::remove_file(folder.manifest()).into_diagnostic().wrap_err("the old manifest cannot be removed")?;
    }
    let engine =
        Engine::restore(&saved.core, agents, watch).map_err(|why| miette!("the checkpoint cannot be restored: {why}"))?;
    let plan = Plan { folder, loaded, digest: saved.scenario, genesis, traces, level, until: saved.until, stop };
    Ok((plan, engine, saved.epochs))
}

fn play(plan: &Plan, mut engine: Engine<Agents, Watch>, mut epochs: u64, json: bool) -> miette::Result<Outcome> {
    let (started, before) = (Instant::now(), engine.observer().0.0);
    let days = |time: Time| time.saturating_sub(plan.genesis.start) / plasma_core::time::DAY;
    let bar = bar(days(plan.until), "{bar:16} {percent:>3}%, {eta} left  {wide_msg}");
    let (every, mut saved) = (checkpoint_every(), Instant::now());
    let complete = loop {
        // Through the last moment itself, so that an epoch that ends there closes.
        if engine.run_epoch(plan.until.saturating_add(1)) == Progress::Reached {
            break true;
        }
        epochs += 1;
        tell(&mut engine);
        show_progress(&mut engine, &bar, started, before, days);
        if plan.stop.load(Ordering::Relaxed) || engine.observer().1.1.has_failed() {
            break false;
        }
        if saved.elapsed() >= every {
            save(plan, &mut engine, epochs)?;
            saved = Instant::now();
        }
    };
    bar.finish_and_clear();
    let disk_full = engine.observer().1.1.has_failed();
    let mut unsaved = None;
    if !complete && !disk_full {
        unsaved = save(plan, &mut engine, epochs).err();
    }
    let took = Took { time: started.elapsed(), before };
    conclude(plan, engine, epochs, complete, json, &took)?;
    match (complete, unsaved) {
        (true, _) => Ok(Outcome::Done),
        (false, Some(error)) => Err(error.wrap_err("the run stopped early and cannot be continued")),
        (false, None) => {
            eprintln!("Interrupted. To go on: plasma run --resume {}", plan.folder.path().display());
            Ok(Outcome::Interrupted)
        }
    }
}

/// Tells the metrics what the ledger does not say of the epoch that has just closed.
fn tell(engine: &mut Engine<Agents, Watch>) {
    let observed = observed(engine.environment());
    engine.observer().1.0.observe(observed);
}

fn show_progress(
    engine: &mut Engine<Agents, Watch>,
    bar: &ProgressBar,
    started: Instant,
    before: u64,
    days: impl Fn(Time) -> u64,
) {
    if bar.is_hidden() {
        return;
    }
    let now = engine.view(|state| state.clock.now);
    let rate = (engine.observer().0.0 - before) as f64 / started.elapsed().as_secs_f64().max(1e-3) / 1e6;
    bar.set_position(days(now));
    bar.set_message(format!("{}  {rate:.2} M records/s", calendar::date(now)));
}

/// Leaves a checkpoint from which the run continues to the same digest.
fn save(plan: &Plan, engine: &mut Engine<Agents, Watch>, epochs: u64) -> miette::Result<()> {
    let core = engine.snapshot().into_vec();
    let now = engine.view(|state| state.clock.now);
    let agents = engine.environment().save();
    let (Counter(counted), (metrics, writer)) = engine.observer();
    let counted = *counted;
    let metrics = metrics.save().into_vec();
    let start = Position { bytes: 0, batches: 0, records: 0, raw_bytes: 0, root: [0; 32] };
    let position = writer.sync().into_diagnostic()?.unwrap_or(start);
    let checkpoint = Checkpoint {
        engine: plasma_core::ENGINE_DIGEST.into(),
        scenario: plan.digest,
        seed: plan.loaded.scenario.seed,
        until: plan.until,
        now,
        epochs,
        counted,
        level: plan.level as u8,
        position: [position.bytes, position.batches, position.records, position.raw_bytes],
        root: position.root,
        core,
        agents,
        metrics,
    };
    checkpoint.write(&plan.folder.checkpoint())
}

/// Ends the log and writes what the run came to.
fn conclude(
    plan: &Plan,
    mut engine: Engine<Agents, Watch>,
    epochs: u64,
    complete: bool,
    json: bool,
    took: &Took,
) -> miette::Result<()> {
    let state_digest = hex(&engine.digest());
    let end = if complete { plan.until } else { engine.view(|state| state.clock.now) };
    let (agents, (counter, (metrics, writer))) = engine.into_parts();
    let position = writer.finish().map_err(|error| {
        let help = "free some room; the log ends with its last whole batch and can still be replayed up to there";
        miette!(help = help, "the log could not be written to the end: {error}")
    })?;
    let mut manifest = Manifest {
        title: plan.loaded.scenario.title.clone(),
        plasma: env!("CARGO_PKG_VERSION").into(),
        formats: Formats::current(),
        engine_digest: plasma_core::ENGINE_DIGEST.into(),
        scenario_digest: hex(&plan.digest),
        genesis_digest: hex(&plan.genesis.digest()),
        seed: plan.loaded.scenario.seed,
        start: calendar::timestamp(plan.genesis.start),
        end_ms: end,
        end: calendar::timestamp(end),
        complete,
        log: Log::of(plan.level, position),
        state_digest,
        epochs,
        inadmissible: agents.tally().inadmissible,
        results: BTreeMap::new(),
    };
    let summary = results::write(plan, &manifest, &metrics, books(&agents)).map_err(|error| unfinished(&plan.folder, &error))?;
    manifest.results = plan.folder.results()?;
    // The manifest comes last: a folder that has one is whole.
    manifest.write(&plan.folder.manifest())?;
    if complete && plan.folder.checkpoint().exists() {
        std::fs::remove_file(plan.folder.checkpoint()).into_diagnostic().wrap_err("the last checkpoint cannot be removed")?;
    }
    if json {
        say!("{}", serde_json::json!({ "folder": plan.folder.path(), "manifest": manifest, "summary": summary }));
    } else {
        say!("{}\n\n{summary}", results::titled(&plan.loaded.scenario));
        say!("Figures cover {}.", results::covered(&metrics));
        let (records, seconds) = (counter.0 - took.before, took.time.as_secs_f64());
        let rate = records as f64 / seconds.max(1e-3) / 1e6;
        say!("{records} records in {seconds:.1} s ({rate:.2} M records/s)");
        say!("state digest {}", manifest.state_digest);
        say!("Everything is in {0}; open {0}/report.html", plan.folder.path().display());
    }
    Ok(())
}

/// Why a folder has a log and not everything that should stand beside it, and what to do.
fn unfinished(folder: &Folder, error: &miette::Report) -> miette::Report {
    let path = folder.path().display();
    let again = if folder.checkpoint().exists() {
        format!("plasma run --resume {path}")
    } else {
        format!("plasma run {path}/scenario.toml --out ANOTHER_FOLDER")
    };
    miette!(
        help = format!("free some room, then: {again}"),
        "the run is over, but not all of its results could be written: {error}"
    )
}

/// A flag that nobody has raised.
fn flag() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}

const fn keeping(level: Level, loaded: &Loaded) -> Keeping {
    Keeping { level, compress: loaded.scenario.log.compress }
}
