//! The chain rule through products, elementwise operations, reductions and scans. Mathematical definitions stand with the kernels.

use super::{MAX_GRID, area, at_most};
use crate::device::{Buffer, Device, Error};
use plasma_kernels_device::map::{Binary, ZipBackward};
use plasma_kernels_device::matrix::Transpose;
use plasma_kernels_device::reduce::{EVERYWHERE, ReduceBackward, Reduction};
use plasma_kernels_device::scan::Reverse;

// Safety of every launch below: the lengths are those that the kernel's sizes call for, the pointers are of this device, and an
// output is borrowed mutably, so that it overlaps nothing.
impl Device {
    /// B = Aᵀ of every matrix of a batch: [`Transpose`]. Sizes are [m, n, batch]. A gradient goes back by the same with m and
    /// n in each other's place.
    ///
    /// # Errors
    /// If lengths or devices do not fit, or the driver fails. So of every operation below.
    pub fn transpose_batch(&self, [m, n, batch]: [u32; 3], a: &Buffer<f32>, b: &mut Buffer<f32>) -> Result<(), Error> {
        a.holds("A", area(m, n) * u128::from(batch))?;
        b.holds("B", area(m, n) * u128::from(batch))?;
        at_most("m", m.into(), MAX_GRID * 32, "cut A into bands of rows")?;
        at_most("batch", batch.into(), MAX_GRID, "cut the batch")?;
        let a = self.pointer("A", a)?;
        unsafe { self.launch(&Transpose { a, b: self.pointer_mut("B", b)?, m, n, batch }) }
    }

    /// Through [`gemm_f32`](Self::gemm_f32) of the same sizes, to both operands: dA = dC·Bᵀ and dB = Aᵀ·dC, transposed and multiplied
    /// as [`gemm`](plasma_kernels_device::gemm) has it, the first in ascending columns of C, the second in ascending rows.
    ///
    /// # Errors
    /// As [`transpose_batch`](Self::transpose_batch), and if memory for a transposed operand is short.
    pub fn gemm_f32_backward(
        &self,
        [m, n, k, batch]: [u32; 4],
        [a, b, dc]: [&Buffer<f32>; 3],
        da: &mut Buffer<f32>,
        db: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        // All are looked at before memory is taken and any is written.
        for (what, of, wanted) in [("A", a, area(m, k)), ("B", b, area(k, n)), ("dC", dc, area(m, n))] {
            of.holds(what, wanted * u128::from(batch))?;
        }
        da.holds("dA", a.len() as u128)?;
        db.holds("dB", b.len() as u128)?;
        let mut turned = self.alloc(b.len())?;
        self.transpose_batch([k, n, batch], b, &mut turned)?;
        self.gemm_f32([m, k, n, batch], dc, &turned, da)?;
        let mut turned = self.alloc(a.len())?;
        self.transpose_batch([m, k, batch], a, &mut turned)?;
        self.gemm_f32([k, n, m, batch], &turned, dc, db)
    }

    /// Through [`gemv`](Self::gemv), to the matrix and to the vector: dA = dy·xᵀ, the product of a column and a row, and dx = Aᵀ·dy,
    /// which is [`gemv`](Self::gemv) of the transposed matrix, summed by its tree.
    ///
    /// # Errors
    /// As [`gemm_f32_backward`](Self::gemm_f32_backward).
    pub fn gemv_backward(
        &self,
        [m, k]: [u32; 2],
        [a, x, dy]: [&Buffer<f32>; 3],
        da: &mut Buffer<f32>,
        dx: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        for (what, of, wanted) in [("A", a, area(m, k)), ("x", x, k.into()), ("dy", dy, m.into())] {
            of.holds(what, wanted)?;
        }
        da.holds("dA", area(m, k))?;
        dx.holds("dx", k.into())?;
        self.gemm_f32([m, k, 1, 1], dy, x, da)?;
        let mut turned = self.alloc(a.len())?;
        self.transpose(m, k, a, &mut turned)?;
        self.gemv(k, m, &turned, dy, dx)
    }

    /// Through [`zip`](Self::zip), to both operands: [`ZipBackward`].
    ///
    /// # Errors
    /// As [`transpose_batch`](Self::transpose_batch).
    pub fn zip_backward(
        &self,
        function: Binary,
        [x, y, dz]: [&Buffer<f32>; 3],
        dx: &mut Buffer<f32>,
        dy: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        let n = x.len() as u64;
        y.holds("y", n.into())?;
        dz.holds("dz", n.into())?;
        dx.holds("dx", n.into())?;
        dy.holds("dy", n.into())?;
        let (x, y, dz) = (self.pointer("x", x)?, self.pointer("y", y)?, self.pointer("dz", dz)?);
        let (dx, dy) = (self.pointer_mut("dx", dx)?, self.pointer_mut("dy", dy)?);
        unsafe { self.launch(&ZipBackward { x, y, dz, dx, dy, n, function }) }
    }

    /// Through [`reduce`](Self::reduce): [`ReduceBackward`]. Of several that are the greatest the first takes all, by the order of
    /// [`top_k`](Self::top_k), in which NaN is greatest and −0 below +0.
    ///
    /// # Errors
    /// As [`transpose_batch`](Self::transpose_batch), and if the greatest is sought among 2^32 elements or more.
    pub fn reduce_backward(&self, reduction: Reduction, x: &Buffer<f32>, dy: f32, dx: &mut Buffer<f32>) -> Result<(), Error> {
        let n = x.len() as u64;
        dx.holds("dx", n.into())?;
        self.pointer("x", x)?;
        let place = if reduction == Reduction::Sum || n == 0 {
            EVERYWHERE
        } else {
            at_most("x", n, u32::MAX.into(), "reduce parts, and their results")?;
            let mut place = self.alloc(1)?;
            self.top_k([1, n as u32], 1, x, &mut place)?;
            self.read(&place)?[0].into()
        };
        unsafe { self.launch(&ReduceBackward { dx: self.pointer_mut("dx", dx)?, n, place, dy }) }
    }

    /// Through [`scan`](Self::scan): `dx[i]` is the sum of dy from i on, which is the scan of dy turned round, turned round.
    ///
    /// # Errors
    /// As [`transpose_batch`](Self::transpose_batch).
    pub fn scan_backward(&self, dy: &Buffer<f32>, dx: &mut Buffer<f32>) -> Result<(), Error> {
        dx.holds("dx", dy.len() as u128)?;
        let mut sums = self.alloc(dy.len())?;
        self.reverse(dy, dx)?;
        self.scan(dx, &mut sums)?;
        self.reverse(&sums, dx)
    }

    /// The same numbers, the last first: [`Reverse`].
    ///
    /// # Errors
    /// As [`transpose_batch`](Self::transpose_batch).
    pub fn reverse(&self, x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<(), Error> {
        let n = x.len() as u64;
        y.holds("y", n.into())?;
        let x = self.pointer("x", x)?;
        unsafe { self.launch(&Reverse { x, y: self.pointer_mut("y", y)?, n }) }
    }
}
