//! Sums and maxima over a fixed tree.
//!
//! The input is cut into chunks of [`CHUNK`]. In a chunk lane t (of [`LANES`] = 256) takes elements t, t + 256, … in ascending
//! order, starting at the identity; then lane t takes lane t + 128, then t + 64, …, t + 1. The chunks' results are reduced in the
//! same way until one is left. The tree depends on the length alone, never on the machine or the number of threads.

use crate::tile::Shapes;
use crate::{Block, CHUNK, Kernel, LANES, NAN, Shape, canonical, chunk, math};

/// Reduces the lanes' values by the tree and gives the result to every lane. `shared` holds [`LANES`] values.
#[inline(always)]
pub fn tree<B: Block, T: Copy>(block: &B, values: &mut B::Lanes<T>, join: impl Fn(T, T) -> T) -> T {
    let shared = block.shared().cast::<T>();
    // Safety: LANES values of at most 8 bytes lie in shared memory (`Shape::rows`), and a step reads what no lane of it writes.
    unsafe {
        block.each(values, LANES, |t, value| *shared.add(t) = *value);
        block.sync();
        let mut half = LANES / 2;
        while half > 0 {
            block.each(values, half, |t, _| *shared.add(t) = join(*shared.add(t), *shared.add(t + half)));
            block.sync();
            half /= 2;
        }
        let result = *shared;
        // The next tree writes where this one was read.
        block.sync();
        result
    }
}

/// Lets lane t take elements t, t + 256, … of `n`, in ascending order.
#[inline(always)]
pub fn stride<B: Block, T: Copy>(block: &B, n: usize, values: &mut B::Lanes<T>, mut take: impl FnMut(usize, &mut T)) {
    let mut first = 0;
    while first < n {
        block.each(values, n - first, |t, value| take(first + t, value));
        first += LANES;
    }
}

/// What is made of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Reduction {
    /// The sum, from +0.
    Sum = 0,
    /// The greatest, from −∞; NaN if any is.
    Max = 1,
}

/// One level of the tree: a result for every chunk.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Reduce {
    /// `n` numbers.
    pub x: *const f32,
    /// A number for every chunk.
    pub y: *mut f32,
    /// Elements.
    pub n: u64,
    /// What is made of them.
    pub reduction: Reduction,
}

/// Backwards through a whole reduction to one number: `dx[i] = dy` at `place`, and +0 elsewhere; or dy everywhere, where `place` is
/// [`EVERYWHERE`]. A sum's gradient goes everywhere, that of the greatest to its place.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ReduceBackward {
    /// `n` numbers.
    pub dx: *mut f32,
    /// Elements.
    pub n: u64,
    /// Where the gradient goes.
    pub place: u64,
    /// The gradient of the result.
    pub dy: f32,
}

/// No single place.
pub const EVERYWHERE: u64 = u64::MAX;

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for Reduce {}
unsafe impl Sync for Reduce {}
unsafe impl Send for ReduceBackward {}
unsafe impl Sync for ReduceBackward {}

impl Reduce {
    #[inline(always)]
    unsafe fn level<B: Block>(&self, block: &B, identity: f32, join: impl Fn(f32, f32) -> f32 + Copy) {
        let first = block.at()[0] * CHUNK;
        let n = (self.n as usize - first).min(CHUNK);
        // Safety: first + n does not pass the end; one lane writes the block's own result.
        unsafe {
            let x = self.x.add(first);
            let mut values = block.lanes(identity);
            stride(block, n, &mut values, |i, value| *value = join(*value, *x.add(i)));
            let result = canonical(tree(block, &mut values, join));
            let y = self.y.add(block.at()[0]);
            block.each(&mut values, 1, |_, _| *y = result);
        }
    }
}

impl Kernel for Reduce {
    const NAME: &'static str = "reduce";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows((self.n as usize).div_ceil(CHUNK))
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        unsafe {
            match self.reduction {
                Reduction::Sum => self.level(block, 0.0, |a, b| a + b),
                Reduction::Max => self.level(block, f32::NEG_INFINITY, |a, b| if a.is_nan() { NAN } else { math::max(a, b) }),
            }
        }
    }
}

impl Kernel for ReduceBackward {
    const NAME: &'static str = "reduce_backward";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape { shared: 0, ..Shape::rows((self.n as usize).div_ceil(CHUNK)) }
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { dx, n, place, dy } = *self;
        // Safety: i < n.
        chunk(block, n as usize, |i| unsafe {
            let takes = place == EVERYWHERE || place == i as u64;
            *dx.add(i) = canonical(if takes { dy } else { 0.0 });
        });
    }
}
