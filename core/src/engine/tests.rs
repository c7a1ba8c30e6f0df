//! One job through its whole life, by hand.

use super::*;
use crate::ids::*;
use crate::money::{ONE, XPL};
use crate::protocol::{beacon, bond, job, lease, market, offer, provider, settlement, verification};
use crate::record::{Command, Event, Origin};
use crate::testing::{self, Script};
use crate::time::{DAY, HOUR, SECOND};

fn genesis() -> Genesis {
    testing::genesis(&[("verification.rate", ONE)])
}

#[test]
fn a_job_is_leased_committed_checked_and_settled() {
    let genesis = genesis();
    let mut commands = Vec::new();
    let mut at = genesis.start;
    let mut send = |after: Time, origin: Origin, command: Command| {
        at += after;
        commands.push(Arrival { time: at, origin, command });
        at
    };
    let account = |n| Origin::Account(AccountId(n));
    for n in 0..2 {
        send(1, account(n), provider::Register { region: 0 }.into());
        send(1, account(n), bond::Bond { amount: 10_000 * XPL }.into());
        send(1, account(n), offer::PostOffer { ask: (1 + u64::from(n)) * XPL, gpus: 1, class: ClassId(0), pad: [0; 5] }.into());
    }
    let submit = job::Submit {
        budget: 10_000 * XPL,
        start_by: genesis.start + 2 * HOUR,
        finish_by: genesis.start + 10 * HOUR,
        classes: u64::MAX,
        sizes: [3_600_000, 0, 0, 0],
        vram_gib: 24,
        policy: verification::policy::Policy::Sampled,
        ..job::Submit::default()
    };
    let submitted = send(SECOND, account(2), submit.into());
    let root = [9; 32];
    let first = LeaseId::new(1, 0);
    let commitment = lease::commitment(first, ProviderId(0), &root);
    send(HOUR, account(0), lease::Commit { lease: first, commitment }.into());
    send(SECOND, Origin::Host, beacon::Beacon { value: [3; 32] }.into());
    send(SECOND, account(1), verification::verdict::Verdict { lease: first, root }.into());

    let mut engine = Engine::genesis(&genesis, Script::new(commands), ()).unwrap();
    assert_eq!(engine.run_epoch(submitted + 2 * HOUR), Progress::Reached);
    engine.view(crate::protocol::check_invariants).unwrap();
    let (script, ()) = engine.into_parts();
    assert_eq!(script.turned_away, []);
    let events: Vec<Event> = script.records.into_iter().flat_map(|(_, events)| events).collect();
    let life = &testing::names(&events)[6..];
    assert_eq!(life, ["Submitted", "Leased", "Committed", "RoundClosed", "CheckDrawn", "Verified", "Settled"]);
    let Event::Leased(market::Leased { offer: OfferId(0), price, work_mgs: 3_600_000, .. }) = events[7] else {
        panic!("{:?}", events[7])
    };
    assert_eq!(price, 3_600 * XPL);
    let Event::Settled(settled) = events[12] else { panic!() };
    assert_eq!(
        settled,
        settlement::Settled {
            lease: first,
            paid: 3_420 * XPL,
            burned: 90 * XPL,
            treasury: 36 * XPL,
            stakers: 54 * XPL,
            work_mgs: 3_600_000
        }
    );
}

#[test]
fn a_snapshot_continues_identically() {
    let genesis = genesis();
    let mut engine = Engine::genesis(&genesis, Silence, ()).unwrap();
    engine.run(genesis.start + 10 * DAY);
    let mut again = Engine::restore(&engine.snapshot(), Silence, ()).unwrap();
    assert_eq!(again.digest(), engine.digest());
    engine.run(genesis.start + 20 * DAY);
    again.run(genesis.start + 20 * DAY);
    assert_eq!(again.digest(), engine.digest());
}
