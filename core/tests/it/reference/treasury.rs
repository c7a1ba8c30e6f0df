//! The treasury's orders.

use super::Reference;
use super::arithmetic::mul_div;
use super::commands::{Outcome, refuse, short_by};
use plasma_core::ids::{AccountId, OrderId};
use plasma_core::protocol::treasury::{OrderLapsed, OrderPlaced, OrderReturned, TreasuryBurned, TreasuryDeposit};
use plasma_core::record::Origin;
use plasma_core::rejection::Rejection;

#[derive(Clone, Debug)]
pub struct Order {
    pub custodian: usize,
    pub buys: bool,
    pub most: u64,
    pub returned: u64,
}

impl Reference {
    /// At an epoch's end: the orders that the policies want, in place of the last ones to buy.
    pub fn place_order(&mut self) {
        let bought: Vec<OrderId> = self.orders.iter().filter(|(_, order)| order.buys).map(|(&id, _)| id).collect();
        let lent = (self.orders.len() - bought.len()) as u64;
        let mut room = self.rules.treasury_max_orders().saturating_sub(lent);
        for (buys, most, limit) in self.wanted_orders() {
            if room > 0 && most > 0 {
                room -= 1;
                self.order(buys, most, limit);
            }
        }
        for order in bought {
            self.happen(OrderLapsed { order }, |this| this.close_order(order));
        }
    }

    /// What buyback, liquidity and floor may order together, and each, where they are on.
    fn order_budgets(&self) -> [u128; 3] {
        let rules = &self.rules;
        let sets: [&[usize]; 8] = [&[], &[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]];
        let on = sets[rules.treasury_policy() as usize];
        let own = [rules.treasury_buyback_budget(), rules.treasury_liquidity_budget(), rules.treasury_floor_budget()];
        let (mut left, mut parts) = (u128::from(rules.treasury_budget()), [0; 3]);
        for &policy in on {
            parts[policy] = u128::from(own[policy]).min(left);
            left -= parts[policy];
        }
        let equal: Vec<usize> = on.iter().copied().filter(|&policy| own[policy] == 0).collect();
        let Some(&last) = equal.last() else { return parts };
        for &policy in &equal {
            parts[policy] = left / equal.len() as u128;
        }
        let rest = left % equal.len() as u128;
        parts[last] += rest.min(1);
        // The one before the last takes the second unit, where three share.
        if rest == 2 {
            parts[equal[1]] += 1;
        }
        parts
    }

    /// Sides, amounts and limits.
    fn wanted_orders(&self) -> Vec<(bool, u64, u64)> {
        let (Some(_), Some(price)) = (self.custodian, self.price()) else { return Vec::new() };
        let [buyback, liquidity, floor] = self.order_budgets();
        let (whole, slippage) = (1_000_000_000u128, u128::from(self.rules.treasury_slippage()));
        let defended = u128::from(self.rules.treasury_floor());
        let wanted = [
            (true, buyback, mul_div(price, whole + slippage, whole).min(u64::MAX.into())),
            (false, liquidity.min(self.balances.treasury), mul_div(price, whole - slippage, whole)),
            (true, if price < defended { floor } else { 0 }, defended),
        ];
        wanted.map(|(buys, most, limit)| (buys, most as u64, limit as u64)).to_vec()
    }

    fn order(&mut self, buys: bool, most: u64, limit: u64) {
        let custodian = self.custodian.expect("somebody carries it out");
        let (serial, slot) = self.order_numbers.take();
        let id = OrderId::new(serial, slot);
        let (sent, side) = (if buys { 0 } else { most }, u32::from(!buys));
        let event = OrderPlaced { order: id, max_xpl: most, sent, limit, custodian: AccountId(custodian as u32), side };
        self.happen(event, |this| {
            this.balances.treasury -= u128::from(sent);
            this.balances.accounts[custodian] += u128::from(sent);
            this.orders.insert(id, Order { custodian, buys, most, returned: 0 });
        });
    }

    fn close_order(&mut self, id: OrderId) {
        self.orders.remove(&id);
        self.order_numbers.give_back(id.slot());
    }

    pub fn bring_back(&mut self, origin: Origin, command: TreasuryDeposit) -> Outcome {
        let account = Self::account_of(origin)?;
        let Some(order) = self.orders.get(&command.order).filter(|order| order.custodian == account).cloned() else {
            return refuse(Rejection::UnknownOrder);
        };
        if command.amount == 0 && command.last == 0 {
            return refuse(Rejection::ZeroAmount);
        }
        self.has(account, command.amount)?;
        let room = if order.buys { order.most - order.returned } else { u64::MAX - order.returned };
        if command.amount > room {
            return short_by(Rejection::OrderFull, room.into());
        }
        let closes = command.last != 0 || command.amount == room;
        self.happen(OrderReturned { closes: closes.into() }, |this| {
            this.balances.accounts[account] -= u128::from(command.amount);
            this.balances.treasury += u128::from(command.amount);
            this.orders.get_mut(&command.order).expect("an order").returned += command.amount;
            if closes {
                this.close_order(command.order);
            }
        });
        if order.buys && command.amount > 0 && self.rules.treasury_bought() == 1 {
            self.happen(TreasuryBurned { amount: command.amount }, |this| {
                this.balances.treasury -= u128::from(command.amount);
                this.balances.burned += u128::from(command.amount);
            });
        }
        Ok(())
    }
}
