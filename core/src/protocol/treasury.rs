//! The treasury: what governance spends of it, and what it has its custodian do of its own accord.
//!
//! The core knows no exchange. At the end of an epoch each policy that is switched on may place an order with the custodian, an
//! account named at genesis or by governance: to **buy** up to so many XPL at no more than a limit, with dollars that are outside
//! the core, or to **provide** so many XPL, which it sends along, to a pool at no less than a limit. All of them together stay within
//! one budget. What comes of an order returns by [`TreasuryDeposit`]. An order
//! to buy stands for an epoch and takes no more than it asks for; one to provide stands until the custodian says that this was
//! the last of it, and what then came back less, or more, is its loss or gain in XPL. What was bought is kept or, by
//! `treasury.bought`, burned as it arrives. Without a fresh oracle price no order is placed.

use crate::engine::ledger::Pot;
use crate::engine::slab::Row;
use crate::engine::state::State;
use crate::ids::{AccountId, OrderId};
use crate::money::{ONE, mul_div_floor};
use crate::params::{treasury_bought, treasury_policy};
use crate::record::{Apply, Decide, Event, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// What an order is to do.
pub mod side {
    /// Buy XPL.
    pub const BUY: u32 = 0;
    /// Provide XPL to a pool.
    pub const PROVIDE: u32 = 1;
}

/// An outstanding order.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Order {
    /// Its identifier.
    pub id: OrderId,
    /// Most nano-XPL that it is about.
    pub max_xpl: u64,
    /// Nano-XPL that were sent along.
    pub sent: u64,
    /// Nano-XPL that came back.
    pub returned: u64,
    /// Micro-dollars per XPL: most to buy at, least to provide at.
    pub limit: u64,
    /// Who carries it out.
    pub custodian: AccountId,
    /// See [`side`].
    pub side: u32,
}

impl Row for Order {
    fn id(&self) -> u64 {
        self.id.0
    }
}

payload! {
    /// Brings XPL back for an order. Sent by its custodian.
    pub struct TreasuryDeposit {
        /// Which.
        pub order: OrderId,
        /// Nano-XPL.
        pub amount: u64,
        /// 1 if this is the last of it.
        pub last: u32,
        /// Zero.
        pub pad: u32,
    }

    /// Governance paid somebody from the treasury.
    pub struct TreasurySpent {
        /// Nano-XPL.
        pub amount: u64,
        /// Whom.
        pub to: AccountId,
        /// Zero.
        pub pad: u32,
    }

    /// The treasury ordered its custodian to trade.
    pub struct OrderPlaced {
        /// Its identifier.
        pub order: OrderId,
        /// Most nano-XPL that it is about.
        pub max_xpl: u64,
        /// Nano-XPL sent along.
        pub sent: u64,
        /// Micro-dollars per XPL: most to buy at, least to provide at.
        pub limit: u64,
        /// Who is to carry it out.
        pub custodian: AccountId,
        /// See [`side`].
        pub side: u32,
    }

    /// XPL came back for an order.
    pub struct OrderReturned {
        /// 1 if the order is done.
        pub closes: u32,
    }

    /// What came back for an order was burned.
    pub struct TreasuryBurned {
        /// Nano-XPL.
        pub amount: u64,
    }

    /// An order's time is over.
    pub struct OrderLapsed {
        /// Which.
        pub order: OrderId,
    }
}

// Decide

/// The orders that the treasury's policies call for at the end of an epoch; then orders to buy of the epoch before lapse.
pub(crate) fn place(state: &State, events: &mut Vec<Event>) {
    let (params, buying) = (&*state.params, |order: &&Order| order.side == side::BUY);
    let standing = state.orders.iter().filter(|order| !buying(order)).count() as u64;
    let room = params.treasury_max_orders().saturating_sub(standing);
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    for (ahead, (custodian, wanted)) in called_for(state).take(room).enumerate() {
        let Some((serial, slot)) = state.orders.next_after(ahead) else { break };
        let Wanted { side, max_xpl, limit } = wanted;
        let sent = if side == side::PROVIDE { max_xpl } else { 0 };
        events.push(OrderPlaced { order: OrderId::new(serial, slot), max_xpl, sent, limit, custodian, side }.into());
    }
    let mut over: Vec<OrderId> = state.orders.iter().filter(buying).map(|order| order.id).collect();
    // Rows lie by slot; the first placed lapses first.
    over.sort_unstable();
    events.extend(over.into_iter().map(|order| Event::from(OrderLapsed { order })));
}

/// What an order is about; see [`OrderPlaced`].
struct Wanted {
    side: u32,
    max_xpl: u64,
    limit: u64,
}

/// What each policy that is switched on wants of the custodian, if there is one, and a price.
fn called_for(state: &State) -> impl Iterator<Item = (AccountId, Wanted)> {
    let params = &*state.params;
    let custodian = state.governance.custodian;
    let on = treasury_policy::on(params.treasury_policy());
    let price = if on == [false; 3] || !custodian.is_some() { None } else { state.oracle_price(state.clock.now) };
    let own = [params.treasury_buyback_budget(), params.treasury_liquidity_budget(), params.treasury_floor_budget()];
    let [buyback, liquidity, floor] = budgets(params.treasury_budget(), on, own);
    let most = u64::try_from(state.ledger.treasury).unwrap_or(u64::MAX);
    let (slippage, defended) = (params.treasury_slippage(), params.treasury_floor());
    let at = |price: u64, ratio: u64| {
        mul_div_floor(price.into(), ratio.into(), ONE.into()).and_then(|limit| u64::try_from(limit).ok()).unwrap_or(u64::MAX)
    };
    let wanted = price.map(|price| {
        [
            Wanted { side: side::BUY, max_xpl: buyback, limit: at(price, ONE + slippage) },
            Wanted { side: side::PROVIDE, max_xpl: liquidity.min(most), limit: at(price, ONE - slippage) },
            Wanted { side: side::BUY, max_xpl: if price < defended { floor } else { 0 }, limit: defended },
        ]
    });
    let wanted = wanted.into_iter().flatten().filter(|wanted| wanted.max_xpl > 0);
    wanted.map(move |wanted| (custodian, wanted))
}

/// What each policy that is on may order of a budget: its own budget, the first first, as far as there is as much; who has none of
/// its own, an equal part of the rest. The last of those has what rounding down leaves.
fn budgets(all: u64, on: [bool; 3], own: [u64; 3]) -> [u64; 3] {
    let (mut left, mut parts) = (all, [0; 3]);
    for i in (0..3).filter(|&i| on[i]) {
        parts[i] = own[i].min(left);
        left -= parts[i];
    }
    let mut sharing = (0..3).filter(|&i| on[i] && own[i] == 0).count() as u64;
    for i in (0..3).filter(|&i| on[i] && own[i] == 0) {
        parts[i] = left / sharing;
        left -= parts[i];
        sharing -= 1;
    }
    parts
}

impl Decide for TreasuryDeposit {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (account, row) = state.mobile_account(record)?;
        let order = state.orders.get(self.order.0).filter(|order| order.custodian == account).ok_or(Rejection::UnknownOrder)?;
        let last = self.last != 0;
        if self.amount == 0 && !last {
            return Err(Rejection::ZeroAmount.into());
        }
        row.require(self.amount)?;
        let room = if order.side == side::BUY { order.max_xpl } else { u64::MAX } - order.returned;
        if self.amount > room {
            return Err(Rejection::OrderFull.needing(room));
        }
        events.push(OrderReturned { closes: u32::from(last || self.amount == room) }.into());
        let burns = order.side == side::BUY && state.params.treasury_bought() == treasury_bought::BURNED;
        if burns && self.amount > 0 {
            events.push(TreasuryBurned { amount: self.amount }.into());
        }
        Ok(())
    }
}

// Apply

impl Apply for TreasurySpent {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.transfer(Pot::Treasury, Pot::Free(self.to), self.amount);
    }
}

impl Apply for OrderPlaced {
    fn apply(&self, state: &mut State, _record: &Record) {
        let Self { order: id, max_xpl, sent, limit, custodian, side } = *self;
        state.transfer(Pot::Treasury, Pot::Free(custodian), sent);
        state.orders.open(Order { id, max_xpl, sent, returned: 0, limit, custodian, side });
    }
}

impl Apply for OrderReturned {
    fn apply(&self, state: &mut State, record: &Record) {
        let deposit = cause!(record, Command::TreasuryDeposit);
        state.transfer(Pot::Free(record.account()), Pot::Treasury, deposit.amount);
        state.orders.row_mut(deposit.order.0).returned += deposit.amount;
        if self.closes != 0 {
            state.orders.close(deposit.order.0);
        }
    }
}

impl Apply for TreasuryBurned {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.transfer(Pot::Treasury, Pot::Burned, self.amount);
    }
}

impl Apply for OrderLapsed {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.orders.close(self.order.0);
    }
}

// Invariants

/// Orders to buy send nothing along and take no more than they ask for; one to provide sends all of it.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let sound = |order: &Order| match order.side {
        side::BUY => order.sent == 0 && order.returned < order.max_xpl,
        side::PROVIDE => order.sent == order.max_xpl && order.sent > 0,
        _ => false,
    };
    match state.orders.iter().find(|order| !sound(order)) {
        Some(order) => Err(format!("{} is unsound: {order:?}", order.id)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
