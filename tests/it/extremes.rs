//! Extreme worlds, played to their ends: the books balance, shares are shares, and what is not defined is null for a reason.

use crate::plasma::{HOSTING, REQUESTS};
use crate::played::{play, scenario};
use plasma_reports::metrics::Row;
use plasma_reports::metrics::table::{CLASS_METRICS, METRICS, REGION_METRICS, Unit, metric};
use plasma_reports::{Metrics, Provenance, Summary, report_html};

/// Shares of what may be exceeded: a price above the cloud's is a negative discount, and checks may cost more than work is paid.
const UNBOUNDED: [&str; 5] =
    ["discount_to_cloud", "discount_to_on_demand", "discount_to_reserved", "discount_to_spot", "check_cost_share"];

/// Every value of a row is finite and, if it is a share, between none and all.
fn values_are_sane(row: &Row) {
    let sane = |name: &str, unit: Unit, value: Option<f64>, undefined: &str| match value {
        None => assert!(!undefined.is_empty(), "{name} is null without a reason"),
        Some(value) => {
            assert!(value.is_finite(), "{name} is {value}");
            let share = unit == Unit::Share && !UNBOUNDED.contains(&name);
            assert!(!share || (0.0..=1.0).contains(&value), "{name} is {value}");
        }
    };
    METRICS.iter().for_each(|m| sane(m.name, m.unit, m.of(row), m.undefined));
    row.classes.iter().for_each(|class| CLASS_METRICS.iter().for_each(|m| sane(m.name, m.unit, m.of(class), m.undefined)));
    row.regions.iter().for_each(|region| REGION_METRICS.iter().for_each(|m| sane(m.name, m.unit, m.of(region), m.undefined)));
}

/// What came in, what went out and what is left agree.
fn books_balance(row: &Row) {
    assert_eq!(row.supply_opened + row.minted, row.stocks.supply + row.burned.total(), "supply");
    let emitted = row.emitted_providers + row.emitted_stakers + row.emitted_treasury + row.emitted_builders;
    assert_eq!(row.minted, emitted, "emission");
    let paid = row.classes.iter().map(|class| class.payments).sum::<u128>();
    assert_eq!(paid + row.receipts, row.payments(), "payments for time and for requests");
    let held = row.stocks.staked + row.stocks.treasury + row.stocks.builders + row.stocks.locked;
    assert!(held <= row.stocks.supply && row.stocks.circulating <= row.stocks.supply, "stocks");
    let classes = row.classes.iter().map(|class| (class.settled, class.entries, class.exits));
    let (settled, entries, exits) = classes.fold((0, 0, 0), |(a, b, c), (x, y, z)| (a + x, b + y, c + z));
    assert_eq!((settled, exits), (row.jobs.settled, row.exits), "classes");
    assert!(entries <= row.entries && row.regions.iter().map(|region| region.entries).sum::<u64>() == row.entries, "regions");
}

/// The same of a whole run, and of what agents say of it.
fn is_sane(metrics: &Metrics) -> Row {
    let whole = metrics.whole().expect("epochs have closed");
    let years = metrics.years();
    for row in metrics.rows().iter().chain(&years).chain([&whole]) {
        values_are_sane(row);
        books_balance(row);
    }
    for pair in metrics.rows().windows(2) {
        assert_eq!(pair[0].stocks.supply, pair[1].supply_opened);
        assert_eq!(pair[0].stocks.treasury, pair[1].treasury_opened);
    }
    assert!(whole.rewards_work <= whole.emitted_providers && whole.rewards_stake <= whole.emitted_stakers + whole.fees_stakers);
    let open = whole.jobs.submitted - whole.jobs.ended();
    assert!(whole.stocks.queue <= open, "{} wait of {open} that are open", whole.stocks.queue);
    let told = whole.observed.as_ref().expect("agents tell");
    let went = told.declined + told.to_cloud + told.unserved + told.unfunded;
    assert_eq!(told.candidates - went, whole.jobs.submitted + whole.refused, "every candidate decides");
    let (text, html) = (Summary::of(metrics).to_string(), report_html(metrics, &Provenance::default()).expect("a report"));
    assert!([&text, &html].iter().all(|page| !page.contains("NaN") && !page.contains(">inf<")));
    whole
}

/// Requests pay several times what their deployments' time costs, and the price of time is what it was.
#[test]
fn what_requests_pay_is_income_and_no_price_of_time() {
    let (with, _) = play(&scenario("small.toml", &[HOSTING, REQUESTS].concat(), &["horizon=10d"]));
    let (without, _) = play(&scenario("small.toml", HOSTING, &["horizon=10d"]));
    let (with, without) = (is_sane(&with), is_sane(&without));
    let [receipts, payments, external, provider] =
        ["receipts", "payments", "external_payments", "provider_payments"].map(|name| of(name, &with).unwrap());
    assert!(receipts > 0.2 * payments && of("receipts", &without) == Some(0.0), "{receipts} of {payments} XPL");
    let fees = of("fees", &with).unwrap();
    assert!((external - payments).abs() < 1e-3 && (provider + fees - payments).abs() < 1e-3);
    let price = |row| of("price_paid_usd", row).unwrap();
    assert!((price(&with) / price(&without) - 1.0).abs() < 0.03, "{} and {} USD/h", price(&with), price(&without));
    let earned = |row| of("provider_income_usd", row).unwrap();
    assert!(earned(&with) > earned(&without) + 0.8 * 0.1 * receipts, "{} and {} USD", earned(&with), earned(&without));
}

fn of(name: &str, row: &Row) -> Option<f64> {
    metric(name).of(row)
}

/// A micro-dollar is the least that can be posted: XPL that are worth nothing cannot pay for bonds, work or electricity.
#[test]
fn the_price_falls_to_nothing() {
    let falls = "[[shock]]\nid = \"worthless\"\nat = \"20d\"\nwhat = { price = { change = \"-99.9999%\" } }\n";
    let (metrics, _) = play(&scenario("small.toml", falls, &["horizon=150d"]));
    let whole = is_sane(&metrics);
    assert_eq!(of("price_usd", &whole), Some(1e-6));
    let [before, after] = [10, 140].map(|day: usize| of("jobs_settled", &metrics.rows()[day]).unwrap());
    assert!(before > 200.0 && after < before / 10.0, "{before} and {after} jobs a day");
    assert!(of("deterrence_usd", &metrics.rows()[60]).is_none_or(|usd| usd < 0.01));
}

#[test]
fn every_job_is_answered_wrongly() {
    let groups = ["gamers", "night-owls", "hosts"].map(|group| format!("provider.{group}.faults={{ wrong = \"100%\" }}"));
    let sets: Vec<&str> = groups.iter().map(String::as_str).chain(["verification.rate=100%", "horizon=60d"]).collect();
    let (metrics, agents) = play(&scenario("small.toml", "", &sets));
    let whole = is_sane(&metrics);
    let [wrong, found, settled] = ["wrong_by_fault", "checks_wrong", "jobs_settled"].map(|name| of(name, &whole).unwrap());
    assert_eq!((wrong, of("wrong_attempted", &whole)), (agents.tally().faulty as f64, Some(0.0)));
    // A handful passes whose checkers had left or were not done in time, all of them long jobs of training.
    assert!(wrong > 10_000.0 && found > 0.99 * wrong && settled < 0.001 * wrong, "{wrong} wrong, {found} found, {settled} paid");
    assert!(of("completion_rate", &whole).unwrap() < 0.001 && of("organic_share", &whole).unwrap() < 0.05);
    assert_eq!((of("cost_per_1000_tokens_usd", &whole), of("cost_per_1000_tokens_xpl", &whole)), (None, None));
    // On a day on which nothing was paid, nothing has a price.
    let unpaid: Vec<Row> = metrics.closed().iter().filter(|row| row.jobs.settled == 0).collect();
    let priced = ["price_paid_usd", "price_compared_usd", "work_hhi", "discount_to_cloud", "check_cost_share"];
    assert!(unpaid.len() > 50 && unpaid.iter().all(|row| priced.iter().all(|name| of(name, row).is_none())));
}

#[test]
fn all_providers_leave() {
    let leave = "[[shock]]\nid = \"competitor\"\nat = \"10d\"\nwhat = { poaching = { share = \"100%\" } }\n";
    let (metrics, agents) = play(&scenario("small.toml", leave, &["horizon=60d"]));
    is_sane(&metrics);
    let last = metrics.closed().last().unwrap();
    assert_eq!((of("providers_active", last), of("gpus_offered", last), of("staked", last)), (Some(0.0), Some(0.0), Some(0.0)));
    let nulls = [
        "utilisation",
        "price_paid_usd",
        "price_compared_usd",
        "nominal_apr",
        "income_per_provider",
        "stake_hhi",
        "votes_hhi",
        "payback",
    ];
    nulls.iter().for_each(|name| assert_eq!(of(name, last), None, "{name}"));
    assert_eq!(agents.tally().left, agents.tally().joined);
    assert!(of("candidates_unserved", last).unwrap() > 0.0);
}

#[test]
fn demand_is_a_hundredfold() {
    let surge = "[[shock]]\nid = \"fashion\"\nat = \"5d\"\nwhat = { demand = { change = \"+9_900%\" } }\n";
    let (metrics, _) = play(&scenario("small.toml", surge, &["horizon=15d"]));
    is_sane(&metrics);
    let rows = metrics.rows();
    let [before, after] = [3, 12].map(|day: usize| &rows[day]);
    let times = of("candidates", after).unwrap() / of("candidates", before).unwrap();
    assert!((60.0..150.0).contains(&times), "{times}");
    assert!(of("utilisation", after).unwrap() > 0.85 && of("jobs_expired", after).unwrap() > of("jobs_settled", after).unwrap());
    assert!(of("wait_p50", after).unwrap() > of("wait_p50", before).unwrap());
}
