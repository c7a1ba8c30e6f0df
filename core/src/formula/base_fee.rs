//! The price of a command: EIP-1559's controller and EIP-4844's exponential.

use ruint::aliases::U256;

/// The next base fee (EIP-1559): it moves by at most a `denominator`-th, in proportion to how far `used` was from `target`, upwards
/// by at least one. A target or denominator of zero leaves it as it is.
///
/// The target is the limit divided by the elasticity, which EIP-1559 sets to 2, and its denominator is 8.
pub fn eip1559(base_fee: u64, used: u64, target: u64, denominator: u64) -> u64 {
    let step = |distance: u64| {
        let product = u128::from(base_fee) * u128::from(distance);
        let step = product.checked_div(u128::from(target)).and_then(|step| step.checked_div(u128::from(denominator)));
        step.map(|step| u64::try_from(step).unwrap_or(u64::MAX))
    };
    if used > target {
        step(used - target).map_or(base_fee, |step| base_fee.saturating_add(step.max(1)))
    } else {
        step(target - used).map_or(base_fee, |step| base_fee.saturating_sub(step))
    }
}

/// factor · e^(numerator ÷ denominator), by the Taylor series of EIP-4844 (`fake_exponential`). `None` when the denominator is zero
/// or the result exceeds `u128`.
pub fn fake_exponential(factor: u64, numerator: u64, denominator: u64) -> Option<u128> {
    let (numerator, denominator) = (U256::from(numerator), U256::from(denominator));
    if denominator == U256::ZERO {
        return None;
    }
    let mut sum = U256::ZERO;
    let mut term = U256::from(factor) * denominator;
    let mut i = 1u64;
    while term > U256::ZERO {
        sum = sum.checked_add(term)?;
        term = term.checked_mul(numerator)? / denominator / U256::from(i);
        i += 1;
    }
    u128::try_from(sum / denominator).ok()
}

/// What was used beyond the target so far (EIP-4844, `calc_excess_blob_gas`, whose integers have no end). `None` when it exceeds
/// `u64`.
pub fn excess(before: u64, used: u64, target: u64) -> Option<u64> {
    u64::try_from((u128::from(before) + u128::from(used)).saturating_sub(target.into())).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// go-ethereum, `consensus/misc/eip4844/eip4844_test.go`, `TestFakeExponential`: factor, numerator, denominator and what comes of
    /// them.
    pub(crate) const EXPONENTIALS: [(u64, u64, u64, u64); 15] = [
        (1, 0, 1, 1),
        (38_493, 0, 1_000, 38_493),
        (0, 1_234, 2_345, 0),
        (1, 2, 1, 6),
        (1, 4, 2, 6),
        (1, 3, 1, 16),
        (1, 6, 2, 18),
        (1, 4, 1, 49),
        (1, 8, 2, 50),
        (10, 8, 2, 542),
        (11, 8, 2, 596),
        (1, 5, 1, 136),
        (1, 5, 2, 11),
        (2, 5, 2, 23),
        (1, 50_000_000, 2_225_652, 5_709_098_764),
    ];

    /// go-ethereum, `consensus/misc/eip1559/eip1559_test.go`, `TestCalcBaseFee`: a limit of 20 million, elasticity 2, denominator 8.
    #[test]
    fn base_fees_are_those_of_go_ethereums_test() {
        let next = |used| eip1559(1_000_000_000, used, 10_000_000, 8);
        assert_eq!([10_000_000, 9_000_000, 11_000_000].map(next), [1_000_000_000, 987_500_000, 1_012_500_000]);
    }

    #[test]
    fn exponentials_are_those_of_go_ethereums_test() {
        for (factor, numerator, denominator, expected) in EXPONENTIALS {
            assert_eq!(fake_exponential(factor, numerator, denominator), Some(expected.into()));
        }
    }

    /// The same file, `TestCalcBlobFee`, and reth's larger cases, with the update fraction of Cancun.
    #[test]
    fn blob_fees_are_those_of_the_clients_tests() {
        let cases = [
            (0, 1),
            (2_314_057, 1),
            (2_314_058, 2),
            (10 * 1024 * 1024, 23),
            (148_099_578, 18_446_739_238_971_471_609),
            (148_099_579, 18_446_744_762_204_311_910),
            (161_087_488, 902_580_055_246_494_526_580),
        ];
        for (excess, fee) in cases {
            assert_eq!(fake_exponential(1, excess, 3_338_477), Some(fee));
        }
        assert_eq!((excess(0, 524_288, 393_216), excess(5, 0, 393_216)), (Some(131_072), Some(0)));
    }

    #[test]
    fn an_excess_is_exact_up_to_the_largest_there_is() {
        assert_eq!(excess(u64::MAX, 10, 10), Some(u64::MAX));
        assert_eq!(excess(7, u64::MAX, u64::MAX), Some(7));
        assert_eq!(excess(u64::MAX, 11, 10), None);
    }

    #[test]
    fn what_cannot_be_computed_is_said() {
        assert_eq!(fake_exponential(1, 1, 0), None);
        assert_eq!(fake_exponential(u64::MAX, u64::MAX, 1), None);
        assert_eq!((eip1559(7, 9, 0, 8), eip1559(7, 9, 1, 0)), (7, 7));
    }

    proptest! {
        #[test]
        fn the_base_fee_moves_towards_what_was_used(fee: u64, used: u64, target in 1u64.., denominator in 1u64..) {
            let next = eip1559(fee, used, target, denominator);
            match used.cmp(&target) {
                std::cmp::Ordering::Greater => prop_assert!(next > fee || fee == u64::MAX),
                std::cmp::Ordering::Less => prop_assert!(next <= fee),
                std::cmp::Ordering::Equal => prop_assert_eq!(next, fee),
            }
        }
    }
}
