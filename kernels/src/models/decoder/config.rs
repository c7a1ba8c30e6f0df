//! The sizes of decoders, by the names that `config.json` gives them, and the names of their weights.

use crate::models::layers::activation;
use crate::models::{Error, MOST, parse, sized};
use crate::ops::Heads;
use plasma_kernels_device::attention::MAX_DIM;
use plasma_kernels_device::map::Unary;
use serde::{Deserialize, Serialize};

/// The configuration of a decoder, told by its `model_type`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "model_type", rename_all = "lowercase")]
pub enum Config {
    /// GPT-2.
    Gpt2(Gpt2),
    /// Llama.
    Llama(Llama),
}

/// GPT-2's sizes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Gpt2 {
    /// Known tokens.
    pub vocab_size: u32,
    /// The most tokens of a text.
    pub n_positions: u32,
    /// Columns of a token's row.
    pub n_embd: u32,
    /// Layers.
    pub n_layer: u32,
    /// Heads of attention.
    pub n_head: u32,
    /// Columns between the two products of a layer; four times those of a row if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_inner: Option<u32>,
    /// ε of the norms.
    pub layer_norm_epsilon: f32,
    /// The function between the two products.
    pub activation_function: String,
    /// A variant of attention that is not known here.
    #[serde(default)]
    pub scale_attn_by_inverse_layer_idx: bool,
}

/// Llama's sizes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Llama {
    /// Known tokens.
    pub vocab_size: u32,
    /// The most tokens of a text.
    pub max_position_embeddings: u32,
    /// Columns of a token's row.
    pub hidden_size: u32,
    /// Columns between the products of a layer.
    pub intermediate_size: u32,
    /// Layers.
    pub num_hidden_layers: u32,
    /// Heads of queries.
    pub num_attention_heads: u32,
    /// Heads of keys and values; as many as of queries if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_key_value_heads: Option<u32>,
    /// Columns of a head; those of a row cut evenly if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_dim: Option<u32>,
    /// ε of the norms.
    pub rms_norm_eps: f32,
    /// θ of the places' angles, as older files have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rope_theta: Option<f64>,
    /// The same, as newer files have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rope_parameters: Option<Rope>,
    /// A variant of places that is not known here, in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rope_scaling: Option<serde_json::Value>,
    /// Whether the logits are products with the embeddings.
    #[serde(default)]
    pub tie_word_embeddings: bool,
    /// The function of the gate.
    pub hidden_act: String,
    /// A variant with biases that is not known here.
    #[serde(default)]
    pub attention_bias: bool,
    /// The same of the other products.
    #[serde(default)]
    pub mlp_bias: bool,
}

/// How places become angles.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Rope {
    /// θ.
    pub rope_theta: f64,
    /// `default` is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rope_type: Option<String>,
}

/// What both come to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Form {
    pub vocabulary: u32,
    pub width: u32,
    pub layers: u32,
    pub heads: Heads,
    pub inner: u32,
    pub context: u32,
    pub epsilon: f32,
    pub function: Unary,
    /// θ, where places turn.
    pub theta: Option<f64>,
    /// Whether norms take out no mean, products have no bias, and a gate stands between them: Llama's ways.
    pub rms: bool,
}

/// The names of weights.
pub(crate) struct Names {
    pub words: String,
    pub places: Option<String>,
    pub layers: String,
    pub last: String,
    /// None where the logits are products with the embeddings.
    pub logits: Option<String>,
}

fn refused(what: String) -> Error {
    Error::content("config.json", what)
}

impl Config {
    /// Takes a `config.json`.
    ///
    /// # Errors
    /// If it is none, or of no decoder of these families.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        let config: Self = parse("config.json", bytes)?;
        config.form()?;
        Ok(config)
    }

    pub(crate) fn form(&self) -> Result<Form, Error> {
        let form = match self {
            Self::Gpt2(config) => config.form()?,
            Self::Llama(config) => config.form()?,
        };
        let Heads { queries, keys, dim } = form.heads;
        let sizes = [
            ("vocabulary", form.vocabulary),
            ("width", form.width),
            ("layers", form.layers),
            ("heads", queries),
            ("heads of keys", keys),
            ("inner width", form.inner),
            ("context", form.context),
        ];
        sizes.iter().try_for_each(|(key, value)| sized(key, *value, MOST))?;
        sized("columns of a head", dim, MAX_DIM as u32)?;
        if !queries.is_multiple_of(keys) {
            return Err(refused(format!("{queries} heads of queries cannot share {keys} heads of keys evenly")));
        }
        if u64::from(queries) * u64::from(dim) > u64::from(MOST) {
            return Err(refused(format!("{queries} heads of {dim} columns are more than {MOST} columns")));
        }
        Ok(form)
    }

    pub(crate) fn names(&self, bare: bool) -> Names {
        match self {
            Self::Gpt2(_) => {
                let prefix = if bare { "" } else { "transformer." };
                let name = |part: &str| format!("{prefix}{part}");
                Names { words: name("wte"), places: Some(name("wpe")), layers: name("h"), last: name("ln_f"), logits: None }
            }
            Self::Llama(config) => Names {
                words: "model.embed_tokens".into(),
                places: None,
                layers: "model.layers".into(),
                last: "model.norm".into(),
                logits: (!config.tie_word_embeddings).then(|| "lm_head".into()),
            },
        }
    }
}

/// The columns of a head where a row is cut evenly.
fn evenly(width: u32, heads: u32) -> Result<u32, Error> {
    let dim = width.checked_div(heads).filter(|_| width.is_multiple_of(heads));
    dim.ok_or_else(|| refused(format!("{width} columns cannot be cut into {heads} heads evenly")))
}

impl Gpt2 {
    fn form(&self) -> Result<Form, Error> {
        if self.scale_attn_by_inverse_layer_idx {
            return Err(refused("`scale_attn_by_inverse_layer_idx` is not known; only false is".into()));
        }
        Ok(Form {
            vocabulary: self.vocab_size,
            width: self.n_embd,
            layers: self.n_layer,
            heads: Heads { queries: self.n_head, keys: self.n_head, dim: evenly(self.n_embd, self.n_head)? },
            inner: self.n_inner.unwrap_or(self.n_embd.saturating_mul(4)),
            context: self.n_positions,
            epsilon: self.layer_norm_epsilon,
            function: activation("activation_function", &self.activation_function)?,
            theta: None,
            rms: false,
        })
    }
}

impl Llama {
    fn form(&self) -> Result<Form, Error> {
        let dim = self.head_dim.map_or_else(|| evenly(self.hidden_size, self.num_attention_heads), Ok)?;
        let function = activation("hidden_act", &self.hidden_act)?;
        let kind = self.rope_parameters.as_ref().and_then(|rope| rope.rope_type.as_deref()).unwrap_or("default");
        let known = [
            (function == Unary::Silu, "`hidden_act` must be silu, the function of the gate"),
            (!self.attention_bias && !self.mlp_bias, "biases of attention or of products are not known"),
            (self.rope_scaling.is_none() && kind == "default", "places are known only unscaled, with `rope_type` default"),
            (dim.is_multiple_of(2), "heads need an even number of columns, to turn in pairs"),
        ];
        if let Some((_, what)) = known.iter().find(|(known, _)| !known) {
            return Err(refused((*what).into()));
        }
        let theta = self.rope_parameters.as_ref().map(|rope| rope.rope_theta).or(self.rope_theta).unwrap_or(10_000.0);
        if !(theta.is_finite() && theta >= 1.0) {
            return Err(refused(format!("`rope_theta` is {theta}, and must be 1 or more")));
        }
        Ok(Form {
            vocabulary: self.vocab_size,
            width: self.hidden_size,
            layers: self.num_hidden_layers,
            heads: Heads {
                queries: self.num_attention_heads,
                keys: self.num_key_value_heads.unwrap_or(self.num_attention_heads),
                dim,
            },
            inner: self.intermediate_size,
            context: self.max_position_embeddings,
            epsilon: self.rms_norm_eps,
            function,
            theta: Some(theta),
            rms: true,
        })
    }
}
