//! The programs that train.

use super::text::{VOCABULARY, decoder, said, tokens};
use super::{Cost, Program, size};
use crate::device::{Device, Error};
use crate::models::noise::Noise;
use crate::ops::Adam;
use crate::trace::Trace;
use crate::training::transformer;
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

/// Training of a decoder of the Llama family by Adam, on a text drawn from the seed. Steps: the checkpoint before the first, and after
/// each.
pub const TRANSFORMER_TRAINING: Program = Program {
    id: 7,
    name: "transformer-training",
    sizes: &[
        size("layers", 1 << 10),
        size("heads", 1 << 7),
        size("heads of keys", 1 << 7),
        size("columns of a head", 1 << 8),
        size("inner columns", 1 << 17),
        size("tokens of the text", 1 << 24),
        size("windows of a step", 1 << 15),
        size("tokens of a window", 1 << 15),
        size("steps", 1 << 24),
    ],
    cost: |sizes| {
        let [layers, heads, keys, dim, inner, _, batch, length, steps] =
            [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|i| u128::from(sizes[i]));
        let (width, narrow, rows, known) = (heads * dim, keys * dim, batch * length, u128::from(VOCABULARY));
        // Every product is made forwards, to its weights' slopes and to its operand's: input and output columns of each.
        let products = [(width, width + 2 * narrow), (width, width), (width, inner), (width, inner), (inner, width)];
        let weights: u128 = products.iter().map(|(input, output)| input * output).sum();
        let ends: u128 = products.iter().map(|(input, output)| input + output).sum();
        // Attention is two products forwards and four back, over the pairs of a token and those up to its own place.
        let pairs = batch * length * (length + 1) / 2;
        let operations = layers * (6 * rows * weights + 12 * pairs * width) + 6 * rows * width * known;
        // Queries, keys, values and rows of the result go in or out once forwards and twice back.
        let attention = rows * (6 * width + 6 * narrow);
        let numbers = layers * (3 * (weights + rows * ends) + attention) + 3 * (width * known + rows * (width + known));
        Cost { operations: steps * operations, bytes: steps * 4 * numbers }
    },
    run: transformer_training,
};

/// The plan and the text of a run.
pub fn text_job(sizes: &[u64], seed: u64) -> (transformer::Plan, Vec<u32>) {
    let [layers, heads, keys, dim, inner, count, batch, length] = [0, 1, 2, 3, 4, 5, 6, 7].map(|i| sizes[i] as u32);
    let config = decoder([layers, heads, keys, dim, inner, length]);
    let optimiser = Optimiser::Adam(Adam::default());
    (transformer::Plan { config, batch, length, optimiser, seed }, tokens(seed, 1, count.into()).remove(0))
}

fn transformer_training(device: &Device, sizes: &[u64], seed: u64) -> Result<Trace, Error> {
    let (plan, text) = text_job(sizes, seed);
    transformer::Training::new(device, plan, &text, None).and_then(|mut training| training.trace(sizes[8])).map_err(said)
}
