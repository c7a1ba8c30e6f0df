//! Training of a small decoder, to be set beside `training.py`: `cargo bench -p plasma-kernels --profile release --bench training`.
//! One thread works, the processor's time is counted, and the best step of ten is told.

use cpu_time::ProcessTime;
use plasma_kernels::programs::training::text_job;
use plasma_kernels::training::transformer::Training;
use plasma_kernels::{Cpu, Device};
use std::time::Duration;

fn main() {
    let device = Device::Cpu(Cpu::new().with_threads(1));
    // Layers, heads, heads of keys, columns of a head, inner columns, tokens of the text, windows, tokens of a window, steps.
    for sizes in [[4, 4, 2, 32, 344, 4096, 8, 128, 1], [4, 4, 2, 32, 344, 4096, 2, 512, 1], [2, 8, 4, 64, 1376, 4096, 4, 128, 1]]
    {
        let (plan, text) = text_job(&sizes, 1);
        let mut training = Training::new(&device, plan, &text, None).expect("room for a small model");
        let mut best = Duration::MAX;
        for _ in 0..10 {
            let start = ProcessTime::now();
            training.step().expect("a step");
            best = best.min(start.elapsed());
        }
        let rate = (sizes[6] * sizes[7]) as f64 / best.as_secs_f64();
        println!("{sizes:?}: {:>7.2} ms a step, {rate:>6.0} tokens/s", best.as_secs_f64() * 1e3);
    }
}
