//! Training of decoders: against f64 and differences, against torch, resumed, traced, judged, and taken up by a decoder.

use crate::models::decoder::gpt2;
use crate::models::reference::{Meter, Rows, rows};
use crate::tape::{At, Looks, Tape};
use plasma_kernels::kernel::random::philox;
use plasma_kernels::models::Precision;
use plasma_kernels::models::decoder::{Config, Decoder};
use plasma_kernels::models::weights::Weights;
use plasma_kernels::programs::named;
use plasma_kernels::programs::text::{VOCABULARY, decoder as llama, tokens};
use plasma_kernels::programs::training::text_job;
use plasma_kernels::referee::{Finding, bisect, judge};
use plasma_kernels::training::Optimiser;
use plasma_kernels::training::transformer::{Plan, Training};
use plasma_kernels::{Adam, Cpu, Device, Isa, Sgd};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

/// Tensors by their names in files, as rows; a vector is one row.
type Tensors = BTreeMap<String, Rows>;

fn tensors(file: Vec<u8>) -> Tensors {
    let weights = Weights::new(file).unwrap();
    let tensor = |name: &str| {
        let shape: Vec<u32> = weights.shape(name).unwrap().iter().map(|&side| side as u32).collect();
        rows(&weights.get(name, &shape).unwrap(), *shape.last().unwrap() as usize)
    };
    weights.names().map(|name| (name.to_owned(), tensor(name))).collect()
}

/// A decoder on a tape, where every tensor is a leaf.
struct Model<'a> {
    tape: Tape,
    leaves: BTreeMap<&'a str, At>,
    looks: Looks,
}

impl Model<'_> {
    fn at(&self, name: &str) -> At {
        self.leaves[name]
    }

    /// x·W, W a row for every input, and the bias.
    fn by_input(&mut self, x: At, name: &str) -> At {
        let w = self.tape.turned(self.at(&format!("{name}.weight")));
        let y = self.tape.product(x, w);
        self.tape.bias(y, self.at(&format!("{name}.bias")))
    }

    fn layer_norm(&mut self, x: At, name: &str) -> At {
        let y = self.tape.norm(x, self.at(&format!("{name}.weight")), true);
        self.tape.bias(y, self.at(&format!("{name}.bias")))
    }

    fn looked(&mut self, looked: At) -> [At; 3] {
        let (wide, narrow) = (self.looks.heads * self.looks.dim, self.looks.keys * self.looks.dim);
        [(0, wide), (wide, narrow), (wide + narrow, narrow)].map(|(first, count)| self.tape.columns(looked, first, count))
    }

    fn gpt2(&mut self, layers: u32, inputs: &[usize]) -> At {
        let places: Vec<usize> = (0..inputs.len()).map(|i| i % self.looks.length).collect();
        let (words, places) = (
            self.tape.gather(self.at("transformer.wte.weight"), inputs.to_vec()),
            self.tape.gather(self.at("transformer.wpe.weight"), places),
        );
        let mut x = self.tape.sum(words, places);
        for i in 0..layers {
            let at = |part: &str| format!("transformer.h.{i}.{part}");
            let normed = self.layer_norm(x, &at("ln_1"));
            let looked = self.by_input(normed, &at("attn.c_attn"));
            let parts = self.looked(looked);
            let taken = self.tape.attention(parts, self.looks);
            let taken = self.by_input(taken, &at("attn.c_proj"));
            x = self.tape.sum(x, taken);
            let normed = self.layer_norm(x, &at("ln_2"));
            let inner = self.by_input(normed, &at("mlp.c_fc"));
            let active = self.tape.gelu(inner);
            let outer = self.by_input(active, &at("mlp.c_proj"));
            x = self.tape.sum(x, outer);
        }
        let last = self.layer_norm(x, "transformer.ln_f");
        self.tape.product(last, self.at("transformer.wte.weight"))
    }

    fn llama(&mut self, layers: u32, inputs: &[usize]) -> At {
        let (half, dim) = (self.looks.dim / 2, self.looks.dim);
        let angle = |place: usize, i: usize| place as f64 * 10_000f64.powf(-2.0 * i as f64 / dim as f64);
        let angles: Rows = (0..inputs.len()).map(|row| (0..half).map(|i| angle(row % self.looks.length, i)).collect()).collect();
        let mut x = self.tape.gather(self.at("model.embed_tokens.weight"), inputs.to_vec());
        for i in 0..layers {
            let at = |model: &Self, part: &str| model.at(&format!("model.layers.{i}.{part}.weight"));
            let normed = self.tape.norm(x, at(self, "input_layernorm"), false);
            let parts = ["q", "k", "v"].map(|part| at(self, &format!("self_attn.{part}_proj")));
            let look = self.tape.stacked(&parts);
            let looked = self.tape.product(normed, look);
            let [q, k, v] = self.looked(looked);
            let [q, k] = [q, k].map(|part| self.tape.rotary(part, dim, angles.clone()));
            let taken = self.tape.attention([q, k, v], self.looks);
            let taken = self.tape.product(taken, at(self, "self_attn.o_proj"));
            x = self.tape.sum(x, taken);
            let normed = self.tape.norm(x, at(self, "post_attention_layernorm"), false);
            let inner = self.tape.product(normed, at(self, "mlp.up_proj"));
            let gate = self.tape.product(normed, at(self, "mlp.gate_proj"));
            let active = self.tape.swiglu(gate, inner);
            let outer = self.tape.product(active, at(self, "mlp.down_proj"));
            x = self.tape.sum(x, outer);
        }
        let last = self.tape.norm(x, self.at("model.norm.weight"), false);
        let head = if self.leaves.contains_key("lm_head.weight") { "lm_head.weight" } else { "model.embed_tokens.weight" };
        self.tape.product(last, self.at(head))
    }
}

/// The loss of a step's windows in f64, the slopes of all tensors, and what the products cost.
fn naive(plan: &Plan, text: &[u32], step: u64, from: &Tensors) -> (f64, Tensors, Meter) {
    let (length, key) = (plan.length as usize, [plan.seed as u32, (plan.seed >> 32) as u32]);
    let count = (text.len() - length) as f64;
    let start = |i: u32| (f64::from(philox([i, step as u32, 0, 1], key)[0]) / 4_294_967_296.0 * count) as usize;
    let window = |shift: usize| -> Vec<usize> {
        (0..plan.batch).flat_map(|i| text[start(i) + shift..][..length].iter().map(|&token| token as usize)).collect()
    };
    let (layers, heads, keys, width) = match &plan.config {
        Config::Gpt2(config) => (config.n_layer, config.n_head, config.n_head, config.n_embd),
        Config::Llama(config) => {
            (config.num_hidden_layers, config.num_attention_heads, config.num_key_value_heads.unwrap(), config.hidden_size)
        }
    };
    let looks = Looks { heads: heads as usize, keys: keys as usize, dim: (width / heads) as usize, length };
    let mut model = Model { tape: Tape::default(), leaves: BTreeMap::new(), looks };
    for (name, values) in from {
        let leaf = model.tape.leaf(values.clone());
        model.leaves.insert(name, leaf);
    }
    let logits = match &plan.config {
        Config::Gpt2(_) => model.gpt2(layers, &window(0)),
        Config::Llama(_) => model.llama(layers, &window(0)),
    };
    let loss = model.tape.loss(logits, window(1));
    model.tape.back();
    let slopes = model.leaves.iter().map(|(name, &leaf)| ((*name).to_owned(), model.tape.slopes[leaf].clone())).collect();
    (model.tape.values[loss][0][0], slopes, model.tape.meter)
}

fn text() -> Vec<u32> {
    tokens(9, 1, 40).remove(0)
}

/// Both families; heads that share keys and not; logits of their own and not.
fn plans(optimiser: Optimiser) -> Vec<Plan> {
    let tied = |mut config: Config| {
        if let Config::Llama(config) = &mut config {
            config.tie_word_embeddings = true;
        }
        config
    };
    let configs = [gpt2([2, 2, 4, 10, 9]), llama([2, 4, 2, 4, 12, 12]), tied(llama([1, 1, 1, 2, 3, 7]))];
    configs.into_iter().map(|config| Plan { config, batch: 3, length: 7, optimiser, seed: 1 << 33 }).collect()
}

#[test]
fn slopes_are_those_of_f64_and_those_are_differences() {
    // Steps so large that nothing is lost of the slope when it is added to the weights.
    let rate = 1024.0;
    for plan in plans(Optimiser::Sgd(Sgd { rate, momentum: 0.0 })) {
        let mut training = Training::new(&cpu(), plan.clone(), &text(), None).unwrap();
        let before = tensors(training.weights().unwrap());
        let loss = f64::from(training.step().unwrap());
        let after = tensors(training.weights().unwrap());
        let (exact, slopes, _) = naive(&plan, &text(), 0, &before);
        assert!((loss - exact).abs() < 1e-5, "{loss} {exact}");
        assert_eq!(before.keys().collect::<Vec<_>>(), slopes.keys().collect::<Vec<_>>());
        for (name, slope) in &slopes {
            let most = slope.iter().flatten().fold(0f64, |most, x| most.max(x.abs()));
            assert!(most > 0.0, "{name} learns");
            for (i, row) in slope.iter().enumerate() {
                for (j, exact) in row.iter().enumerate() {
                    let found = (before[name][i][j] - after[name][i][j]) / f64::from(rate);
                    assert!((found - exact).abs() < 1e-5 * most + 1e-9, "{name} {i} {j}: {found} {exact}");
                }
            }
            // The tape itself is held to differences where its slopes are greatest.
            let greatest = |row: &Vec<f64>| row.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap().0;
            let i = (0..slope.len())
                .max_by(|&a, &b| slope[a][greatest(&slope[a])].abs().total_cmp(&slope[b][greatest(&slope[b])].abs()))
                .unwrap();
            let j = greatest(&slope[i]);
            let value = |x: f64| {
                let mut changed = before.clone();
                changed.get_mut(name).unwrap()[i][j] = x;
                naive(&plan, &text(), 0, &changed).0
            };
            let difference = crate::learn::slope(value, before[name][i][j]);
            assert!((difference - slope[i][j]).abs() < 1e-8, "{name} {i} {j}: {difference} {}", slope[i][j]);
        }
    }
}

#[test]
fn losses_fall_as_they_do_in_f64() {
    let adam = Adam { rate: 0.01, ..Adam::default() };
    for plan in plans(Optimiser::Adam(adam)) {
        let mut training = Training::new(&cpu(), plan.clone(), &text(), None).unwrap();
        let mut weights = tensors(training.weights().unwrap());
        let mut moments: Tensors =
            weights.iter().map(|(name, w)| (name.clone(), vec![vec![0.0; 2 * w[0].len()]; w.len()])).collect();
        let mut first = 0.0;
        for step in 0..12 {
            let (exact, slopes, _) = naive(&plan, &text(), step, &weights);
            let found = f64::from(training.step().unwrap());
            assert!((found - exact).abs() < 2e-4, "step {step}: {found} {exact}");
            first = if step == 0 { exact } else { first };
            assert!(step < 11 || exact < first - 0.3, "{exact} of {first}");
            let t = step as i32 + 1;
            for (name, w) in &mut weights {
                for (i, row) in w.iter_mut().enumerate() {
                    let n = row.len();
                    for (j, w) in row.iter_mut().enumerate() {
                        let (g, of) = (slopes[name][i][j], &mut moments.get_mut(name).unwrap()[i]);
                        of[j] = 0.9 * of[j] + 0.1 * g;
                        of[n + j] = 0.999 * of[n + j] + 0.001 * g * g;
                        let (m, v) = (of[j] / (1.0 - 0.9f64.powi(t)), of[n + j] / (1.0 - 0.999f64.powi(t)));
                        *w -= f64::from(adam.rate) * m / (v.sqrt() + 1e-8);
                    }
                }
            }
        }
    }
}

#[test]
fn a_training_resumed_anywhere_ends_in_the_same_bytes() {
    for plan in plans(Optimiser::Adam(Adam::default())) {
        let mut training = Training::new(&cpu(), plan.clone(), &text(), None).unwrap();
        let mut checkpoints = vec![training.checkpoint().unwrap()];
        for _ in 0..4 {
            training.step().unwrap();
            checkpoints.push(training.checkpoint().unwrap());
        }
        for isa in Isa::present() {
            let device = Device::Cpu(Cpu::new().with_threads(2).with_isa(isa).unwrap());
            for from in 0..4 {
                let mut resumed = Training::resume(&device, plan.clone(), &text(), None, &checkpoints[from]).unwrap();
                assert_eq!((resumed.steps(), resumed.checkpoint().unwrap() == checkpoints[from]), (from as u64, true));
                for after in &checkpoints[from + 1..] {
                    resumed.step().unwrap();
                    assert!(resumed.checkpoint().unwrap() == *after, "{isa:?} from {from}");
                }
            }
        }
    }
}

/// A decoder of the same seed begins with the same weights, and one that takes what was learnt has the loss that training has.
#[test]
fn what_is_learnt_a_decoder_takes() {
    for plan in plans(Optimiser::Adam(Adam { rate: 0.02, ..Adam::default() })) {
        let mut training = Training::new(&cpu(), plan.clone(), &text(), None).unwrap();
        let random = Decoder::random(&cpu(), &plan.config, plan.seed, Precision::F32).unwrap();
        let held = &text()[20..26];
        for _ in 0..3 {
            let file = Weights::new(training.weights().unwrap()).unwrap();
            let taken = Decoder::from_weights(&cpu(), &plan.config, &file, Precision::F32).unwrap();
            let mut session = taken.session(5).unwrap();
            let mut loss = 0.0;
            for pair in held.windows(2) {
                let logits = session.feed(&pair[..1]).unwrap();
                if training.steps() == 0 && session.length() == 1 {
                    assert_eq!(logits, random.session(1).unwrap().feed(&held[..1]).unwrap());
                }
                let total: f64 = logits.iter().map(|&x| f64::from(x).exp()).sum();
                loss += (total.ln() - f64::from(logits[pair[1] as usize])) / 5.0;
            }
            let found = f64::from(training.loss_of(held).unwrap());
            assert!((found - loss).abs() < 2e-6 * loss, "{found} {loss}");
            // And learning goes on from the file.
            let mut again = Training::new(&cpu(), plan.clone(), &text(), Some(&file)).unwrap();
            assert_eq!(again.weights().unwrap(), training.weights().unwrap());
            again.step().unwrap();
            training.step().unwrap();
            assert_eq!(
                again.weights().unwrap() == training.weights().unwrap(),
                training.steps() == 1,
                "moments are not in the file"
            );
        }
    }
}

#[derive(Deserialize)]
struct Lesson {
    text: Vec<u32>,
    rate: f32,
    losses: Vec<f64>,
    logits: Vec<f64>,
}

/// The same files learn the same text with torch's Adam in f64: `lesson.json` names the versions.
#[test]
fn files_of_transformers_learn_as_with_torch() {
    for name in ["tiny-gpt2", "tiny-llama"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
        let read = |file: &str| std::fs::read(folder.join(file)).unwrap();
        let lesson: Lesson = serde_json::from_slice(&read("lesson.json")).unwrap();
        let (config, weights) = (Config::new(&read("config.json")).unwrap(), Weights::new(read("model.safetensors")).unwrap());
        let optimiser = Optimiser::Adam(Adam { rate: lesson.rate, ..Adam::default() });
        let plan = Plan { config: config.clone(), batch: 1, length: lesson.text.len() as u32 - 1, optimiser, seed: 0 };
        let mut training = Training::new(&cpu(), plan, &lesson.text, Some(&weights)).unwrap();
        for (step, exact) in lesson.losses.iter().enumerate() {
            let found = f64::from(training.step().unwrap());
            assert!((found - exact).abs() < 1e-4 * exact, "{name}, step {step}: {found} {exact}");
        }
        let learnt = Weights::new(training.weights().unwrap()).unwrap();
        let decoder = Decoder::from_weights(&cpu(), &config, &learnt, Precision::F32).unwrap();
        let logits = decoder.session(32).unwrap().feed(&lesson.text).unwrap();
        assert_eq!(logits.len(), lesson.logits.len());
        for (found, exact) in logits.iter().zip(&lesson.logits) {
            assert!((f64::from(*found) - exact).abs() < 2e-3, "{name}: {found} {exact}");
        }
    }
}

#[test]
fn the_program_costs_what_is_counted() {
    let program = named("transformer-training").unwrap();
    for sizes in [[2, 4, 2, 6, 5, 30, 3, 6, 2], [1, 1, 1, 2, 3, 2, 1, 1, 1]] {
        let (plan, text) = text_job(&sizes, 8);
        let weights = tensors(Training::new(&cpu(), plan.clone(), &text, None).unwrap().weights().unwrap());
        let (_, _, meter) = naive(&plan, &text, 0, &weights);
        let cost = program.cost(&sizes).unwrap();
        let steps = u128::from(sizes[8]);
        assert_eq!((cost.operations, cost.bytes), (steps * meter.operations, steps * meter.bytes), "{sizes:?}");
        assert_eq!(program.run(&cpu(), &sizes, 8).unwrap().len(), sizes[8] + 1);
    }
    let said = program.run(&cpu(), &[1, 1, 1, 2, 3, 4, 1, 4, 1], 8).unwrap_err().to_string();
    assert!(said.contains("a text of 4 tokens"), "{said}");
}

/// One bit of one weight goes astray; the referee finds the step, does it again, and says who was right.
#[test]
fn the_referee_needs_one_step_to_know_who_lied() {
    let sizes = [1, 2, 1, 4, 6, 50, 2, 5, 9];
    let honest = named("transformer-training").unwrap().run(&cpu(), &sizes, 2).unwrap();
    let (plan, text) = text_job(&sizes, 2);
    let mut astray = Training::new(&cpu(), plan.clone(), &text, None).unwrap();
    let mut trace = plasma_kernels::trace::Trace::default();
    let mut agreed = Vec::new();
    for step in 0..=9 {
        let mut checkpoint = astray.checkpoint().unwrap();
        if step == 6 {
            let at = checkpoint.len() - 100;
            checkpoint[at] ^= 1;
            astray = Training::resume(&cpu(), plan.clone(), &text, None, &checkpoint).unwrap();
        }
        trace.step(&checkpoint);
        agreed.push(checkpoint);
        astray.step().unwrap();
    }
    let Finding::Differ { step, leaves } = bisect(10, &honest, &trace) else { panic!("they differ") };
    assert_eq!(step, 6);
    let mut again = Training::resume(&cpu(), plan, &text, None, &agreed[5]).unwrap();
    again.step().unwrap();
    assert_eq!(judge(step, leaves, &again.checkpoint().unwrap()), [true, false]);
}

#[test]
fn what_does_not_fit_is_named() {
    let (plan, text, device) = (plans(Optimiser::Adam(Adam::default())).remove(1), text(), cpu());
    let checkpoint = Training::new(&device, plan.clone(), &text, None).unwrap().checkpoint().unwrap();
    let said = |plan: &Plan, text: &[u32], bytes: &[u8]| {
        Training::resume(&device, plan.clone(), text, None, bytes).map(drop).unwrap_err().to_string()
    };
    assert!(said(&plan, &text, b"nothing").contains("no checkpoint"));
    assert!(said(&plan, &text, &checkpoint[..checkpoint.len() - 4]).contains("is cut or too long"));
    assert!(said(&plan, &text, &[&checkpoint[..], &[0]].concat()).contains("is cut or too long"));
    assert!(said(&plan, &text[1..], &checkpoint).contains("of another training"));
    assert!(said(&Plan { seed: 2, ..plan.clone() }, &text, &checkpoint).contains("of another training"));
    assert!(said(&Plan { batch: 4, ..plan.clone() }, &text, &checkpoint).contains("of another training"));
    assert!(said(&Plan { batch: 0, ..plan.clone() }, &text, &checkpoint).contains("at least 1 window"));
    assert!(said(&Plan { length: 13, ..plan.clone() }, &text, &checkpoint).contains("longer than the 12 that the model takes"));
    assert!(said(&plan, &text[..7], &checkpoint).contains("a text of 7 tokens"));
    assert!(said(&plan, &[VOCABULARY; 20], &checkpoint).contains("token 1024 is unknown"));
    let training = Training::new(&device, plan, &text, None).unwrap();
    assert!(training.loss_of(&text[..1]).unwrap_err().to_string().contains("1 tokens, where there must be from 2"));
    assert!(training.loss_of(&text[..14]).is_err());
    assert!(training.loss_of(&[0, VOCABULARY]).unwrap_err().to_string().contains("unknown"));
}
