//! What a simulation tells its metrics beside the ledger. `sim` and `reports` do not know each other: this is where they meet.

use plasma_core::time::Time;
use plasma_reports::beside::{RecordedWaits, Recording};
use plasma_reports::books::{Book, Entry};
use plasma_reports::metrics::observed::{Attacker, Observed, PARTIES, Standing, Trades};
use plasma_reports::metrics::{Owners, Yardstick};
use plasma_sim::agents::Agents;
use plasma_sim::agents::attacker::means::Booty;
use plasma_sim::agents::builder::BuilderRow;
use plasma_sim::agents::custodian::CustodyRow;
use plasma_sim::agents::tally::Party;
use plasma_sim::economy::Economy;
use plasma_sim::traces::{Report, Waits};

/// Who stands behind the accounts of an economy.
pub fn owners(economy: &Economy) -> Owners {
    Owners::new(economy.owners())
}

/// By what an economy's work is measured: the class of its first customers, and prices elsewhere at its beginning.
pub fn yardstick(economy: &Economy, start: Time) -> Yardstick {
    Yardstick::new(economy.reference(), economy.elsewhere(start))
}

/// Everything that the agents know and the ledger does not say.
pub fn observed(agents: &Agents) -> Observed {
    let (tally, dollars, standing) = (agents.tally(), agents.dollars(), agents.standing());
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
        wrong: tally.wrong,
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

/// The books of cohorts who sell what unlocks, of the custodian and of builders.
pub fn books(agents: &Agents) -> Vec<Book> {
    let cohorts = agents.cohorts().map(|(cohort, row)| Book {
        who: format!("those who sell `{}`", cohort.name),
        entries: vec![
            Entry::xpl("came free", row.freed),
            Entry::xpl("sold", row.sold),
            Entry::usd("received for it", signed(row.received)),
            Entry::xpl("meant to be sold and not sold yet", row.unsold.into()),
            Entry::count("sales that the other side could not pay", row.refused),
        ],
    });
    let builders =
        agents.builders().map(|(builder, row)| Book { who: format!("builder `{}`", builder.name), entries: built(row) });
    cohorts.chain(agents.custody().map(custody)).chain(builders).collect()
}

fn custody(row: &CustodyRow) -> Book {
    let entries = vec![
        Entry::count("orders of the treasury", row.orders),
        Entry::xpl("bought", row.bought),
        Entry::usd("paid for it", signed(row.spent)),
        Entry::xpl("returned to the treasury", row.returned),
        Entry::xpl("put into the pool", row.provided),
        Entry::usd("put into the pool with it", signed(row.provided_usd)),
        Entry::xpl("taken out of the pool", row.redeemed),
        Entry::usd("taken out of the pool with it", signed(row.redeemed_usd)),
        Entry::usd("made in the pool against holding", row.against_holding),
    ];
    Book { who: "the treasury's custodian".into(), entries }
}

fn built(row: &BuilderRow) -> Vec<Entry> {
    vec![
        Entry::count("applications", row.applied),
        Entry::count("awards granted", row.awards),
        Entry::xpl("awarded", row.awarded),
        Entry::count("attempts", row.attempts),
        Entry::count("milestones reached", row.reached),
        Entry::count("milestones attested without being reached", row.let_pass),
        Entry::count("candidates who came because of them", row.brought),
        Entry::xpl("paid by the treasury", row.paid),
        Entry::xpl("sold", row.sold),
        Entry::usd("received for it", signed(row.received)),
        Entry::usd("spent on attempts", signed(row.spent)),
    ]
}

fn signed(micro: u128) -> i128 {
    i128::try_from(micro).unwrap_or(i128::MAX)
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
