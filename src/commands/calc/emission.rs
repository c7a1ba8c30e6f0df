//! Emission schedules, asked alone.

use super::field::{Amount, Length, Nano, Refusal, Share, at_most, not_zero};
use super::rule::{Rule, rule};
use super::setting::{ScheduleName, Settings};
use plasma_core::formula::decimal::Decimal;
use plasma_core::formula::emission::bonded::{GoalBonded, ideal_stake, ideal_stake_inflation, participation, sqrt_stake};
use plasma_core::formula::emission::control::{Memory, Pid, utilisation};
use plasma_core::formula::emission::filecoin::{Decay, Theta, effective_time, reward, simple};
use plasma_core::formula::emission::{halving, steady};
use plasma_core::formula::schedule::{self, Seen};
use plasma_core::money::{ONE, share_wide, split};

const TOO_LARGE: &str = "the result is too large";
/// Years beyond which no schedule is asked.
const MOST_YEARS: u128 = 10_000;
/// One, in parts of 10^-18.
const QUINTILLION: u128 = 1_000_000_000_000_000_000;

/// What a rate of a base comes to in a year and in a span, both rounded down.
fn minted(base: Nano, rate: u64, span: Length) -> Result<(u128, u128), Refusal> {
    let yearly = share_wide(base.0, rate).ok_or(TOO_LARGE)?;
    Ok((yearly, steady::fixed(yearly, span.0).ok_or(TOO_LARGE)?))
}

/// A share of one in parts of 10^-18.
fn quintillionths(name: &str, share: Decimal) -> Result<u64, Refusal> {
    let parts = u64::try_from(share.0).map_err(|_| Refusal::from(format!("`{name}`: expected a number from 0 to 1")))?;
    at_most(name, parts, QUINTILLION).map_err(|_| Refusal::from(format!("`{name}`: expected a number from 0 to 1")))?;
    Ok(parts)
}

/// Refuses what is no share of one.
fn shares_of_one<const N: usize>(shares: [(&str, Decimal); N]) -> Result<(), Refusal> {
    shares.into_iter().try_for_each(|(name, share)| quintillionths(name, share).map(drop))
}

/// Refuses shares above 100 %.
fn shares<const N: usize>(shares: [(&str, Share); N]) -> Result<(), Refusal> {
    shares.into_iter().try_for_each(|(name, share)| at_most(name, share.0, ONE.into()))
}

/// Refuses a bound that lies above what it bounds.
fn not_above<T: PartialOrd>(low: (&str, T), high: (&str, T)) -> Result<(), Refusal> {
    if low.1 > high.1 { Err(format!("`{}` must not exceed `{}`", low.0, high.0).into()) } else { Ok(()) }
}

/// Of what `pid` remembers, `aim` and `sum` are errors and may be below zero: they are kept as two's complement.
fn is_signed(schedule: u64) -> bool {
    schedule == schedule::number("pid")
}

/// What a schedule is told to remember, as it keeps it.
fn kept(name: &str, told: Option<i128>, signed: bool) -> Result<u64, Refusal> {
    let told = told.unwrap_or(0);
    let kept = if signed { i64::try_from(told).ok().map(|told| told as u64) } else { u64::try_from(told).ok() };
    let range = if signed { "from -2^63 to 2^63 - 1" } else { "below 2^64" };
    kept.ok_or_else(|| format!("`{name}`: expected a whole number {range}, found {told}").into())
}

/// … and as people read it.
fn told(kept: u64, signed: bool) -> i128 {
    if signed { i128::from(kept as i64) } else { i128::from(kept) }
}

/// Nano-XPL beyond what may ever be issued: 10^15 XPL.
const MOST_NANO: u128 = 1_000_000_000_000_000_000_000_000;

/// The schedules.
pub const RULES: &[Rule] = &[
    rule! {
        /// What any schedule mints over a span that begins at a state of the economy, and what it remembers then.
        "emission.schedule" by "The engine's schedules, `emission.schedule`; each names its original in core/src/formula/schedule",
        as in r#"{"schedule": "disinflation", "from": "1y", "to": "2y", "initial": "10000000000 XPL"}"#:
        {
            /// Which.
            schedule: ScheduleName = "name",
            /// Parameters that are not at their defaults.
            params: Option<Settings> = "parameters",
            /// Beginning of the span, since emission started.
            from: Length = "ms",
            /// End of the span, since emission started.
            to: Length = "ms",
            /// Supply at genesis.
            initial: Nano = "nano-XPL",
            /// Supply now; that at genesis if left out, as all that follow are zero.
            supply: Option<Nano> = "nano-XPL",
            /// Supply that can change hands; the supply if left out.
            circulating: Option<Nano> = "nano-XPL",
            /// Minted by emission so far.
            minted: Option<Nano> = "nano-XPL",
            /// At stake.
            staked: Option<Nano> = "nano-XPL",
            /// Paid for work in the span.
            paid: Option<Nano> = "nano-XPL",
            /// Burned in the span.
            burned: Option<Nano> = "nano-XPL",
            /// Class-weighted work settled in the span.
            work: Option<u64> = "milli-GPU-seconds",
            /// What the schedule remembers: what it steers.
            level: Option<u64> = "the schedule's",
            /// What it is steered by; of `pid`, the last error.
            aim: Option<i128> = "the schedule's",
            /// A sum over time; of `pid`, that of errors.
            sum: Option<i128> = "the schedule's",
            /// Steps taken.
            steps: Option<u64> = "steps",
        } -> {
            /// Minted, rounded down.
            minted: u128 = "nano-XPL",
            /// What the schedule remembers then: what it steers.
            level: u64 = "the schedule's",
            /// What it is steered by; of `pid`, the last error.
            aim: i128 = "the schedule's",
            /// A sum over time; of `pid`, that of errors.
            sum: i128 = "the schedule's",
            /// Steps taken.
            steps: u64 = "steps",
        }
        |case| {
            at_most("to", case.to.0, MOST_YEARS * u128::from(plasma_core::time::YEAR))?;
            not_above(("from", case.from.0), ("to", case.to.0))?;
            let mut params = case.params.map_or_else(plasma_core::params::Params::default, |settings| settings.0);
            params.set("emission.schedule", case.schedule.0).and_then(|()| params.check()).map_err(|error| error.to_string())?;
            let supply = case.supply.unwrap_or(case.initial);
            let or_none = |amount: Option<Nano>| amount.map_or(0, |amount| amount.0);
            let seen = Seen {
                from: case.from.0,
                to: case.to.0,
                initial: case.initial.0,
                supply: supply.0,
                circulating: case.circulating.unwrap_or(supply).0,
                minted: or_none(case.minted),
                staked: or_none(case.staked),
                paid: or_none(case.paid),
                burned: or_none(case.burned),
                work: case.work.unwrap_or(0),
            };
            for amount in [seen.initial, seen.supply, seen.circulating, seen.minted, seen.staked, seen.paid, seen.burned] {
                at_most("initial", amount, MOST_NANO).map_err(|_| Refusal::from("no amount exceeds 10^15 XPL"))?;
            }
            not_above(("circulating", seen.circulating), ("supply", seen.supply))?;
            not_above(("staked", seen.staked), ("supply", seen.supply))?;
            let signed = is_signed(case.schedule.0);
            let memory = schedule::Memory {
                level: case.level.unwrap_or(0),
                aim: kept("aim", case.aim, signed)?,
                sum: kept("sum", case.sum, signed)?,
                steps: case.steps.unwrap_or(0),
            };
            // The baseline's clock is turned step by step.
            if memory.level.min(seen.work) / memory.aim.max(1) > 1_000_000 {
                return Err("`aim` is too far behind `level` for a memory of this schedule".into());
            }
            let (minted, memory) = schedule::mint(case.schedule.0, &params, &seen, memory);
            let schedule::Memory { level, aim, sum, steps } = memory;
            Ok(Answer { minted, level, aim: told(aim, signed), sum: told(sum, signed), steps })
        }
    },
    rule! {
        /// The same amount every year, for a part of it: yearly · span ÷ year, rounded down.
        "emission.fixed" by "The engine's `fixed` schedule; a Julian year of 365.25 days (IAU)",
        as in r#"{"yearly": "500000000 XPL", "span": "1d"}"#:
        {
            /// Minted in a year.
            yearly: Nano = "nano-XPL",
            /// Time for which it is minted.
            span: Length = "ms",
        } -> {
            /// Minted in the span.
            minted: u128 = "nano-XPL",
        }
        |case| { Ok(Answer { minted: steady::fixed(case.yearly.0, case.span.0).ok_or(TOO_LARGE)? }) }
    },
    rule! {
        /// A rate that falls by a step each year to a floor: base · max(floor, rate − step · years).
        "emission.disinflation" by "The engine's `disinflation` schedule; XPL's published 5 % falling half a point a year to 3 %",
        as in r#"{"base": "10000000000 XPL", "rate": "5%", "step": "0.5%", "floor": "3%", "years": 2, "span": "1d"}"#:
        {
            /// Supply that the rate is taken of.
            base: Nano = "nano-XPL",
            /// Rate of the first year.
            rate: Share = "parts per billion",
            /// Points by which it falls each year.
            step: Share = "parts per billion",
            /// Rate below which it never falls.
            floor: Share = "parts per billion",
            /// Anniversaries that have passed.
            years: u64 = "years",
            /// Time for which it is minted.
            span: Length = "ms",
        } -> {
            /// Rate of that year.
            rate: u64 = "parts per billion",
            /// Minted in that year.
            yearly: u128 = "nano-XPL",
            /// Minted in the span.
            minted: u128 = "nano-XPL",
        }
        |case| {
            shares([("rate", case.rate), ("step", case.step), ("floor", case.floor)])?;
            not_above(("floor", case.floor.0), ("rate", case.rate.0))?;
            let rate = steady::disinflating_rate(case.rate.0, case.step.0, case.floor.0, case.years);
            let (yearly, minted) = minted(case.base, rate, case.span)?;
            Ok(Answer { rate, yearly, minted })
        }
    },
    rule! {
        /// A rate that loses a share of itself each year, to a floor: rate · (1 − taper)^years, each year rounded down.
        "emission.tapering" by "Solana documentation, Inflation Schedule: 8 %, −15 % a year, 1.5 %",
        as in r#"{"base": "10000000000 XPL", "rate": "8%", "taper": "15%", "floor": "1.5%", "years": 2, "span": "1d"}"#:
        {
            /// Supply that the rate is taken of.
            base: Nano = "nano-XPL",
            /// Rate of the first year.
            rate: Share = "parts per billion",
            /// Share of itself by which it falls each year.
            taper: Share = "parts per billion",
            /// Rate below which it never falls.
            floor: Share = "parts per billion",
            /// Anniversaries that have passed, at most 10000.
            years: u64 = "years",
            /// Time for which it is minted.
            span: Length = "ms",
        } -> {
            /// Rate of that year.
            rate: u64 = "parts per billion",
            /// Minted in that year.
            yearly: u128 = "nano-XPL",
            /// Minted in the span.
            minted: u128 = "nano-XPL",
        }
        |case| {
            at_most("years", case.years, MOST_YEARS)?;
            shares([("rate", case.rate), ("taper", case.taper), ("floor", case.floor)])?;
            not_above(("floor", case.floor.0), ("rate", case.rate.0))?;
            let rate = steady::tapering_rate(case.rate.0, case.taper.0, case.floor.0, case.years);
            let (yearly, minted) = minted(case.base, rate, case.span)?;
            Ok(Answer { rate, yearly, minted })
        }
    },
    rule! {
        /// A yearly amount from a table, and nothing after its last year, as the schedule of that name mints.
        "emission.table" by "A schedule written out, as Render's (RNP-006) is",
        as in r#"{"yearly": [500000000, 400000000, 300000000], "years": 1}"#:
        {
            /// Amounts by year.
            yearly: Vec<u64> = "as in the table",
            /// Anniversaries that have passed.
            years: u64 = "years",
        } -> {
            /// Amount of that year.
            minted: u64 = "as in the table",
        }
        |case| { Ok(Answer { minted: steady::table(&case.yearly, case.years) }) }
    },
    rule! {
        /// Halves by time: initial ÷ 2^⌊number ÷ interval⌋, rounded down, and nothing after 64 halvings.
        "emission.halving" by "Bitcoin Core, validation.cpp, GetBlockSubsidy",
        as in r#"{"initial": 5000000000, "interval": 210000, "number": 840000}"#:
        {
            /// Issued in each of the first periods.
            initial: u64 = "base units",
            /// Periods between two halvings.
            interval: u64 = "periods",
            /// Number of the period asked for (Bitcoin: a block's height).
            number: u64 = "periods",
        } -> {
            /// Issued in that period.
            minted: u64 = "base units",
        }
        |case| {
            not_zero("interval", case.interval)?;
            Ok(Answer { minted: halving::by_time(case.initial, case.interval, case.number) })
        }
    },
    rule! {
        /// Halves by supply: initial ÷ 2^⌊log₂(cap ÷ (cap − issued))⌋, rounded down, and nothing at the cap.
        "emission.halving_by_supply" by "Bittensor subtensor, get_block_emission_for_issuance",
        as in r#"{"initial": 1000000000, "cap": 21000000000000000, "issued": 10500000000000000}"#:
        {
            /// Issued in each of the first periods.
            initial: u64 = "base units",
            /// Supply that is never exceeded.
            cap: u128 = "base units",
            /// Issued so far.
            issued: u128 = "base units",
        } -> {
            /// Issued in the next period.
            minted: u64 = "base units",
        }
        |case| { Ok(Answer { minted: halving::by_supply(case.initial, case.cap, case.issued) }) }
    },
    rule! {
        /// Inflation steered to a share at stake: inflation + (1 − bonded ÷ goal) · change ÷ steps, between least and most.
        "emission.goal_bonded" by "Cosmos SDK, x/mint, NextInflationRate and BlockProvision",
        as in r#"{"inflation": 0.07, "bonded": 0.5, "goal": 0.67, "change": 0.13, "least": 0.07, "most": 0.2, "#
            r#""steps": 6311520, "supply": 1000000000000}"#:
        {
            /// Inflation so far.
            inflation: Decimal = "a year",
            /// Share of the supply at stake.
            bonded: Decimal = "of one",
            /// Share that ought to be at stake.
            goal: Decimal = "of one",
            /// Largest change of inflation in a year.
            change: Decimal = "of one",
            /// Lowest inflation.
            least: Decimal = "a year",
            /// Highest inflation.
            most: Decimal = "a year",
            /// Steps in a year (Cosmos: blocks).
            steps: u64 = "steps",
            /// Supply that inflation is taken of, below 1.7 · 10^20.
            supply: u128 = "base units",
        } -> {
            /// Inflation one step later.
            inflation: Decimal = "a year",
            /// Issued in that step, rounded down.
            minted: u128 = "base units",
        }
        |case| {
            not_zero("steps", case.steps)?;
            let Case { goal, change, most, least, steps, .. } = case;
            shares_of_one([("bonded", case.bonded), ("goal", goal), ("change", change), ("least", least), ("most", most)])?;
            not_above(("least", least), ("most", most))?;
            if case.inflation.0 < 0 {
                return Err("`inflation`: expected a number of at least 0".into());
            }
            let schedule = GoalBonded { goal, change, most, least, steps };
            let inflation = schedule.next(case.inflation, case.bonded).ok_or("the goal is zero, or a result is too large")?;
            let yearly = Decimal::whole(case.supply).and_then(|supply| inflation.times(supply)).ok_or(TOO_LARGE)?;
            Ok(Answer { inflation, minted: schedule.provision(yearly).ok_or("inflation is below zero")? })
        }
    },
    rule! {
        /// Inflation of the next round: up by a change while less than the target is at stake, down by it while more is.
        "emission.participation" by "Livepeer protocol, Minter.sol, setInflation",
        as in r#"{"inflation": 260000, "change": 200, "target": 500000, "bonded": 400, "supply": 1000, "divisor": 1000000}"#:
        {
            /// Inflation so far, a round.
            inflation: u64 = "parts of the divisor",
            /// Change in a round.
            change: u64 = "parts of the divisor",
            /// Share that ought to be at stake.
            target: u64 = "parts of the divisor",
            /// At stake.
            bonded: u128 = "base units",
            /// Supply.
            supply: u128 = "base units",
            /// Parts that make one.
            divisor: u64 = "parts",
        } -> {
            /// Inflation of the next round.
            inflation: u64 = "parts of the divisor",
        }
        |case| {
            not_zero("divisor", case.divisor)?;
            let Case { inflation, change, target, bonded, supply, divisor } = case;
            for (name, parts) in [("inflation", inflation), ("change", change), ("target", target)] {
                not_above((name, parts), ("divisor", divisor))?;
            }
            not_above(("bonded", bonded), ("supply", supply))?;
            Ok(Answer { inflation: participation(inflation, change, target, bonded, supply, divisor) })
        }
    },
    rule! {
        /// Yearly inflation that rises in a line to an ideal stake, and halves with every falloff beyond it.
        "emission.ideal_stake" by "polkadot-sdk, substrate/frame/staking/reward-fn, compute_inflation",
        as in r#"{"stake": 0.6, "ideal": 0.5, "falloff": 0.05, "least": 0.025, "most": 0.1}"#:
        {
            /// Share of the supply at stake.
            stake: Decimal = "of one",
            /// Ideal share.
            ideal: Decimal = "of one",
            /// Distance beyond the ideal in which the adjustment halves, at least 0.01.
            falloff: Decimal = "of one",
            /// Lowest inflation.
            least: Decimal = "a year",
            /// Highest inflation.
            most: Decimal = "a year",
        } -> {
            /// Share of the range between least and most.
            adjustment: Decimal = "of one",
            /// Inflation for those who stake.
            inflation: Decimal = "a year",
        }
        |case| {
            let (stake, ideal) = (quintillionths("stake", case.stake)?, quintillionths("ideal", case.ideal)?);
            let falloff = quintillionths("falloff", case.falloff)?;
            let (least, most) = (quintillionths("least", case.least)?, quintillionths("most", case.most)?);
            not_above(("least", least), ("most", most))?;
            let adjustment = ideal_stake(stake, ideal, falloff).ok_or("a falloff below 0.01 is refused")?;
            let inflation = ideal_stake_inflation(least, most, adjustment);
            Ok(Answer { adjustment: Decimal(adjustment.into()), inflation: Decimal(inflation.into()) })
        }
    },
    rule! {
        /// A validator's base reward: ⌊increment · factor ÷ ⌊√total⌋⌋ for each whole increment of its stake.
        "emission.sqrt_stake" by "Ethereum consensus-specs, Altair, get_base_reward",
        as in r#"{"effective": 32000000000, "increment": 1000000000, "factor": 64, "total": 4096000000000}"#:
        {
            /// Effective stake of the validator.
            effective: u64 = "base units (Ethereum: Gwei)",
            /// Increment in which stake counts.
            increment: u64 = "base units",
            /// Base reward factor.
            factor: u64 = "number",
            /// Stake of all.
            total: u128 = "base units",
        } -> {
            /// Reward of an epoch.
            minted: u128 = "base units",
        }
        |case| {
            not_above(("effective", case.effective.into()), ("total", case.total))?;
            let minted = sqrt_stake(case.effective, case.increment, case.factor, case.total);
            Ok(Answer { minted: minted.ok_or("the increment or the total is zero, or the result is too large")? })
        }
    },
    rule! {
        /// Simple minting in an epoch: total · (e^λ − 1) · e^(−λ · epoch), a half-life of six years of 30-second epochs.
        "emission.filecoin_simple" by "Filecoin specs-actors, reward_logic.go",
        as in r#"{"total": "300000000000000000000000000", "epoch": 1000000}"#:
        {
            /// Issued in all.
            total: u128 = "base units (Filecoin: atto-FIL)",
            /// Number of the epoch.
            epoch: u64 = "epochs",
        } -> {
            /// Issued in that epoch, rounded down.
            minted: u128 = "base units",
        }
        |case| { Ok(Answer { minted: simple(case.total, case.epoch, Decay::MAINNET) }) }
    },
    rule! {
        /// Simple and baseline minting of an epoch together, by effective network time before and after it.
        "emission.filecoin" by "Filecoin specs-actors, reward_logic.go, computeReward",
        as in r#"{"simple_total": "330000000000000000000000000", "baseline_total": "770000000000000000000000000", "#
            r#""epoch": 10, "before": 4, "before_rest": 0, "after": 5, "after_rest": 0}"#:
        {
            /// Simple minting in all.
            simple_total: u128 = "base units (Filecoin: atto-FIL)",
            /// Baseline minting in all.
            baseline_total: u128 = "base units",
            /// Number of the epoch.
            epoch: u64 = "epochs",
            /// Effective network time before it, whole epochs.
            before: u64 = "epochs",
            /// The rest of it.
            before_rest: u128 = "2^-128 epochs",
            /// Effective network time after it, whole epochs.
            after: u64 = "epochs",
            /// The rest of it.
            after_rest: u128 = "2^-128 epochs",
        } -> {
            /// Issued in that epoch, rounded down.
            minted: u128 = "base units",
        }
        |case| {
            let before = Theta { epochs: case.before, rest_q128: case.before_rest };
            let after = Theta { epochs: case.after, rest_q128: case.after_rest };
            if after < before {
                return Err("effective network time does not run backwards".into());
            }
            Ok(Answer { minted: reward(case.simple_total, case.baseline_total, case.epoch, before, after, Decay::MAINNET) })
        }
    },
    rule! {
        /// Effective network time: when the baseline would have accumulated what the network has realised.
        "emission.filecoin_time" by "Filecoin specs-actors, reward_logic.go, computeRTheta",
        as in r#"{"epoch": 1, "baseline_power": 4096, "realised": 3072, "cumulative_baseline": 6144}"#:
        {
            /// First epoch whose cumulative baseline is not below what is realised.
            epoch: u64 = "epochs",
            /// Baseline power in that epoch.
            baseline_power: u128 = "bytes",
            /// Realised power summed over epochs, capped at the baseline.
            realised: u128 = "byte-epochs",
            /// Baseline power summed up to that epoch.
            cumulative_baseline: u128 = "byte-epochs",
        } -> {
            /// Effective network time, whole epochs.
            epochs: u64 = "epochs",
            /// The rest of it.
            rest: u128 = "2^-128 epochs",
        }
        |case| {
            let theta = effective_time(case.epoch, case.baseline_power, case.realised, case.cumulative_baseline);
            let theta = theta.ok_or("there is no baseline, or the time lies outside the epoch before")?;
            Ok(Answer { epochs: theta.epochs, rest: theta.rest_q128 })
        }
    },
    rule! {
        /// Emission by verified paid work against a target: most · min(1, work ÷ target), rounded down.
        "emission.utilisation" by "Plasma",
        as in r#"{"most": "1000000 XPL", "work": 70, "target": 100}"#:
        {
            /// Issued when the target is reached.
            most: Nano = "nano-XPL",
            /// Work verified and paid.
            work: u128 = "any unit",
            /// Work that earns it all.
            target: u128 = "the same unit",
        } -> {
            /// Issued.
            minted: u128 = "nano-XPL",
        }
        |case| { Ok(Answer { minted: utilisation(case.most.0, case.work, case.target) }) }
    },
    rule! {
        /// A step of a PID controller, kp · e + ki · Σe + kd · (e − e′) between bounds, that does not wind up.
        "emission.pid" by "Åström & Hägglund, PID Controllers, 2nd ed., section 3.5",
        as in r#"{"kp": "50%", "ki": "10%", "kd": "25%", "least": 0, "most": "100%", "sum": 400000000, "last": "#
            r#"400000000, "error": 200000000}"#:
        {
            /// Gain of the error.
            kp: Share = "parts per billion",
            /// Gain of its sum.
            ki: Share = "parts per billion",
            /// Gain of its change.
            kd: Share = "parts per billion",
            /// Lowest output.
            least: Share = "parts per billion",
            /// Highest output.
            most: Share = "parts per billion",
            /// Sum of errors so far.
            sum: i64 = "parts per billion",
            /// The last error.
            last: i64 = "parts per billion",
            /// The error now.
            error: i64 = "parts per billion",
        } -> {
            /// Output.
            output: u64 = "parts per billion",
            /// Sum of errors to remember.
            sum: i64 = "parts per billion",
        }
        |case| {
            not_above(("least", case.least.0), ("most", case.most.0))?;
            let pid = Pid { kp: case.kp.0, ki: case.ki.0, kd: case.kd.0, least: case.least.0, most: case.most.0 };
            let (output, memory) = pid.step(Memory { sum: case.sum, last: case.last }, case.error);
            Ok(Answer { output, sum: memory.sum })
        }
    },
    rule! {
        /// The parts of an emission by their weights, to the unit: rounded down, and what is left to the largest remainders.
        "emission.split" by "Hamilton's method (A. Hamilton 1792)",
        as in r#"{"amount": "1000 XPL", "providers": "50%", "stakers": "30%", "treasury": "10%", "builders": "10%"}"#:
        {
            /// To be divided.
            amount: Amount = "nano-XPL",
            /// Weight of those who work.
            providers: Share = "parts per billion",
            /// Weight of those who stake.
            stakers: Share = "parts per billion",
            /// Weight of the treasury.
            treasury: Share = "parts per billion",
            /// Weight of the builders' fund.
            builders: Share = "parts per billion",
        } -> {
            /// Part of those who work.
            providers: u64 = "nano-XPL",
            /// Part of those who stake.
            stakers: u64 = "nano-XPL",
            /// Part of the treasury.
            treasury: u64 = "nano-XPL",
            /// Part of the builders' fund.
            builders: u64 = "nano-XPL",
        }
        |case| {
            let weights = [case.providers.0, case.stakers.0, case.treasury.0, case.builders.0];
            if weights.iter().map(|&weight| u128::from(weight)).sum::<u128>() != u128::from(ONE) {
                return Err("the four weights must sum to 100 %".into());
            }
            let [providers, stakers, treasury, builders] = split(case.amount.0, weights);
            Ok(Answer { providers, stakers, treasury, builders })
        }
    },
];
