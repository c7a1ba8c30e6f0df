//! Groups of providers.

use std::collections::BTreeMap;

use plasma_core::time::{DAY, HOUR, YEAR};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::quantity::{Id, Ratio, SpanMs, Weight};

/// A group of alike providers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderGroup {
    /// Name of the group.
    pub id: Id,
    /// GPU class of its machines.
    pub class: Id,
    /// Number of providers at full scale.
    pub count: u64,
    /// GPUs of each provider, a power of two.
    #[serde(default = "one")]
    pub gpus: u32,
    /// Where they are: weight of each region.
    pub regions: BTreeMap<Id, Weight>,
    /// When they join.
    #[serde(default)]
    pub join: Join,
    /// Mark-up of the ask over avoidable cost.
    #[serde(default)]
    pub mark_up: MarkUp,
    /// Share of the class's rental elsewhere that a provider forgoes for an hour of work here: a cost like electricity.
    #[serde(default = "quarter_share")]
    pub opportunity: Ratio,
    /// Share of the emission it expects for a unit of work by which a provider lowers its ask for that unit.
    #[serde(default = "tenth")]
    pub pass_through: Ratio,
    /// Share of the income beyond its costs that a provider sells for dollars; what it needs to cover costs it always sells.
    #[serde(default = "quarter_share")]
    pub sells: Ratio,
    /// What it keeps of its delegators' rewards.
    #[serde(default)]
    pub commission: Ratio,
    /// Time between two quotes of the ask.
    #[serde(default = "day")]
    pub requote: SpanMs,
    /// Power drawn at the socket ÷ power of the GPUs: host machine, cooling, conversion (PUE).
    #[serde(default = "overhead")]
    pub overhead: Weight,
    /// Spread of true speed around the reference rates: standard deviation of its logarithm across providers.
    #[serde(default)]
    pub speed_spread: Ratio,
    /// How often its providers fail.
    #[serde(default)]
    pub faults: Faults,
    /// When its machines are on offer.
    #[serde(default)]
    pub uptime: Uptime,
    /// A provider leaves when its revenue has stayed under avoidable cost for this long.
    #[serde(default = "quarter")]
    pub exit_after: SpanMs,
    /// Who enters later. Without it nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
}

/// When the providers of a group join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// Share that is there at genesis.
    #[serde(default = "whole")]
    pub initial: Ratio,
    /// The others join evenly over this time.
    #[serde(default)]
    pub ramp: SpanMs,
}

/// Mark-up over avoidable cost, linear in the provider's own utilisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkUp {
    /// Mark-up of a provider with nothing to do.
    pub idle: Ratio,
    /// Mark-up of a provider with all its GPUs at work.
    pub busy: Ratio,
}

/// Probabilities that one lease goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// The result never comes.
    #[serde(default)]
    pub missed: Ratio,
    /// The result comes and is wrong.
    #[serde(default)]
    pub wrong: Ratio,
}

/// When machines are on offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Uptime {
    /// Always, as in a data centre.
    #[default]
    Always,
    /// From 22:00 to 08:00 local time, when a gaming machine is idle.
    Night,
}

/// A finite pool of providers who enter when it pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Providers in the pool at full scale.
    pub pool: u64,
    /// Yearly rate at which an entrant discounts what it will earn: its own, around this median.
    #[serde(default = "hurdle")]
    pub hurdle: Ratio,
    /// How long a machine earns. After it the provider buys another if it would enter again, and leaves otherwise.
    #[serde(default = "four_years")]
    pub life: SpanMs,
    /// Time between two looks at the market.
    #[serde(default = "week")]
    pub interval: SpanMs,
}

impl Default for Join {
    fn default() -> Self {
        Self { initial: whole(), ramp: SpanMs(0) }
    }
}

impl Default for MarkUp {
    fn default() -> Self {
        Self { idle: Ratio(100_000_000), busy: Ratio(600_000_000) }
    }
}

fn one() -> u32 {
    1
}

fn whole() -> Ratio {
    Ratio::ONE
}

fn hurdle() -> Ratio {
    Ratio(250_000_000)
}

fn four_years() -> SpanMs {
    SpanMs(4 * YEAR)
}

fn overhead() -> Weight {
    Weight::new(1.3).unwrap_or_default()
}

fn day() -> SpanMs {
    SpanMs(24 * HOUR)
}

fn week() -> SpanMs {
    SpanMs(7 * DAY)
}

fn quarter_share() -> Ratio {
    Ratio(250_000_000)
}

fn tenth() -> Ratio {
    Ratio(100_000_000)
}

fn quarter() -> SpanMs {
    SpanMs(90 * DAY)
}
