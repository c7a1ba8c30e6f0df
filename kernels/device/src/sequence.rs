//! What models do with rows of tokens: look them up, turn them by their place, move them, and take their mean.

use crate::attention::Span;
use crate::reduce::stride;
use crate::tile::Shapes;
use crate::{Block, Kernel, LANES, NAN, Shape, canonical};

/// `y[i] = table[indices[i]]`, bits as they are; NaN where an index lies beyond the table.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Gather {
    /// `entries` × `columns`.
    pub table: *const f32,
    /// `rows` indices.
    pub indices: *const u32,
    /// `rows` × `columns`.
    pub y: *mut f32,
    /// Rows of the table.
    pub entries: u32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
}

/// Which way heads turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Turn {
    /// As their place says.
    Forth = 0,
    /// The other way.
    Back = 1,
}

/// Rotary position embedding (Su et al. 2021, arXiv:2104.09864, equation 34, with the halves of a head as the two coordinates,
/// as Llama and GPT-NeoX have it): for i < dim / 2, with cosine c and sine s of the row's place,
///
/// `y[i] = fma(x[i], c, −(x[i + dim/2]·s))`, `y[i + dim/2] = fma(x[i + dim/2], c, x[i]·s)`.
///
/// Backwards sines change their sign: the gradient of a turn is the turn back. A place beyond the table makes NaN.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Rotary {
    /// Rows of `heads` × `dim` numbers.
    pub x: *const f32,
    /// As x.
    pub y: *mut f32,
    /// `entries` rows of dim / 2 cosines and dim / 2 sines.
    pub table: *const f32,
    /// The place of every row.
    pub places: *const u32,
    /// From row to row of x and y, in elements.
    pub strides: [u32; 2],
    /// Rows of the table.
    pub entries: u32,
    /// Rows.
    pub rows: u32,
    /// Heads.
    pub heads: u32,
    /// Columns of a head, even.
    pub dim: u32,
    /// Which way.
    pub turn: Turn,
}

/// Moves rows: `y[i][c] = x[i][c]` for c < `columns`, bits as they are.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Place {
    /// `rows` rows.
    pub x: *const f32,
    /// `rows` rows.
    pub y: *mut f32,
    /// From row to row of x and y, in elements.
    pub strides: [u32; 2],
    /// Rows.
    pub rows: u32,
    /// Columns moved.
    pub columns: u32,
}

/// The mean of every sequence's rows: `y[s][c] = Σ x[i][c] / n` in ascending i from +0. Of no rows, NaN.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Mean {
    /// Rows of `columns` numbers.
    pub x: *const f32,
    /// `sequences` × `columns`.
    pub y: *mut f32,
    /// `sequences` of them; the rows are the queries'.
    pub spans: *const Span,
    /// Sequences.
    pub sequences: u32,
    /// Columns.
    pub columns: u32,
}

/// Backwards through [`Mean`]: `dx[i][c] = dy[s][c] / n` for the n rows i of sequence s. Rows of no sequence stay as they are.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct MeanBackward {
    /// `sequences` × `columns`.
    pub dy: *const f32,
    /// Rows of `columns` numbers.
    pub dx: *mut f32,
    /// `sequences` of them; the rows are the queries'.
    pub spans: *const Span,
    /// Sequences.
    pub sequences: u32,
    /// Columns.
    pub columns: u32,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for Gather {}
unsafe impl Sync for Gather {}
unsafe impl Send for Rotary {}
unsafe impl Sync for Rotary {}
unsafe impl Send for Place {}
unsafe impl Sync for Place {}
unsafe impl Send for Mean {}
unsafe impl Sync for Mean {}
unsafe impl Send for MeanBackward {}
unsafe impl Sync for MeanBackward {}

fn over(rows: u32) -> Shape {
    Shape { shared: 0, ..Shape::rows(rows as usize) }
}

impl Kernel for Gather {
    const NAME: &'static str = "gather";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.rows)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (row, n) = (block.at()[0], self.columns as usize);
        // Safety: the row lies within y, and the entry within the table where it is read.
        unsafe {
            let (index, y) = (*self.indices.add(row), self.y.add(row * n));
            let table = self.table;
            let inside = index < self.entries;
            stride(block, n, &mut block.lanes(()), |i, ()| {
                *y.add(i) = if inside { *table.add(index as usize * n + i) } else { NAN };
            });
        }
    }
}

impl Kernel for Rotary {
    const NAME: &'static str = "rotary";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.rows)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (row, dim, half) = (block.at()[0], self.dim as usize, self.dim as usize / 2);
        // Safety: the row's heads lie within x and y, and the entry within the table where it is read.
        unsafe {
            let (x, y) = (self.x.add(row * self.strides[0] as usize), self.y.add(row * self.strides[1] as usize));
            let place = *self.places.add(row);
            let (inside, entry) = (place < self.entries, self.table.add(place as usize * dim));
            let back = self.turn as u32 == Turn::Back as u32;
            let mut lanes = block.lanes(());
            let mut head = 0;
            while head < self.heads as usize {
                stride(block, half, &mut lanes, |i, ()| {
                    let (cosine, sine) = if inside { (*entry.add(i), *entry.add(half + i)) } else { (NAN, NAN) };
                    let sine = if back { -sine } else { sine };
                    let (a, b) = (*x.add(head * dim + i), *x.add(head * dim + half + i));
                    *y.add(head * dim + i) = canonical(B::fma(a, cosine, -(b * sine)));
                    *y.add(head * dim + half + i) = canonical(B::fma(b, cosine, a * sine));
                });
                head += 1;
            }
        }
    }
}

impl Kernel for Place {
    const NAME: &'static str = "place";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.rows)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let row = block.at()[0];
        // Safety: the row lies within x and y.
        unsafe {
            let (x, y) = (self.x.add(row * self.strides[0] as usize), self.y.add(row * self.strides[1] as usize));
            stride(block, self.columns as usize, &mut block.lanes(()), |i, ()| *y.add(i) = *x.add(i));
        }
    }
}

impl Kernel for Mean {
    const NAME: &'static str = "mean";
    fn shape<S: Shapes>(&self) -> Shape {
        let grid = [self.columns.div_ceil(LANES as u32), self.sequences, 1];
        Shape { grid, ..over(1) }
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let [part, sequence, _] = block.at();
        let (first, n) = (part * LANES, self.columns as usize);
        // Safety: columns from the first on lie within every row of the span.
        unsafe {
            let span = *self.spans.add(sequence);
            let rows = span.queries as usize;
            let (x, y) = (self.x.add(span.first_query as usize * n + first), self.y.add(sequence * n + first));
            let mut sums = block.lanes(0.0);
            let mut row = 0;
            while row < rows {
                block.each(&mut sums, n - first, |t, sum| *sum += *x.add(row * n + t));
                row += 1;
            }
            block.each(&mut sums, n - first, |t, sum| *y.add(t) = canonical(*sum / rows as f32));
        }
    }
}

impl Kernel for MeanBackward {
    const NAME: &'static str = "mean_backward";
    fn shape<S: Shapes>(&self) -> Shape {
        let grid = [self.columns.div_ceil(LANES as u32), self.sequences, 1];
        Shape { grid, ..over(1) }
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let [part, sequence, _] = block.at();
        let (first, n) = (part * LANES, self.columns as usize);
        // Safety: columns from the first on lie within every row of the span.
        unsafe {
            let span = *self.spans.add(sequence);
            let rows = span.queries as usize;
            let (dy, dx) = (self.dy.add(sequence * n + first), self.dx.add(span.first_query as usize * n + first));
            let (mut lanes, mut row) = (block.lanes(()), 0);
            while row < rows {
                block.each(&mut lanes, n - first, |t, ()| *dx.add(row * n + t) = canonical(*dy.add(t) / rows as f32));
                row += 1;
            }
        }
    }
}
