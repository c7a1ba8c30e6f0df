//! Models of random weights: what programs run on when nobody brings a model, the same on every machine.

use super::Error;
use super::layers::{Source, room};
use plasma_kernels_device::random::philox;

/// Tensors drawn from a seed and their names.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// The seed.
    pub seed: u64,
}

impl Noise {
    /// Matrices are uniform within ±1/√columns; a norm's gain within 1 ± 1/4, any other vector within ±1/4. Element i is the
    /// upper 24 bits of word i of Philox under the seed, at the place that BLAKE3 of the name gives.
    ///
    /// # Errors
    /// If memory is short.
    pub fn get(&self, name: &str, shape: &[u32]) -> Result<Vec<f32>, Error> {
        let count = shape.iter().try_fold(1usize, |count, &side| count.checked_mul(side as usize)).unwrap_or(usize::MAX);
        let mut values = room(count)?;
        let hash = blake3::hash(name.as_bytes());
        let (streams, _) = hash.as_bytes().as_chunks::<4>();
        let [low, high] = [0, 1].map(|i| u32::from_le_bytes(streams[i]));
        let (middle, most) = match shape {
            [_, columns] => (0.0, 1.0 / (*columns as f32).sqrt()),
            _ if name.ends_with("weight") => (1.0, 0.25),
            _ => (0.0, 0.25),
        };
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        let words = (0..count.div_ceil(4)).flat_map(|i| philox([i as u32, (i as u64 >> 32) as u32, low, high], key));
        let unit = |word: u32| (word >> 8) as f32 * (1.0 / 8_388_608.0) - 1.0;
        values.extend(words.take(count).map(|word| middle + most * unit(word)));
        Ok(values)
    }

    /// What tells these models from others.
    pub fn digest(&self) -> [u8; 32] {
        blake3::derive_key("plasma noise v1", &self.seed.to_le_bytes())
    }
}

impl Source for Noise {
    fn tensor(&self, name: &str, shape: &[u32]) -> Result<Vec<f32>, Error> {
        self.get(name, shape)
    }
}
