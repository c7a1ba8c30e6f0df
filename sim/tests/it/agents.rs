//! Whole runs: thirty days of a small economy, continued, repeated, and enlarged.

use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::engine::{Engine, Progress};
use plasma_core::ids::ClassId;
use plasma_core::protocol::check_invariants;
use plasma_core::protocol::verification::panel::Answer;
use plasma_core::record::{Cause, Command, Event, Record};
use plasma_core::time::DAY;
use plasma_sim::agents::Agents;
use plasma_sim::scenario::model::VerificationPolicy;
use plasma_sim::scenario::quantity::Ratio;
use plasma_sim::scenario::{Loaded, Scenario};
use plasma_sim::world;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

fn small(sets: &[&str]) -> Loaded {
    let path = super::scenario::shipped().join("small.toml");
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Scenario::load(&path, &sets).unwrap_or_else(|error| panic!("{}", error.plain()))
}

/// Checks every invariant at every epoch, and counts leases.
#[derive(Default)]
struct Watch {
    epochs: u64,
    leases: u64,
    names: BTreeMap<&'static str, u64>,
    budgets: Vec<(u64, u64)>,
}

impl Observer for Watch {
    fn cause(&mut self, _view: &State, record: &Record) {
        if let Cause::Command { command: Command::Submit(submit), .. } = record.cause {
            self.budgets.push((record.time, submit.budget));
        }
    }
    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        self.leases += u64::from(matches!(event, Event::Leased(_)));
        *self.names.entry(event.name()).or_default() += 1;
    }
    fn epoch_closed(&mut self, view: &State) {
        self.epochs += 1;
        check_invariants(view).unwrap();
    }
}

fn begin(loaded: &Loaded, replicate: u64) -> Engine<Agents, Watch> {
    let (genesis, agents) = world::build(loaded, replicate).unwrap();
    Engine::genesis(&genesis, agents, Watch::default()).unwrap()
}

fn play(loaded: &Loaded, replicate: u64) -> Engine<Agents, Watch> {
    let mut engine = begin(loaded, replicate);
    assert_eq!(engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0), Progress::Reached);
    engine
}

#[test]
fn thirty_days_clear_and_every_invariant_holds() {
    let mut engine = play(&small(&[]), 0);
    assert_eq!(engine.observer().epochs, 29);
    assert!(engine.observer().leases > 5_000);
    let agents = engine.environment();
    assert!(agents.dollars().conserved());
    let tally = agents.tally();
    assert_eq!((tally.joined, tally.purchases_refused, tally.sales_refused, tally.inadmissible), (40, 0, 0, 0));
    assert_eq!(tally.refused.iter().sum::<u64>(), 0, "agents know the rules: {:?}", tally.refused);
}

#[test]
fn every_market_mechanism_clears() {
    let markets = [
        &["market.mechanism=posted"][..],
        &["market.mechanism=uniform"],
        &["market.mechanism=sealed"],
        &["market.mechanism=sealed", "market.payment=first"],
        &["market.mechanism=algorithmic"],
    ];
    for set in markets {
        let mut engine = play(&small(set), 0);
        assert_eq!(engine.observer().epochs, 29, "{set:?}");
        let leases = engine.observer().leases;
        assert!(leases > 3_500, "{set:?}: {leases} leases");
        let agents = engine.environment();
        let tally = agents.tally();
        assert_eq!((tally.inadmissible, tally.refused.iter().sum::<u64>()), (0, 0), "{set:?}: {:?}", tally.refused);
        let busy = agents.rows().board.class(ClassId(0)).utilisation;
        assert!((0.05..0.95).contains(&busy), "{set:?}: {busy:.2} of the GPUs at work");
        engine.view(|state| assert_eq!(state.ledger.sealed, 0, "{set:?}: what was sealed was revealed"));
    }
}

#[test]
fn every_way_to_verify_is_answered() {
    let panels = ["verification.panel=3", "verification.open=1d", "verification.planted=20%", "settle.holdback=25%"];
    let ways = [
        (
            VerificationPolicy::Checked,
            &["CheckDrawn", "Verified", "TrapFound", "Seated", "VerdictRevealed", "Judged", "Seized"][..],
        ),
        (VerificationPolicy::Freivalds, &["CheckDrawn", "Verified", "Seated", "VerdictRevealed", "Judged"]),
        (VerificationPolicy::Redundant, &["Copied", "CopiesComplete", "CopyRevealed", "Compared", "Withheld"]),
    ];
    for (policy, expected) in ways {
        let mut loaded = small(&panels);
        loaded.scenario.demand.iter_mut().for_each(|group| group.policy = policy);
        loaded.scenario.provider.iter_mut().for_each(|group| group.faults.wrong = Ratio(20_000_000));
        let mut engine = play(&loaded, 0);
        let names = &engine.observer().names;
        assert!(expected.iter().all(|name| names.contains_key(name)), "{policy:?}: {names:?}");
        let count = |name| names.get(name).copied().unwrap_or(0);
        let (sealed, revealed) = (count("VerdictSealed"), count("VerdictRevealed"));
        // The last may have yet to.
        let open = engine.view(|state| {
            let seats = state.docket.cases.values().flat_map(|case| &case.seats);
            seats.filter(|seat| seat.answer == Answer::Sealed).count() as u64
        });
        assert_eq!(revealed + open, sealed, "{policy:?}: whoever seals reveals");
        let tally = engine.environment().tally();
        assert_eq!((tally.inadmissible, tally.refused.iter().sum::<u64>()), (0, 0), "{policy:?}: {:?}", tally.refused);
    }
    continues_identically(&small(&panels));
}

#[test]
fn the_same_seed_repeats_and_another_differs() {
    let mut digests: Vec<_> = [(1, 0), (1, 0), (1, 1), (2, 0)]
        .map(|(seed, replicate)| play(&small(&[&format!("seed={seed}")]), replicate).digest())
        .into();
    assert_eq!(digests[0], digests[1]);
    digests.dedup();
    assert_eq!(digests.len(), 3);
}

#[test]
fn a_checkpoint_continues_identically_and_cuts_leave_no_trace() {
    continues_identically(&small(&[]));
    continues_identically(&small(&["market.mechanism=sealed"]));
}

fn continues_identically(loaded: &Loaded) {
    let start = loaded.scenario.start.0;
    let mut whole = play(loaded, 0);
    let mut cut = begin(loaded, 0);
    for hours in [1, 7, 24, 100, 361] {
        cut.run(start + hours * DAY / 24 + 12_345);
    }
    let (snapshot, checkpoint) = (cut.snapshot(), cut.environment().save());
    let agents = world::restore(loaded, 0, &checkpoint).unwrap();
    assert_eq!(agents.save(), checkpoint);
    let mut continued = Engine::restore(&snapshot, agents, Watch::default()).unwrap();
    continued.run(start + loaded.scenario.horizon.0);
    assert_eq!(continued.digest(), whole.digest());
    assert_eq!(continued.environment().save(), whole.environment().save());
}

#[test]
fn a_checkpoint_of_something_else_is_refused_in_words() {
    let loaded = small(&[]);
    let checkpoint = begin(&loaded, 0).environment().save();
    let refused = |loaded: &Loaded, replicate, bytes: &[u8]| world::restore(loaded, replicate, bytes).unwrap_err().to_string();
    assert!(refused(&small(&["fee.rate=7%"]), 0, &checkpoint).contains("another scenario"));
    assert!(refused(&loaded, 3, &checkpoint).contains("replicate 0"));
    assert!(refused(&loaded, 0, b"nonsense").contains("not a checkpoint"));
    for at in (0..checkpoint.len()).step_by(97) {
        let mut damaged = checkpoint.clone();
        damaged[at] ^= 0x55;
        let _ = world::restore(&loaded, 0, &damaged);
        let _ = world::restore(&loaded, 0, &checkpoint[..at]);
    }
}

#[test]
fn one_more_provider_changes_nobody_elses_draws() {
    let loaded = small(&[]);
    let mut larger = loaded.clone();
    let mut group = larger.scenario.provider[0].clone();
    (group.id, group.count) = ("newcomer".parse().unwrap(), 1);
    larger.scenario.provider.push(group);
    let (before, after) = (world::economy(&loaded, 0).unwrap(), world::economy(&larger, 0).unwrap());
    assert_eq!(after.lenders.len(), before.lenders.len() + 1);
    assert_eq!(after.lenders[..before.lenders.len()], before.lenders[..]);

    // Candidates meet other prices, but come at the same times with the same budgets: those submitted in both runs agree.
    let (mut one, mut other) = (play(&loaded, 0), play(&larger, 0));
    let (one, other) = (&one.observer().budgets, &other.observer().budgets);
    let common = one.iter().filter(|submitted| other.binary_search(submitted).is_ok()).count();
    assert!(common * 100 > one.len() * 95, "{common} of {}", one.len());
    assert!(one.iter().filter(|(time, _)| other.binary_search_by_key(time, |(time, _)| *time).is_ok()).count() <= common + 3);
}

#[test]
fn a_run_stops_at_the_next_epoch_when_told() {
    let loaded = small(&[]);
    let mut engine = begin(&loaded, 0);
    engine.environment().stop_flag().store(true, Ordering::Relaxed);
    assert_eq!(engine.run(loaded.scenario.start.0 + 10 * DAY), Progress::EpochClosed);
    assert_eq!(engine.observer().epochs, 1);
}

#[test]
fn a_recorded_trace_is_demand() {
    let mut loaded = small(&["demand.chat.rate=0/h", "demand.finetuning.rate=0/h"]);
    let folder = tempfile::TempDir::new().unwrap();
    let table = folder.path().join("t.csv");
    std::fs::write(&table, "at,tokens\n0,90000000\n60,80000000\n7200,100000\n").unwrap();
    let text = format!(
        "id = \"own\"\nfile = \"{}\"\n[mapping]\ntime = {{ column = \"at\", format = \"seconds\" }}\nsizes.tokens.columns.sum = [\"tokens\"]\n\
         [as.jobs]\nprogram = \"decode-8b\"\nreference = \"rtx-4090\"\nvram = \"16 GB\"\nreservation.median = \"2 USD/h\"\ndeadline = \"9d\"",
        table.display()
    );
    loaded.scenario.trace.push(toml::from_str(&text).unwrap());
    let mut engine = play(&loaded, 0);
    assert_eq!(engine.environment().tally().candidates, [0, 0, 3]);
    assert_eq!(engine.observer().budgets.len(), 3);
}
