//! What holds in every world, whatever is commanded.

use crate::books::Books;
use crate::director::{Draft, Play, drafts, play};
use crate::reference::{Balances, Entry};
use crate::testing::Script;
use crate::worlds;
use plasma_core::engine::replay::Replay;
use plasma_core::engine::snapshot;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Inadmissible, Observer};
use plasma_core::engine::{Engine, Progress};
use plasma_core::genesis::Genesis;
use plasma_core::params::mechanism;
use plasma_core::protocol::check_invariants;
use plasma_core::record::{Cause, Event, Record};
use plasma_core::rejection::Rejection;
use plasma_core::time::Time;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::collections::BTreeMap;

/// Random streams per property: enough to meet rare turns in release, few enough for a debug build to stay quick.
const STREAMS: u32 = if cfg!(debug_assertions) { 32 } else { 4_000 };

/// Writes down what the reference writes down, and checks every record on the way.
#[derive(Default)]
pub struct Witness {
    pub entries: Vec<Entry>,
}

impl Observer for Witness {
    fn cause(&mut self, view: &State, record: &Record) {
        assert_eq!(view.total(), view.ledger.cap, "tokens are conserved by the fee of {record:?}");
        let Record { time, cause } = *record;
        self.entries.push(Entry { time, cause, events: Vec::new(), after: Balances::of(view) });
    }
    fn event(&mut self, view: &State, _record: &Record, event: &Event) {
        assert_eq!(view.total(), view.ledger.cap, "tokens are conserved by {event:?}");
        let entry = self.entries.last_mut().expect("an event follows a cause");
        entry.events.push(*event);
        entry.after = Balances::of(view);
    }
}

/// An engine for a played stream.
pub fn engine(genesis: &Genesis, play: &Play) -> Engine<Script, Witness> {
    let script = Script::new(play.commands.iter().copied());
    Engine::genesis(genesis, script, Witness::default()).expect("a sound genesis")
}

/// Runs to `until`, pausing wherever something can happen: at every command, and just after it.
fn run_checked(engine: &mut Engine<Script, Witness>, play: &Play, check: impl Fn(&mut Engine<Script, Witness>)) {
    for arrival in &play.commands {
        for until in [arrival.time, arrival.time + 1] {
            engine.run(until);
            check(engine);
        }
    }
    engine.run(play.until);
    check(engine);
}

fn sound(engine: &mut Engine<Script, Witness>) {
    engine.view_derived(|state, derived| check_invariants(state).and_then(|()| derived.check(state))).expect("sound");
}

/// Whether two runs tell the same, record by record.
pub fn same_story(expected: &[Entry], seen: &[Entry]) {
    for (i, (expected, seen)) in expected.iter().zip(seen).enumerate() {
        assert_eq!(seen, expected, "record {i}");
    }
    assert_eq!(seen.len(), expected.len());
}

fn streams() -> impl Strategy<Value = (Genesis, Vec<Draft>)> {
    (worlds::genesis(), drafts(4..160))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: STREAMS, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_what_the_reference_does((genesis, drafts) in streams()) {
        let play = play(&genesis, &drafts);
        let script = Script::new(play.commands.iter().copied());
        let mut engine = Engine::genesis(&genesis, script, (Witness::default(), Books::new(&genesis))).expect("a sound genesis");
        engine.run(play.until);
        let (script, (witness, _)) = engine.into_parts();
        same_story(&play.reference.trace, &witness.entries);
        prop_assert_eq!(script.turned_away, play.reference.turned_away);
    }

    #[test]
    fn invariants_hold_and_indices_are_those_of_the_rows_after_every_moment((genesis, drafts) in streams()) {
        let play = play(&genesis, &drafts);
        let mut engine = engine(&genesis, &play);
        run_checked(&mut engine, &play, sound);
    }

    #[test]
    fn nobody_waits_whom_an_idle_offer_suits((genesis, drafts) in streams()) {
        let play = play(&genesis, &drafts);
        let at_once = play.reference.rules.market_mechanism() == mechanism::POSTED;
        for offer in (0..play.reference.offers.len()).filter(|_| at_once) {
            prop_assert_eq!(play.reference.first_in_line(offer), None);
        }
    }

    #[test]
    fn where_a_run_is_cut_changes_nothing((genesis, drafts) in streams(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let play = play(&genesis, &drafts);
        let mut whole = engine(&genesis, &play);
        whole.run(play.until);
        let mut cut = engine(&genesis, &play);
        let span = (play.until - genesis.start) as usize;
        let mut cuts: Vec<Time> = cuts.iter().map(|cut| genesis.start + cut.index(span) as Time).collect();
        cuts.sort_unstable();
        for until in cuts.into_iter().chain([play.until]) {
            while cut.run_epoch(until) == Progress::EpochClosed {}
        }
        prop_assert_eq!(cut.digest(), whole.digest());
        same_story(&whole.observer().entries, &cut.observer().entries);
    }

    #[test]
    fn a_snapshot_continues_as_the_original_does((genesis, drafts) in streams(), at in any::<prop::sample::Index>()) {
        let play = play(&genesis, &drafts);
        let at = genesis.start + at.index((play.until - genesis.start) as usize) as Time;
        let mut engine = engine(&genesis, &play);
        engine.run(at);
        let bytes = engine.snapshot();
        let rest = Script::new(play.commands.iter().copied().filter(|arrival| arrival.time >= at));
        let mut again = Engine::restore(&bytes, rest, Witness::default()).unwrap();
        prop_assert!(again.snapshot().as_slice() == bytes.as_slice(), "a restored state saves itself as the same bytes");
        let told = engine.observer().entries.len();
        engine.run(play.until);
        again.run(play.until);
        prop_assert_eq!(again.digest(), engine.digest());
        same_story(&engine.observer().entries[told..], &again.observer().entries);
    }

    #[test]
    fn a_replay_of_the_records_reaches_the_same_digest((genesis, drafts) in streams()) {
        let play = play(&genesis, &drafts);
        let mut engine = engine(&genesis, &play);
        engine.run(play.until);
        let digest = engine.digest();
        let mut replay = Replay::genesis(&genesis).unwrap();
        let entries = engine.into_parts().1.entries;
        replay.fold(|fold| {
            for entry in &entries {
                fold.cause(Record { time: entry.time, cause: entry.cause });
                entry.events.iter().for_each(|event| fold.event(event));
            }
        });
        prop_assert_eq!(replay.digest(), digest);
    }

    #[test]
    fn a_refusal_costs_the_fee_and_nothing_else((genesis, drafts) in streams()) {
        let play = play(&genesis, &drafts);
        let script = Script::new(play.commands.iter().copied());
        let mut engine = Engine::genesis(&genesis, Bystander { script, ..Bystander::default() }, ()).unwrap();
        engine.run(play.until);
    }
}

/// Looks at the whole state around every command that is refused or not admitted.
#[derive(Default)]
struct Bystander {
    script: Script,
    before: Vec<u8>,
}

impl Observer for Bystander {
    /// The cause itself is written by now: what follows must leave the state as it is.
    fn cause(&mut self, view: &State, record: &Record) {
        if let Cause::Command { .. } = record.cause {
            self.before = snapshot::save(view).to_vec();
        }
    }
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        if let Event::Refused(_) = event {
            assert!(matches!(record.cause, Cause::Command { .. }), "only commands are refused");
            assert_eq!(snapshot::save(view).to_vec(), self.before);
        }
    }
}

impl Environment for Bystander {
    /// The state as it was when the command was asked for is the state before it.
    fn next(&mut self, view: &State, until: Time) -> Option<Arrival> {
        let arrival = self.script.next(view, until)?;
        self.before = snapshot::save(view).to_vec();
        Some(arrival)
    }
    fn inadmissible(&mut self, view: &State, _arrival: &Arrival, _why: Inadmissible) {
        assert_eq!(snapshot::save(view).to_vec(), self.before);
    }
}

/// Streams that never meet a rule prove nothing about it.
#[test]
fn random_streams_meet_every_event_and_every_refusal() {
    const STREAMS: usize = 20_000;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut met = BTreeMap::<String, usize>::new();
    for _ in 0..STREAMS {
        let (genesis, drafts) = streams().new_tree(&mut runner).expect("a stream").current();
        for event in play(&genesis, &drafts).reference.trace.iter().flat_map(|entry| &entry.events) {
            let name = match event {
                Event::Refused(refused) => format!("{:?}", refused.reason().expect("a known reason")),
                event => event.name().to_string(),
            };
            *met.entry(name).or_default() += 1;
        }
    }
    let events = Event::NAMES.iter().filter(|name| **name != "Refused").map(|name| name.to_string());
    // What takes five hundred moves or a full table is beyond a random stream, and what has lost all is joined only within its epoch: the
    // rules' own tests meet it.
    let beyond = [Rejection::TooManyRows, Rejection::TooManyMoves, Rejection::MoveTooSmall, Rejection::TooManyShares];
    let reasons = Rejection::ALL.iter().filter(|reason| !beyond.contains(reason)).map(|reason| format!("{reason:?}"));
    let missing: Vec<String> = events.chain(reasons).filter(|name| met.get(name).is_none_or(|&times| times < 10)).collect();
    assert!(missing.is_empty(), "hardly met: {missing:?} in {met:#?}");
}
