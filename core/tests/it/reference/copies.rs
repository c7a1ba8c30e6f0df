//! Redundant jobs: copies on distinct providers, and what comparing them makes of each.

use super::chance::commitment;
use super::commands::{Outcome, refuse};
use super::{Fault, Progress, Reference, Todo};
use plasma_core::ids::{JobId, LeaseId};
use plasma_core::protocol::verification::copies::{Compared, Comparison, CopiesComplete, CopyRevealed, RevealCopy};
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::record::Origin;
use plasma_core::rejection::Rejection;

impl Reference {
    /// A set without copies is none.
    pub fn tidy(&mut self, set: JobId) {
        if self.copies_of(set).is_empty() {
            self.sets.remove(&set);
        }
    }

    fn copies_of(&self, set: JobId) -> Vec<JobId> {
        self.jobs.values().filter(|job| job.set == Some(set)).map(|job| job.id).collect()
    }

    fn lease_of(&self, job: JobId) -> Option<LeaseId> {
        self.leases.values().find(|lease| lease.job == job).map(|lease| lease.id)
    }

    /// A copy was committed, revealed or lost: the others may be complete.
    pub fn look_at(&mut self, set: Option<JobId>) {
        self.agenda.extend(set.filter(|set| self.sets.contains_key(set)).map(Todo::Compare));
    }

    pub fn compare(&mut self, set: JobId) {
        let Some(row) = self.sets.get(&set).cloned() else { return };
        let copies = self.copies_of(set);
        if row.reveal_by.is_some() {
            if copies.iter().all(|copy| self.jobs[copy].root.is_some()) {
                self.judge_copies(set);
            }
            return;
        }
        let committed = |lease: LeaseId| matches!(self.leases[&lease].progress, Progress::Committed { .. });
        if copies.iter().all(|&copy| self.lease_of(copy).is_some_and(committed)) {
            let due = self.now.saturating_add(self.rules.verification_reveal());
            self.happen(CopiesComplete { lead: set, due }, |this| {
                this.sets.get_mut(&set).expect("a set").reveal_by = Some(due);
            });
        }
    }

    pub fn reveal_copy(&mut self, origin: Origin, said: RevealCopy) -> Outcome {
        let provider = self.provider_of(origin)?;
        let Some(lease) = self.leases.get(&said.lease).cloned() else { return refuse(Rejection::UnknownLease) };
        if self.offers[lease.offer].provider != provider {
            return refuse(Rejection::NotYourLease);
        }
        let set = self.jobs[&lease.job].set;
        let asked = set.is_some_and(|set| self.sets[&set].reveal_by.is_some());
        if !asked || self.jobs[&lease.job].root.is_some() {
            return refuse(Rejection::NothingToReveal);
        }
        if (Progress::Committed { commitment: commitment(lease.id.0, provider, &said.root) }) != lease.progress {
            return refuse(Rejection::BadSeal);
        }
        self.happen(CopyRevealed {}, |this| {
            this.jobs.get_mut(&lease.job).expect("the job is open").root = Some(said.root);
            this.look_at(set);
        });
        Ok(())
    }

    /// More than half of all that were asked for must agree; otherwise each is checked.
    pub fn judge_copies(&mut self, set: JobId) {
        let (copies, asked) = (self.copies_of(set), self.sets[&set].asked);
        let roots: Vec<[u8; 32]> = copies.iter().filter_map(|copy| self.jobs[copy].root).collect();
        let votes = |root: &[u8; 32]| roots.iter().filter(|other| *other == root).count();
        let winner = roots.iter().find(|root| votes(root) * 2 > asked).copied();
        for job in copies {
            let root = self.jobs[&job].root;
            let id = self.lease_of(job).expect("all copies are committed");
            let lease = self.leases[&id].clone();
            let provider = self.offers[lease.offer].provider;
            let outcome = match (root, winner) {
                (None, _) => Comparison::Unrevealed,
                (_, None) => Comparison::Undecided,
                (root, winner) if root == winner => Comparison::Agreed,
                _ => Comparison::Outvoted,
            };
            match outcome {
                Comparison::Outvoted => self.punish(provider, Fault::of(&lease), self.rules.slash_wrong(), None),
                Comparison::Unrevealed => {
                    self.slash(provider, Fault::of(&lease), self.rules.slash_missed(), None);
                    self.providers[provider].strikes += 1;
                    self.jail_if_due(provider);
                }
                Comparison::Agreed | Comparison::Undecided => {}
            }
            self.happen(Compared { lease: id, job, outcome, pad: 0 }, |this| {
                let row = this.jobs.get_mut(&job).expect("the job is open");
                row.set = None;
                match outcome {
                    Comparison::Agreed => this.agenda.push_back(Todo::Settle(id)),
                    Comparison::Undecided => row.asked.policy = Policy::Checked,
                    Comparison::Outvoted | Comparison::Unrevealed => {
                        this.close_lease(id);
                        this.refund(job);
                    }
                }
                this.tidy(set);
            });
        }
    }
}
