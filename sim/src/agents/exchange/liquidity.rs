//! Those who provide the pool's liquidity: they add when its fees pay well and take away when they do not, both sides in
//! proportion, so that the price stays. Who owns how much of the pool is counted in shares (Uniswap v2, `UniswapV2Pair.mint` and
//! `burn`): beside its first providers the treasury may own some, through its custodian.

use super::super::Agents;
use super::super::dollars::Purse;
use super::super::queue::Kind;
use plasma_core::engine::state::State;
use plasma_core::formula::swap::liquidity_minted;
use plasma_core::ids::AccountId;
use plasma_core::money::mul_div_floor;
use plasma_core::protocol::account::Transfer;
use plasma_core::record::Origin;
use plasma_core::time::{DAY, Span, Time, YEAR};

/// Time between two looks at the pool.
pub(in super::super) const LOOK: Span = 7 * DAY;

/// By which share of itself the pool should grow (or shrink, below zero) when it earned `fees` in `span` on a value of `value`.
fn wanted(fees: u64, span: Span, value: f64, required_yield: f64, response: f64) -> f64 {
    let earned = fees as f64 * YEAR as f64 / span as f64;
    let content = earned / required_yield.max(1e-9);
    ((content - value) / value.max(1.0)).clamp(-response, response)
}

impl Agents {
    /// Adds liquidity or takes some away.
    pub(in super::super) fn tend_pool(&mut self, view: &State, now: Time) {
        let economy = self.economy.clone();
        let Some(terms) = economy.exchange.pool() else { return };
        let Some(required_yield) = terms.required_yield else { return };
        self.queue.push(now + LOOK, Kind::Liquidity, 0);
        let Some(pool) = self.pool(view) else { return };
        let fees = std::mem::take(&mut self.rows.quoted.pool_fees);
        let share = wanted(fees, LOOK, 2.0 * pool.usd as f64, required_yield, terms.response);
        let (provider, maker) = (terms.provider, economy.exchange.maker);
        let nano = (pool.xpl as f64 * share.abs()) as u64;
        let own = self.providers_part(pool.xpl);
        if share > 0.0 {
            let affordable =
                mul_div_floor(u128::from(self.dollars.of(provider)), u128::from(pool.xpl), u128::from(pool.usd.max(1)));
            let affordable = affordable.and_then(|nano| u64::try_from(nano).ok()).unwrap_or(u64::MAX);
            let nano = nano.min(Self::spendable(view, provider)).min(affordable);
            if nano > 0 {
                self.send(now, Origin::Account(provider), Transfer { amount: nano, to: maker, pad: 0 });
            }
        } else if nano > 0 && Self::spendable(view, maker) > nano {
            self.send(now, Origin::Account(maker), Transfer { amount: nano.min(own), to: provider, pad: 0 });
        }
    }

    /// Nano-XPL of a pool that holds so many which belong to those who provided it at genesis.
    pub(in super::super) fn providers_part(&self, xpl: u64) -> u64 {
        let total = self.rows.quoted.liquidity;
        let own = total.saturating_sub(self.custodys_shares());
        mul_div_floor(xpl.into(), own, total.max(1)).and_then(|nano| u64::try_from(nano).ok()).unwrap_or(xpl)
    }

    /// Moves the dollars that go with the XPL which a provider of liquidity has just moved: in proportion, rounded down. Counts the
    /// shares that they make, rounded down, or that they were, rounded up.
    pub(super) fn settle_liquidity(&mut self, view: &State, from: AccountId, transfer: &Transfer) {
        let maker = self.economy.exchange.maker;
        let Some(pool) = self.pool(view) else { return };
        let (source, target, before) = match from == maker {
            true => (maker, transfer.to, pool.more_xpl(transfer.amount)),
            false => (from, maker, pool.less_xpl(transfer.amount)),
        };
        let usd = mul_div_floor(u128::from(pool.usd), u128::from(transfer.amount), u128::from(before.xpl.max(1)));
        let usd = usd.and_then(|usd| u64::try_from(usd).ok()).unwrap_or(u64::MAX).min(self.dollars.of(source));
        self.dollars.transfer(Purse::Of(source), Purse::Of(target), usd).expect("no more than the source has");
        let (custody, total) = (self.is_custody(from, transfer.to), self.rows.quoted.liquidity);
        let amount = u128::from(transfer.amount);
        if source == maker {
            let others = total.saturating_sub(self.custodys_shares());
            let shares = match custody {
                true => self.book_redeemed(transfer.amount, usd, before.price()),
                false => mul_div_floor(amount, total, before.xpl.max(1).into()).map_or(others, |shares| others.min(shares + 1)),
            };
            self.rows.quoted.liquidity = total.saturating_sub(shares);
        } else {
            let shares = liquidity_minted(amount, usd.into(), before.xpl.into(), pool.usd.into(), total).unwrap_or(0);
            self.rows.quoted.liquidity = total.saturating_add(shares);
            if custody {
                self.book_provided(transfer.amount, usd, shares);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn liquidity_follows_what_it_earns_and_no_faster_than_its_response() {
        // A pool of $1,000,000 that must earn 10 % a year: $1,917 a week content it.
        let share = |fees_usd: f64| wanted((fees_usd * 1e6) as u64, LOOK, 1e12, 0.1, 0.05);
        assert!((share(1_916.5)).abs() < 1e-3, "{}", share(1_916.5));
        assert_eq!(share(10_000.0), 0.05);
        assert_eq!(share(0.0), -0.05);
        assert!((share(1_950.0) - 0.0175).abs() < 1e-3, "{}", share(1_950.0));
    }
}
