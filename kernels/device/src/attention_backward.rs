//! Backwards through [`Attention`](crate::attention::Attention), again without the matrix of weights: what a query sees is made
//! once more from queries and keys (Dao 2023, "FlashAttention-2", arXiv:2307.08691, algorithm 2).
//!
//! With s, max s and Σ e as forwards, in every head and for every query i and key j that it sees:
//!
//! - `p = exp(s[i][j] − max s[i]) / Σ e[i]`, the weight;
//! - `D[i] = Σ dy[i][c]·y[i][c]` and `g = Σ dy[i][c]·v[j][c]`, by `fma` in ascending c from +0;
//! - `t = p·(g − D[i])`, the slope of the score;
//! - `dq[i][c] = scale · Σ t·k[j][c]` by `fma` in ascending j from +0;
//! - `dk[j][c] = scale · Σ t·q[i][c]` and `dv[j][c] = Σ p·dy[i][c]` by `fma` from +0, over the heads of queries that share the
//!   head of keys in ascending order, and in each over i in ascending order.
//!
//! Two kernels: the first takes the queries and leaves max s, Σ e and D for the second, which takes the keys. Products of queries
//! with keys are made in both, and in the first three times where there are more than [`LANES`] keys. A query that sees no key, and
//! a key that none sees, has the gradient +0.

use crate::attention::{Mask, Span};
use crate::reduce::tree;
use crate::tile::Shapes;
use crate::{Block, Kernel, LANES, NAN, Shape, canonical, math};

/// Queries or keys of a block.
pub const ROWS: usize = 8;
/// Numbers that are kept of a query in a head: max s, Σ e and D.
pub const STATISTICS: usize = 3;

/// A number for every row of a block.
type Each = [f32; ROWS];
/// The sums of a lane, of several columns or rows where lanes take turns.
type Several = [Each; 4];

#[inline(always)]
const fn several<B: Block>() -> usize {
    if B::SERIAL { 4 } else { 1 }
}

/// What both kernels are told. Heads, spans and the mask are those of [`Attention`](crate::attention::Attention); keys of
/// different sequences are apart.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Parts {
    /// Queries.
    pub q: *const f32,
    /// Keys.
    pub k: *const f32,
    /// Values.
    pub v: *const f32,
    /// The output.
    pub y: *const f32,
    /// The output's gradient.
    pub dy: *const f32,
    /// The queries' gradient.
    pub dq: *mut f32,
    /// The keys' gradient.
    pub dk: *mut f32,
    /// The values' gradient.
    pub dv: *mut f32,
    /// `heads` × `rows` × [`STATISTICS`].
    pub statistics: *mut f32,
    /// `sequences` of them.
    pub spans: *const Span,
    /// From row to row of q, k, v, y, dy, dq, dk and dv, in elements.
    pub strides: [u32; 8],
    /// Sequences.
    pub sequences: u32,
    /// Queries, or keys, of the longest sequence.
    pub longest: u32,
    /// Heads of queries.
    pub heads: u32,
    /// Heads of queries to a head of keys.
    pub shared_by: u32,
    /// Columns of a head.
    pub dim: u32,
    /// Rows up to the last query.
    pub rows: u32,
    /// Which keys are seen.
    pub mask: Mask,
    /// The factor of the products.
    pub scale: f32,
}

/// The gradient of the queries, and what the keys need to know of them.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct AttentionQueries(pub Parts);

/// The gradients of the keys and values.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct AttentionKeys(pub Parts);

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for AttentionQueries {}
unsafe impl Sync for AttentionQueries {}
unsafe impl Send for AttentionKeys {}
unsafe impl Sync for AttentionKeys {}

/// A tile of rows in shared memory, column by column, and the rows of a matrix that it meets.
#[derive(Clone, Copy)]
struct Meeting {
    tile: *mut f32,
    from: *const f32,
    stride: usize,
    dim: usize,
}

impl Meeting {
    /// Brings the tile: `live` rows of a matrix, and zeros.
    #[inline(always)]
    unsafe fn bring<B: Block>(&self, block: &B, from: *const f32, stride: usize, live: usize) {
        let tile = self.tile;
        // Safety: within the rows and the tile.
        block.spread([1, self.dim, ROWS], |_, p, r| unsafe {
            *tile.add(p * ROWS + r) = if r < live { *from.add(r * stride + p) } else { 0.0 };
        });
    }

    /// The products of a lane's rows among `count` from `first` on with every row of the tile, times `scale`.
    #[inline(always)]
    unsafe fn products<B: Block>(&self, [first, count]: [usize; 2], lane: usize, scale: f32, to: *mut f32) {
        let mut sums: Several = [[0.0; ROWS]; 4];
        // Rows beyond the end are the last one again, and are not written.
        let row = |t: usize| (first + if t < count { t } else { count - 1 }) * self.stride;
        let own = lane * several::<B>();
        let mut p = 0;
        while p < self.dim {
            // Safety: within the head's columns.
            let (tile, mut t) = (unsafe { *self.tile.add(p * ROWS).cast::<Each>() }, 0);
            while t < several::<B>() {
                let (x, mut r) = (unsafe { *self.from.add(row(own + t) + p) }, 0);
                while r < ROWS {
                    sums[t][r] = B::fma(tile[r], x, sums[t][r]);
                    r += 1;
                }
                t += 1;
            }
            p += 1;
        }
        let mut t = 0;
        while t < several::<B>() && own + t < count {
            let mut r = 0;
            while r < ROWS {
                sums[t][r] *= scale;
                r += 1;
            }
            // Safety: within the weights.
            unsafe { *to.add((own + t) * ROWS).cast::<Each>() = sums[t] };
            t += 1;
        }
    }

    /// Adds `count` rows from `first` on, weighted, to a lane's columns of the sums, those from `column` on.
    #[inline(always)]
    unsafe fn add<B: Block>(
        &self,
        [first, count]: [usize; 2],
        column: usize,
        weights: *const f32,
        seen: impl Fn(usize, usize) -> bool,
        sums: &mut Several,
    ) {
        let (mut kept, mut t) = (*sums, 0);
        while t < count {
            // Safety: within the rows and the weights; columns beyond the head are the last one again, and are not written.
            let (weights, mut c) = (unsafe { *weights.add(t * ROWS).cast::<Each>() }, 0);
            while c < several::<B>() {
                let column = if column + c < self.dim { column + c } else { self.dim - 1 };
                let (x, mut r) = (unsafe { *self.from.add((first + t) * self.stride + column) }, 0);
                while r < ROWS {
                    // What is not seen may be anything, and leaves no trace.
                    let more = B::fma(weights[r], x, kept[c][r]);
                    kept[c][r] = if seen(first + t, r) { more } else { kept[c][r] };
                    r += 1;
                }
                c += 1;
            }
            t += 1;
        }
        *sums = kept;
    }

    /// Writes a lane's columns of the sums, times `scale`, as rows.
    #[inline(always)]
    unsafe fn give<B: Block>(&self, lane: usize, live: usize, scale: f32, sums: &Several, (to, stride): (*mut f32, usize)) {
        let mut i = 0;
        while i < several::<B>() * ROWS {
            let (c, r) = (i / ROWS, i % ROWS);
            let column = lane * several::<B>() + c;
            if r < live && column < self.dim {
                // Safety: a live row, within the head's columns.
                unsafe { *to.add(r * stride + column) = canonical(sums[c][r] * scale) };
            }
            i += 1;
        }
    }
}

#[inline(always)]
fn joined(a: Each, b: Each, join: impl Fn(f32, f32) -> f32) -> Each {
    let (mut c, mut r) = (a, 0);
    while r < ROWS {
        c[r] = join(a[r], b[r]);
        r += 1;
    }
    c
}

#[inline(always)]
const fn least(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

impl Parts {
    fn shape(&self, heads: u32) -> Shape {
        let shared = (3 * LANES + 2 * self.dim as usize) * ROWS * 4;
        let grid = [self.longest.div_ceil(ROWS as u32), heads, self.sequences];
        Shape { grid, lanes: LANES as u32, shared: shared as u32 }
    }

    /// The place of a head of a row, in elements.
    #[inline(always)]
    fn at(&self, matrix: usize, row: usize, head: usize) -> usize {
        row * self.stride(matrix) + head * self.dim as usize
    }

    #[inline(always)]
    fn stride(&self, matrix: usize) -> usize {
        self.strides[matrix] as usize
    }

    /// The first query that sees a key.
    #[inline(always)]
    fn first_seeing(&self, span: &Span, key: usize) -> usize {
        let (queries, keys) = (span.queries as usize, span.keys as usize);
        let before = (key + queries).saturating_sub(keys);
        if self.mask as u32 == Mask::Causal as u32 { before } else { 0 }
    }

    /// How many keys a query sees, by its place in its sequence.
    #[inline(always)]
    fn seen(&self, span: &Span, query: usize) -> usize {
        let (queries, keys) = (span.queries as usize, span.keys as usize);
        if self.mask as u32 == Mask::Causal as u32 { keys + query + 1 - queries } else { keys }
    }
}

impl AttentionQueries {
    /// max s and Σ e of every query, by the trees of the forward pass. Leaves the scores of the last chunk in the weights.
    #[inline(always)]
    unsafe fn totals<B: Block>(
        &self,
        block: &B,
        scores: &Meeting,
        weights: *mut f32,
        (keys, seen): (usize, &[u32; ROWS]),
    ) -> (Each, Each) {
        let scale = self.0.scale;
        let greater = |a: f32, b: f32| if a.is_nan() { NAN } else { math::max(a, b) };
        // Safety: a lane reads back only the weights it wrote itself, or that were written before a sync.
        unsafe {
            let (mut none, mut first) = (block.lanes(()), 0);
            let mut lanes = block.lanes([f32::NEG_INFINITY; ROWS]);
            while first < keys {
                let count = least(keys - first, LANES);
                block.each(&mut none, count.div_ceil(several::<B>()), |lane, ()| {
                    scores.products::<B>([first, count], lane, scale, weights);
                });
                block.each(&mut lanes, count, |t, greatest| {
                    let (scores, mut r) = (*weights.add(t * ROWS).cast::<Each>(), 0);
                    while r < ROWS {
                        let more = greater(greatest[r], scores[r]);
                        greatest[r] = if ((first + t) as u32) < seen[r] { more } else { greatest[r] };
                        r += 1;
                    }
                });
                first += LANES;
            }
            let greatest = tree(block, &mut lanes, |a, b| joined(a, b, greater));
            let mut lanes = block.lanes([0.0; ROWS]);
            first = 0;
            while first < keys {
                let count = least(keys - first, LANES);
                if keys > LANES {
                    block.each(&mut none, count.div_ceil(several::<B>()), |lane, ()| {
                        scores.products::<B>([first, count], lane, scale, weights);
                    });
                }
                block.each(&mut lanes, count, |t, total| {
                    let own = weights.add(t * ROWS).cast::<Each>();
                    let (scores, mut r) = (*own, 0);
                    while r < ROWS {
                        let power = math::exp::<B>(scores[r] - greatest[r]);
                        total[r] += if ((first + t) as u32) < seen[r] { power } else { 0.0 };
                        r += 1;
                    }
                });
                first += LANES;
            }
            (greatest, tree(block, &mut lanes, |a, b| joined(a, b, |a, b| a + b)))
        }
    }

    /// Leaves the statistics of the first `live` queries for the keys, and gives D of each to every lane.
    #[inline(always)]
    unsafe fn leave<B: Block>(
        &self,
        block: &B,
        live: usize,
        [dy, y]: [(*const f32, usize); 2],
        [greatest, totals]: [Each; 2],
        statistics: *mut f32,
        shared: *mut f32,
    ) -> Each {
        let dim = self.0.dim as usize;
        // Safety: within the rows, the statistics and shared memory, which is read after the sync.
        unsafe {
            block.each(&mut block.lanes(()), live, |r, ()| {
                let (mut sum, mut c) = (0.0, 0);
                while c < dim {
                    sum = B::fma(*dy.0.add(r * dy.1 + c), *y.0.add(r * y.1 + c), sum);
                    c += 1;
                }
                let own = statistics.add(r * STATISTICS);
                let (mut most, mut total, mut i) = (0.0, 0.0, 0);
                while i < ROWS {
                    most = if i == r { greatest[i] } else { most };
                    total = if i == r { totals[i] } else { total };
                    i += 1;
                }
                *own = canonical(most);
                *own.add(1) = canonical(total);
                *own.add(2) = canonical(sum);
                *shared.add(r) = sum;
            });
            block.sync();
            *shared.cast::<Each>()
        }
    }
}

impl Kernel for AttentionQueries {
    const NAME: &'static str = "attention_queries";
    fn shape<S: Shapes>(&self) -> Shape {
        self.0.shape(self.0.heads)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let parts = &self.0;
        let [tile, head, sequence] = block.at();
        // Safety: below the number of sequences, and rows as the spans say; a lane reads back only what it wrote itself before the
        // next sync.
        unsafe {
            let span = *parts.spans.add(sequence);
            let first_query = tile * ROWS;
            if first_query >= span.queries as usize {
                return;
            }
            let live = least(span.queries as usize - first_query, ROWS);
            let mut seen = [0; ROWS];
            let mut r = 0;
            while r < ROWS {
                // Queries beyond the end see what the last one sees.
                seen[r] = parts.seen(&span, first_query + if r < live { r } else { live - 1 }) as u32;
                r += 1;
            }
            let (keys, dim) = (seen[ROWS - 1] as usize, parts.dim as usize);
            let (row, row_of_keys) = (span.first_query as usize + first_query, span.first_key as usize);
            let head_of_keys = head / parts.shared_by as usize;
            let weights = block.shared().cast::<f32>().add(LANES * ROWS);
            let slopes = weights.add(LANES * ROWS);
            let tiles = slopes.add(LANES * ROWS);
            let k = parts.k.add(parts.at(1, row_of_keys, head_of_keys));
            let v = parts.v.add(parts.at(2, row_of_keys, head_of_keys));
            let scores = Meeting { tile: tiles, from: k, stride: parts.stride(1), dim };
            let pulls = Meeting { tile: tiles.add(dim * ROWS), from: v, stride: parts.stride(2), dim };
            scores.bring(block, parts.q.add(parts.at(0, row, head)), parts.stride(0), live);
            let dy = parts.dy.add(parts.at(4, row, head));
            pulls.bring(block, dy, parts.stride(4), live);
            block.sync();
            let (greatest, totals) = self.totals(block, &scores, weights, (keys, &seen));
            let y = (parts.y.add(parts.at(3, row, head)), parts.stride(3));
            let statistics = parts.statistics.add((head * parts.rows as usize + row) * STATISTICS);
            let shared = weights.sub(LANES * ROWS);
            let sums_of_dy = self.leave(block, live, [(dy, parts.stride(4)), y], [greatest, totals], statistics, shared);
            let mut none = block.lanes(());
            let lanes = dim.div_ceil(several::<B>());
            let (mut sums, mut first) = (block.lanes([[0.0; ROWS]; 4]), 0);
            while first < keys {
                let count = least(keys - first, LANES);
                block.each(&mut none, count.div_ceil(several::<B>()), |lane, ()| {
                    if keys > LANES {
                        scores.products::<B>([first, count], lane, parts.scale, weights);
                    }
                    pulls.products::<B>([first, count], lane, 1.0, slopes);
                });
                block.each(&mut none, count, |t, ()| {
                    let (scores, own) = (*weights.add(t * ROWS).cast::<Each>(), slopes.add(t * ROWS).cast::<Each>());
                    let (mut slope, mut r) = (*own, 0);
                    while r < ROWS {
                        slope[r] = math::exp::<B>(scores[r] - greatest[r]) / totals[r] * (slope[r] - sums_of_dy[r]);
                        r += 1;
                    }
                    *own = slope;
                });
                block.sync();
                let sees = |key: usize, r: usize| (key as u32) < seen[r];
                block.each(&mut sums, lanes, |lane, sums| {
                    scores.add::<B>([first, count], lane * several::<B>(), slopes, sees, sums);
                });
                block.sync();
                first += LANES;
            }
            let to = (parts.dq.add(parts.at(5, row, head)), parts.stride(5));
            block.each(&mut sums, lanes, |lane, sums| scores.give::<B>(lane, live, parts.scale, sums, to));
        }
    }
}

impl Kernel for AttentionKeys {
    const NAME: &'static str = "attention_keys";
    fn shape<S: Shapes>(&self) -> Shape {
        self.0.shape(self.0.heads / self.0.shared_by)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let parts = &self.0;
        let [tile, head_of_keys, sequence] = block.at();
        // Safety: below the number of sequences, and rows as the spans say; a lane reads back only what it wrote itself before the
        // next sync.
        unsafe {
            let span = *parts.spans.add(sequence);
            let (first_key, queries, dim) = (tile * ROWS, span.queries as usize, parts.dim as usize);
            if first_key >= span.keys as usize {
                return;
            }
            let live = least(span.keys as usize - first_key, ROWS);
            let (row, row_of_keys) = (span.first_query as usize, span.first_key as usize + first_key);
            let weights = block.shared().cast::<f32>();
            let slopes = weights.add(LANES * ROWS);
            let tiles = slopes.add(LANES * ROWS);
            let (lanes, shared_by) = (dim.div_ceil(several::<B>()), parts.shared_by as usize);
            let (mut none, mut turn) = (block.lanes(()), 0);
            let (mut of_keys, mut of_values) = (block.lanes([[0.0; ROWS]; 4]), block.lanes([[0.0; ROWS]; 4]));
            let of = Meeting { tile: tiles, from: parts.q, stride: parts.stride(0), dim };
            let (k, v) =
                (parts.k.add(parts.at(1, row_of_keys, head_of_keys)), parts.v.add(parts.at(2, row_of_keys, head_of_keys)));
            of.bring(block, k, parts.stride(1), live);
            Meeting { tile: tiles.add(dim * ROWS), ..of }.bring(block, v, parts.stride(2), live);
            block.sync();
            while turn < shared_by {
                let head = head_of_keys * shared_by + turn;
                let scores = Meeting { from: parts.q.add(parts.at(0, row, head)), ..of };
                let dy = parts.dy.add(parts.at(4, row, head));
                let pulls = Meeting { tile: tiles.add(dim * ROWS), from: dy, stride: parts.stride(4), dim };
                let statistics = parts.statistics.add((head * parts.rows as usize + row) * STATISTICS);
                let mut first = parts.first_seeing(&span, first_key);
                while first < queries {
                    let count = least(queries - first, LANES);
                    block.each(&mut none, count.div_ceil(several::<B>()), |lane, ()| {
                        scores.products::<B>([first, count], lane, parts.scale, weights);
                        pulls.products::<B>([first, count], lane, 1.0, slopes);
                    });
                    block.each(&mut none, count, |t, ()| {
                        let of_query = statistics.add((first + t) * STATISTICS);
                        let (greatest, total, sum_of_dy) = (*of_query, *of_query.add(1), *of_query.add(2));
                        let (own, own_slopes) = (weights.add(t * ROWS).cast::<Each>(), slopes.add(t * ROWS).cast::<Each>());
                        let (mut weight, mut slope, mut r) = (*own, *own_slopes, 0);
                        while r < ROWS {
                            weight[r] = math::exp::<B>(weight[r] - greatest) / total;
                            slope[r] = weight[r] * (slope[r] - sum_of_dy);
                            r += 1;
                        }
                        *own = weight;
                        *own_slopes = slope;
                    });
                    block.sync();
                    let sees = |query: usize, r: usize| first_key + r < parts.seen(&span, query);
                    block.each(&mut of_keys, lanes, |lane, sums| {
                        scores.add::<B>([first, count], lane * several::<B>(), slopes, sees, sums);
                    });
                    block.each(&mut of_values, lanes, |lane, sums| {
                        pulls.add::<B>([first, count], lane * several::<B>(), weights, sees, sums);
                    });
                    block.sync();
                    first += LANES;
                }
                turn += 1;
            }
            let dk = (parts.dk.add(parts.at(6, row_of_keys, head_of_keys)), parts.stride(6));
            let dv = (parts.dv.add(parts.at(7, row_of_keys, head_of_keys)), parts.stride(7));
            block.each(&mut of_keys, lanes, |lane, sums| of.give::<B>(lane, live, parts.scale, sums, dk));
            block.each(&mut of_values, lanes, |lane, sums| of.give::<B>(lane, live, 1.0, sums, dv));
        }
    }
}
