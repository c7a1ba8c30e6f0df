//! Leases: GPUs at work for a job, until the result is committed, missed, or stopped.

use crate::engine::derived::{Derived, Task};
use crate::engine::slab::Row;
use crate::engine::state::State;
use crate::ids::{AccountId, JobId, LeaseId, OfferId, ProviderId};
use crate::protocol::job::Failure;
use crate::protocol::verification::copies;
use crate::protocol::verification::draw::MAX_CHECKS_MISSED;
use crate::protocol::verification::policy::Policy;
use crate::protocol::{provider, receipt, settlement};
use crate::record::{Apply, Decide, Event, Fire, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// An open lease's row.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Lease {
    /// Its identifier; zero when the row is vacant.
    pub id: LeaseId,
    /// The job it serves.
    pub job: JobId,
    /// Nano-XPL for the whole work.
    pub price: u64,
    /// The work, in milli-GPU-seconds of the offer's class.
    pub work_mgs: u64,
    /// When it started.
    pub started: Time,
    /// When the result must be committed; once it is, when it was.
    pub due: Time,
    /// When the drawn checker must have answered, or until when the result stands open.
    pub check_due: Time,
    /// What the provider committed to; see [`commitment`].
    pub commitment: [u8; 32],
    /// Whose GPUs.
    pub offer: OfferId,
    /// The drawn checker; meaningful under check and once it has confirmed the result.
    pub checker: ProviderId,
    /// The round in which the result was committed.
    pub round: u32,
    /// How many GPUs.
    pub gpus: u16,
    /// How many drawn checkers did not answer, or only copied.
    pub checks_missed: u8,
    /// A [`Stage`].
    pub stage: Stage,
}

impl Row for Lease {
    #[inline(always)]
    fn id(&self) -> u64 {
        self.id.0
    }
}

/// How far a lease is.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// At work: its GPUs are busy.
    #[default]
    Running,
    /// The result is committed and awaits the next beacon, or the other copies.
    Committed,
    /// A checker was drawn.
    UnderCheck,
    /// Nobody was drawn; it can be challenged.
    Open,
    /// Its checker confirmed it; it can be challenged, or exposed as planted.
    Confirmed,
    /// It was challenged, and a panel decides.
    Challenged,
    /// It was challenged after its checker had confirmed it, and a panel decides.
    Contested,
    /// That challenge failed; it can still be exposed as planted.
    Defended,
}

impl Lease {
    /// Whether its GPUs are busy.
    #[inline(always)]
    pub fn occupies(&self) -> bool {
        self.stage == Stage::Running
    }

    /// Who answers for its check: the drawn checker, until it has found the result wrong, was replaced, or can no longer be exposed.
    #[inline(always)]
    pub fn answers(&self) -> Option<ProviderId> {
        use Stage::{Confirmed, Contested, Defended, UnderCheck};
        matches!(self.stage, UnderCheck | Confirmed | Contested | Defended).then_some(self.checker)
    }
}

payload! {
    /// Commits to a result: from here on it cannot be changed.
    pub struct Commit {
        /// Which lease.
        pub lease: LeaseId,
        /// See [`commitment`].
        pub commitment: [u8; 32],
    }

    /// Ends a deployment before its time. Sent by its customer, who pays for the time used and the last receipt.
    pub struct Stop {
        /// Which lease.
        pub lease: LeaseId,
    }

    /// A result may be overdue.
    pub struct LeaseOverdue {
        /// Which lease.
        pub lease: LeaseId,
    }

    /// The result was committed; the GPUs are idle again.
    pub struct Committed {}

    /// A deployment ended early; its GPUs are idle again and it is settled for the time used.
    pub struct Stopped {}

    /// No result was committed in time; the GPUs are idle again and the provider has a strike.
    pub struct Missed {
        /// The job that goes back to the market.
        pub job: JobId,
        /// Whose GPUs.
        pub offer: OfferId,
        /// Zero.
        pub pad: u32,
    }
}

/// BLAKE3(domain, lease, provider, trace root): worthless to a copier, opened by whoever computed the root.
pub fn commitment(lease: LeaseId, provider: ProviderId, root: &[u8; 32]) -> [u8; 32] {
    const DOMAIN: &[u8; 16] = b"xpl/v1/commit\0\0\0";
    let mut message = [0u8; 60];
    message[..16].copy_from_slice(DOMAIN);
    message[16..24].copy_from_slice(&lease.0.to_le_bytes());
    message[24..28].copy_from_slice(&provider.0.to_le_bytes());
    message[28..].copy_from_slice(root);
    *blake3::hash(&message).as_bytes()
}

// Decide

impl Decide for Commit {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (provider, _) = state.acting_provider(record)?;
        let lease = state.lease(self.lease).ok_or(Rejection::UnknownLease)?;
        if state.offers[lease.offer.index()].provider != provider {
            return Err(Rejection::NotYourLease.into());
        }
        if lease.stage != Stage::Running {
            return Err(Rejection::NotRunning.into());
        }
        events.push(Committed {}.into());
        Ok(())
    }
}

impl Decide for Stop {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let lease = state.own_deployment(record, self.lease, Rejection::NotADeployment)?;
        if lease.stage != Stage::Running {
            return Err(Rejection::NotRunning.into());
        }
        events.push(Stopped {}.into());
        settlement::settle_elapsed(state, lease, record.time, record.time, events);
        Ok(())
    }
}

impl Fire for LeaseOverdue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.lease(self.lease).is_some_and(|lease| lease.stage == Stage::Running && lease.due <= time)
    }

    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) {
        let lease = state.leases.row(self.lease.0);
        let provider = state.offers[lease.offer.index()].provider;
        receipt::pay_last(state, lease, record.time, events);
        events.push(Missed { job: lease.job, offer: lease.offer, pad: 0 }.into());
        events.extend(state.slash(provider, lease, state.params.slash_missed(), AccountId::NONE, 0, &[]));
        events.extend(provider::jail_after(state, provider, 1, record.time).map(Event::from));
    }
}

// Apply

/// Ends a lease's hold on its offer and provider, whatever the reason, and closes the row.
pub(crate) fn close(state: &mut State, id: LeaseId) -> Lease {
    let lease = state.leases.close(id.0);
    let offer = &mut state.offers[lease.offer.index()];
    if lease.occupies() {
        offer.free += lease.gpus;
    }
    offer.leases -= 1;
    state.providers[offer.provider.index()].leases -= 1;
    if let Some(checker) = lease.answers() {
        state.providers[checker.index()].checked -= u32::from(lease.gpus);
    }
    lease
}

/// Hands a job whose lease failed back to the market, which avoids every provider that failed it.
pub(crate) fn fail(state: &mut State, id: LeaseId, why: Failure) {
    let lease = close(state, id);
    let job = state.jobs.row_mut(lease.job.0);
    job.lease = LeaseId::NONE;
    job.failures = job.failures.saturating_add(1);
    job.last_failure = why;
    state.avoid(lease.job, state.offers[lease.offer.index()].provider);
}

impl Apply for Committed {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::Commit);
        let lease = state.leases.row_mut(command.lease.0);
        lease.commitment = command.commitment;
        lease.stage = Stage::Committed;
        lease.due = record.time;
        lease.round = state.clock.round;
        state.offers[lease.offer.index()].free += lease.gpus;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        let command = cause!(record, Command::Commit);
        let lease = state.leases.row(command.lease.0);
        match state.jobs.row(lease.job.0).policy {
            Policy::Unchecked => derived.tasks.push_back(Task::Settle(lease.id)),
            Policy::Sampled | Policy::Freivalds | Policy::Checked => derived.awaiting_draw.push(lease.id),
            Policy::Redundant => derived.tasks.extend(copies::comparison(state, lease.job)),
        }
        derived.requote(state, lease.offer);
    }
}

impl Apply for Stopped {
    fn apply(&self, state: &mut State, record: &Record) {
        let lease = state.leases.row_mut(cause!(record, Command::Stop).lease.0);
        lease.stage = Stage::Committed;
        state.offers[lease.offer.index()].free += lease.gpus;
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        derived.requote(state, state.leases.row(cause!(record, Command::Stop).lease.0).offer);
    }
}

impl Apply for Missed {
    fn apply(&self, state: &mut State, record: &Record) {
        let timer = cause!(record, Timer::LeaseOverdue);
        fail(state, timer.lease, Failure::Missed);
        let provider = &mut state.providers[state.offers[self.offer.index()].provider.index()];
        provider.strikes = provider.strikes.saturating_add(1);
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        derived.tasks.push_back(Task::Match(self.job));
        derived.requote(state, self.offer);
    }
}

// Invariants

/// A lease fits its job: as many GPUs, no more than its escrow, begun before now.
pub(crate) fn check(state: &State) -> Result<(), String> {
    for lease in state.leases.iter() {
        let Some(job) = state.job(lease.job) else { return Err(format!("{} serves no job", lease.id)) };
        let sound = lease.gpus == job.gpus() && lease.price <= job.escrow && lease.started <= state.clock.now;
        if job.lease != lease.id || !sound || lease.work_mgs == 0 || lease.checks_missed > MAX_CHECKS_MISSED {
            return Err(format!("{} does not fit {}", lease.id, job.id));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ProgramId;
    use crate::money::XPL;
    use crate::protocol::job::Submit;
    use crate::protocol::settlement::Settled;
    use crate::testing::{Bench, hour_job, leased, names, root};
    use crate::time::MINUTE;

    #[test]
    fn only_the_leases_provider_commits_and_only_once() {
        let mut bench = Bench::new(&[]);
        bench.provide(0, 1, XPL);
        bench.provide(1, 1, 2 * XPL);
        let submit = Submit { policy: Policy::Sampled, ..hour_job(bench.now) };
        let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
        let commit = Commit { lease, commitment: [0; 32] };
        assert_eq!(bench.refused_by(3, commit), Rejection::NotAProvider);
        assert_eq!(bench.refused_by(1, commit), Rejection::NotYourLease);
        assert_eq!(bench.refused_by(0, Commit { lease: LeaseId::new(9, 0), ..commit }), Rejection::UnknownLease);
        assert_eq!(names(&bench.by(0, commit)), ["Committed"]);
        assert_eq!(bench.refused_by(0, commit), Rejection::NotRunning);
    }

    #[test]
    fn a_stopped_deployment_pays_for_the_time_it_ran() {
        let mut bench = Bench::new(&[("fee.base", 0), ("fee.rate", 100_000_000)]);
        bench.provide(0, 1, XPL);
        let submit = Submit { program: ProgramId(1), ..hour_job(bench.now) };
        let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
        assert_eq!(bench.refused_by(3, Stop { lease }), Rejection::NotYourLease);
        bench.wait(15 * MINUTE - 2);
        // A quarter of an hour since the start: 900 of 3 600 XPL, of which a tenth is the fee, half of it burned.
        let settled =
            Settled { lease, paid: 810 * XPL, burned: 45 * XPL, treasury: 18 * XPL, stakers: 27 * XPL, work_mgs: 900_000 };
        assert_eq!(bench.by(2, Stop { lease }), [Stopped {}.into(), settled.into()]);
        assert_eq!(bench.free(2), u128::from(999_100 * XPL));
        assert_eq!(bench.refused_by(2, Stop { lease }), Rejection::UnknownLease);
    }

    #[test]
    fn only_running_deployments_stop() {
        let mut bench = Bench::new(&[]);
        bench.provide(0, 2, XPL);
        let submit = hour_job(bench.now);
        let (batch, ..) = leased(&bench.by(2, submit)).expect("a lease");
        assert_eq!(bench.refused_by(2, Stop { lease: batch }), Rejection::NotADeployment);
        let submit = Submit { program: ProgramId(1), policy: Policy::Sampled, ..hour_job(bench.now) };
        let (lease, ..) = leased(&bench.by(2, submit)).expect("a lease");
        bench.commit(0, lease);
        assert_eq!(bench.refused_by(2, Stop { lease }), Rejection::NotRunning);
    }

    #[test]
    fn a_commitment_is_bound_to_lease_provider_and_root() {
        let (lease, provider) = (LeaseId::new(1, 0), ProviderId(0));
        let original = commitment(lease, provider, &root(lease));
        assert_ne!(original, commitment(LeaseId::new(2, 0), provider, &root(lease)));
        assert_ne!(original, commitment(lease, ProviderId(1), &root(lease)));
        assert_ne!(original, commitment(lease, provider, &[0; 32]));
    }
}
