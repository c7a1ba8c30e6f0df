//! The protocol's rules. Each file has one shape: components, decide, apply, invariants, tests.

pub mod account;
pub mod batch;
pub mod beacon;
pub mod bond;
pub mod builders;
pub mod delegation;
pub mod emission;
pub mod epoch;
pub mod fee;
pub mod governance;
pub mod holdback;
pub mod job;
pub mod lease;
pub mod market;
pub mod offer;
pub mod oracle;
pub mod provider;
pub mod receipt;
pub mod redelegation;
pub mod sealed;
pub mod settlement;
pub mod slashing;
pub mod staking;
pub mod treasury;
pub mod vault;
pub mod verification;
pub mod vesting;
pub mod weights;

use crate::engine::state::State;

/// Every invariant of the protocol, on the whole state: tokens are conserved, counts are those of the rows they count.
///
/// # Errors
/// The first that is broken, in words.
pub fn check_invariants(state: &State) -> Result<(), String> {
    let total = state.total();
    if total != state.ledger.cap {
        return Err(format!("pots hold {total} nano-XPL in all, which should be {}", state.ledger.cap));
    }
    let checks = [
        account::check,
        batch::check,
        beacon::check,
        bond::check,
        builders::check,
        delegation::check,
        emission::check,
        governance::check,
        holdback::check,
        job::check,
        lease::check,
        offer::check,
        oracle::check,
        provider::check,
        receipt::check,
        redelegation::check,
        sealed::check,
        staking::check,
        treasury::check,
        vault::check,
        verification::check,
        vesting::check,
    ];
    checks.iter().try_for_each(|check| check(state))
}
