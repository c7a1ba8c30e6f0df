//! Attackers.

use plasma_core::params::{mechanism, settle_mode};
use plasma_core::time::MINUTE;

use super::Findings;
use crate::scenario::model::attack::{Attack, AttackerSection, Bribe, FalseChallenge, Oracle};
use crate::scenario::model::{Holder, Scenario, TokenMarket};
use crate::scenario::quantity::Ratio;

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    scenario.attacker.iter().for_each(|attacker| check_attacker(scenario, attacker, findings));
    owned_once(scenario, findings);
}

fn check_attacker(scenario: &Scenario, attacker: &AttackerSection, findings: &mut Findings) {
    let path = |key: &str| format!("attacker.{}.{key}", attacker.id);
    findings.require(attacker.lasts.is_none_or(|span| span.0 > 0), path("lasts"), || "a time must be above 0".into());
    let nothing = matches!(attacker.what, Attack::Dump(_) | Attack::Withdraw(_));
    findings.require(!nothing || attacker.usd.is_none(), path("usd"), || {
        "who sells or withdraws what it has spends no dollars: leave `usd` out".into()
    });
    let share = |share: Ratio, key: &str, findings: &mut Findings| {
        findings.require(share <= Ratio::ONE, path(key), || "a share is at most 100%".into());
    };
    match &attacker.what {
        Attack::Cheat(cheat) => {
            share(cheat.wrong, "what.cheat.wrong", findings);
        }
        Attack::Opportunist(opportunist) => share(opportunist.elsewhere, "what.opportunist.elsewhere", findings),
        Attack::Stall(_) => {}
        Attack::Wash(wash) => {
            findings.refer(&scenario.class, "class", &wash.class, path("what.wash.class"));
            findings.refer(&scenario.program, "program", &wash.program, path("what.wash.program"));
            findings.require(wash.interval.0 >= MINUTE, path("what.wash.interval"), || "expected at least 1min".into());
            let posted = scenario.params.market_mechanism() == mechanism::POSTED;
            findings.require(posted, path("what.wash"), || {
                "it finds its own offer only where asks are posted: market.mechanism is another".into()
            });
        }
        Attack::Grief(grief) => {
            findings.refer(&scenario.program, "program", &grief.program, path("what.grief.program"));
            findings.require(grief.jobs > 0, path("what.grief.jobs"), || "expected at least 1".into());
        }
        Attack::Dump(dump) => {
            share(dump.share, "what.dump.share", findings);
            let held = scenario.allocation.iter().any(|part| part.holder == Holder::Holders);
            findings.require(held, path("what.dump"), || "no allocation goes to `holders`: there is nobody to sell".into());
        }
        Attack::Oracle(oracle) => check_oracle(scenario, attacker, oracle, findings),
        Attack::Bribe(bribe) => check_bribe(scenario, attacker, bribe, findings),
        Attack::Challenge(challenge) => check_challenge(scenario, attacker, challenge, findings),
        Attack::Withdraw(withdraw) => {
            let key = path("what.withdraw.share");
            findings.require(withdraw.share < Ratio::ONE, key, || "an empty pool has no price: expected less than 100%".into());
            let pool = matches!(scenario.token.market, TokenMarket::Amm(_));
            findings.require(pool, path("what.withdraw"), || "there is no pool: token.market is not `amm`".into());
        }
    }
}

fn check_oracle(scenario: &Scenario, attacker: &AttackerSection, oracle: &Oracle, findings: &mut Findings) {
    let path = |key: &str| format!("attacker.{}.what.oracle{key}", attacker.id);
    findings.refer(&scenario.class, "class", &oracle.class, path(".class"));
    findings.refer(&scenario.program, "program", &oracle.program, path(".program"));
    findings.require(oracle.gpu_hours.get() > 0.0, path(".gpu_hours"), || "there must be some work".into());
    findings.require(oracle.raise.0 > 0, path(".raise"), || "a price that stays is no attack".into());
    findings.require(oracle.stake <= Ratio::ONE, path(".stake"), || "a share is at most 100%".into());
    findings.require(oracle.patience > 0, path(".patience"), || "the oracle follows a post at the earliest".into());
    findings.require(oracle.interval.0 >= MINUTE, path(".interval"), || "expected at least 1min".into());
    let pool = matches!(scenario.token.market, TokenMarket::Amm(_));
    findings.require(pool, path(""), || "there is no pool whose price it could move: token.market is not `amm`".into());
    let posted = scenario.params.market_mechanism() == mechanism::POSTED;
    findings
        .require(posted, path(""), || "it finds its own offer only where asks are posted: market.mechanism is another".into());
    let credited = scenario.params.settle_mode() == settle_mode::VAULT_REMINT;
    findings.require(credited, path(""), || {
        "only settle.mode = \"vault_remint\" credits work at the oracle's price: it would gain nothing".into()
    });
}

fn check_bribe(scenario: &Scenario, attacker: &AttackerSection, bribe: &Bribe, findings: &mut Findings) {
    let path = |key: &str| format!("attacker.{}.what.bribe{key}", attacker.id);
    findings.require(scenario.params.governance_max_open() > 0, path(""), || {
        "nobody can propose anything: governance.max_open is 0".into()
    });
    findings.require(!scenario.voter.is_empty(), path(""), || "there is nobody to bribe: the scenario has no `voter`".into());
    for (key, share) in [(".takes", bribe.takes), (".aims", bribe.aims)] {
        findings.require(share <= Ratio::ONE, path(key), || "a share is at most 100%".into());
    }
    findings.require((bribe.takes.0 > 0) == bribe.change.is_empty(), path(""), || {
        "expected either `takes`, a share of the treasury, or a `change` of parameters".into()
    });
    if !bribe.change.is_empty() {
        super::stake::changes(&bribe.change, &path(".change"), findings);
    }
}

fn check_challenge(scenario: &Scenario, attacker: &AttackerSection, challenge: &FalseChallenge, findings: &mut Findings) {
    let path = |key: &str| format!("attacker.{}.{key}", attacker.id);
    findings.require(challenge.share <= Ratio::ONE, path("what.challenge.share"), || "a share is at most 100%".into());
    let open = scenario.params.verification_panel() > 0 && scenario.params.verification_open() > 0;
    findings.require(open, path("what.challenge"), || {
        "no result is open to challenge: verification.panel or verification.open is 0".into()
    });
}

/// A group has one owner, and exists.
fn owned_once(scenario: &Scenario, findings: &mut Findings) {
    let mut owned: Vec<_> = Vec::new();
    for attacker in &scenario.attacker {
        let Some((what, groups)) = attacker.what.groups() else { continue };
        let key = || format!("attacker.{}.what.{what}.groups", attacker.id);
        findings.require(!groups.is_empty(), key(), || "expected at least one group".into());
        for group in groups {
            findings.refer(&scenario.provider, "group of providers", group, key());
            findings.require(!owned.contains(&group), key(), || format!("`{group}` is named twice: a group has one owner"));
            owned.push(group);
        }
    }
}
