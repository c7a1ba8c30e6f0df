//! Matrix times vector, and the transpose.

use crate::reduce::{stride, tree};
use crate::tile::Shapes;
use crate::{Block, Kernel, Shape, canonical};

/// y = A·x for row-major A (m × k). In a row lane t of 256 starts at +0 and takes `fma(a[i][p], x[p], ·)` for p = t, t + 256, …;
/// the lanes are summed by the tree of [`reduce`](crate::reduce). Backwards dA = dy·xᵀ, a product of one term, and dx = Aᵀ·dy.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Gemv {
    /// m × k.
    pub a: *const f32,
    /// k numbers.
    pub x: *const f32,
    /// m numbers.
    pub y: *mut f32,
    /// Rows.
    pub m: u32,
    /// Columns.
    pub k: u32,
}

/// B = Aᵀ for row-major A (m × n), and a batch of such. Bits are moved, not numbers: a NaN keeps its payload.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Transpose {
    /// `batch` matrices of m × n.
    pub a: *const f32,
    /// `batch` matrices of n × m.
    pub b: *mut f32,
    /// Rows of A.
    pub m: u32,
    /// Columns of A.
    pub n: u32,
    /// Matrices.
    pub batch: u32,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for Gemv {}
unsafe impl Sync for Gemv {}
unsafe impl Send for Transpose {}
unsafe impl Sync for Transpose {}

impl Kernel for Gemv {
    const NAME: &'static str = "gemv";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows(self.m as usize)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (row, k) = (block.at()[0], self.k as usize);
        // Safety: the row lies within the matrix.
        unsafe {
            let (a, x, y) = (self.a.add(row * k), self.x, self.y.add(row));
            let mut values = block.lanes(0.0);
            stride(block, k, &mut values, |p, sum| *sum = B::fma(*a.add(p), *x.add(p), *sum));
            let sum = canonical(tree(block, &mut values, |a, b| a + b));
            block.each(&mut values, 1, |_, _| *y = sum);
        }
    }
}

/// Rows and columns of the square that a block turns.
const SIDE: usize = 32;

impl Kernel for Transpose {
    const NAME: &'static str = "transpose";
    fn shape<S: Shapes>(&self) -> Shape {
        let (down, across) = ((self.m as usize).div_ceil(SIDE), (self.n as usize).div_ceil(SIDE));
        Shape { grid: [across as u32, down as u32, self.batch], shared: (SIDE * (SIDE + 1) * 4) as u32, ..Shape::rows(1) }
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (m, n) = (self.m as usize, self.n as usize);
        let (row, column) = (block.at()[1] * SIDE, block.at()[0] * SIDE);
        let square = block.shared().cast::<f32>();
        // Safety: the matrix lies within the batch.
        let (a, b) = unsafe { (self.a.add(block.at()[2] * m * n), self.b.add(block.at()[2] * m * n)) };
        // A row of 33 words puts a column into different banks.
        // Safety: what lies outside the matrices is neither read nor written.
        block.spread([1, SIDE, SIDE], |_, i, j| unsafe {
            if row + i < m && column + j < n {
                *square.add(j * (SIDE + 1) + i) = *a.add((row + i) * n + column + j);
            }
        });
        block.sync();
        block.spread([1, SIDE, SIDE], |_, j, i| unsafe {
            if row + i < m && column + j < n {
                *b.add((column + j) * m + row + i) = *square.add(j * (SIDE + 1) + i);
            }
        });
    }
}
