//! Decrees: parameters that an emergency council changes without a vote.
//!
//! A vote and its timelock take weeks, and some changes cannot wait for them. Networks therefore let a small council act at once:
//! Arbitrum's by "emergency actions", with no delay (Constitution of the Arbitrum DAO, section 3), Optimism's by its Security
//! Council Charter, Aave's emergency admin by freezing and pausing (Aave v3, `ACLManager`, `EMERGENCY_ADMIN_ROLE`). Here the
//! council is an account, named at genesis or by governance, and nobody unless one is named. It can do what a proposal of
//! [`ProposeChange`] can, and nothing else: what is illegal there is refused here, for the same reasons. And it cannot change how
//! governance works, or a council could see to it that nobody dismisses it.
//!
//! A decree waits for the end of the running epoch, at which parameters change. Decrees are carried out in the order in which
//! they were sent and before proposals, so that at one boundary what was voted on has the last word. One that an earlier decree
//! has made impossible is told by [`DecreeFailed`], and nothing else happens.

use super::action::{Action, ProposeChange};
use crate::engine::derived::{Derived, Task};
use crate::engine::state::State;
use crate::params::TABLE;
use crate::record::{Apply, Decide, Event, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};

// Components

payload! {
    /// Changes up to four parameters at the end of the running epoch, all at once. Sent by the council.
    pub struct Decree {
        /// The values, each at its parameter's place.
        pub values: [u64; 4],
        /// The parameters, by position in [`crate::params::TABLE`]; [`super::action::NO_PARAM`] for none.
        pub params: [u32; 4],
    }

    /// A decree waits for the end of the epoch.
    pub struct Decreed {}

    /// The oldest decree that waited was carried out.
    pub struct DecreeEnacted {}

    /// The oldest decree that waited can no longer be carried out.
    pub struct DecreeFailed {
        /// A number that the reason's text speaks of.
        pub need: u64,
        /// The [`Rejection`]'s code.
        pub code: u32,
        /// Zero.
        pub pad: u32,
    }
}

impl From<Decree> for ProposeChange {
    fn from(Decree { values, params }: Decree) -> Self {
        Self { values, params }
    }
}

/// Where the parameters stand that say how governance works.
const GOVERNANCE: &str = "governance.";

// Decide

/// Whether it would change how governance works.
fn governs(change: &ProposeChange) -> bool {
    change.named().any(|(param, _)| TABLE.get(param as usize).is_some_and(|spec| spec.key.starts_with(GOVERNANCE)))
}

impl Decide for Decree {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        if state.mobile_account(record)?.0 != state.governance.council {
            return Err(Rejection::NotPermitted.into());
        }
        let change = (*self).into();
        Action::Change(change).check(state, record.time)?;
        if governs(&change) {
            return Err(Rejection::NotByDecree.into());
        }
        let waiting = state.governance.decrees.len() as u64;
        if waiting >= state.params.governance_max_decrees() {
            return Err(Rejection::TooManyDecrees.needing(waiting));
        }
        events.push(Decreed {}.into());
        Ok(())
    }
}

/// Carries out, at the end of an epoch, the oldest decree that waits, if it still can be done. Another that waits is a task of
/// its own: it is to be checked against what this one has changed.
pub(crate) fn carry_out(state: &State, events: &mut Vec<Event>) {
    let Some(change) = state.governance.decrees.front() else { return };
    match Action::Change(*change).enact(state, state.clock.now, events) {
        Ok(()) => events.push(DecreeEnacted {}.into()),
        Err(Refusal { reason, need }) => events.push(DecreeFailed { need, code: reason as u32, pad: 0 }.into()),
    }
}

// Apply

/// Calls up the decree after one that is done with.
fn go_on(state: &State, derived: &mut Derived) {
    if !state.governance.decrees.is_empty() {
        derived.tasks.push_back(Task::Decree);
    }
}

impl Apply for Decreed {
    fn apply(&self, state: &mut State, record: &Record) {
        state.governance.decrees.push_back(cause!(record, Command::Decree).into());
    }
}

impl Apply for DecreeEnacted {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.governance.decrees.pop_front();
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        go_on(state, derived);
    }
}

impl Apply for DecreeFailed {
    fn apply(&self, state: &mut State, _record: &Record) {
        state.governance.decrees.pop_front();
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        go_on(state, derived);
    }
}

// Invariants

/// No more decrees wait than may, none would change how governance works, and each could be carried out alone: parameters change
/// at an epoch's end only, when none is left.
pub(super) fn check(state: &State) -> Result<(), String> {
    let waiting = &state.governance.decrees;
    if waiting.len() as u64 > state.params.governance_max_decrees() {
        return Err(format!("{} decrees wait, more than may", waiting.len()));
    }
    if let Some(change) = waiting.iter().find(|change| governs(change)) {
        return Err(format!("a decree waits that would change how governance works: {change:?}"));
    }
    match waiting.iter().find(|change| Action::Change(**change).check(state, state.clock.now).is_err()) {
        Some(change) => Err(format!("a decree waits that cannot be carried out: {change:?}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
