//! Which token comes next: the likeliest, or one drawn by a seed, the same on every machine.

use super::Error;
use crate::device::{Buffer, Device};
use plasma_kernels_device::random::philox;
use plasma_kernels_device::{Arithmetic, math};

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// What logits are divided by; 0 takes the likeliest.
    pub temperature: f32,
    /// How many of the likeliest are drawn from, at least 1.
    pub among: u32,
    /// What the draw depends on, besides the token's place.
    pub seed: u64,
}

impl Choice {
    /// The likeliest token; among equals the one of the lower number.
    pub const LIKELIEST: Self = Self { temperature: 0.0, among: 1, seed: 0 };
}

/// The operations of IEEE 754, in software where the processor lacks them.
struct Exact;

impl Arithmetic for Exact {
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        libm::fmaf(a, b, c)
    }
    fn sqrt(x: f32) -> f32 {
        x.sqrt()
    }
}

impl Choice {
    /// The token that follows `logits` at a place of the text.
    ///
    /// Of the `among` greatest, greater first and equals by number, token j weighs `e[j] = exp((l[j] − l[0]) / temperature)`; the
    /// first is taken at which the sum of weights so far exceeds u·Σ e, u being the upper 24 bits of Philox's first word for the
    /// place, times 2^-24. Sums are f32, in order.
    ///
    /// # Errors
    /// If there are no logits or nothing to draw from, the temperature is negative or NaN, or the driver fails.
    pub fn pick(&self, device: &Device, logits: &Buffer<f32>, place: u32) -> Result<u32, Error> {
        let count = u32::try_from(logits.len()).unwrap_or(u32::MAX);
        let among = if self.temperature == 0.0 { 1 } else { self.among.min(count) };
        if among == 0 || self.temperature.is_nan() || self.temperature < 0.0 {
            let said = format!("no choice among {among} tokens at temperature {}; write 1 and 0 or more", self.temperature);
            return Err(Error::Input(said));
        }
        let mut best = device.alloc(among as usize)?;
        device.top_k([1, count], among, logits, &mut best)?;
        let mut values = device.alloc(among as usize)?;
        device.gather(1, logits, &best, &mut values)?;
        let (best, values) = (device.read(&best)?, device.read(&values)?);
        let weight = |value: &f32| math::exp::<Exact>((value - values[0]) / self.temperature);
        let weights: Vec<f32> = if among == 1 { vec![1.0] } else { values.iter().map(weight).collect() };
        let word = philox([place, 0, 0, 0], [self.seed as u32, (self.seed >> 32) as u32])[0];
        let drawn = (word >> 8) as f32 * (1.0 / 16_777_216.0) * weights.iter().fold(0.0, |sum, weight| sum + weight);
        let mut sum = 0.0;
        let passed = |weight: &f32| {
            sum += weight;
            sum > drawn
        };
        Ok(best[weights.iter().position(passed).unwrap_or(0)])
    }
}
