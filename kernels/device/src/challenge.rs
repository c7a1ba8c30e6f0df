//! The device challenge: fills memory with cells that depend on one another, and folds them into one.
//!
//! A cell is 8 words. Round 0 makes cell i from the seed; round r makes it from cell i of round r − 1 and from a partner whose
//! place the cell itself names, so that reads are random over the whole memory and no cell is known before its round. Whoever
//! keeps fewer cells must make missing ones again from the round before, two for each one missing, and so on down: the work
//! doubles with every round. The mixing is ChaCha's permutation of 16 words (RFC 8439, 2.3) with 4 double rounds and its
//! feed-forward, the two cells as the state.

use crate::tile::Shapes;
use crate::{Block, CHUNK, Kernel, Shape, chunk};

/// 32 bytes.
pub type Cell = [u32; 8];

/// What one call of [`mix`] costs in 32-bit additions, exclusive ors and rotations: 4 double rounds of 8 quarter rounds of 12, a
/// feed-forward of 16 and a fold of 8.
pub const MIX_OPERATIONS: u64 = 4 * 8 * 12 + 16 + 8;

#[inline(always)]
fn quarter(s: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    s[a] = s[a].wrapping_add(s[b]);
    s[d] = (s[d] ^ s[a]).rotate_left(16);
    s[c] = s[c].wrapping_add(s[d]);
    s[b] = (s[b] ^ s[c]).rotate_left(12);
    s[a] = s[a].wrapping_add(s[b]);
    s[d] = (s[d] ^ s[a]).rotate_left(8);
    s[c] = s[c].wrapping_add(s[d]);
    s[b] = (s[b] ^ s[c]).rotate_left(7);
}

/// ChaCha's block function on 16 words, without its constants.
#[inline(always)]
pub fn chacha(input: [u32; 16], double_rounds: u32) -> [u32; 16] {
    let mut s = input;
    let mut round = 0;
    while round < double_rounds {
        quarter(&mut s, 0, 4, 8, 12);
        quarter(&mut s, 1, 5, 9, 13);
        quarter(&mut s, 2, 6, 10, 14);
        quarter(&mut s, 3, 7, 11, 15);
        quarter(&mut s, 0, 5, 10, 15);
        quarter(&mut s, 1, 6, 11, 12);
        quarter(&mut s, 2, 7, 8, 13);
        quarter(&mut s, 3, 4, 9, 14);
        round += 1;
    }
    let mut i = 0;
    while i < 16 {
        s[i] = s[i].wrapping_add(input[i]);
        i += 1;
    }
    s
}

/// One cell from two.
#[inline(always)]
pub fn mix(a: Cell, b: Cell) -> Cell {
    let s = chacha([a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]], 4);
    [s[0] ^ s[8], s[1] ^ s[9], s[2] ^ s[10], s[3] ^ s[11], s[4] ^ s[12], s[5] ^ s[13], s[6] ^ s[14], s[7] ^ s[15]]
}

/// The partner of a cell among `n`: its first two words as a fraction of n.
#[inline(always)]
pub fn partner(cell: Cell, n: u64) -> u64 {
    let fraction = u64::from(cell[0]) | u64::from(cell[1]) << 32;
    ((u128::from(fraction) * u128::from(n)) >> 64) as u64
}

/// Round 0: cell i = mix(seed, [i, i >> 32, 0, …]).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ChallengeFill {
    /// `n` cells.
    pub to: *mut Cell,
    /// Cells.
    pub n: u64,
    /// What nobody could know before.
    pub seed: Cell,
}

/// A later round: `to[i] = mix(from[i], from[partner(from[i])])`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ChallengeRound {
    /// `n` cells.
    pub from: *const Cell,
    /// `n` cells.
    pub to: *mut Cell,
    /// Cells.
    pub n: u64,
}

/// One level of the fold: `to[i] = mix(from[2i], from[2i + 1])`; a last cell without a neighbour is taken as it is.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ChallengeFold {
    /// `n` cells.
    pub from: *const Cell,
    /// Half as many, rounded up.
    pub to: *mut Cell,
    /// Cells.
    pub n: u64,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for ChallengeFill {}
unsafe impl Sync for ChallengeFill {}
unsafe impl Send for ChallengeRound {}
unsafe impl Sync for ChallengeRound {}
unsafe impl Send for ChallengeFold {}
unsafe impl Sync for ChallengeFold {}

fn over(n: u64) -> Shape {
    Shape { shared: 0, ..Shape::rows((n as usize).div_ceil(CHUNK)) }
}

impl Kernel for ChallengeFill {
    const NAME: &'static str = "challenge_fill";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { to, n, seed } = *self;
        // Safety: i < n.
        chunk(block, n as usize, |i| unsafe {
            *to.add(i) = mix(seed, [i as u32, (i as u64 >> 32) as u32, 0, 0, 0, 0, 0, 0]);
        });
    }
}

impl Kernel for ChallengeRound {
    const NAME: &'static str = "challenge_round";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { from, to, n } = *self;
        // Safety: i < n, and so is a partner.
        chunk(block, n as usize, |i| unsafe {
            let cell = *from.add(i);
            *to.add(i) = mix(cell, *from.add(partner(cell, n) as usize));
        });
    }
}

impl Kernel for ChallengeFold {
    const NAME: &'static str = "challenge_fold";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n.div_ceil(2))
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { from, to, n } = *self;
        let n = n as usize;
        // Safety: both are below n.
        chunk(block, n.div_ceil(2), |i| unsafe {
            let left = *from.add(2 * i);
            *to.add(i) = if 2 * i + 1 < n { mix(left, *from.add(2 * i + 1)) } else { left };
        });
    }
}
