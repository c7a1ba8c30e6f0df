//! MiniLM's throughput, to be set beside `minilm.py bench`: `PLASMA_MINILM=… cargo bench -p plasma-kernels --profile release --bench
//! encoder`. The tokens are the same, one thread works, and
//! the processor's time is counted, so that what else the machine does does not; the best of ten runs is told.

use cpu_time::ProcessTime;
use plasma_kernels::models::Precision;
use plasma_kernels::models::encoder::Encoder;
use plasma_kernels::{Cpu, Device};
use std::path::PathBuf;
use std::time::Duration;

fn main() {
    let Some(folder) = std::env::var_os("PLASMA_MINILM").map(PathBuf::from) else {
        eprintln!("set PLASMA_MINILM to the folder of MiniLM; see kernels/BENCHMARKS.md");
        return;
    };
    let device = Device::Cpu(Cpu::new().with_threads(1));
    for precision in [Precision::F32, Precision::I8] {
        let encoder = Encoder::open(&device, &folder, precision).expect("MiniLM");
        for (texts, length) in [(64, 16), (64, 32), (16, 128), (8, 256), (1, 16)] {
            let token = |text: u32, i: u32| 1000 + (text * 7919 + i * 104_729) % 20_000;
            let tokens: Vec<Vec<u32>> = (0..texts).map(|text| (0..length).map(|i| token(text, i)).collect()).collect();
            let mut best = Duration::MAX;
            for _ in 0..10 {
                let start = ProcessTime::now();
                encoder.embed(&tokens).expect("sound tokens");
                best = best.min(start.elapsed());
            }
            let (rate, time) = (f64::from(texts * length) / best.as_secs_f64(), best.as_secs_f64() * 1e3);
            println!("{precision:?}, {texts:>2} texts of {length:>3}: {time:>7.2} ms, {rate:>6.0} tokens/s");
        }
    }
}
