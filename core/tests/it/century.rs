//! A century of everything at once: random commands under every schedule, with ten billion XPL and with dust, compared with the
//! reference record by record, and kept book of epoch by epoch.

use crate::books::{Books, Place};
use crate::director::{Draft, drafts, play};
use crate::properties::{Witness, same_story};
use crate::testing::Script;
use crate::worlds;
use plasma_core::engine::Engine;
use plasma_core::formula::schedule::{NAMES, number};
use plasma_core::genesis::Genesis;
use plasma_core::money::XPL;
use plasma_core::params::{Params, mechanism, settle_mode};
use plasma_core::protocol::check_invariants;
use plasma_core::time::{DAY, HOUR, YEAR};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

/// What no thirty centuries go without. Settlements, disputes and awards are a matter of days, and some centuries have none: the
/// random streams of short worlds meet them often.
const ALWAYS_BUSY: [Place; 11] = [
    Place::Minted,
    Place::Burned,
    Place::Treasury,
    Place::ProviderPool,
    Place::StakerPool,
    Place::Unclaimed,
    Place::Builders,
    Place::Grants,
    Place::Bonds,
    Place::Stake,
    Place::Proposals,
];
const BILLIONS: u128 = 10_000_000_000 * XPL as u128;

/// What there is to begin with.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Supply {
    Billions,
    Dust,
}

/// Commands of a century: some twenty in quick succession, and then years in which things take their course.
fn busy_days() -> impl Strategy<Value = Vec<Draft>> {
    drafts(480).prop_map(|mut drafts| {
        drafts.iter_mut().enumerate().filter(|(i, _)| i % 24 >= 19).for_each(|(_, draft)| draft.wait = u8::MAX);
        drafts
    })
}

/// A random world of thirty-day epochs with this schedule and every system on.
///
/// What takes hours in a world of short epochs takes weeks in this one, where hours may go by between two commands.
fn aged(world: &Genesis, schedule: &str, supply: Supply) -> Genesis {
    let mut params = Params::from_values(world.params.clone()).expect("legal parameters");
    let at_least = |params: &mut Params, key: &str, least: u64| {
        let value = params.get(key).expect("a parameter").max(least);
        params.set(key, value).expect("a legal value");
    };
    let turn = number(schedule);
    let mode = match schedule {
        "net_emission" => settle_mode::NET_EMISSION,
        "vault_remint" => settle_mode::VAULT_REMINT,
        _ => [settle_mode::PAY, settle_mode::VAULT_REMINT, settle_mode::BURN_SCHEDULE][(turn % 3) as usize],
    };
    let on = [
        ("emission.schedule", turn),
        ("settle.mode", mode),
        (
            "market.mechanism",
            [mechanism::POSTED, mechanism::SEALED, mechanism::UNIFORM, mechanism::ALGORITHMIC][(turn % 4) as usize],
        ),
        ("epoch.length", 30 * DAY),
        ("market.batch", 7 * DAY),
        ("market.ask_ttl", 10 * YEAR),
        ("stake.delegation", 1),
        ("verification.panel", 3),
        ("verification.open", 30 * DAY),
        ("verification.window", 20 * DAY),
        ("verification.reveal", 20 * DAY),
        ("market.lease_grace", 30 * DAY),
        ("governance.period", 30 * DAY),
        ("governance.timelock", 0),
        ("oracle.stale_after", YEAR),
        ("oracle.quorum", 1),
        ("oracle.lag", 0),
        ("vesting.may_stake", 1),
    ];
    on.into_iter().for_each(|(key, value)| params.set(key, value).expect("a legal value"));
    let least = [
        ("emission.tick", 6 * HOUR),
        ("vesting.interval", 30 * DAY),
        ("settle.holdback", 1),
        ("governance.max_open", 4),
        ("jail.after", 3),
        ("treasury.policy", 1),
    ];
    least.into_iter().for_each(|(key, value)| at_least(&mut params, key, value));
    let mut genesis = world.clone();
    match supply {
        Supply::Billions => enrich(&mut params, &mut genesis),
        Supply::Dust => impoverish(&mut params, &mut genesis),
    }
    let split = [("providers", 400_000_001), ("stakers", 399_999_999), ("treasury", 100_000_000), ("builders", 100_000_000)];
    split.into_iter().for_each(|(part, share)| params.set(&format!("emission.{part}"), share).expect("a legal value"));
    if params.check().is_err() {
        params.set("emission.weight", 0).expect("a legal value");
    }
    genesis.params = params.values().to_vec();
    genesis.check().expect("a sound genesis");
    genesis
}

/// Ten billion XPL, to the nano-XPL.
fn enrich(params: &mut Params, genesis: &mut Genesis) {
    params.set("supply.cap", 1_000_000_000_000).expect("a legal value");
    genesis.accounts.iter_mut().for_each(|account| account.amount = account.amount.min(BILLIONS / 16));
    genesis.accounts[0].amount = 0;
    genesis.accounts[0].amount = BILLIONS - genesis.supply();
}

/// A few nano-XPL each, and prices and emission to match.
fn impoverish(params: &mut Params, genesis: &mut Genesis) {
    let small = [
        ("fee.base", 0),
        ("bond.per_gpu", 1),
        ("stake.minimum", 0),
        ("market.deposit", 1),
        ("market.opening", 1),
        ("market.reserve", 1),
        ("governance.deposit", 1),
        ("verification.challenge_deposit", 3),
        ("treasury.budget", 7),
        ("emission.yearly", 1),
        ("emission.year_1", 1),
        ("emission.total", 1),
        ("emission.subsidy", 1),
        ("emission.reburn", 1),
        ("emission.paid_target", 1),
    ];
    small.into_iter().for_each(|(key, value)| params.set(key, value).expect("a legal value"));
    let amounts = [1_000_003, 400_009, 50_000, 1_000_000, 7, 999, 1, 0];
    genesis.accounts.iter_mut().zip(amounts).for_each(|(account, amount)| account.amount = amount);
    genesis.grants.iter_mut().for_each(|grant| grant.total = grant.total % 1_000 + 1);
    (genesis.treasury, genesis.builders) = (1_007, 5);
}

/// Plays a century on both, and tells how often each place of the books was met.
fn century(genesis: &Genesis, drafts: &[Draft]) -> BTreeMap<Place, u64> {
    let play = play(genesis, drafts);
    assert!(play.until >= genesis.start + 100 * YEAR, "a century");
    let script = Script::new(play.commands.iter().copied());
    let mut engine = Engine::genesis(genesis, script, (Witness::default(), Books::new(genesis))).expect("a sound genesis");
    engine.run(play.until);
    engine.view_derived(|state, derived| check_invariants(state).and_then(|()| derived.check(state))).expect("sound");
    let (script, (witness, books)) = engine.into_parts();
    same_story(&play.reference.trace, &witness.entries);
    assert_eq!(script.turned_away, play.reference.turned_away);
    assert!(books.epochs >= 1_217, "{} epochs", books.epochs);
    books.met
}

/// Every schedule in two worlds of its own, drawn from the properties' seed.
#[test]
fn a_century_of_random_commands_is_the_references_and_sums_exactly() {
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    let mut met = BTreeMap::new();
    for schedule in NAMES {
        for supply in [Supply::Billions, Supply::Dust] {
            println!("{schedule}, {supply:?}");
            let (world, drafts) = (worlds::genesis(), busy_days()).new_tree(&mut runner).expect("a world").current();
            for (place, times) in century(&aged(&world, schedule, supply), &drafts) {
                *met.entry(place).or_insert(0) += times;
            }
        }
    }
    let idle: Vec<Place> = ALWAYS_BUSY.into_iter().filter(|place| met.get(place).is_none_or(|&times| times < 20)).collect();
    assert!(idle.is_empty(), "hardly met: {idle:?} in {met:?}");
}
