//! Every schedule against its definition in the reference: over any spans of a century, under any parameters, in any economy.

use crate::reference::Memory;
use crate::reference::schedules::{self as reference, Sight};
use plasma_core::formula::schedule::{self as schedules, NAMES, Seen};
use plasma_core::money::{ONE, XPL};
use plasma_core::params::{Params, TABLE};
use plasma_core::time::{Span, YEAR};
use proptest::prelude::*;

const CASES: u32 = if cfg!(debug_assertions) { 50 } else { 5_000 };
/// As many blocks as a century has days.
const BLOCKS: u64 = 36_525;

/// A number up to a bound, of every order of magnitude alike.
fn up_to(most: u128) -> impl Strategy<Value = u128> {
    let uniform = (any::<u128>(), 0..128u32).prop_map(move |(number, bits)| (number >> bits) % (most + 1));
    prop_oneof![6 => uniform, 1 => Just(most), 1 => Just(0)]
}

/// Every parameter of emission at its default, at its bounds or in between; the floor not above the rate, nor that above the highest.
fn params() -> impl Strategy<Value = Params> {
    let specs: Vec<_> = TABLE.iter().filter(|spec| spec.key.starts_with("emission.")).collect();
    let picks = prop::collection::vec((0..5u8, any::<u64>(), 0..64u32), specs.len());
    picks.prop_map(move |picks| {
        let mut params = Params::default();
        for (spec, (pick, number, bits)) in specs.iter().zip(picks) {
            let between = u128::from(number >> bits) % (u128::from(spec.max - spec.min) + 1);
            let value = [spec.default, spec.min, spec.max, spec.min + between as u64, spec.max - between as u64];
            params.set(spec.key, value[usize::from(pick)]).expect("in range");
        }
        let keys = ["emission.floor", "emission.rate", "emission.max"];
        let mut rates = keys.map(|key| params.get(key).expect("a parameter"));
        rates.sort_unstable();
        keys.into_iter().zip(rates).for_each(|(key, rate)| params.set(key, rate).expect("in range"));
        params
    })
}

/// What an economy of up to a quadrillion XPL looks like at the end of a span.
fn economy() -> impl Strategy<Value = Seen> {
    let most = 1_000_000_000_000_000 * u128::from(XPL);
    let amounts = [up_to(most), up_to(most), up_to(most), up_to(most), up_to(most), up_to(most)];
    (up_to(most), amounts, up_to(u64::MAX.into()), any::<bool>()).prop_map(|(supply, amounts, work, near_goal)| {
        let [initial, circulating, minted, staked, paid, burned] = amounts;
        let staked = if near_goal { supply / 100 * (staked % 101) } else { staked.min(supply) };
        let circulating = circulating.min(supply);
        Seen { from: 0, to: 0, initial, supply, circulating, minted, staked, paid, burned, work: work as u64 }
    })
}

/// Spans one after the other within a century, each with what is seen at its end.
fn story() -> impl Strategy<Value = Vec<Seen>> {
    let century = u128::from(100 * YEAR);
    let spans = prop::collection::vec((up_to(century), economy()), 1..8);
    (up_to(century), spans).prop_map(move |(mut from, spans)| {
        let seen = spans.into_iter().map(|(length, economy)| {
            let to = (from + length).min(century);
            let seen = Seen { from: from as Span, to: to as Span, ..economy };
            from = to;
            seen
        });
        seen.collect()
    })
}

/// What a schedule may remember at the beginning: nothing, or what it could have come to.
fn memory(schedule: &str, [level, aim, sum, steps]: [u64; 4]) -> Memory {
    let steps = steps % 1_000;
    match schedule {
        "goal_bonded" => Memory { level: level % (ONE * ONE + 1), aim, sum, steps },
        "participation" => Memory { level: level % (ONE + 1), aim, sum, steps },
        "pid" => {
            let signed = |number: u64, most: u64| (number % (2 * most + 1)) as i64 - most as i64;
            Memory { level, aim: signed(aim, ONE) as u64, sum: signed(sum, ONE * 1_000_000) as u64, steps }
        }
        // A baseline remembers a history, which the story makes.
        "baseline" => Memory::default(),
        _ => Memory { level, aim, sum, steps },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_schedule_mints_what_its_definition_says(params in params(), story in story(), remembered: Option<[u64; 4]>) {
        for (number, name) in NAMES.iter().enumerate() {
            let mut params = params.clone();
            params.set("emission.schedule", number as u64).expect("a schedule");
            if *name == "halving_by_supply" {
                // The reference counts its blocks one by one.
                let longest = story.iter().map(|seen| seen.to - seen.from).max().unwrap_or(0);
                params.set("emission.tick", params.emission_tick().max(longest.div_ceil(BLOCKS))).expect("at most a day");
            }
            let mut memory = remembered.map_or(Memory::default(), |numbers| memory(name, numbers));
            for seen in &story {
                let Seen { from, to, initial, supply, circulating, minted, staked, paid, burned, work } = *seen;
                let sight = Sight { from, to, initial, supply, circulating, minted, staked, paid, burned, work };
                let expected = reference::mint(&params, memory, &sight);
                let said = schedules::mint(number as u64, &params, seen, memory);
                prop_assert_eq!(said, expected, "{} of {:?} remembering {:?}", name, seen, memory);
                memory = said.1;
            }
        }
    }
}
