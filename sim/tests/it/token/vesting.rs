//! Unlock cohorts, and who stakes what has not unlocked.

use super::{Diary, QUIET, play, refused, small};
use plasma_core::money::{ONE, XPL, share};
use plasma_core::record::{Command, Event};
use plasma_core::time::DAY;
use plasma_sim::agents::tally::Party;
use plasma_sim::agents::vesting::locked::staked;

const EVENLY: &str = "allocation.unvested.vesting={ end = 2025-10-15 }";

/// Seven tenths of the supply vest evenly over twenty days.
fn cohort<'a>(sell: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let sets = ["allocation.unvested.holder=holders", EVENLY, sell];
    sets.into_iter().chain(more.iter().copied()).collect()
}

/// As long as a time can be: nobody's next look is beyond what can be counted.
#[test]
fn who_looks_every_ten_thousand_years_does_not_in_a_month() {
    let more = "[[allocation]]\nid = \"savings\"\namount = \"20%\"\nholder = \"delegators\"\n\
                [[delegator]]\nid = \"savers\"\naccounts = 60\noutside = \"8%\"\ninterval = \"10_000y\"\n\
                [[trader]]\nid = \"others\"\nstyle = { noise = { size = \"500 USD\" } }\nusd = \"200_000 USD\"\n\
                interval = \"10_000y\"\n";
    let sets = cohort(
        "allocation.unvested.sell={ share = \"1%\", over = \"10d\", interval = \"10_000y\" }",
        &[
            "allocation.unvested.stake={ share = \"50%\", interval = \"10_000y\" }",
            "allocation.unvested.amount=50%",
            "vesting.may_stake=yes",
            "stake.delegation=on",
        ],
    );
    let engine = &mut play(&small(more, &sets));
    let idle = |(_, _, command): &_| !matches!(command, Command::StakeGrant(_) | Command::Delegate(_) | Command::Claim(_));
    assert!(engine.observer().commands.iter().all(idle));
    let agents = engine.environment();
    assert_eq!((agents.tally().of(Party::Holders).sold, agents.rows().traders[0].looks), (0, 0));
    let beyond = cohort("allocation.unvested.stake={ share = \"50%\", interval = \"18446744073709551000ms\" }", &[]);
    assert!(refused("", &beyond).contains("no time is longer than 10_000 years"));
}

/// Day by day: what is claimed, what of it is meant to be sold, and what is sold at ten cents, to the unit.
#[test]
fn a_cohort_sells_by_its_hazard_and_the_books_are_exact() {
    let sets = cohort("allocation.unvested.sell={ share = \"1%\", over = \"10d\" }", &QUIET);
    let loaded = small("", &sets);
    let mut engine = play(&loaded);
    let Diary { events, commands, .. } = engine.observer();
    let mut vested = events.iter().filter_map(|(time, event)| match event {
        Event::Vested(vested) => Some((*time, vested.amount)),
        _ => None,
    });
    let (start, hazard) = (loaded.scenario.start.0, -libm::expm1(-0.1));
    let (mut freed, mut unsold, mut sold, mut usd) = (0u128, 0u64, 0u128, 0u128);
    let mut next = vested.next();
    for day in 1..=30 {
        // A claim and the sale after it are of one moment.
        while let Some((_, amount)) = next.filter(|(time, _)| *time <= start + day * DAY) {
            freed += u128::from(amount);
            unsold += share(amount, ONE / 100);
            next = vested.next();
        }
        let amount = (unsold as f64 * hazard) as u64;
        unsold -= amount;
        sold += u128::from(amount);
        usd += u128::from(amount) * 100_000 / u128::from(XPL);
    }
    assert_eq!(freed, 700_000_000 * u128::from(XPL), "all of it is free after twenty days");
    let claims = commands.iter().filter(|(_, _, command)| matches!(command, Command::Claim(_))).count();
    assert_eq!(claims, 19, "a claim a day, and the last day the protocol releases by itself");
    let agents = engine.environment();
    let (who, row) = agents.cohorts().next().unwrap();
    assert_eq!((who.name.as_str(), row.freed, row.refused), ("unvested", freed, 0));
    assert_eq!((row.unsold, row.sold, row.received), (unsold, sold, usd));
    let trades = agents.tally().of(Party::Holders);
    assert_eq!((trades.sold, trades.received), (row.sold, row.received));
    assert_eq!(u128::from(agents.dollars().of(who.account)), row.received);
    let sold = row.sold;
    let left = engine.view(|state| state.accounts()[0].free);
    // Nineteen claims and as many sales as there were days with something to sell.
    let fees = freed - left - sold;
    assert!(fees <= 49 * u128::from(loaded.scenario.params.fee_base()), "{fees}");
}

#[test]
fn what_the_other_side_cannot_pay_is_not_sold() {
    let sets = cohort("allocation.unvested.sell={ share = \"100%\", over = \"1d\" }", &QUIET);
    let engine = &mut play(&small("", &sets));
    let agents = engine.environment();
    let (_, row) = agents.cohorts().next().unwrap();
    // A million dollars are there, and all of it is worth seventy.
    assert!(row.refused > 0 && row.received < 1_000_000 * 1_000_000, "{row:?}");
    assert_eq!(u128::from(row.unsold) + row.sold, row.freed);
}

#[test]
fn what_is_free_from_the_start_can_be_sold_and_presses_on_a_pools_price() {
    let pool = "token.market={ amm = { depth = \"5_000 USD\" } }";
    let sets = ["allocation.unvested.holder=holders", pool];
    let price = |sets: &[&str]| play(&small("", &[&QUIET, sets].concat())).environment().standing().price;
    let sell = "allocation.unvested.sell={ share = \"1%\", over = \"30d\" }";
    let (kept, sold) = (price(&sets), price(&[&sets[..], &[sell]].concat()));
    assert_eq!(kept, 100_000);
    // 7 M XPL · (1 − 1 ÷ e) beside the pool's 5 M, less the fee: the price goes as 1 ÷ xpl².
    let xpl = 100.498 * 5_000.0 / 0.1;
    let theory = 1e5 * libm::pow(xpl / (xpl + 7e6 * (1.0 - libm::exp(-29.0 / 30.0))), 2.0);
    assert!((sold as f64 / theory - 1.0).abs() < 0.03, "{sold} {theory}");
}

#[test]
fn a_cohort_changes_nobody_elses_draws() {
    let submitted = |sell: &[&str]| {
        let mut engine = play(&small("", &cohort("allocation.unvested.amount=70%", sell)));
        let submits = engine.observer().commands.iter().filter_map(|(time, _, command)| match command {
            Command::Submit(submit) => Some((*time, submit.budget)),
            _ => None,
        });
        submits.collect::<Vec<_>>()
    };
    // At a constant price a sale moves nothing.
    let alone = submitted(&[]);
    assert!(alone.len() > 5_000);
    assert_eq!(submitted(&["allocation.unvested.sell={ share = \"1%\", over = \"10d\" }"]), alone);
}

#[test]
fn what_no_cohort_can_be_is_said() {
    let sell = |sell: &str| format!("allocation.unvested.sell={sell}");
    let locked = refused("", &[&sell("{ share = \"1%\", over = \"10d\" }")]);
    assert!(locked.contains("only a part of `holders` sells so"), "{locked}");
    let told = |terms: &str, words: &str| {
        let error = refused("", &["allocation.unvested.holder=holders", &sell(terms)]);
        assert!(error.contains(words), "{error}");
    };
    told("{ share = \"101%\", over = \"10d\" }", "a share is at most 100%");
    told("{ share = \"1%\", over = \"0d\" }", "allocation.unvested.sell.over");
    told("{ share = \"1%\", over = \"1d\", interval = \"1s\" }", "expected at least 1min");
    told("{ share = \"1%\" }", "over");
}

/// Seven tenths of the supply vest evenly over sixty days, and half of what is not free is to be at stake.
fn pledging<'a>(stake: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let sets = [
        "allocation.unvested.holder=holders",
        "allocation.unvested.vesting={ end = 2025-11-24 }",
        "stake.delegation=on",
        "stake.max_ratio=1000000%",
        "bond.unbonding=1d",
        "vesting.may_stake=yes",
        "vesting.may_earn=yes",
        stake,
    ];
    sets.into_iter().chain(more.iter().copied()).collect()
}

const HALF: &str = "allocation.unvested.stake={ share = \"50%\", spread = 4, interval = \"3d\" }";

/// Nano-XPL of the grant that providers have, and that had not vested three days before.
fn pledged(engine: &mut plasma_core::engine::Engine<plasma_sim::agents::Agents, Diary>) -> (f64, f64) {
    engine.view(|state| {
        let grant = state.grants.iter().next().expect("some of its stake is out");
        let at_stake = staked(state, grant).iter().map(|(_, stake)| stake).sum::<u64>();
        let locked = u128::from(grant.total) - grant.schedule.vested(grant.total.into(), state.clock.now - 3 * DAY);
        (at_stake as f64, locked as f64)
    })
}

#[test]
fn holders_keep_their_share_of_what_is_locked_at_stake_while_it_vests() {
    let loaded = small("", &pledging(HALF, &[]));
    let mut engine = play(&loaded);
    let refused = engine.environment().tally().refused.iter().sum::<u64>();
    assert_eq!(refused, 0, "{:?}", engine.environment().tally().refused);
    // They look every third day, and slashes took next to nothing since.
    let (at_stake, locked) = pledged(&mut engine);
    assert!((0.45..0.55).contains(&(at_stake / locked)), "{at_stake} of {locked}");
    let Diary { commands, .. } = engine.observer();
    let count = |of: fn(&Command) -> bool| commands.iter().filter(|(_, _, command)| of(command)).count();
    assert!(count(|command| matches!(command, Command::StakeGrant(_))) >= 4);
    assert!(count(|command| matches!(command, Command::UnstakeGrant(_))) > 0, "what has vested is taken back");
    assert!(count(|command| matches!(command, Command::ClaimGrantRewards(_))) > 0);
}

#[test]
fn when_all_has_vested_all_comes_back() {
    let loaded = small("", &pledging(HALF, &["allocation.unvested.vesting={ end = 2025-10-15 }"]));
    let mut engine = play(&loaded);
    engine.view(|state| assert!(state.ledger.pledged == 0 && state.grants.iter().next().is_none()));
    assert_eq!(engine.environment().tally().refused.iter().sum::<u64>(), 0);
}

#[test]
fn what_is_locked_earns_only_where_it_may_and_moves_nobody_elses_draws() {
    let earned = |sets: &[&str]| {
        let mut engine = play(&small("", sets));
        let events = std::mem::take(&mut engine.observer().events);
        let rewards = events.iter().map(|(_, event)| match event {
            Event::GrantStaked(moved) => (moved.reward, moved.returned),
            Event::GrantUnstaked(moved) => (moved.reward, moved.returned),
            Event::GrantClaimed(moved) => (moved.reward, moved.returned),
            _ => (0, 0),
        });
        let sum = rewards.fold((0, 0), |(reward, returned), (more, back)| (reward + more, returned + back));
        (sum, engine.environment().rows().candidates.clone())
    };
    let ((reward, returned), earning) = earned(&pledging(HALF, &[]));
    assert!(reward > 0 && returned == 0);
    let ((reward, returned), idle) = earned(&pledging(HALF, &["vesting.may_earn=no"]));
    assert!(reward == 0 && returned > 0);
    let (nothing, without) = earned(&pledging("stake.minimum=1 XPL", &[]));
    assert_eq!(nothing, (0, 0));
    assert!(earning == idle && idle == without);
}

#[test]
fn a_checkpoint_continues_with_what_is_staked() {
    let loaded = small("", &pledging(HALF, &[]));
    let mut whole = play(&loaded);
    let mut cut = super::begin::<plasma_sim::agents::Agents>(&loaded);
    cut.run(loaded.scenario.start.0 + 8 * DAY + 12_345);
    let (snapshot, checkpoint) = (cut.snapshot(), cut.environment().save());
    let agents = plasma_sim::world::restore(&loaded, 0, &checkpoint).unwrap();
    let mut continued = plasma_core::engine::Engine::restore(&snapshot, agents, ()).unwrap();
    continued.run(super::end(&loaded) + 1);
    assert_eq!(continued.digest(), whole.digest());
}

#[test]
fn what_cannot_be_staked_is_refused_in_words() {
    let told = |sets: &[&str], words: &str| {
        let error = refused("", sets);
        assert!(error.contains(words), "{error}");
    };
    told(&pledging(HALF, &["vesting.may_stake=no"]), "allocation.unvested.stake: nobody may stake it");
    told(&pledging(HALF, &["stake.delegation=off", "vesting.may_stake=no"]), "nobody may stake it");
    told(&pledging("allocation.unvested.stake.share=101%", &[]), "a share is at most 100%");
    told(&["allocation.providers.stake={ share = \"50%\" }"], "only what vests is staked so");
    told(&pledging("allocation.unvested.stake={ share = \"50%\", spread = 0 }", &[]), "expected between 1 and 10000");
}
