//! Entry: a finite pool looks at the market, and whoever finds its return high enough buys a machine.
//!
//! An entrant expects what providers of its class have earned lately: the averaged price times the averaged utilisation, emission
//! for that work and for the bond, less electricity at work and on standby. Over the life of the machine, at its own rate, that has
//! a present value:
//!
//! > NPV = margin of a year × (1 − e^(−rate · life)) ÷ rate − price of the machine
//!
//! (a level annuity paid continuously; e.g. Brealey, Myers & Allen, "Principles of Corporate Finance", ch. 2). It enters when this is
//! above zero and above the value of the same machine rented out elsewhere. It expects today to last. When the machine's life is over
//! it asks itself again, and leaves when it would not buy another.

use super::super::Agents;
use super::super::queue::Kind;
use super::Phase;
use super::ask::kept;
use super::books::IDLE_POWER;
use crate::economy::Lender;
use crate::economy::providers::Joining;
use plasma_core::engine::state::State;
use plasma_core::money::XPL;
use plasma_core::time::{DAY, HOUR, Span, Time, YEAR};
use rkyv::{Archive, Deserialize, Serialize};

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

impl Lender {
    /// Micro-USD that one GPU earns in a year here, electricity paid.
    fn yearly_margin(&self, prospect: &Prospect) -> f64 {
        let margin = prospect.price + prospect.emission - self.electricity();
        let standby = (1.0 - prospect.utilisation) * IDLE_POWER * self.energy;
        self.yearly_hours() * (prospect.utilisation * self.speed * margin - standby) + prospect.stake
    }

    /// The same elsewhere, where it would earn what it forgoes for an hour of work here.
    fn yearly_margin_elsewhere(&self) -> f64 {
        self.yearly_hours() * (self.forgone - self.energy).max(0.0)
    }

    /// Net present value of one GPU, in micro-USD, here and elsewhere.
    fn worth(&self, prospect: &Prospect, hurdle: f64, life: Span) -> (f64, f64) {
        let net = |yearly| present_value(yearly, hurdle, life) - self.hardware;
        (net(self.yearly_margin(prospect)), net(self.yearly_margin_elsewhere()))
    }

    fn yearly_hours(&self) -> f64 {
        YEAR as f64 / HOUR as f64 * self.daily_share()
    }
}

/// What a yearly income is worth today.
fn present_value(yearly: f64, rate: f64, life: Span) -> f64 {
    let years = life as f64 / YEAR as f64;
    yearly * if rate > 0.0 { -libm::expm1(-rate * years) / rate } else { years }
}

/// The best of those who looked at the market and stayed out, week by week.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq)]
pub struct StayingOut {
    since: Time,
    running: Option<f64>,
    last: Option<f64>,
}

impl StayingOut {
    fn note(&mut self, now: Time, npv: f64) {
        if now - self.since >= WEEK {
            (self.since, self.last, self.running) = (now, self.running, None);
        }
        self.running = Some(self.running.map_or(npv, |best| best.max(npv)));
    }

    /// Net present value per dollar of hardware of the best of last week's, or of this week's before one has passed.
    pub fn best(&self) -> Option<f64> {
        self.last.or(self.running)
    }
}

const WEEK: Span = 7 * DAY;

impl Agents {
    /// Somebody in the pool looks at the market.
    pub(in super::super) fn look(&mut self, view: &State, now: Time, lender: usize) {
        let who = self.today(lender, now);
        let Joining::Entrant { hurdle, life, interval } = who.joins else { return };
        if self.rows.lenders[lender].phase != Phase::Away {
            return;
        }
        let Some(prospect) = self.prospect(view, now, &who) else {
            return self.queue.push(now + interval, Kind::Look, lender as u64);
        };
        let (here, elsewhere) = who.worth(&prospect, hurdle, life);
        if here >= 0.0 && here >= elsewhere {
            self.queue.push(now, Kind::Join, lender as u64);
        } else {
            self.rows.staying_out.note(now, (here - elsewhere.max(0.0)) / who.hardware.max(1.0));
            self.queue.push(now + interval, Kind::Look, lender as u64);
        }
    }

    /// Whether an entrant whose machines are used up buys new ones: it decides as it did when it came. Who is there on schedule
    /// replaces them without asking, and leaves when income does not cover costs.
    pub(super) fn renews(&self, view: &State, now: Time, lender: usize) -> bool {
        let who = self.today(lender, now);
        let Joining::Entrant { hurdle, life, .. } = who.joins else { return true };
        let worth = self.prospect(view, now, &who).map(|prospect| who.worth(&prospect, hurdle, life));
        worth.is_none_or(|(here, elsewhere)| here >= 0.0 && here >= elsewhere)
    }

    fn prospect(&self, view: &State, now: Time, who: &Lender) -> Option<Prospect> {
        let price = self.price(view, now)?;
        let seen = self.rows.board.class(who.class);
        let epochs = YEAR as f64 / view.params.epoch_length() as f64;
        let kept = kept(view).unwrap_or(0.0);
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
    use super::super::tests::lender;
    use super::*;

    #[test]
    fn a_year_of_margins_here_and_elsewhere() {
        let who = Lender { energy: 100_000.0, forgone: 150_000.0, hardware: 3_000e6, ..lender() };
        let prospect = Prospect { price: 250_000.0, emission: 50_000.0, utilisation: 0.5, stake: 123.4e6 };
        // 4,383 hours at $0.20, as many at $0.015 for standby, and $123.40 for the bond; elsewhere 8,766 hours at $0.05.
        assert!((who.yearly_margin(&prospect) - (876.6 - 65.745 + 123.4) * 1e6).abs() < 1e-3);
        assert!((who.yearly_margin_elsewhere() - 438.3e6).abs() < 1e-3);
    }

    #[test]
    fn a_level_income_is_worth_its_annuity() {
        // $1,000 a year for 4 years at a continuous 10 %: 1,000 · (1 − e^−0.4) ÷ 0.1.
        assert!((present_value(1_000.0, 0.1, 4 * YEAR) - 3_296.799_539_643_607).abs() < 1e-9);
        assert!((present_value(1_000.0, 0.0, 4 * YEAR) - 4_000.0).abs() < 1e-9);
    }

    #[test]
    fn the_best_of_a_week_stands_until_the_next_is_over() {
        let mut out = StayingOut::default();
        [(1, -0.5), (2, -0.2), (3, -0.9)].into_iter().for_each(|(day, npv)| out.note(day * DAY, npv));
        assert_eq!(out.best(), Some(-0.2));
        out.note(8 * DAY, -0.7);
        assert_eq!(out.best(), Some(-0.2));
        out.note(16 * DAY, -0.8);
        assert_eq!(out.best(), Some(-0.7));
    }
}
