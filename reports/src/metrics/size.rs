//! What becomes of a metric when only a fraction of an economy is played.

use serde::Serialize;

/// How a metric follows the scale at which an economy is played. The [table](super::table) says it of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// The same at every scale at which enough take part: prices, shares, yields, what one job, provider or epoch has, and
    /// attackers, whom a scenario names one by one.
    Intensive,
    /// As large as the scale: counts and amounts of the whole economy.
    Extensive,
    /// Of the number of those who take part: waits, misses, concentration. Good only at the scale at which it was seen.
    FiniteSize,
}

/// Providers that an economy must have for intensive metrics to be within 2 % of those of one that is a hundred times as large. With a
/// tenth of them the same work is 4 % dearer: where few are idle, the cheapest of them asks for more.
pub const ENOUGH: u64 = 400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::table::{METRICS, metric};

    #[test]
    fn counts_scale_what_is_of_one_does_not_and_waits_are_of_their_scale() {
        let of = |names: &[&str], size| names.iter().for_each(|name| assert_eq!(metric(name).size, size, "{name}"));
        of(&["payments", "jobs_settled", "stake_rewards", "work_settled", "work_compared", "check_rewards"], Size::Extensive);
        of(&["price_paid_usd", "utilisation", "epoch", "cost_per_job_usd", "income_per_provider"], Size::Intensive);
        of(&["deterrence_usd", "deterrence_avoidable_usd", "false_positive_loss", "attackers_ahead"], Size::Intensive);
        of(&["wait_p95", "jobs_waited", "queue_length", "stake_hhi", "work_nakamoto", "cost_to_pass_usd"], Size::FiniteSize);
    }

    /// By their names: concentration, and how long one waits, are of how many there are.
    #[test]
    fn what_measures_how_few_there_are_says_so() {
        let few = ["_hhi", "_gini", "_nakamoto", "_top10", "_owned", "wait_"];
        let is_few = |name: &str| few.iter().any(|part| name.contains(part));
        METRICS.iter().filter(|m| is_few(m.name)).for_each(|m| assert_eq!(m.size, Size::FiniteSize, "{}", m.name));
    }
}
