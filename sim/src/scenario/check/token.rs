//! The token and who holds it.

use plasma_core::formula::vesting::MAX_MONTHS;
use plasma_core::money::{ONE, XPL};
use plasma_core::time::{DAY, MINUTE};

use super::Findings;
use crate::economy::token::pool_sides;
use crate::scenario::model::{Allocation, Holder, Scenario, TokenMarket, TradingStyle};
use crate::scenario::quantity::{Ratio, SpanMs, Usd, Xpl};

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
    market(scenario, findings);
    traders(scenario, findings);
}

fn held(scenario: &Scenario, holder: Holder) -> u128 {
    let parts = scenario.allocation.iter().filter(|part| part.holder == holder);
    parts.filter_map(|part| part.amount.of(scenario.token.initial_supply)).fold(0, u128::saturating_add)
}

fn market(scenario: &Scenario, findings: &mut Findings) {
    let token = &scenario.token;
    match &token.market {
        TokenMarket::Fixed => {}
        TokenMarket::Csv(recorded) => {
            let key = "token.market.csv.file";
            findings.require(!recorded.file.is_empty(), key, || "expected the path of a CSV file".into());
        }
        TokenMarket::Gbm(walk) => {
            let above = walk.jump.fraction() > -1.0;
            findings.require(above, "token.market.gbm.jump", || "a price cannot fall by all of itself".into());
        }
        TokenMarket::Amm(pool) => {
            let (usd, xpl) = pool_sides(pool.depth.0, token.price.0);
            let key = "token.market.amm.depth";
            findings.require(pool.depth.0 > 0, key, || "a pool without depth has no price".into());
            findings.require(usd <= token.market_maker_usd.0, key, || {
                format!("such a pool holds {}, and token.market_maker_usd is {}", Usd(usd), token.market_maker_usd)
            });
            let allocated = held(scenario, Holder::MarketMaker);
            findings.require(xpl <= allocated, key, || {
                format!("such a pool holds {}, and allocations to `market_maker` are {}", Xpl(xpl), Xpl(allocated))
            });
            findings.require(pool.fee.0 < ONE / 2, "token.market.amm.fee", || "expected less than 50%".into());
        }
    }
}

fn traders(scenario: &Scenario, findings: &mut Findings) {
    for group in &scenario.trader {
        let path = |key: &str| format!("trader.{}.{key}", group.id);
        findings.require(group.interval.0 >= MINUTE, path("interval"), || "expected at least 1min".into());
        if let TradingStyle::Fundamental(style) = &group.style {
            findings.require(style.discount.0 > 0, path("style.fundamental.discount"), || "a return must be above 0".into());
        }
    }
    let dollars = scenario.trader.iter().any(|group| group.usd.0 > 0);
    let part = scenario.allocation.iter().find(|part| part.holder == Holder::Traders);
    if let Some(part) = part.filter(|_| !dollars) {
        findings
            .add(format!("allocation.{}.holder", part.id), "no group of traders has dollars in proportion to which to share it");
    }
}

fn vesting(scenario: &Scenario, part: &Allocation, findings: &mut Findings) {
    let Some(vesting) = &part.vesting else { return };
    let path = |key: &str| format!("allocation.{}.vesting{key}", part.id);
    findings.require(part.holder == Holder::Holders, path(""), || "only a part of `holders` can vest".into());
    let both = vesting.months.is_some() && vesting.end.is_some();
    findings.require(!both, path(".end"), || "months lead to an end of their own: write one of the two".into());
    let months = vesting.months.unwrap_or(1);
    findings.require((1..=MAX_MONTHS).contains(&months), path(".months"), || format!("expected between 1 and {MAX_MONTHS}"));
    if (1..=MAX_MONTHS).contains(&months) {
        let sound = vesting.schedule(scenario.start.0).is_sound();
        findings.require(sound, path(""), || "start, cliff and end must follow one another".into());
    }
    let amount = part.amount.of(scenario.token.initial_supply).unwrap_or(0);
    let most = u128::from(u64::MAX);
    findings.require(amount <= most, format!("allocation.{}.amount", part.id), || {
        format!("{} is more than one grant can hold, {}: write several", Xpl(amount), Xpl(most))
    });
    findings.require(amount > 0, format!("allocation.{}.amount", part.id), || "there must be something to vest".into());
}

fn sale(part: &Allocation, findings: &mut Findings) {
    let Some(sale) = &part.sell else { return };
    let path = |key: &str| format!("allocation.{}.sell{key}", part.id);
    findings.require(part.holder == Holder::Holders, path(""), || "only a part of `holders` sells so".into());
    findings.require(sale.share <= Ratio::ONE, path(".share"), || "a share is at most 100%".into());
    findings.require(sale.over.0 > 0, path(".over"), || "a time must be above 0".into());
    findings.require(sale.interval.0 >= MINUTE, path(".interval"), || "expected at least 1min".into());
}

fn locked_stake(scenario: &Scenario, part: &Allocation, findings: &mut Findings) {
    let Some(stake) = &part.stake else { return };
    let path = |key: &str| format!("allocation.{}.stake{key}", part.id);
    let allowed = scenario.params.vesting_may_stake() == 1 && scenario.params.stake_delegation() == 1;
    findings.require(part.vesting.is_some(), path(""), || "only what vests is staked so".into());
    findings.require(allowed, path(""), || {
        "nobody may stake it: vesting.may_stake must be \"yes\", and stake.delegation \"on\"".into()
    });
    findings.require(stake.share <= Ratio::ONE, path(".share"), || "a share is at most 100%".into());
    findings
        .require((1..=MOST_SPREAD).contains(&stake.spread), path(".spread"), || format!("expected between 1 and {MOST_SPREAD}"));
    findings.require(stake.interval.0 >= DAY, path(".interval"), || "expected at least 1d".into());
}

/// Providers over whom holders spread what they bring at a look.
const MOST_SPREAD: u32 = 10_000;

fn allocations(scenario: &Scenario, findings: &mut Findings) {
    let supply = scenario.token.initial_supply;
    let mut sum = 0u128;
    for part in &scenario.allocation {
        match part.amount.of(supply).and_then(|amount| sum.checked_add(amount)) {
            Some(total) => sum = total,
            None => return findings.add(format!("allocation.{}.amount", part.id), "the amounts exceed every possible supply"),
        }
    }
    scenario.allocation.iter().for_each(|part| vesting(scenario, part, findings));
    scenario.allocation.iter().for_each(|part| sale(part, findings));
    scenario.allocation.iter().for_each(|part| locked_stake(scenario, part, findings));
    findings.require(sum == supply.0, "allocation", || {
        let (verb, difference) = if sum < supply.0 { ("leave", supply.0 - sum) } else { ("exceed", sum - supply.0) };
        let rest = Xpl(difference);
        match verb {
            "leave" => format!("the amounts sum to {}, which leaves {rest} of token.initial_supply without a holder", Xpl(sum)),
            _ => format!("the amounts sum to {}, which exceeds token.initial_supply by {rest}", Xpl(sum)),
        }
    });
}
