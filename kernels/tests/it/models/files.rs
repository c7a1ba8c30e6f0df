//! Files of models: sound, lying, and damaged.

#[path = "../../../fuzz/targets.rs"]
mod targets;

use plasma_kernels::Device;
use plasma_kernels::models::decoder;
use plasma_kernels::models::encoder::{Config, TextEncoder};
use plasma_kernels::models::text::Text;
use plasma_kernels::models::weights::Weights;
use plasma_kernels::models::{Error, Precision};
use plasma_kernels::programs::training::{job, text_job};
use plasma_kernels::training::{Training, transformer};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A safetensors file of this header and data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

const HEADER: &str = r#"{"__metadata__":{"format":"pt","data_offsets":"no tensor"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},
    "b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]},"c":{"dtype":"F16","shape":[1],"data_offsets":[22,24]},
    "d":{"dtype":"I64","shape":[1],"data_offsets":[24,32]}}"#;

fn sound() -> Vec<u8> {
    let floats = [1f32, -2.0, 0.5, 3e38].map(f32::to_le_bytes).concat();
    let (coarse, half) = ([0x3f80u16, 0xbf80, 0x7f80].map(u16::to_le_bytes).concat(), 0x3c01u16.to_le_bytes());
    file(HEADER, &[&floats[..], &coarse, &half, &[0; 8]].concat())
}

const TOKENIZER: &str = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[
    {"id":0,"content":"[UNK]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
    "normalizer":{"type":"Lowercase"},"pre_tokenizer":{"type":"Whitespace"},"post_processor":null,"decoder":null,
    "model":{"type":"WordLevel","vocab":{"[UNK]":0,"the":1,"quick":2,"fox":3,",":4},"unk_token":"[UNK]"}}"#;

const CONFIG: &str = r#"{"model_type":"bert","vocab_size":9,"hidden_size":4,"num_hidden_layers":1,"num_attention_heads":2,
    "intermediate_size":8,"max_position_embeddings":16,"type_vocab_size":2,"layer_norm_eps":1e-12,"hidden_act":"gelu"}"#;

static CHECKPOINT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (plan, examples) = job(&targets::TRAINING, 1).unwrap();
    let mut training = Training::new(&Device::open("cpu").unwrap(), plan, &examples).unwrap();
    training.step().unwrap();
    training.checkpoint().unwrap()
});

static DECODER_CHECKPOINT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (plan, text) = text_job(&targets::LEARNING, 1);
    let mut training = transformer::Training::new(&Device::open("cpu").unwrap(), plan, &text, None).unwrap();
    training.step().unwrap();
    training.checkpoint().unwrap()
});

const LLAMA: &str = r#"{"model_type":"llama","vocab_size":9,"hidden_size":8,"intermediate_size":4,"num_hidden_layers":1,
    "num_attention_heads":4,"num_key_value_heads":2,"max_position_embeddings":16,"rms_norm_eps":1e-6,"hidden_act":"silu"}"#;

const GPT2: &str = r#"{"model_type":"gpt2","vocab_size":9,"n_positions":16,"n_embd":8,"n_layer":1,"n_head":2,"n_inner":null,
    "layer_norm_epsilon":1e-5,"activation_function":"gelu_new"}"#;

#[test]
fn a_sound_file_gives_its_tensors() {
    let weights = Weights::new(sound()).unwrap();
    assert_eq!(weights.names().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    assert_eq!(weights.get("a", &[2, 2]).unwrap(), [1.0, -2.0, 0.5, 3e38]);
    assert_eq!(weights.get("b", &[3]).unwrap(), [1.0, -1.0, f32::INFINITY]);
    assert_eq!(weights.get("c", &[1]).unwrap(), [1.0 + 1.0 / 1024.0]);
    let said = |name, shape: &[u32]| weights.get(name, shape).unwrap_err().to_string();
    assert!(said("a", &[4]).contains("tensor `a` has shape [2, 2] where config.json calls for [4]"));
    assert!(said("e", &[1]).contains("tensor `e` is missing"));
    assert!(said("d", &[1]).contains("tensor `d` holds I64, and weights must be F32, F16 or BF16"));
}

/// Whoever lies about a length is told where.
#[test]
fn files_that_lie_are_refused_in_words() {
    let said = |bytes: Vec<u8>| Weights::new(bytes).unwrap_err().to_string();
    assert!(said(vec![1, 2, 3]).contains("3 bytes are no safetensors file"));
    assert!(said(vec![0xff; 20]).contains("the header is said to be 18446744073709551615 bytes long, and 12 follow"));
    assert!(said(file("[1]", &[])).contains("the header is no JSON object"));
    let one = |shape: &str, offsets: &str| {
        file(&format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#), &[0; 16])
    };
    assert!(Weights::new(one("[2,2]", "[0,16]")).is_ok());
    assert!(
        said(one("[2,3]", "[0,24]")).contains("`a` is said to end at byte 24 of the data, which has 16: the file is cut or lies")
    );
    assert!(said(one("[2,3]", "[0,16]")).contains("invalid shape"));
    assert!(said(one("[2]", "[0,8]")).contains("not fully covered"));
    assert!(said(one("[2,2]", "[16,0]")).contains("invalid offset for tensor `a`"));
    assert!(said(one("[4294967296,4294967296,4]", "[0,16]")).contains("overflow"));
    assert!(said(one("[-4]", "[0,16]")).contains("model.safetensors"));
    // Nine tensors of 2^61 bytes each: their sum wraps around to a small number.
    let tensor = |i: u64| {
        format!(
            r#""{i}":{{"dtype":"U8","shape":[{}],"data_offsets":[{},{}]}}"#,
            1u64 << 61,
            i << 61,
            (i + 1).wrapping_shl(61).wrapping_sub(1)
        )
    };
    let many: Vec<String> = (0..8).map(tensor).collect();
    assert!(said(file(&format!("{{{}}}", many.join(",")), &[0; 16])).contains("is said to end at byte"));
}

#[test]
fn tokenizers_and_configurations_are_checked() {
    let text = Text::new(TOKENIZER.as_bytes(), 3).unwrap();
    assert_eq!(text.tokens("The quick, quick fox").unwrap(), [1, 2, 4], "cut to three");
    assert_eq!(text.tokens("slow").unwrap(), [0]);
    assert!(Text::new(b"{}", 3).is_err_and(|error| error.to_string().starts_with("tokenizer.json: ")));
    assert!(Text::new(TOKENIZER.as_bytes(), 0).is_err_and(|error| error.to_string().contains("the model takes 0")));
    let said = |from: &str, to: &str| Config::new(CONFIG.replace(from, to).as_bytes()).unwrap_err().to_string();
    assert!(Config::new(CONFIG.as_bytes()).is_ok());
    assert!(said("\"hidden_size\":4", "\"hidden_size\":5").contains("`hidden_size` 5 is no multiple of `num_attention_heads`"));
    assert!(said("\"hidden_size\":4", "\"hidden_size\":0").contains("`hidden_size` is 0, and must be from 1 to"));
    assert!(said("\"vocab_size\":9,", "").contains("missing field `vocab_size`"));
    assert!(said("gelu", "mish").contains("`hidden_act` is `mish`; known are gelu,"));
    assert!(
        said("\"vocab_size\":9", "\"vocab_size\":9,\"position_embedding_type\":\"relative_key\"").contains("only `absolute`")
    );
}

#[test]
fn configurations_of_decoders_are_checked() {
    let said =
        |config: &str, from: &str, to: &str| decoder::Config::new(config.replace(from, to).as_bytes()).unwrap_err().to_string();
    assert!(decoder::Config::new(LLAMA.as_bytes()).is_ok() && decoder::Config::new(GPT2.as_bytes()).is_ok());
    assert!(said(LLAMA, "\"llama\"", "\"bloom\"").contains("unknown variant `bloom`, expected `gpt2` or `llama`"));
    assert!(
        said(LLAMA, "\"num_key_value_heads\":2", "\"num_key_value_heads\":3").contains("cannot share 3 heads of keys evenly")
    );
    assert!(said(LLAMA, "\"hidden_size\":8", "\"hidden_size\":9").contains("9 columns cannot be cut into 4 heads evenly"));
    assert!(said(LLAMA, "\"hidden_size\":8", "\"hidden_size\":12").contains("even number of columns"));
    assert!(said(LLAMA, "silu", "gelu").contains("`hidden_act` must be silu"));
    assert!(said(LLAMA, "\"hidden_act\"", "\"rope_scaling\":{\"factor\":2},\"hidden_act\"").contains("only unscaled"));
    assert!(said(LLAMA, "\"hidden_act\"", "\"rope_theta\":0,\"hidden_act\"").contains("`rope_theta` is 0"));
    assert!(said(LLAMA, "\"hidden_act\"", "\"head_dim\":258,\"hidden_act\"").contains("`columns of a head` is 258"));
    assert!(said(GPT2, "\"n_layer\":1", "\"n_layer\":0").contains("`layers` is 0, and must be from 1 to"));
    assert!(said(GPT2, "\"n_head\":2", "\"n_head\":0").contains("8 columns cannot be cut into 0 heads"));
    assert!(said(GPT2, "\"n_head\"", "\"scale_attn_by_inverse_layer_idx\":true,\"n_head\"").contains("only false is"));
}

#[test]
fn a_folder_that_lacks_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let open = || TextEncoder::open(&Device::open("cpu").unwrap(), folder.path(), Precision::F32).map(drop).unwrap_err();
    assert!(matches!(open(), Error::Read { path, .. } if path.ends_with("config.json")));
    std::fs::write(folder.path().join("config.json"), CONFIG).unwrap();
    assert!(open().to_string().contains("model.safetensors cannot be read"));
    std::fs::write(folder.path().join("model.safetensors"), sound()).unwrap();
    assert!(open().to_string().contains("is missing: the file is of another kind of model"));
}

#[test]
fn sound_samples_are_read() {
    let samples = [
        ("weights", sound()),
        ("tokenizer", TOKENIZER.into()),
        ("config", CONFIG.into()),
        ("checkpoint", CHECKPOINT.clone()),
        ("decoder_checkpoint", DECODER_CHECKPOINT.clone()),
    ];
    targets::weights(&samples[0].1);
    targets::tokenizer(&samples[1].1);
    targets::config(&samples[2].1);
    targets::checkpoint(&samples[3].1);
    targets::decoder_checkpoint(&samples[4].1);
    if let Some(seeds) = std::env::var_os("PLASMA_SEEDS").map(std::path::PathBuf::from) {
        for (name, bytes) in samples {
            std::fs::create_dir_all(seeds.join(name)).unwrap();
            std::fs::write(seeds.join(name).join("sample"), bytes).unwrap();
        }
    }
}

/// Bytes changed, put in, taken out, cut off.
fn damaged(sample: &[u8], edits: &[(Index, u8, u8)], cut: Option<&Index>) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for (at, how, with) in edits {
        let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
        match how % 4 {
            0 => drop(bytes.splice(at..at, [*with; 3])),
            1 => drop(bytes.drain(at..(at + usize::from(*with)).min(bytes.len()))),
            // A digit for a digit, so that numbers lie rather than break.
            2 if bytes.get(at).is_some_and(u8::is_ascii_digit) => bytes[at] = b'0' + with % 10,
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = *with;
                }
            }
        }
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len() + 1));
    }
    bytes
}

/// The `at`-th value of a JSON text replaced by another of its kind or not.
fn bent(sample: &str, at: &Index, with: u8) -> Vec<u8> {
    fn count(value: &Value) -> usize {
        1 + match value {
            Value::Array(list) => list.iter().map(count).sum(),
            Value::Object(map) => map.values().map(count).sum(),
            _ => 0,
        }
    }
    fn bend(value: &mut Value, left: &mut usize, with: u8) {
        if *left == 0 {
            *value = match with % 8 {
                0 => Value::Null,
                1 => json!([]),
                2 => json!({}),
                3 => json!(""),
                4 => json!(-1),
                5 => json!(u64::MAX),
                6 => json!("(?<"),
                _ => json!([[0, 1], {"type": "BPE"}]),
            };
        }
        *left = left.wrapping_sub(1);
        match value {
            Value::Array(list) => list.iter_mut().for_each(|value| bend(value, left, with)),
            Value::Object(map) => map.values_mut().for_each(|value| bend(value, left, with)),
            _ => {}
        }
    }
    let mut value: Value = serde_json::from_str(sample).unwrap();
    let mut left = at.index(count(&value));
    bend(&mut value, &mut left, with);
    value.to_string().into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_samples_are_refused_or_harmless(
        edits in prop::collection::vec((any::<Index>(), any::<u8>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<Index>()),
    ) {
        let of = |sample: &[u8]| damaged(sample, &edits, cut.as_ref());
        targets::weights(&of(&sound()));
        targets::tokenizer(&of(TOKENIZER.as_bytes()));
        targets::checkpoint(&of(&CHECKPOINT));
        targets::decoder_checkpoint(&of(&DECODER_CHECKPOINT));
        [CONFIG, LLAMA, GPT2].iter().for_each(|config| targets::config(&of(config.as_bytes())));
    }
    #[test]
    fn bent_samples_are_refused_or_harmless(at: Index, with: u8) {
        targets::weights(&file(std::str::from_utf8(&bent(HEADER, &at, with)).unwrap(), &sound()[8 + HEADER.len()..]));
        targets::tokenizer(&bent(TOKENIZER, &at, with));
        [CONFIG, LLAMA, GPT2].iter().for_each(|config| targets::config(&bent(config, &at, with)));
    }
}
