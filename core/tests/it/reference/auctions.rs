//! Clearings by their definitions: every choice is looked at, every price is found by looking at everybody.

use std::cmp::Reverse;

/// GPUs of an offer for sale.
#[derive(Clone, Debug)]
pub struct Sale {
    pub offer: usize,
    pub seller: usize,
    pub class: usize,
    pub ask: u64,
    pub gpus: u64,
    pub tie: u64,
}

/// A job that wants GPUs: class, work and highest affordable price of each way to do it.
#[derive(Clone, Debug)]
pub struct Want {
    pub gpus: u64,
    pub tie: u64,
    pub avoided: Vec<usize>,
    pub ways: Vec<(usize, u64, u64)>,
}

/// Orders of one batch, with standing price and busy GPUs of each class.
#[derive(Clone, Debug)]
pub struct Orders {
    pub sales: Vec<Sale>,
    pub wants: Vec<Want>,
    pub standing: Vec<u64>,
    pub busy: Vec<u64>,
}

/// Want, sale and price of every trade, the prices that stand afterwards, the surplus, and what may be missing.
pub type Outcome = (Vec<(usize, usize, u64)>, Vec<u64>, u128, u128);

type Pairs = Vec<(usize, usize)>;

impl Orders {
    fn limit(&self, want: usize, class: usize) -> Option<u64> {
        self.wants[want].ways.iter().find(|way| way.0 == class).map(|way| way.2)
    }

    fn left(&self, sale: usize, pairs: &Pairs) -> u64 {
        let taken: u64 = pairs.iter().filter(|pair| pair.1 == sale).map(|pair| self.wants[pair.0].gpus).sum();
        self.sales[sale].gpus - taken
    }

    /// What a second of the trade gains for each GPU, if buyer and seller can agree and the buyer does not avoid the seller.
    fn margin(&self, want: usize, sale: usize) -> Option<u64> {
        let Sale { seller, class, ask, gpus, .. } = self.sales[sale];
        let fits = !self.wants[want].avoided.contains(&seller) && self.wants[want].gpus <= gpus;
        self.limit(want, class)?.checked_sub(ask).filter(|_| fits)
    }

    /// Whether one price for each class could serve all pairs.
    fn priced(&self, pairs: &Pairs) -> bool {
        pairs.iter().all(|&(_, dear)| {
            let Sale { class, ask, .. } = self.sales[dear];
            let same = pairs.iter().filter(|&&(_, sale)| self.sales[sale].class == class);
            same.into_iter().all(|&(want, _)| self.limit(want, class).expect("a way") >= ask)
        })
    }

    fn surplus(&self, pairs: &Pairs) -> u128 {
        let gain = |&(want, sale): &(usize, usize)| {
            u128::from(self.margin(want, sale).expect("an agreement")) * u128::from(self.wants[want].gpus)
        };
        pairs.iter().map(gain).sum()
    }

    /// Sales that a want can agree with, the most gainful first.
    fn choices(&self, want: usize) -> Vec<usize> {
        let mut choices: Vec<usize> = (0..self.sales.len()).filter(|&sale| self.margin(want, sale).is_some()).collect();
        choices.sort_by_key(|&sale| (Reverse(self.margin(want, sale)), self.sales[sale].tie));
        choices
    }

    /// The wants by value, highest first.
    fn by_value(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.wants.len()).collect();
        order.sort_by_key(|&want| (Reverse(self.wants[want].ways.iter().map(|way| way.2).max()), self.wants[want].tie));
        order
    }

    /// One want after the other takes the most gainful sale that is left.
    fn greedy(&self, one_price: bool) -> Pairs {
        let mut pairs = Pairs::new();
        for want in self.by_value() {
            let possible = |&sale: &usize| {
                let with = [&pairs[..], &[(want, sale)]].concat();
                self.left(sale, &pairs) >= self.wants[want].gpus && (!one_price || self.priced(&with))
            };
            if let Some(sale) = self.choices(want).into_iter().find(possible) {
                pairs.push((want, sale));
            }
        }
        pairs
    }

    /// The first of all choices, in order, that gains more than what is best so far.
    fn search(&self, one_price: bool, wants: &[usize], pairs: &mut Pairs, best: &mut Pairs) {
        let Some((&want, others)) = wants.split_first() else {
            if (!one_price || self.priced(pairs)) && self.surplus(pairs) > self.surplus(best) {
                *best = pairs.clone();
            }
            return;
        };
        for sale in self.choices(want) {
            if self.left(sale, pairs) >= self.wants[want].gpus {
                pairs.push((want, sale));
                self.search(one_price, others, pairs, best);
                pairs.pop();
            }
        }
        self.search(one_price, others, pairs, best);
    }

    /// Pairs, and what they may miss: nothing when all choices were looked at.
    fn assign(&self, one_price: bool) -> (Pairs, u128) {
        let mut pairs = self.greedy(one_price);
        let each = (0..self.wants.len()).map(|want| 1 + self.choices(want).len() as u128);
        let conceivable = each.fold(1u128, |product, choices| product.saturating_mul(choices));
        let gap = if self.wants.len() * self.sales.len() <= 65_536 && conceivable <= 65_536 {
            self.search(one_price, &self.by_value(), &mut Pairs::new(), &mut pairs);
            0
        } else {
            let least = |class| self.sales.iter().filter(|sale| sale.class == class).map(|sale| sale.ask).min();
            let price = |class| self.price(class, &pairs).or(least(class)).unwrap_or(u64::MAX);
            self.bound(&(0..self.standing.len()).map(price).collect::<Vec<_>>()) - self.surplus(&pairs)
        };
        pairs.sort_unstable();
        (pairs, gap)
    }

    /// What nobody can exceed: all get the best they could have at these prices.
    fn bound(&self, prices: &[u64]) -> u128 {
        let gain = |want: &Want| {
            let best = want.ways.iter().map(|&(class, _, limit)| limit.saturating_sub(prices[class])).max().unwrap_or(0);
            u128::from(want.gpus) * u128::from(best)
        };
        let rent = |sale: &Sale| u128::from(sale.gpus) * u128::from(prices[sale.class].saturating_sub(sale.ask));
        self.wants.iter().map(gain).sum::<u128>() + self.sales.iter().map(rent).sum::<u128>()
    }

    /// The middle between what keeps the price up and what keeps it down.
    fn price(&self, class: usize, pairs: &Pairs) -> Option<u64> {
        let served: Vec<_> = pairs.iter().filter(|pair| self.sales[pair.1].class == class).collect();
        let highest_ask = served.iter().map(|pair| self.sales[pair.1].ask).max()?;
        let lowest_limit = served.iter().filter_map(|pair| self.limit(pair.0, class)).min()?;
        let sales = || (0..self.sales.len()).filter(|&sale| self.sales[sale].class == class);
        let largest = sales().map(|sale| self.sales[sale].gpus).max()?;
        let turned_away = (0..self.wants.len()).filter(|want| pairs.iter().all(|pair| pair.0 != *want));
        let turned_away = turned_away.filter(|&want| self.wants[want].gpus <= largest);
        let limits = turned_away.filter_map(|want| self.limit(want, class)).filter(|&limit| limit <= lowest_limit);
        let up = limits.fold(highest_ask, u64::max);
        let left = sales().filter(|&sale| self.left(sale, pairs) > 0).map(|sale| self.sales[sale].ask);
        let down = left.filter(|&ask| ask >= up).fold(lowest_limit, u64::min);
        Some(if down < up { up } else { (u128::from(up) + u128::from(down)).div_euclid(2) as u64 })
    }

    pub fn uniform(&self) -> Outcome {
        let (pairs, gap) = self.assign(true);
        let price = |class| self.price(class, &pairs);
        let standing = (0..self.standing.len()).map(|class| match price(class) {
            Some(price) => u64::try_from(u128::from(price) * 1_000_000).unwrap_or(u64::MAX),
            None => self.standing[class],
        });
        let trades = pairs.iter().map(|&(want, sale)| (want, sale, price(self.sales[sale].class).expect("it trades")));
        (trades.collect(), standing.collect(), self.surplus(&pairs), gap)
    }

    pub fn sealed(&self, second: bool) -> Outcome {
        let (pairs, gap) = self.assign(false);
        let pay = |&(want, sale): &(usize, usize)| {
            let Sale { class, seller, ask, .. } = self.sales[sale];
            let rivals = (0..self.sales.len()).filter(|&other| {
                let rival = &self.sales[other];
                rival.class == class && rival.seller != seller && self.left(other, &pairs) >= self.wants[want].gpus
            });
            let limit = self.limit(want, class).expect("a way");
            let lowest = rivals.map(|other| self.sales[other].ask).fold(limit, u64::min);
            (want, sale, if second { lowest.max(ask) } else { ask })
        };
        let trades: Vec<_> = pairs.iter().map(pay).collect();
        let standing = (0..self.standing.len()).map(|class| {
            let paid = trades.iter().filter(|trade| self.sales[trade.1].class == class).map(|trade| trade.2).max();
            paid.map_or(self.standing[class], |paid| u64::try_from(u128::from(paid) * 1_000_000).unwrap_or(u64::MAX))
        });
        let standing = standing.collect();
        (trades, standing, self.surplus(&pairs), gap)
    }

    pub fn algorithmic(&self, target: u64, rate: u64, reserve: u64) -> Outcome {
        let prices: Vec<u64> = self.standing.iter().map(|standing| (standing / 1_000_000).max(reserve)).collect();
        let mut order: Vec<usize> = (0..self.wants.len()).collect();
        order.sort_by_key(|&want| self.wants[want].tie);
        let mut pairs = Pairs::new();
        let mut short = vec![false; prices.len()];
        for want in order {
            let mut ways: Vec<_> = self.wants[want].ways.iter().filter(|way| way.2 >= prices[way.0]).collect();
            ways.sort_by_key(|way| (u128::from(prices[way.0]) * u128::from(way.1), way.0));
            let found = ways.iter().find_map(|way| {
                let willing = (0..self.sales.len()).filter(|&sale| {
                    let Sale { class, seller, ask, .. } = self.sales[sale];
                    class == way.0
                        && ask <= prices[class]
                        && !self.wants[want].avoided.contains(&seller)
                        && self.left(sale, &pairs) >= self.wants[want].gpus
                });
                willing.min_by_key(|&sale| self.sales[sale].tie)
            });
            match found {
                Some(sale) => pairs.push((want, sale)),
                None => ways.iter().for_each(|way| short[way.0] = true),
            }
        }
        pairs.sort_unstable();
        let standing = (0..prices.len()).map(|class| {
            let willing = self.sales.iter().filter(|sale| sale.class == class && sale.ask <= prices[class]);
            let supply = self.busy[class] + willing.map(|sale| sale.gpus).sum::<u64>();
            let traded = pairs.iter().filter(|pair| self.sales[pair.1].class == class).map(|pair| self.wants[pair.0].gpus);
            let busy = self.busy[class] + traded.sum::<u64>();
            match (supply, short[class]) {
                (0, false) => self.standing[class],
                (0, true) => moved(self.standing[class], 1_000_000_000, target, rate, reserve),
                _ => moved(self.standing[class], busy * 1_000_000_000 / supply, target, rate, reserve),
            }
        });
        let standing = standing.collect();
        let surplus = self.surplus(&pairs);
        let gap = self.bound(&prices) - surplus;
        (pairs.into_iter().map(|(want, sale)| (want, sale, prices[self.sales[sale].class])).collect(), standing, surplus, gap)
    }
}

/// The next price of a class so much of which is used, in parts per billion.
fn moved(price: u64, used: u64, target: u64, rate: u64, reserve: u64) -> u64 {
    let share = u128::from(used.abs_diff(target)) * u128::from(rate) / u128::from(target);
    let step = u128::from(price) * share / 1_000_000_000;
    let price = u128::from(price);
    let next = match used.cmp(&target) {
        std::cmp::Ordering::Less => price - step.min(price),
        std::cmp::Ordering::Equal => price,
        std::cmp::Ordering::Greater => price + step.max(u128::from(rate > 0)),
    };
    next.max(u128::from(reserve) * 1_000_000).min(10_000_000_000_000_000_000) as u64
}

mod agreement {
    use super::*;
    use plasma_core::formula::auction::algorithmic::Algorithmic;
    use plasma_core::formula::auction::sealed::{Payment, Sealed};
    use plasma_core::formula::auction::uniform::Uniform;
    use plasma_core::formula::auction::{Ask, Batch, Bid, Class, Mechanism, Way};
    use proptest::prelude::*;

    const CLASSES: usize = 3;

    fn orders(many: impl Into<prop::collection::SizeRange> + Clone) -> impl Strategy<Value = Orders> {
        let way = prop::option::of((1u64..60, 1u64..5));
        let want = (prop::collection::vec(way, CLASSES), any::<u64>(), prop::collection::vec(0usize..5, 0..3), 0u32..4);
        let want = want.prop_map(|(ways, tie, avoided, log2)| {
            let ways = ways.into_iter().enumerate();
            let ways = ways.filter_map(|(class, way)| way.map(|(limit, work)| (class, work, limit))).collect();
            Want { gpus: 1 << log2, tie, avoided, ways }
        });
        let sale = (0usize..5, 0..CLASSES, 1u64..40, 1u64..9, any::<u64>());
        let sale = sale.prop_map(|(seller, class, ask, gpus, tie)| Sale { offer: 0, seller, class, ask, gpus, tie });
        let classes = prop::collection::vec((0u64..50_000_000, 0u64..9), CLASSES);
        let sides = (prop::collection::vec(want, many.clone()), prop::collection::vec(sale, many));
        (sides, classes).prop_map(|((wants, sales), classes)| {
            let (standing, busy) = classes.into_iter().unzip();
            Orders { sales, wants, standing, busy }
        })
    }

    fn cleared(orders: &Orders, mechanism: &dyn Mechanism) -> Outcome {
        let ask = |sale: &Sale| Ask {
            price: sale.ask,
            tie: sale.tie,
            seller: sale.seller as u32,
            gpus: sale.gpus as u16,
            class: sale.class as u8,
        };
        let bid = |want: &Want| Bid {
            ways: want.ways.iter().map(|&(class, work, limit)| Way { limit, work, class: class as u8 }).collect(),
            tie: want.tie,
            shuns: want.avoided.iter().map(|&seller| seller as u32).collect(),
            gpus_log2: want.gpus.ilog2() as u8,
        };
        let (asks, bids) = (orders.sales.iter().map(ask).collect::<Vec<_>>(), orders.wants.iter().map(bid).collect::<Vec<_>>());
        let classes = orders.standing.iter().zip(&orders.busy).map(|(&standing, &busy)| Class { standing, busy });
        let classes: Vec<_> = classes.collect();
        let cleared = mechanism.clear(Batch { asks: &asks, bids: &bids, classes: &classes });
        let trades = cleared.trades.iter().map(|trade| (trade.bid, trade.ask, trade.price)).collect();
        (trades, cleared.standing, cleared.surplus, cleared.gap)
    }

    fn agree(orders: &Orders, target: u64, rate: u64, reserve: u64) -> Result<(), TestCaseError> {
        prop_assert_eq!(cleared(orders, &Uniform), orders.uniform());
        prop_assert_eq!(cleared(orders, &Sealed(Payment::First)), orders.sealed(false));
        prop_assert_eq!(cleared(orders, &Sealed(Payment::Second)), orders.sealed(true));
        let rule = Algorithmic { target, rate, reserve };
        prop_assert_eq!(cleared(orders, &rule), orders.algorithmic(target, rate, reserve));
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn small_batches_clear_as_the_definitions_say(
            orders in orders(0..6), target in 10_000_000..=1_000_000_000u64, rate in 0..=1_000_000_000u64, reserve in 1u64..30,
        ) {
            agree(&orders, target, rate, reserve)?;
        }

        #[test]
        fn large_batches_clear_as_the_definitions_say(
            orders in orders(12..40), target in 10_000_000..=1_000_000_000u64, rate in 0..=1_000_000_000u64, reserve in 1u64..30,
        ) {
            agree(&orders, target, rate, reserve)?;
        }
    }
}
