//! What a decoder is made of while it learns: tensors, products and norms, each with its way back.

use crate::device::{Buffer, Device};
use crate::models::Error;
use crate::models::layers::{Layout, Source, room, turned};
use crate::ops::Heads;
use crate::training::Weights;
use plasma_kernels_device::map::{Binary, Unary};
use plasma_kernels_device::rows::Norm as Kind;

/// A tensor that learns.
pub(super) struct Tensor {
    /// Its names in a file, with the outputs of each: they lie side by side here.
    files: Vec<(String, u32)>,
    /// Rows of a matrix, that is inputs; none of a vector.
    rows: Option<u32>,
    /// How files keep it.
    layout: Layout,
    pub weights: Weights,
}

/// A tensor as a file has it: its name, shape and numbers.
pub(super) type Part = (String, Vec<usize>, Vec<f32>);

/// The slope of the loss by every tensor, as far as it has come.
pub(super) struct Slopes(pub Vec<Option<Buffer<f32>>>);

/// The tensors so far, and where more come from.
pub(super) struct Builder<'a> {
    pub device: &'a Device,
    pub source: &'a dyn Source,
    pub tensors: Vec<Tensor>,
}

/// y = x·W + bias.
pub(super) struct Product {
    w: usize,
    bias: Option<usize>,
    /// The bias where there is none.
    nothing: Buffer<f32>,
    pub input: u32,
    pub output: u32,
}

/// LayerNorm, or RMSNorm where there is no bias.
pub(super) struct Norm {
    gain: usize,
    bias: Option<usize>,
    width: u32,
    epsilon: f32,
}

/// Where computing happens, and with what.
#[derive(Clone, Copy)]
pub(super) struct Room<'a> {
    pub device: &'a Device,
    pub tensors: &'a [Tensor],
    /// Rows of tokens.
    pub rows: u32,
}

/// The place of a tensor's part that a file of its own has: its shape there.
fn shape(rows: Option<u32>, layout: Layout, output: u32) -> Vec<u32> {
    match (rows, layout) {
        (None, _) => vec![output],
        (Some(rows), Layout::ByOutput) => vec![output, rows],
        (Some(rows), Layout::ByInput) => vec![rows, output],
    }
}

impl Tensor {
    /// Its parts as a file has them.
    pub fn parts(&self, device: &Device) -> Result<Vec<Part>, Error> {
        let (values, outputs) = (device.read(&self.weights.w)?, self.files.iter().map(|(_, output)| *output as usize).sum());
        let rows = self.rows.map_or(1, |rows| rows as usize);
        let by_output = self.rows.is_some() && self.layout == Layout::ByOutput;
        let values = if by_output { turned(rows, outputs, &values)? } else { values };
        let mut parts = Vec::new();
        let mut rest = values.as_slice();
        for (name, output) in &self.files {
            let (part, more) = rest.split_at(rows * *output as usize);
            let shape = shape(self.rows, self.layout, *output).into_iter().map(|side| side as usize).collect();
            parts.push((name.clone(), shape, part.to_vec()));
            rest = more;
        }
        Ok(parts)
    }
}

impl Builder<'_> {
    /// Takes a tensor out of the source; tensors side by side are those kept by output.
    pub fn tensor(&mut self, files: Vec<(String, u32)>, rows: Option<u32>, layout: Layout) -> Result<usize, Error> {
        let mut values = Vec::new();
        for (name, output) in &files {
            values.extend(self.source.tensor(name, &shape(rows, layout, *output))?);
        }
        let outputs: u32 = files.iter().map(|(_, output)| output).sum();
        if let (Some(rows), Layout::ByOutput) = (rows, layout) {
            values = turned(outputs as usize, rows as usize, &values)?;
        }
        let weights = Weights::new(self.device, &values)?;
        self.tensors.push(Tensor { files, rows, layout, weights });
        Ok(self.tensors.len() - 1)
    }

    /// Products of these names side by side, with the outputs of each.
    pub fn product(&mut self, parts: &[(String, u32)], input: u32, layout: Layout, biased: bool) -> Result<Product, Error> {
        let named = |end: &str| parts.iter().map(|(name, output)| (format!("{name}.{end}"), *output)).collect();
        let output = parts.iter().map(|(_, output)| output).sum();
        let w = self.tensor(named("weight"), Some(input), layout)?;
        let bias = if biased { Some(self.tensor(named("bias"), None, layout)?) } else { None };
        let nothing = self.device.alloc(if biased { 0 } else { output as usize })?;
        Ok(Product { w, bias, nothing, input, output })
    }

    pub fn norm(&mut self, name: &str, width: u32, biased: bool, epsilon: f32) -> Result<Norm, Error> {
        let gain = self.tensor(vec![(format!("{name}.weight"), width)], None, Layout::ByInput)?;
        let bias = if biased { Some(self.tensor(vec![(format!("{name}.bias"), width)], None, Layout::ByInput)?) } else { None };
        Ok(Norm { gain, bias, width, epsilon })
    }
}

impl Slopes {
    /// Adds to a tensor's slope.
    pub fn add(&mut self, device: &Device, tensor: usize, more: Buffer<f32>) -> Result<(), Error> {
        let sum = match self.0[tensor].take() {
            None => more,
            Some(so_far) => {
                let mut sum = device.alloc(more.len())?;
                device.zip(Binary::Add, &so_far, &more, &mut sum)?;
                sum
            }
        };
        self.0[tensor] = Some(sum);
        Ok(())
    }
}

impl Room<'_> {
    /// Space for rows of so many columns.
    pub fn space(&self, columns: u32) -> Result<Buffer<f32>, Error> {
        Ok(self.device.alloc(self.rows as usize * columns as usize)?)
    }

    pub fn weights(&self, tensor: usize) -> &Buffer<f32> {
        &self.tensors[tensor].weights.w
    }

    /// f of x and y, element by element.
    pub fn zipped(&self, function: Binary, x: &Buffer<f32>, y: &Buffer<f32>) -> Result<Buffer<f32>, Error> {
        let mut z = self.device.alloc(x.len())?;
        self.device.zip(function, x, y, &mut z)?;
        Ok(z)
    }

    /// Through f of x and y, from the slope of its result to theirs.
    pub fn unzipped(&self, function: Binary, [x, y, dz]: [&Buffer<f32>; 3]) -> Result<[Buffer<f32>; 2], Error> {
        let (mut dx, mut dy) = (self.device.alloc(x.len())?, self.device.alloc(x.len())?);
        self.device.zip_backward(function, [x, y, dz], &mut dx, &mut dy)?;
        Ok([dx, dy])
    }

    /// f of x, element by element.
    pub fn mapped(&self, function: Unary, x: &Buffer<f32>) -> Result<Buffer<f32>, Error> {
        let mut y = self.device.alloc(x.len())?;
        self.device.map(function, x, &mut y)?;
        Ok(y)
    }

    /// dy·f'(x), element by element.
    pub fn slope(&self, function: Unary, x: &Buffer<f32>, dy: &Buffer<f32>) -> Result<Buffer<f32>, Error> {
        let mut dx = self.device.alloc(x.len())?;
        self.device.slope(function, x, dy, &mut dx)?;
        Ok(dx)
    }

    /// A matrix of so many rows and columns, turned.
    pub fn transposed(&self, [rows, columns]: [u32; 2], x: &Buffer<f32>) -> Result<Buffer<f32>, Error> {
        let mut y = self.device.alloc(x.len())?;
        self.device.transpose(rows, columns, x, &mut y)?;
        Ok(y)
    }

    /// A·B, of [m, n, k].
    pub fn multiplied(&self, [m, n, k]: [u32; 3], a: &Buffer<f32>, b: &Buffer<f32>) -> Result<Buffer<f32>, Error> {
        let mut c = self.device.alloc(m as usize * n as usize)?;
        self.device.gemm_f32([m, n, k, 1], a, b, &mut c)?;
        Ok(c)
    }

    /// The sums of columns.
    fn sums(&self, columns: u32, x: &Buffer<f32>) -> Result<Buffer<f32>, Error> {
        let mut y = self.device.alloc(columns as usize)?;
        self.device.column_sums([self.rows, columns], x, &mut y)?;
        Ok(y)
    }
}

impl Product {
    /// x·W + bias, and the residual if there is one: the same operations as those of a decoder that does not learn.
    pub fn run(&self, room: Room, x: &Buffer<f32>, residual: Option<&Buffer<f32>>) -> Result<Buffer<f32>, Error> {
        let mut y = room.multiplied([room.rows, self.output, self.input], x, room.weights(self.w))?;
        let bias = self.bias.map_or(&self.nothing, |bias| room.weights(bias));
        room.device.finish([room.rows, self.output], Unary::Identity, bias, residual, &mut y)?;
        Ok(y)
    }

    /// Back to x; the weights' slopes are noted.
    pub fn back(&self, room: Room, x: &Buffer<f32>, dy: &Buffer<f32>, slopes: &mut Slopes) -> Result<Buffer<f32>, Error> {
        let (rows, input, output) = (room.rows, self.input, self.output);
        let of_weights = room.multiplied([input, output, rows], &room.transposed([rows, input], x)?, dy)?;
        slopes.add(room.device, self.w, of_weights)?;
        if let Some(bias) = self.bias {
            slopes.add(room.device, bias, room.sums(output, dy)?)?;
        }
        room.multiplied([rows, input, output], dy, &room.transposed([input, output], room.weights(self.w))?)
    }
}

impl Norm {
    pub fn run(&self, room: Room, x: &Buffer<f32>) -> Result<Buffer<f32>, Error> {
        let (mut y, sizes, gain) = (room.space(self.width)?, [room.rows, self.width], room.weights(self.gain));
        match self.bias {
            Some(bias) => room.device.layer_norm(sizes, self.epsilon, x, [gain, room.weights(bias)], &mut y)?,
            None => room.device.rms_norm(sizes, self.epsilon, x, gain, &mut y)?,
        }
        Ok(y)
    }

    /// Back to x, plus what came to x past the norm; slopes are noted.
    pub fn back(
        &self,
        room: Room,
        x: &Buffer<f32>,
        dy: &Buffer<f32>,
        past: Option<&Buffer<f32>>,
        slopes: &mut Slopes,
    ) -> Result<Buffer<f32>, Error> {
        let (mut dx, mut of_gain) = (room.space(self.width)?, room.device.alloc(self.width as usize)?);
        let kind = if self.bias.is_some() { Kind::Layer } else { Kind::Rms };
        let from = [x, room.weights(self.gain), dy];
        room.device.normalise_backward((kind, self.epsilon), [room.rows, self.width], from, &mut dx, &mut of_gain)?;
        slopes.add(room.device, self.gain, of_gain)?;
        if let Some(bias) = self.bias {
            slopes.add(room.device, bias, room.sums(self.width, dy)?)?;
        }
        match past {
            Some(past) => room.zipped(Binary::Add, past, &dx),
            None => Ok(dx),
        }
    }
}

/// The columns of queries and of keys.
pub(super) fn columns(heads: Heads) -> [u32; 2] {
    [heads.queries * heads.dim, heads.keys * heads.dim]
}

/// Numbers as bytes, in little-endian order.
pub(super) fn bytes(values: &[f32]) -> Result<Vec<u8>, Error> {
    let mut bytes = room(4 * values.len())?;
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    Ok(bytes)
}
