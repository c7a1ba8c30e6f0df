//! Where XPL are traded, and by whom.

use super::BuildError;
use crate::scenario::Scenario;
use crate::scenario::model::token::Walk;
use crate::scenario::model::{TokenMarket, TradingStyle};
use crate::streams::stream_id;
use crate::traces::prices::Prices;
use plasma_core::ids::AccountId;
use plasma_core::money::XPL;
use plasma_core::time::{Span, YEAR};

/// The market of XPL: what never changes about it.
#[derive(Debug)]
pub struct Exchange {
    /// The account on the other side of every trade: the market maker, or the pool.
    pub maker: AccountId,
    /// Micro-USD of that account at genesis.
    pub maker_usd: u64,
    /// What makes the price.
    pub venue: Venue,
    /// Price at genesis, in micro-USD per XPL.
    pub price: u64,
    /// Time between two posts of the price.
    pub post_interval: Span,
}

/// What makes the price.
#[derive(Clone, Debug)]
pub enum Venue {
    /// Nothing: it is a constant.
    Fixed,
    /// A constant-product pool.
    Pool(PoolTerms),
    /// A random walk.
    Walk(Walk),
    /// A table.
    Recorded(Prices),
}

/// Terms of a constant-product pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolTerms {
    /// Nano-XPL in the pool at genesis.
    pub xpl: u128,
    /// Parts per billion of what is paid in.
    pub fee: u64,
    /// Who adds liquidity and takes it away.
    pub provider: AccountId,
    /// Micro-USD of the provider at genesis, beside the pool's.
    pub provider_usd: u64,
    /// Yearly yield that contents the provider; infinite patience without it.
    pub required_yield: Option<f64>,
    /// Largest share of the pool that moves in a week.
    pub response: f64,
}

/// A group of traders.
#[derive(Debug)]
pub struct Trader {
    /// Its account.
    pub account: AccountId,
    /// Its stream.
    pub stream: u64,
    /// How it trades.
    pub style: TradingStyle,
    /// Micro-USD at genesis.
    pub usd: u64,
    /// Time between two looks at the market.
    pub interval: Span,
}

/// USD in the pool ÷ USD that move its price by 2 %: buying for d of y dollars moves the price to (1 + d ÷ y)², so d ÷ y = √1.02 − 1.
pub(crate) fn pool_over_depth() -> f64 {
    1.0 / (libm::sqrt(1.02) - 1.0)
}

/// Micro-USD and nano-XPL of the pool that a scenario describes, at full scale: equal in value.
pub(crate) fn pool_sides(depth_usd: u64, price: u64) -> (u64, u128) {
    let usd = (depth_usd as f64 * pool_over_depth()) as u64;
    (usd, u128::from(usd) * u128::from(XPL) / u128::from(price.max(1)))
}

impl Exchange {
    /// The market of a scenario. Takes the accounts it needs from `next` on.
    pub(super) fn new(scenario: &Scenario, prices: Option<Prices>, next: &mut u32) -> Result<Self, BuildError> {
        let mut open = || {
            let account = AccountId(*next);
            *next = next.saturating_add(1);
            account
        };
        let (token, scale) = (&scenario.token, scenario.scale);
        let maker = open();
        let dollars = scale.of(token.market_maker_usd.0);
        let (venue, maker_usd) = match &token.market {
            TokenMarket::Fixed => (Venue::Fixed, dollars),
            TokenMarket::Gbm(walk) => (Venue::Walk(*walk), dollars),
            TokenMarket::Csv(_) => (Venue::Recorded(prices.unwrap_or_default()), dollars),
            TokenMarket::Amm(pool) => {
                let (usd, xpl) = pool_sides(pool.depth.0, token.price.0);
                let beyond = || BuildError::Beyond("the pool is larger than can be counted: choose a smaller depth".into());
                let (usd, xpl) = (scale.of(usd), scale.of_wide(xpl).ok_or_else(beyond)?);
                let terms = PoolTerms {
                    xpl,
                    fee: pool.fee.0,
                    provider: open(),
                    provider_usd: dollars.saturating_sub(usd),
                    required_yield: pool.required_yield.map(|ratio| ratio.fraction()),
                    response: pool.response.fraction(),
                };
                (Venue::Pool(terms), usd)
            }
        };
        Ok(Self { maker, maker_usd, venue, price: token.price.0, post_interval: token.post_interval.0 })
    }

    /// The pool's terms, if there is a pool.
    pub fn pool(&self) -> Option<&PoolTerms> {
        match &self.venue {
            Venue::Pool(terms) => Some(terms),
            _ => None,
        }
    }
}

/// The traders of a scenario, each group with an account of its own from `next` on.
pub(super) fn traders(scenario: &Scenario, next: &mut u32) -> Vec<Trader> {
    let trader = |group: &crate::scenario::model::TraderGroup| {
        let account = AccountId(*next);
        *next = next.saturating_add(1);
        let mut style = group.style;
        if let TradingStyle::Noise(noise) = &mut style {
            noise.size.0 = scenario.scale.of(noise.size.0);
        }
        Trader {
            account,
            stream: stream_id(group.id.as_str(), 0),
            style,
            usd: scenario.scale.of(group.usd.0),
            interval: group.interval.0,
        }
    };
    scenario.trader.iter().map(trader).collect()
}

/// The factor by which a walk's price changes in `span`, given a standard normal number for the diffusion, whether it jumps, and
/// one for the jump: exp((drift − volatility² ÷ 2) · t + volatility · √t · z), times exp(ln(1 + jump) + spread · z').
pub(crate) fn step(walk: &Walk, span: Span, z: f64, jumps: bool, jump_z: f64) -> f64 {
    let years = span as f64 / YEAR as f64;
    let (drift, volatility) = (walk.drift.fraction(), walk.volatility.fraction());
    let diffusion = (drift - volatility * volatility / 2.0) * years + volatility * libm::sqrt(years) * z;
    let jump = if jumps { libm::log1p(walk.jump.fraction()) + walk.jump_spread.fraction() * jump_z } else { 0.0 };
    libm::exp(diffusion + jump)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_what_moves_the_price_by_two_percent() {
        let (usd, xpl) = pool_sides(1_000_000_000_000, 100_000);
        let after = usd as f64 + 1e12;
        let left = usd as f64 * xpl as f64 / after;
        let moved = (after / left) / (usd as f64 / xpl as f64);
        assert!((moved - 1.02).abs() < 1e-9, "{moved}");
    }
}
