//! The operations: sizes are checked, then a kernel is enqueued. Mathematical definitions stand with the kernels.
//!
//! Backward passes:
//!
//! | operation | its gradient |
//! |---|---|
//! | `gemm_f32`, `gemv` | `gemm_f32_backward`, `gemv_backward`, made of products and transposes |
//! | `transpose`, `reverse`, `place` | themselves, the other way round |
//! | `map`, `zip` | `slope`, `zip_backward` |
//! | `axpy` | of x `axpy` by the same factor to zeros, of y the gradient itself |
//! | `finish` | `slope`, and `column_sums` for the bias; of the residual the gradient itself |
//! | `reduce`, `scan`, `mean` | `reduce_backward`, `scan_backward`, `mean_backward` |
//! | `softmax`, `layer_norm` and `rms_norm` | `softmax_backward`, `normalise_backward` and `column_sums` for the bias |
//! | `attention`, `rotary`, `gather` | `attention_backward`, `rotary_backward`, `gather_backward` |
//! | `convolve`, `unfold` | `convolve_backward`, `fold` |
//! | `cross_entropy` | gives its gradient itself |
//!
//! Products of integers, quantisation, `top_k`, random numbers and the challenge have none: integers have no slope.

mod backward;
mod convolve;
mod gradients;
mod layers;
mod learn;

pub use layers::{Columns, ColumnsMut, Heads};
pub use learn::{Adam, Sgd};

use crate::device::{Buffer, Device, Error, Plain};
use plasma_kernels_device::challenge::{Cell, ChallengeFill, ChallengeFold, ChallengeRound};
use plasma_kernels_device::gemm::{CeilingF32, CeilingI8, GemmF32, GemmI8, Product};
use plasma_kernels_device::map::{Axpy, Binary, Map, Unary, Zip};
use plasma_kernels_device::matrix::Gemv;
use plasma_kernels_device::quant::{Dequantise, Quantise};
use plasma_kernels_device::random::{RandomBits, RandomUnit};
use plasma_kernels_device::reduce::{Reduce, Reduction};
use plasma_kernels_device::rows::{Norm, Normalise, Softmax, TopK};
use plasma_kernels_device::scan::{ScanGroups, ScanShift};
use plasma_kernels_device::{CHUNK, LANES};

/// The most terms whose i8 products surely fit an i32: 2^14 · (2^17 − 1) < 2^31.
pub const MAX_I8_DEPTH: u32 = (1 << 17) - 1;
/// Blocks along the grid's second and third dimension that CUDA allows.
const MAX_GRID: u64 = 65_535;

fn area(a: u32, b: u32) -> u128 {
    u128::from(a) * u128::from(b)
}

fn at_most(what: &'static str, found: u64, most: u64, help: &'static str) -> Result<(), Error> {
    if found <= most { Ok(()) } else { Err(Error::TooLarge { what, found, most, help }) }
}

// Safety of every launch below: the lengths are those that the kernel's sizes call for, the pointers are of this device, and an
// output is borrowed mutably, so that it overlaps nothing.
impl Device {
    fn product<I: Plain, O: Plain>(
        &self,
        [m, n, k, batch]: [u32; 4],
        a: &Buffer<I>,
        b: &Buffer<I>,
        c: &mut Buffer<O>,
    ) -> Result<Product<I, O>, Error> {
        a.holds("A", area(m, k) * u128::from(batch))?;
        b.holds("B", area(k, n) * u128::from(batch))?;
        c.holds("C", area(m, n) * u128::from(batch))?;
        at_most("m", m.into(), MAX_GRID * 128, "cut A into bands of rows")?;
        at_most("batch", batch.into(), MAX_GRID, "cut the batch")?;
        let (a, b) = (self.pointer("A", a)?, self.pointer("B", b)?);
        Ok(Product { a, b, c: self.pointer_mut("C", c)?, m, n, k, batch })
    }

    /// C = A·B of f32, `batch` times: see [`gemm`](plasma_kernels_device::gemm). Sizes are [m, n, k, batch].
    ///
    /// # Errors
    /// If lengths or devices do not fit, or the driver fails. So of every operation.
    pub fn gemm_f32(&self, sizes: [u32; 4], a: &Buffer<f32>, b: &Buffer<f32>, c: &mut Buffer<f32>) -> Result<(), Error> {
        unsafe { self.launch(&GemmF32(self.product(sizes, a, b, c)?)) }
    }

    /// C = A·B of i8 into i32, exactly, `batch` times. Sizes are [m, n, k, batch].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32), and if k exceeds [`MAX_I8_DEPTH`], where a sum might not fit.
    pub fn gemm_i8(&self, sizes: [u32; 4], a: &Buffer<i8>, b: &Buffer<i8>, c: &mut Buffer<i32>) -> Result<(), Error> {
        at_most("k", sizes[2].into(), MAX_I8_DEPTH.into(), "cut A and B along k and add the products")?;
        unsafe { self.launch(&GemmI8(self.product(sizes, a, b, c)?)) }
    }

    /// Multiplies the same tile of f32 `rounds` times in every block; a number a block comes out, to be waited for:
    /// [`CeilingF32`].
    pub(crate) fn ceiling_f32(&self, rounds: u32, out: &mut Buffer<f32>) -> Result<(), Error> {
        let blocks = u32::try_from(out.len()).unwrap_or(u32::MAX);
        unsafe { self.launch(&CeilingF32 { out: self.pointer_mut("out", out)?, blocks, rounds }) }
    }

    /// The same of i8: [`CeilingI8`].
    pub(crate) fn ceiling_i8(&self, rounds: u32, out: &mut Buffer<i32>) -> Result<(), Error> {
        let blocks = u32::try_from(out.len()).unwrap_or(u32::MAX);
        unsafe { self.launch(&CeilingI8 { out: self.pointer_mut("out", out)?, blocks, rounds }) }
    }

    /// y = A·x: [`Gemv`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn gemv(&self, m: u32, k: u32, a: &Buffer<f32>, x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<(), Error> {
        a.holds("A", area(m, k))?;
        x.holds("x", k.into())?;
        y.holds("y", m.into())?;
        let (a, x) = (self.pointer("A", a)?, self.pointer("x", x)?);
        unsafe { self.launch(&Gemv { a, x, y: self.pointer_mut("y", y)?, m, k }) }
    }

    /// B = Aᵀ: [`Transpose`](plasma_kernels_device::matrix::Transpose).
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn transpose(&self, m: u32, n: u32, a: &Buffer<f32>, b: &mut Buffer<f32>) -> Result<(), Error> {
        self.transpose_batch([m, n, 1], a, b)
    }

    /// `y[i] = f(x[i])`: [`Map`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn map(&self, function: Unary, x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<(), Error> {
        y.holds("y", x.len() as u128)?;
        let n = x.len() as u64;
        let x = self.pointer("x", x)?;
        unsafe { self.launch(&Map { x, y: self.pointer_mut("y", y)?, n, function }) }
    }

    /// `z[i] = f(x[i], y[i])`: [`Zip`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn zip(&self, function: Binary, x: &Buffer<f32>, y: &Buffer<f32>, z: &mut Buffer<f32>) -> Result<(), Error> {
        y.holds("y", x.len() as u128)?;
        z.holds("z", x.len() as u128)?;
        let n = x.len() as u64;
        let (x, y) = (self.pointer("x", x)?, self.pointer("y", y)?);
        unsafe { self.launch(&Zip { x, y, z: self.pointer_mut("z", z)?, n, function }) }
    }

    /// `z[i] = fma(a, x[i], y[i])`: [`Axpy`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn axpy(&self, a: f32, x: &Buffer<f32>, y: &Buffer<f32>, z: &mut Buffer<f32>) -> Result<(), Error> {
        y.holds("y", x.len() as u128)?;
        z.holds("z", x.len() as u128)?;
        let n = x.len() as u64;
        let (x, y) = (self.pointer("x", x)?, self.pointer("y", y)?);
        unsafe { self.launch(&Axpy { x, y, z: self.pointer_mut("z", z)?, n, a }) }
    }

    /// The sum or the greatest, by the fixed tree of [`reduce`](plasma_kernels_device::reduce); of nothing, +0 or −∞.
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn reduce(&self, reduction: Reduction, x: &Buffer<f32>) -> Result<f32, Error> {
        let level = |x: &Buffer<f32>| {
            let mut y = self.alloc(x.len().div_ceil(CHUNK))?;
            let n = x.len() as u64;
            let pointer = self.pointer("x", x)?;
            unsafe { self.launch(&Reduce { x: pointer, y: self.pointer_mut("y", &mut y)?, n, reduction })? };
            Ok(y)
        };
        let mut result = level(x)?;
        while result.len() > 1 {
            result = level(&result)?;
        }
        let of_nothing = if reduction == Reduction::Sum { 0.0 } else { f32::NEG_INFINITY };
        Ok(self.read(&result)?.first().copied().unwrap_or(of_nothing))
    }

    /// The inclusive prefix sum, by the fixed network of [`scan`](plasma_kernels_device::scan).
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn scan(&self, x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<(), Error> {
        y.holds("y", x.len() as u128)?;
        let n = x.len() as u64;
        let groups = x.len().div_ceil(LANES);
        let mut totals = self.alloc(groups)?;
        let x = self.pointer("x", x)?;
        let to = self.pointer_mut("totals", &mut totals)?;
        unsafe { self.launch(&ScanGroups { x, y: self.pointer_mut("y", y)?, totals: to, n })? };
        if groups > 1 {
            let mut before = self.alloc(groups)?;
            self.scan(&totals, &mut before)?;
            let totals = self.pointer("totals", &before)?;
            unsafe { self.launch(&ScanShift { y: self.pointer_mut("y", y)?, totals, n })? };
        }
        Ok(())
    }

    /// Softmax of every row: [`Softmax`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn softmax(&self, rows: u32, columns: u32, x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<(), Error> {
        x.holds("x", area(rows, columns))?;
        y.holds("y", area(rows, columns))?;
        let x = self.pointer("x", x)?;
        unsafe { self.launch(&Softmax { x, y: self.pointer_mut("y", y)?, rows, columns }) }
    }

    /// LayerNorm of every row: [`Norm::Layer`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn layer_norm(
        &self,
        [rows, columns]: [u32; 2],
        epsilon: f32,
        x: &Buffer<f32>,
        [gain, bias]: [&Buffer<f32>; 2],
        y: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        self.normalise(Norm::Layer, [rows, columns], epsilon, x, [gain, bias], y)
    }

    /// RMSNorm of every row: [`Norm::Rms`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn rms_norm(
        &self,
        sizes: [u32; 2],
        epsilon: f32,
        x: &Buffer<f32>,
        gain: &Buffer<f32>,
        y: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        self.normalise(Norm::Rms, sizes, epsilon, x, [gain, gain], y)
    }

    fn normalise(
        &self,
        norm: Norm,
        [rows, columns]: [u32; 2],
        epsilon: f32,
        x: &Buffer<f32>,
        [gain, bias]: [&Buffer<f32>; 2],
        y: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        x.holds("x", area(rows, columns))?;
        y.holds("y", area(rows, columns))?;
        gain.holds("gain", columns.into())?;
        bias.holds("bias", columns.into())?;
        let (x, gain, bias) = (self.pointer("x", x)?, self.pointer("gain", gain)?, self.pointer("bias", bias)?);
        let y = self.pointer_mut("y", y)?;
        unsafe { self.launch(&Normalise { x, gain, bias, y, rows, columns, epsilon, norm }) }
    }

    /// The columns of the `k` greatest of every row: [`TopK`]. The greatest alone, with k = 1, is argmax.
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32), and if k exceeds the columns.
    pub fn top_k(&self, [rows, columns]: [u32; 2], k: u32, x: &Buffer<f32>, indices: &mut Buffer<u32>) -> Result<(), Error> {
        at_most("k", k.into(), columns.into(), "a row has no more elements than columns")?;
        x.holds("x", area(rows, columns))?;
        indices.holds("indices", area(rows, k))?;
        let x = self.pointer("x", x)?;
        unsafe { self.launch(&TopK { x, indices: self.pointer_mut("indices", indices)?, rows, columns, k }) }
    }

    /// Rows of f32 as i8 with a scale each: [`Quantise`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn quantise(
        &self,
        [rows, columns]: [u32; 2],
        x: &Buffer<f32>,
        q: &mut Buffer<i8>,
        scales: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        x.holds("x", area(rows, columns))?;
        q.holds("q", area(rows, columns))?;
        scales.holds("scales", rows.into())?;
        let x = self.pointer("x", x)?;
        let (q, scales) = (self.pointer_mut("q", q)?, self.pointer_mut("scales", scales)?);
        unsafe { self.launch(&Quantise { x, q, scales, rows, columns }) }
    }

    /// And back: [`Dequantise`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn dequantise(
        &self,
        [rows, columns]: [u32; 2],
        q: &Buffer<i8>,
        scales: &Buffer<f32>,
        y: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        q.holds("q", area(rows, columns))?;
        scales.holds("scales", rows.into())?;
        y.holds("y", area(rows, columns))?;
        let (q, scales) = (self.pointer("q", q)?, self.pointer("scales", scales)?);
        unsafe { self.launch(&Dequantise { q, scales, y: self.pointer_mut("y", y)?, rows, columns }) }
    }

    /// Words of Philox: [`RandomBits`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn random_bits(&self, seed: u64, stream: u64, y: &mut Buffer<u32>) -> Result<(), Error> {
        let n = y.len() as u64;
        unsafe { self.launch(&RandomBits { y: self.pointer_mut("y", y)?, n, seed, stream }) }
    }

    /// Bytes of Philox as i8: [`RandomBits`]' words, low byte first.
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn random_i8(&self, seed: u64, stream: u64, y: &mut Buffer<i8>) -> Result<(), Error> {
        // The last word may be longer than the buffer, but not than its memory, which is in words of eight bytes.
        let n = (y.len() as u64).div_ceil(4);
        unsafe { self.launch(&RandomBits { y: self.pointer_mut("y", y)?.cast(), n, seed, stream }) }
    }

    /// Numbers from [0, 1) of Philox: [`RandomUnit`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn random_unit(&self, seed: u64, stream: u64, y: &mut Buffer<f32>) -> Result<(), Error> {
        let n = y.len() as u64;
        unsafe { self.launch(&RandomUnit { y: self.pointer_mut("y", y)?, n, seed, stream }) }
    }

    /// Round 0 of the device challenge: [`ChallengeFill`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn challenge_fill(&self, seed: Cell, to: &mut Buffer<Cell>) -> Result<(), Error> {
        let n = to.len() as u64;
        unsafe { self.launch(&ChallengeFill { to: self.pointer_mut("cells", to)?, n, seed }) }
    }

    /// A later round: [`ChallengeRound`].
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn challenge_round(&self, from: &Buffer<Cell>, to: &mut Buffer<Cell>) -> Result<(), Error> {
        to.holds("the next round", from.len() as u128)?;
        let n = from.len() as u64;
        let from = self.pointer("cells", from)?;
        unsafe { self.launch(&ChallengeRound { from, to: self.pointer_mut("the next round", to)?, n }) }
    }

    /// All cells folded into one, pair by pair: [`ChallengeFold`]. Of nothing, zeros.
    ///
    /// # Errors
    /// As [`gemm_f32`](Self::gemm_f32).
    pub fn challenge_root(&self, cells: &Buffer<Cell>) -> Result<Cell, Error> {
        let level = |from: &Buffer<Cell>| {
            let mut to = self.alloc(from.len().div_ceil(2))?;
            let n = from.len() as u64;
            let from = self.pointer("cells", from)?;
            unsafe { self.launch(&ChallengeFold { from, to: self.pointer_mut("the fold", &mut to)?, n })? };
            Ok(to)
        };
        let mut folded = level(cells)?;
        while folded.len() > 1 {
            folded = level(&folded)?;
        }
        Ok(self.read(&folded)?.first().copied().unwrap_or_default())
    }
}
