//! The books of those whose money is not all on the ledger, as a simulation kept them.

use plasma_core::time::DAY;
use plasma_reports::books::{Book, Entry};
use plasma_sim::agents::Agents;
use plasma_sim::agents::attacker::AttackerRow;
use plasma_sim::agents::builder::BuilderRow;
use plasma_sim::agents::custodian::CustodyRow;
use plasma_sim::economy::{Attacker, Plan};

/// The books of cohorts who sell what unlocks, of the custodian, of builders and of attackers.
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
    let attackers = agents.economy().attackers.iter().zip(&agents.rows().attackers);
    let attackers =
        attackers.map(|(attacker, row)| Book { who: format!("attacker `{}`", attacker.name), entries: attacked(attacker, row) });
    cohorts.chain(agents.custody().map(custody)).chain(builders).chain(attackers).collect()
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
        Entry::xpl("paid from the builders' fund", row.paid),
        Entry::xpl("sold", row.sold),
        Entry::usd("received for it", signed(row.received)),
        Entry::usd("spent on attempts", signed(row.spent)),
    ]
}

/// What an attacker did: what everybody has who acts in its own name or through providers, and what belongs to its plan.
fn attacked(attacker: &Attacker, row: &AttackerRow) -> Vec<Entry> {
    let mut entries = vec![Entry::usd("put in by its owner", signed(row.put_in))];
    if attacker.accounts > 0 {
        entries.push(Entry::xpl("bought", row.trades.bought));
        entries.push(Entry::usd("paid for it", signed(row.trades.spent)));
        entries.push(Entry::xpl("sold", row.trades.sold));
        entries.push(Entry::usd("received for it", signed(row.trades.received)));
    }
    if !attacker.lenders.is_empty() {
        entries.push(Entry::usd("bills left unpaid", signed(row.unpaid)));
    }
    match attacker.plan {
        Plan::Cheat { .. } => entries.extend(lied(row)),
        Plan::Opportunist { .. } => {
            entries.extend([
                Entry::count("times that one ceased to compute", row.turns.to_lazy),
                Entry::count("times that one computed again", row.turns.to_honest),
                Entry::count("who do not compute at the end", row.turns.lazy),
                Entry::usd("earned elsewhere meanwhile", signed(row.turns.rented)),
            ]);
            entries.extend(lied(row));
        }
        Plan::Stall { .. } => entries.extend([
            Entry::count("leases left to run out", row.harm.leases),
            Entry::xpl("escrow held up, times days", row.harm.held / u128::from(DAY)),
            Entry::count("jobs that were lost by it", row.harm.lost),
            Entry::usd("which they would have left customers", signed(row.harm.surplus)),
        ]),
        Plan::Oracle(_) => entries.extend([
            Entry::count("times that it pushed the price", row.attempts.pushed),
            Entry::count("times that the oracle followed", row.attempts.credited),
            Entry::xpl("put into work credited at that price", row.attempts.put_in),
        ]),
        Plan::Bribe { .. } => entries.extend([
            Entry::xpl("power to vote that it bought", row.bribe.bought),
            Entry::usd("paid for that", row.bribe.paid.into()),
        ]),
        Plan::Challenge { .. } => entries.push(Entry::count("right results that it looked at", row.chances)),
        Plan::Wash { .. } | Plan::Grief { .. } | Plan::Dump { .. } | Plan::Withdraw { .. } => {}
    }
    entries
}

/// What came of results that an attacker did not compute.
fn lied(row: &AttackerRow) -> [Entry; 9] {
    let fraud = &row.fraud;
    [
        Entry::count("results not computed", fraud.attempted),
        Entry::count("… that were paid", fraud.stood),
        Entry::count("… that were found wrong", fraud.found),
        Entry::usd("paid for what stood, with emission", signed(fraud.paid + fraud.emitted)),
        Entry::usd("power saved, and earned elsewhere", signed(fraud.freed)),
        Entry::usd("slashed and seized", signed(fraud.taken)),
        Entry::usd("not paid for what was found", signed(fraud.refused)),
        Entry::usd("made, against no work at all", fraud.profit()),
        Entry::usd("made, against honest work", fraud.premium()),
    ]
}

fn signed(micro: u128) -> i128 {
    i128::try_from(micro).unwrap_or(i128::MAX)
}
