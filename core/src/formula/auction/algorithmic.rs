//! The protocol's price: one for each class, moved by how busy the class is.
//!
//! At the standing price p trade those who accept it: asks up to p, bids whose limit reaches p. Bids come in the order of their
//! ties, which is a lot; each takes the class where its work costs least in all, and there the willing ask whose tie is least. So
//! the side that is too many is rationed **by lot**, and what somebody asks or bids decides only whether it trades: in the batch at
//! hand, to name one's true cost is best for a seller of one GPU, and one's true worth for a customer of one job that is worth the
//! same wherever it is done. Nothing is claimed of several GPUs or jobs of one owner, nor of later batches, whose price they move.
//!
//! Afterwards the price moves as EIP-1559's base fee does (Buterin et al. 2019, specification of `base_fee_per_gas`), utilisation u
//! in the place of gas used and the target u* in that of gas target:
//!
//! > p' = max(reserve, p + p · (u − u*) ÷ u* · rate), u = GPUs at work after the batch ÷ (GPUs at work and willing before it)
//!
//! The step is rounded towards zero, but is at least one femto-XPL upwards. Where nobody works and nobody is willing, u is 1 if a
//! bid that reaches the price was left over, and the price stands otherwise.

use super::shelf::Shelf;
use super::{Ask, Batch, Bid, Cleared, FEMTO, Mechanism, Trade, Way};
use crate::money::ONE;

/// The highest price there can be, in femto-XPL per GPU-second: 10 000 XPL.
pub const HIGHEST: u64 = 10_000_000_000_000 * FEMTO;

/// The protocol's price, and how it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithmic {
    /// Utilisation at which the price stands, in parts per billion, above zero.
    pub target: u64,
    /// Share of the price by which it moves when utilisation is off by the whole target, in parts per billion.
    pub rate: u64,
    /// Lowest price, in nano-XPL per GPU-second.
    pub reserve: u64,
}

impl Algorithmic {
    /// The price in nano-XPL at which a class trades, rounded down, which never falls below the reserve.
    pub fn price(&self, standing: u64) -> u64 {
        (standing / FEMTO).max(self.reserve)
    }

    /// The next price in femto-XPL, when so many of the GPUs supplied are at work.
    pub fn step(&self, price: u64, busy: u64, supply: u64) -> u64 {
        let used = u128::from(busy.min(supply)) * u128::from(ONE) / u128::from(supply.max(1));
        let target = u128::from(self.target.max(1));
        let moved = |apart: u128| {
            let share = apart * u128::from(self.rate) / target;
            u64::try_from(u128::from(price) * share / u128::from(ONE)).unwrap_or(u64::MAX)
        };
        let next = match used.checked_sub(target) {
            Some(0) => price,
            Some(above) => price.saturating_add(moved(above).max(u64::from(self.rate > 0))),
            None => price - moved(target - used).min(price),
        };
        next.clamp(self.reserve.saturating_mul(FEMTO).min(HIGHEST), HIGHEST)
    }
}

impl Mechanism for Algorithmic {
    fn clear(&self, batch: Batch) -> Cleared {
        let prices: Vec<u64> = batch.classes.iter().map(|class| self.price(class.standing)).collect();
        let price = |class: u8| prices[usize::from(class)];
        let willing = |ask: &Ask| ask.price <= price(ask.class);
        let mut shelf = Shelf::new(batch.asks, prices.len(), |ask| willing(ask).then_some(0));
        let mut order: Vec<usize> = (0..batch.bids.len()).collect();
        order.sort_unstable_by_key(|&bid| (batch.bids[bid].tie, bid));
        let reaches = |way: &&Way| way.limit >= price(way.class);
        let mut trades = Vec::new();
        let mut left_over = vec![false; prices.len()];
        for number in order {
            let bid: &Bid = &batch.bids[number];
            let mut ways: Vec<&Way> = bid.ways.iter().filter(reaches).collect();
            ways.sort_unstable_by_key(|way| (u128::from(price(way.class)) * u128::from(way.work), way.class));
            match ways.iter().find_map(|way| shelf.first(way.class, bid)) {
                Some(ask) => {
                    shelf.take(ask, bid);
                    trades.push(Trade { bid: number, ask, price: price(batch.asks[ask].class) });
                }
                None => ways.iter().for_each(|way| left_over[usize::from(way.class)] = true),
            }
        }
        trades.sort_unstable();
        let mut supply: Vec<u64> = batch.classes.iter().map(|class| class.busy).collect();
        let mut busy = supply.clone();
        for ask in batch.asks.iter().filter(|ask| willing(ask)) {
            supply[usize::from(ask.class)] += u64::from(ask.gpus);
        }
        for trade in &trades {
            busy[usize::from(batch.asks[trade.ask].class)] += u64::from(batch.bids[trade.bid].gpus());
        }
        let next = |class: usize| match (supply[class], left_over[class]) {
            (0, false) => batch.classes[class].standing,
            (0, true) => self.step(batch.classes[class].standing, 1, 1),
            (supply, _) => self.step(batch.classes[class].standing, busy[class], supply),
        };
        let pairs = || trades.iter().map(|trade| (trade.bid, trade.ask));
        let surplus = batch.surplus(pairs());
        let gap = batch.bound(&prices) - surplus;
        Cleared { standing: (0..prices.len()).map(next).collect(), surplus, gap, trades }
    }
}
