//! Matrix products: C = A·B for row-major A (m × k), B (k × n), C (m × n), and a batch of such.
//!
//! f32: `c[i][j]` starts at +0 and takes `c ← fma(a[i][p], b[p][j], c)` for p = 0, 1, … k−1. i8: the exact integer sum, which
//! fits i32 while k < 2^17. Tiles are cut differently on every machine; a sum is carried from tile to tile, so that the order
//! stays. Backwards through f32: dA = dC·Bᵀ and dB = Aᵀ·dC, products of the same kind.

use crate::tile::{Shapes, Tile, TileShape};
use crate::{Block, Kernel, Shape, canonical};

/// Sizes and places of a batch of products.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Product<I, O> {
    /// `batch` matrices of m × k.
    pub a: *const I,
    /// `batch` matrices of k × n.
    pub b: *const I,
    /// `batch` matrices of m × n.
    pub c: *mut O,
    /// Rows of A and C.
    pub m: u32,
    /// Columns of B and C.
    pub n: u32,
    /// Columns of A and rows of B.
    pub k: u32,
    /// Products.
    pub batch: u32,
}

/// A batch of products of f32.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct GemmF32(pub Product<f32, f32>);

/// A batch of products of i8 into i32.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct GemmI8(pub Product<i8, i32>);

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for GemmF32 {}
unsafe impl Sync for GemmF32 {}
unsafe impl Send for GemmI8 {}
unsafe impl Sync for GemmI8 {}

impl<I: Copy, O: Copy> Product<I, O> {
    fn shape(&self, tile: TileShape) -> Shape {
        let across = (self.n as usize).div_ceil(tile.columns);
        let down = (self.m as usize).div_ceil(tile.rows);
        let shared = tile.all_words() * tile.word_bytes;
        Shape { grid: [across as u32, down as u32, self.batch], lanes: tile.lanes as u32, shared: shared as u32 }
    }

    #[inline(always)]
    unsafe fn run<B: Block, T: Tile<In = I, Out = O>>(&self, block: &B, finish: impl Fn(O) -> O) {
        let (m, n, k) = (self.m as usize, self.n as usize, self.k as usize);
        let [x, y, z] = block.at();
        let (row, column) = (y * T::SHAPE.rows, x * T::SHAPE.columns);
        let live = [(m - row).min(T::SHAPE.rows), (n - column).min(T::SHAPE.columns)];
        let a = block.shared().cast::<T::Word>();
        let lanes = T::SHAPE.lanes;
        // Safety: by the caller's promise every address below lies within its matrix or within shared memory.
        unsafe {
            let b = a.add(T::SHAPE.a_words());
            let (from_a, from_b) = (self.a.add(z * m * k + row * k), self.b.add(z * k * n + column));
            let to = self.c.add(z * m * n + row * n + column);
            let mut sums = block.lanes(T::zero());
            let mut first = 0;
            while first < k {
                let left = k - first;
                load_a::<B, T>(block, a, from_a.add(first), k, [live[0], left]);
                load_b::<B, T>(block, b, from_b.add(first * n), n, [live[1], left]);
                block.sync();
                let words = left.div_ceil(T::SHAPE.depth).min(T::SHAPE.words);
                block.each(&mut sums, lanes, |lane, sums| T::multiply(lane, sums, a, b, words, live));
                block.sync();
                first += T::SHAPE.words * T::SHAPE.depth;
            }
            if B::SERIAL && live == [T::SHAPE.rows, T::SHAPE.columns] {
                // Nothing is asked at every number, so that whole vectors are written.
                block.each(&mut sums, lanes, |lane, sums| T::give(lane, sums, |i, j, sum| *to.add(i * n + j) = finish(sum)));
                return;
            }
            block.each(&mut sums, lanes, |lane, sums| {
                T::give(lane, sums, |i, j, sum| {
                    if i < live[0] && j < live[1] {
                        *to.add(i * n + j) = finish(sum);
                    }
                });
            });
        }
    }
}

/// Brings a tile of A into shared memory; what lies beyond the matrix is [`Tile::nothing`], or left out where no lane reads it.
#[inline(always)]
unsafe fn load_a<B: Block, T: Tile>(block: &B, to: *mut T::Word, from: *const T::In, k: usize, live: [usize; 2]) {
    let shape = T::SHAPE;
    let place = |panel: usize, i: usize, word: usize| panel * shape.a_panel_stride + word * shape.a_stride + i;
    // Safety: elements beyond `live` are not read; places lie within the tile.
    let put = |panel: usize, i: usize, word: usize| unsafe {
        let (row, p) = (panel * shape.a_panel + i, word * shape.depth);
        let get = |e| if row < live[0] && p + e < live[1] { *from.add(row * k + p + e) } else { T::nothing() };
        *to.add(place(panel, i, word)) = T::word(get);
    };
    let bounds = [shape.rows / shape.a_panel, shape.a_panel, shape.words];
    if B::SERIAL {
        let words = shape.words.min(live[1].div_ceil(shape.depth));
        let (whole_panels, whole_words) = (live[0].min(shape.rows) / shape.a_panel, words.min(live[1] / shape.depth));
        block.spread([whole_panels, 1, 1], |panel, _, _| unsafe {
            T::panel(to.add(panel * shape.a_panel_stride), from.add(panel * shape.a_panel * k), k, whole_words);
        });
        block.spread([whole_panels, shape.a_panel, words - whole_words], |panel, i, word| put(panel, i, whole_words + word));
        let more = live[0].min(shape.rows).div_ceil(shape.a_panel) - whole_panels;
        block.spread([more, shape.a_panel, words], |panel, i, word| put(whole_panels + panel, i, word));
    } else if live[0] >= shape.rows && live[1] >= shape.words * shape.depth {
        block.spread(bounds, |panel, i, word| unsafe {
            let at = from.add((panel * shape.a_panel + i) * k + word * shape.depth);
            *to.add(place(panel, i, word)) = T::word(|e| *at.add(e));
        });
    } else {
        block.spread(bounds, put);
    }
}

/// Brings a tile of B into shared memory.
#[inline(always)]
unsafe fn load_b<B: Block, T: Tile>(block: &B, to: *mut T::Word, from: *const T::In, n: usize, live: [usize; 2]) {
    let shape = T::SHAPE;
    let full = live[0] >= shape.columns && live[1] >= shape.words * shape.depth;
    // Safety: elements beyond `live` are not read; places lie within the tile.
    let put = |panel: usize, word: usize, j: usize| unsafe {
        let (column, p) = (panel * shape.b_panel + j, word * shape.depth);
        let place = to.add(panel * shape.b_panel_stride + word * shape.b_stride + j);
        if full {
            *place = T::word(|e| *from.add((p + e) * n + column));
        } else {
            *place =
                T::word(|e| if column < live[0] && p + e < live[1] { *from.add((p + e) * n + column) } else { T::nothing() });
        }
    };
    if B::SERIAL {
        let words = shape.words.min(live[1].div_ceil(shape.depth));
        let (whole_panels, whole_words) = (live[0].min(shape.columns) / shape.b_panel, words.min(live[1] / shape.depth));
        block.spread([whole_panels, whole_words, 1], |panel, word, _| unsafe {
            let place = to.add(panel * shape.b_panel_stride + word * shape.b_stride);
            T::line(place, from.add(word * shape.depth * n + panel * shape.b_panel), n);
        });
        block.spread([whole_panels, words - whole_words, shape.b_panel], |panel, word, j| put(panel, whole_words + word, j));
        let more = live[0].min(shape.columns).div_ceil(shape.b_panel) - whole_panels;
        block.spread([more, words, shape.b_panel], |panel, word, j| put(whole_panels + panel, word, j));
    } else {
        // Neighbouring threads read neighbouring columns.
        block.spread([shape.words, shape.columns / shape.b_panel, shape.b_panel], |word, panel, j| put(panel, word, j));
    }
}

impl Kernel for GemmF32 {
    const NAME: &'static str = "gemm_f32";
    fn shape<S: Shapes>(&self) -> Shape {
        self.0.shape(S::F32)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        unsafe { self.0.run::<B, B::F32>(block, canonical) }
    }
}

impl Kernel for GemmI8 {
    const NAME: &'static str = "gemm_i8";
    fn shape<S: Shapes>(&self) -> Shape {
        self.0.shape(S::I8)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        unsafe { self.0.run::<B, B::I8>(block, |sum| sum) }
    }
}

/// What tiles reach on operands that are at hand: the same tile in shared memory multiplied `rounds` times by every block. A
/// ceiling for [`GemmF32`]; the result is there to be written, not to be read.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CeilingF32 {
    /// A number for every block.
    pub out: *mut f32,
    /// Blocks.
    pub blocks: u32,
    /// Tiles a block multiplies.
    pub rounds: u32,
}

/// The same for [`GemmI8`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CeilingI8 {
    /// A number for every block.
    pub out: *mut i32,
    /// Blocks.
    pub blocks: u32,
    /// Tiles a block multiplies.
    pub rounds: u32,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for CeilingF32 {}
unsafe impl Sync for CeilingF32 {}
unsafe impl Send for CeilingI8 {}
unsafe impl Sync for CeilingI8 {}

fn ceiling(tile: TileShape, blocks: u32) -> Shape {
    Shape { grid: [blocks, 1, 1], lanes: tile.lanes as u32, shared: (tile.all_words() * tile.word_bytes) as u32 }
}

#[inline(always)]
unsafe fn again<B: Block, T: Tile>(block: &B, out: *mut T::Out, rounds: u32, add: impl Fn(T::Out, T::Out) -> T::Out) {
    let a = block.shared().cast::<T::Word>();
    let (live, lanes) = ([T::SHAPE.rows, T::SHAPE.columns], T::SHAPE.lanes);
    // Safety: all words of both tiles lie in shared memory; one lane writes the block's own result.
    unsafe {
        block.spread([1, 1, T::SHAPE.all_words()], |_, _, i| *a.add(i) = T::word(|_| T::nothing()));
        block.sync();
        let b = a.add(T::SHAPE.a_words());
        let mut sums = block.lanes(T::zero());
        let mut round = 0;
        while round < rounds {
            block.each(&mut sums, lanes, |lane, sums| T::multiply(lane, sums, a, b, T::SHAPE.words, live));
            round += 1;
        }
        let out = out.add(block.at()[0]);
        block.each(&mut sums, lanes, |lane, sums| {
            // Every sum is used, so that none is left out of the work.
            let mut total = None;
            T::give(lane, sums, |_, _, sum| total = Some(if let Some(total) = total { add(total, sum) } else { sum }));
            if let (0, Some(total)) = (lane, total) {
                *out = total;
            }
        });
    }
}

impl Kernel for CeilingF32 {
    const NAME: &'static str = "ceiling_f32";
    fn shape<S: Shapes>(&self) -> Shape {
        ceiling(S::F32, self.blocks)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        unsafe { again::<B, B::F32>(block, self.out, self.rounds, |a, b| a + b) }
    }
}

impl Kernel for CeilingI8 {
    const NAME: &'static str = "ceiling_i8";
    fn shape<S: Shapes>(&self) -> Shape {
        ceiling(S::I8, self.blocks)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        unsafe { again::<B, B::I8>(block, self.out, self.rounds, i32::wrapping_add) }
    }
}
