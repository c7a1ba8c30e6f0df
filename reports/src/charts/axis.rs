//! A time axis with ticks on the calendar.

use crate::calendar;
use plasma_core::time::Time;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
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
