//! The auctions, asked alone.

use super::field::{Amount, Input, Length, Refusal, Share, at_most, not_zero, record};
use super::rule::{Rule, rule};
use plasma_core::formula::auction::algorithmic::{Algorithmic, HIGHEST};
use plasma_core::formula::auction::posted;
use plasma_core::formula::auction::sealed::{Payment, Sealed};
use plasma_core::formula::auction::uniform::Uniform;
use plasma_core::formula::auction::{self, Batch, Bid, Class, Cleared, FEMTO, Mechanism, Way};
use plasma_core::money::ONE;
use serde_json::value::RawValue;

/// Most orders of a side: the exact search descends one bid at a time.
const MOST_ORDERS: usize = 1_000;

record! { input
    /// GPUs for sale.
    Ask {
        /// Least price of a reference GPU-second.
        price: u64 = "nano-XPL",
        /// How many GPUs.
        gpus: u16 = "GPUs",
        /// Their class, by number from 0.
        class: u8 = "number",
        /// Who sells, by number; by default a seller for each ask.
        seller: Option<u32> = "number",
        /// Rank among equal asks; by default their order.
        tie: Option<u64> = "number",
    }
}

record! { input
    /// A class that satisfies a bid.
    Suits {
        /// Which class, by number from 0.
        class: u8 = "number",
        /// Most that is paid for a reference GPU-second of it.
        limit: u64 = "nano-XPL",
        /// Work there; by default a GPU-second. Only the protocol's price asks for it.
        work: Option<u64> = "milli-GPU-seconds",
    }
}

record! { input
    /// A job that wants GPUs.
    Wanted {
        /// How many GPUs together, a power of two up to 32768.
        gpus: u16 = "GPUs",
        /// The classes that satisfy it, each at most once.
        ways: Vec<Suits> = "by class",
        /// Sellers it does not buy from, by number; by default none.
        shuns: Option<Vec<u32>> = "number",
        /// Rank among equal bids; by default their order.
        tie: Option<u64> = "number",
    }
}

record! { input
    /// What a job is on a class.
    WorkOn {
        /// Which class, by number from 0.
        class: u8 = "number",
        /// Work there.
        work: u64 = "milli-GPU-seconds",
    }
}

record! { output
    /// One bid served by one ask.
    Trade {
        /// The bid's place, from 0.
        bid: u64 = "place",
        /// The ask's place, from 0.
        ask: u64 = "place",
        /// Price of a reference GPU-second.
        price: u64 = "nano-XPL",
    }
}

impl Input for Payment {
    fn kind() -> String {
        "\"first\" or \"second\"".into()
    }

    fn read(raw: &RawValue) -> Result<Self, Refusal> {
        match raw.get() {
            "\"first\"" => Ok(Self::First),
            "\"second\"" => Ok(Self::Second),
            _ => Err(format!("expected {}", Self::kind()).into()),
        }
    }
}

/// The offers as the market takes them.
fn offers(asks: &[Ask]) -> Result<Vec<auction::Ask>, Refusal> {
    at_most("number of asks", asks.len() as u64, MOST_ORDERS as u128)?;
    let offer = |(i, ask): (usize, &Ask)| auction::Ask {
        price: ask.price,
        tie: ask.tie.unwrap_or(i as u64),
        seller: ask.seller.unwrap_or(i as u32),
        gpus: ask.gpus,
        class: ask.class,
    };
    Ok(asks.iter().enumerate().map(offer).collect())
}

/// GPUs that a job may take together.
fn together(field: &str, gpus: u16) -> Result<u16, Refusal> {
    if !gpus.is_power_of_two() {
        return Err(Refusal::from(format!("`{field}`: expected a power of two, found {gpus}")));
    }
    Ok(gpus)
}

/// Refuses a class that is named twice.
fn each_once(field: &str, classes: impl Iterator<Item = u8> + Clone) -> Result<(), Refusal> {
    let twice = |(n, class)| classes.clone().take(n).any(|other| other == class);
    if classes.clone().enumerate().any(twice) {
        return Err(Refusal::from(format!("`{field}`: a class is there twice")));
    }
    Ok(())
}

/// The orders as the auction takes them, and how many classes they name.
fn orders(asks: &[Ask], bids: &[Wanted]) -> Result<(Vec<auction::Ask>, Vec<Bid>, usize), Refusal> {
    let asks = offers(asks)?;
    at_most("number of bids", bids.len() as u64, MOST_ORDERS as u128)?;
    let bid = |(i, bid): (usize, &Wanted)| -> Result<Bid, Refusal> {
        let gpus_log2 = together(&format!("bids[{i}].gpus"), bid.gpus)?.ilog2() as u8;
        each_once(&format!("bids[{i}].ways"), bid.ways.iter().map(|way| way.class))?;
        let ways = bid.ways.iter().map(|way| Way { limit: way.limit, work: way.work.unwrap_or(1_000), class: way.class });
        let ways: Vec<Way> = ways.collect();
        Ok(Bid { ways, tie: bid.tie.unwrap_or(i as u64), shuns: bid.shuns.clone().unwrap_or_default(), gpus_log2 })
    };
    let bids: Vec<Bid> = bids.iter().enumerate().map(bid).collect::<Result<_, _>>()?;
    let named = asks.iter().map(|ask| ask.class).chain(bids.iter().flat_map(|bid| &bid.ways).map(|way| way.class));
    let classes = named.max().map_or(0, |highest| usize::from(highest) + 1);
    Ok((asks, bids, classes))
}

/// Clears a batch in which no class has a standing price.
fn clear(mechanism: &impl Mechanism, asks: &[Ask], bids: &[Wanted]) -> Result<Cleared, Refusal> {
    let (asks, bids, classes) = orders(asks, bids)?;
    Ok(mechanism.clear(Batch { asks: &asks, bids: &bids, classes: &vec![Class::default(); classes] }))
}

fn trades(cleared: &Cleared) -> Vec<Trade> {
    cleared.trades.iter().map(|trade| Trade { bid: trade.bid as u64, ask: trade.ask as u64, price: trade.price }).collect()
}

/// The auctions.
pub const RULES: &[Rule] = &[
    rule! {
        /// A job that is served at once by the offer that is cheapest for it, least ask × work, and pays what that asks.
        "auction.posted" by "The engine's `posted` market, `market.mechanism`",
        as in r#"{"asks": [{"price": 10000000000, "gpus": 1, "class": 0}, {"price": 19000000000, "gpus": 4, "class": 1}], "#
            r#""gpus": 1, "ways": [{"class": 0, "work": 3600000}, {"class": 1, "work": 1800000}], "budget": "36000 XPL", "#
            r#""within": "1h"}"#:
        {
            /// What is on offer, idle, at most 1000 offers.
            asks: Vec<Ask> = "offers",
            /// GPUs that the job takes together, of one offer; a power of two up to 32768.
            gpus: u16 = "GPUs",
            /// The classes that satisfy it, each at most once.
            ways: Vec<WorkOn> = "by class",
            /// Most that it can pay; who cannot pay the cheapest waits.
            budget: Amount = "nano-XPL",
            /// Time to its deadline, before which work ÷ GPUs must be over; no deadline if left out.
            within: Option<Length> = "ms",
            /// Sellers it does not buy from, by number; by default none.
            shuns: Option<Vec<u32>> = "number",
        } -> {
            /// The place of the offer that serves, from 0; null where none fits or the cheapest is too dear.
            ask: Option<u64> = "place",
            /// Paid for the whole work, rounded up.
            price: Option<u64> = "nano-XPL",
        }
        |case| {
            let (asks, gpus) = (offers(&case.asks)?, together("gpus", case.gpus)?);
            each_once("ways", case.ways.iter().map(|way| way.class))?;
            let ways: Vec<(u8, u64)> = case.ways.iter().map(|way| (way.class, way.work)).collect();
            for &(_, work) in &ways {
                not_zero("ways.work", work)?;
            }
            let (shuns, within) = (case.shuns.unwrap_or_default(), case.within.map_or(u64::MAX, |within| within.0));
            let wanted = posted::Wanted { ways: &ways, gpus, shuns: &shuns, budget: case.budget.0, within };
            let served = posted::cheapest(&asks, &wanted);
            Ok(Answer { ask: served.map(|(place, _)| place as u64), price: served.map(|(_, price)| price) })
        }
    },
    rule! {
        /// One price for each class: the middle of the prices at which the trades are what everybody wants.
        "auction.uniform" by "Budish, Cramton & Shim 2015; k-double auction with k = 1/2",
        as in r#"{"asks": [{"price": 10, "gpus": 1, "class": 0}, {"price": 20, "gpus": 1, "class": 0}], "bids": "#
            r#"[{"gpus": 1, "ways": [{"class": 0, "limit": 30}]}, {"gpus": 1, "ways": [{"class": 0, "limit": "#
            r#"12}]}]}"#:
        {
            /// What is for sale, at most 1000 orders.
            asks: Vec<Ask> = "orders",
            /// What is wanted, at most 1000 orders.
            bids: Vec<Wanted> = "orders",
        } -> {
            /// Who is served by whom, and at which price.
            trades: Vec<Trade> = "trades",
            /// Surplus of the trades.
            surplus: u128 = "nano-XPL per second",
            /// What no other choice of trades can add more than; zero when the choice is known to be the best.
            gap: u128 = "nano-XPL per second",
        }
        |case| {
            let cleared = clear(&Uniform, &case.asks, &case.bids)?;
            Ok(Answer { trades: trades(&cleared), surplus: cleared.surplus, gap: cleared.gap })
        }
    },
    rule! {
        /// Sealed asks: the cheapest serve, and are paid their ask (first) or the lowest that lost (second).
        "auction.sealed" by "Vickrey 1961, doi:10.1111/j.1540-6261.1961.tb02789.x",
        as in r#"{"payment": "second", "asks": [{"price": 10, "gpus": 1, "class": 0}, {"price": 20, "gpus": 1, "#
            r#""class": 0}], "bids": [{"gpus": 1, "ways": [{"class": 0, "limit": 30}]}]}"#:
        {
            /// What a winner is paid.
            payment: Payment = "name",
            /// What is for sale, at most 1000 orders.
            asks: Vec<Ask> = "orders",
            /// What is wanted, at most 1000 orders.
            bids: Vec<Wanted> = "orders",
        } -> {
            /// Who is served by whom, and at which price.
            trades: Vec<Trade> = "trades",
            /// Surplus of the trades.
            surplus: u128 = "nano-XPL per second",
            /// What no other choice of trades can add more than; zero when the choice is known to be the best.
            gap: u128 = "nano-XPL per second",
        }
        |case| {
            let cleared = clear(&Sealed(case.payment), &case.asks, &case.bids)?;
            Ok(Answer { trades: trades(&cleared), surplus: cleared.surplus, gap: cleared.gap })
        }
    },
    rule! {
        /// The protocol's price for each class, moved by how busy the class is as EIP-1559 moves its base fee; rationed by lot.
        "auction.algorithmic" by "Buterin et al. 2019, EIP-1559, utilisation in the place of gas",
        as in r#"{"target": "70%", "rate": "12.5%", "reserve": 1000, "prices": [1000000000000], "busy": [0], "asks": "#
            r#"[{"price": 900000, "gpus": 2, "class": 0}], "bids": [{"gpus": 2, "ways": [{"class": 0, "limit": "#
            r#"1500000}]}]}"#:
        {
            /// Share of GPUs at work at which the price stands, above 0 and at most 100 %.
            target: Share = "parts per billion",
            /// Share by which the price moves when utilisation is off by the whole target.
            rate: Share = "parts per billion",
            /// Lowest price of a reference GPU-second.
            reserve: u64 = "nano-XPL",
            /// Standing price of each class.
            prices: Vec<u64> = "femto-XPL per reference GPU-second",
            /// GPUs at work of each class.
            busy: Vec<u32> = "GPUs",
            /// What is for sale, at most 1000 orders.
            asks: Vec<Ask> = "orders",
            /// What is wanted, at most 1000 orders.
            bids: Vec<Wanted> = "orders",
        } -> {
            /// Who is served by whom, and at which price.
            trades: Vec<Trade> = "trades",
            /// Surplus of the trades.
            surplus: u128 = "nano-XPL per second",
            /// Next price of each class.
            prices: Vec<u64> = "femto-XPL per reference GPU-second",
        }
        |case| {
            not_zero("target", case.target.0)?;
            at_most("target", case.target.0, ONE.into())?;
            at_most("rate", case.rate.0, ONE.into())?;
            at_most("reserve", case.reserve, (HIGHEST / FEMTO).into())?;
            let (asks, bids, classes) = orders(&case.asks, &case.bids)?;
            if case.prices.len() != case.busy.len() || case.prices.len() < classes {
                return Err(format!("`prices` and `busy` need a value for each class, and orders name {classes}").into());
            }
            at_most("number of classes", case.prices.len() as u64, 256)?;
            for &price in &case.prices {
                at_most("prices", price, HIGHEST.into())?;
            }
            let class = |(&standing, &busy): (&u64, &u32)| Class { standing, busy: busy.into() };
            let classes: Vec<Class> = case.prices.iter().zip(&case.busy).map(class).collect();
            let mechanism = Algorithmic { target: case.target.0, rate: case.rate.0, reserve: case.reserve };
            let cleared = mechanism.clear(Batch { asks: &asks, bids: &bids, classes: &classes });
            Ok(Answer { trades: trades(&cleared), surplus: cleared.surplus, prices: cleared.standing })
        }
    },
];
