//! What panels and challenges do.

use super::*;
use crate::ids::AccountId;
use crate::money::XPL;
use crate::protocol::bond::Slashed;
use crate::protocol::job::Submit;
use crate::protocol::lease::Commit;
use crate::protocol::verification::challenge::Challenge;
use crate::protocol::verification::planted::{Expose, calls_for_decoy, decoy};
use crate::protocol::verification::policy::Policy;
use crate::protocol::verification::verdict::Verdict;
use crate::testing::{Bench, genesis, hour_job, leased, names, root};
use crate::time::{DAY, HOUR};

/// Eight accounts: the first is the worker, seven may check, of whom the beacon draws. The last is the customer.
fn bench(set: &[(&str, u64)]) -> Bench {
    let ours = [("verification.panel", 3), ("fee.base", 0), ("fee.rate", 0), ("emission.start", 90 * DAY), ("market.retries", 0)];
    let mut genesis = genesis(&ours.iter().chain(set).copied().collect::<Vec<_>>());
    let rich = genesis.accounts[0].clone();
    genesis.accounts = (0..9).map(|i| crate::genesis::Allocation { key: [i; 32], ..rich.clone() }).collect();
    let mut bench = Bench::of(&genesis);
    for account in 0..8 {
        bench.provide(account, 1, u64::from(account + 1) * XPL);
    }
    bench
}

/// A lease of the first provider's under check, right or not, and its checker.
fn under_check(bench: &mut Bench, honest: bool) -> (LeaseId, u32) {
    let submit = Submit { policy: Policy::Checked, ..hour_job(bench.now) };
    let (lease, ..) = leased(&bench.by(8, submit)).expect("a lease");
    if honest {
        bench.commit(0, lease);
    } else {
        bench.by(0, Commit { lease, commitment: [1; 32] });
    }
    bench.beacon(1);
    (lease, bench.engine.view(|state| state.leases.row(lease.0).checker.0))
}

/// Those of the panel on a lease.
fn panel(bench: &mut Bench, lease: LeaseId) -> Vec<u32> {
    bench.engine.view(|state| state.docket.cases[&lease].seats.iter().map(|seat| seat.juror.0).collect())
}

/// A challenged lease with its panel and challenger.
fn challenged(bench: &mut Bench, honest: bool) -> (LeaseId, Vec<u32>, u32) {
    let (lease, checker) = under_check(bench, honest);
    let said = if honest { [9; 32] } else { root(lease) };
    assert_eq!(names(&bench.by(checker, Verdict { lease, root: said })), ["Challenged"]);
    assert_eq!(names(&bench.beacon(2)), ["RoundClosed", "Seated", "Seated", "Seated"]);
    let panel = panel(bench, lease);
    assert!(!panel.contains(&0) && !panel.contains(&checker), "{panel:?} with {checker}");
    (lease, panel, checker)
}

fn sealed(lease: LeaseId, juror: u32, root: [u8; 32]) -> SealVerdict {
    SealVerdict { lease, digest: seal(lease, ProviderId(juror), &root, &[7; 32]) }
}

/// Each seals a root and then reveals it.
fn vote(bench: &mut Bench, lease: LeaseId, votes: &[(u32, [u8; 32])]) -> Vec<Event> {
    for &(juror, root) in votes {
        assert_eq!(names(&bench.by(juror, sealed(lease, juror, root))), ["VerdictSealed"]);
    }
    let reveal = |&(juror, root): &(u32, [u8; 32])| bench.by(juror, RevealVerdict { lease, root, salt: [7; 32] });
    votes.iter().map(reveal).collect::<Vec<_>>().concat()
}

fn judged(events: &[Event]) -> Judged {
    events.iter().find_map(|event| if let Event::Judged(judged) = event { Some(*judged) } else { None }).expect("judged")
}

fn strikes(bench: &mut Bench) -> Vec<u16> {
    bench.engine.view(|state| state.providers().iter().map(|provider| provider.strikes).collect())
}

#[test]
fn a_challenger_who_is_overruled_pays_the_accused_and_the_panel() {
    let mut bench = bench(&[("verification.challenge_deposit", 11), ("verification.deposit_worker", 500_000_000)]);
    let (lease, panel, checker) = challenged(&mut bench, true);
    let before: Vec<u128> = (0..9).map(|account| bench.free(account)).collect();
    let right = root(lease);
    let events = vote(&mut bench, lease, &[(panel[0], right), (panel[1], [9; 32]), (panel[2], right)]);
    let expected = [
        "VerdictRevealed",
        "VerdictRevealed",
        "VerdictRevealed",
        "Judged",
        "CheckerJudged",
        "CheckerJudged",
        "CheckerJudged",
        "Settled",
    ];
    assert_eq!(names(&events), expected);
    assert_eq!(judged(&events).outcome, Outcome::Overruled);
    // Of 11, five to the worker and three each to two of the majority; the price is the worker's own.
    let gained = |bench: &mut Bench, account: u32| bench.free(account) - before[account as usize];
    assert_eq!(gained(&mut bench, 0), u128::from(3_600 * XPL + 5));
    assert_eq!([panel[0], panel[1], panel[2], checker].map(|juror| gained(&mut bench, juror)), [3, 0, 3, 0]);
    assert_eq!(strikes(&mut bench)[panel[1] as usize], 1);
    assert_eq!(bench.engine.view(|state| (state.ledger.challenges, state.docket.cases.len())), (0, 0));
}

#[test]
fn a_provider_found_wrong_pays_and_the_treasury_pays_challenger_and_majority() {
    let mut bench = bench(&[("verification.challenge_deposit", 11)]);
    let (lease, panel, checker) = challenged(&mut bench, false);
    let before: Vec<u128> = (0..9).map(|account| bench.free(account)).collect();
    // That their roots differ does not matter: none opens the commitment.
    let events = vote(&mut bench, lease, &[(panel[0], [5; 32]), (panel[1], root(lease)), (panel[2], [6; 32])]);
    assert!(
        names(&events).ends_with(&["Slashed", "Judged", "CheckerJudged", "CheckerJudged", "CheckerJudged", "Failed"]),
        "{events:?}"
    );
    let slashed = Slashed { burned: 800 * XPL, reward: 200 * XPL, provider: ProviderId(0), to: AccountId(checker) };
    assert!(events.contains(&slashed.into()));
    let gained = |bench: &mut Bench, account: u32| bench.free(account) - before[account as usize];
    // Half of 3 600 for each check, the deposit and a fifth of the slash beside.
    assert_eq!(panel.iter().map(|&juror| gained(&mut bench, juror)).collect::<Vec<_>>(), [u128::from(1_800 * XPL); 3]);
    assert_eq!(gained(&mut bench, checker), u128::from(2_000 * XPL) + 11);
    assert_eq!(gained(&mut bench, 8), u128::from(36_000 * XPL));
}

#[test]
fn verdicts_are_sealed_before_any_is_revealed() {
    let mut bench = bench(&[]);
    let (lease, panel, checker) = challenged(&mut bench, true);
    let [one, two, three] = panel[..] else { panic!("{panel:?}") };
    let reveal = |root| RevealVerdict { lease, root, salt: [7; 32] };
    assert_eq!(bench.refused_by(checker, sealed(lease, checker, root(lease))), Rejection::NotOnPanel);
    assert_eq!(bench.refused_by(one, SealVerdict { lease: LeaseId::new(99, 0), digest: [0; 32] }), Rejection::NotOnPanel);
    assert_eq!(bench.refused_by(one, reveal(root(lease))), Rejection::NoSealedVerdict);
    bench.by(one, sealed(lease, one, root(lease)));
    assert_eq!(bench.refused_by(one, sealed(lease, one, root(lease))), Rejection::SealingOver);
    let Event::Refused(refused) = bench.by(one, reveal(root(lease)))[0] else { panic!("not refused") };
    assert_eq!(refused.reason(), Some(Rejection::StillSealing));
    // A copied digest is worthless to another.
    bench.by(two, sealed(lease, one, root(lease)));
    bench.by(three, sealed(lease, three, root(lease)));
    assert_eq!(bench.refused_by(two, reveal(root(lease))), Rejection::BadSeal);
    assert_eq!(names(&bench.by(one, reveal(root(lease)))), ["VerdictRevealed"]);
}

#[test]
fn a_quorum_decides_without_the_silent_who_are_struck() {
    let mut bench = bench(&[("verification.window", 2 * HOUR), ("verification.reveal", HOUR)]);
    let (lease, panel, _) = challenged(&mut bench, true);
    for &juror in &panel[..2] {
        bench.by(juror, sealed(lease, juror, root(lease)));
    }
    bench.wait(2 * HOUR);
    assert_eq!(bench.refused_by(panel[2], sealed(lease, panel[2], root(lease))), Rejection::SealingOver);
    bench.by(panel[0], RevealVerdict { lease, root: root(lease), salt: [7; 32] });
    // Two of three are the quorum, and nobody else can speak.
    let events = bench.by(panel[1], RevealVerdict { lease, root: root(lease), salt: [7; 32] });
    assert_eq!(judged(&events).outcome, Outcome::Overruled);
    assert_eq!(strikes(&mut bench)[panel[2] as usize], 1);
}

#[test]
fn a_panel_that_hangs_is_drawn_again_and_after_three_the_accused_goes_free() {
    let mut bench =
        bench(&[("verification.window", 2 * HOUR), ("verification.reveal", HOUR), ("verification.challenge_deposit", 11)]);
    let (lease, first, checker) = challenged(&mut bench, false);
    let before = bench.free(checker);
    bench.by(first[0], sealed(lease, first[0], root(lease)));
    for attempt in 0..3 {
        let events = bench.wait(3 * HOUR);
        let outcome = if attempt < 2 { Outcome::Hung } else { Outcome::Undecided };
        assert_eq!(judged(&events).outcome, outcome);
        assert_eq!(names(&events).contains(&"Settled"), attempt == 2, "{events:?}");
        if attempt < 2 {
            assert_eq!(names(&bench.beacon(3 + attempt)), ["RoundClosed", "Seated", "Seated", "Seated"]);
        }
    }
    assert_eq!(bench.free(checker) - before, 11);
    assert_eq!(strikes(&mut bench).iter().sum::<u16>(), 9);
}

#[test]
fn a_panel_that_cannot_be_full_is_odd() {
    let mut bench = bench(&[("verification.panel", 5)]);
    let (lease, checker) = under_check(&mut bench, true);
    let others: Vec<u32> = (1..8).filter(|&account| account != checker).collect();
    for &account in &others[..2] {
        bench.by(account, crate::protocol::provider::Drain {});
    }
    bench.by(checker, Verdict { lease, root: [9; 32] });
    // Four may sit: two against two would decide nothing.
    assert_eq!(names(&bench.beacon(2)), ["RoundClosed", "Seated", "Seated", "Seated"]);
}

#[test]
fn where_nobody_can_sit_the_result_is_taken_and_the_deposit_returns() {
    let mut bench = bench(&[]);
    let (lease, checker) = under_check(&mut bench, false);
    for account in (1..8).filter(|&account| account != checker) {
        bench.by(account, crate::protocol::provider::Drain {});
    }
    let before = bench.free(checker);
    bench.by(checker, Verdict { lease, root: root(lease) });
    assert_eq!(names(&bench.beacon(2)), ["RoundClosed", "Judged", "Settled"]);
    assert_eq!(bench.free(checker), before);
}

#[test]
fn who_cannot_pay_the_deposit_cannot_challenge() {
    let mut bench = bench(&[("verification.challenge_deposit", 1_000_000 * XPL)]);
    let (lease, checker) = under_check(&mut bench, false);
    assert_eq!(bench.refused_by(checker, Verdict { lease, root: root(lease) }), Rejection::InsufficientFunds);
}

#[test]
fn a_confirmation_that_a_panel_upholds_against_a_challenger_is_paid() {
    let mut bench = bench(&[("verification.open", 12 * HOUR)]);
    let (lease, checker) = under_check(&mut bench, true);
    assert_eq!(names(&bench.by(checker, Verdict { lease, root: root(lease) })), ["StandsOpen", "Verified"]);
    let other = 1 + checker % 7;
    bench.by(other, Challenge { lease });
    assert_eq!(bench.refused_by(1 + other % 7, Challenge { lease }), Rejection::NotOpenToChallenge);
    bench.beacon(2);
    let panel = panel(&mut bench, lease);
    assert!(!panel.contains(&checker) && !panel.contains(&other));
    let before = bench.free(checker);
    let votes: Vec<_> = panel.iter().map(|&juror| (juror, root(lease))).collect();
    let events = vote(&mut bench, lease, &votes);
    assert_eq!((judged(&events).outcome, names(&events).last()), (Outcome::Overruled, Some(&"StandsOpen")));
    assert_eq!(bench.refused_by(1 + other % 7, Challenge { lease }), Rejection::NotOpenToChallenge);
    assert_eq!(names(&bench.wait(12 * HOUR)), ["CheckerJudged", "Settled"]);
    assert_eq!(bench.free(checker) - before, u128::from(1_800 * XPL));
}

/// A planted error, the checker that copied it, and a friend of the checker's that challenges before anybody has shown it.
fn shielded(bench: &mut Bench) -> (LeaseId, u32) {
    let lease = loop {
        let submit = Submit { policy: Policy::Checked, ..hour_job(bench.now) };
        let (lease, ..) = leased(&bench.by(8, submit)).expect("a lease");
        if calls_for_decoy(lease, &root(lease), ONE / 2) {
            break lease;
        }
        bench.commit(0, lease);
        bench.beacon(1);
        let checker = bench.engine.view(|state| state.leases.row(lease.0).checker.0);
        bench.by(checker, Verdict { lease, root: root(lease) });
        bench.wait(HOUR);
    };
    let published = decoy(lease, &root(lease));
    bench.by(0, Commit { lease, commitment: lease::commitment(lease, ProviderId(0), &published) });
    bench.beacon(1);
    let checker = bench.engine.view(|state| state.leases.row(lease.0).checker.0);
    assert_eq!(names(&bench.by(checker, Verdict { lease, root: published })), ["StandsOpen", "Verified"]);
    assert_eq!(names(&bench.by(1 + checker % 7, Challenge { lease })), ["Challenged"]);
    (lease, checker)
}

const SHIELDED: [(&str, u64); 3] =
    [("verification.planted", ONE / 2), ("verification.open", HOUR), ("verification.challenge_deposit", 11)];

#[test]
fn a_friends_challenge_keeps_no_copied_verdict_from_exposure() {
    let mut bench = bench(&SHIELDED);
    let (lease, checker) = shielded(&mut bench);
    let expose = Expose { lease, root: root(lease) };
    assert_eq!(bench.refused_by(0, expose), Rejection::NotATrap);
    bench.beacon(2);
    let panel = panel(&mut bench, lease);
    let votes: Vec<_> = panel.iter().map(|&juror| (juror, root(lease))).collect();
    assert_eq!(judged(&vote(&mut bench, lease, &votes)).outcome, Outcome::Overruled);
    // It answers with its bond until nobody can show anything any more.
    assert_eq!(bench.refused_by(checker, crate::protocol::provider::Retire {}), Rejection::ChecksOpen);
    let before = (bench.bond(checker), bench.free(checker));
    // A panel has found the result right: it is not drawn again.
    assert_eq!(names(&bench.by(0, expose)), ["Slashed", "Exposed", "Settled"]);
    assert_eq!((before.0 - bench.bond(checker), bench.free(checker)), (u128::from(1_000 * XPL), before.1));
    assert_eq!(bench.engine.view(|state| state.providers()[checker as usize].checked), 0);
}

#[test]
fn nor_does_one_that_nobody_can_decide() {
    let mut bench = bench(&SHIELDED);
    let (lease, checker) = shielded(&mut bench);
    let (friend, expose) = (1 + checker % 7, Expose { lease, root: root(lease) });
    for account in (1..8).filter(|&account| account != checker && account != friend) {
        bench.by(account, crate::protocol::provider::Drain {});
    }
    assert_eq!(names(&bench.beacon(2)), ["RoundClosed", "Judged", "StandsOpen"]);
    // Once is all a friend can do.
    assert_eq!(bench.refused_by(friend, Challenge { lease }), Rejection::NotOpenToChallenge);
    assert_eq!(names(&bench.by(0, expose)), ["Slashed", "Exposed", "Settled"]);
}

#[test]
fn a_confirmation_that_a_panel_finds_wrong_is_unpaid_and_struck() {
    let mut bench = bench(&[("verification.open", 12 * HOUR)]);
    let submit = Submit { policy: Policy::Checked, ..hour_job(bench.now) };
    let (lease, ..) = leased(&bench.by(8, submit)).expect("a lease");
    let wrong = [3; 32];
    bench.by(0, Commit { lease, commitment: lease::commitment(lease, ProviderId(0), &wrong) });
    bench.beacon(1);
    let checker = bench.engine.view(|state| state.leases.row(lease.0).checker.0);
    assert_eq!(names(&bench.by(checker, Verdict { lease, root: wrong })), ["StandsOpen", "Verified"]);
    bench.by(1 + checker % 7, Challenge { lease });
    bench.beacon(2);
    let panel = panel(&mut bench, lease);
    let before = bench.free(checker);
    let votes: Vec<_> = panel.iter().map(|&juror| (juror, root(lease))).collect();
    assert_eq!(judged(&vote(&mut bench, lease, &votes)).outcome, Outcome::Upheld);
    assert_eq!((bench.free(checker), strikes(&mut bench)[checker as usize]), (before, 1));
}
