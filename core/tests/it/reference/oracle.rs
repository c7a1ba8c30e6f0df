//! What feeders post, all of it, and what price comes of that.

use super::Reference;
use super::arithmetic::mul_div;
use super::commands::{Outcome, refuse};
use plasma_core::protocol::oracle::{PostPrice, PriceBounded, PricePosted};
use plasma_core::record::{Event, Origin};
use plasma_core::rejection::Rejection;

fn lower_median(mut prices: Vec<u64>) -> Option<u64> {
    prices.sort_unstable();
    if prices.is_empty() { None } else { Some(prices[(prices.len() - 1) / 2]) }
}

impl Reference {
    /// The median of the feeders that posted lately, each by the median of its window behind the lag.
    pub fn price(&self) -> Option<u128> {
        let (window, lag) = (self.rules.oracle_window() as usize, self.rules.oracle_lag() as usize);
        let windows = self.posts.values().map(|posts| {
            let kept = posts.values().rev().skip(lag).take(window);
            kept.filter(|(_, at)| self.is_fresh(*at)).map(|(price, _)| *price).collect()
        });
        let prices: Vec<u64> = windows.filter_map(lower_median).collect();
        if (prices.len() as u64) < self.rules.oracle_quorum() { None } else { lower_median(prices).map(u128::from) }
    }

    fn is_fresh(&self, at: u64) -> bool {
        self.now - at <= self.rules.oracle_stale_after()
    }

    pub fn post_price(&mut self, origin: Origin, command: PostPrice) -> Outcome {
        let feeder = match origin {
            Origin::Feeder(n) if n < self.feeders => n,
            Origin::Feeder(_) => return refuse(Rejection::UnknownFeeder),
            _ => return refuse(Rejection::NotPermitted),
        };
        let asked = command.micro_usd;
        if asked == 0 {
            return refuse(Rejection::BadPrice);
        }
        let step = self.rules.oracle_max_step();
        let posts = self.posts.get(&feeder).cloned().unwrap_or_default();
        let price = match posts.range(..self.round).next_back() {
            Some((_, (last, at))) if step > 0 && self.is_fresh(*at) => {
                let most = mul_div((*last).into(), step.into(), 1_000_000_000).max(1);
                let (asked, last) = (u128::from(asked), u128::from(*last));
                let bounded = if asked > last + most { last + most } else { asked };
                let bounded = if bounded + most < last { last - most } else { bounded };
                bounded.max(1) as u64
            }
            _ => asked,
        };
        let event: Event = if price == asked { PricePosted {}.into() } else { PriceBounded { micro_usd: price }.into() };
        self.happen(event, |this| {
            // What was said before in this round is as if it had not been.
            this.posts.entry(feeder).or_default().insert(this.round, (price, this.now));
        });
        Ok(())
    }
}
