//! The oracle: the price of XPL in dollars, as feeders post it. The core knows no exchange.

use crate::engine::state::State;
use crate::record::{Apply, Decide, Event, Origin, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::{Span, Time};
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// Most feeders there can be.
pub const MAX_FEEDERS: usize = 16;

/// One feeder's last post.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Post {
    /// Micro-dollars per XPL; zero before the first post.
    pub micro_usd: u64,
    /// When.
    pub at: Time,
}

/// The last post of every feeder.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Oracle {
    /// By feeder.
    pub posts: [Post; MAX_FEEDERS],
}

payload! {
    /// Posts a price. Sent by a feeder.
    pub struct PostPrice {
        /// Micro-dollars per XPL.
        pub micro_usd: u64,
    }

    /// A price was posted.
    pub struct PricePosted {}
}

impl Oracle {
    /// The median of the posts that are not stale, the lower one of two; `None` when all are. Micro-dollars per XPL.
    pub fn price(&self, now: Time, stale_after: Span) -> Option<u64> {
        let mut fresh = [0u64; MAX_FEEDERS];
        let mut count = 0;
        for post in &self.posts {
            if post.micro_usd > 0 && now.saturating_sub(post.at) <= stale_after {
                fresh[count] = post.micro_usd;
                count += 1;
            }
        }
        fresh[..count].sort_unstable();
        (count > 0).then(|| fresh[(count - 1) / 2])
    }
}

// Decide

impl Decide for PostPrice {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        match record.origin() {
            Some(Origin::Feeder(n)) if u32::from(n) < state.population.feeders => {}
            Some(Origin::Feeder(_)) => return Err(Rejection::UnknownFeeder.into()),
            _ => return Err(Rejection::NotPermitted.into()),
        }
        if self.micro_usd == 0 {
            return Err(Rejection::BadPrice.into());
        }
        events.push(PricePosted {}.into());
        Ok(())
    }
}

// Apply

impl Apply for PricePosted {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::PostPrice);
        if let Some(Origin::Feeder(n)) = record.origin() {
            state.oracle.posts[usize::from(n)] = Post { micro_usd: command.micro_usd, at: record.time };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_the_stale_and_the_extreme() {
        let mut oracle = Oracle::default();
        for (i, (price, at)) in [(100, 90), (105, 95), (9_000, 100), (1, 10)].into_iter().enumerate() {
            oracle.posts[i] = Post { micro_usd: price, at };
        }
        assert_eq!(oracle.price(100, 20), Some(105));
        assert_eq!(oracle.price(100, 95), Some(100)); // four fresh posts: the lower middle
        assert_eq!(oracle.price(1_000, 20), None);
    }

    #[test]
    fn only_feeders_post_and_only_prices() {
        use crate::testing::{Bench, names};
        let mut bench = Bench::new(&[]);
        assert_eq!(bench.refused(Origin::Feeder(3), PostPrice { micro_usd: 1 }), Rejection::UnknownFeeder);
        assert_eq!(bench.refused(Origin::Host, PostPrice { micro_usd: 1 }), Rejection::NotPermitted);
        assert_eq!(bench.refused(Origin::Feeder(2), PostPrice { micro_usd: 0 }), Rejection::BadPrice);
        assert_eq!(names(&bench.send(Origin::Feeder(2), PostPrice { micro_usd: 250_000 })), ["PricePosted"]);
        let now = bench.now;
        bench.engine.view(|state| assert_eq!(state.oracle.price(now, 10), Some(250_000)));
    }
}
