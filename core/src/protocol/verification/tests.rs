//! What the tests of checks begin with.

use super::policy::Policy;
use crate::ids::LeaseId;
use crate::money::{ONE, XPL};
use crate::protocol::job::Submit;
use crate::protocol::lease;
use crate::testing::{Bench, hour_job, leased};

/// A committed, sampled lease of the first of two providers, honest or not.
pub fn committed(set: &[(&str, u64)], honest: bool) -> (Bench, LeaseId) {
    let set: Vec<_> = [("verification.rate", ONE), ("fee.base", 0), ("fee.rate", 0)].iter().chain(set).copied().collect();
    let mut bench = Bench::new(&set);
    bench.provide(0, 1, XPL);
    bench.provide(1, 1, 2 * XPL);
    let submit = Submit { policy: Policy::Sampled, ..hour_job(bench.now) };
    let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
    if honest {
        bench.commit(0, lease);
    } else {
        bench.by(0, lease::Commit { lease, commitment: [1; 32] });
    }
    (bench, lease)
}

/// The commitment binds before anybody knows whether, and by whom, it is checked: with the beacon that comes after it.
#[test]
fn the_digest_is_committed_before_the_draw() {
    let (mut bench, lease) = committed(&[], true);
    let said = bench.engine.view(|state| state.leases.row(lease.0).commitment);
    let again = lease::Commit { lease, commitment: [2; 32] };
    assert_eq!(bench.refused_by(0, again), crate::rejection::Rejection::NotRunning);
    let before = bench.engine.view(|state| (state.leases.row(lease.0).round, state.clock.round));
    bench.beacon(1);
    assert_eq!(bench.refused_by(0, again), crate::rejection::Rejection::NotRunning);
    bench.engine.view(|state| {
        let lease = state.leases.row(lease.0);
        assert_eq!((lease.commitment, lease.round, before), (said, 0, (0, 0)));
        assert_eq!((lease.stage, state.clock.round), (lease::Stage::UnderCheck, 1));
    });
}
