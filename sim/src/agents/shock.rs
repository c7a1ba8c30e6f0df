//! Shocks that do something once: prices jump, regions fall silent and return, providers are poached.

use super::Agents;
use super::exchange::MOST;
use super::provider::Phase;
use super::queue::Kind;
use crate::economy::shocks::Effect;
use crate::economy::token::Venue;
use plasma_core::engine::state::State;
use plasma_core::protocol::provider::WentSilent;
use plasma_core::record::Origin;
use plasma_core::time::{NEVER, Time};

impl Agents {
    /// Makes the appointments of every shock.
    pub(super) fn expect_shocks(&mut self) {
        let economy = self.economy.clone();
        for (number, shock) in economy.timetable.all().iter().enumerate() {
            self.queue.push(shock.from, Kind::Shock, number as u64);
            if shock.until != NEVER {
                self.queue.push(shock.until, Kind::Recovery, number as u64);
            }
        }
    }

    /// A shock strikes.
    pub(super) fn strike(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        match &economy.timetable.all()[number].effect {
            Effect::Price(factor) => self.move_price(view, now, *factor),
            Effect::Outage(region) => {
                for lender in (0..economy.lenders.len()).filter(|&lender| economy.lenders[lender].region == *region) {
                    if self.rows.lenders[lender].phase == Phase::Online {
                        self.rows.lenders[lender].phase = Phase::Dark;
                        self.send(now, Origin::Host, WentSilent { provider: self.rows.lenders[lender].provider });
                        self.tally.went_dark += 1;
                    }
                }
            }
            Effect::Poaching(share, groups) => {
                for lender in (0..economy.lenders.len()).filter(|&lender| groups.has(economy.lenders[lender].group.into())) {
                    let offered = matches!(self.rows.lenders[lender].phase, Phase::Online | Phase::Resting);
                    let chosen = self.streams.shock.draw(economy.lenders[lender].stream, number as u64).chance(*share);
                    if offered && chosen {
                        self.leave(view, now, lender);
                    }
                }
            }
            Effect::Demand(..) | Effect::Electricity(..) | Effect::Cloud(_) | Effect::Hardware(_) | Effect::OracleSilence => {}
        }
    }

    /// A shock is over.
    pub(super) fn recover(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        match &economy.timetable.all()[number].effect {
            Effect::Price(factor) => self.move_price(view, now, 1.0 / factor),
            Effect::Outage(region) => {
                for lender in (0..economy.lenders.len()).filter(|&lender| economy.lenders[lender].region == *region) {
                    // Who keeps hours returns in the evening.
                    if self.rows.lenders[lender].phase == Phase::Dark && economy.lenders[lender].night.is_none() {
                        self.rows.lenders[lender].phase = Phase::Online;
                        self.resume(view, now, lender);
                    }
                }
            }
            _ => {}
        }
    }

    /// Multiplies the price of XPL: where somebody makes it, by making another; in a pool, by the trade that leads there.
    fn move_price(&mut self, view: &State, now: Time, factor: f64) {
        match self.economy.exchange.venue {
            Venue::Fixed | Venue::Walk(_) => self.rows.quoted.price = (self.rows.quoted.price * factor).clamp(1.0, MOST),
            Venue::Recorded(_) => {
                let quoted = &mut self.rows.quoted;
                (quoted.shocked, quoted.price) = (quoted.shocked * factor, (quoted.price * factor).clamp(1.0, MOST));
            }
            Venue::Pool(_) => {
                let Some(pool) = self.pool(view) else { return };
                let Some(holder) = self.economy.holders else { return };
                // xpl · usd is constant, so the price goes as 1 ÷ xpl².
                let target = pool.xpl as f64 / libm::sqrt(factor);
                let change = target - pool.xpl as f64;
                if change > 0.0 {
                    self.sell(view, now, holder, (change as u64).min(Self::spendable(view, holder)));
                } else {
                    self.buy(view, now, holder, -change as u64);
                }
            }
        }
    }
}
