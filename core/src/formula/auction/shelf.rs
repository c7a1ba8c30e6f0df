//! Idle GPUs on a shelf: by class and room, in the order in which they are to go.

use super::{Ask, Bid};
use std::collections::BTreeSet;

/// Rooms of 1 to 2^15 GPUs.
const ROOMS: usize = 16;

/// A place on the shelf: key, tie, ask. The least goes first.
type Place = (u64, u64, usize);

/// Before and after every place.
const EVERY: (Place, Place) = ((0, 0, 0), (u64::MAX, u64::MAX, usize::MAX));

/// Asks of one class that have room for the same bids. Whoever shuns a seller passes over one place of it, however many it has.
#[derive(Default)]
struct Room {
    /// By seller, then in order.
    places: BTreeSet<(u32, Place)>,
    /// The first place of every seller.
    heads: BTreeSet<Place>,
}

impl FromIterator<(u32, Place)> for Room {
    fn from_iter<I: IntoIterator<Item = (u32, Place)>>(places: I) -> Self {
        let places = BTreeSet::from_iter(places);
        let mut last = None;
        let heads = places.iter().filter(|(seller, _)| last.replace(*seller) != Some(*seller)).map(|&(_, place)| place).collect();
        Self { places, heads }
    }
}

impl Room {
    fn first_of(&self, seller: u32) -> Option<Place> {
        self.places.range((seller, EVERY.0)..=(seller, EVERY.1)).next().map(|&(_, place)| place)
    }

    fn put(&mut self, seller: u32, place: Place) {
        match self.first_of(seller) {
            Some(head) if head < place => {}
            head => {
                head.map(|head| self.heads.remove(&head));
                self.heads.insert(place);
            }
        }
        self.places.insert((seller, place));
    }

    fn remove(&mut self, seller: u32, place: Place) {
        self.places.remove(&(seller, place));
        if self.heads.remove(&place) {
            self.heads.extend(self.first_of(seller));
        }
    }

    /// The first place whose ask is acceptable, where that depends on its seller alone.
    fn first(&self, mut acceptable: impl FnMut(usize) -> bool) -> Option<Place> {
        self.heads.iter().find(|&&(.., ask)| acceptable(ask)).copied()
    }
}

/// Asks by class and base-2 logarithm of the GPUs that they have left. A bid takes a power of two, so that every ask in the rooms
/// from its own upwards fits it and no ask below does.
pub struct Shelf<'a> {
    asks: &'a [Ask],
    keys: Vec<u64>,
    left: Vec<u16>,
    rooms: Vec<[Room; ROOMS]>,
}

impl<'a> Shelf<'a> {
    /// The asks that have a key, in the order of their keys.
    pub fn new(asks: &'a [Ask], classes: usize, key: impl Fn(&Ask) -> Option<u64>) -> Self {
        let mut places: Vec<[Vec<(u32, Place)>; ROOMS]> = (0..classes).map(|_| Default::default()).collect();
        let keys: Vec<Option<u64>> = asks.iter().map(key).collect();
        for (i, (ask, key)) in asks.iter().zip(&keys).enumerate() {
            if let (&Some(key), Some(room)) = (key, ask.gpus.checked_ilog2()) {
                places[usize::from(ask.class)][room as usize].push((ask.seller, (key, ask.tie, i)));
            }
        }
        let rooms = places.into_iter().map(|rooms| rooms.map(Room::from_iter)).collect();
        let keys = keys.into_iter().map(Option::unwrap_or_default).collect();
        Self { asks, keys, left: asks.iter().map(|ask| ask.gpus).collect(), rooms }
    }

    /// The ask of a class that goes first among those that have room for the bid and that it does not shun.
    pub fn first(&self, class: u8, bid: &Bid) -> Option<usize> {
        let rooms = self.rooms[usize::from(class)].iter().skip(usize::from(bid.gpus_log2));
        let heads = rooms.filter_map(|room| room.first(|ask| !bid.shuns.contains(&self.asks[ask].seller)));
        heads.min().map(|(.., ask)| ask)
    }

    /// Takes GPUs of an ask that [`Shelf::first`] named for this bid.
    pub fn take(&mut self, ask: usize, bid: &Bid) {
        let Ask { class, seller, tie, .. } = self.asks[ask];
        let place = (self.keys[ask], tie, ask);
        let rooms = &mut self.rooms[usize::from(class)];
        if let Some(room) = self.left[ask].checked_ilog2() {
            rooms[room as usize].remove(seller, place);
        }
        self.left[ask] -= bid.gpus();
        if let Some(room) = self.left[ask].checked_ilog2() {
            rooms[room as usize].put(seller, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::auction::Way;
    use proptest::prelude::*;

    fn bid(shuns: Vec<u32>, gpus_log2: u8) -> Bid {
        Bid { ways: vec![Way { limit: 100, work: 1, class: 0 }], tie: 0, shuns, gpus_log2 }
    }

    #[test]
    fn a_shunned_seller_is_passed_over_once_however_much_it_sells() {
        let asks: Vec<Ask> =
            (0..1_000).map(|i| Ask { price: i, tie: i, seller: u32::from(i == 900), gpus: 1, class: 0 }).collect();
        let shelf = Shelf::new(&asks, 1, |ask| Some(ask.price));
        let mut asked = Vec::new();
        let found = shelf.rooms[0][0].first(|ask| {
            asked.push(ask);
            asks[ask].seller != 0
        });
        assert_eq!((found.map(|(.., ask)| ask), asked), (Some(900), vec![0, 900]));
    }

    proptest! {
        #[test]
        fn the_first_on_the_shelf_is_the_first_of_all_that_fit(
            asks in prop::collection::vec((0u64..9, any::<u64>(), 0u32..4, 1u16..17), 0..30),
            bids in prop::collection::vec((prop::collection::vec(0u32..5, 0..3), 0u8..4), 0..60),
        ) {
            let asks: Vec<Ask> =
                asks.into_iter().map(|(price, tie, seller, gpus)| Ask { price, tie, seller, gpus, class: 0 }).collect();
            let mut shelf = Shelf::new(&asks, 1, |ask| (ask.price < 8).then_some(ask.price));
            let mut left: Vec<u16> = asks.iter().map(|ask| if ask.price < 8 { ask.gpus } else { 0 }).collect();
            for (shuns, gpus_log2) in bids {
                let bid = bid(shuns, gpus_log2);
                let fits = |&i: &usize| left[i] >= bid.gpus() && !bid.shuns.contains(&asks[i].seller);
                let expected = (0..asks.len()).filter(fits).min_by_key(|&i| (asks[i].price, asks[i].tie, i));
                prop_assert_eq!(shelf.first(0, &bid), expected);
                if let Some(ask) = expected {
                    shelf.take(ask, &bid);
                    left[ask] -= bid.gpus();
                }
            }
        }
    }
}
