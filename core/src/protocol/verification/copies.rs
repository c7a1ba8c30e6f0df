//! Redundancy: a job is executed several times, by distinct providers, and the majority of the results is taken to be right.
//!
//! Each copy is a job of its own, with its own escrow of the whole budget, which goes through the market like any other; it avoids the
//! providers that have another copy. In a market that clears in batches one copy of a set is cleared at a time. When all copies are
//! committed, each provider reveals its root within `verification.reveal`; nobody could copy one before.
//!
//! A root that more than half of all the copies asked for have named is right: its copies settle; who named another is punished for a
//! wrong result, who named none for a missed deadline, and what their copies held returns to the customer. **Without such a majority**, on
//! a tie or because copies were lost, a drawn checker executes each revealed copy again, for sure, so that every honest execution is paid
//! even then; a copy found wrong goes back to the market.

use crate::engine::derived::{Derived, Task};
use crate::engine::ledger::Pot;
use crate::engine::state::State;
use crate::ids::{AccountId, JobId, LeaseId, ProviderId};
use crate::protocol::job::{self, Job};
use crate::protocol::lease::{self, Lease, Stage, commitment};
use crate::protocol::verification::policy::Policy;
use crate::protocol::{holdback, provider};
use crate::record::{Apply, Decide, Event, Fire, Record, Timer, Value, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use rkyv::{Archive, Deserialize, Serialize};

// Components

/// The copies of a redundant job.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct CopySet {
    /// Until when roots are revealed; zero while not all copies are committed.
    pub due: Time,
    /// The jobs that the customer asked for, first submitted first.
    pub asked: Vec<JobId>,
    /// Those that are open and not yet compared.
    pub copies: Vec<Copy>,
}

/// One of them.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copy {
    /// Its job.
    pub job: JobId,
    /// What was revealed.
    pub root: [u8; 32],
    /// Whether it was.
    pub revealed: bool,
}

/// What a copy's root was worth.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Comparison {
    /// The majority named it: the copy settles.
    #[default]
    Agreed,
    /// The majority named another: the copy is refunded.
    Outvoted,
    /// Nothing, for it was not revealed: the copy is refunded.
    Unrevealed,
    /// There is no majority: a checker is drawn.
    Undecided,
}

impl From<Comparison> for Value {
    fn from(comparison: Comparison) -> Self {
        Value::Number(comparison as u64)
    }
}

payload! {
    /// Reveals the root that a copy's commitment is of. Sent by its provider.
    pub struct RevealCopy {
        /// Which lease.
        pub lease: LeaseId,
        /// The root.
        pub root: [u8; 32],
    }

    /// The time to reveal roots may be over.
    pub struct CopiesDue {
        /// The first copy's job.
        pub lead: JobId,
    }

    /// A further copy of a job was accepted and its budget put in escrow.
    pub struct Copied {
        /// Its identifier.
        pub job: JobId,
        /// The first copy's.
        pub lead: JobId,
    }

    /// All copies are committed and roots are to be revealed.
    pub struct CopiesComplete {
        /// The first copy's job.
        pub lead: JobId,
        /// Until when.
        pub due: Time,
    }

    /// A copy's root was revealed.
    pub struct CopyRevealed {}

    /// A copy was compared with the others.
    pub struct Compared {
        /// Its lease.
        pub lease: LeaseId,
        /// Its job.
        pub job: JobId,
        /// With which outcome.
        pub outcome: Comparison,
        /// Zero.
        pub pad: u32,
    }
}

// Decide

/// A copy's lease.
fn lease_of<'s>(state: &'s State, copy: &Copy) -> Option<&'s Lease> {
    state.job(copy.job).and_then(|job| state.lease(job.lease))
}

impl Decide for RevealCopy {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let (provider, _) = state.acting_provider(record)?;
        let lease = state.lease(self.lease).ok_or(Rejection::UnknownLease)?;
        if state.offers[lease.offer.index()].provider != provider {
            return Err(Rejection::NotYourLease.into());
        }
        let set = state.docket.lead_of.get(&lease.job).and_then(|lead| state.docket.sets.get(lead));
        let copy = set.filter(|set| set.due > 0).and_then(|set| set.copies.iter().find(|copy| copy.job == lease.job));
        if copy.is_none_or(|copy| copy.revealed) {
            return Err(Rejection::NothingToReveal.into());
        }
        if commitment(lease.id, provider, &self.root) != lease.commitment {
            return Err(Rejection::BadSeal.into());
        }
        events.push(CopyRevealed {}.into());
        Ok(())
    }
}

impl Fire for CopiesDue {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.docket.sets.get(&self.lead).is_some_and(|set| set.due == time)
    }

    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) {
        if let Some(set) = state.docket.sets.get(&self.lead) {
            judge(state, set, record.time, events);
        }
    }
}

/// Asks for the roots when all copies are committed, and compares them when all are revealed.
pub(crate) fn compare(state: &State, lead: JobId, now: Time, events: &mut Vec<Event>) {
    let Some(set) = state.docket.sets.get(&lead) else { return };
    if set.due > 0 {
        if set.copies.iter().all(|copy| copy.revealed) {
            judge(state, set, now, events);
        }
    } else if set.copies.iter().all(|copy| lease_of(state, copy).is_some_and(|lease| lease.stage == Stage::Committed)) {
        events.push(CopiesComplete { lead, due: now.saturating_add(state.params.verification_reveal()) }.into());
    }
}

/// Says of every copy what its root was worth.
fn judge(state: &State, set: &CopySet, now: Time, events: &mut Vec<Event>) {
    let revealed = || set.copies.iter().filter(|copy| copy.revealed);
    let named = |root: &[u8; 32]| revealed().filter(|copy| copy.root == *root).count();
    let right = revealed().map(|copy| copy.root).find(|root| 2 * named(root) > set.asked.len());
    for copy in &set.copies {
        let Some(lease) = lease_of(state, copy) else { continue };
        let provider = state.offers[lease.offer.index()].provider;
        let outcome = match right {
            _ if !copy.revealed => Comparison::Unrevealed,
            None => Comparison::Undecided,
            Some(root) if root == copy.root => Comparison::Agreed,
            Some(_) => Comparison::Outvoted,
        };
        if outcome == Comparison::Outvoted {
            holdback::punish(state, provider, lease, state.params.slash_wrong(), AccountId::NONE, events);
        }
        if outcome == Comparison::Unrevealed {
            let slashed = state.slash(provider, lease, state.params.slash_missed(), AccountId::NONE, 0, events);
            events.extend(slashed);
            events.extend(provider::jail_after(state, provider, 1, now).map(Event::from));
        }
        events.push(Compared { lease: lease.id, job: lease.job, outcome, pad: 0 }.into());
    }
}

// Apply

/// Makes the other copies of a job avoid the provider that has just got this one.
#[cold]
pub(crate) fn leased(state: &mut State, job: JobId, provider: ProviderId) {
    for other in others(state, job).collect::<Vec<_>>() {
        state.avoid(other, provider);
    }
}

/// Has the line know that of the other copies those that wait avoid it.
#[cold]
pub(crate) fn follow_lease(state: &State, job: JobId, provider: ProviderId, derived: &mut Derived) {
    others(state, job).for_each(|other| derived.line.avoid(other, provider));
}

/// The other copies of a job.
fn others<'s>(state: &'s State, job: JobId) -> impl Iterator<Item = JobId> + 's {
    let set = state.docket.lead_of.get(&job).and_then(|lead| state.docket.sets.get(lead));
    let copies = set.map_or(&[][..], |set| set.copies.as_slice());
    copies.iter().map(|copy| copy.job).filter(move |&other| other != job)
}

/// What is to be asked when a copy is committed, revealed or lost.
pub(crate) fn comparison(state: &State, job: JobId) -> Option<Task> {
    state.docket.lead_of.get(&job).map(|&lead| Task::Compare(lead))
}

/// Takes a copy out of its set.
#[cold]
pub(crate) fn leave(state: &mut State, job: JobId) {
    let docket = &mut state.docket;
    let Some(&lead) = docket.lead_of.get(&job) else { return };
    let set = docket.sets.get_mut(&lead).expect("a copy has its set");
    set.copies.retain(|copy| copy.job != job);
    if set.copies.is_empty() {
        for job in &set.asked {
            docket.lead_of.remove(job);
        }
        docket.sets.remove(&lead);
    }
}

impl Apply for Copied {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::Submit);
        for job in [self.lead, self.job] {
            let set = state.docket.sets.entry(self.lead).or_default();
            if !set.asked.contains(&job) {
                set.asked.push(job);
                set.copies.push(Copy { job, ..Copy::default() });
                state.docket.lead_of.insert(job, self.lead);
            }
        }
        state.jobs.open(Job::asked(self.job, &command, record));
        state.transfer(Pot::Free(record.account()), Pot::Escrow(self.job), command.budget);
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.tasks.push_back(Task::Match(self.job));
    }
}

impl Apply for CopiesComplete {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.docket.sets.get_mut(&self.lead).expect("a set is there").due = self.due;
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.due, Timer::CopiesDue(CopiesDue { lead: self.lead }));
    }
}

impl Apply for CopyRevealed {
    fn apply(&self, state: &mut State, record: &Record) {
        let command = cause!(record, Command::RevealCopy);
        let job = state.leases.row(command.lease.0).job;
        let lead = state.docket.lead_of[&job];
        let set = state.docket.sets.get_mut(&lead).expect("a copy has its set");
        let copy = set.copies.iter_mut().find(|copy| copy.job == job).expect("it is in it");
        (copy.root, copy.revealed) = (command.root, true);
    }

    fn follow(&self, state: &State, record: &Record, derived: &mut Derived) {
        let job = state.leases.row(cause!(record, Command::RevealCopy).lease.0).job;
        derived.tasks.extend(comparison(state, job));
    }
}

impl Apply for Compared {
    fn apply(&self, state: &mut State, _record: &Record) {
        leave(state, self.job);
        match self.outcome {
            Comparison::Agreed => {}
            Comparison::Undecided => state.jobs.row_mut(self.job.0).policy = Policy::Checked,
            Comparison::Outvoted => {
                lease::close(state, self.lease);
                job::refund_and_close(state, self.job);
            }
            Comparison::Unrevealed => {
                let lease = lease::close(state, self.lease);
                let provider = &mut state.providers[state.offers[lease.offer.index()].provider.index()];
                provider.strikes = provider.strikes.saturating_add(1);
                job::refund_and_close(state, self.job);
            }
        }
    }

    fn follow(&self, _state: &State, _record: &Record, derived: &mut Derived) {
        match self.outcome {
            Comparison::Agreed => derived.tasks.push_back(Task::Settle(self.lease)),
            Comparison::Undecided => derived.awaiting_draw.push(self.lease),
            Comparison::Outvoted | Comparison::Unrevealed => {}
        }
    }
}

// Invariants

/// A redundant job is in one set, which knows as much; roots are revealed only when all are committed.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let docket = &state.docket;
    let redundant = state.jobs.iter().filter(|job| job.policy == Policy::Redundant).count();
    let listed: usize = docket.sets.values().map(|set| set.copies.len()).sum();
    let asked: usize = docket.sets.values().map(|set| set.asked.len()).sum();
    if redundant != listed || asked != docket.lead_of.len() {
        return Err(format!("{listed} copies are in sets, {redundant} jobs are copies, {asked} were asked for"));
    }
    for (lead, set) in &docket.sets {
        for copy in &set.copies {
            let job = state.job(copy.job).filter(|job| job.policy == Policy::Redundant);
            if job.is_none() || !set.asked.contains(&copy.job) {
                return Err(format!("{} is no copy of {lead}", copy.job));
            }
            let committed = lease_of(state, copy).is_some_and(|lease| lease.stage == Stage::Committed);
            if set.due > 0 && !committed || set.due == 0 && copy.revealed {
                return Err(format!("{} of {lead} is revealed before all are committed", copy.job));
            }
        }
        if set.copies.is_empty() || set.asked.iter().any(|job| docket.lead_of.get(job) != Some(lead)) {
            return Err(format!("the copies of {lead} are not its own"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
