//! `plasma replicate`: play designs with many seeds, several at a time, and say what they come to.
//!
//! A replicate is a run that keeps no log. Each is written down when it ends, so that nothing is lost but those under way when
//! somebody interrupts; and since a run depends on nothing but its scenario and seed, neither the number of workers nor an
//! interruption changes a byte of the results.

mod experiment;

use crate::Outcome;
use crate::cli;
use crate::commands::counter::Counter;
use crate::commands::run::ending;
use crate::console::{bar, say, stop_on_ctrl_c};
use crate::manifest::hex;
use crate::observe::{metrics, observed};
use experiment::{Design, Experiment};
use indicatif::ProgressBar;
use miette::{IntoDiagnostic, WrapErr};
use plasma_core::engine::{Engine, Progress};
use plasma_core::time::{DAY, Time};
use plasma_reports::replicates::Replicate;
use plasma_sim::scenario::Loaded;
use plasma_sim::traces::{Trace, read_all};
use plasma_sim::world;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// A design ready to be played with any seed.
struct Stage<'e> {
    design: &'e Design,
    traces: Vec<Trace>,
    /// The moment at which its runs end.
    until: Time,
}

pub fn replicate(args: &cli::Replicate) -> miette::Result<Outcome> {
    let experiment = match &args.resume {
        Some(folder) => Experiment::open(folder)?,
        None => Experiment::create(args)?,
    };
    let stop = stop_on_ctrl_c()?;
    let jobs = args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let complete = play(&experiment, jobs, &stop)?;
    let risk = experiment.conclude()?;
    if args.json {
        say!("{}", serde_json::json!({ "folder": experiment.path(), "complete": complete, "risk": risk }));
    } else {
        say!("{risk}\nEverything is in {0}; open {0}/report.html", experiment.path().display());
    }
    if complete {
        return Ok(Outcome::Done);
    }
    eprintln!("Interrupted. To go on: plasma replicate --resume {}", experiment.path().display());
    Ok(Outcome::Interrupted)
}

/// Plays what has not been played, and says whether all has.
fn play(experiment: &Experiment, jobs: usize, stop: &AtomicBool) -> miette::Result<bool> {
    let stages: Vec<Stage> =
        experiment.designs.iter().map(|design| Stage::of(design, experiment)).collect::<miette::Result<_>>()?;
    // Seed by seed, so that whoever interrupts has pairs to compare.
    let all = experiment.seeds().flat_map(|seed| stages.iter().map(move |stage| (stage, seed)));
    let left: Vec<(&Stage, u64)> = all.filter(|(stage, seed)| !experiment.is_done(stage.design, *seed)).collect();
    let days = left.iter().map(|(stage, _)| stage.days(stage.until)).sum();
    let bar = bar(days, "{bar:16} {percent:>3}%, {eta} left  {wide_msg}");
    let (next, done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(None));
    let work = || {
        while let Some(&(stage, seed)) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
            bar.set_message(format!("{} of {} replicates", done.load(Ordering::Relaxed), left.len()));
            let kept = stage.play(seed, stop, &bar).and_then(|played| match played {
                Some(replicate) => experiment.keep(stage.design, &replicate).map(|()| true),
                None => Ok(false),
            });
            match kept {
                Ok(true) => done.fetch_add(1, Ordering::Relaxed),
                Ok(false) => return,
                Err(error) => {
                    // One that cannot be played or kept ends them all.
                    stop.store(true, Ordering::Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    return;
                }
            };
        }
    };
    std::thread::scope(|scope| (0..jobs.min(left.len())).for_each(|_| drop(scope.spawn(work))));
    bar.finish_and_clear();
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(done.into_inner() == left.len()),
    }
}

impl<'e> Stage<'e> {
    fn of(design: &'e Design, experiment: &Experiment) -> miette::Result<Self> {
        let traces = read_all(&design.loaded).into_diagnostic()?;
        let until = ending(experiment.until(), &design.loaded, design.loaded.scenario.start.0)?;
        Ok(Self { design, traces, until })
    }

    fn days(&self, time: Time) -> u64 {
        time.saturating_sub(self.design.loaded.scenario.start.0) / DAY
    }

    /// What a run with this seed comes to; nothing when it was to stop.
    fn play(&self, seed: u64, stop: &AtomicBool, bar: &ProgressBar) -> miette::Result<Option<Replicate>> {
        let mut loaded: Loaded = self.design.loaded.clone();
        loaded.scenario.seed = seed;
        let context = || format!("{} with seed {seed}", self.design.name);
        let (genesis, agents) = world::build_on(&loaded, &self.traces, 0).into_diagnostic().wrap_err_with(context)?;
        let watch = (Counter::default(), metrics(&genesis, agents.economy()));
        let mut engine = Engine::genesis(&genesis, agents, watch).into_diagnostic().wrap_err_with(context)?;
        let mut seen = 0;
        while engine.run_epoch(self.until.saturating_add(1)) != Progress::Reached {
            let told = observed(engine.environment());
            engine.observer().1.observe(told);
            let day = self.days(engine.view(|state| state.clock.now));
            bar.inc(day - seen);
            seen = day;
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
        }
        let digest = hex(&engine.digest());
        let (_, (counter, metrics)) = engine.into_parts();
        bar.inc(self.days(self.until) - seen);
        Ok(Some(Replicate::of(&metrics, seed, digest, counter.0)))
    }
}
