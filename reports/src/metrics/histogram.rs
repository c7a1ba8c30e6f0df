//! Waiting times in a histogram of bounded error, so that memory does not grow with the number of jobs.
//!
//! Log-linear buckets, as in HdrHistogram (G. Tene, hdrhistogram.org): values below 2^7 are exact, above that each octave is cut
//! into 128 equal buckets, so that a bucket is narrower than 1/128 of its values.

use rkyv::{Archive, Deserialize, Serialize};

/// Bits of a value that a bucket keeps.
const PRECISION: u32 = 7;
/// Buckets of one octave.
const LINEAR: usize = 1 << PRECISION;
/// Buckets for every `u64`.
const BUCKETS: usize = (64 - PRECISION as usize + 1) * LINEAR;

/// No quantile is too high by more than this part of itself, and none is too low.
pub const RELATIVE_ERROR: f64 = 1.0 / LINEAR as f64;

/// Counts of values by bucket.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max: 0 }
    }
}

/// The bucket of a value.
#[inline]
const fn bucket(value: u64) -> usize {
    let octave = 63 - (value | (LINEAR as u64 - 1)).leading_zeros() as usize;
    let shift = (octave + 1).saturating_sub(PRECISION as usize);
    if shift == 0 { value as usize } else { shift * LINEAR + (value >> (shift - 1)) as usize - LINEAR }
}

/// The largest value of a bucket.
const fn upper(bucket: usize) -> u64 {
    let (shift, place) = (bucket / LINEAR, (bucket % LINEAR) as u64);
    if shift == 0 { place } else { ((place + 1 + LINEAR as u64) << (shift - 1)).wrapping_sub(1) }
}

impl Histogram {
    /// Counts one value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.counts[bucket(value)] += 1;
        self.total += 1;
        self.max = self.max.max(value);
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts[..other.used()]) {
            *mine += theirs;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// Buckets up to the greatest value: an epoch of short waits costs little to add and to clear.
    const fn used(&self) -> usize {
        if self.total == 0 { 0 } else { bucket(self.max) + 1 }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        let used = self.used();
        self.counts[..used].fill(0);
        (self.total, self.max) = (0, 0);
    }

    /// How many values were counted.
    pub const fn len(&self) -> u64 {
        self.total
    }

    /// Whether nothing was counted.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Whether it has the buckets that this binary counts in, and as many values in them as it says.
    pub fn is_sound(&self) -> bool {
        self.counts.len() == BUCKETS
            && self.counts[self.used()..].iter().all(|&n| n == 0)
            && self.counts.iter().map(|&n| u128::from(n)).sum::<u128>() == u128::from(self.total)
    }

    /// The nearest-rank quantile: the least value that at least `per_mille`/1000 of all values do not exceed, read from its
    /// bucket's upper end, so at most [`RELATIVE_ERROR`] too high. `None` when nothing was counted.
    pub fn quantile(&self, per_mille: u16) -> Option<u64> {
        let rank = (u128::from(self.total) * u128::from(per_mille)).div_ceil(1000).max(1);
        let mut seen = 0u128;
        let found = self.counts.iter().position(|&count| {
            seen += u128::from(count);
            seen >= rank
        })?;
        Some(upper(found).min(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_are_consecutive_and_cover_every_value() {
        let mut last = None;
        for b in 0..BUCKETS {
            let top = upper(b);
            assert_eq!(bucket(top), b, "upper end {top}");
            if let Some(last) = last {
                assert_eq!(bucket(last + 1), b, "first value after {last}");
            }
            last = Some(top);
        }
        assert_eq!(last, Some(u64::MAX));
    }

    #[test]
    fn small_values_are_exact() {
        let mut histogram = Histogram::default();
        (1..=100).for_each(|value| histogram.record(value));
        assert_eq!([500, 950, 990].map(|q| histogram.quantile(q)), [Some(50), Some(95), Some(99)]);
        assert_eq!(Histogram::default().quantile(500), None);
    }

    proptest! {
        #[test]
        fn quantiles_stay_within_the_stated_error(
            mut values in prop::collection::vec(any::<u64>().prop_map(|v| v >> (v % 64)), 1..300),
            per_mille in 1u16..=1000,
        ) {
            let mut histogram = Histogram::default();
            let mut other = Histogram::default();
            for (i, &value) in values.iter().enumerate() {
                if i % 2 == 0 { histogram.record(value) } else { other.record(value) }
            }
            histogram.merge(&other);
            prop_assert!(histogram.is_sound());
            values.sort_unstable();
            let exact = values[(values.len() * usize::from(per_mille)).div_ceil(1000) - 1];
            let found = histogram.quantile(per_mille).unwrap();
            prop_assert!(found >= exact && (found - exact) as f64 <= RELATIVE_ERROR * exact as f64, "{found} for {exact}");
        }
    }
}
