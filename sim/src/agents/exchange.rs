//! The exchange: where XPL are bought and sold for dollars.
//!
//! A trade has two legs: XPL move by a `Transfer` on the ledger, to or from the market maker's account or the pool's; dollars move
//! here when that transfer is seen to have happened. Both sides have finite accounts: what they cannot fill is refused and counted,
//! and nothing appears from nowhere.

pub mod liquidity;
pub mod pool;

use super::Agents;
use super::dollars::Purse;
use crate::economy::token::{Exchange, Venue, step};
use plasma_core::engine::state::State;
use plasma_core::ids::AccountId;
use plasma_core::money::XPL;
use plasma_core::protocol::account::Transfer;
use plasma_core::record::Origin;
use plasma_core::time::{Time, YEAR};
use pool::Pool;
use rkyv::{Archive, Deserialize, Serialize};

/// What changes about the market of XPL.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Quoted {
    /// Micro-USD per XPL at which the market maker trades; a pool has a price of its own.
    pub price: f64,
    /// Posts so far: the index of the walk's next draw.
    pub posts: u64,
    /// Micro-USD of fees that the pool took since its liquidity was last looked at.
    pub pool_fees: u64,
    /// Micro-USD that were traded so far.
    pub volume: u128,
    /// Shares of the pool's liquidity, all together; at genesis one for each nano-XPL.
    pub liquidity: u128,
    /// By what shocks multiplied a recorded price.
    pub shocked: f64,
}

impl Quoted {
    /// The market at genesis.
    pub(super) fn new(exchange: &Exchange) -> Self {
        let liquidity = exchange.pool().map_or(0, |terms| terms.xpl);
        Self { price: exchange.price as f64, shocked: 1.0, liquidity, ..Self::default() }
    }
}

/// The highest price in micro-USD per XPL: the smallest is one, which is the smallest that can be posted, and up to here amounts stay
/// within 64 bits.
pub(crate) const MOST: f64 = 1e12;

/// The most up to `limit` for which `may` holds, when it holds for everything less.
pub(super) fn most(limit: u64, may: impl Fn(u64) -> bool) -> u64 {
    let (mut least, mut most) = (0, limit);
    while least < most {
        let middle = most - (most - least) / 2;
        if may(middle) { least = middle } else { most = middle - 1 }
    }
    least
}

/// Micro-USD for nano-XPL at a price in micro-USD per XPL, rounded up: the market maker keeps the fraction.
fn cost(nano: u64, price: u64) -> u64 {
    u64::try_from((u128::from(nano) * u128::from(price)).div_ceil(u128::from(XPL))).unwrap_or(u64::MAX)
}

/// Micro-USD for nano-XPL, rounded down: the market maker keeps the fraction.
fn proceeds(nano: u64, price: u64) -> u64 {
    u64::try_from(u128::from(nano) * u128::from(price) / u128::from(XPL)).unwrap_or(u64::MAX)
}

impl Agents {
    /// Micro-USD per XPL that the oracle says; `None` when every price is stale.
    pub(super) fn price(&self, view: &State, now: Time) -> Option<u64> {
        view.oracle_price(now)
    }

    /// Micro-USD per XPL at which a very small trade would be made now, at least 1.
    pub(super) fn market_price(&self, view: &State) -> u64 {
        match &self.economy.exchange.venue {
            Venue::Fixed | Venue::Walk(_) | Venue::Recorded(_) => (self.rows.quoted.price as u64).max(1),
            Venue::Pool(_) => self.pool(view).map_or(1, |pool| pool.price()),
        }
    }

    /// Micro-USD that so many nano-XPL would cost now; `None` when the other side lacks them.
    pub(super) fn quote_to_buy(&self, view: &State, nano: u64) -> Option<u64> {
        let exchange = &self.economy.exchange;
        if Self::spendable(view, exchange.maker) < nano {
            return None;
        }
        match exchange.pool() {
            // The pool's account pays the fee of its transfer before it is made.
            Some(terms) => self.pool(view)?.less_xpl(view.base_fee()).to_buy(nano, terms.fee),
            None => Some(cost(nano, self.market_price(view))),
        }
    }

    /// Micro-USD that so many nano-XPL would fetch now; `None` when the other side lacks them.
    pub(super) fn quote_to_sell(&self, view: &State, nano: u64) -> Option<u64> {
        let exchange = &self.economy.exchange;
        match exchange.pool() {
            Some(terms) => self.pool(view)?.for_sale(nano, terms.fee),
            None => Some(proceeds(nano, self.market_price(view))).filter(|&usd| self.dollars.of(exchange.maker) >= usd),
        }
    }

    /// Nano-XPL that so many micro-USD buy now.
    pub(super) fn to_be_had_for(&self, view: &State, usd: u64) -> u64 {
        match self.economy.exchange.pool() {
            Some(terms) => self.pool(view).and_then(|pool| pool.bought_for(usd, terms.fee)).unwrap_or(0),
            None => {
                let nano = u128::from(usd) * u128::from(XPL) / u128::from(self.market_price(view));
                u64::try_from(nano).unwrap_or(u64::MAX)
            }
        }
    }

    /// Nano-XPL that an account can spend, when it keeps enough for the fees of a few more commands.
    pub(super) fn spendable(view: &State, account: AccountId) -> u64 {
        const COMMANDS: u64 = 4;
        let free = view.account(account).map_or(0, |account| account.free);
        u64::try_from(free).unwrap_or(u64::MAX).saturating_sub(COMMANDS * view.base_fee())
    }

    /// Lets an account buy XPL; its owner brings the dollars it lacks from outside. False when there are not so many to be had.
    pub(super) fn buy(&mut self, view: &State, now: Time, buyer: AccountId, nano: u64) -> bool {
        let quoted = self.quote_to_buy(view, nano).filter(|_| !self.beyond_means(view, buyer, nano));
        let able = quoted.is_some();
        if let Some(usd) = quoted {
            // What is bounded is set aside at once: another account of the same owner may buy in the same moment.
            if self.budget_left(buyer).is_some() {
                self.bring_in(buyer, usd.saturating_sub(self.dollars.of(buyer)));
            }
            self.send(now, Origin::Account(self.economy.exchange.maker), Transfer { amount: nano, to: buyer, pad: 0 });
        } else {
            self.tally.purchases_refused += 1;
        }
        able
    }

    /// Lets an account sell XPL. False when the other side lacks the dollars.
    pub(super) fn sell(&mut self, view: &State, now: Time, seller: AccountId, nano: u64) -> bool {
        let able = self.quote_to_sell(view, nano).is_some();
        if able && nano > 0 {
            self.send(now, Origin::Account(seller), Transfer { amount: nano, to: self.economy.exchange.maker, pad: 0 });
        } else if nano > 0 {
            self.tally.sales_refused += 1;
        }
        able
    }

    /// Moves the dollars of a trade whose XPL have just moved.
    pub(super) fn settle_trade(&mut self, view: &State, from: AccountId, transfer: &Transfer) {
        let economy = self.economy.clone();
        let (maker, terms) = (economy.exchange.maker, economy.exchange.pool());
        let provided = terms.is_some_and(|terms| [from, transfer.to].contains(&terms.provider));
        if provided || self.is_custody(from, transfer.to) {
            return self.settle_liquidity(view, from, transfer);
        }
        if from == maker {
            let usd = match terms {
                // A trade that was asked about just before is made in the same moment: the pool can fill it.
                Some(terms) => self.pool(view).and_then(|pool| pool.more_xpl(transfer.amount).to_buy(transfer.amount, terms.fee)),
                None => Some(cost(transfer.amount, self.market_price(view))),
            };
            let usd = usd.expect("the pool holds more than it sells");
            self.bring_in(transfer.to, usd.saturating_sub(self.dollars.of(transfer.to)));
            // A price that others moved in the same moment may exceed the last dollar of a bounded buyer.
            let usd = usd.min(self.dollars.of(transfer.to));
            self.dollars.transfer(Purse::Of(transfer.to), Purse::Of(maker), usd).expect("the buyer has just been funded");
            self.tally.trades[economy.party(transfer.to) as usize].buy(transfer.amount, usd);
            self.book_custody(transfer.to, transfer.amount, usd);
            if let Some(trades) = self.attackers_trades(transfer.to) {
                trades.buy(transfer.amount, usd);
            }
            self.count_volume(usd);
        } else if transfer.to == maker {
            let usd = match terms {
                Some(terms) => {
                    self.pool(view).and_then(|pool| pool.less_xpl(transfer.amount).for_sale(transfer.amount, terms.fee))
                }
                None => Some(proceeds(transfer.amount, self.market_price(view))),
            };
            let usd = usd.expect("what was in the pool before is not negative");
            self.dollars.transfer(Purse::Of(maker), Purse::Of(from), usd).expect("the other side was asked before");
            self.tally.trades[economy.party(from) as usize].sell(transfer.amount, usd);
            self.book_cohort(from, transfer.amount, usd);
            self.book_builder(from, transfer.amount, usd);
            if let Some(trades) = self.attackers_trades(from) {
                trades.sell(transfer.amount, usd);
            }
            self.count_volume(usd);
        }
    }

    fn count_volume(&mut self, usd: u64) {
        self.rows.quoted.volume += u128::from(usd);
        if let Some(terms) = self.economy.exchange.pool() {
            let fee = u128::from(usd) * u128::from(terms.fee) / u128::from(plasma_core::money::ONE);
            self.rows.quoted.pool_fees = self.rows.quoted.pool_fees.saturating_add(fee as u64);
        }
    }

    /// Dollars from outside, to a customer who buys or to a provider's owner who bears a loss. An attacker's budget bounds them.
    pub(super) fn bring_in(&mut self, account: AccountId, usd: u64) {
        let usd = self.budget_left(account).map_or(usd, |left| usd.min(left));
        self.dollars.transfer(Purse::Outside, Purse::Of(account), usd).expect("the outside is never short");
        match self.economy.lender_of(account) {
            Some(lender) => {
                self.dollars.put_in += usd;
                if let Some(attacker) = self.economy.attacker_behind(lender) {
                    self.rows.attackers[attacker].put_in += u128::from(usd);
                }
            }
            None => self.dollars.brought_in += usd,
        }
    }

    /// The pool as it is now.
    pub(super) fn pool(&self, view: &State) -> Option<Pool> {
        let maker = self.economy.exchange.maker;
        let xpl = u64::try_from(view.account(maker)?.free).ok()?;
        Some(Pool { xpl, usd: self.dollars.of(maker) })
    }

    /// Takes a price from elsewhere to this post.
    pub(super) fn walk(&mut self, view: &State, now: Time) {
        let (exchange, quoted) = (&self.economy.exchange, &mut self.rows.quoted);
        let walk = match &exchange.venue {
            Venue::Walk(walk) => walk,
            Venue::Recorded(prices) => {
                let recorded = prices.at(now - view.clock.genesis) as f64;
                return quoted.price = (recorded * quoted.shocked).clamp(1.0, MOST);
            }
            Venue::Fixed | Venue::Pool(_) => return,
        };
        let mut draw = self.streams.price.draw(0, quoted.posts);
        quoted.posts += 1;
        let (z, u, jump_z) = (draw.normal(), draw.uniform(), draw.normal());
        let expected = walk.jumps.get() * exchange.post_interval as f64 / YEAR as f64;
        let jumps = u < -libm::expm1(-expected);
        quoted.price = (quoted.price * step(walk, exchange.post_interval, z, jumps, jump_z)).clamp(1.0, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_most_that_may_be_is_found(limit: u64, bound: u64) {
            prop_assert_eq!(most(limit, |n| n <= bound), limit.min(bound));
        }

        #[test]
        fn the_market_maker_never_loses_by_rounding(nano in 1..u64::from(u32::MAX), price in 1..100_000_000u64) {
            prop_assert!(cost(nano, price) >= proceeds(nano, price));
            prop_assert!(cost(nano, price) - proceeds(nano, price) <= 1);
        }
    }
}
