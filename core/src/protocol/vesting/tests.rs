//! Grants from the first moment to the last, by hand.

use super::*;
use crate::formula::calendar::add_months;
use crate::genesis::{Genesis, GenesisError, GrantAllocation};
use crate::money::XPL;
use crate::testing::{Bench, genesis, names};
use crate::time::{DAY, HOUR};

const TOTAL: u64 = 36_000 * XPL;

/// A world in which account 3 has nothing but a grant.
fn granted(set: &[(&str, u64)], total: u64, schedule: impl Fn(Time) -> Schedule) -> Bench {
    let set = [&[("emission.schedule", 0), ("emission.yearly", 0), ("fee.base", 0)], set].concat();
    let mut genesis = genesis(&set);
    genesis.accounts[3].amount = 0;
    genesis.grants.push(GrantAllocation { account: AccountId(3), total, schedule: schedule(genesis.start) });
    Bench::of(&genesis)
}

fn vested(events: &[Event]) -> Vec<u64> {
    let amount = |event: &Event| if let Event::Vested(vested) = event { Some(vested.amount) } else { None };
    events.iter().filter_map(amount).collect()
}

#[test]
fn a_monthly_grant_releases_by_the_calendar_from_its_cliff_on() {
    let mut bench = granted(&[], TOTAL, |start| Schedule::monthly(start, add_months(start, 12), 36));
    let start = bench.now;
    let claim = Claim { grant: GrantId::new(1, 0) };
    bench.engine.view(|state| {
        assert_eq!(state.ledger.vesting, u128::from(TOTAL));
        assert_eq!(state.ledger.circulating(), 4_000_000 * u128::from(XPL));
    });
    let Event::Refused(refused) = bench.by(3, claim)[0] else { panic!("nothing is free yet") };
    assert_eq!((refused.reason(), refused.need), (Some(Rejection::NothingVested), add_months(start, 12) - start));
    let until = |bench: &mut Bench, months: u32| {
        let span = add_months(start, months) - bench.now;
        vested(&bench.wait(span + 1))
    };
    assert_eq!(until(&mut bench, 12), [12_000 * XPL]);
    assert_eq!(until(&mut bench, 13), [1_000 * XPL]);
    assert_eq!(until(&mut bench, 20), [1_000 * XPL; 7]);
    bench.engine.view(|state| assert_eq!(state.ledger.vesting, u128::from(16_000 * XPL)));
    assert_eq!(until(&mut bench, 36), [1_000 * XPL; 16]);
    assert_eq!(bench.refused_by(3, claim), Rejection::UnknownGrant);
    assert_eq!(bench.free(3), u128::from(TOTAL));
    bench.engine.view(|state| assert_eq!((state.grants.len(), state.ledger.vesting), (0, 0)));
}

#[test]
fn an_even_grant_releases_at_intervals_and_whenever_it_is_asked() {
    let schedule = |start| Schedule { start, cliff: start + DAY, end: start + 100 * DAY, months: 0 };
    let mut bench = granted(&[("vesting.interval", 30 * DAY)], 100 * XPL, schedule);
    let claim = Claim { grant: GrantId::new(1, 0) };
    assert_eq!(bench.refused_by(2, claim), Rejection::UnknownGrant);
    bench.wait(DAY - 1);
    assert_eq!(vested(&bench.wait(1)), [XPL]);
    bench.wait(10 * DAY - 1);
    assert_eq!(vested(&bench.by(3, claim)), [10 * XPL]);
    assert_eq!(vested(&bench.wait(30 * DAY)), [30 * XPL]);
    assert_eq!(vested(&bench.wait(70 * DAY)), [30 * XPL, 29 * XPL]);
    assert_eq!(bench.free(3), u128::from(100 * XPL));
}

#[test]
fn a_cliff_that_is_the_end_frees_all_at_once_and_a_past_one_at_once() {
    let mut bench = granted(&[], 7, |start| Schedule { start, cliff: start + HOUR, end: start + HOUR, months: 0 });
    assert_eq!(vested(&bench.wait(HOUR)), [0u64; 0]);
    assert_eq!(vested(&bench.wait(1)), [7]);
    let mut past = granted(&[], TOTAL, |start| Schedule::monthly(start - 59 * DAY, start - 59 * DAY, 36));
    assert_eq!(vested(&past.wait(1)), [1_000 * XPL]);
}

#[test]
fn dust_vests_to_the_unit() {
    let mut bench = granted(&[], 5, |start| Schedule::monthly(start, start, 36));
    let events = bench.wait(3 * 366 * DAY);
    assert_eq!(vested(&events), [1; 5]);
    assert_eq!(bench.free(3), 5);
}

#[test]
fn a_genesis_with_an_unsound_grant_is_refused_with_the_reason() {
    let refusal = |change: fn(&mut Genesis)| {
        let mut genesis = genesis(&[]);
        let schedule = Schedule::monthly(genesis.start, genesis.start, 36);
        genesis.grants.push(GrantAllocation { account: AccountId(0), total: 1, schedule });
        change(&mut genesis);
        genesis.check()
    };
    assert!(refusal(|_| {}).is_ok());
    let cases: [fn(&mut Genesis); 5] = [
        |genesis| genesis.grants[0].account = AccountId(5),
        |genesis| genesis.grants[0].account = AccountId(6),
        |genesis| genesis.grants[0].total = 0,
        |genesis| genesis.grants[0].schedule.end += 1,
        |genesis| genesis.committee = AccountId(5),
    ];
    for change in cases {
        assert!(matches!(refusal(change), Err(GenesisError::Unsound(_))));
    }
    let over = refusal(|genesis| genesis.grants = vec![GrantAllocation { total: u64::MAX, ..genesis.grants[0] }; 100]);
    assert!(matches!(over, Err(GenesisError::OverCap { .. })));
}

/// XPL from launch on: what can be sold follows the published calendar to the unit, whoever asks and whoever does not.
#[test]
fn xpls_circulating_supply_follows_its_allocations() {
    const LAUNCH: Time = 1_758_758_400_000; // 2025-09-25
    let percent = |of: u64| of * 100_000_000 * XPL;
    let mut genesis = genesis(&[("emission.schedule", 0), ("emission.yearly", 0), ("fee.base", 0), ("epoch.length", 30 * DAY)]);
    genesis.start = LAUNCH;
    genesis.accounts.truncate(5);
    genesis.accounts.iter_mut().for_each(|account| account.amount = 0);
    // Public sale outside the United States, and the ecosystem's 8 % at launch.
    genesis.accounts[0].amount = percent(9).into();
    genesis.treasury = percent(8).into();
    let us = LAUNCH + 306 * DAY; // 2026-07-28
    let year = add_months(LAUNCH, 12);
    let schedules = [
        (1, percent(1), Schedule { start: us, cliff: us, end: us, months: 0 }),
        (2, percent(32), Schedule::monthly(LAUNCH, LAUNCH, 36)),
        (3, percent(25), Schedule::monthly(LAUNCH, year, 36)),
        (4, percent(25), Schedule::monthly(LAUNCH, year, 36)),
    ];
    let grant = |(account, total, schedule)| GrantAllocation { account: AccountId(account), total, schedule };
    genesis.grants = schedules.into_iter().map(grant).collect();
    let mut bench = Bench::of(&genesis);
    for month in 0..=37 {
        bench.now = add_months(LAUNCH, month) + 1;
        bench.wait(0);
        let parts = u64::from(month.min(36));
        let of = |total: u64| u128::from(total) * u128::from(parts) / 36;
        let unlocked = of(percent(32)) + if month < 12 { 0 } else { 2 * of(percent(25)) };
        let public = percent(if bench.now > us { 10 } else { 9 });
        bench.engine.view(|state| {
            assert_eq!(state.ledger.circulating(), u128::from(public) + unlocked, "month {month}");
            assert_eq!(state.ledger.supply(), u128::from(percent(100)));
        });
    }
    assert_eq!(names(&bench.wait(40 * DAY)), ["EpochClosed"]);
}
