//! Philox 4×32-10 (Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011, section 3.3): a
//! counter-based generator, so that element i is a function of the key and i alone.

use crate::tile::Shapes;
use crate::{Block, CHUNK, Kernel, Shape, chunk};

/// Four words from a counter and a key, in ten rounds.
#[inline(always)]
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    let mut round = 0;
    while round < 10 {
        let (a, b) = (u64::from(counter[0]) * 0xd251_1f53, u64::from(counter[2]) * 0xcd9e_8d57);
        counter = [(b >> 32) as u32 ^ counter[1] ^ key[0], b as u32, (a >> 32) as u32 ^ counter[3] ^ key[1], a as u32];
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
        round += 1;
    }
    counter
}

/// Fills with words: word 4i + j is the j-th of `philox([i, i >> 32, stream, stream >> 32], [seed, seed >> 32])`, low halves
/// first.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RandomBits {
    /// `n` words.
    pub y: *mut u32,
    /// Words.
    pub n: u64,
    /// The key.
    pub seed: u64,
    /// The counter's upper half.
    pub stream: u64,
}

/// Fills with numbers from [0, 1): the upper 24 bits of [`RandomBits`]' words · 2^-24.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RandomUnit {
    /// `n` numbers.
    pub y: *mut f32,
    /// Elements.
    pub n: u64,
    /// The key.
    pub seed: u64,
    /// The counter's upper half.
    pub stream: u64,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for RandomBits {}
unsafe impl Sync for RandomBits {}
unsafe impl Send for RandomUnit {}
unsafe impl Sync for RandomUnit {}

#[inline(always)]
unsafe fn fill<B: Block, T>(block: &B, y: *mut T, n: u64, seed: u64, stream: u64, make: impl Fn(u32) -> T) {
    let n = n as usize;
    chunk(block, n.div_ceil(4), |i| {
        let counter = [i as u32, (i as u64 >> 32) as u32, stream as u32, (stream >> 32) as u32];
        let words = philox(counter, [seed as u32, (seed >> 32) as u32]);
        let put = |j: usize| {
            if 4 * i + j < n {
                // Safety: below n.
                unsafe { *y.add(4 * i + j) = make(words[j]) }
            }
        };
        put(0);
        put(1);
        put(2);
        put(3);
    });
}

fn over(n: u64) -> Shape {
    Shape { shared: 0, ..Shape::rows((n as usize).div_ceil(4).div_ceil(CHUNK)) }
}

impl Kernel for RandomBits {
    const NAME: &'static str = "random_bits";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        unsafe { fill(block, self.y, self.n, self.seed, self.stream, |word| word) }
    }
}

impl Kernel for RandomUnit {
    const NAME: &'static str = "random_unit";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        unsafe { fill(block, self.y, self.n, self.seed, self.stream, |word| (word >> 8) as f32 * (1.0 / 16_777_216.0)) }
    }
}
