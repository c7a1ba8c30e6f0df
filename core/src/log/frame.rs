//! Frames: batches on disk.

use std::io::{self, Write};

/// First bytes of a log file.
pub const MAGIC: &[u8; 8] = b"PLASMALG";

/// First bytes of a frame.
const FRAME: &[u8; 4] = b"PLB1";

/// Length of a frame's head, in bytes.
pub const HEAD: usize = 72;

/// Largest batch that is believed, in bytes: a corrupt length must not allocate the machine away.
pub const MAX_RAW: u32 = 1 << 30;

/// What stands before a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes that follow the head.
    pub stored: u32,
    /// Bytes of the batch; compressed when they differ from `stored`.
    pub raw: u32,
    /// Records in the batch.
    pub records: u32,
    /// First eight bytes of BLAKE3 over the stored bytes.
    pub check: [u8; 8],
    /// The chain's root after this batch.
    pub root: [u8; 32],
    /// Number of its first record.
    pub first: u64,
}

fn short_hash(bytes: &[u8]) -> [u8; 8] {
    blake3::hash(bytes).as_bytes()[..8].try_into().expect("eight of 32 bytes")
}

/// The chain's next root.
pub fn chain(root: &[u8; 32], batch: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(root);
    hasher.update(batch);
    *hasher.finalize().as_bytes()
}

impl Head {
    /// The head of a frame that stores `stored` for the batch `raw` bytes long.
    pub fn of(stored: &[u8], raw: usize, records: usize, first: u64, root: [u8; 32]) -> Self {
        let length = |n: usize| u32::try_from(n).expect("a batch is far smaller than 4 GiB");
        Self { stored: length(stored.len()), raw: length(raw), records: length(records), check: short_hash(stored), root, first }
    }

    /// The head's bytes, which end in a check of themselves.
    pub fn to_bytes(self) -> [u8; HEAD] {
        let mut bytes = [0u8; HEAD];
        bytes[..4].copy_from_slice(FRAME);
        bytes[4..8].copy_from_slice(&self.stored.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.raw.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.records.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.check);
        bytes[32..64].copy_from_slice(&self.root);
        let check = short_hash(&bytes[..64]);
        bytes[64..].copy_from_slice(&check);
        bytes
    }

    /// Reads a head.
    ///
    /// # Errors
    /// A sentence, when the bytes are not a head.
    pub fn from_bytes(bytes: &[u8; HEAD]) -> Result<Self, String> {
        if &bytes[..4] != FRAME || short_hash(&bytes[..64]) != bytes[64..] {
            return Err("the frame's head was changed".into());
        }
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let head = Self {
            stored: word(4),
            raw: word(8),
            records: word(12),
            first: u64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes")),
            check: bytes[24..32].try_into().expect("eight bytes"),
            root: bytes[32..64].try_into().expect("32 bytes"),
        };
        if head.raw > MAX_RAW || head.stored > head.raw {
            return Err(format!("the frame claims {} bytes for a batch of {}", head.stored, head.raw));
        }
        Ok(head)
    }

    /// Whether the stored bytes are those that were written.
    pub fn guards(&self, stored: &[u8]) -> bool {
        short_hash(stored) == self.check
    }
}

/// Writes the file's header and returns its length and root 0.
pub fn write_header(out: &mut impl Write, genesis: &[u8]) -> io::Result<(u64, [u8; 32])> {
    let bytes = header(genesis);
    let root = *blake3::hash(&bytes).as_bytes();
    out.write_all(&bytes)?;
    out.write_all(&root)?;
    Ok((bytes.len() as u64 + 32, root))
}

/// Root 0 of a log with this genesis.
pub fn root_zero(genesis: &[u8]) -> [u8; 32] {
    *blake3::hash(&header(genesis)).as_bytes()
}

fn header(genesis: &[u8]) -> Vec<u8> {
    let length = u32::try_from(genesis.len()).expect("a genesis is far smaller than 4 GiB");
    let mut bytes = Vec::with_capacity(16 + genesis.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&super::FORMAT.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(genesis);
    bytes
}
