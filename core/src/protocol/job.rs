//! Jobs: what a customer wants done, and what became of it.
//!
//! submitted → leased or queued → committed → settled. A queued job whose patience ends expires; a lease that fails is tried
//! again, `market.retries` times, by providers that have not failed it, and then the job fails. Every way out but settlement returns the
//! whole escrow. A deployment may have a tab for its requests beside it ([`crate::protocol::receipt`]).

use crate::catalogue::{Kind, MAX_SIZES, Sizes};
use crate::engine::derived::{Derived, Task};
use crate::engine::ledger::Pot;
use crate::engine::slab::Row;
use crate::engine::state::State;
use crate::ids::{AccountId, JobId, LeaseId, ProgramId, ProviderId};
use crate::params::settle_mode;
use crate::protocol::lease::Lease;
use crate::protocol::vault::{self, Credited};
use crate::protocol::verification::copies::{self, Copied};
use crate::protocol::verification::policy::Policy;
use crate::protocol::{market, receipt};
use crate::record::{Apply, Decide, Event, Fire, Record, Timer, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use bevy_ecs::prelude::Resource;
use rkyv::with::AsVec;
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::BTreeMap;

// Components

/// An open job's row.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Job {
    /// Its identifier; zero when the row is vacant.
    pub id: JobId,
    /// Nano-XPL held for it: the customer's budget.
    pub escrow: u64,
    /// When it was submitted.
    pub submitted: Time,
    /// Latest start: when its patience in the queue ends.
    pub start_by: Time,
    /// Deadline: no lease may end later, none is tried after it.
    pub finish_by: Time,
    /// Its budget in micro-dollars when it was submitted, or zero; see [`crate::protocol::vault`].
    pub credit: u64,
    /// Its open lease, or none.
    pub lease: LeaseId,
    /// Its place in the waiting line, or zero.
    pub queued_as: u64,
    /// GPU classes it allows, one bit each.
    pub classes: u64,
    /// Declared sizes.
    pub sizes: Sizes,
    /// BLAKE3 of its input; zero when the program takes none.
    pub input: [u8; 32],
    /// Who pays.
    pub customer: AccountId,
    /// How many providers it avoids; see [`State::avoided`].
    pub avoids: u32,
    /// What runs.
    pub program: ProgramId,
    /// GPU memory it needs, in GiB.
    pub vram_gib: u16,
    /// Leases that failed so far.
    pub failures: u8,
    /// Base-2 logarithm of the GPUs it takes.
    pub gpus_log2: u8,
    /// A [`Policy`].
    pub policy: Policy,
    /// Why the last lease failed, a [`Failure`]; meaningful when `failures` is above zero.
    pub last_failure: Failure,
}

impl Row for Job {
    #[inline(always)]
    fn id(&self) -> u64 {
        self.id.0
    }
}

/// The providers that each job avoids: those that failed it, and those that execute another copy of it. Few jobs avoid any.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Avoided {
    /// By open job, in the order in which they came to be avoided.
    #[rkyv(with = AsVec)]
    pub by_job: BTreeMap<JobId, Vec<ProviderId>>,
}

/// Why a lease failed.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Failure {
    /// No result was committed in time.
    #[default]
    Missed,
    /// The committed result was wrong.
    Wrong,
}

impl Failure {
    /// The words used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Failure::Missed => "missed deadline",
            Failure::Wrong => "wrong result",
        }
    }
}

/// Largest lease, as a base-2 logarithm: 128 GPUs.
pub const MAX_GPUS_LOG2: u8 = 7;

payload! {
    /// Submits a job and puts its budget in escrow.
    pub struct Submit {
        /// Most nano-XPL that may be paid for it, or for each of its copies.
        pub budget: u64,
        /// Latest start.
        pub start_by: Time,
        /// Deadline.
        pub finish_by: Time,
        /// GPU classes allowed, one bit each; all ones for any.
        pub classes: u64,
        /// Declared sizes, in the order of the program's names.
        pub sizes: [u32; MAX_SIZES],
        /// BLAKE3 of the input; zero when the program takes none.
        pub input: [u8; 32],
        /// What to run.
        pub program: ProgramId,
        /// GPU memory needed, in GiB.
        pub vram_gib: u16,
        /// Base-2 logarithm of the GPUs to lease together.
        pub gpus_log2: u8,
        /// How the result is verified.
        pub policy: Policy,
        /// `Redundant`: how many copies are executed; otherwise zero.
        pub copies: u8,
        /// Zero.
        pub pad: u8,
    }

    /// Takes a queued job back.
    pub struct Cancel {
        /// Which job.
        pub job: JobId,
    }

    /// A queued job's patience may have ended.
    pub struct PatienceOver {
        /// Which job.
        pub job: JobId,
    }

    /// A job was accepted and its budget put in escrow.
    pub struct Submitted {
        /// Its identifier.
        pub job: JobId,
    }

    /// No offer fits now: the job waits.
    pub struct Queued {
        /// Which job.
        pub job: JobId,
        /// Its place in the waiting line.
        pub place: u64,
    }

    /// The customer took the job back and has its escrow again.
    pub struct Cancelled {}

    /// Nothing fitted before its latest start; the customer has its escrow again.
    pub struct Expired {
        /// Which job.
        pub job: JobId,
    }

    /// Its leases failed too often or too late; the customer has its escrow again.
    pub struct Failed {
        /// Which job.
        pub job: JobId,
    }
}

impl Job {
    /// How many GPUs it takes.
    #[inline(always)]
    pub const fn gpus(&self) -> u16 {
        1 << self.gpus_log2
    }

    /// Whether it waits in line.
    #[inline(always)]
    pub const fn is_queued(&self) -> bool {
        self.queued_as != 0
    }

    /// The row of a job as it was asked for, its escrow still empty.
    #[inline(always)]
    pub(crate) fn asked(id: JobId, command: &Submit, record: &Record) -> Self {
        Self {
            id,
            escrow: 0,
            submitted: record.time,
            start_by: command.start_by,
            finish_by: command.finish_by,
            credit: 0,
            lease: LeaseId::NONE,
            queued_as: 0,
            classes: command.classes,
            sizes: command.sizes,
            input: command.input,
            customer: record.account(),
            avoids: 0,
            program: command.program,
            vram_gib: command.vram_gib,
            failures: 0,
            gpus_log2: command.gpus_log2,
            policy: command.policy,
            last_failure: Failure::default(),
        }
    }
}

/// Whether a job is a lease held open, which bills time and serves requests.
#[inline]
pub(crate) fn is_deployment(state: &State, job: &Job) -> bool {
    state.catalogue.program(job.program).is_some_and(|program| program.kind == Kind::Deployment)
}

impl State<'_> {
    /// A lease of the sender's own deployment.
    ///
    /// # Errors
    /// Why it is none, with what to say of another kind of job.
    pub(crate) fn own_deployment(&self, record: &Record, id: LeaseId, other_kind: Rejection) -> Result<&Lease, Refusal> {
        let (customer, _) = self.mobile_account(record)?;
        let lease = self.lease(id).ok_or(Rejection::UnknownLease)?;
        let job = self.jobs.row(lease.job.0);
        if job.customer != customer {
            return Err(Rejection::NotYourLease.into());
        }
        if is_deployment(self, job) { Ok(lease) } else { Err(other_kind.into()) }
    }

    /// The providers that a job avoids.
    #[inline]
    pub fn avoided(&self, job: &Job) -> &[ProviderId] {
        if job.avoids == 0 { &[] } else { self.avoided.by_job.get(&job.id).map_or(&[], Vec::as_slice) }
    }

    #[cold]
    fn forget_avoided(&mut self, job: JobId) {
        self.avoided.by_job.remove(&job);
    }

    /// Makes a job avoid a provider.
    #[cold]
    pub(crate) fn avoid(&mut self, job: JobId, provider: ProviderId) {
        let avoided = self.avoided.by_job.entry(job).or_default();
        if !avoided.contains(&provider) {
            avoided.push(provider);
            self.jobs.row_mut(job.0).avoids = avoided.len() as u32;
        }
    }
}

// Decide

impl Decide for Submit {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (_, account) = state.mobile_account(record)?;
        if self.budget == 0 {
            return Err(Rejection::BadBudget.into());
        }
        match self.copies {
            0 => account.require(self.budget)?,
            copies => account.require(self.budget.checked_mul(copies.into()).ok_or(Rejection::BadBudget)?)?,
        }
        if self.start_by < record.time || self.finish_by < self.start_by || self.finish_by == record.time {
            return Err(Rejection::BadDeadline.into());
        }
        if self.gpus_log2 > MAX_GPUS_LOG2 {
            return Err(Rejection::BadGpuCount.into());
        }
        let program = state.catalogue.program(self.program).ok_or(Rejection::UnknownProgram)?;
        if !self.policy.admits(self.copies) || (self.copies > 0 && program.kind == Kind::Deployment) {
            return Err(Rejection::BadPolicy.into());
        }
        let cost = program.cost(&self.sizes).ok_or(Rejection::BadSizes)?;
        let fits = market::classes_for(state, self.classes, self.vram_gib).any(|(_, class)| class.work_mgs(&cost).is_some());
        if !fits {
            return Err(Rejection::NoClassFits.into());
        }
        let (serial, slot) = state.jobs.next().ok_or(Rejection::TooManyRows)?;
        let job = JobId::new(serial, slot);
        if state.params.settle_mode() == settle_mode::VAULT_REMINT {
            let (micro_usd, braked) = vault::issue(state, self.budget, record.time)?;
            events.push(Submitted { job }.into());
            events.push(Credited { micro_usd, job }.into());
            events.extend(braked.map(Event::from));
        } else {
            events.push(Submitted { job }.into());
        }
        if self.copies > 0 { copy(state, job, self.copies, events) } else { Ok(()) }
    }
}

/// The further copies of a job, with the credit that the first one has.
#[cold]
fn copy(state: &State, lead: JobId, copies: u8, events: &mut Vec<Event>) -> Result<(), Refusal> {
    let credit = events.iter().find_map(|event| if let Event::Credited(credit) = event { Some(*credit) } else { None });
    for ahead in 1..usize::from(copies) {
        let (serial, slot) = state.jobs.next_after(ahead).ok_or(Rejection::TooManyRows)?;
        let job = JobId::new(serial, slot);
        events.push(Copied { job, lead }.into());
        events.extend(credit.map(|credit| Event::from(Credited { job, ..credit })));
    }
    Ok(())
}

impl Decide for Cancel {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (customer, _) = state.mobile_account(record)?;
        let job = state.job(self.job).filter(|job| job.customer == customer).ok_or(Rejection::UnknownJob)?;
        if !job.is_queued() {
            return Err(Rejection::NotQueued.into());
        }
        receipt::return_rest(state, self.job, events);
        events.push(Cancelled {}.into());
        Ok(())
    }
}

impl Fire for PatienceOver {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.job(self.job).is_some_and(|job| job.is_queued() && job.start_by <= time)
    }

    fn decide(&self, state: &State, _record: &Record, events: &mut Vec<Event>) {
        let failed = state.job(self.job).is_some_and(|job| job.failures > 0);
        receipt::return_rest(state, self.job, events);
        events.push(if failed { Failed { job: self.job }.into() } else { Expired { job: self.job }.into() });
    }
}

// Apply

impl Apply for Submitted {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::Submit);
        state.jobs.open(Job::asked(self.job, &command, record));
        state.transfer(Pot::Free(record.account()), Pot::Escrow(self.job), command.budget);
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.tasks.push_back(Task::Match(self.job));
    }
}

impl Apply for Queued {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.jobs.row_mut(self.job.0).queued_as = self.place;
        state.clock.queue_places = self.place;
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        let job = state.jobs.row(self.job.0);
        derived.timers.set(job.start_by, Timer::PatienceOver(PatienceOver { job: self.job }));
        derived.line.join(state, job);
    }
}

impl Apply for Cancelled {
    fn apply(&self, state: &mut State, record: &Record) {
        refund_and_close(state, cause!(record, Command::Cancel).job);
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        follow_end(state, derived, cause!(record, Command::Cancel).job);
    }
}

impl Apply for Expired {
    fn apply(&self, state: &mut State, _record: &Record) {
        refund_and_close(state, self.job);
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        follow_end(state, derived, self.job);
    }
}

impl Apply for Failed {
    fn apply(&self, state: &mut State, _record: &Record) {
        refund_and_close(state, self.job);
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        follow_end(state, derived, self.job);
    }
}

/// Returns a job's escrow and closes its row.
pub(crate) fn refund_and_close(state: &mut State, id: JobId) {
    let job = *state.jobs.row(id.0);
    if job.policy == Policy::Redundant {
        copies::leave(state, id);
    }
    vault::release(state, &job);
    state.transfer(Pot::Escrow(id), Pot::Free(job.customer), job.escrow);
    close(state, &job);
}

/// Closes a job's row.
#[inline(always)]
pub(crate) fn close(state: &mut State, job: &Job) {
    state.jobs.close(job.id.0);
    if job.avoids > 0 {
        state.forget_avoided(job.id);
    }
}

/// Strikes a job that ended without a result off the line; the other copies of it may be complete without it.
fn follow_end(state: &State, derived: &mut Derived, job: JobId) {
    derived.line.leave(job);
    derived.tasks.extend(copies::comparison(state, job));
}

// Invariants

/// A job waits or is leased, and its lease knows it. Places in line were given, each once.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let mut places: Vec<u64> = state.jobs.iter().filter(|job| job.is_queued()).map(|job| job.queued_as).collect();
    places.sort_unstable();
    if places.windows(2).any(|pair| pair[0] == pair[1]) || places.last().is_some_and(|&last| last > state.clock.queue_places) {
        return Err("a place in line was never given, or twice".into());
    }
    for job in state.jobs.iter() {
        if job.gpus_log2 > MAX_GPUS_LOG2 || job.escrow == 0 {
            return Err(format!("{} has {} nano-XPL for 2^{} GPUs", job.id, job.escrow, job.gpus_log2));
        }
        let leased = job.lease.is_some();
        if leased == job.is_queued() {
            return Err(format!("{} is {}", job.id, if leased { "leased and queued" } else { "neither leased nor queued" }));
        }
        if leased && state.lease(job.lease).is_none_or(|lease| lease.job != job.id) {
            return Err(format!("{} holds {}, which is not its own", job.id, job.lease));
        }
    }
    for (&id, avoided) in &state.avoided.by_job {
        if state.job(id).is_none_or(|job| job.avoids as usize != avoided.len()) || avoided.is_empty() {
            return Err(format!("{id} does not avoid the {} providers on its list", avoided.len()));
        }
    }
    if state.jobs.iter().filter(|job| job.avoids > 0).count() != state.avoided.by_job.len() {
        return Err("a job avoids providers without a list of them".into());
    }
    if state.leases.len() != state.jobs.iter().filter(|job| job.lease.is_some()).count() {
        return Err("a lease is open without a job".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OfferId;
    use crate::money::XPL;
    use crate::protocol::provider::Drain;
    use crate::record::Origin;
    use crate::testing::{Bench, hour_job, leased, names};
    use crate::time::HOUR;

    #[test]
    fn every_fault_of_a_submission_has_its_reason() {
        let mut bench = Bench::new(&[]);
        let mut refusal = |change: &dyn Fn(&mut Submit)| {
            let mut submit = hour_job(bench.now);
            change(&mut submit);
            bench.refused_by(2, submit)
        };
        assert_eq!(refusal(&|s| s.budget = 0), Rejection::BadBudget);
        assert_eq!(refusal(&|s| s.budget = u64::MAX), Rejection::InsufficientFunds);
        assert_eq!(refusal(&|s| s.start_by = 0), Rejection::BadDeadline);
        assert_eq!(refusal(&|s| s.finish_by = s.start_by - 1), Rejection::BadDeadline);
        assert_eq!(refusal(&|s| s.gpus_log2 = 8), Rejection::BadGpuCount);
        assert_eq!(refusal(&|s| s.copies = 2), Rejection::BadPolicy);
        assert_eq!(refusal(&|s| s.policy = Policy::Redundant), Rejection::BadPolicy);
        assert_eq!(refusal(&|s| (s.policy, s.copies) = (Policy::Redundant, 8)), Rejection::BadPolicy);
        let deployed = |s: &mut Submit| (s.policy, s.copies, s.program) = (Policy::Redundant, 2, ProgramId(1));
        assert_eq!(refusal(&deployed), Rejection::BadPolicy);
        assert_eq!(refusal(&|s| s.program = ProgramId(9)), Rejection::UnknownProgram);
        assert_eq!(refusal(&|s| s.vram_gib = 81), Rejection::NoClassFits);
        assert_eq!(refusal(&|s| s.classes = 0b100), Rejection::NoClassFits);
        let submit = hour_job(bench.now);
        assert_eq!(bench.refused(Origin::Host, submit), Rejection::NotPermitted);
    }

    #[test]
    fn patience_ends_at_the_latest_start_and_returns_the_budget() {
        let mut bench = Bench::new(&[("fee.base", 0)]);
        let submit = hour_job(bench.now);
        assert_eq!(names(&bench.by(2, submit)), ["Submitted", "Queued"]);
        assert_eq!(bench.free(2), u128::from(964_000 * XPL));
        assert!(bench.wait(2 * HOUR - 1).is_empty());
        assert_eq!(names(&bench.wait(1)), ["Expired"]);
        assert_eq!(bench.free(2), u128::from(1_000_000 * XPL));
    }

    #[test]
    fn only_its_customer_cancels_a_job_and_only_while_it_waits() {
        let mut bench = Bench::new(&[("fee.base", 0)]);
        let submit = hour_job(bench.now);
        let Event::Submitted(Submitted { job }) = bench.by(2, submit)[0] else { panic!("not submitted") };
        assert_eq!(bench.refused_by(3, Cancel { job }), Rejection::UnknownJob);
        assert_eq!(names(&bench.by(2, Cancel { job })), ["Cancelled"]);
        assert_eq!(bench.refused_by(2, Cancel { job }), Rejection::UnknownJob);
        assert_eq!(bench.free(2), u128::from(1_000_000 * XPL));
        bench.provide(0, 1, XPL);
        let submit = hour_job(bench.now);
        let (_, job, ..) = leased(&bench.by(2, submit)).expect("a lease");
        assert_eq!(bench.refused_by(2, Cancel { job }), Rejection::NotQueued);
    }

    #[test]
    fn a_failed_lease_is_tried_elsewhere_and_then_given_up() {
        let mut bench = Bench::new(&[("fee.base", 0), ("market.retries", 1), ("market.lease_slack", 1_000_000_000)]);
        bench.provide(0, 1, XPL);
        bench.provide(1, 1, 2 * XPL);
        let submit = hour_job(bench.now);
        let (_, job, offer, price) = leased(&bench.by(2, submit)).expect("a lease");
        assert_eq!((offer, price), (OfferId(0), 3_600 * XPL));
        // An hour of work and ten minutes of grace. The cheaper provider is idle again, but failed this job.
        let events = bench.wait(HOUR + 10 * 60_000);
        assert_eq!(names(&events), ["Missed", "Slashed", "Leased"]);
        let (_, again, offer, price) = leased(&events).expect("a lease");
        assert_eq!((again, offer, price), (job, OfferId(1), 7_200 * XPL));
        let events = bench.wait(HOUR + 10 * 60_000);
        assert_eq!(names(&events), ["Missed", "Slashed", "Failed"]);
        assert_eq!(bench.free(2), u128::from(1_000_000 * XPL));
    }

    #[test]
    fn a_failed_job_waits_rather_than_returning_to_whom_it_avoids() {
        let set = [("fee.base", 0), ("market.lease_slack", 1_000_000_000), ("market.lease_grace", 0)];
        let mut bench = Bench::new(&set);
        bench.provide(0, 1, XPL);
        let submit = hour_job(bench.now);
        bench.by(2, submit);
        assert_eq!(names(&bench.wait(HOUR)), ["Missed", "Slashed", "Queued"]);
        bench.by(0, Drain {});
        assert_eq!(names(&bench.by(0, crate::protocol::provider::Resume {})), ["Resumed"]);
        assert_eq!(names(&bench.wait(2 * HOUR)), ["Failed"]);
    }
}
