//! The waiting line: queued jobs in the order they came, searchable by what an offer can give them.
//!
//! Each class and lease size has a tournament tree over the line's positions, holding the highest ask that each waiting job can
//! pay there. The first job in line that an ask suits is found in logarithmic time, however long the line.
//!
//! A job may wait for longer than a class could still finish it in time. From then on it is in the way of every search of that
//! class, so it is taken out of the class's tree; it keeps its place for the other classes, and until its patience ends.
//!
//! A job may also avoid providers, and so be in the way of their searches. Where the highest ask under a node is only of jobs that
//! avoid one, the tree says beside it what that provider finds there instead: as few exceptions as the job of that ask avoids.

use crate::engine::book::Quote;
use crate::engine::state::State;
use crate::ids::{ClassId, JobId, ProviderId};
use crate::protocol::job::{Job, MAX_GPUS_LOG2};
use crate::protocol::market;
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

const SIZES: usize = MAX_GPUS_LOG2 as usize + 1;
const SMALLEST: usize = 64;

/// Highest affordable asks by position.
#[derive(Clone, Debug)]
struct Tournament {
    /// A complete binary tree in heap order whose leaves are positions, each inner node the maximum of its children, zero where
    /// nobody waits.
    highest: Vec<u64>,
    /// By node, where there are any: providers for which the highest is lower, with what it is. Few jobs avoid anybody.
    lower: BTreeMap<usize, Vec<(ProviderId, u64)>>,
}

impl Tournament {
    fn new(capacity: usize) -> Self {
        Self { highest: vec![0; 2 * capacity], lower: BTreeMap::new() }
    }

    fn capacity(&self) -> usize {
        self.highest.len() / 2
    }

    /// For whom a node's highest is lower.
    fn lower(&self, node: usize) -> &[(ProviderId, u64)] {
        self.lower.get(&node).map_or(&[], Vec::as_slice)
    }

    /// A node's highest for one provider.
    fn highest_for(&self, node: usize, provider: ProviderId) -> u64 {
        let lower = self.lower(node).iter().find(|(other, _)| *other == provider);
        lower.map_or(self.highest[node], |&(_, highest)| highest)
    }

    /// Whether somebody under a node can pay a provider's ask.
    #[inline]
    fn reaches(&self, node: usize, ask: u64, provider: ProviderId) -> bool {
        self.highest[node] >= ask && (self.lower.is_empty() || self.highest_for(node, provider) >= ask)
    }

    /// What a position can pay, and whom it avoids.
    fn set(&mut self, position: usize, limit: u64, shuns: &[ProviderId]) {
        let mut node = self.capacity() + position;
        self.highest[node] = limit;
        if !shuns.is_empty() || !self.lower.is_empty() {
            let shuns = if limit == 0 { &[] } else { shuns };
            return self.set_shunning(node, shuns.iter().map(|&provider| (provider, 0)).collect());
        }
        while node > 1 {
            node /= 2;
            let highest = self.highest[2 * node].max(self.highest[2 * node + 1]);
            if self.highest[node] == highest {
                break;
            }
            self.highest[node] = highest;
        }
    }

    #[cold]
    fn set_shunning(&mut self, mut node: usize, lower: Vec<(ProviderId, u64)>) {
        self.except(node, lower);
        while node > 1 {
            node /= 2;
            let (left, right) = (2 * node, 2 * node + 1);
            let highest = self.highest[left].max(self.highest[right]);
            // For whom the child of the highest is no lower, the node is not.
            let top = if self.highest[left] == highest { left } else { right };
            let both = |&(provider, _): &(ProviderId, u64)| {
                (provider, self.highest_for(left, provider).max(self.highest_for(right, provider)))
            };
            let lower: Vec<_> = self.lower(top).iter().map(both).filter(|&(_, lower)| lower < highest).collect();
            if self.highest[node] == highest && self.lower(node) == lower {
                break;
            }
            self.highest[node] = highest;
            self.except(node, lower);
        }
    }

    fn except(&mut self, node: usize, lower: Vec<(ProviderId, u64)>) {
        if lower.is_empty() {
            self.lower.remove(&node);
        } else {
            self.lower.insert(node, lower);
        }
    }

    /// The leftmost position from `from` on whose limit reaches a provider's ask.
    fn leftmost(&self, from: usize, ask: u64, provider: ProviderId) -> Option<usize> {
        let capacity = self.capacity();
        if from >= capacity {
            return None;
        }
        let mut node = capacity + from;
        // Up, while everything under the node or to the right of it within its parent is too poor.
        while !self.reaches(node, ask, provider) {
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
            if !self.reaches(node, ask, provider) {
                node += 1;
            }
        }
        Some(node - capacity)
    }
}

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
    /// The providers that it avoids.
    shuns: Vec<ProviderId>,
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
        let shuns = state.avoided(job).to_vec();
        self.push(Place { job: job.id, gpus_log2: job.gpus_log2, start_by: job.start_by, chances, shuns });
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
            self.tree(class, place.gpus_log2).set(position, limit, &place.shuns);
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
            self.tree(chance.class, place.gpus_log2).set(position as usize, 0, &[]);
        }
        self.waiting -= 1;
    }

    /// Has a job avoid one more provider, if it waits.
    #[cold]
    pub fn avoid(&mut self, job: JobId, provider: ProviderId) {
        let Some(position) = self.position.get(job.slot()).copied().flatten() else { return };
        let position = position as usize;
        if self.places[position].shuns.contains(&provider) {
            return;
        }
        let mut place = std::mem::take(&mut self.places[position]);
        place.shuns.push(provider);
        for chance in &place.chances {
            let tree = self.tree(chance.class, place.gpus_log2);
            // It may be too late there.
            let limit = tree.highest[tree.capacity() + position];
            tree.set(position, limit, &place.shuns);
        }
        self.places[position] = place;
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
        let Place { job, gpus_log2, .. } = self.places[position as usize];
        if job.is_some() {
            self.tree(class, gpus_log2).set(position as usize, 0, &[]);
        }
    }

    /// The first job in line that a provider's quote suits in class, room and ask, that does not avoid it, and that is `acceptable`.
    pub fn first(&self, quote: &Quote, provider: ProviderId, acceptable: impl Fn(JobId) -> bool) -> Option<JobId> {
        let trees = &self.trees[quote.class.index()];
        let mut first = usize::MAX;
        for tree in trees.iter().take(usize::from(quote.room) + 1).flatten() {
            let mut from = 0;
            while let Some(position) = tree.leftmost(from, quote.ask, provider) {
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

    fn tree(&mut self, class: ClassId, gpus_log2: u8) -> &mut Tournament {
        self.trees[class.index()][usize::from(gpus_log2)].get_or_insert_with(|| Tournament::new(self.capacity))
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

    /// The jobs that wait, in order, with the highest ask by class at which a search finds them, and whose searches do not.
    pub fn found(&self) -> impl Iterator<Item = (JobId, ClassId, u64, Vec<ProviderId>)> {
        let chances =
            self.places.iter().enumerate().flat_map(|(i, place)| place.chances.iter().map(move |chance| (i, place, chance)));
        chances.map(|(position, place, chance)| {
            let tree = self.trees[chance.class.index()][usize::from(place.gpus_log2)].as_ref();
            let leaf = self.capacity + position;
            let shuns = tree.map_or(&[][..], |tree| tree.lower(leaf)).iter().map(|lower| lower.0).collect();
            (place.job, chance.class, tree.map_or(0, |tree| tree.highest[leaf]), shuns)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OfferId;
    use proptest::prelude::*;

    /// Up to three of five providers.
    fn shuns() -> impl Strategy<Value = Vec<ProviderId>> {
        let one = prop::collection::btree_set((0u32..5).prop_map(ProviderId), 0..4);
        one.prop_map(|shuns| shuns.into_iter().collect())
    }

    proptest! {
        #[test]
        fn leftmost_is_a_linear_search(
            limits in prop::collection::vec((0usize..64, 0u64..9, shuns()), 0..200),
            from in 0usize..70,
            ask in 1u64..10,
        ) {
            let mut tree = Tournament::new(64);
            let mut model = vec![(0, Vec::new()); 64];
            for (position, limit, shuns) in limits {
                tree.set(position, limit, &shuns);
                model[position] = (limit, shuns);
            }
            for provider in (0..6).map(ProviderId) {
                let expected = (from..64).find(|&i| model[i].0 >= ask && !model[i].1.contains(&provider));
                prop_assert_eq!(tree.leftmost(from, ask, provider), expected);
            }
            (0..64).for_each(|position| tree.set(position, 0, &[]));
            prop_assert!(tree.lower.is_empty() && tree.highest.iter().all(|&highest| highest == 0));
        }

        #[test]
        fn serves_whoever_came_first_and_is_not_too_late(
            steps in prop::collection::vec((0u8..5, 0u8..3, 1u64..20, 0u8..4, 0u64..40, shuns()), 1..300),
        ) {
            let mut line = Line::new(1);
            let mut model: Vec<(JobId, u8, u64, Time, Vec<ProviderId>)> = Vec::new();
            for (serial, (what, gpus_log2, amount, room, span, shuns)) in steps.into_iter().enumerate() {
                let now = serial as Time;
                let provider = ProviderId(span as u32 % 6);
                if what < 2 {
                    let job = JobId::new(serial as u64 + 1, serial as u32);
                    let chance = Chance { class: ClassId(0), limit: amount, closes: now + span };
                    line.push(Place { job, gpus_log2, start_by: 400, chances: vec![chance], shuns: shuns.clone() });
                    model.push((job, gpus_log2, amount, now + span, shuns));
                } else if what == 2 && !model.is_empty() {
                    let at = amount as usize % model.len();
                    line.avoid(model[at].0, provider);
                    model[at].4.push(provider);
                } else {
                    line.close(now);
                    let quote = Quote { ask: amount, tie: 0, offer: OfferId(0), room, class: ClassId(0) };
                    let fits = |job: JobId| !job.serial().is_multiple_of(5);
                    let suits = |(j, g, limit, closes, shuns): &(JobId, u8, u64, Time, Vec<ProviderId>)| {
                        *g <= room && *limit >= amount && now < *closes && fits(*j) && !shuns.contains(&provider)
                    };
                    let expected = model.iter().position(suits);
                    prop_assert_eq!(line.first(&quote, provider, fits), expected.map(|i| model[i].0));
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
