//! The token's side of the world: who sells what becomes free, prices that were recorded, the treasury's custodian, builders, and who
//! moves the oracle.

mod builders;
mod custodian;
mod oracle;
mod prices;
mod together;
mod vesting;

use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Inadmissible, Observer};
use plasma_core::protocol::check_invariants;
use plasma_core::protocol::governance::Vote;
use plasma_core::record::{Cause, Command, Event, Origin, Record};
use plasma_core::time::Time;
use plasma_sim::agents::Agents;
use plasma_sim::scenario::{Loaded, Scenario};
use plasma_sim::world;

/// The small economy with more text, and other values.
fn small(more: &str, sets: &[&str]) -> Loaded {
    loaded(more, sets).unwrap_or_else(|error| panic!("{error}"))
}

/// Why the small economy cannot be had so.
fn refused(more: &str, sets: &[&str]) -> String {
    loaded(more, sets).expect_err("the scenario is wrong")
}

fn loaded(more: &str, sets: &[&str]) -> Result<Loaded, String> {
    on("small.toml", more, sets)
}

/// A scenario that ships, with more text and other values.
fn on(shipped: &str, more: &str, sets: &[&str]) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.toml");
    let base = super::scenario::shipped().join(shipped);
    std::fs::write(&path, format!("extends = {base:?}\n{more}")).unwrap();
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Scenario::load(&path, &sets).map_err(|error| error.plain())
}

/// The small economy without anybody who provides or wants work.
const QUIET: [&str; 5] = [
    "demand.chat.rate=0/h",
    "demand.finetuning.rate=0/h",
    "provider.gamers.count=0",
    "provider.night-owls.count=0",
    "provider.hosts.count=0",
];

/// What happened, and when. Checks every invariant at every epoch.
#[derive(Default)]
struct Diary {
    events: Vec<(Time, Event)>,
    commands: Vec<(Time, Origin, Command)>,
    epochs: u64,
}

impl Observer for Diary {
    fn cause(&mut self, _view: &State, record: &Record) {
        if let Cause::Command { origin, command, .. } = record.cause {
            self.commands.push((record.time, origin, command));
        }
    }
    fn event(&mut self, _view: &State, record: &Record, event: &Event) {
        self.events.push((record.time, *event));
    }
    fn epoch_closed(&mut self, view: &State) {
        self.epochs += 1;
        check_invariants(view).unwrap();
    }
}

/// The agents, and somebody with stake who is in favour of whatever is proposed.
struct Electorate {
    agents: Agents,
    ballot: Option<Arrival>,
}

impl From<Agents> for Electorate {
    fn from(agents: Agents) -> Self {
        Self { agents, ballot: None }
    }
}

impl Observer for Electorate {
    fn cause(&mut self, view: &State, record: &Record) {
        self.agents.cause(view, record);
    }
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        if let Event::Proposed(proposed) = event {
            let voter = view.providers().iter().max_by_key(|provider| provider.bond).expect("somebody has stake").owner;
            let vote = Vote { proposal: proposed.proposal, choice: 0, pad: 0 };
            self.ballot = Some(Arrival { time: record.time, origin: Origin::Account(voter), command: vote.into() });
        }
        self.agents.event(view, record, event);
    }
    fn epoch_closed(&mut self, view: &State) {
        self.agents.epoch_closed(view);
    }
}

impl Environment for Electorate {
    fn next(&mut self, view: &State, until: Time) -> Option<Arrival> {
        self.ballot.take().or_else(|| self.agents.next(view, until))
    }
    fn inadmissible(&mut self, view: &State, arrival: &Arrival, why: Inadmissible) {
        self.agents.inadmissible(view, arrival, why);
    }
}

fn begin<E: Environment + From<Agents> + Send + 'static>(loaded: &Loaded) -> Engine<E, Diary> {
    let (genesis, agents) = world::build(loaded, 0).unwrap_or_else(|error| panic!("{error}"));
    Engine::genesis(&genesis, E::from(agents), Diary::default()).unwrap()
}

fn end(loaded: &Loaded) -> Time {
    loaded.scenario.start.0 + loaded.scenario.horizon.0
}

/// Plays to the end, where both currencies are conserved.
fn play(loaded: &Loaded) -> Engine<Agents, Diary> {
    let mut engine = begin::<Agents>(loaded);
    engine.run(end(loaded) + 1);
    assert!(engine.environment().dollars().conserved());
    engine.view(check_invariants).unwrap();
    engine
}
