//! What a device reaches, and what share of its own ceilings that is.
//!
//! Ceilings are measured on the device itself: memory by the triad z = a·x + y on arrays larger than its caches (McCalpin's
//! STREAM), and arithmetic by the tile of the matrix product on operands already in fast memory. The best of several runs counts,
//! whole runs including the launch.

use crate::device::{Buffer, Device, Error};
use crate::{Adam, Columns, ColumnsMut, Heads, Sgd};
use plasma_kernels_device::attention::{Mask, Span};
use plasma_kernels_device::convolve::Windows;
use plasma_kernels_device::map::{Binary, Unary};
use plasma_kernels_device::reduce::Reduction;
use plasma_kernels_device::rows::Norm;
use plasma_kernels_device::tile::{GpuShapes, Shapes, TileShape};
use std::time::{Duration, Instant};

/// What bounds a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Bytes to and from memory.
    Memory,
    /// Multiply-adds of f32, two operations each.
    F32,
    /// Multiply-adds of i8, two operations each.
    I8,
}

impl Bound {
    /// The unit of amounts.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Memory => "B",
            Self::F32 => "FLOP",
            Self::I8 => "OP",
        }
    }
}

/// A line of the table.
#[derive(Clone, Debug)]
pub struct Line {
    /// The kernel.
    pub kernel: &'static str,
    /// Its sizes.
    pub sizes: String,
    /// What bounds it.
    pub bound: Bound,
    /// Bytes or operations of one run.
    pub amount: u64,
    /// The best time of one run.
    pub time: Duration,
    /// The share of the ceiling, 1 for a ceiling itself.
    pub share: f64,
}

impl Line {
    /// Bytes or operations a second.
    pub fn rate(&self) -> f64 {
        self.amount as f64 / self.time.as_secs_f64().max(1e-12)
    }
}

/// Shares are of these, and something else that works for a moment must not lower them.
const LEAST_RUNS_OF_CEILINGS: usize = 20;

struct Bench<'a> {
    device: &'a Device,
    runs: usize,
    ceilings: [f64; 3],
    /// Is shown every line.
    show: &'a mut dyn FnMut(Line),
}

impl Bench<'_> {
    fn add(
        &mut self,
        kernel: &'static str,
        sizes: impl std::fmt::Debug,
        (bound, amount): (Bound, u64),
        mut run: impl FnMut(&Device) -> Result<(), Error>,
    ) -> Result<f64, Error> {
        // The first run is thrown away: it touches the memory and loads the kernel.
        run(self.device)?;
        self.device.wait()?;
        let mut best = Duration::MAX;
        for _ in 0..self.runs {
            let start = Instant::now();
            run(self.device)?;
            self.device.wait()?;
            best = best.min(start.elapsed());
        }
        let mut line = Line { kernel, sizes: format!("{sizes:?}"), bound, amount, time: best, share: 1.0 };
        let ceiling = self.ceilings[bound as usize];
        if ceiling > 0.0 {
            line.share = line.rate() / ceiling;
        }
        let rate = line.rate();
        (self.show)(line);
        Ok(rate)
    }

    fn tile(&self, i8: bool) -> TileShape {
        match self.device {
            Device::Cpu(cpu) => cpu.tile(i8),
            Device::Cuda(_) | Device::Emulated(_) => [GpuShapes::F32, GpuShapes::I8][usize::from(i8)],
        }
    }

    /// The ceilings: `blocks` blocks multiply their tile `rounds` times, and the triad runs over `elements`.
    fn ceilings(&mut self, [blocks, rounds]: [usize; 2], elements: usize) -> Result<(), Error> {
        let device = self.device;
        let (x, y): (Buffer<f32>, Buffer<f32>) = (device.alloc(elements)?, device.alloc(elements)?);
        let mut z = device.alloc(elements)?;
        let rate = self
            .add("ceiling: triad", elements, (Bound::Memory, 12 * elements as u64), |device| device.axpy(2.0, &x, &y, &mut z))?;
        self.ceilings[Bound::Memory as usize] = rate;
        let rounds = rounds as u32;
        let amount =
            |tile: TileShape| 2 * (tile.rows * tile.columns * tile.words * tile.depth) as u64 * blocks as u64 * u64::from(rounds);
        let (mut floats, mut integers) = (device.alloc(blocks)?, device.alloc(blocks)?);
        let rate = self.add("ceiling: tile of f32", blocks, (Bound::F32, amount(self.tile(false))), |device| {
            device.ceiling_f32(rounds, &mut floats)
        })?;
        self.ceilings[Bound::F32 as usize] = rate;
        let rate = self.add("ceiling: tile of i8", blocks, (Bound::I8, amount(self.tile(true))), |device| {
            device.ceiling_i8(rounds, &mut integers)
        })?;
        self.ceilings[Bound::I8 as usize] = rate;
        Ok(())
    }

    fn products(&mut self, n: u32) -> Result<(), Error> {
        let device = self.device;
        let area = n as usize * n as usize;
        let amount = 2 * u64::from(n).pow(3);
        let (mut a, mut b, mut c) = (device.alloc(area)?, device.alloc(area)?, device.alloc(area)?);
        device.random_unit(1, 0, &mut a)?;
        device.random_unit(1, 1, &mut b)?;
        self.add("gemm_f32", [n, n, n], (Bound::F32, amount), |device| device.gemm_f32([n, n, n, 1], &a, &b, &mut c))?;
        let (mut a, mut b, mut c) = (device.alloc(area)?, device.alloc(area)?, device.alloc(area)?);
        device.random_i8(1, 0, &mut a)?;
        device.random_i8(1, 1, &mut b)?;
        self.add("gemm_i8", [n, n, n], (Bound::I8, amount), |device| device.gemm_i8([n, n, n, 1], &a, &b, &mut c))?;
        Ok(())
    }

    fn rows(&mut self, [m, n]: [u32; 2]) -> Result<(), Error> {
        let device = self.device;
        let area = m as usize * n as usize;
        let bytes = 4 * area as u64;
        let (mut x, mut y, gain) = (device.alloc(area)?, device.alloc(area)?, device.alloc(n as usize)?);
        device.random_unit(2, 0, &mut x)?;
        let mut out = device.alloc(m as usize)?;
        self.add("gemv", [m, n], (Bound::Memory, bytes), |device| device.gemv(m, n, &x, &gain, &mut out))?;
        self.add("transpose", [m, n], (Bound::Memory, 2 * bytes), |device| device.transpose(m, n, &x, &mut y))?;
        self.add("softmax", [m, n], (Bound::Memory, 2 * bytes), |device| device.softmax(m, n, &x, &mut y))?;
        self.add("layer norm", [m, n], (Bound::Memory, 2 * bytes), |device| {
            device.layer_norm([m, n], 1e-5, &x, [&gain, &gain], &mut y)
        })?;
        self.add("RMS norm", [m, n], (Bound::Memory, 2 * bytes), |device| device.rms_norm([m, n], 1e-5, &x, &gain, &mut y))?;
        let mut indices = device.alloc(8 * m as usize)?;
        self.add("top-k, k = 8", [m, n], (Bound::Memory, bytes), |device| device.top_k([m, n], 8, &x, &mut indices))?;
        let mut q = device.alloc(area)?;
        self.add("quantise", [m, n], (Bound::Memory, bytes + area as u64), |device| {
            device.quantise([m, n], &x, &mut q, &mut out)
        })?;
        self.add("dequantise", [m, n], (Bound::Memory, bytes + area as u64), |device| {
            device.dequantise([m, n], &q, &out, &mut y)
        })?;
        Ok(())
    }

    fn elements(&mut self, n: usize) -> Result<(), Error> {
        let device = self.device;
        let bytes = 4 * n as u64;
        let (mut x, mut y) = (device.alloc(n)?, device.alloc(n)?);
        device.random_unit(3, 0, &mut x)?;
        for &(function, name) in Unary::ALL {
            self.add(name, n, (Bound::Memory, 2 * bytes), |device| device.map(function, &x, &mut y))?;
        }
        let mut z = device.alloc(n)?;
        self.add("add", n, (Bound::Memory, 3 * bytes), |device| device.zip(Binary::Add, &x, &y, &mut z))?;
        let (mut dx, mut dy) = (device.alloc(n)?, device.alloc(n)?);
        self.add("divide backward", n, (Bound::Memory, 5 * bytes), |device| {
            device.zip_backward(Binary::Div, [&x, &y, &z], &mut dx, &mut dy)
        })?;
        self.add("reverse", n, (Bound::Memory, 2 * bytes), |device| device.reverse(&x, &mut y))?;
        self.add("sum backward", n, (Bound::Memory, bytes), |device| device.reduce_backward(Reduction::Sum, &x, 1.0, &mut dx))?;
        self.add("sum", n, (Bound::Memory, bytes), |device| device.reduce(Reduction::Sum, &x).map(drop))?;
        self.add("max", n, (Bound::Memory, bytes), |device| device.reduce(Reduction::Max, &x).map(drop))?;
        self.add("scan", n, (Bound::Memory, 2 * bytes), |device| device.scan(&x, &mut y))?;
        self.add("random unit", n, (Bound::Memory, bytes), |device| device.random_unit(1, 2, &mut y))?;
        Ok(())
    }

    /// One sequence of `n` tokens in 8 heads of 64 columns: two products of n × 64 × n in every head, whatever is made twice.
    fn attention(&mut self, n: u32) -> Result<(), Error> {
        let (device, heads) = (self.device, Heads { queries: 8, keys: 8, dim: 64 });
        let wide = heads.queries * heads.dim;
        let (mut x, mut y) = (device.alloc((n * wide) as usize)?, device.alloc((n * wide) as usize)?);
        device.random_unit(4, 0, &mut x)?;
        let span = Span { queries: n, keys: n, ..Span::default() };
        let amount = 4 * u64::from(n).pow(2) * u64::from(wide);
        self.add("attention", [n, 8, 64], (Bound::F32, amount), |device| {
            let from = [Columns::from((&x, wide)); 3];
            device.attention(&[span], heads, (Mask::All, 0.125), from, (&mut y, wide).into())
        })?;
        Ok(())
    }

    /// One sequence of `n` tokens in 8 heads of 64 columns, backwards: five products, whatever is made twice.
    fn attention_backward(&mut self, n: u32) -> Result<(), Error> {
        let (device, heads) = (self.device, Heads { queries: 8, keys: 8, dim: 64 });
        let wide = heads.queries * heads.dim;
        let area = (n * wide) as usize;
        let (mut x, mut dq, mut dk, mut dv) =
            (device.alloc(area)?, device.alloc(area)?, device.alloc(area)?, device.alloc(area)?);
        device.random_unit(5, 0, &mut x)?;
        let span = Span { queries: n, keys: n, ..Span::default() };
        let amount = 10 * u64::from(n).pow(2) * u64::from(wide);
        self.add("attention backward", [n, 8, 64], (Bound::F32, amount), |device| {
            let to = [(&mut dq, wide), (&mut dk, wide), (&mut dv, wide)].map(ColumnsMut::from);
            device.attention_backward(&[span], heads, (Mask::All, 0.125), [Columns::from((&x, wide)); 5], to)
        })?;
        Ok(())
    }

    /// What moves rows of tokens.
    fn sequences(&mut self, [m, n]: [u32; 2]) -> Result<(), Error> {
        let device = self.device;
        let (area, bytes) = (m as usize * n as usize, 4 * u64::from(m) * u64::from(n));
        let (mut x, mut y): (Buffer<f32>, Buffer<f32>) = (device.alloc(area)?, device.alloc(area)?);
        device.random_unit(6, 0, &mut x)?;
        let rows: Vec<u32> = (0..m).map(|i| (u64::from(i) * 7919 % u64::from(m)) as u32).collect();
        let rows = device.upload(&rows)?;
        self.add("gather", [m, n], (Bound::Memory, 2 * bytes), |device| device.gather(n, &x, &rows, &mut y))?;
        let table = device.alloc(m as usize * 64)?;
        self.add("rotary", [m, n], (Bound::Memory, 2 * bytes), |device| {
            device.rotary([n / 64, 64], &table, &rows, (&x, n).into(), (&mut y, n).into())
        })?;
        self.add("place", [m, n], (Bound::Memory, 2 * bytes), |device| device.place([m, n], (&x, n).into(), (&mut y, n).into()))?;
        // Sequences of 64 rows, and as many means.
        let spans: Vec<Span> =
            (0..m / 64).map(|i| Span { first_query: 64 * i, queries: 64, first_key: 64 * i, keys: 64 }).collect();
        let mut means = device.alloc(spans.len() * n as usize)?;
        self.add("mean", [m, n], (Bound::Memory, bytes), |device| device.mean(&spans, n, &x, &mut means))?;
        self.add("mean backward", [m, n], (Bound::Memory, bytes), |device| device.mean_backward(&spans, n, &means, &mut y))?;
        // To a table of 1024 entries, each of which looks at all indices.
        let rows: Vec<u32> = (0..m).map(|i| i * 389 % 1024).collect();
        let (rows, mut dtable) = (device.upload(&rows)?, device.alloc(1024 * n as usize)?);
        self.add("gather backward", [m, n], (Bound::Memory, bytes), |device| device.gather_backward(n, &x, &rows, &mut dtable))?;
        let (bias, scales) = (device.alloc(n as usize)?, device.alloc(m as usize)?);
        let sums = device.alloc(area)?;
        self.add("finish of i8, gelu", [m, n], (Bound::Memory, 2 * bytes), |device| {
            device.finish_i8([m, n], (&sums, [&scales, &bias]), Unary::Gelu, &bias, None, &mut y)
        })?;
        self.add("finish, gelu", [m, n], (Bound::Memory, 2 * bytes), |device| {
            device.finish([m, n], Unary::Gelu, &bias, None, &mut y)
        })?;
        Ok(())
    }

    /// What training adds.
    fn learning(&mut self, [m, n]: [u32; 2]) -> Result<(), Error> {
        let device = self.device;
        let (area, bytes) = (m as usize * n as usize, 4 * u64::from(m) * u64::from(n));
        let (mut x, mut y, mut z) = (device.alloc(area)?, device.alloc(area)?, device.alloc(area)?);
        device.random_unit(7, 0, &mut x)?;
        let targets = device.alloc(m as usize)?;
        let (mut of_rows, mut of_columns, gain) =
            (device.alloc(m as usize)?, device.alloc(n as usize)?, device.alloc(n as usize)?);
        self.add("cross entropy", [m, n], (Bound::Memory, 2 * bytes), |device| {
            device.cross_entropy([m, n], (&x, &targets), 1.0, &mut of_rows, &mut y)
        })?;
        self.add("softmax backward", [m, n], (Bound::Memory, 3 * bytes), |device| {
            device.softmax_backward([m, n], &x, &x, &mut y)
        })?;
        // Two matrices in, two out, of which one is summed.
        self.add("norm backward", [m, n], (Bound::Memory, 5 * bytes), |device| {
            device.normalise_backward((Norm::Layer, 1e-5), [m, n], [&x, &gain, &x], &mut y, &mut of_columns)
        })?;
        self.add("column sums", [m, n], (Bound::Memory, bytes), |device| device.column_sums([m, n], &x, &mut of_columns))?;
        self.add("slope, gelu", area, (Bound::Memory, 3 * bytes), |device| device.slope(Unary::Gelu, &x, &x, &mut y))?;
        let sgd = Sgd { rate: 0.1, momentum: 0.9 };
        self.add("sgd", area, (Bound::Memory, 5 * bytes), |device| device.sgd(sgd, &x, &mut y, &mut z))?;
        let mut v = device.alloc(area)?;
        let adam = (Adam::default(), 1);
        self.add("adam", area, (Bound::Memory, 7 * bytes), |device| device.adam(adam, &x, &mut y, [&mut z, &mut v]))?;
        Ok(())
    }

    /// 3 × 3 windows over images of 64 channels to 64.
    fn convolution(&mut self, side: u32) -> Result<(), Error> {
        let device = self.device;
        let windows = Windows { images: 4, image: [side; 2], channels: 64, window: [3, 3], stride: 1, padding: 1 };
        let pixels = 4 * u64::from(side).pow(2);
        let (mut x, w) = (device.alloc(pixels as usize * 64)?, device.alloc(9 * 64 * 64)?);
        device.random_unit(8, 0, &mut x)?;
        let mut y = device.alloc(pixels as usize * 64)?;
        self.add("convolution 3x3", [4, side, side, 64], (Bound::F32, 2 * pixels * 9 * 64 * 64), |device| {
            device.convolve(windows, 64, &x, &w, &mut y)
        })?;
        let mut unfolded = device.alloc(9 * x.len())?;
        let bytes = 4 * 10 * pixels * 64;
        self.add("unfold 3x3", [4, side, side, 64], (Bound::Memory, bytes), |device| device.unfold(windows, &x, &mut unfolded))?;
        self.add("fold 3x3", [4, side, side, 64], (Bound::Memory, bytes), |device| device.fold(windows, &unfolded, &mut x))?;
        Ok(())
    }

    fn challenge(&mut self, n: usize) -> Result<(), Error> {
        let device = self.device;
        let (mut now, mut next) = (device.alloc(n)?, device.alloc(n)?);
        device.challenge_fill([9; 8], &mut now)?;
        self.add("challenge fill", n, (Bound::Memory, 32 * n as u64), |device| device.challenge_fill([7; 8], &mut next))?;
        self.add("challenge round", n, (Bound::Memory, 96 * n as u64), |device| device.challenge_round(&now, &mut next))?;
        Ok(())
    }
}

/// Measures the kernels, the best of `runs` runs each, and shows every line when it is known; `quick` sizes take a second or two on
/// a CPU.
///
/// # Errors
/// If memory is short or the driver fails.
pub fn measure(device: &Device, runs: usize, quick: bool, show: &mut dyn FnMut(Line)) -> Result<(), Error> {
    let large = matches!(device, Device::Cuda(_));
    let mut bench = Bench { device, runs: runs.max(LEAST_RUNS_OF_CEILINGS), ceilings: [0.0; 3], show };
    let (elements, order) = match (quick, large) {
        (true, _) => (1 << 20, 256),
        (false, false) => (1 << 24, 1024),
        (false, true) => (1 << 28, 8192),
    };
    // Blocks enough for every processor of a large GPU; on the CPU a few for every thread.
    let work = match device {
        Device::Cpu(cpu) => [4 * cpu.threads(), 8],
        Device::Cuda(_) | Device::Emulated(_) => [4096, 256],
    };
    bench.ceilings(work, elements)?;
    bench.runs = runs.max(1);
    bench.products(order)?;
    bench.rows([(elements >> 12) as u32, 4096])?;
    bench.elements(elements)?;
    bench.attention(order.min(2048))?;
    bench.attention_backward(order.min(2048))?;
    bench.sequences([(elements >> 12) as u32, 4096])?;
    bench.learning([(elements >> 12) as u32, 4096])?;
    bench.convolution(if large { 224 } else { 32 })?;
    bench.challenge(elements / 8)
}

/// Only the ceilings, by `work` = [blocks, rounds] of tiles and a triad over so many elements.
///
/// # Errors
/// If memory is short or the driver fails.
pub fn ceilings_of(device: &Device, runs: usize, work: [usize; 2], elements: usize) -> Result<Vec<Line>, Error> {
    let mut lines = Vec::new();
    let mut show = |line| lines.push(line);
    Bench { device, runs: runs.max(1), ceilings: [0.0; 3], show: &mut show }.ceilings(work, elements)?;
    Ok(lines)
}
