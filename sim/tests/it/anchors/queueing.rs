//! Waits: what queueing theory says of one line before equal servers, by the protocol's own queue.

use plasma_core::catalogue::{Catalogue, GpuClass, Kind, Program, Resource, Term};
use plasma_core::engine::Engine;
use plasma_core::engine::agenda::Agenda;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::genesis::{Allocation, Genesis};
use plasma_core::ids::{AccountId, ClassId, LeaseId, ProviderId};
use plasma_core::money::XPL;
use plasma_core::params::Params;
use plasma_core::protocol::{bond, job, lease, offer, provider};
use plasma_core::record::{Event, Origin, Record};
use plasma_core::time::{DAY, HOUR, Time, YEAR};
use plasma_sim::streams::{Purpose, Streams};
use std::collections::BTreeMap;

const START: Time = 20_000 * DAY;
/// Mean time of service.
const SERVICE: f64 = HOUR as f64 / 6.0;
const SERVERS: u32 = 10;
const CUSTOMERS: u32 = 100;
/// The first tenth is left out: the system starts empty.
const JOBS: u64 = 1_000_000;

fn genesis() -> Genesis {
    let mut params = Params::default();
    for (key, value) in [("fee.base", 0), ("market.ask_ttl", 10 * YEAR), ("supply.cap", 1_000_000_000_000)] {
        params.set(key, value).unwrap();
    }
    // A million operations a millisecond, so that a size of one is a millisecond of work.
    let class = GpuClass {
        name: "server".into(),
        vram_gib: 8,
        ops_per_ms: [1_000_000; 3],
        bytes_per_ms: 1_000_000,
        weight: 1_000_000_000,
    };
    let cost = vec![Term { resource: Resource::F32, coefficient: 1_000_000, exponents: [1, 0, 0, 0] }];
    let program = Program { name: "p".into(), kind: Kind::Batch, code: [0; 32], sizes: vec!["ms".into()], cost };
    let key = |i: u32| *blake3::hash(&i.to_le_bytes()).as_bytes();
    let accounts =
        (0..SERVERS + CUSTOMERS).map(|i| Allocation { key: key(i), amount: 1_000_000_000 * u128::from(XPL), locked: false });
    Genesis {
        chain: "anchor".into(),
        start: START,
        params: params.values().to_vec(),
        catalogue: Catalogue { classes: vec![class], programs: vec![program] },
        accounts: accounts.collect(),
        grants: Vec::new(),
        committee: AccountId::NONE,
        custodian: AccountId::NONE,
        council: AccountId::NONE,
        treasury: 0,
        builders: 0,
        feeders: 1,
    }
}

/// Poisson arrivals to one queue before ten servers with exponential times of service: M/M/10.
struct Queue {
    set_up: u32,
    streams: Streams,
    jobs: u64,
    next_job: f64,
    gap: f64,
    running: Agenda<(LeaseId, ProviderId)>,
    submitted: BTreeMap<u64, Time>,
    waited: u128,
    delayed: u64,
    counted: u64,
}

impl Observer for Queue {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        match event {
            Event::Submitted(submitted) => {
                self.submitted.insert(submitted.job.0, record.time);
            }
            Event::Leased(leased) => {
                let provider = view.offers()[leased.offer.index()].provider;
                self.running.set(record.time + leased.work_mgs, (leased.lease, provider));
                let submitted = self.submitted.remove(&view.lease(leased.lease).unwrap().job.0).expect("it was submitted");
                if self.jobs > JOBS / 10 {
                    self.waited += u128::from(record.time - submitted);
                    self.delayed += u64::from(record.time > submitted);
                    self.counted += 1;
                }
            }
            Event::Refused(refused) => panic!("{refused}"),
            _ => {}
        }
    }
}

impl Environment for Queue {
    fn next(&mut self, view: &State, until: Time) -> Option<Arrival> {
        if self.set_up < 3 * SERVERS {
            let (id, step) = (self.set_up / 3, self.set_up % 3);
            self.set_up += 1;
            let command = match step {
                0 => provider::Register { region: 0 }.into(),
                1 => bond::Bond { amount: 10_000 * XPL }.into(),
                _ => offer::PostOffer { ask: 1_000, gpus: 1, class: ClassId(0), pad: [0; 5] }.into(),
            };
            return Some(Arrival { time: START, origin: Origin::Account(AccountId(id)), command });
        }
        let job = if self.jobs < JOBS { START + HOUR + self.next_job as u64 } else { Time::MAX };
        let done = self.running.next_before(job.min(until)).unwrap_or(Time::MAX);
        if job.min(done) >= until {
            return None;
        }
        if done <= job {
            let (time, (lease, provider)) = self.running.pop().expect("it has a next time");
            let origin = Origin::Account(view.providers()[provider.index()].owner);
            return Some(Arrival { time, origin, command: lease::Commit { lease, commitment: [1; 32] }.into() });
        }
        let mut draw = self.streams.draw(0, self.jobs);
        self.jobs += 1;
        self.next_job += draw.exponential(self.gap);
        let work = draw.exponential(SERVICE).max(1.0) as u32;
        let customer = AccountId(SERVERS + (self.jobs % u64::from(CUSTOMERS)) as u32);
        let submit = job::Submit {
            budget: 1_000 * XPL,
            start_by: job + YEAR,
            finish_by: job + 2 * YEAR,
            classes: u64::MAX,
            sizes: [work, 0, 0, 0],
            ..job::Submit::default()
        };
        Some(Arrival { time: job, origin: Origin::Account(customer), command: submit.into() })
    }
}

/// Share of jobs that wait, and mean wait, at a load per server.
fn played(load: f64) -> (f64, f64) {
    let gap = SERVICE / (f64::from(SERVERS) * load);
    let queue = Queue {
        set_up: 0,
        streams: Streams::new(7, 0, Purpose::Candidate),
        jobs: 0,
        next_job: 0.0,
        gap,
        running: Agenda::starting(START),
        submitted: BTreeMap::new(),
        waited: 0,
        delayed: 0,
        counted: 0,
    };
    let mut engine = Engine::genesis(&genesis(), queue, ()).unwrap();
    engine.run(START + (JOBS as f64 * gap * 1.1) as u64);
    let queue = engine.environment();
    assert!(queue.counted > JOBS * 8 / 10, "{}", queue.counted);
    (queue.delayed as f64 / queue.counted as f64, queue.waited as f64 / queue.counted as f64)
}

/// The probability to wait, and the mean wait.
fn erlang_c(load: f64) -> (f64, f64) {
    let queue = plasma_sim::queueing::Queue::new(SERVERS, f64::from(SERVERS) * load / SERVICE, SERVICE).expect("a stable queue");
    (queue.waits(), queue.mean_wait())
}

#[test]
fn waits_are_those_of_erlang_c_at_three_loads() {
    // Published: ten servers at 8 erlangs delay 40.92 % of calls (tables of the Erlang C formula).
    assert!((erlang_c(0.8).0 - 0.4092).abs() < 1e-4, "{}", erlang_c(0.8).0);
    // Waits are autocorrelated, the more the higher the load: standard errors of the mean of up to 5 % at the highest load, over seeds.
    for (load, tolerance) in [(0.5, 0.05), (0.8, 0.05), (0.9, 0.10)] {
        let ((delayed, wait), (expected, mean)) = (played(load), erlang_c(load));
        assert!((delayed / expected - 1.0).abs() < tolerance, "at {load}: {delayed} wait, not {expected}");
        assert!((wait / mean - 1.0).abs() < tolerance, "at {load}: {wait} ms, not {mean}");
    }
}
