//! The folder of an experiment: what is to be played, what was, and what it comes to.

use crate::cli;
use crate::commands::run::{beyond, ending, titled};
use crate::folder::{digest, new_root, stem, write_whole};
use crate::manifest::hex;
use miette::{IntoDiagnostic, WrapErr, miette};
use plasma_core::time::Time;
use plasma_reports::replicates::{self, Purpose, Replicate, Risk, page, write_pictures, write_tables};
use plasma_sim::scenario::{Loaded, Scenario, render_resolved};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// What is to be played, and where it is kept.
pub struct Experiment {
    root: PathBuf,
    plan: Plan,
    /// The first, with which the others are compared, first.
    pub designs: Vec<Design>,
}

/// `experiment.json`.
#[derive(Serialize, Deserialize)]
struct Plan {
    /// Version of the binary.
    plasma: String,
    /// Digest of the engine's sources.
    engine_digest: String,
    /// Digest of the binary: agents and metrics are no part of the engine.
    binary_digest: String,
    /// First and last seed.
    seeds: (u64, u64),
    /// When runs end, as it was asked for; without it at each scenario's horizon.
    until: Option<String>,
    /// The designs, the first first.
    designs: Vec<Named>,
}

/// A design in `experiment.json`.
#[derive(Serialize, Deserialize)]
struct Named {
    name: String,
    /// What it is, in words.
    what: String,
    /// Digest of the resolved scenario, with the seed that it names.
    scenario_digest: String,
}

/// A scenario, or one with another value.
pub struct Design {
    /// What it is called among the others.
    pub name: String,
    /// What it is, in words.
    what: String,
    /// The scenario.
    pub loaded: Loaded,
}

impl Design {
    fn read(name: String, path: &Path, sets: &[String]) -> miette::Result<Self> {
        let loaded = Scenario::load(path, sets)?;
        let what = [loaded.scenario.title.clone()].into_iter().chain(sets.iter().cloned());
        Ok(Self { name, what: what.collect::<Vec<_>>().join(", "), loaded })
    }

    /// When its runs begin and end.
    fn span(&self, until: Option<&str>) -> miette::Result<(Time, Time)> {
        let start = self.loaded.scenario.start.0;
        Ok((start, ending(until, &self.loaded, start)?))
    }

    fn digest(&self) -> miette::Result<String> {
        Ok(hex(&self.loaded.digest().into_diagnostic()?))
    }

    fn folder(&self) -> String {
        folder(&self.name)
    }
}

/// Digest of this binary.
fn binary() -> miette::Result<String> {
    digest(&std::env::current_exe().into_diagnostic()?)
}

/// Name of the folder of a design: its own, without what some file system may not like.
fn folder(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || "-_.=%".contains(c) { c } else { '_' }).collect()
}

/// The designs that a command line asks for.
fn designs(args: &cli::Replicate, scenario: &Path) -> miette::Result<Vec<Design>> {
    if args.set.iter().chain(&args.vary).any(|set| set.split('=').next().is_some_and(|key| key.trim() == "seed")) {
        let help = "say which seeds with --seeds: 5-5 is the fifth alone";
        return Err(miette!(help = help, "every design is played with every seed"));
    }
    let mut designs = vec![Design::read(stem(scenario), scenario, &args.set)?];
    for path in &args.beside {
        designs.push(Design::read(stem(path), path, &args.set)?);
    }
    for value in &args.vary {
        let sets: Vec<String> = args.set.iter().chain([value]).cloned().collect();
        designs.push(Design::read(value.clone(), scenario, &sets)?);
    }
    // What designs have in common is said once.
    let mut remarks = BTreeSet::new();
    for (place, design) in designs.iter().enumerate() {
        if designs[..place].iter().any(|other| other.folder() == design.folder()) {
            let help = "leave one of them out, or give its file another name";
            return Err(miette!(help = help, "two designs are called {}", design.name));
        }
        // Before the first of them has been played for an hour.
        if design.span(args.until.as_deref())? != designs[0].span(args.until.as_deref())? {
            let help = "give them the same `start` and `horizon`, with --set or --until, or play them apart";
            return Err(miette!(help = help, "{} and {} are not of the same time", designs[0].name, design.name));
        }
        remarks.extend(beyond(args.until.as_deref(), &design.loaded)?);
    }
    remarks.iter().for_each(|remark| eprintln!("{remark}"));
    Ok(designs)
}

impl Experiment {
    /// A new one, as the command line asks for it.
    pub fn create(args: &cli::Replicate) -> miette::Result<Self> {
        let scenario = args.scenario.as_deref().ok_or_else(|| miette!("name a scenario file, or a folder to --resume"))?;
        let designs = designs(args, scenario)?;
        let named = |design: &Design| -> miette::Result<Named> {
            Ok(Named { name: design.name.clone(), what: design.what.clone(), scenario_digest: design.digest()? })
        };
        let plan = Plan {
            plasma: env!("CARGO_PKG_VERSION").into(),
            engine_digest: plasma_core::ENGINE_DIGEST.into(),
            binary_digest: binary()?,
            seeds: args.seeds.clone().into_inner(),
            until: args.until.clone(),
            designs: designs.iter().map(named).collect::<miette::Result<_>>()?,
        };
        let root = new_root(args.out.as_deref(), &format!("replicates-{}", stem(scenario)), "replicate")?;
        for design in &designs {
            let folder = root.join(design.folder());
            fs::create_dir_all(&folder).into_diagnostic().wrap_err_with(|| format!("cannot make {}", folder.display()))?;
            write_whole(&folder.join("scenario.toml"), render_resolved(&design.loaded.anchored()).as_bytes())?;
        }
        let text = serde_json::to_string_pretty(&plan).into_diagnostic()?;
        write_whole(&root.join("experiment.json"), text.as_bytes())?;
        Ok(Self { root, plan, designs })
    }

    /// One that was interrupted.
    pub fn open(root: &Path) -> miette::Result<Self> {
        let path = root.join("experiment.json");
        let help = "name the folder that `plasma replicate` wrote";
        let text = fs::read(&path).map_err(|why| miette!(help = help, "cannot read {}: {why}", path.display()))?;
        let plan: Plan = serde_json::from_slice(&text)
            .map_err(|why| miette!(help = help, "{} is not an experiment: {why}", path.display()))?;
        if plan.binary_digest != binary()? {
            let help = "go on with the binary that started it, or start it anew";
            return Err(miette!(help = help, "another binary played these replicates ({})", plan.binary_digest));
        }
        let mut designs = Vec::new();
        for named in &plan.designs {
            let scenario = root.join(folder(&named.name)).join("scenario.toml");
            let loaded = Scenario::load(&scenario, &[])?;
            let design = Design { name: named.name.clone(), what: named.what.clone(), loaded };
            if design.digest()? != named.scenario_digest {
                let help = "restore it, or play the changed scenario anew";
                let file = scenario.display();
                return Err(miette!(help = help, "{file}, or a table that it names, is not what this was started with"));
            }
            designs.push(design);
        }
        Ok(Self { root: root.to_path_buf(), plan, designs })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Every seed.
    pub fn seeds(&self) -> RangeInclusive<u64> {
        self.plan.seeds.0..=self.plan.seeds.1
    }

    /// When runs end, as it was asked for.
    pub fn until(&self) -> Option<&str> {
        self.plan.until.as_deref()
    }

    fn file(&self, design: &Design, seed: u64) -> PathBuf {
        self.root.join(design.folder()).join(format!("seed-{seed}.json"))
    }

    /// Whether a replicate has been played.
    pub fn is_done(&self, design: &Design, seed: u64) -> bool {
        self.file(design, seed).exists()
    }

    /// Writes a replicate down.
    pub fn keep(&self, design: &Design, replicate: &Replicate) -> miette::Result<()> {
        let text = serde_json::to_string(replicate).into_diagnostic()?;
        write_whole(&self.file(design, replicate.seed), text.as_bytes())
    }

    /// Every replicate that was played, by design.
    fn played(&self) -> miette::Result<Vec<replicates::Design>> {
        let read = |path: PathBuf| -> miette::Result<Replicate> {
            let text = fs::read(&path).into_diagnostic().wrap_err_with(|| format!("cannot read {}", path.display()))?;
            let help = "remove the file, and it is played again";
            serde_json::from_slice(&text).map_err(|why| miette!(help = help, "{} is no replicate: {why}", path.display()))
        };
        let design = |design: &Design| -> miette::Result<replicates::Design> {
            let files = self.seeds().map(|seed| self.file(design, seed)).filter(|path| path.exists());
            let (name, scale) = (design.name.clone(), design.loaded.scenario.scale.to_string());
            Ok(replicates::Design { name, scale, replicates: files.map(read).collect::<miette::Result<_>>()? })
        };
        self.designs.iter().map(design).collect()
    }

    /// Writes what the replicates come to.
    pub fn conclude(&self) -> miette::Result<Risk> {
        let played = self.played()?;
        let risk = Risk::of(&played);
        let text = serde_json::to_string_pretty(&risk).into_diagnostic()?;
        write_whole(&self.root.join("risk.json"), text.as_bytes())?;
        let about = serde_json::json!({ "experiment": self.plan, "units": risk.units }).to_string();
        write_tables(&played, &self.root, &about).into_diagnostic()?;
        let purpose = self.purpose(&played);
        let caption =
            format!("{} · medians of {}, shaded from the 5th to the 95th percentile", purpose.title, self.extent(&played));
        write_pictures(&played, &self.root.join("charts"), &caption).into_diagnostic()?;
        let html = page(&played, &purpose).into_diagnostic()?;
        write_whole(&self.root.join("report.html"), html.as_bytes())?;
        Ok(risk)
    }

    fn purpose(&self, played: &[replicates::Design]) -> Purpose {
        let first = &self.designs[0].loaded.scenario;
        let design = |design: &Design| {
            let again = format!("plasma run {}/scenario.toml --seed {}", design.folder(), self.plan.seeds.0);
            let until = self.until().map_or_else(String::new, |until| format!(" --until {until}"));
            (design.name.clone(), design.what.clone(), again + &until)
        };
        Purpose {
            title: titled(first),
            question: first.question.clone(),
            expectation: first.expectation.clone().unwrap_or_default(),
            facts: self.facts(played),
            designs: self.designs.iter().map(design).collect(),
        }
    }

    /// How many replicates there are, of how many.
    fn extent(&self, played: &[replicates::Design]) -> String {
        let (first, last) = self.plan.seeds;
        let done: usize = played.iter().map(|design| design.replicates.len()).sum();
        let all = played.len() as u64 * (last - first + 1);
        let done = if done as u64 == all { all.to_string() } else { format!("{done} of {all}") };
        let each = if played.len() > 1 { format!(" of {} designs", played.len()) } else { String::new() };
        format!("{done} replicates{each}, seeds {first} to {last}")
    }

    fn facts(&self, played: &[replicates::Design]) -> Vec<(String, String)> {
        let fact = |name: &str, value: String| (name.to_owned(), value);
        let digests =
            self.plan.designs.iter().map(|design| (format!("Scenario `{}`", design.name), design.scenario_digest.clone()));
        [fact("Played", self.extent(played))]
            .into_iter()
            .chain(self.until().map(|until| fact("Until", until.into())))
            .chain(digests)
            .chain([fact("Engine digest", self.plan.engine_digest.clone()), fact("Plasma", self.plan.plasma.clone())])
            .collect()
    }
}
