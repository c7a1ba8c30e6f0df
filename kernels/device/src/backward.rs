//! The chain rule through kernels over rows. Sums along a row run over the tree of [`reduce`](crate::reduce), with one chunk of the
//! row's length.

use crate::reduce::{stride, tree};
use crate::rows::Norm;
use crate::tile::Shapes;
use crate::{Block, Kernel, Shape, canonical};

/// Through [`Softmax`](crate::rows::Softmax), from its result: dx = y·(dy − Σ dy·y) in every row.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SoftmaxBackward {
    /// `rows` × `columns`.
    pub y: *const f32,
    /// `rows` × `columns`.
    pub dy: *const f32,
    /// `rows` × `columns`.
    pub dx: *mut f32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
}

/// Through [`Normalise`](crate::rows::Normalise). With h = (x − μ)·s or x·s, the row as it is before the gain, and s as there:
///
/// dx = fma(−h, b, gain·dy − a)·s with a = Σ gain·dy / n (0 for RMSNorm) and b = Σ gain·dy·h / n, by `fma`; and `d[i][j] = dy·h`,
/// whose sums down the columns are the gain's gradient. The bias' is the sum of dy.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct NormaliseBackward {
    /// `rows` × `columns`.
    pub x: *const f32,
    /// `columns` numbers.
    pub gain: *const f32,
    /// `rows` × `columns`.
    pub dy: *const f32,
    /// `rows` × `columns`.
    pub dx: *mut f32,
    /// `rows` × `columns`.
    pub d: *mut f32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// ε.
    pub epsilon: f32,
    /// Which.
    pub norm: Norm,
}

/// Through [`Gather`](crate::sequence::Gather), to the table: `dtable[e] = Σ dy[i]` over the rows i with `indices[i] = e`, in
/// ascending i from +0. Rows of indices beyond the table go nowhere.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct GatherBackward {
    /// `rows` × `columns`.
    pub dy: *const f32,
    /// `rows` indices.
    pub indices: *const u32,
    /// `entries` × `columns`.
    pub dtable: *mut f32,
    /// Rows of the table.
    pub entries: u32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for GatherBackward {}
unsafe impl Sync for GatherBackward {}
unsafe impl Send for SoftmaxBackward {}
unsafe impl Sync for SoftmaxBackward {}
unsafe impl Send for NormaliseBackward {}
unsafe impl Sync for NormaliseBackward {}

/// The sum of a row by the tree.
#[inline(always)]
fn sum<B: Block>(block: &B, n: usize, add: impl Fn(usize, f32) -> f32) -> f32 {
    let mut values = block.lanes(0.0);
    stride(block, n, &mut values, |i, sum| *sum = add(i, *sum));
    tree(block, &mut values, |a, b| a + b)
}

impl Kernel for SoftmaxBackward {
    const NAME: &'static str = "softmax_backward";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows(self.rows as usize)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (first, n) = (block.at()[0] * self.columns as usize, self.columns as usize);
        // Safety: the row lies within all three.
        unsafe {
            let (y, dy, dx) = (self.y.add(first), self.dy.add(first), self.dx.add(first));
            let total = sum(block, n, |i, sum| B::fma(*dy.add(i), *y.add(i), sum));
            stride(block, n, &mut block.lanes(()), |i, ()| *dx.add(i) = canonical(*y.add(i) * (*dy.add(i) - total)));
        }
    }
}

impl Kernel for NormaliseBackward {
    const NAME: &'static str = "normalise_backward";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows(self.rows as usize)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (first, n) = (block.at()[0] * self.columns as usize, self.columns as usize);
        let Self { gain, epsilon, norm, .. } = *self;
        let centred = norm as u32 == Norm::Layer as u32;
        // Safety: the row lies within all matrices, and the gain has a row's length.
        unsafe {
            let (x, dy, dx, d) = (self.x.add(first), self.dy.add(first), self.dx.add(first), self.d.add(first));
            let mean = if centred { sum(block, n, |i, sum| sum + *x.add(i)) / n as f32 } else { 0.0 };
            let square = |i: usize, sum: f32| B::fma(*x.add(i) - mean, *x.add(i) - mean, sum);
            let scale = 1.0 / B::sqrt(sum(block, n, square) / n as f32 + epsilon);
            let normed = |i: usize| (*x.add(i) - mean) * scale;
            let pulled = |i: usize| *gain.add(i) * *dy.add(i);
            let a = if centred { sum(block, n, |i, sum| sum + pulled(i)) / n as f32 } else { 0.0 };
            let b = sum(block, n, |i, sum| B::fma(pulled(i), normed(i), sum)) / n as f32;
            stride(block, n, &mut block.lanes(()), |i, ()| {
                *dx.add(i) = canonical(B::fma(-normed(i), b, pulled(i) - a) * scale);
                *d.add(i) = canonical(*dy.add(i) * normed(i));
            });
        }
    }
}

impl Kernel for GatherBackward {
    const NAME: &'static str = "gather_backward";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape { shared: 0, ..Shape::rows(self.entries as usize) }
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (entry, n) = (block.at()[0], self.columns as usize);
        let Self { dy, indices, .. } = *self;
        // Safety: the entry lies within the table, rows within dy; a lane reads back only what it wrote itself.
        unsafe {
            let to = self.dtable.add(entry * n);
            stride(block, n, &mut block.lanes(()), |i, ()| *to.add(i) = 0.0);
            let mut row = 0;
            while row < self.rows as usize {
                // All lanes find the same, since all read the same index.
                if *indices.add(row) as usize == entry {
                    stride(block, n, &mut block.lanes(()), |i, ()| *to.add(i) = canonical(*to.add(i) + *dy.add(row * n + i)));
                }
                row += 1;
            }
        }
    }
}
