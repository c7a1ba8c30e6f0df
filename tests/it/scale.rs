//! A world at a tenth and at a hundredth agrees with the whole on what does not depend on size, as long as enough remain.

use crate::played::{play, scenario};
use plasma_reports::metrics::table::metric;

/// Metrics that do not depend on how many take part. Waits, misses and concentration do.
const INTENSIVE: [&str; 10] = [
    "utilisation",
    "price_compared_usd",
    "price_paid_usd",
    "price_paid_xpl",
    "discount_to_cloud",
    "completion_rate",
    "network_share",
    "nominal_apr",
    "subsidy_share",
    "emission_pass_through",
];

/// The small economy a thousand times as large, from the day on which the last machines have joined. Its smallest scale is the small
/// economy.
fn at(scale: &str, seed: u64, days: usize) -> Vec<f64> {
    let counts = ["provider.gamers.count=30000", "provider.night-owls.count=6000", "provider.hosts.count=4000"];
    let demand = ["demand.chat.rate=12000/h", "demand.chat.customers=100000", "demand.finetuning.rate=1000/h"];
    let money =
        ["demand.finetuning.customers=20000", "token.initial_supply=1_000_000_000_000 XPL", "emission.yearly=500_000_000 XPL"];
    let maker = ["token.market_maker_usd=1_000_000_000 USD"];
    let own = [format!("horizon={days}d"), format!("scale={scale}"), format!("seed={seed}")];
    let own = own.iter().map(String::as_str);
    let sets: Vec<&str> = counts.into_iter().chain(demand).chain(money).chain(maker).chain(own).collect();
    let (metrics, _) = play(&scenario("small.toml", "", &sets));
    let mut settled = metrics.rows()[10].clone();
    metrics.rows()[11..].iter().for_each(|row| {
        settled.append(row);
        let told = row.observed.as_ref().expect("agents tell");
        settled.observed.as_mut().expect("agents tell").append(told);
    });
    INTENSIVE.iter().map(|name| metric(name).of(&settled).unwrap_or_else(|| panic!("{name} is null"))).collect()
}

/// Mean and standard error of each metric over seeds.
fn over(scale: &str, seeds: u64, days: usize) -> Vec<(f64, f64)> {
    let runs: Vec<Vec<f64>> = (1..=seeds).map(|seed| at(scale, seed, days)).collect();
    let n = runs.len() as f64;
    let of = |i: usize| {
        let mean = runs.iter().map(|run| run[i]).sum::<f64>() / n;
        let square = runs.iter().map(|run| (run[i] - mean).powi(2)).sum::<f64>();
        (mean, (square / (n - 1.0) / n).sqrt())
    };
    (0..INTENSIVE.len()).map(of).collect()
}

/// A hundredth is four hundred providers, and a thousandth forty. What is dearer there is no error of the scale: where few are idle,
/// the cheapest of them asks for more, so that prices are 4 % above those of forty thousand with forty, and 1 % with four hundred.
#[test]
fn a_tenth_and_a_hundredth_agree_with_the_whole_on_intensive_metrics() {
    let whole = over("1", 2, 14);
    for (scale, within, seeds, days) in [("1/10", 0.01, 4, 14), ("1/100", 0.02, 8, 20), ("1/1000", 0.045, 24, 40)] {
        for ((name, (found, error)), (expected, of_whole)) in INTENSIVE.iter().zip(over(scale, seeds, days)).zip(&whole) {
            let noise = 2.0 * (error.powi(2) + of_whole.powi(2)).sqrt();
            let far = (found - expected).abs() - noise;
            println!("{scale} {name}: {:+.2} % ± {:.2} %", 100.0 * (found / expected - 1.0), 50.0 * noise / expected);
            assert!(far < within * expected, "{name} at {scale}: {found} ± {error}, at full scale {expected} ± {of_whole}");
        }
    }
}
