//! Challenges and the panels that decide them.

use super::arithmetic::share;
use super::chance::sealed_root;
use super::commands::{Outcome, refuse, short_by};
use super::{Case, Fault, Lease, Progress, Reference, Said, Todo};
use plasma_core::ids::{LeaseId, ProviderId};
use plasma_core::protocol::verification::challenge::{Challenged, StandsOpen};
use plasma_core::protocol::verification::panel::{
    CheckerJudged, Judged, Outcome as Decision, RevealVerdict, SealVerdict, Seated, VerdictRevealed, VerdictSealed,
};
use plasma_core::protocol::verification::policy::Policy;
use plasma_core::record::Origin;
use plasma_core::rejection::Rejection;

impl Reference {
    /// Who was not drawn may challenge what waits or stands open.
    pub fn challenge(&mut self, origin: Origin, id: LeaseId) -> Outcome {
        let challenger = self.provider_of(origin)?;
        let Some(lease) = self.leases.get(&id) else { return refuse(Rejection::UnknownLease) };
        let policy = self.jobs[&lease.job].asked.policy;
        let open = match lease.progress {
            Progress::Committed { .. } => policy != Policy::Unchecked && policy != Policy::Redundant,
            Progress::Open { .. } | Progress::Confirmed { .. } => true,
            _ => false,
        };
        let allowed = self.rules.verification_panel() > 0 && self.rules.verification_open() > 0;
        if !open || !allowed || self.offers[lease.offer].provider == challenger {
            return refuse(Rejection::NotOpenToChallenge);
        }
        if self.offered_gpus(challenger) == 0 || !self.may_lease(challenger) {
            return refuse(Rejection::MayNotCheck);
        }
        self.open_case(id, challenger)
    }

    /// Opens a case, for a deposit.
    pub fn open_case(&mut self, id: LeaseId, challenger: usize) -> Outcome {
        let deposit = self.rules.verification_challenge_deposit();
        let owner = self.providers[challenger].owner;
        self.has(owner, deposit)?;
        let event = Challenged { deposit, lease: id, challenger: ProviderId(challenger as u32), pad: 0 };
        self.happen(event, |this| {
            this.balances.accounts[owner] -= u128::from(deposit);
            this.balances.challenges += u128::from(deposit);
            let lease = this.leases.get_mut(&id).expect("the lease is open");
            let (progress, confirmed_by) = match lease.progress {
                Progress::Confirmed { commitment, checker, .. } => (Progress::Contested { commitment, checker }, Some(checker)),
                Progress::Committed { commitment }
                | Progress::UnderCheck { commitment, .. }
                | Progress::Open { commitment, .. } => (Progress::Challenged { commitment }, None),
                other => unreachable!("{other:?} is not open to challenge"),
            };
            lease.progress = progress;
            let case = Case { challenger, deposit, confirmed_by, hung: 0, seal_by: 0, due: 0, panel: Vec::new() };
            this.cases.insert(id, case);
        });
        Ok(())
    }

    /// How many of a panel must speak.
    fn quorum(&self) -> usize {
        let exact = u128::from(self.rules.verification_panel()) * u128::from(self.rules.verification_quorum());
        exact.div_ceil(1_000_000_000) as usize
    }

    /// The first distinct providers of 300 draws that may check and are no party, an odd number of them.
    pub fn empanel(&mut self, id: LeaseId) {
        let (Some(case), Some(lease)) = (self.cases.get(&id).cloned(), self.leases.get(&id)) else { return };
        let parties = [Some(self.offers[lease.offer].provider), Some(case.challenger), case.confirmed_by];
        let mut panel = Vec::new();
        for attempt in 0..300 {
            let draw = u128::from(self.chance(30, id.0, attempt));
            let juror = (draw * self.providers.len() as u128 / (1 << 64)) as usize;
            let fit = self.offered_gpus(juror) > 0 && self.may_lease(juror) && !parties.contains(&Some(juror));
            if fit && !panel.contains(&juror) && (panel.len() as u64) < self.rules.verification_panel() {
                panel.push(juror);
            }
        }
        if panel.len() % 2 == 0 {
            panel.pop();
        }
        if panel.is_empty() || panel.len() < self.quorum() {
            self.close_case(id, Decision::Undecided, 0, 0);
            self.look_at_confirmer(&case, id, Decision::Undecided);
            return;
        }
        let seal_by = self.now.saturating_add(self.rules.verification_window());
        let due = seal_by.saturating_add(self.rules.verification_reveal());
        for juror in panel {
            self.happen(Seated { lease: id, seal_by, due, juror: ProviderId(juror as u32), pad: 0 }, |this| {
                let case = this.cases.get_mut(&id).expect("a case");
                (case.seal_by, case.due) = (seal_by, due);
                case.panel.push((juror, Said::Nothing));
            });
        }
    }

    fn seat(&self, origin: Origin, lease: LeaseId) -> Result<(usize, Case, Said), plasma_core::rejection::Refused> {
        let juror = self.provider_of(origin)?;
        let case = self.cases.get(&lease);
        let said = case.and_then(|case| case.panel.iter().find(|seat| seat.0 == juror)).map(|seat| seat.1);
        match (case, said) {
            (Some(case), Some(said)) => Ok((juror, case.clone(), said)),
            _ => refuse(Rejection::NotOnPanel),
        }
    }

    fn sealing_over(&self, case: &Case) -> bool {
        self.now >= case.seal_by || !case.panel.iter().any(|seat| seat.1 == Said::Nothing)
    }

    fn say(&mut self, lease: LeaseId, juror: usize, said: Said) {
        let case = self.cases.get_mut(&lease).expect("a case");
        case.panel.iter_mut().find(|seat| seat.0 == juror).expect("a seat").1 = said;
    }

    pub fn seal_verdict(&mut self, origin: Origin, asked: SealVerdict) -> Outcome {
        let (juror, case, said) = self.seat(origin, asked.lease)?;
        if said != Said::Nothing || self.sealing_over(&case) {
            return refuse(Rejection::SealingOver);
        }
        self.happen(VerdictSealed {}, |this| this.say(asked.lease, juror, Said::Sealed(asked.digest)));
        Ok(())
    }

    pub fn reveal_verdict(&mut self, origin: Origin, asked: RevealVerdict) -> Outcome {
        let (juror, case, said) = self.seat(origin, asked.lease)?;
        let Said::Sealed(digest) = said else { return refuse(Rejection::NoSealedVerdict) };
        if !self.sealing_over(&case) {
            return short_by(Rejection::StillSealing, u128::from(case.seal_by - self.now));
        }
        if digest != sealed_root(asked.lease.0, juror, &asked.root, &asked.salt) {
            return refuse(Rejection::BadSeal);
        }
        let (right, trap) = self.what_opens(asked.lease, &asked.root);
        let said = if right || trap { Said::Right } else { Said::Wrong };
        let answer = if said == Said::Right { 2 } else { 3 };
        self.happen(VerdictRevealed { answer }, |this| {
            this.say(asked.lease, juror, said);
            let case = &this.cases[&asked.lease];
            if this.sealing_over(case) && !case.panel.iter().any(|seat| matches!(seat.1, Said::Sealed(_))) {
                this.agenda.push_back(Todo::Judge(asked.lease));
            }
        });
        Ok(())
    }

    /// Ends a case: the deposit and the challenger's reward move, and the lease goes on.
    fn close_case(&mut self, id: LeaseId, outcome: Decision, to_worker: u128, reward: u128) {
        let case = self.cases[&id].clone();
        let Lease { job, offer, .. } = self.leases[&id];
        let back = matches!(outcome, Decision::Upheld | Decision::Undecided);
        let returned = if back { case.deposit } else { 0 };
        let (to, paid) = (to_worker as u64, reward as u64);
        let event = Judged { to_worker: to, returned, reward: paid, lease: id, job, outcome, pad: 0 };
        self.happen(event, |this| {
            if outcome == Decision::Hung {
                let case = this.cases.get_mut(&id).expect("a case");
                case.hung += 1;
                case.panel.clear();
                return;
            }
            this.cases.remove(&id);
            let worker = this.providers[this.offers[offer].provider].owner;
            let challenger = this.providers[case.challenger].owner;
            this.balances.challenges -= to_worker + u128::from(returned);
            this.balances.treasury -= reward;
            this.balances.accounts[worker] += to_worker;
            this.balances.accounts[challenger] += u128::from(returned) + reward;
            if outcome == Decision::Upheld {
                this.lose_lease(id);
                this.agenda.push_back(Todo::Match(job));
            } else if case.confirmed_by.is_none() {
                this.agenda.push_back(Todo::Settle(id));
            }
        });
    }

    /// Decides by those who revealed.
    pub fn judge(&mut self, id: LeaseId) {
        let Some(case) = self.cases.get(&id).cloned() else { return };
        let lease = self.leases[&id].clone();
        let votes = |said: Said| case.panel.iter().filter(|seat| seat.1 == said).count();
        let (right, wrong) = (votes(Said::Right), votes(Said::Wrong));
        let heard = right + wrong >= self.quorum();
        let outcome = match (heard, right.cmp(&wrong)) {
            (true, std::cmp::Ordering::Greater) => Decision::Overruled,
            (true, std::cmp::Ordering::Less) => Decision::Upheld,
            _ if case.hung == 2 => Decision::Undecided,
            _ => Decision::Hung,
        };
        let mut left = self.balances.treasury;
        let wanted = self.whole_check_fee(id);
        let mut fee = || {
            let paid = wanted.min(left);
            left -= paid;
            paid
        };
        let (mut reward, mut to_worker) = (0, 0);
        if outcome == Decision::Upheld {
            reward = fee();
        }
        let majority: Vec<usize> = match outcome {
            Decision::Overruled => case.panel.iter().filter(|seat| seat.1 == Said::Right).map(|seat| seat.0).collect(),
            Decision::Upheld => case.panel.iter().filter(|seat| seat.1 == Said::Wrong).map(|seat| seat.0).collect(),
            _ => Vec::new(),
        };
        let decided = !majority.is_empty();
        let mut shares = vec![0u128; majority.len()];
        let mut fees = vec![0u128; majority.len()];
        if outcome == Decision::Overruled {
            to_worker = share(case.deposit.into(), self.rules.verification_deposit_worker());
            // Equal parts, and one more to as many of the first as are left over.
            let (rest, heads) = (u128::from(case.deposit) - to_worker, majority.len() as u128);
            shares = (0..heads).map(|i| rest / heads + u128::from(i < rest % heads)).collect();
        } else {
            fees.iter_mut().for_each(|paid| *paid = fee());
        }
        if outcome == Decision::Upheld {
            let prover = self.providers[case.challenger].owner;
            self.punish(self.offers[lease.offer].provider, Fault::of(&lease), self.rules.slash_wrong(), Some(prover));
            self.pay_receipt(id);
        }
        self.close_case(id, outcome, to_worker, reward);
        for &(juror, said) in &case.panel {
            let silent = matches!(said, Said::Nothing | Said::Sealed(_));
            match majority.iter().position(|&other| other == juror) {
                Some(i) => self.pay_checker(juror, shares[i], fees[i]),
                None if decided || silent => self.strike(juror, 1),
                None => {}
            }
        }
        self.look_at_confirmer(&case, id, outcome);
    }

    /// The checker who had said that it is right: it was not, or it is to be seen whether the checker had looked.
    fn look_at_confirmer(&mut self, case: &Case, id: LeaseId, outcome: Decision) {
        let Some(checker) = case.confirmed_by else { return };
        match outcome {
            Decision::Hung => {}
            Decision::Upheld => self.strike(checker, 1),
            Decision::Overruled | Decision::Undecided => {
                let until = self.now.saturating_add(self.rules.verification_open());
                self.happen(StandsOpen { lease: id, until }, |this| {
                    let lease = this.leases.get_mut(&id).expect("the lease is open");
                    let Progress::Contested { commitment, .. } = lease.progress else { unreachable!("it was contested") };
                    lease.progress = Progress::Defended { commitment, checker, until };
                });
            }
        }
    }

    pub fn pay_checker(&mut self, checker: usize, from_deposit: u128, from_treasury: u128) {
        let (deposit, treasury) = (from_deposit as u64, from_treasury as u64);
        let id = ProviderId(checker as u32);
        let event = CheckerJudged { from_deposit: deposit, from_treasury: treasury, checker: id, strikes: 0 };
        self.happen(event, |this| {
            let owner = this.providers[checker].owner;
            this.balances.challenges -= from_deposit;
            this.balances.treasury -= from_treasury;
            this.balances.accounts[owner] += from_deposit + from_treasury;
        });
    }

    /// Strikes, and jail when they are too many.
    pub fn strike(&mut self, checker: usize, strikes: u64) {
        if strikes == 0 {
            return;
        }
        let id = ProviderId(checker as u32);
        let event = CheckerJudged { from_deposit: 0, from_treasury: 0, checker: id, strikes: strikes as u32 };
        self.happen(event, |this| this.providers[checker].strikes += strikes);
        self.jail_if_due(checker);
    }
}
