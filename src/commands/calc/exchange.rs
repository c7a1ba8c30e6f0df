//! The constant-product pool, asked alone.

use super::field::{Share, at_most, not_zero};
use super::rule::{Rule, rule};
use plasma_core::formula::swap;
use plasma_core::money::ONE;

/// The pool's rules.
pub const RULES: &[Rule] = &[
    rule! {
        /// What comes out of a pool for what goes in, rounded down.
        "swap.out" by "Uniswap v2-periphery, UniswapV2Library.getAmountOut",
        as in r#"{"amount_in": 1000000000000000000, "reserve_in": "5000000000000000000", "reserve_out": "#
            r#""10000000000000000000", "fee": "0.3%"}"#:
        {
            /// What goes in.
            amount_in: u128 = "base units",
            /// The pool's reserve of it.
            reserve_in: u128 = "base units",
            /// The pool's reserve of the other.
            reserve_out: u128 = "base units",
            /// Share of what goes in that is the fee.
            fee: Share = "parts per billion",
        } -> {
            /// What comes out.
            amount_out: u128 = "base units",
            /// How far the average price falls short of the pool's, the fee left out, rounded down.
            price_impact: u64 = "parts per billion",
        }
        |case| {
            at_most("fee", case.fee.0, ONE.into())?;
            let Case { amount_in, reserve_in, reserve_out, fee } = case;
            let amount_out = swap::amount_out(amount_in, reserve_in, reserve_out, fee.0);
            let amount_out = amount_out.ok_or("nothing goes in, or a reserve is empty")?;
            let price_impact = swap::price_impact(amount_in, reserve_in, fee.0).ok_or("a reserve is empty")?;
            Ok(Answer { amount_out, price_impact })
        }
    },
    rule! {
        /// What must go into a pool for so much to come out, rounded up.
        "swap.in" by "Uniswap v2-periphery, UniswapV2Library.getAmountIn",
        as in r#"{"amount_out": 1, "reserve_in": 100, "reserve_out": 100, "fee": "0.3%"}"#:
        {
            /// What comes out.
            amount_out: u128 = "base units",
            /// The pool's reserve of what goes in.
            reserve_in: u128 = "base units",
            /// The pool's reserve of what comes out.
            reserve_out: u128 = "base units",
            /// Share of what goes in that is the fee.
            fee: Share = "parts per billion",
        } -> {
            /// What must go in.
            amount_in: u128 = "base units",
        }
        |case| {
            at_most("fee", case.fee.0, u128::from(ONE) - 1)?;
            let amount_in = swap::amount_in(case.amount_out, case.reserve_in, case.reserve_out, case.fee.0);
            let amount_in = amount_in.ok_or("nothing comes out, the reserves do not suffice, or the result is too large")?;
            Ok(Answer { amount_in })
        }
    },
    rule! {
        /// Liquidity for a deposit: √(x · y) less 1000 for the first, the smaller of both proportions afterwards.
        "swap.mint" by "Uniswap v2-core, UniswapV2Pair.mint",
        as in r#"{"x": 1000000000000000000, "y": 4000000000000000000, "reserve_x": 0, "reserve_y": 0, "total": 0}"#:
        {
            /// Deposited of one side.
            x: u128 = "base units",
            /// Deposited of the other.
            y: u128 = "base units",
            /// The pool's reserve of the one.
            reserve_x: u128 = "base units",
            /// The pool's reserve of the other.
            reserve_y: u128 = "base units",
            /// Liquidity there is; none for the first deposit.
            total: u128 = "liquidity",
        } -> {
            /// Liquidity for the deposit.
            liquidity: u128 = "liquidity",
        }
        |case| {
            let liquidity = swap::liquidity_minted(case.x, case.y, case.reserve_x, case.reserve_y, case.total);
            let liquidity = liquidity.ok_or("the deposit is worth no liquidity, a reserve is empty, or it is too large")?;
            Ok(Answer { liquidity })
        }
    },
    rule! {
        /// What liquidity gives back of both sides, rounded down.
        "swap.burn" by "Uniswap v2-core, UniswapV2Pair.burn",
        as in r#"{"liquidity": "2999999999999999000", "reserve_x": "3000000000000000000", "reserve_y": "#
            r#""3000000000000000000", "total": "3000000000000000000"}"#:
        {
            /// Liquidity given up.
            liquidity: u128 = "liquidity",
            /// The pool's reserve of one side.
            reserve_x: u128 = "base units",
            /// The pool's reserve of the other.
            reserve_y: u128 = "base units",
            /// Liquidity there is.
            total: u128 = "liquidity",
        } -> {
            /// Given back of the one.
            x: u128 = "base units",
            /// Given back of the other.
            y: u128 = "base units",
        }
        |case| {
            let back = |reserve| swap::redeemed(case.liquidity, reserve, case.total);
            let (x, y) = back(case.reserve_x).zip(back(case.reserve_y)).ok_or("no liquidity, or more than there is")?;
            Ok(Answer { x, y })
        }
    },
    rule! {
        /// Worth of liquidity against having kept both sides, 2 · √r ÷ (1 + r), when the price is r times what it was.
        "swap.impermanent_loss" by "Pintail 2019, Uniswap: A Good Deal for Liquidity Providers?",
        as in r#"{"ratio": "400%"}"#:
        {
            /// Price over what it was.
            ratio: Share = "parts per billion",
        } -> {
            /// Worth of the liquidity, rounded down.
            value: u64 = "parts per billion",
            /// What is missing to one.
            loss: u64 = "parts per billion",
        }
        |case| {
            not_zero("ratio", case.ratio.0)?;
            let value = swap::value_against_holding(case.ratio.0);
            Ok(Answer { value, loss: ONE - value })
        }
    },
];
