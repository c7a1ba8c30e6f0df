//! Challenges: somebody says that a committed result is wrong, and puts a deposit behind it.
//!
//! A drawn checker whose root does not open the commitment challenges it, where there are panels; so may any bonded provider that was
//! not drawn, while the result awaits its draw or, for `verification.open` after it was committed or confirmed, stands open. The
//! deposit waits in a pot until the [panel](super::panel) has decided; what a challenger loses who is overruled, `verification.deposit_worker`
//! divides between the provider it accused and the panel.
//!
//! A confirmed result whose challenge fails stands open once more, to exposure alone: a friend's challenge would take a copied
//! verdict out of reach of [`Expose`](super::planted::Expose) otherwise.

use crate::engine::derived::Derived;
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::ids::{AccountId, LeaseId, ProviderId};
use crate::protocol::lease::{Lease, Stage};
use crate::protocol::settlement;
use crate::protocol::verification::draw::{may_check, relieve};
use crate::protocol::verification::panel::{CheckerJudged, Seat};
use crate::protocol::verification::policy::{self, Policy};
use crate::record::{Apply, Decide, Event, Fire, Record, Timer, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// A challenge that a panel is to decide.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// Nano-XPL that the challenger deposited.
    pub deposit: u64,
    /// Until when verdicts are sealed; meaningful once there are seats.
    pub seal_by: Time,
    /// When it is decided at the latest; meaningful once there are seats.
    pub due: Time,
    /// Who says that the result is wrong.
    pub challenger: ProviderId,
    /// Panels that came to no decision.
    pub hung: u32,
    /// The panel; empty until the next beacon draws it.
    pub seats: Vec<Seat>,
}

payload! {
    /// Says that a committed result is wrong, with a deposit. Sent by a bonded provider.
    pub struct Challenge {
        /// Which lease.
        pub lease: LeaseId,
    }

    /// The time in which a result stands open may be over.
    pub struct WindowOver {
        /// Which lease.
        pub lease: LeaseId,
    }

    /// A result that was not drawn, or that its checker confirmed, is open to challenge and exposure for a while; one that a
    /// challenge did not overturn after that, to exposure only.
    pub struct StandsOpen {
        /// Which lease.
        pub lease: LeaseId,
        /// Until when.
        pub until: Time,
    }

    /// A result was challenged: the next beacon draws a panel.
    pub struct Challenged {
        /// Nano-XPL that the challenger deposited.
        pub deposit: u64,
        /// Which lease.
        pub lease: LeaseId,
        /// Who challenges it.
        pub challenger: ProviderId,
        /// Zero.
        pub pad: u32,
    }
}

// Decide

/// Until when a committed result that was not drawn is open to challenge; `None` where there are no such challenges.
pub(super) fn open_until(state: &State, lease: &Lease) -> Option<Time> {
    let open = state.params.verification_open();
    (open > 0 && state.params.verification_panel() > 0).then(|| lease.due.saturating_add(open))
}

/// Opens a case, if the challenger can pay its deposit.
pub(super) fn raise(state: &State, lease: &Lease, challenger: ProviderId, events: &mut Vec<Event>) -> Result<(), Refusal> {
    let deposit = state.params.verification_challenge_deposit();
    let owner = state.providers[challenger.index()].owner;
    state.accounts[owner.index()].require(deposit)?;
    events.push(Challenged { deposit, lease: lease.id, challenger, pad: 0 }.into());
    Ok(())
}

impl Decide for Challenge {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (challenger, _) = state.acting_provider(record)?;
        let lease = state.lease(self.lease).ok_or(Rejection::UnknownLease)?;
        let waits = match lease.stage {
            Stage::Committed => !matches!(state.jobs.row(lease.job.0).policy, Policy::Unchecked | Policy::Redundant),
            Stage::Open | Stage::Confirmed => true,
            Stage::Running | Stage::UnderCheck | Stage::Challenged | Stage::Contested | Stage::Defended => false,
        };
        let itself = state.offers[lease.offer.index()].provider == challenger;
        if !waits || itself || open_until(state, lease).is_none() {
            return Err(Rejection::NotOpenToChallenge.into());
        }
        if !may_check(state, challenger) {
            return Err(Rejection::MayNotCheck.into());
        }
        raise(state, lease, challenger, events)
    }
}

impl Fire for WindowOver {
    fn stands(&self, state: &State, time: Time) -> bool {
        let open = |stage: Stage| matches!(stage, Stage::Open | Stage::Confirmed | Stage::Defended);
        state.lease(self.lease).is_some_and(|lease| open(lease.stage) && lease.check_due == time)
    }

    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) {
        let lease = state.leases.row(self.lease.0);
        if lease.stage != Stage::Open {
            let from_treasury = policy::reward(state, lease);
            events.push(CheckerJudged { from_deposit: 0, from_treasury, checker: lease.checker, strikes: 0 }.into());
        }
        settlement::settle(state, lease, record.time, events);
    }
}

// Apply

impl Apply for StandsOpen {
    fn apply(&self, state: &mut State, _record: &Record) {
        let lease = state.leases.row_mut(self.lease.0);
        lease.stage = match lease.stage {
            Stage::UnderCheck => Stage::Confirmed,
            Stage::Defended => Stage::Defended,
            _ => Stage::Open,
        };
        lease.check_due = self.until;
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.until, Timer::WindowOver(WindowOver { lease: self.lease }));
    }
}

impl Apply for Challenged {
    fn apply(&self, state: &mut State, _record: &Record) {
        let owner: AccountId = state.providers[self.challenger.index()].owner;
        state.transfer(Pot::Free(owner), Pot::Challenges, self.deposit);
        match &mut state.leases.row_mut(self.lease.0).stage {
            // Who confirmed it still answers for that.
            stage @ Stage::Confirmed => *stage = Stage::Contested,
            _ => relieve(state, self.lease, Stage::Challenged),
        }
        let case = Case { deposit: self.deposit, challenger: self.challenger, ..Case::default() };
        state.docket.cases.insert(self.lease, case);
    }
}

// Invariants

/// Every challenged lease has its case and every case its lease; deposits add up to their pot.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let disputed = |lease: &&Lease| matches!(lease.stage, Stage::Challenged | Stage::Contested);
    let challenged = state.leases.iter().filter(disputed);
    let cases = &state.docket.cases;
    if challenged.count() != cases.len() {
        return Err(format!("{} cases are open, but not as many leases challenged", cases.len()));
    }
    for (&id, case) in cases {
        let Some(lease) = state.lease(id).filter(disputed) else {
            return Err(format!("a case is open on {id}, which nobody challenged"));
        };
        let worker = state.offers[lease.offer.index()].provider;
        if case.challenger == worker || state.provider(case.challenger).is_none() {
            return Err(format!("{id} of {worker} is challenged by {}", case.challenger));
        }
    }
    let deposits = cases.values().map(|case| u128::from(case.deposit)).fold(0, u128::saturating_add);
    if deposits != state.ledger.challenges {
        return Err(format!("challengers deposited {deposits} nano-XPL, the ledger says {}", state.ledger.challenges));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::XPL;
    use crate::protocol::provider::Drain;
    use crate::protocol::verification::tests::committed;
    use crate::testing::names;
    use crate::time::HOUR;

    const OPEN: [(&str, u64); 4] =
        [("verification.panel", 1), ("verification.open", 2 * HOUR), ("verification.rate", 0), ("fee.base", 0)];

    #[test]
    fn an_undrawn_result_stands_open_for_a_while_and_then_settles() {
        let (mut bench, _) = committed(&OPEN, true);
        assert_eq!(names(&bench.beacon(1)), ["RoundClosed", "StandsOpen"]);
        // The window counts from the commitment, a beacon ago.
        assert!(bench.wait(2 * HOUR - 3).is_empty());
        assert_eq!(names(&bench.wait(2)), ["Settled"]);
    }

    #[test]
    fn a_late_beacon_leaves_no_window() {
        let (mut bench, _) = committed(&OPEN, true);
        bench.wait(2 * HOUR);
        assert_eq!(names(&bench.beacon(1)), ["RoundClosed", "Settled"]);
    }

    #[test]
    fn any_bonded_provider_but_the_worker_challenges_with_a_deposit() {
        let (mut bench, lease) = committed(&OPEN, false);
        let challenge = Challenge { lease };
        assert_eq!(bench.refused_by(0, challenge), Rejection::NotOpenToChallenge);
        assert_eq!(bench.refused_by(2, challenge), Rejection::NotAProvider);
        bench.by(1, Drain {});
        assert_eq!(bench.refused_by(1, challenge), Rejection::MayNotCheck);
        bench.by(1, crate::protocol::provider::Resume {});
        let before = bench.free(1);
        assert_eq!(names(&bench.by(1, challenge)), ["Challenged"]);
        assert_eq!(before - bench.free(1), u128::from(100 * XPL));
        assert_eq!(bench.refused_by(1, challenge), Rejection::NotOpenToChallenge);
        assert_eq!(bench.refused_by(1, Challenge { lease: LeaseId::new(9, 0) }), Rejection::UnknownLease);
    }

    #[test]
    fn without_a_window_nothing_is_open_to_challenge() {
        let (mut bench, lease) = committed(&[("verification.panel", 1)], false);
        assert_eq!(bench.refused_by(1, Challenge { lease }), Rejection::NotOpenToChallenge);
    }
}
