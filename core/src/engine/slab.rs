//! Rows that come and go: a slot is reused after its row closes, an identifier never, so memory follows what is open.

use crate::ids::MAX_SLOTS;
use rkyv::rancor::Fallible;
use rkyv::ser::{Allocator, Writer};
use rkyv::vec::{ArchivedVec, VecResolver};
use rkyv::with::{ArchiveWith, AsOwned, DeserializeWith, SerializeWith};
use rkyv::{Archive, Deserialize, Place, Serialize};
use std::borrow::Cow;

/// A row that knows its own identifier. The default row is vacant, with identifier zero.
pub trait Row: Copy + Default {
    /// Serial number and slot, packed as in [`crate::ids::JobId`]; zero when vacant.
    fn id(&self) -> u64;
}

/// Open rows by slot, with the slots that are free in the order in which they will be taken again.
#[derive(Clone, Debug, PartialEq)]
pub struct Slab<T> {
    rows: Vec<T>,
    free: Vec<u32>,
    last_serial: u64,
}

/// A slab as a snapshot holds it: open rows only, in slot order.
#[derive(Archive, Serialize, Deserialize)]
pub struct Saved<'a, T: Row + Archive> {
    #[rkyv(with = OpenRows)]
    rows: Cow<'a, [T]>,
    #[rkyv(with = AsOwned)]
    free: Cow<'a, [u32]>,
    last_serial: u64,
}

/// Archives the open ones of a table's rows, as a vector, without copying them into one first.
struct OpenRows;

/// The open rows of a table, which know how many they are.
#[derive(Clone)]
struct Opened<'a, T> {
    rows: std::slice::Iter<'a, T>,
    left: usize,
}

impl<'a, T: Row> Opened<'a, T> {
    fn of(rows: &'a [T]) -> Self {
        Self { rows: rows.iter(), left: rows.iter().filter(|row| row.id() != 0).count() }
    }
}

impl<'a, T: Row> Iterator for Opened<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        let open = self.rows.find(|row| row.id() != 0)?;
        self.left -= 1;
        Some(open)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Row> ExactSizeIterator for Opened<'_, T> {}

impl<T: Row + Archive> ArchiveWith<Cow<'_, [T]>> for OpenRows {
    type Archived = ArchivedVec<T::Archived>;
    type Resolver = VecResolver;

    fn resolve_with(rows: &Cow<'_, [T]>, resolver: VecResolver, out: Place<Self::Archived>) {
        ArchivedVec::resolve_from_len(Opened::of(rows).len(), resolver, out);
    }
}

impl<T: Row + Serialize<S>, S: Fallible + Allocator + Writer + ?Sized> SerializeWith<Cow<'_, [T]>, S> for OpenRows {
    fn serialize_with(rows: &Cow<'_, [T]>, serializer: &mut S) -> Result<VecResolver, S::Error> {
        ArchivedVec::<T::Archived>::serialize_from_iter::<T, _, S>(Opened::of(rows), serializer)
    }
}

impl<'a, T: Row + Archive, D: Fallible + ?Sized> DeserializeWith<ArchivedVec<T::Archived>, Cow<'a, [T]>, D> for OpenRows
where
    ArchivedVec<T::Archived>: Deserialize<Vec<T>, D>,
{
    fn deserialize_with(rows: &ArchivedVec<T::Archived>, deserializer: &mut D) -> Result<Cow<'a, [T]>, D::Error> {
        Ok(Cow::Owned(rows.deserialize(deserializer)?))
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), free: Vec::new(), last_serial: 0 }
    }
}

impl<T: Row> Slab<T> {
    /// Serial number and slot of the next row to open; `None` when every slot is taken.
    #[inline]
    pub fn next(&self) -> Option<(u64, u32)> {
        let slot = match self.free.last() {
            Some(&slot) => slot,
            None if (self.rows.len() as u64) < MAX_SLOTS => self.rows.len() as u32,
            None => return None,
        };
        Some((self.last_serial + 1, slot))
    }

    /// Serial number and slot of the row that opens after `ahead` others; `None` when every slot is taken by then.
    pub fn next_after(&self, ahead: usize) -> Option<(u64, u32)> {
        let slot = match self.free.len().checked_sub(ahead + 1) {
            Some(at) => u64::from(self.free[at]),
            None => (self.rows.len() + ahead - self.free.len()) as u64,
        };
        (slot < MAX_SLOTS).then_some((self.last_serial + 1 + ahead as u64, slot as u32))
    }

    /// Opens a row whose identifier is [`Slab::next`].
    ///
    /// # Panics
    /// If the identifier is another one: the log and the state disagree.
    #[inline]
    pub fn open(&mut self, row: T) {
        let (serial, slot) = self.next().expect("a slot is free");
        assert_eq!(row.id(), serial << crate::ids::SLOT_BITS | u64::from(slot), "rows open in the order of their identifiers");
        self.last_serial = serial;
        match self.free.pop() {
            Some(slot) => self.rows[slot as usize] = row,
            None => self.rows.push(row),
        }
    }

    /// Closes a row and hands it back.
    ///
    /// # Panics
    /// If the row is not open.
    #[inline]
    pub fn close(&mut self, id: u64) -> T {
        let slot = (id & (MAX_SLOTS - 1)) as usize;
        let row = std::mem::take(&mut self.rows[slot]);
        assert_eq!(row.id(), id, "only an open row closes");
        self.free.push(slot as u32);
        row
    }

    /// The open row with this identifier.
    #[inline]
    pub fn get(&self, id: u64) -> Option<&T> {
        self.rows.get((id & (MAX_SLOTS - 1)) as usize).filter(|row| id != 0 && row.id() == id)
    }

    /// The open row with this identifier, to change.
    ///
    /// # Panics
    /// If the row is not open.
    #[inline]
    pub fn row_mut(&mut self, id: u64) -> &mut T {
        let row = &mut self.rows[(id & (MAX_SLOTS - 1)) as usize];
        assert_eq!(row.id(), id, "only an open row changes");
        row
    }

    /// The open row with this identifier.
    ///
    /// # Panics
    /// If the row is not open.
    #[inline]
    pub fn row(&self, id: u64) -> &T {
        let row = &self.rows[(id & (MAX_SLOTS - 1)) as usize];
        assert_eq!(row.id(), id, "only an open row is read");
        row
    }

    /// Open rows in slot order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().filter(|row| row.id() != 0)
    }

    /// How many rows are open.
    pub fn len(&self) -> usize {
        self.rows.len() - self.free.len()
    }

    /// Whether no row is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows were ever opened.
    pub fn opened(&self) -> u64 {
        self.last_serial
    }

    /// The slab for a snapshot.
    pub fn save(&self) -> Saved<'_, T>
    where
        T: Archive,
    {
        Saved { rows: Cow::Borrowed(&self.rows), free: Cow::Borrowed(&self.free), last_serial: self.last_serial }
    }

    /// The slab of a snapshot; `None` when open rows and free slots do not make a table.
    pub fn load(saved: Saved<T>) -> Option<Self>
    where
        T: Archive,
    {
        // What was read back holds open rows and no others.
        if matches!(&saved.rows, Cow::Owned(rows) if rows.iter().any(|row| row.id() == 0)) {
            return None;
        }
        let open = Opened::of(&saved.rows);
        let len = open.len() + saved.free.len();
        let mut rows = vec![T::default(); len];
        let mut taken = vec![false; len];
        let slots = open.clone().map(|row| (row.id() & (MAX_SLOTS - 1)) as usize);
        for slot in slots.chain(saved.free.iter().map(|&slot| slot as usize)) {
            if std::mem::replace(taken.get_mut(slot)?, true) {
                return None;
            }
        }
        for row in open {
            if row.id() >> crate::ids::SLOT_BITS > saved.last_serial {
                return None;
            }
            rows[(row.id() & (MAX_SLOTS - 1)) as usize] = *row;
        }
        Some(Self { rows, free: saved.free.into_owned(), last_serial: saved.last_serial })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Archive, Clone, Copy, Debug, Default, PartialEq)]
    struct Cell(u64, u32);
    impl Row for Cell {
        fn id(&self) -> u64 {
            self.0
        }
    }

    proptest! {
        #[test]
        fn behaves_as_a_map_whose_keys_never_return(steps in prop::collection::vec((any::<bool>(), any::<u16>()), 1..200)) {
            let (mut slab, mut model) = (Slab::<Cell>::default(), BTreeMap::new());
            for (open, value) in steps {
                if open || model.is_empty() {
                    let (serial, slot) = slab.next().unwrap();
                    let id = serial << crate::ids::SLOT_BITS | u64::from(slot);
                    slab.open(Cell(id, u32::from(value)));
                    prop_assert!(model.insert(id, u32::from(value)).is_none());
                } else {
                    let id = *model.keys().nth(usize::from(value) % model.len()).unwrap();
                    prop_assert_eq!(slab.close(id).1, model.remove(&id).unwrap());
                    prop_assert!(slab.get(id).is_none());
                }
                let mut further = slab.clone();
                for ahead in 0..4 {
                    prop_assert_eq!(further.next(), slab.next_after(ahead));
                    let (serial, slot) = further.next().unwrap();
                    further.open(Cell(serial << crate::ids::SLOT_BITS | u64::from(slot), 0));
                }
                prop_assert_eq!(slab.len(), model.len());
                let again = Slab::load(slab.save()).unwrap();
                prop_assert_eq!(&again, &slab);
            }
        }
    }
}
