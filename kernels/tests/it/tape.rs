//! The chain rule in f64 over a tape of what was computed, for matrices as rows: nothing of the kernels is in it.

use crate::models::reference::{Meter, Rows};

/// A matrix on a tape.
pub type At = usize;

enum Step {
    Leaf,
    /// x·wᵀ.
    Product(At, At),
    Turned(At),
    /// Rows below one another.
    Stacked(Vec<At>),
    /// Some columns.
    Columns(At, usize),
    Sum(At, At),
    /// A row added to every row.
    Bias(At, At),
    Gather(At, Vec<usize>),
    /// Rows with their mean taken out or not, to the scale of one, times the gain.
    Norm(At, At, bool),
    /// silu(x)·y.
    Swiglu(At, At),
    Gelu(At),
    /// Halves of heads of so many columns turned by angles.
    Rotary(At, usize, Vec<Vec<f64>>),
    Attention([At; 3], Looks),
    /// The mean cross-entropy with targets.
    Loss(At, Vec<usize>),
}

/// Heads of queries, heads of keys, columns of a head, and tokens of a text.
#[derive(Clone, Copy)]
pub struct Looks {
    pub heads: usize,
    pub keys: usize,
    pub dim: usize,
    pub length: usize,
}

#[derive(Default)]
pub struct Tape {
    steps: Vec<Step>,
    pub values: Vec<Rows>,
    pub slopes: Vec<Rows>,
    pub meter: Meter,
}

const EPSILON: f64 = 1e-5;

fn transposed(x: &Rows) -> Rows {
    (0..x[0].len()).map(|j| x.iter().map(|row| row[j]).collect()).collect()
}

fn nothing(of: &Rows) -> Rows {
    vec![vec![0.0; of[0].len()]; of.len()]
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn tanh_of_gelu(x: f64) -> f64 {
    ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh()
}

/// A row to the scale of one, and by how much.
fn scaled(row: &[f64], centred: bool) -> (Vec<f64>, f64) {
    let n = row.len() as f64;
    let mean = if centred { row.iter().sum::<f64>() / n } else { 0.0 };
    let scale = 1.0 / (row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n + EPSILON).sqrt();
    (row.iter().map(|x| (x - mean) * scale).collect(), scale)
}

fn turned(x: &Rows, dim: usize, angles: &[Vec<f64>], way: f64) -> Rows {
    let half = dim / 2;
    let turn = |(row, angles): (&Vec<f64>, &Vec<f64>)| -> Vec<f64> {
        let place = |c: usize| {
            let (head, i) = (c / dim * dim, c % half);
            let (a, b, angle) = (row[head + i], row[head + half + i], way * angles[i]);
            if c % dim < half { a * angle.cos() - b * angle.sin() } else { b * angle.cos() + a * angle.sin() }
        };
        (0..row.len()).map(place).collect()
    };
    x.iter().zip(angles).map(turn).collect()
}

impl Looks {
    /// The keys that a query sees, and the first columns of its head of keys.
    fn seen(&self, query: usize, head: usize) -> (std::ops::RangeInclusive<usize>, usize) {
        (query / self.length * self.length..=query, head * self.keys / self.heads * self.dim)
    }

    /// The weights of the keys that a query sees.
    fn weights(&self, [q, k]: [&Rows; 2], i: usize, head: usize) -> Vec<f64> {
        let (seen, shared) = self.seen(i, head);
        let dot = |j: usize| -> f64 { (0..self.dim).map(|c| q[i][head * self.dim + c] * k[j][shared + c]).sum() };
        let powers: Vec<f64> = seen.map(|j| (dot(j) / (self.dim as f64).sqrt()).exp()).collect();
        let total: f64 = powers.iter().sum();
        powers.iter().map(|power| power / total).collect()
    }
}

impl Tape {
    fn push(&mut self, step: Step, value: Rows) -> At {
        self.steps.push(step);
        self.values.push(value);
        self.steps.len() - 1
    }

    pub fn leaf(&mut self, value: Rows) -> At {
        self.push(Step::Leaf, value)
    }

    fn multiplied(&mut self, x: &Rows, w: &Rows) -> Rows {
        self.meter.product(x, w, &vec![0.0; w.len()])
    }

    pub fn product(&mut self, x: At, w: At) -> At {
        let value = self.multiplied(&self.values[x].clone(), &self.values[w].clone());
        self.push(Step::Product(x, w), value)
    }

    pub fn turned(&mut self, x: At) -> At {
        let value = transposed(&self.values[x]);
        self.push(Step::Turned(x), value)
    }

    pub fn stacked(&mut self, parts: &[At]) -> At {
        let value = parts.iter().flat_map(|&part| self.values[part].clone()).collect();
        self.push(Step::Stacked(parts.to_vec()), value)
    }

    pub fn columns(&mut self, x: At, first: usize, count: usize) -> At {
        let value = self.values[x].iter().map(|row| row[first..first + count].to_vec()).collect();
        self.push(Step::Columns(x, first), value)
    }

    pub fn sum(&mut self, x: At, y: At) -> At {
        let value = crate::models::reference::added(&self.values[x], &self.values[y]);
        self.push(Step::Sum(x, y), value)
    }

    pub fn bias(&mut self, x: At, bias: At) -> At {
        let bias_row = &self.values[bias][0];
        let value = self.values[x].iter().map(|row| row.iter().zip(bias_row).map(|(x, b)| x + b).collect()).collect();
        self.push(Step::Bias(x, bias), value)
    }

    pub fn gather(&mut self, table: At, indices: Vec<usize>) -> At {
        let value = indices.iter().map(|&i| self.values[table][i].clone()).collect();
        self.push(Step::Gather(table, indices), value)
    }

    pub fn norm(&mut self, x: At, gain: At, centred: bool) -> At {
        let gain_row = &self.values[gain][0];
        let of = |row: &Vec<f64>| scaled(row, centred).0.iter().zip(gain_row).map(|(x, gain)| x * gain).collect();
        let value = self.values[x].iter().map(of).collect();
        self.push(Step::Norm(x, gain, centred), value)
    }

    pub fn swiglu(&mut self, x: At, y: At) -> At {
        let row = |(x, y): (&Vec<f64>, &Vec<f64>)| x.iter().zip(y).map(|(x, y)| x * sigmoid(*x) * y).collect();
        let value = self.values[x].iter().zip(&self.values[y]).map(row).collect();
        self.push(Step::Swiglu(x, y), value)
    }

    pub fn gelu(&mut self, x: At) -> At {
        let value = crate::models::reference::mapped(&self.values[x], |x| 0.5 * x * (1.0 + tanh_of_gelu(x)));
        self.push(Step::Gelu(x), value)
    }

    pub fn rotary(&mut self, x: At, dim: usize, angles: Vec<Vec<f64>>) -> At {
        let value = turned(&self.values[x], dim, &angles, 1.0);
        self.push(Step::Rotary(x, dim, angles), value)
    }

    pub fn attention(&mut self, parts: [At; 3], looks: Looks) -> At {
        let [q, k, v] = parts.map(|part| self.values[part].clone());
        self.meter.bytes += 4 * 2 * (q.len() * q[0].len() + k.len() * k[0].len()) as u128;
        let mut y = nothing(&q);
        for (i, y) in y.iter_mut().enumerate() {
            for head in 0..looks.heads {
                let (seen, shared) = looks.seen(i, head);
                let weights = looks.weights([&q, &k], i, head);
                // Every pair meets as query and key, and as weight and value.
                self.meter.operations += 2 * 2 * (weights.len() * looks.dim) as u128;
                for (j, weight) in seen.zip(weights) {
                    for c in 0..looks.dim {
                        y[head * looks.dim + c] += weight * v[j][shared + c];
                    }
                }
            }
        }
        self.push(Step::Attention(parts, looks), y)
    }

    pub fn loss(&mut self, logits: At, targets: Vec<usize>) -> At {
        let of = |(row, &target): (&Vec<f64>, &usize)| row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[target];
        let total: f64 = self.values[logits].iter().zip(&targets).map(of).sum();
        let mean = total / targets.len() as f64;
        self.push(Step::Loss(logits, targets), vec![vec![mean]])
    }

    fn add(&mut self, to: At, more: &Rows) {
        for (row, more) in self.slopes[to].iter_mut().zip(more) {
            row.iter_mut().zip(more).for_each(|(x, more)| *x += more);
        }
    }

    /// Slopes of the last value by all others.
    pub fn back(&mut self) {
        self.slopes = self.values.iter().map(nothing).collect();
        let last = self.steps.len() - 1;
        self.slopes[last][0][0] = 1.0;
        for at in (0..self.steps.len()).rev() {
            let step = std::mem::replace(&mut self.steps[at], Step::Leaf);
            let dy = self.slopes[at].clone();
            self.back_through(&step, &dy);
            self.steps[at] = step;
        }
    }

    fn back_through(&mut self, step: &Step, dy: &Rows) {
        match step {
            Step::Leaf => {}
            Step::Product(x, w) => {
                let (of_x, of_w) = (self.values[*x].clone(), self.values[*w].clone());
                let dx = self.multiplied(dy, &transposed(&of_w));
                let dw = self.multiplied(&transposed(dy), &transposed(&of_x));
                self.add(*x, &dx);
                self.add(*w, &dw);
            }
            Step::Turned(x) => self.add(*x, &transposed(dy)),
            Step::Stacked(parts) => {
                let mut rest = dy.as_slice();
                for part in parts {
                    let (own, more) = rest.split_at(self.values[*part].len());
                    self.add(*part, &own.to_vec());
                    rest = more;
                }
            }
            Step::Columns(x, first) => {
                for (row, dy) in self.slopes[*x].iter_mut().zip(dy) {
                    row[*first..].iter_mut().zip(dy).for_each(|(x, dy)| *x += dy);
                }
            }
            Step::Sum(x, y) => [x, y].iter().for_each(|at| self.add(**at, dy)),
            Step::Bias(x, bias) => {
                self.add(*x, dy);
                dy.iter().for_each(|row| self.add(*bias, &vec![row.clone()]));
            }
            Step::Gather(table, indices) => {
                for (&i, dy) in indices.iter().zip(dy) {
                    self.slopes[*table][i].iter_mut().zip(dy).for_each(|(x, dy)| *x += dy);
                }
            }
            Step::Loss(logits, targets) => {
                let of = |(row, &target): (&Vec<f64>, &usize)| -> Vec<f64> {
                    let total: f64 = row.iter().map(|x| x.exp()).sum();
                    let share = dy[0][0] / targets.len() as f64;
                    let one = |j: usize| f64::from(u8::from(j == target));
                    row.iter().enumerate().map(|(j, x)| (x.exp() / total - one(j)) * share).collect()
                };
                let dx: Rows = self.values[*logits].iter().zip(targets).map(of).collect();
                self.add(*logits, &dx);
            }
            Step::Rotary(x, dim, angles) => self.add(*x, &turned(dy, *dim, angles, -1.0)),
            Step::Norm(x, gain, centred) => self.back_through_norm([*x, *gain], *centred, dy),
            Step::Attention(parts, looks) => self.back_through_attention(*parts, looks, dy),
            Step::Gelu(_) | Step::Swiglu(..) => self.back_through_functions(step, dy),
        }
    }

    fn back_through_functions(&mut self, step: &Step, dy: &Rows) {
        let through = |x: &Rows, dy: &Rows, f: &dyn Fn(f64, f64) -> f64| -> Rows {
            x.iter().zip(dy).map(|(x, dy)| x.iter().zip(dy).map(|(x, dy)| f(*x, *dy)).collect()).collect()
        };
        match *step {
            Step::Gelu(x) => {
                let slope = |x: f64, dy: f64| {
                    let t = tanh_of_gelu(x);
                    let inner = (2.0 / std::f64::consts::PI).sqrt() * (1.0 + 3.0 * 0.044715 * x * x);
                    dy * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner)
                };
                let dx = through(&self.values[x], dy, &slope);
                self.add(x, &dx);
            }
            Step::Swiglu(x, y) => {
                let silu = |x: f64| x * sigmoid(x);
                let slope = |x: f64, dy: f64| dy * sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x)));
                let gated = through(&self.values[y], dy, &|y, dy| y * dy);
                let dx = through(&self.values[x], &gated, &slope);
                let dy = through(&self.values[x], dy, &|x, dy| silu(x) * dy);
                self.add(x, &dx);
                self.add(y, &dy);
            }
            _ => unreachable!("no function"),
        }
    }

    fn back_through_norm(&mut self, [x, gain]: [At; 2], centred: bool, dy: &Rows) {
        let (mut dx, mut of_gain) = (Rows::new(), vec![0.0; dy[0].len()]);
        for (row, dy) in self.values[x].iter().zip(dy) {
            let ((normed, scale), n) = (scaled(row, centred), row.len() as f64);
            let pulled: Vec<f64> = dy.iter().zip(&self.values[gain][0]).map(|(dy, gain)| dy * gain).collect();
            let mean = if centred { pulled.iter().sum::<f64>() / n } else { 0.0 };
            let along = pulled.iter().zip(&normed).map(|(p, x)| p * x).sum::<f64>() / n;
            dx.push(pulled.iter().zip(&normed).map(|(p, x)| scale * (p - mean - x * along)).collect::<Vec<f64>>());
            of_gain.iter_mut().zip(dy.iter().zip(&normed)).for_each(|(sum, (dy, x))| *sum += dy * x);
        }
        self.add(x, &dx);
        self.add(gain, &vec![of_gain]);
    }

    fn back_through_attention(&mut self, parts: [At; 3], looks: &Looks, dy: &Rows) {
        let [q, k, v] = parts.map(|part| self.values[part].clone());
        let [mut dq, mut dk, mut dv] = [&q, &k, &v].map(nothing);
        self.meter.bytes += 4 * 4 * (q.len() * q[0].len() + k.len() * k[0].len()) as u128;
        for i in 0..q.len() {
            for head in 0..looks.heads {
                let (first, (seen, shared)) = (head * looks.dim, looks.seen(i, head));
                let weights = looks.weights([&q, &k], i, head);
                let pulls: Vec<f64> =
                    seen.clone().map(|j| (0..looks.dim).map(|c| dy[i][first + c] * v[j][shared + c]).sum()).collect();
                let mean: f64 = weights.iter().zip(&pulls).map(|(weight, pull)| weight * pull).sum();
                for ((j, weight), pull) in seen.zip(&weights).zip(&pulls) {
                    let slope = weight * (pull - mean) / (looks.dim as f64).sqrt();
                    for c in 0..looks.dim {
                        dq[i][first + c] += slope * k[j][shared + c];
                        dk[j][shared + c] += slope * q[i][first + c];
                        dv[j][shared + c] += weight * dy[i][first + c];
                    }
                }
                // To the weights, the queries, the keys and the values.
                self.meter.operations += 4 * 2 * (weights.len() * looks.dim) as u128;
            }
        }
        for (part, slope) in parts.into_iter().zip([dq, dk, dv]) {
            self.add(part, &slope);
        }
    }
}
