//! Attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1) over sequences of any lengths, without the matrix of weights.
//!
//! For a query q and the n keys and values that it sees, in every head:
//!
//! - `s[j] = scale · Σ q[p]·k[j][p]`, by `fma` in ascending p from +0;
//! - `e[j] = exp(s[j] − max s)`, the maximum being NaN if any is;
//! - `y[c] = Σ e[j]·v[j][c]` by `fma` in ascending j from +0, divided by `Σ e[j]`, which is summed by the tree of
//!   [`reduce`](crate::reduce) over one chunk of n.
//!
//! So nothing depends on how queries are grouped or keys are cut: a query answered alone has the bits it has among others. Where
//! there are more than [`LANES`] keys the products with them are made twice, once for the maximum. A query that sees no key
//! becomes NaN.

use crate::reduce::tree;
use crate::tile::Shapes;
use crate::{Block, Kernel, LANES, NAN, Shape, canonical, math};

/// Queries that a block answers.
pub const QUERIES: usize = 16;
/// The most columns a head may have: what fits 48 KiB of shared memory.
pub const MAX_DIM: usize = 256;

/// A number for every query of a block.
type Each = [f32; QUERIES];
/// The sums of a lane: of one key or column where lanes run side by side; where they take turns, of several, which do not wait for
/// one another.
type Several = [Each; 4];

#[inline(always)]
const fn several<B: Block>() -> usize {
    if B::SERIAL { 4 } else { 1 }
}

/// Where a sequence lies: rows of the queries (and of the output), and rows of the keys and values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Span {
    /// The first query's row.
    pub first_query: u32,
    /// Queries.
    pub queries: u32,
    /// The first key's row.
    pub first_key: u32,
    /// Keys.
    pub keys: u32,
}

/// Which keys a query sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Mask {
    /// All.
    All = 0,
    /// Those up to its own place, the last query standing at the last key.
    Causal = 1,
}

/// Attention in `heads` heads of `dim` columns; several query heads in turn share a head of keys and values (Ainslie et al. 2023,
/// arXiv:2305.13245).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Attention {
    /// Queries.
    pub q: *const f32,
    /// Keys.
    pub k: *const f32,
    /// Values.
    pub v: *const f32,
    /// The output.
    pub y: *mut f32,
    /// `sequences` of them.
    pub spans: *const Span,
    /// From row to row of q, k, v and y, in elements.
    pub strides: [u32; 4],
    /// Sequences.
    pub sequences: u32,
    /// Queries of the longest sequence.
    pub longest: u32,
    /// Heads of queries.
    pub heads: u32,
    /// Heads of queries to a head of keys.
    pub shared_by: u32,
    /// Columns of a head.
    pub dim: u32,
    /// Which keys are seen.
    pub mask: Mask,
    /// The factor of the products.
    pub scale: f32,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for Attention {}
unsafe impl Sync for Attention {}

/// One block's part: pointers at its first rows, and how many keys each of its queries sees.
#[derive(Clone, Copy)]
struct Part {
    k: *const f32,
    v: *const f32,
    strides: [usize; 2],
    dim: usize,
    /// Queries, column by column.
    turned: *mut f32,
    /// The scores of a chunk of keys, then their exponentials, key by key.
    weights: *mut f32,
    seen: [u32; QUERIES],
    /// Seen by the query that sees most.
    keys: usize,
}

impl Part {
    /// The scores of a lane's keys among `count` from `first` on.
    #[inline(always)]
    unsafe fn score<B: Block>(&self, first: usize, count: usize, lane: usize, scale: f32) {
        let mut scores: Several = [[0.0; QUERIES]; 4];
        // Keys beyond the end are the last one again, and are not written.
        let row = |t: usize| (first + if t < count { t } else { count - 1 }) * self.strides[0];
        let own = lane * several::<B>();
        let mut p = 0;
        while p < self.dim {
            // Safety: within the head's columns.
            let (q, mut t) = (unsafe { *self.turned.add(p * QUERIES).cast::<Each>() }, 0);
            while t < several::<B>() {
                let (x, mut r) = (unsafe { *self.k.add(row(own + t) + p) }, 0);
                while r < QUERIES {
                    scores[t][r] = B::fma(q[r], x, scores[t][r]);
                    r += 1;
                }
                t += 1;
            }
            p += 1;
        }
        let mut t = 0;
        while t < several::<B>() && own + t < count {
            let mut r = 0;
            while r < QUERIES {
                scores[t][r] *= scale;
                r += 1;
            }
            // Safety: within the weights.
            unsafe { *self.weights.add((own + t) * QUERIES).cast::<Each>() = scores[t] };
            t += 1;
        }
    }

    /// Adds the values of `count` keys from `first` on to a lane's columns of the sums, those from `column` on.
    #[inline(always)]
    unsafe fn add<B: Block>(&self, first: usize, count: usize, column: usize, sums: &mut Several) {
        // Below the first query's end all see all.
        let all = (self.seen[0] as usize).saturating_sub(first);
        let all = if all < count { all } else { count };
        let mut kept = *sums;
        // Safety: within the keys and the weights; columns beyond the head are the last one again, and are not written.
        let read = |t: usize, c: usize| unsafe {
            let column = if column + c < self.dim { column + c } else { self.dim - 1 };
            *self.v.add((first + t) * self.strides[1] + column)
        };
        let mut t = 0;
        while t < all {
            let (weights, mut c) = (unsafe { *self.weights.add(t * QUERIES).cast::<Each>() }, 0);
            while c < several::<B>() {
                let (x, mut r) = (read(t, c), 0);
                while r < QUERIES {
                    kept[c][r] = B::fma(weights[r], x, kept[c][r]);
                    r += 1;
                }
                c += 1;
            }
            t += 1;
        }
        while t < count {
            let (weights, mut c) = (unsafe { *self.weights.add(t * QUERIES).cast::<Each>() }, 0);
            while c < several::<B>() {
                let (x, mut r) = (read(t, c), 0);
                while r < QUERIES {
                    // A key that is not seen may be anything, and leaves no trace.
                    let more = B::fma(weights[r], x, kept[c][r]);
                    kept[c][r] = if ((first + t) as u32) < self.seen[r] { more } else { kept[c][r] };
                    r += 1;
                }
                c += 1;
            }
            t += 1;
        }
        *sums = kept;
    }
}

#[inline(always)]
fn joined(a: Each, b: Each, join: impl Fn(f32, f32) -> f32) -> Each {
    let (mut c, mut r) = (a, 0);
    while r < QUERIES {
        c[r] = join(a[r], b[r]);
        r += 1;
    }
    c
}

impl Attention {
    /// This block's part, its queries brought to shared memory; none if the sequence ends before.
    #[inline(always)]
    unsafe fn part<B: Block>(&self, block: &B) -> Option<(Part, usize, usize)> {
        let [tile, head, sequence] = block.at();
        // Safety: below the number of sequences, and rows as the spans say.
        unsafe {
            let span = *self.spans.add(sequence);
            let (queries, keys, first) = (span.queries as usize, span.keys as usize, tile * QUERIES);
            if first >= queries {
                return None;
            }
            let dim = self.dim as usize;
            let live = if queries - first < QUERIES { queries - first } else { QUERIES };
            let at = |row: usize, stride: usize, head: usize| row * self.strides[stride] as usize + head * dim;
            let (row, head_of_keys) = (span.first_query as usize + first, head / self.shared_by as usize);
            let mut seen = [keys as u32; QUERIES];
            if self.mask as u32 == Mask::Causal as u32 {
                let mut r = 0;
                while r < QUERIES {
                    // Queries beyond the end see what the last one sees.
                    let place = first + if r < live { r } else { live - 1 };
                    seen[r] = (keys + place + 1 - queries) as u32;
                    r += 1;
                }
            }
            let weights = block.shared().cast::<f32>().add(LANES * QUERIES);
            let turned = weights.add(LANES * QUERIES);
            let q = self.q.add(at(row, 0, head));
            let stride_of_queries = self.strides[0] as usize;
            block.spread([1, dim, QUERIES], |_, p, r| {
                *turned.add(p * QUERIES + r) = if r < live { *q.add(r * stride_of_queries + p) } else { 0.0 };
            });
            block.sync();
            let part = Part {
                k: self.k.add(at(span.first_key as usize, 1, head_of_keys)),
                v: self.v.add(at(span.first_key as usize, 2, head_of_keys)),
                strides: [self.strides[1] as usize, self.strides[2] as usize],
                dim,
                turned,
                weights,
                seen,
                keys: seen[QUERIES - 1] as usize,
            };
            Some((part, live, at(row, 3, head)))
        }
    }
}

impl Kernel for Attention {
    const NAME: &'static str = "attention";
    fn shape<S: Shapes>(&self) -> Shape {
        let grid = [self.longest.div_ceil(QUERIES as u32), self.heads, self.sequences];
        let shared = (2 * LANES + self.dim as usize) * QUERIES * 4;
        Shape { grid, lanes: LANES as u32, shared: shared as u32 }
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        // Safety: by the caller's promise; a lane reads back only the weights it wrote itself, before the next sync.
        unsafe {
            let Some((part, live, to)) = self.part(block) else { return };
            let (scale, seen, weights) = (self.scale, part.seen, part.weights);
            let greater = |a: f32, b: f32| if a.is_nan() { NAN } else { math::max(a, b) };
            let mut lanes = block.lanes([f32::NEG_INFINITY; QUERIES]);
            let (mut none, mut first) = (block.lanes(()), 0);
            while first < part.keys {
                let count = if part.keys - first < LANES { part.keys - first } else { LANES };
                block.each(&mut none, count.div_ceil(several::<B>()), |lane, ()| part.score::<B>(first, count, lane, scale));
                block.each(&mut lanes, count, |t, greatest| {
                    let (scores, mut r) = (*weights.add(t * QUERIES).cast::<Each>(), 0);
                    while r < QUERIES {
                        let more = greater(greatest[r], scores[r]);
                        greatest[r] = if ((first + t) as u32) < seen[r] { more } else { greatest[r] };
                        r += 1;
                    }
                });
                first += LANES;
            }
            let greatest = tree(block, &mut lanes, |a, b| joined(a, b, greater));
            let (mut totals, mut sums) = (block.lanes([0.0; QUERIES]), block.lanes([[0.0; QUERIES]; 4]));
            let lanes = part.dim.div_ceil(several::<B>());
            let mut first = 0;
            while first < part.keys {
                let count = if part.keys - first < LANES { part.keys - first } else { LANES };
                if part.keys > LANES {
                    block.each(&mut none, count.div_ceil(several::<B>()), |lane, ()| part.score::<B>(first, count, lane, scale));
                }
                block.each(&mut totals, count, |t, total| {
                    let own = weights.add(t * QUERIES).cast::<Each>();
                    let (scores, mut e, mut r) = (*own, [0.0; QUERIES], 0);
                    while r < QUERIES {
                        let power = math::exp::<B>(scores[r] - greatest[r]);
                        e[r] = if ((first + t) as u32) < seen[r] { power } else { 0.0 };
                        total[r] += e[r];
                        r += 1;
                    }
                    *own = e;
                });
                block.sync();
                block.each(&mut sums, lanes, |lane, sums| part.add::<B>(first, count, lane * several::<B>(), sums));
                block.sync();
                first += LANES;
            }
            let totals = tree(block, &mut totals, |a, b| joined(a, b, |a, b| a + b));
            let (y, row) = (self.y.add(to), self.strides[3] as usize);
            block.each(&mut sums, lanes, |lane, sums| {
                let mut i = 0;
                while i < several::<B>() * QUERIES {
                    let (c, r) = (i / QUERIES, i % QUERIES);
                    let column = lane * several::<B>() + c;
                    if r < live && column < part.dim {
                        *y.add(r * row + column) = canonical(sums[c][r] / totals[r]);
                    }
                    i += 1;
                }
            });
        }
    }
}
