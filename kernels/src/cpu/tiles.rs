//! Tiles on the CPU: operands packed in panels, sums held in registers while k runs (Goto and van de Geijn, "Anatomy of High-
//! Performance Matrix Multiplication", ACM TOMS 2008; here the sums of a block are carried through memory between stretches of
//! k).

use plasma_kernels_device::tile::{Tile, TileShape};
use std::marker::PhantomData;

/// A processor's vectors.
pub trait Vectors: 'static {
    /// How it multiplies tiles of f32.
    type F32: Tile<In = f32, Out = f32>;
    /// How it multiplies tiles of i8.
    type I8: Tile<In = i8, Out = i32>;
    /// `a * b + c`, rounded once.
    fn fma(a: f32, b: f32, c: f32) -> f32;
}

/// No vectors.
pub struct Plain;
/// AVX2 and FMA.
pub struct Avx2;
/// AVX-512.
pub struct Avx512;

impl Vectors for Plain {
    type F32 = Panels<[f32; 4], 4, 2>;
    type I8 = Panels<[i32; 4], 4, 2>;
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        libm::fmaf(a, b, c)
    }
}

#[cfg(target_arch = "x86_64")]
impl Vectors for Avx2 {
    type F32 = Panels<x86::F32x8, 6, 2>;
    type I8 = Panels<x86::I32x8, 6, 2>;
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

#[cfg(target_arch = "x86_64")]
impl Vectors for Avx512 {
    type F32 = Panels<x86::F32x16, 12, 2>;
    type I8 = Panels<x86::I32x16, 12, 2>;
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

// Elsewhere these exist, so that one source compiles, and are never present.
#[cfg(not(target_arch = "x86_64"))]
impl Vectors for Avx2 {
    type F32 = <Plain as Vectors>::F32;
    type I8 = <Plain as Vectors>::I8;
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        Plain::fma(a, b, c)
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Vectors for Avx512 {
    type F32 = <Plain as Vectors>::F32;
    type I8 = <Plain as Vectors>::I8;
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        Plain::fma(a, b, c)
    }
}

/// A vector of sums.
pub trait Vector: Copy + 'static {
    /// An element of the operands.
    type In: Copy;
    /// The elements along k that one step multiplies.
    type Word: Copy;
    /// A sum.
    type Out: Copy;
    /// As many words as the vector has sums.
    type Words: Copy;
    /// Sums in the vector.
    const LEN: usize;
    /// Elements in a word.
    const DEPTH: usize;
    /// Nothing summed.
    fn zero() -> Self;
    /// The element that adds nothing.
    fn nothing() -> Self::In;
    /// A word of elements.
    fn word(get: impl Fn(usize) -> Self::In) -> Self::Word;
    /// Words side by side, from the element that `get` gives for a word and a place in it.
    fn words(get: impl Fn(usize, usize) -> Self::In) -> Self::Words;
    /// Adds the products of one word of A with words of B that lie together.
    ///
    /// # Safety
    /// `b` is aligned and [`LEN`](Self::LEN) words long.
    unsafe fn add(self, a: Self::Word, b: *const Self::Word) -> Self;
    /// One sum.
    fn get(&self, i: usize) -> Self::Out;
}

impl Vector for [f32; 4] {
    type In = f32;
    type Word = f32;
    type Out = f32;
    type Words = [f32; 4];
    const LEN: usize = 4;
    const DEPTH: usize = 1;
    fn zero() -> Self {
        [0.0; 4]
    }
    fn nothing() -> f32 {
        0.0
    }
    fn word(get: impl Fn(usize) -> f32) -> f32 {
        get(0)
    }
    fn words(get: impl Fn(usize, usize) -> f32) -> [f32; 4] {
        std::array::from_fn(|j| get(j, 0))
    }
    unsafe fn add(self, a: f32, b: *const f32) -> Self {
        std::array::from_fn(|i| libm::fmaf(a, unsafe { *b.add(i) }, self[i]))
    }
    fn get(&self, i: usize) -> f32 {
        self[i]
    }
}

impl Vector for [i32; 4] {
    type In = i8;
    type Word = i8;
    type Out = i32;
    type Words = [i8; 4];
    const LEN: usize = 4;
    const DEPTH: usize = 1;
    fn zero() -> Self {
        [0; 4]
    }
    fn nothing() -> i8 {
        0
    }
    fn word(get: impl Fn(usize) -> i8) -> i8 {
        get(0)
    }
    fn words(get: impl Fn(usize, usize) -> i8) -> [i8; 4] {
        std::array::from_fn(|j| get(j, 0))
    }
    unsafe fn add(self, a: i8, b: *const i8) -> Self {
        std::array::from_fn(|i| self[i].wrapping_add(i32::from(a) * i32::from(unsafe { *b.add(i) })))
    }
    fn get(&self, i: usize) -> i32 {
        self[i]
    }
}

/// Rows × columns of lanes in a block, and words along k: A's and B's panels and the sums stay in a second-level
/// cache of 1 MiB, one panel of B in the first.
const LANES: [usize; 2] = [12, 16];
const WORDS: usize = 224;

/// Tiles of lanes that each keep `ROWS` × `WIDE` vectors of sums.
pub struct Panels<V, const ROWS: usize, const WIDE: usize>(PhantomData<V>);

impl<V: Vector, const ROWS: usize, const WIDE: usize> Tile for Panels<V, ROWS, WIDE> {
    const SHAPE: TileShape = TileShape {
        rows: LANES[0] * ROWS,
        columns: LANES[1] * WIDE * V::LEN,
        words: WORDS,
        depth: V::DEPTH,
        word_bytes: size_of::<V::Word>(),
        lanes: LANES[0] * LANES[1],
        a_panel: ROWS,
        a_stride: ROWS,
        a_panel_stride: ROWS * WORDS,
        b_panel: WIDE * V::LEN,
        b_stride: WIDE * V::LEN,
        b_panel_stride: WIDE * V::LEN * WORDS,
    };
    type In = V::In;
    type Word = V::Word;
    type Out = V::Out;
    type Sums = [[V; WIDE]; ROWS];

    #[inline(always)]
    fn zero() -> Self::Sums {
        [[V::zero(); WIDE]; ROWS]
    }
    #[inline(always)]
    fn nothing() -> V::In {
        V::nothing()
    }
    #[inline(always)]
    fn word(get: impl Fn(usize) -> V::In) -> V::Word {
        V::word(get)
    }
    #[inline(always)]
    unsafe fn line(to: *mut V::Word, from: *const V::In, n: usize) {
        // All is read before any is written, or the compiler fears that they overlap and goes one by one.
        for wide in 0..WIDE {
            let at = unsafe { from.add(wide * V::LEN) };
            let words = V::words(|j, e| unsafe { *at.add(e * n + j) });
            unsafe { to.add(wide * V::LEN).cast::<V::Words>().write_unaligned(words) };
        }
    }
    #[inline(always)]
    unsafe fn panel(to: *mut V::Word, from: *const V::In, k: usize, words: usize) {
        let read = |i: usize, word: usize| V::word(|e| unsafe { *from.add(i * k + word * V::DEPTH + e) });
        let (squares, four) = (ROWS / 4, words / 4 * 4);
        for first in (0..four).step_by(4) {
            for square in 0..squares {
                // Sixteen words are read before any is written, which makes the turn a matter of registers.
                let turned: [[V::Word; 4]; 4] = std::array::from_fn(|w| std::array::from_fn(|i| read(4 * square + i, first + w)));
                for (w, line) in turned.into_iter().enumerate() {
                    unsafe { to.add((first + w) * ROWS + 4 * square).cast::<[V::Word; 4]>().write_unaligned(line) };
                }
            }
            for i in 4 * squares..ROWS {
                (0..4).for_each(|w| unsafe { *to.add((first + w) * ROWS + i) = read(i, first + w) });
            }
        }
        for word in four..words {
            (0..ROWS).for_each(|i| unsafe { *to.add(word * ROWS + i) = read(i, word) });
        }
    }
    #[inline(always)]
    unsafe fn multiply(lane: usize, sums: &mut Self::Sums, a: *const V::Word, b: *const V::Word, words: usize, live: [usize; 2]) {
        let (row, column) = (lane % LANES[0], lane / LANES[0]);
        if row * ROWS >= live[0] || column * WIDE * V::LEN >= live[1] {
            return;
        }
        let mut kept = *sums;
        // Safety: within the tiles. Panels of B begin at multiples of a vector.
        unsafe {
            let mut a = a.add(row * Self::SHAPE.a_panel_stride);
            let mut b = b.add(column * Self::SHAPE.b_panel_stride);
            for _ in 0..words {
                for (i, row) in kept.iter_mut().enumerate() {
                    let left = *a.add(i);
                    for (j, sum) in row.iter_mut().enumerate() {
                        *sum = sum.add(left, b.add(j * V::LEN));
                    }
                }
                a = a.add(ROWS);
                b = b.add(WIDE * V::LEN);
            }
        }
        *sums = kept;
    }
    #[inline(always)]
    fn give(lane: usize, sums: &Self::Sums, mut f: impl FnMut(usize, usize, V::Out)) {
        let (row, column) = (lane % LANES[0] * ROWS, lane / LANES[0] * WIDE * V::LEN);
        for (i, sums) in sums.iter().enumerate() {
            for (j, sum) in sums.iter().enumerate() {
                // A copy, so that nothing written changes what is still to be read.
                let sum = *sum;
                for e in 0..V::LEN {
                    f(row + i, column + j * V::LEN + e, sum.get(e));
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! Vectors of x86. Their methods are inlined into functions that have the features; nobody else calls them.

    use super::Vector;
    use std::arch::x86_64::*;

    macro_rules! vectors {
        ($($name:ident($inner:ty, $len:literal, $in:ty, $word:ty, $out:ty, $depth:literal):
            zero $zero:expr, word $make:expr, add $add:expr;)*) => {$(
            #[derive(Clone, Copy)]
            #[repr(transparent)]
            pub struct $name($inner);

            impl Vector for $name {
                type In = $in;
                type Word = $word;
                type Out = $out;
                type Words = [$word; $len];
                const LEN: usize = $len;
                const DEPTH: usize = $depth;
                #[inline(always)]
                fn zero() -> Self {
                    Self(unsafe { $zero })
                }
                #[inline(always)]
                fn nothing() -> $in {
                    Default::default()
                }
                #[inline(always)]
                fn word(get: impl Fn(usize) -> $in) -> $word {
                    $make(get)
                }
                #[inline(always)]
                fn words(get: impl Fn(usize, usize) -> $in) -> [$word; $len] {
                    std::array::from_fn(|j| $make(|e| get(j, e)))
                }
                #[inline(always)]
                unsafe fn add(self, a: $word, b: *const $word) -> Self {
                    Self(unsafe { $add(self.0, a, b) })
                }
                #[inline(always)]
                fn get(&self, i: usize) -> $out {
                    // Safety: a vector is its elements.
                    unsafe { *(&raw const self.0).cast::<$out>().add(i) }
                }
            }
        )*};
    }

    /// Two elements along k, widened: what the multiply-add of pairs takes.
    #[inline(always)]
    fn pair(get: impl Fn(usize) -> i8) -> i32 {
        i32::from(get(0)) & 0xffff | i32::from(get(1)) << 16
    }

    vectors! {
        F32x8(__m256, 8, f32, f32, f32, 1):
            zero _mm256_setzero_ps(),
            word one,
            add |sum, a, b| _mm256_fmadd_ps(_mm256_set1_ps(a), _mm256_load_ps(b), sum);
        F32x16(__m512, 16, f32, f32, f32, 1):
            zero _mm512_setzero_ps(),
            word one,
            add |sum, a, b| _mm512_fmadd_ps(_mm512_set1_ps(a), _mm512_load_ps(b), sum);
        I32x8(__m256i, 8, i8, i32, i32, 2):
            zero _mm256_setzero_si256(),
            word pair,
            add |sum, a, b: *const i32| {
                _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_set1_epi32(a), _mm256_load_si256(b.cast())))
            };
        I32x16(__m512i, 16, i8, i32, i32, 2):
            zero _mm512_setzero_si512(),
            word pair,
            add |sum, a, b: *const i32| _mm512_dpwssd_epi32(sum, _mm512_set1_epi32(a), _mm512_load_si512(b.cast()));
    }

    #[inline(always)]
    fn one(get: impl Fn(usize) -> f32) -> f32 {
        get(0)
    }
}
