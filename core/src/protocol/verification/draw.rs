//! Draws: the beacon says which committed results are checked, and by whom. What it passes over settles, or stands open to challenge.

use crate::engine::derived::Derived;
use crate::engine::state::State;
use crate::ids::{LeaseId, ProviderId};
use crate::money::ONE;
use crate::protocol::lease::{Lease, Stage};
use crate::protocol::settlement;
use crate::protocol::verification::challenge;
use crate::protocol::verification::panel::strike;
use crate::protocol::verification::policy::Policy;
use crate::record::{Apply, Event, Fire, Record, Timer, cause, payload};
use crate::time::Time;

// Components are in the lease's row.

payload! {
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

    /// The checker did not answer; another is drawn with the next beacon.
    pub struct CheckMissed {}
}

/// Purposes of draws from the beacon.
const DRAW_SAMPLE: u32 = 1;
const DRAW_CHECKER: u32 = 2;

/// How many checkers may fail to answer before the result is taken unchecked.
pub(crate) const MAX_CHECKS_MISSED: u8 = 3;

/// How many draws are tried for a checker that may act: with one eligible provider in ten, one in 10^14 leases finds none.
pub(super) const CHECKER_DRAWS: u32 = 300;

// Decide

/// Draws the checker of a committed lease, or passes it over.
pub(crate) fn draw(state: &State, id: LeaseId, now: Time, events: &mut Vec<Event>) {
    let Some(lease) = state.lease(id) else { return };
    let threshold = u128::from(state.jobs.row(lease.job.0).policy.rate(state.params)) << 64;
    let sampled = u128::from(state.clock.draw(DRAW_SAMPLE, id.0, 0)) * u128::from(ONE) < threshold;
    let again = (1..MAX_CHECKS_MISSED).contains(&lease.checks_missed);
    if ((sampled && lease.checks_missed == 0) || again)
        && let Some(checker) = draw_checker(state, lease)
    {
        let due = now.saturating_add(state.params.verification_window());
        events.push(CheckDrawn { lease: id, due, checker, pad: 0 }.into());
        return;
    }
    match challenge::open_until(state, lease).filter(|&until| now < until) {
        Some(until) => events.push(challenge::StandsOpen { lease: id, until }.into()),
        None => settlement::settle(state, lease, now, events),
    }
}

fn draw_checker(state: &State, lease: &Lease) -> Option<ProviderId> {
    let worker = state.offers[lease.offer.index()].provider;
    let job = state.jobs.row(lease.job.0);
    // Whoever had the job that is checked for sure may have an interest in it: another copy's provider above all.
    let involved = if job.policy == Policy::Checked { state.avoided(job) } else { &[] };
    (0..CHECKER_DRAWS)
        .map(|attempt| drawn(state, DRAW_CHECKER, lease.id, attempt))
        .find(|&id| id != worker && may_check(state, id) && !involved.contains(&id))
}

/// A provider, uniformly.
pub(super) fn drawn(state: &State, purpose: u32, lease: LeaseId, attempt: u32) -> ProviderId {
    let draw = state.clock.draw(purpose, lease.0, attempt);
    ProviderId(((u128::from(draw) * u128::from(state.population.providers)) >> 64) as u32)
}

/// Whether a provider may check: active, with GPUs on offer and the bond for them.
pub(super) fn may_check(state: &State, id: ProviderId) -> bool {
    state.provider(id).is_some_and(|p| p.gpus > 0) && state.may_lease(id)
}

impl Fire for CheckOverdue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.lease(self.lease).is_some_and(|lease| lease.stage == Stage::UnderCheck && lease.check_due <= time)
    }

    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) {
        events.push(CheckMissed {}.into());
        let strikes = state.params.jail_check_strikes() as u32;
        if strikes > 0 {
            strike(state, state.leases.row(self.lease.0).checker, strikes, record.time, events);
        }
    }
}

// Apply

impl Apply for CheckDrawn {
    fn apply(&self, state: &mut State, _record: &Record) {
        let lease = state.leases.row_mut(self.lease.0);
        lease.stage = Stage::UnderCheck;
        lease.checker = self.checker;
        lease.check_due = self.due;
        state.providers[self.checker.index()].checked += u32::from(lease.gpus);
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.due, Timer::CheckOverdue(CheckOverdue { lease: self.lease }));
    }
}

/// Moves a lease out of its checker's hands.
pub(super) fn relieve(state: &mut State, id: LeaseId, stage: Stage) {
    let lease = state.leases.row_mut(id.0);
    if let Some(checker) = lease.answers() {
        state.providers[checker.index()].checked -= u32::from(lease.gpus);
    }
    lease.stage = stage;
}

/// Hands a lease back to the beacon, which draws another checker for it.
pub(super) fn again(state: &mut State, id: LeaseId) {
    relieve(state, id, Stage::Committed);
    let round = state.clock.round;
    let lease = state.leases.row_mut(id.0);
    lease.checks_missed += 1;
    lease.round = round;
}

impl Apply for CheckMissed {
    fn apply(&self, state: &mut State, record: &Record) {
        again(state, cause!(record, Timer::CheckOverdue).lease);
    }

    fn follow(&self, _state: &State, record: &Record, derived: &mut Derived) {
        derived.awaiting_draw.push(cause!(record, Timer::CheckOverdue).lease);
    }
}

// Invariants

/// A lease under check has a checker that is not its provider.
pub(crate) fn check(state: &State) -> Result<(), String> {
    for (lease, checker) in state.leases.iter().filter_map(|lease| Some((lease, lease.answers()?))) {
        let worker = state.offers[lease.offer.index()].provider;
        if checker == worker || state.provider(checker).is_none() {
            return Err(format!("{} of {worker} is checked by {checker}", lease.id));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::XPL;
    use crate::protocol::job::Submit;
    use crate::protocol::verification::tests::committed;
    use crate::testing::{Bench, hour_job, leased, names};
    use crate::time::HOUR;

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
    fn a_silent_checker_is_struck_where_the_parameter_says_so() {
        let set = [("verification.window", HOUR), ("jail.check_strikes", 2), ("jail.after", 3), ("emission.start", 90 * HOUR)];
        let (mut bench, _) = committed(&set, true);
        bench.beacon(1);
        assert_eq!(names(&bench.wait(HOUR)), ["CheckMissed", "CheckerJudged"]);
        bench.engine.view(|state| assert_eq!(state.providers()[1].strikes, 2));
        bench.beacon(1);
        assert_eq!(names(&bench.wait(HOUR)), ["CheckMissed", "CheckerJudged", "Jailed"]);
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
    fn each_policy_is_drawn_at_its_own_rate() {
        let rates = [("verification.rate", 0), ("verification.freivalds_rate", ONE)];
        for (policy, follows) in
            [(Policy::Sampled, "Settled"), (Policy::Freivalds, "CheckDrawn"), (Policy::Checked, "CheckDrawn")]
        {
            let mut bench = Bench::new(&rates);
            bench.provide(0, 1, XPL);
            bench.provide(1, 1, 2 * XPL);
            let submit = Submit { policy, ..hour_job(bench.now) };
            let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
            assert_eq!(names(&bench.commit(0, lease)), ["Committed"]);
            assert_eq!(names(&bench.beacon(1)), ["RoundClosed", follows]);
        }
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
