//! Training: against f64, resumed, traced, judged.

use crate::models::reference::Meter;
use plasma_kernels::kernel::random::philox;
use plasma_kernels::models::noise::Noise;
use plasma_kernels::programs::named;
use plasma_kernels::programs::training::job;
use plasma_kernels::referee::{Finding, bisect, judge};
use plasma_kernels::training::digits::{STEPS, TRAINED, digits, plan};
use plasma_kernels::training::{Examples, Optimiser, Plan, Training};
use plasma_kernels::{Adam, Cpu, Device, Isa, Sgd};

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

type Matrix = Vec<Vec<f64>>;

fn transposed(x: &Matrix) -> Matrix {
    (0..x[0].len()).map(|j| x.iter().map(|row| row[j]).collect()).collect()
}

fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
}

fn gelu_slope(x: f64) -> f64 {
    (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5
}

/// The same training in f64: weights by output, then what the optimiser remembers.
struct Naive {
    plan: Plan,
    examples: Examples,
    /// Of every layer the weights with the bias as a last column.
    weights: Vec<Matrix>,
    first: Vec<Matrix>,
    second: Vec<Matrix>,
    meter: Meter,
    steps: u64,
}

impl Naive {
    fn new(plan: &Plan, examples: &Examples) -> Self {
        let noise = Noise { seed: plan.seed };
        let layer = |(i, pair): (usize, &[u32])| -> Matrix {
            let values = noise.get(&format!("layers.{i}.weight"), &[pair[1], pair[0]]).unwrap();
            values.chunks(pair[0] as usize).map(|row| row.iter().map(|&x| x.into()).chain([0.0]).collect()).collect()
        };
        let weights: Vec<Matrix> = plan.columns.windows(2).enumerate().map(layer).collect();
        let nothing: Vec<Matrix> = weights.iter().map(|w| vec![vec![0.0; w[0].len()]; w.len()]).collect();
        let (first, second) = (nothing.clone(), nothing);
        Self { plan: plan.clone(), examples: examples.clone(), weights, first, second, meter: Meter::default(), steps: 0 }
    }

    fn step(&mut self) -> f64 {
        let (batch, inputs) = (self.plan.batch, self.plan.columns[0] as usize);
        let key = [self.plan.seed as u32, (self.plan.seed >> 32) as u32];
        let draw = |i: u32| {
            let word = philox([i, self.steps as u32, 0, 1], key)[0];
            (f64::from(word) / 4_294_967_296.0 * self.examples.classes.len() as f64) as usize
        };
        let drawn: Vec<usize> = (0..batch).map(draw).collect();
        let row = |&i: &usize| self.examples.x[i * inputs..][..inputs].iter().map(|&x| f64::from(x)).collect();
        let mut active: Vec<Matrix> = vec![drawn.iter().map(row).collect()];
        let mut sums: Vec<Matrix> = Vec::new();
        for w in &self.weights {
            let (plain, bias): (Matrix, Vec<f64>) =
                w.iter().map(|row| (row[..row.len() - 1].to_vec(), row[row.len() - 1])).unzip();
            let z = self.meter.product(active.last().unwrap(), &plain, &bias);
            active.push(z.iter().map(|row| row.iter().map(|&x| gelu(x)).collect()).collect());
            sums.push(z);
        }
        let mut loss = 0.0;
        let mut slope: Matrix = Vec::new();
        for (row, &i) in sums.last().unwrap().iter().zip(&drawn) {
            let total: f64 = row.iter().map(|x| x.exp()).sum();
            let target = self.examples.classes[i] as usize;
            loss += (total.ln() - row[target]) / f64::from(batch);
            let part = |(j, x): (usize, &f64)| (x.exp() / total - f64::from(u8::from(j == target))) / f64::from(batch);
            slope.push(row.iter().enumerate().map(part).collect());
        }
        let mut gradients = Vec::new();
        for i in (0..self.weights.len()).rev() {
            let nothing = vec![0.0; 1 << 12];
            let (by_output, from) = (transposed(&slope), transposed(&active[i]));
            let mut gradient = self.meter.product(&by_output, &from, &nothing);
            gradient.iter_mut().zip(&by_output).for_each(|(row, slopes)| row.push(slopes.iter().sum()));
            gradients.push(gradient);
            if i > 0 {
                let plain: Matrix = self.weights[i].iter().map(|row| row[..row.len() - 1].to_vec()).collect();
                let back = self.meter.product(&slope, &transposed(&plain), &nothing);
                let through = |(back, z): (&Vec<f64>, &Vec<f64>)| back.iter().zip(z).map(|(b, &z)| b * gelu_slope(z)).collect();
                slope = back.iter().zip(&sums[i - 1]).map(through).collect();
            }
        }
        gradients.reverse();
        self.steps += 1;
        self.moved(&gradients);
        loss
    }

    fn moved(&mut self, gradients: &[Matrix]) {
        let t = self.steps as i32;
        for (l, gradient) in gradients.iter().enumerate() {
            for (i, row) in gradient.iter().enumerate() {
                for (j, g) in row.iter().enumerate() {
                    let (w, m, v) = (&mut self.weights[l][i][j], &mut self.first[l][i][j], &mut self.second[l][i][j]);
                    match self.plan.optimiser {
                        Optimiser::Sgd(Sgd { rate, momentum }) => {
                            *m = f64::from(momentum) * *m + g;
                            *w -= f64::from(rate) * *m;
                        }
                        Optimiser::Adam(Adam { rate, .. }) => {
                            *m = 0.9 * *m + 0.1 * g;
                            *v = 0.999 * *v + 0.001 * g * g;
                            let (m, v) = (*m / (1.0 - 0.9f64.powi(t)), *v / (1.0 - 0.999f64.powi(t)));
                            *w -= f64::from(rate) * m / (v.sqrt() + 1e-8);
                        }
                    }
                }
            }
        }
    }
}

fn plans() -> Vec<Plan> {
    let sgd = Optimiser::Sgd(Sgd { rate: 0.1, momentum: 0.9 });
    let adam = Optimiser::Adam(Adam { rate: 0.01, ..Adam::default() });
    let plan = |columns: &[u32], batch, optimiser| Plan { columns: columns.to_vec(), batch, optimiser, seed: 1 << 40 };
    vec![plan(&[5, 7, 3], 6, sgd), plan(&[5, 9, 8, 3], 4, adam), plan(&[5, 3], 1, sgd)]
}

fn examples() -> Examples {
    job(&[5, 1, 3, 20, 1], 3).unwrap().1
}

#[test]
fn losses_fall_as_they_do_in_f64() {
    for plan in plans() {
        let (mut training, mut naive) =
            (Training::new(&cpu(), plan.clone(), &examples()).unwrap(), Naive::new(&plan, &examples()));
        for step in 0..60 {
            let (found, exact) = (f64::from(training.step().unwrap()), naive.step());
            assert!((found - exact).abs() < 2e-4 * exact.max(0.1), "{plan:?}, step {step}: {found} {exact}");
        }
        assert_eq!(training.steps(), 60);
    }
}

#[test]
fn a_training_resumed_anywhere_ends_in_the_same_bytes() {
    for plan in plans() {
        let mut training = Training::new(&cpu(), plan.clone(), &examples()).unwrap();
        let mut checkpoints = vec![training.checkpoint().unwrap()];
        for _ in 0..6 {
            training.step().unwrap();
            checkpoints.push(training.checkpoint().unwrap());
        }
        for isa in Isa::present() {
            let device = Device::Cpu(Cpu::new().with_threads(2).with_isa(isa).unwrap());
            for from in 0..6 {
                let mut resumed = Training::resume(&device, plan.clone(), &examples(), &checkpoints[from]).unwrap();
                assert_eq!(resumed.checkpoint().unwrap(), checkpoints[from]);
                for after in &checkpoints[from + 1..] {
                    resumed.step().unwrap();
                    assert_eq!(&resumed.checkpoint().unwrap(), after, "{isa:?} from {from}");
                }
            }
        }
    }
}

#[test]
fn checkpoints_of_something_else_are_refused_in_words() {
    let (plan, device) = (plans().remove(0), cpu());
    let checkpoint = Training::new(&device, plan.clone(), &examples()).unwrap().checkpoint().unwrap();
    let said = |plan: &Plan, bytes: &[u8]| {
        Training::resume(&device, plan.clone(), &examples(), bytes).map(drop).unwrap_err().to_string()
    };
    assert!(said(&plan, b"nothing").contains("no checkpoint"));
    assert!(said(&plan, &checkpoint[..30]).contains("the checkpoint is cut or too long: it has 30 bytes"));
    assert!(said(&plan, &checkpoint[..checkpoint.len() - 4]).contains("is cut or too long"));
    assert!(said(&plan, &[&checkpoint[..], &[0]].concat()).contains("is cut or too long"));
    assert!(said(&Plan { seed: 2, ..plan.clone() }, &checkpoint).contains("of another training"));
    let mut endless = checkpoint.clone();
    endless[48..56].fill(255);
    assert!(said(&plan, &endless).contains("18446744073709551615 steps were done"));
    let said = |plan: Plan| Training::new(&device, plan, &examples()).map(drop).unwrap_err().to_string();
    assert!(said(Plan { columns: vec![5], ..plan.clone() }).contains("inputs and classes"));
    assert!(said(Plan { columns: vec![6, 3], ..plan.clone() }).contains("20 examples of 6 inputs are not 100 numbers"));
    assert!(said(Plan { columns: vec![5, 2], ..plan.clone() }).contains("of class 2, and there are 2"));
    assert!(said(Plan { batch: 0, ..plan }).contains("at least 1"));
}

#[test]
fn the_program_costs_what_is_counted() {
    let program = named("mlp-training").unwrap();
    for sizes in [[3, 4, 5, 10, 6, 2], [1, 1, 1, 1, 1, 1]] {
        let (plan, examples) = job(&sizes, 8).unwrap();
        let mut naive = Naive::new(&plan, &examples);
        for _ in 0..sizes[5] {
            naive.step();
        }
        let cost = program.cost(&sizes).unwrap();
        assert_eq!((cost.operations, cost.bytes), (naive.meter.operations, naive.meter.bytes), "{sizes:?}");
        assert_eq!(program.run(&cpu(), &sizes, 8).unwrap().len(), sizes[5] + 1);
    }
}

/// One party goes astray in the middle; the referee finds the step, does that step again, and says who was right.
#[test]
fn the_referee_needs_one_step_to_know_who_lied() {
    let sizes = [6, 8, 4, 30, 5, 20];
    let honest = named("mlp-training").unwrap().run(&cpu(), &sizes, 2).unwrap();
    let (plan, examples) = job(&sizes, 2).unwrap();
    let mut astray = Training::new(&cpu(), plan.clone(), &examples).unwrap();
    let mut before = astray.checkpoint().unwrap();
    let mut trace = plasma_kernels::trace::Trace::default();
    trace.step(&before);
    let mut agreed = Vec::new();
    for step in 1..=20 {
        agreed.push(before.clone());
        if step == 13 {
            // The least that can go wrong: one bit of one weight.
            let at = before.len() - 20;
            before[at] ^= 1;
            astray = Training::resume(&cpu(), plan.clone(), &examples, &before).unwrap();
        }
        astray.step().unwrap();
        before = astray.checkpoint().unwrap();
        trace.step(&before);
    }
    let Finding::Differ { step, leaves } = bisect(21, &honest, &trace) else { panic!("they differ") };
    assert_eq!(step, 13);
    // Both agree on the checkpoint before, which opens under either root.
    let way = honest.open(12).unwrap();
    assert!(plasma_kernels::trace::verify(&honest.root(), 21, 12, &agreed[12], &way));
    let mut again = Training::resume(&cpu(), plan, &examples, &agreed[12]).unwrap();
    again.step().unwrap();
    assert_eq!(judge(step, leaves, &again.checkpoint().unwrap()), [true, false]);
}

/// The shipped model is what its training makes, to the last bit, and knows digits it never saw.
#[test]
fn the_shipped_digits_are_trained_again() {
    let [known, held_back] = digits();
    let mut training = Training::new(&cpu(), plan(), &known).unwrap();
    for _ in 0..STEPS {
        training.step().unwrap();
    }
    assert!(training.checkpoint().unwrap() == TRAINED, "run `cargo run --release -p plasma-kernels --example digits`");
    let shipped = Training::resume(&cpu(), plan(), &known, TRAINED).unwrap();
    let found = shipped.classify(&held_back.x).unwrap();
    let right = found.iter().zip(&held_back.classes).filter(|(found, right)| found == right).count();
    assert_eq!(found.len(), 397);
    assert!(right * 100 >= 90 * found.len(), "{right} of {}", found.len());
    assert!(shipped.classify(&[0.0; 65]).is_err());
}
