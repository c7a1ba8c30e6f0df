//! The example: handwritten digits, of which the first 1400 are learnt and the rest held back. `data/README.md` names their origin.

use super::{Examples, Optimiser, Plan};
use crate::ops::Adam;

const DIGITS: &[u8] = include_bytes!("../../data/digits.bin");
/// The checkpoint after [`STEPS`] steps.
pub const TRAINED: &[u8] = include_bytes!("../../data/digits.checkpoint");
/// Steps of the training.
pub const STEPS: u64 = 1000;
const LEARNT: usize = 1400;
const PIXELS: usize = 64;

/// The digits to learn from, and those held back. Pixels from 0 to 16 become numbers from −1 to 1.
pub fn digits() -> [Examples; 2] {
    let (images, _) = DIGITS.as_chunks::<{ PIXELS + 1 }>();
    let (learnt, rest) = images.split_at(LEARNT.min(images.len()));
    [learnt, rest].map(|images| Examples {
        x: images.iter().flat_map(|image| image[..PIXELS].iter().map(|&pixel| f32::from(pixel) / 8.0 - 1.0)).collect(),
        classes: images.iter().map(|image| image[PIXELS].into()).collect(),
    })
}

/// How they are learnt.
pub fn plan() -> Plan {
    Plan {
        columns: vec![64, 32, 16, 10],
        batch: 50,
        optimiser: Optimiser::Adam(Adam { rate: 0.003, ..Adam::default() }),
        seed: 1,
    }
}
