//! Kernel bodies: one source, compiled by rustc for `nvptx64-nvidia-cuda` and for the host.
//!
//! A body is written once against [`Block`], a group of lanes that share fast memory. On the GPU a lane is a thread and its state
//! a register; on the CPU a lane is a turn of a loop and its state an element of a vector. Every float goes through the same IEEE
//! 754 operations in the same order on both, so results agree bit by bit; a NaN that is computed is stored as [`NAN`].
#![no_std]
#![cfg_attr(target_arch = "nvptx64", feature(abi_ptx, asm_experimental_arch, core_intrinsics, stdarch_nvptx))]
#![cfg_attr(target_arch = "nvptx64", allow(internal_features, improper_ctypes_definitions))]

pub mod attention;
pub mod attention_backward;
pub mod backward;
pub mod challenge;
pub mod convolve;
pub mod gemm;
#[cfg(target_arch = "nvptx64")]
mod gpu;
pub mod learn;
pub mod linear;
pub mod map;
pub mod math;
pub mod matrix;
pub mod quant;
pub mod random;
pub mod reduce;
pub mod rows;
pub mod scan;
pub mod sequence;
pub mod tile;

use tile::{Shapes, Tile};

/// Lanes of every block that multiplies no tiles.
pub const LANES: usize = 256;
/// Elements that a block of an elementwise kernel takes.
pub const CHUNK: usize = LANES * 16;
/// The one NaN that kernels store: machines disagree about the payloads of NaNs they compute.
pub const NAN: f32 = f32::from_bits(0x7fc0_0000);

/// The float operations that are no operators in `core`. Both round once, to nearest even (IEEE 754-2019, 5.4.1).
pub trait Arithmetic {
    /// `a * b + c`, rounded once.
    fn fma(a: f32, b: f32, c: f32) -> f32;
    /// The square root.
    fn sqrt(x: f32) -> f32;
}

/// A group of lanes with shared memory.
pub trait Block: Arithmetic + Shapes {
    /// A value for every lane.
    type Lanes<T: Copy>;
    /// How this machine multiplies tiles of f32.
    type F32: Tile<In = f32, Out = f32>;
    /// How this machine multiplies tiles of i8.
    type I8: Tile<In = i8, Out = i32>;

    /// `value` in every lane.
    fn lanes<T: Copy>(&self, value: T) -> Self::Lanes<T>;
    /// Runs `f` in the first `active` lanes. Lanes may not depend on each other before the next [`sync`](Self::sync).
    fn each<T: Copy>(&self, lanes: &mut Self::Lanes<T>, active: usize, f: impl FnMut(usize, &mut T));
    /// Runs `f` once for every triple below the bounds, in any lane and any order.
    fn spread(&self, bounds: [usize; 3], f: impl FnMut(usize, usize, usize));
    /// Waits for all lanes; what was written before is seen after.
    fn sync(&self);
    /// Which block of the grid this is.
    fn at(&self) -> [usize; 3];
    /// Blocks along the grid's first dimension.
    fn across(&self) -> usize;
    /// Memory shared by the lanes, 64-byte aligned on the CPU and 16-byte aligned on the GPU.
    fn shared(&self) -> *mut u8;
    /// Whether lanes take turns, so that neighbouring work should be done by one loop.
    const SERIAL: bool;
}

/// How a kernel is launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Blocks.
    pub grid: [u32; 3],
    /// Lanes of a block.
    pub lanes: u32,
    /// Bytes of shared memory.
    pub shared: u32,
}

impl Shape {
    /// Blocks of [`LANES`] lanes that share one word each.
    pub const fn rows(blocks: usize) -> Self {
        Self { grid: [blocks as u32, 1, 1], lanes: LANES as u32, shared: (LANES * 8) as u32 }
    }
}

/// A kernel with its arguments: plain data that travels to the device as it is.
pub trait Kernel: Copy + Send + Sync {
    /// Its entry point in the PTX.
    const NAME: &'static str;
    /// The launch that covers the arguments' sizes on a machine of these tile shapes.
    fn shape<S: Shapes>(&self) -> Shape;
    /// One block's work.
    ///
    /// # Safety
    /// The pointers are valid for the declared sizes, outputs overlap nothing, and the launch is [`shape`](Self::shape)'s.
    unsafe fn run<B: Block>(&self, block: &B);
}

/// Makes every NaN the same NaN. By its bits: the compiler takes the payloads of computed NaNs for nobody's concern and leaves
/// out a choice between one NaN and another, as it did after square roots.
#[inline(always)]
pub fn canonical(x: f32) -> f32 {
    let bits = x.to_bits();
    f32::from_bits(if bits & 0x7fff_ffff > 0x7f80_0000 { NAN.to_bits() } else { bits })
}

/// Runs `f` for every index below `n` that falls to this block, [`CHUNK`] indices a block.
#[inline(always)]
pub fn chunk<B: Block>(block: &B, n: usize, mut f: impl FnMut(usize)) {
    let mut lanes = block.lanes(());
    let (mut first, end) = (block.at()[0] * CHUNK, n.min((block.at()[0] + 1) * CHUNK));
    while first < end {
        block.each(&mut lanes, end - first, |t, _| f(first + t));
        first += LANES;
    }
}
