//! Kernels over the rows of a row-major matrix, a block a row. Sums and maxima run over the fixed tree of
//! [`reduce`](crate::reduce), with one chunk of the row's length.

use crate::reduce::{stride, tree};
use crate::tile::Shapes;
use crate::{Block, Kernel, NAN, Shape, canonical, math};

/// y = e^(x − max x) / Σ e^(x − max x) in every row, the powers by [`math::exp`], their sum by the tree, a division for every
/// element. A row that holds a NaN or +∞, or only −∞, becomes NaN.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Softmax {
    /// `rows` × `columns`.
    pub x: *const f32,
    /// `rows` × `columns`.
    pub y: *mut f32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
}

/// Which mean a norm takes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Norm {
    /// LayerNorm (Ba et al. 2016, arXiv:1607.06450): y = (x − μ) / √(σ² + ε) · gain + bias, σ² = Σ(x − μ)² / n.
    Layer = 0,
    /// RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467): y = x / √(Σx² / n + ε) · gain; the bias is not read.
    Rms = 1,
}

/// Normalises every row, by [`Norm`]: μ is the sum by the tree over n; the sums of squares take fma(x − μ, x − μ, ·), or fma(x,
/// x, ·), by the tree; s = 1 / √(sum / n + ε). Then y = fma((x − μ)·s, gain, bias), or (x·s)·gain.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Normalise {
    /// `rows` × `columns`.
    pub x: *const f32,
    /// `columns` numbers.
    pub gain: *const f32,
    /// `columns` numbers.
    pub bias: *const f32,
    /// `rows` × `columns`.
    pub y: *mut f32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// ε.
    pub epsilon: f32,
    /// Which.
    pub norm: Norm,
}

/// The columns of the `k` greatest of every row: greater first (NaN is greatest, −0 below +0), and among equals the lower column
/// first.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TopK {
    /// `rows` × `columns`.
    pub x: *const f32,
    /// `rows` × `k`.
    pub indices: *mut u32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// At most `columns`.
    pub k: u32,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for Softmax {}
unsafe impl Sync for Softmax {}
unsafe impl Send for Normalise {}
unsafe impl Sync for Normalise {}
unsafe impl Send for TopK {}
unsafe impl Sync for TopK {}

/// The greatest of a row by the tree; NaN if any is.
#[inline(always)]
pub fn greatest<B: Block>(block: &B, n: usize, value: impl Fn(usize) -> f32) -> f32 {
    let join = |a: f32, b: f32| if a.is_nan() { NAN } else { math::max(a, b) };
    let mut values = block.lanes(f32::NEG_INFINITY);
    stride(block, n, &mut values, |i, greatest| *greatest = join(*greatest, value(i)));
    tree(block, &mut values, join)
}

/// The sum of a row by the tree.
#[inline(always)]
fn sum<B: Block>(block: &B, n: usize, add: impl Fn(usize, f32) -> f32) -> f32 {
    let mut values = block.lanes(0.0);
    stride(block, n, &mut values, |i, sum| *sum = add(i, *sum));
    tree(block, &mut values, |a, b| a + b)
}

impl Kernel for Softmax {
    const NAME: &'static str = "softmax";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows(self.rows as usize)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let n = self.columns as usize;
        // Safety: the row lies within both matrices. A lane reads back only what it wrote itself.
        unsafe {
            let (x, y) = (self.x.add(block.at()[0] * n), self.y.add(block.at()[0] * n));
            let greatest = greatest(block, n, |i| *x.add(i));
            let mut values = block.lanes(());
            stride(block, n, &mut values, |i, ()| *y.add(i) = math::exp::<B>(*x.add(i) - greatest));
            let total = sum(block, n, |i, sum| sum + *y.add(i));
            stride(block, n, &mut values, |i, ()| *y.add(i) = canonical(*y.add(i) / total));
        }
    }
}

impl Kernel for Normalise {
    const NAME: &'static str = "normalise";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows(self.rows as usize)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let n = self.columns as usize;
        let Self { gain, bias, epsilon, .. } = *self;
        // Safety: the row lies within both matrices, and gain and bias have a row's length.
        unsafe {
            let (x, y) = (self.x.add(block.at()[0] * n), self.y.add(block.at()[0] * n));
            let mut values = block.lanes(());
            match self.norm {
                Norm::Layer => {
                    let mean = sum(block, n, |i, sum| sum + *x.add(i)) / n as f32;
                    let square = |i: usize, sum: f32| B::fma(*x.add(i) - mean, *x.add(i) - mean, sum);
                    let scale = 1.0 / B::sqrt(sum(block, n, square) / n as f32 + epsilon);
                    stride(block, n, &mut values, |i, ()| {
                        *y.add(i) = canonical(B::fma((*x.add(i) - mean) * scale, *gain.add(i), *bias.add(i)));
                    });
                }
                Norm::Rms => {
                    let squares = sum(block, n, |i, sum| B::fma(*x.add(i), *x.add(i), sum));
                    let scale = 1.0 / B::sqrt(squares / n as f32 + epsilon);
                    stride(block, n, &mut values, |i, ()| *y.add(i) = canonical(*x.add(i) * scale * *gain.add(i)));
                }
            }
        }
    }
}

impl Kernel for TopK {
    const NAME: &'static str = "top_k";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows(self.rows as usize)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (n, k) = (self.columns as usize, self.k as usize);
        // Safety: the row lies within the matrix, and k indices are written for it.
        unsafe {
            let (x, indices) = (self.x.add(block.at()[0] * n), self.indices.add(block.at()[0] * k));
            // A key is above another when its value is, or its column is lower; all differ, so that each round finds the next.
            let key = |i: usize| u64::from(math::order(*x.add(i))) << 32 | u64::from(!(i as u32));
            let (mut below, mut round) = (u64::MAX, 0);
            while round < k {
                let mut values = block.lanes(0u64);
                stride(block, n, &mut values, |i, best| {
                    let key = key(i);
                    let key = if key < below { key } else { 0 };
                    *best = if key > *best { key } else { *best };
                });
                below = tree(block, &mut values, |a, b| if a > b { a } else { b });
                let index = !(below as u32);
                block.each(&mut values, 1, |_, _| *indices.add(round) = index);
                round += 1;
            }
        }
    }
}
