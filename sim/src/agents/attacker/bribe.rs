//! Bribed votes: somebody proposes what is good for nobody but itself, and pays whoever votes for it.
//!
//! A voter sells when it is offered more for its vote than it expects to lose if the proposal passes and than voting costs it: as if
//! it decided alone, which is the most that a bribe can have to be. (It hardly ever does decide alone, and a vote that changes
//! nothing is worth nothing: Dal Bó 2007, "Bribing Voters", American Journal of Political Science 51.) Those who delegated are asked
//! before their providers, whose power is then without theirs.

use super::super::Agents;
use super::super::dollars::Purse;
use super::super::queue::Kind;
use super::super::voter::proposing;
use crate::economy::attackers::{Loot, Plan};
use plasma_core::engine::state::State;
use plasma_core::formula::tally::choice;
use plasma_core::money::XPL;
use plasma_core::protocol::governance::Vote;
use plasma_core::protocol::governance::action::{Action, ProposeSpend};
use plasma_core::record::Origin;
use plasma_core::time::{DAY, Time};
use rkyv::{Archive, Deserialize, Serialize};

/// How far a buyer of votes is.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq)]
pub struct BribeRow {
    /// Nano-XPL of power that it bought.
    pub bought: u128,
    /// Micro-USD that it paid for that.
    pub paid: u64,
    /// Its proposal: a position in [`crate::agents::Rows::polls`].
    pub poll: u64,
    /// What it does next.
    pub stage: Stage,
}

/// What a buyer of votes does next.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// It makes its proposal.
    #[default]
    Propose,
    /// It asks delegators and holders.
    Delegators,
    /// It asks providers.
    Providers,
    /// Nothing more.
    Done,
}

impl Agents {
    /// A buyer of votes does what is next.
    pub(super) fn bribe(&mut self, view: &State, now: Time, number: usize) {
        match self.rows.attackers[number].bribe.stage {
            Stage::Propose => self.propose_loot(view, now, number),
            Stage::Delegators => {
                self.buy_votes(view, now, number, false);
                self.rows.attackers[number].bribe.stage = Stage::Providers;
                self.queue.push(now + 1, Kind::Attack, number as u64);
            }
            Stage::Providers => {
                self.buy_votes(view, now, number, true);
                self.rows.attackers[number].bribe.stage = Stage::Done;
            }
            Stage::Done => {}
        }
    }

    fn propose_loot(&mut self, view: &State, now: Time, number: usize) {
        let economy = self.economy.clone();
        let attacker = &economy.attackers[number];
        let Plan::Bribe { loot, .. } = attacker.plan else { return };
        let account = attacker.first;
        let needed = view.params.governance_deposit().saturating_add(8 * view.base_fee());
        let action = match loot {
            Loot::Treasury(share) => {
                let amount = (view.ledger.treasury as f64 * share) as u64;
                Action::Spend(ProposeSpend { amount, to: account, pad: 0 })
            }
            Loot::Change(change) => Action::Change(change),
        };
        if !self.afford(view, now, account, needed) {
            return self.queue.push(now + DAY, Kind::Attack, number as u64);
        }
        self.send(now, Origin::Account(account), proposing(&action));
    }

    /// Its proposal was made: it begins to ask around.
    pub(in super::super) fn begin_bribing(&mut self, now: Time, number: usize, poll: usize) {
        let row = &mut self.rows.attackers[number].bribe;
        (row.poll, row.stage) = (poll as u64, Stage::Delegators);
        self.queue.push(now + 1, Kind::Attack, number as u64);
    }

    /// Asks voters, in their order, until it has enough votes or no dollars for the next.
    fn buy_votes(&mut self, view: &State, now: Time, number: usize, providers: bool) {
        let economy = self.economy.clone();
        let (account, Plan::Bribe { price, aims, .. }) = (economy.attackers[number].first, &economy.attackers[number].plan)
        else {
            return;
        };
        let poll = self.rows.attackers[number].bribe.poll as usize;
        let id = self.rows.polls[poll].proposal;
        let Some(proposal) = view.proposals.get(id.0).filter(|proposal| proposal.is_voted_on()) else { return };
        let outlook = self.outlook(view, &proposal.action);
        let enough = (proposal.power as f64 * aims) as u128;
        for (i, voter) in economy.voters.members.iter().enumerate().filter(|(_, voter)| voter.lender.is_some() == providers) {
            let power = view.voting_power(voter.account, proposal);
            let bought = self.rows.attackers[number].bribe.bought;
            let able = view.account(voter.account).is_some_and(|row| row.free >= u128::from(view.base_fee()));
            if power == 0 || bought >= enough || !able {
                continue;
            }
            let offered = u64::try_from((power * u128::from(*price)).div_ceil(u128::from(XPL))).unwrap_or(u64::MAX);
            let fears = (-self.interest(view, now, voter, &outlook)).max(0.0);
            let trouble = economy.voters.groups[usize::from(voter.group)].cost;
            let sells = offered as f64 > fears + trouble;
            if !sells || self.dollars.transfer(Purse::Of(account), Purse::Of(voter.account), offered).is_err() {
                continue;
            }
            let row = &mut self.rows.attackers[number].bribe;
            row.bought += power;
            row.paid += offered;
            let sold = &mut self.rows.polls[poll].sold;
            sold.resize(economy.voters.members.len(), false);
            sold[i] = true;
            self.send(now, Origin::Account(voter.account), Vote { proposal: id, choice: choice::YES as u32, pad: 0 });
        }
    }
}
