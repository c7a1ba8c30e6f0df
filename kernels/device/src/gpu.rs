//! The GPU: a lane is a thread, a block is a thread block, and every kernel has an entry point.

use crate::tile::{GpuShapes, Shapes, Tile, TileShape};
use crate::{Arithmetic, Block, Kernel};
use core::arch::asm;
use core::arch::nvptx::{_block_dim_x, _block_idx_x, _block_idx_y, _block_idx_z, _grid_dim_x, _syncthreads, _thread_idx_x};

core::arch::global_asm!(".extern .shared .align 16 .b8 dyn_smem[];");

struct Gpu;

impl Arithmetic for Gpu {
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        core::intrinsics::fmaf32(a, b, c)
    }
    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        core::intrinsics::sqrtf32(x)
    }
}

impl Shapes for Gpu {
    const F32: TileShape = GpuShapes::F32;
    const I8: TileShape = GpuShapes::I8;
}

// Safety of the registers read below: they exist on every thread.
impl Block for Gpu {
    type Lanes<T: Copy> = T;
    type F32 = F32;
    type I8 = I8;
    const SERIAL: bool = false;

    #[inline(always)]
    fn lanes<T: Copy>(&self, value: T) -> T {
        value
    }
    #[inline(always)]
    fn each<T: Copy>(&self, lanes: &mut T, active: usize, mut f: impl FnMut(usize, &mut T)) {
        let lane = unsafe { _thread_idx_x() } as usize;
        if lane < active {
            f(lane, lanes);
        }
    }
    #[inline(always)]
    fn spread(&self, bounds: [usize; 3], mut f: impl FnMut(usize, usize, usize)) {
        let [a, b, c] = bounds;
        let mut i = unsafe { _thread_idx_x() } as usize;
        while i < a * b * c {
            f(i / (b * c), i / c % b, i % c);
            i += unsafe { _block_dim_x() } as usize;
        }
    }
    #[inline(always)]
    fn sync(&self) {
        unsafe { _syncthreads() }
    }
    #[inline(always)]
    fn at(&self) -> [usize; 3] {
        unsafe { [_block_idx_x() as usize, _block_idx_y() as usize, _block_idx_z() as usize] }
    }
    #[inline(always)]
    fn across(&self) -> usize {
        unsafe { _grid_dim_x() as usize }
    }
    #[inline(always)]
    fn shared(&self) -> *mut u8 {
        let at: u64;
        unsafe {
            asm!("{{ .reg .u64 t; mov.u64 t, dyn_smem; cvta.shared.u64 {0}, t; }}", out(reg64) at,
                options(pure, nomem, nostack, preserves_flags));
        }
        at as *mut u8
    }
}

/// 8 × 8 sums a thread, 16 × 16 threads.
struct F32;

impl Tile for F32 {
    const SHAPE: TileShape = GpuShapes::F32;
    type In = f32;
    type Word = f32;
    type Out = f32;
    type Sums = [[f32; 8]; 8];

    #[inline(always)]
    fn zero() -> Self::Sums {
        [[0.0; 8]; 8]
    }
    #[inline(always)]
    fn nothing() -> f32 {
        0.0
    }
    #[inline(always)]
    fn word(get: impl Fn(usize) -> f32) -> f32 {
        get(0)
    }
    #[inline(always)]
    unsafe fn multiply(lane: usize, sums: &mut Self::Sums, a: *const f32, b: *const f32, words: usize, _: [usize; 2]) {
        let (row, column) = (lane / 16 * 8, lane % 16 * 8);
        let mut k = 0;
        while k < words {
            // Safety: within the tiles; rows, columns and strides are multiples of 4 words, so vectors of four are aligned.
            let (a, b) = unsafe { (a.add(k * Self::SHAPE.a_stride + row), b.add(k * Self::SHAPE.b_stride + column)) };
            let (a, b) = unsafe { (eight(a), eight(b)) };
            let mut i = 0;
            while i < 8 {
                let mut j = 0;
                while j < 8 {
                    sums[i][j] = Gpu::fma(a[i], b[j], sums[i][j]);
                    j += 1;
                }
                i += 1;
            }
            k += 1;
        }
    }
    #[inline(always)]
    fn give(lane: usize, sums: &Self::Sums, mut f: impl FnMut(usize, usize, f32)) {
        let mut i = 0;
        while i < 8 {
            let mut j = 0;
            while j < 8 {
                f(lane / 16 * 8 + i, lane % 16 * 8 + j, sums[i][j]);
                j += 1;
            }
            i += 1;
        }
    }
}

#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct Four([f32; 4]);

#[inline(always)]
unsafe fn eight(from: *const f32) -> [f32; 8] {
    let (a, b) = unsafe { (*from.cast::<Four>(), *from.add(4).cast::<Four>()) };
    [a.0[0], a.0[1], a.0[2], a.0[3], b.0[0], b.0[1], b.0[2], b.0[3]]
}

/// 4 × 4 fragments of 16 × 8 sums a warp, 2 × 4 warps. PTX ISA, "Matrix Fragments for mma.m16n8k32".
struct I8;

impl Tile for I8 {
    const SHAPE: TileShape = GpuShapes::I8;
    type In = i8;
    type Word = u32;
    type Out = i32;
    type Sums = [[[i32; 4]; 4]; 4];

    #[inline(always)]
    fn zero() -> Self::Sums {
        [[[0; 4]; 4]; 4]
    }
    #[inline(always)]
    fn nothing() -> i8 {
        0
    }
    #[inline(always)]
    fn word(get: impl Fn(usize) -> i8) -> u32 {
        u32::from_le_bytes([get(0) as u8, get(1) as u8, get(2) as u8, get(3) as u8])
    }
    #[inline(always)]
    unsafe fn multiply(lane: usize, sums: &mut Self::Sums, a: *const u32, b: *const u32, words: usize, _: [usize; 2]) {
        let (warp, group, four) = (lane / 32, lane % 32 / 4, lane % 4);
        let at = |line: usize, word: usize| line * Self::SHAPE.a_panel_stride + word;
        let mut word = 0;
        // What a step of eight words reads beyond `words` was loaded as zero.
        while word < words {
            let (mut left, mut right) = ([[0u32; 4]; 4], [[0u32; 2]; 4]);
            let mut i = 0;
            while i < 4 {
                let (row, column) = (warp / 4 * 64 + i * 16 + group, warp % 4 * 32 + i * 8 + group);
                // Safety: within the tiles.
                unsafe {
                    left[i] = [
                        *a.add(at(row, word + four)),
                        *a.add(at(row + 8, word + four)),
                        *a.add(at(row, word + four + 4)),
                        *a.add(at(row + 8, word + four + 4)),
                    ];
                    right[i] = [*b.add(at(column, word + four)), *b.add(at(column, word + four + 4))];
                }
                i += 1;
            }
            let mut i = 0;
            while i < 16 {
                mma(&mut sums[i / 4][i % 4], left[i / 4], right[i % 4]);
                i += 1;
            }
            word += 8;
        }
    }
    #[inline(always)]
    fn give(lane: usize, sums: &Self::Sums, mut f: impl FnMut(usize, usize, i32)) {
        let (warp, group, four) = (lane / 32, lane % 32 / 4, lane % 4);
        let mut e = 0;
        while e < 64 {
            let (i, j, c) = (e / 16, e / 4 % 4, e % 4);
            let row = warp / 4 * 64 + i * 16 + group + c / 2 * 8;
            f(row, warp % 4 * 32 + j * 8 + four * 2 + c % 2, sums[i][j][c]);
            e += 1;
        }
    }
}

/// The tensor core: 16 × 8 sums over 32 elements along k, by a whole warp.
#[inline(always)]
fn mma(c: &mut [i32; 4], a: [u32; 4], b: [u32; 2]) {
    let [mut c0, mut c1, mut c2, mut c3] = *c;
    // Safety: registers only; all threads of a warp come here together.
    unsafe {
        asm!("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {{{0}, {1}, {2}, {3}}}, {{{4}, {5}, {6}, {7}}}, {{{8}, {9}}}, {{{0}, {1}, {2}, {3}}};",
            inout(reg32) c0, inout(reg32) c1, inout(reg32) c2, inout(reg32) c3,
            in(reg32) a[0], in(reg32) a[1], in(reg32) a[2], in(reg32) a[3], in(reg32) b[0], in(reg32) b[1],
            options(nomem, nostack, preserves_flags));
    }
    *c = [c0, c1, c2, c3];
}

macro_rules! entries {
    ($($name:ident: $kernel:ty),* $(,)?) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "ptx-kernel" fn $name(kernel: $kernel) {
            unsafe { kernel.run(&Gpu) }
        }
    )*};
}

entries! {
    gemm_f32: crate::gemm::GemmF32,
    gemm_i8: crate::gemm::GemmI8,
    ceiling_f32: crate::gemm::CeilingF32,
    ceiling_i8: crate::gemm::CeilingI8,
    gemv: crate::matrix::Gemv,
    transpose: crate::matrix::Transpose,
    map: crate::map::Map,
    zip: crate::map::Zip,
    zip_backward: crate::map::ZipBackward,
    axpy: crate::map::Axpy,
    quantise: crate::quant::Quantise,
    dequantise: crate::quant::Dequantise,
    reduce: crate::reduce::Reduce,
    reduce_backward: crate::reduce::ReduceBackward,
    scan_groups: crate::scan::ScanGroups,
    scan_shift: crate::scan::ScanShift,
    reverse: crate::scan::Reverse,
    softmax: crate::rows::Softmax,
    normalise: crate::rows::Normalise,
    top_k: crate::rows::TopK,
    finish: crate::linear::Finish,
    finish_i8: crate::linear::FinishI8,
    attention: crate::attention::Attention,
    attention_queries: crate::attention_backward::AttentionQueries,
    attention_keys: crate::attention_backward::AttentionKeys,
    gather: crate::sequence::Gather,
    rotary: crate::sequence::Rotary,
    place: crate::sequence::Place,
    mean: crate::sequence::Mean,
    mean_backward: crate::sequence::MeanBackward,
    cross_entropy: crate::learn::CrossEntropy,
    slope: crate::learn::Slope,
    column_sums: crate::learn::ColumnSums,
    sgd: crate::learn::Sgd,
    adam: crate::learn::Adam,
    softmax_backward: crate::backward::SoftmaxBackward,
    normalise_backward: crate::backward::NormaliseBackward,
    gather_backward: crate::backward::GatherBackward,
    unfold: crate::convolve::Unfold,
    fold: crate::convolve::Fold,
    random_bits: crate::random::RandomBits,
    random_unit: crate::random::RandomUnit,
    challenge_fill: crate::challenge::ChallengeFill,
    challenge_round: crate::challenge::ChallengeRound,
    challenge_fold: crate::challenge::ChallengeFold,
}
