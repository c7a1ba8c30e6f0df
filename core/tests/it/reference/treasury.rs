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
    /// At an epoch's end: the order that the policy wants, in place of the last one to buy.
    pub fn place_order(&mut self) {
        let bought: Vec<OrderId> = self.orders.iter().filter(|(_, order)| order.buys).map(|(&id, _)| id).collect();
        let lent = (self.orders.len() - bought.len()) as u64;
        if lent < self.rules.treasury_max_orders() {
            self.order_if_wanted();
        }
        for order in bought {
            self.happen(OrderLapsed { order }, |this| this.close_order(order));
        }
    }

    fn order_if_wanted(&mut self) {
        let (Some(custodian), Some(price)) = (self.custodian, self.price()) else { return };
        let rules = &self.rules;
        let (policy, budget, floor) = (rules.treasury_policy(), rules.treasury_budget(), u128::from(rules.treasury_floor()));
        let (whole, slippage) = (1_000_000_000u128, u128::from(rules.treasury_slippage()));
        let wanted = match policy {
            1 => Some((true, budget, mul_div(price, whole + slippage, whole).min(u64::MAX.into()))),
            2 => Some((false, u128::from(budget).min(self.balances.treasury) as u64, mul_div(price, whole - slippage, whole))),
            3 if price < floor => Some((true, budget, floor)),
            _ => None,
        };
        let Some((buys, most, limit)) = wanted.filter(|(_, most, _)| *most > 0) else { return };
        let (serial, slot) = self.order_numbers.take();
        let id = OrderId::new(serial, slot);
        let sent = if buys { 0 } else { most };
        let (limit, side) = (limit as u64, u32::from(!buys));
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
