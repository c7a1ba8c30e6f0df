//! Elementary functions on f32, the same operations on every machine. Errors are against the exact value, found by the tests.
//!
//! Reductions and reconstructions are the standard ones (Muller, "Elementary Functions", 3rd ed., 11.2 and 11.4; fdlibm's
//! `e_log.c` for the form of the logarithm); the polynomials are the Taylor series, cut where the remainder is far below half a
//! unit in the last place.

use crate::Arithmetic;

const LOG2_E: f32 = core::f32::consts::LOG2_E;
/// ln 2 in two parts; the first has 15 bits, so that its product with an exponent is exact.
const LN_2: [f32; 2] = [0.693_145_75, 1.428_606_8e-6];
/// Adding and subtracting it rounds to the nearest integer, ties to even: 1.5 · 2^23.
const ROUNDER: f32 = 12_582_912.0;

/// 2^n for −126 ≤ n ≤ 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// x = n·ln 2 + r with |r| ≤ ln 2 / 2, for |x| below 2^15; gives n and the series (e^r − 1) / r.
#[inline(always)]
fn reduced<A: Arithmetic>(x: f32) -> (i32, f32, f32) {
    let rounded = A::fma(x, LOG2_E, ROUNDER);
    let n = rounded.to_bits() as i32 - ROUNDER.to_bits() as i32;
    let whole = rounded - ROUNDER;
    let r = A::fma(-whole, LN_2[1], A::fma(-whole, LN_2[0], x));
    let mut p = 1.0 / 5040.0;
    p = A::fma(p, r, 1.0 / 720.0);
    p = A::fma(p, r, 1.0 / 120.0);
    p = A::fma(p, r, 1.0 / 24.0);
    p = A::fma(p, r, 1.0 / 6.0);
    p = A::fma(p, r, 0.5);
    p = A::fma(p, r, 1.0);
    (n, r, p)
}

/// The same as `x`, held within ±`bound`; a NaN becomes a bound, so that what follows stays in range.
#[inline(always)]
fn held(x: f32, bound: f32) -> f32 {
    let low = if x > -bound { x } else { -bound };
    if low < bound { low } else { bound }
}

/// e^x, within 1 ulp where the result is normal and 1.5 where it is subnormal.
#[inline(always)]
pub fn exp<A: Arithmetic>(x: f32) -> f32 {
    let (n, r, p) = reduced::<A>(held(x, 110.0));
    // In two steps, since 2^n itself may be out of range.
    let half = n >> 1;
    let value = A::fma(r, p, 1.0) * power_of_two(half) * power_of_two(n - half);
    let value = if x > 89.0 { f32::INFINITY } else { value };
    let value = if x < -105.0 { 0.0 } else { value };
    if x.is_nan() { x } else { value }
}

/// e^x − 1 for |x| ≤ 40, within 2 ulp.
#[inline(always)]
fn exp_minus_1<A: Arithmetic>(x: f32) -> f32 {
    let (n, r, p) = reduced::<A>(x);
    let scale = power_of_two(n);
    A::fma(scale, r * p, scale - 1.0)
}

/// ln x, within 1 ulp; −∞ at ±0, NaN below.
#[inline(always)]
pub fn log<A: Arithmetic>(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let bits = (if subnormal { x * 8_388_608.0 } else { x }).to_bits();
    // m between sqrt(1/2) and sqrt(2), x = m·2^n.
    let moved = bits.wrapping_sub(0x3f35_04f3);
    let n = ((moved as i32) >> 23) - if subnormal { 23 } else { 0 };
    let f = f32::from_bits((moved & 0x007f_ffff) + 0x3f35_04f3) - 1.0;
    // ln(1 + f) = f − f²/2 + s·(f²/2 + R), s = f / (2 + f), R the rest of the series of 2·artanh s.
    let s = f / (2.0 + f);
    let z = s * s;
    let mut p = 2.0 / 11.0;
    p = A::fma(p, z, 2.0 / 9.0);
    p = A::fma(p, z, 2.0 / 7.0);
    p = A::fma(p, z, 2.0 / 5.0);
    p = A::fma(p, z, 2.0 / 3.0);
    let half = 0.5 * f * f;
    let whole = n as f32;
    let value = A::fma(s, A::fma(p, z, half), whole * LN_2[1]) - half;
    let value = A::fma(whole, LN_2[0], value + f);
    let value = if x == f32::INFINITY { x } else { value };
    let value = if x == 0.0 { f32::NEG_INFINITY } else { value };
    if x < 0.0 || x.is_nan() { crate::NAN } else { value }
}

/// tanh x = (e^2x − 1) / (e^2x + 1), within 4 ulp.
#[inline(always)]
pub fn tanh<A: Arithmetic>(x: f32) -> f32 {
    let e = exp_minus_1::<A>(held(x + x, 36.0));
    let value = e / (e + 2.0);
    // Below this the function is its argument; a zero keeps its sign.
    let value = if x < 1e-4 && x > -1e-4 { x } else { value };
    if x.is_nan() { x } else { value }
}

/// x held above −1000, where x·σ(x) is zero already: −∞ would become NaN.
#[inline(always)]
fn above(x: f32) -> f32 {
    if x < -1000.0 { -1000.0 } else { x }
}

/// 1 / (1 + e^−x), within 3 ulp where the result is normal.
#[inline(always)]
pub fn sigmoid<A: Arithmetic>(x: f32) -> f32 {
    1.0 / (1.0 + exp::<A>(-x))
}

/// x·σ(x): the sigmoid linear unit (Elfwing et al. 2017, arXiv:1702.03118), within 3 ulp where the result is normal.
#[inline(always)]
pub fn silu<A: Arithmetic>(x: f32) -> f32 {
    let x = above(x);
    x / (1.0 + exp::<A>(-x))
}

/// ½x(1 + tanh(√(2/π)(x + 0.044715x³))), the tanh form of GELU (Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2), computed
/// as the equal x·σ(2u), which cancels nothing. Its relative error grows as 2|u|·2^-23, the error of the exponent: below 2^-17
/// for x ≥ −5.
#[inline(always)]
pub fn gelu<A: Arithmetic>(x: f32) -> f32 {
    let x = above(x);
    const TWICE: f32 = 1.595_769_2;
    let u = TWICE * A::fma(0.044_715 * x * x, x, x);
    x / (1.0 + exp::<A>(-u))
}

/// erfc(z) / 2 for z ≥ 0: ½·t·exp(−z² + P(t)) with t = 1 / (1 + z/2) and the Chebyshev fit P of Press et al., "Numerical Recipes
/// in C", 2nd ed., section 6.2, `erfcc`, whose relative error is below 1.2e-7.
#[inline(always)]
fn half_erfc<A: Arithmetic>(z: f32) -> f32 {
    let t = 1.0 / A::fma(0.5, z, 1.0);
    let mut p = 0.170_872_77;
    p = A::fma(p, t, -0.822_152_2);
    p = A::fma(p, t, 1.488_515_9);
    p = A::fma(p, t, -1.135_204);
    p = A::fma(p, t, 0.278_868_07);
    p = A::fma(p, t, -0.186_288_06);
    p = A::fma(p, t, 0.096_784_18);
    p = A::fma(p, t, 0.374_091_96);
    p = A::fma(p, t, 1.000_023_7);
    p = A::fma(p, t, -1.265_512_2);
    0.5 * t * exp::<A>(A::fma(-z, z, p))
}

/// x·Φ(x) = x·erfc(−x/√2)/2, GELU itself (arXiv:1606.08415, section 2); within 2^-22 of the greater of |x| and the result, and
/// within 2^-16 of the result for x ≥ −5.
#[inline(always)]
pub fn gelu_erf<A: Arithmetic>(x: f32) -> f32 {
    let x = above(x);
    let size = f32::from_bits(x.to_bits() & 0x7fff_ffff);
    let tail = half_erfc::<A>(size * core::f32::consts::FRAC_1_SQRT_2);
    let value = if x < 0.0 { x * tail } else { A::fma(-x, tail, x) };
    if x > 20.0 { x } else { value }
}

/// x within ±1000, where every sigmoid has come to its end; NaN stays.
#[inline(always)]
fn bounded(x: f32) -> f32 {
    if x.is_nan() { x } else { held(x, 1000.0) }
}

/// The slope of max(x, 0): 1 above 0, and 0 elsewhere, the kink included.
#[inline(always)]
pub fn relu_slope(x: f32) -> f32 {
    let flat = if x.is_nan() { x } else { 0.0 };
    if x > 0.0 { 1.0 } else { flat }
}

/// The slope of [`silu`]: σ(x)·(1 + x·(1 − σ(x))).
#[inline(always)]
pub fn silu_slope<A: Arithmetic>(x: f32) -> f32 {
    let x = bounded(x);
    let y = sigmoid::<A>(x);
    y * A::fma(x, 1.0 - y, 1.0)
}

/// The slope of [`gelu`]: σ + x·σ·(1 − σ)·2√(2/π)(1 + 3·0.044715x²), with σ = σ(2u).
#[inline(always)]
pub fn gelu_slope<A: Arithmetic>(x: f32) -> f32 {
    let x = bounded(x);
    const TWICE: f32 = 1.595_769_2;
    let y = sigmoid::<A>(TWICE * A::fma(0.044_715 * x * x, x, x));
    let inner = TWICE * A::fma(3.0 * 0.044_715 * x, x, 1.0);
    A::fma(x * inner, y * (1.0 - y), y)
}

/// The slope of [`gelu_erf`]: Φ(x) + x·φ(x), φ(x) = e^(−x²/2) / √(2π).
#[inline(always)]
pub fn gelu_erf_slope<A: Arithmetic>(x: f32) -> f32 {
    let x = bounded(x);
    let size = f32::from_bits(x.to_bits() & 0x7fff_ffff);
    let tail = half_erfc::<A>(size * core::f32::consts::FRAC_1_SQRT_2);
    let whole = if x < 0.0 { tail } else { 1.0 - tail };
    A::fma(x * 0.398_942_3, exp::<A>(-0.5 * x * x), whole)
}

/// The greater; NaN if either is.
#[inline(always)]
pub fn max(a: f32, b: f32) -> f32 {
    if b > a || b.is_nan() { b } else { a }
}

/// A key that orders floats as integers: −∞ first, −0 before +0, NaN last.
#[inline(always)]
pub fn order(x: f32) -> u32 {
    let bits = crate::canonical(x).to_bits();
    bits ^ (((bits as i32) >> 31) as u32 | 0x8000_0000)
}
