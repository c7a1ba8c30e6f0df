//! What redundant copies and their comparison do.

use super::*;
use crate::ids::OfferId;
use crate::money::XPL;
use crate::params::mechanism;
use crate::protocol::job::Submit;
use crate::protocol::lease::Commit;
use crate::protocol::verification::verdict::Verdict;
use crate::testing::{Bench, genesis, hour_job, names};
use crate::time::{DAY, HOUR, MINUTE};

/// Seven accounts, of whom all but the last offer a GPU, each dearer than the one before.
fn bench(set: &[(&str, u64)]) -> Bench {
    let ours = [("fee.base", 0), ("fee.rate", 0), ("emission.start", 90 * DAY)];
    let mut genesis = genesis(&ours.iter().chain(set).copied().collect::<Vec<_>>());
    let rich = genesis.accounts[0].clone();
    genesis.accounts = (0..7).map(|i| crate::genesis::Allocation { key: [i; 32], ..rich.clone() }).collect();
    let mut bench = Bench::of(&genesis);
    (0..6).for_each(|account| bench.provide(account, 1, u64::from(account + 1) * XPL));
    bench
}

fn redundant(bench: &Bench, copies: u8) -> Submit {
    Submit { policy: Policy::Redundant, copies, ..hour_job(bench.now) }
}

/// Leases, each with its provider.
fn leases(events: &[Event]) -> Vec<(LeaseId, u32)> {
    events.iter().filter_map(|event| if let Event::Leased(l) = event { Some((l.lease, l.offer.0)) } else { None }).collect()
}

/// Each provider commits to a root.
fn commit(bench: &mut Bench, leases: &[(LeaseId, u32)], roots: &[[u8; 32]]) -> Vec<Event> {
    let said = leases.iter().zip(roots);
    let commit = |(&(lease, provider), root): (&(LeaseId, u32), &[u8; 32])| {
        bench.by(provider, Commit { lease, commitment: commitment(lease, ProviderId(provider), root) })
    };
    said.map(commit).collect::<Vec<_>>().concat()
}

fn reveal(bench: &mut Bench, leases: &[(LeaseId, u32)], roots: &[[u8; 32]]) -> Vec<Event> {
    let said = leases.iter().zip(roots);
    said.map(|(&(lease, provider), &root)| bench.by(provider, RevealCopy { lease, root })).collect::<Vec<_>>().concat()
}

fn outcomes(events: &[Event]) -> Vec<Comparison> {
    events.iter().filter_map(|event| if let Event::Compared(compared) = event { Some(compared.outcome) } else { None }).collect()
}

const RIGHT: [u8; 32] = [1; 32];

#[test]
fn the_majority_is_paid_and_the_minority_slashed_and_refunded() {
    let mut bench = bench(&[]);
    let submit = redundant(&bench, 3);
    let events = bench.by(6, submit);
    assert_eq!(names(&events), ["Submitted", "Copied", "Copied", "Leased", "Leased", "Leased"]);
    // Each copy has the whole budget, and a provider of its own.
    assert_eq!(bench.free(6), u128::from((1_000_000 - 3 * 36_000) * XPL));
    let leases = leases(&events);
    assert_eq!(leases.iter().map(|lease| lease.1).collect::<Vec<_>>(), [0, 1, 2]);
    let roots = [RIGHT, [2; 32], RIGHT];
    assert_eq!(bench.refused_by(0, RevealCopy { lease: leases[0].0, root: RIGHT }), Rejection::NothingToReveal);
    assert_eq!(names(&commit(&mut bench, &leases, &roots)), ["Committed", "Committed", "Committed", "CopiesComplete"]);
    assert_eq!(bench.refused_by(1, RevealCopy { lease: leases[0].0, root: RIGHT }), Rejection::NotYourLease);
    assert_eq!(bench.refused_by(0, RevealCopy { lease: leases[0].0, root: [9; 32] }), Rejection::BadSeal);
    let events = reveal(&mut bench, &leases, &roots);
    assert_eq!(outcomes(&events), [Comparison::Agreed, Comparison::Outvoted, Comparison::Agreed]);
    assert_eq!(names(&events).iter().filter(|name| **name == "Settled").count(), 2);
    assert_eq!([0, 1, 2].map(|account| bench.free(account)), [903_600, 900_000, 910_800].map(|xpl| u128::from(xpl * XPL)));
    assert_eq!(bench.bond(1), u128::from(99_000 * XPL));
    assert_eq!(bench.free(6), u128::from((1_000_000 - 14_400) * XPL));
    bench.engine.view(|state| assert_eq!(*state.docket, Default::default()));
}

#[test]
fn without_a_majority_checkers_are_drawn_and_every_honest_copy_is_paid() {
    let mut bench = bench(&[("verification.rate", 0)]);
    let submit = redundant(&bench, 2);
    let leases = leases(&bench.by(6, submit));
    let roots = [RIGHT, [2; 32]];
    commit(&mut bench, &leases, &roots);
    let events = reveal(&mut bench, &leases, &roots);
    assert_eq!(outcomes(&events), [Comparison::Undecided; 2]);
    assert_eq!(names(&bench.beacon(1)), ["RoundClosed", "CheckDrawn", "CheckDrawn"]);
    let checkers: Vec<u32> =
        bench.engine.view(|state| leases.iter().map(|lease| state.leases.row(lease.0.0).checker.0).collect());
    assert!(checkers.iter().all(|&checker| checker > 1), "no copy's provider checks another: {checkers:?}");
    assert_eq!(names(&bench.by(checkers[0], Verdict { lease: leases[0].0, root: RIGHT })), ["Verified", "Settled"]);
    let events = bench.by(checkers[1], Verdict { lease: leases[1].0, root: RIGHT });
    assert_eq!(names(&events), ["Slashed", "FoundWrong", "Leased"]);
}

#[test]
fn who_does_not_reveal_has_missed_its_deadline() {
    let mut bench = bench(&[("verification.reveal", HOUR)]);
    let submit = redundant(&bench, 3);
    let leases = leases(&bench.by(6, submit));
    commit(&mut bench, &leases, &[RIGHT; 3]);
    reveal(&mut bench, &leases[..2], &[RIGHT; 2]);
    let events = bench.wait(HOUR);
    assert_eq!(outcomes(&events), [Comparison::Agreed, Comparison::Agreed, Comparison::Unrevealed]);
    assert_eq!(bench.bond(2), u128::from(99_980 * XPL));
    assert_eq!(bench.engine.view(|state| state.providers()[2].strikes), 1);
}

#[test]
fn a_copy_that_is_lost_leaves_the_others_to_a_checker() {
    let mut bench = bench(&[("market.lease_slack", 1_000_000_000)]);
    (2..6).for_each(|account| drop(bench.by(account, crate::protocol::provider::Drain {})));
    let submit = redundant(&bench, 2);
    let leases = leases(&bench.by(6, submit));
    commit(&mut bench, &leases[..1], &[RIGHT]);
    // The second provider misses its deadline, and nobody is left who has not had the job.
    let events = bench.wait(3 * HOUR);
    assert_eq!(names(&events), ["Missed", "Slashed", "Queued", "Failed", "CopiesComplete"]);
    let events = reveal(&mut bench, &leases[..1], &[RIGHT]);
    assert_eq!(outcomes(&events), [Comparison::Undecided]);
    assert_eq!(names(&bench.beacon(1)), ["RoundClosed", "Settled"]);
}

#[test]
fn copies_meet_distinct_providers_in_every_market() {
    for by in [mechanism::POSTED, mechanism::UNIFORM, mechanism::ALGORITHMIC] {
        let set = [("market.mechanism", by), ("market.batch", MINUTE), ("market.opening", 9 * XPL)];
        let mut bench = bench(&set);
        let submit = redundant(&bench, 3);
        let mut events = bench.by(6, submit);
        events.extend(bench.wait(10 * MINUTE));
        let mut providers: Vec<u32> = leases(&events).iter().map(|lease| lease.1).collect();
        providers.sort_unstable();
        providers.dedup();
        assert_eq!(providers.len(), 3, "{by}: {events:?}");
    }
}

#[test]
fn a_retry_avoids_everybody_who_failed_the_job() {
    for by in [mechanism::POSTED, mechanism::UNIFORM, mechanism::ALGORITHMIC] {
        let set = [
            ("market.mechanism", by),
            ("market.batch", MINUTE),
            ("market.opening", 9 * XPL),
            ("market.lease_slack", 1_000_000_000),
            ("market.lease_grace", 0),
            ("market.retries", 5),
            ("market.rate", 0),
        ];
        let mut bench = bench(&set);
        let submit = Submit { start_by: bench.now + 9 * HOUR, finish_by: bench.now + 90 * HOUR, ..hour_job(bench.now) };
        let mut events = bench.by(6, submit);
        events.extend(bench.wait(9 * HOUR));
        let mut offers: Vec<u32> = leases(&events).iter().map(|lease| lease.1).collect();
        assert_eq!(offers.len(), 6, "{by}: {events:?}");
        offers.sort_unstable();
        assert_eq!(offers.into_iter().map(OfferId).collect::<Vec<_>>(), (0..6).map(OfferId).collect::<Vec<_>>());
        bench.engine.view(|state| assert_eq!(*state.avoided, Default::default()));
    }
}
