//! Shocks that do something once: prices jump, regions fall silent and return, providers are poached, a council decrees.

use super::Agents;
use super::exchange::MOST;
use super::provider::Phase;
use super::queue::Kind;
use crate::economy::shocks::Effect;
use crate::economy::token::Venue;
use plasma_core::engine::state::State;
use plasma_core::protocol::governance::action::{NO_PARAM, ProposeChange};
use plasma_core::protocol::governance::decree::Decree;
use plasma_core::protocol::provider::WentSilent;
use plasma_core::record::Origin;
use plasma_core::time::{HOUR, NEVER, Time};
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::VecDeque;

/// What the council is about.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct CouncilRow {
    /// By shock of the timetable: what the parameters were that its decree changes, if that was taken.
    pub before: Vec<Option<[u64; 4]>>,
    /// The shock that the decree last sent begins, with what the parameters are; none where it ends one, or was answered.
    pub sent: Option<(u64, [u64; 4])>,
    /// The shocks that the decrees which wait begin, the oldest first; none for one that ends one.
    pub waiting: VecDeque<Option<u64>>,
}

/// What a parameter will be when the decrees that wait are carried out.
fn expected(view: &State, param: u32) -> u64 {
    let decreed = view.governance.decrees.iter().flat_map(ProposeChange::named).filter(|(named, _)| *named == param).last();
    decreed.map_or_else(|| view.params.values().get(param as usize).copied().unwrap_or_default(), |(_, value)| value)
}

/// The values from before a decree, of those parameters that still have the decreed one: what a vote has changed meanwhile stays.
fn taken_back(view: &State, decreed: &ProposeChange, before: [u64; 4]) -> ProposeChange {
    let mut back = ProposeChange { params: [NO_PARAM; 4], values: [0; 4] };
    let stands = (0..4).filter(|&place| expected(view, decreed.params[place]) == decreed.values[place]);
    for (to, from) in stands.filter(|&place| decreed.params[place] != NO_PARAM).enumerate() {
        (back.params[to], back.values[to]) = (decreed.params[from], before[from]);
    }
    back
}

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
            // Who could not pay for it until it is over does not decree it any more.
            Effect::Change(change) if now < economy.timetable.all()[number].until => {
                let before = change.params.map(|param| expected(view, param));
                self.decree(view, now, *change, number, Some(before));
            }
            Effect::Demand(..) | Effect::Electricity(..) | Effect::Cloud(_) | Effect::Hardware(_) | Effect::OracleSilence => {}
            Effect::Change(_) => {}
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
            Effect::Change(change) => {
                let back = self.rows.council.before[number].map(|before| taken_back(view, change, before));
                if let Some(back) = back.filter(|back| back.named().next().is_some()) {
                    self.decree(view, now, back, number, None);
                }
            }
            _ => {}
        }
    }

    /// The council decrees other parameters as a shock begins, `before` which they are these, or ends. Its owner pays for the fee;
    /// where XPL for it are not to be had, it is tried again.
    fn decree(&mut self, view: &State, now: Time, change: ProposeChange, number: usize, before: Option<[u64; 4]>) {
        let Some(council) = self.economy.council else { return };
        let short = view.base_fee().saturating_sub(Self::spendable(view, council));
        if short > 0 && !self.buy(view, now, council, short.saturating_mul(16)) {
            let again = if before.is_some() { Kind::Shock } else { Kind::Recovery };
            return self.queue.push(now + HOUR, again, number as u64);
        }
        self.rows.council.sent = before.map(|before| (number as u64, before));
        let ProposeChange { values, params } = change;
        self.send(now, Origin::Account(council), Decree { values, params });
    }

    /// A decree was taken: what it changes is to be given back when its shock is over.
    pub(super) fn decreed(&mut self) {
        let council = &mut self.rows.council;
        let begins = council.sent.take();
        if let Some((number, before)) = begins {
            council.before[number as usize] = Some(before);
        }
        council.waiting.push_back(begins.map(|(number, _)| number));
    }

    /// The oldest decree that waited was carried out or failed: one that changed nothing leaves nothing to give back.
    pub(super) fn decree_done(&mut self, enacted: bool) {
        let council = &mut self.rows.council;
        if let Some(Some(number)) = council.waiting.pop_front().filter(|_| !enacted) {
            council.before[number as usize] = None;
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
