//! What falls due, found by looking at every row.

use super::{Fault, Progress, Reference, Todo};
use plasma_core::ids::{JobId, LeaseId, OfferId, ProviderId};
use plasma_core::protocol::batch::BatchDue;
use plasma_core::protocol::bond::{BondDue, Unbonded};
use plasma_core::protocol::delegation::WithdrawalDue;
use plasma_core::protocol::epoch::EpochEnd;
use plasma_core::protocol::job::{Expired, Failed, PatienceOver};
use plasma_core::protocol::lease::{LeaseOverdue, Missed};
use plasma_core::protocol::offer::{AskLapse, Lapsed, Status};
use plasma_core::protocol::provider::{self, Jailed};
use plasma_core::protocol::redelegation::MoveDue;
use plasma_core::protocol::verification::challenge::WindowOver;
use plasma_core::protocol::verification::copies::CopiesDue;
use plasma_core::protocol::verification::draw::{CheckMissed, CheckOverdue};
use plasma_core::protocol::verification::panel::PanelDue;
use plasma_core::record::{Cause, Event, Timer};
use plasma_core::time::Time;

/// The order of timers of one moment: kind, then subject.
fn rank(timer: &Timer) -> (u8, u64) {
    match timer {
        Timer::EpochEnd(_) => (0, 0),
        Timer::BondDue(_) => (1, 0),
        Timer::AskLapse(due) => (2, due.offer.0.into()),
        Timer::PatienceOver(due) => (3, due.job.0),
        Timer::LeaseOverdue(due) => (4, due.lease.0),
        Timer::CheckOverdue(due) => (5, due.lease.0),
        Timer::WithdrawalDue(_) => (6, 0),
        Timer::MoveDue(_) => (7, 0),
        Timer::PanelDue(due) => (8, due.lease.0),
        Timer::WindowOver(due) => (9, due.lease.0),
        Timer::CopiesDue(due) => (10, due.lead.0),
        Timer::GrantDue(due) => (11, due.grant.0),
        Timer::VotingEnds(due) => (12, due.proposal.0),
        Timer::AwardExpires(due) => (13, due.award.0),
        Timer::BatchDue(_) => (99, 0),
    }
}

impl Reference {
    /// The first thing due.
    pub fn first_due(&self) -> Option<(Time, Timer)> {
        let mut due: Vec<(Time, Timer)> = vec![(self.epoch_ends, EpochEnd {}.into())];
        if self.rules.market_mechanism() != 0 {
            due.push((self.closes_at, BatchDue {}.into()));
        }
        self.promised(&mut due);
        due.extend(self.unbonding.iter().map(|entry| (entry.release, BondDue {}.into())));
        due.extend(self.stakes.leavers.iter().map(|leaver| (leaver.release, WithdrawalDue {}.into())));
        due.extend(self.stakes.movers.iter().map(|mover| (mover.release, MoveDue {}.into())));
        for (i, offer) in self.offers.iter().enumerate().filter(|(_, offer)| offer.status == Status::Open) {
            due.push((offer.lapses_at, AskLapse { offer: OfferId(i as u32) }.into()));
        }
        for job in self.jobs.values().filter(|job| job.place.is_some()) {
            due.push((job.asked.start_by, PatienceOver { job: job.id }.into()));
        }
        for lease in self.leases.values() {
            match lease.progress {
                Progress::Running => due.push((lease.due, LeaseOverdue { lease: lease.id }.into())),
                Progress::UnderCheck { due: check, .. } => due.push((check, CheckOverdue { lease: lease.id }.into())),
                Progress::Open { until, .. } | Progress::Confirmed { until, .. } | Progress::Defended { until, .. } => {
                    due.push((until, WindowOver { lease: lease.id }.into()));
                }
                Progress::Committed { .. } | Progress::Challenged { .. } | Progress::Contested { .. } => {}
            }
        }
        for (&lease, case) in self.cases.iter().filter(|(_, case)| !case.panel.is_empty()) {
            due.push((case.due, PanelDue { lease }.into()));
        }
        for (&lead, set) in &self.sets {
            due.extend(set.reveal_by.map(|time| (time, CopiesDue { lead }.into())));
        }
        due.into_iter().min_by_key(|(time, timer)| (*time, rank(timer)))
    }

    pub fn fire(&mut self, time: Time, timer: Timer) {
        self.now = time;
        match timer {
            Timer::EpochEnd(_) => self.end_epoch(),
            Timer::BondDue(_) => self.release_bonds(),
            Timer::WithdrawalDue(_) => self.release_stake(),
            Timer::MoveDue(_) => self.complete_move(),
            Timer::BatchDue(_) => self.close_batch(),
            Timer::GrantDue(due) => self.release(due.grant),
            Timer::VotingEnds(due) => self.count(due.proposal),
            Timer::AwardExpires(due) => self.expire_award(due.award),
            Timer::AskLapse(due) => {
                self.happen(Lapsed {}, |this| this.offers[due.offer.index()].status = Status::Lapsed);
            }
            Timer::PatienceOver(due) => self.expire(due.job),
            Timer::LeaseOverdue(due) => self.miss(due.lease),
            Timer::CheckOverdue(due) => self.miss_check(due.lease),
            Timer::PanelDue(due) => self.judge(due.lease),
            Timer::WindowOver(due) => self.close_window(due.lease),
            Timer::CopiesDue(due) => self.judge_copies(due.lead),
        }
        self.conclude(Cause::Timer(timer));
    }

    fn release_bonds(&mut self) {
        while self.unbonding.first().is_some_and(|entry| entry.release <= self.now) {
            self.happen(Unbonded {}, |this| {
                let entry = this.unbonding.remove(0);
                let owner = this.providers[entry.provider.index()].owner;
                this.balances.unbonding -= u128::from(entry.amount);
                this.balances.accounts[owner] += u128::from(entry.amount);
            });
        }
    }

    fn expire(&mut self, job: JobId) {
        let over: Event = if self.jobs[&job].failures > 0 { Failed { job }.into() } else { Expired { job }.into() };
        let set = self.jobs[&job].set;
        self.return_tab(job);
        self.happen(over, |this| this.refund(job));
        self.look_at(set);
    }

    /// A missed deadline: the job tries elsewhere, the provider is slashed, and jailed when it was one strike too many.
    fn miss(&mut self, id: LeaseId) {
        let lease = self.leases[&id].clone();
        let provider = self.offers[lease.offer].provider;
        self.pay_receipt(id);
        let missed = Missed { job: lease.job, offer: OfferId(lease.offer as u32), pad: 0 };
        self.happen(missed, |this| {
            this.lose_lease(id);
            this.providers[provider].strikes += 1;
            this.agenda.push_back(Todo::Match(lease.job));
        });
        self.slash(provider, Fault::of(&lease), self.rules.slash_missed(), None);
        self.jail_if_due(provider);
    }

    /// Jails a provider with too many strikes.
    pub fn jail_if_due(&mut self, provider: usize) {
        let row = &self.providers[provider];
        if row.strikes >= self.rules.jail_after() && row.status != provider::Status::Retired {
            let until = self.now.saturating_add(self.rules.jail_time());
            self.happen(Jailed { until, provider: ProviderId(provider as u32), pad: 0 }, |this| {
                this.providers[provider].status = provider::Status::Jailed;
                this.providers[provider].jailed_until = until;
            });
        }
    }

    /// A check that nobody made: it may count strikes, and another checker is drawn.
    fn miss_check(&mut self, id: LeaseId) {
        let Progress::UnderCheck { checker, .. } = self.leases[&id].progress else { return };
        self.happen(CheckMissed {}, |this| this.lose_checker(id));
        self.strike(checker, self.rules.jail_check_strikes());
    }

    pub fn lose_checker(&mut self, id: LeaseId) {
        let lease = self.leases.get_mut(&id).expect("the lease is open");
        if let Progress::UnderCheck { commitment, .. } | Progress::Confirmed { commitment, .. } = lease.progress {
            lease.progress = Progress::Committed { commitment };
            lease.checks_missed += 1;
        }
    }
}
