//! Commands of governance: proposals of every kind, decrees, votes that mostly agree, claims, attestations, and what custodians
//! bring back.

use super::{Director, Draft, pick};
use plasma_core::formula::vesting::Schedule;
use plasma_core::ids::{AccountId, AwardId, GrantId, OrderId, ProposalId};
use plasma_core::money::{ONE, XPL};
use plasma_core::params::{Params, TABLE};
use plasma_core::protocol::builders::Attest;
use plasma_core::protocol::governance::Vote;
use plasma_core::protocol::governance::action::{
    NO_PARAM, ProposeAppointment, ProposeAward, ProposeChange, ProposeGrant, ProposeReport, ProposeSpend,
};
use plasma_core::protocol::governance::decree::Decree;
use plasma_core::protocol::treasury::TreasuryDeposit;
use plasma_core::protocol::vesting::Claim;
use plasma_core::protocol::weights::{NO_CLASS, ProposeWeights};
use plasma_core::record::{Command, Origin};
use plasma_core::time::{DAY, HOUR, MINUTE, YEAR};

/// Parameters, each to its value.
fn to(set: &[(&str, u64)]) -> ProposeChange {
    let mut change = ProposeChange { params: [NO_PARAM; 4], ..ProposeChange::default() };
    for (i, &(key, value)) in set.iter().enumerate() {
        (change.params[i], change.values[i]) = (Params::position(key).expect("a parameter"), value);
    }
    change
}

impl Director {
    pub(super) fn govern(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let account = |id: usize| Origin::Account(AccountId(id as u32));
        let odd = draft.detail >> 9 & 7 == 0;
        let voted_on = self.reference.proposals.values().any(|proposal| proposal.ripens.is_none());
        match draft.detail % 16 {
            0 if draft.detail >> 16 & 3 == 0 => (anybody, self.weigh(draft).into()),
            1 if self.reference.council.is_some() || odd => self.decree(draft, anybody),
            0..=1 => (anybody, self.change(draft).into()),
            2..=8 if voted_on || odd => {
                let delegator = pick(&self.reference.stakes.holders, draft.which).map(|holder| account(holder.whose.0));
                let voter = match draft.detail >> 4 & 7 {
                    0 => anybody,
                    1..=3 => delegator.unwrap_or(anybody),
                    _ => account(self.an_owner(draft)),
                };
                (voter, self.vote(draft).into())
            }
            // An award is rare, and worth attesting.
            9..=13 if !self.reference.awards.is_empty() => self.attest(draft, anybody),
            11 => {
                let open: Vec<GrantId> = self.reference.grants.keys().copied().collect();
                let grant = pick(&open, draft.which).unwrap_or(GrantId(draft.detail.into()));
                let whose = self.reference.grants.get(&grant).map_or(anybody, |grant| account(grant.account));
                (if draft.detail >> 4 & 3 == 0 { anybody } else { whose }, Claim { grant }.into())
            }
            12 if odd => self.attest(draft, anybody),
            14..=15 if odd || !self.reference.orders.is_empty() => self.bring(draft, anybody),
            _ => (anybody, self.request(draft)),
        }
    }

    /// What the council would have otherwise: what others propose, or other parts of the fee, such that one decree follows on
    /// another and the parts are those of a whole after each alone, but not after both.
    fn decree(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let rules = &self.reference.rules;
        let (burn, treasury, stakers) = (rules.fee_burn(), rules.fee_treasury(), rules.fee_stakers());
        let change = match (self.reference.decrees.is_empty(), draft.which % 4) {
            (true, 0) => to(&[("fee.burn", treasury), ("fee.treasury", stakers), ("fee.stakers", burn)]),
            (false, 0..=1) => to(&[("fee.burn", treasury), ("fee.treasury", burn)]),
            _ => self.change(draft),
        };
        let council = self.reference.council.map_or(anybody, |account| Origin::Account(AccountId(account as u32)));
        let ProposeChange { values, params } = change;
        (if draft.detail >> 4 & 7 == 0 { anybody } else { council }, Decree { values, params }.into())
    }

    fn attest(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let open: Vec<AwardId> = self.reference.awards.keys().copied().collect();
        let award = pick(&open, draft.which).unwrap_or(AwardId(draft.detail.into()));
        let committee = self.reference.committee.map_or(anybody, |account| Origin::Account(AccountId(account as u32)));
        let milestone = u32::from(draft.amount % 5);
        (if draft.detail >> 4 & 7 == 0 { anybody } else { committee }, Attest { award, milestone, pad: 0 }.into())
    }

    /// Something for an order, of which there often is one.
    fn bring(&self, draft: &Draft, anybody: Origin) -> (Origin, Command) {
        let open: Vec<OrderId> = self.reference.orders.keys().copied().collect();
        let order = pick(&open, draft.which).unwrap_or(OrderId(draft.detail.into()));
        let row = self.reference.orders.get(&order);
        let custodian = row.map_or(anybody, |order| Origin::Account(AccountId(order.custodian as u32)));
        let most = row.map_or(1, |order| order.most);
        let amount = [most, most / 2, 1, 0, most.saturating_add(1), u64::MAX][usize::from(draft.amount % 6)];
        let last = u32::from(draft.detail >> 7 & 3 == 0);
        let origin = if draft.detail >> 4 & 7 == 0 { anybody } else { custodian };
        (origin, TreasuryDeposit { order, amount, last, pad: 0 }.into())
    }

    /// A vote, mostly a yes, on something that mostly is voted on.
    fn vote(&self, draft: &Draft) -> Vote {
        let open: Vec<ProposalId> = self.reference.proposals.keys().copied().collect();
        let open = if draft.detail >> 12 & 7 == 0 { Vec::new() } else { open };
        let proposal = pick(&open, draft.which).unwrap_or(ProposalId(draft.detail.into()));
        Vote { proposal, choice: [0, 0, 0, 0, 1, 2, 3, 3, 4][usize::from(draft.amount % 9)], pad: 0 }
    }

    /// Other parameters: those that mean something to a running market, or any at all.
    fn change(&self, draft: &Draft) -> ProposeChange {
        const SETS: &[&[(&str, u64)]] = &[
            &[("bond.per_gpu", 1), ("fee.rate", 0), ("bond.unbonding", YEAR), ("settle.holdback_period", YEAR)],
            &[("bond.per_gpu", 2_000 * XPL), ("bond.unbonding", HOUR), ("settle.holdback_period", HOUR)],
            &[("bond.per_gpu", 100_000 * XPL)],
            &[("fee.burn", 0), ("fee.treasury", ONE), ("fee.stakers", 0)],
            &[("fee.control", 1), ("fee.base", 3)],
            &[("fee.burn", 1)],
            &[("governance.max_open", 9), ("governance.quorum", 0), ("governance.timelock", 0)],
            &[("vesting.may_vote", 1), ("vesting.may_stake", 1), ("vesting.may_earn", 1)],
            &[("vesting.may_vote", 0), ("vesting.interval", HOUR), ("vesting.may_stake", 0), ("vesting.may_earn", 0)],
            &[("emission.floor", 40_000_000), ("fee.base", 7)],
            &[("emission.rate", 35_000_000), ("fee.control", 2)],
            &[("treasury.policy", 7), ("treasury.budget", 7), ("treasury.bought", 1), ("treasury.liquidity_budget", 2)],
            &[("oracle.window", 2), ("oracle.lag", 1), ("oracle.quorum", 1), ("oracle.max_step", ONE)],
            &[("market.mechanism", 1)],
            &[("fee.rate", ONE + 1)],
            &[("market.retries", 0), ("jail.after", 1), ("verification.rate", ONE), ("market.ask_ttl", MINUTE)],
        ];
        let mut change = to(&[]);
        match draft.which % 20 {
            i @ 0..16 => change = to(SETS[usize::from(i)]),
            16 => {}
            _ => {
                let param = draft.detail >> 8 & 127;
                let spec = TABLE.get(param as usize);
                let (min, max) = spec.map_or((0, 0), |spec| (spec.min, spec.max));
                change.params[2] = param;
                change.values[2] = [min, max, min / 2 + max / 2, max.wrapping_add(1)][usize::from(draft.amount % 4)];
            }
        }
        for (param, value) in change.params.iter().zip(&mut change.values) {
            *value = self.calm(*param, *value);
        }
        change
    }

    /// Other weights of classes, sometimes of one twice, of one that is not there, of none, or too large.
    fn weigh(&self, draft: &Draft) -> ProposeWeights {
        const CHOICES: [[u32; 4]; 8] = [
            [0, NO_CLASS, NO_CLASS, NO_CLASS],
            [NO_CLASS, 0, NO_CLASS, 0],
            [0, NO_CLASS, 1, NO_CLASS],
            [NO_CLASS, NO_CLASS, NO_CLASS, 1],
            [2, 1, 0, 1],
            [0, NO_CLASS, NO_CLASS, NO_CLASS],
            [NO_CLASS; 4],
            [0, 3, NO_CLASS, 300],
        ];
        let weight = |i: u8| [2 * ONE, ONE, ONE / 3, 0, 1, 1_000 * ONE, 1_000 * ONE + 1][usize::from(draft.amount / 16 + i) % 7];
        ProposeWeights { weights: [0, 1, 2, 3].map(weight), classes: CHOICES[usize::from(draft.which % 8)] }
    }

    /// Where epochs are long, what comes round by itself does not come so often that nothing else happens.
    fn calm(&self, param: u32, value: u64) -> u64 {
        let rounds = [("market.batch", 7 * DAY), ("vesting.interval", 30 * DAY)];
        let slow = rounds.into_iter().find(|(key, _)| Params::position(key) == Some(param));
        let long = self.reference.rules.epoch_length() > DAY;
        slow.filter(|_| long).map_or(value, |(_, least)| value.max(least))
    }

    /// Something of the treasury, the fund or the offices.
    fn request(&self, draft: &Draft) -> Command {
        let to = AccountId(u32::from(draft.amount >> 4) % 9);
        let balances = &self.reference.balances;
        let part = |fund: u128| u64::try_from(fund).unwrap_or(u64::MAX);
        let choices =
            |fund: u128| [part(fund / 2), part(fund / 9), 100, 1, 0, part(fund), u64::MAX][usize::from(draft.amount % 7)];
        let (amount, now) = (choices(balances.treasury), self.at);
        match draft.which % 8 {
            0 => ProposeSpend { amount, to, pad: 0 }.into(),
            1..=2 => {
                let back = now - 31 * 24 * HOUR + 10 * MINUTE;
                let schedules = [
                    Schedule::monthly(back, back, 3),
                    Schedule { start: now, cliff: now + HOUR, end: now + 9 * HOUR, months: 0 },
                    Schedule { start: now - HOUR, cliff: now - HOUR, end: now + 2 * HOUR, months: 0 },
                    Schedule { start: now, cliff: now - 1, end: now + 2 * HOUR, months: 0 },
                    Schedule { start: now, cliff: now, end: now + 1, months: 3 },
                ];
                let Schedule { start, cliff, end, months } = schedules[(draft.detail >> 8) as usize % 5];
                ProposeGrant { amount, start, cliff, end, months, to }.into()
            }
            3..=4 => {
                let spans = [6 * HOUR, 6 * HOUR, 3 * HOUR, 30 * MINUTE, 30 * MINUTE, YEAR, 0, 11 * YEAR];
                let expires = now + spans[(draft.detail >> 16 & 7) as usize];
                let milestones = [3, 3, 1, 2, 2, 32, 0, 33][(draft.detail >> 19 & 7) as usize];
                ProposeAward { amount: choices(balances.builders / 3), expires, to, milestones }.into()
            }
            5 => {
                let account = if draft.amount & 1 == 0 { to } else { AccountId((draft.detail >> 8) % 2) };
                ProposeAppointment { account, office: u32::from(draft.amount >> 1) % 4 }.into()
            }
            6 => ProposeAppointment { account: AccountId::NONE, office: (draft.detail >> 8) % 3 }.into(),
            _ => ProposeReport { digest: [draft.amount; 32] }.into(),
        }
    }
}
