//! Whether a record costs the same however many proposals, voters and grants there are.
//!
//! `cargo bench -p plasma-core --profile release --bench governance` prints nanoseconds a record at 1,000, 10,000 and 100,000 of each.

#![allow(clippy::disallowed_types, reason = "a benchmark reads the clock and prints ratios")]

use cpu_time::ProcessTime;
use plasma_core::catalogue::{Catalogue, GpuClass, Kind, Program, Resource, Term};
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::formula::vesting::Schedule;
use plasma_core::genesis::{Allocation, Genesis, GrantAllocation};
use plasma_core::ids::{AccountId, ProposalId};
use plasma_core::money::XPL;
use plasma_core::params::Params;
use plasma_core::protocol::bond::Bond;
use plasma_core::protocol::governance::Vote;
use plasma_core::protocol::governance::action::ProposeReport;
use plasma_core::protocol::provider::Register;
use plasma_core::record::{Command, Event, Origin, Record};
use plasma_core::time::{DAY, HOUR, YEAR};
use std::collections::VecDeque;

const START: u64 = 20_000 * DAY;

/// Sends what it is given, and counts records.
#[derive(Default)]
struct Crowd {
    commands: VecDeque<Arrival>,
    records: u64,
}

impl Observer for Crowd {
    fn cause(&mut self, _view: &State, _record: &Record) {
        self.records += 1;
    }
    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        assert!(!matches!(event, Event::Refused(_)), "{event:?}");
        self.records += 1;
    }
}

impl Environment for Crowd {
    fn next(&mut self, _view: &State, until: u64) -> Option<Arrival> {
        self.commands.pop_front_if(|arrival| arrival.time < until)
    }
}

fn genesis(accounts: u32, grants: u32) -> Genesis {
    let mut params = Params::default();
    let set = [
        ("governance.max_open", 1_000_000),
        ("governance.deposit", XPL),
        ("governance.period", 10 * HOUR),
        ("bond.per_gpu", 0),
        ("emission.schedule", 0),
        ("emission.yearly", 0),
    ];
    set.iter().for_each(|&(key, value)| params.set(key, value).expect("in range"));
    let class = GpuClass { name: "gpu".into(), vram_gib: 8, ops_per_ms: [1, 0, 0], bytes_per_ms: 1, weight: 1 };
    let cost = vec![Term { resource: Resource::F32, coefficient: 1, exponents: [1, 0, 0, 0] }];
    let program = Program { name: "p".into(), kind: Kind::Batch, code: [0; 32], sizes: vec!["n".into()], cost };
    let account = |_| Allocation { key: [0; 32], amount: 1_000 * u128::from(XPL), locked: false };
    let schedule = Schedule::monthly(START, START, 36);
    Genesis {
        chain: "bench".into(),
        start: START,
        params: params.values().to_vec(),
        catalogue: Catalogue { classes: vec![class], programs: vec![program] },
        accounts: (0..accounts).map(account).collect(),
        grants: (0..grants).map(|i| GrantAllocation { account: AccountId(i), total: 36 * XPL, schedule }).collect(),
        committee: AccountId::NONE,
        custodian: AccountId::NONE,
        council: AccountId::NONE,
        treasury: 0,
        builders: 0,
        feeders: 0,
    }
}

struct Bench(Engine<Crowd, ()>);

impl Bench {
    /// Lets every account send a command at a moment, and tells what a record cost in nanoseconds.
    fn all(&mut self, accounts: u32, time: u64, command: impl Fn(u32) -> Command) -> f64 {
        let send = |i| Arrival { time, origin: Origin::Account(AccountId(i)), command: command(i) };
        self.0.environment().commands = (0..accounts).map(send).collect();
        self.until(time + 1)
    }

    /// Lets time pass, and tells what a record cost in nanoseconds.
    fn until(&mut self, time: u64) -> f64 {
        let before = self.0.environment().records;
        let start = ProcessTime::now();
        self.0.run(time);
        let spent = start.elapsed().as_secs_f64() * 1e9;
        spent / (self.0.environment().records - before).max(1) as f64
    }
}

fn main() {
    println!("nanoseconds a record  {:>9} {:>9} {:>9} {:>9} {:>9}", "propose", "vote", "restake", "tally", "vest");
    for n in [1_000, 10_000, 100_000] {
        let mut bench = Bench(Engine::genesis(&genesis(n, 0), Crowd::default(), ()).expect("a sound genesis"));
        bench.all(n, START, |_| Register { region: 0 }.into());
        bench.all(n, START, |_| Bond { amount: XPL }.into());
        let propose = bench.all(n, START + HOUR, |_| ProposeReport { digest: [1; 32] }.into());
        let last = ProposalId::new(n.into(), n - 1);
        let vote = bench.all(n, START + 2 * HOUR, |_| Vote { proposal: last, choice: 0, pad: 0 }.into());
        let restake = bench.all(n, START + 3 * HOUR, |_| Bond { amount: 1 }.into());
        // Every account votes once more, each on a proposal of its own, by the stake it no longer has.
        let own = |i: u32| Vote { proposal: ProposalId::new(u64::from(i) + 1, i), choice: 1, pad: 0 };
        bench.all(n, START + 4 * HOUR, |i| own(i).into());
        let tally = bench.until(START + 12 * HOUR);
        let mut grants = Bench(Engine::genesis(&genesis(n, n), Crowd::default(), ()).expect("a sound genesis"));
        let vest = grants.until(START + YEAR);
        println!("{n:>20}  {propose:>9.0} {vote:>9.0} {restake:>9.0} {tally:>9.0} {vest:>9.0}");
    }
}
