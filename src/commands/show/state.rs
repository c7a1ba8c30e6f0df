//! The state at a glance.

use crate::commands::words::{decimal, xpl};
use plasma_core::engine::state::State;
use plasma_core::protocol::lease::Stage;
use plasma_core::protocol::provider::Status;
use plasma_reports::calendar;
use plasma_reports::number::grouped;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Prints what there is: tokens, stake, market.
pub fn print(mut out: impl Write, view: &State, json: bool) -> io::Result<()> {
    let facts = facts(view);
    if json {
        let object: serde_json::Map<String, Value> = facts.into_iter().map(|fact| (fact.key.to_owned(), fact.exact)).collect();
        return writeln!(out, "{}", Value::Object(object));
    }
    facts.iter().try_for_each(|fact| writeln!(out, "{:22} {}", fact.label, fact.text))
}

struct Fact {
    key: &'static str,
    label: &'static str,
    text: String,
    exact: Value,
}

fn facts(view: &State) -> Vec<Fact> {
    let (clock, ledger) = (&view.clock, &view.ledger);
    let amount = |key, label, nano: u128| Fact { key, label, text: xpl(nano), exact: Value::String(nano.to_string()) };
    let count = |key, label, n: usize| Fact { key, label, text: grouped(n as u128), exact: json!(n) };
    let moment = |key, label, time| Fact { key, label, text: calendar::timestamp(time), exact: json!(calendar::timestamp(time)) };
    let providers = view.providers();
    let with = |status: Status| providers.iter().filter(|provider| provider.status == status).count();
    let bonds: u128 = providers.iter().map(|provider| provider.bond).sum();
    let delegated: u128 = view.staking.pools.iter().map(|pool| u128::from(pool.stake.holds)).sum();
    let leaving: u128 = view.staking.leaving.values().map(|leaving| u128::from(leaving.fund.holds)).sum();
    let escrow: u128 = view.jobs.iter().map(|job| u128::from(job.escrow)).sum();
    let price = view.oracle_price(clock.now);
    let usd = |micro: u64| format!("{} USD", decimal(micro.into(), 1_000_000));
    vec![
        moment("time", "last record", clock.now),
        count("epoch", "epochs closed", clock.epoch as usize),
        count("round", "rounds closed", clock.round as usize),
        amount("supply_nano", "supply", ledger.supply()),
        amount("circulating_nano", "circulating", ledger.circulating()),
        amount("locked_nano", "locked", ledger.locked),
        amount("vesting_nano", "vesting", ledger.vesting),
        amount("minted_nano", "minted", ledger.minted),
        amount("burned_nano", "burned", ledger.burned),
        amount("treasury_nano", "treasury", ledger.treasury),
        amount("builders_nano", "builders' fund", ledger.builders),
        amount("awards_nano", "in awards", ledger.awards),
        amount("proposals_nano", "deposits of proposals", ledger.proposals),
        amount("bonds_nano", "bonds", bonds),
        amount("unbonding_nano", "unbonding", ledger.unbonding),
        amount("delegated_nano", "delegated", delegated),
        amount("leaving_nano", "delegated, on its way back", leaving),
        amount("sealed_nano", "deposits of sealed asks", ledger.sealed),
        amount("challenges_nano", "deposits of challenges", ledger.challenges),
        amount("holdback_nano", "earnings held back", ledger.holdback),
        amount("escrow_nano", "in escrow", escrow),
        Fact {
            key: "price_micro_usd",
            label: "oracle price",
            text: price.map_or_else(|| "stale".into(), usd),
            exact: json!(price),
        },
        count("accounts", "accounts", view.accounts().len()),
        count("providers_active", "providers active", with(Status::Active)),
        count("providers_draining", "providers draining", with(Status::Draining)),
        count("providers_suspended", "providers suspended", with(Status::Suspended)),
        count("providers_jailed", "providers jailed", with(Status::Jailed)),
        count("providers_retired", "providers retired", with(Status::Retired)),
        count("jobs_open", "jobs open", view.jobs.len()),
        count("jobs_queued", "jobs queued", view.jobs.iter().filter(|job| job.is_queued()).count()),
        count("leases_running", "leases running", view.leases.iter().filter(|lease| lease.stage == Stage::Running).count()),
        count(
            "leases_checked",
            "leases under check",
            view.leases.iter().filter(|lease| lease.stage == Stage::UnderCheck).count(),
        ),
        count("proposals_open", "proposals open", view.proposals.len()),
        count("jobs_ever", "jobs ever submitted", view.jobs.opened() as usize),
        count("leases_ever", "leases ever made", view.leases.opened() as usize),
        count("proposals_ever", "proposals ever made", view.proposals.opened() as usize),
    ]
}
