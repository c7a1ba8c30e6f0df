//! What a machine must know to multiply tiles: the shape of its tile, how operands lie in shared memory, and the product itself.

/// The shape of a machine's tile and of the operands in shared memory, counted in words. A word holds `depth` elements along k.
///
/// Word (i, k) of A lies at `i / a_panel * a_panel_stride + k * a_stride + i % a_panel`, and B alike by columns.
#[derive(Clone, Copy, Debug)]
pub struct TileShape {
    /// Rows of the tile.
    pub rows: usize,
    /// Columns of the tile.
    pub columns: usize,
    /// Words along k.
    pub words: usize,
    /// Elements in a word.
    pub depth: usize,
    /// Bytes of a word.
    pub word_bytes: usize,
    /// Lanes of the block.
    pub lanes: usize,
    /// Rows of A that lie together.
    pub a_panel: usize,
    /// Distance of words along k in A.
    pub a_stride: usize,
    /// Distance of panels in A.
    pub a_panel_stride: usize,
    /// Columns of B that lie together.
    pub b_panel: usize,
    /// Distance of words along k in B.
    pub b_stride: usize,
    /// Distance of panels in B.
    pub b_panel_stride: usize,
}

impl TileShape {
    /// Words of A's tile, rounded up so that B begins at a multiple of 64 bytes.
    #[inline]
    pub const fn a_words(&self) -> usize {
        let (a, b) = (self.rows.div_ceil(self.a_panel) * self.a_panel_stride, self.words * self.a_stride);
        (if a > b { a } else { b }).next_multiple_of(16)
    }
    /// Words of both tiles.
    #[inline]
    pub const fn all_words(&self) -> usize {
        let (a, b) = (self.columns.div_ceil(self.b_panel) * self.b_panel_stride, self.words * self.b_stride);
        self.a_words() + if a > b { a } else { b }
    }
}

/// The tile shapes of a machine.
pub trait Shapes {
    /// For f32.
    const F32: TileShape;
    /// For i8.
    const I8: TileShape;
}

/// The tile shapes of the PTX in this repository.
pub struct GpuShapes;

impl Shapes for GpuShapes {
    // 256 threads of 8 × 8 sums. The strides of 132 words keep a warp's stores to shared memory in different banks.
    const F32: TileShape = TileShape {
        rows: 128,
        columns: 128,
        words: 16,
        depth: 1,
        word_bytes: 4,
        lanes: 256,
        a_panel: 128,
        a_stride: 132,
        a_panel_stride: 0,
        b_panel: 128,
        b_stride: 132,
        b_panel_stride: 0,
    };
    // 8 warps of 64 × 32 sums. A stride of 20 words puts the 32 words of a fragment into 32 different banks.
    const I8: TileShape = TileShape {
        rows: 128,
        columns: 128,
        words: 16,
        depth: 4,
        word_bytes: 4,
        lanes: 256,
        a_panel: 1,
        a_stride: 1,
        a_panel_stride: 20,
        b_panel: 1,
        b_stride: 1,
        b_panel_stride: 20,
    };
}

/// The product of two tiles in shared memory, added to sums that a lane keeps.
pub trait Tile {
    /// Its shape.
    const SHAPE: TileShape;
    /// An element of the operands.
    type In: Copy;
    /// [`TileShape::depth`] elements.
    type Word: Copy;
    /// An element of the product.
    type Out: Copy;
    /// The sums of a lane.
    type Sums: Copy;

    /// Nothing summed yet.
    fn zero() -> Self::Sums;
    /// The element that adds nothing.
    fn nothing() -> Self::In;
    /// A word of the elements that `get` gives.
    fn word(get: impl Fn(usize) -> Self::In) -> Self::Word;
    /// Brings the words of one panel of B at one place along k into shared memory, from rows of `n` elements.
    ///
    /// # Safety
    /// The panel lies within the matrix, and `to` has room for it.
    #[inline(always)]
    unsafe fn line(to: *mut Self::Word, from: *const Self::In, n: usize) {
        let mut j = 0;
        while j < Self::SHAPE.b_panel {
            // Safety: the caller's promise.
            unsafe { *to.add(j) = Self::word(|e| *from.add(e * n + j)) };
            j += 1;
        }
    }
    /// Brings `words` words of one panel of A into shared memory, from rows of `k` elements.
    ///
    /// # Safety
    /// The panel and the words lie within the matrix, and `to` has room for them.
    #[inline(always)]
    unsafe fn panel(to: *mut Self::Word, from: *const Self::In, k: usize, words: usize) {
        let mut word = 0;
        while word < words {
            let mut i = 0;
            while i < Self::SHAPE.a_panel {
                // Safety: the caller's promise.
                unsafe {
                    let at = from.add(i * k + word * Self::SHAPE.depth);
                    *to.add(word * Self::SHAPE.a_stride + i) = Self::word(|e| *at.add(e));
                }
                i += 1;
            }
            word += 1;
        }
    }
    /// Adds the product of the tiles: `words` words along k, of which rows and columns up to `live` matter. All lanes take part.
    ///
    /// # Safety
    /// `a` and `b` lie in shared memory as [`SHAPE`](Self::SHAPE) says.
    unsafe fn multiply(
        lane: usize,
        sums: &mut Self::Sums,
        a: *const Self::Word,
        b: *const Self::Word,
        words: usize,
        live: [usize; 2],
    );
    /// Gives every sum of a lane with its row and column within the tile.
    fn give(lane: usize, sums: &Self::Sums, f: impl FnMut(usize, usize, Self::Out));
}
