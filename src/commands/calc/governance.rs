//! What is granted and what is voted, asked alone: vesting at a date, and whether a proposal passes.

use super::field::{Moment, Nano, Share, at_most};
use super::rule::{Rule, rule};
use plasma_core::formula::tally::{Bars, Outcome, tally};
use plasma_core::formula::vesting::{MAX_MONTHS, Schedule};
use plasma_core::money::ONE;

/// The rules of grants and votes.
pub const RULES: &[Rule] = &[
    rule! {
        /// What of a grant is free at a date: none before the cliff, then the share of the time that has passed, evenly or in
        /// calendar months; all at once where there is neither an end nor months.
        "vesting" by "OpenZeppelin Contracts, VestingWalletCliff; XPL's team: a third at one year, the rest monthly over two more",
        as in r#"{"total": "2500000000 XPL", "start": "2025-09-25", "cliff": "2026-09-25", "months": 36, "#
            r#""at": "2027-07-28"}"#:
        {
            /// The grant.
            total: Nano = "nano-XPL",
            /// From when it accrues.
            start: Moment = "ms since 1970",
            /// Before which none is free; the start if left out.
            cliff: Option<Moment> = "ms since 1970",
            /// From which on all is; without months, the cliff if left out.
            end: Option<Moment> = "ms since 1970",
            /// Calendar months over which it accrues in equal parts.
            months: Option<u32> = "months",
            /// The date asked for.
            at: Moment = "ms since 1970",
        } -> {
            /// Free, rounded down.
            vested: u128 = "nano-XPL",
            /// Not yet free.
            locked: u128 = "nano-XPL",
        }
        |case| {
            let (start, cliff) = (case.start.0, case.cliff.unwrap_or(case.start).0);
            let schedule = match (case.months.unwrap_or(0), case.end) {
                (0, end) => Schedule { start, cliff, end: end.map_or(cliff, |end| end.0), months: 0 },
                (months, None) => {
                    at_most("months", months, MAX_MONTHS.into())?;
                    Schedule::monthly(start, cliff, months)
                }
                (_, Some(_)) => return Err("months lead to an end of their own: leave one of the two out".into()),
            };
            if !schedule.is_sound() {
                return Err("start, cliff and end must follow one another".into());
            }
            let vested = schedule.vested(case.total.0, case.at.0);
            Ok(Answer { vested, locked: case.total.0 - vested })
        }
    },
    rule! {
        /// Whether a proposal passes: quorum of all power; vetoes not beyond a share of the votes; yes beyond a share of those that
        /// did not abstain.
        "governance.tally" by "Cosmos SDK, x/gov/keeper/tally.go, Tally",
        as in r#"{"yes": 4, "no": 2, "abstain": 0, "veto": 1, "power": 10, "quorum": "33.4%", "threshold": "50%", "bar": "33.4%"}"#:
        {
            /// Power in favour.
            yes: u128 = "any unit",
            /// Power against.
            no: u128 = "the same unit",
            /// Power that abstains.
            abstain: u128 = "the same unit",
            /// Power that vetoes.
            veto: u128 = "the same unit",
            /// Power of all who may vote.
            power: u128 = "the same unit",
            /// Share of the power that must vote.
            quorum: Share = "parts per billion",
            /// Share of the votes but abstentions that yes must exceed.
            threshold: Share = "parts per billion",
            /// Share of the votes beyond which vetoes stop it.
            bar: Share = "parts per billion",
        } -> {
            /// Whether it passes.
            passes: bool = "true or false",
            /// Whether the quorum was reached.
            quorum: bool = "true or false",
            /// Whether it was vetoed.
            vetoed: bool = "true or false",
        }
        |case| {
            for (name, share) in [("quorum", case.quorum.0), ("threshold", case.threshold.0), ("bar", case.bar.0)] {
                at_most(name, share, ONE.into())?;
            }
            let votes = [case.yes, case.no, case.abstain, case.veto];
            let voted = votes.into_iter().try_fold(0u128, u128::checked_add).filter(|&voted| voted <= case.power);
            voted.ok_or_else(|| Refusal::from("more vote than may"))?;
            let bars = Bars { quorum: case.quorum.0, threshold: case.threshold.0, veto: case.bar.0 };
            let outcome = tally(&votes, case.power, bars);
            let quorum = case.power > 0 && outcome != Outcome::NoQuorum;
            Ok(Answer { passes: outcome == Outcome::Passed, quorum, vetoed: outcome == Outcome::Vetoed })
        }
    },
];
