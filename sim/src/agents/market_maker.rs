//! The market maker: buys and sells XPL at the posted price while its accounts last. When they do not, a trade is refused and
//! counted; nothing appears from nowhere.
//!
//! A trade has two legs: XPL move by a `Transfer` on the ledger, dollars move here when that transfer is seen to have happened.

use super::Agents;
use super::dollars::Purse;
use plasma_core::engine::state::State;
use plasma_core::ids::AccountId;
use plasma_core::money::XPL;
use plasma_core::protocol::account::Transfer;
use plasma_core::record::Origin;
use plasma_core::time::Time;

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
        view.oracle.price(now, view.params.oracle_stale_after())
    }

    /// Nano-XPL that an account can spend, when it keeps enough for the fees of a few more commands.
    pub(super) fn spendable(view: &State, account: AccountId) -> u64 {
        const COMMANDS: u64 = 4;
        let free = view.account(account).map_or(0, |account| account.free);
        u64::try_from(free).unwrap_or(u64::MAX).saturating_sub(COMMANDS * view.params.fee_base())
    }

    /// Lets an account buy XPL; its owner brings the dollars from outside. False when the market maker lacks the XPL.
    pub(super) fn buy(&mut self, view: &State, now: Time, buyer: AccountId, nano: u64) -> bool {
        let maker = self.economy.market_maker;
        let able = self.price(view, now).is_some() && Self::spendable(view, maker) >= nano;
        if able {
            self.send(now, Origin::Account(maker), Transfer { amount: nano, to: buyer, pad: 0 });
        } else {
            self.tally.purchases_refused += 1;
        }
        able
    }

    /// Lets an account sell XPL. False when the market maker lacks the dollars.
    pub(super) fn sell(&mut self, view: &State, now: Time, seller: AccountId, nano: u64) -> bool {
        let maker = self.economy.market_maker;
        let able = self.price(view, now).is_some_and(|price| self.dollars.of(maker) >= proceeds(nano, price));
        if able && nano > 0 {
            self.send(now, Origin::Account(seller), Transfer { amount: nano, to: maker, pad: 0 });
        } else if nano > 0 {
            self.tally.sales_refused += 1;
        }
        able
    }

    /// Moves the dollars of a trade whose XPL have just moved.
    pub(super) fn settle_trade(&mut self, view: &State, now: Time, from: AccountId, transfer: &Transfer) {
        let maker = self.economy.market_maker;
        let Some(price) = self.price(view, now) else { return };
        if from == maker {
            let (buyer, usd) = (Purse::Of(transfer.to), cost(transfer.amount, price));
            let missing = usd.saturating_sub(self.dollars.of(transfer.to));
            self.bring_in(transfer.to, missing);
            self.dollars.transfer(buyer, Purse::Of(maker), usd).expect("the buyer has just been funded");
            self.tally.bought += u128::from(transfer.amount);
        } else if transfer.to == maker {
            let usd = proceeds(transfer.amount, price);
            self.dollars.transfer(Purse::Of(maker), Purse::Of(from), usd).expect("the market maker was asked before");
            self.tally.sold += u128::from(transfer.amount);
        }
    }

    /// Dollars from outside, to a customer who buys or to a provider's owner who bears a loss.
    pub(super) fn bring_in(&mut self, account: AccountId, usd: u64) {
        self.dollars.transfer(Purse::Outside, Purse::Of(account), usd).expect("the outside is never short");
        match self.economy.host_of(account) {
            Some(_) => self.dollars.put_in += usd,
            None => self.dollars.brought_in += usd,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_market_maker_never_loses_by_rounding(nano in 1..u64::from(u32::MAX), price in 1..100_000_000u64) {
            prop_assert!(cost(nano, price) >= proceeds(nano, price));
            prop_assert!(cost(nano, price) - proceeds(nano, price) <= 1);
        }
    }
}
