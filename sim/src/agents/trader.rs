//! Traders: they neither work nor buy work. They have finite dollars and XPL, and trade them for one another.

use super::Agents;
use super::queue::Kind;
use crate::scenario::model::TradingStyle;
use crate::scenario::model::token::{FundamentalStyle, MomentumStyle};
use plasma_core::engine::state::State;
use plasma_core::money::XPL;
use plasma_core::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

/// What changes about a group of traders.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct TraderRow {
    /// Looks at the market so far: the index of the next draw.
    pub looks: u64,
    /// Averaged price, in micro-USD per XPL; zero before the first look.
    pub average: f64,
}

/// What a trader wants.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wish {
    Nothing,
    /// For so many micro-USD.
    Buy(f64),
    /// So many nano-XPL.
    Sell(f64),
}

/// Buys for a share of the dollars when the price lies more than a band below `value`, sells a share of the XPL when it lies more
/// than that above.
fn toward(value: f64, price: f64, band: f64, share: f64, usd: f64, nano: f64) -> Wish {
    if price < value * (1.0 - band) {
        Wish::Buy(usd * share)
    } else if price > value * (1.0 + band) {
        Wish::Sell(nano * share)
    } else {
        Wish::Nothing
    }
}

impl FundamentalStyle {
    /// Micro-USD that one XPL is worth, when all of them earn `yearly_fees` micro-USD.
    fn value(&self, yearly_fees: f64, circulating_nano: u128) -> f64 {
        let xpl = circulating_nano as f64 / XPL as f64;
        yearly_fees / self.discount.fraction().max(1e-9) / xpl.max(1.0)
    }
}

impl MomentumStyle {
    /// Buys above the average and sells below it: the other way round than who trades on value.
    fn wish(&self, average: f64, price: f64, usd: f64, nano: f64) -> Wish {
        let (band, share) = (self.band.fraction(), self.share.fraction());
        if price > average * (1.0 + band) {
            Wish::Buy(usd * share)
        } else if price < average * (1.0 - band) {
            Wish::Sell(nano * share)
        } else {
            Wish::Nothing
        }
    }
}

impl Agents {
    /// A group of traders looks at the market.
    pub(super) fn trade(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let trader = &economy.traders[number];
        self.queue.push(now + trader.interval, Kind::Trade, number as u64);
        let price = self.market_price(view) as f64;
        let (usd, nano) = (self.dollars.of(trader.account), Self::spendable(view, trader.account));
        let (usd_held, nano_held) = (usd as f64, nano as f64);
        let row = &mut self.rows.traders[number];
        let look = row.looks;
        row.looks += 1;
        let wish = match &trader.style {
            TradingStyle::Fundamental(style) => {
                let value = style.value(self.rows.board.yearly_fees(), view.ledger.circulating());
                toward(value, price, style.band.fraction(), style.share.fraction(), usd_held, nano_held)
            }
            TradingStyle::Momentum(style) => {
                let weight = (trader.interval as f64 / style.memory.0.max(1) as f64).min(1.0);
                row.average = if row.average > 0.0 { row.average + weight * (price - row.average) } else { price };
                style.wish(row.average, price, usd_held, nano_held)
            }
            TradingStyle::Noise(style) => {
                let size = self.streams.trader.draw(trader.stream, look).normal() * style.size.0 as f64;
                if size > 0.0 { Wish::Buy(size.min(usd_held)) } else { Wish::Sell((-size / price * XPL as f64).min(nano_held)) }
            }
        };
        match wish {
            Wish::Nothing => {}
            Wish::Buy(for_usd) => {
                let nano = self.to_be_had_for(view, for_usd as u64);
                if nano > 0 && self.quote_to_buy(view, nano).is_some_and(|cost| cost <= usd) {
                    self.buy(view, now, trader.account, nano);
                }
            }
            Wish::Sell(nano) => {
                self.sell(view, now, trader.account, nano as u64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_buys_low_and_sells_high_and_momentum_the_other_way() {
        let style =
            FundamentalStyle { discount: "20%".parse().unwrap(), band: "10%".parse().unwrap(), share: "5%".parse().unwrap() };
        // $2 M a year at 20 % are $10 M; over 100 M XPL, 10 cents each.
        let value = style.value(2e12, 100_000_000 * u128::from(XPL));
        assert!((value - 100_000.0).abs() < 1e-6, "{value}");
        let wish = |price| toward(value, price, 0.1, 0.05, 1_000.0, 2_000.0);
        assert_eq!([wish(89_000.0), wish(95_000.0), wish(111_000.0)], [Wish::Buy(50.0), Wish::Nothing, Wish::Sell(100.0)]);
        let style = MomentumStyle { memory: "30d".parse().unwrap(), band: "10%".parse().unwrap(), share: "5%".parse().unwrap() };
        let wish = |price| style.wish(100_000.0, price, 1_000.0, 2_000.0);
        assert_eq!([wish(89_000.0), wish(95_000.0), wish(111_000.0)], [Wish::Sell(100.0), Wish::Nothing, Wish::Buy(50.0)]);
    }
}
