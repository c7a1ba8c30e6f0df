//! The CPU: blocks of the grid fall to threads, lanes are turns of a loop that the compiler makes vectors of.

mod tiles;

use crate::device::Error;
use plasma_kernels_device::tile::{Shapes, Tile, TileShape};
use plasma_kernels_device::{Arithmetic, Block, Kernel, Shape};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

/// What vectors the processor has. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// None that is known: `libm::fmaf` and what the target has by default.
    Plain,
    /// AVX2 and FMA, 8 numbers at a time.
    Avx2,
    /// AVX-512 F, BW, DQ, VL and VNNI, 16 numbers at a time.
    Avx512,
}

impl Isa {
    /// Whether this processor has it.
    pub fn is_present(self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_present()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// All that this processor has, the least first.
    pub fn present() -> Vec<Self> {
        [Self::Plain, Self::Avx2, Self::Avx512].into_iter().filter(|isa| isa.is_present()).collect()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// The CPU as a device.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    threads: usize,
    isa: Isa,
}

impl Cpu {
    /// All threads, and the best vectors there are.
    pub fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let isa = Isa::present().into_iter().max().unwrap_or(Isa::Plain);
        Self { threads, isa }
    }

    /// So many threads, at least one.
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// These vectors.
    ///
    /// # Errors
    /// If the processor does not have them.
    pub fn with_isa(self, isa: Isa) -> Result<Self, Error> {
        if isa.is_present() { Ok(Self { isa, ..self }) } else { Err(Error::NoIsa(isa.name())) }
    }

    /// Threads in use.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Vectors in use.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The shape of its tiles of f32 or i8.
    pub(crate) fn tile(&self, i8: bool) -> TileShape {
        let of = |f32: TileShape, shape: TileShape| if i8 { shape } else { f32 };
        match self.isa {
            Isa::Plain => of(Machine::<tiles::Plain>::F32, Machine::<tiles::Plain>::I8),
            Isa::Avx2 => of(Machine::<tiles::Avx2>::F32, Machine::<tiles::Avx2>::I8),
            Isa::Avx512 => of(Machine::<tiles::Avx512>::F32, Machine::<tiles::Avx512>::I8),
        }
    }

    /// Runs every block of a kernel.
    ///
    /// # Safety
    /// As [`Kernel::run`].
    pub(crate) unsafe fn launch<K: Kernel>(&self, kernel: &K) {
        let shape = match self.isa {
            Isa::Plain => kernel.shape::<Machine<tiles::Plain>>(),
            Isa::Avx2 => kernel.shape::<Machine<tiles::Avx2>>(),
            Isa::Avx512 => kernel.shape::<Machine<tiles::Avx512>>(),
        };
        let blocks = shape.grid.iter().map(|&n| u64::from(n)).product::<u64>();
        let next = AtomicU64::new(0);
        // Safety: the processor has what `self.isa` names; the rest is the caller's promise.
        let work = || unsafe {
            match self.isa {
                Isa::Plain => run::<tiles::Plain, K>(kernel, shape, blocks, &next),
                Isa::Avx2 => avx2(kernel, shape, blocks, &next),
                Isa::Avx512 => avx512(kernel, shape, blocks, &next),
            }
        };
        let helpers = (self.threads as u64).min(blocks).saturating_sub(1);
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(work);
            }
            work();
        });
    }
}

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
unsafe fn avx2<K: Kernel>(kernel: &K, shape: Shape, blocks: u64, next: &AtomicU64) {
    unsafe { run::<tiles::Avx2, K>(kernel, shape, blocks, next) }
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))]
unsafe fn avx512<K: Kernel>(kernel: &K, shape: Shape, blocks: u64, next: &AtomicU64) {
    unsafe { run::<tiles::Avx512, K>(kernel, shape, blocks, next) }
}

/// Shared memory is as aligned as the widest vector.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

#[inline(always)]
unsafe fn run<V: tiles::Vectors, K: Kernel>(kernel: &K, shape: Shape, blocks: u64, next: &AtomicU64) {
    let mut shared = vec![Line([0; 64]); (shape.shared as usize).div_ceil(64)];
    let [across, down, _] = shape.grid.map(u64::from);
    loop {
        let block = next.fetch_add(1, Ordering::Relaxed);
        if block >= blocks {
            return;
        }
        // Down first: a strip of B stays in the cache while A goes by.
        let at = [block / down % across, block % down, block / down / across].map(|n| n as usize);
        let (shared, lanes) = (shared.as_mut_ptr().cast(), shape.lanes as usize);
        unsafe { kernel.run(&CpuBlock::<V> { at, across: across as usize, lanes, shared, vectors: PhantomData }) };
    }
}

/// A machine with these vectors.
struct Machine<V>(PhantomData<V>);

impl<V: tiles::Vectors> Shapes for Machine<V> {
    const F32: TileShape = V::F32::SHAPE;
    const I8: TileShape = V::I8::SHAPE;
}

/// One block at work on one thread.
struct CpuBlock<V> {
    at: [usize; 3],
    across: usize,
    lanes: usize,
    shared: *mut u8,
    vectors: PhantomData<V>,
}

impl<V: tiles::Vectors> Shapes for CpuBlock<V> {
    const F32: TileShape = V::F32::SHAPE;
    const I8: TileShape = V::I8::SHAPE;
}

impl<V: tiles::Vectors> Arithmetic for CpuBlock<V> {
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        V::fma(a, b, c)
    }
    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        x.sqrt()
    }
}

impl<V: tiles::Vectors> Block for CpuBlock<V> {
    type Lanes<T: Copy> = Vec<T>;
    type F32 = V::F32;
    type I8 = V::I8;
    const SERIAL: bool = true;

    #[inline(always)]
    fn lanes<T: Copy>(&self, value: T) -> Vec<T> {
        vec![value; self.lanes]
    }
    #[inline(always)]
    fn each<T: Copy>(&self, lanes: &mut Vec<T>, active: usize, mut f: impl FnMut(usize, &mut T)) {
        let active = active.min(lanes.len());
        for (lane, value) in lanes[..active].iter_mut().enumerate() {
            f(lane, value);
        }
    }
    #[inline(always)]
    fn spread(&self, bounds: [usize; 3], mut f: impl FnMut(usize, usize, usize)) {
        for a in 0..bounds[0] {
            for b in 0..bounds[1] {
                for c in 0..bounds[2] {
                    f(a, b, c);
                }
            }
        }
    }
    #[inline(always)]
    fn sync(&self) {}
    #[inline(always)]
    fn at(&self) -> [usize; 3] {
        self.at
    }
    #[inline(always)]
    fn across(&self) -> usize {
        self.across
    }
    #[inline(always)]
    fn shared(&self) -> *mut u8 {
        self.shared
    }
}
