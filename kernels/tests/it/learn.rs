//! The chain rule against differences in f64, and the steps of optimisers against their definitions.

use plasma_kernels::kernel::map::Unary;
use plasma_kernels::kernel::rows::Norm;
use plasma_kernels::suite::numbers;
use plasma_kernels::{Adam, Buffer, Device, Sgd};

const NEVER: usize = usize::MAX;

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

fn on(x: &[f32]) -> Buffer<f32> {
    cpu().upload(x).unwrap()
}

/// The slope of f at x by differences.
pub fn slope(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    let h = 1e-5 * x.abs().max(1.0);
    // Fourth order (Abramowitz and Stegun 25.3.6).
    (8.0 * (f(x + h) - f(x - h)) - f(x + 2.0 * h) + f(x - 2.0 * h)) / (12.0 * h)
}

#[test]
fn slopes_are_those_of_their_functions() {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let gelu = |x: f64| x * sigmoid(2.0 * (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3)));
    let functions: [(Unary, &dyn Fn(f64) -> f64); 10] = [
        (Unary::Relu, &|x| x.max(0.0)),
        (Unary::Gelu, &gelu),
        (Unary::Silu, &|x| x * sigmoid(x)),
        (Unary::Exp, &f64::exp),
        (Unary::Log, &f64::ln),
        (Unary::Tanh, &f64::tanh),
        (Unary::Sigmoid, &sigmoid),
        (Unary::Sqrt, &f64::sqrt),
        (Unary::Identity, &|x| x),
        (Unary::GeluErf, &crate::models::reference::gelu),
    ];
    let device = cpu();
    for (function, f) in functions {
        let positive = matches!(function, Unary::Log | Unary::Sqrt);
        let x: Vec<f32> = (1..1000).map(|i| if positive { i as f32 * 0.02 } else { (i as f32 - 500.1) * 0.011 }).collect();
        let dy: Vec<f32> = (1..1000).map(|i| (i % 7) as f32 - 3.0).collect();
        let mut dx = device.alloc(x.len()).unwrap();
        device.slope(function, &on(&x), &on(&dy), &mut dx).unwrap();
        for ((x, dy), dx) in x.iter().zip(&dy).zip(device.read(&dx).unwrap()) {
            let exact = f64::from(*dy) * slope(f, f64::from(*x));
            assert!((f64::from(dx) - exact).abs() <= 3e-6 * exact.abs().max(1.0), "{function:?} at {x}: {dx} {exact}");
        }
    }
    let ends = on(&[f32::NEG_INFINITY, f32::INFINITY, f32::NAN, 0.0]);
    for (function, expected) in [(Unary::Silu, [0.0, 1.0]), (Unary::Gelu, [0.0, 1.0]), (Unary::GeluErf, [0.0, 1.0])] {
        let mut dx = device.alloc(4).unwrap();
        device.slope(function, &ends, &on(&[1.0; 4]), &mut dx).unwrap();
        let dx = device.read(&dx).unwrap();
        assert_eq!([dx[0], dx[1]], expected, "{function:?}");
        assert!((dx[3] - 0.5).abs() < 1e-6, "{function:?} {}", dx[3]);
        assert!(dx[2].is_nan());
    }
}

#[test]
fn cross_entropy_is_the_loss_and_its_slope() {
    let (device, rows, columns) = (cpu(), 5usize, 300usize);
    let x = numbers(rows * columns, 1, NEVER);
    let targets = [0u32, 299, 17, 4, 300];
    let (mut loss, mut gradient) = (device.alloc(rows).unwrap(), device.alloc(rows * columns).unwrap());
    let on_targets = device.upload(&targets).unwrap();
    device.cross_entropy([5, 300], (&on(&x), &on_targets), 0.2, &mut loss, &mut gradient).unwrap();
    let (loss, gradient) = (device.read(&loss).unwrap(), device.read(&gradient).unwrap());
    for i in 0..4 {
        let row: Vec<f64> = x[i * columns..][..columns].iter().map(|&x| f64::from(x)).collect();
        let most = row.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = row.iter().map(|x| (x - most).exp()).sum();
        let exact = total.ln() + most - row[targets[i] as usize];
        assert!((f64::from(loss[i]) - exact).abs() < 1e-5 * exact.max(1.0), "{} {exact}", loss[i]);
        for j in 0..columns {
            let exact = 0.2 * ((row[j] - most).exp() / total - f64::from(u8::from(j as u32 == targets[i])));
            assert!((f64::from(gradient[i * columns + j]) - exact).abs() < 2e-6, "{exact}");
        }
    }
    assert!(loss[4].is_nan() && gradient[4 * columns..].iter().all(|x| x.is_nan()), "a target beyond the columns");
}

/// What Σ dy·f(x) gains by a change of x[at], by differences in f64.
fn pulled(f: impl Fn(&[f64]) -> Vec<f64>, x: &[f32], dy: &[f32], at: usize) -> f64 {
    let total = |value: f64| {
        let mut x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        x[at] = value;
        f(&x).iter().zip(dy).map(|(y, &dy)| y * f64::from(dy)).sum::<f64>()
    };
    slope(total, f64::from(x[at]))
}

#[test]
fn gradients_go_back_through_rows() {
    let (device, rows, n) = (cpu(), 3usize, 270usize);
    let small = |seed| -> Vec<f32> { numbers(rows * n, seed, NEVER).into_iter().map(|x| x * 0.1).collect() };
    let (x, dy, gain) = (small(1), small(2), numbers(n, 3, NEVER));
    let softmax = |x: &[f64]| {
        let total: f64 = x.iter().map(|x| x.exp()).sum();
        x.iter().map(|x| x.exp() / total).collect::<Vec<f64>>()
    };
    let (mut y, mut dx) = (device.alloc(x.len()).unwrap(), device.alloc(x.len()).unwrap());
    device.softmax(3, 270, &on(&x), &mut y).unwrap();
    device.softmax_backward([3, 270], &y, &on(&dy), &mut dx).unwrap();
    let through_softmax = device.read(&dx).unwrap();
    for norm in [Norm::Layer, Norm::Rms] {
        let normed = |x: &[f64]| {
            let mean = if norm == Norm::Layer { x.iter().sum::<f64>() / n as f64 } else { 0.0 };
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
            x.iter().map(|x| (x - mean) / (variance + 1e-3).sqrt()).collect::<Vec<f64>>()
        };
        let full = |x: &[f64]| normed(x).iter().zip(&gain).map(|(x, &gain)| x * f64::from(gain)).collect::<Vec<f64>>();
        let mut dgain = device.alloc(n).unwrap();
        let from = [&on(&x), &on(&gain), &on(&dy)];
        device.normalise_backward((norm, 1e-3), [3, 270], from, &mut dx, &mut dgain).unwrap();
        let (dx, dgain) = (device.read(&dx).unwrap(), device.read(&dgain).unwrap());
        for i in 0..rows {
            let (x, dy) = (&x[i * n..][..n], &dy[i * n..][..n]);
            for j in (0..n).step_by(23) {
                let (found, exact) = (f64::from(dx[i * n + j]), pulled(full, x, dy, j));
                assert!((found - exact).abs() < 1e-4 * exact.abs().max(1.0), "{norm:?} {found} {exact}");
                let (found, exact) = (f64::from(through_softmax[i * n + j]), pulled(softmax, x, dy, j));
                assert!((found - exact).abs() < 1e-6, "softmax {found} {exact}");
            }
        }
        let rows: Vec<Vec<f64>> = x.chunks(n).map(|row| normed(&row.iter().map(|&x| f64::from(x)).collect::<Vec<_>>())).collect();
        for j in 0..n {
            let exact: f64 = (0..3).map(|i| rows[i][j] * f64::from(dy[i * n + j])).sum();
            assert!((f64::from(dgain[j]) - exact).abs() < 1e-5 * exact.abs().max(1.0), "{} {exact}", dgain[j]);
        }
    }
    let mut sums = device.alloc(n).unwrap();
    device.column_sums([3, 270], &on(&dy), &mut sums).unwrap();
    for (j, sum) in device.read(&sums).unwrap().into_iter().enumerate() {
        assert_eq!(sum, dy[j] + dy[n + j] + dy[2 * n + j]);
    }
}

#[test]
fn optimisers_step_as_defined() {
    let (device, n) = (cpu(), 400);
    let (start, mut m, mut v) = (numbers(n, 1, NEVER), vec![0f64; n], vec![0f64; n]);
    let (mut w, mut on_m, mut on_v) = (on(&start), on(&vec![0.0; n]), on(&vec![0.0; n]));
    let (mut plain, mut momentum) = (on(&start), on(&vec![0.0; n]));
    let (mut exact, mut exact_plain, mut moving): (Vec<f64>, Vec<f64>, Vec<f64>) =
        (start.iter().map(|&x| x.into()).collect(), start.iter().map(|&x| x.into()).collect(), vec![0.0; n]);
    let (adam, sgd) = (Adam::default(), Sgd { rate: 0.05, momentum: 0.9 });
    for t in 1..=20 {
        let g = numbers(n, 100 + t, NEVER);
        device.adam((adam, t.into()), &on(&g), &mut w, [&mut on_m, &mut on_v]).unwrap();
        device.sgd(sgd, &on(&g), &mut plain, &mut momentum).unwrap();
        for i in 0..n {
            let g = f64::from(g[i]);
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            let (first, second) = (m[i] / (1.0 - 0.9f64.powi(t as i32)), v[i] / (1.0 - 0.999f64.powi(t as i32)));
            exact[i] -= 0.001 * first / (second.sqrt() + 1e-8);
            moving[i] = 0.9 * moving[i] + g;
            exact_plain[i] -= 0.05 * moving[i];
        }
    }
    let (w, plain) = (device.read(&w).unwrap(), device.read(&plain).unwrap());
    for i in 0..n {
        assert!((f64::from(w[i]) - exact[i]).abs() < 2e-5, "{} {}", w[i], exact[i]);
        assert!(
            (f64::from(plain[i]) - exact_plain[i]).abs() < 1e-5 * exact_plain[i].abs().max(10.0),
            "{} {}",
            plain[i],
            exact_plain[i]
        );
    }
}
