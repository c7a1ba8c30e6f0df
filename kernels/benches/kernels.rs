//! The CPU's matrix products beside the crate `gemm`: `cargo bench -p plasma-kernels --profile release --bench kernels`.
//!
//! One thread each. Runs alternate, so that what else the machine does falls on all alike; the best of each counts. An order may
//! be given as argument.

use plasma_kernels::{Cpu, Device, Isa};
use std::time::{Duration, Instant};

fn timed(f: impl FnOnce()) -> Duration {
    let start = Instant::now();
    f();
    start.elapsed()
}

fn theirs(n: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    // Safety: three matrices of n × n, row by row.
    unsafe {
        gemm::gemm(
            n,
            n,
            n,
            c.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.as_ptr(),
            1,
            n as isize,
            b.as_ptr(),
            1,
            n as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

fn compare(order: u32, isa: Isa) {
    let device = Device::Cpu(Cpu::new().with_threads(1).with_isa(isa).expect("a present one"));
    let n = order as usize;
    let sizes = [order, order, order, 1];
    let (mut a, mut b, mut c) = (device.alloc(n * n).unwrap(), device.alloc(n * n).unwrap(), device.alloc(n * n).unwrap());
    device.random_unit(1, 0, &mut a).unwrap();
    device.random_unit(1, 1, &mut b).unwrap();
    let (mut a8, mut b8, mut c8) = (device.alloc(n * n).unwrap(), device.alloc(n * n).unwrap(), device.alloc(n * n).unwrap());
    device.random_i8(1, 0, &mut a8).unwrap();
    device.random_i8(1, 1, &mut b8).unwrap();
    let (left, right, mut out) = (device.read(&a).unwrap(), device.read(&b).unwrap(), vec![0.0; n * n]);
    let runs = if order > 2048 { 2 } else { 12 };
    let mut best = [Duration::MAX; 3];
    for _ in 0..runs {
        let times = [
            timed(|| device.gemm_f32(sizes, &a, &b, &mut c).unwrap()),
            timed(|| device.gemm_i8(sizes, &a8, &b8, &mut c8).unwrap()),
            timed(|| theirs(n, &left, &right, &mut out)),
        ];
        best = std::array::from_fn(|i| best[i].min(times[i]));
    }
    let rates = best.map(|time| 2.0 * (n as f64).powi(3) / time.as_secs_f64() / 1e9);
    println!(
        "{order} {:>6}: f32 {:.1} GFLOP/s, i8 {:.1} GOP/s, `gemm` {:.1} GFLOP/s; f32 is {:.0} % of `gemm`, i8 {:.2} times f32",
        isa.name(),
        rates[0],
        rates[1],
        rates[2],
        100.0 * rates[0] / rates[2],
        rates[1] / rates[0]
    );
}

fn main() {
    let orders: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for order in if orders.is_empty() { vec![1024, 4096] } else { orders } {
        // Without vectors a large order takes minutes and says nothing new.
        for isa in Isa::present().into_iter().filter(|isa| *isa != Isa::Plain || order <= 256) {
            compare(order, isa);
        }
    }
}
