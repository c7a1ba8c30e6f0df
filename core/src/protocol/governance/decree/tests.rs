//! Decrees from sending to enactment, by hand and by the thousand.

use super::super::action::{NO_PARAM, ProposeAppointment, office};
use super::super::tests::{change, enact, proposed, senate, vote};
use super::*;
use crate::formula::schedule;
use crate::formula::tally::choice::YES;
use crate::ids::AccountId;
use crate::money::ONE;
use crate::params::TABLE;
use crate::record::Origin;
use crate::testing::{Bench, genesis, names};
use crate::time::{DAY, HOUR, Time};
use proptest::prelude::*;

/// A world whose council is account 4.
fn ruled(set: &[(&str, u64)]) -> Bench {
    let mut genesis = genesis(&[&[("emission.schedule", 0), ("emission.yearly", 0)], set].concat());
    genesis.council = AccountId(4);
    Bench::of(&genesis)
}

fn decree(values: &[(&str, u64)]) -> Decree {
    let ProposeChange { values, params } = change(values);
    Decree { values, params }
}

/// What happens from now until the running epoch has ended.
fn to_the_end(bench: &mut Bench) -> Vec<Event> {
    let left: Time = bench.engine.view(|state| state.clock.epoch_ends) + 1 - bench.now;
    bench.wait(left)
}

fn rate(bench: &mut Bench) -> u64 {
    bench.engine.view(|state| state.params.fee_rate())
}

#[test]
fn a_decree_changes_parameters_at_the_epochs_end_and_not_before() {
    let mut bench = ruled(&[("fee.rate", 0)]);
    assert_eq!(
        names(&bench.by(4, decree(&[("fee.rate", ONE / 10), ("fee.burn", ONE / 5), ("fee.treasury", ONE / 2)]))),
        ["Decreed"]
    );
    bench.wait(DAY / 2);
    assert_eq!(rate(&mut bench), 0);
    assert_eq!(names(&to_the_end(&mut bench)), ["ParamChanged", "ParamChanged", "ParamChanged", "DecreeEnacted", "EpochClosed"]);
    assert_eq!(bench.engine.view(|state| (state.params.fee_burn(), state.params.fee_treasury())), (ONE / 5, ONE / 2));
    assert_eq!(rate(&mut bench), ONE / 10);
    // Once and for good.
    assert_eq!(names(&to_the_end(&mut bench)), ["EpochClosed"]);
    assert_eq!(rate(&mut bench), ONE / 10);
}

#[test]
fn only_the_council_decrees_and_without_one_nobody_does() {
    let command = decree(&[("fee.rate", 1)]);
    let mut bench = ruled(&[]);
    for origin in [Origin::Host, Origin::Feeder(0), Origin::Account(AccountId(3))] {
        assert_eq!(bench.refused(origin, command), Rejection::NotPermitted);
    }
    let mut nobodys = Bench::new(&[]);
    for account in 0..5 {
        assert_eq!(nobodys.refused_by(account, command), Rejection::NotPermitted);
    }
    assert_eq!(names(&to_the_end(&mut nobodys)).iter().filter(|name| **name == "ParamChanged").count(), 0);
}

#[test]
fn governance_names_a_council_and_dismisses_it() {
    let mut bench = senate(&[("governance.period", HOUR), ("governance.timelock", 0)]);
    let command = decree(&[("fee.rate", ONE / 10)]);
    let mut appoint = |account| {
        let proposal = proposed(&bench.by(3, ProposeAppointment { account, office: office::COUNCIL }));
        vote(&mut bench, 0, proposal, YES);
        assert!(names(&to_the_end(&mut bench)).contains(&"Appointed"));
        names(&bench.by(4, command))
    };
    assert_eq!(appoint(AccountId(4)), ["Decreed"]);
    assert_eq!(appoint(AccountId::NONE), ["Refused"]);
    // The decree that was sent while there was a council was carried out first.
    assert_eq!(rate(&mut bench), ONE / 10);
}

#[test]
fn what_a_proposal_is_refused_for_a_decree_is_refused_for() {
    let mut genesis = genesis(&[("governance.max_open", 9), ("governance.deposit", 0)]);
    genesis.council = AccountId(4);
    let mut bench = Bench::of(&genesis);
    let cases: [&[(&str, u64)]; 6] = [
        &[],
        &[("market.mechanism", 1)],
        &[("fee.rate", ONE + 1)],
        &[("jail.after", 0)],
        &[("fee.burn", 0)],
        &[("governance.threshold", ONE), ("fee.rate", 0)],
    ];
    let unknown = ProposeChange { params: [TABLE.len() as u32, NO_PARAM, NO_PARAM, NO_PARAM], ..ProposeChange::default() };
    for change in cases.map(change).into_iter().chain([unknown]) {
        let ProposeChange { values, params } = change;
        let (proposed, decreed) = (bench.by(4, change), bench.by(4, Decree { values, params }));
        assert!(matches!(decreed[..], [Event::Refused(_)]), "{decreed:?}");
        assert_eq!(proposed, decreed);
    }
    assert!(!names(&to_the_end(&mut bench)).contains(&"ParamChanged"));
}

#[test]
fn how_governance_works_is_not_the_councils_to_change() {
    let mut bench = ruled(&[]);
    for spec in TABLE.iter().filter(|spec| spec.key.split_once('.').is_some_and(|(section, _)| section == "governance")) {
        for command in [decree(&[(spec.key, spec.default)]), decree(&[("fee.rate", ONE / 10), (spec.key, spec.max)])] {
            assert_eq!(bench.refused_by(4, command), Rejection::NotByDecree, "{}", spec.key);
        }
    }
    assert!(!names(&to_the_end(&mut bench)).contains(&"ParamChanged"));
}

#[test]
fn decrees_that_wait_are_bounded_and_carried_out_in_the_order_in_which_they_were_sent() {
    let mut bench = ruled(&[("governance.max_decrees", 3)]);
    let decrees = [3, 1, 2].map(|rate| decree(&[("fee.rate", rate * ONE / 100)]));
    for decree in decrees {
        assert_eq!(names(&bench.by(4, decree)), ["Decreed"]);
    }
    let Event::Refused(refused) = bench.by(4, decrees[0])[0] else { panic!("a fourth waits") };
    assert_eq!((refused.reason(), refused.need), (Some(Rejection::TooManyDecrees), 3));
    let told = names(&to_the_end(&mut bench));
    assert_eq!(told[..6], ["ParamChanged", "DecreeEnacted"].repeat(3)[..]);
    assert_eq!(rate(&mut bench), 2 * ONE / 100);
    assert_eq!(names(&bench.by(4, decrees[0])), ["Decreed"]);
}

#[test]
fn a_decree_that_an_earlier_one_made_impossible_is_told_and_the_next_is_carried_out() {
    let mut bench = ruled(&[("emission.schedule", schedule::number("disinflation")), ("emission.start", 900 * DAY)]);
    for values in [[("emission.rate", 30_000_000)], [("emission.floor", 40_000_000)], [("fee.rate", ONE / 10)]] {
        assert_eq!(names(&bench.by(4, decree(&values))), ["Decreed"]);
    }
    let events = to_the_end(&mut bench);
    let told = ["ParamChanged", "DecreeEnacted", "DecreeFailed", "ParamChanged", "DecreeEnacted"];
    assert!(names(&events).windows(5).any(|names| names == told), "{:?}", names(&events));
    let failed = events.iter().find_map(|event| if let Event::DecreeFailed(failed) = event { Some(failed.code) } else { None });
    assert_eq!(failed, Some(Rejection::Contradiction as u32));
    assert_eq!(rate(&mut bench), ONE / 10);
}

#[test]
fn what_was_voted_on_has_the_last_word_at_an_epochs_end() {
    let mut bench = senate(&[("governance.period", HOUR), ("governance.timelock", 0)]);
    let appointment = ProposeAppointment { account: AccountId(4), office: office::COUNCIL };
    let appointed = proposed(&bench.by(3, appointment));
    vote(&mut bench, 0, appointed, YES);
    to_the_end(&mut bench);
    let proposal = proposed(&bench.by(3, change(&[("fee.rate", ONE / 50)])));
    vote(&mut bench, 0, proposal, YES);
    bench.wait(DAY / 2);
    bench.by(4, decree(&[("fee.rate", ONE / 10)]));
    let told = names(&to_the_end(&mut bench));
    assert_eq!(told, ["ParamChanged", "DecreeEnacted", "Ripened", "ParamChanged", "Enacted", "EpochClosed"]);
    assert_eq!(rate(&mut bench), ONE / 50);
    enact(&mut bench, &[("fee.rate", 0)]);
    assert_eq!(rate(&mut bench), 0);
}

/// A parameter, to a value at or beside the ends of its range or anywhere.
fn setting() -> impl Strategy<Value = (u32, u64)> {
    (0..TABLE.len() as u32 + 2, any::<u64>(), 0..6u8).prop_map(|(param, value, choice)| {
        let (min, max) = TABLE.get(param as usize).map_or((0, 0), |spec| (spec.min, spec.max));
        let near = [min, max, min.wrapping_sub(1), max.wrapping_add(1), min.midpoint(max), value];
        (param, near[usize::from(choice)])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_is_decreed_parameters_stay_legal_and_are_the_councils_alone(
        commands in prop::collection::vec((prop::collection::vec(setting(), 0..5), 3..6u32, 0..4u64), 1..24),
        council in any::<bool>(),
    ) {
        let mut bench = if council { ruled(&[]) } else { Bench::new(&[]) };
        let before = bench.engine.view(|state| state.params.clone());
        for (settings, account, hours) in commands {
            let mut command = Decree { params: [NO_PARAM; 4], ..Decree::default() };
            for (i, (param, value)) in settings.into_iter().take(4).enumerate() {
                (command.params[i], command.values[i]) = (param, value);
            }
            let now = bench.engine.view(|state| state.params.clone());
            let decreed = names(&bench.by(account, command)).contains(&"Decreed");
            prop_assert!(!decreed || council && account == 4);
            prop_assert_eq!(bench.engine.view(|state| state.params.clone()), now);
            // No longer than an epoch, however short it was made: the bench looks at all invariants.
            bench.wait(hours * HOUR);
            let params = bench.engine.view(|state| state.params.clone());
            prop_assert!(params.check().is_ok());
            prop_assert!(TABLE.iter().zip(params.values()).all(|(spec, value)| (spec.min..=spec.max).contains(value)));
            let fixed = TABLE.iter().zip(params.values()).zip(before.values());
            let fixed = fixed.filter(|((spec, _), _)| spec.fixed || spec.key.starts_with("governance."));
            prop_assert!(fixed.into_iter().all(|((_, now), before)| now == before));
            prop_assert!(council || params == before);
        }
    }
}
