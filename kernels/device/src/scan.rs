//! The inclusive prefix sum of f32, over a fixed network.
//!
//! Within 256 elements, for d = 1, 2, 4, …, 128: `x[t] ← x[t − d] + x[t]` for t ≥ d (Hillis and Steele, "Data Parallel Algorithms",
//! CACM 1986). The groups' last elements are scanned in the same way, and every element takes the total before its group: total +
//! x. Backwards `dx[i]` is the sum of dy from i on, which is the scan of dy [turned round](Reverse), turned round.

use crate::tile::Shapes;
use crate::{Block, CHUNK, Kernel, LANES, Shape, canonical, chunk};

/// Scans every group of 256.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ScanGroups {
    /// `n` numbers.
    pub x: *const f32,
    /// `n` numbers.
    pub y: *mut f32,
    /// The last of every group.
    pub totals: *mut f32,
    /// Elements.
    pub n: u64,
}

/// Adds the total before its group to every element.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ScanShift {
    /// `n` numbers, changed in place.
    pub y: *mut f32,
    /// The inclusive scan of the groups' totals.
    pub totals: *const f32,
    /// Elements.
    pub n: u64,
}

/// Turns an array round: `y[i] = x[n − 1 − i]`, bits as they are.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Reverse {
    /// `n` numbers.
    pub x: *const f32,
    /// `n` numbers.
    pub y: *mut f32,
    /// Elements.
    pub n: u64,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for ScanGroups {}
unsafe impl Sync for ScanGroups {}
unsafe impl Send for ScanShift {}
unsafe impl Sync for ScanShift {}
unsafe impl Send for Reverse {}
unsafe impl Sync for Reverse {}

impl Kernel for ScanGroups {
    const NAME: &'static str = "scan_groups";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows((self.n as usize).div_ceil(LANES))
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let group = block.at()[0];
        let n = (self.n as usize - group * LANES).min(LANES);
        let (shared, totals) = (block.shared().cast::<f32>(), self.totals);
        // Safety: n elements from the group's first are within the arrays; a step reads what was written before the last sync.
        unsafe {
            let (x, y) = (self.x.add(group * LANES), self.y.add(group * LANES));
            let mut values = block.lanes(0.0);
            block.each(&mut values, n, |t, value| {
                *value = *x.add(t);
                *shared.add(t) = *value;
            });
            block.sync();
            let mut distance = 1;
            while distance < LANES {
                block.each(&mut values, n, |t, value| {
                    if t >= distance {
                        *value += *shared.add(t - distance);
                    }
                });
                block.sync();
                block.each(&mut values, n, |t, value| *shared.add(t) = *value);
                block.sync();
                distance *= 2;
            }
            block.each(&mut values, n, |t, value| {
                *y.add(t) = canonical(*value);
                if t + 1 == n {
                    *totals.add(group) = canonical(*value);
                }
            });
        }
    }
}

impl Kernel for ScanShift {
    const NAME: &'static str = "scan_shift";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows((self.n as usize).div_ceil(LANES))
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let group = block.at()[0];
        let n = (self.n as usize - group * LANES).min(LANES);
        if group > 0 {
            // Safety: as above.
            unsafe {
                let (y, total) = (self.y.add(group * LANES), *self.totals.add(group - 1));
                block.each(&mut block.lanes(()), n, |t, _| *y.add(t) = canonical(total + *y.add(t)));
            }
        }
    }
}

impl Kernel for Reverse {
    const NAME: &'static str = "reverse";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape { shared: 0, ..Shape::rows((self.n as usize).div_ceil(CHUNK)) }
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (x, y, n) = (self.x, self.y, self.n as usize);
        // Safety: i < n.
        chunk(block, n, |i| unsafe { *y.add(i) = *x.add(n - 1 - i) });
    }
}
