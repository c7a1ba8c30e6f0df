//! What is to happen, by time: a calendar queue (R. Brown 1988, doi:10.1145/63039.63045).
//!
//! Days of fixed width hang in a ring; each holds its entries unsorted until it comes, which costs a push and, once a day, a sort
//! of few. What lies beyond the ring waits unsorted too, by the turn of the ring in which it comes. Most promises of the protocol
//! never fire, because a lease ends in time: here they cost a push and a look, in a binary heap they would be sifted up and down.

use crate::time::Time;
use std::collections::BTreeMap;

/// Base-2 logarithm of a day's width in milliseconds: 65.5 seconds.
const DAY_LOG2: u32 = 16;
/// Days in the ring: three civil days.
const RING: u64 = 4096;

/// Entries by time, those of one moment in their own order. Entries may be added for any time; one that is already past comes
/// next.
#[derive(Clone, Debug)]
pub struct Agenda<T> {
    /// Entries up to and including the day reached, latest first.
    today: Vec<(Time, T)>,
    /// The day reached.
    day: u64,
    /// The days after it, by number modulo [`RING`].
    ring: Vec<Vec<(Time, T)>>,
    /// Entries too far ahead for the ring, by its turn: the day divided by [`RING`].
    beyond: BTreeMap<u64, Vec<(Time, T)>>,
    /// Entries in the ring and beyond it.
    later: usize,
}

impl<T: Copy + Ord> Agenda<T> {
    /// An empty agenda that starts at a time.
    pub fn starting(time: Time) -> Self {
        let day = time >> DAY_LOG2;
        Self { today: Vec::new(), day, ring: vec![Vec::new(); RING as usize], beyond: BTreeMap::new(), later: 0 }
    }

    /// Adds an entry.
    #[inline]
    pub fn set(&mut self, time: Time, entry: T) {
        let day = time >> DAY_LOG2;
        if day <= self.day {
            let at = self.today.partition_point(|later| *later > (time, entry));
            self.today.insert(at, (time, entry));
            return;
        }
        self.later += 1;
        if day - self.day < RING {
            self.ring[(day % RING) as usize].push((time, entry));
        } else {
            self.beyond.entry(day / RING).or_default().push((time, entry));
        }
    }

    /// The earliest entry's time if it falls on the day reached, else that day's end: nothing happens before.
    #[inline]
    pub fn clear_until(&self) -> Time {
        match self.today.last() {
            Some((time, _)) => *time,
            None => self.day.saturating_add(1).saturating_mul(1 << DAY_LOG2),
        }
    }

    /// The earliest entry's time, if it is before `bound`. Days are turned no further than that: entries that are added for a day
    /// already reached must be sorted in.
    #[inline]
    pub fn next_before(&mut self, bound: Time) -> Option<Time> {
        while self.today.is_empty() {
            if self.clear_until() >= bound || self.is_empty() {
                return None;
            }
            self.turn();
        }
        self.today.last().map(|(time, _)| *time).filter(|&time| time < bound)
    }

    /// Takes the earliest entry of the day reached.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, T)> {
        self.today.pop()
    }

    /// Turns to the next day.
    #[inline]
    pub fn turn(&mut self) {
        self.day += 1;
        if self.day.is_multiple_of(RING) {
            self.begin_turn();
        }
        let slot = &mut self.ring[(self.day % RING) as usize];
        if !slot.is_empty() {
            self.later -= slot.len();
            self.today.append(slot);
            self.today.sort_unstable_by(|a, b| b.cmp(a));
        }
    }

    /// Hangs what comes in the turn that begins into the ring.
    #[cold]
    fn begin_turn(&mut self) {
        for (time, entry) in self.beyond.remove(&(self.day / RING)).unwrap_or_default() {
            self.ring[((time >> DAY_LOG2) % RING) as usize].push((time, entry));
        }
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.today.len() + self.later
    }

    /// Whether nothing is to happen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every entry, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &(Time, T)> {
        self.today.iter().chain(self.ring.iter().flatten()).chain(self.beyond.values().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    proptest! {
        #[test]
        fn agrees_with_a_binary_heap(
            steps in prop::collection::vec((any::<bool>(), prop_oneof![0u64..200_000, 0u64..2_000_000_000], 0u32..4), 1..300),
        ) {
            let (mut agenda, mut heap) = (Agenda::starting(0), BinaryHeap::new());
            let mut now = 0u64;
            for (push, ahead, entry) in steps {
                if push {
                    let time = now.saturating_add(ahead);
                    agenda.set(time, entry);
                    heap.push(Reverse((time, entry)));
                } else {
                    let bound = now.saturating_add(ahead);
                    let expected = heap.peek().map(|Reverse(entry)| *entry).filter(|e: &(u64, u32)| e.0 < bound);
                    prop_assert_eq!(agenda.next_before(bound), expected.map(|e| e.0));
                    if expected.is_some() {
                        prop_assert_eq!(agenda.pop(), heap.pop().map(|Reverse(entry)| entry));
                    }
                    now = expected.map_or(now, |e| e.0);
                }
                prop_assert_eq!(agenda.len(), heap.len());
                prop_assert_eq!(agenda.iter().count(), heap.len());
            }
        }
    }
}
