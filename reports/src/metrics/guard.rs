//! Guardrails: bands in which a metric is healthy, is to be watched, or calls for intervention. Most are judgements, and say so.

use super::row::Row;
use super::table::metric;
use plasma_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// Nothing to do.
    Healthy,
    /// To be looked at.
    Watch,
    /// Something is to be done.
    Intervene,
}

impl Band {
    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Band::Healthy => "healthy",
            Band::Watch => "watch",
            Band::Intervene => "intervene",
        }
    }
}

/// Which value of a span is held against the bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// Its own: a flow, an average or a share over all of it.
    Span,
    /// The median of its days, the lower of two: what stands at a day's end says nothing of the year that it happens to close.
    MedianDay,
}

impl Judged {
    /// What stands behind a guard's label, in words and as a mark.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Span => ("", ""),
            Self::MedianDay => (", median day", " †"),
        }
    }
}

/// The bands of one metric, in its unit.
#[derive(Serialize)]
pub struct Guard {
    /// Name of the metric.
    pub metric: &'static str,
    /// Which of its values.
    pub judged: Judged,
    /// What people call it.
    pub label: &'static str,
    /// Least and largest healthy value.
    pub healthy: (f64, f64),
    /// Least and largest value that need only be watched.
    pub watch: (f64, f64),
    /// Whose bands these are.
    pub source: &'static str,
}

/// No bound.
const ANY: f64 = f64::INFINITY;

/// Every guarded metric.
pub const GUARDS: &[Guard] = &[
    Guard {
        metric: "utilisation",
        judged: Judged::Span,
        label: "utilisation",
        healthy: (0.4, 0.85),
        watch: (0.2, 0.95),
        source: "judgement: below, idle hardware leaves; above, waits grow without bound (M/M/c)",
    },
    Guard {
        metric: "completion_rate",
        judged: Judged::Span,
        label: "completion rate",
        healthy: (0.95, ANY),
        watch: (0.9, ANY),
        source: "judgement: one job in twenty, in ten",
    },
    Guard {
        metric: "deadline_miss_rate",
        judged: Judged::Span,
        label: "deadlines missed",
        healthy: (0.0, 0.02),
        watch: (0.0, 0.05),
        source: "judgement: one lease in fifty, in twenty",
    },
    Guard {
        metric: "discount_to_cloud",
        judged: Judged::Span,
        label: "cheaper than elsewhere by",
        healthy: (0.2, ANY),
        watch: (0.0, ANY),
        source: "judgement: what strangers' machines must be cheaper by to be worth the trouble",
    },
    Guard {
        metric: "organic_share",
        judged: Judged::Span,
        label: "customers' share of income",
        healthy: (0.5, ANY),
        watch: (0.2, ANY),
        source: "judgement: customers pay more than holders do",
    },
    Guard {
        metric: "inflation",
        judged: Judged::Span,
        label: "inflation net of burn",
        healthy: (-ANY, 0.05),
        watch: (-ANY, 0.1),
        source: "XPL's published first-year rate of 5 %; twice of it: judgement",
    },
    Guard {
        metric: "deterrence_usd",
        judged: Judged::MedianDay,
        label: "deterrence per job",
        healthy: (0.0, ANY),
        watch: (0.0, ANY),
        source: "Becker 1968: below zero cheating pays",
    },
    Guard {
        metric: "check_cost_share",
        judged: Judged::Span,
        label: "checks in the price",
        healthy: (0.0, 0.05),
        watch: (0.0, 0.1),
        source: "judgement: checks at a sampling rate of 5 % and 10 %",
    },
    Guard {
        metric: "payback",
        judged: Judged::Span,
        label: "hardware paid back in",
        healthy: (0.0, 3.0),
        watch: (0.0, 6.0),
        source: "servers are written off over 4 to 6 years (annual reports 2023 of Alphabet, Meta and Microsoft); a half of it: judgement",
    },
    Guard {
        metric: "work_hhi",
        judged: Judged::Span,
        label: "HHI of work",
        healthy: (0.0, 0.1),
        watch: (0.0, 0.18),
        source: "US DOJ & FTC Merger Guidelines 2023, guideline 1: 1,000 and 1,800 points",
    },
    Guard {
        metric: "stake_hhi",
        judged: Judged::MedianDay,
        label: "HHI of stake",
        healthy: (0.0, 0.1),
        watch: (0.0, 0.18),
        source: "US DOJ & FTC Merger Guidelines 2023, guideline 1: 1,000 and 1,800 points",
    },
    Guard {
        metric: "stake_nakamoto",
        judged: Judged::MedianDay,
        label: "Nakamoto coefficient of stake",
        healthy: (10.0, ANY),
        watch: (4.0, ANY),
        source: "judgement; depends on the scale",
    },
];

/// Begin, end and value of the days that have one, by metric: of those whose median day is judged.
#[derive(Default)]
pub(crate) struct Daily(BTreeMap<&'static str, Vec<(Time, Time, f64)>>);

impl Daily {
    /// The next day.
    pub(crate) fn day(&mut self, day: &Row) {
        for guard in GUARDS.iter().filter(|guard| guard.judged == Judged::MedianDay) {
            let value = metric(guard.metric).of(day).map(|value| (day.opened, day.closed, value));
            self.0.entry(guard.metric).or_default().extend(value);
        }
    }

    fn of(&self, metric: &str) -> &[(Time, Time, f64)] {
        self.0.get(metric).map_or(&[], Vec::as_slice)
    }
}

impl Guard {
    /// Where a value lies.
    pub fn band(&self, value: f64) -> Band {
        let within = |(least, largest): (f64, f64)| (least..=largest).contains(&value);
        match (within(self.healthy), within(self.watch)) {
            (true, _) => Band::Healthy,
            (false, true) => Band::Watch,
            (false, false) => Band::Intervene,
        }
    }

    /// The value of a span to hold against the bands: of its row, or of its days.
    pub(crate) fn value(&self, span: &Row, days: &Daily) -> Option<f64> {
        if self.judged == Judged::Span {
            return metric(self.metric).of(span);
        }
        let within = |(opened, closed, _): &&(Time, Time, f64)| span.opened <= *opened && *closed <= span.closed;
        let mut values: Vec<f64> = days.of(self.metric).iter().filter(within).map(|(.., value)| *value).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.get(values.len().checked_sub(1)? / 2).copied()
    }

    /// The healthy band in words, and the band to be watched, for values as `plain` writes them.
    pub fn words(&self, plain: impl Fn(f64) -> String) -> (String, String) {
        let words = |(least, largest): (f64, f64)| match (least.is_finite() && least != 0.0, largest.is_finite()) {
            (true, true) => format!("{} to {}", plain(least), plain(largest)),
            (true, false) => format!("at least {}", plain(least)),
            (false, true) => format!("at most {}", plain(largest)),
            (false, false) => "not below 0".into(),
        };
        (words(self.healthy), words(self.watch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plasma_core::time::DAY;

    #[test]
    fn bands_are_nested_and_of_metrics_that_exist() {
        for guard in GUARDS {
            assert_eq!(metric(guard.metric).name, guard.metric);
            assert!(guard.watch.0 <= guard.healthy.0 && guard.healthy.1 <= guard.watch.1, "{}", guard.metric);
        }
    }

    /// Four days of deterrence, of which the last is bad, and one of another year.
    #[test]
    fn what_stands_is_judged_by_the_median_day_and_what_flows_by_the_span() {
        let day = |number: u64, usd: i128| {
            let mut row = Row { opened: number * DAY, closed: (number + 1) * DAY, commands: number, ..Row::default() };
            row.stocks.deterrence = Some([usd * 1_000_000; 3]);
            row
        };
        let days: Vec<Row> = (0..).zip([4, 2, 3, -1, -9]).map(|(number, usd)| day(number, usd)).collect();
        let mut daily = Daily::default();
        days.iter().for_each(|day| daily.day(day));
        let mut year = Row::default();
        days[..4].iter().for_each(|day| year.append(day));
        let guard = |name| GUARDS.iter().find(|guard| guard.metric == name).unwrap();
        assert_eq!(metric("deterrence_usd").of(&year), Some(-1.0));
        assert_eq!(guard("deterrence_usd").value(&year, &daily), Some(2.0));
        assert_eq!(
            (guard("deterrence_usd").value(&year, &Daily::default()), guard("utilisation").value(&year, &daily)),
            (None, None)
        );
        year.check_rewards = 1;
        year.paid_providers = 4;
        assert_eq!(guard("check_cost_share").value(&year, &daily), Some(0.25));
    }

    #[test]
    fn a_value_lies_in_one_band() {
        let guard = &GUARDS[0];
        let bands = [0.1, 0.2, 0.4, 0.85, 0.9, 0.99].map(|value| guard.band(value));
        use Band::{Healthy, Intervene, Watch};
        assert_eq!(bands, [Intervene, Watch, Healthy, Healthy, Watch, Intervene]);
        assert_eq!(guard.words(|value| value.to_string()), ("0.4 to 0.85".into(), "0.2 to 0.95".into()));
        assert_eq!(GUARDS[1].words(|value| value.to_string()).0, "at least 0.95");
        assert_eq!(GUARDS[2].words(|value| value.to_string()).1, "at most 0.05");
    }
}
