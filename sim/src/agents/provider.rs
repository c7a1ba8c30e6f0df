//! Providers: they join, quote, work, keep their books, and leave when it does not pay.

pub mod ask;
pub mod books;
pub mod duty;
pub mod entry;
pub mod hours;
pub mod seal;
pub mod work;

use super::Agents;
use super::queue::Kind;
use crate::economy::Lender;
use crate::economy::providers::Joining;
use plasma_core::engine::state::State;
use plasma_core::ids::{OfferId, ProviderId};
use plasma_core::protocol::bond::Bond;
use plasma_core::protocol::offer::{MAX_GPUS, PostOffer};
use plasma_core::protocol::provider::{Drain, Provider, Register, Status};
use plasma_core::protocol::staking::SetCommission;
use plasma_core::record::Origin;
use plasma_core::time::{DAY, HOUR, Span, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// Where a provider stands in its own eyes.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// It has not joined.
    #[default]
    Away,
    /// It is on offer.
    Online,
    /// It is off for the day and finishes what it has.
    Resting,
    /// It went off without notice; what it had will be missed.
    Dark,
    /// It leaves as soon as its leases are settled.
    Leaving,
    /// It has left.
    Gone,
}

/// What changes about a provider.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct LenderRow {
    /// Nano-XPL earned by work since the books were last closed.
    pub earned: u64,
    /// Nano-XPL of emission since then.
    pub emitted: u64,
    /// Micro-USD of electricity owed since then.
    pub owed: u64,
    /// GPU-milliseconds at work as of the last quote.
    pub quoted_ms: u64,
    /// When it last quoted.
    pub quoted: Time,
    /// GPU-milliseconds at work as of the last books.
    pub booked_ms: u64,
    /// When it last closed its books.
    pub booked: Time,
    /// When it bought the machines that it has.
    pub bought: Time,
    /// Since when its income does not cover its costs, or [`plasma_core::time::NEVER`].
    pub short_since: Time,
    /// When it next tries to return, for which it could not buy the XPL; in the past where it does not wait for that.
    pub retries: Time,
    /// Leases so far: the index of the next draw on how one ends.
    pub leases: u64,
    /// Mornings so far: the index of the next draw on how it switches off.
    pub mornings: u64,
    /// Nano-XPL per reference GPU-second that it sealed for the running auction.
    pub sealed: u64,
    /// GPU-milliseconds spent on checking others.
    pub checked_ms: u64,
    /// GPU-milliseconds for which they only seemed to be at work, or will, beyond those in the books.
    pub lied_ms: u64,
    /// What it settled in the epoch, as emission weighs it, where its owner may lie about it …
    pub weighed: u64,
    /// … and of that what it did not compute.
    pub unworked: u64,
    /// Its identifier on the ledger.
    pub provider: ProviderId,
    /// Its first offer; the others follow.
    pub first_offer: OfferId,
    /// How many offers it has.
    pub offers: u32,
    /// Whether work alone, without emission, paid its electricity when it last closed its books.
    pub bears_itself: Option<bool>,
    /// Whether it has found that computing does not pay.
    pub lazy: bool,
    /// A [`Phase`].
    pub phase: Phase,
}

impl LenderRow {
    /// Somebody who is not on the ledger yet.
    pub(super) fn absent() -> Self {
        Self { provider: ProviderId::NONE, first_offer: OfferId::NONE, ..Self::default() }
    }
}

/// How long an offer's GPUs have been at work.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfferRow {
    /// GPU-milliseconds at work until `since`.
    pub busy_ms: u64,
    /// When the number of busy GPUs last changed.
    pub since: Time,
    /// Whose offer it is, or [`NOBODY`]'s.
    pub lender: u32,
    /// GPUs at work now.
    pub busy: u16,
}

/// Who stands behind an offer that is no provider's of the scenario.
pub const NOBODY: u32 = u32::MAX;

impl OfferRow {
    /// Whose offer it is.
    pub fn lender(&self) -> Option<usize> {
        (self.lender != NOBODY).then_some(self.lender as usize)
    }

    /// GPU-milliseconds at work until `now`.
    fn busy_until(&self, now: Time) -> u64 {
        self.busy_ms + u64::from(self.busy) * (now - self.since)
    }
}

/// Time between two closings of the books, in which a provider also considers leaving.
const BOOKS: Span = 7 * DAY;
/// Time after which a provider that could not buy XPL for its bond, or to return, tries again.
const RETRY: Span = 7 * DAY;
/// Time a provider takes to notice a slash.
const NOTICE: Span = HOUR;

impl Agents {
    /// Makes a provider's first appointment.
    pub(super) fn expect_lender(&mut self, lender: usize, genesis: Time) {
        let who = &self.economy.lenders[lender];
        match who.joins {
            Joining::At(Time::MAX) => {}
            Joining::At(time) => self.queue.push(time, Kind::Join, lender as u64),
            Joining::Entrant { interval, .. } => {
                let first = genesis + interval + spread(interval, who.jitter);
                self.queue.push(first, Kind::Look, lender as u64);
            }
        }
    }

    /// The provider as the shocks of the day leave it.
    pub(super) fn today(&self, lender: usize, now: Time) -> Lender {
        let mut who = self.economy.lenders[lender].clone();
        let timetable = &self.economy.timetable;
        who.energy *= timetable.electricity(who.region, now);
        who.forgone *= timetable.cloud(now);
        who.hardware *= timetable.hardware(now);
        who
    }

    /// Its row on the ledger, once it has one.
    fn on_ledger<'v>(&self, view: &'v State, lender: usize) -> Option<&'v Provider> {
        view.provider(self.rows.lenders[lender].provider)
    }

    /// GPU-milliseconds that a provider's GPUs have been at work.
    fn busy_ms(&self, lender: usize, now: Time) -> u64 {
        let row = &self.rows.lenders[lender];
        let first = row.first_offer.index();
        let offers = self.rows.offers.get(first..first + row.offers as usize).unwrap_or_default();
        offers.iter().map(|offer| offer.busy_until(now)).sum()
    }

    /// Registers, bonds and offers; buys what the bond lacks.
    pub(super) fn join(&mut self, view: &State, now: Time, lender: usize) {
        let economy = self.economy.clone();
        let who = &economy.lenders[lender];
        let account = economy.account_of(lender);
        let bond = view.params.bond_per_gpu().saturating_mul(u64::from(who.gpus));
        let missing = bond.saturating_sub(Self::spendable(view, account));
        let fees = 16 * view.base_fee();
        let ask = self.ask(view, now, lender, 0.0).filter(|_| !economy.timetable.dark(who.region, now));
        let Some(ask) = ask else { return self.queue.push(now + RETRY, Kind::Join, lender as u64) };
        if missing > 0 && !self.buy(view, now, account, missing + fees) {
            return self.queue.push(now + RETRY, Kind::Join, lender as u64);
        }
        let origin = Origin::Account(account);
        self.send(now, origin, Register { region: who.region });
        if bond > 0 {
            self.send(now, origin, Bond { amount: bond });
        }
        if who.commission > 0 {
            self.send(now, origin, SetCommission { rate: who.commission });
        }
        let mut left = who.gpus;
        while left > 0 {
            let gpus = left.min(u32::from(MAX_GPUS));
            self.send(now, origin, PostOffer { ask, gpus: gpus as u16, class: who.class, pad: [0; 5] });
            left -= gpus;
        }
        let row = &mut self.rows.lenders[lender];
        (row.phase, row.bought, row.quoted, row.booked) = (Phase::Online, now, now, now);
        row.short_since = plasma_core::time::NEVER;
        if let Joining::Entrant { .. } = who.joins {
            self.tally.entered += 1;
        } else {
            self.tally.joined += 1;
        }
        self.queue.push(now + spread(who.requote, who.jitter), Kind::Quote, lender as u64);
        self.queue.push(now + spread(BOOKS, who.jitter), Kind::Books, lender as u64);
        if who.night.is_some() {
            self.keep_hours_from(now, lender);
        }
    }

    /// Fills the bond up after a slash, so that the GPUs may be leased again.
    pub(super) fn top_up(&mut self, view: &State, now: Time, lender: usize) {
        let account = self.economy.account_of(lender);
        let Some(provider) = self.on_ledger(view, lender) else { return };
        if matches!(self.rows.lenders[lender].phase, Phase::Leaving | Phase::Gone) {
            return;
        }
        let missing = provider.required_bond(view.params.bond_per_gpu()).saturating_sub(provider.bond);
        let missing = u64::try_from(missing).unwrap_or(u64::MAX);
        if missing == 0 {
            return;
        }
        let short = missing.saturating_sub(Self::spendable(view, account));
        let short = if short > 0 { short + 4 * view.base_fee() } else { 0 };
        if short > 0 && self.beyond_means(view, account, short) {
            return self.leave(view, now, lender);
        }
        if short > 0 && !self.buy(view, now, account, short) {
            return self.queue.push(now + RETRY, Kind::TopUp, lender as u64);
        }
        self.send(now, Origin::Account(account), Bond { amount: missing });
    }

    /// Takes no more leases; the books will see to the rest.
    pub(super) fn leave(&mut self, view: &State, now: Time, lender: usize) {
        self.rows.lenders[lender].phase = Phase::Leaving;
        if self.on_ledger(view, lender).is_some_and(|provider| provider.status == Status::Active) {
            self.send(now, Origin::Account(self.economy.account_of(lender)), Drain {});
        }
    }
}

/// The first appointment of a series: at least a millisecond from now, at most an interval.
pub(super) fn spread(interval: Span, jitter: f64) -> Span {
    ((interval as f64 * jitter) as Span).max(1)
}

#[cfg(test)]
mod tests {
    use crate::economy::Lender;
    use crate::economy::providers::Joining;
    use plasma_core::ids::ClassId;
    use plasma_core::time::DAY;

    /// A provider with nothing remarkable about it.
    pub(super) fn lender() -> Lender {
        Lender {
            stream: 0,
            group: 0,
            class: ClassId(0),
            region: 0,
            gpus: 1,
            speed: 1.0,
            jitter: 0.5,
            energy: 0.0,
            forgone: 0.0,
            hardware: 1.0,
            mark_up: (0.0, 0.0),
            pass_through: 0.0,
            sells: 0.0,
            commission: 0,
            requote: DAY,
            faults: (0.0, 0.0),
            night: None,
            exit_after: DAY,
            joins: Joining::At(0),
        }
    }
}
