//! A constant-product pool: x · y never falls (Uniswap v2). The fee is in parts per billion, so that 0.3 % is 3,000,000.

use crate::money::{ONE, mul_div_floor};
use ruint::aliases::U512;

/// Units of liquidity that the first provider leaves in the pool for ever (`MINIMUM_LIQUIDITY`).
pub const MINIMUM_LIQUIDITY: u128 = 1_000;

/// What comes out for what goes in, rounded down (`UniswapV2Library.getAmountOut`). `None` when nothing goes in, a side is empty, or
/// the fee is more than everything.
pub fn amount_out(amount_in: u128, reserve_in: u128, reserve_out: u128, fee: u64) -> Option<u128> {
    if amount_in == 0 || reserve_in == 0 || reserve_out == 0 {
        return None;
    }
    let kept = U512::from(amount_in) * U512::from(ONE.checked_sub(fee)?);
    let out = kept * U512::from(reserve_out) / (U512::from(reserve_in) * U512::from(ONE) + kept);
    u128::try_from(out).ok()
}

/// What must go in for so much to come out, rounded up (`UniswapV2Library.getAmountIn`). `None` when nothing comes out, the pool
/// holds no more than that, or the result is too large.
pub fn amount_in(amount_out: u128, reserve_in: u128, reserve_out: u128, fee: u64) -> Option<u128> {
    if amount_out == 0 || reserve_in == 0 {
        return None;
    }
    let left = reserve_out.checked_sub(amount_out).filter(|&left| left > 0)?;
    let kept = ONE.checked_sub(fee).filter(|&kept| kept > 0)?;
    let numerator = U512::from(reserve_in) * U512::from(amount_out) * U512::from(ONE);
    u128::try_from(numerator / (U512::from(left) * U512::from(kept)) + U512::from(1u8)).ok()
}

/// Liquidity for a deposit into a pool of `total` units: √(x · y) less [`MINIMUM_LIQUIDITY`] for the first one, the smaller of both
/// proportions afterwards, rounded down (`UniswapV2Pair.mint`). `None` when it would be nothing.
pub fn liquidity_minted(x: u128, y: u128, reserve_x: u128, reserve_y: u128, total: u128) -> Option<u128> {
    let minted = if total == 0 {
        let product = U512::from(x) * U512::from(y);
        u128::try_from(isqrt(product)).ok()?.checked_sub(MINIMUM_LIQUIDITY)?
    } else {
        mul_div_floor(x, total, reserve_x)?.min(mul_div_floor(y, total, reserve_y)?)
    };
    (minted > 0).then_some(minted)
}

/// What so many of the `total` units of liquidity give back of a reserve, rounded down (`UniswapV2Pair.burn`). `None` when there are
/// no more than nothing of them, or more than there are.
pub fn redeemed(liquidity: u128, reserve: u128, total: u128) -> Option<u128> {
    if liquidity == 0 || liquidity > total { None } else { mul_div_floor(liquidity, reserve, total) }
}

/// How far the average price of a swap falls short of the pool's price before it, the fee left out, in parts per billion, rounded
/// down: kept ÷ (reserve + kept), where `kept` is what goes in less the fee (Uniswap v2-sdk, `Trade.priceImpact`, less the fee).
pub fn price_impact(amount_in: u128, reserve_in: u128, fee: u64) -> Option<u64> {
    let kept = U512::from(amount_in) * U512::from(ONE.checked_sub(fee)?);
    let impact = (kept * U512::from(ONE)).checked_div(U512::from(reserve_in) * U512::from(ONE) + kept)?;
    u64::try_from(impact).ok()
}

/// Value of a provider's share against having kept both sides, in parts per billion, when the price has become `ratio` billionths of
/// what it was: 2 · √r ÷ (1 + r), rounded down. What is missing to one billion is the impermanent loss.
pub fn value_against_holding(ratio: u64) -> u64 {
    // √(r · 10^27) is √(r ÷ 10^9) in parts of 10^-18, and over 1 + r in billionths, in parts of 10^-9.
    const E27: u128 = 1_000_000_000_000_000_000_000_000_000;
    let root = isqrt(U512::from(ratio) * U512::from(E27));
    let value = root * U512::from(2u8) / (U512::from(ONE) + U512::from(ratio));
    u64::try_from(value).unwrap_or(ONE).min(ONE)
}

/// ⌊√n⌋ by Newton's method from above.
fn isqrt(n: U512) -> U512 {
    let mut root = U512::from(1u8) << n.bit_len().div_ceil(2);
    loop {
        let next = (root + n.checked_div(root).unwrap_or_default()) >> 1usize;
        if next >= root {
            return root;
        }
        root = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FEE: u64 = 3_000_000;
    const E18: u128 = 1_000_000_000_000_000_000;

    /// Uniswap v2-core, `test/UniswapV2Pair.spec.ts`, `swapTestCases`.
    #[test]
    fn swaps_are_those_of_uniswap_v2() {
        let cases = [
            (1, 5, 10, 1_662_497_915_624_478_906u128),
            (1, 10, 5, 453_305_446_940_074_565),
            (2, 5, 10, 2_851_015_155_847_869_602),
            (2, 10, 5, 831_248_957_812_239_453),
            (1, 10, 10, 906_610_893_880_149_131),
            (1, 100, 100, 987_158_034_397_061_298),
            (1, 1_000, 1_000, 996_006_981_039_903_216),
        ];
        for (amount, reserve_in, reserve_out, expected) in cases {
            assert_eq!(amount_out(amount * E18, reserve_in * E18, reserve_out * E18, FEE), Some(expected));
        }
    }

    /// Uniswap v2-periphery, `test/UniswapV2Router02.spec.ts`, `getAmountOut` and `getAmountIn`, what they refuse included.
    #[test]
    fn the_routers_quotes_are_those_of_its_test() {
        assert_eq!((amount_out(2, 100, 100, FEE), amount_in(1, 100, 100, FEE)), (Some(1), Some(2)));
        let refused = [amount_out(0, 100, 100, FEE), amount_out(2, 0, 100, FEE), amount_out(2, 100, 0, FEE)];
        assert_eq!(refused, [None; 3]);
        assert_eq!([amount_in(0, 100, 100, FEE), amount_in(1, 0, 100, FEE), amount_in(1, 100, 0, FEE)], [None; 3]);
    }

    /// Uniswap v2-core, the same file, `mint`: 1 and 4 units of 10^18 give 2 · 10^18 less the minimum.
    #[test]
    fn the_first_liquidity_is_the_geometric_mean() {
        assert_eq!(liquidity_minted(E18, 4 * E18, 0, 0, 0), Some(2 * E18 - MINIMUM_LIQUIDITY));
        assert_eq!(liquidity_minted(E18, 4 * E18, E18, 4 * E18, 2 * E18), Some(2 * E18));
        assert_eq!((liquidity_minted(1, 1, 0, 0, 0), liquidity_minted(0, 5, 10, 10, 10)), (None, None));
    }

    /// Uniswap v2-core, the same file, `burn`: all but the minimum of 3 · 10^18 of each side give back all but 1,000 of each.
    #[test]
    fn liquidity_gives_back_its_part_of_both_sides() {
        let total = 3 * E18;
        assert_eq!(redeemed(total - MINIMUM_LIQUIDITY, 3 * E18, total), Some(3 * E18 - 1_000));
        assert_eq!((redeemed(0, E18, total), redeemed(total + 1, E18, total)), (None, None));
    }

    #[test]
    fn a_swap_of_a_tenth_of_the_pool_moves_the_average_price_by_an_eleventh() {
        assert_eq!(price_impact(E18, 10 * E18, 0), Some(ONE / 11));
        // 0.997 ÷ 10.997 with the fee kept out.
        assert_eq!(price_impact(E18, 10 * E18, FEE), Some(90_661_089));
        assert_eq!((price_impact(1, 0, 0), price_impact(0, 0, 0), price_impact(1, 1, ONE + 1)), (Some(ONE), None, None));
    }

    /// Pintail, "Uniswap: A Good Deal for Liquidity Providers?" (2019): 1.25x costs 0.6 %, 1.5x 2.0 %, 2x 5.7 %, 4x 20.0 %, 5x 25.5 %.
    #[test]
    fn impermanent_losses_are_the_published_ones() {
        let lost = |ratio: u64| (ONE - value_against_holding(ratio)) / 1_000_000;
        let ratios = [ONE, ONE * 5 / 4, ONE * 3 / 2, 2 * ONE, 4 * ONE, 5 * ONE];
        assert_eq!(ratios.map(lost), [0, 6, 20, 57, 200, 254]);
        assert_eq!((value_against_holding(0), value_against_holding(ONE / 4)), (0, 800_000_000));
    }

    proptest! {
        #[test]
        fn the_root_is_the_integer_one(n: u128) {
            prop_assert_eq!(isqrt(U512::from(n)), U512::from(n.isqrt()));
        }

        #[test]
        fn the_product_never_falls_and_what_is_paid_suffices(
            x in 1..1u128 << 100, y in 1..1u128 << 100, amount in 1..1u128 << 90, fee in 0..ONE,
        ) {
            let product = |x: u128, y: u128| U512::from(x) * U512::from(y);
            let out = amount_out(amount, x, y, fee).unwrap();
            prop_assert!(product(x + amount, y - out) >= product(x, y));
            if let Some(paid) = amount_in(amount, x, y, fee) {
                prop_assert!(amount_out(paid, x, y, fee).is_some_and(|out| out >= amount));
            }
        }
    }
}
