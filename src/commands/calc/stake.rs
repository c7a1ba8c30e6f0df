//! What stake earns and risks, asked alone: rewards, slashes, vesting, and whether cheating pays.

use super::field::{Amount, Nano, Share, at_most};
use super::rule::{Rule, rule};
use plasma_core::formula::deterrence::{Detection, Stakes, false_positive_loss, least_stake, margin, margin_usd};
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
        /// Whether cheating pays: p · d · (1 − r) · (R + S) − D, below zero where it does; the least stake at which it does not.
        "cheating.margin" by "Becker 1968, Crime and Punishment, with detection thinned by collusion",
        as in r#"{"checked": "5%", "power": "100%", "colluding": "20%", "saved": 900000, "earned": 1000000, "#
            r#""slashed": 21500001}"#:
        {
            /// p: that a result is checked.
            checked: Share = "parts per billion",
            /// d: that a check of a wrong result finds it wrong.
            power: Share = "parts per billion",
            /// r: share of checkers who collude.
            colluding: Share = "parts per billion",
            /// D: what cheating saves.
            saved: Amount = "nano-XPL",
            /// R: what honest work earns.
            earned: Amount = "nano-XPL",
            /// S: what is slashed.
            slashed: Amount = "nano-XPL",
        } -> {
            /// What a cheat loses on average beyond what it saves; its expected loss is rounded down.
            margin: i128 = "nano-XPL",
            /// Least stake that makes cheating not pay; null where cheats are never caught.
            least_stake: Option<u128> = "nano-XPL",
        }
        |case| {
            for (name, share) in [("checked", case.checked), ("power", case.power), ("colluding", case.colluding)] {
                at_most(name, share.0, ONE.into())?;
            }
            let detection = Detection { checked: case.checked.0, power: case.power.0, colluding: case.colluding.0 };
            let stakes = Stakes { saved: case.saved.0, earned: case.earned.0, slashed: case.slashed.0 };
            let least_stake = least_stake(&detection, case.saved.0, case.earned.0);
            Ok(Answer { margin: margin(&detection, &stakes), least_stake })
        }
    },
    rule! {
        /// The margin of cheating in dollars when the price of XPL has changed, which stake and pay follow and what cheating saves
        /// does not; and what a check that errs costs the honest.
        "cheating.margin_usd" by "The same, stake and pay being tokens",
        as in r#"{"checked": "10%", "power": "100%", "colluding": 0, "saved": "1 XPL", "earned": "1 XPL", "slashed": "#
            r#""19 XPL", "price": 100000, "change": "50%", "error": "0.1%"}"#:
        {
            /// p: that a result is checked.
            checked: Share = "parts per billion",
            /// d: that a check of a wrong result finds it wrong.
            power: Share = "parts per billion",
            /// r: share of checkers who collude.
            colluding: Share = "parts per billion",
            /// D: what cheating saves, at the undisturbed price.
            saved: Amount = "nano-XPL",
            /// R: what honest work earns.
            earned: Amount = "nano-XPL",
            /// S: what is slashed.
            slashed: Amount = "nano-XPL",
            /// Undisturbed price of XPL.
            price: u64 = "micro-USD per XPL",
            /// Price now, as a share of it.
            change: Share = "parts per billion",
            /// That a check finds a right result wrong.
            error: Share = "parts per billion",
        } -> {
            /// The margin, rounded towards zero.
            margin: i128 = "micro-USD",
            /// What an honest provider loses on average in a job to checks that err, rounded down.
            false_positive_loss: u128 = "nano-XPL",
        }
        |case| {
            let shares = [("checked", case.checked), ("power", case.power), ("colluding", case.colluding), ("error", case.error)];
            for (name, share) in shares {
                at_most(name, share.0, ONE.into())?;
            }
            let detection = Detection { checked: case.checked.0, power: case.power.0, colluding: case.colluding.0 };
            let stakes = Stakes { saved: case.saved.0, earned: case.earned.0, slashed: case.slashed.0 };
            let margin = margin_usd(&detection, &stakes, case.price, case.change.0);
            Ok(Answer { margin, false_positive_loss: false_positive_loss(&detection, case.error.0, &stakes) })
        }
    },
];
