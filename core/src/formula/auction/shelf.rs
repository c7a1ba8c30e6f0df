//! Idle GPUs on a shelf: by class and room, in the order in which they are to go.

use super::{Ask, Bid};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Rooms of 1 to 2^15 GPUs.
const ROOMS: usize = 16;

/// A place on the shelf: key, tie, ask. The least goes first.
type Place = Reverse<(u64, u64, usize)>;

/// Asks by class and base-2 logarithm of the GPUs that they have left. A bid takes a power of two, so that every ask in the rooms
/// from its own upwards fits it and no ask below does.
pub struct Shelf<'a> {
    asks: &'a [Ask],
    left: Vec<u16>,
    rooms: Vec<[BinaryHeap<Place>; ROOMS]>,
}

impl<'a> Shelf<'a> {
    /// The asks that have a key, in the order of their keys.
    pub fn new(asks: &'a [Ask], classes: usize, key: impl Fn(&Ask) -> Option<u64>) -> Self {
        let mut places: Vec<[Vec<Place>; ROOMS]> = (0..classes).map(|_| Default::default()).collect();
        for (i, ask) in asks.iter().enumerate() {
            if let (Some(key), Some(room)) = (key(ask), ask.gpus.checked_ilog2()) {
                places[usize::from(ask.class)][room as usize].push(Reverse((key, ask.tie, i)));
            }
        }
        let rooms = places.into_iter().map(|rooms| rooms.map(BinaryHeap::from)).collect();
        Self { asks, left: asks.iter().map(|ask| ask.gpus).collect(), rooms }
    }

    /// The ask of a class that goes first among those that have room for the bid and that it does not shun.
    pub fn first(&mut self, class: u8, bid: &Bid) -> Option<usize> {
        let asks = self.asks;
        let rooms = self.rooms[usize::from(class)].iter_mut().skip(usize::from(bid.gpus_log2));
        let heads = rooms.filter_map(|room| {
            let mut shunned = Vec::new();
            while room.peek().is_some_and(|Reverse((.., ask))| bid.shuns.contains(&asks[*ask].seller)) {
                shunned.extend(room.pop());
            }
            let head = room.peek().map(|Reverse(place)| *place);
            room.extend(shunned);
            head
        });
        heads.min().map(|(.., ask)| ask)
    }

    /// Takes GPUs of an ask that [`Shelf::first`] named for this bid.
    pub fn take(&mut self, ask: usize, bid: &Bid) {
        let class = usize::from(self.asks[ask].class);
        let Some(room) = self.left[ask].checked_ilog2() else { return };
        let heap = &mut self.rooms[class][room as usize];
        let mut above = Vec::new();
        let mut taken = None;
        while let Some(place) = heap.pop() {
            if place.0.2 == ask {
                taken = Some(place);
                break;
            }
            above.push(place);
        }
        heap.extend(above);
        self.left[ask] -= bid.gpus();
        if let (Some(place), Some(room)) = (taken, self.left[ask].checked_ilog2()) {
            self.rooms[class][room as usize].push(place);
        }
    }
}
