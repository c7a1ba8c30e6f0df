//! What a proposal is to a voter: the change of its own income, predicted by one step.
//!
//! Volumes, shares, stakes and prices stay as they are; only the rules differ. A year of a voter is then
//!
//! > its part of the capacity × (payments × (1 − fee) + emission × providers' part)
//! > + its part of all stake × (emission × stakers' part + fees × stakers' share)
//! > − what slashes took of it lately, in proportion to `slash.wrong`
//! > − its holdings × (emission − burnt fees) ÷ circulating supply
//!
//! where the last line is dilution. What leaves the treasury or the builders' fund goes to whom it goes to, and dilutes everybody
//! as it begins to circulate. A report changes nothing, nor does another holder of an office. An award also changes payments, by what
//! its builder says that milestones bring: all of them, from the start, customers who pay like all others.
//!
//! Other weights of classes move emission for work between those who work, where it is shared by work: a GPU's part of it is then
//!
//! > its class's weight ÷ Σ weights of all GPUs on offer
//!
//! and what it gains or loses by that is what the proposal is to its provider; to who only stakes or holds it is nothing.

use super::super::Agents;
use crate::economy::stake::Voter;
use plasma_core::engine::state::State;
use plasma_core::formula::schedule;
use plasma_core::ids::{AccountId, ClassId};
use plasma_core::money::{ONE, XPL};
use plasma_core::params::{Params, TABLE, emission_weight};
use plasma_core::protocol::emission;
use plasma_core::protocol::governance::action::Action;
use plasma_core::protocol::weights::ProposeWeights;
use plasma_core::time::{Time, YEAR};

/// What a year brings under some rules, in nano-XPL.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Rules {
    /// To all who work.
    work: f64,
    /// Of that, what is emitted.
    emitted: f64,
    /// To all who stake.
    stake: f64,
    /// Issued, less burned.
    net: f64,
    /// Rate of a slash for a wrong result.
    slash: f64,
}

/// What a proposal would change, as everybody can see it.
#[derive(Clone, Debug)]
pub(in super::super) struct Outlook {
    now: Rules,
    then: Rules,
    /// Nano-XPL that begin to circulate, and to whom they go.
    gift: Option<(f64, AccountId)>,
    /// Nano-XPL of emission that other weights bring a GPU on offer in a year, by class; empty when they stay.
    reweighed: Vec<f64>,
    /// Micro-USD per nano-XPL.
    price: f64,
    circulating: f64,
    /// Micro-USD that all GPUs on offer would earn elsewhere in an hour: the measure of capacity.
    capacity: f64,
    /// Nano-XPL at stake with providers that earn by it.
    staked: f64,
}

/// What a voter has in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Part {
    /// Of the capacity.
    capacity: f64,
    /// GPUs on offer.
    gpus: f64,
    /// Their class.
    class: ClassId,
    /// Nano-XPL at stake that earn for it.
    stake: f64,
    /// Nano-XPL that slashes take from it in a year.
    lost: f64,
    /// Nano-XPL that it holds.
    holdings: f64,
}

impl Rules {
    fn of(view: &State, params: &Params, paid: f64) -> Self {
        let share = |ratio: u64| ratio as f64 / ONE as f64;
        let (from, to) = (view.clock.epoch_started, view.clock.epoch_ends);
        let seen = emission::seen(view, from, to);
        let minted = schedule::mint(params.emission_schedule(), params, &seen, view.minter.memory).0;
        let yearly = minted.min(view.ledger.unissued) as f64 * YEAR as f64 / (to - from).max(1) as f64;
        let fees = paid * share(params.fee_rate());
        let emitted = yearly * share(params.emission_providers());
        Self {
            work: paid - fees + emitted,
            emitted,
            stake: yearly * share(params.emission_stakers()) + fees * share(params.fee_stakers()),
            net: yearly - fees * share(params.fee_burn()),
            slash: share(params.slash_wrong()),
        }
    }
}

impl Outlook {
    /// Nano-XPL that the proposal brings to somebody with such a part, over so many years.
    fn change(&self, part: &Part, account: AccountId, years: f64) -> f64 {
        let of = |part: f64, all: f64| if all > 0.0 { part / all } else { 0.0 };
        let (now, then) = (&self.now, &self.then);
        let slash = if now.slash > 0.0 { then.slash / now.slash - 1.0 } else { 0.0 };
        let flow = of(part.capacity, self.capacity) * (then.work - now.work)
            + of(part.stake, self.staked) * (then.stake - now.stake)
            + part.gpus * self.reweighed.get(part.class.index()).copied().unwrap_or(0.0)
            - part.lost * slash
            - of(part.holdings, self.circulating) * (then.net - now.net);
        let gift = self.gift.map_or(0.0, |(amount, to)| {
            let own = if to == account { amount } else { 0.0 };
            own - of(part.holdings, self.circulating) * amount
        });
        years * flow + gift
    }
}

impl Agents {
    /// What an action would change.
    pub(in super::super) fn outlook(&self, view: &State, action: &Action) -> Outlook {
        let paid = self.rows.yields.paid;
        let now = Rules::of(view, view.params, paid);
        let (mut then, mut gift, mut reweighed) = (now, None, Vec::new());
        match action {
            Action::Change(change) => {
                let mut params = view.params.clone();
                for (position, value) in change.named() {
                    // A value out of range would have been refused.
                    let _ = TABLE.get(position as usize).map(|spec| params.set(spec.key, value));
                }
                then = Rules::of(view, &params, paid);
            }
            Action::Weigh(proposed) => reweighed = self.reweighed(view, proposed, now.emitted),
            Action::Spend(spend) => gift = Some((spend.amount as f64, spend.to)),
            Action::Grant(grant) => gift = Some((grant.amount as f64, grant.to)),
            Action::Award(award) => {
                let milestones = f64::from(award.milestones);
                gift = Some((award.amount as f64 * milestones, award.to));
                then = Rules::of(view, view.params, paid * (1.0 + milestones * self.promised(award.to)));
            }
            Action::Appoint(_) | Action::Report(_) => {}
        }
        let lenders = (0..self.economy.lenders.len()).map(|lender| self.capacity(lender));
        Outlook {
            now,
            then,
            gift,
            reweighed,
            price: self.market_price(view) as f64 / XPL as f64,
            circulating: view.ledger.circulating() as f64,
            capacity: lenders.sum(),
            staked: emission::staked(view).map(|(_, stake)| stake as f64).sum(),
        }
    }

    /// Candidates that each milestone of a builder is to bring, as a share of all who have come so far; nothing where it is no builder.
    fn promised(&self, account: AccountId) -> f64 {
        let Some(builder) = self.builder_of(account) else { return 0.0 };
        let came = |group: usize| self.tally.candidates[group] as f64;
        let all: f64 = (0..self.tally.candidates.len()).map(came).sum();
        let brought = self.economy.builders[builder].brings.iter().map(|terms| came(terms.group) * terms.share);
        if all > 0.0 { brought.sum::<f64>() / all } else { 0.0 }
    }

    /// What a GPU on offer gains in a year when other weights share out so many nano-XPL of emission, by class.
    fn reweighed(&self, view: &State, proposed: &ProposeWeights, emitted: f64) -> Vec<f64> {
        if view.params.emission_weight() != emission_weight::WORK {
            return Vec::new();
        }
        let mut gpus = vec![0.0; view.weights.0.len()];
        for (lender, who) in self.economy.lenders.iter().enumerate() {
            gpus[who.class.index()] += self.on_offer(lender);
        }
        let before: Vec<f64> = view.weights.0.iter().map(|&weight| weight as f64).collect();
        let mut after = before.clone();
        for (class, weight) in proposed.named() {
            // A class that there is not would have been refused.
            after.get_mut(class as usize).into_iter().for_each(|known| *known = weight as f64);
        }
        gained(&gpus, &before, &after, emitted)
    }

    /// Micro-USD that a proposal brings to a voter over its horizon; below zero, what it takes.
    pub(in super::super) fn interest(&self, view: &State, now: Time, voter: &Voter, outlook: &Outlook) -> f64 {
        let part = self.part(view, now, voter);
        let years = self.economy.voters.groups[usize::from(voter.group)].years;
        outlook.change(&part, voter.account, years) * outlook.price
    }

    /// Micro-USD that a provider's GPUs on offer would earn elsewhere in an hour.
    fn capacity(&self, lender: usize) -> f64 {
        self.on_offer(lender) * self.economy.rentals[self.economy.lenders[lender].class.index()]
    }

    /// A provider's GPUs on offer.
    fn on_offer(&self, lender: usize) -> f64 {
        use super::super::provider::Phase;
        let offers = matches!(self.rows.lenders[lender].phase, Phase::Online | Phase::Resting | Phase::Dark);
        if offers { f64::from(self.economy.lenders[lender].gpus) } else { 0.0 }
    }

    fn part(&self, view: &State, now: Time, voter: &Voter) -> Part {
        let keeps = |pool: &plasma_core::protocol::staking::Pool| pool.commission as f64 / ONE as f64;
        let free = view.account(voter.account).map_or(0, |account| account.free) as f64;
        let (own, yields) = (view.stake(voter.account), &self.rows.yields);
        let mut part = Part { holdings: free + own.bonded as f64 + own.unvested as f64, ..Part::default() };
        if let Some(lender) = voter.lender {
            let provider = self.rows.lenders[lender as usize].provider;
            let pool = view.staking.pool(provider);
            part.capacity = self.capacity(lender as usize);
            part.gpus = self.on_offer(lender as usize);
            part.class = self.economy.lenders[lender as usize].class;
            part.stake = own.bonded as f64 + keeps(pool) * pool.stake.holds as f64;
            part.lost = yields.loss(provider, now) * own.bonded as f64;
        }
        let first = plasma_core::protocol::delegation::Delegator::from(voter.account);
        let delegations = view.staking.delegations.range((first, plasma_core::ids::ProviderId(0))..);
        for (&(whose, provider), _) in delegations.take_while(|((whose, _), _)| whose.account == voter.account) {
            let stake = view.staking.stake_of(whose, provider) as f64;
            part.stake += stake * (1.0 - keeps(view.staking.pool(provider)));
            part.lost += yields.loss(provider, now) * view.params.slash_delegators() as f64 / ONE as f64 * stake;
            part.holdings += stake;
        }
        part
    }
}

/// What one GPU of each class gains of so much emission when weights change, all GPUs working alike.
fn gained(gpus: &[f64], before: &[f64], after: &[f64], emitted: f64) -> Vec<f64> {
    let all = |weights: &[f64]| gpus.iter().zip(weights).map(|(gpus, weight)| gpus * weight).sum::<f64>();
    let (was, will) = (all(before), all(after));
    let part = |weight: f64, all: f64| if all > 0.0 { emitted * weight / all } else { 0.0 };
    before.iter().zip(after).map(|(&before, &after)| part(after, will) - part(before, was)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Rules = Rules { work: 1_000.0, emitted: 600.0, stake: 400.0, net: 300.0, slash: 0.5 };

    fn outlook(then: Rules, gift: Option<(f64, AccountId)>) -> Outlook {
        let reweighed = vec![0.0, 5.0];
        Outlook { now: NOW, then, gift, reweighed, price: 1.0, circulating: 10_000.0, capacity: 10.0, staked: 2_000.0 }
    }

    #[test]
    fn each_gains_by_its_part_and_pays_by_its_holdings() {
        let part = Part { capacity: 1.0, stake: 100.0, lost: 8.0, holdings: 500.0, ..Part::default() };
        let change = |then, gift, years| outlook(then, gift).change(&part, AccountId(3), years);
        // A tenth of the work, a twentieth of the stake, a twentieth of the supply.
        assert_eq!(change(Rules { work: 1_100.0, ..NOW }, None, 1.0), 10.0);
        assert_eq!(change(Rules { stake: 600.0, ..NOW }, None, 2.0), 20.0);
        assert_eq!(change(Rules { net: 500.0, ..NOW }, None, 1.0), -10.0);
        assert_eq!(change(Rules { slash: 0.25, ..NOW }, None, 1.0), 4.0);
        assert_eq!(change(NOW, Some((200.0, AccountId(4))), 9.0), -10.0);
        assert_eq!(change(NOW, Some((200.0, AccountId(3))), 9.0), 190.0);
        assert_eq!(change(NOW, None, 9.0), 0.0);
        let part = Part { gpus: 3.0, class: ClassId(1), ..Part::default() };
        assert_eq!(outlook(NOW, None).change(&part, AccountId(3), 2.0), 30.0);
    }

    /// Ten GPUs of weight 1 and ten of 4 share 100: 2 and 8 each. Alike, 5 each.
    #[test]
    fn other_weights_move_emission_and_make_none() {
        assert_eq!(gained(&[10.0, 10.0], &[1.0, 4.0], &[3.0, 3.0], 100.0), [3.0, -3.0]);
        let (gpus, after) = ([7.0, 2.0, 0.0], [0.5, 9.0, 1.0]);
        let gains = gained(&gpus, &[1.0, 4.0, 2.0], &after, 1_000.0);
        assert!(gpus.iter().zip(&gains).map(|(gpus, gain)| gpus * gain).sum::<f64>().abs() < 1e-9, "{gains:?}");
        assert_eq!(gained(&[0.0], &[1.0], &[2.0], 5.0), [0.0]);
        // All who weighed something weigh nothing: what they earned is lost to them.
        assert_eq!(gained(&[2.0], &[1.0], &[0.0], 6.0), [-3.0]);
    }
}
