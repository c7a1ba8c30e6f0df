//! What kernels state of zeros, infinities, NaN and subnormals, and of nothing at all.

use plasma_kernels::kernel::attention::{Mask, Span};
use plasma_kernels::kernel::convolve::Windows;
use plasma_kernels::kernel::map::{Binary, Unary};
use plasma_kernels::kernel::math;
use plasma_kernels::kernel::reduce::Reduction;
use plasma_kernels::suite::SPECIAL;
use plasma_kernels::{Adam, Buffer, Columns, ColumnsMut, Device, Error, Heads, Sgd};

const INFINITY: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

fn on(x: &[f32]) -> Buffer<f32> {
    cpu().upload(x).unwrap()
}

/// What an operation writes to `n` numbers that were something else before.
fn made(n: usize, run: impl FnOnce(&Device, &mut Buffer<f32>) -> Result<(), Error>) -> Vec<f32> {
    let mut y = on(&vec![7.5; n]);
    run(&cpu(), &mut y).unwrap();
    cpu().read(&y).unwrap()
}

/// A function of two numbers by its definition.
type Exact<'a> = &'a dyn Fn(f32, f32) -> f32;

/// The same bits, and one NaN for all.
fn same(found: &[f32], exact: &[f32]) {
    assert_eq!(found.len(), exact.len());
    for (i, (found, exact)) in found.iter().zip(exact).enumerate() {
        let exact = if exact.is_nan() { 0x7fc0_0000 } else { exact.to_bits() };
        assert_eq!(found.to_bits(), exact, "at {i}: {found} {}", f32::from_bits(exact));
    }
}

#[test]
fn functions_of_two_are_those_of_ieee_754() {
    let pairs: Vec<(f32, f32)> = SPECIAL.iter().flat_map(|&x| SPECIAL.map(|y| (x, y))).collect();
    let (x, y): (Vec<f32>, Vec<f32>) = pairs.iter().copied().unzip();
    let greater = |x: f32, y: f32| if x.is_nan() || y.is_nan() { NAN } else { math::max(x, y) };
    let functions: [(Binary, Exact); 5] = [
        (Binary::Add, &|x, y| x + y),
        (Binary::Sub, &|x, y| x - y),
        (Binary::Mul, &|x, y| x * y),
        (Binary::Div, &|x, y| x / y),
        (Binary::Max, &greater),
    ];
    for (function, f) in functions {
        let found = made(pairs.len(), |device, z| device.zip(function, &on(&x), &on(&y), z));
        same(&found, &pairs.iter().map(|&(x, y)| f(x, y)).collect::<Vec<_>>());
    }
    let found = made(pairs.len(), |device, z| device.axpy(-1.5, &on(&x), &on(&y), z));
    same(&found, &pairs.iter().map(|&(x, y)| (-1.5f32).mul_add(x, y)).collect::<Vec<_>>());
    let active = made(SPECIAL.len(), |device, y| device.map(Unary::Silu, &on(&SPECIAL), y));
    let found = made(SPECIAL.len(), |device, z| device.zip(Binary::Swiglu, &on(&SPECIAL), &on(&[-2.0; 16]), z));
    same(&found, &active.iter().map(|x| x * -2.0).collect::<Vec<_>>());
    same(&made(16, |device, y| device.map(Unary::Identity, &on(&SPECIAL), y)), &SPECIAL);
}

#[test]
fn slopes_at_the_ends_are_limits() {
    let x = [-INFINITY, INFINITY, 0.0, -0.0, NAN, f32::MIN, f32::from_bits(1)];
    let slope = |function| made(7, |device, dx| device.slope(function, &on(&x), &on(&[2.0; 7]), dx));
    same(&slope(Unary::Relu), &[0.0, 2.0, 0.0, 0.0, NAN, 0.0, 2.0]);
    same(&slope(Unary::Exp), &[0.0, INFINITY, 2.0, 2.0, NAN, 0.0, 2.0]);
    same(&slope(Unary::Tanh), &[0.0, 0.0, 2.0, 2.0, NAN, 0.0, 2.0]);
    same(&slope(Unary::Sigmoid), &[0.0, 0.0, 0.5, 0.5, NAN, 0.0, 0.5]);
}

/// What is spoilt stays within its row.
#[test]
fn rows_spoil_no_other_rows() {
    let rows = [[1.0, 2.0, 3.0], [1.0, NAN, 3.0], [1.0, INFINITY, 3.0], [-INFINITY; 3], [-INFINITY, 0.0, -INFINITY], [0.0; 3]];
    let x = on(rows.as_flattened());
    let y = made(18, |device, y| device.softmax(6, 3, &x, y));
    assert!(y[3..12].iter().all(|y| y.is_nan()));
    assert_eq!((&y[12..15], &y[15..]), (&[0.0, 1.0, 0.0][..], &[1.0 / 3.0; 3][..]));
    let total: f32 = y[..3].iter().sum();
    assert!((total - 1.0).abs() < 1e-6);
    let (gain, bias) = (on(&[1.0; 3]), on(&[0.5, -0.5, 0.0]));
    let layer = made(18, |device, y| device.layer_norm([6, 3], 1e-5, &x, [&gain, &bias], y));
    let rms = made(18, |device, y| device.rms_norm([6, 3], 1e-5, &x, &gain, y));
    assert!(layer[3..15].iter().all(|y| y.is_nan()) && layer[..3].iter().all(|y| y.is_finite()));
    same(&layer[15..], &[0.5, -0.5, 0.0]);
    assert!(rms[3..6].iter().all(|y| y.is_nan()) && rms[..3].iter().all(|y| y.is_finite()));
    // Of a row with an infinity the mean square is infinite, and what is finite vanishes beside it.
    same(&rms[6..9], &[0.0, NAN, 0.0]);
    same(&rms[15..], &[0.0; 3]);
    let (mut loss, targets) = (on(&[0.0; 6]), cpu().upload(&[0u32, 0, 0, 0, 0, 2]).unwrap());
    let gradient = made(18, |device, gradient| device.cross_entropy([6, 3], (&x, &targets), 1.0, &mut loss, gradient));
    let loss = cpu().read(&loss).unwrap();
    assert!(loss[1..4].iter().chain(&gradient[3..12]).all(|x| x.is_nan()) && (loss[5] - 3f32.ln()).abs() < 1e-6);
    assert_eq!((loss[4], &gradient[12..15]), (INFINITY, &[-1.0, 1.0, 0.0][..]));
}

#[test]
fn reductions_and_scans_of_special_numbers() {
    let reduce = |reduction, x: &[f32]| cpu().reduce(reduction, &on(x)).unwrap();
    same(&[reduce(Reduction::Sum, &[]), reduce(Reduction::Max, &[])], &[0.0, -INFINITY]);
    same(&[reduce(Reduction::Sum, &[INFINITY, -INFINITY]), reduce(Reduction::Max, &[INFINITY, NAN, 1.0])], &[NAN; 2]);
    // Sums begin at +0, so that no sum is −0.
    same(&[reduce(Reduction::Sum, &[-0.0; 3]), reduce(Reduction::Max, &[-INFINITY; 5000])], &[0.0, -INFINITY]);
    same(&[reduce(Reduction::Sum, &[f32::from_bits(1); 600])], &[f32::from_bits(600)]);
    let mut x = vec![1.0; 700];
    x[300] = NAN;
    let y = made(700, |device, y| device.scan(&on(&x), y));
    assert_eq!(y[..300], (1..=300).map(|i| i as f32).collect::<Vec<_>>());
    assert!(y[300..].iter().all(|y| y.is_nan()));
    let dx = made(700, |device, dx| device.scan_backward(&on(&x), dx));
    assert_eq!(dx[301..], (1..=399).rev().map(|i| i as f32).collect::<Vec<_>>());
    assert!(dx[..=300].iter().all(|y| y.is_nan()));
}

#[test]
fn products_over_nothing_are_zero() {
    let nothing = on(&[]);
    same(&made(6, |device, c| device.gemm_f32([2, 3, 0, 1], &nothing, &nothing, c)), &[0.0; 6]);
    same(&made(2, |device, y| device.gemv(2, 0, &nothing, &nothing, y)), &[0.0; 2]);
    let integers: Buffer<i8> = cpu().alloc(0).unwrap();
    let mut c = cpu().upload(&[9i32; 6]).unwrap();
    cpu().gemm_i8([3, 2, 0, 1], &integers, &integers, &mut c).unwrap();
    assert_eq!(cpu().read(&c).unwrap(), [0; 6]);
    same(&made(3, |device, y| device.column_sums([0, 3], &nothing, y)), &[0.0; 3]);
    // A NaN or an infinity is in its own row and column only.
    let a = on(&[1.0, NAN, 2.0, 3.0, INFINITY, -1.0]);
    let b = on(&[1.0, 0.0, 1.0, -1.0]);
    same(&made(6, |device, c| device.gemm_f32([3, 2, 2, 1], &a, &b, c)), &[NAN, NAN, 5.0, -3.0, INFINITY, NAN]);
}

#[test]
fn quantisation_of_special_rows_is_as_stated() {
    let x = on(&[0.0, -0.0, 1.0, NAN, 2.0, INFINITY, f32::from_bits(1), f32::from_bits(127), f32::MAX, f32::MIN]);
    let (mut q, mut scales) = (cpu().alloc(10).unwrap(), on(&[0.0; 5]));
    cpu().quantise([5, 2], &x, &mut q, &mut scales).unwrap();
    assert_eq!(cpu().read(&q).unwrap(), [0, 0, 0, 0, 0, 0, 1, 127, 127, -127]);
    same(&cpu().read(&scales).unwrap(), &[0.0, NAN, INFINITY, f32::from_bits(1), f32::MAX / 127.0]);
}

/// What moves numbers moves bits.
#[test]
fn moved_bits_stay_as_they_are() {
    let bits: Vec<u32> = (0..12).map(|i| 0xff80_0001 + 7 * i).collect();
    let x = on(&bits.iter().map(|&bits| f32::from_bits(bits)).collect::<Vec<_>>());
    let found = |y: Vec<f32>| y.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let rows = cpu().upload(&[0u32, 1, 2]).unwrap();
    assert_eq!(found(made(12, |device, y| device.gather(4, &x, &rows, y))), bits);
    assert_eq!(found(made(12, |device, y| device.place([3, 4], Columns::from((&x, 4)), ColumnsMut::from((y, 4))))), bits);
    assert!(found(made(12, |device, y| device.reverse(&x, y))).iter().rev().eq(&bits));
    let windows = Windows { images: 1, image: [2, 3], channels: 2, window: [1, 1], stride: 1, padding: 0 };
    assert_eq!(found(made(12, |device, y| device.unfold(windows, &x, y))), bits);
}

/// Only queries that see a spoilt key are spoilt by it.
#[test]
fn attention_keeps_to_what_is_seen() {
    let heads = Heads { queries: 1, keys: 1, dim: 1 };
    let run = |mask, keys: u32, k: &[f32], v: &[f32]| {
        let (q, k, v) = (on(&[1.0; 3]), on(k), on(v));
        let span = Span { first_query: 0, queries: 3, first_key: 0, keys };
        made(3, |device, y| {
            device.attention(&[span], heads, (mask, 1.0), [&q, &k, &v].map(|x| Columns::from((x, 1))), (y, 1).into())
        })
    };
    same(&run(Mask::Causal, 3, &[0.0, 0.0, NAN], &[1.0, 3.0, 5.0]), &[1.0, 2.0, NAN]);
    same(&run(Mask::Causal, 3, &[0.0; 3], &[1.0, 3.0, INFINITY]), &[1.0, 2.0, INFINITY]);
    same(&run(Mask::All, 3, &[0.0, -INFINITY, 0.0], &[1.0, 3.0, 2.0]), &[1.5; 3]);
    same(&run(Mask::All, 0, &[], &[]), &[NAN; 3]);
}

#[test]
fn optimisers_spoil_no_other_weights() {
    let (g, w) = ([NAN, 0.0, INFINITY, 1.0], [1.0, 2.0, 3.0, 4.0]);
    let (mut m, mut v) = (on(&[0.0; 4]), on(&[0.0; 4]));
    let mut on_w = on(&w);
    cpu().adam((Adam::default(), 1), &on(&g), &mut on_w, [&mut m, &mut v]).unwrap();
    let found = cpu().read(&on_w).unwrap();
    assert!(found[0].is_nan() && found[1] == 2.0 && found[2].is_nan() && (found[3] - 3.999).abs() < 1e-6);
    let (mut on_w, mut m) = (on(&w), on(&[0.0; 4]));
    cpu().sgd(Sgd { rate: 0.5, momentum: 0.9 }, &on(&g), &mut on_w, &mut m).unwrap();
    same(&cpu().read(&on_w).unwrap(), &[NAN, 2.0, -INFINITY, 3.5]);
}

/// More than a machine can count to is refused, and does not wrap around.
#[test]
fn sizes_that_no_machine_has_are_refused() {
    let device = cpu();
    for len in [usize::MAX, 1 << 60, 1 << 61] {
        assert!(matches!(device.alloc::<[u32; 8]>(len), Err(Error::Memory { .. })));
    }
    let mut nothing = on(&[]);
    let said = device.softmax(u32::MAX, 0, &on(&[]), &mut nothing).unwrap_err().to_string();
    assert!(said.contains("cut the work"), "{said}");
    let said = device.gemm_f32([u32::MAX, u32::MAX, 1, 1], &on(&[]), &on(&[]), &mut nothing).unwrap_err().to_string();
    assert!(said.contains("A holds 0 elements where the sizes call for 4294967295"), "{said}");
    let said = device.gemm_f32([u32::MAX, 0, 0, 1], &on(&[]), &on(&[]), &mut nothing).unwrap_err().to_string();
    assert!(said.contains("m is 4294967295"), "{said}");
}
