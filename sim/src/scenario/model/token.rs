//! The token: its supply, who holds it, what it costs.

use plasma_core::formula::vesting::Schedule;
use plasma_core::time::{DAY, HOUR, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::trace::{TimeColumn, TimeFormat};
use crate::scenario::quantity::{AmountOrShare, Date, Id, Ratio, SignedRatio, SpanMs, Usd, Weight, Xpl};

/// The token XPL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// XPL that genesis issues.
    pub initial_supply: Xpl,
    /// Price of one XPL at genesis. It stays there unless a `market` moves it.
    pub price: Usd,
    /// Time between two posts of the price by the feeder.
    #[serde(default = "hour")]
    pub post_interval: SpanMs,
    /// Dollars of the market maker at genesis: what it can pay to those who sell XPL.
    #[serde(default)]
    pub market_maker_usd: Usd,
    /// What makes the price of XPL.
    #[serde(default)]
    pub market: TokenMarket,
}

/// What makes the price of XPL, and who is on the other side of a trade.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenMarket {
    /// A labelled constant: the market maker trades at `price` while its accounts last.
    #[default]
    Fixed,
    /// A constant-product pool: every trade moves the price.
    Amm(Pool),
    /// A geometric Brownian motion with jumps, at which the market maker trades while its accounts last.
    Gbm(Walk),
    /// A recorded price, at which the market maker trades while its accounts last.
    Csv(RecordedPrice),
}

/// A constant-product pool of XPL and dollars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Dollars that move the price by 2 % at genesis. The pool holds 100.5 times as much on each side.
    pub depth: Usd,
    /// What a trade pays to the pool.
    #[serde(default = "three_thousandths")]
    pub fee: Ratio,
    /// Yearly fees over the pool's value that content those who provide it. Above it they add liquidity, below it they take some
    /// away. Without it they never move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_yield: Option<Ratio>,
    /// Largest share of the pool that they add or take away in a week.
    #[serde(default = "twentieth")]
    pub response: Ratio,
}

/// A price that is made elsewhere: a geometric Brownian motion with log-normal jumps (Merton 1976).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Walk {
    /// Expected growth in a year, jumps apart.
    #[serde(default)]
    pub drift: SignedRatio,
    /// Standard deviation of the logarithm in a year, jumps apart.
    pub volatility: Ratio,
    /// Mean number of jumps in a year.
    #[serde(default)]
    pub jumps: Weight,
    /// Change of price in the median jump.
    #[serde(default)]
    pub jump: SignedRatio,
    /// Standard deviation of a jump's logarithm.
    #[serde(default)]
    pub jump_spread: Ratio,
}

/// A price that was recorded: a table with a row for each time at which it changed. It holds until the next row, and the last one to
/// the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedPrice {
    /// CSV file with a header line, relative to this scenario's file.
    pub file: String,
    /// Column of times. Only distances count: the earliest row is genesis, and its price is `token.price`.
    #[serde(default = "time_column")]
    pub time: TimeColumn,
    /// Column of prices, in dollars per XPL.
    #[serde(default = "price_column")]
    pub price: String,
}

/// A group of traders who act as one: they neither work nor buy work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraderGroup {
    /// Name of the group.
    pub id: Id,
    /// How it trades.
    pub style: TradingStyle,
    /// Dollars it has at genesis. It never has more than these and what it sells for.
    pub usd: Usd,
    /// Time between two looks at the market.
    #[serde(default = "day")]
    pub interval: SpanMs,
}

/// How traders trade.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TradingStyle {
    /// They compare the price with discounted fees: value traders.
    Fundamental(FundamentalStyle),
    /// They follow the price.
    Momentum(MomentumStyle),
    /// They come and go for reasons of their own.
    Noise(NoiseStyle),
}

/// Buys below the value of the fees that one XPL earns, and sells above it.
///
/// > value = yearly protocol fees in USD ÷ `discount` ÷ circulating supply
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FundamentalStyle {
    /// Yearly return they demand, less the growth of fees they expect.
    pub discount: Ratio,
    /// Distance of the price from the value that moves them.
    #[serde(default = "tenth")]
    pub band: Ratio,
    /// Share of their dollars, or of their XPL, that they trade at a time.
    #[serde(default = "tenth")]
    pub share: Ratio,
}

/// Buys what has risen and sells what has fallen, relative to the averaged price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MomentumStyle {
    /// Mean age of what the average remembers.
    #[serde(default = "month")]
    pub memory: SpanMs,
    /// Distance from the average that moves them.
    #[serde(default = "tenth")]
    pub band: Ratio,
    /// Share of their dollars, or of their XPL, that they trade at a time.
    #[serde(default = "tenth")]
    pub share: Ratio,
}

/// Buys or sells a random amount of no reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoiseStyle {
    /// Standard deviation of one trade in dollars.
    pub size: Usd,
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
    /// When it becomes free; at once without this. Only `holders` can wait for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vesting: Option<Vesting>,
    /// How its holders sell what becomes free; they keep it without this. Only `holders` sell so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sell: Option<Sale>,
    /// How its holders stake what is not free yet; they leave it where it is without this. Only what vests is staked so, where
    /// `vesting.may_stake` says that it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stake: Option<LockedStake>,
}

/// How holders stake what has not become free: they keep a share of it at stake, spread over many providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockedStake {
    /// Share of what is not free yet that they mean to have at stake.
    pub share: Ratio,
    /// Providers, picked at random, over whom they spread what they bring at a look.
    #[serde(default = "sixteen")]
    pub spread: u32,
    /// Time between two looks, at which they bring what is missing, take back what is too much, and claim what it earned.
    #[serde(default = "month")]
    pub interval: SpanMs,
}

/// How holders sell what becomes free: a share of it, each token `over` after it became free on average, whatever the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sale {
    /// Share of what becomes free that is sold in the end.
    pub share: Ratio,
    /// Mean time from becoming free to being sold: the hazard of a sale is one in this time.
    pub over: SpanMs,
    /// Time between two sales, before each of which they claim what has vested.
    #[serde(default = "day")]
    pub interval: SpanMs,
}

/// When a part of the initial supply becomes free: by the calendar month, evenly up to a date, or all of it on a date.
///
/// A third at one year and two thirds monthly over two more is `{ cliff = …, months = 36 }`: the cliff frees what has accrued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vesting {
    /// From when it accrues; from the scenario's start without this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Date>,
    /// Before which none is free; it accrues freely without this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cliff: Option<Date>,
    /// Calendar months over which it accrues in equal parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub months: Option<u32>,
    /// Date at which it is all free, having accrued evenly. With neither months nor an end, all is free at the cliff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Date>,
}

impl Vesting {
    /// The schedule, when the economy starts at this moment.
    pub fn schedule(&self, genesis: Time) -> Schedule {
        let start = self.start.map_or(genesis, |date| date.0);
        let cliff = self.cliff.map_or(start, |date| date.0);
        match (self.months, self.end) {
            (Some(months), _) => Schedule::monthly(start, cliff, months),
            (None, Some(end)) => Schedule { start, cliff, end: end.0, months: 0 },
            (None, None) => Schedule { start, cliff, end: cliff, months: 0 },
        }
    }
}

/// Who holds a part of the initial supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The market maker, who buys and sells at the posted price while its accounts last.
    MarketMaker,
    /// The traders of all groups, in proportion to their dollars.
    Traders,
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
    /// The delegators of all groups, alike.
    Delegators,
}

fn sixteen() -> u32 {
    16
}

fn hour() -> SpanMs {
    SpanMs(HOUR)
}

fn day() -> SpanMs {
    SpanMs(DAY)
}

fn month() -> SpanMs {
    SpanMs(30 * DAY)
}

fn time_column() -> TimeColumn {
    TimeColumn { column: "time".into(), format: TimeFormat::DateTime }
}

fn price_column() -> String {
    "price_usd".into()
}

fn three_thousandths() -> Ratio {
    Ratio(3_000_000)
}

fn twentieth() -> Ratio {
    Ratio(50_000_000)
}

fn tenth() -> Ratio {
    Ratio(100_000_000)
}
