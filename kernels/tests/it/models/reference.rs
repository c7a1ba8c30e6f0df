//! Models written a second time: f64, loops, nothing shared with what they are compared with.

/// Counts multiplications and additions of products, and the bytes of their operands, as f32 or i8, and results of four bytes.
#[derive(Debug, Default)]
pub struct Meter {
    pub operations: u128,
    pub bytes: u128,
    /// Whether operands of products, not of attention, are i8.
    pub i8: bool,
}

pub type Rows = Vec<Vec<f64>>;

pub fn rows(values: &[f32], columns: usize) -> Rows {
    values.chunks(columns).map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect()
}

impl Meter {
    fn moved(&mut self, elements: usize) {
        self.bytes += 4 * elements as u128;
    }

    /// y[i][o] = Σ x[i][p]·w[o][p] + bias[o].
    pub fn product(&mut self, x: &Rows, w: &Rows, bias: &[f64]) -> Rows {
        let operands = x.len() * x[0].len() + w.len() * w[0].len();
        self.bytes += if self.i8 { 1 } else { 4 } * operands as u128;
        self.moved(x.len() * w.len());
        let mut y = Vec::new();
        for row in x {
            let mut made = Vec::new();
            for (output, bias) in w.iter().zip(bias) {
                let mut sum = 0.0;
                for (a, b) in row.iter().zip(output) {
                    sum += a * b;
                    self.operations += 2;
                }
                made.push(sum + bias);
            }
            y.push(made);
        }
        y
    }

    /// Attention of one sequence; query i sees the first `seen(i)` keys.
    pub fn attention(&mut self, [q, k, v]: [&Rows; 3], [heads, keys, dim]: [usize; 3], seen: impl Fn(usize) -> usize) -> Rows {
        self.moved(2 * q.len() * q[0].len() + 2 * k.len() * k[0].len());
        let mut y = vec![vec![0.0; heads * dim]; q.len()];
        for (i, row) in q.iter().enumerate() {
            for head in 0..heads {
                let (first, of_keys) = (head * dim, head * keys / heads * dim);
                let mut weights = Vec::new();
                for key in &k[..seen(i)] {
                    let mut score = 0.0;
                    for c in 0..dim {
                        score += row[first + c] * key[of_keys + c];
                        self.operations += 2;
                    }
                    weights.push(score / (dim as f64).sqrt());
                }
                let most = weights.iter().copied().fold(f64::MIN, f64::max);
                let total: f64 = weights.iter().map(|x| (x - most).exp()).sum();
                for (weight, value) in weights.iter().zip(v) {
                    for c in 0..dim {
                        y[i][first + c] += (weight - most).exp() / total * value[of_keys + c];
                        self.operations += 2;
                    }
                }
            }
        }
        y
    }
}

pub fn added(x: &Rows, y: &Rows) -> Rows {
    x.iter().zip(y).map(|(x, y)| x.iter().zip(y).map(|(x, y)| x + y).collect()).collect()
}

pub fn mapped(x: &Rows, f: impl Fn(f64) -> f64) -> Rows {
    x.iter().map(|row| row.iter().map(|&x| f(x)).collect()).collect()
}

pub fn layer_norm(x: &Rows, gain: &[f64], bias: &[f64], epsilon: f64) -> Rows {
    let of = |row: &Vec<f64>| {
        let n = row.len() as f64;
        let mean = row.iter().sum::<f64>() / n;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let scaled = row.iter().map(|x| (x - mean) / (variance + epsilon).sqrt());
        scaled.zip(gain.iter().zip(bias)).map(|(x, (gain, bias))| x * gain + bias).collect()
    };
    x.iter().map(of).collect()
}

pub fn rms_norm(x: &Rows, gain: &[f64], epsilon: f64) -> Rows {
    let of = |row: &Vec<f64>| {
        let squares = row.iter().map(|x| x * x).sum::<f64>() / row.len() as f64;
        row.iter().zip(gain).map(|(x, gain)| x / (squares + epsilon).sqrt() * gain).collect()
    };
    x.iter().map(of).collect()
}

/// x·Φ(x), Φ by the series of the normal distribution (Abramowitz and Stegun 26.2.10).
pub fn gelu(x: f64) -> f64 {
    let (mut sum, mut term) = (0.0, x);
    for n in 0..200 {
        sum += term / f64::from(2 * n + 1);
        term *= -x * x / 2.0 / f64::from(n + 1);
    }
    let phi = 0.5 + sum / (2.0 * std::f64::consts::PI).sqrt();
    x * if x.abs() > 6.0 { f64::from(u8::from(x > 0.0)) } else { phi }
}

pub fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
