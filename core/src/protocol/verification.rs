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
    settlement::settle(state, lease, now, events);
}

fn draw_checker(state: &State, lease: &Lease) -> Option<ProviderId> {
    let worker = state.offers[lease.offer.index()].provider;
    let count = u64::from(state.population.providers);
    (0..CHECKER_DRAWS)
        .map(|attempt| {
            let draw = state.clock.draw(DRAW_CHECKER, lease.id.0, attempt);
            ProviderId(((u128::from(draw) * u128::from(count)) >> 64) as u32)
        })
        .find(|&id| id != worker && state.provider(id).is_some_and(|p| p.gpus > 0) && state.may_lease(id))
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
            let slashes = state.slash(worker, lease, params.slash_wrong(), provider.owner, params.slash_checker_share());
            events.extend(slashes);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AccountId;
    use crate::money::XPL;
    use crate::protocol::bond::Slashed;
    use crate::protocol::job::Submit;
    use crate::testing::{Bench, hour_job, leased, names, root};
    use crate::time::HOUR;

    /// A committed, sampled lease of the first of two providers, honest or not.
    fn committed(set: &[(&str, u64)], honest: bool) -> (Bench, LeaseId) {
        let set: Vec<_> = [("verification.rate", ONE), ("fee.base", 0), ("fee.rate", 0)].iter().chain(set).copied().collect();
        let mut bench = Bench::new(&set);
        bench.provide(0, 1, XPL);
        bench.provide(1, 1, 2 * XPL);
        let submit = Submit { policy: 1, ..hour_job(bench.now) };
        let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
        if honest {
            bench.commit(0, lease);
        } else {
            bench.by(0, lease::Commit { lease, commitment: [1; 32] });
        }
        (bench, lease)
    }

    #[test]
    fn a_right_result_settles_and_the_treasury_pays_the_checker() {
        let (mut bench, lease) = committed(&[], true);
        let verdict = Verdict { lease, root: root(lease) };
        assert_eq!(bench.refused_by(1, verdict), Rejection::NotUnderCheck);
        assert_eq!(names(&bench.beacon(1)), ["RoundClosed", "CheckDrawn"]);
        assert_eq!(bench.refused_by(0, verdict), Rejection::NotUnderCheck);
        assert_eq!(bench.refused_by(2, verdict), Rejection::NotAProvider);
        assert_eq!(bench.refused_by(1, Verdict { lease: LeaseId::new(7, 0), ..verdict }), Rejection::UnknownLease);
        let events = bench.by(1, verdict);
        assert_eq!(names(&events), ["Verified", "Settled"]);
        assert_eq!(events[0], Verified { reward: 1_800 * XPL }.into());
        assert_eq!(bench.free(0), u128::from(903_600 * XPL));
        assert_eq!(bench.free(1), u128::from(901_800 * XPL));
        assert_eq!(bench.free(2), u128::from(996_400 * XPL));
    }

    #[test]
    fn a_wrong_result_is_slashed_to_the_fire_and_the_checker_and_tried_elsewhere() {
        let (mut bench, lease) = committed(&[("slash.wrong", 500_000_000), ("slash.checker_share", 200_000_000)], false);
        bench.beacon(1);
        let events = bench.by(1, Verdict { lease, root: root(lease) });
        assert_eq!(names(&events), ["Slashed", "FoundWrong", "Leased"]);
        let slashed = Slashed { burned: 800 * XPL, reward: 200 * XPL, provider: ProviderId(0), to: AccountId(1) };
        assert_eq!(events[0], slashed.into());
        assert_eq!(bench.bond(0), u128::from(99_000 * XPL));
        // The checker has its share of the slash, the treasury's reward, and now the job.
        assert_eq!(bench.free(1), u128::from(902_000 * XPL));
        assert_eq!(leased(&events).map(|(_, _, offer, _)| offer.0), Some(1));
    }

    #[test]
    fn the_reward_is_no_more_than_the_treasury_holds() {
        let (bench, lease) = committed(&[], true);
        let mut genesis = crate::testing::genesis(&[("verification.rate", ONE), ("fee.rate", 0)]);
        genesis.treasury = 5;
        let mut poor = Bench::of(&genesis);
        poor.provide(0, 1, XPL);
        poor.provide(1, 1, 2 * XPL);
        let submit = Submit { policy: 1, ..hour_job(poor.now) };
        poor.by(2, submit);
        poor.commit(0, lease);
        poor.beacon(1);
        assert_eq!(poor.by(1, Verdict { lease, root: root(lease) })[0], Verified { reward: 5 }.into());
        drop(bench);
    }

    #[test]
    fn after_three_silent_checkers_the_result_is_taken() {
        let (mut bench, _) = committed(&[("verification.window", HOUR), ("emission.start", 90 * HOUR)], true);
        for _ in 0..3 {
            assert_eq!(names(&bench.beacon(1)), ["RoundClosed", "CheckDrawn"]);
            assert!(bench.wait(HOUR - 1).is_empty());
            assert_eq!(names(&bench.wait(1)), ["CheckMissed"]);
        }
        assert_eq!(names(&bench.beacon(1)), ["RoundClosed", "Settled"]);
    }

    #[test]
    fn without_anybody_to_check_or_a_draw_the_commitment_settles() {
        let (mut bench, _) = committed(&[("verification.rate", 0)], true);
        assert_eq!(names(&bench.beacon(1)), ["RoundClosed", "Settled"]);
        let (mut bench, _) = committed(&[], true);
        bench.by(1, crate::protocol::provider::Drain {});
        assert_eq!(names(&bench.beacon(1)), ["RoundClosed", "Settled"]);
    }

    #[test]
    fn one_in_four_is_sampled_at_a_quarter() {
        let mut clock = crate::protocol::beacon::Clock::default();
        let sampled = (0..4_000u64).filter(|round| {
            clock.beacon = *blake3::hash(&round.to_le_bytes()).as_bytes();
            u128::from(clock.draw(DRAW_SAMPLE, 1, 0)) * 4 < 1 << 64
        });
        // Binomial(4 000, ¼): 1 000 ± 3.3 · 27.4.
        assert!((910..=1090).contains(&sampled.count()));
    }
}
