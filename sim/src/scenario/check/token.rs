//! The token and who holds it.

use plasma_core::money::XPL;

use super::Findings;
use crate::scenario::model::Scenario;
use crate::scenario::quantity::{SpanMs, Xpl};

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    let (token, params) = (&scenario.token, &scenario.params);
    findings.require(token.initial_supply.0 > 0, "token.initial_supply", || "there must be something to hold".into());
    findings.require(token.price.0 > 0, "token.price", || "a price must be above 0".into());
    findings.require(token.post_interval.0 > 0, "token.post_interval", || "an interval must be above 0".into());
    let cap = Xpl(u128::from(params.supply_cap()) * u128::from(XPL));
    findings.require(token.initial_supply <= cap, "token.initial_supply", || {
        format!("{} is more than supply.cap, {cap}", token.initial_supply)
    });
    findings.require(token.post_interval.0 <= params.oracle_stale_after(), "token.post_interval", || {
        let stale = SpanMs(params.oracle_stale_after());
        format!("a price posted every {} is stale for part of the time: oracle.stale_after is {stale}", token.post_interval)
    });
    allocations(scenario, findings);
}

fn allocations(scenario: &Scenario, findings: &mut Findings) {
    let supply = scenario.token.initial_supply;
    let mut sum = 0u128;
    for part in &scenario.allocation {
        match part.amount.of(supply).and_then(|amount| sum.checked_add(amount)) {
            Some(total) => sum = total,
            None => return findings.add(format!("allocation.{}.amount", part.id), "the amounts exceed every possible supply"),
        }
    }
    findings.require(sum == supply.0, "allocation", || {
        let (verb, difference) = if sum < supply.0 { ("leave", supply.0 - sum) } else { ("exceed", sum - supply.0) };
        let rest = Xpl(difference);
        match verb {
            "leave" => format!("the amounts sum to {}, which leaves {rest} of token.initial_supply without a holder", Xpl(sum)),
            _ => format!("the amounts sum to {}, which exceeds token.initial_supply by {rest}", Xpl(sum)),
        }
    });
}
