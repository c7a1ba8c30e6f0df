//! Decoders of the families of GPT-2 (Radford et al. 2019) and Llama (Touvron et al. 2023, arXiv:2302.13971): the tokens so far
//! make the logits of the next.
//!
//! A layer normalises its input, attends to the tokens up to each one's own place and adds; it normalises again, goes through two
//! products with a function between them (or three, one of them a gate) and adds. GPT-2 adds an embedding of the place, has biases
//! and LayerNorm; Llama turns queries and keys by their place, shares heads of keys, has neither biases nor means.
//!
//! Keys and values are kept, so that a token is computed once. Whether tokens come at once or one by one, the bits are the same.

mod config;

pub use config::{Config, Gpt2, Llama};

use super::choice::Choice;
use super::layers::{Layout, Linear, Norm, Source, room};
use super::noise::Noise;
use super::weights::Weights;
use super::{Error, Precision, read};
use crate::device::{Buffer, Device};
use crate::ops::{Columns, ColumnsMut, Heads};
use crate::trace::Trace;
pub(crate) use config::{Form, Names};
use plasma_kernels_device::attention::{Mask, Span};
use plasma_kernels_device::map::{Binary, Unary};
use std::path::Path;

struct Layer {
    before: Norm,
    /// Queries, keys and values side by side.
    look: Linear,
    take: Linear,
    between: Norm,
    inner: Linear,
    /// What the inner columns are multiplied by, where there is a gate.
    gate: Option<Linear>,
    outer: Linear,
}

/// A decoder on a device.
pub struct Decoder {
    device: Device,
    form: Form,
    words: Buffer<f32>,
    /// Embeddings of places, where they are added.
    places: Option<Buffer<f32>>,
    /// Cosines and sines of places, where they turn.
    turns: Option<Buffer<f32>>,
    layers: Vec<Layer>,
    last: Norm,
    logits: Linear,
    /// What tells this model from others.
    digest: [u8; 32],
}

/// For every place dim / 2 cosines and as many sines of place · θ^(−2i / dim) (arXiv:2104.09864, equation 15), computed in f64.
pub(crate) fn turns(places: u32, dim: u32, theta: f64) -> Result<Vec<f32>, Error> {
    let mut table = room(places as usize * dim as usize)?;
    let half = dim / 2;
    let angle = |place: u32, i: u32| f64::from(place) * libm::pow(theta, -2.0 * f64::from(i) / f64::from(dim));
    for place in 0..places {
        table.extend((0..half).map(|i| libm::cos(angle(place, i)) as f32));
        table.extend((0..half).map(|i| libm::sin(angle(place, i)) as f32));
    }
    Ok(table)
}

impl Decoder {
    /// Builds a decoder from a folder's `config.json` and `model.safetensors`.
    ///
    /// # Errors
    /// If a file is missing or unsound, or memory is short.
    pub fn open(device: &Device, folder: &Path, precision: Precision) -> Result<Self, Error> {
        let config = Config::new(&read(folder, "config.json")?)?;
        let weights = Weights::new(read(folder, "model.safetensors")?)?;
        Self::from_weights(device, &config, &weights, precision)
    }

    /// Builds a decoder from weights.
    ///
    /// # Errors
    /// If sizes and weights do not fit, or memory is short.
    pub fn from_weights(device: &Device, config: &Config, weights: &Weights, precision: Precision) -> Result<Self, Error> {
        let bare = weights.has("wte.weight");
        Self::build(device, config, (weights, bare), precision, weights.digest())
    }

    /// A decoder of random weights: [`Noise`].
    ///
    /// # Errors
    /// If the sizes are out of range or memory is short.
    pub fn random(device: &Device, config: &Config, seed: u64, precision: Precision) -> Result<Self, Error> {
        let noise = Noise { seed };
        Self::build(device, config, (&noise, false), precision, noise.digest())
    }

    fn build(
        device: &Device,
        config: &Config,
        (source, bare): (&dyn Source, bool),
        precision: Precision,
        digest: [u8; 32],
    ) -> Result<Self, Error> {
        let form = config.form()?;
        let (names, width) = (config.names(bare), form.width);
        let norm = |name: &str| match form.rms {
            true => Norm::rms(device, source, name, width, form.epsilon),
            false => Norm::layer(device, source, name, width, form.epsilon),
        };
        let layers = (0..form.layers).map(|i| layer(device, source, (&form, &names, i), precision)).collect::<Result<_, _>>()?;
        let table = source.tensor(&format!("{}.weight", names.words), &[form.vocabulary, width])?;
        let head = match &names.logits {
            Some(name) => source.tensor(&format!("{name}.weight"), &[form.vocabulary, width])?,
            None => table.clone(),
        };
        let nothing = vec![0.0; form.vocabulary as usize];
        let places = names.places.as_ref().map(|name| source.tensor(&format!("{name}.weight"), &[form.context, width]));
        let table_of_turns = form.theta.map(|theta| turns(form.context, form.heads.dim, theta));
        Ok(Self {
            device: device.clone(),
            words: device.upload(&table)?,
            places: places.transpose()?.map(|places| device.upload(&places)).transpose()?,
            turns: table_of_turns.transpose()?.map(|turns| device.upload(&turns)).transpose()?,
            layers,
            last: norm(&names.last)?,
            logits: Linear::keep(device, (form.vocabulary, width), &head, &nothing, precision)?,
            form,
            digest,
        })
    }

    /// A text to be continued, with room for so many tokens.
    ///
    /// # Errors
    /// If the model takes fewer, or memory is short.
    pub fn session(&self, room: u32) -> Result<Session<'_>, Error> {
        if room > self.form.context {
            return Err(Error::Input(format!("{room} tokens are more than the {} that the model takes", self.form.context)));
        }
        let each = || self.device.alloc(room as usize * (self.form.heads.keys * self.form.heads.dim) as usize);
        let kept = (0..self.form.layers).map(|_| Ok([each()?, each()?])).collect::<Result<_, Error>>()?;
        Ok(Session { decoder: self, kept, length: 0, room })
    }

    /// Continues a prompt by `count` tokens, and the trace of it: the model, the prompt and how tokens are chosen; then for every
    /// pass the rows after the embeddings and after each layer, the logits, and the token.
    ///
    /// # Errors
    /// If the prompt is empty or has unknown tokens, if all does not fit the model's context, if memory is short or the driver
    /// fails.
    pub fn generate(&self, prompt: &[u32], count: u32, choice: Choice) -> Result<(Vec<u32>, Trace), Error> {
        let mut trace = Trace::default();
        let words = prompt.iter().chain([&count, &choice.among]).flat_map(|word| word.to_le_bytes());
        let rest = choice.temperature.to_le_bytes().into_iter().chain(choice.seed.to_le_bytes());
        trace.step(&self.digest.iter().copied().chain(words).chain(rest).collect::<Vec<_>>());
        let length = u32::try_from(prompt.len()).unwrap_or(u32::MAX);
        let mut session = self.session(length.saturating_add(count.saturating_sub(1)))?;
        let (mut tokens, mut next) = (Vec::new(), prompt.to_vec());
        for _ in 0..count {
            let logits = session.pass(&next, |x| {
                let bytes: Vec<u8> = self.device.read(x)?.into_iter().flat_map(f32::to_le_bytes).collect();
                trace.step(&bytes);
                Ok(())
            })?;
            let token = choice.pick(&self.device, &logits, session.length)?;
            trace.step(&token.to_le_bytes());
            tokens.push(token);
            next = vec![token];
        }
        Ok((tokens, trace))
    }
}

fn layer(
    device: &Device,
    source: &dyn Source,
    (form, names, i): (&Form, &Names, u32),
    precision: Precision,
) -> Result<Layer, Error> {
    let at = |part: &str| format!("{}.{i}.{part}", names.layers);
    let (width, inner) = (form.width, form.inner);
    let (wide, narrow) = (form.heads.queries * form.heads.dim, form.heads.keys * form.heads.dim);
    let norm = |part: &str| match form.rms {
        true => Norm::rms(device, source, &at(part), width, form.epsilon),
        false => Norm::layer(device, source, &at(part), width, form.epsilon),
    };
    let layout = if form.rms { Layout::ByOutput } else { Layout::ByInput };
    let linear = |parts: &[&str], outputs: &[u32], input: u32| {
        let parts: Vec<String> = parts.iter().map(|part| at(part)).collect();
        Linear::load(device, source, (&parts, outputs, input), layout, !form.rms, precision)
    };
    Ok(if form.rms {
        let parts = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];
        Layer {
            before: norm("input_layernorm")?,
            look: linear(&parts, &[wide, narrow, narrow], width)?,
            take: linear(&["self_attn.o_proj"], &[width], wide)?,
            between: norm("post_attention_layernorm")?,
            inner: linear(&["mlp.up_proj"], &[inner], width)?,
            gate: Some(linear(&["mlp.gate_proj"], &[inner], width)?),
            outer: linear(&["mlp.down_proj"], &[width], inner)?,
        }
    } else {
        Layer {
            before: norm("ln_1")?,
            look: linear(&["attn.c_attn"], &[3 * width], width)?,
            take: linear(&["attn.c_proj"], &[width], width)?,
            between: norm("ln_2")?,
            inner: linear(&["mlp.c_fc"], &[inner], width)?,
            gate: None,
            outer: linear(&["mlp.c_proj"], &[width], inner)?,
        }
    })
}

/// A text in the making: what its tokens left for those to come.
pub struct Session<'a> {
    decoder: &'a Decoder,
    /// Keys and values of every layer.
    kept: Vec<[Buffer<f32>; 2]>,
    length: u32,
    room: u32,
}

impl Session<'_> {
    /// Tokens so far.
    pub fn length(&self) -> u32 {
        self.length
    }

    /// Takes more tokens and gives the logits of the one after them.
    ///
    /// # Errors
    /// If there are none, one is unknown, or there is no room; if memory is short or the driver fails.
    pub fn feed(&mut self, tokens: &[u32]) -> Result<Vec<f32>, Error> {
        let logits = self.pass(tokens, |_| Ok(()))?;
        Ok(self.decoder.device.read(&logits)?)
    }

    fn check(&self, tokens: &[u32]) -> Result<u32, Error> {
        let (known, left) = (self.decoder.form.vocabulary, self.room - self.length);
        if let Some(token) = tokens.iter().find(|&&token| token >= known) {
            return Err(Error::Input(format!("token {token} is unknown; the model knows {known}")));
        }
        let rows = u32::try_from(tokens.len()).ok().filter(|rows| (1..=left).contains(rows));
        rows.ok_or_else(|| {
            Error::Input(format!("{} tokens, where there must be at least 1 and is room for {left}", tokens.len()))
        })
    }

    /// One pass; `see` is shown the rows after the embeddings and after every layer, and the logits.
    fn pass(&mut self, tokens: &[u32], mut see: impl FnMut(&Buffer<f32>) -> Result<(), Error>) -> Result<Buffer<f32>, Error> {
        let rows = self.check(tokens)?;
        let Decoder { device, form, .. } = self.decoder;
        let space = |columns: u32| device.alloc::<f32>(rows as usize * columns as usize);
        let (mut x, mut y, mut z) = (space(form.width)?, space(form.width)?, space(form.width)?);
        let places: Vec<u32> = (self.length..self.length + rows).collect();
        let places = device.upload(&places)?;
        device.gather(form.width, &self.decoder.words, &device.upload(tokens)?, &mut x)?;
        if let Some(table) = &self.decoder.places {
            device.gather(form.width, table, &places, &mut y)?;
            device.zip(Binary::Add, &x, &y, &mut z)?;
            std::mem::swap(&mut x, &mut z);
        }
        see(&x)?;
        let (wide, narrow) = (form.heads.queries * form.heads.dim, form.heads.keys * form.heads.dim);
        let (mut looked, mut taken) = (space(wide + 2 * narrow)?, space(wide)?);
        let mut inner = [space(form.inner)?, space(form.inner)?, space(form.inner)?];
        for i in 0..self.decoder.layers.len() {
            let layer = &self.decoder.layers[i];
            layer.before.run(device, rows, &x, &mut y)?;
            layer.look.run(device, rows, &y, Unary::Identity, None, &mut looked)?;
            self.attend(i, (rows, &places), &looked, &mut taken)?;
            layer.take.run(device, rows, &taken, Unary::Identity, Some(&x), &mut z)?;
            layer.between.run(device, rows, &z, &mut y)?;
            let [first, second, third] = &mut inner;
            if let Some(gate) = &layer.gate {
                gate.run(device, rows, &y, Unary::Identity, None, first)?;
                layer.inner.run(device, rows, &y, Unary::Identity, None, second)?;
                device.zip(Binary::Swiglu, first, second, third)?;
            } else {
                layer.inner.run(device, rows, &y, form.function, None, third)?;
            }
            layer.outer.run(device, rows, third, Unary::Identity, Some(&z), &mut x)?;
            see(&x)?;
        }
        self.length += rows;
        let (mut one, mut normed) = (device.alloc(form.width as usize)?, device.alloc(form.width as usize)?);
        let end = Columns { of: &x, first: (rows - 1) as usize * form.width as usize, stride: form.width };
        device.place([1, form.width], end, (&mut one, form.width).into())?;
        self.decoder.last.run(device, 1, &one, &mut normed)?;
        let mut logits = device.alloc(form.vocabulary as usize)?;
        self.decoder.logits.run(device, 1, &normed, Unary::Identity, None, &mut logits)?;
        see(&logits)?;
        Ok(logits)
    }

    /// Keeps the new keys and values of a layer and attends to all so far.
    fn attend(
        &mut self,
        layer: usize,
        (rows, places): (u32, &Buffer<u32>),
        looked: &Buffer<f32>,
        y: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        let Decoder { device, form, turns, .. } = self.decoder;
        let Heads { queries, keys, dim } = form.heads;
        let (wide, narrow, stride) = (queries * dim, keys * dim, (queries + 2 * keys) * dim);
        let part = |first: u32| Columns { of: looked, first: first as usize, stride };
        let [kept_keys, kept_values] = &mut self.kept[layer];
        let first = self.length as usize * narrow as usize;
        let scale = 1.0 / (dim as f32).sqrt();
        let span = Span { first_query: 0, queries: rows, first_key: 0, keys: self.length + rows };
        device.place([rows, narrow], part(wide + narrow), ColumnsMut { of: kept_values, first, stride: narrow })?;
        let keys_to = ColumnsMut { of: kept_keys, first, stride: narrow };
        let mut turned = device.alloc(if turns.is_some() { rows as usize * wide as usize } else { 0 })?;
        let q = match turns {
            Some(turns) => {
                device.rotary([keys, dim], turns, places, part(wide), keys_to)?;
                device.rotary([queries, dim], turns, places, part(0), (&mut turned, wide).into())?;
                (&turned, wide).into()
            }
            None => {
                device.place([rows, narrow], part(wide), keys_to)?;
                part(0)
            }
        };
        let from = [q, (&*kept_keys, narrow).into(), (&*kept_values, narrow).into()];
        Ok(device.attention(&[span], form.heads, (Mask::Causal, scale), from, (y, wide).into())?)
    }
}
