//! Planted errors: what keeps checkers from saying "right" without looking (the forced errors of Teutsch & Reitwießner 2017, "A
//! scalable verification solution for blockchains", section 4.4).
//!
//! Who does not execute can still copy: it names the root that the provider published, and is right as long as providers are. So a
//! share `verification.planted` of right results is committed to as a **decoy**, a hash of the true root. Which ones, the true root
//! itself says, by a hash with the lease: only who has executed the job can tell, and the state holds no secret. A checker that
//! executed names the true root, which is seen to be the decoy's: it has found a trap, and earns a bonus. A checker that copied names
//! the decoy. Nobody computes that by executing, so that the true root, shown by the provider or anybody who knows it while the result
//! stands open, proves that it copied: it is slashed, unpaid, and the result is drawn again, for it has not been checked, unless a
//! panel has heard it meanwhile.
//!
//! A provider need not plant: a true root that it commits to as it is stays right. A decoy where the root says none is a wrong
//! result. Whoever copies can look whether what it copies would itself have called for a decoy, and know a share `verification.planted`
//! of the traps by that; therefore the parameter ends at one half.

use crate::engine::derived::{Derived, Task};
use crate::engine::state::State;
use crate::ids::LeaseId;
use crate::money::ONE;
use crate::protocol::holdback;
use crate::protocol::lease::{Lease, Stage, commitment};
use crate::protocol::verification::draw;
use crate::record::{Apply, Decide, Event, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};

// Components are in the lease's row.

payload! {
    /// Shows that a result which a checker confirmed was planted.
    pub struct Expose {
        /// Which lease.
        pub lease: LeaseId,
        /// The true root.
        pub root: [u8; 32],
    }

    /// A checker had copied a planted root: the result is drawn again, or settles if a challenge of it has failed.
    pub struct Exposed {}
}

/// What a root does to a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It opens it.
    Right,
    /// It opens it as its decoy's.
    Trap,
    /// It does not open it.
    Wrong,
}

/// BLAKE3(domain, lease, root).
fn hash(domain: &[u8; 16], lease: LeaseId, root: &[u8; 32]) -> [u8; 32] {
    let mut message = [0u8; 56];
    message[..16].copy_from_slice(domain);
    message[16..24].copy_from_slice(&lease.0.to_le_bytes());
    message[24..].copy_from_slice(root);
    *blake3::hash(&message).as_bytes()
}

/// What is committed to in place of a true root that calls for it.
pub fn decoy(lease: LeaseId, root: &[u8; 32]) -> [u8; 32] {
    hash(b"xpl/v1/decoy\0\0\0\0", lease, root)
}

/// Whether a true root calls for its decoy, when a share `rate` of them does, in parts per billion.
pub fn calls_for_decoy(lease: LeaseId, root: &[u8; 32], rate: u64) -> bool {
    let hash = hash(b"xpl/v1/ticket\0\0\0", lease, root);
    let ticket = u64::from_le_bytes(hash[..8].try_into().expect("eight bytes"));
    u128::from(ticket) * u128::from(ONE) < u128::from(rate) << 64
}

/// The root that an honest provider commits to and publishes.
pub fn presented(lease: LeaseId, root: &[u8; 32], rate: u64) -> [u8; 32] {
    if calls_for_decoy(lease, root, rate) { decoy(lease, root) } else { *root }
}

// Decide

/// What a root does to a lease's commitment. Errors are planted only where checkers execute again.
pub(crate) fn opening(state: &State, lease: &Lease, root: &[u8; 32]) -> Opening {
    let worker = state.offers[lease.offer.index()].provider;
    if commitment(lease.id, worker, root) == lease.commitment {
        Opening::Right
    } else if is_trap(state, lease, root) {
        Opening::Trap
    } else {
        Opening::Wrong
    }
}

fn is_trap(state: &State, lease: &Lease, root: &[u8; 32]) -> bool {
    let (worker, rate) = (state.offers[lease.offer.index()].provider, state.params.verification_planted());
    rate > 0
        && state.jobs.row(lease.job.0).policy.executes_again()
        && calls_for_decoy(lease.id, root, rate)
        && commitment(lease.id, worker, &decoy(lease.id, root)) == lease.commitment
}

impl Decide for Expose {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (account, _) = state.mobile_account(record)?;
        let lease = state.lease(self.lease).ok_or(Rejection::UnknownLease)?;
        if !matches!(lease.stage, Stage::Confirmed | Stage::Defended) || !is_trap(state, lease, &self.root) {
            return Err(Rejection::NotATrap.into());
        }
        holdback::punish(state, lease.checker, lease.gpus, state.params.slash_copied(), account, events);
        events.push(Exposed {}.into());
        Ok(())
    }
}

// Apply

impl Apply for Exposed {
    fn apply(&self, state: &mut State, record: &Record) {
        let lease = cause!(record, Command::Expose).lease;
        match state.leases.row(lease.0).stage {
            Stage::Defended => draw::relieve(state, lease, Stage::Open),
            _ => draw::again(state, lease),
        }
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        let lease = cause!(record, Command::Expose).lease;
        match state.leases.row(lease.0).stage {
            Stage::Open => derived.tasks.push_back(Task::Settle(lease)),
            _ => derived.awaiting_draw.push(lease),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::deterrence::Planting;
    use crate::money::XPL;
    use crate::protocol::job::Submit;
    use crate::protocol::lease::Commit;
    use crate::protocol::verification::policy::Policy;
    use crate::protocol::verification::verdict::Verdict;
    use crate::testing::{Bench, hour_job, leased, names, root};
    use crate::time::{HOUR, YEAR};

    const SET: [(&str, u64); 8] = [
        ("emission.start", YEAR),
        ("verification.planted", ONE / 2),
        ("verification.open", HOUR),
        ("verification.bonus", ONE / 10),
        ("slash.copied", ONE / 4),
        ("slash.checker_share", ONE / 5),
        ("fee.base", 0),
        ("fee.rate", 0),
    ];

    /// A provider that plants when it should, and a checker.
    fn bench() -> Bench {
        let mut bench = Bench::new(&SET);
        bench.provide(0, 1, XPL);
        bench.provide(1, 1, 2 * XPL);
        bench
    }

    /// A lease under check whose true root says what the flag says, with what its provider published.
    fn under_check(bench: &mut Bench, trap: bool) -> (LeaseId, [u8; 32]) {
        loop {
            let submit = Submit { policy: Policy::Checked, ..hour_job(bench.now) };
            let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
            let (rate, worker) = (ONE / 2, crate::ids::ProviderId(0));
            let published = presented(lease, &root(lease), rate);
            bench.by(0, Commit { lease, commitment: commitment(lease, worker, &published) });
            bench.beacon(1);
            if (published == root(lease)) != trap {
                return (lease, published);
            }
            bench.by(1, Verdict { lease, root: root(lease) });
            bench.wait(2 * HOUR);
        }
    }

    #[test]
    fn who_executed_finds_the_trap_and_earns_the_bonus() {
        let mut bench = bench();
        let (lease, _) = under_check(&mut bench, true);
        let before = bench.free(1);
        assert_eq!(names(&bench.by(1, Verdict { lease, root: root(lease) })), ["TrapFound", "Settled"]);
        // Half of 3 600 for the check, a tenth for the trap.
        assert_eq!(bench.free(1) - before, u128::from(2_160 * XPL));
    }

    #[test]
    fn who_copied_is_exposed_slashed_and_unpaid_and_the_result_is_drawn_again() {
        let mut bench = bench();
        let (lease, published) = under_check(&mut bench, true);
        let expose = Expose { lease, root: root(lease) };
        assert_eq!(bench.refused_by(0, expose), Rejection::NotATrap);
        assert_eq!(names(&bench.by(1, Verdict { lease, root: published })), ["StandsOpen", "Verified"]);
        assert_eq!(bench.refused_by(0, Expose { lease, root: published }), Rejection::NotATrap);
        assert_eq!(bench.refused_by(0, Expose { lease: LeaseId::new(99, 0), ..expose }), Rejection::UnknownLease);
        let (bond, checker, worker) = (bench.bond(1), bench.free(1), bench.free(0));
        assert_eq!(names(&bench.by(0, expose)), ["Slashed", "Exposed"]);
        // A quarter of the bond behind one GPU, a fifth of that to who exposed it.
        assert_eq!(
            (bond - bench.bond(1), bench.free(1), bench.free(0) - worker),
            (u128::from(500 * XPL), checker, u128::from(100 * XPL))
        );
        assert_eq!(names(&bench.beacon(2)), ["RoundClosed", "CheckDrawn"]);
    }

    #[test]
    fn the_bond_behind_a_check_stays_until_it_is_settled() {
        use crate::ids::{OfferId, ProviderId};
        use crate::protocol::bond::Unbond;
        use crate::protocol::offer::Withdraw;
        use crate::protocol::provider::Retire;
        let mut bench = bench();
        let (lease, published) = under_check(&mut bench, true);
        assert_eq!(bench.refused_by(1, Retire {}), Rejection::ChecksOpen);
        bench.by(1, Verdict { lease, root: published });
        assert_eq!(bench.refused_by(1, Retire {}), Rejection::ChecksOpen);
        bench.by(1, Withdraw { offer: OfferId(1) });
        assert_eq!(bench.refused_by(1, Unbond { amount: 98_000 * XPL + 1 }), Rejection::BondTooSmall);
        assert_eq!(names(&bench.by(1, Unbond { amount: 98_000 * XPL })), ["Unbonding"]);
        assert_eq!(bench.engine.view(|state| state.providers()[1].checked), 1);
        assert_eq!(names(&bench.by(0, Expose { lease, root: root(lease) })), ["Slashed", "Exposed"]);
        assert_eq!(bench.bond(1), u128::from(1_500 * XPL));
        assert_eq!(names(&bench.by(1, Retire {})), ["Unbonding", "Retired"]);
        assert_eq!(bench.engine.view(|state| state.provider(ProviderId(1)).map(|row| row.checked)), Some(0));
    }

    #[test]
    fn what_no_trap_was_stands_and_pays_when_its_time_is_over() {
        let mut bench = bench();
        let (lease, published) = under_check(&mut bench, false);
        bench.by(1, Verdict { lease, root: published });
        assert_eq!(bench.refused_by(0, Expose { lease, root: root(lease) }), Rejection::NotATrap);
        let before = bench.free(1);
        assert_eq!(names(&bench.wait(HOUR)), ["CheckerJudged", "Settled"]);
        assert_eq!(bench.free(1) - before, u128::from(1_800 * XPL));
    }

    /// Every lease is checked by the same checker, which copies. What it has at the end is what the formula says of as many traps.
    #[test]
    fn a_checker_that_always_says_right_loses_as_the_formula_says() {
        let mut bench = bench();
        bench.by(1, crate::protocol::bond::Bond { amount: 100_000 * XPL });
        let before = bench.free(1) + bench.bond(1);
        let (mut checks, mut traps) = (0u128, 0u128);
        for _ in 0..160 {
            let submit = Submit { policy: Policy::Checked, ..hour_job(bench.now) };
            let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
            let published = presented(lease, &root(lease), ONE / 2);
            bench.by(0, Commit { lease, commitment: commitment(lease, crate::ids::ProviderId(0), &published) });
            while bench.engine.view(|state| state.lease(lease).is_some()) {
                bench.beacon(1);
                checks += 1;
                assert_eq!(names(&bench.by(1, Verdict { lease, root: published })), ["StandsOpen", "Verified"]);
                if published == root(lease) {
                    bench.wait(HOUR);
                } else {
                    traps += 1;
                    bench.by(0, Expose { lease, root: root(lease) });
                    if bench.engine.view(|state| state.leases.row(lease.0).checks_missed) == draw::MAX_CHECKS_MISSED {
                        bench.beacon(1);
                    }
                }
            }
        }
        let planting = Planting { rate: ONE / 2, exposed: ONE, reward: 1_800 * XPL, bonus: 360 * XPL, slash: 500 * XPL };
        let change = (bench.free(1) + bench.bond(1)) as i128 - before as i128;
        assert_eq!(change, planting.copied(checks, traps));
        // Roots are planted at a half: 80 of 160 jobs, each trap met three times; ± 3.3 deviations of √40.
        assert!((60..=100).contains(&(traps / 3)), "{traps} traps");
        // On average over equally many traps and others, a check loses half of both.
        assert_eq!(planting.lazy(), (1_800 - 500) * i128::from(XPL) / 2);
    }

    #[test]
    fn a_decoy_without_a_call_is_wrong_and_a_true_root_is_always_right() {
        let mut bench = bench();
        for (calls, plants, follows) in [(false, true, "FoundWrong"), (true, false, "Verified")] {
            let lease = loop {
                let submit = Submit { policy: Policy::Checked, ..hour_job(bench.now) };
                let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
                if calls_for_decoy(lease, &root(lease), ONE / 2) == calls {
                    break lease;
                }
                bench.commit(0, lease);
                bench.beacon(1);
                bench.by(1, Verdict { lease, root: root(lease) });
                bench.wait(HOUR);
            };
            let said = if plants { decoy(lease, &root(lease)) } else { root(lease) };
            let worker = bench.engine.view(|state| state.offers()[state.leases.row(lease.0).offer.index()].provider);
            bench.by(worker.0, Commit { lease, commitment: commitment(lease, worker, &said) });
            bench.beacon(1);
            let events = bench.by(1 - worker.0, Verdict { lease, root: root(lease) });
            assert!(names(&events).contains(&follows), "{events:?}");
            bench.wait(HOUR);
        }
    }
}
