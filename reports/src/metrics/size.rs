//! What becomes of a metric when only a fraction of an economy is played.

use super::table::{Metric, Unit};
use serde::Serialize;

/// How a metric follows the scale at which an economy is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// The same at every scale at which enough take part: prices, shares, yields, what one has.
    Intensive,
    /// As large as the scale: counts and amounts of the whole economy.
    Extensive,
    /// Of the number of those who take part: waits, misses, concentration. Good only at the scale at which it was seen.
    FiniteSize,
}

/// Providers that an economy must have for intensive metrics to be within 2 % of those of one that is a hundred times as large. With a
/// tenth of them the same work is 4 % dearer: where few are idle, the cheapest of them asks for more.
pub const ENOUGH: u64 = 400;

/// Counts and amounts that are of one job, one provider or one epoch.
const OF_ONE: [&str; 4] = ["epoch", "cost_per_job_", "income_per_provider", "deterrence_"];

/// Beginnings of the names of what depends on how many take part.
const OF_NUMBERS: [&str; 10] = [
    "wait_",
    "jobs_waited",
    "queue_",
    "allocation_gap",
    "deadline_miss_rate",
    "work_",
    "stake_",
    "votes_",
    "marginal_npv",
    "cost_to_pass",
];

/// Names that begin like those and are amounts.
const AMOUNTS: [&str; 3] = ["work_settled", "work_compared", "stake_rewards"];

impl<T> Metric<T> {
    /// How it follows the scale.
    pub fn size(&self) -> Size {
        let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| self.name.starts_with(beginning));
        match self.unit {
            _ if begins(&OF_NUMBERS) && !AMOUNTS.contains(&self.name) => Size::FiniteSize,
            _ if begins(&OF_ONE) => Size::Intensive,
            Unit::Count | Unit::Xpl | Unit::Usd | Unit::GpuSeconds => Size::Extensive,
            _ => Size::Intensive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::table::{METRICS, metric};

    #[test]
    fn counts_scale_prices_do_not_and_waits_are_of_their_scale() {
        let sizes = ["payments", "price_paid_usd", "utilisation", "cost_per_job_usd", "wait_p95", "stake_rewards", "stake_hhi"];
        let expected = [Size::Extensive, Size::Intensive, Size::Intensive, Size::Intensive, Size::FiniteSize];
        let expected = expected.into_iter().chain([Size::Extensive, Size::FiniteSize]);
        assert!(sizes.into_iter().map(|name| metric(name).size()).eq(expected));
        for beginning in OF_ONE.iter().chain(&OF_NUMBERS).chain(&AMOUNTS) {
            assert!(METRICS.iter().any(|metric| metric.name.starts_with(beginning)), "nothing begins with `{beginning}`");
        }
    }
}
