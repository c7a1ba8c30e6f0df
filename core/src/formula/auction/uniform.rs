//! The uniform price: a frequent batch double auction (Budish, Cramton & Shim 2015, doi:10.1093/qje/qjv027).
//!
//! All trades of a class are made at one price. It is the middle, rounded down, of the prices at which the trades are what everybody
//! wants: not below the highest ask served nor the best limit turned away, not above the lowest limit served nor the least ask left
//! over (the k-double auction with k = ½; Chatterjee & Samuelson 1983, doi:10.1287/opre.31.5.835). With single GPUs of one class
//! this is the call auction of an exchange. Where jobs are indivisible such a price need not exist: then it clears those served, and
//! some who would trade at it are turned away, as blocks are in day-ahead electricity markets.

use super::assignment::assign;
use super::{Batch, Cleared, FEMTO, Mechanism, Trade};

/// One price for each class.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uniform;

impl Mechanism for Uniform {
    fn clear(&self, batch: Batch) -> Cleared {
        let served = assign(batch, true);
        let prices = prices(batch, &served.pairs);
        let price = |ask: usize| prices[usize::from(batch.asks[ask].class)].unwrap_or(batch.asks[ask].price);
        let trades = served.pairs.iter().map(|&(bid, ask)| Trade { bid, ask, price: price(ask) }).collect();
        let standing = batch.classes.iter().zip(&prices).map(|(class, price)| match price {
            Some(price) => price.saturating_mul(FEMTO),
            None => class.standing,
        });
        Cleared { trades, standing: standing.collect(), surplus: served.surplus, gap: served.gap }
    }
}

/// The price of each class for these trades; `None` where there are none.
pub fn prices(batch: Batch, pairs: &[(usize, usize)]) -> Vec<Option<u64>> {
    let classes = batch.classes.len();
    let mut band: Vec<Option<(u64, u64)>> = vec![None; classes];
    let mut served = vec![false; batch.bids.len()];
    for &(bid, ask) in pairs {
        let asked = &batch.asks[ask];
        let limit = batch.bids[bid].limit(asked.class).unwrap_or(asked.price);
        let (floor, ceiling) = band[usize::from(asked.class)].unwrap_or((0, u64::MAX));
        band[usize::from(asked.class)] = Some((floor.max(asked.price), ceiling.min(limit)));
        served[bid] = true;
    }
    let mut largest = vec![0; classes];
    for ask in batch.asks {
        largest[usize::from(ask.class)] = largest[usize::from(ask.class)].max(ask.gpus);
    }
    // A bid that no ask could hold says nothing about the price of those that can be held.
    for bid in batch.bids.iter().zip(&served).filter_map(|(bid, served)| (!served).then_some(bid)) {
        for way in &bid.ways {
            if let Some((floor, ceiling)) = &mut band[usize::from(way.class)]
                && bid.gpus() <= largest[usize::from(way.class)]
                && way.limit <= *ceiling
            {
                *floor = (*floor).max(way.limit);
            }
        }
    }
    let left = batch.left(pairs.iter().copied());
    for (ask, _) in batch.asks.iter().zip(left).filter(|(_, left)| *left > 0) {
        if let Some((floor, ceiling)) = &mut band[usize::from(ask.class)]
            && ask.price >= *floor
        {
            *ceiling = (*ceiling).min(ask.price);
        }
    }
    band.into_iter().map(|band| band.map(|(floor, ceiling)| floor + ceiling.saturating_sub(floor) / 2)).collect()
}

/// Prices by class to weigh a choice of trades by: where there are none the least ask, and the highest price where nothing is asked.
pub(super) fn shadow_prices(batch: Batch, pairs: &[(usize, usize)]) -> Vec<u64> {
    let mut least = vec![u64::MAX; batch.classes.len()];
    for ask in batch.asks {
        let least = &mut least[usize::from(ask.class)];
        *least = (*least).min(ask.price);
    }
    prices(batch, pairs).into_iter().zip(least).map(|(price, least)| price.unwrap_or(least)).collect()
}
