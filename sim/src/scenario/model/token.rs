//! The token: its supply, who holds it, what it costs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scenario::quantity::{AmountOrShare, Id, SpanMs, Usd, Xpl};

/// The token XPL.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// XPL that genesis issues.
    pub initial_supply: Xpl,
    /// Price of one XPL that the feeders post, a labelled constant.
    pub price: Usd,
    /// Time between two posts of the price.
    #[serde(default = "hour")]
    pub post_interval: SpanMs,
    /// Dollars of the market maker at genesis: what it can pay to those who sell XPL.
    #[serde(default)]
    pub market_maker_usd: Usd,
}

/// A part of the initial supply, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// Name of the part.
    pub id: Id,
    /// How much it is.
    pub amount: AmountOrShare,
    /// Who holds it.
    pub holder: Holder,
}

/// Who holds a part of the initial supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The market maker, who buys and sells at the posted price while its accounts last.
    MarketMaker,
    /// The customers of all demand groups, in proportion to their number.
    Customers,
    /// The providers of all groups, in proportion to the bonds they need.
    Providers,
    /// The treasury.
    Treasury,
    /// The builders' fund.
    Builders,
    /// Accounts that never move, such as unvested allocations; no part of the circulating supply.
    Locked,
    /// Holders who neither work nor buy work.
    Holders,
}

fn hour() -> SpanMs {
    SpanMs(plasma_core::time::HOUR)
}
