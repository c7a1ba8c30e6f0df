//! Named tensors out of a safetensors file (<https://huggingface.co/docs/safetensors>).

use super::Error;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::ops::Range;

const FILE: &str = "model.safetensors";
/// Bytes of the number that says how long the header is.
const PREFIX: usize = 8;

/// The tensors of a file, kept as the file has them.
#[derive(Debug)]
pub struct Weights {
    bytes: Vec<u8>,
    tensors: BTreeMap<String, Tensor>,
}

#[derive(Debug)]
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    at: Range<usize>,
}

/// Every tensor must end within the file. The crate adds what the header says before it compares, and a sum that wraps would stop
/// the program.
fn ends_inside(bytes: &[u8]) -> Result<(), Error> {
    let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else {
        return Err(Error::content(
            FILE,
            format!("{} bytes are no safetensors file: it begins with 8 of its length", bytes.len()),
        ));
    };
    let length = u64::from_le_bytes(*prefix);
    let header = usize::try_from(length).ok().and_then(|length| rest.get(..length));
    let Some(header) = header else {
        return Err(Error::content(FILE, format!("the header is said to be {length} bytes long, and {} follow", rest.len())));
    };
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(header).map_err(|error| Error::content(FILE, format!("the header is no JSON object: {error}")))?;
    let data = (rest.len() as u64).saturating_sub(length);
    for (name, info) in header.iter().filter(|(name, _)| *name != "__metadata__") {
        let offsets = info.get("data_offsets").and_then(|offsets| offsets.as_array());
        let last = offsets.into_iter().flatten().filter_map(serde_json::Value::as_u64).max().unwrap_or(0);
        if last > data {
            let said =
                format!("tensor `{name}` is said to end at byte {last} of the data, which has {data}: the file is cut or lies");
            return Err(Error::content(FILE, said));
        }
    }
    Ok(())
}

impl Weights {
    /// Takes a file apart.
    ///
    /// # Errors
    /// If it is no sound safetensors file: a header that is no JSON, lengths, offsets and shapes that contradict each other.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Error> {
        ends_inside(&bytes)?;
        let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| Error::content(FILE, error))?;
        let first = PREFIX + header;
        let tensor = |(name, info): (String, &safetensors::tensor::TensorInfo)| {
            let at = first + info.data_offsets.0..first + info.data_offsets.1;
            (name, Tensor { dtype: info.dtype, shape: info.shape.clone(), at })
        };
        let tensors = metadata.tensors().into_iter().map(tensor).collect();
        Ok(Self { bytes, tensors })
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The shape of a tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|tensor| tensor.shape.as_slice())
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// BLAKE3 of the file.
    pub fn digest(&self) -> [u8; 32] {
        *blake3::hash(&self.bytes).as_bytes()
    }

    /// A tensor of this shape as f32.
    ///
    /// # Errors
    /// If there is none, it has another shape, or its numbers are neither f32, f16 nor bf16.
    pub fn get(&self, name: &str, shape: &[u32]) -> Result<Vec<f32>, Error> {
        let Some(tensor) = self.tensors.get(name) else {
            return Err(Error::content(FILE, format!("tensor `{name}` is missing: the file is of another kind of model")));
        };
        if tensor.shape.len() != shape.len() || tensor.shape.iter().zip(shape).any(|(&found, &wanted)| found != wanted as usize) {
            let said = format!("tensor `{name}` has shape {:?} where config.json calls for {shape:?}", tensor.shape);
            return Err(Error::content(FILE, said));
        }
        let bytes = self.bytes.get(tensor.at.clone()).unwrap_or_default();
        Ok(match tensor.dtype {
            Dtype::F32 => bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
            Dtype::BF16 => bytes.as_chunks::<2>().0.iter().map(|&[low, high]| f32::from_le_bytes([0, 0, low, high])).collect(),
            Dtype::F16 => bytes.as_chunks::<2>().0.iter().map(|&bytes| half(u16::from_le_bytes(bytes))).collect(),
            other => {
                let said = format!("tensor `{name}` holds {other}, and weights must be F32, F16 or BF16");
                return Err(Error::content(FILE, said));
            }
        })
    }
}

/// A binary16 as f32, exactly (IEEE 754-2019, 3.4).
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(bits >> 15) << 31, u32::from(bits >> 10) & 31, u32::from(bits) & 1023);
    match exponent {
        // 2^-24 for every unit of a subnormal.
        0 => f32::from_bits(sign | (fraction as f32 * (1.0 / 16_777_216.0)).to_bits()),
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    /// IEEE 754 binary16: least subnormal, greatest subnormal, least normal, a third, one, greatest, infinity.
    #[test]
    fn halves_are_what_the_standard_says() {
        let values = [0x0001, 0x03ff, 0x0400, 0x3555, 0x3c00, 0x7bff, 0x7c00, 0xc000, 0x8000].map(half);
        let subnormal = 1023.0 / 16_777_216.0;
        assert_eq!(values, [5.960_464_5e-8, subnormal, 6.103_515_6e-5, 0.333_251_95, 1.0, 65_504.0, f32::INFINITY, -2.0, 0.0]);
        assert!(half(0x7e00).is_nan() && half(0x8000).is_sign_negative());
    }
}
