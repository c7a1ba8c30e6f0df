//! Integer money: nano-XPL, exact division, splits to the unit.
//!
//! 1 XPL = 10^9 nano-XPL. Amounts inside records are `u64` (up to 18.4 billion XPL), balances are `u128`. There is no floating
//! point here: every division names its rounding and who keeps the remainder.

/// Nano-XPL in one XPL.
pub const XPL: u64 = 1_000_000_000;

/// One whole as a [ratio](crate::params::Unit::Ratio): ratios are parts per billion.
pub const ONE: u64 = 1_000_000_000;

/// `⌊value · ratio⌋`, with `ratio` in parts per billion; the remainder stays with whoever holds `value`.
///
/// # Panics
/// Never for `ratio ≤ ONE`. A larger ratio whose product exceeds `u64` is a bug and panics.
#[inline]
pub fn share(value: u64, ratio: u64) -> u64 {
    mul_div(value, ratio, ONE)
}

/// `⌊a · b ÷ c⌋`, in 64 bits where they suffice: the wide division costs several times as much.
///
/// # Panics
/// When the result exceeds `u64`, or `c` is zero.
#[inline]
fn mul_div(a: u64, b: u64, c: u64) -> u64 {
    match a.checked_mul(b) {
        Some(product) => product / c,
        None => u64::try_from(u128::from(a) * u128::from(b) / u128::from(c)).expect("the result of a division exceeds u64"),
    }
}

/// `⌊value · ratio⌋` of a balance, with `ratio` in parts per billion; `None` when the product exceeds `u128`.
#[inline]
pub fn share_wide(value: u128, ratio: u64) -> Option<u128> {
    Some(value.checked_mul(u128::from(ratio))? / u128::from(ONE))
}

/// `⌊value · numerator ÷ denominator⌋`, exact however large the product; `None` when the denominator is zero or the result
/// exceeds `u128`.
#[inline]
pub fn mul_div_floor(value: u128, numerator: u128, denominator: u128) -> Option<u128> {
    match value.checked_mul(numerator) {
        Some(product) => product.checked_div(denominator),
        None => mul_div_wide(value, numerator, denominator),
    }
}

/// [`mul_div_floor`] by doubling: with value · (the bits of numerator read so far) = quotient · denominator + rest, each further
/// bit doubles both and adds value once or not at all.
#[cold]
fn mul_div_wide(value: u128, numerator: u128, denominator: u128) -> Option<u128> {
    let (whole, part) = (value.checked_div(denominator)?, value.checked_rem(denominator)?);
    let (mut quotient, mut rest) = (0u128, 0u128);
    let add = |quotient: u128, rest: u128, whole: u128, part: u128| {
        let reaches = rest >= denominator - part;
        let rest = if reaches { rest - (denominator - part) } else { rest + part };
        Some((quotient.checked_add(whole)?.checked_add(u128::from(reaches))?, rest))
    };
    for bit in (0..u128::BITS - numerator.leading_zeros()).rev() {
        (quotient, rest) = add(quotient, rest, quotient, rest)?;
        if numerator >> bit & 1 == 1 {
            (quotient, rest) = add(quotient, rest, whole, part)?;
        }
    }
    Some(quotient)
}

/// `⌈a · b ÷ 1000⌉`, the price of `b` milli-GPU-seconds at `a` nano-XPL per GPU-second, rounded up in the provider's favour.
/// `None` when the result exceeds `u64`.
#[inline]
pub fn price_of(ask: u64, work_mgs: u64) -> Option<u64> {
    // The narrow path matters: a 128-bit division costs more than the rest of a match.
    match ask.checked_mul(work_mgs) {
        Some(product) => Some(product.div_ceil(1000)),
        None => u64::try_from((u128::from(ask) * u128::from(work_mgs)).div_ceil(1000)).ok(),
    }
}

/// Splits `total` in proportion to `weights` so that the parts sum to `total` exactly: each part is rounded down, and the units
/// left over go one each to the largest remainders, ties to the lower index (Hamilton's method, A. Hamilton 1792).
///
/// All parts are zero when all weights are: the caller decides what happens to what cannot be allocated.
pub fn split<const N: usize>(total: u64, weights: [u64; N]) -> [u64; N] {
    let sum: u128 = weights.iter().map(|&w| u128::from(w)).sum();
    let mut parts = [0u64; N];
    if sum == 0 {
        return parts;
    }
    let mut remainders = [0u128; N];
    let mut left = total;
    for i in 0..N {
        let (part, remainder) = match (total.checked_mul(weights[i]), u64::try_from(sum)) {
            (Some(product), Ok(sum)) => (product / sum, u128::from(product % sum)),
            _ => {
                let product = u128::from(total) * u128::from(weights[i]);
                (u64::try_from(product / sum).expect("a part is at most the total"), product % sum)
            }
        };
        parts[i] = part;
        remainders[i] = remainder;
        left -= part;
    }
    while left > 0 {
        let mut best = 0;
        for i in 1..N {
            if remainders[i] > remainders[best] {
                best = i;
            }
        }
        parts[best] += 1;
        remainders[best] = 0;
        left -= 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hamilton_textbook_case() {
        // 100 seats for populations 1 453, 1 442, 105: quotas 48.43, 48.07, 3.5; the last seat goes to the remainder 0.5.
        assert_eq!(split(100, [1453, 1442, 105]), [48, 48, 4]);
    }

    #[test]
    fn nothing_to_allocate_to_allocates_nothing() {
        assert_eq!(split(7, [0, 0]), [0, 0]);
    }

    #[test]
    fn prices_round_up_and_survive_wide_products() {
        assert_eq!(price_of(1, 1), Some(1));
        assert_eq!(price_of(2_000, 1_500), Some(3_000));
        assert_eq!(price_of(u64::MAX, 1000), Some(u64::MAX));
        assert_eq!(price_of(u64::MAX, 1001), None);
    }

    #[test]
    fn wide_products_divide_exactly() {
        assert_eq!(mul_div_floor(u128::MAX, u128::MAX, u128::MAX), Some(u128::MAX));
        assert_eq!(mul_div_floor(u128::MAX, 2, 1), None);
        assert_eq!(mul_div_floor(u128::MAX, 3, 0), None);
        // (2^127 + 1) · 6 ÷ 4 = 3 · 2^126 + 1.5
        assert_eq!(mul_div_floor((1 << 127) + 1, 6, 4), Some((3 << 126) + 1));
    }

    proptest! {
        #[test]
        fn the_wide_division_agrees_with_the_narrow(a in any::<u64>(), b in any::<u64>(), c in 1u128..) {
            let (a, b) = (u128::from(a), u128::from(b));
            prop_assert_eq!(mul_div_wide(a, b, c), Some(a * b / c));
        }

        #[test]
        fn split_sums_and_is_within_one_of_the_quota(total in any::<u64>(), w in any::<[u64; 5]>()) {
            let parts = split(total, w);
            let sum: u128 = w.iter().map(|&x| u128::from(x)).sum();
            prop_assume!(sum > 0);
            prop_assert_eq!(parts.iter().map(|&p| u128::from(p)).sum::<u128>(), u128::from(total));
            for i in 0..5 {
                let floor = u128::from(total) * u128::from(w[i]) / sum;
                prop_assert!(u128::from(parts[i]) == floor || u128::from(parts[i]) == floor + 1);
            }
        }
    }
}
