//! Governance: proposals, votes by stake, a timelock, and what is done when all of it is over.
//!
//! A proposal costs a deposit and is voted on for `governance.period`. What counts is the stake of the moment at which it was
//! made ([`stake`]): a provider votes with its bond and all that was delegated to it, except for those delegators who vote
//! themselves, whenever they do (Cosmos SDK, `x/gov`, "Inheritance"). Votes are tallied as they come in, so that closing a vote
//! asks nobody again; they are weighed as in Cosmos ([`crate::formula::tally`]). What passed waits out `governance.timelock`
//! (OpenZeppelin Contracts, `TimelockController`) and is enacted at the end of the epoch in which that is over, in the order in
//! which timelocks ended.
//!
//! What a proposal asks for ([`action`]) is checked when it is made, so that nobody votes on what cannot be, and again when it is
//! enacted, against what has changed meanwhile. What fails then is told by [`EnactmentFailed`], and nothing else happens. What
//! cannot wait for a vote is for a council's [`decree`], where there is a council.

pub mod action;
pub mod decree;
pub mod stake;

use crate::engine::derived::{Derived, Task};
use crate::engine::ledger::Pot;
use crate::engine::slab::Row;
use crate::engine::state::State;
use crate::formula::tally::{Bars, Outcome, Votes, tally};
use crate::ids::{AccountId, ProposalId, ProviderId};
use crate::money::XPL;
use crate::protocol::delegation::Delegator;
use crate::record::{Apply, Decide, Event, Fire, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::{NEVER, Time};
use action::{Action, ProposeChange};
use bevy_ecs::prelude::Resource;
use rkyv::with::AsVec;
use rkyv::{Archive, Deserialize, Serialize};
use stake::{PoolStake, Stake};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

// Components

/// A proposal that is voted on, or waits for its timelock.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Its identifier.
    pub id: ProposalId,
    /// Power of all who could vote, in nano-XPL at stake when it was made.
    pub power: u128,
    /// Power that voted so far, by choice.
    pub votes: Votes,
    /// Nano-XPL deposited; none once the vote is over.
    pub deposit: u64,
    /// When voting ends.
    pub closes: Time,
    /// When its timelock is over; [`NEVER`] while it is voted on.
    pub ripens: Time,
    /// Which stakes count: see [`Governance::snapshots`].
    pub snapshot: u64,
    /// Who made it.
    pub proposer: AccountId,
    /// Whether unvested tokens vote on it.
    pub unvested_vote: bool,
    /// What it asks for.
    pub action: Action,
}

impl Row for Proposal {
    fn id(&self) -> u64 {
        self.id.0
    }
}

/// A vote, while it can still be replaced.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ballot {
    /// Nano-XPL behind it.
    pub power: u128,
    /// By position in [`Votes`].
    pub choice: u8,
}

/// Votes, the stakes behind them, and who holds which office.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Governance {
    /// Snapshots of stakes taken so far: each proposal takes one.
    pub snapshots: u64,
    /// Snapshots of the proposals that are voted on.
    #[rkyv(with = AsVec)]
    pub watched: BTreeSet<u64>,
    /// By account and snapshot, the stake that it had from the entry before until after that snapshot.
    #[rkyv(with = AsVec)]
    pub remembered: BTreeMap<(AccountId, u64), Stake>,
    /// By provider and snapshot, its pool in that time.
    #[rkyv(with = AsVec)]
    pub pools: BTreeMap<(ProviderId, u64), PoolStake>,
    /// By delegation and snapshot, its shares in that time and the era of which they are.
    #[rkyv(with = AsVec)]
    pub shares: BTreeMap<((Delegator, ProviderId), u64), (u64, u64)>,
    /// By proposal that is voted on and provider, nano-XPL of its pool that voted themselves.
    #[rkyv(with = AsVec)]
    pub overridden: BTreeMap<(ProposalId, ProviderId), u64>,
    /// Nano-XPL in the pots of each account's grants.
    #[rkyv(with = AsVec)]
    pub unvested: BTreeMap<AccountId, u128>,
    /// Votes on the proposals that are voted on.
    #[rkyv(with = AsVec)]
    pub ballots: BTreeMap<(ProposalId, AccountId), Ballot>,
    /// Open proposals of each account that has any.
    #[rkyv(with = AsVec)]
    pub opened: BTreeMap<AccountId, u32>,
    /// The account that attests builders' milestones, or none.
    pub committee: AccountId,
    /// The account that carries out the treasury's orders, or none.
    pub custodian: AccountId,
    /// The account that changes parameters without a vote, or none.
    pub council: AccountId,
    /// Its decrees that wait for the epoch's end, the oldest first.
    pub decrees: VecDeque<ProposeChange>,
}

impl Default for Governance {
    fn default() -> Self {
        Self {
            snapshots: 0,
            watched: BTreeSet::new(),
            remembered: BTreeMap::new(),
            pools: BTreeMap::new(),
            shares: BTreeMap::new(),
            overridden: BTreeMap::new(),
            unvested: BTreeMap::new(),
            ballots: BTreeMap::new(),
            opened: BTreeMap::new(),
            committee: AccountId::NONE,
            custodian: AccountId::NONE,
            council: AccountId::NONE,
            decrees: VecDeque::new(),
        }
    }
}

payload! {
    /// Votes on a proposal, or votes otherwise than before.
    pub struct Vote {
        /// Which.
        pub proposal: ProposalId,
        /// 0 for yes, 1 for no, 2 to abstain, 3 to veto.
        pub choice: u32,
        /// Zero.
        pub pad: u32,
    }

    /// Voting on a proposal ends.
    pub struct VotingEnds {
        /// Which.
        pub proposal: ProposalId,
    }

    /// A proposal was made.
    pub struct Proposed {
        /// Its identifier.
        pub proposal: ProposalId,
        /// Nano-XPL deposited.
        pub deposit: u64,
        /// When voting ends.
        pub closes: Time,
    }

    /// A vote was cast; it stands for whatever its account had at stake when the proposal was made, and for what others had
    /// with its provider and did not vote with themselves.
    pub struct Voted {}

    /// Voting on a proposal ended. Votes are told in whole XPL, rounded down.
    pub struct Tallied {
        /// Which.
        pub proposal: ProposalId,
        /// XPL for it.
        pub yes: u64,
        /// XPL against it.
        pub no: u64,
        /// XPL that abstained.
        pub abstain: u64,
        /// XPL that vetoed it.
        pub veto: u64,
        /// Nano-XPL of the deposit that returned.
        pub returned: u64,
        /// Nano-XPL of the deposit that burned.
        pub burned: u64,
        /// When the timelock of a proposal that passed is over.
        pub ripens: Time,
        /// An [`Outcome`].
        pub outcome: u32,
        /// Zero.
        pub pad: u32,
    }

    /// A proposal's timelock is over.
    pub struct Ripened {
        /// Which.
        pub proposal: ProposalId,
    }

    /// What a proposal asked for was done.
    pub struct Enacted {
        /// Which.
        pub proposal: ProposalId,
    }

    /// What a proposal asked for can no longer be done.
    pub struct EnactmentFailed {
        /// Which.
        pub proposal: ProposalId,
        /// A number that the reason's text speaks of.
        pub need: u64,
        /// The [`Rejection`]'s code.
        pub code: u32,
        /// Zero.
        pub pad: u32,
    }
}

impl Proposal {
    /// Whether it can be voted on.
    pub const fn is_voted_on(&self) -> bool {
        self.ripens == NEVER
    }
}

// Decide

/// Makes a proposal of an account.
pub(crate) fn propose(state: &State, record: &Record, action: Action, events: &mut Vec<Event>) -> Result<(), Refusal> {
    let (account, row) = state.mobile_account(record)?;
    action.check(state, record.time)?;
    let (open, own) = (state.proposals.len() as u64, state.governance.opened.get(&account).copied().map_or(0, u64::from));
    for (open, most) in [(open, state.params.governance_max_open()), (own, state.params.governance_max_each())] {
        if open >= most {
            return Err(Rejection::TooManyProposals.needing(open));
        }
    }
    let deposit = state.params.governance_deposit();
    row.require(deposit)?;
    let (serial, slot) = state.proposals.next().ok_or(Rejection::TooManyRows)?;
    let closes = record.time.saturating_add(state.params.governance_period());
    events.push(Proposed { proposal: ProposalId::new(serial, slot), deposit, closes }.into());
    Ok(())
}

impl Decide for Vote {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (account, _) = state.mobile_account(record)?;
        let proposal = state.proposals.get(self.proposal.0).ok_or(Rejection::UnknownProposal)?;
        if !proposal.is_voted_on() {
            return Err(Rejection::VotingOver.into());
        }
        if self.choice as usize >= proposal.votes.len() {
            return Err(Rejection::BadChoice.into());
        }
        if state.voting_power(account, proposal) == 0 {
            return Err(Rejection::NoVotingPower.into());
        }
        events.push(Voted {}.into());
        Ok(())
    }
}

impl Fire for VotingEnds {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.proposals.get(self.proposal.0).is_some_and(|proposal| proposal.is_voted_on() && proposal.closes <= time)
    }

    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) {
        let (proposal, params) = (state.proposals.row(self.proposal.0), &*state.params);
        let bars =
            Bars { quorum: params.governance_quorum(), threshold: params.governance_threshold(), veto: params.governance_veto() };
        let outcome = tally(&proposal.votes, proposal.power, bars);
        let burns = match outcome {
            Outcome::NoQuorum => params.governance_burn_quorum() == 1,
            Outcome::Vetoed => params.governance_burn_veto() == 1,
            Outcome::Passed | Outcome::Rejected => false,
        };
        let burned = if burns { proposal.deposit } else { 0 };
        let passed = outcome == Outcome::Passed;
        let [yes, no, abstain, veto] = proposal.votes.map(|nano| u64::try_from(nano / u128::from(XPL)).unwrap_or(u64::MAX));
        let tallied = Tallied {
            proposal: self.proposal,
            yes,
            no,
            abstain,
            veto,
            returned: proposal.deposit - burned,
            burned,
            ripens: if passed { record.time.saturating_add(params.governance_timelock()).min(NEVER - 1) } else { 0 },
            outcome: outcome as u32,
            pad: 0,
        };
        events.push(tallied.into());
    }
}

/// Calls up, at the end of an epoch, the proposals whose timelock is over.
pub(crate) fn ripen(state: &State, events: &mut Vec<Event>) {
    let mut ripe: Vec<_> = state.proposals.iter().filter(|proposal| proposal.ripens <= state.clock.now).collect();
    ripe.sort_unstable_by_key(|proposal| (proposal.ripens, proposal.id));
    events.extend(ripe.into_iter().map(|proposal| Event::from(Ripened { proposal: proposal.id })));
}

/// Does what a proposal asks for, if it still can be done.
pub(crate) fn enact(state: &State, id: ProposalId, now: Time, events: &mut Vec<Event>) {
    let Some(proposal) = state.proposals.get(id.0) else { return };
    match proposal.action.enact(state, now, events) {
        Ok(()) => events.push(Enacted { proposal: id }.into()),
        Err(Refusal { reason, need }) => {
            events.push(EnactmentFailed { proposal: id, need, code: reason as u32, pad: 0 }.into());
        }
    }
}

// Apply

impl State<'_> {
    /// Takes what an account has delegated out of the power, and the vote, of the providers it is with.
    fn override_providers(&mut self, voter: AccountId, id: ProposalId) {
        let proposal = *self.proposals.row(id.0);
        for (provider, stake) in self.delegated_at(voter, &proposal).collect::<Vec<_>>() {
            let stake = stake.min(self.pool_power(provider, &proposal));
            *self.governance.overridden.entry((id, provider)).or_default() += stake;
            let owner = self.providers[provider.index()].owner;
            if let Some(ballot) = self.governance.ballots.get_mut(&(id, owner)) {
                ballot.power -= u128::from(stake);
                self.proposals.row_mut(id.0).votes[usize::from(ballot.choice)] -= u128::from(stake);
            }
        }
    }
}

impl Governance {
    /// Takes a closed proposal off its proposer's account.
    fn forget(&mut self, proposer: AccountId) {
        let open = self.opened.get_mut(&proposer).expect("an open proposal is counted");
        *open -= 1;
        if *open == 0 {
            self.opened.remove(&proposer);
        }
    }
}

/// Closes a proposal whose vote is over.
fn close(state: &mut State, id: ProposalId) {
    let proposal = state.proposals.close(id.0);
    state.governance.forget(proposal.proposer);
}

impl Apply for Proposed {
    fn apply(&self, state: &mut State, record: &Record) {
        let proposer = record.account();
        state.transfer(Pot::Free(proposer), Pot::Proposals, self.deposit);
        let unvested_vote = state.params.vesting_may_vote() == 1;
        state.proposals.open(Proposal {
            id: self.proposal,
            power: state.total_power(unvested_vote),
            votes: Votes::default(),
            deposit: self.deposit,
            closes: self.closes,
            ripens: NEVER,
            snapshot: state.governance.snapshot(),
            proposer,
            unvested_vote,
            action: Action::of(record),
        });
        *state.governance.opened.entry(proposer).or_default() += 1;
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.closes, VotingEnds { proposal: self.proposal }.into());
    }
}

impl Apply for Voted {
    fn apply(&self, state: &mut State, record: &Record) {
        let (voter, vote) = (record.account(), cause!(record, Command::Vote));
        if !state.governance.ballots.contains_key(&(vote.proposal, voter)) {
            state.override_providers(voter, vote.proposal);
        }
        let power = state.voting_power(voter, state.proposals.row(vote.proposal.0));
        let ballot = Ballot { power, choice: vote.choice as u8 };
        let before = state.governance.ballots.insert((vote.proposal, voter), ballot);
        let proposal = state.proposals.row_mut(vote.proposal.0);
        if let Some(before) = before {
            proposal.votes[usize::from(before.choice)] -= before.power;
        }
        proposal.votes[vote.choice as usize] += power;
    }
}

impl Apply for Tallied {
    fn apply(&self, state: &mut State, _record: &Record) {
        let proposal = *state.proposals.row(self.proposal.0);
        state.transfer(Pot::Proposals, Pot::Free(proposal.proposer), self.returned);
        state.transfer(Pot::Proposals, Pot::Burned, self.burned);
        state.governance.release(proposal.snapshot);
        let ballots = &mut state.governance.ballots;
        let voters = ballots.range((self.proposal, AccountId(0))..=(self.proposal, AccountId::NONE));
        for ballot in voters.map(|(&ballot, _)| ballot).collect::<Vec<_>>() {
            ballots.remove(&ballot);
        }
        let overridden = &mut state.governance.overridden;
        let providers = overridden.range((self.proposal, ProviderId(0))..=(self.proposal, ProviderId::NONE));
        for provider in providers.map(|(&provider, _)| provider).collect::<Vec<_>>() {
            overridden.remove(&provider);
        }
        if self.outcome == Outcome::Passed as u32 {
            let proposal = state.proposals.row_mut(self.proposal.0);
            (proposal.ripens, proposal.deposit) = (self.ripens, 0);
        } else {
            close(state, self.proposal);
        }
    }
}

impl Apply for Ripened {
    /// Nothing: its enactment is decided next.
    fn apply(&self, _state: &mut State, _record: &Record) {}

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.tasks.push_back(Task::Enact(self.proposal));
    }
}

impl Apply for Enacted {
    fn apply(&self, state: &mut State, _record: &Record) {
        close(state, self.proposal);
    }
}

impl Apply for EnactmentFailed {
    fn apply(&self, state: &mut State, _record: &Record) {
        close(state, self.proposal);
    }
}

// Invariants

/// Deposits, tallies, counts and snapshots are those of the open proposals, and no proposal has more votes than power.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let governance = &*state.governance;
    let voted_on = || state.proposals.iter().filter(|proposal| proposal.is_voted_on());
    let deposits: u128 = voted_on().map(|proposal| u128::from(proposal.deposit)).sum();
    if deposits != state.ledger.proposals {
        return Err(format!("proposals have deposits of {deposits} nano-XPL, the ledger says {}", state.ledger.proposals));
    }
    let mut opened = BTreeMap::new();
    for proposal in state.proposals.iter() {
        *opened.entry(proposal.proposer).or_insert(0u32) += 1;
        let mut votes = proposal.votes.iter();
        if votes.try_fold(0u128, |sum, &votes| sum.checked_add(votes)).is_none_or(|sum| sum > proposal.power) {
            return Err(format!("more voted on {} than could", proposal.id));
        }
    }
    let mut votes: BTreeMap<ProposalId, Votes> = voted_on().map(|proposal| (proposal.id, Votes::default())).collect();
    for ((id, voter), ballot) in &governance.ballots {
        let vote = votes.get_mut(id).and_then(|votes| votes.get_mut(usize::from(ballot.choice)));
        let vote = vote.ok_or_else(|| format!("{voter} voted on {id}, which is not voted on, or chose nothing"))?;
        *vote = vote.saturating_add(ballot.power);
        if ballot.power != state.voting_power(*voter, state.proposals.row(id.0)) {
            return Err(format!("{voter} voted on {id} with other than its power"));
        }
    }
    let agree = [
        ("tallies", voted_on().all(|proposal| votes[&proposal.id] == proposal.votes)),
        ("counts of open proposals", opened == governance.opened),
        ("snapshots", voted_on().map(|proposal| proposal.snapshot).collect::<BTreeSet<_>>() == governance.watched),
        ("numbers of snapshots", governance.watched.last().is_none_or(|&last| last <= governance.snapshots)),
        ("deposits", state.proposals.iter().all(|proposal| proposal.is_voted_on() || proposal.deposit == 0)),
        ("committee", !governance.committee.is_some() || state.recipient(governance.committee).is_ok()),
        ("custodian", !governance.custodian.is_some() || state.recipient(governance.custodian).is_ok()),
        ("council", !governance.council.is_some() || state.recipient(governance.council).is_ok()),
    ];
    match agree.iter().find(|(_, agrees)| !agrees) {
        Some((what, _)) => Err(format!("the {what} of governance are not those of its rows")),
        None => decree::check(state).and_then(|()| stake::check(state)),
    }
}

#[cfg(test)]
mod tests;
