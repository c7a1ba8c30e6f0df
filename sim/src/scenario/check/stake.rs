//! Delegators, voters and proposals.

use std::collections::BTreeMap;

use plasma_core::params::emission_weight;
use plasma_core::protocol::weights;
use plasma_core::time::{HOUR, MINUTE};

use super::Findings;
use crate::scenario::model::shock::Shock;
use crate::scenario::model::stake::{DelegatorGroup, Electorate, Request, Settings, Somebody, VoterGroup};
use crate::scenario::model::{Holder, Named, ProposalSection, Scenario, ShockSection};
use crate::scenario::protocol::setting;
use crate::scenario::quantity::{Id, Ratio};

/// Parameters, or weights of classes, that one proposal can change.
const MOST_CHANGES: usize = 4;
/// Providers that one look can compare: one index of a stream holds no more draws.
const MOST_COMPARED: u32 = 24;

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    scenario.delegator.iter().for_each(|group| delegators(scenario, group, findings));
    let part = scenario.allocation.iter().find(|part| part.holder == Holder::Delegators);
    if let Some(part) = part.filter(|_| scenario.delegator.is_empty()) {
        findings.add(format!("allocation.{}.holder", part.id), "there is no group of delegators to share it");
    }
    scenario.voter.iter().for_each(|group| voters(scenario, group, findings));
    everybody_once(scenario, findings);
    scenario.proposal.iter().for_each(|proposal| check_proposal(scenario, proposal, findings));
}

fn delegators(scenario: &Scenario, group: &DelegatorGroup, findings: &mut Findings) {
    let path = |key: &str| format!("delegator.{}.{key}", group.id);
    findings.require(scenario.params.stake_delegation() == 1, path("id"), || {
        "nobody can delegate: stake.delegation is \"off\"".into()
    });
    findings.count(scenario, group.accounts, path("accounts"));
    findings.require(group.accounts > 0, path("accounts"), || "expected at least 1".into());
    for (key, share) in [("most", group.most), ("sells", group.sells)] {
        findings.require(share <= Ratio::ONE, path(key), || "a share is at most 100%".into());
    }
    findings.require(group.slope.0 > 0, path("slope"), || "expected more than 0%".into());
    findings.require(group.interval.0 >= HOUR, path("interval"), || "expected at least 1h".into());
    findings.require((1..=MOST_COMPARED).contains(&group.compares), path("compares"), || {
        format!("expected between 1 and {MOST_COMPARED}")
    });
}

fn voters(scenario: &Scenario, group: &VoterGroup, findings: &mut Findings) {
    let path = |key: &str| format!("voter.{}.{key}", group.id);
    for id in &group.groups {
        match group.who {
            Electorate::Providers => drop(findings.refer(&scenario.provider, "group of providers", id, path("groups"))),
            Electorate::Delegators => drop(findings.refer(&scenario.delegator, "group of delegators", id, path("groups"))),
            Electorate::Holders => holder(scenario, id, path("groups"), findings),
        }
    }
    findings.require(group.slope.0 > 0, path("slope"), || "expected more than 0 USD".into());
    findings.require(group.horizon.0 >= MINUTE, path("horizon"), || "expected at least 1min".into());
}

/// Nobody votes twice.
fn everybody_once(scenario: &Scenario, findings: &mut Findings) {
    for (i, group) in scenario.voter.iter().enumerate() {
        let meets = |other: &&VoterGroup| {
            let common = group.groups.iter().any(|id| other.groups.contains(id));
            other.who == group.who && (common || other.groups.is_empty() || group.groups.is_empty())
        };
        if let Some(other) = scenario.voter[..i].iter().find(meets) {
            let key = format!("voter.{}.groups", group.id);
            findings.add(key, format!("some of them are in `{}` already: an account votes once", other.id));
        }
    }
}

fn holder(scenario: &Scenario, id: &Id, key: String, findings: &mut Findings) {
    if let Some(part) = findings.refer(&scenario.allocation, "allocation", id, key.clone()) {
        findings.require(part.holder == Holder::Holders, key, || format!("`{id}` is not held by `holders`"));
    }
}

fn somebody(scenario: &Scenario, who: &Somebody, key: String, findings: &mut Findings) {
    match who {
        Somebody::Provider(id) => drop(findings.refer(&scenario.provider, "group of providers", id, key)),
        Somebody::Delegator(id) => drop(findings.refer(&scenario.delegator, "group of delegators", id, key)),
        Somebody::Customer(id) => drop(findings.refer(&scenario.demand, "group of customers", id, key)),
        Somebody::Holder(id) => holder(scenario, id, key, findings),
    }
}

fn check_proposal(scenario: &Scenario, proposal: &ProposalSection, findings: &mut Findings) {
    let path = |key: &str| format!("proposal.{}.{key}", proposal.id());
    findings.require(scenario.params.governance_max_open() > 0, path("id"), || {
        "nobody can propose anything: governance.max_open is 0".into()
    });
    somebody(scenario, &proposal.by, path("by"), findings);
    match &proposal.what {
        Request::Change(settings) => {
            changes(settings, &path("what.change"), findings);
            together(scenario, settings, true, path("what.change"), findings);
        }
        Request::Weights(weights) => check_weights(scenario, weights, &path("what.weights"), findings),
        Request::Spend(spend) => {
            somebody(scenario, &spend.to, path("what.spend.to"), findings);
            findings.require(spend.amount.0 > 0, path("what.spend.amount"), || "expected more than nothing".into());
        }
        Request::Grant(grant) => {
            somebody(scenario, &grant.to, path("what.grant.to"), findings);
            findings.require(grant.amount.0 > 0, path("what.grant.amount"), || "expected more than nothing".into());
            let from = scenario.start.0.saturating_add(proposal.at.0);
            let sound = grant.vesting.schedule(from).is_sound();
            findings.require(sound, path("what.grant.vesting"), || "start, cliff and end must follow one another".into());
        }
        Request::Award(award) => {
            somebody(scenario, &award.to, path("what.award.to"), findings);
            findings.require(award.amount.0 > 0, path("what.award.amount"), || "expected more than nothing".into());
            findings.require((1..=32).contains(&award.milestones), path("what.award.milestones"), || {
                "expected between 1 and 32".into()
            });
            findings.require(award.lasts.0 > 0, path("what.award.lasts"), || "a time must be above 0".into());
        }
        Request::Report(_) => {}
    }
}

/// Weights of classes that there are, each of a legal size.
fn check_weights(scenario: &Scenario, weights: &BTreeMap<Id, Ratio>, key: &str, findings: &mut Findings) {
    let count = weights.len();
    findings
        .require((1..=MOST_CHANGES).contains(&count), key, || format!("expected one to {MOST_CHANGES} classes, found {count}"));
    for (id, weight) in weights {
        let key = format!("{key}.{id}");
        findings.refer(&scenario.class, "class", id, key.as_str());
        findings.require(weight.0 <= weights::MAX, key, || format!("a class's weight is at most {}", Ratio(weights::MAX)));
    }
    findings.require(scenario.params.emission_weight() == emission_weight::WORK, key, || {
        "weights of classes count for nothing unless emission.weight is \"work\"".into()
    });
}

/// Whether the protocol can enact them: with the parameters of the start, which they meet where no other proposal or shock
/// changes any. A shock without a time is not `planned`: it is asked what would be if it had one.
pub(super) fn together(scenario: &Scenario, settings: &Settings, planned: bool, key: String, findings: &mut Findings) {
    let proposed = scenario.proposal.iter().filter(|proposal| matches!(proposal.what, Request::Change(_))).count();
    let decreed = |shock: &&ShockSection| shock.at.is_some() && matches!(shock.what, Shock::Change(_));
    let changes = proposed + scenario.shock.iter().filter(decreed).count() + usize::from(!planned);
    let mut params = scenario.params.clone();
    let entries = settings.iter().flat_map(|(section, entries)| entries.iter().map(move |entry| (section, entry)));
    for (section, (name, value)) in entries {
        let key = format!("{section}.{name}");
        // What is illegal alone was said.
        let Ok((_, value)) = setting(&key, &value.0) else { return };
        let Ok(()) = params.set(&key, value) else { return };
    }
    if let Err(error) = params.check()
        && changes == 1
        && scenario.params.check().is_ok()
    {
        findings.add(key, format!("the protocol would refuse it: {error}"));
    }
}

/// Other values of parameters that a proposal or a decree can change, each legal alone.
pub(super) fn changes(settings: &Settings, key: &str, findings: &mut Findings) {
    let count = settings.values().map(std::collections::BTreeMap::len).sum::<usize>();
    findings.require((1..=MOST_CHANGES).contains(&count), key, || {
        format!("expected one to {MOST_CHANGES} parameters, found {count}")
    });
    for (section, entries) in settings {
        for (name, value) in entries {
            if let Err(message) = setting(&format!("{section}.{name}"), &value.0) {
                findings.add(format!("{key}.{section}.{name}"), message);
            }
        }
    }
}
