//! Samplers against exact distributions.

use super::super::normal::cdf;
use super::super::{Draw, Purpose, Streams};
use super::*;

const DRAWS: u64 = 100_000;

fn draws() -> impl Iterator<Item = Draw> {
    let streams = Streams::new(42, 0, Purpose::Candidate);
    (0..DRAWS).map(move |index| streams.draw(1, index))
}

/// The largest distance between the empirical and the exact distribution function, times √n (Kolmogorov's statistic).
fn kolmogorov(mut sample: Vec<f64>, exact: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let distance = |(i, x): (usize, &f64)| (exact(*x) - i as f64 / n).abs().max((exact(*x) - (i as f64 + 1.0) / n).abs());
    sample.iter().enumerate().map(distance).fold(0.0, f64::max) * libm::sqrt(n)
}

/// √n·D exceeds this once in a thousand samples (Smirnov 1948).
const KOLMOGOROV_999: f64 = 1.95;

fn moments(sample: &[f64]) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    (mean, sample.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0))
}

#[test]
fn uniform() {
    let sample: Vec<_> = draws().map(|mut draw| draw.uniform()).collect();
    let (mean, variance) = moments(&sample);
    assert!((mean - 0.5).abs() < 0.005 && (variance - 1.0 / 12.0).abs() < 0.001, "{mean} {variance}");
    assert!(kolmogorov(sample, |x| x) < KOLMOGOROV_999);
}

#[test]
fn exponential() {
    let sample: Vec<_> = draws().map(|mut draw| draw.exponential(3.0)).collect();
    let (mean, variance) = moments(&sample);
    assert!((mean / 3.0 - 1.0).abs() < 0.015 && (variance / 9.0 - 1.0).abs() < 0.03, "{mean} {variance}");
    assert!(kolmogorov(sample, |x| 1.0 - libm::exp(-x / 3.0)) < KOLMOGOROV_999);
}

#[test]
fn normal() {
    let sample: Vec<_> = draws().map(|mut draw| draw.normal()).collect();
    let (mean, variance) = moments(&sample);
    assert!(mean.abs() < 0.015 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    assert!(kolmogorov(sample, cdf) < KOLMOGOROV_999);
}

#[test]
fn log_normal() {
    let sample: Vec<_> = draws().map(|mut draw| draw.log_normal(2.0, 0.5)).collect();
    let (mean, _) = moments(&sample);
    assert!((mean / (2.0 * libm::exp(0.125)) - 1.0).abs() < 0.01, "{mean}");
    assert!(kolmogorov(sample, |x| cdf(libm::log(x / 2.0) / 0.5)) < KOLMOGOROV_999);
}

#[test]
fn weights_are_met_and_zeros_never_drawn() {
    let weights = Weights::new([0.0, 1.0, 0.0, 3.0, 0.0]);
    let mut counts = [0u64; 5];
    draws().for_each(|mut draw| counts[draw.pick(&weights)] += 1);
    assert_eq!([counts[0], counts[2], counts[4]], [0; 3]);
    assert!((counts[3] as f64 / DRAWS as f64 - 0.75).abs() < 0.005);
}

#[test]
fn below_is_even() {
    let mut counts = [0u64; 10];
    draws().for_each(|mut draw| counts[draw.below(10) as usize] += 1);
    // χ² with 9 degrees of freedom exceeds 27.9 once in a thousand samples.
    let expected = DRAWS as f64 / 10.0;
    assert!(counts.iter().map(|&n| (n as f64 - expected) * (n as f64 - expected) / expected).sum::<f64>() < 27.9);
}

/// Arrivals of one year under a shape of the day and growth.
fn arrivals(intensity: &Intensity, genesis: u64, end: u64) -> Vec<u64> {
    let streams = Streams::new(5, 0, Purpose::Candidate);
    let (mut time, mut index, mut found) = (genesis, 0, Vec::new());
    loop {
        let mut draw = streams.draw(0, index);
        time += intensity.gap(&mut draw).unwrap();
        index += 1;
        if time >= end {
            return found;
        }
        if intensity.accepts(time, 1.0, &mut draw) {
            found.push(time);
        }
    }
}

#[test]
fn thinning_meets_the_rate_its_shape_and_its_growth() {
    const GENESIS: u64 = 1_758_758_400_000; // 25 September 2025, a Thursday
    let mut hours = [0.5; 24];
    hours[12..].fill(1.5);
    let days = [1.75, 1.75, 0.7, 0.7, 0.7, 0.7, 0.7];
    let intensity = Intensity::new(40.0 / HOUR as f64, hours, days, 1.2, (GENESIS, 2 * YEAR), 60);
    let found = arrivals(&intensity, GENESIS, GENESIS + 2 * YEAR);
    assert!(found.iter().all(|&time| intensity.at(time) <= intensity.majorant() * (1.0 + 1e-12)));

    // ∫ 1.2^t dt over two years is (1.44 − 1) ÷ ln 1.2.
    let expected = 40.0 * (YEAR / HOUR) as f64 * 0.44 / libm::log(1.2);
    assert!((found.len() as f64 / expected - 1.0).abs() < 0.005, "{} of {expected}", found.len());
    let late = found.iter().filter(|&&time| (time + HOUR) / HOUR % 24 >= 12).count() as f64 / found.len() as f64;
    assert!((late - 0.75).abs() < 0.003, "{late}");
    let early_week = found.iter().filter(|&&time| ((time + HOUR) / DAY + 3) % 7 < 2).count() as f64 / found.len() as f64;
    assert!((early_week - 0.5).abs() < 0.003, "{early_week}");
    let second = found.iter().filter(|&&time| time >= GENESIS + YEAR).count() as f64 / found.len() as f64;
    assert!((second - 1.2 / 2.2).abs() < 0.003, "{second}");
}

#[test]
fn arrivals_within_an_hour_are_poisson() {
    let flat = Intensity::new(5.0 / HOUR as f64, [1.0; 24], [1.0; 7], 1.0, (0, YEAR), 0);
    let mut counts = vec![0.0; (YEAR / HOUR) as usize];
    arrivals(&flat, 0, YEAR / HOUR * HOUR).iter().for_each(|time| counts[(time / HOUR) as usize] += 1.0);
    let (mean, variance) = moments(&counts);
    assert!((mean - 5.0).abs() < 0.1 && (variance / mean - 1.0).abs() < 0.06, "{mean} {variance}");
}

#[test]
fn nothing_arrives_at_rate_zero() {
    let never = Intensity::new(0.0, [1.0; 24], [1.0; 7], 1.0, (0, YEAR), 0);
    assert_eq!(never.gap(&mut draws().next().unwrap()), None);
}
