//! What several replicates say of one number: where it lies, how far luck carries it, and how bad it can be.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::statistics::{Data, Distribution, OrderStatistics};

/// The share of replicates that a tail is.
pub const TAIL: f64 = 0.05;
/// The probability with which an interval covers what it is of.
pub const CONFIDENCE: f64 = 0.95;

/// A metric over replicates, in its unit. Replicates in which it is undefined are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// Replicates in which it is defined; at least one.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Standard error of the mean; null for one replicate.
    pub error: Option<f64>,
    /// Conditional value at risk below: the mean of the lowest twentieth. See [`shortfall`].
    pub cvar_low: f64,
    /// 5th percentile; this and the others by the median-unbiased estimate (R. J. Hyndman & Y. Fan, "Sample Quantiles in
    /// Statistical Packages", 1996, definition 8).
    pub p5: f64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Conditional value at risk above: the mean of the highest twentieth.
    pub cvar_high: f64,
}

impl Sample {
    /// What these values say; `None` without any.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let (n, cvar_low) = (sorted.len(), shortfall(sorted.iter().copied())?);
        let cvar_high = shortfall(sorted.iter().rev().copied())?;
        let largest = sorted[0].abs().max(sorted[n - 1].abs());
        let mut data = Data::new(sorted);
        let error = data.std_dev().filter(|_| n > 1).map(|deviation| sure(deviation / (n as f64).sqrt(), largest));
        let [p5, p50, p95] = [TAIL, 0.5, 1.0 - TAIL].map(|share| data.quantile(share));
        Some(Self { n, mean: sure(data.mean()?, largest), error, cvar_low, p5, p50, p95, cvar_high })
    }

    /// Ends of the interval that covers the expectation with probability [`CONFIDENCE`], by Student's t; `None` for one replicate.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let student = StudentsT::new(0.0, 1.0, (self.n - 1) as f64).ok()?;
        let reach = student.inverse_cdf(0.5 + CONFIDENCE / 2.0) * self.error?;
        Some((self.mean - reach, self.mean + reach))
    }
}

/// A value, or zero where it is no more than a billionth of numbers as large as `largest`: a sum of rounded amounts knows no more.
pub fn sure(value: f64, largest: f64) -> f64 {
    if value.abs() < 1e-9 * largest { 0.0 } else { value }
}

/// The mean of the first [`TAIL`] of values that come in order, the last of them in part; of the first alone where a tail is less than
/// one value (R. T. Rockafellar & S. Uryasev, "Conditional value-at-risk for general loss distributions", 2002, for a sample).
fn shortfall(sorted: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let tail = (sorted.len() as f64 * TAIL).max(1.0);
    let (mut sum, mut weight) = (0.0, 0.0);
    for value in sorted {
        let part = (tail - weight).clamp(0.0, 1.0);
        sum += part * value;
        weight += part;
    }
    (weight > 0.0).then(|| sum / weight)
}

/// How probable something is of which it is known in how many replicates it happened.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Chance {
    /// Replicates in which it happened.
    pub met: usize,
    /// Replicates of which it is known.
    pub of: usize,
    /// met ÷ of.
    pub share: f64,
    /// Ends of the interval that covers its probability with probability [`CONFIDENCE`] (E. B. Wilson, "Probable inference, the law
    /// of succession, and statistical inference", 1927): never empty, not even where it never or always happened.
    pub interval: (f64, f64),
}

impl Chance {
    /// Of `met` among `of`; `None` where nobody knows.
    pub fn new(met: usize, of: usize) -> Option<Self> {
        if of == 0 {
            return None;
        }
        let (n, share) = (of as f64, met as f64 / of as f64);
        let z = Normal::new(0.0, 1.0).ok()?.inverse_cdf(0.5 + CONFIDENCE / 2.0);
        let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let reach = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        Some(Self { met, of, share, interval: ((middle - reach).max(0.0), (middle + reach).min(1.0)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{found} is not {expected}");
    }

    /// R: `x <- c(2, 4, 4, 5, 7, 9); mean(x); sd(x)/sqrt(6); quantile(x, c(.05, .5, .95), type = 8); t.test(x)$conf.int`.
    #[test]
    fn a_sample_is_described_as_r_describes_it() {
        let sample = Sample::of([9.0, 4.0, 2.0, 5.0, 7.0, 4.0]).unwrap();
        near(sample.mean, 31.0 / 6.0);
        near(sample.error.unwrap(), 1.013_793_755);
        [(sample.p5, 2.0), (sample.p50, 4.5), (sample.p95, 9.0)].iter().for_each(|(found, expected)| near(*found, *expected));
        let (low, high) = sample.interval().unwrap();
        near(low, 31.0 / 6.0 - 2.570_581_836 * 1.013_793_755);
        near(high, 31.0 / 6.0 + 2.570_581_836 * 1.013_793_755);
        // Less than one replicate is a twentieth: the worst stands for it.
        assert_eq!((sample.cvar_low, sample.cvar_high), (2.0, 9.0));
    }

    #[test]
    fn a_tail_is_a_twentieth_to_the_part_of_a_replicate() {
        // One and a half replicates of thirty: (0 + 1 ÷ 2) ÷ 1.5.
        let sample = Sample::of((0..30).rev().map(f64::from)).unwrap();
        near(sample.cvar_low, 1.0 / 3.0);
        near(sample.cvar_high, 29.0 - 1.0 / 3.0);
        assert!(sample.cvar_low <= sample.p5 && sample.p95 <= sample.cvar_high);
    }

    #[test]
    fn what_rounding_leaves_is_nothing() {
        let alike = Sample::of([0.1 + 0.2, 0.3, 0.3]).unwrap();
        assert_eq!(alike.error, Some(0.0));
        assert_eq!(sure(0.1 + 0.2 - 0.3, 0.3), 0.0);
        assert_eq!(sure(1e-6, 0.3), 1e-6);
    }

    #[test]
    fn nothing_and_one_are_not_described_beyond_what_they_are() {
        assert_eq!(Sample::of([]), None);
        assert_eq!(Sample::of([f64::NAN]), None);
        let one = Sample::of([3.0]).unwrap();
        assert_eq!((one.mean, one.error, one.interval(), one.p5, one.p95), (3.0, None, None, 3.0, 3.0));
    }

    /// L. D. Brown, T. T. Cai & A. DasGupta 2001 recommend it for few trials; R: `prop.test(x, n, correct = FALSE)$conf.int`.
    #[test]
    fn a_probability_is_as_wide_as_wilson_says() {
        for ((met, of), (low, high)) in
            [((0, 20), (0.0, 0.161_125)), ((7, 20), (0.181_192, 0.567_139)), ((20, 20), (0.838_875, 1.0))]
        {
            let chance = Chance::new(met, of).unwrap();
            assert!((chance.interval.0 - low).abs() < 1e-5 && (chance.interval.1 - high).abs() < 1e-5, "{chance:?}");
        }
        assert_eq!(Chance::new(0, 0), None);
    }
}
