//! A world at a tenth and at a hundredth agrees with the whole on what does not depend on size.

use crate::played::{play, scenario};
use plasma_reports::metrics::table::metric;

/// Metrics that do not depend on how many take part, with the error at a hundredth, which is half of it at a tenth: a few dozen
/// providers and their demand are a sample, and the busier of them ask for more than all would on average. Waits, misses and
/// concentration do depend on how many there are.
const INTENSIVE: [(&str, f64); 9] = [
    ("utilisation", 0.05),
    ("price_paid_usd", 0.06),
    ("price_paid_xpl", 0.06),
    ("discount_to_cloud", 0.05),
    ("completion_rate", 0.02),
    ("network_share", 0.02),
    ("nominal_apr", 0.05),
    ("subsidy_share", 0.05),
    ("emission_pass_through", 0.06),
];

/// The small economy a hundred times as large, for ten days after ten in which the last machines join. Its smallest scale is the
/// small economy, which is played for ten times as long.
fn at(scale: &str) -> Vec<f64> {
    let counts = ["provider.gamers.count=3000", "provider.night-owls.count=600", "provider.hosts.count=400"];
    let demand = ["demand.chat.rate=1200/h", "demand.chat.customers=10000", "demand.finetuning.rate=100/h"];
    let money =
        ["demand.finetuning.customers=2000", "token.initial_supply=100_000_000_000 XPL", "emission.yearly=50_000_000 XPL"];
    let maker = ["token.market_maker_usd=100_000_000 USD"];
    let days = if scale == "1/100" { "horizon=200d" } else { "horizon=20d" };
    let scale = format!("scale={scale}");
    let sets: Vec<&str> = counts.into_iter().chain(demand).chain(money).chain(maker).chain([days, scale.as_str()]).collect();
    let (metrics, _) = play(&scenario("small.toml", "", &sets));
    let mut settled = metrics.rows()[10].clone();
    metrics.rows()[11..].iter().for_each(|row| {
        settled.append(row);
        let told = row.observed.as_ref().expect("agents tell");
        settled.observed.as_mut().expect("agents tell").append(told);
    });
    INTENSIVE.iter().map(|(name, _)| metric(name).of(&settled).unwrap_or_else(|| panic!("{name} is null"))).collect()
}

#[test]
fn a_tenth_and_a_hundredth_agree_with_the_whole_on_intensive_metrics() {
    let whole = at("1");
    for (scale, stricter) in [("1/10", 0.5), ("1/100", 1.0)] {
        for (((name, within), found), expected) in INTENSIVE.iter().zip(at(scale)).zip(&whole) {
            assert!((found / expected - 1.0).abs() < within * stricter, "{name} at {scale}: {found}, at full scale {expected}");
        }
    }
}
