//! What is measured, asked alone: concentration and queues.

use super::field::{Refusal, at_most};
use super::rule::{Rule, rule};
use plasma_reports::metrics::concentration::Concentration;
use plasma_reports::ratio::Ratio;
use plasma_sim::queueing::{MOST_SERVERS, Queue};

fn concentration(mut holdings: Vec<u64>) -> Result<Concentration, Refusal> {
    Concentration::of(&mut holdings).ok_or_else(|| "nobody holds anything".into())
}

/// Numerator, denominator, and the number they come to.
fn parts(ratio: Ratio) -> (i128, u128, f64) {
    let (numerator, denominator) = ratio.parts();
    (numerator, denominator, ratio.to_f64())
}

/// The measures.
pub const RULES: &[Rule] = &[
    rule! {
        /// Gini coefficient: Σ (2i − n − 1) xᵢ ÷ (n Σ xᵢ) over the xᵢ in rising order, i from 1.
        "gini" by "C. Gini 1912; Sen 1973, On Economic Inequality, p. 31",
        as in r#"{"holdings": [5, 3, 1, 4, 2]}"#:
        {
            /// What each holds; those who hold nothing count.
            holdings: Vec<u64> = "any unit",
        } -> {
            /// Numerator.
            numerator: i128 = "number",
            /// Denominator.
            denominator: u128 = "number",
            /// The coefficient, in [0, 1).
            gini: f64 = "of one",
        }
        |case| {
            let (numerator, denominator, gini) = parts(concentration(case.holdings)?.gini);
            Ok(Answer { numerator, denominator, gini })
        }
    },
    rule! {
        /// Herfindahl–Hirschman index: Σ xᵢ² ÷ (Σ xᵢ)².
        "hhi" by "O. C. Herfindahl 1950; A. O. Hirschman 1945",
        as in r#"{"holdings": [30, 30, 20, 20]}"#:
        {
            /// What each holds.
            holdings: Vec<u64> = "any unit",
        } -> {
            /// Numerator.
            numerator: i128 = "number",
            /// Denominator.
            denominator: u128 = "number",
            /// The index, in (0, 1]; antitrust practice multiplies it by 10000.
            hhi: f64 = "of one",
        }
        |case| {
            let (numerator, denominator, hhi) = parts(concentration(case.holdings)?.hhi);
            Ok(Answer { numerator, denominator, hhi })
        }
    },
    rule! {
        /// Nakamoto coefficient: least number of holders who together have more than half.
        "nakamoto" by "B. Srinivasan & L. Lee 2017, Quantifying Decentralization",
        as in r#"{"holdings": [50, 30, 20]}"#:
        {
            /// What each holds.
            holdings: Vec<u64> = "any unit",
        } -> {
            /// The number.
            nakamoto: u64 = "holders",
        }
        |case| { Ok(Answer { nakamoto: concentration(case.holdings)?.nakamoto }) }
    },
    rule! {
        /// Erlang C: who waits, and how long, in one queue before equal servers with Poisson arrivals and exponential service.
        "erlang_c" by "A. K. Erlang 1917; Cooper, Introduction to Queueing Theory, 2nd ed., sections 3.3 and 3.4",
        as in r#"{"servers": 10, "arrivals": 8, "service": 1, "shares": [0.5, 0.9, 0.99]}"#:
        {
            /// Servers, at most 10000000.
            servers: u32 = "number",
            /// Arrivals.
            arrivals: f64 = "per unit of time",
            /// Mean time of service.
            service: f64 = "units of time",
            /// Shares of all whose waits are asked for, each below 1.
            shares: Option<Vec<f64>> = "of one",
        } -> {
            /// Share of the time that a server is busy.
            load: f64 = "of one",
            /// Probability to wait.
            waits: f64 = "of one",
            /// Mean wait of all.
            mean_wait: f64 = "units of time",
            /// Waits that the shares do not exceed.
            percentiles: Vec<f64> = "units of time",
        }
        |case| {
            at_most("servers", case.servers, MOST_SERVERS.into())?;
            let queue = Queue::new(case.servers, case.arrivals, case.service);
            let queue = queue.ok_or("the queue grows without end: arrivals · service must be less than servers")?;
            let shares = case.shares.unwrap_or_default();
            let percentiles: Option<Vec<f64>> = shares.into_iter().map(|share| queue.percentile(share)).collect();
            let percentiles = percentiles.ok_or("`shares`: expected numbers of at least 0 and below 1")?;
            Ok(Answer { load: queue.load(), waits: queue.waits(), mean_wait: queue.mean_wait(), percentiles })
        }
    },
];
