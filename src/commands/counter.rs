//! How many records a run has made, for the progress bar and for what is said of it.

use plasma_core::engine::state::State;
use plasma_core::engine::step::Observer;
use plasma_core::record::{Event, Record};

/// Counts records.
#[derive(Default)]
pub struct Counter(pub u64);

impl Observer for Counter {
    #[inline(always)]
    fn cause(&mut self, _view: &State, _record: &Record) {
        self.0 += 1;
    }
    #[inline(always)]
    fn event(&mut self, _view: &State, _record: &Record, _event: &Event) {
        self.0 += 1;
    }
}
