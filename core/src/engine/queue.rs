//! What is on its way and arrives at a time: first due first, and of one moment what was sent first. What arrives late keeps
//! nobody waiting who was sent after it.

use crate::time::Time;
use rkyv::with::AsVec;
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries by the time at which they are due.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Queue<T> {
    /// By time, and by number among those of one moment.
    #[rkyv(with = AsVec)]
    entries: BTreeMap<(Time, u64), T>,
    /// The number of the next.
    next: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), next: 0 }
    }
}

impl<T> Queue<T> {
    /// Adds an entry that is due at a time.
    pub(crate) fn push(&mut self, due: Time, entry: T) {
        self.entries.insert((due, self.next), entry);
        self.next += 1;
    }

    /// The first entry.
    pub fn first(&self) -> Option<&T> {
        self.entries.first_key_value().map(|(_, entry)| entry)
    }

    /// Takes the first entry.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.entries.pop_first().map(|(_, entry)| entry)
    }

    /// What is due at a time.
    pub fn due(&self, now: Time) -> impl Iterator<Item = &T> {
        self.entries.range(..=(now, u64::MAX)).map(|(_, entry)| entry)
    }

    /// All entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.values()
    }

    /// When each is due, in order.
    pub(crate) fn times(&self) -> impl Iterator<Item = Time> {
        self.entries.keys().map(|&(due, _)| due)
    }

    /// Whether no number is given twice.
    pub(crate) fn is_sound(&self) -> bool {
        self.entries.keys().all(|&(_, number)| number < self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn first_due_is_first_and_equal_ones_keep_their_order(steps in prop::collection::vec((any::<bool>(), 0..8u64), 0..200)) {
            let (mut queue, mut list) = (Queue::default(), Vec::<(Time, usize)>::new());
            for (n, (push, due)) in steps.into_iter().enumerate() {
                if push {
                    queue.push(due, n);
                    list.push((due, n));
                    list.sort();
                } else {
                    let first = (!list.is_empty()).then(|| list.remove(0).1);
                    prop_assert_eq!(queue.pop(), first);
                }
                let by = list.iter().filter(|entry| entry.0 <= due).map(|entry| entry.1);
                prop_assert!(queue.due(due).copied().eq(by));
                prop_assert!(queue.times().eq(list.iter().map(|entry| entry.0)));
                prop_assert!(queue.first() == list.first().map(|entry| &entry.1) && queue.is_sound());
            }
        }
    }
}
