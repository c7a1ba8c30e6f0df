//! Entry: a finite pool looks at the market, and whoever finds its return high enough buys a machine.
//!
//! An entrant expects what providers of its class have earned lately: the averaged price times the averaged utilisation, emission
//! for that work and for the bond, less electricity. It enters when a year of this, over the price of the hardware, reaches its own
//! hurdle. (A rule of thumb in place of a net present value: it discounts nothing and expects today to last.)

use super::super::Agents;
use super::super::queue::Kind;
use super::Phase;
use crate::economy::Host;
use crate::economy::providers::Joining;
use plasma_core::engine::state::State;
use plasma_core::money::XPL;
use plasma_core::time::{HOUR, Time, YEAR};

/// What a GPU of a class earns, in micro-USD.
struct Prospect {
    /// For a reference GPU-hour of work: paid by customers, after the protocol's fee.
    price: f64,
    /// For the same hour: emission.
    emission: f64,
    /// Share of hours at work.
    utilisation: f64,
    /// For a year of its bond.
    stake: f64,
}

impl Host {
    /// Expected return on hardware in a year, as a fraction.
    fn expected_return(&self, prospect: &Prospect) -> f64 {
        let hours = YEAR as f64 / HOUR as f64 * self.daily_share() * prospect.utilisation * self.speed;
        let margin = prospect.price + prospect.emission - self.electricity();
        (hours * margin + prospect.stake) / self.hardware.max(1.0)
    }
}

impl Agents {
    /// Somebody in the pool looks at the market.
    pub(in super::super) fn look(&mut self, view: &State, now: Time, host: usize) {
        let who = self.today(host, now);
        let Joining::Entrant { hurdle, interval } = who.joins else { return };
        if self.rows.hosts[host].phase != Phase::Away {
            return;
        }
        let worthwhile = self.prospect(view, now, &who).is_some_and(|prospect| who.expected_return(&prospect) >= hurdle);
        match worthwhile {
            true => self.queue.push(now, Kind::Join, host as u64),
            false => self.queue.push(now + interval, Kind::Look, host as u64),
        }
    }

    fn prospect(&self, view: &State, now: Time, who: &Host) -> Option<Prospect> {
        let price = self.price(view, now)?;
        let seen = self.rows.board.class(who.class);
        let epochs = YEAR as f64 / view.params.epoch_length() as f64;
        let kept = 1.0 - view.params.fee_rate() as f64 / plasma_core::money::ONE as f64;
        let stake = self.rows.board.per_bond * epochs * view.params.bond_per_gpu() as f64 * price as f64 / XPL as f64;
        Some(Prospect {
            price: seen.price * kept,
            emission: self.emission_per_hour(view, who.class, price),
            utilisation: seen.utilisation,
            stake,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::host;
    use super::*;

    #[test]
    fn a_year_of_margins_over_the_hardware() {
        let who = Host { energy: 100_000.0, speed: 1.0, hardware: 3_000e6, ..host() };
        let prospect = Prospect { price: 250_000.0, emission: 50_000.0, utilisation: 0.5, stake: 123.4e6 };
        // 4,383 hours at $0.20 and $123.40 for the bond, over $3,000.
        assert!((who.expected_return(&prospect) - (876.6 + 123.4) / 3_000.0).abs() < 1e-9);
    }
}
