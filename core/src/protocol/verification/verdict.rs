//! Verdicts: a drawn checker's root opens the provider's commitment, or does not.
//!
//! Where `verification.panel` is zero a mismatch is final: the provider is punished, and the job goes back to the market. Where
//! there are panels it opens a challenge ([`super::challenge`]). A root that opens what was [planted](super::planted) finds a trap.

use crate::engine::derived::{Derived, Task};
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::ids::{JobId, LeaseId};
use crate::money::share;
use crate::protocol::job::Failure;
use crate::protocol::lease::{self, Stage};
use crate::protocol::verification::challenge::{self, StandsOpen};
use crate::protocol::verification::planted::{Opening, opening};
use crate::protocol::verification::policy;
use crate::protocol::{holdback, receipt};
use crate::record::{Apply, Decide, Event, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};

// Components are in the lease's row.

payload! {
    /// A drawn checker's answer: the trace root that it computed itself.
    pub struct Verdict {
        /// The lease under check.
        pub lease: LeaseId,
        /// The root of its own execution.
        pub root: [u8; 32],
    }

    /// The checker's root opens the commitment: the result is right.
    pub struct Verified {
        /// Nano-XPL that the treasury pays the checker; zero while the result stands open, for then it is paid afterwards.
        pub reward: u64,
    }

    /// The checker's root opens the commitment as that of a planted error: the result is right, and the checker did execute it.
    pub struct TrapFound {
        /// Nano-XPL that the treasury pays the checker, with the bonus.
        pub reward: u64,
    }

    /// The checker's root does not open the commitment: the result is wrong and the job goes back to the market.
    pub struct FoundWrong {
        /// Nano-XPL that the treasury pays the checker.
        pub reward: u64,
        /// The job.
        pub job: JobId,
    }
}

// Decide

impl Decide for Verdict {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (checker, provider) = state.acting_provider(record)?;
        let lease = state.lease(self.lease).ok_or(Rejection::UnknownLease)?;
        if lease.stage != Stage::UnderCheck || lease.checker != checker {
            return Err(Rejection::NotUnderCheck.into());
        }
        let params = &*state.params;
        let reward = policy::reward(state, lease);
        match opening(state, lease, &self.root) {
            Opening::Right if params.verification_open() > 0 => {
                let until = record.time.saturating_add(params.verification_open());
                events.push(StandsOpen { lease: lease.id, until }.into());
                events.push(Verified { reward: 0 }.into());
            }
            Opening::Right => events.push(Verified { reward }.into()),
            Opening::Trap => {
                let left = state.ledger.treasury - u128::from(reward);
                let bonus = share(lease.price, params.verification_bonus()).min(u64::try_from(left).unwrap_or(u64::MAX));
                events.push(TrapFound { reward: reward.saturating_add(bonus) }.into());
            }
            Opening::Wrong if params.verification_panel() > 0 => challenge::raise(state, lease, checker, events)?,
            Opening::Wrong => {
                let worker = state.offers[lease.offer.index()].provider;
                holdback::punish(state, worker, lease, params.slash_wrong(), provider.owner, events);
                receipt::pay_last(state, lease, record.time, events);
                events.push(FoundWrong { reward, job: lease.job }.into());
            }
        }
        Ok(())
    }
}

// Apply

impl Apply for Verified {
    fn apply(&self, state: &mut State, record: &Record) {
        state.transfer(Pot::Treasury, Pot::Free(record.account()), self.reward);
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        let lease = cause!(record, Command::Verdict).lease;
        if state.leases.row(lease.0).stage == Stage::UnderCheck {
            derived.tasks.push_back(Task::Settle(lease));
        }
    }
}

impl Apply for TrapFound {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AccountId, ProviderId};
    use crate::money::{ONE, XPL};
    use crate::protocol::bond::Slashed;
    use crate::protocol::job::Submit;
    use crate::protocol::verification::policy::Policy;
    use crate::protocol::verification::tests::committed;
    use crate::testing::{Bench, hour_job, leased, names, root};

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
        let mut genesis = crate::testing::genesis(&[("verification.rate", ONE), ("fee.rate", 0)]);
        genesis.treasury = 5;
        let mut poor = Bench::of(&genesis);
        poor.provide(0, 1, XPL);
        poor.provide(1, 1, 2 * XPL);
        let submit = Submit { policy: Policy::Sampled, ..hour_job(poor.now) };
        let (lease, ..) = leased(&poor.by(2, submit)).expect("a lease");
        poor.commit(0, lease);
        poor.beacon(1);
        assert_eq!(poor.by(1, Verdict { lease, root: root(lease) })[0], Verified { reward: 5 }.into());
    }
}
