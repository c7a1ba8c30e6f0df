//! The beacon: the core's only chance. A round is the span between two beacons; what is committed in one round is drawn with the
//! beacon that ends it, so that nobody knows what will be checked while it can still be changed.

use crate::engine::derived::{Derived, Task};
use crate::engine::state::State;
use crate::ids::JobId;
use crate::protocol::fee;
use crate::protocol::lease::Stage;
use crate::record::{Apply, Decide, Event, Record, cause, payload};
use crate::rejection::{Refusal, Rejection};
use crate::time::Time;
use bevy_ecs::prelude::Resource;
use rkyv::{Archive, Deserialize, Serialize};
use siphasher::sip::SipHasher13;

// Components

/// Rounds, epochs and chance.
#[derive(Resource, Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Clock {
    /// Genesis.
    pub genesis: Time,
    /// The moment of the last record.
    pub now: Time,
    /// When the running epoch started.
    pub epoch_started: Time,
    /// When it ends.
    pub epoch_ends: Time,
    /// Epochs closed so far.
    pub epoch: u64,
    /// Places ever given in the waiting line.
    pub queue_places: u64,
    /// The beacon of the last round.
    pub beacon: [u8; 32],
    /// The beacon that orders ties in the running epoch.
    pub tie_beacon: [u8; 32],
    /// Rounds closed so far.
    pub round: u32,
    /// Zero.
    pub pad: u32,
}

payload! {
    /// Ends a round with a value that nobody could choose. Sent by the host.
    pub struct Beacon {
        /// 256 random bits.
        pub value: [u8; 32],
    }

    /// A round ended.
    pub struct RoundClosed {}
}

impl Clock {
    /// A uniform 64-bit draw for `subject`, from the last beacon: SipHash-1-3 (Aumasson & Bernstein 2012) keyed with its first
    /// half. Nobody knows the key while the subject can still be chosen, so a short keyed hash is enough, and it is on the hot path.
    #[inline]
    pub fn draw(&self, purpose: u32, subject: u64, attempt: u32) -> u64 {
        let word = |at: usize| u64::from_le_bytes(self.beacon[at..at + 8].try_into().expect("eight bytes"));
        let mut message = [0u8; 16];
        message[..8].copy_from_slice(&subject.to_le_bytes());
        message[8..12].copy_from_slice(&attempt.to_le_bytes());
        message[12..].copy_from_slice(&purpose.to_le_bytes());
        SipHasher13::new_with_keys(word(0), word(8)).hash(&message)
    }

    /// Where a job stands among equal bids during this epoch. Its message is longer than an offer's.
    pub(crate) fn tie_of_job(&self, job: JobId) -> u64 {
        let mut message = [0u8; 16];
        message[8..].copy_from_slice(&job.0.to_le_bytes());
        let hash = blake3::keyed_hash(&self.tie_beacon, &message);
        u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes"))
    }

    /// Where an offer stands among equal asks during this epoch.
    pub(crate) fn tie(&self, class: u8, offer: u32) -> u64 {
        let mut message = [0u8; 8];
        message[0] = class;
        message[4..].copy_from_slice(&offer.to_le_bytes());
        let hash = blake3::keyed_hash(&self.tie_beacon, &message);
        u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes"))
    }
}

// Decide

impl Decide for Beacon {
    fn decide(&self, state: &State, record: &Record, events: &mut Vec<Event>) -> Result<(), Refusal> {
        record.require_host()?;
        if state.clock.round == u32::MAX {
            return Err(Rejection::TooManyRows.into());
        }
        events.push(RoundClosed {}.into());
        events.extend(fee::reprice(state).map(Event::from));
        Ok(())
    }
}

// Apply

impl Apply for RoundClosed {
    fn apply(&self, state: &mut State, record: &Record) {
        state.clock.beacon = cause!(record, Command::Beacon).value;
        state.clock.round += 1;
        state.fees.admitted = 0;
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        // Lease order, not order of arrival, so that an engine rebuilt from rows draws the same.
        derived.awaiting_draw.sort_unstable();
        for lease in derived.awaiting_draw.drain(..) {
            if state.lease(lease).is_some_and(|lease| lease.stage == Stage::Committed) {
                derived.tasks.push_back(Task::Draw(lease));
            }
        }
        let awaiting_panel = state.docket.cases.iter().filter(|(_, case)| case.seats.is_empty());
        derived.tasks.extend(awaiting_panel.map(|(&lease, _)| Task::Empanel(lease)));
    }
}

// Invariants

/// Rounds and epochs only move forward.
pub(crate) fn check(state: &State) -> Result<(), String> {
    let clock = &state.clock;
    if clock.epoch_started > clock.now || clock.now > clock.epoch_ends {
        return Err(format!("{} lies outside its epoch, {} to {}", clock.now, clock.epoch_started, clock.epoch_ends));
    }
    match state.leases.iter().find(|lease| lease.round > clock.round) {
        Some(lease) => Err(format!("{} was committed in a round to come", lease.id)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::rejection::Rejection;
    use crate::testing::{Bench, names};

    #[test]
    fn only_the_host_ends_rounds() {
        let mut bench = Bench::new(&[]);
        assert_eq!(bench.refused_by(0, super::Beacon { value: [1; 32] }), Rejection::NotPermitted);
        assert_eq!(names(&bench.beacon(1)), ["RoundClosed"]);
        bench.engine.view(|state| assert_eq!((state.clock.round, state.clock.beacon), (1, [1; 32])));
    }

    #[test]
    fn draws_differ_by_purpose_subject_attempt_and_beacon() {
        let clock = super::Clock::default();
        let other = super::Clock { beacon: [1; 32], ..clock };
        let draws = [clock.draw(1, 1, 0), clock.draw(2, 1, 0), clock.draw(1, 2, 0), clock.draw(1, 1, 1), other.draw(1, 1, 0)];
        let distinct: std::collections::BTreeSet<_> = draws.iter().collect();
        assert_eq!(distinct.len(), draws.len());
    }
}
