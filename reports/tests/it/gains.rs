//! Who gains and who loses, by hand: those who delegate, those who are small, customers of deployments.

use crate::economy::{START, delegated, genesis, hosted, hosted_twice, locked, run};
use crate::values::{check, elsewhere, told};
use plasma_core::engine::Engine;
use plasma_core::ids::ClassId;
use plasma_core::time::{DAY, YEAR};
use plasma_reports::metrics::table::metric;
use plasma_reports::metrics::{Owners, Row, Yardstick};
use plasma_reports::{Metrics, Summary};

fn value(row: &Row, name: &str) -> f64 {
    metric(name).of(row).unwrap_or_else(|| panic!("{name} is null"))
}

/// On the second day a wrong result costs the provider a tenth of its bond, and its delegator a tenth of 5,000 XPL, at half a
/// dollar.
#[test]
fn delegators_gain_their_rewards_less_what_they_lose_with_their_provider() {
    let (genesis, script) = delegated();
    let mut engine = Engine::genesis(&genesis, script, Metrics::new(&genesis)).unwrap();
    engine.run(START + 3 * DAY + 1);
    let metrics = engine.into_parts().1;
    let rewards = |day: usize| value(&metrics.rows()[day], "delegator_rewards");
    let minted = 0.05 * 4e6 * DAY as f64 / YEAR as f64;
    let rewarded = (0.3 * minted + 189.0) * 5_000.0 / 24_980.0;
    check(&metrics.rows()[0], &[("delegator_rewards", rewarded), ("delegators_gain_usd", 0.5 * rewarded)]);
    check(&metrics.rows()[1], &[("delegators_gain_usd", 0.5 * (rewards(1) - 500.0)), ("slashed", 1_500.0)]);
    // On the third day nobody knows what an XPL is worth.
    check(&metrics.rows()[2], &[("delegators_gain_usd", 0.0)]);
    check(&metrics.whole().unwrap(), &[("delegators_gain_usd", 0.5 * (rewards(0) + rewards(1) - 500.0))]);
}

/// Of a pool of P a day the grant's third is P/3, which returns on the second day; of P + P/3 it has 4P/9, which returns on the third,
/// when the bond has it all. The grant had nothing in the end, and nothing that was paid twice counts twice.
#[test]
fn rewards_that_return_to_the_pool_were_nobodys() {
    let (genesis, script) = locked();
    let mut engine = Engine::genesis(&genesis, script, Metrics::new(&genesis)).unwrap();
    engine.run(START + 3 * DAY + 1);
    let metrics = engine.into_parts().1;
    let pool = 0.3 * 0.05 * 4e6 * DAY as f64 / YEAR as f64;
    let parts = [(2.0 / 3.0, 1.0 / 3.0), (8.0 / 9.0, 1.0 / 9.0), (13.0 / 9.0, -4.0 / 9.0)];
    for (row, (bond, grant)) in metrics.rows().iter().zip(parts) {
        let had = [("stake_rewards", pool * (bond + grant)), ("delegator_rewards", pool * grant)];
        check(row, &[&had[..], &[("delegators_gain_usd", 0.5 * pool * grant)]].concat());
        // A bond of 10,000 but for the two milliseconds before it.
        let bonded = 10_000.0 * (DAY as f64 - if row.epoch == 0 { 2.0 } else { 0.0 });
        check(row, &[("bonded_apr", pool * bond / bonded * YEAR as f64)]);
    }
    let whole = metrics.whole().unwrap();
    assert!(whole.rewards_returned > 0 && whole.delegator_rewards().abs() < 10, "{} nano-XPL", whole.delegator_rewards());
    assert!((value(&whole, "stake_rewards") - 3.0 * pool).abs() < 1e-6 && value(&whole, "delegated_apr").abs() < 1e-9);
    let delegated = 5_000.0 * (DAY as f64 - 5.0);
    check(&metrics.rows()[0], &[("delegated_apr", pool / 3.0 / delegated * YEAR as f64)]);
    // The last day's yield is below zero: an hour of stake, and two days' rewards gone.
    check(&metrics.rows()[2], &[("delegated_apr", -4.0 / 9.0 * pool / (5_000.0 / 24.0 * DAY as f64) * YEAR as f64)]);
}

/// The second provider is small: it had 5,130 XPL for an hour's work, a third of the emission for work, and its bond's part of
/// the rest.
#[test]
fn the_small_have_what_the_ledger_paid_them_less_what_they_say_it_cost() {
    let owners = Owners::new(vec![0, 1, 2]).with_small(vec![false, true, false]);
    let mut metrics = run(1, Metrics::new(&genesis(3)).owned_by(owners)).into_parts().1;
    metrics.observe(told().1);
    let minted = 0.05 * 4e6 * DAY as f64 / YEAR as f64;
    let income = 0.5 * (5_130.0 + 0.5 * minted / 3.0 + (0.3 * minted + 189.0) * 9_980.0 / 19_980.0);
    let row = &metrics.rows()[0];
    let share = income / value(row, "provider_income_usd");
    assert!((0.3..0.7).contains(&share));
    check(row, &[("small_provider_margin_usd", income - 10.0), ("small_provider_share", share)]);
    // Whoever is not told of says nothing of the small.
    metrics = run(1, Metrics::new(&genesis(3))).into_parts().1;
    assert_eq!(metric("small_provider_margin_usd").of(&metrics.rows()[0]), None);
}

/// Half an hour costs 1,800 XPL and its requests 600, at half a dollar; elsewhere it costs half a dollar, as if requests and all. What
/// customers and providers make of it and what the protocol takes is what the work is worth beyond its costs, which are $150.
#[test]
fn who_pays_for_requests_is_worse_off_by_what_their_provider_has_for_them() {
    let (genesis, script) = hosted();
    let metrics = Metrics::new(&genesis).measured_by(Yardstick::new(ClassId(0), elsewhere()));
    let mut engine = Engine::genesis(&genesis, script, metrics).unwrap();
    engine.run(START + DAY + 1);
    engine.observer().observe(told().1);
    let row = engine.observer().rows()[0].clone();
    let (paid, fees, base_fee) = (0.5 * 2_400.0, 0.5 * 120.0, 0.0005);
    check(
        &row,
        &[
            ("payments", 2_400.0),
            ("receipts", 600.0),
            ("cloud_cost_usd", 0.5),
            ("customers_saving_usd", 0.5 - paid - base_fee),
            ("discount_to_cloud", 1.0 - (0.5 * 1_800.0 + base_fee) / 0.5),
            ("margin_from_work_usd", paid - fees - 150.0),
            ("gain_from_work_usd", 0.5 - 150.0),
        ],
    );
    let shared = value(&row, "customers_saving_usd") + value(&row, "margin_from_work_usd") + fees + base_fee;
    assert!((shared - value(&row, "gain_from_work_usd")).abs() < 1e-9, "{shared}");
    let parts = ["customers_saving_usd", "provider_margin_usd", "holders_revaluation_usd"].map(|name| value(&row, name));
    check(&row, &[("total_surplus_usd", parts.iter().sum())]);
}

/// Requests for 600 XPL were paid on a lease that failed, which has nothing to be compared with, and for 100 on the one that settled.
#[test]
fn receipts_on_leases_that_failed_are_compared_with_nothing() {
    let (genesis, script) = hosted_twice();
    let metrics = Metrics::new(&genesis).measured_by(Yardstick::new(ClassId(0), elsewhere()));
    let mut engine = Engine::genesis(&genesis, script, metrics).unwrap();
    engine.run(START + DAY + 1);
    engine.observer().observe(told().1);
    let (time, base_fee) = (0.5 * 3_600.0, 0.0005);
    check(
        &engine.observer().rows()[0],
        &[
            ("jobs_retried", 1.0),
            ("jobs_settled", 1.0),
            ("payments", 4_300.0),
            ("receipts", 700.0),
            ("cloud_cost_usd", 0.5),
            ("discount_to_cloud", 1.0 - (time + base_fee) / 0.5),
            ("customers_saving_usd", 0.5 - time - base_fee - 0.5 * 100.0),
        ],
    );
}

/// Every result of the second day is checked, a job pays 150 XPL, and a fault costs it and half of a bond of 2,000: 575 dollars.
/// Not computing one of two leases would have saved four of eight dollars, which no price of XPL changes.
#[test]
fn what_deters_who_saves_its_costs_alone_is_as_by_hand() {
    let mut metrics = run(2, Metrics::new(&genesis(3))).into_parts().1;
    metrics.observe(told().1);
    let row = &metrics.rows()[1];
    assert_eq!((value(row, "jobs_leased"), value(row, "jobs_retried")), (1.0, 1.0));
    let names = ["deterrence_avoidable_usd", "deterrence_avoidable_half_usd", "deterrence_avoidable_tenth_usd"];
    let expected: Vec<_> = names.into_iter().zip([575.0, 287.5, 57.5]).map(|(name, lost)| (name, lost - 4.0)).collect();
    check(row, &expected);
    [metrics.whole().unwrap(), metrics.years()[0].clone()].iter().for_each(|row| check(row, &expected));
    let cautious = ["deterrence_usd", "deterrence_half_usd", "deterrence_tenth_usd"].map(|name| value(row, name));
    assert!(cautious.iter().zip(&expected).all(|(cautious, (_, other))| cautious < other));
    assert!(Summary::of(&metrics).to_string().contains("of who saves its costs only"));
}
