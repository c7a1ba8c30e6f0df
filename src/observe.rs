//! What a simulation tells its metrics beside the ledger. `sim` and `reports` do not know each other: this is where they meet.

use plasma_core::genesis::Genesis;
use plasma_core::ids::AccountId;
use plasma_reports::Metrics;
use plasma_reports::beside::{RecordedWaits, Recording};
use plasma_reports::metrics::observed::{Attacker, Costs, Fraud, Observed, PARTIES, Standing, Trades};
use plasma_reports::metrics::{Owners, Yardstick};
use plasma_sim::agents::Agents;
use plasma_sim::agents::attacker::means::Booty;
use plasma_sim::agents::tally::Party;
use plasma_sim::economy::Economy;
use plasma_sim::traces::{Report, Waits};

/// Metrics of a run that begins here: told who stands behind the accounts, and by what work is measured, which is the class of the
/// first customers and prices elsewhere at the beginning.
pub fn metrics(genesis: &Genesis, economy: &Economy) -> Metrics {
    let small = |account| economy.lender_of(AccountId(account)).is_some_and(|lender| economy.small[lender]);
    let owners = Owners::new(economy.owners()).with_small((0..economy.accounts() as u32).map(small).collect());
    let yardstick = Yardstick::new(economy.reference(), economy.elsewhere(genesis.start));
    Metrics::new(genesis).owned_by(owners).measured_by(yardstick)
}

/// Everything that the agents know and the ledger does not say.
pub fn observed(agents: &Agents) -> Observed {
    let (tally, lies) = (agents.tally(), agents.fraud());
    let (dollars, standing) = (agents.dollars(), agents.standing());
    let sum = |groups: &[u64]| groups.iter().sum();
    Observed {
        candidates: sum(&tally.candidates),
        declined: sum(&tally.declined),
        to_cloud: sum(&tally.to_cloud),
        unserved: sum(&tally.unserved),
        wavering: sum(&tally.wavering),
        unfunded: sum(&tally.unfunded),
        brought: agents.builders().map(|(_, row)| row.brought).sum(),
        brought_jobs: tally.brought_jobs,
        brought_paid: tally.brought_paid,
        built: agents.builders().map(|(_, row)| row.spent).sum(),
        brought_in: dollars.brought_in.into(),
        put_in: dollars.put_in.into(),
        electricity: tally.electricity,
        forgone: tally.forgone,
        emission_expected: tally.emission_expected,
        emission_passed_on: tally.emission_passed_on,
        small: Costs { electricity: tally.small.electricity, forgone: tally.small.forgone },
        avoidable: tally.avoidable,
        wrong: lies.attempted,
        fraud: Fraud {
            stood: lies.stood,
            found: lies.found,
            paid: lies.paid + lies.emitted,
            freed: lies.freed,
            taken: lies.taken,
            refused: lies.refused,
        },
        faulty: tally.faulty,
        trades: PARTIES.map(|name| {
            let trades = tally.of(party(name));
            Trades { bought: trades.bought, spent: trades.spent, sold: trades.sold, received: trades.received }
        }),
        now: Standing {
            price: standing.price,
            depth: standing.depth,
            hardware: standing.hardware,
            elsewhere: standing.elsewhere.clone(),
            staying_out: standing.staying_out.map(|npv| (npv * 1e9) as i64),
            booked: standing.booked,
            borne_by_work: standing.borne_by_work,
            attackers: agents.booty().into_iter().map(attacker).collect(),
        },
    }
}

/// What a trace says of its own jobs; nothing where its rows are machines.
pub fn recording(name: &str, report: &Report) -> Option<Recording> {
    let seconds = |ms: u64| ms as f64 / 1e3;
    let waits = |waits: Waits| RecordedWaits {
        waited: waits.waited,
        p50: seconds(waits.p50),
        p95: seconds(waits.p95),
        p99: seconds(waits.p99),
    };
    (report.leases > 0).then(|| Recording { trace: name.into(), jobs: report.kept, waits: report.waits.map(waits) })
}

fn attacker(booty: Booty) -> Attacker {
    let held = |micro: u128| u64::try_from(micro).unwrap_or(u64::MAX);
    Attacker { name: booty.name, means: held(booty.means), worth: held(booty.worth), idle: held(booty.idle) }
}

fn party(name: &str) -> Party {
    match name {
        "customers" => Party::Customers,
        "providers" => Party::Providers,
        "traders" => Party::Traders,
        "holders" => Party::Holders,
        "treasury" => Party::Treasury,
        "builders" => Party::Builders,
        _ => Party::Attackers,
    }
}
