//! A small world to test rules in, by hand or by the thousand.
//!
//! Unit tests and the integration tests share this file, so it names the crate as a stranger would.

use plasma_core::catalogue::{Catalogue, GpuClass, Kind, Program, Resource, Term};
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Inadmissible, Observer};
use plasma_core::genesis::{Allocation, Genesis};
use plasma_core::ids::{AccountId, ClassId, JobId, LeaseId, OfferId};
use plasma_core::money::{ONE, XPL};
use plasma_core::params::Params;
use plasma_core::protocol::{account, beacon, bond, check_invariants, job, lease, offer, provider};
use plasma_core::record::{Command, Event, Origin, Record};
use plasma_core::rejection::Rejection;
use plasma_core::time::{DAY, HOUR, Time};
use std::collections::VecDeque;

/// Commands in order, and everything that came of them.
#[derive(Default)]
pub struct Script {
    /// What is still to come.
    pub commands: VecDeque<Arrival>,
    /// Causes so far, each with its events.
    pub records: Vec<(Record, Vec<Event>)>,
    /// Commands that were not admitted.
    pub turned_away: Vec<(Arrival, Inadmissible)>,
}

impl Script {
    /// A script of these commands.
    pub fn new(commands: impl IntoIterator<Item = Arrival>) -> Self {
        Self { commands: commands.into_iter().collect(), ..Self::default() }
    }
}

impl Observer for Script {
    fn cause(&mut self, view: &State, record: &Record) {
        assert_eq!(view.total(), view.ledger.cap, "tokens are conserved by fees");
        self.records.push((*record, Vec::new()));
    }
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        assert_eq!(view.total(), view.ledger.cap, "tokens are conserved by {event:?}");
        let (cause, events) = self.records.last_mut().expect("an event follows a cause");
        assert_eq!(cause, record);
        events.push(*event);
    }
}

impl Environment for Script {
    fn next(&mut self, _view: &State, until: Time) -> Option<Arrival> {
        self.commands.pop_front_if(|arrival| arrival.time < until)
    }
    fn inadmissible(&mut self, view: &State, arrival: &Arrival, why: Inadmissible) {
        assert_eq!(view.total(), view.ledger.cap);
        self.turned_away.push((*arrival, why));
    }
}

/// A GPU class that does 1 000 operations a millisecond, so that a thousand operations are one milli-GPU-second.
pub fn class(name: &str, vram_gib: u16, speed: u64, weight: u64) -> GpuClass {
    GpuClass { name: name.into(), vram_gib, ops_per_ms: [1_000 * speed, 0, 0], bytes_per_ms: 1_000_000, weight }
}

/// A program whose only size is its work on the reference GPU, in milliseconds.
pub fn program(name: &str, kind: Kind) -> Program {
    let cost = vec![Term { resource: Resource::F32, coefficient: 1_000, exponents: [1, 0, 0, 0] }];
    Program { name: name.into(), kind, code: [7; 32], sizes: vec!["ms".into()], cost }
}

/// Six accounts of a million XPL, two classes of which the second is twice as fast, a batch program and a deployment.
pub fn genesis(set: &[(&str, u64)]) -> Genesis {
    let mut params = Params::default();
    for &(key, value) in set {
        params.set(key, value).expect("a legal parameter");
    }
    params.check().expect("parameters agree");
    Genesis {
        chain: "test".into(),
        start: 1_000 * DAY,
        params: params.values().to_vec(),
        catalogue: Catalogue {
            classes: vec![class("slow", 24, 1, ONE), class("fast", 80, 2, 3 * ONE)],
            programs: vec![program("batch", Kind::Batch), program("deployment", Kind::Deployment)],
        },
        accounts: (0..6).map(|i| Allocation { key: [i; 32], amount: 1_000_000 * u128::from(XPL), locked: i == 5 }).collect(),
        grants: Vec::new(),
        committee: AccountId::NONE,
        custodian: AccountId::NONE,
        council: AccountId::NONE,
        treasury: 1_000_000 * u128::from(XPL),
        builders: 0,
        feeders: 3,
    }
}

/// An engine that is told one command at a time.
pub struct Bench {
    /// The engine.
    pub engine: Engine<Script, ()>,
    /// The moment of the next command.
    pub now: Time,
}

impl Bench {
    /// The world of [`genesis`], with these parameters.
    pub fn new(set: &[(&str, u64)]) -> Self {
        Self::of(&genesis(set))
    }

    /// Any world.
    pub fn of(genesis: &Genesis) -> Self {
        let engine = Engine::genesis(genesis, Script::default(), ()).expect("a sound genesis");
        Self { engine, now: genesis.start }
    }

    /// Lets time pass, and tells what happened before the new moment.
    pub fn wait(&mut self, span: Time) -> Vec<Event> {
        self.now += span;
        self.run(self.now)
    }

    /// Sends a command now, and tells what followed from it. A millisecond passes.
    pub fn send(&mut self, origin: Origin, command: impl Into<Command>) -> Vec<Event> {
        let command = command.into();
        self.engine.environment().commands.push_back(Arrival { time: self.now, origin, command });
        self.wait(1)
    }

    fn run(&mut self, until: Time) -> Vec<Event> {
        let before = self.engine.environment().records.len();
        self.engine.run(until);
        self.engine.view_derived(|state, derived| check_invariants(state).and_then(|()| derived.check(state))).expect("sound");
        self.engine.environment().records[before..].iter().flat_map(|(_, events)| events).copied().collect()
    }

    /// The command of an account.
    pub fn by(&mut self, account: u32, command: impl Into<Command>) -> Vec<Event> {
        self.send(Origin::Account(AccountId(account)), command)
    }

    /// Sends a command that must be refused, and tells why it was.
    pub fn refused(&mut self, origin: Origin, command: impl Into<Command>) -> Rejection {
        match self.send(origin, command)[..] {
            [Event::Refused(refused)] => refused.reason().expect("a known reason"),
            ref events => panic!("not refused, but {events:?}"),
        }
    }

    /// [`Bench::refused`] for an account.
    pub fn refused_by(&mut self, account: u32, command: impl Into<Command>) -> Rejection {
        self.refused(Origin::Account(AccountId(account)), command)
    }

    /// Makes the account a provider with one offer of the first class; the offer's number is the count of those before.
    pub fn provide(&mut self, account: u32, gpus: u16, ask: u64) {
        self.by(account, provider::Register { region: 0 });
        self.by(account, bond::Bond { amount: 100_000 * XPL });
        let events = self.by(account, offer::PostOffer { ask, gpus, class: ClassId(0), pad: [0; 5] });
        assert!(matches!(events[0], Event::OfferPosted(_)), "{events:?}");
    }

    /// Ends the round.
    pub fn beacon(&mut self, value: u8) -> Vec<Event> {
        self.send(Origin::Host, beacon::Beacon { value: [value; 32] })
    }

    /// Commits the honest root of a lease.
    pub fn commit(&mut self, account: u32, lease: LeaseId) -> Vec<Event> {
        let provider = self.engine.view(|state| state.accounts()[account as usize].provider);
        self.by(account, lease::Commit { lease, commitment: lease::commitment(lease, provider, &root(lease)) })
    }

    /// An account's free balance.
    pub fn free(&mut self, account: u32) -> u128 {
        self.engine.view(|state| state.accounts()[account as usize].free)
    }

    /// A provider's bond.
    pub fn bond(&mut self, provider: u32) -> u128 {
        self.engine.view(|state| state.providers()[provider as usize].bond)
    }

    /// Sends tokens.
    pub fn transfer(&mut self, from: u32, to: u32, amount: u64) -> Vec<Event> {
        self.by(from, account::Transfer { amount, to: AccountId(to), pad: 0 })
    }
}

/// The root that whoever executes a lease honestly computes.
pub fn root(lease: LeaseId) -> [u8; 32] {
    [lease.serial() as u8; 32]
}

/// A job of an hour on one GPU of any class, with patience for two hours and a budget for any ask up to 10 XPL.
pub fn hour_job(now: Time) -> job::Submit {
    job::Submit {
        budget: 36_000 * XPL,
        start_by: now + 2 * HOUR,
        finish_by: now + 10 * HOUR,
        classes: u64::MAX,
        sizes: [HOUR as u32, 0, 0, 0],
        ..job::Submit::default()
    }
}

/// The names of events.
pub fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::name).collect()
}

/// The first lease among events, with its price.
pub fn leased(events: &[Event]) -> Option<(LeaseId, JobId, OfferId, u64)> {
    events.iter().find_map(|event| match event {
        Event::Leased(l) => Some((l.lease, l.job, l.offer, l.price)),
        _ => None,
    })
}
