//! Against exact references: f64, integers, and published answers.

use plasma_kernels::Device;
use plasma_kernels::kernel::challenge::chacha;
use plasma_kernels::kernel::map::Unary;
use plasma_kernels::kernel::random::philox;
use plasma_kernels::kernel::reduce::Reduction;
use plasma_kernels::suite::{SPECIAL, integers, numbers};
use proptest::prelude::*;

const NEVER: usize = usize::MAX;

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

/// The error in units of the last place of the exact value, subnormal spacing included.
fn ulps(found: f32, exact: f64) -> f64 {
    if exact.is_nan() || found.is_nan() {
        return if exact.is_nan() && found.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let rounded = exact as f32;
    if rounded.is_infinite() || found.is_infinite() {
        return if found == rounded { 0.0 } else { f64::INFINITY };
    }
    let exponent = ((rounded.abs().max(f32::MIN_POSITIVE).to_bits() >> 23) as i32) - 127;
    (f64::from(found) - exact).abs() / 2f64.powi(exponent - 23)
}

/// A million floats spread over all bit patterns, and as many over the usual range.
fn arguments() -> Vec<f32> {
    let all = (0..1u32 << 20).map(|i| f32::from_bits(i.wrapping_mul(4099).wrapping_add(i >> 3)));
    let usual = (0..1u32 << 20).map(|i| (i as f32 / 524_288.0 - 1.0) * 110.0);
    let near_one = (0..1u32 << 16).map(|i| f32::from_bits(0x3f80_0000 - 0x8000 + i));
    all.chain(usual).chain(near_one).chain(SPECIAL).collect()
}

fn worst(function: Unary, exact: impl Fn(f64) -> f64, within: impl Fn(f64) -> bool) -> f64 {
    let device = cpu();
    let x = arguments();
    let mut y = device.alloc(x.len()).unwrap();
    device.map(function, &device.upload(&x).unwrap(), &mut y).unwrap();
    let y = device.read(&y).unwrap();
    let errors = x.iter().zip(y).filter(|(x, _)| within(f64::from(**x)));
    errors.map(|(&x, y)| ulps(y, exact(f64::from(x)))).fold(0.0, f64::max)
}

#[test]
fn functions_are_within_their_stated_errors() {
    let all = |_: f64| true;
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let found = [
        ("exp", worst(Unary::Exp, f64::exp, |x| x > -87.0 || x.is_nan()), 1.0),
        ("exp, subnormal", worst(Unary::Exp, f64::exp, all), 1.5),
        ("log", worst(Unary::Log, f64::ln, all), 1.0),
        ("tanh", worst(Unary::Tanh, f64::tanh, all), 4.0),
        ("sigmoid", worst(Unary::Sigmoid, sigmoid, |x| x > -87.0), 3.0),
        ("silu", worst(Unary::Silu, |x| x * sigmoid(x), |x| x > -87.0), 3.0),
        ("sqrt", worst(Unary::Sqrt, f64::sqrt, all), 0.5),
        ("relu", worst(Unary::Relu, |x| if x < 0.0 { 0.0 } else { x }, all), 0.0),
    ];
    for (name, error, stated) in found {
        println!("{name}: {error:.3} ulp");
        assert!(error <= stated, "{name}: {error} ulp, stated {stated}");
    }
}

#[test]
fn gelu_is_within_its_stated_error() {
    let exact = |x: f64| {
        let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
        x / (1.0 + (-2.0 * u).exp())
    };
    // 2^-17 relative is 128 units of the last place at most.
    let error = worst(Unary::Gelu, exact, |x| x >= -5.0);
    println!("gelu: {error:.3} ulp");
    assert!(error <= 64.0, "{error}");
    let device = cpu();
    let mut y = device.alloc(3).unwrap();
    device.map(Unary::Gelu, &device.upload(&[f32::NEG_INFINITY, f32::INFINITY, -0.0]).unwrap(), &mut y).unwrap();
    assert_eq!(device.read(&y).unwrap(), [0.0, f32::INFINITY, 0.0]);
}

/// ½·erfc(z), by a continued fraction (Abramowitz and Stegun 7.1.14) where it converges fast and by the series 7.1.5 elsewhere.
fn half_erfc(z: f64) -> f64 {
    if z < 2.0 {
        let term = |n: i32, power: f64| power / f64::from(2 * n + 1);
        let (mut sum, mut power) = (0.0, z);
        for n in 0..60 {
            sum += term(n, power);
            power *= -z * z / f64::from(n + 1);
        }
        return 0.5 - sum / std::f64::consts::PI.sqrt();
    }
    let fraction = (1..200).rev().fold(z, |below, n| z + f64::from(n) / 2.0 / below);
    0.5 * (-z * z).exp() / std::f64::consts::PI.sqrt() / fraction
}

#[test]
fn exact_gelu_is_within_its_stated_error() {
    // DLMF 7.2 and table 7.23 of Abramowitz and Stegun: erfc(1), erfc(3).
    assert!((2.0 * half_erfc(1.0) - 0.157_299_207_050_285).abs() < 1e-14);
    assert!((2.0 * half_erfc(3.0) / 2.209_049_699_858_544e-5 - 1.0).abs() < 1e-12);
    let device = cpu();
    let x = arguments();
    let mut y = device.alloc(x.len()).unwrap();
    device.map(Unary::GeluErf, &device.upload(&x).unwrap(), &mut y).unwrap();
    let y = device.read(&y).unwrap();
    for (&x, y) in x.iter().zip(y) {
        if x.is_nan() {
            assert!(y.is_nan());
            continue;
        }
        let (tail, whole) = (half_erfc(f64::from(x.abs()) / 2f64.sqrt()), f64::from(x));
        let exact = if x.is_infinite() { whole.max(0.0) } else { whole * if x < 0.0 { tail } else { 1.0 - tail } };
        let error = if f64::from(y) == exact { 0.0 } else { (f64::from(y) - exact).abs() };
        assert!(error <= 2f64.powi(-22) * f64::from(x.abs()) + 1e-44, "{x}: {y} {exact}");
        assert!(x < -5.0 || error <= 2f64.powi(-16) * exact.abs() + 1e-44, "{x}: {y} {exact}");
    }
}

/// Random123's `tests/kat_vectors`, philox4x32 10 rounds.
#[test]
fn philox_gives_the_published_answers() {
    assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
    assert_eq!(philox(counter, [0xa409_3822, 0x299f_31d0]), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
}

#[test]
fn filling_is_philox_by_counter() {
    let device = cpu();
    let (seed, stream) = (0x1122_3344_5566_7788, 0x99aa_bbcc_ddee_ff00_u64);
    let mut y = device.alloc(10_001).unwrap();
    device.random_bits(seed, stream, &mut y).unwrap();
    let y = device.read(&y).unwrap();
    for i in [0usize, 1, 7, 4096, 10_000] {
        let words = philox([(i / 4) as u32, 0, stream as u32, (stream >> 32) as u32], [seed as u32, (seed >> 32) as u32]);
        assert_eq!(y[i], words[i % 4]);
    }
    let mut unit = device.alloc(y.len()).unwrap();
    device.random_unit(seed, stream, &mut unit).unwrap();
    for (unit, word) in device.read(&unit).unwrap().into_iter().zip(y) {
        assert_eq!(f64::from(unit), f64::from(word >> 8) / 16_777_216.0);
    }
}

/// RFC 8439, 2.3.2: with 10 double rounds the mixing is ChaCha20's block function.
#[test]
fn chacha_gives_the_published_answer() {
    let key: Vec<u32> = (0..8).map(|i| u32::from_le_bytes([4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3])).collect();
    let mut input = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x0900_0000, 0x4a00_0000, 0];
    input[4..12].copy_from_slice(&key);
    let output = chacha(input, 10);
    assert_eq!(output[..4], [0xe4e7_f110, 0x1559_3bd1, 0x1fdd_0f50, 0xc471_20a3]);
    assert_eq!(output[12..], [0xd19c_12b5, 0xb94e_16de, 0xe883_d0cb, 0x4e3c_50a2]);
}

fn shape() -> impl Strategy<Value = [usize; 3]> {
    [0usize..70, 0usize..70, 0usize..300]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Bit by bit the definition: fma in ascending k.
    #[test]
    fn gemm_is_fma_in_ascending_k([m, n, k] in shape(), seed: u32, special in prop::bool::weighted(0.2)) {
        let every = if special { 50 } else { NEVER };
        let device = cpu();
        let (a, b) = (numbers(m * k, seed, every), numbers(k * n, !seed, every));
        let mut c = device.alloc(m * n).unwrap();
        let sizes = [m as u32, n as u32, k as u32, 1];
        device.gemm_f32(sizes, &device.upload(&a).unwrap(), &device.upload(&b).unwrap(), &mut c).unwrap();
        for (at, found) in device.read(&c).unwrap().into_iter().enumerate() {
            let (i, j) = (at / n, at % n);
            let sum = (0..k).fold(0f32, |sum, p| a[i * k + p].mul_add(b[p * n + j], sum));
            prop_assert!(found.to_bits() == sum.to_bits() || found.is_nan() && sum.is_nan(), "{found} {sum}");
            let exact: f64 = (0..k).map(|p| f64::from(a[i * k + p]) * f64::from(b[p * n + j])).sum();
            let size: f64 = (0..k).map(|p| (f64::from(a[i * k + p]) * f64::from(b[p * n + j])).abs()).sum();
            // Higham, "Accuracy and Stability of Numerical Algorithms", 3.1: k·u over the sum of sizes.
            prop_assert!(special || (f64::from(found) - exact).abs() <= k as f64 * 6e-8 * size, "{found} {exact}");
        }
    }

    #[test]
    fn gemm_of_integers_is_exact([m, n, k] in shape(), seed: u32) {
        let device = cpu();
        let (a, b) = (integers(m * k, seed), integers(k * n, !seed));
        let mut c = device.alloc(m * n).unwrap();
        let sizes = [m as u32, n as u32, k as u32, 1];
        device.gemm_i8(sizes, &device.upload(&a).unwrap(), &device.upload(&b).unwrap(), &mut c).unwrap();
        for (at, found) in device.read(&c).unwrap().into_iter().enumerate() {
            let exact: i64 = (0..k).map(|p| i64::from(a[at / n * k + p]) * i64::from(b[p * n + at % n])).sum();
            prop_assert_eq!(i64::from(found), exact);
        }
    }

    #[test]
    fn sums_maxima_and_scans_are_what_they_say(n in 0usize..20_000, seed: u32) {
        let device = cpu();
        let x = numbers(n, seed, NEVER);
        let on = device.upload(&x).unwrap();
        let size: f64 = x.iter().map(|x| f64::from(x.abs())).sum();
        let exact: f64 = x.iter().map(|&x| f64::from(x)).sum();
        let sum = f64::from(device.reduce(Reduction::Sum, &on).unwrap());
        prop_assert!((sum - exact).abs() <= 40.0 * 6e-8 * size, "{sum} {exact}");
        let greatest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        prop_assert_eq!(device.reduce(Reduction::Max, &on).unwrap(), greatest);
        let mut y = device.alloc(n).unwrap();
        device.scan(&on, &mut y).unwrap();
        let mut exact = 0.0;
        for (x, found) in x.iter().zip(device.read(&y).unwrap()) {
            exact += f64::from(*x);
            prop_assert!((f64::from(found) - exact).abs() <= 40.0 * 6e-8 * size, "{found} {exact}");
        }
    }

    #[test]
    fn rows_are_what_they_say(m in 1usize..5, n in 1usize..700, seed: u32) {
        let device = cpu();
        let x = numbers(m * n, seed, NEVER);
        let (on, sizes) = (device.upload(&x).unwrap(), [m as u32, n as u32]);
        let gain = numbers(n, 1, NEVER);
        let on_gain = device.upload(&gain).unwrap();
        let mut y = device.alloc(m * n).unwrap();
        let near = |found: f32, exact: f64, size: f64| (f64::from(found) - exact).abs() <= 4e-6 * size.max(exact.abs());

        device.softmax(sizes[0], sizes[1], &on, &mut y).unwrap();
        let softmax = device.read(&y).unwrap();
        device.layer_norm(sizes, 1e-3, &on, [&on_gain, &on_gain], &mut y).unwrap();
        let layer = device.read(&y).unwrap();
        device.rms_norm(sizes, 1e-3, &on, &on_gain, &mut y).unwrap();
        let rms = device.read(&y).unwrap();
        let mut out = device.alloc(m).unwrap();
        device.gemv(sizes[0], sizes[1], &on, &on_gain, &mut out).unwrap();
        let gemv = device.read(&out).unwrap();
        let mut turned = device.alloc(m * n).unwrap();
        device.transpose(sizes[0], sizes[1], &on, &mut turned).unwrap();
        let turned = device.read(&turned).unwrap();

        for i in 0..m {
            let row: Vec<f64> = x[i * n..][..n].iter().map(|&x| f64::from(x)).collect();
            let greatest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = row.iter().map(|x| (x - greatest).exp()).sum();
            let mean = row.iter().sum::<f64>() / n as f64;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
            let squares = row.iter().map(|x| x * x).sum::<f64>() / n as f64;
            let dot: f64 = row.iter().zip(&gain).map(|(x, &g)| x * f64::from(g)).sum();
            let size: f64 = row.iter().zip(&gain).map(|(x, &g)| (x * f64::from(g)).abs()).sum();
            prop_assert!(near(gemv[i], dot, size), "{} {dot}", gemv[i]);
            for j in 0..n {
                let (at, g) = (i * n + j, f64::from(gain[j]));
                // e^(x − max) has the absolute error of its argument as a relative one: half a unit of 128, which is 2^-18.
                let part = (row[j] - greatest).exp() / total;
                prop_assert!((f64::from(softmax[at]) - part).abs() <= 8e-6 * part + 1e-44, "{} {part}", softmax[at]);
                let scaled = (row[j] - mean) / (variance + 1e-3).sqrt();
                let size = g.abs() * (1.0 + scaled.abs() + mean.abs() / (variance + 1e-3).sqrt());
                prop_assert!(near(layer[at], scaled * g + g, size), "{} {}", layer[at], scaled * g + g);
                prop_assert!(near(rms[at], row[j] / (squares + 1e-3).sqrt() * g, 1e-30));
                prop_assert_eq!(turned[j * m + i], x[at]);
            }
        }
    }

    #[test]
    fn the_greatest_come_first_and_equals_by_column(m in 1usize..4, n in 1usize..600, k in 0usize..12, seed: u32, special: bool) {
        let device = cpu();
        let every = if special { 3 } else { NEVER };
        let x: Vec<f32> = numbers(m * n, seed, every).into_iter().map(|x| (x * 4.0).round()).collect();
        let k = k.min(n);
        let mut indices = device.alloc(m * k).unwrap();
        device.top_k([m as u32, n as u32], k as u32, &device.upload(&x).unwrap(), &mut indices).unwrap();
        let indices = device.read(&indices).unwrap();
        for i in 0..m {
            let row = &x[i * n..][..n];
            let mut order: Vec<usize> = (0..n).collect();
            order.sort_by(|&a, &b| match (row[a].is_nan(), row[b].is_nan()) {
                (true, true) => a.cmp(&b),
                (true, false) => std::cmp::Ordering::Less,
                (false, true) => std::cmp::Ordering::Greater,
                (false, false) => row[b].total_cmp(&row[a]).then(a.cmp(&b)),
            });
            let found: Vec<usize> = indices[i * k..][..k].iter().map(|&index| index as usize).collect();
            prop_assert_eq!(&found, &order[..k]);
        }
    }

    #[test]
    fn quantising_loses_half_a_step_at_most(m in 1usize..5, n in 0usize..600, seed: u32) {
        let device = cpu();
        let x = numbers(m * n, seed, NEVER);
        let sizes = [m as u32, n as u32];
        let (mut q, mut scales) = (device.alloc(m * n).unwrap(), device.alloc(m).unwrap());
        device.quantise(sizes, &device.upload(&x).unwrap(), &mut q, &mut scales).unwrap();
        let mut y = device.alloc(m * n).unwrap();
        device.dequantise(sizes, &q, &scales, &mut y).unwrap();
        let (q, scales, y) = (device.read(&q).unwrap(), device.read(&scales).unwrap(), device.read(&y).unwrap());
        for (at, (&x, &y)) in x.iter().zip(&y).enumerate() {
            let scale = scales[at / n];
            prop_assert!((x - y).abs() <= scale * 0.500_01, "{x} {y} {scale}");
            prop_assert!(q[at] != -128);
        }
        for i in 0..m {
            let greatest = x[i * n..][..n].iter().map(|x| x.abs()).fold(0.0, f32::max);
            prop_assert!(n == 0 || q[i * n..][..n].iter().any(|q| q.abs() == 127));
            prop_assert_eq!(scales[i], if n == 0 { 0.0 } else { greatest / 127.0 });
        }
    }
}
