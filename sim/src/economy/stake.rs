//! Delegators, voters and proposals by number: what never changes about them.

use super::{BuildError, Economy, class_id, genesis, rounding};
use crate::scenario::Scenario;
use crate::scenario::model::stake::{Electorate, Request, Settings, Somebody, VoterGroup};
use crate::scenario::model::{Holder, position};
use crate::scenario::protocol::setting;
use crate::scenario::quantity::{Id, Ratio, Xpl};
use crate::streams::{Purpose, Streams, stream_id};
use plasma_core::ids::AccountId;
use plasma_core::params::TABLE;
use plasma_core::protocol::governance::action::{
    Action, NO_PARAM, ProposeAward, ProposeChange, ProposeGrant, ProposeReport, ProposeSpend,
};
use plasma_core::protocol::weights::{NO_CLASS, ProposeWeights};
use plasma_core::time::{Span, Time, YEAR};
use std::collections::BTreeMap;

/// Who has stake with others, and by what terms.
#[derive(Debug, Default)]
pub struct Savers {
    /// Groups, in the order of the file.
    pub groups: Vec<Terms>,
    /// Accounts, group by group.
    pub members: Vec<Saver>,
}

/// The terms of a group of delegators.
#[derive(Debug)]
pub struct Terms {
    /// The group's id.
    pub name: String,
    /// Yearly yield elsewhere, as a fraction.
    pub outside: f64,
    /// Excess of the yield over that which raises the staked share from 50 to 73 % of the most.
    pub slope: f64,
    /// Largest share of holdings that is staked.
    pub most: f64,
    /// Share of the gap between what is staked and what should be that is closed at a look.
    pub step: f64,
    /// Time between two looks.
    pub interval: Span,
    /// Providers compared at a look.
    pub compares: u32,
    /// Difference of yearly yields for which stake moves.
    pub switching: f64,
    /// Share of rewards that is sold.
    pub sells: f64,
}

/// A delegator.
#[derive(Debug)]
pub struct Saver {
    /// Its account.
    pub account: AccountId,
    /// Its stream.
    pub stream: u64,
    /// Its group: a position in [`Savers::groups`].
    pub group: u16,
    /// A number in (0, 1) that spreads its looks over their interval.
    pub jitter: f64,
}

/// Who votes, and by what terms.
#[derive(Debug, Default)]
pub struct Voters {
    /// Groups, in the order of the file.
    pub groups: Vec<Turnout>,
    /// Accounts, group by group.
    pub members: Vec<Voter>,
}

/// When the voters of a group take the trouble.
#[derive(Debug)]
pub struct Turnout {
    /// Micro-USD at stake for which half of them vote.
    pub cost: f64,
    /// Micro-USD more for which 73 % vote.
    pub slope: f64,
    /// Years over which they count what would change.
    pub years: f64,
}

/// A voter.
#[derive(Debug)]
pub struct Voter {
    /// Its account.
    pub account: AccountId,
    /// Its stream.
    pub stream: u64,
    /// Its group: a position in [`Voters::groups`].
    pub group: u16,
    /// The provider that it is, by number.
    pub lender: Option<u32>,
}

/// Something that will be proposed.
#[derive(Debug)]
pub struct Motion {
    /// When.
    pub at: Time,
    /// By whom.
    pub by: AccountId,
    /// What.
    pub action: Action,
}

impl Terms {
    /// Share of what they hold that they want to have at stake at a yearly yield.
    pub fn staked(&self, net: f64) -> f64 {
        self.most * logistic((net - self.outside) / self.slope)
    }
}

impl Turnout {
    /// Share of those who vote when so many micro-USD are at stake.
    pub fn at(&self, change: f64) -> f64 {
        logistic((change.abs() - self.cost) / self.slope)
    }
}

/// 1 ÷ (1 + e^−x).
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// The delegators of a scenario, with accounts from `next` on.
pub(super) fn savers(scenario: &Scenario, next: &mut u32, replicate: u64) -> Savers {
    let streams = Streams::new(scenario.seed, replicate, Purpose::Delegator);
    let counts: Vec<u64> = scenario.delegator.iter().map(|group| group.accounts).collect();
    let mut savers = Savers::default();
    for (i, (group, count)) in scenario.delegator.iter().zip(rounding::scaled(scenario.scale, &counts)).enumerate() {
        let years = group.interval.0 as f64 / YEAR as f64;
        savers.groups.push(Terms {
            name: group.id.as_str().into(),
            outside: group.outside.fraction(),
            slope: group.slope.fraction(),
            most: group.most.fraction(),
            step: -libm::expm1(-group.speed.get() * years),
            interval: group.interval.0,
            compares: group.compares,
            switching: group.switching.fraction(),
            sells: group.sells.fraction(),
        });
        for number in 0..count {
            let stream = stream_id(group.id.as_str(), number as u32);
            let jitter = streams.draw(stream, 0).uniform();
            savers.members.push(Saver { account: AccountId(*next), stream, group: i as u16, jitter });
            *next = next.saturating_add(1);
        }
    }
    savers
}

/// The voters of a scenario.
pub(super) fn voters(scenario: &Scenario, economy: &Economy) -> Voters {
    let mut voters = Voters::default();
    for (i, section) in scenario.voter.iter().enumerate() {
        voters.groups.push(Turnout {
            cost: section.cost.0 as f64,
            slope: section.slope.0 as f64,
            years: section.horizon.0 as f64 / YEAR as f64,
        });
        let members = electorate(scenario, economy, section);
        voters.members.extend(members.map(|(account, stream, lender)| Voter { account, stream, group: i as u16, lender }));
    }
    voters
}

/// Accounts and streams of those whom a section names, and the providers that they are.
fn electorate<'a>(
    scenario: &'a Scenario,
    economy: &'a Economy,
    section: &'a VoterGroup,
) -> Box<dyn Iterator<Item = (AccountId, u64, Option<u32>)> + 'a> {
    let named = |name: &str| section.groups.is_empty() || section.groups.iter().any(|id| id.as_str() == name);
    match section.who {
        Electorate::Providers => {
            let lenders = economy
                .lenders
                .iter()
                .enumerate()
                .filter(move |(_, lender)| named(&economy.lender_groups[usize::from(lender.group)]));
            Box::new(lenders.map(|(i, lender)| (economy.account_of(i), lender.stream, Some(i as u32))))
        }
        Electorate::Delegators => {
            let savers = &economy.savers;
            let members = savers.members.iter().filter(move |saver| named(&savers.groups[usize::from(saver.group)].name));
            Box::new(members.map(|saver| (saver.account, saver.stream, None)))
        }
        Electorate::Holders => {
            let parts = genesis::immobile(scenario).enumerate().filter(|(_, part)| part.holder == Holder::Holders);
            let parts = parts.filter(move |(_, part)| named(part.id.as_str()));
            Box::new(parts.map(|(i, part)| (AccountId(i as u32), stream_id(part.id.as_str(), 0), None)))
        }
    }
}

/// What will be proposed, in the order of the file.
///
/// # Errors
/// [`BuildError::Beyond`] when somebody is not played at this scale, or an amount exceeds what a command can carry.
pub(super) fn motions(scenario: &Scenario, economy: &Economy) -> Result<Vec<Motion>, BuildError> {
    let motion = |section: &crate::scenario::model::ProposalSection| {
        let at = scenario.start.0.saturating_add(section.at.0);
        let action = match &section.what {
            Request::Change(settings) => Action::Change(change(scenario, settings)),
            Request::Weights(weights) => Action::Weigh(weigh(scenario, weights)),
            Request::Spend(spend) => {
                let (amount, to) = (amount(scenario, spend.amount)?, first_of(scenario, economy, &spend.to)?);
                Action::Spend(ProposeSpend { amount, to, pad: 0 })
            }
            Request::Grant(grant) => {
                let (amount, to) = (amount(scenario, grant.amount)?, first_of(scenario, economy, &grant.to)?);
                let schedule = grant.vesting.schedule(at);
                let (start, cliff, end, months) = (schedule.start, schedule.cliff, schedule.end, schedule.months);
                Action::Grant(ProposeGrant { amount, start, cliff, end, months, to })
            }
            Request::Award(award) => {
                let (amount, to) = (amount(scenario, award.amount)?, first_of(scenario, economy, &award.to)?);
                let expires = at.saturating_add(award.lasts.0);
                Action::Award(ProposeAward { amount, expires, to, milestones: award.milestones })
            }
            Request::Report(text) => Action::Report(ProposeReport { digest: *blake3::hash(text.as_bytes()).as_bytes() }),
        };
        Ok(Motion { at, by: first_of(scenario, economy, &section.by)?, action })
    };
    scenario.proposal.iter().map(motion).collect()
}

/// Other values of parameters, as they are played at this scale.
pub(super) fn change(scenario: &Scenario, settings: &Settings) -> ProposeChange {
    let mut change = ProposeChange { params: [NO_PARAM; 4], ..ProposeChange::default() };
    let named = settings.iter().flat_map(|(section, entries)| entries.iter().map(move |(name, value)| (section, name, value)));
    for (i, (section, name, value)) in named.take(change.params.len()).enumerate() {
        let key = format!("{section}.{name}");
        let Ok((position, value)) = setting(&key, &value.0) else { continue };
        let scaled = genesis::is_of_the_whole(&TABLE[position as usize]);
        (change.params[i], change.values[i]) = (position, if scaled { scenario.scale.of(value) } else { value });
    }
    change
}

/// Other weights of classes.
fn weigh(scenario: &Scenario, weights: &BTreeMap<Id, Ratio>) -> ProposeWeights {
    let mut proposed = ProposeWeights { classes: [NO_CLASS; 4], ..ProposeWeights::default() };
    for (i, (class, weight)) in weights.iter().take(proposed.classes.len()).enumerate() {
        (proposed.classes[i], proposed.weights[i]) = (class_id(scenario, class).0.into(), weight.0);
    }
    proposed
}

fn amount(scenario: &Scenario, amount: Xpl) -> Result<u64, BuildError> {
    let scaled = scenario.scale.of_wide(amount.0).and_then(|amount| u64::try_from(amount).ok());
    scaled.ok_or_else(|| BuildError::Beyond(format!("{amount} is more than one command can carry")))
}

fn first_of(scenario: &Scenario, economy: &Economy, who: &Somebody) -> Result<AccountId, BuildError> {
    let lender = |id: &Id| {
        let group = economy.lender_groups.iter().position(|name| name == id.as_str())?;
        economy.lenders.iter().position(|lender| usize::from(lender.group) == group).map(|lender| economy.account_of(lender))
    };
    let saver = |id: &Id| {
        let group = position(&scenario.delegator, id)?;
        economy.savers.members.iter().find(|saver| usize::from(saver.group) == group).map(|saver| saver.account)
    };
    let (found, id) = match who {
        Somebody::Provider(id) => (lender(id), id),
        Somebody::Delegator(id) => (saver(id), id),
        Somebody::Customer(id) => {
            (economy.patrons.iter().find(|group| group.name == id.as_str()).map(|group| group.members.first), id)
        }
        Somebody::Holder(id) => (genesis::immobile(scenario).position(|part| part.id == *id).map(|i| AccountId(i as u32)), id),
    };
    found.ok_or_else(|| BuildError::Beyond(format!("nobody of `{id}` is played at scale {}", scenario.scale)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_stakes_at_the_outside_yield_and_votes_at_its_cost() {
        let terms = Terms {
            name: String::new(),
            outside: 0.05,
            slope: 0.02,
            most: 0.8,
            step: 0.1,
            interval: 1,
            compares: 1,
            switching: 0.0,
            sells: 0.0,
        };
        assert!((terms.staked(0.05) - 0.4).abs() < 1e-12);
        assert!((terms.staked(0.07) - 0.8 * 0.731_058_578_630_004_9).abs() < 1e-12);
        assert!(terms.staked(-9.0) < 1e-9 && terms.staked(9.0) > 0.8 - 1e-9);
        let turnout = Turnout { cost: 10.0, slope: 5.0, years: 1.0 };
        assert!((turnout.at(-10.0) - 0.5).abs() < 1e-12);
        assert!((turnout.at(15.0) - 0.731_058_578_630_004_9).abs() < 1e-12);
    }
}
