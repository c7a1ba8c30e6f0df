//! Every metric against a value computed by hand.

use crate::economy::{START, batch, disputed, genesis, hurried, metrics, proposal, run, script};
use plasma_core::engine::Engine;
use plasma_core::formula::vesting::Schedule;
use plasma_core::ids::ClassId;
use plasma_core::money::XPL;
use plasma_core::time::{DAY, YEAR};
use plasma_reports::Metrics;
use plasma_reports::metrics::observed::{Attacker, Costs, Fraud, Observed, Standing, Trades};
use plasma_reports::metrics::row::RegionRow;
use plasma_reports::metrics::table::{METRICS, metric};
use plasma_reports::metrics::{Owners, Yardstick};

const DAY_MS: f64 = DAY as f64;

pub fn check(row: &plasma_reports::metrics::Row, expected: &[(&str, f64)]) {
    for &(name, value) in expected {
        let found = metric(name).of(row).unwrap_or_else(|| panic!("{name} is null"));
        assert!((found - value).abs() <= 1e-9 * value.abs().max(1e-3), "{name} is {found}, by hand {value}");
    }
}

/// Every metric of the first day.
#[rustfmt::skip]
fn first_day() -> Vec<(&'static str, f64)> {
    let year = YEAR as f64;
    // Five per cent of the initial 4 million XPL a year, for a day; rounding is to the nano-XPL.
    let minted = 0.05 * 4e6 * DAY_MS / year;
    let burned = 315.0 + 16.0 * 0.001 + 20.0;
    let supply = 4e6 + minted - burned;
    let staked = (1e4 * (DAY_MS - 2.0) + 1e4 * (DAY_MS - 5.0) - 20.0 * (DAY_MS - 5_402_000.0)) / DAY_MS;
    let growth = (1.0 + (minted - burned) / 4e6).powf(year / DAY_MS) - 1.0;
    let rewards = 0.3 * minted + 189.0;
    let nominal = rewards / staked * year / DAY_MS;
    let income = 0.5 * (11_970.0 + 0.5 * minted + rewards);
    let (offered, leased) = (2.0 * DAY_MS - 9.0, 12_600_000.0);
    vec![
        ("epoch", 0.0), ("time", (START + DAY) as f64),
        ("supply_opened", 4e6), ("supply", supply), ("circulating", supply - 1e6 - 126.0 - 0.2 * minted),
        ("minted", minted), ("unminted", 0.0), ("burned", burned), ("burned_fees", 315.0), ("burned_base_fees", 0.016),
        ("burned_slashes", 20.0), ("burned_deposits", 0.0), ("burned_bought", 0.0), ("slashed", 20.0), ("unlocked", 0.0), ("treasury", 9e5 + 126.0 + 0.1 * minted), ("builders", 0.1 * minted), ("builders_paid", 0.0), ("builders_paid_usd", 0.0),
        ("staked", 19_980.0), ("unbonding", 0.0), ("staked_share", 19_980.0 / supply), ("inflation", growth), ("price_usd", 0.5),
        ("commands", 17.0), ("commands_refused", 1.0),
        ("jobs_submitted", 5.0), ("jobs_leased", 3.0), ("jobs_waited", 1.0), ("jobs_retried", 1.0), ("jobs_settled", 3.0), ("jobs_expired", 1.0),
        ("jobs_failed", 0.0), ("jobs_cancelled", 1.0), ("completion_rate", 0.6), ("deadline_miss_rate", 0.25),
        ("queue_length", 0.0), ("wait_p50", 0.0), ("wait_p95", 1_799.0), ("wait_p99", 1_799.0),
        ("gpus_offered", 2.0), ("gpu_seconds_offered", offered / 1e3), ("gpu_seconds_leased", leased / 1e3),
        ("utilisation", leased / offered), ("work_settled", 9_000.0), ("price_paid_xpl", 5_040.0), ("price_paid_usd", 2_520.0),
        // Three jobs of an hour of the small class; one of them ran on the large, in half of it.
        ("work_compared", 10_800.0), ("price_compared_xpl", 4_200.0), ("price_compared_usd", 2_100.0),
        ("cost_per_job_xpl", 4_200.0), ("cost_per_job_usd", 2_100.0),
        // 10.8 million tokens.
        ("cost_per_1000_tokens_xpl", 7.0 / 6.0), ("cost_per_1000_tokens_usd", 7.0 / 12.0),
        ("payments", 12_600.0), ("receipts", 0.0), ("fees", 630.0), ("fees_treasury", 126.0), ("fees_stakers", 189.0), ("provider_payments", 11_970.0),
        ("provider_emission", 0.5 * minted), ("stake_rewards", rewards), ("check_rewards", 0.0),
        ("income_per_provider", (11_970.0 + 0.5 * minted + rewards) / 2.0),
        ("subsidy_share", 0.5 * minted / (0.5 * minted + 11_970.0)),
        ("delegator_rewards", 0.0), ("bonded_apr", nominal), ("nominal_apr", nominal), ("diluted_apr", (1.0 + nominal) / (1.0 + growth) - 1.0),
        ("real_yield", 189.0 / staked * year / DAY_MS),
        ("providers_active", 2.0), ("providers_entered", 2.0), ("providers_exited", 0.0), ("providers_jailed", 0.0),
        ("providers_silenced", 0.0),
        ("checks_drawn", 0.0), ("checks_verified", 0.0), ("checks_wrong", 0.0), ("checks_missed", 0.0),
        ("checks_overruled", 0.0), ("check_bounties", 0.0), ("check_deposits", 0.0), ("check_copies", 0.0), ("false_positive_loss", 0.0),
        // Class-weighted work 7 200 and 2 × 1 800 GPU-seconds: shares two thirds and one third.
        ("work_hhi", 5.0 / 9.0), ("work_gini", 1.0 / 6.0), ("work_nakamoto", 1.0), ("work_top10", 1.0),
        ("stake_hhi", (1e4f64.powi(2) + 9_980f64.powi(2)) / 19_980f64.powi(2)), ("stake_gini", 20.0 / (2.0 * 19_980.0)),
        ("stake_nakamoto", 1.0), ("stake_top10", 1.0),
        // Bonds vote, and grants do not.
        ("votes_hhi", (1e4f64.powi(2) + 9_980f64.powi(2)) / 19_980f64.powi(2)), ("votes_gini", 20.0 / (2.0 * 19_980.0)),
        ("votes_nakamoto", 1.0), ("votes_top10", 1.0),
        // XPL cost half a dollar; who pays owns neither provider.
        ("external_payments", 12_600.0), ("external_usd", 6_300.0), ("emission_usd", 0.5 * minted),
        ("organic_share", 6_300.0 / (6_300.0 + 0.5 * minted)), ("subsidy_per_external_usd", 0.5 * minted / 6_300.0),
        ("velocity", 12_600.0 / 3e6 * year / DAY_MS), ("float_to_fdv", (supply - 1e6 - 126.0 - 0.2 * minted) / supply),
        ("staked_usd", 9_990.0), ("cost_to_corrupt_usd", 4_995.0),
        // Everything is checked: a cheat in the mean job of 4 200 XPL would lose it and half of 2 000 XPL, and save the 4 200.
        // Nothing of it is checked: a cheat would keep its mean pay of 4,200 XPL.
        ("deterrence_usd", -2_100.0), ("deterrence_half_usd", -2_100.0), ("deterrence_tenth_usd", -2_100.0),
        ("check_cost_share", 0.0), ("provider_income_usd", income), ("holders_revaluation_usd", 0.0),
        ("treasury_income_usd", 0.5 * (126.0 + 0.2 * minted)), ("delegators_gain_usd", 0.0),
    ]
}

/// An hour of the small and of the large class elsewhere: for $1 and $3, on demand for $2 and $3, reserved for $0.80 and not at all,
/// and nowhere at a spot price.
pub fn elsewhere() -> Vec<[u64; 4]> {
    vec![[1_000_000, 2_000_000, 800_000, 0], [3_000_000, 3_000_000, 0, 0]]
}

/// What the simulation tells of the first day: one owner of both providers, ten candidates, and prices elsewhere.
pub fn told() -> (Owners, Observed) {
    let usd = |dollars: u64| u128::from(dollars) * 1_000_000;
    let trades = |bought: u64, sold: u64| Trades {
        bought: u128::from(bought) * u128::from(XPL),
        spent: usd(10 * bought),
        sold: u128::from(sold) * u128::from(XPL),
        received: usd(100 * sold),
    };
    let standing = Standing {
        price: 510_000,
        depth: 9_000_000,
        hardware: usd(1_000_000),
        elsewhere: elsewhere(),
        staying_out: Some(-250_000_000),
        booked: 4,
        borne_by_work: 3,
        attackers: [(5, 4), (3, 3), (1, 2)].map(|(worth, idle)| Attacker { worth, idle, ..Attacker::default() }).to_vec(),
    };
    let fraud = Fraud { stood: 3, found: 1, paid: usd(12), freed: usd(2), taken: usd(5), refused: usd(4) };
    let observed = Observed {
        candidates: 10,
        declined: 2,
        to_cloud: 1,
        unserved: 1,
        wavering: 2,
        unfunded: 1,
        brought: 3,
        brought_jobs: 2,
        brought_paid: usd(5),
        built: usd(20),
        brought_in: usd(7_000),
        put_in: usd(30),
        electricity: usd(100),
        forgone: usd(50),
        emission_expected: usd(40),
        emission_passed_on: usd(10),
        wrong: 4,
        faulty: 3,
        fraud,
        small: Costs { electricity: usd(7), forgone: usd(3) },
        avoidable: usd(8),
        trades: [trades(1, 2), trades(3, 4), trades(5, 6), trades(7, 8), trades(9, 10), trades(11, 0), trades(0, 12)],
        now: standing,
    };
    (Owners::new(vec![0, 0, 2]).with_small(vec![true, true, false]), observed)
}

/// What so many dollars of XPL fetch in a pool of 100.5 times its depth of $9, in whole micro-dollars.
fn sold_into_the_pool(value: f64) -> f64 {
    let pool = 100.5 * 9.0;
    (pool * value / (pool + value) * 1e6).floor() / 1e6
}

#[rustfmt::skip]
fn first_day_as_told() -> Vec<(&'static str, f64)> {
    let income = metric("provider_income_usd").of(&metrics().rows()[0]).unwrap();
    // Five submissions at half a tenth of a cent each; elsewhere three hours of the small class, whatever it ran on here.
    let here = 6_300.0 + 5.0 * 0.0005;
    let (margin, saving) = (income - 150.0, 3.0 - here);
    vec![
        ("work_hhi_owned", 1.0), ("work_nakamoto_owned", 1.0), ("stake_nakamoto_owned", 1.0),
        ("votes_nakamoto_owned", 1.0), ("unlock_days", 0.0), ("emission_pass_through", 0.25), ("supply_without_emission", 0.75),
        ("candidates", 10.0), ("candidates_declined", 2.0), ("candidates_to_cloud", 1.0), ("candidates_unserved", 1.0),
        ("candidates_unfunded", 1.0), ("candidates_brought", 3.0), ("jobs_brought", 2.0), ("payments_brought_usd", 5.0),
        ("builders_spent_usd", 20.0), ("network_share", 0.5),
        // Of the six who came two would not have for a hundredth more.
        ("own_price_elasticity", -100.0 / 3.0),
        // On demand half an hour of the large class is cheaper for an hour of the small.
        ("cloud_cost_usd", 3.0), ("discount_to_cloud", 1.0 - here / 3.0), ("discount_to_on_demand", 1.0 - here / 4.5),
        ("discount_to_reserved", 1.0 - here / 2.4),
        ("provider_electricity_usd", 100.0), ("provider_forgone_usd", 50.0), ("provider_margin_usd", margin),
        ("payback", 1e6 / (income - 100.0) * DAY_MS / YEAR as f64), ("marginal_npv", -0.25), ("wrong_attempted", 4.0), ("wrong_by_fault", 3.0),
        ("wrong_paid", 3.0), ("wrong_caught", 1.0), ("fraud_paid_usd", 12.0), ("fraud_avoided_usd", 2.0), ("fraud_losses_usd", 5.0),
        ("fraud_profit_usd", 9.0), ("fraud_premium_usd", -7.0), ("attackers_ahead", 1.0),
        // Four leases began, and nothing is checked.
        ("deterrence_avoidable_usd", -2.0), ("deterrence_avoidable_half_usd", -2.0), ("deterrence_avoidable_tenth_usd", -2.0),
        ("small_provider_margin_usd", income - 10.0), ("small_provider_share", 1.0),
        ("usd_from_customers", 7_000.0), ("usd_from_owners", 30.0),
        ("usd_paid_customers", 10.0), ("usd_paid_providers", 30.0), ("usd_paid_traders", 50.0), ("usd_had_providers", 400.0),
        ("usd_had_traders", 600.0), ("usd_had_holders", 800.0), ("usd_had_attackers", 1_000.0), ("usd_had_builders", 1_200.0),
        ("bought_customers", 1.0), ("bought_providers", 3.0), ("bought_traders", 5.0), ("sold_providers", 4.0),
        ("sold_traders", 6.0), ("sold_holders", 8.0), ("sold_attackers", 10.0), ("bought_treasury", 11.0), ("sold_builders", 12.0),
        ("treasury_liquid_usd", sold_into_the_pool(metric("treasury").of(&metrics().rows()[0]).unwrap() * 0.51)),
        ("market_price_usd", 0.51), ("market_depth_usd", 9.0),
        ("gain_from_work_usd", 3.0 - 150.0), ("margin_from_work_usd", 0.5 * 11_970.0 - 150.0),
        ("customers_saving_usd", saving), ("total_surplus_usd", saving + margin),
    ]
}

#[test]
fn the_first_day_is_as_by_hand_in_every_metric() {
    let (by_hand, as_told) = (first_day(), first_day_as_told());
    check(&metrics().rows()[0], &by_hand);
    let (owners, observed) = told();
    let yardstick = Yardstick::new(ClassId(0), elsewhere());
    let (_, mut metrics) = run(1, Metrics::new(&genesis(3)).owned_by(owners).measured_by(yardstick)).into_parts();
    metrics.observe(observed);
    check(&metrics.rows()[0], &by_hand);
    [metrics.rows()[0].clone(), metrics.whole().unwrap(), metrics.years()[0].clone()].iter().for_each(|row| check(row, &as_told));
    // Nothing is cleared in batches or checked here, and the treasury grows: see below. Nobody delegates or votes.
    let checks = ["check_treasury_share", "check_customers_share"];
    let null =
        [&["allocation_gap", "treasury_runway", "discount_to_spot", "delegated_apr", "cost_to_pass_usd"], &checks[..]].concat();
    null.iter().for_each(|name| assert_eq!(metric(name).of(&metrics.rows()[0]), None, "{name}"));
    let all = [by_hand, as_told].concat();
    let checked = |name| null.contains(&name) || all.iter().any(|(checked, _)| *checked == name);
    METRICS.iter().for_each(|m| assert!(checked(m.name), "{} is not checked", m.name));
}

/// On the second day the treasury pays 125 XPL for checks, and has its parts of one fee of 7.5 XPL and of the emission.
#[test]
fn the_treasury_lasts_for_what_it_fetches_over_what_it_loses() {
    let mut metrics = run(2, Metrics::new(&genesis(3))).into_parts().1;
    metrics.observe(told().1);
    let day = &metrics.rows()[1];
    let [before, after] = [0, 1].map(|day: usize| metric("treasury").of(&metrics.rows()[day]).unwrap());
    let lost = 125.0 - 1.5 - 0.1 * metric("minted").of(day).unwrap();
    assert!((before - after - lost).abs() < 1e-6, "{before} {after} {lost}");
    let years = sold_into_the_pool(after * 0.51) / (lost * 0.51) * DAY_MS / YEAR as f64;
    let found = metric("treasury_runway").of(day).unwrap();
    assert!((found / years - 1.0).abs() < 1e-7, "{found}, by hand {years}");
}

/// A grant of 100,000 XPL over a hundred days, of which half a day is free at once after half a day: 500 XPL. On the market 78 XPL
/// changed hands.
#[test]
fn what_vests_is_unlocked_and_measured_in_days_of_trading() {
    let mut genesis = genesis(3);
    let (start, cliff, end) = (START, START + DAY / 2, START + 100 * DAY);
    genesis.grants[0].schedule = Schedule { start, cliff, end, months: 0 };
    let mut engine = Engine::genesis(&genesis, script(), Metrics::new(&genesis)).unwrap();
    engine.run(START + DAY + 1);
    engine.observer().observe(told().1);
    check(&engine.observer().rows()[0], &[("unlocked", 500.0), ("unlock_days", 500.0 / 78.0)]);
}

/// Both providers come to the first region, each with a class of its own; the second leaves on the second day.
#[test]
fn who_comes_and_leaves_is_counted_by_class_and_by_region() {
    let metrics = metrics();
    let regions: Vec<_> = metrics.rows().iter().map(|row| row.regions.clone()).collect();
    let counted = |providers, entries, exits| vec![RegionRow { providers, entries, exits }];
    assert_eq!(regions, [counted(2, 2, 0), counted(1, 0, 1), counted(1, 0, 0)]);
    assert_eq!(metrics.whole().unwrap().regions, counted(1, 2, 1));
    let classes = |day: usize| metrics.rows()[day].classes.iter().map(|class| (class.entries, class.exits)).collect::<Vec<_>>();
    assert_eq!([classes(0), classes(1)], [[(1, 0), (1, 0)], [(0, 0), (0, 1)]]);
}

/// One of two jobs is served, with a surplus of 10 − 1 XPL a second; at the price of 2 XPL both could gain 8 and the GPU 1.
#[test]
fn the_gap_of_a_batch_is_as_by_hand() {
    let (genesis, script) = batch();
    let mut engine = Engine::genesis(&genesis, script, Metrics::new(&genesis)).unwrap();
    engine.run(START + DAY + 1);
    check(&engine.observer().rows()[0], &[("jobs_leased", 1.0), ("jobs_expired", 1.0), ("allocation_gap", 8.0 / 17.0)]);
}

/// Work by another class is in its hours, and what it is elsewhere does not change: a job of one hour is half an hour of the large.
#[test]
fn work_is_compared_in_hours_of_the_reference_class() {
    let by = |class| run(1, Metrics::new(&genesis(3)).measured_by(Yardstick::new(ClassId(class), elsewhere()))).into_parts().1;
    let [small, large] = [0, 1].map(by);
    assert_eq!([small.reference(), large.reference(), metrics().reference()], ["small", "large", "small"]);
    check(&large.rows()[0], &[("work_compared", 5_400.0), ("price_compared_usd", 4_200.0), ("price_paid_usd", 2_520.0)]);
    assert_eq!(small.rows()[0].dollars.elsewhere, large.rows()[0].dollars.elsewhere);
}

/// Who is in a hurry cannot take the cheaper class elsewhere either: half an hour of the large for $3.
#[test]
fn elsewhere_a_job_must_be_done_in_time_too() {
    let (genesis, script) = hurried();
    let metrics = Metrics::new(&genesis).measured_by(Yardstick::new(ClassId(0), elsewhere()));
    let mut engine = Engine::genesis(&genesis, script, metrics).unwrap();
    engine.run(START + DAY + 1);
    let observer = engine.observer();
    observer.observe(Observed::default());
    check(&observer.rows()[0], &[("jobs_settled", 1.0), ("cloud_cost_usd", 1.5), ("work_compared", 3_600.0)]);
}

/// Of 10,000 XPL that could vote nobody did: a quorum passes alone.
#[test]
fn outvoting_those_who_turn_out_is_as_by_hand() {
    let (genesis, script) = proposal();
    let params = plasma_core::params::Params::default();
    let mut metrics = Engine::genesis(&genesis, script, Metrics::new(&genesis)).unwrap();
    metrics.run(START + DAY + 1);
    let power = 10_000 * u128::from(XPL) * u128::from(params.governance_quorum()) / 1_000_000_000;
    assert_eq!(metrics.observer().rows()[0].stocks.power_to_pass, Some(power));
}

#[test]
fn the_second_day_finds_a_wrong_result() {
    let metrics = metrics();
    let minted = metric("minted").of(&metrics.rows()[1]).unwrap();
    // A cut of half of 2 000 XPL, a fifth of it for the checker; half of the price of 100 and of 150 XPL for two verdicts.
    check(
        &metrics.rows()[1],
        &[
            ("checks_drawn", 2.0),
            ("checks_wrong", 1.0),
            ("checks_verified", 1.0),
            ("checks_missed", 0.0),
            ("check_rewards", 125.0),
            ("slashed", 1_000.0),
            ("burned_slashes", 800.0),
            ("jobs_retried", 1.0),
            ("jobs_settled", 1.0),
            ("payments", 150.0),
            ("work_settled", 50.0),
            ("providers_exited", 1.0),
            ("providers_active", 1.0),
            ("gpus_offered", 1.0),
            ("staked", 9_000.0),
            ("unbonding", 9_980.0),
            ("gpu_seconds_leased", 150.0),
            ("gpu_seconds_offered", 1.5 * DAY_MS / 1e3),
            ("work_hhi", 1.0),
            ("work_gini", 0.5),
            ("deadline_miss_rate", 0.0),
            // Every result is checked: pay of 150 XPL and half of a bond of 2,000 at 0.50 USD, against 75 USD saved.
            ("deterrence_usd", 500.0),
            ("deterrence_half_usd", 212.5),
            ("deterrence_tenth_usd", -17.5),
            // One in a thousand checks errs, and there is no panel.
            ("false_positive_loss", 1.15),
            ("check_bounties", 200.0),
            ("check_deposits", 0.0),
            ("check_copies", 0.0),
            ("check_treasury_share", 125.0 / 325.0),
            ("check_customers_share", 125.0 * 1.5 / (1.5 + 0.1 * minted) / 325.0),
        ],
    );
}

/// A false challenge forfeits 100 XPL, half to the accused and half to the panel; copies cost 100 and 200 XPL, of which the second is
/// for comparison only. Three leases have a mean pay of 400 ÷ 3 XPL, and one of them is checked by somebody who errs in one case of a
/// thousand, as does a panel of one.
#[test]
fn who_pays_for_checks_and_what_the_honest_lose_are_as_by_hand() {
    let (genesis, script) = disputed();
    let mut engine = Engine::genesis(&genesis, script, Metrics::new(&genesis)).unwrap();
    engine.run(START + DAY + 1);
    let row = engine.observer().rows()[0].clone();
    let expected = [
        ("jobs_settled", 3.0),
        ("payments", 400.0),
        ("checks_drawn", 1.0),
        ("checks_overruled", 1.0),
        ("checks_wrong", 0.0),
        ("check_rewards", 0.0),
        ("check_bounties", 0.0),
        ("check_deposits", 100.0),
        ("check_copies", 200.0),
        ("check_treasury_share", 0.0),
        ("check_customers_share", 200.0 / 300.0),
        ("false_positive_loss", (1e-6 / 3.0 * (400.0 / 3.0 + 1_000.0) * 1e9f64).floor() / 1e9),
    ];
    check(&row, &expected);
}

#[test]
fn the_third_day_has_nulls_and_reasons() {
    let metrics = metrics();
    let row = &metrics.rows()[2];
    let null: Vec<_> = METRICS.iter().filter(|m| m.of(row).is_none()).map(|m| format!("{}: {}", m.name, m.undefined)).collect();
    insta::assert_snapshot!(null.join("\n"));
    check(row, &[("utilisation", 0.0), ("payments", 0.0), ("unminted", 0.5 * 0.05 * 4e6 * DAY_MS / YEAR as f64)]);
}

#[test]
fn the_classes_add_up() {
    let metrics = metrics();
    let [small, large] = &metrics.rows()[0].classes[..] else { panic!("two classes") };
    let prices = [small, large].map(|class| class.price_xpl().unwrap().to_f64());
    assert_eq!(prices, [3_600.0, 10_800.0]);
    assert_eq!(small.price_usd().unwrap().to_f64(), 1_800.0);
    assert_eq!((small.settled, large.settled, small.work, large.work), (2, 1, 7_200_000, 1_800_000));
    assert_eq!((small.leased, large.leased), (7_200_000, 5_400_000));
}

#[test]
fn the_whole_is_the_sum_of_its_days() {
    let metrics = metrics();
    let whole = metrics.whole().unwrap();
    assert_eq!(metrics.years(), std::slice::from_ref(&whole));
    for name in ["minted", "burned", "payments", "jobs_settled", "gpu_seconds_offered", "commands", "stake_rewards"] {
        let sum: f64 = metrics.rows().iter().map(|row| metric(name).of(row).unwrap()).sum();
        check(&whole, &[(name, sum)]);
    }
    // Waits of four first leases: 0, 0, 0 and 1 799 s.
    check(&whole, &[("wait_p50", 0.0), ("wait_p95", 1_799.0), ("supply_opened", 4e6)]);
    // Weighted work 7 200 of the first and 3 600 + 2 × 50 of the second.
    check(&whole, &[("work_hhi", (7_200f64.powi(2) + 3_700f64.powi(2)) / 10_900f64.powi(2))]);
}
