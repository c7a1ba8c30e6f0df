//! Delegators: aggregate stake comes to its solved fixed point, and whoever joins them leaves everybody else's draws alone.

use super::attackers::scenario;
use plasma_core::engine::Engine;
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::ids::ProviderId;
use plasma_core::protocol::check_invariants;
use plasma_core::record::{Event, Record};
use plasma_core::time::{DAY, YEAR};
use plasma_sim::agents::Agents;
use plasma_sim::scenario::Loaded;
use plasma_sim::world;
use std::collections::BTreeMap;

/// Counts events by name, and checks every invariant now and then.
#[derive(Default)]
pub(crate) struct Watch {
    pub names: BTreeMap<&'static str, u64>,
    epochs: u64,
    /// Supply at the end of each epoch.
    supply: Vec<u128>,
}

impl Observer for Watch {
    fn cause(&mut self, _view: &State, _record: &Record) {}
    fn event(&mut self, _view: &State, _record: &Record, event: &Event) {
        *self.names.entry(event.name()).or_default() += 1;
    }
    fn epoch_closed(&mut self, view: &State) {
        self.epochs += 1;
        self.supply.push(view.ledger.supply());
        if self.epochs.is_multiple_of(10) {
            check_invariants(view).unwrap();
        }
    }
}

pub(crate) fn begin(loaded: &Loaded) -> Engine<Agents, Watch> {
    let (genesis, agents) = world::build(loaded, 0).unwrap();
    Engine::genesis(&genesis, agents, Watch::default()).unwrap()
}

pub(crate) fn play(loaded: &Loaded) -> Engine<Agents, Watch> {
    let mut engine = begin(loaded);
    engine.run(loaded.scenario.start.0 + loaded.scenario.horizon.0);
    engine.view(check_invariants).unwrap();
    assert!(engine.environment().dollars().conserved());
    engine
}

/// Two hundred million XPL in the hands of delegators.
pub(crate) const SAVERS: &str = "[[allocation]]\nid = \"savings\"\namount = \"20%\"\nholder = \"delegators\"\n\
                      [[delegator]]\nid = \"savers\"\naccounts = 60\noutside = \"8%\"\n";

/// All emission is for stake, and gamers stay.
const FOR_STAKE: [&str; 9] = [
    "allocation.unvested.amount=50%",
    "stake.delegation=on",
    "stake.max_ratio=1000000%",
    "emission.stakers=100%",
    "emission.providers=0%",
    "emission.treasury=0%",
    "emission.builders=0%",
    "demand.finetuning.rate=0/h",
    "provider.gamers.exit_after=50y",
];

/// Nobody wants work done: what there is to see is stake.
const QUIET: [&str; 3] = ["demand.chat.rate=0/h", "provider.night-owls.exit_after=50y", "provider.hosts.exit_after=50y"];

fn quiet(more: &[&str]) -> Loaded {
    scenario(SAVERS, &[&FOR_STAKE[..], &QUIET, more].concat())
}

/// Stake S at which what delegators want to stake at the yield that S leaves them is S: bisection, for that yield falls with S. It is
/// net of dilution and of the share that slashes take in a year.
fn fixed_point(
    holdings: f64,
    bonds: f64,
    yearly: f64,
    (growth, loss): (f64, f64),
    terms: &plasma_sim::economy::stake::Terms,
) -> f64 {
    let (mut low, mut high) = (0.0, holdings);
    for _ in 0..100 {
        let stake = (low + high) / 2.0;
        let net = (1.0 + yearly / (bonds + stake)) / (1.0 + growth) - 1.0 - loss;
        if holdings * terms.staked(net) > stake { low = stake } else { high = stake }
    }
    low
}

/// From nothing staked, and after an overshoot that has to leave again, stake comes within two parts in a hundred of the fixed point
/// that emission, holdings, bonds and dilution have.
#[test]
fn stake_comes_to_its_solved_fixed_point() {
    for (yearly, outside, few) in [(20_000_000.0, "8%", false), (8_000_000.0, "12%", true)] {
        let sets = [format!("emission.yearly={yearly} XPL"), format!("delegator.savers.outside={outside}"), "horizon=3y".into()];
        let loaded = quiet(&sets.iter().map(String::as_str).collect::<Vec<_>>());
        let mut engine = play(&loaded);
        let economy = engine.environment().economy();
        let accounts: Vec<_> = economy.savers.members.iter().map(|saver| saver.account).collect();
        let (stake, bonds, holdings) = engine.view(|state| {
            let held = |&account: &plasma_core::ids::AccountId| {
                let with = (0..state.population.providers).map(ProviderId);
                let with: u64 = with.map(|id| state.staking.stake_of(account, id) + state.staking.claimable(account, id)).sum();
                state.account(account).unwrap().free + u128::from(with)
            };
            let away: u128 = state.staking.leaving.values().map(|left| u128::from(left.fund.holds)).sum();
            let all = accounts.iter().map(held).sum::<u128>() + away;
            (state.ledger.delegated as f64, state.ledger.bonded as f64, all as f64)
        });
        let supply = &engine.observer().supply;
        let growth = (supply[supply.len() - 1] as f64 / supply[supply.len() - 31] as f64 - 1.0) * YEAR as f64 / (30 * DAY) as f64;
        let terms = &engine.environment().economy().savers.groups[0];
        let solved = fixed_point(holdings, bonds, yearly * 1e9, (growth, 0.0), terms);
        assert!((stake / solved - 1.0).abs() < 0.02, "{stake:.4e} staked, {solved:.4e} solved, of {holdings:.4e}");
        assert_eq!(few, stake < 0.5 * holdings, "{stake:.4e} of {holdings:.4e}");
        let names = &engine.observer().names;
        assert!(names["Undelegated"] > 0 && names["Delegated"] > 0 && names["Claimed"] > 0, "{names:?}");
        let tally = engine.environment().tally();
        assert_eq!((tally.inadmissible, tally.refused.iter().sum::<u64>()), (0, 0), "{:?}", tally.refused);
    }
}

/// Who keeps more of the rewards has less stake in the end.
#[test]
fn stake_goes_where_it_yields_most() {
    let twins = "[[provider]]\nid = \"greedy\"\nclass = \"rtx-4090\"\ncount = 30\nregions = { europe = 1, asia = 1 }\n\
                 exit_after = \"50y\"\ncommission = \"30%\"\n";
    let sets = ["emission.yearly=20000000 XPL", "horizon=1y", "delegator.savers.switching=0.5%", "delegator.savers.sells=50%"];
    let loaded = scenario(&format!("{SAVERS}{twins}"), &[&FOR_STAKE[..], &QUIET, &sets].concat());
    let mut engine = play(&loaded);
    let names = engine.observer().names.clone();
    let agents = engine.environment();
    let economy = agents.economy();
    let group = |name: &str| economy.lender_groups.iter().position(|group| group == name).unwrap();
    let with = |group: usize, rows: &[plasma_sim::agents::provider::LenderRow]| -> Vec<ProviderId> {
        let lenders = economy.lenders.iter().zip(rows).filter(|(lender, _)| usize::from(lender.group) == group);
        lenders.map(|(_, row)| row.provider).collect()
    };
    let rows = &agents.rows().lenders;
    let (modest, greedy) = (with(group("gamers"), rows), with(group("greedy"), rows));
    let sold = agents.tally().of(plasma_sim::agents::tally::Party::Holders).sold;
    let [modest, greedy] = engine
        .view(|state| [modest, greedy].map(|ids| ids.iter().map(|&id| u128::from(state.staking.delegated(id))).sum::<u128>()));
    assert!(greedy * 5 < modest, "{greedy} with those who keep 30 %, {modest} with the others");
    assert!(names["Redelegated"] > 0 && names["Arrived"] > 0 && sold > 0, "{names:?}");
}

/// Work that is checked and often wrong: every provider of `gamers` is slashed some 120 times a year, each time three ten-thousandths.
const SLASHED: [&str; 5] = [
    "provider.hosts.count=0",
    "provider.night-owls.count=0",
    "provider.gamers.faults={ wrong = \"10%\" }",
    "provider.gamers.regions={ europe = 1, asia = 0 }",
    "provider.gamers.speed_spread=0%",
];
const CHECKED: [&str; 6] = [
    "demand.chat.rate=4/h",
    "demand.chat.policy=checked",
    "verification.reward=0%",
    "slash.wrong=0.03%",
    "slash.checker_share=0%",
    "emission.yearly=20000000 XPL",
];

/// Slashing risk is in the fixed point: stake is what delegators want at the yield that slashes leave, and well below what it would be
/// without them.
#[test]
fn slashing_risk_lowers_the_fixed_point_as_solved() {
    let loaded =
        scenario(SAVERS, &[&FOR_STAKE[..], &SLASHED, &CHECKED, &["horizon=3y", "delegator.savers.switching=100%"]].concat());
    let mut engine = play(&loaded);
    let end = loaded.scenario.start.0 + loaded.scenario.horizon.0;
    let accounts: Vec<_> = engine.environment().economy().savers.members.iter().map(|saver| saver.account).collect();
    let yields = engine.environment().rows().yields.clone();
    let (stake, bonds, holdings, loss, mean) = engine.view(|state| {
        let ids = || (0..state.population.providers).map(ProviderId);
        let with = |account, id| state.staking.stake_of(account, id) + state.staking.claimable(account, id);
        let held = |&account: &plasma_core::ids::AccountId| {
            state.account(account).unwrap().free + ids().map(|id| u128::from(with(account, id))).sum::<u128>()
        };
        let away: u128 = state.staking.leaving.values().map(|left| u128::from(left.fund.holds)).sum();
        let stake: f64 = ids().map(|id| state.staking.delegated(id) as f64).sum();
        // The stake-weighted mean of what each provider's slashes lately took.
        let loss = ids().map(|id| state.staking.delegated(id) as f64 * yields.loss(id, end)).sum::<f64>() / stake;
        let mean = ids().map(|id| yields.loss(id, end)).sum::<f64>() / ids().count() as f64;
        let bonds: u128 = state.providers().iter().map(|provider| provider.bond).sum();
        (stake, bonds as f64, (accounts.iter().map(held).sum::<u128>() + away) as f64, loss, mean)
    });
    let slashes = engine.observer().names["Slashed"] as f64;
    // 4 jobs an hour among thirty, a tenth of them wrong, and as many tries as it takes; e^(−age) remembers all but a twentieth.
    let expected = slashes / 3.0 / 30.0 * 0.0003 * (1.0 - libm::exp(-3.0));
    assert!((mean / expected - 1.0).abs() < 0.1, "{mean} remembered, {expected} by the slashes");
    assert!((0.02..0.06).contains(&loss), "{loss} where the stake is");
    let supply = &engine.observer().supply;
    let growth = supply[supply.len() - 1] as f64 / supply[supply.len() - 366] as f64 - 1.0;
    let terms = &engine.environment().economy().savers.groups[0];
    let solved = |loss| fixed_point(holdings, bonds, 20_000_000e9, (growth, loss), terms);
    let (at_risk, safe) = (solved(loss), solved(0.0));
    assert!((stake / at_risk - 1.0).abs() < 0.03, "{stake:.4e} staked, {at_risk:.4e} solved, {safe:.4e} without slashes");
    assert!(at_risk < 0.9 * safe, "{at_risk:.4e} {safe:.4e}");
}

/// Beside careful twins, those who are slashed lose their delegators.
#[test]
fn stake_leaves_those_who_are_slashed() {
    let careful = "[[provider]]\nid = \"careful\"\nclass = \"rtx-4090\"\ncount = 30\nregions = { europe = 1 }\n\
                   exit_after = \"50y\"\n";
    let more = ["horizon=1y", "delegator.savers.switching=0.5%"];
    let loaded = scenario(&format!("{SAVERS}{careful}"), &[&FOR_STAKE[..], &SLASHED, &CHECKED, &more].concat());
    let mut engine = play(&loaded);
    let economy = engine.environment().economy();
    let careful = economy.lender_groups.iter().position(|group| group == "careful").unwrap();
    let groups: Vec<_> = economy.lenders.iter().map(|lender| usize::from(lender.group) == careful).collect();
    let ids: Vec<_> = engine.environment().rows().lenders.iter().map(|row| row.provider).collect();
    let stake = |wanted: bool, state: &State| -> f64 {
        let ids = ids.iter().zip(&groups).filter(|(_, careful)| **careful == wanted);
        ids.map(|(&id, _)| state.staking.delegated(id) as f64).sum()
    };
    let [slashed, careful] = engine.view(|state| [stake(false, state), stake(true, state)]);
    assert!(slashed * 5.0 < careful, "{slashed:.3e} with the slashed, {careful:.3e} with the careful");
}

#[test]
fn delegators_voters_and_proposals_change_nobody_elses_draws() {
    let more = "[[voter]]\nid = \"all\"\nwho = \"delegators\"\ncost = \"1 USD\"\nslope = \"1 USD\"\n";
    let sets = ["allocation.unvested.amount=50%", "stake.delegation=on", "governance.max_open=3"];
    let enlarged = world::economy(&scenario(&format!("{SAVERS}{more}"), &sets), 0).unwrap();
    let plain = world::economy(&scenario("", &[]), 0).unwrap();
    assert_eq!(plain.lenders, enlarged.lenders);
    assert_eq!(enlarged.accounts(), plain.accounts() + 60);
    let streams = |economy: &plasma_sim::economy::Economy| economy.patrons.iter().map(|group| group.stream).collect::<Vec<_>>();
    assert_eq!(streams(&plain), streams(&enlarged));
}
