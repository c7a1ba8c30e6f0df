//! Proposals, voters, and votes that are bought.

use super::attackers::scenario;
use super::stake::{SAVERS, Watch, begin, play};
use plasma_core::engine::Engine;
use plasma_core::protocol::check_invariants;
use plasma_core::time::{DAY, HOUR};
use plasma_sim::scenario::Loaded;
use plasma_sim::world;

const VOTERS: &str = "[[voter]]\nid = \"lenders\"\nwho = \"providers\"\ncost = \"1 USD\"\nslope = \"0.5 USD\"\n\
                      [[voter]]\nid = \"savers\"\nwho = \"delegators\"\ncost = \"1 USD\"\nslope = \"0.5 USD\"\n";

const GOVERNED: [&str; 8] = [
    "allocation.unvested.amount=50%",
    "stake.delegation=on",
    "stake.max_ratio=10000%",
    "governance.max_open=5",
    "governance.period=5d",
    "governance.timelock=1d",
    "governance.deposit=1000 XPL",
    "governance.quorum=10%",
];

fn governed(more: &str, sets: &[&str]) -> Loaded {
    scenario(&format!("{SAVERS}{VOTERS}{more}"), &[&GOVERNED[..], sets].concat())
}

fn proposal(id: &str, at: &str, what: &str) -> String {
    format!("[[proposal]]\nid = \"{id}\"\nat = \"{at}\"\nby = {{ provider = \"gamers\" }}\nwhat = {{ {what} }}\n")
}

/// Providers want the fee lower, those who only stake want their part of it, and nobody wants the treasury given away: who has most at
/// stake decides.
#[test]
fn voters_vote_for_what_pays_them_and_against_what_costs_them() {
    let cut = proposal("cut", "5d", "change = { fee = { rate = \"1%\" } }");
    let gift = proposal("gift", "6d", "spend = { amount = \"20_000_000 XPL\", to = { customer = \"chat\" } }");
    let paper = proposal("paper", "7d", "report = \"how we did\"");
    for (most, passes) in [("0.01%", 1), ("100%", 0)] {
        let sets = ["governance.quorum=1%", &format!("delegator.savers.most={most}")];
        let mut engine = play(&governed(&[cut.as_str(), &gift, &paper].concat(), &sets));
        let names = &engine.observer().names;
        let count = |name: &str| names.get(name).copied().unwrap_or(0);
        assert_eq!((count("Proposed"), count("Tallied"), count("Enacted")), (3, 3, passes), "{most}: {names:?}");
        assert_eq!((count("ParamChanged"), count("TreasurySpent")), (passes, 0), "{most}: {names:?}");
        assert!(count("Voted") > 30, "{most}: {names:?}");
        let tally = engine.environment().tally();
        assert_eq!((tally.inadmissible, tally.refused.iter().sum::<u64>()), (0, 0), "{:?}", tally.refused);
        engine.view(|state| assert_eq!(state.params.fee_rate() == 10_000_000, passes == 1));
    }
}

/// A fee of a fifth by decree, and a vote in the meantime for one of a hundredth: the end of the decree leaves what was voted on.
#[test]
fn the_end_of_a_decree_does_not_undo_a_vote() {
    let cut = proposal("cut", "5d", "change = { fee = { rate = \"1%\" } }");
    let shock = "[[shock]]\nid = \"fee\"\nat = \"3d\"\nlasts = \"20d\"\nwhat = { change = { fee = { rate = \"20%\", burn = \"40%\", \
                 stakers = \"20%\", treasury = \"40%\" } } }\n";
    let sets = ["governance.quorum=1%", "delegator.savers.most=0.01%"];
    let mut engine = play(&governed(&[cut.as_str(), shock].concat(), &sets));
    let names = &engine.observer().names;
    let count = |name: &str| names.get(name).copied().unwrap_or(0);
    assert_eq!((count("Enacted"), count("DecreeEnacted")), (1, 2), "{names:?}");
    let split = engine.view(|state| [state.params.fee_burn(), state.params.fee_stakers(), state.params.fee_treasury()]);
    let (fee, calm) = (engine.view(|state| state.params.fee_rate()), governed("", &[]).scenario.params);
    assert_eq!(fee, 10_000_000);
    assert_eq!(split, [calm.fee_burn(), calm.fee_stakers(), calm.fee_treasury()]);
}

/// Consumer cards are to weigh as much as data centre ones: their providers, who are the most, vote for it, the others against it, and
/// those who only stake stay at home.
#[test]
fn providers_vote_on_weights_by_what_their_class_gains() {
    let weigh = proposal("weigh", "5d", "weights = { a100-80gb = \"20%\" }");
    let mut engine = play(&governed(&weigh, &["governance.quorum=1%", "delegator.savers.most=1%"]));
    let names = engine.observer().names.clone();
    let count = |name: &str| names.get(name).copied().unwrap_or(0);
    assert_eq!((count("Enacted"), count("WeightChanged")), (1, 1), "{names:?}");
    engine.view(|state| {
        let class = state.catalogue.classes.iter().position(|class| class.name == "a100-80gb").unwrap();
        assert_eq!(state.weights.0[class], 200_000_000);
        assert!(state.catalogue.classes[class].weight > 200_000_000);
    });
}

#[test]
fn every_request_is_proposed_as_it_was_written() {
    let to = "to = { customer = \"chat\" }";
    let grant = format!("grant = {{ amount = \"1_000 XPL\", {to}, vesting = {{ months = 12 }} }}");
    let award = format!("award = {{ amount = \"10 XPL\", milestones = 3, lasts = \"90d\", {to} }}");
    let many = "change = { fee = { rate = \"1%\", burn = \"40%\", treasury = \"30%\" }, governance = { max_open = 6 } }";
    let all = [proposal("grant", "1d", &grant), proposal("award", "2d", &award), proposal("many", "3d", many)].concat();
    let loaded = governed(&all, &["emission.builders=50%", "emission.providers=0%", "emission.treasury=20%", "horizon=9d"]);
    let mut engine = play(&loaded);
    let motions = &engine.environment().economy().motions;
    assert_eq!(motions.len(), 3);
    let names = engine.observer().names.clone();
    let open = engine.view(|state| state.proposals.opened());
    assert_eq!((names.get("Proposed").copied(), open), (Some(3), 3), "{names:?}");
}

/// With a budget that suffices, a bribe earns what it takes from the treasury less what the votes cost: it pays below the price at which
/// the two are equal and nowhere above, and no vote is for sale below what a voter fears to lose.
#[test]
fn bribes_pay_exactly_where_the_votes_cost_less_than_the_loot() {
    let attack = |price: f64| {
        let bribe = format!("bribe = {{ takes = \"1%\", price = \"{price:.6} USD\" }}");
        let briber = format!("[[attacker]]\nid = \"briber\"\nusd = \"1_000_000 USD\"\nat = \"10d\"\nwhat = {{ {bribe} }}\n");
        // By the tenth day delegators have at stake what they want to.
        let calm = [
            "voter.lenders.cost=20 USD",
            "voter.savers.cost=20 USD",
            "delegator.savers.most=1%",
            "delegator.savers.interval=1d",
            "delegator.savers.speed=100",
            "fee.base=0 XPL",
        ];
        let mut engine = play(&governed(&briber, &calm));
        let names = engine.observer().names.clone();
        let agents = engine.environment();
        let (booty, row) = (agents.booty().remove(0), &agents.rows().attackers[0].bribe);
        let (bought, paid) = (row.bought as f64 / 1e9, row.paid as f64 / 1e6);
        let made = (booty.worth as f64 - booty.means as f64) / 1e6;
        let taken = names.contains_key("TreasurySpent");
        // What the treasury had after ten days, at ten cents: fifty million XPL and a little.
        let loot = if taken { engine.view(|state| state.ledger.treasury) as f64 / 99.0 * 1e-10 } else { 0.0 };
        assert!((made - (loot - paid)).abs() < 0.01 * loot + 0.01, "made {made}, took {loot}, paid {paid}");
        (taken, made, bought, loot)
    };
    let (taken, made, bought, _) = attack(0.000_1);
    assert_eq!((taken, made, bought), (false, 0.0, 0.0));
    let (taken, made, bought, loot) = attack(0.03);
    assert!(taken && made > 0.0, "made {made} with {bought}");
    let even = loot / bought;
    for (factor, pays) in [(0.9, true), (1.1, false)] {
        let (taken, made, ..) = attack(even * factor);
        assert!(taken && (made > 0.0) == pays, "at {factor} of {even}: {made}");
    }
}

/// Delegators, voters, proposals, a buyer of votes and false challengers at once: a checkpoint continues to the same end.
#[test]
fn a_checkpoint_with_all_of_them_continues_identically() {
    let what = "what = { bribe = { change = { slash = { wrong = \"0%\" } }, price = \"0.02 USD\" } }";
    let attackers = format!(
        "[[attacker]]\nid = \"briber\"\nusd = \"100_000 USD\"\nat = \"3d\"\n{what}\n\
         [[attacker]]\nid = \"sore\"\nwhat = {{ challenge = {{ groups = [\"gamers\"], share = \"20%\" }} }}\n"
    );
    let cut = proposal("cut", "5d", "change = { fee = { rate = \"1%\" } }");
    let sets = ["verification.panel=3", "verification.open=6h", "horizon=16d", "delegator.savers.interval=1d"];
    let loaded = governed(&(attackers + &cut), &sets);
    let start = loaded.scenario.start.0;
    let mut whole = play(&loaded);
    let names = &whole.observer().names;
    assert!(["Delegated", "Voted", "Challenged", "Judged"].iter().all(|name| names.contains_key(name)), "{names:?}");
    let mut cut = begin(&loaded);
    for hours in [1, 73, 5 * 24 + 7, 200] {
        cut.run(start + hours * HOUR + 12_345);
    }
    let (snapshot, checkpoint) = (cut.snapshot(), cut.environment().save());
    let agents = world::restore(&loaded, 0, &checkpoint).unwrap();
    assert_eq!(agents.save(), checkpoint);
    let mut continued = Engine::restore(&snapshot, agents, Watch::default()).unwrap();
    continued.run(start + 16 * DAY);
    continued.view(check_invariants).unwrap();
    assert_eq!(continued.digest(), whole.digest());
    assert_eq!(continued.environment().save(), whole.environment().save());
}

#[test]
fn what_contradicts_itself_is_refused_with_its_key() {
    let refused = |more: &str, sets: &[&str]| {
        let text = std::fs::read_to_string(super::scenario::shipped().join("small.toml")).unwrap();
        let sets: Vec<String> = GOVERNED.iter().chain(sets).map(ToString::to_string).collect();
        let text = format!("{text}\n{SAVERS}{VOTERS}{more}");
        plasma_sim::scenario::Scenario::parse("small.toml", &text, &sets).unwrap_err().plain().to_string()
    };
    let bribe = |what: &str| format!("[[attacker]]\nid = \"x\"\nwhat = {{ {what} }}\n");
    let twice = "[[voter]]\nid = \"again\"\nwho = \"providers\"\ngroups = [\"hosts\"]\ncost = \"1 USD\"\nslope = \"1 USD\"\n";
    let cases: [(String, &[&str], &str); 9] = [
        (String::new(), &["stake.delegation=off"], "stake.delegation"),
        (proposal("p", "1d", "report = \"x\""), &["governance.max_open=0"], "governance.max_open is 0"),
        (proposal("p", "1d", "change = { fee = { rates = \"1%\" } }"), &[], "fee.rates"),
        (proposal("p", "1d", "change = { fee = { rate = \"101%\" } }"), &[], "p.what.change.fee.rate"),
        (proposal("p", "1d", "change = { epoch = { length = \"2d\" } }"), &[], "cannot change"),
        (proposal("p", "1d", "spend = { amount = \"1 XPL\", to = { customer = \"chatt\" } }"), &[], "`chatt`"),
        (bribe("bribe = { price = \"1 USD\" }"), &[], "either `takes`"),
        (bribe("challenge = { groups = [\"gamers\"], share = \"5%\" }"), &[], "open to challenge"),
        (twice.into(), &[], "votes once"),
    ];
    for (more, sets, expected) in cases {
        let said = refused(&more, sets);
        assert!(said.contains(expected), "{expected}: {said}");
    }
}
