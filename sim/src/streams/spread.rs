//! Distributions of sizes, as parameters or as they were observed. Each is drawn by inversion of one uniform number, so that who
//! replaces one by another changes no number that is drawn beside it.

use super::Draw;
use super::sample::Weights;

/// A distribution of numbers above zero.
#[derive(Clone, Debug, PartialEq)]
pub enum Spread {
    /// Log-normal, by its median and the standard deviation of its logarithm.
    LogNormal(f64, f64),
    /// These numbers and no others: the inverse of the empirical distribution function (definition 1 of Hyndman & Fan 1996, "Sample
    /// quantiles in statistical packages", The American Statistician 50, 361–365).
    Steps(Vec<f64>, Weights),
    /// Its quantile function: shares of draws, ascending from 0 to 1, and what they lie under, with straight lines between.
    Lines(Vec<(f64, f64)>),
}

impl Spread {
    /// Numbers with their weights, of which at least one is above zero.
    pub fn steps(numbers: &[(f64, f64)]) -> Self {
        Self::Steps(numbers.iter().map(|&(number, _)| number).collect(), Weights::new(numbers.iter().map(|&(_, weight)| weight)))
    }
}

impl Draw {
    /// A number of a distribution.
    pub fn spread(&mut self, spread: &Spread) -> f64 {
        match spread {
            Spread::LogNormal(median, sigma) => self.log_normal(*median, *sigma),
            Spread::Steps(numbers, weights) => numbers.get(weights.at(self.uniform())).copied().unwrap_or(1.0),
            Spread::Lines(points) => {
                let u = self.uniform();
                let after = points.partition_point(|&(share, _)| share <= u).min(points.len().saturating_sub(1));
                let before = after.saturating_sub(1);
                let Some((&(from, low), &(to, high))) = points.get(before).zip(points.get(after)) else { return 1.0 };
                if to > from { low + (high - low) * ((u - from) / (to - from)) } else { high }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Purpose, Streams};

    const DRAWS: usize = 200_000;

    /// Many draws, in order.
    fn drawn(spread: &Spread) -> Vec<f64> {
        let streams = Streams::new(3, 0, Purpose::Candidate);
        let mut all: Vec<f64> = (0..DRAWS as u64).map(|index| streams.draw(1, index).spread(spread)).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    fn mean(numbers: &[f64]) -> f64 {
        numbers.iter().sum::<f64>() / numbers.len() as f64
    }

    #[test]
    fn numbers_come_as_often_as_their_weights_say_and_no_others_come() {
        let table = [(2.0, 1.0), (5.0, 0.0), (10.0, 6.0), (100.0, 3.0)];
        let all = drawn(&Spread::steps(&table));
        for (number, weight) in table {
            // Four standard errors of a share.
            let (share, found) = (weight / 10.0, all.iter().filter(|&&drawn| drawn == number).count() as f64 / DRAWS as f64);
            assert!((found - share).abs() <= 4.0 * libm::sqrt(share * (1.0 - share) / DRAWS as f64), "{number}: {found}");
        }
        // Mean 36.2, standard deviation 41.8.
        assert!((mean(&all) - 36.2).abs() < 4.0 * 41.8 / libm::sqrt(DRAWS as f64));
        assert!(all.iter().all(|drawn| table.iter().any(|(number, weight)| drawn == number && *weight > 0.0)));
    }

    #[test]
    fn quantiles_of_a_long_sample_are_those_of_the_table_and_of_the_lines_between() {
        let points = vec![(0.0, 10.0), (0.5, 100.0), (0.9, 1_000.0), (1.0, 5_000.0)];
        let all = drawn(&Spread::Lines(points));
        let at = |share: f64| all[(share * DRAWS as f64) as usize];
        // The slope at each times four standard errors of a share.
        for (share, quantile, slope) in
            [(0.25, 55.0, 180.0), (0.5, 100.0, 2_250.0), (0.7, 550.0, 2_250.0), (0.95, 3_000.0, 40_000.0)]
        {
            let error = 4.0 * slope * libm::sqrt(share * (1.0 - share) / DRAWS as f64);
            assert!((at(share) - quantile).abs() < error, "{share}: {} against {quantile}", at(share));
        }
        assert!(all[0] >= 10.0 && all[DRAWS - 1] <= 5_000.0);
        // Half the way of each line: 0.5 · 55 + 0.4 · 550 + 0.1 · 3,000 = 547.5; the standard deviation is 985.
        assert!((mean(&all) - 547.5).abs() < 4.0 * 985.0 / libm::sqrt(DRAWS as f64), "{}", mean(&all));
    }

    #[test]
    fn every_distribution_takes_one_number() {
        let streams = Streams::new(3, 0, Purpose::Candidate);
        let next = |spread: &Spread| {
            let mut draw = streams.draw(1, 1);
            draw.spread(spread);
            draw.bits()
        };
        let all = [Spread::LogNormal(5.0, 1.0), Spread::steps(&[(1.0, 1.0)]), Spread::Lines(vec![(0.0, 1.0), (1.0, 2.0)])];
        assert_eq!(next(&all[0]), next(&all[1]));
        assert_eq!(next(&all[0]), next(&all[2]));
    }
}
