//! The baseline offers the load that its comments promise.

use plasma_sim::scenario::Scenario;
use plasma_sim::scenario::model::{LogNormal, SizeSpread, position};

use super::shipped;

/// Expected candidate leases over the horizon at the scenario's scale, and their share of all GPU time.
fn offered(scenario: &Scenario) -> (f64, f64) {
    let (scale, hours) = (scenario.scale.fraction(), scenario.horizon.hours());
    let years = hours / 8_766.0;
    let (mut leases, mut gpu_hours) = (0.0, 0.0);
    for group in &scenario.demand {
        let program = &scenario.program[position(&scenario.program, &group.program).unwrap()];
        let class = &scenario.class[position(&scenario.class, &group.reference).unwrap()];
        let growth = libm::log1p(group.growth.fraction());
        let mean_growth = if growth == 0.0 { 1.0 } else { libm::expm1(growth * years) / (growth * years) };
        // The programs are linear in their size, so that the mean job is the job of mean size.
        let sizes: Vec<f64> = program.sizes.iter().map(|name| mean(&group.size[name])).collect();
        let candidates = group.rate.per_hour() * mean_growth * hours * scale;
        leases += candidates;
        gpu_hours += candidates * program.gpu_hours(class, &sizes).unwrap();
    }
    let capacity: f64 = scenario
        .provider
        .iter()
        .map(|group| {
            let later = 1.0 - (group.join.ramp.hours() / hours).min(1.0) / 2.0;
            let present = group.join.initial.fraction() + (1.0 - group.join.initial.fraction()) * later;
            (group.count * u64::from(group.gpus)) as f64 * present * hours * scale
        })
        .sum();
    (leases, gpu_hours / capacity)
}

/// Mean of a log-normal distribution, `median · exp(sigma² ÷ 2)`.
fn mean(size: &SizeSpread) -> f64 {
    let SizeSpread::LogNormal(LogNormal { median, sigma }) = size else { panic!("these sizes are log-normal") };
    median.get() * libm::exp(sigma.get() * sigma.get() / 2.0)
}

#[test]
fn the_baseline_offers_what_it_says() {
    let loaded = Scenario::load(&shipped().join("xpl-baseline.toml"), &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
    assert_eq!(loaded.scenario.provider.iter().map(|group| group.count).sum::<u64>(), 10_000);
    let (leases, load) = offered(&loaded.scenario);
    // As the reference classes count it: most jobs are served by classes that need less time, and some decline.
    assert!((3.5e6..4.0e6).contains(&leases) && (0.85..0.95).contains(&load), "{leases} leases, load {load}");
}

#[test]
fn the_small_scenario_is_neither_idle_nor_flooded() {
    let loaded = Scenario::load(&shipped().join("small.toml"), &[]).unwrap_or_else(|error| panic!("{}", error.plain()));
    let (leases, load) = offered(&loaded.scenario);
    assert!((5e3..5e4).contains(&leases) && (0.4..0.9).contains(&load), "{leases} leases, load {load}");
}
