//! A log held against the manifest of its run. What can be compared is, and is named: nobody shall read more into it.

use crate::Outcome;
use crate::console::say;
use crate::folder::digest;
use crate::manifest::{Formats, Manifest, hex};
use plasma_core::genesis::Genesis;
use plasma_core::log::reader::Tail;
use plasma_core::log::{Level, LogError, Position};
use plasma_core::protocol::beacon::Clock;
use plasma_core::time::Time;
use plasma_reports::calendar;
use plasma_sim::scenario::Scenario;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::fmt::Display;
use std::path::{Component, Path};

/// What was the same, what differs, and what could not be compared.
#[derive(Default)]
pub struct Compared {
    same: Vec<&'static str>,
    differences: Vec<String>,
    left_out: Vec<String>,
    /// Whether there is a manifest at all.
    manifest: bool,
}

impl Compared {
    /// A log that cannot be read to its end.
    pub fn damage(error: &LogError) -> Self {
        Self { differences: vec![error.to_string()], manifest: true, ..Self::default() }
    }

    /// The log itself: whether it breaks off, how far it goes, what it starts from.
    pub fn log(manifest: Option<&Manifest>, genesis: &Genesis, position: Position, tail: Option<Tail>) -> Self {
        let mut compared = Self { manifest: manifest.is_some(), ..Self::default() };
        if let Some(Tail { offset, bytes }) = tail {
            let whole = format!("{} records before it are whole", position.records);
            compared.differs(format!("the log breaks off at byte {offset}, {bytes} bytes into a batch; {whole}"));
        }
        let Some(manifest) = manifest else { return compared };
        let log = &manifest.log;
        compared.is("records", Some(position.records), log.records, shown);
        // One that ends too early has another root and other lengths too: once is enough.
        if compared.differences.is_empty() {
            compared.is("batches", Some(position.batches), log.batches, shown);
            compared.is("bytes", Some((position.raw_bytes, position.bytes)), log.raw_bytes.zip(log.bytes), |pair| {
                pair.map_or("none".into(), |(raw, stored)| format!("{stored}, {raw} before compression"))
            });
            compared.is("root", Some(hex(&position.root)), log.root.clone(), shown);
        }
        compared.is("genesis", hex(&genesis.digest()), manifest.genesis_digest.clone(), Clone::clone);
        compared.is("start", calendar::timestamp(genesis.start), manifest.start.clone(), Clone::clone);
        compared
    }

    /// The state that was reached: its digest, its epochs, and when it ended.
    pub fn state(&mut self, manifest: Option<&Manifest>, clock: &Clock, digest: String) {
        let Some(manifest) = manifest else { return };
        let ours = Formats::current();
        if manifest.formats != ours {
            // Nothing was proven, and whoever asks by exit code shall not believe that it was.
            let (theirs, ours) = (json!(manifest.formats), json!(ours));
            return self
                .differs(format!("state: the manifest says formats and rules {theirs}, this binary has {ours} and cannot tell"));
        }
        self.is("state", digest, manifest.state_digest.clone(), Clone::clone);
        self.is("epochs", clock.epoch, manifest.epochs, u64::to_string);
        // A run ends after its last record, and before the next epoch would have closed. An interrupted one ends with its last record.
        let ends = if manifest.complete { clock.now..=clock.epoch_ends - 1 } else { clock.now..=clock.now };
        let written = manifest.end == calendar::timestamp(manifest.end_ms);
        if ends.contains(&manifest.end_ms) && written {
            self.same.push("end");
        } else {
            let (from, to) = (calendar::timestamp(*ends.start()), calendar::timestamp(*ends.end()));
            let (end, ms) = (&manifest.end, manifest.end_ms);
            self.differs(format!("end: the log ends between {from} and {to}, the manifest says {end} and {ms} ms"));
        }
        if manifest.engine_digest != plasma_core::ENGINE_DIGEST {
            self.left_out.push(format!("the engine: {} played the run", manifest.engine_digest));
        } else {
            self.same.push("engine");
        }
    }

    /// The scenario beside the log, and the seed in it.
    pub fn scenario(&mut self, manifest: Option<&Manifest>, run: &Path) {
        let Some(manifest) = manifest else { return };
        let path = run.join("scenario.toml");
        if !path.exists() {
            return self.left_out.push("the scenario: there is no scenario.toml".into());
        }
        let loaded = match Scenario::load(&path, &[]) {
            Ok(loaded) => loaded,
            Err(error) => return self.differs(format!("scenario: scenario.toml is not as it was written: {error}")),
        };
        match loaded.digest() {
            Ok(digest) => {
                let scenario = &loaded.scenario;
                self.is("scenario", hex(&digest), manifest.scenario_digest.clone(), Clone::clone);
                self.is("seed", scenario.seed, manifest.seed, u64::to_string);
                self.is("title", scenario.title.clone(), manifest.title.clone(), Clone::clone);
                self.is("level", Level::from(scenario.log.level).name(), manifest.log.level.as_str(), ToString::to_string);
                self.horizon(manifest, scenario.start.0.saturating_add(scenario.horizon.0));
                self.left_out.push(format!("whether this scenario and seed come to this log: play {} again", path.display()));
            }
            Err(error) => self.left_out.push(format!("the scenario and its seed: {error}")),
        }
    }

    /// The files that were made of the run: whether they are as they were written.
    pub fn results(&mut self, manifest: Option<&Manifest>, run: &Path) {
        let Some(manifest) = manifest.filter(|manifest| !manifest.results.is_empty() && run.is_dir()) else { return };
        let (before, mut missing) = (self.differences.len(), Vec::new());
        for (file, said) in &manifest.results {
            // A manifest may come from anybody: it names nothing outside of its folder.
            let inside = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
            let path = run.join(file);
            match (inside && path.is_file()).then(|| digest(&path)) {
                Some(Ok(found)) if found == *said => {}
                Some(Ok(_)) => self.differs(format!("{file} is not as it was written")),
                Some(Err(_)) | None => missing.push(file.as_str()),
            }
        }
        if before == self.differences.len() && missing.len() < manifest.results.len() {
            self.same.push("results");
        }
        if !missing.is_empty() {
            self.left_out.push(format!("{}: not there", missing.join(", ")));
        }
    }

    /// Whether the run is as complete as it is said to be. A scenario does not know what `--until` asked for.
    fn horizon(&mut self, manifest: &Manifest, horizon: Time) {
        let (end, horizon_date) = (&manifest.end, calendar::timestamp(horizon));
        match (manifest.complete, manifest.end_ms.cmp(&horizon)) {
            (true, Ordering::Equal) => self.same.push("horizon"),
            (true, Ordering::Less) => {
                self.left_out.push(format!("whether it was to end on {end}, before the scenario's horizon of {horizon_date}"));
            }
            (false, Ordering::Less) => self.left_out.push(format!("what would follow: it was interrupted on {end}")),
            (_, Ordering::Equal | Ordering::Greater) => {
                let complete = if manifest.complete { "complete" } else { "interrupted" };
                self.differs(format!("horizon: the scenario ends on {horizon_date}, the manifest says {complete} on {end}"));
            }
        }
    }

    /// Notes something as the same or as different.
    fn is<T: PartialEq>(&mut self, what: &'static str, found: T, said: T, show: impl Fn(&T) -> String) {
        if found == said {
            self.same.push(what);
        } else {
            self.differs(format!("{what}: found {}, the manifest says {}", show(&found), show(&said)));
        }
    }

    /// Notes a difference.
    pub fn differs(&mut self, difference: String) {
        self.differences.push(difference);
    }

    /// What differs.
    pub fn differences(&self) -> &[String] {
        &self.differences
    }

    /// Done, or something differs.
    pub fn outcome(&self) -> Outcome {
        if self.differences.is_empty() { Outcome::Done } else { Outcome::Differs }
    }

    /// For machines: an object with what was the same, what differs and what could not be compared beside its own.
    pub fn beside(&self, mut object: Value) -> Value {
        object["same"] = json!(self.same);
        object["differences"] = json!(self.differences);
        object["not_compared"] = json!(self.left_out);
        object
    }

    /// Says all of it on standard output.
    pub fn say(&self) {
        self.differences.iter().for_each(|difference| say!("DIFFERS: {difference}"));
        match (self.manifest, &self.same[..]) {
            (false, _) => say!("There is no manifest to compare with: batches that are missing at the end would not be missed."),
            (true, []) => {}
            (true, same) => say!("Same as the manifest: {}.", same.join(", ")),
        }
        self.left_out.iter().for_each(|why| say!("Not compared: {why}."));
    }

    /// Warns on standard error, where standard output is for something else.
    pub fn warn(&self) {
        self.differences.iter().for_each(|difference| eprintln!("DIFFERS: {difference}"));
        if !self.manifest {
            eprintln!("There is no manifest beside the log: batches that are missing at its end would not be missed.");
        }
    }
}

/// An optional fact.
fn shown<T: Display>(fact: &Option<T>) -> String {
    fact.as_ref().map_or("none".into(), ToString::to_string)
}

/// Whether an error says that a log was changed since it was written. Of a file that nobody says is a log of ours, only its batches
/// can be: it may never have been one.
pub fn is_damage(error: &LogError, manifest: Option<&Manifest>) -> bool {
    match error {
        LogError::Corrupt { .. } | LogError::Header { .. } => true,
        LogError::NotALog { .. } | LogError::Version { .. } => {
            manifest.is_some_and(|manifest| manifest.formats.log == plasma_core::log::FORMAT)
        }
        _ => false,
    }
}
