//! Training of a perceptron with hidden layers (Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating
//! errors"), step by step the same on every machine, so that any step can be done again from the checkpoint before it.
//!
//! Step t draws `batch` examples with Philox, multiplies them through the layers with GELU between them, takes the mean
//! cross-entropy, goes back by the chain rule, and moves the weights. The checkpoint after a step is all that the next one needs.

mod checkpoint;
pub mod digits;
pub mod transformer;

use crate::device::{Buffer, Device, Error as DeviceError};
use crate::models::Error;
use crate::models::layers::turned;
use crate::models::noise::Noise;
use crate::ops::{Adam, Sgd};
use crate::trace::Trace;
use plasma_kernels_device::map::Unary;
use plasma_kernels_device::random::philox;
use plasma_kernels_device::reduce::Reduction;

/// How weights move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimiser {
    /// Gradient descent with momentum.
    Sgd(Sgd),
    /// Adam.
    Adam(Adam),
}

/// What is trained, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Inputs, the columns of each hidden layer, and classes.
    pub columns: Vec<u32>,
    /// Examples of a step.
    pub batch: u32,
    /// How weights move.
    pub optimiser: Optimiser,
    /// What the first weights and the batches are drawn from.
    pub seed: u64,
}

/// Examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// Rows of as many numbers as there are inputs.
    pub x: Vec<f32>,
    /// The class of every row.
    pub classes: Vec<u32>,
}

/// What a checkpoint begins with.
const MARK: &checkpoint::Mark = b"plasma training1";

/// The weights that one product or bias has, and what its optimiser remembers.
struct Weights {
    w: Buffer<f32>,
    m: Buffer<f32>,
    v: Buffer<f32>,
}

struct Layer {
    /// Input × output.
    weights: Weights,
    bias: Weights,
}

/// What rows became on their way.
#[derive(Default)]
struct Passed {
    /// After every layer's product and bias.
    sums: Vec<Buffer<f32>>,
    /// After the function of every layer but the last.
    active: Vec<Buffer<f32>>,
}

/// A training under way.
pub struct Training {
    device: Device,
    plan: Plan,
    x: Buffer<f32>,
    classes: Vec<u32>,
    layers: Vec<Layer>,
    steps: u64,
    /// Of the plan and the examples.
    digest: [u8; 32],
}

fn refused(what: impl Into<String>) -> Error {
    Error::Input(what.into())
}

impl Optimiser {
    /// What a digest takes of it.
    fn words(self) -> Vec<u32> {
        match self {
            Self::Sgd(Sgd { rate, momentum }) => vec![0, rate.to_bits(), momentum.to_bits()],
            Self::Adam(Adam { rate, beta: [first, second], epsilon }) => {
                vec![1, rate.to_bits(), first.to_bits(), second.to_bits(), epsilon.to_bits()]
            }
        }
    }
}

/// What step `at` takes of `count` examples: 32 bits of Philox for each, as a fraction of the count.
fn drawn(batch: u32, (seed, at): (u64, u64), count: u64) -> Vec<u32> {
    let key = [seed as u32, (seed >> 32) as u32];
    let draw = |i: u32| (u64::from(philox([i, at as u32, (at >> 32) as u32, 1], key)[0]) * count) >> 32;
    (0..batch).map(|i| draw(i) as u32).collect()
}

impl Plan {
    fn check(&self, examples: &Examples) -> Result<(), Error> {
        let (Some(&inputs), Some(&classes), true) = (self.columns.first(), self.columns.last(), self.columns.len() > 1) else {
            return Err(refused("a perceptron has inputs and classes: write two numbers of columns or more"));
        };
        if self.batch == 0 || self.columns.iter().any(|&columns| columns == 0 || columns > 1 << 20) {
            return Err(refused("batches and layers have at least 1, and layers at most 2^20 columns"));
        }
        let rows = examples.classes.len();
        if rows == 0 || rows as u128 * u128::from(inputs) != examples.x.len() as u128 {
            return Err(refused(format!("{rows} examples of {inputs} inputs are not {} numbers", examples.x.len())));
        }
        match examples.classes.iter().find(|&&class| class >= classes) {
            Some(class) => Err(refused(format!("an example is of class {class}, and there are {classes}"))),
            None => Ok(()),
        }
    }

    /// BLAKE3 of the plan and the examples: which training this is.
    fn digest(&self, examples: &Examples) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("plasma training v1");
        let mut words = |words: &[u32]| {
            hasher.update(&(words.len() as u64).to_le_bytes());
            for word in words {
                hasher.update(&word.to_le_bytes());
            }
        };
        words(&self.columns);
        words(&[self.batch, self.seed as u32, (self.seed >> 32) as u32]);
        words(&self.optimiser.words());
        words(&examples.classes);
        words(&examples.x.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
        hasher.finalize().into()
    }
}

impl Weights {
    fn new(device: &Device, w: &[f32]) -> Result<Self, DeviceError> {
        Ok(Self { w: device.upload(w)?, m: device.alloc(w.len())?, v: device.alloc(w.len())? })
    }

    fn parts(&self) -> [&Buffer<f32>; 3] {
        [&self.w, &self.m, &self.v]
    }

    fn parts_mut(&mut self) -> [&mut Buffer<f32>; 3] {
        [&mut self.w, &mut self.m, &mut self.v]
    }

    fn step(&mut self, device: &Device, optimiser: Optimiser, t: u64, g: &Buffer<f32>) -> Result<(), DeviceError> {
        match optimiser {
            Optimiser::Sgd(how) => device.sgd(how, g, &mut self.w, &mut self.m),
            Optimiser::Adam(how) => device.adam((how, t), g, &mut self.w, [&mut self.m, &mut self.v]),
        }
    }
}

impl Training {
    /// Begins, with weights of [`Noise`] and biases of 0.
    ///
    /// # Errors
    /// If plan and examples do not fit, or memory is short.
    pub fn new(device: &Device, plan: Plan, examples: &Examples) -> Result<Self, Error> {
        plan.check(examples)?;
        let (mut layers, noise) = (Vec::new(), Noise { seed: plan.seed });
        for (i, pair) in plan.columns.windows(2).enumerate() {
            let (input, output) = (pair[0], pair[1]);
            let rows = noise.get(&format!("layers.{i}.weight"), &[output, input])?;
            let weights = Weights::new(device, &turned(output as usize, input as usize, &rows)?)?;
            layers.push(Layer { weights, bias: Weights::new(device, &vec![0.0; output as usize])? });
        }
        let (x, classes, digest) = (device.upload(&examples.x)?, examples.classes.clone(), plan.digest(examples));
        Ok(Self { device: device.clone(), plan, x, classes, layers, steps: 0, digest })
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if the bytes are no checkpoint, or one of another plan or other examples.
    pub fn resume(device: &Device, plan: Plan, examples: &Examples, bytes: &[u8]) -> Result<Self, Error> {
        let mut training = Self::new(device, plan, examples)?;
        let parts =
            training.layers.iter_mut().flat_map(|layer| layer.weights.parts_mut().into_iter().chain(layer.bias.parts_mut()));
        training.steps = checkpoint::read(device, (MARK, &training.digest), bytes, parts)?;
        Ok(training)
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// All that the next step needs: a mark, the digest of plan and examples, the number of steps, and of every layer the weights,
    /// the bias, and the moments of both, f32 in little-endian order.
    ///
    /// # Errors
    /// If the driver fails.
    pub fn checkpoint(&self) -> Result<Vec<u8>, Error> {
        let parts = self.layers.iter().flat_map(|layer| layer.weights.parts().into_iter().chain(layer.bias.parts()));
        checkpoint::write(&self.device, (MARK, &self.digest, self.steps), parts)
    }

    /// What the layers make of `rows` rows.
    fn forward(&self, rows: u32, x: &Buffer<f32>) -> Result<Passed, Error> {
        let device = &self.device;
        let Passed { mut sums, mut active } = Passed::default();
        for (layer, pair) in self.layers.iter().zip(self.plan.columns.windows(2)) {
            let mut z = device.alloc(rows as usize * pair[1] as usize)?;
            device.gemm_f32([rows, pair[1], pair[0], 1], active.last().unwrap_or(x), &layer.weights.w, &mut z)?;
            device.finish([rows, pair[1]], Unary::Identity, &layer.bias.w, None, &mut z)?;
            if sums.len() + 1 < self.layers.len() {
                let mut a = device.alloc(z.len())?;
                device.map(Unary::Gelu, &z, &mut a)?;
                active.push(a);
            }
            sums.push(z);
        }
        Ok(Passed { sums, active })
    }

    /// One step; gives the mean loss of its batch before it.
    ///
    /// # Errors
    /// If memory is short or the driver fails.
    pub fn step(&mut self) -> Result<f32, Error> {
        let (device, batch, columns) = (self.device.clone(), self.plan.batch, self.plan.columns.clone());
        let drawn = drawn(batch, (self.plan.seed, self.steps), self.classes.len() as u64);
        let targets: Vec<u32> = drawn.iter().map(|&row| self.classes[row as usize]).collect();
        let mut x = device.alloc(batch as usize * columns[0] as usize)?;
        device.gather(columns[0], &self.x, &device.upload(&drawn)?, &mut x)?;
        let Passed { sums, active } = self.forward(batch, &x)?;
        let last = &sums[sums.len() - 1];
        let (mut losses, mut slope) = (device.alloc(batch as usize)?, device.alloc(last.len())?);
        let sizes = [batch, columns[columns.len() - 1]];
        device.cross_entropy(sizes, (last, &device.upload(&targets)?), 1.0 / batch as f32, &mut losses, &mut slope)?;
        let mut gradients = Vec::new();
        for i in (0..self.layers.len()).rev() {
            let (input, output) = (columns[i], columns[i + 1]);
            let from = if i == 0 { &x } else { &active[i - 1] };
            let (mut turned, mut of_weights) = (device.alloc(from.len())?, device.alloc(input as usize * output as usize)?);
            let mut of_bias = device.alloc(output as usize)?;
            device.transpose(batch, input, from, &mut turned)?;
            device.gemm_f32([input, output, batch, 1], &turned, &slope, &mut of_weights)?;
            device.column_sums([batch, output], &slope, &mut of_bias)?;
            gradients.push([of_weights, of_bias]);
            if i > 0 {
                let (mut turned, mut before) = (device.alloc(input as usize * output as usize)?, device.alloc(from.len())?);
                device.transpose(input, output, &self.layers[i].weights.w, &mut turned)?;
                device.gemm_f32([batch, input, output, 1], &slope, &turned, &mut before)?;
                slope = device.alloc(before.len())?;
                device.slope(Unary::Gelu, &sums[i - 1], &before, &mut slope)?;
            }
        }
        self.steps += 1;
        for (layer, [of_weights, of_bias]) in self.layers.iter_mut().rev().zip(gradients) {
            layer.weights.step(&device, self.plan.optimiser, self.steps, &of_weights)?;
            layer.bias.step(&device, self.plan.optimiser, self.steps, &of_bias)?;
        }
        Ok(device.reduce(Reduction::Sum, &losses)? / batch as f32)
    }

    /// The likeliest class of every row.
    ///
    /// # Errors
    /// If the rows are not whole, memory is short or the driver fails.
    pub fn classify(&self, x: &[f32]) -> Result<Vec<u32>, Error> {
        let (inputs, classes) = (self.plan.columns[0], self.plan.columns[self.plan.columns.len() - 1]);
        let rows = u32::try_from(x.len() / inputs as usize).ok().filter(|_| x.len().is_multiple_of(inputs as usize));
        let rows = rows.ok_or_else(|| refused(format!("{} numbers are no rows of {inputs}", x.len())))?;
        let Passed { sums, .. } = self.forward(rows, &self.device.upload(x)?)?;
        let mut likeliest = self.device.alloc(rows as usize)?;
        self.device.top_k([rows, classes], 1, &sums[sums.len() - 1], &mut likeliest)?;
        Ok(self.device.read(&likeliest)?)
    }

    /// `steps` steps from here on and their trace: the checkpoint now, and after every step.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn trace(&mut self, steps: u64) -> Result<Trace, Error> {
        let mut trace = Trace::default();
        trace.step(&self.checkpoint()?);
        for _ in 0..steps {
            self.step()?;
            trace.step(&self.checkpoint()?);
        }
        Ok(trace)
    }
}
