//! The pool: Uniswap v2's arithmetic ([`plasma_core::formula::swap`]) on XPL and dollars.

use crate::economy::token::pool_over_depth;
use plasma_core::formula::swap::{amount_in, amount_out};
use plasma_core::money::XPL;

/// What a pool holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Nano-XPL.
    pub xpl: u64,
    /// Micro-USD.
    pub usd: u64,
}

impl Pool {
    /// Micro-USD per XPL, rounded down, at least 1.
    pub fn price(self) -> u64 {
        let price = u128::from(self.usd) * u128::from(XPL) / u128::from(self.xpl.max(1));
        u64::try_from(price).unwrap_or(u64::MAX).max(1)
    }

    /// Micro-USD that move the price by 2 %.
    pub fn depth(self) -> u64 {
        (self.usd as f64 / pool_over_depth()) as u64
    }

    /// Micro-USD to pay for nano-XPL.
    pub fn to_buy(self, nano: u64, fee: u64) -> Option<u64> {
        amount_in(nano.into(), self.usd.into(), self.xpl.into(), fee).and_then(|usd| usd.try_into().ok())
    }

    /// Nano-XPL that micro-USD buy.
    pub fn bought_for(self, usd: u64, fee: u64) -> Option<u64> {
        amount_out(usd.into(), self.usd.into(), self.xpl.into(), fee).and_then(|nano| nano.try_into().ok())
    }

    /// Micro-USD that nano-XPL fetch.
    pub fn for_sale(self, nano: u64, fee: u64) -> Option<u64> {
        amount_out(nano.into(), self.xpl.into(), self.usd.into(), fee).and_then(|usd| usd.try_into().ok())
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

    #[test]
    fn a_trade_is_quoted_on_what_the_pool_held_before_it() {
        let pool = Pool { xpl: 1_000_000 * XPL, usd: 100_000_000_000 };
        assert_eq!(pool.price(), 100_000);
        // 1 ÷ (√1.02 − 1) = 100.498…
        assert_eq!(pool.depth(), 995_049_383);
        let paid = pool.to_buy(10_000 * XPL, 3_000_000).unwrap();
        let after = Pool { xpl: pool.xpl - 10_000 * XPL, usd: pool.usd + paid };
        assert_eq!(after.more_xpl(10_000 * XPL).xpl, pool.xpl);
        // A round trip pays the fee twice.
        let back = after.for_sale(10_000 * XPL, 3_000_000).unwrap();
        assert!(back < paid && back > paid - paid / 100, "{paid} {back}");
        assert!(pool.bought_for(paid, 3_000_000).unwrap() >= 10_000 * XPL);
        assert_eq!(pool.to_buy(pool.xpl, 0), None);
    }
}
