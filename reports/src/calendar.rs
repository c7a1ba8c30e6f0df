//! Dates of moments, in UTC. The core counts milliseconds; people read a calendar.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use plasma_core::time::Time;

fn civil(time: Time) -> Option<DateTime> {
    let timestamp = Timestamp::from_millisecond(i64::try_from(time).ok()?).ok()?;
    Some(timestamp.to_zoned(TimeZone::UTC).datetime())
}

/// `2026-11-21`, or a word for what no calendar holds.
pub fn date(time: Time) -> String {
    civil(time).map_or_else(|| "never".into(), |at| at.date().to_string())
}

/// `2026-11-21 14:30`, or a word for what no calendar holds.
pub fn minute(time: Time) -> String {
    civil(time).map_or_else(|| "never".into(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// `2026-11-21T14:30:00.250Z`, to the millisecond, or a word for what no calendar holds.
pub fn timestamp(time: Time) -> String {
    civil(time).map_or_else(|| "never".into(), |at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

/// A few round moments between two others, with their labels: hours, days, months or years, whichever gives at most `most`.
pub fn ticks(from: Time, to: Time, most: usize) -> Vec<(Time, String)> {
    let Some((first, last)) = civil(from).zip(civil(to)) else { return Vec::new() };
    for step in STEPS {
        if let Some(found) = step.between(first, last, most) {
            return found;
        }
    }
    Vec::new()
}

enum Step {
    Hours(i64),
    Days(i64),
    Months(i64),
}

#[rustfmt::skip]
const STEPS: [Step; 17] = [
    Step::Hours(1), Step::Hours(3), Step::Hours(6), Step::Hours(12),
    Step::Days(1), Step::Days(2), Step::Days(7), Step::Days(14),
    Step::Months(1), Step::Months(2), Step::Months(3), Step::Months(6), Step::Months(12), Step::Months(24), Step::Months(60),
    Step::Months(240), Step::Months(1200),
];

impl Step {
    /// The ticks from `first` to `last`; `None` when there are more than `most`.
    fn between(&self, first: DateTime, last: DateTime, most: usize) -> Option<Vec<(Time, String)>> {
        let midnight = first.date().to_datetime(jiff::civil::Time::midnight());
        let (mut at, step, format) = match *self {
            Step::Hours(n) => (midnight, Span::new().hours(n), "%-d %b %H:%M"),
            Step::Days(n) => (midnight, Span::new().days(n), "%-d %b %Y"),
            Step::Months(n) => (first_of_months(first, n)?, Span::new().months(n), if n < 12 { "%b %Y" } else { "%Y" }),
        };
        let mut found = Vec::new();
        while at <= last {
            if at >= first {
                let time = at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond();
                found.push((Time::try_from(time).ok()?, at.strftime(format).to_string()));
                if found.len() > most {
                    return None;
                }
            }
            at = at.checked_add(step).ok()?;
        }
        Some(found)
    }
}

/// The first day of the group of `n` months, counted from January, in which `at` lies.
fn first_of_months(at: DateTime, n: i64) -> Option<DateTime> {
    let months = i64::from(at.year()) * 12 + i64::from(at.month()) - 1;
    let first = months - months.rem_euclid(n);
    let date = Date::new(i16::try_from(first.div_euclid(12)).ok()?, first.rem_euclid(12) as i8 + 1, 1).ok()?;
    Some(date.to_datetime(jiff::civil::Time::midnight()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plasma_core::time::{DAY, HOUR, YEAR};

    #[test]
    fn ticks_are_round_and_few() {
        let start = 1_767_225_600_000; // 2026-01-01
        let labels = |span| ticks(start, start + span, 8).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(5 * YEAR), ["2026", "2027", "2028", "2029", "2030", "2031"]);
        assert_eq!(labels(31 * DAY).first().unwrap(), "1 Jan 2026");
        assert_eq!(labels(5 * HOUR).len(), 6);
        for span in [HOUR, DAY, 3 * DAY, 40 * DAY, YEAR, 20 * YEAR, 100 * YEAR] {
            assert!((1..=8).contains(&labels(span).len()), "{:?}", labels(span));
        }
        assert!(ticks(u64::MAX - 1, u64::MAX, 8).is_empty());
        assert_eq!(date(start), "2026-01-01");
        assert_eq!(date(u64::MAX), "never");
    }
}
