//! The chain rule through products, elementwise operations, reductions, scans and means, against differences in f64.

use crate::learn::slope;
use plasma_kernels::kernel::attention::Span;
use plasma_kernels::kernel::map::Binary;
use plasma_kernels::kernel::reduce::Reduction;
use plasma_kernels::suite::numbers;
use plasma_kernels::{Buffer, Device};
use proptest::prelude::*;

const NEVER: usize = usize::MAX;

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

fn small(n: usize, seed: u32) -> Vec<f32> {
    numbers(n, seed, NEVER).into_iter().map(|x| x * 0.05).collect()
}

fn on(x: &[f32]) -> Buffer<f32> {
    cpu().upload(x).unwrap()
}

fn empty(n: usize) -> Buffer<f32> {
    cpu().alloc(n).unwrap()
}

/// A function of two numbers in f64.
type Exact<'a> = &'a dyn Fn(f64, f64) -> f64;

/// Demands that gradients be what Σ dy·f(parts) gains by a change of every `step`-th number of every part.
fn demand(f: impl Fn(&[Vec<f64>]) -> Vec<f64>, parts: &[&[f32]], dy: &[f32], found: &[&Buffer<f32>], step: usize) {
    let exact: Vec<Vec<f64>> = parts.iter().map(|part| part.iter().map(|&x| x.into()).collect()).collect();
    for (part, found) in found.iter().enumerate() {
        let found = cpu().read(found).unwrap();
        assert_eq!(found.len(), exact[part].len());
        for at in (0..found.len()).step_by(step) {
            let total = |value: f64| {
                let mut changed = exact.clone();
                changed[part][at] = value;
                f(&changed).iter().zip(dy).map(|(y, &dy)| y * f64::from(dy)).sum::<f64>()
            };
            let right = slope(total, exact[part][at]);
            assert!(
                (f64::from(found[at]) - right).abs() < 1e-5 * right.abs().max(1.0),
                "part {part} at {at}: {} {right}",
                found[at]
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn products_go_back_as_differences_say(
        m in 1usize..9, n in 1usize..9, k in 1usize..40, batch in 1usize..4, seed in 0u32..1000,
    ) {
        let (a, b, dc) = (small(batch * m * k, seed), small(batch * k * n, seed + 1), small(batch * m * n, seed + 2));
        let (mut da, mut db) = (empty(a.len()), empty(b.len()));
        let sizes = [m, n, k, batch].map(|size| size as u32);
        cpu().gemm_f32_backward(sizes, [&on(&a), &on(&b), &on(&dc)], &mut da, &mut db).unwrap();
        let product = |parts: &[Vec<f64>]| {
            let entry = |at: usize| {
                let (z, i, j) = (at / (m * n), at / n % m, at % n);
                (0..k).map(|p| parts[0][(z * m + i) * k + p] * parts[1][(z * k + p) * n + j]).sum()
            };
            (0..batch * m * n).map(entry).collect()
        };
        demand(product, &[&a, &b], &dc, &[&da, &db], 7);
    }

    #[test]
    fn matrix_times_vector_goes_back_as_differences_say(m in 1usize..20, k in 1usize..300, seed in 0u32..1000) {
        let (a, x, dy) = (small(m * k, seed), small(k, seed + 1), small(m, seed + 2));
        let (mut da, mut dx) = (empty(a.len()), empty(k));
        cpu().gemv_backward([m as u32, k as u32], [&on(&a), &on(&x), &on(&dy)], &mut da, &mut dx).unwrap();
        // Every product of two is one rounding away from exact.
        for (at, found) in cpu().read(&da).unwrap().into_iter().enumerate() {
            prop_assert_eq!(found, dy[at / k] * x[at % k]);
        }
        let product = |parts: &[Vec<f64>]| (0..m).map(|i| (0..k).map(|p| parts[0][i * k + p] * parts[1][p]).sum()).collect();
        demand(product, &[&a, &x], &dy, &[&da, &dx], 31);
    }

    #[test]
    fn scans_and_sums_go_back_as_differences_say(n in 1usize..700, seed in 0u32..1000, dy in -3f32..3.0) {
        let (x, of_scan) = (small(n, seed), small(n, seed + 1));
        let mut dx = empty(n);
        cpu().scan_backward(&on(&of_scan), &mut dx).unwrap();
        let scan = |parts: &[Vec<f64>]| {
            let add = |sum: &mut f64, x: &f64| {
                *sum += x;
                Some(*sum)
            };
            parts[0].iter().scan(0.0, add).collect()
        };
        demand(scan, &[&x], &of_scan, &[&dx], 29);
        cpu().reduce_backward(Reduction::Sum, &on(&x), dy, &mut dx).unwrap();
        demand(|parts| vec![parts[0].iter().sum()], &[&x], &[dy], &[&dx], 29);
        cpu().reduce_backward(Reduction::Max, &on(&x), dy, &mut dx).unwrap();
        let at = x.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0))).unwrap().0;
        let right: Vec<f32> = (0..n).map(|i| if i == at { dy } else { 0.0 }).collect();
        prop_assert_eq!(cpu().read(&dx).unwrap(), right);
    }

    #[test]
    fn means_go_back_as_differences_say(
        lengths in prop::collection::vec(0u32..9, 1..4), columns in 1usize..300, seed in 0u32..1000,
    ) {
        let mut rows = 0;
        let mut span = |&queries: &u32| {
            let span = Span { first_query: rows, queries, ..Span::default() };
            rows += queries;
            span
        };
        let spans: Vec<Span> = lengths.iter().map(&mut span).collect();
        let (x, dy) = (small(rows as usize * columns, seed), small(spans.len() * columns, seed + 1));
        let mut dx = empty(x.len());
        cpu().mean_backward(&spans, columns as u32, &on(&dy), &mut dx).unwrap();
        let mean = |parts: &[Vec<f64>]| {
            let of = |span: &Span, c: usize| -> f64 {
                let row = |i: u32| parts[0][(span.first_query + i) as usize * columns + c];
                // What is made of no rows depends on none.
                (0..span.queries).map(row).sum::<f64>() / f64::from(span.queries.max(1))
            };
            spans.iter().flat_map(|span| (0..columns).map(move |c| of(span, c))).collect()
        };
        demand(mean, &[&x], &dy, &[&dx], 101);
    }
}

#[test]
fn functions_of_two_go_back_as_differences_say() {
    let n = 500;
    let silu = |x: f64| x / (1.0 + (-x).exp());
    let functions: [(Binary, Exact); 6] = [
        (Binary::Add, &|x, y| x + y),
        (Binary::Sub, &|x, y| x - y),
        (Binary::Mul, &|x, y| x * y),
        (Binary::Div, &|x, y| x / y),
        (Binary::Max, &f64::max),
        (Binary::Swiglu, &|x, y| silu(x) * y),
    ];
    assert_eq!(functions.len(), Binary::ALL.len());
    for (function, f) in functions {
        let (x, dz) = (small(n, 1), small(n, 2));
        // Away from a division by almost nothing, and from the kink of the greater.
        let y: Vec<f32> =
            x.iter().zip(small(n, 3)).map(|(x, y)| if y < 0.0 { y - 0.5 - x.abs() } else { y + 0.5 + x.abs() }).collect();
        let (mut dx, mut dy) = (empty(n), empty(n));
        cpu().zip_backward(function, [&on(&x), &on(&y), &on(&dz)], &mut dx, &mut dy).unwrap();
        let all = |parts: &[Vec<f64>]| parts[0].iter().zip(&parts[1]).map(|(&x, &y)| f(x, y)).collect();
        demand(all, &[&x, &y], &dz, &[&dx, &dy], 3);
    }
}

#[test]
fn the_greater_of_two_takes_the_gradient_and_equals_share_it() {
    let infinite = f32::INFINITY;
    let x = [1.0, -1.0, 2.0, 0.0, f32::NAN, 1.0, infinite, infinite, -infinite];
    let y = [0.0, 1.0, 2.0, -0.0, 1.0, f32::NAN, infinite, 0.0, 0.0];
    let (mut dx, mut dy) = (empty(9), empty(9));
    cpu().zip_backward(Binary::Max, [&on(&x), &on(&y), &on(&[3.0; 9])], &mut dx, &mut dy).unwrap();
    let (dx, dy) = (cpu().read(&dx).unwrap(), cpu().read(&dy).unwrap());
    assert!(dx[4..6].iter().chain(&dy[4..6]).all(|x| x.is_nan()));
    assert_eq!((&dx[..4], &dx[6..]), (&[3.0, 0.0, 1.5, 1.5][..], &[1.5, 3.0, 0.0][..]));
    assert_eq!((&dy[..4], &dy[6..]), (&[0.0, 3.0, 1.5, 1.5][..], &[1.5, 0.0, 3.0][..]));
}

/// Many rows and a batch: every matrix is transposed in its own place, whatever bits it holds.
#[test]
fn batches_are_transposed_bit_by_bit() {
    let [m, n, batch] = [37usize, 65, 3];
    let bits: Vec<f32> = (0..(m * n * batch) as u32).map(|i| f32::from_bits(0x7f80_0001 + i)).collect();
    let mut turned = empty(bits.len());
    cpu().transpose_batch([37, 65, 3], &on(&bits), &mut turned).unwrap();
    let turned = cpu().read(&turned).unwrap();
    for (at, x) in bits.iter().enumerate() {
        let (z, i, j) = (at / (m * n), at / n % m, at % n);
        assert_eq!(turned[(z * n + j) * m + i].to_bits(), x.to_bits());
    }
}

/// A gradient is written only when all operands fit.
#[test]
fn gradients_of_wrong_sizes_are_named() {
    let device = cpu();
    let (six, four, mut to, mut other) = (on(&[1.0; 6]), on(&[1.0; 4]), empty(6), empty(6));
    let said = device.gemm_f32_backward([2, 2, 3, 1], [&six, &four, &four], &mut to, &mut other).unwrap_err().to_string();
    assert_eq!(said, "B holds 4 elements where the sizes call for 6");
    let said = device.gemm_f32_backward([2, 2, 3, 1], [&six, &six, &four], &mut to, &mut empty(5)).unwrap_err().to_string();
    assert_eq!(said, "dB holds 5 elements where the sizes call for 6");
    let said = device.gemv_backward([2, 3], [&six, &four, &four], &mut to, &mut other).unwrap_err().to_string();
    assert_eq!(said, "x holds 4 elements where the sizes call for 3");
    let said = device.zip_backward(Binary::Div, [&six, &six, &four], &mut to, &mut other).unwrap_err().to_string();
    assert_eq!(said, "dz holds 4 elements where the sizes call for 6");
    let said = device.reduce_backward(Reduction::Max, &four, 1.0, &mut to).unwrap_err().to_string();
    assert_eq!(said, "dx holds 6 elements where the sizes call for 4");
    let span = Span { first_query: 2, queries: 2, ..Span::default() };
    let said = device.mean_backward(&[span], 2, &on(&[1.0; 2]), &mut to).unwrap_err().to_string();
    assert_eq!(said, "dx holds 6 elements where 4 rows of 2 columns end at 8");
    assert_eq!(device.read(&to).unwrap(), [0.0; 6]);
}
