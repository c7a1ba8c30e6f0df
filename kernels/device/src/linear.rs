//! What follows a matrix product in a layer: scales, bias, activation, and what the layer adds to.

use crate::map::{Unary, with_function};
use crate::reduce::stride;
use crate::tile::Shapes;
use crate::{Block, Kernel, Shape, canonical, math};

/// `y[i][j] ← f(y[i][j] + bias[j]) + residual[i][j]`, in place; without a residual the last sum is left out.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Finish {
    /// `rows` × `columns`, changed in place.
    pub y: *mut f32,
    /// `columns` numbers.
    pub bias: *const f32,
    /// `rows` × `columns`, or null.
    pub residual: *const f32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// f.
    pub function: Unary,
}

/// The same of an integer product: `y[i][j] = f(fma(sums[i][j], row_scales[i]·column_scales[j], bias[j])) + residual[i][j]`, the
/// integer rounded to nearest.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FinishI8 {
    /// `rows` × `columns`.
    pub sums: *const i32,
    /// `rows` scales.
    pub row_scales: *const f32,
    /// `columns` scales.
    pub column_scales: *const f32,
    /// The rest, and where the result goes.
    pub finish: Finish,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for Finish {}
unsafe impl Sync for Finish {}
unsafe impl Send for FinishI8 {}
unsafe impl Sync for FinishI8 {}

impl Finish {
    fn shape(&self) -> Shape {
        Shape { shared: 0, ..Shape::rows(self.rows as usize) }
    }

    /// One row of the product, whose elements with their bias are what `value` gives for a row and a column.
    #[inline(always)]
    unsafe fn row<B: Block>(&self, block: &B, value: impl Fn(usize, usize) -> f32) {
        let (row, n) = (block.at()[0], self.columns as usize);
        let Self { y, residual, .. } = *self;
        let has_residual = !residual.is_null();
        let mut lanes = block.lanes(());
        // Safety: the row lies within y and the residual.
        with_function!(self.function, B, f => stride(block, n, &mut lanes, |j, ()| unsafe {
            let made = f(value(row, j));
            *y.add(row * n + j) = canonical(if has_residual { made + *residual.add(row * n + j) } else { made });
        }));
    }
}

impl Kernel for Finish {
    const NAME: &'static str = "finish";
    fn shape<S: Shapes>(&self) -> Shape {
        self.shape()
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { y, bias, columns, .. } = *self;
        // Safety: within y and the bias.
        unsafe { self.row(block, |i, j| *y.add(i * columns as usize + j) + *bias.add(j)) }
    }
}

impl Kernel for FinishI8 {
    const NAME: &'static str = "finish_i8";
    fn shape<S: Shapes>(&self) -> Shape {
        self.finish.shape()
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { sums, row_scales, column_scales, finish: Finish { bias, columns, .. } } = *self;
        // Safety: within the sums, the scales and the bias.
        unsafe {
            self.finish.row(block, |i, j| {
                let sum = *sums.add(i * columns as usize + j) as f32;
                B::fma(sum, *row_scales.add(i) * *column_scales.add(j), *bias.add(j))
            });
        }
    }
}
