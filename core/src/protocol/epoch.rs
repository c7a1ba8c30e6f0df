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
        state.minter.begin_epoch(state.ledger.burned);
        state.holdback.turn(record.time, state.params.settle_holdback_period());
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

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, names};
    use crate::time::DAY;

    #[test]
    fn an_epoch_ends_on_time_and_takes_the_last_beacon_for_its_ties() {
        let mut bench = Bench::new(&[("emission.schedule", 0), ("emission.yearly", 0)]);
        bench.beacon(4);
        assert_eq!(names(&bench.wait(DAY - 2)), Vec::<&str>::new());
        bench.wait(1);
        assert_eq!(names(&bench.wait(1)), ["EpochClosed"]);
        bench.engine.view(|state| {
            assert_eq!((state.clock.epoch, state.clock.tie_beacon), (1, [4; 32]));
            assert_eq!(state.clock.epoch_ends, state.clock.genesis + 2 * DAY);
        });
    }
}
