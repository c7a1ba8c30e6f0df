//! What stake earns and risks, asked alone: rewards, slashes, vesting.

use super::field::{Amount, Length, Nano, Share, at_most};
use super::rule::{Rule, rule};
use plasma_core::formula::vesting::{Terms, vested};
use plasma_core::money::ONE;
use plasma_core::protocol::{bond, emission};

/// The rules of stake.
pub const RULES: &[Rule] = &[
    rule! {
        /// A pool shared out by weight, work or bond: ⌊pool · weight ÷ total⌋ each; what rounding leaves stays in the pool.
        "reward.shares" by "The engine's rewards of an epoch",
        as in r#"{"pool": "100 XPL", "weights": [1, 1, 1]}"#:
        {
            /// To be shared out.
            pool: Nano = "nano-XPL",
            /// What each has: work, or a bond.
            weights: Vec<u64> = "any unit",
        } -> {
            /// What each receives.
            rewards: Vec<u64> = "nano-XPL",
            /// What stays in the pool.
            left: u128 = "nano-XPL",
        }
        |case| {
            let total = case.weights.iter().map(|&weight| u128::from(weight)).sum();
            let part = |&weight: &u64| emission::part(case.pool.0, weight.into(), total);
            let rewards: Vec<u64> = case.weights.iter().map(part).collect();
            let paid: u128 = rewards.iter().map(|&reward| u128::from(reward)).sum();
            Ok(Answer { left: case.pool.0 - paid, rewards })
        }
    },
    rule! {
        /// A share of the bond behind the GPUs at fault, no more than the bond holds; a part of it to who found the fault.
        "slash.cut" by "The engine's slashes",
        as in r#"{"behind": "2000 XPL", "rate": "50%", "bond": "10000 XPL", "finder": "20%"}"#:
        {
            /// Bond that the GPUs at fault require.
            behind: Amount = "nano-XPL",
            /// Share of it that the fault costs.
            rate: Share = "parts per billion",
            /// Bond that there is.
            bond: Amount = "nano-XPL",
            /// Share of the slash for who found the fault.
            finder: Share = "parts per billion",
        } -> {
            /// Burned.
            burned: u64 = "nano-XPL",
            /// To who found the fault.
            reward: u64 = "nano-XPL",
        }
        |case| {
            at_most("rate", case.rate.0, ONE.into())?;
            at_most("finder", case.finder.0, ONE.into())?;
            let (burned, reward) = bond::cut(case.behind.0, case.rate.0, case.bond.0, case.finder.0);
            Ok(Answer { burned, reward })
        }
    },
    rule! {
        /// What of a grant is free after a time: nothing to the cliff, a share at it, the rest evenly or in equal steps.
        "vesting" by "OpenZeppelin Contracts, VestingWallet; XPL's team: a third at one year, the rest monthly over two more",
        as in r#"{"total": "2500000000 XPL", "cliff": "1y", "at_cliff": 333333333, "duration": "2y", "steps": 24, "#
            r#""elapsed": "2y"}"#:
        {
            /// The grant.
            total: Nano = "nano-XPL",
            /// From the start to the cliff.
            cliff: Length = "ms",
            /// Share that the cliff frees.
            at_cliff: Share = "parts per billion",
            /// From the cliff to the end.
            duration: Length = "ms",
            /// Equal steps in that time; 0 frees it continuously.
            steps: u32 = "steps",
            /// From the start to the date asked for.
            elapsed: Length = "ms",
        } -> {
            /// Free, rounded down.
            vested: u128 = "nano-XPL",
            /// Not yet free.
            locked: u128 = "nano-XPL",
        }
        |case| {
            at_most("at_cliff", case.at_cliff.0, ONE.into())?;
            let terms = Terms { cliff: case.cliff.0, at_cliff: case.at_cliff.0, duration: case.duration.0, steps: case.steps };
            let vested = vested(case.total.0, &terms, case.elapsed.0);
            Ok(Answer { vested, locked: case.total.0 - vested })
        }
    },
];
