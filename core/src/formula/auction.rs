//! Auctions of GPUs: plain orders in, trades and prices out.
//!
//! For sale are idle GPUs from now on, at a price in nano-XPL per reference GPU-second. An ask sells its GPUs whole or in part; a
//! bid is indivisible: it takes 2^`gpus_log2` GPUs of one ask or none, in any one class that satisfies it, and has a limit in each.
//! Value is therefore counted per second: a trade's **surplus** is its GPUs × (limit − ask) nano-XPL per second.
//!
//! Orders are told apart by their place in a slice, and nothing depends on it: equal orders are ranked by their `tie`, a draw that
//! nobody could choose. Every [`Mechanism`] keeps two promises: nobody trades at a loss (ask ≤ price ≤ limit), and what a buyer
//! pays is what the seller gets. Clearing n orders takes O(n log n).

pub mod algorithmic;
pub mod assignment;
pub mod posted;
pub mod sealed;
pub mod shelf;
pub mod uniform;

/// Femto-XPL in a nano-XPL: standing prices are kept to six digits below the nano-XPL.
pub const FEMTO: u64 = 1_000_000;

/// No seller.
pub const NOBODY: u32 = u32::MAX;

/// Idle GPUs of one offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Least nano-XPL per reference GPU-second.
    pub price: u64,
    /// Rank among equal asks.
    pub tie: u64,
    /// Who sells.
    pub seller: u32,
    /// How many GPUs.
    pub gpus: u16,
    /// Their class.
    pub class: u8,
}

/// A class that satisfies a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Most nano-XPL per reference GPU-second of the class.
    pub limit: u64,
    /// The work there, in milli-GPU-seconds.
    pub work: u64,
    /// Which class.
    pub class: u8,
}

/// A job that wants GPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bid {
    /// The classes that satisfy it, each at most once.
    pub ways: Vec<Way>,
    /// Rank among equal bids.
    pub tie: u64,
    /// Sellers it does not buy from.
    pub shuns: Vec<u32>,
    /// Base-2 logarithm of the GPUs it takes together.
    pub gpus_log2: u8,
}

/// What a mechanism knows of a class beside the orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Class {
    /// Standing price in femto-XPL per reference GPU-second: what the class last cleared at, or what the protocol asks next.
    pub standing: u64,
    /// GPUs at work.
    pub busy: u64,
}

/// Everything that is cleared together.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// What is for sale.
    pub asks: &'a [Ask],
    /// What is wanted.
    pub bids: &'a [Bid],
    /// By class.
    pub classes: &'a [Class],
}

/// One bid served by one ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trade {
    /// The bid's place.
    pub bid: usize,
    /// The ask's place.
    pub ask: usize,
    /// Nano-XPL per reference GPU-second.
    pub price: u64,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// The trades, by bid.
    pub trades: Vec<Trade>,
    /// The new standing price of each class, in femto-XPL per reference GPU-second.
    pub standing: Vec<u64>,
    /// Surplus of the trades, in nano-XPL per second.
    pub surplus: u128,
    /// What no other choice of trades can add to the surplus more than; zero when the choice is known to be the best.
    pub gap: u128,
}

/// A way to clear batches.
pub trait Mechanism {
    /// Who gets what, and at which price.
    fn clear(&self, batch: Batch) -> Cleared;
}

impl Bid {
    /// How many GPUs it takes.
    pub const fn gpus(&self) -> u16 {
        1 << self.gpus_log2
    }

    /// Most that it pays per GPU-second of a class; `None` when the class does not satisfy it.
    pub fn limit(&self, class: u8) -> Option<u64> {
        self.ways.iter().find(|way| way.class == class).map(|way| way.limit)
    }

    /// Its value per GPU-second where it is highest.
    pub fn value(&self) -> u64 {
        self.ways.iter().map(|way| way.limit).max().unwrap_or_default()
    }
}

impl Batch<'_> {
    /// GPUs of each ask that trades leave over.
    pub fn left(&self, pairs: impl IntoIterator<Item = (usize, usize)>) -> Vec<u16> {
        let mut left: Vec<u16> = self.asks.iter().map(|ask| ask.gpus).collect();
        for (bid, ask) in pairs {
            left[ask] -= self.bids[bid].gpus();
        }
        left
    }

    /// The surplus of these trades.
    pub fn surplus(&self, pairs: impl IntoIterator<Item = (usize, usize)>) -> u128 {
        let of = |(bid, ask): (usize, usize)| {
            let (bid, ask) = (&self.bids[bid], &self.asks[ask]);
            u128::from(bid.gpus()) * u128::from(bid.limit(ask.class).unwrap_or_default().saturating_sub(ask.price))
        };
        pairs.into_iter().map(of).sum()
    }

    /// An upper limit of any choice's surplus: the dual of the assignment at these prices by class, Σ of what each bid could gain
    /// at best and each ask whole (Lagrangian relaxation; Geoffrion 1974, doi:10.1007/BFb0120690). It is tight where the prices
    /// clear the market.
    pub fn bound(&self, prices: &[u64]) -> u128 {
        let gain = |bid: &Bid| {
            let best = bid.ways.iter().map(|way| way.limit.saturating_sub(prices[usize::from(way.class)])).max();
            u128::from(bid.gpus()) * u128::from(best.unwrap_or_default())
        };
        let rent = |ask: &Ask| u128::from(ask.gpus) * u128::from(prices[usize::from(ask.class)].saturating_sub(ask.price));
        self.bids.iter().map(gain).sum::<u128>() + self.asks.iter().map(rent).sum::<u128>()
    }
}

#[cfg(test)]
mod tests;
