//! Who carries out what the treasury and the builders' fund decide: the custodian, builders, and the committee that attests what they
//! did.

use std::collections::BTreeMap;

use plasma_core::time::{DAY, YEAR};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::quantity::{Id, Ratio, SpanMs, Usd, Weight, Xpl};

/// Who carries out the treasury's orders on the exchange. What is ordered, `[treasury]` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Custodian {
    /// Dollars it has for the purpose at genesis. It never has more than these and what liquidity gives back.
    pub usd: Usd,
    /// How long it leaves liquidity in the pool before the treasury has it back.
    #[serde(default = "year")]
    pub holds: SpanMs,
}

/// Who attests builders' milestones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Committee {
    /// Time it takes to look at a milestone.
    #[serde(default = "week")]
    pub review: SpanMs,
    /// Share of milestones that were not reached and that it attests all the same.
    #[serde(default)]
    pub errs: Ratio,
}

impl Default for Committee {
    fn default() -> Self {
        Self { review: week(), errs: Ratio::default() }
    }
}

/// A builder, who applies to governance for an award from the builders' fund and works on its milestones one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuilderSection {
    /// Name of the builder.
    pub id: Id,
    /// When it applies, after the start.
    #[serde(default)]
    pub at: SpanMs,
    /// After which time it applies again while it has no award. Without it, it applies once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<SpanMs>,
    /// Milestones of the award, at most 32.
    pub milestones: u32,
    /// XPL for each of them.
    pub amount: Xpl,
    /// Time from its application within which they must be reached.
    pub expires: SpanMs,
    /// Median time of an attempt at a milestone.
    pub time: SpanMs,
    /// Standard deviation of the logarithm of that time.
    #[serde(default)]
    pub spread: Weight,
    /// Probability that an attempt reaches its milestone. After another one, it tries again.
    #[serde(default = "whole")]
    pub success: Ratio,
    /// Dollars that an attempt costs, paid when it begins; without them it waits.
    #[serde(default)]
    pub cost: Usd,
    /// Dollars that it has at genesis.
    #[serde(default)]
    pub usd: Usd,
    /// Share of what it is paid that it sells at once.
    #[serde(default = "whole")]
    pub sells: Ratio,
    /// What each milestone that it reaches brings, whether anybody attests it or not; one that is attested without being reached
    /// brings nothing. Without it, builders bring nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brings: Option<Brings>,
}

/// Demand that a milestone brings. Those who come are customers of their own, who had no XPL at genesis, and like those of their
/// group in everything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Brings {
    /// Candidates that come on top of each group's own, as a share of its rate at every moment: shape, growth, bursts and shocks
    /// included. Shares of several milestones add up.
    pub candidates: BTreeMap<Id, Ratio>,
    /// Time from the milestone until they come.
    #[serde(default)]
    pub after: SpanMs,
    /// How long they come; without it, to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<SpanMs>,
}

fn week() -> SpanMs {
    SpanMs(7 * DAY)
}

fn year() -> SpanMs {
    SpanMs(YEAR)
}

fn whole() -> Ratio {
    Ratio::ONE
}
