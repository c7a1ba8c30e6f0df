//! Commitments, draws and verdicts.

use super::arithmetic::share;
use super::chance::{commitment, decoy, ticket};
use super::commands::{Outcome, refuse};
use super::{Fault, Progress, Reference, Todo};
use plasma_core::ids::{LeaseId, ProviderId};
use plasma_core::protocol::lease::{Commit, Committed};
use plasma_core::protocol::verification::challenge::StandsOpen;
use plasma_core::protocol::verification::draw::CheckDrawn;
use plasma_core::protocol::verification::planted::{Expose, Exposed};
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::protocol::verification::verdict::{FoundWrong, TrapFound, Verdict, Verified};
use plasma_core::record::Origin;
use plasma_core::rejection::Rejection;

impl Reference {
    pub fn commit(&mut self, origin: Origin, asked: Commit) -> Outcome {
        let provider = self.provider_of(origin)?;
        let Some(lease) = self.leases.get(&asked.lease) else { return refuse(Rejection::UnknownLease) };
        if self.offers[lease.offer].provider != provider {
            return refuse(Rejection::NotYourLease);
        }
        if lease.progress != Progress::Running {
            return refuse(Rejection::NotRunning);
        }
        let (unchecked, set) = (self.jobs[&lease.job].asked.policy == Policy::Unchecked, self.jobs[&lease.job].set);
        self.happen(Committed {}, |this| {
            let lease = this.leases.get_mut(&asked.lease).expect("the lease is open");
            lease.progress = Progress::Committed { commitment: asked.commitment };
            lease.due = this.now;
            if unchecked {
                this.agenda.push_back(Todo::Settle(asked.lease));
            }
            this.look_at(set);
        });
        Ok(())
    }

    /// With the beacon: a committed result is sampled, or checked again when its checker failed once or twice, or settled.
    pub fn draw(&mut self, id: LeaseId) {
        let lease = &self.leases[&id];
        let Progress::Committed { commitment } = lease.progress else { return };
        let rate = match self.jobs[&lease.job].asked.policy {
            Policy::Sampled => self.rules.verification_rate(),
            Policy::Freivalds => self.rules.verification_freivalds_rate(),
            _ => 1_000_000_000,
        };
        let sampled = self.chance(1, id.0, 0) < sampling_threshold(rate) || rate == 1_000_000_000;
        let open = self.rules.verification_open();
        let until = lease.due.saturating_add(open);
        let wanted = if lease.checks_missed == 0 { sampled } else { lease.checks_missed < 3 };
        match self.draw_checker(id).filter(|_| wanted) {
            None if open > 0 && self.rules.verification_panel() > 0 && self.now < until => {
                self.happen(StandsOpen { lease: id, until }, |this| {
                    let lease = this.leases.get_mut(&id).expect("the lease is open");
                    lease.progress = Progress::Open { commitment, until };
                });
            }
            None => self.settle(id),
            Some(checker) => {
                let due = self.now.saturating_add(self.rules.verification_window());
                self.happen(CheckDrawn { lease: id, due, checker: ProviderId(checker as u32), pad: 0 }, |this| {
                    let lease = this.leases.get_mut(&id).expect("the lease is open");
                    lease.progress = Progress::UnderCheck { commitment, checker, due };
                });
            }
        }
    }

    /// Uniform over providers, drawn again until one may act that is not the worker; where the check is certain, nobody who had the
    /// job either.
    fn draw_checker(&self, id: LeaseId) -> Option<usize> {
        let worker = self.offers[self.leases[&id].offer].provider;
        (0..300).find_map(|attempt| {
            let draw = u128::from(self.chance(2, id.0, attempt));
            let checker = (draw * self.providers.len() as u128 / (1 << 64)) as usize;
            let job = &self.jobs[&self.leases[&id].job];
            let had = job.asked.policy == Policy::Checked && job.avoided.contains(&checker);
            let acts = checker != worker && !had && self.offered_gpus(checker) > 0 && self.may_lease(checker);
            acts.then_some(checker)
        })
    }

    /// What a check is worth of the price.
    pub fn whole_check_fee(&self, id: LeaseId) -> u128 {
        let lease = &self.leases[&id];
        let whole = share(lease.price.into(), self.rules.verification_reward());
        if self.jobs[&lease.job].asked.policy != Policy::Freivalds {
            return whole;
        }
        let work = u128::from(self.rules.verification_freivalds_cost()) * u128::from(self.rules.verification_freivalds_rounds());
        whole * work.min(1_000_000_000) / 1_000_000_000
    }

    /// What the treasury can pay of it.
    pub fn check_fee(&self, id: LeaseId) -> u128 {
        self.whole_check_fee(id).min(self.balances.treasury)
    }

    /// Whether a root opens the commitment of a lease, and whether it does so as the one behind a planted error.
    pub fn what_opens(&self, id: LeaseId, root: &[u8; 32]) -> (bool, bool) {
        let lease = &self.leases[&id];
        let worker = self.offers[lease.offer].provider;
        let (Progress::Committed { commitment: said }
        | Progress::UnderCheck { commitment: said, .. }
        | Progress::Open { commitment: said, .. }
        | Progress::Confirmed { commitment: said, .. }
        | Progress::Challenged { commitment: said }
        | Progress::Contested { commitment: said, .. }
        | Progress::Defended { commitment: said, .. }) = lease.progress
        else {
            return (false, false);
        };
        let again = matches!(self.jobs[&lease.job].asked.policy, Policy::Sampled | Policy::Checked);
        let calls = ticket(id.0, root) < sampling_threshold(self.rules.verification_planted());
        let right = commitment(id.0, worker, root) == said;
        (right, again && calls && !right && commitment(id.0, worker, &decoy(id.0, root)) == said)
    }

    /// The drawn checker's word is final where there are no panels: right settles, wrong slashes and hands the job back to the market.
    pub fn verdict(&mut self, origin: Origin, said: Verdict) -> Outcome {
        let provider = self.provider_of(origin)?;
        let Some(lease) = self.leases.get(&said.lease).cloned() else { return refuse(Rejection::UnknownLease) };
        let Progress::UnderCheck { commitment, checker, .. } = lease.progress else {
            return refuse(Rejection::NotUnderCheck);
        };
        if checker != provider {
            return refuse(Rejection::NotUnderCheck);
        }
        let owner = self.providers[checker].owner;
        let (right, trap) = self.what_opens(lease.id, &said.root);
        let reward = self.check_fee(lease.id);
        let pay = |this: &mut Self, amount: u128| {
            this.balances.treasury -= amount;
            this.balances.accounts[owner] += amount;
        };
        if right && self.rules.verification_open() > 0 {
            let until = self.now.saturating_add(self.rules.verification_open());
            self.happen(StandsOpen { lease: lease.id, until }, |this| {
                let lease = this.leases.get_mut(&lease.id).expect("the lease is open");
                lease.progress = Progress::Confirmed { commitment, checker, until };
            });
            self.happen(Verified { reward: 0 }, |_| {});
        } else if right {
            self.happen(Verified { reward: reward as u64 }, |this| {
                pay(this, reward);
                this.agenda.push_back(Todo::Settle(lease.id));
            });
        } else if trap {
            let bonus = share(lease.price.into(), self.rules.verification_bonus()).min(self.balances.treasury - reward);
            self.happen(TrapFound { reward: (reward + bonus) as u64 }, |this| {
                pay(this, reward + bonus);
                this.agenda.push_back(Todo::Settle(lease.id));
            });
        } else if self.rules.verification_panel() > 0 {
            self.open_case(lease.id, checker)?;
        } else {
            self.punish(self.offers[lease.offer].provider, Fault::of(&lease), self.rules.slash_wrong(), Some(owner));
            self.pay_receipt(lease.id);
            self.happen(FoundWrong { reward: reward as u64, job: lease.job }, |this| {
                pay(this, reward);
                this.lose_lease(lease.id);
                this.agenda.push_back(Todo::Match(lease.job));
            });
        }
        Ok(())
    }

    /// Nobody objected in time: the checker is paid, if there was one, and the provider.
    pub fn close_window(&mut self, id: LeaseId) {
        if let Progress::Confirmed { checker, .. } | Progress::Defended { checker, .. } = self.leases[&id].progress {
            self.pay_checker(checker, 0, self.check_fee(id));
        }
        self.settle(id);
    }

    /// A confirmed root that nobody can have computed: its checker copied it.
    pub fn expose(&mut self, origin: Origin, said: Expose) -> Outcome {
        let account = Self::account_of(origin)?;
        let Some(lease) = self.leases.get(&said.lease).cloned() else { return refuse(Rejection::UnknownLease) };
        let (checker, heard) = match lease.progress {
            Progress::Confirmed { checker, .. } => (checker, false),
            Progress::Defended { checker, .. } => (checker, true),
            _ => return refuse(Rejection::NotATrap),
        };
        if !self.what_opens(lease.id, &said.root).1 {
            return refuse(Rejection::NotATrap);
        }
        self.punish(checker, Fault { gpus: lease.gpus, since: u64::MAX }, self.rules.slash_copied(), Some(account));
        self.happen(Exposed {}, |this| {
            if heard {
                let lease = this.leases.get_mut(&said.lease).expect("the lease is open");
                lease.progress = Progress::Challenged { commitment: [0; 32] };
                this.agenda.push_back(Todo::Settle(said.lease));
            } else {
                this.lose_checker(lease.id);
            }
        });
        Ok(())
    }
}

/// The least draw that is not sampled: ⌈2^64 · rate⌉.
fn sampling_threshold(rate: u64) -> u64 {
    u64::try_from((u128::from(rate) << 64).div_ceil(1_000_000_000)).unwrap_or(u64::MAX)
}
