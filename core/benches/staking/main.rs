//! What stake of others costs: a record at a time, by how many delegators there are.
//!
//! `cargo bench -p plasma-core --profile release --bench staking` prints the table. There are always as many accounts, since the
//! books are summed over all of them at every epoch; only how many of them delegate changes. Nothing may grow with that but what a
//! search in a sorted index and the cache's misses add.
//!
//! What was found, on two shared cores in November 2026, with 1,000, 10,000 and 100,000 delegators: 0.2 µs to delegate or claim,
//! 0.25 to 0.4 to leave or move, 0.2 to arrive; a fault with all that it reaches 0.5 µs, and 1.1 when rows have left the cache; an
//! epoch of two providers and 100,000 accounts 50 to 60 µs with and without delegators, nearly all of it the sum of the books; a
//! snapshot 6 MB and 36 ms more for 100,000 delegators, of which a quarter left and a quarter moved.

#![allow(clippy::disallowed_types, reason = "a benchmark reads the clock and prints ratios")]

use cpu_time::ProcessTime;
use plasma_core::catalogue::{Catalogue, GpuClass, Kind, Program, Resource, Term};
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::genesis::{Allocation, Genesis};
use plasma_core::ids::{AccountId, ClassId, ProviderId};
use plasma_core::money::{ONE, XPL};
use plasma_core::params::Params;
use plasma_core::protocol::delegation::{ClaimRewards, Delegate, Undelegate};
use plasma_core::protocol::redelegation::Redelegate;
use plasma_core::protocol::{bond, job, offer, provider};
use plasma_core::record::{Command, Event, Origin, Record};
use plasma_core::time::{DAY, HOUR, MINUTE, Time};
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// Whoever delegates, two providers and a customer among them.
const ACCOUNTS: u32 = 100_003;
const START: Time = 20_000 * DAY;
/// Faults that a slash is averaged over.
const FAULTS: u32 = 32;
const AT_FAULT: ProviderId = ProviderId(0);
const OTHER: ProviderId = ProviderId(1);

/// Sends what it is given, and counts events by name.
#[derive(Default)]
struct Sender {
    commands: VecDeque<Arrival>,
    events: BTreeMap<&'static str, u64>,
}

impl Observer for Sender {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        *self.events.entry(event.name()).or_default() += 1;
    }
}

impl Environment for Sender {
    fn next(&mut self, _view: &State, until: Time) -> Option<Arrival> {
        self.commands.pop_front_if(|arrival| arrival.time < until)
    }
}

fn genesis() -> Genesis {
    let mut params = Params::default();
    let set = [
        ("stake.delegation", 1),
        ("stake.max_ratio", 1_000_000 * ONE),
        ("slash.missed", ONE),
        ("bond.per_gpu", XPL),
        ("fee.base", 0),
        ("market.lease_grace", 2 * HOUR),
        ("market.retries", 0),
        ("jail.after", 65_535),
        ("market.ask_ttl", 3_650 * DAY),
    ];
    set.iter().for_each(|&(key, value)| params.set(key, value).expect("in range"));
    let cost = vec![Term { resource: Resource::F32, coefficient: 1_000, exponents: [1, 0, 0, 0] }];
    let class = GpuClass { name: "gpu".into(), vram_gib: 24, ops_per_ms: [1_000, 0, 0], bytes_per_ms: 1_000_000, weight: ONE };
    let program = Program { name: "p".into(), kind: Kind::Batch, code: [0; 32], sizes: vec!["ms".into()], cost };
    let account =
        |i: u32| Allocation { key: *blake3::hash(&i.to_le_bytes()).as_bytes(), amount: 50_000 * u128::from(XPL), locked: false };
    Genesis {
        chain: "bench".into(),
        start: START,
        params: params.values().to_vec(),
        catalogue: Catalogue { classes: vec![class], programs: vec![program] },
        accounts: (0..ACCOUNTS).map(account).collect(),
        treasury: 0,
        builders: 0,
        grants: Vec::new(),
        committee: AccountId::NONE,
        custodian: AccountId::NONE,
        council: AccountId::NONE,
        feeders: 0,
    }
}

struct Bench {
    engine: Engine<Sender, ()>,
    now: Time,
}

impl Bench {
    /// CPU time of these commands, a moment apart, with all that falls due until a minute after them; in nanoseconds.
    fn send(&mut self, commands: impl IntoIterator<Item = (u32, Command)>) -> f64 {
        let mut at = self.now;
        let arrivals = commands.into_iter().map(|(account, command)| {
            at += 1;
            Arrival { time: at, origin: Origin::Account(AccountId(account)), command }
        });
        let arrivals: VecDeque<_> = arrivals.collect();
        self.now = at + 1;
        self.engine.environment().commands = arrivals;
        self.wait(MINUTE)
    }

    fn wait(&mut self, span: Time) -> f64 {
        self.now += span;
        let start = ProcessTime::now();
        self.engine.run(self.now);
        start.elapsed().as_secs_f64() * 1e9
    }

    fn happened(&mut self, event: &str) -> u64 {
        self.engine.environment().events.get(event).copied().unwrap_or_default()
    }
}

fn measure(delegators: u32) {
    let mut bench = Bench { engine: Engine::genesis(&genesis(), Sender::default(), ()).expect("legal"), now: START };
    let each = f64::from(delegators);
    for owner in [0, 1] {
        bench.send([
            (owner, provider::Register { region: 0 }.into()),
            (owner, bond::Bond { amount: 1_000 * XPL }.into()),
            (owner, offer::PostOffer { ask: XPL + u64::from(owner), gpus: 64, class: ClassId(0), pad: [0; 5] }.into()),
        ]);
    }
    let who = 3..3 + delegators;
    let idle = bench.wait(30 * DAY) / 30.0;
    let stake = Delegate { amount: 1_000 * XPL, provider: AT_FAULT, pad: 0 };
    let delegate = bench.send(who.clone().map(|account| (account, stake.into()))) / each;
    let epoch = bench.wait(30 * DAY) / 30.0;
    let claim = bench.send(who.clone().map(|account| (account, ClaimRewards { provider: AT_FAULT }.into()))) / each;
    // A fault among those who stay, then one in a lease after whose beginning a quarter left and a quarter moved.
    let staying = fault(&mut bench, None);
    let leave = Undelegate { amount: 100 * XPL, provider: AT_FAULT, pad: 0 };
    let go = Redelegate { amount: 100 * XPL, from: AT_FAULT, to: OTHER };
    let leavers = who.clone().step_by(4).map(|account| (account, leave.into()));
    let movers = who.skip(1).step_by(4).map(|account| (account, go.into()));
    let (mut undelegate, mut redelegate) = (0.0, 0.0);
    let leaving = fault(
        &mut bench,
        Some(&mut |bench| {
            undelegate = bench.send(leavers.clone()) / each * 4.0;
            redelegate = bench.send(movers.clone()) / each * 4.0;
        }),
    );
    bench.wait(20 * DAY);
    let due = bench.wait(2 * DAY);
    let arrivals = bench.happened("Released") + bench.happened("Arrived");
    assert_eq!(arrivals, u64::from(delegators / 4) * 2, "all arrive");
    let slashes = ["StakeSlashed", "LeavingSlashed", "MovedSlashed"].map(|event| bench.happened(event));
    assert_eq!(slashes, [2, 1, 1].map(|times| times * u64::from(FAULTS)), "all are slashed");
    let start = Instant::now();
    let bytes = bench.engine.snapshot().len();
    let snapshot = start.elapsed().as_secs_f64() * 1e3;
    println!(
        "{delegators:8} {idle:9.0} {epoch:9.0} {delegate:9.0} {claim:9.0} {undelegate:10.0} {redelegate:10.0} {:9.0} {staying:9.0} {leaving:9.0} {:9.1} {snapshot:9.1}",
        (due - 2.0 * epoch) / arrivals as f64,
        bytes as f64 / 1e6,
    );
}

/// Leases whose deadlines are missed, with what happens while they run; CPU time of a deadline in nanoseconds.
fn fault(bench: &mut Bench, meanwhile: Option<&mut dyn FnMut(&mut Bench)>) -> f64 {
    let start_by = bench.now + MINUTE;
    let submit = job::Submit {
        budget: 400 * XPL,
        start_by,
        finish_by: start_by + DAY,
        classes: u64::MAX,
        sizes: [5 * MINUTE as u32, 0, 0, 0],
        ..job::Submit::default()
    };
    bench.send((0..FAULTS).map(|_| (2, submit.into())));
    if let Some(meanwhile) = meanwhile {
        meanwhile(bench);
    }
    // To just before the deadlines, and past them.
    let due = bench.engine.view(|state| state.leases.iter().map(|lease| lease.due).min()).expect("a lease");
    bench.wait(due - bench.now);
    bench.wait(MINUTE) / f64::from(FAULTS)
}

fn main() {
    println!(
        "{:>8} {:>9} {:>9} {:>9} {:>9} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "ns/epoch", "ns/epoch", "ns", "ns", "ns", "ns", "ns", "ns/slash", "ns/slash", "MB", "ms"
    );
    println!(
        "{:>8} {:>9} {:>9} {:>9} {:>9} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "",
        "before",
        "staked",
        "delegate",
        "claim",
        "undelegate",
        "redelegate",
        "arrive",
        "staying",
        "leaving",
        "snapshot",
        "snapshot"
    );
    [1_000, 10_000, 100_000].into_iter().for_each(measure);
}
