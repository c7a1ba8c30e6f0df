//! Rows of closed epochs, kept small: a run of decades has tens of thousands of them, and nobody looks at more than a few at a
//! time.
//!
//! They are put away by [`PACK`], as bytes and compressed: most of a row is small integers in wide fields, much as in the row
//! before, of which an eighth is left. The last is never put away, for what the ledger does not say is told of it after its epoch
//! has closed.

use super::Row;
use rkyv::rancor::Error;
use rkyv::util::AlignedVec;
use rkyv::{Archive, Deserialize, Serialize};

/// Rows that are put away together.
const PACK: usize = 128;
/// Effort of compression: more of it makes a pack no smaller than a tenth, and takes longer than the epochs themselves.
const LEVEL: i32 = 3;
/// Bytes of a pack that are believed: damaged ones must not take the machine's memory.
const MAX_RAW: u32 = 1 << 28;

/// Rows, in order.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    packs: Vec<Pack>,
    open: Vec<Row>,
}

/// Rows as compressed bytes.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
struct Pack {
    raw: u32,
    bytes: Vec<u8>,
}

impl Pack {
    fn of(rows: &Vec<Row>) -> Self {
        let raw = rkyv::to_bytes::<Error>(rows).expect("memory suffices");
        let mut bytes = zstd::bulk::compress(&raw, LEVEL).expect("memory suffices");
        // It comes with room for what does not compress at all.
        bytes.shrink_to_fit();
        Self { raw: u32::try_from(raw.len()).expect("rows of some kilobytes"), bytes }
    }

    /// The rows; none when they are not what [`Pack::of`] made.
    fn rows(&self) -> Option<Vec<Row>> {
        let mut raw = AlignedVec::<16>::new();
        raw.resize(Some(self.raw).filter(|&raw| raw <= MAX_RAW)? as usize, 0);
        let read = zstd::bulk::decompress_to_buffer(&self.bytes, &mut raw[..]).ok()?;
        (read == raw.len()).then(|| rkyv::from_bytes::<Vec<Row>, Error>(&raw).ok())?
    }
}

impl Closed {
    /// Adds the row that follows.
    pub(super) fn push(&mut self, row: Row) {
        if self.open.len() == PACK {
            self.packs.push(Pack::of(&self.open));
            self.open.clear();
        }
        self.open.push(row);
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.packs.len() * PACK + self.open.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The last one.
    pub fn last(&self) -> Option<&Row> {
        self.open.last()
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Row> {
        self.open.last_mut()
    }

    /// One after the other, from the first.
    pub fn iter(&self) -> impl Iterator<Item = Row> {
        let packed = self.packs.iter().flat_map(|pack| pack.rows().expect("what was put away is still there"));
        packed.chain(self.open.iter().cloned())
    }

    /// Whether every row is there, and sound.
    pub(super) fn is_sound(&self, sound: impl Fn(&Row) -> bool) -> bool {
        let whole = |pack: &Pack| pack.rows().is_some_and(|rows| rows.len() == PACK && rows.iter().all(&sound));
        self.open.len() <= PACK
            && (self.packs.is_empty() || !self.open.is_empty())
            && self.packs.iter().all(whole)
            && self.open.iter().all(sound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> (Closed, Vec<Row>) {
        let row = |epoch: u64| Row { epoch, minted: u128::from(epoch) << 70, ..Row::default() };
        let rows: Vec<Row> = (0..count as u64).map(row).collect();
        let mut closed = Closed::default();
        rows.iter().for_each(|row| closed.push(row.clone()));
        (closed, rows)
    }

    #[test]
    fn what_is_put_away_comes_back_in_order() {
        for count in [0, 1, PACK, PACK + 1, 3 * PACK, 3 * PACK + 7] {
            let (mut closed, rows) = rows(count);
            assert_eq!(closed.iter().collect::<Vec<_>>(), rows);
            assert_eq!((closed.len(), closed.is_empty(), closed.last()), (count, count == 0, rows.last()));
            assert_eq!(closed.last_mut().map(|row| row.epoch), rows.last().map(|row| row.epoch));
            assert!(
                closed.is_sound(|row| row.minted == u128::from(row.epoch) << 70) && (count == 0 || !closed.is_sound(|_| false))
            );
        }
    }

    #[test]
    fn damage_is_found_and_takes_no_memory() {
        let (closed, _) = rows(2 * PACK);
        let sound = |damage: &dyn Fn(&mut Closed)| {
            let mut closed = closed.clone();
            damage(&mut closed);
            closed.is_sound(|_| true)
        };
        assert!(sound(&|_| {}));
        assert!(!sound(&|closed| closed.packs[0].raw = u32::MAX) && !sound(&|closed| closed.packs[0].raw -= 1));
        assert!(!sound(&|closed| closed.packs[0].bytes.truncate(9)) && !sound(&|closed| closed.open.clear()));
        assert!(!sound(&|closed| closed.packs[0] = Pack::of(&vec![Row::default(); PACK - 1])));
    }
}
