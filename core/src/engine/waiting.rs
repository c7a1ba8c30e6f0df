//! The waiting line: queued jobs in the order they came, searchable by what an offer can give them.
//!
//! Each class and lease size has a tournament tree over the line's positions, holding the highest ask that each waiting job can
//! pay there. The first job in line that an ask suits is found in logarithmic time, however long the line.
//!
//! A job may wait for longer than a class could still finish it in time. From then on it is in the way of every search of that
//! class, so it is taken out of the class's tree; it keeps its place for the other classes, and until its patience ends.

use crate::engine::book::Quote;
use crate::engine::state::State;
use crate::ids::{ClassId, JobId};
use crate::protocol::job::{Job, MAX_GPUS_LOG2};
use crate::protocol::market;
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const SIZES: usize = MAX_GPUS_LOG2 as usize + 1;
const SMALLEST: usize = 64;

/// Highest affordable asks by position: a complete binary tree in heap order whose leaves are positions, each inner node the
/// maximum of its children, zero where nobody waits.
type Tournament = Vec<u64>;

/// What a waiting job can do with a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chance {
    class: ClassId,
    /// The highest ask that it can pay.
    limit: u64,
    /// From when on it would end too late there.
    closes: Time,
}

#[derive(Clone, Debug, Default)]
struct Place {
    job: JobId,
    gpus_log2: u8,
    /// When its patience ends.
    start_by: Time,
    /// The classes it may wait for.
    chances: Vec<Chance>,
}

/// The jobs that wait.
#[derive(Clone, Debug, Default)]
pub struct Line {
    places: Vec<Place>,
    waiting: usize,
    capacity: usize,
    /// By class and lease size; made when first needed.
    trees: Vec<[Option<Tournament>; SIZES]>,
    /// Position by job slot.
    position: Vec<Option<u32>>,
    /// Chances that close before the job's patience ends, by position, the earliest first; also those of jobs that have left.
    closing: BinaryHeap<Reverse<(Time, u32, ClassId)>>,
}

impl Line {
    /// An empty line for a catalogue of `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self { trees: (0..classes).map(|_| Default::default()).collect(), ..Self::default() }
    }

    /// How many jobs wait.
    pub const fn len(&self) -> usize {
        self.waiting
    }

    /// Whether nobody waits.
    pub const fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Puts a job at the end of the line, for every class that it can pay for.
    pub fn join(&mut self, state: &State, job: &Job) {
        let chance =
            |(class, work)| Chance { class, limit: highest_ask(job.escrow, work), closes: market::last_start(job, work) };
        let chances = market::work_by_class(state, job).map(chance).filter(|chance| chance.limit > 0).collect();
        self.push(Place { job: job.id, gpus_log2: job.gpus_log2, start_by: job.start_by, chances });
    }

    fn push(&mut self, place: Place) {
        if self.places.len() == self.capacity {
            self.compact();
        }
        let position = self.places.len();
        let slot = place.job.slot();
        if self.position.len() <= slot {
            self.position.resize(slot + 1, None);
        }
        self.position[slot] = Some(position as u32);
        for &Chance { class, limit, closes } in &place.chances {
            self.set(class, place.gpus_log2, position, limit);
            if closes <= place.start_by {
                self.closing.push(Reverse((closes, position as u32, class)));
            }
        }
        self.waiting += 1;
        self.places.push(place);
    }

    /// Takes a job out of the line, if it is in it.
    #[inline]
    pub fn leave(&mut self, job: JobId) {
        if self.waiting > 0 {
            self.take_out(job);
        }
    }

    fn take_out(&mut self, job: JobId) {
        let Some(position) = self.position.get_mut(job.slot()).and_then(Option::take) else { return };
        let place = std::mem::take(&mut self.places[position as usize]);
        assert_eq!(place.job, job, "a slot in line belongs to one job");
        for chance in place.chances {
            self.set(chance.class, place.gpus_log2, position as usize, 0);
        }
        self.waiting -= 1;
    }

    /// Takes whoever would end too late out of the classes in which it would. Each is taken out once, so that all searches together
    /// pass over no more than have waited.
    #[inline]
    pub fn close(&mut self, now: Time) {
        while self.closing.peek().is_some_and(|Reverse((closes, ..))| *closes <= now) {
            self.close_earliest();
        }
    }

    #[cold]
    fn close_earliest(&mut self) {
        let Some(Reverse((_, position, class))) = self.closing.pop() else { return };
        let place = &self.places[position as usize];
        if place.job.is_some() {
            self.set(class, place.gpus_log2, position as usize, 0);
        }
    }

    /// The first job in line that the quote suits in class, room and ask, and that is `acceptable`.
    pub fn first(&self, quote: &Quote, acceptable: impl Fn(JobId) -> bool) -> Option<JobId> {
        let trees = &self.trees[quote.class.index()];
        let mut first = usize::MAX;
        for tree in trees.iter().take(usize::from(quote.room) + 1).flatten() {
            let mut from = 0;
            while let Some(position) = leftmost(tree, from, quote.ask) {
                if position >= first {
                    break;
                }
                if acceptable(self.places[position].job) {
                    first = position;
                    break;
                }
                from = position + 1;
            }
        }
        self.places.get(first).map(|place| place.job)
    }

    fn set(&mut self, class: ClassId, gpus_log2: u8, position: usize, limit: u64) {
        let tree = self.trees[class.index()][usize::from(gpus_log2)].get_or_insert_with(|| vec![0; 2 * self.capacity]);
        let mut node = self.capacity + position;
        tree[node] = limit;
        while node > 1 {
            node /= 2;
            let highest = tree[2 * node].max(tree[2 * node + 1]);
            if tree[node] == highest {
                break;
            }
            tree[node] = highest;
        }
    }

    /// Closes the gaps that leavers left, and doubles the room when they were few.
    fn compact(&mut self) {
        let waiting: Vec<Place> = std::mem::take(&mut self.places).into_iter().filter(|place| place.job.is_some()).collect();
        self.capacity = (2 * waiting.len()).next_power_of_two().max(SMALLEST);
        self.trees.iter_mut().flatten().for_each(|tree| *tree = None);
        self.closing.clear();
        self.waiting = 0;
        for place in waiting {
            self.push(place);
        }
    }

    /// The jobs that wait, in order.
    pub fn jobs(&self) -> impl Iterator<Item = JobId> {
        self.places.iter().map(|place| place.job).filter(|job| job.is_some())
    }

    /// The jobs that wait, in order, with the highest ask by class at which a search finds them.
    pub fn found(&self) -> impl Iterator<Item = (JobId, ClassId, u64)> {
        let chances =
            self.places.iter().enumerate().flat_map(|(i, place)| place.chances.iter().map(move |chance| (i, place, chance)));
        chances.map(|(position, place, chance)| {
            let tree = self.trees[chance.class.index()][usize::from(place.gpus_log2)].as_ref();
            (place.job, chance.class, tree.map_or(0, |tree| tree[self.capacity + position]))
        })
    }
}

/// The highest ask at which ⌈ask · work ÷ 1000⌉ ≤ budget.
pub(crate) fn highest_ask(budget: u64, work_mgs: u64) -> u64 {
    match budget.checked_mul(1000) {
        Some(milli) => milli / work_mgs,
        None => u64::try_from(u128::from(budget) * 1000 / u128::from(work_mgs)).unwrap_or(u64::MAX),
    }
}

/// The leftmost position from `from` on whose limit reaches `ask`.
fn leftmost(tree: &Tournament, from: usize, ask: u64) -> Option<usize> {
    let capacity = tree.len() / 2;
    if from >= capacity {
        return None;
    }
    let mut node = capacity + from;
    // Up, while everything under the node or to the right of it within its parent is too poor.
    while tree[node] < ask {
        while node % 2 == 1 {
            node /= 2;
        }
        if node == 0 {
            return None;
        }
        node += 1;
    }
    // Down, to the leftmost leaf that suffices.
    while node < capacity {
        node *= 2;
        if tree[node] < ask {
            node += 1;
        }
    }
    Some(node - capacity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OfferId;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn leftmost_is_a_linear_search(limits in prop::collection::vec(0u64..9, 64), from in 0usize..70, ask in 1u64..10) {
            let mut line = Line::new(1);
            line.capacity = 64;
            for (i, &limit) in limits.iter().enumerate() {
                line.set(ClassId(0), 0, i, limit);
            }
            let tree = line.trees[0][0].as_ref().unwrap();
            let expected = (from..64).find(|&i| limits[i] >= ask);
            prop_assert_eq!(leftmost(tree, from, ask), expected);
        }

        #[test]
        fn serves_whoever_came_first_and_is_not_too_late(
            steps in prop::collection::vec((any::<bool>(), 0u8..3, 1u64..20, 0u8..4, 0u64..40), 1..300),
        ) {
            let mut line = Line::new(1);
            let mut model: Vec<(JobId, u8, u64, Time)> = Vec::new();
            for (serial, (join, gpus_log2, amount, room, span)) in steps.into_iter().enumerate() {
                let now = serial as Time;
                if join {
                    let job = JobId::new(serial as u64 + 1, serial as u32);
                    let chance = Chance { class: ClassId(0), limit: amount, closes: now + span };
                    line.push(Place { job, gpus_log2, start_by: 400, chances: vec![chance] });
                    model.push((job, gpus_log2, amount, now + span));
                } else {
                    line.close(now);
                    let quote = Quote { ask: amount, tie: 0, offer: OfferId(0), room, class: ClassId(0) };
                    let fits = |job: JobId| !job.serial().is_multiple_of(5);
                    let suits = |&(j, g, limit, closes): &_| g <= room && limit >= amount && now < closes && fits(j);
                    let expected = model.iter().position(suits);
                    prop_assert_eq!(line.first(&quote, fits), expected.map(|i| model[i].0));
                    if let Some(i) = expected {
                        line.leave(model.remove(i).0);
                    }
                }
                prop_assert_eq!(line.len(), model.len());
                prop_assert_eq!(line.jobs().collect::<Vec<_>>(), model.iter().map(|m| m.0).collect::<Vec<_>>());
            }
        }

        #[test]
        fn the_highest_ask_is_affordable_and_the_next_is_not(budget in 1u64.., work in 1u64..1_000_000_000_000) {
            let ask = highest_ask(budget, work);
            if ask > 0 && ask < u64::MAX {
                prop_assert!(crate::money::price_of(ask, work).is_some_and(|price| price <= budget));
                prop_assert!(crate::money::price_of(ask + 1, work).is_none_or(|price| price > budget));
            }
        }
    }
}
