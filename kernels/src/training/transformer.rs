//! Training of a small transformer: a decoder of the family of GPT-2 or Llama learns to continue a text, step by step the same on
//! every machine, so that any step can be done again from the checkpoint before it.
//!
//! Step t draws `batch` windows of `length` + 1 tokens from the text with Philox; each token but the last has the next one as its
//! target. The rows go through the layers as [`Decoder`](crate::models::decoder::Decoder) has them, by the same operations in the
//! same order; the mean cross-entropy goes back by the chain rule (Rumelhart, Hinton and Williams 1986), and the weights move.
//! What is learnt is given as a safetensors file, which a decoder of the same configuration takes.

mod layer;
mod net;

use super::checkpoint::{self, Mark};
use super::{Optimiser, drawn, refused};
use crate::device::{Buffer, Device};
use crate::models::Error;
use crate::models::decoder::{Config, Form, turns};
use crate::models::layers::Layout;
use crate::models::noise::Noise;
use crate::models::weights::Weights;
use crate::trace::Trace;
use layer::{Layer, Passed, Texts};
use net::{Builder, Norm, Product, Room, Slopes, Tensor};
use plasma_kernels_device::attention::Span;
use plasma_kernels_device::map::{Binary, Unary};
use plasma_kernels_device::reduce::Reduction;
use safetensors::{Dtype, tensor::TensorView};

/// What is trained, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The decoder's sizes.
    pub config: Config,
    /// Windows of a step.
    pub batch: u32,
    /// Tokens of a window that make predictions.
    pub length: u32,
    /// How weights move.
    pub optimiser: Optimiser,
    /// What the windows are drawn from, and the first weights where none are given.
    pub seed: u64,
}

/// What a checkpoint begins with.
const MARK: &Mark = b"plasma decoder 1";
/// The most tokens of a step: what keeps rows times columns within reach.
const MOST: u64 = 1 << 24;

/// A training under way.
pub struct Training {
    device: Device,
    plan: Plan,
    text: Vec<u32>,
    form: Form,
    tensors: Vec<Tensor>,
    words: usize,
    /// Embeddings of places, where they are added.
    places: Option<usize>,
    /// Cosines and sines of places, where they turn.
    turns: Option<Buffer<f32>>,
    layers: Vec<Layer>,
    last: Norm,
    /// None where the logits are products with the embeddings.
    logits: Option<Product>,
    steps: u64,
    /// Of the plan, the text and the first weights.
    digest: [u8; 32],
}

/// What rows became on their way.
struct Way {
    tokens: Buffer<u32>,
    places: Buffer<u32>,
    layers: Vec<Passed>,
    /// Before and after the last norm.
    rows: [Buffer<f32>; 2],
    logits: Buffer<f32>,
}

impl Plan {
    fn check(&self, text: &[u32]) -> Result<Form, Error> {
        let form = self.config.form()?;
        if self.batch == 0 || self.length == 0 || u64::from(self.batch) * u64::from(self.length) > MOST {
            return Err(refused(format!("a step has at least 1 window of at least 1 token, and at most {MOST} tokens in all")));
        }
        if self.length > form.context {
            return Err(refused(format!(
                "windows of {} tokens are longer than the {} that the model takes",
                self.length, form.context
            )));
        }
        if text.len() as u64 <= u64::from(self.length) || text.len() > 1 << 31 {
            return Err(refused(format!(
                "a text of {} tokens; windows need {} and one more, and at most 2^31",
                text.len(),
                self.length
            )));
        }
        match text.iter().find(|&&token| token >= form.vocabulary) {
            Some(token) => Err(refused(format!("token {token} is unknown; the model knows {}", form.vocabulary))),
            None => Ok(form),
        }
    }

    /// BLAKE3 of the plan, the text and what the first weights are: which training this is.
    fn digest(&self, text: &[u32], first: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("plasma decoder training v1");
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        // Plain numbers and names: there is nothing in it that could fail.
        part(&serde_json::to_vec(&self.config).unwrap_or_default());
        part(&words(&[self.batch, self.length, self.seed as u32, (self.seed >> 32) as u32]));
        part(&words(&self.optimiser.words()));
        part(first);
        part(&words(text));
        hasher.finalize().into()
    }
}

impl Training {
    /// Begins, from the weights of a file or, without one, of [`Noise`]: then with the same weights as
    /// [`Decoder::random`](crate::models::decoder::Decoder::random) of the same seed.
    ///
    /// # Errors
    /// If plan, text and weights do not fit, or memory is short.
    pub fn new(device: &Device, plan: Plan, text: &[u32], first: Option<&Weights>) -> Result<Self, Error> {
        let (form, noise) = (plan.check(text)?, Noise { seed: plan.seed });
        let names = plan.config.names(first.is_some_and(|weights| weights.has("wte.weight")));
        let digest = plan.digest(text, &first.map_or_else(|| noise.digest(), Weights::digest));
        let mut builder = match first {
            Some(weights) => Builder { device, source: weights, tensors: Vec::new() },
            None => Builder { device, source: &noise, tensors: Vec::new() },
        };
        let weight = |name: &str| vec![(format!("{name}.weight"), form.width)];
        let words = builder.tensor(weight(&names.words), Some(form.vocabulary), Layout::ByInput)?;
        let places = names.places.as_ref().map(|name| builder.tensor(weight(name), Some(form.context), Layout::ByInput));
        let places = places.transpose()?;
        let layers = (0..form.layers).map(|i| Layer::new(&mut builder, &form, &names, i)).collect::<Result<_, _>>()?;
        let last = builder.norm(&names.last, form.width, !form.rms, form.epsilon)?;
        let head = |name: &String| [(name.clone(), form.vocabulary)];
        let logits = names.logits.as_ref().map(|name| builder.product(&head(name), form.width, Layout::ByOutput, false));
        let logits = logits.transpose()?;
        let turns = form.theta.map(|theta| turns(form.context, form.heads.dim, theta)).transpose()?;
        let turns = turns.map(|turns| device.upload(&turns)).transpose()?;
        let (tensors, text, device) = (builder.tensors, text.to_vec(), device.clone());
        Ok(Self { device, plan, text, form, tensors, words, places, turns, layers, last, logits, steps: 0, digest })
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if the bytes are no checkpoint, or one of another plan, another text or other first weights.
    pub fn resume(device: &Device, plan: Plan, text: &[u32], first: Option<&Weights>, bytes: &[u8]) -> Result<Self, Error> {
        let mut training = Self::new(device, plan, text, first)?;
        let parts = training.tensors.iter_mut().flat_map(|tensor| tensor.weights.parts_mut());
        training.steps = checkpoint::read(device, (MARK, &training.digest), bytes, parts)?;
        Ok(training)
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// All that the next step needs: a mark, the digest of plan, text and first weights, the number of steps, and of every tensor
    /// the numbers and both moments, f32 in little-endian order.
    ///
    /// # Errors
    /// If the driver fails.
    pub fn checkpoint(&self) -> Result<Vec<u8>, Error> {
        let parts = self.tensors.iter().flat_map(|tensor| tensor.weights.parts());
        checkpoint::write(&self.device, (MARK, &self.digest, self.steps), parts)
    }

    /// What is learnt so far as a safetensors file of f32, under the names by which models of this family are published.
    ///
    /// # Errors
    /// If memory is short or the driver fails.
    pub fn weights(&self) -> Result<Vec<u8>, Error> {
        let mut parts = Vec::new();
        for tensor in &self.tensors {
            for (name, shape, values) in tensor.parts(&self.device)? {
                parts.push((name, shape, net::bytes(&values)?));
            }
        }
        let said = |error: safetensors::SafeTensorError| refused(error.to_string());
        let view = |(name, shape, bytes)| TensorView::new(Dtype::F32, shape, bytes).map(|view| (name, view)).map_err(said);
        let parts = parts.iter().map(|(name, shape, bytes): &(String, Vec<usize>, Vec<u8>)| view((name, shape.clone(), bytes)));
        safetensors::serialize(parts.collect::<Result<Vec<_>, _>>()?, None).map_err(said)
    }

    fn texts<'a>(&'a self, count: u32, length: u32, places: &'a Buffer<u32>) -> Texts<'a> {
        let span = |i: u32| Span { first_query: i * length, queries: length, first_key: i * length, keys: length };
        Texts {
            spans: (0..count).map(span).collect(),
            heads: self.form.heads,
            function: self.form.function,
            turns: self.turns.as_ref().map(|table| (table, places)),
        }
    }

    /// What the model makes of `count` texts of `length` tokens.
    fn forward(&self, room: Room, [count, length]: [u32; 2], tokens: &[u32]) -> Result<Way, Error> {
        let (device, width) = (&self.device, self.form.width);
        let (tokens, places) = (device.upload(tokens)?, device.upload(&(0..room.rows).map(|i| i % length).collect::<Vec<_>>())?);
        let texts = self.texts(count, length, &places);
        let mut x = room.space(width)?;
        device.gather(width, room.weights(self.words), &tokens, &mut x)?;
        if let Some(table) = self.places {
            let mut y = room.space(width)?;
            device.gather(width, room.weights(table), &places, &mut y)?;
            x = room.zipped(Binary::Add, &x, &y)?;
        }
        let mut layers = Vec::new();
        for layer in &self.layers {
            let (y, passed) = layer.run(room, &texts, x)?;
            layers.push(passed);
            x = y;
        }
        let normed = self.last.run(room, &x)?;
        let logits = match &self.logits {
            Some(product) => product.run(room, &normed, None)?,
            None => {
                let known = self.form.vocabulary;
                let turned = room.transposed([known, width], room.weights(self.words))?;
                let mut logits = room.multiplied([room.rows, known, width], &normed, &turned)?;
                // No bias, but as a decoder has it: −0 becomes +0.
                let nothing = device.alloc(known as usize)?;
                device.finish([room.rows, known], Unary::Identity, &nothing, None, &mut logits)?;
                logits
            }
        };
        Ok(Way { tokens, places, layers, rows: [x, normed], logits })
    }

    /// From the slope of the logits to those of all tensors.
    fn backward(&self, room: Room, [count, length]: [u32; 2], way: &Way, of_logits: &Buffer<f32>) -> Result<Slopes, Error> {
        let (device, width, known) = (&self.device, self.form.width, self.form.vocabulary);
        let texts = self.texts(count, length, &way.places);
        let mut slopes = Slopes(self.tensors.iter().map(|_| None).collect());
        let [before, normed] = &way.rows;
        let of_normed = match &self.logits {
            Some(product) => product.back(room, normed, of_logits, &mut slopes)?,
            None => {
                let turned = room.transposed([room.rows, known], of_logits)?;
                slopes.add(device, self.words, room.multiplied([known, width, room.rows], &turned, normed)?)?;
                room.multiplied([room.rows, width, known], of_logits, room.weights(self.words))?
            }
        };
        let mut slope = self.last.back(room, before, &of_normed, None, &mut slopes)?;
        for (layer, passed) in self.layers.iter().zip(&way.layers).rev() {
            slope = layer.back(room, &texts, passed, &slope, &mut slopes)?;
        }
        for (table, indices) in [(Some(self.words), &way.tokens), (self.places, &way.places)] {
            if let Some(table) = table {
                let mut of_table = device.alloc(self.tensors[table].weights.w.len())?;
                device.gather_backward(width, &slope, indices, &mut of_table)?;
                slopes.add(device, table, of_table)?;
            }
        }
        Ok(slopes)
    }

    /// The mean loss of targets, and the slope of the logits.
    fn loss(&self, room: Room, logits: &Buffer<f32>, targets: &[u32]) -> Result<(f32, Buffer<f32>), Error> {
        let (mut losses, mut slope) = (self.device.alloc(room.rows as usize)?, self.device.alloc(logits.len())?);
        let (targets, share) = (self.device.upload(targets)?, 1.0 / room.rows as f32);
        let sizes = [room.rows, self.form.vocabulary];
        self.device.cross_entropy(sizes, (logits, &targets), share, &mut losses, &mut slope)?;
        Ok((self.device.reduce(Reduction::Sum, &losses)? / room.rows as f32, slope))
    }

    /// One step; gives the mean loss of its windows before it.
    ///
    /// # Errors
    /// If memory is short or the driver fails.
    pub fn step(&mut self) -> Result<f32, Error> {
        let (batch, length) = (self.plan.batch, self.plan.length);
        let starts = drawn(batch, (self.plan.seed, self.steps), self.text.len() as u64 - u64::from(length));
        let window = |shift: usize| {
            let at = |&start: &u32| &self.text[start as usize + shift..][..length as usize];
            starts.iter().flat_map(at).copied().collect::<Vec<u32>>()
        };
        let room = Room { device: &self.device, tensors: &self.tensors, rows: batch * length };
        let way = self.forward(room, [batch, length], &window(0))?;
        let (loss, of_logits) = self.loss(room, &way.logits, &window(1))?;
        let slopes = self.backward(room, [batch, length], &way, &of_logits)?;
        self.steps += 1;
        for (tensor, slope) in self.tensors.iter_mut().zip(&slopes.0) {
            if let Some(slope) = slope {
                tensor.weights.step(&self.device, self.plan.optimiser, self.steps, slope)?;
            }
        }
        Ok(loss)
    }

    /// The mean loss over the tokens of a text, each but the first predicted from those before it.
    ///
    /// # Errors
    /// If the text has fewer than two tokens, more than the model takes and one, or unknown ones; if memory is short or the driver
    /// fails.
    pub fn loss_of(&self, text: &[u32]) -> Result<f32, Error> {
        let (context, known) = (self.form.context, self.form.vocabulary);
        let rows =
            u32::try_from(text.len()).ok().and_then(|count| count.checked_sub(1)).filter(|rows| (1..=context).contains(rows));
        let rows =
            rows.ok_or_else(|| refused(format!("{} tokens, where there must be from 2 to {context} and one", text.len())))?;
        if let Some(token) = text.iter().find(|&&token| token >= known) {
            return Err(refused(format!("token {token} is unknown; the model knows {known}")));
        }
        let room = Room { device: &self.device, tensors: &self.tensors, rows };
        let way = self.forward(room, [1, rows], &text[..rows as usize])?;
        Ok(self.loss(room, &way.logits, &text[1..])?.0)
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
