//! Verification: sampled results are executed again by a drawn checker, whose root must open the provider's commitment.
//!
//! The engine never decides that work is right: it compares what two parties computed. A single drawn checker's verdict is final.

use crate::engine::derived::{Derived, Task};
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::ids::{JobId, LeaseId, ProviderId};
use crate::money::{ONE, share};
use crate::protocol::job::Failure;
use crate::protocol::lease::{self, Lease, Stage};
use crate::protocol::settlement;
use crate::record::{Apply, Decide, Event, Fire, Record, Timer, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;

// Components are in the lease's row.

payload! {
    /// A drawn checker's answer: the trace root that it computed itself.
    pub struct Verdict {
        /// The lease under check.
        pub lease: LeaseId,
        /// The root of its own execution.
        pub root: [u8; 32],
    }

    /// A checker may be overdue.
    pub struct CheckOverdue {
        /// The lease under check.
        pub lease: LeaseId,
    }

    /// The beacon chose a lease for a check, and who checks it.
    pub struct CheckDrawn {
        /// Which lease.
        pub lease: LeaseId,
        /// When the verdict is due.
        pub due: Time,
        /// Who executes it again.
        pub checker: ProviderId,
        /// Zero.
        pub pad: u32,
    }

    /// The checker's root opens the commitment: the result is right.
    pub struct Verified {
        /// Nano-XPL that the treasury pays the checker.
        pub reward: u64,
    }

    /// The checker's root does not open the commitment: the result is wrong and the job goes back to the market.
    pub struct FoundWrong {
        /// Nano-XPL that the treasury pays the checker.
        pub reward: u64,
        /// The job.
        pub job: JobId,
    }

    /// The checker did not answer; another is drawn with the next beacon.
    pub struct CheckMissed {}
}

/// Purposes of draws from the beacon.
const DRAW_SAMPLE: u32 = 1;
const DRAW_CHECKER: u32 = 2;

/// How many checkers may fail to answer before the result is taken unchecked.
pub(crate) const MAX_CHECKS_MISSED: u8 = 3;

/// How many draws are tried for a checker that may act: with one eligible provider in ten, one in 10^14 leases finds none.
const CHECKER_DRAWS: u32 = 300;

// Decide

/// Settles a committed lease, or draws its checker.
pub(crate) fn draw(state: &State, id: LeaseId, now: Time, events: &mut Vec<Event>) {
    let Some(lease) = state.lease(id) else { return };
    let threshold = u128::from(state.params.verification_rate()) << 64;
    let sampled = u128::from(state.clock.draw(DRAW_SAMPLE, id.0, 0)) * u128::from(ONE) < threshold;
    let again = (1..MAX_CHECKS_MISSED).contains(&lease.checks_missed);
    if ((sampled && lease.checks_missed == 0) || again)
        && let Some(checker) = draw_checker(state, lease)
    {
        let due = now.saturating_add(state.params.verification_window());
        events.push(CheckDrawn { lease: id, due, checker, pad: 0 }.into());
        return;
    }
    events.push(settlement::settle(state, lease).into());
}

fn draw_checker(state: &State, lease: &Lease) -> Option<ProviderId> {
    let worker = state.offers[lease.offer.index()].provider;
    let per_gpu = state.params.bond_per_gpu();
    let count = u64::from(state.population.providers);
    (0..CHECKER_DRAWS)
        .map(|attempt| {
            let draw = state.clock.draw(DRAW_CHECKER, lease.id.0, attempt);
            ProviderId(((u128::from(draw) * u128::from(count)) >> 64) as u32)
        })
        .find(|&id| id != worker && state.provider(id).is_some_and(|p| p.gpus > 0 && p.may_lease(per_gpu)))
}

impl Decide for Verdict {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (checker, provider) = state.acting_provider(record)?;
        let lease = state.lease(self.lease).ok_or(Rejection::UnknownLease)?;
        if lease.stage != Stage::UnderCheck || lease.checker != checker {
            return Err(Rejection::NotUnderCheck.into());
        }
        let worker = state.offers[lease.offer.index()].provider;
        let wanted = share(lease.price, state.params.verification_reward());
        let reward = wanted.min(u64::try_from(state.ledger.treasury).unwrap_or(u64::MAX));
        if lease::commitment(lease.id, worker, &self.root) == lease.commitment {
            events.push(Verified { reward }.into());
        } else {
            let params = &state.params;
            let slashed = state.slash(worker, lease.gpus, params.slash_wrong(), provider.owner, params.slash_checker_share());
            events.extend(slashed.map(Event::from));
            events.push(FoundWrong { reward, job: lease.job }.into());
        }
        Ok(())
    }
}

impl Fire for CheckOverdue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.lease(self.lease).is_some_and(|lease| lease.stage == Stage::UnderCheck && lease.check_due <= time)
    }

    fn decide(&self, _state: &State, _record: &Record, events: &mut Vec<Event>) {
        events.push(CheckMissed {}.into());
    }
}

// Apply

impl Apply for CheckDrawn {
    fn apply(&self, state: &mut State, _record: &Record) {
        let lease = state.leases.row_mut(self.lease.0);
        lease.stage = Stage::UnderCheck;
        lease.checker = self.checker;
        lease.check_due = self.due;
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.due, Timer::CheckOverdue(CheckOverdue { lease: self.lease }));
    }
}

impl Apply for Verified {
    fn apply(&self, state: &mut State, record: &Record) {
        state.transfer(Pot::Treasury, Pot::Free(record.account()), self.reward);
    }

    fn follow(&self, _state: &State, record: &Record, derived: &mut Derived) {
        derived.tasks.push_back(Task::Settle(cause!(record, Command::Verdict).lease));
    }
}

impl Apply for FoundWrong {
    fn apply(&self, state: &mut State, record: &Record) {
        state.transfer(Pot::Treasury, Pot::Free(record.account()), self.reward);
        lease::fail(state, cause!(record, Command::Verdict).lease, Failure::Wrong);
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.tasks.push_back(Task::Match(self.job));
    }
}

impl Apply for CheckMissed {
    fn apply(&self, state: &mut State, record: &Record) {
        let timer = cause!(record, Timer::CheckOverdue);
        let round = state.clock.round;
        let lease = state.leases.row_mut(timer.lease.0);
        lease.stage = Stage::Committed;
        lease.checks_missed += 1;
        lease.round = round;
    }

    fn follow(&self, _state: &State, record: &Record, derived: &mut Derived) {
        derived.awaiting_draw.push(cause!(record, Timer::CheckOverdue).lease);
    }
}

// Invariants

/// A lease under check has a checker that is not its provider.
pub(crate) fn check(state: &State) -> Result<(), String> {
    for lease in state.leases.iter().filter(|lease| lease.stage == Stage::UnderCheck) {
        let worker = state.offers[lease.offer.index()].provider;
        if lease.checker == worker || state.provider(lease.checker).is_none() {
            return Err(format!("{} of {worker} is checked by {}", lease.id, lease.checker));
        }
    }
    Ok(())
}
