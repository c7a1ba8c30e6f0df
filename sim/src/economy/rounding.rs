//! Shares of whole things: scaled counts and amounts that still sum to what they should.

use crate::scenario::quantity::Scale;

/// Splits `total` in proportion to `weights`: each part is rounded down, and what is left over goes one unit each to the largest
/// remainders, ties to the earlier (Hamilton's method, 1792). All parts are zero when all weights are.
pub fn apportion(total: u128, weights: &[u64]) -> Vec<u128> {
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    // total · weight may exceed 128 bits; whole shares of the sum first, so that only the rest is multiplied.
    let (whole, rest) = (total / sum, total % sum);
    let exact = weights.iter().map(|&weight| (whole * u128::from(weight), rest * u128::from(weight)));
    let (mut parts, remainders): (Vec<u128>, Vec<u128>) =
        exact.map(|(certain, product)| (certain + product / sum, product % sum)).unzip();
    let left = (total - parts.iter().sum::<u128>()) as usize;
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(remainders[i]));
    order.iter().take(left).for_each(|&i| parts[i] += 1);
    parts
}

/// Full-scale counts at a scale. Their sum is the scaled sum, so that many small groups do not vanish together.
pub fn scaled(scale: Scale, counts: &[u64]) -> Vec<u64> {
    let total = scale.of(counts.iter().sum());
    apportion(u128::from(total), counts).into_iter().map(|part| part as u64).collect()
}

#[cfg(test)]
mod tests {
    use super::{apportion, scaled};
    use proptest::prelude::*;

    #[test]
    fn small_groups_do_not_vanish_together() {
        assert_eq!(scaled("1/10".parse().unwrap(), &[4, 4, 4, 4, 4, 30]), [1, 1, 0, 0, 0, 3]);
        assert_eq!(scaled("1/10".parse().unwrap(), &[10, 20]), [1, 2]);
    }

    proptest! {
        #[test]
        fn parts_sum_and_stay_within_one_of_their_quota(total in 0..u128::from(u64::MAX), weights in prop::collection::vec(any::<u32>(), 1..9)) {
            let weights: Vec<u64> = weights.into_iter().map(u64::from).collect();
            let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
            prop_assume!(sum > 0);
            let parts = apportion(total, &weights);
            prop_assert_eq!(parts.iter().sum::<u128>(), total);
            for (part, weight) in parts.iter().zip(&weights) {
                let floor = total * u128::from(*weight) / sum;
                prop_assert!(*part == floor || *part == floor + 1);
            }
        }
    }
}
