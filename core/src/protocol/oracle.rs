//! The oracle: the price of XPL in dollars, as feeders post it. The core knows no exchange.
//!
//! A feeder's price is the median of its last `oracle.window` posts, leaving out the latest `oracle.lag` of them, so that a price
//! can be seen before it counts (Maker's oracle security module holds each back by one). A feeder has one post a round: another in
//! the same round takes its place. Posts older than `oracle.stale_after` do not count, and a feeder without any that does has no
//! price. The price is the median of the feeders that have one, the lower one of two; there is none while they are fewer than
//! `oracle.quorum`. A post may not differ from the feeder's of the last round by more than `oracle.max_step`, unless that one is
//! stale: to move the price, half of the feeders must post in half of the rounds of the window, and no further than that a round.
//!
//! Without a price
//!
//! - `settle.mode = vault_remint` takes no new job and no money for tabs, and settles what it has at the payment as it is
//!   ([`crate::protocol::vault`]);
//! - the treasury places no order ([`crate::protocol::treasury`]).
//!
//! Nothing else in the core asks for one.

use crate::engine::state::State;
use crate::money::{ONE, mul_div_floor};
use crate::params::Params;
use crate::record::{Apply, Decide, Event, Origin, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// Most feeders there can be.
pub const MAX_FEEDERS: usize = 16;

/// Posts of each feeder that are kept, a round each: the longest window and the longest lag.
pub const KEPT: usize = 32;

/// A feeder's post.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Post {
    /// Micro-dollars per XPL; zero for no post.
    pub micro_usd: u64,
    /// When.
    pub at: Time,
    /// In which round.
    pub round: u32,
    /// Zero.
    pub pad: u32,
}

/// What one feeder posted lately.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Feed {
    /// In a ring.
    posts: [Post; KEPT],
    /// Rounds with a post so far.
    count: u64,
}

/// The last posts of every feeder.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Oracle {
    /// By feeder.
    pub feeds: [Feed; MAX_FEEDERS],
}

payload! {
    /// Posts a price. Sent by a feeder.
    pub struct PostPrice {
        /// Micro-dollars per XPL.
        pub micro_usd: u64,
    }

    /// A price was posted.
    pub struct PricePosted {}

    /// A price was posted that is too far from the feeder's last, and was brought to the bound.
    pub struct PriceBounded {
        /// Micro-dollars per XPL.
        pub micro_usd: u64,
    }
}

impl Post {
    #[inline]
    fn is_fresh(&self, now: Time, params: &Params) -> bool {
        now.saturating_sub(self.at) <= params.oracle_stale_after()
    }
}

impl Feed {
    /// The post before the latest `ago` ones, if it is kept.
    #[inline]
    pub fn post(&self, ago: u64) -> Option<&Post> {
        let back = self.count.checked_sub(ago + 1)?;
        (ago < KEPT as u64).then(|| &self.posts[(back % KEPT as u64) as usize])
    }

    /// Adds a post, in place of that of the same round or of the oldest that is kept.
    pub fn push(&mut self, post: Post) {
        if self.post(0).is_none_or(|last| last.round != post.round) {
            self.count += 1;
        }
        self.posts[((self.count - 1) % KEPT as u64) as usize] = post;
    }

    /// The latest post of the rounds before one, unless it is stale.
    fn before(&self, round: u32, now: Time, params: &Params) -> Option<&Post> {
        let last = [0, 1].into_iter().filter_map(|ago| self.post(ago)).find(|post| post.round != round);
        last.filter(|post| post.is_fresh(now, params))
    }

    /// The feeder's price: the lower median of the posts that count.
    #[inline]
    fn price(&self, now: Time, params: &Params) -> Option<u64> {
        let (window, lag) = (params.oracle_window(), params.oracle_lag());
        let posts = (lag..lag + window).map_while(|ago| self.post(ago)).take_while(|post| post.is_fresh(now, params));
        let mut counted = [0u64; KEPT];
        let mut count = 0;
        for post in posts {
            counted[count] = post.micro_usd;
            count += 1;
        }
        median(&mut counted[..count])
    }
}

/// The middle one of some prices, the lower one of two; `None` when there are none.
fn median(prices: &mut [u64]) -> Option<u64> {
    prices.sort_unstable();
    prices.get(prices.len().checked_sub(1)? / 2).copied()
}

impl Oracle {
    /// The price of XPL, in micro-dollars, by the first so many seats; `None` when too few feeders have one.
    pub fn price(&self, seats: u32, now: Time, params: &Params) -> Option<u64> {
        let taken = self.feeds.iter().take(seats as usize);
        let mut prices = [0u64; MAX_FEEDERS];
        let mut count = 0;
        for price in taken.filter_map(|feed| feed.price(now, params)) {
            prices[count] = price;
            count += 1;
        }
        if (count as u64) < params.oracle_quorum() { None } else { median(&mut prices[..count]) }
    }

    /// The feeders' latest posts.
    pub fn latest(&self) -> impl Iterator<Item = &Post> {
        self.feeds.iter().filter_map(|feed| feed.post(0))
    }
}

impl State<'_> {
    /// The price of XPL now, in micro-dollars, if there is one.
    pub fn oracle_price(&self, now: Time) -> Option<u64> {
        self.oracle.price(self.population.feeders, now, self.params)
    }
}

// Decide

impl Decide for PostPrice {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let feed = match record.origin() {
            Some(Origin::Feeder(n)) if u32::from(n) < state.population.feeders => &state.oracle.feeds[usize::from(n)],
            Some(Origin::Feeder(_)) => return Err(Rejection::UnknownFeeder.into()),
            _ => return Err(Rejection::NotPermitted.into()),
        };
        if self.micro_usd == 0 {
            return Err(Rejection::BadPrice.into());
        }
        let last = feed.before(state.clock.round, record.time, state.params);
        let bounded = last.map(|last| within(self.micro_usd, last.micro_usd, state.params));
        events.push(match bounded.filter(|&bounded| bounded != self.micro_usd) {
            Some(micro_usd) => PriceBounded { micro_usd }.into(),
            None => PricePosted {}.into(),
        });
        Ok(())
    }
}

/// A price no further than `oracle.max_step` from the last one. The bounds are rounded towards that, and leave it a unit to move.
fn within(price: u64, last: u64, params: &Params) -> u64 {
    let step = params.oracle_max_step();
    if step == 0 {
        return price;
    }
    let most = mul_div_floor(last.into(), step.into(), ONE.into()).and_then(|most| u64::try_from(most).ok());
    let most = most.unwrap_or(u64::MAX).max(1);
    price.clamp(last.saturating_sub(most).max(1), last.saturating_add(most))
}

// Apply

fn record_post(state: &mut State, record: &Record, micro_usd: u64) {
    if let Some(Origin::Feeder(n)) = record.origin() {
        let post = Post { micro_usd, at: record.time, round: state.clock.round, pad: 0 };
        state.oracle.feeds[usize::from(n)].push(post);
    }
}

impl Apply for PricePosted {
    fn apply(&self, state: &mut State, record: &Record) {
        record_post(state, record, cause!(record, Command::PostPrice).micro_usd);
    }
}

impl Apply for PriceBounded {
    fn apply(&self, state: &mut State, record: &Record) {
        record_post(state, record, self.micro_usd);
    }
}

// Invariants

/// Nobody but the feeders there are has posted, never a price of nothing, and once a round.
pub(crate) fn check(state: &State) -> Result<(), String> {
    for (n, feed) in state.oracle.feeds.iter().enumerate() {
        let kept = feed.count.min(KEPT as u64) as usize;
        let rounds = || (0..kept as u64).filter_map(|ago| feed.post(ago)).map(|post| post.round);
        let once = rounds().is_sorted_by(|later, earlier| later > earlier) && rounds().all(|round| round <= state.clock.round);
        let sound = once && feed.posts.iter().enumerate().all(|(i, post)| (post.micro_usd > 0) == (i < kept));
        if !sound || feed.count > 0 && n >= state.population.feeders as usize {
            return Err(format!("the posts of feeder {n} are not those of a feeder"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, names};

    fn params(set: &[(&str, u64)]) -> Params {
        let mut params = Params::default();
        set.iter().for_each(|&(key, value)| params.set(key, value).expect("a legal value"));
        params
    }

    fn post(micro_usd: u64, at: Time, round: u32) -> Post {
        Post { micro_usd, at, round, pad: 0 }
    }

    #[test]
    fn the_median_ignores_the_stale_and_the_extreme() {
        let (day, stale_after) = (86_400_000, 172_800_000);
        let mut oracle = Oracle::default();
        for (i, (micro_usd, days)) in [(100, 9), (105, 9), (9_000, 10), (1, 7)].into_iter().enumerate() {
            oracle.feeds[i].push(post(micro_usd, days * day, 0));
        }
        let params = params(&[]);
        assert_eq!(oracle.price(4, 9 * day, &params), Some(100)); // four fresh posts: the lower middle
        assert_eq!(oracle.price(4, 9 * day + 1, &params), Some(105));
        assert_eq!(oracle.price(4, 10 * day + stale_after + 1, &params), None);
        assert_eq!(Oracle::default().price(4, 0, &params), None);
    }

    #[test]
    fn window_lag_and_quorum_each_hold_a_lone_price_back() {
        let mut oracle = Oracle::default();
        let mut round = 0;
        let mut post = |feeder: usize, micro_usd| {
            round += 1;
            oracle.feeds[feeder].push(post(micro_usd, 0, round));
            let windowed = oracle.price(2, 0, &params(&[("oracle.window", 3)]));
            let lagging = oracle.price(2, 0, &params(&[("oracle.lag", 1)]));
            let agreed = oracle.price(2, 0, &params(&[("oracle.quorum", 2)]));
            (windowed, lagging, agreed)
        };
        assert_eq!(post(0, 100), (Some(100), None, None));
        assert_eq!(post(0, 104), (Some(100), Some(100), None));
        assert_eq!(post(0, 900), (Some(104), Some(104), None));
        assert_eq!(post(0, 900), (Some(900), Some(900), None));
        assert_eq!(post(1, 500), (Some(500), Some(900), Some(500)));
    }

    #[test]
    fn a_ring_keeps_the_longest_window_behind_the_longest_lag() {
        let mut feed = Feed::default();
        for round in 1..=100 {
            feed.push(post(round.into(), 0, round));
        }
        assert_eq!(feed.post(0).map(|post| post.micro_usd), Some(100));
        assert_eq!(feed.post(31).map(|post| post.micro_usd), Some(69));
        assert_eq!(feed.post(32), None);
        // Posts 69 to 92: the lower middle.
        assert_eq!(feed.price(0, &params(&[("oracle.window", 24), ("oracle.lag", 8)])), Some(80));
    }

    #[test]
    fn a_step_too_far_is_cut_short_unless_the_last_is_stale() {
        let mut bench = Bench::new(&[("oracle.max_step", 100_000_000), ("oracle.stale_after", 60_000)]);
        let post = |bench: &mut Bench, micro_usd| {
            bench.beacon(1);
            let event = bench.send(Origin::Feeder(0), PostPrice { micro_usd })[0];
            let now = bench.now;
            (event, bench.engine.view(|state| state.oracle_price(now).expect("fresh")))
        };
        assert_eq!(post(&mut bench, 1_000), (PricePosted {}.into(), 1_000));
        assert_eq!(post(&mut bench, 1_100), (PricePosted {}.into(), 1_100));
        assert_eq!(post(&mut bench, 9_999), (PriceBounded { micro_usd: 1_210 }.into(), 1_210));
        assert_eq!(post(&mut bench, 1), (PriceBounded { micro_usd: 1_089 }.into(), 1_089));
        bench.wait(120_000);
        assert_eq!(post(&mut bench, 5), (PricePosted {}.into(), 5));
        // A tenth of 5 is nothing, yet it may move.
        assert_eq!(post(&mut bench, 9), (PriceBounded { micro_usd: 6 }.into(), 6));
        assert_eq!(post(&mut bench, 1), (PriceBounded { micro_usd: 5 }.into(), 5));
    }

    /// However often it posts, a feeder moves by one step a round, fills one place of the window, and cannot outlive the lag.
    #[test]
    fn a_feeder_has_one_post_a_round() {
        let rules = [("oracle.max_step", ONE / 10), ("oracle.window", 3), ("oracle.lag", 1)];
        let mut bench = Bench::new(&rules);
        let round = |bench: &mut Bench, posts: &[u64]| {
            bench.beacon(1);
            for &micro_usd in posts {
                bench.send(Origin::Feeder(0), PostPrice { micro_usd });
            }
            let now = bench.now;
            bench.engine.view(|state| (state.oracle.feeds[0].post(0).map(|post| post.micro_usd), state.oracle_price(now)))
        };
        assert_eq!(round(&mut bench, &[500, 1_000]), (Some(1_000), None));
        assert_eq!(round(&mut bench, &[9_999; 24]), (Some(1_100), Some(1_000)));
        assert_eq!(round(&mut bench, &[9_999, 9_999, 1, 1_050]), (Some(1_050), Some(1_000)));
        assert_eq!(round(&mut bench, &[]), (Some(1_050), Some(1_000)));
    }

    #[test]
    fn old_posts_within_the_window_do_not_count() {
        let mut feed = Feed::default();
        [(100, 0), (100, 10), (300, 60_000)].into_iter().zip(1..).for_each(|((micro_usd, at), round)| {
            feed.push(post(micro_usd, at, round));
        });
        let windowed = params(&[("oracle.window", 3), ("oracle.stale_after", 60_000)]);
        let price = |now| feed.price(now, &windowed);
        assert_eq!([60_000, 60_010, 60_011, 120_001].map(price), [Some(100), Some(100), Some(300), None]);
        // With a lag of one, all that the feeder has said counts no more.
        let lagging = params(&[("oracle.lag", 1), ("oracle.stale_after", 60_000)]);
        assert_eq!([60_010, 60_011].map(|now| feed.price(now, &lagging)), [Some(100), None]);
    }

    #[test]
    fn steps_of_everything_reach_everything_but_nothing() {
        let all = params(&[("oracle.max_step", ONE)]);
        assert_eq!((within(0, 7, &all), within(14, 7, &all), within(15, 7, &all)), (1, 14, 14));
        assert_eq!(within(u64::MAX, u64::MAX - 1, &params(&[("oracle.max_step", 1_000 * ONE)])), u64::MAX);
        assert_eq!(within(3, 1, &params(&[])), 3);
    }

    #[test]
    fn only_feeders_post_and_only_prices() {
        let mut bench = Bench::new(&[]);
        assert_eq!(bench.refused(Origin::Feeder(3), PostPrice { micro_usd: 1 }), Rejection::UnknownFeeder);
        assert_eq!(bench.refused(Origin::Host, PostPrice { micro_usd: 1 }), Rejection::NotPermitted);
        assert_eq!(bench.refused(Origin::Feeder(2), PostPrice { micro_usd: 0 }), Rejection::BadPrice);
        assert_eq!(names(&bench.send(Origin::Feeder(2), PostPrice { micro_usd: 250_000 })), ["PricePosted"]);
        let now = bench.now;
        bench.engine.view(|state| assert_eq!(state.oracle_price(now), Some(250_000)));
    }
}
