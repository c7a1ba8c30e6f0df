//! Commitments, draws and verdicts.

use super::arithmetic::share;
use super::chance::commitment;
use super::commands::{Outcome, refuse};
use super::{Progress, Reference, Todo};
use plasma_core::ids::{LeaseId, ProviderId};
use plasma_core::protocol::lease::{Commit, Committed};
use plasma_core::protocol::verification::{CheckDrawn, FoundWrong, Verdict, Verified};
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
        let unchecked = self.jobs[&lease.job].asked.policy == 0;
        self.happen(Committed {}, |this| {
            let lease = this.leases.get_mut(&asked.lease).expect("the lease is open");
            lease.progress = Progress::Committed { commitment: asked.commitment };
            lease.due = this.now;
            if unchecked {
                this.agenda.push_back(Todo::Settle(asked.lease));
            }
        });
        Ok(())
    }

    /// With the beacon: a committed result is sampled, or checked again when its checker failed once or twice, or settled.
    pub fn draw(&mut self, id: LeaseId) {
        let lease = &self.leases[&id];
        let Progress::Committed { commitment } = lease.progress else { return };
        let sampled = self.chance(1, id.0, 0) < self.sampling_threshold() || self.rules.verification_rate() == 1_000_000_000;
        let wanted = if lease.checks_missed == 0 { sampled } else { lease.checks_missed < 3 };
        match self.draw_checker(id).filter(|_| wanted) {
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

    /// The least draw that is not sampled: ⌈2^64 · rate⌉.
    fn sampling_threshold(&self) -> u64 {
        let threshold = (u128::from(self.rules.verification_rate()) << 64).div_ceil(1_000_000_000);
        u64::try_from(threshold).unwrap_or(u64::MAX)
    }

    /// Uniform over providers, drawn again until one may act that is not the worker.
    fn draw_checker(&self, id: LeaseId) -> Option<usize> {
        let worker = self.offers[self.leases[&id].offer].provider;
        (0..300).find_map(|attempt| {
            let draw = u128::from(self.chance(2, id.0, attempt));
            let checker = (draw * self.providers.len() as u128 / (1 << 64)) as usize;
            let acts = checker != worker && self.offered_gpus(checker) > 0 && self.may_lease(checker);
            acts.then_some(checker)
        })
    }

    /// The drawn checker's word is final: right settles, wrong slashes and hands the job back to the market.
    pub fn verdict(&mut self, origin: Origin, said: Verdict) -> Outcome {
        let provider = self.provider_of(origin)?;
        let Some(lease) = self.leases.get(&said.lease).cloned() else { return refuse(Rejection::UnknownLease) };
        let Progress::UnderCheck { commitment: committed, checker, .. } = lease.progress else {
            return refuse(Rejection::NotUnderCheck);
        };
        if checker != provider {
            return refuse(Rejection::NotUnderCheck);
        }
        let owner = self.providers[checker].owner;
        let worker = self.offers[lease.offer].provider;
        let wanted = share(lease.price.into(), self.rules.verification_reward());
        let reward = wanted.min(self.balances.treasury);
        let pay = |this: &mut Self| {
            this.balances.treasury -= reward;
            this.balances.accounts[owner] += reward;
        };
        if commitment(lease.id.0, worker, &said.root) == committed {
            self.happen(Verified { reward: reward as u64 }, |this| {
                pay(this);
                this.agenda.push_back(Todo::Settle(lease.id));
            });
        } else {
            let prover = Some((owner, self.rules.slash_checker_share()));
            self.slash(worker, &lease, self.rules.slash_wrong(), prover);
            self.happen(FoundWrong { reward: reward as u64, job: lease.job }, |this| {
                pay(this);
                this.lose_lease(lease.id);
                this.agenda.push_back(Todo::Match(lease.job));
            });
        }
        Ok(())
    }
}
