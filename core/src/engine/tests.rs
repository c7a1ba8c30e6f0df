//! One job through its whole life, by hand.

use super::*;
use crate::catalogue::{Catalogue, GpuClass, Kind, Program, Resource, Term};
use crate::genesis::Allocation;
use crate::ids::*;
use crate::money::XPL;
use crate::params::Params;
use crate::protocol::{beacon, bond, job, lease, market, offer, provider, settlement, verification};
use crate::record::{Command, Event, Origin, Record};
use crate::time::{DAY, HOUR, SECOND};

/// Commands in order, and the events they caused.
#[derive(Default)]
struct Script {
    commands: std::collections::VecDeque<Arrival>,
    events: Vec<Event>,
}

impl Observer for Script {
    fn cause(&mut self, view: &State, _record: &Record) {
        assert_eq!(view.total(), view.ledger.cap);
    }
    fn event(&mut self, view: &State, _record: &Record, event: &Event) {
        assert_eq!(view.total(), view.ledger.cap);
        self.events.push(*event);
    }
}

impl Environment for Script {
    fn next(&mut self, _view: &State, until: Time) -> Option<Arrival> {
        self.commands.pop_front_if(|arrival| arrival.time < until)
    }
    fn inadmissible(&mut self, _view: &State, arrival: &Arrival, why: Inadmissible) {
        panic!("{arrival:?}: {why}");
    }
}

fn genesis() -> Genesis {
    let mut params = Params::default();
    params.set("verification.rate", 1_000_000_000).unwrap();
    let class =
        GpuClass { name: "gpu".into(), vram_gib: 24, ops_per_ms: [1_000, 0, 0], bytes_per_ms: 1_000, weight: 1_000_000_000 };
    let cost = vec![Term { resource: Resource::F32, coefficient: 1_000, exponents: [1, 0, 0, 0] }];
    let program = Program { name: "p".into(), kind: Kind::Batch, code: [7; 32], sizes: vec!["ms".into()], cost };
    Genesis {
        chain: "test".into(),
        start: 1_000 * DAY,
        params: params.values().to_vec(),
        catalogue: Catalogue { classes: vec![class], programs: vec![program] },
        accounts: (0..3).map(|i| Allocation { key: [i; 32], amount: 1_000_000 * u128::from(XPL), locked: false }).collect(),
        treasury: 1_000_000 * u128::from(XPL),
        builders: 0,
        feeders: 1,
    }
}

#[test]
fn a_job_is_leased_committed_checked_and_settled() {
    let genesis = genesis();
    let mut script = Script::default();
    let mut at = genesis.start;
    let mut send = |after: Time, origin: Origin, command: Command| {
        at += after;
        script.commands.push_back(Arrival { time: at, origin, command });
        at
    };
    let account = |n| Origin::Account(AccountId(n));
    for n in 0..2 {
        send(1, account(n), provider::Register { region: 0 }.into());
        send(1, account(n), bond::Bond { amount: 10_000 * XPL }.into());
        send(1, account(n), offer::PostOffer { ask: (1 + u64::from(n)) * XPL, gpus: 1, class: ClassId(0), pad: [0; 5] }.into());
    }
    let submit = job::Submit {
        budget: 10_000 * XPL,
        start_by: genesis.start + 2 * HOUR,
        finish_by: genesis.start + 10 * HOUR,
        classes: u64::MAX,
        sizes: [3_600_000, 0, 0, 0],
        vram_gib: 24,
        policy: 1,
        ..job::Submit::default()
    };
    let submitted = send(SECOND, account(2), submit.into());
    let root = [9; 32];
    let first = LeaseId::new(1, 0);
    let commitment = lease::commitment(first, ProviderId(0), &root);
    send(HOUR, account(0), lease::Commit { lease: first, commitment }.into());
    send(SECOND, Origin::Host, beacon::Beacon { value: [3; 32] }.into());
    send(SECOND, account(1), verification::Verdict { lease: first, root }.into());

    let mut engine = Engine::genesis(&genesis, script, ()).unwrap();
    assert_eq!(engine.run_epoch(submitted + 2 * HOUR), Progress::Reached);
    engine.view(crate::protocol::check_invariants).unwrap();
    let (script, ()) = engine.into_parts();
    let life: Vec<_> = script.events.iter().map(Event::name).skip(6).collect();
    assert_eq!(life, ["Submitted", "Leased", "Committed", "RoundClosed", "CheckDrawn", "Verified", "Settled"]);
    let Event::Leased(market::Leased { offer: OfferId(0), price, work_mgs: 3_600_000, .. }) = script.events[7] else {
        panic!("{:?}", script.events[7])
    };
    assert_eq!(price, 3_600 * XPL);
    let Event::Settled(settled) = script.events[12] else { panic!() };
    assert_eq!(
        settled,
        settlement::Settled {
            lease: first,
            paid: 3_420 * XPL,
            burned: 90 * XPL,
            treasury: 36 * XPL,
            stakers: 54 * XPL,
            work_mgs: 3_600_000
        }
    );
}

#[test]
fn a_snapshot_continues_identically() {
    let genesis = genesis();
    let mut engine = Engine::genesis(&genesis, Silence, ()).unwrap();
    engine.run(genesis.start + 10 * DAY);
    let mut again = Engine::restore(&engine.snapshot(), Silence, ()).unwrap();
    assert_eq!(again.digest(), engine.digest());
    engine.run(genesis.start + 20 * DAY);
    again.run(genesis.start + 20 * DAY);
    assert_eq!(again.digest(), engine.digest());
}
