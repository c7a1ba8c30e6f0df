//! A century of every emission schedule, and settlement at its extremes.

use crate::testing::{Bench, genesis, hour_job, leased};
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::engine::{Engine, Silence};
use plasma_core::formula::schedule::{NAMES, number};
use plasma_core::genesis::Genesis;
use plasma_core::money::{ONE, XPL};
use plasma_core::protocol::check_invariants;
use plasma_core::protocol::oracle::PostPrice;
use plasma_core::record::{Event, Origin, Record};
use plasma_core::time::{DAY, Time, YEAR};

/// Sums what is said to be minted, and holds the books against it.
#[derive(Default)]
struct Auditor {
    minted: u128,
    unminted: u128,
    epochs: u64,
}

impl Observer for Auditor {
    fn cause(&mut self, _view: &State, _record: &Record) {}

    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        if let Event::Emitted(emitted) = event {
            self.minted +=
                [emitted.providers, emitted.stakers, emitted.treasury, emitted.builders].map(u128::from).iter().sum::<u128>();
            self.unminted += u128::from(emitted.unminted);
        }
    }

    fn epoch_closed(&mut self, view: &State) {
        self.epochs += 1;
        assert_eq!(view.ledger.minted, self.minted);
        assert!(view.ledger.initial + view.ledger.minted <= view.ledger.cap, "more was issued than there may ever be");
        check_invariants(view).expect("sound");
    }
}

/// A world of these amounts that nobody enters, on this schedule.
fn world(schedule: &str, amount: u128, cap_xpl: u64, unallocated: u64) -> Genesis {
    let mode = ["net_emission", "vault_remint"].iter().position(|name| *name == schedule).map_or(0, |i| i as u64 + 2);
    let mut genesis = genesis(&[
        ("emission.schedule", number(schedule)),
        ("settle.mode", mode),
        ("emission.unallocated", unallocated),
        ("emission.year_3", 7_000_001),
        ("supply.cap", cap_xpl),
        ("epoch.length", 30 * DAY),
        ("fee.base", 0),
    ]);
    genesis.accounts.iter_mut().for_each(|account| account.amount = 0);
    genesis.accounts[0].amount = amount;
    genesis.treasury = 0;
    genesis
}

fn century(genesis: &Genesis) -> Auditor {
    let mut engine = Engine::genesis(genesis, Silence, Auditor::default()).expect("a sound genesis");
    engine.run(genesis.start + 100 * YEAR);
    engine.into_parts().1
}

/// Ten billion XPL, and a few nano-XPL: every schedule's parts sum to what it said, and none passes the cap.
#[test]
fn a_century_sums_exactly_under_the_cap() {
    let billions = 10_000_000_000 * u128::from(XPL);
    for schedule in NAMES {
        for (amount, cap) in [(billions, 1_000_000_000_000), (billions, 10_000_000_007), (7, 1_000_000_000_000), (7, 1)] {
            let all = century(&world(schedule, amount, cap, 2));
            assert_eq!((all.epochs, all.unminted), (1_217, 0), "{schedule}");
            let none = century(&world(schedule, amount, cap, 0));
            assert!(none.minted <= all.minted, "{schedule}");
        }
    }
}

/// At ten billion XPL the schedules that mint at all without stake or work do, and those that need either do not.
#[test]
fn without_stake_or_work_only_those_mint_that_need_neither() {
    for schedule in NAMES {
        let minted = century(&world(schedule, 10_000_000_000 * u128::from(XPL), 1_000_000_000_000, 2)).minted;
        let idle = ["baseline", "sqrt_stake", "vault_remint", "utilisation"].contains(schedule);
        assert_eq!(minted == 0, idle, "{schedule} minted {minted}");
    }
}

/// No fee and nothing but fee, in every mode of settlement: the books hold, and whoever works is paid by somebody.
#[test]
fn fees_of_nothing_and_everything_settle_in_every_mode() {
    for mode in 0..4 {
        for rate in [0, ONE] {
            let schedule = if mode == 2 { number("net_emission") } else { number("fixed") };
            let set = [("settle.mode", mode), ("emission.schedule", schedule), ("fee.rate", rate), ("fee.base", 0)];
            let mut bench = Bench::new(&set);
            bench.send(Origin::Feeder(0), PostPrice { micro_usd: 1_000_000 });
            bench.provide(0, 1, XPL);
            let before = bench.free(0);
            let submit = hour_job(bench.now);
            let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
            bench.send(Origin::Feeder(0), PostPrice { micro_usd: 500_000 });
            bench.commit(0, lease);
            let paid = bench.free(0) - before;
            let expected = match (mode, rate) {
                (0, 0) => 3_600,
                (3, 0) => 7_200,
                _ => 0,
            };
            assert_eq!(paid, expected * u128::from(XPL), "mode {mode} at {rate}");
            bench.wait(DAY);
            assert!(bench.free(0) - before > paid, "emission pays for the work");
        }
    }
}

/// A participant who burns: what is burned in an epoch is minted again, up to the cap.
struct Burner {
    at: Vec<Time>,
}

impl Observer for Burner {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, _view: &State, _record: &Record, _event: &Event) {}
}

impl Environment for Burner {
    fn next(&mut self, _view: &State, until: Time) -> Option<Arrival> {
        let time = self.at.pop_if(|time| *time < until)?;
        let transfer = plasma_core::protocol::account::Transfer { amount: 1, to: plasma_core::ids::AccountId(1), pad: 0 };
        Some(Arrival { time, origin: Origin::Account(plasma_core::ids::AccountId(0)), command: transfer.into() })
    }
}

#[test]
fn what_an_epoch_burns_the_next_has_again() {
    let mut genesis = world("net_emission", 1_000 * u128::from(XPL), 1_000_000_000_000, 2);
    let mut set = |key: &str, value| {
        let position = plasma_core::params::TABLE.iter().position(|spec| spec.key == key).expect("a parameter");
        genesis.params[position] = value;
    };
    set("emission.yearly", 0);
    set("fee.base", 5 * XPL);
    let at = [40, 3, 2, 1].map(|day| genesis.start + day * DAY).to_vec();
    let mut engine = Engine::genesis(&genesis, Burner { at }, Auditor::default()).expect("a sound genesis");
    let mut minted = || {
        engine.run_epoch(Time::MAX);
        engine.view(|state| state.ledger.minted)
    };
    assert_eq!([minted(), minted(), minted()], [15, 20, 20].map(|xpl| xpl * u128::from(XPL)));
}
