//! Programs that run models. Weights and tokens come from the seed; with weights from a file the same trace is
//! [`Encoder::trace`]'s.

use super::{Cost, Program, size};
use crate::device::{Device, Error};
use crate::models::choice::Choice;
use crate::models::decoder::{self, Decoder, Llama};
use crate::models::encoder::{Config, Encoder};
use crate::models::{self, Precision};
use crate::trace::Trace;
use plasma_kernels_device::random::philox;

/// Tokens that random models know.
pub const VOCABULARY: u32 = 1024;

/// An encoder of the BERT family. Steps: the model and the texts, the rows after the embeddings and after each layer, the vectors.
pub const TEXT_ENCODER: Program = Program {
    id: 3,
    name: "text-encoder",
    sizes: &[
        size("layers", 1 << 10),
        size("heads", 1 << 7),
        size("columns of a head", 1 << 8),
        size("inner columns", 1 << 17),
        size("texts", 1 << 15),
        size("tokens of a text", 1 << 9),
    ],
    cost: |sizes| encoder_cost(sizes, 4),
    run: |device, sizes, seed| text_encoder(device, sizes, seed, Precision::F32),
};

/// A decoder of the Llama family, which continues a prompt by its likeliest tokens. Steps: those of [`Decoder::generate`].
pub const TEXT_DECODER: Program = Program {
    id: 4,
    name: "text-decoder",
    sizes: &[
        size("layers", 1 << 10),
        size("heads", 1 << 7),
        size("heads of keys", 1 << 7),
        size("columns of a head", 1 << 8),
        size("inner columns", 1 << 17),
        size("tokens of the prompt", 1 << 17),
        size("new tokens", 1 << 17),
    ],
    cost: |sizes| decoder_cost(sizes, 4),
    run: |device, sizes, seed| text_decoder(device, sizes, seed, Precision::F32),
};

/// The same encoder with its products in i8.
pub const TEXT_ENCODER_I8: Program = Program {
    id: 8,
    name: "text-encoder-i8",
    cost: |sizes| encoder_cost(sizes, 1),
    run: |device, sizes, seed| text_encoder(device, sizes, seed, Precision::I8),
    ..TEXT_ENCODER
};

/// The same decoder with its products in i8.
pub const TEXT_DECODER_I8: Program = Program {
    id: 9,
    name: "text-decoder-i8",
    cost: |sizes| decoder_cost(sizes, 1),
    run: |device, sizes, seed| text_decoder(device, sizes, seed, Precision::I8),
    ..TEXT_DECODER
};

/// What an encoder costs whose products take operands of so many bytes a number.
fn encoder_cost(sizes: &[u64], each: u128) -> Cost {
    let [layers, heads, dim, inner, texts, length] = [0, 1, 2, 3, 4, 5].map(|i| u128::from(sizes[i]));
    let (width, rows) = (heads * dim, texts * length);
    let weights = 4 * width * width + 2 * width * inner;
    // Every row meets every weight; every token meets every token of its text twice, as a key and as a value.
    let operations = layers * (2 * rows * weights + 4 * rows * length * width);
    // Products take three widths and the inner columns, and make five and those; attention takes three and makes one.
    let (operands, results) = (weights + rows * (3 * width + inner), rows * (5 * width + inner + 4 * width));
    Cost { operations, bytes: layers * (each * operands + 4 * results) }
}

/// What a decoder costs whose products take operands of so many bytes a number.
fn decoder_cost(sizes: &[u64], each: u128) -> Cost {
    let [layers, heads, keys, dim, inner, prompt, passes] = [0, 1, 2, 3, 4, 5, 6].map(|i| u128::from(sizes[i]));
    let (width, narrow, known) = (heads * dim, keys * dim, u128::from(VOCABULARY));
    let weights = width * (width + 2 * narrow) + width * width + 3 * width * inner;
    // The last new token is not taken in again. A token meets those up to its own place, as keys and as values.
    let rows = prompt + passes - 1;
    let operations = layers * (2 * rows * weights + 2 * width * rows * (rows + 1)) + 2 * passes * width * known;
    // A pass reads all weights, and all keys and values so far.
    let kept = 2 * narrow * (passes * prompt + passes * (passes - 1) / 2);
    let operands = layers * (passes * weights + rows * (4 * width + inner)) + passes * (width * known + width);
    let results = layers * (rows * (3 * width + 2 * narrow + 2 * inner + 2 * width) + kept) + passes * known;
    Cost { operations, bytes: each * operands + 4 * results }
}

/// Tokens drawn from the seed.
pub fn tokens(seed: u64, texts: u64, length: u64) -> Vec<Vec<u32>> {
    let token = |text: u64, i: u64| philox([i as u32, text as u32, 7, 0], [seed as u32, (seed >> 32) as u32])[0] % VOCABULARY;
    (0..texts).map(|text| (0..length).map(|i| token(text, i)).collect()).collect()
}

/// What a model said, in a device's words.
pub(super) fn said(error: models::Error) -> Error {
    match error {
        models::Error::Device(error) => error,
        other => Error::Shape(other.to_string()),
    }
}

fn text_encoder(device: &Device, sizes: &[u64], seed: u64, precision: Precision) -> Result<Trace, Error> {
    let [layers, heads, dim, inner, texts, length] = [0, 1, 2, 3, 4, 5].map(|i| sizes[i]);
    let config = Config {
        vocab_size: VOCABULARY,
        hidden_size: (heads * dim) as u32,
        num_hidden_layers: layers as u32,
        num_attention_heads: heads as u32,
        intermediate_size: inner as u32,
        max_position_embeddings: length as u32,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        hidden_act: "gelu".into(),
        position_embedding_type: None,
    };
    let encoder = Encoder::random(device, config, seed, precision).map_err(said)?;
    encoder.trace(&tokens(seed, texts, length)).map_err(said)
}

/// The sizes of a random decoder: layers, heads, heads of keys, columns of a head, inner columns and context.
pub fn decoder([layers, heads, keys, dim, inner, context]: [u32; 6]) -> decoder::Config {
    decoder::Config::Llama(Llama {
        vocab_size: VOCABULARY,
        max_position_embeddings: context,
        hidden_size: heads * dim,
        intermediate_size: inner,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        num_key_value_heads: Some(keys),
        head_dim: Some(dim),
        rms_norm_eps: 1e-5,
        rope_theta: None,
        rope_parameters: None,
        rope_scaling: None,
        tie_word_embeddings: false,
        hidden_act: "silu".into(),
        attention_bias: false,
        mlp_bias: false,
    })
}

fn text_decoder(device: &Device, sizes: &[u64], seed: u64, precision: Precision) -> Result<Trace, Error> {
    let [layers, heads, keys, dim, inner, prompt, new] = [0, 1, 2, 3, 4, 5, 6].map(|i| sizes[i] as u32);
    let config = decoder([layers, heads, keys, dim, inner, prompt + new]);
    let decoder = Decoder::random(device, &config, seed, precision).map_err(said)?;
    let prompt = tokens(seed, 1, prompt.into()).remove(0);
    Ok(decoder.generate(&prompt, new, Choice::LIKELIEST).map_err(said)?.1)
}
