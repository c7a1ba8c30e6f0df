//! What stake earns and risks, asked alone: rewards, slashes, vesting.

use super::field::{Amount, Nano, Share, at_most};
use super::rule::{Rule, rule};
use super::setting::StakeSlash;
use plasma_core::formula::rewards::{self, Accrual};
use plasma_core::formula::slash::{self, Fraction, Punishment};
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
        /// What a fault takes of earnings held back, and of the bond beside them: all that is due, what they fall short of it, or
        /// nothing; a part of both to who found the fault.
        "slash.rewards" by "The engine's slashes, `slash.rewards` and `slash.stake`; XPL slashes rewards, not stake",
        as in r#"{"held": "300 XPL", "seized": "100%", "stake": "shortfall", "behind": "2000 XPL", "rate": "50%", "#
            r#""bond": "10000 XPL", "finder": "20%"}"#:
        {
            /// Earnings held back.
            held: Amount = "nano-XPL",
            /// Share of them that the fault costs; where they stand in for stake, no more than is due.
            seized: Share = "parts per billion",
            /// Whether the fault costs stake too.
            stake: StakeSlash = "name",
            /// Bond that the GPUs at fault require.
            behind: Amount = "nano-XPL",
            /// Share of it that is due for the fault.
            rate: Share = "parts per billion",
            /// Bond that there is.
            bond: Amount = "nano-XPL",
            /// Share of both for who found the fault.
            finder: Share = "parts per billion",
        } -> {
            /// Burned of the earnings.
            seized_burned: u64 = "nano-XPL",
            /// Of the earnings to who found the fault.
            seized_reward: u64 = "nano-XPL",
            /// Share of the bond that the GPUs at fault require that is left to pay, rounded down.
            rate: u64 = "parts per billion",
            /// Burned of the bond.
            bond_burned: u64 = "nano-XPL",
            /// Of the bond to who found the fault.
            bond_reward: u64 = "nano-XPL",
        }
        |case| {
            for (name, share) in [("seized", case.seized), ("rate", case.rate), ("finder", case.finder)] {
                at_most(name, share.0, ONE.into())?;
            }
            let Punishment { seized, rate } =
                Punishment::of(case.behind.0, case.rate.0, case.held.0, case.seized.0, case.stake.0);
            let (seized_burned, seized_reward) = slash::divide(seized, case.finder.0);
            let bond = u128::from(case.bond.0);
            let cut = slash::own_cut(slash::due(case.behind.0, rate), bond, bond);
            let (bond_burned, bond_reward) = slash::divide(cut, case.finder.0);
            Ok(Answer { seized_burned, seized_reward, rate, bond_burned, bond_reward })
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
];
