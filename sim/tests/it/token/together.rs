//! A short world with all of it on.

use super::{Diary, Electorate, begin, end, small};
use plasma_core::engine::Engine;
use plasma_core::record::{Command, Event};
use plasma_core::time::DAY;
use plasma_sim::scenario::Loaded;
use plasma_sim::world;
use std::collections::BTreeSet;

const EVERYTHING: &str = r#"
[token]
market = { amm = { depth = "5_000 USD", required_yield = "20%" } }
[settle]
mode = "vault_remint"
[governance]
max_open = 10
period = "1d"
timelock = "1h"
quorum = "0%"
deposit = "100 XPL"
[treasury]
policy = "liquidity"
budget = "20_000 XPL"
bought = "burned"
[custodian]
usd = "20_000 USD"
holds = "4d"
[committee]
review = "1d"
errs = "20%"
[[allocation]]
id = "unvested"
amount = "60%"
holder = "holders"
vesting = { cliff = 2025-10-01, end = 2025-12-25 }
sell = { share = "0.5%", over = "10d" }
[[allocation]]
id = "public"
amount = "5%"
holder = "holders"
sell = { share = "1%", over = "60d" }
[[allocation]]
id = "fund"
amount = "4%"
holder = "builders"
[[allocation]]
id = "traders"
amount = "1%"
holder = "traders"
[[trader]]
id = "others"
style = { noise = { size = "500 USD" } }
usd = "200_000 USD"
[[builder]]
id = "sdk"
milestones = 4
amount = "2_000 XPL"
expires = "20d"
time = "3d"
spread = 0.4
success = "70%"
cost = "100 USD"
usd = "1_000 USD"
brings = { candidates = { chat = "20%", finetuning = "10%" }, after = "1d", lasts = "6d" }
[[builder]]
id = "explorer"
at = "5d"
again = "6d"
milestones = 2
amount = "1_000 XPL"
expires = "9d"
time = "2d"
usd = "100 USD"
[[attacker]]
id = "pusher"
usd = "300_000 USD"
at = "1d"
what = { oracle = { class = "a100-80gb", program = "decode-8b", gpu_hours = 200, raise = "15%", interval = "2d" } }
[[attacker]]
id = "leaver"
at = "20d"
lasts = "3d"
what = { withdraw = { share = "30%" } }
"#;

fn everything() -> Loaded {
    small(EVERYTHING, &[])
}

#[test]
fn everybody_acts_and_both_currencies_are_conserved() {
    let loaded = everything();
    let mut engine = begin::<Electorate>(&loaded);
    engine.run(end(&loaded));
    let Diary { events, epochs, .. } = engine.observer();
    assert_eq!(*epochs, 29);
    let names: BTreeSet<&str> = events.iter().map(|(_, event)| event.name()).collect();
    let expected = ["Vested", "OrderPlaced", "OrderReturned", "AwardOpened", "MilestonePaid", "Credited", "Reminted", "Tallied"];
    assert!(expected.iter().all(|name| names.contains(name)), "{names:?}");
    let agents = &engine.environment().agents;
    assert!(agents.dollars().conserved());
    assert!(agents.cohorts().all(|(_, row)| row.sold > 0 && row.received > 0));
    assert!(agents.builders().all(|(_, row)| row.awards > 0 && row.paid > 0 && row.sold > 0));
    let custody = agents.custody().unwrap();
    assert!(custody.provided > 0 && custody.redeemed > 0, "{custody:?}");
    assert!(agents.rows().attackers[0].attempts.pushed > 5);
    // Only what is bought burns.
    assert!(!names.contains("TreasuryBurned"));
    assert_eq!(agents.tally().inadmissible, 0);
}

#[test]
fn a_checkpoint_in_the_middle_of_everything_continues_identically() {
    let loaded = everything();
    let mut whole = begin::<Electorate>(&loaded);
    whole.run(end(&loaded));
    let mut cut = begin::<Electorate>(&loaded);
    for days in [1, 4, 7, 12, 17] {
        cut.run(loaded.scenario.start.0 + days * DAY + 1_234_567);
        let (snapshot, checkpoint) = (cut.snapshot(), cut.environment().agents.save());
        let agents = world::restore(&loaded, 0, &checkpoint).unwrap();
        assert_eq!(agents.save(), checkpoint);
        cut = Engine::restore(&snapshot, agents.into(), Diary::default()).unwrap();
    }
    cut.run(end(&loaded));
    assert_eq!(cut.digest(), whole.digest());
    assert_eq!(cut.environment().agents.save(), whole.environment().agents.save());
}

#[test]
fn nobody_elses_draws_are_disturbed() {
    // The same world without them: prices differ, and candidates come at the same times with the same wishes.
    let candidates = |loaded: &Loaded| {
        let mut engine = begin::<Electorate>(loaded);
        engine.run(end(loaded));
        let submits = engine.observer().commands.iter().filter_map(|(time, _, command)| match command {
            Command::Submit(submit) if submit.budget > 0 => Some((*time, submit.sizes)),
            _ => None,
        });
        let submits: BTreeSet<_> = submits.collect();
        let agents = &engine.environment().agents;
        let brought = agents.builders().map(|(_, row)| row.brought).sum::<u64>();
        let own = agents.tally().candidates.iter().sum::<u64>() - brought;
        ((agents.rows().candidates.clone(), own), submits)
    };
    let mut alone = everything();
    (alone.scenario.builder, alone.scenario.custodian, alone.scenario.committee) = (Vec::new(), None, None);
    alone.scenario.attacker.clear();
    alone.scenario.params.set("treasury.policy", 0).unwrap();
    alone.scenario.allocation.iter_mut().for_each(|part| part.sell = None);
    let ((with, submits), (without, others)) = (candidates(&everything()), candidates(&alone));
    assert_eq!(with, without);
    let common = submits.intersection(&others).count();
    assert!(common * 10 > others.len() * 9, "{common} of {}", others.len());
}

#[test]
fn awards_orders_and_grants_are_as_the_ledger_has_them() {
    let loaded = everything();
    let mut engine = begin::<Electorate>(&loaded);
    engine.run(end(&loaded));
    let events = engine.observer().events.clone();
    let sum = |of: fn(&Event) -> u64| events.iter().map(|(_, event)| u128::from(of(event))).sum::<u128>();
    let paid = sum(|event| if let Event::MilestonePaid(paid) = event { paid.amount } else { 0 });
    let vested = sum(|event| if let Event::Vested(vested) = event { vested.amount } else { 0 });
    let sent = sum(|event| if let Event::OrderPlaced(order) = event { order.sent } else { 0 });
    let deposits = engine.observer().commands.iter().map(|(_, _, command)| match command {
        Command::TreasuryDeposit(deposit) => u128::from(deposit.amount),
        _ => 0,
    });
    let deposits: u128 = deposits.sum();
    let agents = &engine.environment().agents;
    assert_eq!(agents.builders().map(|(_, row)| row.paid).sum::<u128>(), paid);
    let (cohort, row) = agents.cohorts().next().unwrap();
    assert_eq!((cohort.name.as_str(), row.freed), ("unvested", vested));
    let custody = agents.custody().unwrap().clone();
    assert_eq!(custody.returned, deposits);
    let out: u128 = custody.positions.iter().map(|position| u128::from(position.xpl)).sum();
    assert_eq!(custody.provided - out > 0, custody.redeemed > 0);
    let account = agents.economy().custodian.unwrap().account;
    let free = engine.view(|state| state.account(account).unwrap().free);
    let fees = sent + custody.redeemed - custody.provided - deposits - free;
    assert!(fees <= 200 * u128::from(loaded.scenario.params.fee_base()), "what is neither here nor there are fees: {fees}");
}
