//! Sealed asks: a reverse auction in which the cheapest serve, paid their ask or the lowest that lost.
//!
//! **First price**: each is paid its ask. **Second price**: each is paid the lowest ask of another seller, in the class and with
//! room for the job, that was left over, but no more than the job's limit, which is its reserve; where no ask was left over, the
//! limit. For one job and sellers of one offer each this is Vickrey's auction (1961, doi:10.1111/j.1540-6261.1961.tb02789.x): to ask
//! one's cost is best whatever the others ask. For several equal jobs it is the uniform (k+1)-st price, truthful as long as every
//! seller has one GPU. A seller of several may gain by asking more for the later ones, and jobs of different limits or sizes make it
//! worth a seller's while which of them it gets: there no truthfulness is claimed.

use super::assignment::assign;
use super::{Batch, Cleared, FEMTO, Mechanism, NOBODY, Trade};

/// What a winner is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    /// Its ask.
    First,
    /// The lowest ask that lost.
    Second,
}

/// Sealed asks, with the rule by which winners are paid.
#[derive(Clone, Copy, Debug)]
pub struct Sealed(pub Payment);

impl Mechanism for Sealed {
    fn clear(&self, batch: Batch) -> Cleared {
        let served = assign(batch, false);
        let losers = Losers::of(batch, &served.pairs);
        let mut standing: Vec<u64> = batch.classes.iter().map(|class| class.standing).collect();
        let mut highest = vec![0; standing.len()];
        let trades = served.pairs.iter().map(|&(bid, ask)| {
            let (wants, asked) = (&batch.bids[bid], &batch.asks[ask]);
            let price = match self.0 {
                Payment::First => asked.price,
                // A job that shuns a seller may have passed over a lower ask: no winner is paid less than its own.
                Payment::Second => {
                    let limit = wants.limit(asked.class).unwrap_or(asked.price);
                    losers.lowest(asked.class, wants.gpus_log2, asked.seller).unwrap_or(limit).min(limit).max(asked.price)
                }
            };
            let (standing, highest) = (&mut standing[usize::from(asked.class)], &mut highest[usize::from(asked.class)]);
            *highest = price.max(*highest);
            *standing = highest.saturating_mul(FEMTO);
            Trade { bid, ask, price }
        });
        let trades = trades.collect();
        Cleared { trades, standing, surplus: served.surplus, gap: served.gap }
    }
}

/// Price and seller of an ask that lost.
type Loser = (u64, u32);

/// By class and size of a job, the lowest ask that was left over and the lowest of anybody else.
struct Losers(Vec<[[Option<Loser>; 2]; SIZES]>);

/// Sizes of jobs, as base-2 logarithms.
const SIZES: usize = 16;

impl Losers {
    fn of(batch: Batch, pairs: &[(usize, usize)]) -> Self {
        let mut lowest = vec![[[None; 2]; SIZES]; batch.classes.len()];
        for (ask, left) in batch.asks.iter().zip(batch.left(pairs.iter().copied())) {
            let Some(room) = left.checked_ilog2() else { continue };
            for pair in &mut lowest[usize::from(ask.class)][..=room as usize] {
                enter(pair, (ask.price, ask.seller));
            }
        }
        Self(lowest)
    }

    fn lowest(&self, class: u8, gpus_log2: u8, winner: u32) -> Option<u64> {
        let pair = self.0[usize::from(class)][usize::from(gpus_log2)];
        pair.into_iter().flatten().find(|&(_, seller)| seller != winner).map(|(price, _)| price)
    }
}

/// Enters a price among the lowest two of different sellers.
fn enter(pair: &mut [Option<Loser>; 2], (price, seller): Loser) {
    let mut entered = [Some((price, seller)), pair[0], pair[1]];
    entered.sort_unstable_by_key(|loser| loser.unwrap_or((u64::MAX, NOBODY)));
    let first = entered[0];
    let other = entered[1..].iter().flatten().find(|loser| first.is_none_or(|(_, lowest)| loser.1 != lowest));
    *pair = [first, other.copied()];
}
