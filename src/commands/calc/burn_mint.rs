//! Burn and mint in its three real forms, asked alone.

use super::field::{Nano, at_most, not_zero};
use super::rule::{Rule, rule};
use plasma_core::formula::burn_mint;
use plasma_core::formula::decimal::Decimal;
use plasma_core::money::ONE;

/// The forms.
pub const RULES: &[Rule] = &[
    rule! {
        /// Every payment is burned and a schedule minted: what work earns of it, and the price at which supply stands still.
        "burn_mint.schedule" by "Render Network, RNP-001",
        as in r#"{"mint": "5000000 XPL", "work": 3, "total": 10, "burned_micro_usd": 500000000000}"#:
        {
            /// The epoch's scheduled mint.
            mint: Nano = "nano-XPL",
            /// Work of one.
            work: u128 = "any unit",
            /// Work of all.
            total: u128 = "the same unit",
            /// Worth of what customers burn in the epoch.
            burned_micro_usd: u128 = "micro-USD",
        } -> {
            /// Minted to the one, rounded down.
            minted: u128 = "nano-XPL",
            /// Price at which as much is burned as is minted.
            stationary_price: Option<u128> = "micro-USD per XPL",
        }
        |case| {
            at_most("work", case.work, case.total)?;
            let stationary_price = burn_mint::stationary_price(case.burned_micro_usd, case.mint.0);
            Ok(Answer { minted: burn_mint::burn_schedule(case.mint.0, case.work, case.total), stationary_price })
        }
    },
    rule! {
        /// What was burned is minted again up to a cap: scheduled + min(burned, cap).
        "burn_mint.net_emission" by "Helium, HIP 20; helium-program-library, helium-sub-daos",
        as in r#"{"scheduled": "100 XPL", "burned": "15 XPL", "cap": "10 XPL"}"#:
        {
            /// The epoch's schedule.
            scheduled: Nano = "nano-XPL",
            /// Burned in the epoch.
            burned: Nano = "nano-XPL",
            /// Most that is minted again.
            cap: Nano = "nano-XPL",
        } -> {
            /// Minted.
            minted: u128 = "nano-XPL",
        }
        |case| { Ok(Answer { minted: burn_mint::net_emission(case.scheduled.0, case.burned.0, case.cap.0) }) }
    },
    rule! {
        /// A token burned for another at their prices, truncated; credits are minted again before anything is minted anew.
        "burn_mint.vault" by "Akash node, x/bme, prepareToBM",
        as in r#"{"amount": 1000000, "price": "1", "other_price": "3", "credits": 300000}"#:
        {
            /// Burned.
            amount: u128 = "base units",
            /// Price of what is burned.
            price: Decimal = "USD per unit",
            /// Price of what is minted.
            other_price: Decimal = "USD per unit",
            /// Burned before, and not minted again yet.
            credits: u128 = "base units",
        } -> {
            /// Minted in all.
            minted: u128 = "base units",
            /// Of it from credits.
            reminted: u128 = "base units",
            /// Of it anew.
            anew: u128 = "base units",
        }
        |case| {
            let minted = burn_mint::converted(case.amount, case.price, case.other_price);
            let minted = minted.ok_or("a price is not above zero, or the result is less than one unit or too large")?;
            let (reminted, anew) = burn_mint::reminted(minted, case.credits);
            Ok(Answer { minted, reminted, anew })
        }
    },
    rule! {
        /// Worth of the vault over the dollars it owes, rounded down, and how long it waits between two mints where that is low.
        "burn_mint.brake" by "Akash node, x/bme, calculateBlocksDiff",
        as in r#"{"vault": "100 XPL", "price_micro_usd": 50000, "owed_micro_usd": 5300000, "least": 10, "percent": "#
            r#"10, "warn": 9500}"#:
        {
            /// Held by the vault.
            vault: Nano = "nano-XPL",
            /// Price of XPL.
            price_micro_usd: u64 = "micro-USD per XPL",
            /// Owed by the vault.
            owed_micro_usd: u128 = "micro-USD",
            /// Steps between two mints at the warning ratio and above, at most 14400.
            least: u64 = "steps",
            /// How much longer the wait is for each whole thousandth that is missing.
            percent: u64 = "percent",
            /// Warning ratio.
            warn: u64 = "ten-thousandths",
        } -> {
            /// Collateral ratio.
            ratio: u128 = "parts per billion",
            /// Steps to wait.
            wait: u64 = "steps",
        }
        |case| {
            not_zero("owed_micro_usd", case.owed_micro_usd)?;
            at_most("least", case.least, 14_400)?;
            let ratio = burn_mint::collateral_ratio(case.vault.0, case.price_micro_usd, case.owed_micro_usd);
            let ratio = ratio.ok_or("the ratio is too large")?;
            let ten_thousandths = u64::try_from(ratio / 100_000).unwrap_or(u64::MAX);
            Ok(Answer { ratio, wait: burn_mint::braked(case.least, case.percent.saturating_mul(ONE / 100), case.warn, ten_thousandths) })
        }
    },
];
