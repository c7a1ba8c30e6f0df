//! Fees, asked alone.

use super::field::{Amount, Share, at_most, not_zero};
use super::rule::{Rule, rule};
use plasma_core::formula::base_fee::{eip1559, excess, fake_exponential};
use plasma_core::money::ONE;
use plasma_core::protocol::settlement::divide;

/// The fees.
pub const RULES: &[Rule] = &[
    rule! {
        /// The next base fee: it moves by at most a denominator-th, in proportion to how far what was used was from the target.
        "fee.eip1559" by "EIP-1559",
        as in r#"{"base_fee": 1000000000, "used": 9000000, "target": 10000000, "denominator": 8}"#:
        {
            /// Base fee so far.
            base_fee: u64 = "base units",
            /// Used in the last block.
            used: u64 = "gas",
            /// Target: the limit over the elasticity, which is 2.
            target: u64 = "gas",
            /// Base fee max change denominator: 8.
            denominator: u64 = "number",
        } -> {
            /// Next base fee.
            base_fee: u64 = "base units",
        }
        |case| {
            not_zero("target", case.target)?;
            not_zero("denominator", case.denominator)?;
            Ok(Answer { base_fee: eip1559(case.base_fee, case.used, case.target, case.denominator) })
        }
    },
    rule! {
        /// The fee at an excess, least · e^(excess ÷ fraction), by the EIP's own Taylor series; and the next excess.
        "fee.eip4844" by "EIP-4844, fake_exponential and calc_excess_blob_gas",
        as in r#"{"excess": 10485760, "used": 524288, "target": 393216, "least": 1, "fraction": 3338477}"#:
        {
            /// Used beyond the target so far.
            excess: u64 = "gas",
            /// Used in this block.
            used: u64 = "gas",
            /// Target of a block.
            target: u64 = "gas",
            /// Lowest fee.
            least: u64 = "base units",
            /// Update fraction.
            fraction: u64 = "gas",
        } -> {
            /// Fee in this block.
            fee: u128 = "base units",
            /// Excess in the next.
            excess: u64 = "gas",
        }
        |case| {
            not_zero("fraction", case.fraction)?;
            let fee = fake_exponential(case.least, case.excess, case.fraction).ok_or("the fee is too large")?;
            let excess = excess(case.excess, case.used, case.target).ok_or("the next excess is too large")?;
            Ok(Answer { fee, excess })
        }
    },
    rule! {
        /// What a payment for work comes to: the fee is rounded down, its parts sum to it by largest remainder.
        "fee.split" by "The engine's settlement",
        as in r#"{"payment": "100 XPL", "rate": "5%", "burn": "50%", "treasury": "20%", "stakers": "30%"}"#:
        {
            /// Paid by the customer.
            payment: Amount = "nano-XPL",
            /// Share of it that is the protocol's fee.
            rate: Share = "parts per billion",
            /// Part of the fee that is burned.
            burn: Share = "parts per billion",
            /// Part of the fee for the treasury.
            treasury: Share = "parts per billion",
            /// Part of the fee for those who stake.
            stakers: Share = "parts per billion",
        } -> {
            /// The provider has.
            provider: u64 = "nano-XPL",
            /// The fee.
            fee: u64 = "nano-XPL",
            /// Burned of it.
            burned: u64 = "nano-XPL",
            /// To the treasury.
            treasury: u64 = "nano-XPL",
            /// To those who stake.
            stakers: u64 = "nano-XPL",
        }
        |case| {
            at_most("rate", case.rate.0, ONE.into())?;
            let weights = [case.burn.0, case.treasury.0, case.stakers.0];
            if weights.iter().map(|&weight| u128::from(weight)).sum::<u128>() != u128::from(ONE) {
                return Err("`burn`, `treasury` and `stakers` must sum to 100 %".into());
            }
            let (provider, [burned, treasury, stakers]) = divide(case.payment.0, case.rate.0, weights);
            Ok(Answer { provider, fee: case.payment.0 - provider, burned, treasury, stakers })
        }
    },
];
