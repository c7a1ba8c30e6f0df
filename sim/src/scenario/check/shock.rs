//! Shocks.

use super::{Findings, stake};
use crate::scenario::model::shock::Shock;
use crate::scenario::model::stake::Settings;
use crate::scenario::model::{Holder, Scenario, ShockSection, TokenMarket};
use crate::scenario::quantity::{Id, Setting, SignedRatio, SpanMs};
use crate::scenario::suggest;
use plasma_core::time::NEVER;
use std::collections::BTreeMap;

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    scenario.shock.iter().for_each(|shock| check_shock(scenario, shock, findings));
}

fn check_shock(scenario: &Scenario, shock: &ShockSection, findings: &mut Findings) {
    let path = |key: &str| format!("shock.{}.{key}", shock.id);
    findings.require(shock.lasts.is_none_or(|span| span.0 > 0), path("lasts"), || "a time must be above 0".into());
    let mut change = |change: SignedRatio, what: &str| {
        findings.require(change.fraction() > -1.0, path(&format!("what.{what}.change")), || "expected more than -100%".into());
    };
    match &shock.what {
        Shock::Demand(demand) => {
            // Nobody at all may come; a price of nothing is no price.
            if demand.change.fraction() != -1.0 {
                change(demand.change, "demand");
            }
            let groups = scenario.demand.iter().map(|group| &group.id).chain(scenario.trace.iter().map(|trace| &trace.id));
            named(&demand.groups, groups, "group of customers", &path("what.demand.groups"), findings);
        }
        Shock::Price(price) => {
            change(price.change, "price");
            pool_price(scenario, shock, findings);
        }
        Shock::Electricity(electricity) => {
            change(electricity.change, "electricity");
            let regions = scenario.region.iter().map(|region| &region.id);
            named(&electricity.regions, regions, "region", &path("what.electricity.regions"), findings);
        }
        Shock::Cloud(cloud) => change(cloud.change, "cloud"),
        Shock::Hardware(hardware) => change(hardware.change, "hardware"),
        Shock::Outage(outage) => {
            findings.refer(&scenario.region, "region", &outage.region, path("what.outage.region"));
        }
        Shock::Poaching(poaching) => {
            let groups = scenario.provider.iter().map(|group| &group.id).chain(scenario.trace.iter().map(|trace| &trace.id));
            named(&poaching.groups, groups, "group of providers", &path("what.poaching.groups"), findings);
        }
        Shock::OracleSilence => {}
        Shock::Change(settings) => {
            stake::changes(settings, &path("what.change"), findings);
            findings.require(
                !settings.keys().any(|section| section.as_str() == "governance"),
                path("what.change.governance"),
                || "how governance works is not a council's to change: have it voted on, by a `[[proposal]]`".into(),
            );
            stake::together(scenario, settings, shock.at.is_some(), path("what.change"), findings);
            apart(scenario, shock, settings, findings);
            let epoch = SpanMs(scenario.params.epoch_length());
            findings.require(shock.lasts.is_none_or(|span| span >= epoch), path("lasts"), || {
                format!("parameters change at the end of an epoch: expected at least {epoch}")
            });
        }
    }
}

/// What a shock takes back it takes back from whoever has changed the same meanwhile: of two, the one that began first must be the
/// one that ends last.
fn apart(scenario: &Scenario, shock: &ShockSection, settings: &Settings, findings: &mut Findings) {
    let times = |shock: &ShockSection| {
        let from = shock.at?.0;
        Some((from, shock.lasts.map_or(NEVER, |span| from.saturating_add(span.0))))
    };
    let Some((from, until)) = times(shock) else { return };
    for other in scenario.shock.iter().filter(|other| other.id != shock.id) {
        let (Shock::Change(others), Some((began, ends))) = (&other.what, times(other)) else { continue };
        let same = |(section, names): (&Id, &BTreeMap<Id, Setting>)| {
            others.get(section).is_some_and(|others| names.keys().any(|name| others.contains_key(name)))
        };
        if began <= from && from <= ends && ends <= until && ends != NEVER && settings.iter().any(same) {
            let message = format!("`{}` takes back what both change and does not outlast this: have it last longer", other.id);
            findings.add(format!("shock.{}.what.change", shock.id), message);
        }
    }
}

/// In a pool a price is moved by a trade: it needs a trader, and cannot be taken back.
fn pool_price(scenario: &Scenario, shock: &ShockSection, findings: &mut Findings) {
    if !matches!(scenario.token.market, TokenMarket::Amm(_)) || shock.at.is_none() {
        return;
    }
    let path = |key: &str| format!("shock.{}.{key}", shock.id);
    findings.require(shock.lasts.is_none(), path("lasts"), || {
        "a pool's price is moved by a trade, which nobody takes back: leave this out, or add a second shock".into()
    });
    let holders = scenario.allocation.iter().any(|part| part.holder == Holder::Holders);
    findings.require(holders, path("what.price"), || "no allocation has the holder `holders`, who would make the trade".into());
}

fn named<'a>(ids: &[Id], known: impl Iterator<Item = &'a Id> + Clone, what: &str, key: &str, findings: &mut Findings) {
    for id in ids.iter().filter(|id| !known.clone().any(|one| one == *id)) {
        findings.add_with_help(
            key,
            format!("there is no {what} `{id}`"),
            suggest::nearest(id.as_str(), known.clone().map(Id::as_str)),
        );
    }
}
