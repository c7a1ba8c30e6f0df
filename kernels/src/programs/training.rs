//! The program that trains.

use super::{Cost, Program, size, text::said};
use crate::device::{Device, Error};
use crate::models::noise::Noise;
use crate::ops::Adam;
use crate::trace::Trace;
use crate::training::{Examples, Optimiser, Plan, Training};
use plasma_kernels_device::random::philox;

/// Training of a perceptron with one hidden layer by Adam, on examples drawn from the seed. Steps: the checkpoint before the first,
/// and after each.
pub const MLP_TRAINING: Program = Program {
    id: 5,
    name: "mlp-training",
    sizes: &[
        size("inputs", 1 << 14),
        size("hidden columns", 1 << 14),
        size("classes", 1 << 14),
        size("examples", 1 << 20),
        size("examples of a step", 1 << 14),
        size("steps", 1 << 24),
    ],
    cost: |sizes| {
        let [inputs, hidden, classes, batch, steps] = [0, 1, 2, 4, 5].map(|i| u128::from(sizes[i]));
        let (first, second) = (inputs * hidden, hidden * classes);
        // Forward, to the weights' gradients, and back from the second layer to the first.
        let operations = 2 * batch * (2 * first + 3 * second);
        let numbers = 2 * (first + batch * (inputs + hidden)) + 3 * (second + batch * (hidden + classes));
        Cost { operations: steps * operations, bytes: steps * 4 * numbers }
    },
    run: mlp_training,
};

/// The plan and the examples of a run.
///
/// # Errors
/// If memory is short.
pub fn job(sizes: &[u64], seed: u64) -> Result<(Plan, Examples), Error> {
    let [inputs, hidden, classes, examples, batch] = [0, 1, 2, 3, 4].map(|i| sizes[i] as u32);
    let class = |i: u32| philox([i, 0, 0, 2], [seed as u32, (seed >> 32) as u32])[0] % classes;
    let x = Noise { seed }.get("examples", &[examples, inputs]).map_err(said)?;
    let examples = Examples { x, classes: (0..examples).map(class).collect() };
    let plan = Plan { columns: vec![inputs, hidden, classes], batch, optimiser: Optimiser::Adam(Adam::default()), seed };
    Ok((plan, examples))
}

fn mlp_training(device: &Device, sizes: &[u64], seed: u64) -> Result<Trace, Error> {
    let (plan, examples) = job(sizes, seed)?;
    Training::new(device, plan, &examples).and_then(|mut training| training.trace(sizes[5])).map_err(said)
}
