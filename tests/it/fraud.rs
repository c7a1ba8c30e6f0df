//! What attackers know of their fraud reaches the metrics, and its signs are right where it pays and where it does not.

use crate::played::{play, scenario};
use plasma_reports::metrics::Row;
use plasma_reports::metrics::table::metric;

const LAZY: &str = "[[attacker]]\nid = \"lazy\"\nwhat = { cheat = { groups = [\"gamers\"], collude = false } }\n";

fn of(name: &str, row: &Row) -> f64 {
    metric(name).of(row).unwrap_or_else(|| panic!("{name} is null"))
}

/// Profit and premium, with the numbers of results that were paid and that were caught, at this rate of checks.
fn lazy_at(rate: &str) -> [f64; 4] {
    let rate = format!("verification.rate={rate}");
    let (metrics, agents) = play(&scenario("small.toml", LAZY, &[&rate]));
    let (whole, fraud) = (metrics.whole().expect("epochs have closed"), agents.fraud());
    let usd = |micro: i128| micro as f64 / 1e6;
    let known = [
        ("wrong_attempted", fraud.attempted as f64),
        ("wrong_paid", fraud.stood as f64),
        ("wrong_caught", fraud.found as f64),
        ("fraud_paid_usd", usd((fraud.paid + fraud.emitted) as i128)),
        ("fraud_avoided_usd", usd(fraud.freed as i128)),
        ("fraud_losses_usd", usd(fraud.taken as i128)),
        ("fraud_profit_usd", usd(fraud.profit())),
        ("fraud_premium_usd", usd(fraud.premium())),
    ];
    for (name, expected) in known {
        let (found, days): (f64, f64) = (of(name, &whole), metrics.rows().iter().map(|row| of(name, row)).sum());
        assert!((days - found).abs() < 1e-6, "{name}: {found}, {days} day by day");
        // What happened as the last epoch closed is known and was not told.
        assert!((found - expected).abs() <= 0.01 * expected.abs(), "{name}: {found}, {expected} known");
    }
    // Honest machines err too.
    assert!(of("checks_wrong", &whole) >= of("wrong_caught", &whole));
    let booty = &agents.booty()[0];
    assert_eq!(of("attackers_ahead", &whole), f64::from(u8::from(booty.worth > booty.idle)));
    // Everybody here has fewer GPUs than a server, but for who owns thirty.
    let [small, all] = ["small_provider_margin_usd", "provider_margin_usd"].map(|name| of(name, &whole));
    let share = of("small_provider_share", &whole);
    assert!((0.02..0.98).contains(&share) && small != all, "{share} of income, {small} of {all}");
    ["fraud_profit_usd", "fraud_premium_usd", "wrong_paid", "wrong_caught"].map(|name| of(name, &whole))
}

#[test]
fn unchecked_fraud_pays_and_checked_fraud_does_not() {
    let [profit, premium, stood, found] = lazy_at("0%");
    assert!(profit > premium && premium > 0.0 && stood > 1_000.0 && found == 0.0, "{profit} {premium} {stood} {found}");
    // One in fifty is caught: worse than work, for a cut of the bond is a hundred times what a job pays.
    let [profit, premium, stood, found] = lazy_at("2%");
    assert!(premium < 0.0 && stood > 20.0 * found && found > 10.0, "{profit} {premium} {stood} {found}");
    // All are: bonds are cut, and nothing stands.
    let [profit, premium, stood, found] = lazy_at("100%");
    assert!(profit < 0.0 && premium < profit && stood == 0.0 && found > 10.0, "{profit} {premium} {stood} {found}");
}
