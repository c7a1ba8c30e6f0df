//! Bursts of demand: for a while many more candidates come than usual, and nobody knows when.
//!
//! Quiet times are exponential and bursts last a fixed time, one after the other: an alternating renewal process (Cox 1962, "Renewal
//! Theory", ch. 7), which modulates the Poisson process of candidates. When they are depends on the seed and the group's name alone,
//! so that paired runs have the same.

use crate::scenario::model::demand::Bursting;
use crate::streams::Streams;
use plasma_core::time::{Span, Time};

/// When one group's bursts are.
#[derive(Clone, Debug, PartialEq)]
pub struct Bursts {
    /// Their beginnings, in order; none begins while another lasts.
    starts: Vec<Time>,
    lasts: Span,
    /// Candidates in one, relative to what they would be.
    factor: f64,
}

impl Bursts {
    /// Those of a group whose numbers are at `stream`, over `horizon` from `genesis` on.
    pub(super) fn new(terms: &Bursting, stream: u64, streams: &Streams, (genesis, horizon): (Time, Span)) -> Self {
        let end = genesis.saturating_add(horizon);
        let quiet = |number| streams.draw(stream, number).exponential(terms.every.0 as f64) as Span;
        let (mut starts, mut calm_since) = (Vec::new(), genesis);
        for number in 0.. {
            let start = calm_since.saturating_add(quiet(number));
            if start >= end {
                break;
            }
            starts.push(start);
            calm_since = start.saturating_add(terms.lasts.0);
        }
        Self { starts, lasts: terms.lasts.0, factor: 1.0 + terms.more.fraction() }
    }

    /// Candidates at a time, relative to what they would be without bursts.
    pub fn factor(&self, now: Time) -> f64 {
        let begun = self.starts.partition_point(|&start| start <= now);
        let last = begun.checked_sub(1).map(|last| self.starts[last]);
        if last.is_some_and(|start| now - start < self.lasts) { self.factor } else { 1.0 }
    }

    /// The most that [`Bursts::factor`] ever is.
    pub const fn peak(&self) -> f64 {
        self.factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::quantity::{Ratio, SpanMs};
    use crate::streams::Purpose;
    use plasma_core::time::{DAY, HOUR, YEAR};

    const GENESIS: Time = 1_758_758_400_000;

    fn bursts(seed: u64) -> Bursts {
        let terms = Bursting { every: SpanMs(10 * DAY), lasts: SpanMs(12 * HOUR), more: Ratio::ONE };
        Bursts::new(&terms, 7, &Streams::new(seed, 0, Purpose::Burst), (GENESIS, 100 * YEAR))
    }

    #[test]
    fn they_come_as_often_and_last_as_long_as_was_said() {
        let bursts = bursts(3);
        // A burst and the quiet before it are 10.5 days in the mean; the standard error of 3,479 of them is 1.6 %.
        let expected = 100.0 * 365.25 / 10.5;
        assert!((bursts.starts.len() as f64 / expected - 1.0).abs() < 0.05, "{} of {expected}", bursts.starts.len());
        assert!(bursts.starts.windows(2).all(|pair| pair[0] + bursts.lasts <= pair[1]), "one at a time");
        let first = bursts.starts[0];
        let seen = [first - 1, first, first + 12 * HOUR - 1, first + 12 * HOUR].map(|now| bursts.factor(now));
        assert_eq!(seen, [1.0, 2.0, 2.0, 1.0]);
        assert_eq!(bursts.peak(), 2.0);
    }

    #[test]
    fn the_seed_says_when() {
        assert_eq!(bursts(3), bursts(3));
        assert_ne!(bursts(3).starts, bursts(4).starts);
    }
}
