//! Whether cheating pays, asked alone: for providers, for checkers that copy, and what being honest costs where checks err.

use super::field::{Amount, Share, at_most};
use super::rule::{Rule, rule};
use plasma_core::formula::deterrence::{
    Chance, Detection, Planting, Stakes, freivalds_power, least_stake, margin, margin_usd, margins_usd,
};
use plasma_core::money::{ONE, share};

const MOST_SEATS: &str = "`panel`: expected at most 15";

/// The rules of deterrence.
pub const RULES: &[Rule] = &[
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
            /// What a cheat loses on average beyond what it saves, rounded down.
            margin: i128 = "nano-XPL",
            /// Least stake that makes cheating not pay; null where cheats are never caught.
            least_stake: Option<u128> = "nano-XPL",
        }
        |case| {
            for (name, share) in [("checked", case.checked), ("power", case.power), ("colluding", case.colluding)] {
                at_most(name, share.0, ONE.into())?;
            }
            let (checked, power, colluding) = (case.checked.0, case.power.0, case.colluding.0);
            let caught = Detection { checked, power, colluding, ..Detection::default() }.caught().ok_or(MOST_SEATS)?;
            let stakes = Stakes { saved: case.saved.0, earned: case.earned.0, slashed: case.slashed.0 };
            let least_stake = least_stake(&caught, case.saved.0, case.earned.0);
            Ok(Answer { margin: margin(&caught, &stakes), least_stake })
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
            let (checked, power, colluding, error) = (case.checked.0, case.power.0, case.colluding.0, case.error.0);
            let detection = Detection { checked, power, colluding, error, panel: 0 };
            let stakes = Stakes { saved: case.saved.0, earned: case.earned.0, slashed: case.slashed.0 };
            let margin = margin_usd(&detection.caught().ok_or(MOST_SEATS)?, &stakes, case.price, case.change.0);
            let misjudged = detection.misjudged().ok_or(MOST_SEATS)?;
            Ok(Answer { margin: margin.ok_or("the margin is too large")?, false_positive_loss: misjudged.of(stakes.at_risk()) })
        }
    },
    rule! {
        /// The margin of cheating in dollars, now, at half and at a tenth of the price, where a panel decides on every mismatch and part
        /// of the earnings held back is seized; and who pays for checks. It pays where a margin is below zero.
        "cheating.scheme" by "The same, detection and errors thinned by a majority (Condorcet 1785); Truebit's forced errors apart",
        as in r#"{"checked": "5%", "power": "100%", "colluding": "20%", "panel": 3, "error": "0.1%", "saved": "0.9 XPL", "#
            r#""earned": "1 XPL", "stake": "22 XPL", "held": "4 XPL", "seized": "100%", "reward": "0.5 XPL", "deposit": "100 XPL", "#
            r#""price": 100000}"#:
        {
            /// p: that a result is checked.
            checked: Share = "parts per billion",
            /// d: that a check of a wrong result finds it wrong.
            power: Share = "parts per billion",
            /// r: share of checkers who collude, on panels too.
            colluding: Share = "parts per billion",
            /// Providers that decide on a mismatch, an odd number up to 15; 0 where the first verdict is final.
            panel: u32 = "providers",
            /// That a checker finds a right result wrong, or one of a panel votes wrongly.
            error: Share = "parts per billion",
            /// D: what cheating saves, at the undisturbed price.
            saved: Amount = "nano-XPL",
            /// R: what honest work earns.
            earned: Amount = "nano-XPL",
            /// What a wrong result costs of the stake.
            stake: Amount = "nano-XPL",
            /// Earnings held back.
            held: Amount = "nano-XPL",
            /// Share of them that a wrong result costs, the amount rounded down.
            seized: Share = "parts per billion",
            /// What the treasury pays for a check.
            reward: Amount = "nano-XPL",
            /// Deposit of a challenge.
            deposit: Amount = "nano-XPL",
            /// Undisturbed price of XPL.
            price: u64 = "micro-USD per XPL",
        } -> {
            /// That a cheat is found out, rounded down.
            caught: u64 = "parts per billion",
            /// The margin at the undisturbed price, rounded towards zero.
            margin_now: i128 = "micro-USD",
            /// The margin at half of it, rounded towards zero.
            margin_half: i128 = "micro-USD",
            /// The margin at a tenth of it, rounded towards zero.
            margin_tenth: i128 = "micro-USD",
            /// Least stake that makes cheating not pay, beside what is seized; null where cheats are never caught.
            least_stake: Option<u128> = "nano-XPL",
            /// What an honest provider loses on average in a job to checkers and panels that err, rounded down.
            false_positive_loss: u128 = "nano-XPL",
            /// What an honest checker loses on average in a job to its own errors, rounded down.
            challenger_loss: u64 = "nano-XPL",
            /// What the treasury pays on average for checks of a right result, rounded down.
            treasury_pays: u64 = "nano-XPL",
        }
        |case| {
            let shares = [
                ("checked", case.checked),
                ("power", case.power),
                ("colluding", case.colluding),
                ("error", case.error),
                ("seized", case.seized),
            ];
            for (name, share) in shares {
                at_most(name, share.0, ONE.into())?;
            }
            at_most("panel", case.panel, 15)?;
            if case.panel > 0 && case.panel.is_multiple_of(2) {
                return Err("`panel`: expected an odd number, so that a majority is found, or 0".into());
            }
            let (checked, power, colluding, error) = (case.checked.0, case.power.0, case.colluding.0, case.error.0);
            let detection = Detection { checked, power, colluding, error, panel: case.panel };
            let chances = [detection.caught(), detection.misjudged(), detection.overruled()];
            let [Some(caught), Some(misjudged), Some(overruled)] = chances else { return Err(MOST_SEATS.into()) };
            let seized = share(case.held.0, case.seized.0);
            let slashed = case.stake.0.checked_add(seized).ok_or_else(|| Refusal::from("stake and holdback exceed 2^64 nano-XPL"))?;
            let stakes = Stakes { saved: case.saved.0, earned: case.earned.0, slashed };
            let margins = margins_usd(&caught, &stakes, case.price).ok_or("a margin is too large")?;
            let least = least_stake(&caught, case.saved.0, case.earned.0);
            let billed = |chance: Chance, amount: u64| chance.of(amount.into()) as u64;
            Ok(Answer {
                caught: caught.in_billionths(),
                margin_now: margins[0],
                margin_half: margins[1],
                margin_tenth: margins[2],
                // What both the pay and the rewards held back already put at risk needs no stake.
                least_stake: least.map(|least| least.saturating_sub(seized.into())),
                false_positive_loss: misjudged.of(stakes.at_risk()),
                challenger_loss: billed(overruled, case.deposit.0),
                treasury_pays: billed(Chance::billionths(checked), case.reward.0),
            })
        }
    },
    rule! {
        /// Whether copying what one was to check pays, where a share of right results is planted as errors.
        "checking.planted" by "Teutsch & Reitwießner 2017, A scalable verification solution for blockchains, section 4.4",
        as in r#"{"rate": "10%", "exposed": "100%", "reward": "100 XPL", "bonus": "50 XPL", "slash": "400 XPL", "cost": "40 XPL"}"#:
        {
            /// t: share of right results that are planted.
            rate: Share = "parts per billion",
            /// e: that a copied one is exposed.
            exposed: Share = "parts per billion",
            /// W: what a check pays.
            reward: Amount = "nano-XPL",
            /// B: what finding a planted error pays beside.
            bonus: Amount = "nano-XPL",
            /// S: what a checker loses who is exposed.
            slash: Amount = "nano-XPL",
            /// c: what executing costs the checker.
            cost: Amount = "nano-XPL",
        } -> {
            /// What copying earns on average in a check: (1 − t·e) · W − t·e · S, its loss rounded up.
            copying: i128 = "nano-XPL",
            /// What executing earns on average, its cost not counted: W + t · B, rounded down.
            executing: u128 = "nano-XPL",
            /// What copying loses against executing: t · (B + e · (W + S)) − c, rounded down; it pays below zero.
            margin: i128 = "nano-XPL",
            /// Least share of planted results at which copying does not pay; null where none does.
            least_rate: Option<u64> = "parts per billion",
        }
        |case| {
            at_most("rate", case.rate.0, ONE.into())?;
            at_most("exposed", case.exposed.0, ONE.into())?;
            let (rate, exposed) = (case.rate.0, case.exposed.0);
            let planting = Planting { rate, exposed, reward: case.reward.0, bonus: case.bonus.0, slash: case.slash.0 };
            Ok(Answer {
                copying: planting.lazy(),
                executing: planting.honest(),
                margin: planting.margin(case.cost.0),
                least_rate: planting.least_rate(case.cost.0),
            })
        }
    },
    rule! {
        /// That more than half of a panel does what each does with a probability: Σ C(n, k) · q^k · (1 − q)^(n−k) over k > n/2.
        "checking.majority" by "Condorcet 1785, Essai sur l'application de l'analyse",
        as in r#"{"panel": 3, "each": "80%"}"#:
        {
            /// How many vote.
            panel: u32 = "providers",
            /// That one of them does it.
            each: Share = "parts per billion",
        } -> {
            /// That more than half do, rounded down.
            majority: u64 = "parts per billion",
        }
        |case| {
            at_most("each", case.each.0, ONE.into())?;
            let majority = Chance::billionths(case.each.0).majority(case.panel).ok_or(MOST_SEATS)?;
            Ok(Answer { majority: majority.in_billionths() })
        }
    },
    rule! {
        /// That a Freivalds check finds a wrong product: 1 − 2^-k.
        "checking.freivalds" by "Freivalds 1977, Probabilistic machines can use less running time",
        as in r#"{"rounds": 10}"#:
        {
            /// k: random vectors.
            rounds: u32 = "rounds",
        } -> {
            /// The power of the check, rounded down.
            power: u64 = "parts per billion",
        }
        |case| { Ok(Answer { power: freivalds_power(case.rounds) }) }
    },
];
