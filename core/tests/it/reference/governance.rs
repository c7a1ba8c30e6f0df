//! Proposals, votes, enactments and decrees. Every proposal copies everybody's stake when it is made, and its votes are counted
//! when it is closed.

use super::commands::{Outcome, refuse, short_by};
use super::grants::{Award, is_sound};
use super::staking::Holder;
use super::{Reference, Todo};
use plasma_core::formula::vesting::Schedule;
use plasma_core::ids::{AccountId, AwardId, ProposalId};
use plasma_core::money::XPL;
use plasma_core::params::{Params, TABLE};
use plasma_core::protocol::builders::AwardOpened;
use plasma_core::protocol::governance::action::{Appointed, ParamChanged, ProposeChange, ProposeGrant};
use plasma_core::protocol::governance::decree::{Decree, DecreeEnacted, DecreeFailed, Decreed};
use plasma_core::protocol::governance::{Enacted, EnactmentFailed, Proposed, Ripened, Tallied, Vote, Voted};
use plasma_core::protocol::treasury::TreasurySpent;
use plasma_core::protocol::weights::{ProposeWeights, WeightChanged};
use plasma_core::record::{Command, Event, Origin};
use plasma_core::rejection::Rejection;
use plasma_core::time::{Time, YEAR};
use ruint::aliases::U512;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct Proposal {
    pub proposer: usize,
    pub action: Command,
    pub deposit: u64,
    pub closes: Time,
    /// When the timelock of one that passed is over.
    pub ripens: Option<Time>,
    /// What everybody had at stake of their own: bonds and grants.
    pub stakes: Vec<u128>,
    /// What others had with each provider.
    pub pools: Vec<u128>,
    /// Who had how much with which provider.
    pub delegations: Vec<(usize, usize, u128)>,
    /// What each voter chose last.
    pub votes: BTreeMap<usize, usize>,
}

fn schedule(grant: &ProposeGrant) -> Schedule {
    Schedule { start: grant.start, cliff: grant.cliff, end: grant.end, months: grant.months }
}

fn as_proposed(Decree { values, params }: Decree) -> ProposeChange {
    ProposeChange { values, params }
}

impl Proposal {
    /// What an account votes with, when these vote themselves: its own, what it has with others, and of what others have with its
    /// provider whatever is with those who do not vote.
    fn power(&self, account: usize, provider: Option<usize>, voters: &BTreeMap<usize, usize>) -> u128 {
        let own = self.stakes.get(account).copied().unwrap_or(0);
        let elsewhere: u128 = self.delegations.iter().filter(|row| row.0 == account).map(|row| row.2).sum();
        let with_it = |row: &&(usize, usize, u128)| Some(row.1) == provider && voters.contains_key(&row.0);
        let themselves: u128 = self.delegations.iter().filter(with_it).map(|row| row.2).sum();
        let pool = provider.and_then(|provider| self.pools.get(provider)).copied().unwrap_or(0);
        own + elsewhere + pool - themselves
    }
}

impl Reference {
    /// Who may vote with how much with which provider now.
    fn delegations(&self) -> Vec<(usize, usize, u128)> {
        let votes = |holder: &&Holder| holder.whose.1.is_none() || self.rules.vesting_may_vote() == 1;
        let rows = self.stakes.holders.iter().filter(votes);
        rows.map(|holder| (holder.whose.0, holder.provider, self.worth_of(holder))).collect()
    }

    /// What may vote now of what others have with a provider.
    fn pool_votes(&self, provider: usize) -> u128 {
        self.delegated(provider) - if self.rules.vesting_may_vote() == 1 { 0 } else { self.locked(provider) }
    }

    /// What everybody could vote with now, of their own.
    fn powers(&self) -> Vec<u128> {
        let mut stakes = vec![0; self.accounts.len()];
        for (provider, bond) in self.providers.iter().zip(&self.balances.bonds) {
            stakes[provider.owner] += bond;
        }
        if self.rules.vesting_may_vote() == 1 {
            for (id, held) in &self.balances.grants {
                stakes[self.grants[id].account] += held;
            }
        }
        stakes
    }

    fn may_receive(&self, account: AccountId) -> Outcome {
        match self.accounts.get(account.index()) {
            None => refuse(Rejection::UnknownAccount),
            Some(account) if account.locked => refuse(Rejection::AccountLocked),
            Some(_) => Ok(()),
        }
    }

    fn fund_holds(fund: u128, amount: u128) -> Outcome {
        if amount > fund { short_by(Rejection::FundShort, amount - fund) } else { Ok(()) }
    }

    /// The rules as a proposal would have them.
    fn other_rules(&self, change: &ProposeChange) -> Result<Params, plasma_core::rejection::Refused> {
        let mut rules = self.rules.clone();
        let named: Vec<(usize, u64)> =
            (0..4).filter(|&i| change.params[i] != u32::MAX).map(|i| (change.params[i] as usize, change.values[i])).collect();
        if named.is_empty() {
            return short_by(Rejection::UnknownParameter, TABLE.len() as u128);
        }
        for (position, value) in named {
            let Some(spec) = TABLE.get(position) else { return short_by(Rejection::UnknownParameter, TABLE.len() as u128) };
            if spec.fixed {
                return refuse(Rejection::FixedParameter);
            }
            if value < spec.min || value > spec.max {
                return short_by(Rejection::OutOfRange, if value < spec.min { spec.min } else { spec.max }.into());
            }
            rules.set(spec.key, value).expect("in range");
        }
        let unanswerable = self.feeders > 0 && rules.oracle_quorum() > u64::from(self.feeders);
        if rules.check().is_err() || unanswerable { refuse(Rejection::Contradiction) } else { Ok(rules) }
    }

    /// At most a thousand times the reference, for classes that there are.
    fn weights_can_be(&self, proposed: &ProposeWeights) -> Outcome {
        if proposed.classes == [u32::MAX; 4] {
            return refuse(Rejection::NoClassNamed);
        }
        for i in (0..4).filter(|&i| proposed.classes[i] != u32::MAX) {
            if proposed.classes[i] >= self.catalogue.classes.len() as u32 {
                return refuse(Rejection::UnknownClass);
            }
            if proposed.weights[i] > 1_000_000_000_000 {
                return short_by(Rejection::WeightTooLarge, 1_000_000_000_000);
            }
        }
        Ok(())
    }

    /// Whether what a proposal asks for can be done now.
    fn possible(&self, action: &Command) -> Outcome {
        match action {
            Command::ProposeChange(change) => self.other_rules(change).map(|_| ()),
            Command::ProposeWeights(proposed) => self.weights_can_be(proposed),
            Command::ProposeSpend(spend) => {
                if spend.amount == 0 {
                    return refuse(Rejection::ZeroAmount);
                }
                self.may_receive(spend.to)?;
                Self::fund_holds(self.balances.treasury, spend.amount.into())
            }
            Command::ProposeGrant(grant) => {
                if grant.amount == 0 {
                    return refuse(Rejection::ZeroAmount);
                }
                if !is_sound(&schedule(grant)) {
                    return refuse(Rejection::BadSchedule);
                }
                self.may_receive(grant.to)?;
                Self::fund_holds(self.balances.treasury, grant.amount.into())
            }
            Command::ProposeAward(award) => {
                if award.amount == 0 {
                    return refuse(Rejection::ZeroAmount);
                }
                let all = u128::from(award.amount) * u128::from(award.milestones);
                let late = award.expires <= self.now || award.expires - self.now > 10 * YEAR;
                if award.milestones == 0 || award.milestones > 32 || late || all > u128::from(u64::MAX) {
                    return refuse(Rejection::BadAward);
                }
                self.may_receive(award.to)?;
                Self::fund_holds(self.balances.builders, all)
            }
            Command::ProposeAppointment(appointment) if appointment.office > 2 => refuse(Rejection::BadOffice),
            Command::ProposeAppointment(appointment) if appointment.account.is_some() => self.may_receive(appointment.account),
            _ => Ok(()),
        }
    }

    pub fn propose(&mut self, origin: Origin, action: Command) -> Outcome {
        let proposer = Self::account_of(origin)?;
        self.possible(&action)?;
        let open = self.proposals.len() as u64;
        let own = self.proposals.values().filter(|proposal| proposal.proposer == proposer).count() as u64;
        if open >= self.rules.governance_max_open() {
            return short_by(Rejection::TooManyProposals, open.into());
        }
        if own >= self.rules.governance_max_each() {
            return short_by(Rejection::TooManyProposals, own.into());
        }
        let deposit = self.rules.governance_deposit();
        self.has(proposer, deposit)?;
        let (serial, slot) = self.proposal_numbers.take();
        let proposal = ProposalId::new(serial, slot);
        let closes = self.now + self.rules.governance_period();
        self.happen(Proposed { proposal, deposit, closes }, |this| {
            this.balances.accounts[proposer] -= u128::from(deposit);
            this.balances.proposals += u128::from(deposit);
            let (stakes, votes) = (this.powers(), BTreeMap::new());
            let pools = (0..this.providers.len()).map(|provider| this.pool_votes(provider)).collect();
            let delegations = this.delegations();
            let row = Proposal { proposer, action, deposit, closes, ripens: None, stakes, pools, delegations, votes };
            this.proposals.insert(proposal, row);
        });
        Ok(())
    }

    pub fn vote(&mut self, origin: Origin, vote: Vote) -> Outcome {
        let voter = Self::account_of(origin)?;
        let Some(proposal) = self.proposals.get(&vote.proposal) else { return refuse(Rejection::UnknownProposal) };
        if proposal.ripens.is_some() {
            return refuse(Rejection::VotingOver);
        }
        if vote.choice > 3 {
            return refuse(Rejection::BadChoice);
        }
        if proposal.power(voter, self.accounts[voter].provider, &proposal.votes) == 0 {
            return refuse(Rejection::NoVotingPower);
        }
        self.happen(Voted {}, |this| {
            let proposal = this.proposals.get_mut(&vote.proposal).expect("an open proposal");
            proposal.votes.insert(voter, vote.choice as usize);
        });
        Ok(())
    }

    /// Counts the votes: the quorum, then whether anybody took sides, then vetoes, then the threshold.
    pub fn count(&mut self, id: ProposalId) {
        let proposal = self.proposals[&id].clone();
        let mut votes = [0u128; 4];
        for (&voter, &choice) in &proposal.votes {
            votes[choice] += proposal.power(voter, self.accounts[voter].provider, &proposal.votes);
        }
        let all: u128 = proposal.stakes.iter().chain(&proposal.pools).sum();
        let voted: u128 = votes.iter().sum();
        let times = |a: u128, b: u64| U512::from(a) * U512::from(b);
        let rules = &self.rules;
        let whole = 1_000_000_000;
        let (outcome, burns) = if all == 0 {
            (1, false)
        } else if times(voted, whole) < times(all, rules.governance_quorum()) {
            (2, rules.governance_burn_quorum() == 1)
        } else if voted == votes[2] {
            (1, false)
        } else if times(votes[3], whole) > times(voted, rules.governance_veto()) {
            (3, rules.governance_burn_veto() == 1)
        } else {
            (u32::from(times(votes[0], whole) <= times(voted - votes[2], rules.governance_threshold())), false)
        };
        let ripens = self.now + rules.governance_timelock();
        let (returned, burned) = if burns { (0, proposal.deposit) } else { (proposal.deposit, 0) };
        let [yes, no, abstain, veto] = votes.map(|nano| (nano / u128::from(XPL)) as u64);
        let told = if outcome == 0 { ripens } else { 0 };
        let event = Tallied { proposal: id, yes, no, abstain, veto, returned, burned, ripens: told, outcome, pad: 0 };
        self.happen(event, |this| {
            this.balances.proposals -= u128::from(proposal.deposit);
            this.balances.accounts[proposal.proposer] += u128::from(returned);
            this.balances.burned += u128::from(burned);
            if outcome == 0 {
                this.proposals.get_mut(&id).expect("an open proposal").ripens = Some(ripens);
            } else {
                this.close_proposal(id);
            }
        });
    }

    fn close_proposal(&mut self, id: ProposalId) {
        self.proposals.remove(&id);
        self.proposal_numbers.give_back(id.slot());
    }

    /// At an epoch's end: what is ripe, the earliest first.
    pub fn ripen(&mut self) {
        let ripe = |proposal: &Proposal| proposal.ripens.filter(|&ripens| ripens <= self.now);
        let mut due: Vec<(Time, ProposalId)> = self.proposals.iter().filter_map(|(&id, row)| Some((ripe(row)?, id))).collect();
        due.sort_unstable();
        for (_, proposal) in due {
            self.happen(Ripened { proposal }, |this| this.agenda.push_back(Todo::Enact(proposal)));
        }
    }

    pub fn enact(&mut self, id: ProposalId) {
        let action = self.proposals[&id].action;
        if let Err(refused) = self.possible(&action) {
            let event = EnactmentFailed { proposal: id, need: refused.need, code: refused.code, pad: 0 };
            return self.happen(event, |this| this.close_proposal(id));
        }
        match action {
            Command::ProposeChange(change) => self.change_rules(&change),
            Command::ProposeWeights(proposed) => {
                for (class, weight) in proposed.classes.into_iter().zip(proposed.weights).filter(|row| row.0 != u32::MAX) {
                    let (place, class) = (class as usize, plasma_core::ids::ClassId(class as u8));
                    let event = WeightChanged { weight, before: self.weights[place], class, pad: [0; 7] };
                    self.happen(event, |this| this.weights[place] = weight);
                }
            }
            Command::ProposeSpend(spend) => self.happen(TreasurySpent { amount: spend.amount, to: spend.to, pad: 0 }, |this| {
                this.balances.treasury -= u128::from(spend.amount);
                this.balances.accounts[spend.to.index()] += u128::from(spend.amount);
            }),
            Command::ProposeGrant(grant) => self.open_grant(grant.to.index(), grant.amount, schedule(&grant)),
            Command::ProposeAward(award) => {
                let (serial, slot) = self.award_numbers.take();
                let id = AwardId::new(serial, slot);
                let (amount, expires, milestones) = (award.amount, award.expires, award.milestones);
                self.happen(AwardOpened { award: id, amount, expires, account: award.to, milestones }, |this| {
                    let all = u128::from(amount) * u128::from(milestones);
                    this.balances.builders -= all;
                    this.balances.awards += all;
                    let reached = vec![false; milestones as usize];
                    this.awards.insert(id, Award { account: award.to.index(), amount, expires, reached });
                });
            }
            Command::ProposeAppointment(appointment) => {
                let holder = appointment.account.is_some().then_some(appointment.account.index());
                let event = Appointed { account: appointment.account, office: appointment.office };
                self.happen(event, |this| {
                    *[&mut this.committee, &mut this.custodian, &mut this.council][appointment.office as usize] = holder;
                });
            }
            _ => {}
        }
        self.happen(Enacted { proposal: id }, |this| this.close_proposal(id));
    }

    fn change_rules(&mut self, change: &ProposeChange) {
        for (param, value) in change.params.into_iter().zip(change.values).filter(|(param, _)| *param != u32::MAX) {
            self.happen(ParamChanged { value, param, pad: 0 }, |this| {
                let (key, fee) = (TABLE[param as usize].key, this.base_fee());
                this.rules.set(key, value).expect("in range");
                if key == "fee.control" {
                    (this.fee, this.excess) = (fee, 0);
                } else if key == "fee.base" && this.rules.fee_control() == 1 {
                    this.fee = value;
                }
            });
        }
    }

    /// The council's account may change rules as a proposal can, except those of governance, at the epoch's end, so many times an
    /// epoch.
    pub fn decree(&mut self, origin: Origin, command: Decree) -> Outcome {
        if self.council != Some(Self::account_of(origin)?) {
            return refuse(Rejection::NotPermitted);
        }
        self.other_rules(&as_proposed(command))?;
        let keys = command.params.iter().filter(|&&param| param != u32::MAX).map(|&param| TABLE[param as usize].key);
        if keys.map(|key| key.split('.').next()).any(|section| section == Some("governance")) {
            return refuse(Rejection::NotByDecree);
        }
        if self.decrees.len() as u64 >= self.rules.governance_max_decrees() {
            return short_by(Rejection::TooManyDecrees, self.decrees.len() as u128);
        }
        self.happen(Decreed {}, |this| this.decrees.push_back(command));
        Ok(())
    }

    /// Does the first of what was decreed in the epoch; the next when all that follows from it is done.
    pub fn carry_out(&mut self) {
        let Some(&command) = self.decrees.front() else { return };
        let change = as_proposed(command);
        let event = match self.other_rules(&change) {
            Err(refused) => Event::from(DecreeFailed { need: refused.need, code: refused.code, pad: 0 }),
            Ok(_) => {
                self.change_rules(&change);
                DecreeEnacted {}.into()
            }
        };
        self.happen(event, |this| {
            this.decrees.pop_front();
            this.agenda.push_back(Todo::Decree);
        });
    }
}
