//! What the engine keeps beside the rows to find things fast: timers, the order book, the waiting line, and what is to be decided
//! next. All of it follows from the rows; none of it is in the digest, and replay does without.

use crate::engine::agenda::Agenda;
use crate::engine::book::Book;
use crate::engine::state::State;
use crate::engine::waiting::Line;
use crate::ids::{JobId, LeaseId, OfferId, ProposalId, ProviderId};
use crate::protocol::batch::BatchDue;
use crate::protocol::bond::BondDue;
use crate::protocol::builders::AwardExpires;
use crate::protocol::delegation::WithdrawalDue;
use crate::protocol::epoch::EpochEnd;
use crate::protocol::governance::VotingEnds;
use crate::protocol::job::PatienceOver;
use crate::protocol::lease::{LeaseOverdue, Stage};
use crate::protocol::offer::{AskLapse, Status};
use crate::protocol::redelegation::MoveDue;
use crate::protocol::verification::challenge::WindowOver;
use crate::protocol::verification::copies::{self, CopiesDue};
use crate::protocol::verification::draw::{self, CheckOverdue};
use crate::protocol::verification::panel::{self, PanelDue};
use crate::protocol::verification::policy::Policy;
use crate::protocol::vesting::GrantDue;
use crate::protocol::{batch, governance, market, settlement};
use crate::record::{Event, Fire, Timer};
use crate::time::{NEVER, Time};
use bevy_ecs::prelude::Resource;
use std::collections::{BTreeSet, VecDeque};

/// A decision that an event calls for, made under the same record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Task {
    /// Find a job an offer.
    Match(JobId),
    /// Find an offer a waiting job.
    Fill(OfferId),
    /// Check a committed result, or settle it.
    Draw(LeaseId),
    /// Pay for a result.
    Settle(LeaseId),
    /// Clear the batch that has closed.
    Clear,
    /// Draw a panel for a challenged lease.
    Empanel(LeaseId),
    /// Decide a challenge on what its panel said.
    Judge(LeaseId),
    /// Compare the copies of a job.
    Compare(JobId),
    /// Do what a proposal that passed asks for.
    Enact(ProposalId),
    /// Carry out the oldest decree that waits.
    Decree,
}

impl Task {
    /// Adds the events that follow. Reads only.
    #[inline]
    pub(crate) fn decide(self, state: &State, derived: &Derived, now: Time, events: &mut Vec<Event>) {
        match self {
            Task::Match(job) => market::match_job(state, derived, job, now, events),
            Task::Fill(offer) => market::fill_offer(state, derived, offer, now, events),
            Task::Clear => batch::clear(state, derived, now, events),
            Task::Draw(lease) => draw::draw(state, lease, now, events),
            Task::Empanel(lease) => panel::empanel(state, lease, now, events),
            Task::Judge(lease) => panel::judge(state, lease, now, events),
            Task::Compare(lead) => copies::compare(state, lead, now, events),
            Task::Enact(proposal) => governance::enact(state, proposal, now, events),
            Task::Decree => governance::decree::carry_out(state, events),
            Task::Settle(lease) => {
                if let Some(lease) = state.lease(lease) {
                    settlement::settle(state, lease, now, events);
                }
            }
        }
    }
}

/// Indices and timers.
#[derive(Resource, Clone, Debug)]
pub struct Derived {
    /// What was promised, by time. A promise is never taken back: when its time comes it is asked whether it still stands.
    pub timers: Agenda<Timer>,
    /// Idle offers.
    pub book: Book,
    /// Queued jobs.
    pub line: Line,
    /// Committed results that the next beacon draws.
    pub awaiting_draw: Vec<LeaseId>,
    /// Decisions to make before the next record.
    pub tasks: VecDeque<Task>,
    offers_of: Vec<Vec<OfferId>>,
}

impl Derived {
    /// Everything that follows from the rows.
    pub fn rebuild(state: &State) -> Self {
        let classes = state.catalogue.classes.len();
        let mut derived = Self {
            timers: Agenda::starting(state.clock.now),
            book: Book::new(classes),
            line: Line::new(classes),
            awaiting_draw: Vec::new(),
            tasks: VecDeque::new(),
            offers_of: Vec::new(),
        };
        derived.timers.set(state.clock.epoch_ends, Timer::EpochEnd(EpochEnd {}));
        for (i, offer) in state.offers().iter().enumerate() {
            let id = OfferId(i as u32);
            derived.track_offer(state, id);
            derived.requote(state, id);
            if offer.status == Status::Open {
                derived.timers.set(offer.lapses_at, Timer::AskLapse(AskLapse { offer: id }));
            }
        }
        if state.market.closes_at < NEVER {
            derived.timers.set(state.market.closes_at, Timer::BatchDue(BatchDue {}));
        }
        derived.promise_returns(state);
        derived.promise_to_govern(state);
        for lease in state.leases.iter() {
            match lease.stage {
                Stage::Running => derived.timers.set(lease.due, Timer::LeaseOverdue(LeaseOverdue { lease: lease.id })),
                Stage::Committed if state.jobs.row(lease.job.0).policy == Policy::Redundant => {}
                Stage::Committed => derived.awaiting_draw.push(lease.id),
                Stage::Open | Stage::Confirmed | Stage::Defended => {
                    derived.timers.set(lease.check_due, Timer::WindowOver(WindowOver { lease: lease.id }));
                }
                Stage::Challenged | Stage::Contested => {}
                Stage::UnderCheck => {
                    derived.timers.set(lease.check_due, Timer::CheckOverdue(CheckOverdue { lease: lease.id }));
                }
            }
        }
        for (&lease, case) in state.docket.cases.iter().filter(|(_, case)| !case.seats.is_empty()) {
            derived.timers.set(case.due, Timer::PanelDue(PanelDue { lease }));
        }
        for (&lead, set) in state.docket.sets.iter().filter(|(_, set)| set.due > 0) {
            derived.timers.set(set.due, Timer::CopiesDue(CopiesDue { lead }));
        }
        let mut queued: Vec<_> = state.jobs.iter().filter(|job| job.is_queued()).collect();
        queued.sort_unstable_by_key(|job| job.queued_as);
        for job in queued {
            derived.timers.set(job.start_by, Timer::PatienceOver(PatienceOver { job: job.id }));
            derived.line.join(state, job);
        }
        derived
    }

    /// The timers of bonds and stake on their way.
    fn promise_returns(&mut self, state: &State) {
        state.unbonding.entries.times().for_each(|due| self.timers.set(due, BondDue {}.into()));
        state.staking.withdrawals.times().for_each(|due| self.timers.set(due, WithdrawalDue {}.into()));
        state.staking.moves.times().for_each(|due| self.timers.set(due, MoveDue {}.into()));
    }

    /// The timers of grants, proposals and awards.
    fn promise_to_govern(&mut self, state: &State) {
        for grant in state.grants.iter().filter(|grant| grant.due < NEVER) {
            self.timers.set(grant.due, GrantDue { grant: grant.id }.into());
        }
        for proposal in state.proposals.iter().filter(|proposal| proposal.is_voted_on()) {
            self.timers.set(proposal.closes, VotingEnds { proposal: proposal.id }.into());
        }
        for award in state.awards.iter() {
            self.timers.set(award.expires, AwardExpires { award: award.id }.into());
        }
    }

    /// Makes room for a new offer.
    pub(crate) fn track_offer(&mut self, state: &State, id: OfferId) {
        let offer = &state.offers[id.index()];
        let owner = offer.provider.index();
        if self.offers_of.len() <= owner {
            self.offers_of.resize_with(owner + 1, Vec::new);
        }
        let before = self.offers_of[owner].first().copied();
        self.offers_of[owner].push(id);
        self.book.track(id, state.clock.tie(offer.class.0, id.0), offer.provider, before);
    }

    /// Brings an offer's place in the book up to its rows; when it gained appeal and jobs wait, it is to be filled.
    #[inline]
    pub(crate) fn requote(&mut self, state: &State, id: OfferId) {
        let offer = &state.offers[id.index()];
        let quoted = offer.status == Status::Open && state.may_lease(offer.provider);
        let gained = self.book.requote(id, offer.class, quoted.then_some(offer.ask), offer.free);
        if gained && !self.line.is_empty() {
            self.fill(state, id);
        }
    }

    /// Has an offer filled before the next record, from a line in which nobody waits in vain.
    #[inline]
    pub(crate) fn fill(&mut self, state: &State, id: OfferId) {
        self.line.close(state.clock.now);
        self.tasks.push_back(Task::Fill(id));
    }

    /// [`Derived::requote`] for all offers of a provider, whose standing changed.
    pub(crate) fn requote_all(&mut self, state: &State, provider: ProviderId) {
        let offers = self.offers_of.get_mut(provider.index()).map(std::mem::take).unwrap_or_default();
        for &offer in &offers {
            self.requote(state, offer);
        }
        if let Some(slot) = self.offers_of.get_mut(provider.index()) {
            *slot = offers;
        }
    }

    /// [`Derived::requote_all`] for a provider whose delegated stake changed, where that counts.
    pub(crate) fn restake(&mut self, state: &State, provider: ProviderId) {
        if state.params.stake_counts() != 0 {
            self.requote_all(state, provider);
        }
    }

    /// [`Derived::requote`] for every offer, when what they are measured by changed.
    pub(crate) fn requote_every(&mut self, state: &State) {
        (0..state.population.offers).for_each(|offer| self.requote(state, OfferId(offer)));
    }

    /// Deals the tie-breaks of a new epoch.
    pub(crate) fn shuffle_ties(&mut self, state: &State) {
        for (i, offer) in state.offers().iter().enumerate() {
            self.book.set_tie(OfferId(i as u32), state.clock.tie(offer.class.0, i as u32));
        }
    }

    /// Offers of a provider, in the order of posting.
    pub fn offers_of(&self, provider: ProviderId) -> &[OfferId] {
        self.offers_of.get(provider.index()).map_or(&[], Vec::as_slice)
    }

    /// Whether what was kept is what [`Derived::rebuild`] makes of the rows. Timers and awaiting draws count
    /// while they stand, in any order.
    ///
    /// # Errors
    /// Which index went astray.
    pub fn check(&self, state: &State) -> Result<(), String> {
        let mut rebuilt = Self::rebuild(state);
        let mut line = self.line.clone();
        [&mut line, &mut rebuilt.line].into_iter().for_each(|line| line.close(state.clock.now));
        let awaits = |id: &LeaseId| state.lease(*id).is_some_and(|lease| lease.stage == Stage::Committed);
        let awaiting = |derived: &Self| derived.awaiting_draw.iter().copied().filter(awaits).collect::<BTreeSet<_>>();
        let standing = |derived: &Self| -> BTreeSet<(Time, Timer)> {
            derived.timers.iter().filter(|(time, timer)| timer.stands(state, *time)).copied().collect()
        };
        let agree = [
            ("timers", standing(self) == standing(&rebuilt)),
            ("book", self.book == rebuilt.book),
            ("waiting line", line.jobs().eq(rebuilt.line.jobs()) && line.found().eq(rebuilt.line.found())),
            ("awaiting draws", awaiting(self) == awaiting(&rebuilt)),
            ("tasks", self.tasks.is_empty()),
        ];
        match agree.iter().find(|(_, agrees)| !agrees) {
            Some((index, _)) => Err(format!("the {index} kept are not those of the rows")),
            None => Ok(()),
        }
    }
}
