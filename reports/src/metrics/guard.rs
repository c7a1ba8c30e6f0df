//! Guardrails: bands in which a metric is healthy, is to be watched, or calls for intervention. Most are judgements, and say so.

use serde::Serialize;

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

/// The bands of one metric, in its unit.
#[derive(Serialize)]
pub struct Guard {
    /// Name of the metric.
    pub metric: &'static str,
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
        label: "utilisation",
        healthy: (0.4, 0.85),
        watch: (0.2, 0.95),
        source: "judgement: below, idle hardware leaves; above, waits grow without bound (M/M/c)",
    },
    Guard {
        metric: "completion_rate",
        label: "completion rate",
        healthy: (0.95, ANY),
        watch: (0.9, ANY),
        source: "judgement: one job in twenty, in ten",
    },
    Guard {
        metric: "deadline_miss_rate",
        label: "deadlines missed",
        healthy: (0.0, 0.02),
        watch: (0.0, 0.05),
        source: "judgement: one lease in fifty, in twenty",
    },
    Guard {
        metric: "discount_to_cloud",
        label: "cheaper than elsewhere by",
        healthy: (0.2, ANY),
        watch: (0.0, ANY),
        source: "judgement: what strangers' machines must be cheaper by to be worth the trouble",
    },
    Guard {
        metric: "organic_share",
        label: "customers' share of income",
        healthy: (0.5, ANY),
        watch: (0.2, ANY),
        source: "judgement: customers pay more than holders do",
    },
    Guard {
        metric: "inflation",
        label: "inflation net of burn",
        healthy: (-ANY, 0.05),
        watch: (-ANY, 0.1),
        source: "XPL's published first-year rate of 5 %; twice of it: judgement",
    },
    Guard {
        metric: "deterrence_usd",
        label: "deterrence per job",
        healthy: (0.0, ANY),
        watch: (0.0, ANY),
        source: "Becker 1968: below zero cheating pays",
    },
    Guard {
        metric: "check_cost_share",
        label: "checks in the price",
        healthy: (0.0, 0.05),
        watch: (0.0, 0.1),
        source: "judgement: checks at a sampling rate of 5 % and 10 %",
    },
    Guard {
        metric: "payback",
        label: "hardware paid back in",
        healthy: (0.0, 3.0),
        watch: (0.0, 6.0),
        source: "servers are written off over 4 to 6 years (annual reports 2023 of Alphabet, Meta and Microsoft); a half of it: judgement",
    },
    Guard {
        metric: "work_hhi",
        label: "HHI of work",
        healthy: (0.0, 0.1),
        watch: (0.0, 0.18),
        source: "US DOJ & FTC Merger Guidelines 2023, guideline 1: 1,000 and 1,800 points",
    },
    Guard {
        metric: "stake_hhi",
        label: "HHI of stake",
        healthy: (0.0, 0.1),
        watch: (0.0, 0.18),
        source: "US DOJ & FTC Merger Guidelines 2023, guideline 1: 1,000 and 1,800 points",
    },
    Guard {
        metric: "stake_nakamoto",
        label: "Nakamoto coefficient of stake",
        healthy: (10.0, ANY),
        watch: (4.0, ANY),
        source: "judgement; depends on the scale",
    },
];

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
    use crate::metrics::table::metric;

    #[test]
    fn bands_are_nested_and_of_metrics_that_exist() {
        for guard in GUARDS {
            assert_eq!(metric(guard.metric).name, guard.metric);
            assert!(guard.watch.0 <= guard.healthy.0 && guard.healthy.1 <= guard.watch.1, "{}", guard.metric);
        }
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
