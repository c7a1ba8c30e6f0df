//! Decoders: random ones against f64, and tiny ones against what transformers makes of the same files.

use super::reference::{Meter, Rows, added, layer_norm, mapped, rms_norm, rows};
use plasma_kernels::models::Precision;
use plasma_kernels::models::choice::Choice;
use plasma_kernels::models::decoder::{Config, Decoder, Gpt2};
use plasma_kernels::models::noise::Noise;
use plasma_kernels::programs::named;
use plasma_kernels::programs::text::{VOCABULARY, decoder as llama, tokens};
use plasma_kernels::{Cpu, Device, Isa};
use serde::Deserialize;
use std::path::Path;

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

pub fn gpt2([layers, heads, dim, inner, context]: [u32; 5]) -> Config {
    Config::Gpt2(Gpt2 {
        vocab_size: VOCABULARY,
        n_positions: context,
        n_embd: heads * dim,
        n_layer: layers,
        n_head: heads,
        n_inner: Some(inner),
        layer_norm_epsilon: 1e-5,
        activation_function: "gelu_new".into(),
        scale_attn_by_inverse_layer_idx: false,
    })
}

/// A decoder of random weights in f64, which keeps keys and values as rows.
struct Naive {
    config: Config,
    noise: Noise,
    kept: Vec<[Rows; 2]>,
    meter: Meter,
}

impl Naive {
    fn new(config: &Config, seed: u64) -> Self {
        let layers = match config {
            Config::Gpt2(config) => config.n_layer,
            Config::Llama(config) => config.num_hidden_layers,
        };
        let kept = vec![[Rows::new(), Rows::new()]; layers as usize];
        Self { config: config.clone(), noise: Noise { seed }, kept, meter: Meter::default() }
    }

    /// A matrix with a row for every output.
    fn by_output(&self, name: &str, down: u32, across: u32) -> Rows {
        rows(&self.noise.get(&format!("{name}.weight"), &[down, across]).unwrap(), across as usize)
    }

    fn by_input(&self, name: &str, down: u32, across: u32) -> Rows {
        let x = self.by_output(name, down, across);
        (0..across as usize).map(|j| x.iter().map(|row| row[j]).collect()).collect()
    }

    fn vector(&self, name: &str, n: u32) -> Vec<f64> {
        self.noise.get(name, &[n]).unwrap().into_iter().map(f64::from).collect()
    }

    fn feed(&mut self, tokens: &[u32]) -> Vec<f64> {
        match self.config.clone() {
            Config::Gpt2(config) => self.gpt2(&config, tokens),
            Config::Llama(_) => self.llama(tokens),
        }
    }

    fn gpt2(&mut self, config: &Gpt2, tokens: &[u32]) -> Vec<f64> {
        let (width, heads, inner) = (config.n_embd, config.n_head as usize, config.n_inner.unwrap());
        let past = self.kept[0][0].len();
        let words = self.by_output("transformer.wte", config.vocab_size, width);
        let places = self.by_output("transformer.wpe", config.n_positions, width);
        let mut x = Rows::new();
        for (i, &token) in tokens.iter().enumerate() {
            x.push(words[token as usize].iter().zip(&places[past + i]).map(|(a, b)| a + b).collect());
        }
        for i in 0..config.n_layer {
            let at = |part: &str| format!("transformer.h.{i}.{part}");
            let norm = |of: &Self, x: &Rows, part: &str| {
                layer_norm(
                    x,
                    &of.vector(&at(&format!("{part}.weight")), width),
                    &of.vector(&at(&format!("{part}.bias")), width),
                    1e-5,
                )
            };
            let linear = |of: &mut Self, x: &Rows, part: &str, down: u32, across: u32| {
                let (weights, bias) = (of.by_input(&at(part), down, across), of.vector(&at(&format!("{part}.bias")), across));
                of.meter.product(x, &weights, &bias)
            };
            let normed = norm(self, &x, "ln_1");
            let looked = linear(self, &normed, "attn.c_attn", width, 3 * width);
            let part = |part: usize| -> Rows {
                looked.iter().map(|row| row[part * width as usize..][..width as usize].to_vec()).collect()
            };
            self.kept[i as usize][0].extend(part(1));
            self.kept[i as usize][1].extend(part(2));
            let [k, v] = self.kept[i as usize].clone();
            let y = self.meter.attention([&part(0), &k, &v], [heads, heads, width as usize / heads], |q| past + q + 1);
            x = added(&x, &linear(self, &y, "attn.c_proj", width, width));
            let normed = norm(self, &x, "ln_2");
            let y = linear(self, &normed, "mlp.c_fc", width, inner);
            let gelu = |x: f64| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh());
            x = added(&x, &linear(self, &mapped(&y, gelu), "mlp.c_proj", inner, width));
        }
        let (gain, bias) = (self.vector("transformer.ln_f.weight", width), self.vector("transformer.ln_f.bias", width));
        let last = layer_norm(&vec![x.last().unwrap().clone()], &gain, &bias, 1e-5);
        self.meter.product(&last, &words, &vec![0.0; words.len()]).remove(0)
    }

    fn llama(&mut self, tokens: &[u32]) -> Vec<f64> {
        let Config::Llama(config) = self.config.clone() else { unreachable!("asked for one") };
        let (width, inner, dim) = (config.hidden_size, config.intermediate_size, config.head_dim.unwrap() as usize);
        let (heads, keys) = (config.num_attention_heads as usize, config.num_key_value_heads.unwrap() as usize);
        let past = self.kept[0][0].len();
        let words = self.by_output("model.embed_tokens", config.vocab_size, width);
        let mut x: Rows = tokens.iter().map(|&token| words[token as usize].clone()).collect();
        // Halves of a head are the two coordinates of planes that turn.
        let turned = |x: &Rows| -> Rows {
            let turn = |(i, row): (usize, &Vec<f64>)| {
                let mut y = row.clone();
                for (c, y) in y.iter_mut().enumerate() {
                    let (head, within) = (c / dim * dim, c % dim);
                    let angle = (past + i) as f64 * 10_000f64.powf(-2.0 * (within % (dim / 2)) as f64 / dim as f64);
                    let (a, b) = (row[head + within % (dim / 2)], row[head + dim / 2 + within % (dim / 2)]);
                    *y = if within < dim / 2 { a * angle.cos() - b * angle.sin() } else { b * angle.cos() + a * angle.sin() };
                }
                y
            };
            x.iter().enumerate().map(turn).collect()
        };
        for i in 0..config.num_hidden_layers {
            let at = |part: &str| format!("model.layers.{i}.{part}");
            let linear = |of: &mut Self, x: &Rows, part: &str, down: usize, across: u32| {
                let weights = of.by_output(&at(part), down as u32, across);
                of.meter.product(x, &weights, &vec![0.0; down])
            };
            let normed = rms_norm(&x, &self.vector(&at("input_layernorm.weight"), width), 1e-5);
            let sizes = [("q", heads * dim), ("k", keys * dim), ("v", keys * dim)];
            let look: Rows = sizes
                .iter()
                .flat_map(|(part, n)| self.by_output(&at(&format!("self_attn.{part}_proj")), *n as u32, width))
                .collect();
            let looked = self.meter.product(&normed, &look, &vec![0.0; look.len()]);
            let part = |first: usize, n: usize| -> Rows {
                looked.iter().map(|row| row[first * dim..(first + n) * dim].to_vec()).collect()
            };
            self.kept[i as usize][0].extend(turned(&part(heads, keys)));
            self.kept[i as usize][1].extend(part(heads + keys, keys));
            let [k, v] = self.kept[i as usize].clone();
            let y = self.meter.attention([&turned(&part(0, heads)), &k, &v], [heads, keys, dim], |q| past + q + 1);
            x = added(&x, &linear(self, &y, "self_attn.o_proj", width as usize, width));
            let normed = rms_norm(&x, &self.vector(&at("post_attention_layernorm.weight"), width), 1e-5);
            let (gate, up) = (
                linear(self, &normed, "mlp.gate_proj", inner as usize, width),
                linear(self, &normed, "mlp.up_proj", inner as usize, width),
            );
            let gated: Rows =
                gate.iter().zip(&up).map(|(g, u)| g.iter().zip(u).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect()).collect();
            x = added(&x, &linear(self, &gated, "mlp.down_proj", width as usize, inner));
        }
        let last = rms_norm(&vec![x.last().unwrap().clone()], &self.vector("model.norm.weight", width), 1e-5);
        let head = self.by_output("lm_head", config.vocab_size, width);
        self.meter.product(&last, &head, &vec![0.0; head.len()]).remove(0)
    }
}

fn models() -> Vec<Config> {
    vec![gpt2([2, 3, 10, 50, 24]), gpt2([1, 1, 7, 3, 24]), llama([2, 4, 2, 6, 30, 24]), llama([1, 3, 3, 16, 5, 24])]
}

#[test]
fn random_decoders_are_what_f64_makes_of_them() {
    for config in models() {
        let (mut naive, model) = (Naive::new(&config, 3), Decoder::random(&cpu(), &config, 3, Precision::F32).unwrap());
        let coarse = Decoder::random(&cpu(), &config, 3, Precision::I8).unwrap();
        let (mut session, mut rough) = (model.session(24).unwrap(), coarse.session(24).unwrap());
        let text = tokens(8, 1, 23).remove(0);
        for part in [&text[..13], &text[13..14], &text[14..20], &text[20..]] {
            let (found, rough, exact) = (session.feed(part).unwrap(), rough.feed(part).unwrap(), naive.feed(part));
            let most = exact.iter().fold(0f64, |most, x| most.max(x.abs()));
            for ((found, rough), exact) in found.iter().zip(rough).zip(exact) {
                assert!((f64::from(*found) - exact).abs() < 2e-6 * most.max(1.0), "{found} {exact}");
                assert!((f64::from(rough) - exact).abs() < 0.1 * most, "i8: {rough} {exact} of {most}");
            }
        }
    }
}

/// A prompt at once, in parts, or token by token, on any processor.
#[test]
fn the_same_tokens_leave_the_same_bits() {
    for (config, precision) in models().into_iter().flat_map(|config| [(config.clone(), Precision::F32), (config, Precision::I8)])
    {
        let text = tokens(4, 1, 19).remove(0);
        let model = Decoder::random(&cpu(), &config, 7, precision).unwrap();
        let mut session = model.session(20).unwrap();
        let all = session.feed(&text).unwrap();
        let next = session.feed(&[5]).unwrap();
        assert_eq!(session.length(), 20);
        for step in [1, 4] {
            let mut session = model.session(24).unwrap();
            let logits: Vec<Vec<f32>> = text.chunks(step).map(|part| session.feed(part).unwrap()).collect();
            assert_eq!(logits.last(), Some(&all), "{step}");
            assert_eq!(session.feed(&[5]).unwrap(), next);
        }
        for isa in Isa::present() {
            let device = Device::Cpu(Cpu::new().with_threads(3).with_isa(isa).unwrap());
            let model = Decoder::random(&device, &config, 7, precision).unwrap();
            assert_eq!(model.session(20).unwrap().feed(&text).unwrap(), all, "{isa:?}");
        }
    }
}

#[test]
fn texts_are_continued_the_same_way_every_time() {
    let model = Decoder::random(&cpu(), &llama([2, 2, 1, 8, 12, 40]), 2, Precision::F32).unwrap();
    let prompt = tokens(1, 1, 6).remove(0);
    let drawn = Choice { temperature: 1.0, among: 50, seed: 4 };
    let (tokens, trace) = model.generate(&prompt, 8, drawn).unwrap();
    assert_eq!(model.generate(&prompt, 8, drawn).unwrap(), (tokens.clone(), trace.clone()));
    // Fed back one by one, the same draws follow.
    let mut session = model.session(14).unwrap();
    let mut next = prompt.clone();
    for (i, &token) in tokens.iter().enumerate() {
        let logits = cpu().upload(&session.feed(&next).unwrap()).unwrap();
        assert_eq!(drawn.pick(&cpu(), &logits, 6 + i as u32).unwrap(), token);
        next = vec![token];
    }
    // The model, and for each of 8 passes the embeddings, 2 layers, the logits and the token.
    assert_eq!(trace.len(), 1 + 8 * 5);
    let (others, other) = model.generate(&prompt, 8, Choice { seed: 5, ..drawn }).unwrap();
    assert_ne!(others, tokens);
    assert_eq!(other.first_difference(&trace), Some(0), "another seed is another job");
    assert!(model.generate(&prompt, 0, drawn).unwrap().0.is_empty());
}

#[test]
fn the_program_costs_what_is_counted() {
    let cases = [[2, 4, 2, 6, 30, 5, 4], [1, 1, 1, 2, 3, 1, 1]];
    let programs = [("text-decoder", Precision::F32), ("text-decoder-i8", Precision::I8)];
    for (sizes, (name, precision)) in cases.into_iter().flat_map(|sizes| programs.map(|program| (sizes, program))) {
        let program = named(name).unwrap();
        let [layers, heads, keys, dim, inner, prompt, new] = sizes.map(|size| size as u32);
        let config = llama([layers, heads, keys, dim, inner, prompt + new]);
        let text = tokens(5, 1, prompt.into()).remove(0);
        let model = Decoder::random(&cpu(), &config, 5, precision).unwrap();
        let (chosen, trace) = model.generate(&text, new, Choice::LIKELIEST).unwrap();
        let mut naive = Naive::new(&config, 5);
        naive.meter.i8 = precision == Precision::I8;
        let mut next = text.clone();
        for &token in &chosen {
            let logits = naive.feed(&next);
            let most = logits.iter().copied().fold(f64::MIN, f64::max);
            // In i8 one may come close to another.
            assert!(logits[token as usize] > most - if precision == Precision::I8 { 0.1 } else { 1e-5 }, "the likeliest");
            next = vec![token];
        }
        let cost = program.cost(&sizes).unwrap();
        assert_eq!((cost.operations, cost.bytes), (naive.meter.operations, naive.meter.bytes), "{sizes:?}");
        assert_eq!(program.run(&cpu(), &sizes, 5).unwrap(), trace);
    }
    let program = named("text-decoder").unwrap();
    assert!(program.run(&cpu(), &[1, 3, 2, 2, 1, 1, 1], 5).unwrap_err().to_string().contains("cannot share 2 heads"));
}

#[test]
fn what_does_not_fit_is_named() {
    let model = Decoder::random(&cpu(), &gpt2([1, 1, 4, 4, 8]), 1, Precision::F32).unwrap();
    let said = |room: u32| model.session(room).map(drop).unwrap_err().to_string();
    assert_eq!(said(9), "9 tokens are more than the 8 that the model takes");
    let mut session = model.session(3).unwrap();
    let mut said = |tokens: &[u32]| session.feed(tokens).unwrap_err().to_string();
    assert_eq!(said(&[]), "0 tokens, where there must be at least 1 and is room for 3");
    assert_eq!(said(&[0; 4]), "4 tokens, where there must be at least 1 and is room for 3");
    assert_eq!(said(&[VOCABULARY]), "token 1024 is unknown; the model knows 1024");
    session.feed(&[0; 2]).unwrap();
    assert!(session.feed(&[0; 2]).unwrap_err().to_string().contains("room for 1"));
    assert!(model.generate(&[], 2, Choice::LIKELIEST).is_err());
    assert!(model.generate(&[0; 8], u32::MAX, Choice::LIKELIEST).is_err());
}

#[derive(Deserialize)]
struct Answer {
    prompt: Vec<u32>,
    logits: Vec<f64>,
    continued: Vec<u32>,
}

/// Files written by transformers with random weights in f16, and what it makes of them in f32: `answer.json` names the versions.
#[test]
fn files_of_transformers_give_its_logits() {
    for name in ["tiny-gpt2", "tiny-llama"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
        let answer: Answer = serde_json::from_slice(&std::fs::read(folder.join("answer.json")).unwrap()).unwrap();
        let model = Decoder::open(&cpu(), &folder, Precision::F32).unwrap();
        let logits = model.session(20).unwrap().feed(&answer.prompt).unwrap();
        for (found, right) in logits.iter().zip(&answer.logits) {
            assert!((f64::from(*found) - right).abs() < 2e-5, "{name}: {found} {right}");
        }
        assert_eq!(logits.len(), answer.logits.len());
        let (continued, _) = model.generate(&answer.prompt, 12, Choice::LIKELIEST).unwrap();
        assert_eq!(continued, answer.continued, "{name}");
    }
}
