//! The axes: time with ticks on the calendar, values in steps or by factors.

use crate::calendar;
use plasma_core::time::Time;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use std::ops::Range;

/// Time from left to right.
#[derive(Clone)]
pub struct TimeAxis {
    from: Time,
    to: Time,
    ticks: Vec<(Time, String)>,
}

impl TimeAxis {
    /// An axis with at most `most` ticks.
    pub fn new((from, to): (Time, Time), most: usize) -> Self {
        Self { from, to: to.max(from + 1), ticks: calendar::ticks(from, to, most) }
    }
}

impl Ranged for TimeAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = Time;

    fn map(&self, value: &Time, (left, right): (i32, i32)) -> i32 {
        let share = value.saturating_sub(self.from) as f64 / (self.to - self.from) as f64;
        left + (f64::from(right - left) * share.min(1.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<Time> {
        self.ticks.iter().map(|&(time, _)| time).collect()
    }

    fn range(&self) -> Range<Time> {
        self.from..self.to
    }
}

impl ValueFormatter<Time> for TimeAxis {
    fn format(value: &Time) -> String {
        calendar::date(*value)
    }

    fn format_ext(&self, value: &Time) -> String {
        self.ticks.iter().find(|(time, _)| time == value).map_or_else(|| Self::format(value), |(_, label)| label.clone())
    }
}

/// Values from bottom to top.
#[derive(Clone)]
pub enum ValueAxis {
    /// Equal steps are equally far apart.
    Linear(RangedCoordf64),
    /// Equal factors are: for prices, which halve and double. From above zero.
    Logarithmic(Range<f64>),
}

impl ValueAxis {
    /// An axis in equal steps.
    pub fn linear(range: Range<f64>) -> Self {
        Self::Linear(range.into())
    }

    /// Where an axis by factors has its ticks: 1, 2 and 5 of each power of ten, or fewer.
    fn ticks(range: &Range<f64>, most: usize) -> Vec<f64> {
        let decades = range.start.log10().floor() as i32..=range.end.log10().ceil() as i32;
        let of = |digits: &[f64]| -> Vec<f64> {
            let all = decades.clone().flat_map(|decade| digits.iter().map(move |digit| digit * 10f64.powi(decade)));
            all.filter(|tick| range.contains(tick)).collect()
        };
        let [fine, middle, coarse] = [of(&[1.0, 2.0, 5.0]), of(&[1.0, 3.0]), of(&[1.0])];
        [fine, middle].into_iter().find(|ticks| ticks.len() <= most).unwrap_or(coarse)
    }
}

impl Ranged for ValueAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (bottom, top): (i32, i32)) -> i32 {
        match self {
            Self::Linear(axis) => axis.map(value, (bottom, top)),
            Self::Logarithmic(Range { start, end }) => {
                let share = (value.max(*start) / start).ln() / (end / start).ln();
                bottom + (f64::from(top - bottom) * share.min(1.0)).round() as i32
            }
        }
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match self {
            Self::Linear(axis) => axis.key_points(hint),
            Self::Logarithmic(range) => Self::ticks(range, hint.max_num_points().max(2)),
        }
    }

    fn range(&self) -> Range<f64> {
        match self {
            Self::Linear(axis) => axis.range(),
            Self::Logarithmic(range) => range.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_have_round_ticks() {
        assert_eq!(ValueAxis::ticks(&(0.09..4.5), 6), [0.1, 0.2, 0.5, 1.0, 2.0]);
        assert_eq!(ValueAxis::ticks(&(0.9..1_200.0), 6), [1.0, 10.0, 100.0, 1_000.0]);
        let axis = ValueAxis::Logarithmic(0.1..10.0);
        assert_eq!([0.01, 0.1, 1.0, 10.0, 99.0].map(|value| axis.map(&value, (200, 0))), [200, 200, 100, 0, 0]);
    }
}
