//! A constant-product pool: xpl · usd never falls.
//!
//! > out = ⌊in · (1 − fee) · reserve_out ÷ (reserve_in + in · (1 − fee))⌋
//!
//! as Uniswap v2 (`UniswapV2Library.getAmountOut`), with the fee in parts per billion; what rounding leaves stays in the pool.

use plasma_core::money::{ONE, XPL, mul_div_floor};

/// What a pool holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Nano-XPL.
    pub xpl: u64,
    /// Micro-USD.
    pub usd: u64,
}

/// What comes out for what goes in; `None` when the pool is empty.
fn out(amount: u64, reserve_in: u64, reserve_out: u64, fee: u64) -> Option<u64> {
    let kept = u128::from(amount) * u128::from(ONE - fee);
    let whole = u128::from(reserve_in) * u128::from(ONE) + kept;
    u64::try_from(mul_div_floor(kept, u128::from(reserve_out), whole)?).ok()
}

/// What must go in for so much to come out; `None` when the pool holds no more than that.
fn needed(amount: u64, reserve_in: u64, reserve_out: u64, fee: u64) -> Option<u64> {
    let left = reserve_out.checked_sub(amount).filter(|&left| left > 0)?;
    let without_fee = mul_div_floor(u128::from(reserve_in), u128::from(amount), u128::from(left))?;
    // Two divisions that round down are made good by two units, as getAmountIn does with one division and one unit.
    let with_fee = mul_div_floor(without_fee + 1, u128::from(ONE), u128::from(ONE.checked_sub(fee)?))?;
    u64::try_from(with_fee + 1).ok()
}

impl Pool {
    /// Micro-USD per XPL, rounded down, at least 1.
    pub fn price(self) -> u64 {
        let price = u128::from(self.usd) * u128::from(XPL) / u128::from(self.xpl.max(1));
        u64::try_from(price).unwrap_or(u64::MAX).max(1)
    }

    /// Micro-USD to pay for nano-XPL.
    pub fn to_buy(self, nano: u64, fee: u64) -> Option<u64> {
        needed(nano, self.usd, self.xpl, fee)
    }

    /// Nano-XPL that micro-USD buy.
    pub fn bought_for(self, usd: u64, fee: u64) -> Option<u64> {
        out(usd, self.usd, self.xpl, fee)
    }

    /// Micro-USD that nano-XPL fetch.
    pub fn for_sale(self, nano: u64, fee: u64) -> Option<u64> {
        out(nano, self.xpl, self.usd, fee)
    }

    /// The pool before so many nano-XPL left it.
    pub const fn more_xpl(self, nano: u64) -> Self {
        Self { xpl: self.xpl.saturating_add(nano), ..self }
    }

    /// The pool before so many nano-XPL came to it.
    pub const fn less_xpl(self, nano: u64) -> Self {
        Self { xpl: self.xpl.saturating_sub(nano), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Uniswap v2 core, `test/UniswapV2Pair.spec.ts`, `swapTestCases`: amount in, reserve in, reserve out, amount out; fee 0.3 %.
    /// Divided by 10^9 so that they fit 64 bits, which loses their last nine digits and no more.
    #[test]
    fn swaps_of_uniswap_v2_to_nine_digits_less() {
        let cases = [
            (1, 5, 10, 1_662_497_915u64),
            (1, 10, 5, 453_305_446),
            (2, 5, 10, 2_851_015_155),
            (2, 10, 5, 831_248_957),
            (1, 10, 10, 906_610_893),
            (1, 100, 100, 987_158_034),
            (1, 1_000, 1_000, 996_006_981),
        ];
        for (amount, reserve_in, reserve_out, expected) in cases {
            let got = out(amount * XPL, reserve_in * XPL, reserve_out * XPL, 3_000_000);
            assert_eq!(got, Some(expected), "{amount} into {reserve_in} by {reserve_out}");
        }
    }

    proptest! {
        #[test]
        fn the_product_never_falls_and_a_round_trip_never_gains(
            xpl in 1..1u64 << 60, usd in 1..1u64 << 50, nano in 1..1u64 << 58, fee in 0..500_000_000u64,
        ) {
            let pool = Pool { xpl, usd };
            let product = |pool: Pool| u128::from(pool.xpl) * u128::from(pool.usd);
            if let Some(paid) = pool.to_buy(nano, fee).filter(|&paid| paid < 1 << 60) {
                let after = Pool { xpl: xpl - nano, usd: usd + paid };
                prop_assert!(product(after) >= product(pool));
                prop_assert!(pool.bought_for(paid, fee).unwrap() >= nano);
                prop_assert!(after.for_sale(nano, fee).unwrap() <= paid);
            }
            let fetched = pool.for_sale(nano, fee).unwrap();
            let after = Pool { xpl: xpl + nano, usd: usd - fetched };
            prop_assert!(product(after) >= product(pool));
        }
    }
}
