//! Encoders of the BERT family (Devlin et al. 2018, arXiv:1810.04805): a text becomes a vector.
//!
//! The embeddings of a token, of its place and of the one type are summed and normalised; a layer is attention to all tokens of
//! the text and an inner product of products, each with its input added and the sum normalised. A text's vector is the mean of its
//! tokens' rows, brought to length 1 (Reimers and Gurevych 2019, arXiv:1908.10084, section 3).

use super::layers::{Layout, Linear, Norm, Source, activation};
use super::noise::Noise;
use super::text::Text;
use super::weights::Weights;
use super::{Error, MOST, Precision, parse, read, sized};
use crate::device::{Buffer, Device};
use crate::ops::{Columns, Heads};
use crate::trace::Trace;
use plasma_kernels_device::attention::{Mask, Span};
use plasma_kernels_device::map::{Binary, Unary};
use serde::Deserialize;
use std::path::Path;

/// The sizes of an encoder, by the names that `config.json` gives them.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Config {
    /// Known tokens.
    pub vocab_size: u32,
    /// Columns of a token's row.
    pub hidden_size: u32,
    /// Layers.
    pub num_hidden_layers: u32,
    /// Heads of attention.
    pub num_attention_heads: u32,
    /// Columns between the two products of a layer.
    pub intermediate_size: u32,
    /// The most tokens of a text.
    pub max_position_embeddings: u32,
    /// Types of tokens, of which the first is used.
    pub type_vocab_size: u32,
    /// ε of the norms.
    pub layer_norm_eps: f32,
    /// The function between the two products.
    pub hidden_act: String,
    /// How places are told apart.
    #[serde(default)]
    pub position_embedding_type: Option<String>,
}

impl Config {
    /// Takes a `config.json`.
    ///
    /// # Errors
    /// If it is none, or of no encoder of this kind.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        let config: Self = parse("config.json", bytes)?;
        config.check()?;
        Ok(config)
    }

    /// Demands that the sizes make an encoder.
    ///
    /// # Errors
    /// If they do not.
    pub fn check(&self) -> Result<(), Error> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ];
        sizes.iter().try_for_each(|(key, value)| sized(key, *value, MOST))?;
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let said = format!("`hidden_size` {} is no multiple of `num_attention_heads`", self.hidden_size);
            return Err(Error::content("config.json", said));
        }
        match self.position_embedding_type.as_deref() {
            None | Some("absolute") => activation("hidden_act", &self.hidden_act).map(drop),
            Some(other) => {
                let said = format!("`position_embedding_type` is `{other}`; only `absolute` is known");
                Err(Error::content("config.json", said))
            }
        }
    }
}

struct Layer {
    /// Queries, keys and values side by side.
    look: Linear,
    take: Linear,
    taken: Norm,
    inner: Linear,
    outer: Linear,
    done: Norm,
}

/// An encoder on a device.
pub struct Encoder {
    device: Device,
    config: Config,
    function: Unary,
    words: Buffer<f32>,
    /// The embedding of the first type is part of them.
    places: Buffer<f32>,
    embedded: Norm,
    layers: Vec<Layer>,
    /// 1/√width, which makes of RMSNorm a vector's length of 1.
    unit: Buffer<f32>,
    /// What tells this model from others.
    digest: [u8; 32],
}

impl Encoder {
    /// Builds an encoder from a folder's `config.json` and `model.safetensors`.
    ///
    /// # Errors
    /// If a file is missing or unsound, or memory is short.
    pub fn open(device: &Device, folder: &Path, precision: Precision) -> Result<Self, Error> {
        let config = Config::new(&read(folder, "config.json")?)?;
        let weights = Weights::new(read(folder, "model.safetensors")?)?;
        Self::from_weights(device, config, &weights, precision)
    }

    /// Builds an encoder from weights.
    ///
    /// # Errors
    /// If sizes and weights do not fit, or memory is short.
    pub fn from_weights(device: &Device, config: Config, weights: &Weights, precision: Precision) -> Result<Self, Error> {
        // The same model as part of a larger one is kept under its name.
        let prefix = if weights.has("bert.embeddings.word_embeddings.weight") { "bert." } else { "" };
        Self::build(device, config, (weights, prefix), precision, weights.digest())
    }

    /// An encoder of random weights: [`Noise`].
    ///
    /// # Errors
    /// If the sizes are out of range or memory is short.
    pub fn random(device: &Device, config: Config, seed: u64, precision: Precision) -> Result<Self, Error> {
        let noise = Noise { seed };
        Self::build(device, config, (&noise, ""), precision, noise.digest())
    }

    fn build(
        device: &Device,
        config: Config,
        (source, prefix): (&dyn Source, &str),
        precision: Precision,
        digest: [u8; 32],
    ) -> Result<Self, Error> {
        config.check()?;
        let (width, inner, epsilon) = (config.hidden_size, config.intermediate_size, config.layer_norm_eps);
        let norm = |name: &str| Norm::layer(device, source, &format!("{prefix}{name}"), width, epsilon);
        let linear = |names: &[String], outputs: &[u32], input| {
            Linear::load(device, source, (names, outputs, input), Layout::ByOutput, true, precision)
        };
        let layer = |i: u32| -> Result<Layer, Error> {
            let at = format!("{prefix}encoder.layer.{i}");
            let look = ["query", "key", "value"].map(|part| format!("{at}.attention.self.{part}"));
            Ok(Layer {
                look: linear(&look, &[width; 3], width)?,
                take: linear(&[format!("{at}.attention.output.dense")], &[width], width)?,
                taken: norm(&format!("encoder.layer.{i}.attention.output.LayerNorm"))?,
                inner: linear(&[format!("{at}.intermediate.dense")], &[inner], width)?,
                outer: linear(&[format!("{at}.output.dense")], &[width], inner)?,
                done: norm(&format!("encoder.layer.{i}.output.LayerNorm"))?,
            })
        };
        let table = |name: &str, rows| source.tensor(&format!("{prefix}embeddings.{name}.weight"), &[rows, width]);
        let types = table("token_type_embeddings", config.type_vocab_size)?;
        let mut places = table("position_embeddings", config.max_position_embeddings)?;
        for row in places.chunks_exact_mut(width as usize) {
            row.iter_mut().zip(&types).for_each(|(place, first)| *place += first);
        }
        Ok(Self {
            device: device.clone(),
            function: activation("hidden_act", &config.hidden_act)?,
            words: device.upload(&table("word_embeddings", config.vocab_size)?)?,
            places: device.upload(&places)?,
            embedded: norm("embeddings.LayerNorm")?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_, _>>()?,
            unit: device.upload(&vec![1.0 / (width as f32).sqrt(); width as usize])?,
            config,
            digest,
        })
    }

    /// Its sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn spans(&self, texts: &[Vec<u32>]) -> Result<Vec<Span>, Error> {
        let (mut spans, mut first) = (Vec::with_capacity(texts.len()), 0u32);
        for (i, text) in texts.iter().enumerate() {
            let most = self.config.max_position_embeddings;
            let Some(length) = u32::try_from(text.len()).ok().filter(|length| (1..=most).contains(length)) else {
                return Err(Error::Input(format!("text {i} has {} tokens; the model takes 1 to {most}", text.len())));
            };
            if let Some(token) = text.iter().find(|&&token| token >= self.config.vocab_size) {
                return Err(Error::Input(format!("text {i} has token {token}; the model knows {}", self.config.vocab_size)));
            }
            spans.push(Span { first_query: first, queries: length, first_key: first, keys: length });
            let next = first.checked_add(length).filter(|&next| next <= MOST);
            first = next.ok_or_else(|| Error::Input(format!("more than {MOST} tokens in one batch; cut it")))?;
        }
        Ok(spans)
    }

    /// The vectors of texts given as tokens, one after another, and what `see` is shown on the way: the rows after the
    /// embeddings, and after every layer.
    fn run(&self, texts: &[Vec<u32>], mut see: impl FnMut(&Buffer<f32>) -> Result<(), Error>) -> Result<Buffer<f32>, Error> {
        let (device, spans, width) = (&self.device, self.spans(texts)?, self.config.hidden_size);
        let tokens: Vec<u32> = texts.concat();
        let places: Vec<u32> = texts.iter().flat_map(|text| 0..text.len() as u32).collect();
        let rows = tokens.len() as u32;
        let room = |columns: u32| device.alloc::<f32>(rows as usize * columns as usize);
        let (mut x, mut y, mut z) = (room(width)?, room(width)?, room(width)?);
        device.gather(width, &self.words, &device.upload(&tokens)?, &mut x)?;
        device.gather(width, &self.places, &device.upload(&places)?, &mut y)?;
        device.zip(Binary::Add, &x, &y, &mut z)?;
        self.embedded.run(device, rows, &z, &mut x)?;
        see(&x)?;
        let heads = self.config.num_attention_heads;
        let heads = Heads { queries: heads, keys: heads, dim: width / heads };
        let scale = 1.0 / (heads.dim as f32).sqrt();
        let (mut looked, mut inner) = (room(3 * width)?, room(self.config.intermediate_size)?);
        for layer in &self.layers {
            layer.look.run(device, rows, &x, Unary::Identity, None, &mut looked)?;
            let from = [0, 1, 2].map(|part| Columns { of: &looked, first: part * width as usize, stride: 3 * width });
            device.attention(&spans, heads, (Mask::All, scale), from, (&mut y, width).into())?;
            layer.take.run(device, rows, &y, Unary::Identity, Some(&x), &mut z)?;
            layer.taken.run(device, rows, &z, &mut x)?;
            layer.inner.run(device, rows, &x, self.function, None, &mut inner)?;
            layer.outer.run(device, rows, &inner, Unary::Identity, Some(&x), &mut z)?;
            layer.done.run(device, rows, &z, &mut x)?;
            see(&x)?;
        }
        let (mut means, mut vectors) = (device.alloc(spans.len() * width as usize)?, device.alloc(spans.len() * width as usize)?);
        device.mean(&spans, width, &x, &mut means)?;
        // ε keeps a vector of zeros from becoming NaN and changes no other: it is the square of 10^-12.
        device.rms_norm([spans.len() as u32, width], 1e-24, &means, &self.unit, &mut vectors)?;
        Ok(vectors)
    }

    /// A vector of length 1 for every text. A text's vector does not depend on the others.
    ///
    /// # Errors
    /// If a text is empty, too long or has unknown tokens; if memory is short or the driver fails.
    pub fn embed(&self, texts: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, Error> {
        let vectors = self.run(texts, |_| Ok(()))?;
        let vectors = self.device.read(&vectors)?;
        Ok(vectors.chunks_exact(self.config.hidden_size as usize).map(<[f32]>::to_vec).collect())
    }

    /// The trace of the same: the model and the texts, the rows after the embeddings and after every layer, the vectors.
    ///
    /// # Errors
    /// As [`embed`](Self::embed).
    pub fn trace(&self, texts: &[Vec<u32>]) -> Result<Trace, Error> {
        let mut trace = Trace::default();
        let mut input = self.digest.to_vec();
        for text in texts {
            input.extend((text.len() as u32).to_le_bytes());
            input.extend(text.iter().flat_map(|token| token.to_le_bytes()));
        }
        trace.step(&input);
        let bytes = |x: &Buffer<f32>| -> Result<Vec<u8>, Error> {
            Ok(self.device.read(x)?.into_iter().flat_map(f32::to_le_bytes).collect())
        };
        let vectors = self.run(texts, |x| {
            trace.step(&bytes(x)?);
            Ok(())
        })?;
        trace.step(&bytes(&vectors)?);
        Ok(trace)
    }
}

/// What `sentence_bert_config.json` says, if it is there.
#[derive(Deserialize)]
struct Sentences {
    max_seq_length: u32,
}

/// An encoder with its tokenizer: texts become vectors.
pub struct TextEncoder {
    /// The encoder.
    pub encoder: Encoder,
    /// The tokenizer.
    pub text: Text,
}

impl TextEncoder {
    /// Opens a folder as sentence-transformers lays it out.
    ///
    /// # Errors
    /// As [`Encoder::open`], and if the tokenizer is unsound.
    pub fn open(device: &Device, folder: &Path, precision: Precision) -> Result<Self, Error> {
        let encoder = Encoder::open(device, folder, precision)?;
        let mut longest = encoder.config.max_position_embeddings;
        if folder.join("sentence_bert_config.json").exists() {
            let file = "sentence_bert_config.json";
            longest = longest.min(parse::<Sentences>(file, &read(folder, file)?)?.max_seq_length);
        }
        Ok(Self { text: Text::new(&read(folder, "tokenizer.json")?, longest)?, encoder })
    }

    /// A vector of length 1 for every text.
    ///
    /// # Errors
    /// As [`Encoder::embed`].
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        let tokens = texts.iter().map(|text| self.text.tokens(text)).collect::<Result<Vec<_>, _>>()?;
        self.encoder.embed(&tokens)
    }
}
