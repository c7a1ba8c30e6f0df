//! The custodian: carries out the treasury's orders on the exchange, with dollars of its own, and brings back what came of them.
//!
//! - To **buy**, it buys as much as the order, its dollars and the other side allow while the price after the trade and the average
//!   price of the trade are no more than the limit, and returns it; whether the treasury keeps or burns it, the protocol says.
//! - To **provide**, it adds the XPL to the pool with as many dollars as the pool holds for them, unless the price is under the limit,
//!   and takes its share out again after a time. The XPL return; the dollars stay with the custodian. What the position is then worth
//!   against having held both sides is in the books: the impermanent loss (Uniswap v2; [`plasma_core::formula::swap`]), less the fees
//!   that it earned.

use super::Agents;
use super::exchange::most;
use super::exchange::pool::Pool;
use super::queue::Kind;
use crate::economy::funds::Custodian;
use plasma_core::engine::state::State;
use plasma_core::formula::swap::redeemed;
use plasma_core::ids::{AccountId, OrderId};
use plasma_core::money::{XPL, mul_div_floor};
use plasma_core::protocol::account::Transfer;
use plasma_core::protocol::treasury::{Order, OrderPlaced, TreasuryDeposit, side};
use plasma_core::record::Origin;
use plasma_core::time::{DAY, Span, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// What changes about the custodian: its books, in nano-XPL and micro-USD, and the liquidity it holds.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct CustodyRow {
    /// Orders it received.
    pub orders: u64,
    /// Nano-XPL bought.
    pub bought: u128,
    /// Micro-USD paid for them.
    pub spent: u128,
    /// Nano-XPL returned to the treasury, liquidity included.
    pub returned: u128,
    /// Nano-XPL added to the pool.
    pub provided: u128,
    /// Micro-USD added with them.
    pub provided_usd: u128,
    /// Nano-XPL taken out of the pool again.
    pub redeemed: u128,
    /// Micro-USD taken out with them.
    pub redeemed_usd: u128,
    /// Micro-USD that liquidity was worth more when it was taken out than what had been added, at the price of that moment.
    pub against_holding: i128,
    /// What it has in the pool.
    pub positions: Vec<Position>,
    /// Orders to buy that are carried out and not reported, with the nano-XPL bought for each.
    filled: Vec<(u64, u64)>,
    /// The order whose liquidity is on its way into the pool or out of it.
    moving: u64,
}

/// Liquidity of one order.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The order.
    pub order: u64,
    /// Nano-XPL added.
    pub xpl: u64,
    /// Micro-USD added.
    pub usd: u64,
    /// Its part of all liquidity.
    pub shares: u128,
    /// Nano-XPL taken out again, once it is.
    pub back: Option<u64>,
    /// Whether the treasury has what the pool did not take.
    told: bool,
}

/// Time after which it tries again to take liquidity out of a pool whose account could not pay for the transfer.
const RETRY: Span = 7 * DAY;

impl Agents {
    fn custodian(&self) -> Option<Custodian> {
        self.economy.custodian
    }

    /// An order was placed: it is carried out at once, if it is ours.
    pub(super) fn ordered(&mut self, now: Time, placed: &OrderPlaced) {
        if self.custodian().is_some_and(|custodian| custodian.account == placed.custodian) {
            self.rows.custody.orders += 1;
            self.queue.push(now + 1, Kind::Order, placed.order.0);
        }
    }

    /// Carries an order out.
    pub(super) fn carry_out(&mut self, view: &State, now: Time, id: OrderId) {
        let Some((custodian, order)) = self.custodian().zip(view.orders.get(id.0).copied()) else { return };
        self.queue.push(now, Kind::Report, id.0);
        // Another order's transfer has moved by now, or was not admitted.
        self.rows.custody.moving = 0;
        match order.side {
            side::BUY => {
                self.rows.custody.filled.push((id.0, 0));
                let nano = self.to_buy(view, custodian.account, &order);
                if nano > 0 {
                    self.buy(view, now, custodian.account, nano);
                }
            }
            _ => self.provide(view, now, custodian, &order),
        }
    }

    /// Nano-XPL that an order lets it buy now.
    fn to_buy(&self, view: &State, account: AccountId, order: &Order) -> u64 {
        let (usd, fee) = (self.dollars.of(account), view.base_fee());
        let pool = self.economy.exchange.pool().and_then(|_| self.pool(view)).map(|pool| pool.less_xpl(fee));
        let stays = |nano: u64, cost: u64| match pool {
            Some(Pool { xpl, usd }) => {
                Pool { xpl: xpl.saturating_sub(nano), usd: usd.saturating_add(cost) }.price() <= order.limit
            }
            None => true,
        };
        let fair = |nano: u64, cost: u64| u128::from(cost) * u128::from(XPL) <= u128::from(nano) * u128::from(order.limit);
        let within =
            |nano| self.quote_to_buy(view, nano).is_some_and(|cost| cost <= usd && fair(nano, cost) && stays(nano, cost));
        // Rounding up makes the first few nano-XPL dear: where a whole XPL is too dear, everything is.
        if within(order.max_xpl.min(XPL)) { most(order.max_xpl, |nano| nano <= XPL || within(nano)) } else { 0 }
    }

    /// Adds what an order sent along to the pool, as far as its dollars reach.
    fn provide(&mut self, view: &State, now: Time, custodian: Custodian, order: &Order) {
        if self.economy.exchange.pool().is_none() {
            return;
        }
        let Some(pool) = self.pool(view).filter(|pool| pool.price() >= order.limit) else { return };
        let usd = u128::from(self.dollars.of(custodian.account));
        let affordable = mul_div_floor(usd, pool.xpl.into(), pool.usd.max(1).into());
        let affordable = affordable.and_then(|nano| u64::try_from(nano).ok()).unwrap_or(u64::MAX);
        let amount = affordable.min(order.sent).min(Self::spendable(view, custodian.account));
        // What no dollar goes with is no share of the pool, and could never be taken out again.
        let worth = mul_div_floor(amount.into(), pool.usd.into(), pool.xpl.max(1).into());
        if worth.is_some_and(|usd| usd > 0) {
            self.rows.custody.moving = order.id.0;
            let to = self.economy.exchange.maker;
            self.send(now, Origin::Account(custodian.account), Transfer { amount, to, pad: 0 });
            self.queue.push(now.saturating_add(custodian.holds.max(1)), Kind::Redeem, order.id.0);
        }
    }

    /// Takes an order's liquidity out of the pool.
    pub(super) fn redeem(&mut self, view: &State, now: Time, id: OrderId) {
        let (Some(custodian), Some(pool)) = (self.custodian(), self.pool(view)) else { return };
        let Some(position) = self.rows.custody.positions.iter().find(|position| position.order == id.0) else { return };
        let amount = redeemed(position.shares, pool.xpl.into(), self.rows.quoted.liquidity);
        let amount = amount.and_then(|nano| u64::try_from(nano).ok()).unwrap_or(0);
        let maker = self.economy.exchange.maker;
        if amount > 0 && Self::spendable(view, maker) > amount {
            self.rows.custody.moving = id.0;
            self.send(now, Origin::Account(maker), Transfer { amount, to: custodian.account, pad: 0 });
        }
        self.queue.push(now, Kind::Report, id.0);
    }

    /// Tells the treasury what came of an order, as far as it has come.
    pub(super) fn report(&mut self, view: &State, now: Time, id: OrderId) {
        let Some(custodian) = self.custodian() else { return };
        let row = &mut self.rows.custody;
        // A transfer that was not admitted moved nothing.
        row.moving = 0;
        let filled: u64 = row.filled.extract_if(.., |(order, _)| *order == id.0).map(|(_, nano)| nano).sum();
        let Some(order) = view.orders.get(id.0) else { return };
        let place = self.rows.custody.positions.iter().position(|position| position.order == id.0);
        let position = place.map(|place| self.rows.custody.positions[place].clone());
        let (amount, last) = match (order.side, &position) {
            (side::BUY, _) => (filled, true),
            (_, None) => (order.sent - order.returned.min(order.sent), true),
            (_, Some(Position { back: Some(back), .. })) => (*back, true),
            // What its dollars did not reach for. Nothing has moved when the pool's account could not pay for the transfer.
            (_, Some(position)) if !position.told => (order.sent - position.xpl, false),
            _ => return self.queue.push(now + RETRY, Kind::Redeem, id.0),
        };
        let amount = amount.min(Self::spendable(view, custodian.account));
        match place {
            Some(place) if last => drop(self.rows.custody.positions.remove(place)),
            Some(place) => self.rows.custody.positions[place].told = true,
            None => {}
        }
        if amount > 0 || (last && order.side == side::PROVIDE) {
            self.send(now, Origin::Account(custodian.account), TreasuryDeposit { order: id, amount, last: last.into(), pad: 0 });
        }
    }

    /// XPL came back to the treasury.
    pub(super) fn returned(&mut self, sender: AccountId, deposit: &TreasuryDeposit) {
        if self.custodian().is_some_and(|custodian| custodian.account == sender) {
            self.rows.custody.returned += u128::from(deposit.amount);
        }
    }

    /// Books a purchase, if the custodian made it.
    pub(super) fn book_custody(&mut self, buyer: AccountId, nano: u64, usd: u64) {
        if self.custodian().is_some_and(|custodian| custodian.account == buyer) {
            let row = &mut self.rows.custody;
            // Orders of one moment are carried out one after the other.
            row.filled.last_mut().into_iter().for_each(|(_, filled)| *filled += nano);
            row.bought += u128::from(nano);
            row.spent += u128::from(usd);
        }
    }

    /// Whether a transfer between the custodian and the pool is liquidity and no trade.
    pub(super) fn is_custody(&self, from: AccountId, to: AccountId) -> bool {
        let ours = |account| self.custodian().is_some_and(|custodian| custodian.account == account);
        self.rows.custody.moving != 0 && (ours(from) || ours(to))
    }

    /// Books liquidity that went into the pool with so many micro-USD, and the shares it is.
    pub(super) fn book_provided(&mut self, nano: u64, usd: u64, shares: u128) {
        let row = &mut self.rows.custody;
        row.provided += u128::from(nano);
        row.provided_usd += u128::from(usd);
        let order = std::mem::take(&mut row.moving);
        row.positions.push(Position { order, xpl: nano, usd, shares, ..Position::default() });
    }

    /// Books liquidity that came out of the pool with so many micro-USD, when the pool's price was so much. Returns the shares that
    /// it was.
    pub(super) fn book_redeemed(&mut self, nano: u64, usd: u64, price: u64) -> u128 {
        let row = &mut self.rows.custody;
        row.redeemed += u128::from(nano);
        row.redeemed_usd += u128::from(usd);
        let order = std::mem::take(&mut row.moving);
        let Some(position) = row.positions.iter_mut().find(|position| position.order == order) else { return 0 };
        position.back = Some(nano);
        let worth = |nano: u64, usd: u64| (u128::from(nano) * u128::from(price) / u128::from(XPL)) as i128 + i128::from(usd);
        row.against_holding += worth(nano, usd) - worth(position.xpl, position.usd);
        position.shares
    }

    /// Liquidity in the pool that is the custodian's.
    pub(super) fn custodys_shares(&self) -> u128 {
        self.rows.custody.positions.iter().filter(|position| position.back.is_none()).map(|position| position.shares).sum()
    }

    /// The custodian's books; none where there is no custodian.
    pub fn custody(&self) -> Option<&CustodyRow> {
        self.custodian().map(|_| &self.rows.custody)
    }
}
