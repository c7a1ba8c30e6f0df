//! Trains a perceptron on handwritten digits with the kernels and writes its checkpoint: `cargo run --release -p plasma-kernels
//! --example digits [DEVICE]`. A test does the same and demands the same bytes.

use plasma_kernels::Device;
use plasma_kernels::training::Training;
use plasma_kernels::training::digits::{STEPS, digits, plan};
use std::path::Path;

fn main() {
    let device = Device::open(&std::env::args().nth(1).unwrap_or_else(|| "cpu".into())).expect("a device");
    let [known, held_back] = digits();
    let mut training = Training::new(&device, plan(), &known).expect("room for a small model");
    for step in 0..STEPS {
        let loss = training.step().expect("a step");
        if step % 100 == 0 {
            println!("step {step}: loss {loss:.4}");
        }
    }
    let found = training.classify(&held_back.x).expect("classes");
    let right = found.iter().zip(&held_back.classes).filter(|(found, right)| found == right).count();
    println!("{right} of {} digits that were held back", found.len());
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/digits.checkpoint");
    std::fs::write(&to, training.checkpoint().expect("a checkpoint")).expect("a file to write");
    println!("{}", to.display());
}
