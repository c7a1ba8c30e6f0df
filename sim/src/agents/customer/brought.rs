//! Customers whom builders bring: each milestone that a builder reached brings candidates of its own to the groups that it names.
//!
//! Those of one milestone and one group are a Poisson process beside the group's own, at a share of its rate, whose numbers are a
//! stream of their own: whoever comes anyway draws the same numbers with them and without, and the second milestone's candidates want
//! the same whenever the first was reached. The sum of Poisson processes is one (Kingman 1993, "Poisson Processes", section 2.2), so
//! that no rate needs to be known before it is there.

use super::{Agents, drawn_wishes};
use crate::agents::queue::Kind;
use crate::economy::{Brings, Economy, Source};
use crate::streams::Draw;
use plasma_core::engine::state::State;
use plasma_core::ids::LeaseId;
use plasma_core::money::XPL;
use plasma_core::protocol::market::Leased;
use plasma_core::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

/// What one milestone brings to one group.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct BringingRow {
    /// The builder who reached it.
    pub builder: u32,
    /// Which of its milestones it is, from 0.
    pub milestone: u32,
    /// Which of the groups that the builder names.
    pub group: u32,
    /// When nobody comes any more.
    pub until: Time,
    /// Candidates so far: the index of the next draw.
    pub candidates: u64,
}

impl BringingRow {
    /// What it brings, if there is such a builder with such a group.
    pub(in crate::agents) fn terms<'e>(&self, economy: &'e Economy) -> Option<&'e Brings> {
        economy.builders.get(self.builder as usize)?.brings.get(self.group as usize)
    }
}

impl Agents {
    /// A builder has reached a milestone: in time, what it brings will come.
    pub(in crate::agents) fn bring(&mut self, now: Time, number: usize, milestone: u32) {
        let economy = self.economy.clone();
        let (after, lasts) = economy.builders[number].brought;
        let from = now.saturating_add(after);
        for group in 0..economy.builders[number].brings.len() {
            let (builder, group, until) = (number as u32, group as u32, from.saturating_add(lasts));
            self.rows.bringing.push(BringingRow { builder, milestone, group, until, candidates: 0 });
            self.expect_brought(from, self.rows.bringing.len() - 1);
        }
    }

    /// Makes the appointment with the next candidate of a milestone.
    fn expect_brought(&mut self, now: Time, number: usize) {
        let economy = self.economy.clone();
        let row = self.rows.bringing[number];
        let Some(terms) = row.terms(&economy) else { return };
        let gap = terms.intensity.gap(&mut self.numbers_of(&row, terms));
        if let Some(time) = gap.map(|gap| now.saturating_add(gap)).filter(|&time| time < row.until) {
            self.queue.push(time, Kind::Brought, number as u64);
        }
    }

    /// The numbers of a milestone's next candidate, its waiting time first.
    fn numbers_of(&self, row: &BringingRow, terms: &Brings) -> Draw {
        self.streams.brought.draw(terms.stream + u64::from(row.milestone), row.candidates)
    }

    /// The next candidate of a milestone is there.
    pub(in crate::agents) fn brought(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let row = self.rows.bringing[number];
        let Some(terms) = row.terms(&economy) else { return };
        let patrons = &economy.patrons[terms.group];
        let Source::Drawn(drawn) = &patrons.source else { return };
        let mut draw = self.numbers_of(&row, terms);
        let _waiting = draw.uniform();
        let factor = economy.timetable.demand(terms.group, now) * drawn.burst(now);
        let comes = terms.intensity.accepts(now, factor, &mut draw);
        self.rows.bringing[number].candidates += 1;
        self.expect_brought(now, number);
        if comes {
            self.rows.builders[row.builder as usize].brought += 1;
            self.consider(view, now, terms.group, drawn_wishes(patrons, drawn, patrons.brought, &mut draw));
        }
    }

    /// A lease began: whether its customer was brought will matter when it is paid.
    pub(in crate::agents) fn note_brought(&mut self, view: &State, leased: &Leased) {
        let slot = leased.lease.slot();
        let brought = view.job(leased.job).is_some_and(|job| self.economy.is_brought(job.customer));
        if brought && self.rows.brought.len() <= slot {
            self.rows.brought.resize(slot + 1, false);
        }
        if let Some(row) = self.rows.brought.get_mut(slot) {
            *row = brought;
        }
    }

    /// So many nano-XPL were paid for a lease, which settles its job or was for requests.
    pub(in crate::agents) fn count_brought(&mut self, view: &State, now: Time, lease: LeaseId, payment: u64, settles: bool) {
        if self.rows.brought.get(lease.slot()) == Some(&true) {
            let price = self.price(view, now).unwrap_or(0);
            self.tally.brought_jobs += u64::from(settles);
            self.tally.brought_paid += u128::from(payment) * u128::from(price) / u128::from(XPL);
        }
    }
}
