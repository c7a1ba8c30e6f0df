//! The ask: what a provider wants for a reference GPU-second.
//!
//! > ask = max(0, avoidable cost − pass-through × expected emission) × (1 + mark-up(utilisation)) ÷ (1 − fee)
//!
//! in USD, converted at the oracle's price: what is left of it after the protocol's fee must cover the cost. Avoidable cost is electricity and what the GPU would earn elsewhere in that time, by
//! which a fast GPU costs more than a slow one. Capital is sunk once the machine is bought, and counts where it is not yet, at
//! [entry](super::entry).

use super::super::Agents;
use super::super::queue::Kind;
use super::Phase;
use crate::economy::Lender;
use plasma_core::engine::state::State;
use plasma_core::ids::{ClassId, OfferId};
use plasma_core::money::{ONE, XPL};
use plasma_core::params::mechanism;
use plasma_core::protocol::offer::Requote;
use plasma_core::record::Origin;
use plasma_core::time::{HOUR, Time};

/// Seconds in an hour.
const SECONDS: f64 = 3600.0;

/// Nano-XPL per GPU-second for micro-USD per GPU-hour, at a price in micro-USD per XPL.
fn per_second(usd: f64, price: u64) -> u64 {
    ((usd / SECONDS * XPL as f64 / price as f64) as u64).max(1)
}

/// The share of a payment that its provider keeps; `None` where the fee takes all of it, and nobody asks for anything.
pub(in crate::agents) fn kept(view: &State) -> Option<f64> {
    let kept = 1.0 - view.params.fee_rate() as f64 / ONE as f64;
    (kept > 0.0).then_some(kept)
}

impl Lender {
    /// Micro-USD of electricity for a reference GPU-hour of work: a fast machine is done earlier.
    pub(super) fn electricity(&self) -> f64 {
        self.energy / self.speed
    }

    /// Micro-USD that a reference GPU-hour of work costs and would not cost if it were refused.
    fn avoidable(&self) -> f64 {
        (self.energy + self.forgone) / self.speed
    }

    /// Micro-USD per reference GPU-hour that it asks for when this is the emission it expects for one.
    fn asking(&self, emission: f64, utilisation: f64) -> f64 {
        let (idle, busy) = self.mark_up;
        let mark_up = idle + (busy - idle) * utilisation.clamp(0.0, 1.0);
        self.bare(emission) * (1.0 + mark_up)
    }

    /// The same without a mark-up: what it would just not refuse.
    fn bare(&self, emission: f64) -> f64 {
        (self.avoidable() - self.pass_through * emission).max(0.0)
    }

    /// The share of a day in which it is on offer.
    pub(super) fn daily_share(&self) -> f64 {
        if self.night.is_some() { super::hours::NIGHT_SHARE } else { 1.0 }
    }
}

/// An ask, and what emission had to do with it.
struct Quoted {
    /// Nano-XPL per reference GPU-second.
    ask: u64,
    /// Micro-USD of emission that it expects for a reference GPU-hour.
    emission: f64,
    /// Micro-USD of it that count against the cost of that hour: no more than the cost, and before mark-up and fee, by which the ask
    /// falls further.
    passed_on: f64,
}

impl Agents {
    /// Micro-USD of emission that a reference GPU-hour of a class earned in the last epoch.
    pub(in crate::agents) fn emission_per_hour(&self, view: &State, class: ClassId, price: u64) -> f64 {
        let weight = view.weights.of(class) as f64 / ONE as f64;
        self.rows.board.per_work * weight * HOUR as f64 * price as f64 / XPL as f64
    }

    /// What a provider asks for now, in nano-XPL per reference GPU-second, at least 1; `None` while there is no price of XPL, or the
    /// fee takes all of it.
    pub(super) fn ask(&self, view: &State, now: Time, lender: usize, utilisation: f64) -> Option<u64> {
        Some(self.quoted(view, now, lender, utilisation)?.ask)
    }

    /// Where the protocol sets the price an ask says from which price on it serves, and a mark-up would only lose it work.
    fn quoted(&self, view: &State, now: Time, lender: usize, utilisation: f64) -> Option<Quoted> {
        let (price, kept) = (self.price(view, now)?, kept(view)?);
        let who = self.today(lender, now);
        let set = view.params.market_mechanism() == mechanism::ALGORITHMIC;
        let wanted = |emission| if set { who.bare(emission) } else { who.asking(emission, utilisation) } / kept;
        let emission = self.emission_per_hour(view, who.class, price);
        Some(Quoted { ask: per_second(wanted(emission), price), emission, passed_on: who.bare(0.0) - who.bare(emission) })
    }

    /// What a provider would just not refuse, in nano-XPL per reference GPU-second, at least 1.
    pub(super) fn cost(&self, view: &State, now: Time, lender: usize) -> Option<u64> {
        let (price, kept) = (self.price(view, now)?, kept(view)?);
        let who = self.today(lender, now);
        Some(per_second(who.bare(self.emission_per_hour(view, who.class, price)) / kept, price))
    }

    /// Quotes every offer anew.
    pub(in super::super) fn quote(&mut self, view: &State, now: Time, lender: usize) {
        let economy = self.economy.clone();
        let who = &economy.lenders[lender];
        if self.rows.lenders[lender].phase == Phase::Gone {
            return;
        }
        self.queue.push(now + who.requote, Kind::Quote, lender as u64);
        let busy_ms = self.busy_ms(lender, now);
        let row = &mut self.rows.lenders[lender];
        let offered = (now - row.quoted) as f64 * f64::from(who.gpus) * who.daily_share();
        let worked = (busy_ms - row.quoted_ms) as f64;
        let utilisation = worked / offered.max(1.0);
        (row.quoted, row.quoted_ms) = (now, busy_ms);
        let (first, offers, leaving) = (row.first_offer.0, row.offers, row.phase == Phase::Leaving);
        if leaving {
            return;
        }
        let Some(Quoted { ask, emission, passed_on }) = self.quoted(view, now, lender, utilisation) else { return };
        // Weighed by what it did since it last quoted: what is asked of an idle machine nobody pays.
        let hours = worked * who.speed / HOUR as f64;
        self.tally.emission_expected += (emission * hours) as u128;
        self.tally.emission_passed_on += (passed_on * hours) as u128;
        for offer in first..first + offers {
            self.send(now, Origin::Account(economy.account_of(lender)), Requote { ask, offer: OfferId(offer), pad: 0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::lender;

    #[test]
    fn the_mark_up_follows_utilisation_and_emission_lowers_the_ask_to_zero_and_no_further() {
        let mut who = lender();
        (who.energy, who.speed, who.mark_up, who.pass_through) = (100_000.0, 1.0, (0.1, 0.5), 0.5);
        assert!((who.asking(0.0, 0.0) - 110_000.0).abs() < 1e-6);
        assert!((who.asking(0.0, 1.0) - 150_000.0).abs() < 1e-6);
        assert!((who.asking(0.0, 0.5) - 130_000.0).abs() < 1e-6);
        assert!((who.asking(100_000.0, 0.0) - 55_000.0).abs() < 1e-6);
        assert_eq!(who.asking(300_000.0, 1.0), 0.0);
        who.speed = 2.0;
        assert!((who.asking(0.0, 0.0) - 55_000.0).abs() < 1e-6);
    }
}
