//! Proposals and voters: whoever has something at stake and at heart votes, at a moment of its own while the vote is open.
//!
//! When a proposal is made every voter works out what it would change in its own income ([`interest`]), and by that whether it
//! takes the trouble and how it votes. It keeps to that: a vote is one appointment. Who sold its vote has cast it already.

pub mod interest;

use super::Agents;
use super::queue::Kind;
use crate::economy::attackers::Plan;
use plasma_core::engine::state::State;
use plasma_core::formula::tally::choice;
use plasma_core::ids::{AccountId, ProposalId};
use plasma_core::protocol::governance::action::Action;
use plasma_core::protocol::governance::{Proposed, Vote};
use plasma_core::record::{Command, Origin};
use plasma_core::time::{DAY, Span, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// A proposal that somebody made.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Poll {
    /// Which.
    pub proposal: ProposalId,
    /// Whether each voter sold its vote; empty while nobody did.
    pub sold: Vec<bool>,
}

/// Time after which who could not buy a deposit tries again.
const RETRY: Span = DAY;

/// A vote as the number of its appointment: which poll, which choice, whose.
const fn ballot(poll: usize, choice: usize, voter: usize) -> u64 {
    (poll as u64) << 34 | (choice as u64 & 3) << 32 | voter as u64
}

/// Poll, choice and voter of [`ballot`].
pub(super) const fn of_ballot(id: u64) -> (usize, usize, usize) {
    ((id >> 34) as usize, (id >> 32 & 3) as usize, (id & u32::MAX as u64) as usize)
}

/// The command that proposes an action.
pub(super) fn proposing(action: &Action) -> Command {
    match *action {
        Action::Change(change) => change.into(),
        Action::Spend(spend) => spend.into(),
        Action::Grant(grant) => grant.into(),
        Action::Award(award) => award.into(),
        Action::Appoint(appointment) => appointment.into(),
        Action::Report(report) => report.into(),
        Action::Weigh(weights) => weights.into(),
    }
}

impl Agents {
    /// Makes the appointment of every proposal on the timetable.
    pub(super) fn expect_motions(&mut self) {
        let economy = self.economy.clone();
        for (number, motion) in economy.motions.iter().enumerate() {
            self.queue.push(motion.at, Kind::Propose, number as u64);
        }
    }

    /// Somebody makes its proposal, and buys what the deposit lacks.
    pub(super) fn propose(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let motion = &economy.motions[number];
        let needed = view.params.governance_deposit().saturating_add(4 * view.base_fee());
        let short = needed.saturating_sub(Self::spendable(view, motion.by));
        if short > 0 && !self.buy(view, now, motion.by, short) {
            return self.queue.push(now + RETRY, Kind::Propose, number as u64);
        }
        self.send(now, Origin::Account(motion.by), proposing(&motion.action));
    }

    /// A proposal was made: every voter decides whether, when and how it votes.
    pub(super) fn open_poll(&mut self, view: &State, now: Time, by: AccountId, proposed: &Proposed) {
        let economy = self.economy.clone();
        let poll = self.rows.polls.len();
        self.rows.polls.push(Poll { proposal: proposed.proposal, sold: Vec::new() });
        let Some(proposal) = view.proposals.get(proposed.proposal.0) else { return };
        let outlook = self.outlook(view, &proposal.action);
        for (number, voter) in economy.voters.members.iter().enumerate() {
            if view.voting_power(voter.account, proposal) == 0 {
                continue;
            }
            let change = self.interest(view, now, voter, &outlook);
            let mut draw = self.streams.voter.draw(voter.stream, poll as u64);
            let (trouble, moment) = (draw.uniform(), draw.uniform());
            if trouble >= economy.voters.groups[usize::from(voter.group)].at(change) {
                continue;
            }
            let choice = match () {
                () if change > 0.0 => choice::YES,
                () if change < 0.0 => choice::NO,
                () => choice::ABSTAIN,
            };
            // Bribes are offered in the first moments.
            let open = proposed.closes.saturating_sub(now).saturating_sub(4);
            let when = now + 3 + (open as f64 * moment) as Span;
            self.queue.push(when, Kind::Ballot, ballot(poll, choice, number));
        }
        let bribes = |plan: &Plan| matches!(plan, Plan::Bribe { .. });
        if let Some(attacker) = economy.attackers.iter().position(|attacker| attacker.holds(by) && bribes(&attacker.plan)) {
            self.begin_bribing(now, attacker, poll);
        }
    }

    /// A voter votes, unless it sold its vote, or others have voted with all that it would have voted with.
    pub(super) fn cast(&mut self, view: &State, now: Time, id: u64) {
        let (poll, choice, number) = of_ballot(id);
        let poll = &self.rows.polls[poll];
        let voter = self.economy.voters.members[number].account;
        let sold = poll.sold.get(number).copied().unwrap_or(false);
        let Some(proposal) = view.proposals.get(poll.proposal.0).filter(|proposal| proposal.is_voted_on()) else { return };
        let able = view.account(voter).is_some_and(|account| account.free >= u128::from(view.base_fee()));
        if !sold && able && view.voting_power(voter, proposal) > 0 {
            let vote = Vote { proposal: poll.proposal, choice: choice as u32, pad: 0 };
            self.send(now, Origin::Account(voter), vote);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ballot_is_a_number() {
        for (poll, choice, voter) in [(0, 0, 0), (1 << 20, 3, u32::MAX as usize), (7, 2, 9)] {
            assert_eq!(of_ballot(ballot(poll, choice, voter)), (poll, choice, voter));
        }
    }
}
