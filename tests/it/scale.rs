//! A world at a tenth and at a hundredth agrees with the whole on what does not depend on size, as long as enough remain.

use crate::played::{play, scenario};
use plasma_reports::metrics::Row;
use plasma_reports::metrics::size::Size;
use plasma_reports::metrics::table::{METRICS, Metric, Unit};
use plasma_reports::replicates::Sample;

/// Every metric that is marked as the same at every scale.
fn intensive() -> impl Iterator<Item = &'static Metric<Row>> {
    METRICS.iter().filter(|metric| metric.size == Size::Intensive && metric.unit != Unit::Time)
}

/// The small economy a thousand times as large, from the day on which the last machines have joined. Its smallest scale is the small
/// economy.
fn at(scale: &str, seed: u64) -> Vec<Option<f64>> {
    let counts = ["provider.gamers.count=30000", "provider.night-owls.count=6000", "provider.hosts.count=4000"];
    let demand = ["demand.chat.rate=12000/h", "demand.chat.customers=100000", "demand.finetuning.rate=1000/h"];
    let money =
        ["demand.finetuning.customers=20000", "token.initial_supply=100_000_000_000 XPL", "emission.yearly=500_000_000 XPL"];
    let maker = ["token.market_maker_usd=1_000_000_000 USD"];
    let own = ["horizon=14d".to_owned(), format!("scale={scale}"), format!("seed={seed}")];
    let own = own.iter().map(String::as_str);
    let sets: Vec<&str> = counts.into_iter().chain(demand).chain(money).chain(maker).chain(own).collect();
    let (metrics, _) = play(&scenario("small.toml", "", &sets));
    let mut settled = metrics.rows()[10].clone();
    metrics.rows()[11..].iter().for_each(|row| {
        settled.append(row);
        let told = row.observed.as_ref().expect("agents tell");
        settled.observed.as_mut().expect("agents tell").append(told);
    });
    intensive().map(|metric| metric.of(&settled)).collect()
}

/// What seeds say of each metric, where it is defined.
fn over(scale: &str, seeds: u64) -> Vec<Option<Sample>> {
    let runs: Vec<_> = (1..=seeds).map(|seed| at(scale, seed)).collect();
    (0..runs[0].len()).map(|place| Sample::of(runs.iter().filter_map(|run| run[place]))).collect()
}

/// A hundredth is four hundred providers.
#[test]
fn a_tenth_and_a_hundredth_agree_with_the_whole_on_intensive_metrics() {
    let whole = over("1", 2);
    // A margin that nearly vanishes has no per cent of its own: it is one of pay.
    let place = |name: &str| intensive().position(|metric| metric.name == name).expect("a metric");
    let pay = whole[place("cost_per_job_usd")].expect("jobs").mean;
    for (scale, within, seeds) in [("1/10", 0.01, 4), ("1/100", 0.02, 12)] {
        let mut compared = 0;
        for ((metric, found), whole) in intensive().zip(over(scale, seeds)).zip(&whole) {
            // What is not defined with every seed is not a mean of the same.
            let (Some(found), Some(whole)) = (found.filter(|found| found.n as u64 == seeds), whole.filter(|whole| whole.n == 2))
            else {
                continue;
            };
            // Forty thousand scatter less than any part of them.
            let of = if metric.name.starts_with("deterrence_") { pay } else { whole.mean.abs() };
            let far = (found.mean - whole.mean).abs() - 2.0 * found.error.expect("several seeds");
            assert!(far <= within * of, "{} at {scale}: {found:?}, at full scale {whole:?}", metric.name);
            compared += 1;
        }
        assert!(compared > 30, "only {compared} metrics are defined");
    }
    too_few_make_work_dearer(whole[place("price_compared_usd")].expect("a price").mean);
}

/// Forty providers are too few: where few are idle, the cheapest of them asks for more. That is no error of the scale, but what the
/// report warns of below [`plasma_reports::metrics::size::ENOUGH`].
fn too_few_make_work_dearer(whole: f64) {
    let price = intensive().position(|metric| metric.name == "price_compared_usd").expect("a metric");
    let dearer = over("1/1000", 24)[price].expect("a price").mean / whole - 1.0;
    assert!((0.02..0.07).contains(&dearer), "{dearer}");
}
