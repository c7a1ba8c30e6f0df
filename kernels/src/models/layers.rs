//! What models are built of: matrices with what follows them, and norms.

use super::{Error, Precision};
use crate::device::{self, Buffer, Device};
use plasma_kernels_device::map::Unary;

/// Something that gives tensors by name and shape: a file, or a generator of random models.
pub(crate) trait Source {
    fn tensor(&self, name: &str, shape: &[u32]) -> Result<Vec<f32>, Error>;
}

impl Source for super::weights::Weights {
    fn tensor(&self, name: &str, shape: &[u32]) -> Result<Vec<f32>, Error> {
        self.get(name, shape)
    }
}

/// How a file keeps a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A row for every output, as `torch.nn.Linear` has it.
    ByOutput,
    /// A row for every input, as GPT-2's `Conv1D` has it.
    ByInput,
}

enum Kept {
    F32(Buffer<f32>),
    I8 { q: Buffer<i8>, scales: Buffer<f32> },
}

/// y = x·W + bias, with W kept input × output.
pub(crate) struct Linear {
    pub input: u32,
    pub output: u32,
    weights: Kept,
    bias: Buffer<f32>,
}

/// Room on the host for so many elements.
pub(crate) fn room<T>(count: usize) -> Result<Vec<T>, Error> {
    let mut values = Vec::new();
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    values.try_reserve_exact(count).map_err(|_| device::Error::Memory { bytes, device: "the host".into() })?;
    Ok(values)
}

/// The transpose of a matrix of so many rows and columns.
pub(crate) fn turned<T: Copy + Default>(rows: usize, columns: usize, x: &[T]) -> Result<Vec<T>, Error> {
    let mut y = room(x.len())?;
    y.resize(x.len(), T::default());
    for (i, row) in x.chunks_exact(columns.max(1)).enumerate() {
        row.iter().enumerate().for_each(|(j, &value)| y[j * rows + i] = value);
    }
    Ok(y)
}

impl Linear {
    /// Takes matrices side by side, each `output` wide, of the names given; without biases they are zero.
    pub fn load(
        device: &Device,
        source: &dyn Source,
        (names, outputs, input): (&[String], &[u32], u32),
        layout: Layout,
        biased: bool,
        precision: Precision,
    ) -> Result<Self, Error> {
        let output: u32 = outputs.iter().sum();
        let (mut rows, mut bias) = (Vec::new(), Vec::new());
        for (name, &output) in names.iter().zip(outputs) {
            let shape = if layout == Layout::ByOutput { [output, input] } else { [input, output] };
            let values = source.tensor(&format!("{name}.weight"), &shape)?;
            // Row by row for every output: matrices side by side follow each other, and each output has a scale.
            rows.extend(if layout == Layout::ByOutput { values } else { turned(input as usize, output as usize, &values)? });
            if biased {
                bias.extend(source.tensor(&format!("{name}.bias"), &[output])?);
            }
        }
        bias.resize(output as usize, 0.0);
        Self::keep(device, (output, input), &rows, &bias, precision)
    }

    /// Takes a matrix with a row for every output.
    pub fn keep(
        device: &Device,
        (output, input): (u32, u32),
        rows: &[f32],
        bias: &[f32],
        precision: Precision,
    ) -> Result<Self, Error> {
        let (down, across) = (output as usize, input as usize);
        let weights = match precision {
            Precision::F32 => Kept::F32(device.upload(&turned(down, across, rows)?)?),
            Precision::I8 => {
                let on = device.upload(rows)?;
                let (mut q, mut scales) = (device.alloc(rows.len())?, device.alloc(down)?);
                device.quantise([output, input], &on, &mut q, &mut scales)?;
                Kept::I8 { q: device.upload(&turned(down, across, &device.read(&q)?)?)?, scales }
            }
        };
        Ok(Self { input, output, weights, bias: device.upload(bias)? })
    }

    /// f(x·W + bias) + residual, for `rows` rows.
    pub fn run(
        &self,
        device: &Device,
        rows: u32,
        x: &Buffer<f32>,
        function: Unary,
        residual: Option<&Buffer<f32>>,
        y: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        let (sizes, finished) = ([rows, self.output, self.input, 1], [rows, self.output]);
        match &self.weights {
            Kept::F32(weights) => {
                device.gemm_f32(sizes, x, weights, y)?;
                device.finish(finished, function, &self.bias, residual, y)?;
            }
            Kept::I8 { q, scales } => {
                let (mut operand, mut of_rows) = (device.alloc(x.len())?, device.alloc(rows as usize)?);
                device.quantise([rows, self.input], x, &mut operand, &mut of_rows)?;
                let mut sums = device.alloc(y.len())?;
                device.gemm_i8(sizes, &operand, q, &mut sums)?;
                device.finish_i8(finished, (&sums, [&of_rows, scales]), function, &self.bias, residual, y)?;
            }
        }
        Ok(())
    }
}

/// A norm of rows: LayerNorm, or RMSNorm where there is no bias.
pub(crate) struct Norm {
    gain: Buffer<f32>,
    bias: Option<Buffer<f32>>,
    epsilon: f32,
}

impl Norm {
    pub fn layer(device: &Device, source: &dyn Source, name: &str, width: u32, epsilon: f32) -> Result<Self, Error> {
        let bias = device.upload(&source.tensor(&format!("{name}.bias"), &[width])?)?;
        Ok(Self { bias: Some(bias), ..Self::rms(device, source, name, width, epsilon)? })
    }

    pub fn rms(device: &Device, source: &dyn Source, name: &str, width: u32, epsilon: f32) -> Result<Self, Error> {
        let gain = device.upload(&source.tensor(&format!("{name}.weight"), &[width])?)?;
        Ok(Self { gain, bias: None, epsilon })
    }

    pub fn run(&self, device: &Device, rows: u32, x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<(), Error> {
        let sizes = [rows, self.gain.len() as u32];
        match &self.bias {
            Some(bias) => device.layer_norm(sizes, self.epsilon, x, [&self.gain, bias], y)?,
            None => device.rms_norm(sizes, self.epsilon, x, &self.gain, y)?,
        }
        Ok(())
    }
}

/// The function of a configuration's name.
pub(crate) fn activation(key: &str, name: &str) -> Result<Unary, Error> {
    Ok(match name {
        "gelu" => Unary::GeluErf,
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Unary::Gelu,
        "relu" => Unary::Relu,
        "silu" | "swish" => Unary::Silu,
        _ => {
            let said = format!("`{key}` is `{name}`; known are gelu, gelu_new, gelu_pytorch_tanh, relu and silu");
            return Err(Error::content("config.json", said));
        }
    })
}
