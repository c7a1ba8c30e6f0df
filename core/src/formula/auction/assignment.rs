//! Who is served by whom, for the largest surplus: exactly when few are involved, greedily otherwise.
//!
//! Jobs are indivisible and may run on several classes, which makes this a generalised assignment problem: no price need clear it,
//! and finding the best is NP-hard (Martello & Toth, *Knapsack Problems*, 1990, chapter 7). Up to [`SMALL`] conceivable choices are
//! searched; beyond, bids are served in the order of their value per GPU-second, each where it gains most, and the dual bound says
//! how much that can have missed.

use super::shelf::Shelf;
use super::{Batch, uniform};
use std::cmp::Reverse;

/// Most pairs of a bid and an ask, and most conceivable choices, Π (1 + asks that suit a bid), that are searched exhaustively.
pub const SMALL: u64 = 1 << 16;

/// Bids with the asks that serve them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// Bid and ask, by bid.
    pub pairs: Vec<(usize, usize)>,
    /// Its surplus, in nano-XPL per second.
    pub surplus: u128,
    /// An upper limit of what a better choice could add.
    pub gap: u128,
}

/// The prices at which all trades of a class so far could be made: from the highest ask to the lowest limit.
#[derive(Clone, Copy, Debug)]
struct Band {
    floor: u64,
    ceiling: u64,
}

impl Band {
    const OPEN: Self = Self { floor: 0, ceiling: u64::MAX };

    /// The band with one more trade in it, if a price is left.
    fn with(self, ask: u64, limit: u64) -> Option<Self> {
        let band = Self { floor: self.floor.max(ask), ceiling: self.ceiling.min(limit) };
        (band.floor <= band.ceiling).then_some(band)
    }
}

/// Which of the asks that would serve a bid is best: margin, largest first, then tie, then place.
type Rank = (Reverse<u64>, u64, usize);

/// One ask that would serve a bid.
#[derive(Clone, Copy, Debug)]
struct Choice {
    /// What a GPU-second of it gains: limit − ask.
    margin: u64,
    ask: usize,
    limit: u64,
}

/// Serves bids for the largest surplus. With `one_price`, only so that all trades of a class can be made at one price.
pub fn assign(batch: Batch, one_price: bool) -> Assignment {
    let mut order: Vec<usize> = (0..batch.bids.len()).collect();
    order.sort_unstable_by_key(|&bid| (Reverse(batch.bids[bid].value()), batch.bids[bid].tie, bid));
    let mut pairs = greedy(batch, one_price, &order);
    let surplus = batch.surplus(pairs.iter().copied());
    let gap = match Search::of(batch, one_price, &order) {
        Some(search) => {
            if let Some(better) = search.beyond(surplus) {
                pairs = better;
            }
            0
        }
        None => batch.bound(&uniform::shadow_prices(batch, &pairs)) - surplus,
    };
    pairs.sort_unstable();
    Assignment { surplus: batch.surplus(pairs.iter().copied()), gap, pairs }
}

/// Bids in order, each served where it gains most by what is left; the cheapest ask of a class first.
fn greedy(batch: Batch, one_price: bool, order: &[usize]) -> Vec<(usize, usize)> {
    let mut shelf = Shelf::new(batch.asks, batch.classes.len(), |ask| Some(ask.price));
    let mut bands = vec![Band::OPEN; batch.classes.len()];
    let mut pairs = Vec::new();
    for &number in order {
        let bid = &batch.bids[number];
        let mut best: Option<(Rank, Band)> = None;
        for way in &bid.ways {
            let Some(ask) = shelf.first(way.class, bid) else { continue };
            let asked = &batch.asks[ask];
            let before = if one_price { bands[usize::from(way.class)] } else { Band::OPEN };
            let Some(band) = before.with(asked.price, way.limit) else { continue };
            let rank = (Reverse(way.limit - asked.price), asked.tie, ask);
            if best.is_none_or(|(other, _)| rank < other) {
                best = Some((rank, band));
            }
        }
        if let Some(((.., ask), band)) = best {
            shelf.take(ask, bid);
            bands[usize::from(batch.asks[ask].class)] = band;
            pairs.push((number, ask));
        }
    }
    pairs
}

/// Depth-first search over all choices, bids in the order of the greedy, the gainful asks of each first. Bids that no ask suits
/// are left aside, and each of the others doubles what is conceivable: it goes down no further than log2 of [`SMALL`].
struct Search<'a> {
    batch: Batch<'a>,
    one_price: bool,
    /// The bids that any ask suits.
    order: Vec<usize>,
    choices: Vec<Vec<Choice>>,
    /// Most that the bids from each on can gain.
    reach: Vec<u128>,
    left: Vec<u16>,
    bands: Vec<Band>,
    chosen: Vec<(usize, usize)>,
    best: u128,
    found: Option<Vec<(usize, usize)>>,
}

impl<'a> Search<'a> {
    /// `None` when there are too many choices.
    fn of(batch: Batch<'a>, one_price: bool, bids: &[usize]) -> Option<Self> {
        if (batch.bids.len() as u64).saturating_mul(batch.asks.len() as u64) > SMALL {
            return None;
        }
        let (mut order, mut choices) = (Vec::new(), Vec::new());
        let mut conceivable = 1u64;
        for &number in bids {
            let bid = &batch.bids[number];
            let suits = |(i, ask): (usize, &super::Ask)| {
                let limit = bid.limit(ask.class).filter(|_| ask.gpus >= bid.gpus() && !bid.shuns.contains(&ask.seller))?;
                Some(Choice { margin: limit.checked_sub(ask.price)?, ask: i, limit })
            };
            let mut its: Vec<Choice> = batch.asks.iter().enumerate().filter_map(suits).collect();
            conceivable *= 1 + its.len() as u64;
            if conceivable > SMALL {
                return None;
            }
            its.sort_unstable_by_key(|c| (Reverse(c.margin), batch.asks[c.ask].tie, c.ask));
            if !its.is_empty() {
                order.push(number);
                choices.push(its);
            }
        }
        let mut reach = vec![0u128; order.len() + 1];
        for (i, its) in choices.iter().enumerate().rev() {
            let gpus = u128::from(batch.bids[order[i]].gpus());
            reach[i] = reach[i + 1] + its.first().map_or(0, |best| gpus * u128::from(best.margin));
        }
        let left = batch.left([]);
        let bands = vec![Band::OPEN; batch.classes.len()];
        Some(Self { batch, one_price, order, choices, reach, left, bands, chosen: Vec::new(), best: 0, found: None })
    }

    /// The first choice with the largest surplus, if that exceeds `known`.
    fn beyond(mut self, known: u128) -> Option<Vec<(usize, usize)>> {
        self.best = known;
        self.descend(0, 0);
        self.found
    }

    fn descend(&mut self, depth: usize, surplus: u128) {
        if surplus + self.reach[depth] <= self.best {
            return;
        }
        let Some(&number) = self.order.get(depth) else {
            (self.best, self.found) = (surplus, Some(self.chosen.clone()));
            return;
        };
        let gpus = self.batch.bids[number].gpus();
        for i in 0..self.choices[depth].len() {
            let Choice { margin, ask, limit } = self.choices[depth][i];
            let asked = &self.batch.asks[ask];
            let class = usize::from(asked.class);
            let before = self.bands[class];
            let band = if self.one_price { before.with(asked.price, limit) } else { Some(before) };
            let Some(band) = band.filter(|_| self.left[ask] >= gpus) else { continue };
            (self.bands[class], self.left[ask]) = (band, self.left[ask] - gpus);
            self.chosen.push((number, ask));
            self.descend(depth + 1, surplus + u128::from(gpus) * u128::from(margin));
            self.chosen.pop();
            (self.bands[class], self.left[ask]) = (before, self.left[ask] + gpus);
        }
        self.descend(depth + 1, surplus);
    }
}
