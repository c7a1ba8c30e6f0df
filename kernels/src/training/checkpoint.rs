//! Checkpoints as bytes: a mark of 16 bytes, a digest of what is trained, the number of steps, and f32 after f32 in little-endian
//! order.

use super::refused;
use crate::device::{Buffer, Device};
use crate::models::Error;

/// The most steps that a checkpoint may say were done: far beyond any training, and far from where a count of them would overflow.
const MOST_STEPS: u64 = 1 << 48;

/// What a checkpoint begins with.
pub(super) type Mark = [u8; 16];

/// The bytes of a checkpoint.
pub(super) fn write<'a>(
    device: &Device,
    (mark, digest, steps): (&Mark, &[u8; 32], u64),
    parts: impl Iterator<Item = &'a Buffer<f32>>,
) -> Result<Vec<u8>, Error> {
    let mut bytes = [&mark[..], digest, &steps.to_le_bytes()].concat();
    for part in parts {
        bytes.extend(device.read(part)?.into_iter().flat_map(f32::to_le_bytes));
    }
    Ok(bytes)
}

/// Puts a checkpoint's numbers into their parts, and gives the steps done.
pub(super) fn read<'a>(
    device: &Device,
    (mark, digest): (&Mark, &[u8; 32]),
    checkpoint: &[u8],
    parts: impl Iterator<Item = &'a mut Buffer<f32>>,
) -> Result<u64, Error> {
    let rest = checkpoint.strip_prefix(mark).ok_or_else(|| refused("these bytes are no checkpoint of such a training"))?;
    let short = || refused(format!("the checkpoint is cut or too long: it has {} bytes", checkpoint.len()));
    let (found, rest) = rest.split_first_chunk::<32>().ok_or_else(short)?;
    if found != digest {
        return Err(refused("the checkpoint is of another training: its plan, seed or examples differ"));
    }
    let (steps, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
    let steps = u64::from_le_bytes(*steps);
    if steps > MOST_STEPS {
        return Err(refused(format!("the checkpoint says that {steps} steps were done, and nobody does more than {MOST_STEPS}")));
    }
    let (words, rest) = rest.as_chunks::<4>();
    let parts: Vec<_> = parts.collect();
    if !rest.is_empty() || words.len() != parts.iter().map(|part| part.len()).sum::<usize>() {
        return Err(short());
    }
    let mut numbers = words.iter().map(|&word| f32::from_le_bytes(word));
    for part in parts {
        *part = device.upload(&numbers.by_ref().take(part.len()).collect::<Vec<_>>())?;
    }
    Ok(steps)
}
