//! Shocks: what happens to the world at a given time, whatever anybody decides.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stake::Settings;
use crate::scenario::quantity::{Id, Ratio, SignedRatio, SpanMs};

/// A shock on the timetable. Factors of shocks that overlap multiply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShockSection {
    /// Name of the shock.
    pub id: Id,
    /// When it strikes, after the start. Without it, it never does: `--set shock.NAME.at=1y` brings it about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<SpanMs>,
    /// How long it lasts. Without it, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<SpanMs>,
    /// What happens.
    pub what: Shock,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shock {
    /// More or fewer candidate jobs. A recorded trace can only become thinner.
    Demand(GroupShock),
    /// Another price of XPL: of the posted price at once, of a pool by a trade of the `holders`, who sell no more than they have.
    Price(Change),
    /// Another price of electricity.
    Electricity(RegionShock),
    /// Another price of renting elsewhere: what customers would pay at most, and what providers forgo, move with it.
    Cloud(Change),
    /// Another price of hardware, for those who have yet to buy it.
    Hardware(Change),
    /// The providers of a region fall silent, with what they were working on.
    Outage(Outage),
    /// A competitor takes a share of the providers, for good.
    Poaching(Poaching),
    /// No feeder posts a price.
    OracleSilence,
    /// An emergency council decrees other values of up to four parameters, from the end of the epoch on; when it is over, those
    /// that they had just before it struck, but for what was voted on meanwhile.
    Change(Settings),
}

/// A change relative to what was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// By how much.
    pub change: SignedRatio,
}

/// A change for some groups of customers or traces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupShock {
    /// By how much.
    pub change: SignedRatio,
    /// For whom; for all when it is empty.
    #[serde(default)]
    pub groups: Vec<Id>,
}

/// A change for some regions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionShock {
    /// By how much.
    pub change: SignedRatio,
    /// Where; everywhere when it is empty.
    #[serde(default)]
    pub regions: Vec<Id>,
}

/// A region without power or network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// Which.
    pub region: Id,
}

/// Providers who go elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poaching {
    /// Share of the providers on offer.
    pub share: Ratio,
    /// Of which groups; of all when it is empty.
    #[serde(default)]
    pub groups: Vec<Id>,
}
