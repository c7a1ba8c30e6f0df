//! Awards from vote to last milestone, by hand.

use super::*;
use crate::money::XPL;
use crate::protocol::bond::Bond;
use crate::protocol::governance::Vote;
use crate::protocol::provider::Register;
use crate::testing::{Bench, genesis, names};
use crate::time::{DAY, MINUTE};

/// A world in which account 4 is the committee and account 3 was awarded three times 100 XPL of a fund of 1,000.
fn awarded(expires_after: Time) -> (Bench, AwardId) {
    let set = [
        ("governance.max_open", 1),
        ("governance.deposit", 0),
        ("governance.period", MINUTE),
        ("governance.timelock", 0),
        ("emission.schedule", 0),
        ("emission.yearly", 0),
        ("fee.base", 0),
    ];
    let mut genesis = genesis(&set);
    (genesis.builders, genesis.committee) = (1_000 * u128::from(XPL), AccountId(4));
    let mut bench = Bench::of(&genesis);
    bench.by(0, Register { region: 0 });
    bench.by(0, Bond { amount: XPL });
    let award = ProposeAward { amount: 100 * XPL, expires: bench.now + expires_after, to: AccountId(3), milestones: 3 };
    let Event::Proposed(proposed) = bench.by(3, award)[0] else { panic!("not proposed") };
    bench.by(0, Vote { proposal: proposed.proposal, choice: 0, pad: 0 });
    let events = bench.wait(DAY);
    let award = events.iter().find_map(|event| if let Event::AwardOpened(opened) = event { Some(opened.award) } else { None });
    (bench, award.expect("an award"))
}

fn funds(bench: &mut Bench) -> (u64, u64) {
    let xpl = |nano: u128| u64::try_from(nano / u128::from(XPL)).expect("a small fund");
    bench.engine.view(|state| (xpl(state.ledger.builders), xpl(state.ledger.awards)))
}

#[test]
fn milestones_are_paid_once_each_as_the_committee_attests_them() {
    let (mut bench, award) = awarded(30 * DAY);
    assert_eq!(funds(&mut bench), (700, 300));
    let attest = |milestone| Attest { award, milestone, pad: 0 };
    assert_eq!(bench.refused_by(3, attest(0)), Rejection::NotPermitted);
    assert_eq!(bench.refused_by(4, attest(3)), Rejection::BadMilestone);
    let before = bench.free(3);
    for (milestone, closes) in [(2, 0), (0, 0)] {
        let paid = MilestonePaid { award, amount: 100 * XPL, milestone, closes };
        assert_eq!(bench.by(4, attest(milestone)), [paid.into()]);
    }
    assert_eq!(bench.refused_by(4, attest(2)), Rejection::BadMilestone);
    assert_eq!(funds(&mut bench), (700, 100));
    bench.by(4, attest(1));
    assert_eq!(bench.refused_by(4, attest(1)), Rejection::UnknownAward);
    assert_eq!((bench.free(3) - before, funds(&mut bench)), (u128::from(300 * XPL), (700, 0)));
}

#[test]
fn what_was_not_reached_returns_when_the_award_expires() {
    let (mut bench, award) = awarded(3 * DAY);
    bench.by(4, Attest { award, milestone: 1, pad: 0 });
    let events = bench.wait(3 * DAY);
    assert!(names(&events).contains(&"AwardClosed"));
    assert_eq!(funds(&mut bench), (900, 0));
    assert_eq!(bench.refused_by(4, Attest { award, milestone: 0, pad: 0 }), Rejection::UnknownAward);
}

#[test]
fn an_award_that_would_have_expired_before_its_enactment_fails() {
    let mut genesis = genesis(&[("governance.max_open", 1), ("governance.deposit", 0), ("governance.timelock", 2 * DAY)]);
    genesis.builders = u128::from(XPL);
    let mut bench = Bench::of(&genesis);
    bench.by(0, Register { region: 0 });
    bench.by(0, Bond { amount: XPL });
    let award = ProposeAward { amount: 1, expires: bench.now + 15 * DAY, to: AccountId(3), milestones: 1 };
    let Event::Proposed(proposed) = bench.by(3, award)[0] else { panic!("not proposed") };
    bench.by(0, Vote { proposal: proposed.proposal, choice: 0, pad: 0 });
    let events = bench.wait(20 * DAY);
    let failed =
        events.iter().find_map(|event| if let Event::EnactmentFailed(failed) = event { Some(failed.code) } else { None });
    assert_eq!(failed, Some(Rejection::BadAward as u32));
}
