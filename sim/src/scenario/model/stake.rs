//! Who stakes without working, what is proposed, and who votes on it.

use std::collections::BTreeMap;

use plasma_core::time::{DAY, YEAR};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::token::Vesting;
use crate::scenario::quantity::{Id, Ratio, Setting, SpanMs, Usd, Weight, Xpl};

/// Accounts that bring stake to providers. Of what an account holds it wants to have at stake
///
/// > most ÷ (1 + e^(−(y − outside) ÷ slope))
///
/// where y is the yield that it sees, net of commission, dilution and slashes, and it closes the gap at `speed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegatorGroup {
    /// Name of the group.
    pub id: Id,
    /// Accounts at full scale. They share the allocations to `delegators` alike.
    pub accounts: u64,
    /// Yearly yield elsewhere, with what these people want for the risk of staking.
    pub outside: Ratio,
    /// By how much the yield must exceed that for the staked share to rise from a half of `most` to 73 % of it.
    #[serde(default = "two_hundredths")]
    pub slope: Ratio,
    /// Largest share of what they hold that they ever stake.
    #[serde(default = "whole")]
    pub most: Ratio,
    /// How fast they close the gap between what they stake and what they want to: the share of it in a short time, per year.
    #[serde(default = "six")]
    pub speed: Weight,
    /// Time between two looks of an account at its stake.
    #[serde(default = "week")]
    pub interval: SpanMs,
    /// Providers, picked at random, that an account compares with its own at a look.
    #[serde(default = "eight")]
    pub compares: u32,
    /// By how much a year another provider must yield more for an account to move its stake there.
    #[serde(default = "half_hundredth")]
    pub switching: Ratio,
    /// Share of its rewards that an account sells.
    #[serde(default)]
    pub sells: Ratio,
}

/// Who votes. A voter predicts what a proposal would change in its income, and votes by the sign of it, with probability
///
/// > 1 ÷ (1 + e^(−(|change| − cost) ÷ slope))
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoterGroup {
    /// Name of the group.
    pub id: Id,
    /// Who belongs to it.
    pub who: Electorate,
    /// Of which groups or allocations; of all when it is empty.
    #[serde(default)]
    pub groups: Vec<Id>,
    /// What it costs to read a proposal and to vote: at a change of so many dollars, half of them vote.
    pub cost: Usd,
    /// By how many dollars more the change must be for 73 % of them to vote.
    pub slope: Usd,
    /// Over how long they count what would change.
    #[serde(default = "year")]
    pub horizon: SpanMs,
}

/// Who may have something at stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Electorate {
    /// Providers: their bonds, and what is delegated to them.
    Providers,
    /// Delegators: what they delegated, which then no provider votes with.
    Delegators,
    /// Holders of allocations: what has not vested, where that may vote.
    Holders,
}

/// Something that somebody proposes at a given time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalSection {
    /// Name of the proposal.
    pub id: Id,
    /// When it is made, after the start.
    pub at: SpanMs,
    /// Who makes it, and buys what its deposit lacks.
    pub by: Somebody,
    /// What it asks for.
    pub what: Request,
}

/// The first account of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Somebody {
    /// Of a group of providers.
    Provider(Id),
    /// Of a group of delegators.
    Delegator(Id),
    /// Of a group of customers.
    Customer(Id),
    /// Of an allocation to `holders`.
    Holder(Id),
}

/// Other values of parameters, section by section: `{ fee = { rate = "3%" } }`.
pub type Settings = BTreeMap<Id, BTreeMap<Id, Setting>>;

/// What a proposal asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Other values of up to four parameters.
    Change(Settings),
    /// Other weights of up to four classes in emission for work, as shares of the first class's weight at the start: `{ h100 = "120%" }`.
    Weights(BTreeMap<Id, Ratio>),
    /// A payment from the treasury.
    Spend(Spend),
    /// A grant from the treasury that vests.
    Grant(GrantRequest),
    /// An award from the builders' fund against milestones.
    Award(AwardRequest),
    /// Nothing but to be on record.
    Report(String),
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spend {
    /// How much, at full scale.
    pub amount: Xpl,
    /// To whom.
    pub to: Somebody,
}

/// A payment that becomes free with time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// How much, at full scale.
    pub amount: Xpl,
    /// To whom.
    pub to: Somebody,
    /// When it becomes free; its start is the proposal's when it says none.
    pub vesting: Vesting,
}

/// Payments against milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwardRequest {
    /// How much for each milestone, at full scale.
    pub amount: Xpl,
    /// How many milestones.
    pub milestones: u32,
    /// How long after the proposal they may be reached.
    pub lasts: SpanMs,
    /// To whom.
    pub to: Somebody,
}

fn whole() -> Ratio {
    Ratio::ONE
}

fn two_hundredths() -> Ratio {
    Ratio(20_000_000)
}

fn half_hundredth() -> Ratio {
    Ratio(5_000_000)
}

fn six() -> Weight {
    Weight::new(6.0).unwrap_or_default()
}

fn eight() -> u32 {
    8
}

fn week() -> SpanMs {
    SpanMs(7 * DAY)
}

fn year() -> SpanMs {
    SpanMs(YEAR)
}
