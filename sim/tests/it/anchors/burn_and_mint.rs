//! Supply stands still where burn and mint say so. With D dollars of payments burned and E XPL minted in the same time it does at
//! the price D ÷ E (Render's RNP-001; J. Samani, "New Models for Utility Tokens", 2018: burn-and-mint equilibrium), and a market
//! takes the price there. Helium's net emissions mint again what was burned, and supply stands still at any price (HIP 20).

use super::{every_group, near, play, small};
use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::formula::burn_mint::stationary_price;
use plasma_core::money::XPL;
use plasma_core::record::{Cause, Command, Event, Record};
use plasma_core::time::DAY;

/// What was burned and minted, and the prices that were posted.
#[derive(Default)]
struct Books {
    from: u64,
    burned: u128,
    burned_micro_usd: u128,
    minted: u128,
    prices: Vec<f64>,
    supply: (u128, u128),
}

impl Observer for Books {
    fn cause(&mut self, _view: &State, record: &Record) {
        if let Cause::Command { command: Command::PostPrice(post), .. } = record.cause
            && record.time >= self.from
        {
            self.prices.push(post.micro_usd as f64);
        }
    }
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        if record.time < self.from {
            return;
        }
        match event {
            Event::Settled(settled) => {
                self.burned += u128::from(settled.burned);
                let price = view.oracle_price(record.time).unwrap();
                self.burned_micro_usd += u128::from(settled.burned) * u128::from(price) / u128::from(XPL);
            }
            Event::Emitted(emitted) => self.minted += u128::from(emitted.providers),
            _ => {}
        }
    }
    fn epoch_closed(&mut self, view: &State) {
        if view.clock.now <= self.from {
            self.supply.0 = view.ledger.supply();
        }
        self.supply.1 = view.ledger.supply();
    }
}

impl Books {
    /// Growth of supply over what was minted.
    fn growth(&self) -> f64 {
        (self.supply.1 as f64 - self.supply.0 as f64) / self.minted as f64
    }
}

/// The small economy where every payment is burned, emission is the providers' only, and asks do not follow it: so that a dollar of
/// demand is a dollar at any price. Nothing else is burned.
fn burning(mode: &str, more: &[&str], days: u64) -> Books {
    let asks = [every_group("pass_through=0%"), every_group("faults={}")].concat();
    let parts = ["emission.providers=100%", "emission.stakers=0%", "emission.treasury=0%", "emission.builders=0%"];
    let plain = ["fee.base=0 XPL", "fee.treasury=0%", "fee.stakers=0%", "fee.burn=100%", "verification.rate=0%"];
    let mode = format!("settle.mode={mode}");
    let sets: Vec<&str> = asks.iter().map(String::as_str).chain(parts).chain(plain).chain([mode.as_str()]).collect();
    let loaded = small(&[&sets[..], more].concat());
    let from = loaded.scenario.start.0 + loaded.scenario.horizon.0 - days * DAY;
    let mut books = Books { from, ..Books::default() };
    books.supply.0 = loaded.scenario.token.initial_supply.0;
    play(&loaded, books).into_parts().1
}

#[test]
fn supply_stands_still_at_the_price_at_which_what_is_burned_buys_what_is_minted() {
    let at = |price: f64| burning("burn_schedule", &[&format!("token.price={} USD", price / 1e6)], 30);
    let first = at(100_000.0);
    let still = stationary_price(first.burned_micro_usd, first.minted).unwrap() as f64;
    assert!((20_000.0..500_000.0).contains(&still), "{still}");
    // Growth of supply over what is minted is 1 − stationary price ÷ price.
    for factor in [0.8, 1.0, 1.25] {
        let growth = at((still * factor).round()).growth();
        assert!((growth - (1.0 - 1.0 / factor)).abs() < 0.01, "at {factor}: {growth}");
    }
}

#[test]
fn a_market_finds_the_price_at_which_supply_stands_still() {
    // Nobody who trades has XPL of their own, and providers sell all they earn: what is burned and minted is what is bought and sold.
    let pool = [
        "allocation.customers.amount=0%",
        "allocation.providers.amount=0%",
        "allocation.unvested.amount=75%",
        "token.market={ amm = { depth = \"40 USD\" } }",
        "bond.per_gpu=1 XPL",
        "horizon=180d",
    ];
    let sells = every_group("sells=100%");
    for price in ["token.price=0.05 USD", "token.price=0.40 USD"] {
        let more: Vec<&str> = pool.into_iter().chain(sells.iter().map(String::as_str)).chain([price]).collect();
        let books = burning("burn_schedule", &more, 90);
        let still = stationary_price(books.burned_micro_usd, books.minted).unwrap() as f64;
        let mean = books.prices.iter().sum::<f64>() / books.prices.len() as f64;
        assert!(near(mean, still, 0.05), "{price}: {mean}, not {still}");
        assert!(books.growth().abs() < 0.05, "{price}: supply grew by {} of what was minted", books.growth());
    }
}

#[test]
fn net_emission_mints_again_what_was_burned_up_to_its_cap() {
    let with = |cap: &str| {
        burning(
            "net_emission",
            &["emission.schedule=net_emission", "emission.yearly=0 XPL", &format!("emission.reburn={cap}")],
            30,
        )
    };
    let free = with("100_000_000 XPL");
    assert!(free.burned > 0 && free.growth().abs() < 1e-9, "{} of {}", free.growth(), free.burned);
    let capped = with("100_000 XPL");
    let month = 100_000.0 * XPL as f64 * 30.0 / 365.25;
    assert!(near(capped.minted as f64, month, 1e-6) && capped.burned > 2 * capped.minted, "{} {month}", capped.minted);
    assert!(capped.supply.1 < capped.supply.0);
}
