//! A crowd's commands, written down and played again: what is timed then is the core, without the crowd's hashing and choosing.

use crate::workload::Crowd;
use plasma_core::engine::state::State;
use plasma_core::engine::step::{Arrival, Environment, Observer};
use plasma_core::record::{Event, Record};
use plasma_core::time::Time;

/// Writes down what a crowd sends.
pub struct Recorder {
    crowd: Crowd,
    /// What it has sent, in order.
    pub sent: Vec<Arrival>,
}

/// Sends it again.
pub struct Recorded {
    sent: Vec<Arrival>,
    next: usize,
    /// Records so far.
    pub records: u64,
}

impl Recorder {
    /// Of a crowd.
    pub const fn new(crowd: Crowd) -> Self {
        Self { crowd, sent: Vec::new() }
    }
}

impl Recorded {
    /// What was sent.
    pub const fn new(sent: Vec<Arrival>) -> Self {
        Self { sent, next: 0, records: 0 }
    }
}

impl Observer for Recorder {
    fn cause(&mut self, view: &State, record: &Record) {
        self.crowd.cause(view, record);
    }
    fn event(&mut self, view: &State, record: &Record, event: &Event) {
        self.crowd.event(view, record, event);
    }
}

impl Environment for Recorder {
    fn next(&mut self, view: &State, until: Time) -> Option<Arrival> {
        let arrival = self.crowd.next(view, until)?;
        self.sent.push(arrival);
        Some(arrival)
    }
}

impl Observer for Recorded {
    #[inline]
    fn cause(&mut self, _view: &State, _record: &Record) {
        self.records += 1;
    }
    #[inline]
    fn event(&mut self, _view: &State, _record: &Record, _event: &Event) {
        self.records += 1;
    }
}

impl Environment for Recorded {
    #[inline]
    fn next(&mut self, _view: &State, until: Time) -> Option<Arrival> {
        let arrival = *self.sent.get(self.next).filter(|arrival| arrival.time < until)?;
        self.next += 1;
        Some(arrival)
    }
}
