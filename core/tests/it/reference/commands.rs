//! What each command of accounts, customers, hosts and feeders asks for, and why it may be refused.

use super::{Account, CopySet, Job, Lease, Progress, Reference, Todo};
use plasma_core::catalogue::Kind;
use plasma_core::engine::step::Arrival;
use plasma_core::ids::{AccountId, JobId, LeaseId};
use plasma_core::protocol::account::{AccountOpened, Transfer, Transferred};
use plasma_core::protocol::beacon::RoundClosed;
use plasma_core::protocol::job::{Cancelled, Submit, Submitted};
use plasma_core::protocol::lease::Stopped;
use plasma_core::protocol::verification::copies::Copied;
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::record::{Command, Event, Origin};
use plasma_core::rejection::{Refused, Rejection};

pub type Outcome = Result<(), Refused>;

/// A refusal for a reason that names no number.
pub fn refuse<T>(reason: Rejection) -> Result<T, Refused> {
    short_by(reason, 0)
}

/// A refusal for a reason that names a number.
pub fn short_by<T>(reason: Rejection, need: u128) -> Result<T, Refused> {
    Err(Refused { need: u64::try_from(need).unwrap_or(u64::MAX), code: reason as u32, pad: 0 })
}

impl Reference {
    pub fn obey(&mut self, arrival: &Arrival) -> Outcome {
        let origin = arrival.origin;
        match arrival.command {
            Command::OpenAccount(_) => self.open_account(origin),
            Command::Transfer(command) => self.send(origin, command),
            Command::Register(_) => self.register(origin),
            Command::Drain(_) => self.drain(origin),
            Command::Resume(_) => self.resume(origin),
            Command::Retire(_) => self.retire(origin),
            Command::WentSilent(command) => self.silence(origin, command.provider),
            Command::Bond(command) => self.bond(origin, command.amount),
            Command::Unbond(command) => self.unbond(origin, command.amount),
            Command::PostOffer(command) => self.post_offer(origin, command),
            Command::Requote(command) => self.requote(origin, command),
            Command::Withdraw(command) => self.withdraw(origin, command.offer),
            Command::Submit(command) => self.submit(origin, command),
            Command::Cancel(command) => self.cancel(origin, command.job),
            Command::Stop(command) => self.stop(origin, command.lease),
            Command::Commit(command) => self.commit(origin, command),
            Command::Beacon(command) => self.close_round(origin, command.value),
            Command::Verdict(command) => self.verdict(origin, command),
            Command::SealVerdict(command) => self.seal_verdict(origin, command),
            Command::RevealVerdict(command) => self.reveal_verdict(origin, command),
            Command::Challenge(command) => self.challenge(origin, command.lease),
            Command::Expose(command) => self.expose(origin, command),
            Command::RevealCopy(command) => self.reveal_copy(origin, command),
            Command::FundTab(command) => self.fund_tab(origin, command),
            Command::SignReceipt(command) => self.sign_receipt(origin, command),
            Command::PostPrice(command) => self.post_price(origin, command),
            Command::Delegate(command) => self.delegate(origin, command),
            Command::Undelegate(command) => self.undelegate(origin, command),
            Command::Redelegate(command) => self.redelegate(origin, command),
            Command::ClaimRewards(command) => self.claim_rewards(origin, command.provider),
            Command::SetCommission(command) => self.set_commission(origin, command.rate),
            Command::SealAsk(command) => self.seal(origin, command),
            Command::RevealAsk(command) => self.reveal(origin, command),
            Command::Claim(command) => self.claim(origin, command.grant),
            Command::StakeGrant(command) => self.stake_grant(origin, command),
            Command::UnstakeGrant(command) => self.unstake_grant(origin, command),
            Command::ClaimGrantRewards(command) => self.claim_grant_rewards(origin, command),
            proposal @ (Command::ProposeChange(_)
            | Command::ProposeSpend(_)
            | Command::ProposeGrant(_)
            | Command::ProposeAward(_)
            | Command::ProposeAppointment(_)
            | Command::ProposeReport(_)
            | Command::ProposeWeights(_)) => self.propose(origin, proposal),
            Command::Vote(command) => self.vote(origin, command),
            Command::Decree(command) => self.decree(origin, command),
            Command::TreasuryDeposit(command) => self.bring_back(origin, command),
            Command::Attest(command) => self.attest(origin, command),
        }
    }

    pub fn only_host(origin: Origin) -> Outcome {
        if origin == Origin::Host { Ok(()) } else { refuse(Rejection::NotPermitted) }
    }

    /// The account behind a command: admission has seen that it exists and is not locked.
    pub fn account_of(origin: Origin) -> Result<usize, Refused> {
        match origin {
            Origin::Account(id) => Ok(id.index()),
            _ => refuse(Rejection::NotPermitted),
        }
    }

    /// Whether the account has the amount.
    pub fn has(&self, account: usize, amount: u64) -> Outcome {
        match u128::from(amount).saturating_sub(self.balances.accounts[account]) {
            0 => Ok(()),
            short => short_by(Rejection::InsufficientFunds, short),
        }
    }

    fn open_account(&mut self, origin: Origin) -> Outcome {
        Self::only_host(origin)?;
        self.happen(AccountOpened { account: AccountId(self.accounts.len() as u32) }, |this| {
            this.accounts.push(Account { locked: false, provider: None });
            this.balances.accounts.push(0);
        });
        Ok(())
    }

    fn send(&mut self, origin: Origin, command: Transfer) -> Outcome {
        let from = Self::account_of(origin)?;
        if command.amount == 0 {
            return refuse(Rejection::ZeroAmount);
        }
        match self.accounts.get(command.to.index()) {
            None => return refuse(Rejection::UnknownAccount),
            Some(to) if to.locked => return refuse(Rejection::AccountLocked),
            Some(_) => {}
        }
        self.has(from, command.amount)?;
        self.happen(Transferred {}, |this| {
            this.balances.accounts[from] -= u128::from(command.amount);
            this.balances.accounts[command.to.index()] += u128::from(command.amount);
        });
        Ok(())
    }

    fn submit(&mut self, origin: Origin, asked: Submit) -> Outcome {
        let customer = Self::account_of(origin)?;
        if asked.budget == 0 {
            return refuse(Rejection::BadBudget);
        }
        let copies = u128::from(asked.copies.max(1));
        match u64::try_from(u128::from(asked.budget) * copies) {
            Ok(all) => self.has(customer, all)?,
            Err(_) => return refuse(Rejection::BadBudget),
        }
        if asked.start_by < self.now || asked.finish_by < asked.start_by || asked.finish_by == self.now {
            return refuse(Rejection::BadDeadline);
        }
        if asked.gpus_log2 > 7 {
            return refuse(Rejection::BadGpuCount);
        }
        if asked.program.index() >= self.catalogue.programs.len() {
            return refuse(Rejection::UnknownProgram);
        }
        let redundant = asked.policy == Policy::Redundant;
        let deployed = self.catalogue.programs[asked.program.index()].kind == Kind::Deployment;
        if redundant && (deployed || !(2..=7).contains(&asked.copies)) || !redundant && asked.copies != 0 {
            return refuse(Rejection::BadPolicy);
        }
        let Some(cost) = self.cost(asked.program.index(), &asked.sizes) else { return refuse(Rejection::BadSizes) };
        if self.works(asked.classes, asked.vram_gib, &cost).is_empty() {
            return refuse(Rejection::NoClassFits);
        }
        let credit = self.credit(asked.budget)?;
        let mut lead = None;
        for _ in 0..copies {
            let (serial, slot) = self.job_numbers.take();
            let job = JobId::new(serial, slot);
            let first = *lead.get_or_insert(job);
            let event: Event = if first == job { Submitted { job }.into() } else { Copied { job, lead: first }.into() };
            let set = redundant.then_some(first);
            self.happen(event, |this| {
                let avoided = Default::default();
                let row = Job { id: job, customer, asked, place: None, failures: 0, avoided, credit: 0, set, root: None };
                this.jobs.insert(job, row);
                this.balances.accounts[customer] -= u128::from(asked.budget);
                this.balances.escrows.insert(job, u128::from(asked.budget));
                this.agenda.push_back(Todo::Match(job));
            });
            if let Some((micro_usd, braked)) = credit {
                self.grant(micro_usd, job);
                if let Some(braked) = braked.filter(|_| first == job) {
                    self.brake(braked);
                }
            }
        }
        if let Some(first) = lead.filter(|_| redundant) {
            self.sets.insert(first, CopySet { asked: copies as usize, reveal_by: None });
        }
        Ok(())
    }

    fn cancel(&mut self, origin: Origin, id: JobId) -> Outcome {
        let customer = Self::account_of(origin)?;
        match self.jobs.get(&id) {
            None => refuse(Rejection::UnknownJob),
            Some(job) if job.customer != customer => refuse(Rejection::UnknownJob),
            Some(job) if job.place.is_none() => refuse(Rejection::NotQueued),
            Some(job) => {
                let set = job.set;
                self.return_tab(id);
                self.happen(Cancelled {}, |this| this.refund(id));
                self.look_at(set);
                Ok(())
            }
        }
    }

    /// A deployment pays for the time it ran: price and work in proportion, rounded up.
    fn stop(&mut self, origin: Origin, id: LeaseId) -> Outcome {
        let customer = Self::account_of(origin)?;
        let Some(lease) = self.leases.get(&id).cloned() else { return refuse(Rejection::UnknownLease) };
        let job = &self.jobs[&lease.job];
        if job.customer != customer {
            return refuse(Rejection::NotYourLease);
        }
        if self.catalogue.programs[job.asked.program.index()].kind != Kind::Deployment {
            return refuse(Rejection::NotADeployment);
        }
        if lease.progress != Progress::Running {
            return refuse(Rejection::NotRunning);
        }
        self.happen(Stopped {}, |this| {
            let lease = this.leases.get_mut(&id).expect("the lease is open");
            lease.progress = Progress::Committed { commitment: [0; 32] };
        });
        self.pay_for_time(id, self.now - lease.started);
        Ok(())
    }

    fn close_round(&mut self, origin: Origin, value: [u8; 32]) -> Outcome {
        Self::only_host(origin)?;
        let commands = std::mem::take(&mut self.admitted);
        self.happen(RoundClosed {}, |this| {
            this.beacon = value;
            this.round += 1;
            let alone = |lease: &&Lease| this.jobs[&lease.job].set.is_none();
            let committed =
                this.leases.values().filter(|lease| matches!(lease.progress, Progress::Committed { .. })).filter(alone);
            this.agenda.extend(committed.map(|lease| Todo::Draw(lease.id)));
            let waiting = this.cases.iter().filter(|(_, case)| case.panel.is_empty());
            this.agenda.extend(waiting.map(|(&lease, _)| Todo::Empanel(lease)));
        });
        self.reprice(commands);
        Ok(())
    }
}
