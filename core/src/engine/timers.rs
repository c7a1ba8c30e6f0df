//! What the protocol has promised to do, by time.

use crate::record::Timer;
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Promises, earliest first; those of one moment in the order of the vocabulary, then of their subjects.
///
/// A promise is never taken back: when its time comes it is asked whether it [still stands](crate::record::Fire::stands). A lease
/// that ends in time, which is nearly every lease, would otherwise pay for a removal.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Time, Timer)>>,
}

impl Timers {
    /// Promises to ask at `time`.
    #[inline]
    pub fn set(&mut self, time: Time, timer: Timer) {
        self.heap.push(Reverse((time, timer)));
    }

    /// The time of the earliest promise, standing or not.
    #[inline]
    pub fn next_time(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((time, _))| *time)
    }

    /// Takes the earliest promise.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, Timer)> {
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// Every promise, standing or not, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Time, Timer)> {
        self.heap.iter().map(|Reverse(entry)| *entry)
    }

    /// Promises held, standing or not.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is promised.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}
