//! `posted`: a job gets at once the offer that is cheapest for it, and pays what that asks.
//!
//! Cheapest means least ask × work, for classes differ in the work that a job is on them. Among equals the least `tie` is taken.
//! The market keeps its offers in an order in which it need not look at all of them
//! ([`crate::engine::book`]); here they are looked at one by one, and a test holds both to the same answer.

use super::Ask;
use crate::money::price_of;
use crate::time::Span;

/// What an offer costs a job, in nano-XPL · milli-GPU-seconds per GPU-second, and its rank among equals. The least is taken.
pub type Cost = (u128, u64);

/// The [`Cost`] of an ask in nano-XPL per reference GPU-second.
#[inline]
pub fn cost(ask: u64, work_mgs: u64, tie: u64) -> Cost {
    (u128::from(ask) * u128::from(work_mgs), tie)
}

/// How long `work_mgs` takes on `gpus` reference GPUs, in milliseconds, rounded up.
///
/// # Panics
/// Without a GPU.
#[inline]
pub fn ideal_span(work_mgs: u64, gpus: u16) -> Span {
    work_mgs.div_ceil(u64::from(gpus))
}

/// A job that wants GPUs at once.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The classes that satisfy it, each at most once, and its work there in milli-GPU-seconds.
    pub ways: &'a [(u8, u64)],
    /// GPUs that it takes together, of one offer.
    pub gpus: u16,
    /// Sellers it does not buy from.
    pub shuns: &'a [u32],
    /// Nano-XPL that it can pay.
    pub budget: u64,
    /// Milliseconds to its deadline, before which the work must be over.
    pub within: Span,
}

/// The place of the cheapest ask that fits, and what is paid for the work in nano-XPL, rounded up. `None` when nothing fits, or
/// the budget is below the cheapest.
pub fn cheapest(asks: &[Ask], wanted: &Wanted) -> Option<(usize, u64)> {
    let offered = asks.iter().enumerate().filter_map(|(place, ask)| {
        let &(_, work) = wanted.ways.iter().find(|(class, _)| *class == ask.class)?;
        let room = ask.gpus >= wanted.gpus && !wanted.shuns.contains(&ask.seller);
        (room && ideal_span(work, wanted.gpus) < wanted.within).then(|| (cost(ask.price, work, ask.tie), place, work))
    });
    let (_, place, work) = offered.min()?;
    let price = price_of(asks[place].price, work).filter(|&price| price <= wanted.budget)?;
    Some((place, price))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASK: Ask = Ask { price: 10, tie: 0, seller: 0, gpus: 1, class: 0 };

    /// Half the work at nearly twice the ask is cheaper; equal costs go to the lower tie.
    #[test]
    fn the_cheapest_is_ask_times_work() {
        let asks = [ASK, Ask { price: 19, class: 1, ..ASK }, Ask { price: 9, class: 2, ..ASK }];
        let wanted = Wanted { ways: &[(0, 7_000), (1, 3_500)], gpus: 1, shuns: &[], budget: u64::MAX, within: u64::MAX };
        assert_eq!(cheapest(&asks, &wanted), Some((1, 67)));
        let tied = [Ask { tie: 9, ..ASK }, Ask { price: 20, class: 1, tie: 8, ..ASK }];
        assert_eq!(cheapest(&tied, &wanted), Some((1, 70)));
    }

    #[test]
    fn what_does_not_fit_is_passed_over_and_what_is_too_dear_is_not_taken() {
        let asks = [Ask { seller: 1, ..ASK }, Ask { price: 11, gpus: 4, ..ASK }];
        let wanted = Wanted { ways: &[(0, 4_000)], gpus: 1, shuns: &[], budget: 44, within: 4_001 };
        assert_eq!(cheapest(&asks, &wanted), Some((0, 40)));
        assert_eq!(cheapest(&asks, &Wanted { shuns: &[1], ..wanted }), Some((1, 44)));
        assert_eq!(cheapest(&asks, &Wanted { gpus: 4, within: 1_001, ..wanted }), Some((1, 44)));
        assert_eq!(cheapest(&asks, &Wanted { gpus: 4, within: 1_000, ..wanted }), None);
        // There is a cheaper one: who cannot pay it pays none.
        assert_eq!(cheapest(&asks, &Wanted { budget: 39, ..wanted }), None);
        assert_eq!(cheapest(&[], &wanted), None);
    }
}
