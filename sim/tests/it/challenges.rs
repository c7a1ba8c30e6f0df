//! False challenges pay exactly where those who uphold each other win more than their deposits lose.

use super::attackers::scenario;
use super::stake::Watch;
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::protocol::check_invariants;
use plasma_core::protocol::verification::panel::Outcome;
use plasma_core::record::{Event, Record};
use plasma_sim::world;

/// What challenges by the attacker's providers won and lost, in nano-XPL, and how they ended.
#[derive(Default)]
struct Cases {
    watch: Watch,
    first: u32,
    count: u32,
    won: u64,
    lost: u64,
    upheld: u64,
    overruled: u64,
}

impl Observer for Cases {
    fn cause(&mut self, view: &State, record: &Record) {
        self.watch.cause(view, record);
    }
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        let own = |account: u32| (self.first..self.first + self.count).contains(&account);
        match event {
            Event::Challenged(challenged) if own(view.providers()[challenged.challenger.index()].owner.0) => {
                self.lost += challenged.deposit;
            }
            Event::Slashed(slashed) if slashed.to.is_some() && own(slashed.to.0) => self.won += slashed.reward,
            Event::Judged(judged) => {
                self.lost -= judged.returned;
                self.upheld += u64::from(judged.outcome == Outcome::Upheld);
                self.overruled += u64::from(judged.outcome == Outcome::Overruled);
            }
            _ => {}
        }
        self.watch.event(view, record, event);
    }
}

/// Twenty of forty providers, one owner; panels of three of the thirty-eight that are neither accuser nor accused, nineteen of them the
/// owner's. It has the majority with probability P = (C(19,2)·19 + C(19,3)) ÷ C(38,3) = ½; a challenge then wins a fifth of half a bond,
/// and otherwise loses its deposit. The two are equal at a deposit of a tenth of a bond, 200 XPL.
#[test]
fn a_false_challenge_pays_exactly_below_the_deposit_that_theory_says() {
    let twins = "[[provider]]\nid = \"twins\"\nclass = \"rtx-4090\"\ncount = 20\nregions = { europe = 1 }\nfaults = {}\n";
    let choose = |n: f64, k: u32| (0..k).map(|i| (n - f64::from(i)) / f64::from(i + 1)).product::<f64>();
    let majority = (choose(19.0, 2) * 19.0 + choose(19.0, 3)) / choose(38.0, 3);
    let play = |deposit: f64| {
        let sore = "[[attacker]]\nid = \"sore\"\nwhat = { challenge = { groups = [\"gamers\"], share = \"10%\" } }\n";
        let deposit = format!("verification.challenge_deposit={deposit:.0} XPL");
        let sets = [
            "provider.gamers.count=20",
            "provider.gamers.regions={ europe = 1, asia = 0 }",
            "provider.gamers.faults={}",
            "provider.night-owls.count=0",
            "provider.hosts.count=0",
            "demand.finetuning.rate=0/h",
            "demand.chat.rate=20/h",
            "verification.rate=0%",
            "verification.panel=3",
            "verification.open=6h",
            "verification.reward=0%",
            "verification.deposit_worker=100%",
            "jail.check_strikes=0",
            "jail.after=65535",
            "horizon=60d",
        ];
        let sets: Vec<&str> = sets.into_iter().chain([deposit.as_str()]).collect();
        let loaded = scenario(&format!("{twins}{sore}"), &sets);
        let (genesis, agents) = world::build(&loaded, 0).unwrap();
        let economy = agents.economy();
        let owned = &economy.attackers[0].lenders;
        let first = economy.account_of(owned[0] as usize).0;
        let cases = Cases { first, count: owned.len() as u32, ..Cases::default() };
        let mut engine = Engine::genesis(&genesis, agents, cases).unwrap();
        engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0);
        engine.view(check_invariants).unwrap();
        assert!(engine.environment().dollars().conserved());
        let cases = engine.observer();
        let (ended, params) = ((cases.upheld + cases.overruled) as f64, &loaded.scenario.params);
        assert!(ended > 500.0, "{ended} cases");
        // The share that is upheld is the theory's, within four standard errors.
        let upheld = cases.upheld as f64 / ended;
        let error = 4.0 * (majority * (1.0 - majority) / ended).sqrt();
        assert!((upheld - majority).abs() < error, "{upheld} of {ended} upheld, {majority} expected");
        let finder = params.bond_per_gpu() as f64 * (params.slash_wrong() as f64 * params.slash_checker_share() as f64) / 1e18;
        ((cases.won as f64 - cases.lost as f64) / 1e9, majority / (1.0 - majority) * finder / 1e9)
    };
    let (made, even) = play(1.0);
    assert!(made > 0.0 && (50.0..500.0).contains(&even), "{made} {even}");
    for (factor, pays) in [(0.75, true), (1.25, false)] {
        let (made, _) = play(even * factor);
        assert!((made > 0.0) == pays, "at {factor} of {even}: {made}");
    }
}
