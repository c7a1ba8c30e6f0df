//! Attackers: who wants more than their share, with what means, and how they go about it.

use plasma_core::time::{DAY, HOUR};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stake::Settings;
use crate::scenario::quantity::{Id, Ratio, SpanMs, Usd, Weight};

/// An attacker. What it had, what it has, and what it made of it is in the results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttackerSection {
    /// Name of the attacker.
    pub id: Id,
    /// When it begins, after the start.
    #[serde(default)]
    pub at: SpanMs,
    /// How long it goes on. Without it, to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<SpanMs>,
    /// Dollars that it has for the purpose, at full scale, beside what the attack itself names: it never has more than these and what it
    /// makes. Who acts through providers puts them in as bonds, deposits and bills ask for them; without this, it can put in as much as
    /// its machines and their bonds cost at genesis. Whoever acts in its own name has them at once; without this, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<Usd>,
    /// What it does.
    pub what: Attack,
}

/// What an attacker does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Attack {
    /// It owns provider groups that answer without computing, and that find each other right when they check each other: lazy
    /// providers, colluding checkers, a Sybil farm, as the groups are shaped.
    Cheat(Cheat),
    /// Strangers who compute as long as it pays them, each for itself.
    Opportunist(Opportunist),
    /// It owns provider groups that take work and never do it.
    Stall(Stall),
    /// It buys work from itself, for the emission.
    Wash(Wash),
    /// It submits jobs that nobody will take, and takes them back.
    Grief(Grief),
    /// A holder sells.
    Dump(Dump),
    /// It moves the pool's price before the feeders post it, and is credited for work at the price it made.
    Oracle(Oracle),
    /// Those who provide the pool's liquidity take it away, and bring it back when they are done.
    Withdraw(Withdraw),
    /// It makes a proposal in its own favour and buys votes for it.
    Bribe(Bribe),
    /// Its providers challenge right results.
    Challenge(FalseChallenge),
}

impl Attack {
    /// Its name in a file and the provider groups that it acts through, where it acts through any.
    pub fn groups(&self) -> Option<(&'static str, &[Id])> {
        match self {
            Self::Cheat(cheat) => Some(("cheat", &cheat.groups)),
            Self::Opportunist(opportunist) => Some(("opportunist", &opportunist.groups)),
            Self::Stall(stall) => Some(("stall", &stall.groups)),
            Self::Challenge(challenge) => Some(("challenge", &challenge.groups)),
            _ => None,
        }
    }

    /// What it does, in words that go on from the attacker's name. Counts are those of the full economy.
    pub fn words(&self) -> String {
        let list = |groups: &[Id]| groups.iter().map(Id::as_str).collect::<Vec<_>>().join(", ");
        let when = |applies: bool, words: &'static str| if applies { words } else { "" };
        match self {
            Self::Cheat(cheat) if cheat.wrong.0 == 0 => {
                format!("is an honest twin: {} compute, and books are kept for comparison", list(&cheat.groups))
            }
            Self::Cheat(Cheat { groups, wrong, pretend, collude }) => format!(
                "has {} answer {wrong} of their leases without computing, {}{}",
                list(groups),
                if *pretend { "as late as if they did" } else { "at once" },
                when(*collude, ", and find each other right")
            ),
            Self::Opportunist(Opportunist { groups, .. }) => {
                format!("is {}, each of whom computes as long as it pays", list(groups))
            }
            Self::Stall(Stall { groups }) => {
                format!("has {} take work and never do it, so that it is late and its escrow held", list(groups))
            }
            Self::Wash(Wash { class, program, gpu_hours, .. }) => {
                format!("sells itself {} GPU-hours a day of {program} on {class}, and does none", gpu_hours.get())
            }
            Self::Grief(Grief { program, jobs }) => {
                format!("submits {jobs} jobs of {program} a day at a price that nobody takes, and takes them back")
            }
            Self::Dump(Dump { share }) => format!("sells {share} of what the first free allocation to holders has"),
            Self::Oracle(Oracle { raise, .. }) => {
                format!("raises the price by {raise} before it is posted, is credited for its own work at that, and sells again")
            }
            Self::Withdraw(Withdraw { share }) => {
                format!("takes {share} of the pool's liquidity away, and brings it back at the end")
            }
            Self::Bribe(Bribe { takes, change, price, .. }) => format!(
                "proposes {} and pays {price} for every XPL of votes",
                if change.is_empty() { format!("to pay itself {takes} of the treasury,") } else { "other parameters".into() }
            ),
            Self::Challenge(FalseChallenge { groups, share, collude }) => format!(
                "has {} challenge {share} of others' right results{}",
                list(groups),
                when(*collude, ", and uphold each other on panels")
            ),
        }
    }
}

/// Providers of one owner who do not do the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cheat {
    /// The owner's groups of providers.
    pub groups: Vec<Id>,
    /// Share of leases that are answered without work.
    #[serde(default = "whole")]
    pub wrong: Ratio,
    /// Whether they answer when the work would be done, and save its electricity, or at once, and take more leases.
    #[serde(default = "yes")]
    pub pretend: bool,
    /// Whether its checkers find its own providers right.
    #[serde(default = "yes")]
    pub collude: bool,
}

/// Providers who reckon once a day whether computing pays: not to compute saves D, and with probability p it costs pay R and slash S.
/// They do not compute while p · (R + S) < D, and answer as late as if they did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Opportunist {
    /// Groups of providers who reckon so.
    pub groups: Vec<Id>,
    /// Share of the time they do not compute in which their GPUs work elsewhere, at what such work forgoes (`opportunity`). At 0 % they
    /// save electricity only.
    #[serde(default)]
    pub elsewhere: Ratio,
}

/// Providers of one owner who take work and never do it. They need no machine: a class that costs next to nothing and a low ask make
/// them the cheapest. Each lease is held until it is overdue, with the customer's escrow; it costs the slash for a missed deadline, and
/// after some of them jail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// The owner's groups of providers.
    pub groups: Vec<Id>,
}

/// Work that is bought from oneself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wash {
    /// GPU class that it claims to have.
    pub class: Id,
    /// Program that it claims to run. It is never checked.
    pub program: Id,
    /// Reference GPU-hours a day that it sells to itself, at full scale.
    pub gpu_hours: Weight,
    /// Time between two jobs.
    #[serde(default = "hour")]
    pub interval: SpanMs,
}

/// Jobs that are no jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grief {
    /// Program that they claim to want run.
    pub program: Id,
    /// Jobs a day at full scale.
    pub jobs: u64,
}

/// A price that is pushed while it is posted. XPL bought with the attacker's dollars push the pool's price up; once the oracle says so,
/// it buys work of itself, whose credit is in dollars at that price, sells the other XPL, and has the work settled when the oracle has
/// come down: for each credited dollar the vault then pays more XPL than went in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oracle {
    /// GPU class that it claims to have. Where others offer it, its own ask must stay under theirs; where none does, it is as high
    /// as it likes.
    pub class: Id,
    /// Program that it claims to run. It is never checked.
    pub program: Id,
    /// Reference GPU-hours of the work that it sells to itself each time.
    pub gpu_hours: Weight,
    /// By how much it means to raise the price, as far as its dollars reach.
    pub raise: Ratio,
    /// Share of the XPL it bought that it puts into the work; the others bring the price down again.
    #[serde(default = "half")]
    pub stake: Ratio,
    /// Posts for which it waits for the oracle to follow, up and then down, before it gives up.
    #[serde(default = "four")]
    pub patience: u32,
    /// Time from the end of one attempt to the next.
    #[serde(default = "day")]
    pub interval: SpanMs,
}

/// A sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dump {
    /// Share of what the first allocation to `holders` has.
    pub share: Ratio,
}

/// A withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    /// Share of the pool.
    pub share: Ratio,
}

fn half() -> Ratio {
    Ratio(Ratio::ONE.0 / 2)
}

fn four() -> u32 {
    4
}

fn day() -> SpanMs {
    SpanMs(DAY)
}

/// Votes that are bought. Whoever is offered more than the proposal would take from them, and than it costs them to vote, sells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bribe {
    /// Share of the treasury that the proposal pays to the attacker.
    #[serde(default)]
    pub takes: Ratio,
    /// Instead of that, other values of parameters.
    #[serde(default, skip_serializing_if = "Settings::is_empty")]
    pub change: Settings,
    /// Dollars for a vote with the power of one XPL.
    pub price: Usd,
    /// Share of all power at which it stops buying.
    #[serde(default = "two_thirds")]
    pub aims: Ratio,
}

/// Challenges of right results, for the finder's share and to hold others' pay up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FalseChallenge {
    /// The owner's groups of providers.
    pub groups: Vec<Id>,
    /// Share of the results of others, open to challenge, that they challenge.
    pub share: Ratio,
    /// Whether they uphold each other's challenges when they sit on a panel.
    #[serde(default = "yes")]
    pub collude: bool,
}

fn two_thirds() -> Ratio {
    Ratio(670_000_000)
}

fn whole() -> Ratio {
    Ratio::ONE
}

fn yes() -> bool {
    true
}

fn hour() -> SpanMs {
    SpanMs(HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attack_says_what_it_does() {
        let words = |json: &str| serde_json::from_str::<Attack>(json).unwrap().words();
        let lazy = words(r#"{ "cheat": { "groups": ["lazy", "idle"], "wrong": "50%", "collude": false } }"#);
        assert_eq!(lazy, "has lazy, idle answer 50% of their leases without computing, as late as if they did");
        let farm = words(r#"{ "cheat": { "groups": ["farm"], "pretend": false } }"#);
        assert_eq!(farm, "has farm answer 100% of their leases without computing, at once, and find each other right");
        assert!(
            words(r#"{ "cheat": { "groups": ["honest"], "wrong": "0%" } }"#).starts_with("is an honest twin: honest compute")
        );
        let strangers = words(r#"{ "opportunist": { "groups": ["gamers"] } }"#);
        assert_eq!(strangers, "is gamers, each of whom computes as long as it pays");
        let stall = words(r#"{ "stall": { "groups": ["idle"] } }"#);
        assert_eq!(stall, "has idle take work and never do it, so that it is late and its escrow held");
        let raid = words(r#"{ "bribe": { "takes": "10%", "price": "0.003 USD" } }"#);
        assert_eq!(raid, "proposes to pay itself 10% of the treasury, and pays 0.003 USD for every XPL of votes");
        let washer = words(r#"{ "wash": { "class": "a", "program": "b", "gpu_hours": 20000 } }"#);
        assert_eq!(washer, "sells itself 20000 GPU-hours a day of b on a, and does none");
    }
}
