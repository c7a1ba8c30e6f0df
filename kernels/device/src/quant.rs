//! Symmetric quantisation to i8, a scale for every row, and back.

use crate::reduce::stride;
use crate::rows::greatest;
use crate::tile::Shapes;
use crate::{Block, Kernel, Shape, canonical};

/// scale = max |x| / 127 in every row; q = x / scale, rounded to nearest even and held within ±127. A row of zeros has scale 0
/// and q = 0, and so has a NaN; a row that holds an infinity has scale +∞ and q = 0; one that holds a NaN has scale NaN and q =
/// 0.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Quantise {
    /// `rows` × `columns`.
    pub x: *const f32,
    /// `rows` × `columns`.
    pub q: *mut i8,
    /// `rows` scales.
    pub scales: *mut f32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
}

/// y = q · scale.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Dequantise {
    /// `rows` × `columns`.
    pub q: *const i8,
    /// `rows` scales.
    pub scales: *const f32,
    /// `rows` × `columns`.
    pub y: *mut f32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for Quantise {}
unsafe impl Sync for Quantise {}
unsafe impl Send for Dequantise {}
unsafe impl Sync for Dequantise {}

/// x as an integer within ±127, ties to even; 0 for NaN. Adding 1.5 · 2^23 leaves the integer in the low bits.
#[inline(always)]
fn nearest(x: f32) -> i8 {
    let low = if x > -127.0 { x } else { -127.0 };
    let held = if low < 127.0 { low } else { 127.0 };
    let held = if x.is_nan() { 0.0 } else { held };
    (held + 12_582_912.0).to_bits() as u8 as i8
}

impl Kernel for Quantise {
    const NAME: &'static str = "quantise";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows(self.rows as usize)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (row, n) = (block.at()[0], self.columns as usize);
        // Safety: the row lies within both matrices.
        unsafe {
            let (x, q, scales) = (self.x.add(row * n), self.q.add(row * n), self.scales);
            let absolute = |i: usize| f32::from_bits((*x.add(i)).to_bits() & 0x7fff_ffff);
            let most = greatest(block, n, absolute);
            let scale = canonical(if n == 0 { 0.0 } else { most / 127.0 });
            let mut values = block.lanes(());
            stride(block, n, &mut values, |i, ()| *q.add(i) = nearest(*x.add(i) / scale));
            block.each(&mut values, 1, |_, _| *scales.add(row) = scale);
        }
    }
}

impl Kernel for Dequantise {
    const NAME: &'static str = "dequantise";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows(self.rows as usize)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (row, n) = (block.at()[0], self.columns as usize);
        // Safety: the row lies within both matrices.
        unsafe {
            let (q, y, scale) = (self.q.add(row * n), self.y.add(row * n), *self.scales.add(row));
            stride(block, n, &mut block.lanes(()), |i, ()| *y.add(i) = canonical(f32::from(*q.add(i)) * scale));
        }
    }
}
