//! The custodian, builders and their committee.

use plasma_core::params::treasury_policy;
use plasma_core::protocol::builders::MAX_MILESTONES;
use plasma_core::time::YEAR;

use super::Findings;
use crate::scenario::model::{BuilderSection, Scenario, TokenMarket};
use crate::scenario::quantity::{Ratio, SpanMs};

/// The longest time that an award can have.
const LONGEST: u64 = 10 * YEAR;

/// The most by which one milestone can multiply demand: beyond it lies a slip of the pen.
const MOST_BROUGHT: Ratio = Ratio(100 * Ratio::ONE.0);

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    let policy = scenario.params.treasury_policy();
    findings.require(policy == treasury_policy::NONE || scenario.custodian.is_some(), "treasury.policy", || {
        "nobody carries out the treasury's orders: write a section [custodian]".into()
    });
    let pool = matches!(scenario.token.market, TokenMarket::Amm(_));
    let [_, provides, _] = treasury_policy::on(policy);
    findings.require(!provides || pool, "treasury.policy", || {
        "there is no pool to provide liquidity to: token.market is not `amm`".into()
    });
    if let Some(custodian) = &scenario.custodian {
        findings.require(custodian.holds.0 > 0, "custodian.holds", || "a time must be above 0".into());
    }
    if let Some(committee) = &scenario.committee {
        findings.require(committee.errs <= Ratio::ONE, "committee.errs", || "a share is at most 100%".into());
    }
    scenario.builder.iter().for_each(|builder| check_builder(scenario, builder, findings));
}

fn check_builder(scenario: &Scenario, builder: &BuilderSection, findings: &mut Findings) {
    let path = |key: &str| format!("builder.{}{key}", builder.id);
    let above = |span: SpanMs, key: &str, findings: &mut Findings| {
        findings.require(span.0 > 0, path(key), || "a time must be above 0".into());
    };
    above(builder.time, ".time", findings);
    above(builder.expires, ".expires", findings);
    builder.again.iter().for_each(|again| above(*again, ".again", findings));
    findings.require(builder.expires.0 <= LONGEST, path(".expires"), || "an award lasts at most 10y".into());
    let milestones = (1..=MAX_MILESTONES).contains(&builder.milestones);
    findings.require(milestones, path(".milestones"), || format!("expected between 1 and {MAX_MILESTONES}"));
    let whole = builder.amount.0.checked_mul(builder.milestones.into()).filter(|whole| *whole <= u64::MAX.into());
    let counted = builder.amount.0 > 0 && whole.is_some();
    findings.require(counted, path(".amount"), || "an award is of more than nothing, and of at most 18,446,744,073 XPL".into());
    for (share, key) in [(builder.success, ".success"), (builder.sells, ".sells")] {
        findings.require(share <= Ratio::ONE, path(key), || "a share is at most 100%".into());
    }
    findings.require(builder.spread.get() <= 5.0, path(".spread"), || "expected at most 5".into());
    if let Some(brings) = &builder.brings {
        findings
            .require(!brings.candidates.is_empty(), path(".brings.candidates"), || "name the groups whose demand grows".into());
        for (group, share) in &brings.candidates {
            let key = path(&format!(".brings.candidates.{group}"));
            findings.refer(&scenario.demand, "demand", group, key.as_str());
            let sensible = share.0 > 0 && *share <= MOST_BROUGHT;
            findings.require(sensible, key, || format!("a milestone brings more than nothing, and at most {MOST_BROUGHT}"));
        }
        brings.lasts.iter().for_each(|lasts| above(*lasts, ".brings.lasts", findings));
    }
    findings.require(scenario.params.governance_max_open() > 0, path(""), || {
        "awards are made by governance, which is off: governance.max_open is 0".into()
    });
}
