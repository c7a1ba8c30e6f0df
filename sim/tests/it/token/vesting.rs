//! Unlock cohorts.

use super::{Diary, QUIET, play, refused, small};
use plasma_core::money::{ONE, XPL, share};
use plasma_core::record::{Command, Event};
use plasma_core::time::DAY;
use plasma_sim::agents::tally::Party;

const EVENLY: &str = "allocation.unvested.vesting={ end = 2025-10-15 }";

/// Seven tenths of the supply vest evenly over twenty days.
fn cohort<'a>(sell: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let sets = ["allocation.unvested.holder=holders", EVENLY, sell];
    sets.into_iter().chain(more.iter().copied()).collect()
}

/// Day by day: what is claimed, what of it is meant to be sold, and what is sold at ten cents, to the unit.
#[test]
fn a_cohort_sells_by_its_hazard_and_the_books_are_exact() {
    let sets = cohort("allocation.unvested.sell={ share = \"1%\", over = \"10d\" }", &QUIET);
    let loaded = small("", &sets);
    let mut engine = play(&loaded);
    let Diary { events, commands, .. } = engine.observer();
    let mut vested = events.iter().filter_map(|(time, event)| match event {
        Event::Vested(vested) => Some((*time, vested.amount)),
        _ => None,
    });
    let (start, hazard) = (loaded.scenario.start.0, -libm::expm1(-0.1));
    let (mut freed, mut unsold, mut sold, mut usd) = (0u128, 0u64, 0u128, 0u128);
    let mut next = vested.next();
    for day in 1..=30 {
        // A claim and the sale after it are of one moment.
        while let Some((_, amount)) = next.filter(|(time, _)| *time <= start + day * DAY) {
            freed += u128::from(amount);
            unsold += share(amount, ONE / 100);
            next = vested.next();
        }
        let amount = (unsold as f64 * hazard) as u64;
        unsold -= amount;
        sold += u128::from(amount);
        usd += u128::from(amount) * 100_000 / u128::from(XPL);
    }
    assert_eq!(freed, 700_000_000 * u128::from(XPL), "all of it is free after twenty days");
    let claims = commands.iter().filter(|(_, _, command)| matches!(command, Command::Claim(_))).count();
    assert_eq!(claims, 19, "a claim a day, and the last day the protocol releases by itself");
    let agents = engine.environment();
    let (who, row) = agents.cohorts().next().unwrap();
    assert_eq!((who.name.as_str(), row.freed, row.refused), ("unvested", freed, 0));
    assert_eq!((row.unsold, row.sold, row.received), (unsold, sold, usd));
    let trades = agents.tally().of(Party::Holders);
    assert_eq!((trades.sold, trades.received), (row.sold, row.received));
    assert_eq!(u128::from(agents.dollars().of(who.account)), row.received);
    let sold = row.sold;
    let left = engine.view(|state| state.accounts()[0].free);
    // Nineteen claims and as many sales as there were days with something to sell.
    let fees = freed - left - sold;
    assert!(fees <= 49 * u128::from(loaded.scenario.params.fee_base()), "{fees}");
}

#[test]
fn what_the_other_side_cannot_pay_is_not_sold() {
    let sets = cohort("allocation.unvested.sell={ share = \"100%\", over = \"1d\" }", &QUIET);
    let engine = &mut play(&small("", &sets));
    let agents = engine.environment();
    let (_, row) = agents.cohorts().next().unwrap();
    // A million dollars are there, and all of it is worth seventy.
    assert!(row.refused > 0 && row.received < 1_000_000 * 1_000_000, "{row:?}");
    assert_eq!(u128::from(row.unsold) + row.sold, row.freed);
}

#[test]
fn what_is_free_from_the_start_can_be_sold_and_presses_on_a_pools_price() {
    let pool = "token.market={ amm = { depth = \"5_000 USD\" } }";
    let sets = ["allocation.unvested.holder=holders", pool];
    let price = |sets: &[&str]| play(&small("", &[&QUIET, sets].concat())).environment().standing().price;
    let sell = "allocation.unvested.sell={ share = \"1%\", over = \"30d\" }";
    let (kept, sold) = (price(&sets), price(&[&sets[..], &[sell]].concat()));
    assert_eq!(kept, 100_000);
    // 7 M XPL · (1 − 1 ÷ e) beside the pool's 5 M, less the fee: the price goes as 1 ÷ xpl².
    let xpl = 100.498 * 5_000.0 / 0.1;
    let theory = 1e5 * libm::pow(xpl / (xpl + 7e6 * (1.0 - libm::exp(-29.0 / 30.0))), 2.0);
    assert!((sold as f64 / theory - 1.0).abs() < 0.03, "{sold} {theory}");
}

#[test]
fn a_cohort_changes_nobody_elses_draws() {
    let submitted = |sell: &[&str]| {
        let mut engine = play(&small("", &cohort("allocation.unvested.amount=70%", sell)));
        let submits = engine.observer().commands.iter().filter_map(|(time, _, command)| match command {
            Command::Submit(submit) => Some((*time, submit.budget)),
            _ => None,
        });
        submits.collect::<Vec<_>>()
    };
    // At a constant price a sale moves nothing.
    let alone = submitted(&[]);
    assert!(alone.len() > 5_000);
    assert_eq!(submitted(&["allocation.unvested.sell={ share = \"1%\", over = \"10d\" }"]), alone);
}

#[test]
fn what_no_cohort_can_be_is_said() {
    let sell = |sell: &str| format!("allocation.unvested.sell={sell}");
    let locked = refused("", &[&sell("{ share = \"1%\", over = \"10d\" }")]);
    assert!(locked.contains("only a part of `holders` sells so"), "{locked}");
    let told = |terms: &str, words: &str| {
        let error = refused("", &["allocation.unvested.holder=holders", &sell(terms)]);
        assert!(error.contains(words), "{error}");
    };
    told("{ share = \"101%\", over = \"10d\" }", "a share is at most 100%");
    told("{ share = \"1%\", over = \"0d\" }", "allocation.unvested.sell.over");
    told("{ share = \"1%\", over = \"1d\", interval = \"1s\" }", "expected at least 1min");
    told("{ share = \"1%\" }", "over");
}
