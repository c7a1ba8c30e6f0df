//! Samplers on keyed draws. Transcendental functions are `libm`'s: those of std differ between platforms in their last bits, and a
//! run must not.

use super::Draw;
use super::normal::quantile;
use plasma_core::time::{Span, YEAR};

impl Draw {
    /// A waiting time of the given mean, by inversion.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -libm::log(self.uniform()) * mean
    }

    /// A standard normal number, by inversion: one uniform for one number keeps paired runs paired.
    pub fn normal(&mut self) -> f64 {
        quantile(self.uniform())
    }

    /// A log-normal number with the given median and standard deviation of its logarithm.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal())
    }

    /// How often a Poisson process happens that does so `mean` times on average, by inversion of one uniform: exact as long as the sum
    /// is short, beyond that by the first terms of Cornish and Fisher's expansion (1938), whose error is far below one.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        const SUMMED: f64 = 64.0;
        let u = self.uniform();
        if mean > SUMMED {
            let z = quantile(u);
            return libm::round(mean + z * libm::sqrt(mean) + (z * z - 1.0) / 6.0).max(0.0) as u64;
        }
        let (mut count, mut term) = (0, libm::exp(-mean));
        let mut below = term;
        // The tail that a uniform number cannot tell from nothing is cut.
        while below < u && term > 0.0 && count < 1_000 {
            count += 1;
            term *= mean / count as f64;
            below += term;
        }
        count
    }

    /// True with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// A whole number below `count`, each equally often up to `count` ÷ 2^64.
    pub fn below(&mut self, count: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(count)) >> 64) as u64
    }

    /// A position, each as often as its weight says.
    pub fn pick(&mut self, weights: &Weights) -> usize {
        weights.at(self.uniform())
    }
}

/// Weights of positions, ready to be drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Sums of the weights up to each position, the last one 1.
    cumulative: Vec<f64>,
}

impl Weights {
    /// Weights of which at least one is above zero.
    pub fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = weights
            .into_iter()
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        cumulative.iter_mut().for_each(|at| *at /= sum);
        Self { cumulative }
    }

    /// The position that a uniform number falls on.
    pub(super) fn at(&self, u: f64) -> usize {
        self.cumulative.partition_point(|&upto| upto <= u).min(self.cumulative.len().saturating_sub(1))
    }
}

/// A rate of arrival that follows the hour, the day of the week and growth, beneath a constant that it never exceeds.
///
/// Candidates of the constant rate are thinned to the true one (Lewis & Shedler 1979, "Simulation of nonhomogeneous Poisson
/// processes by thinning", Naval Research Logistics Quarterly 26, 403–413).
#[derive(Clone, Debug, PartialEq)]
pub struct Intensity {
    /// Mean arrivals per millisecond at genesis.
    base: f64,
    hours: [f64; 24],
    days: [f64; 7],
    /// Factor of growth in one Julian year.
    yearly: f64,
    genesis: u64,
    /// Distance of local time from UTC in milliseconds.
    local: i64,
    majorant: f64,
    /// Bounds of the growth within the horizon.
    growth: (f64, f64),
}

/// More than the bounds of the growth can be wrong by rounding, or by the last millisecond of a run.
const ROUNDING: f64 = 1e-9;

const HOUR: u64 = plasma_core::time::HOUR;
const DAY: u64 = plasma_core::time::DAY;

impl Intensity {
    /// `base` is the mean per millisecond at genesis; `hours` and `days` (Monday first) average 1; the rate grows by the factor
    /// `yearly` each year, for `horizon`; local time is `utc_offset_minutes` ahead of UTC.
    pub fn new(
        base: f64,
        hours: [f64; 24],
        days: [f64; 7],
        yearly: f64,
        (genesis, horizon): (u64, Span),
        utc_offset_minutes: i16,
    ) -> Self {
        let most = |numbers: &[f64]| numbers.iter().copied().fold(0.0, f64::max);
        let grown = libm::pow(yearly, horizon as f64 / YEAR as f64);
        let majorant = base * most(&hours) * most(&days) * grown.max(1.0);
        let growth = (grown.min(1.0) * (1.0 - ROUNDING), grown.max(1.0) * (1.0 + ROUNDING));
        Self { base, hours, days, yearly, genesis, local: i64::from(utc_offset_minutes) * 60_000, majorant, growth }
    }

    /// Arrivals per millisecond at a moment.
    pub fn at(&self, time: u64) -> f64 {
        let years = time.saturating_sub(self.genesis) as f64 / YEAR as f64;
        self.before_growth(time) * libm::pow(self.yearly, years)
    }

    fn before_growth(&self, time: u64) -> f64 {
        let local = time.saturating_add_signed(self.local);
        let hour = (local / HOUR % 24) as usize;
        // 1 January 1970 was a Thursday.
        let day = ((local / DAY + 3) % 7) as usize;
        self.base * self.hours[hour] * self.days[day]
    }

    /// The constant rate that is never exceeded, per millisecond.
    pub const fn majorant(&self) -> f64 {
        self.majorant
    }

    /// Milliseconds from one candidate to the next, at least one; `None` when none will ever come.
    pub fn gap(&self, draw: &mut Draw) -> Option<Span> {
        let gap = draw.exponential(1.0);
        (self.majorant > 0.0).then(|| (libm::ceil(gap / self.majorant) as u64).max(1))
    }

    /// Makes room for rates that are up to `peak` times as high.
    pub fn raise(&mut self, peak: f64) {
        self.majorant *= peak.max(1.0);
    }

    /// The same rate, times `share` at every moment.
    pub fn times(mut self, share: f64) -> Self {
        self.base *= share;
        self.majorant *= share;
        self
    }

    /// Whether a candidate at this time, within the horizon, is one of the true rate, which is `factor` times what it would be.
    /// Mostly the bounds of the growth say so already, and the power need not be known.
    pub fn accepts(&self, time: u64, factor: f64, draw: &mut Draw) -> bool {
        let (drawn, level) = (draw.uniform() * self.majorant, self.before_growth(time) * factor);
        match self.growth {
            (least, _) if drawn < level * least => true,
            (_, most) if drawn >= level * most => false,
            _ => drawn < self.at(time) * factor,
        }
    }
}

#[cfg(test)]
mod tests;
