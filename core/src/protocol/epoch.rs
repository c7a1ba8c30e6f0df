//! Epochs: when rewards are shared out, ties are shuffled and the books are checked.

use crate::engine::derived::Derived;
use crate::engine::state::State;
use crate::record::{Apply, Event, Fire, Record, Timer, payload};
use crate::time::Time;

payload! {
    /// The running epoch ends.
    pub struct EpochEnd {}

    /// An epoch ended and the next began.
    pub struct EpochClosed {
        /// The number of the closed epoch, from 0.
        pub epoch: u64,
        /// When the next one ends.
        pub next_ends: Time,
    }
}

// Decide

impl Fire for EpochEnd {
    fn stands(&self, state: &State, time: Time) -> bool {
        state.clock.epoch_ends <= time
    }

    /// The epoch systems decide, in their order: see [`crate::engine::EPOCH_SYSTEMS`].
    fn decide(&self, _state: &State, _record: &Record, _events: &mut Vec<Event>) {}
}

/// Closes the epoch, after everything else in it.
pub(crate) fn close(state: &State, events: &mut Vec<Event>) {
    let next_ends = state.clock.epoch_ends.saturating_add(state.params.epoch_length());
    events.push(EpochClosed { epoch: state.clock.epoch, next_ends }.into());
}

// Apply

impl Apply for EpochClosed {
    fn apply(&self, state: &mut State, record: &Record) {
        for provider in state.providers.iter_mut() {
            provider.work = 0;
        }
        let clock = &mut state.clock;
        clock.epoch = self.epoch + 1;
        clock.epoch_started = record.time;
        clock.epoch_ends = self.next_ends;
        clock.tie_beacon = clock.beacon;
    }

    fn follow(&self, state: &State, _record: &Record, derived: &mut Derived) {
        derived.timers.set(self.next_ends, Timer::EpochEnd(EpochEnd {}));
        derived.shuffle_ties(state);
    }
}
