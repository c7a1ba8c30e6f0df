//! Every rule, by its own example, by extremes, and by nonsense.

use super::rule::{Rule, rules};
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

fn answered(rule: &Rule, case: &Value) -> Result<Value, String> {
    let answer = (rule.answer)(&case.to_string()).map_err(|refusal| refusal.to_string())?;
    Ok(serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{}: {error} in {answer}", rule.name)))
}

fn example(rule: &Rule) -> Map<String, Value> {
    serde_json::from_str(rule.example).unwrap_or_else(|error| panic!("{}: {error}", rule.name))
}

#[test]
fn names_are_told_apart_and_every_example_is_answered_as_described() {
    let mut names = BTreeSet::new();
    for rule in rules() {
        assert!(names.insert(rule.name), "{} is there twice", rule.name);
        let answer = answered(rule, &example(rule).into()).unwrap_or_else(|refusal| panic!("{}: {refusal}", rule.name));
        let fields: BTreeSet<_> = (rule.outputs)().iter().map(|field| field.name.to_owned()).collect();
        assert_eq!(answer.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), fields, "{}", rule.name);
        assert!(example(rule).keys().all(|key| (rule.inputs)().iter().any(|field| field.name == key)), "{}", rule.name);
    }
}

#[test]
fn a_field_that_is_missing_or_misspelled_is_named() {
    for rule in rules() {
        for field in (rule.inputs)() {
            let mut case = example(rule);
            let Some(value) = case.remove(field.name) else { continue };
            match answered(rule, &case.clone().into()) {
                Err(refusal) => assert!(refusal.contains(&format!("the field `{}` is missing", field.name)), "{refusal}"),
                Ok(_) => assert!(field.kind.contains("may be left out"), "{}.{}", rule.name, field.name),
            }
            case.insert(format!("{}x", field.name), value);
            let refusal = answered(rule, &case.into()).unwrap_err();
            assert!(refusal.starts_with(&format!("there is no field `{}x`; did you mean `", field.name)), "{refusal}");
        }
    }
}

/// The protocol's schedule `table`, year by year, is what `emission.table` answers, to the year after its last.
#[test]
fn a_table_is_that_of_a_run() {
    use plasma_core::formula::schedule::{Memory, Seen, mint, number};
    use plasma_core::{money::XPL, params::Params, time::YEAR};
    let table = rules().find(|rule| rule.name == "emission.table").unwrap();
    let mut params = Params::default();
    for year in 1..=8 {
        params.set(&format!("emission.year_{year}"), year).unwrap();
    }
    for years in 0..10 {
        let seen = Seen { from: years * YEAR, to: (years + 1) * YEAR, ..Seen::default() };
        let run = mint(number("table"), &params, &seen, Memory::default()).0;
        let case = serde_json::json!({ "yearly": [1, 2, 3, 4, 5, 6, 7, 8], "years": years });
        let asked: u128 = answered(table, &case).unwrap()["minted"].as_str().unwrap().parse().unwrap();
        assert_eq!(asked * u128::from(XPL), run, "year {years}");
    }
}

/// EIP-4844 adds without end: the largest excess stays exact, and what is larger is refused.
#[test]
fn the_largest_excess_is_exact() {
    let rule = rules().find(|rule| rule.name == "fee.eip4844").unwrap();
    let next = |excess: u64, used: u64, target: u64| {
        let case = serde_json::json!({ "excess": excess, "used": used, "target": target, "least": 0, "fraction": 1 });
        answered(rule, &case).map(|answer| answer["excess"].as_str().unwrap().to_owned())
    };
    let most = u64::MAX.to_string();
    assert_eq!(next(u64::MAX, 10, 10), Ok(most.clone()));
    assert_eq!(next(u64::MAX, u64::MAX, u64::MAX), Ok(most));
    assert_eq!(next(u64::MAX, 11, 10), Err("the next excess is too large".into()));
}

fn ask(name: &str, case: Value) -> Result<Value, String> {
    answered(rules().find(|rule| rule.name == name).unwrap_or_else(|| panic!("no rule {name}")), &case)
}

/// A rule's example with these fields in it.
fn varied(name: &str, fields: Value) -> Result<Value, String> {
    let mut case = example(rules().find(|rule| rule.name == name).unwrap_or_else(|| panic!("no rule {name}")));
    case.extend(fields.as_object().cloned().unwrap_or_default());
    ask(name, case.into())
}

/// Worked out in unbounded fractions; what is rounded before it is multiplied misses these by up to a million micro-dollars.
#[test]
fn margins_and_losses_are_those_of_unbounded_fractions() {
    let margin = |price: u64| {
        let case = serde_json::json!({
            "checked": "100%", "power": "100%", "colluding": 0, "saved": "1 XPL", "earned": 0, "slashed": "1000000 XPL",
            "price": price, "change": "10%", "error": 0,
        });
        ask("cheating.margin_usd", case).unwrap()["margin"].clone()
    };
    assert_eq!([margin(9), margin(123_457)], ["899991", "12345576543"]);
    let lost = |panel: u32| {
        let rich = serde_json::json!({ "panel": panel, "error": "0.1%", "stake": "18000000000 XPL", "earned": 0, "held": 0 });
        varied("cheating.scheme", rich).unwrap()["false_positive_loss"].clone()
    };
    assert_eq!([lost(3), lost(5)], ["2698200000", "8986505"]);
    let scheme = varied("cheating.scheme", serde_json::json!({ "power": "99%", "seized": "50%" })).unwrap();
    assert_eq!([&scheme["margin_now"], &scheme["least_stake"]], ["-1372", "22387052683"]);
}

/// The protocol refuses it, or it cannot be: calc says so, and does not answer.
#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    use serde_json::json;
    let schedule = |schedule: &str, params: Value| varied("emission.schedule", json!({ "schedule": schedule, "params": params }));
    let state = |fields: Value| varied("emission.schedule", fields);
    let refused = [
        (schedule("disinflation", json!({ "emission.floor": "6%" })), "emission.floor must not exceed emission.rate"),
        (schedule("pid", json!({ "emission.max": "1%" })), "emission.floor must not exceed emission.max"),
        (schedule("vault_remint", json!({})), "unless settle.mode is vault_remint"),
        (state(json!({ "staked": "10000000001 XPL" })), "`staked` must not exceed `supply`"),
        (state(json!({ "circulating": "10000000001 XPL" })), "`circulating` must not exceed `supply`"),
        (state(json!({ "from": "3y" })), "`from` must not exceed `to`"),
        (state(json!({ "aim": -1 })), "`aim`: expected a whole number below 2^64, found -1"),
        (state(json!({ "schedule": "pid", "sum": u64::MAX })), "`sum`: expected a whole number from -2^63"),
        (varied("emission.goal_bonded", json!({ "bonded": -1 })), "`bonded`: expected a number from 0 to 1"),
        (varied("emission.goal_bonded", json!({ "bonded": 1.5 })), "`bonded`: expected a number from 0 to 1"),
        (varied("emission.goal_bonded", json!({ "goal": -1 })), "`goal`: expected a number from 0 to 1"),
        (varied("emission.goal_bonded", json!({ "goal": 0 })), "the goal is zero"),
        (varied("emission.goal_bonded", json!({ "least": 0.21 })), "`least` must not exceed `most`"),
        (varied("emission.goal_bonded", json!({ "inflation": -0.01 })), "`inflation`: expected a number of at least 0"),
        (varied("emission.ideal_stake", json!({ "least": 0.11 })), "`least` must not exceed `most`"),
        (varied("emission.disinflation", json!({ "rate": "101%" })), "`rate`: expected at most 1000000000"),
        (varied("emission.disinflation", json!({ "floor": "6%" })), "`floor` must not exceed `rate`"),
        (varied("emission.tapering", json!({ "taper": "101%" })), "`taper`: expected at most 1000000000"),
        (varied("emission.tapering", json!({ "floor": "9%" })), "`floor` must not exceed `rate`"),
        (varied("emission.participation", json!({ "bonded": 1001 })), "`bonded` must not exceed `supply`"),
        (varied("emission.participation", json!({ "target": 1_000_001 })), "`target` must not exceed `divisor`"),
        (varied("emission.sqrt_stake", json!({ "total": 31_000_000_000u64 })), "`effective` must not exceed `total`"),
        (varied("emission.pid", json!({ "least": "101%" })), "`least` must not exceed `most`"),
        (varied("cheating.scheme", json!({ "panel": 4 })), "`panel`: expected an odd number"),
        (varied("auction.posted", json!({ "gpus": 3 })), "`gpus`: expected a power of two, found 3"),
    ];
    for (answer, reason) in refused {
        assert!(answer.as_ref().is_err_and(|refusal| refusal.contains(reason)), "{answer:?}, expected {reason}");
    }
}

/// More is staked than is aimed at: the last error is below zero, is shown so, and is taken back as it was shown.
#[test]
fn what_a_controller_remembers_has_its_sign() {
    let first = serde_json::json!({ "schedule": "pid", "staked": "9000000000 XPL" });
    let answer = varied("emission.schedule", first.clone()).unwrap();
    assert_eq!((&answer["aim"], &answer["steps"]), (&"-400000000".into(), &"1".into()));
    let mut next = first;
    for field in ["level", "aim", "sum", "steps"] {
        next[field] = answer[field].clone();
    }
    let answer = varied("emission.schedule", next).unwrap();
    assert_eq!((&answer["aim"], &answer["steps"]), (&"-400000000".into(), &"2".into()));
}

/// The three ways of `slash.stake`, of a cut of 1 000 XPL against 300 held back; a fifth goes to the finder.
#[test]
fn rewards_are_seized_before_beside_or_instead_of_stake() {
    let slashed = |stake: &str| {
        let answer = varied("slash.rewards", serde_json::json!({ "stake": stake })).unwrap();
        let xpl = |field: &str| answer[field].as_str().unwrap().parse::<u64>().unwrap() / plasma_core::money::XPL;
        ["seized_burned", "seized_reward", "bond_burned", "bond_reward"].map(xpl)
    };
    assert_eq!(slashed("always"), [240, 60, 800, 200]);
    assert_eq!(slashed("shortfall"), [240, 60, 560, 140]);
    assert_eq!(slashed("never"), [240, 60, 0, 0]);
}

/// An hour at 10 XPL a second is dearer than half of one at 19, and does not end within an hour; a job that can pay neither waits.
#[test]
fn the_cheapest_offer_that_fits_serves() {
    let served = |fields: Value| {
        let answer = varied("auction.posted", fields).unwrap();
        (answer["ask"].clone(), answer["price"].clone())
    };
    let xpl = |xpl: u64| Value::from((xpl * plasma_core::money::XPL).to_string());
    assert_eq!(served(serde_json::json!({})), ("1".into(), xpl(34_200)));
    assert_eq!(served(serde_json::json!({ "shuns": [1] })), (Value::Null, Value::Null));
    assert_eq!(served(serde_json::json!({ "shuns": [1], "within": null })), ("0".into(), xpl(36_000)));
    assert_eq!(served(serde_json::json!({ "budget": "34199 XPL" })), (Value::Null, Value::Null));
}

/// What hurts: the ends of every type, and what is no number.
fn extremes() -> Vec<Value> {
    let numbers =
        [0, 1, 2, 1_000_000_000, u128::from(u64::MAX), u128::MAX >> 1, u128::MAX].map(|number| number.to_string().into());
    let others = [
        "-1",
        "-9223372036854775808",
        "9223372036854775807",
        "0.000000000000000001",
        "1e308",
        "100%",
        "NaN",
        "170141183460469231731",
    ];
    numbers.into_iter().chain(others.map(Value::from)).chain([Value::Null, Value::Array(Vec::new())]).collect()
}

/// Replaces every number within, whatever holds it.
fn fill(value: &mut Value, with: &Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, with)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, with)),
        leaf => *leaf = with.clone(),
    }
}

#[test]
fn extremes_are_answered_or_refused() {
    let (mut answers, mut refusals) = (0, 0);
    let mut ask = |rule: &Rule, case: Map<String, Value>| match answered(rule, &case.into()) {
        Ok(_) => answers += 1,
        Err(refusal) => {
            assert!(!refusal.is_empty());
            refusals += 1;
        }
    };
    for rule in rules() {
        let fields: Vec<String> = example(rule).keys().cloned().collect();
        for extreme in extremes() {
            let mut all = example(rule);
            all.values_mut().for_each(|field| fill(field, &extreme));
            ask(rule, all);
            for field in &fields {
                for other in extremes() {
                    let mut case = example(rule);
                    fill(&mut case[field], &extreme);
                    if let Some(second) = fields.iter().find(|name| *name != field) {
                        fill(&mut case[second], &other);
                    }
                    ask(rule, case);
                }
            }
        }
    }
    assert!(answers > 1_000 && refusals > 1_000, "{answers} answers, {refusals} refusals");
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u128>().prop_map(|number| number.to_string().into()),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..6).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,80}") {
        for rule in rules() {
            prop_assert!((rule.answer)(&text).is_err());
        }
    }

    #[test]
    fn no_json_panics(values in prop::collection::vec(json(), 16), pick in any::<prop::sample::Index>()) {
        let all: Vec<&Rule> = rules().collect();
        let rule = pick.get(&all);
        // A case of the right shape, some of whose fields hold anything.
        let mut case = example(rule);
        for (field, value) in case.values_mut().zip(values) {
            if !value.is_null() {
                *field = value;
            }
        }
        let _ = answered(rule, &case.into());
    }

    #[test]
    fn numbers_of_every_size_are_answered_or_refused(numbers in prop::collection::vec((any::<u128>(), 0..128u32), 16)) {
        for rule in rules() {
            let mut case = example(rule);
            for (field, (number, bits)) in case.values_mut().zip(&numbers) {
                fill(field, &(number >> bits).to_string().into());
            }
            let _ = answered(rule, &case.into());
        }
    }
}
