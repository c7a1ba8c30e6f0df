//! What stake earns and risks, asked alone: rewards, slashes, vesting, and whether cheating pays.

use super::field::{Amount, Length, Nano, Share, at_most};
use super::rule::{Rule, rule};
use plasma_core::formula::deterrence::{Detection, Stakes, false_positive_loss, least_stake, margin, margin_usd};
use plasma_core::formula::rewards::{self, Accrual};
use plasma_core::formula::slash::{self, Fraction};
use plasma_core::formula::vesting::{Terms, vested};
use plasma_core::money::ONE;
use plasma_core::protocol::emission;

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
        /// A provider's reward for stake: its bond's part, its commission on the rest, and what each delegator may claim of that;
        /// what rounding leaves is carried into the next epoch.
        "reward.delegated" by "F1 fee distribution, Ojha & Goes 2019; Cosmos x/distribution",
        as in r#"{"reward": "300 XPL", "bond": "100000 XPL", "stakes": [200000000000000, 100000000000000], "commission": "10%"}"#:
        {
            /// What bond and delegated stake earned together.
            reward: Amount = "nano-XPL",
            /// The provider's own bond.
            bond: Nano = "nano-XPL",
            /// What each delegator has.
            stakes: Vec<u64> = "nano-XPL",
            /// Share of the delegators' part that the provider keeps.
            commission: Share = "parts per billion",
        } -> {
            /// The bond's part.
            own: u64 = "nano-XPL",
            /// The provider's commission.
            commission: u64 = "nano-XPL",
            /// What each delegator may claim.
            claims: Vec<u64> = "nano-XPL",
            /// What is carried or waits in the claims' decimals, rounded up.
            left: u64 = "nano-XPL",
        }
        |case| {
            at_most("commission", case.commission.0, ONE.into())?;
            let delegated: u128 = case.stakes.iter().map(|&stake| u128::from(stake)).sum();
            at_most("stakes", delegated, u64::MAX.into())?;
            let [own, commission, shared] = rewards::divide(case.reward.0, case.bond.0, delegated as u64, case.commission.0);
            let mut accrual = Accrual::default();
            accrual.share_out(rewards::scaled(shared), delegated as u64);
            let claim = |&stake: &u64| rewards::whole(accrual.earned(stake, 0).unwrap_or(0));
            let claims: Vec<u64> = case.stakes.iter().map(claim).collect();
            Ok(Answer { own, commission, left: shared - claims.iter().sum::<u64>(), claims })
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
            let bond = u128::from(case.bond.0);
            let cut = slash::own_cut(slash::due(case.behind.0, case.rate.0), bond, bond);
            let (burned, reward) = slash::divide(cut, case.finder.0);
            Ok(Answer { burned, reward })
        }
    },
    rule! {
        /// What a fault takes of the stake of others: of each that left since by the fraction that the fault costs the provider's
        /// bond, and of the pool what remains of that fraction of all.
        "slash.delegated" by "Cosmos x/staking, Slash",
        as in r#"{"behind": "2000 XPL", "rate": "50%", "bond": "10000 XPL", "delegators": "100%", "pool": "60000 XPL", "#
            r#""left": [40000000000000]}"#:
        {
            /// Bond that the GPUs at fault require.
            behind: Amount = "nano-XPL",
            /// Share of it that the fault costs.
            rate: Share = "parts per billion",
            /// Bond that there is.
            bond: Nano = "nano-XPL",
            /// Share of the provider's loss that delegators share.
            delegators: Share = "parts per billion",
            /// Stake delegated to the provider.
            pool: Amount = "nano-XPL",
            /// Stake that left since the lease began.
            left: Vec<u64> = "nano-XPL",
        } -> {
            /// What the pool loses.
            pool: u64 = "nano-XPL",
            /// What each that left loses.
            left: Vec<u64> = "nano-XPL",
        }
        |case| {
            at_most("rate", case.rate.0, ONE.into())?;
            at_most("delegators", case.delegators.0, ONE.into())?;
            let due = slash::due(case.behind.0, case.rate.0);
            let fraction = Fraction::of_backing(due, case.bond.0.max(case.behind.0.into()), case.delegators.0);
            let left: Vec<u64> = case.left.iter().map(|&stake| fraction.of_stake(stake)).collect();
            let sum = |stakes: &[u64]| stakes.iter().map(|&stake| u128::from(stake)).sum::<u128>();
            let at_stake = sum(&case.left) + u128::from(case.pool.0);
            Ok(Answer { pool: slash::bonded_cut(fraction, at_stake, sum(&left), case.pool.0), left })
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
