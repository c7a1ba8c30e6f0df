//! Job programs: what a provider can be asked to run, what it costs, and what trace it leaves.

pub mod images;
pub mod text;
pub mod training;

use crate::device::{Device, Error, Plain};
use crate::ops::MAX_I8_DEPTH;
use crate::sources;
use crate::trace::Trace;
use plasma_kernels_device::challenge::{Cell, MIX_OPERATIONS};

/// What a run costs, by a formula over its declared sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Operations: for products, those of attention among them, a multiplication and an addition each; for the challenge 32-bit
    /// additions, exclusive ors and rotations. What grows with the rows of a model alone is left out: norms, activations, sums.
    pub operations: u128,
    /// Bytes that must pass between memory and processor when every operand and result of these is read and written once.
    pub bytes: u128,
}

/// A size of a program: its name and the values it may take.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Its name.
    pub name: &'static str,
    /// The most it may be; the least is 1.
    pub most: u64,
    /// Whether it must be a power of two.
    pub power_of_two: bool,
}

/// A line of the manifest.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its number, never used again.
    pub id: u16,
    /// Its name.
    pub name: &'static str,
    /// Its sizes, in the order of all arguments below.
    pub sizes: &'static [Size],
    cost: fn(&[u64]) -> Cost,
    run: fn(&Device, &[u64], u64) -> Result<Trace, Error>,
}

const fn size(name: &'static str, most: u64) -> Size {
    Size { name, most, power_of_two: false }
}

/// All programs.
pub const MANIFEST: [Program; 9] = [
    // C = A·B of i8, A and B from Philox. A step is a band of BAND rows of C.
    Program {
        id: 1,
        name: "matrix-product",
        sizes: &[size("m", 1 << 22), size("n", 1 << 22), size("k", MAX_I8_DEPTH as u64)],
        cost: |sizes| {
            let [m, n, k] = [0, 1, 2].map(|i| u128::from(sizes[i]));
            // Operands are written by the generator and read by the product, the product is written and read for the trace.
            Cost { operations: 2 * m * n * k, bytes: 2 * (m * k + k * n) + 8 * m * n }
        },
        run: matrix_product,
    },
    // The memory-filling challenge. A step is the folded cell of a round.
    Program {
        id: 2,
        name: "device-challenge",
        sizes: &[Size { name: "cells", most: 1 << 38, power_of_two: true }, size("rounds", 1 << 16)],
        cost: |sizes| {
            let [cells, rounds] = [0, 1].map(|i| u128::from(sizes[i]));
            // Round 0 writes every cell; a later round reads two and writes one; a fold of n cells reads two and writes one, n −
            // 1 times.
            let folds = (rounds + 1) * (cells - 1);
            let mixes = cells + rounds * cells + folds;
            Cost { operations: mixes * u128::from(MIX_OPERATIONS), bytes: 32 * cells + 96 * (rounds * cells + folds) }
        },
        run: device_challenge,
    },
    text::TEXT_ENCODER,
    text::TEXT_DECODER,
    training::MLP_TRAINING,
    images::IMAGE_CONVOLUTION,
    training::TRANSFORMER_TRAINING,
    text::TEXT_ENCODER_I8,
    text::TEXT_DECODER_I8,
];

/// Rows of C in a step of the matrix product.
pub const BAND: usize = 128;

/// The program of a name.
pub fn named(name: &str) -> Option<Program> {
    MANIFEST.into_iter().find(|program| program.name == name)
}

impl Program {
    /// BLAKE3 of the sources of all kernels and programs, in hexadecimal: which code this is.
    pub fn code(&self) -> &'static str {
        sources::digest()
    }

    fn demand(&self, sizes: &[u64]) -> Result<(), Error> {
        if sizes.len() != self.sizes.len() {
            return Err(Error::Length { what: "the list of sizes", found: sizes.len(), wanted: self.sizes.len() as u128 });
        }
        for (size, &found) in self.sizes.iter().zip(sizes) {
            let fits = found >= 1 && found <= size.most && (!size.power_of_two || found.is_power_of_two());
            if !fits {
                let help = if size.power_of_two { "write a power of two" } else { "write a number from 1 on" };
                return Err(Error::TooLarge { what: size.name, found, most: size.most, help });
            }
        }
        Ok(())
    }

    /// What a run of these sizes costs.
    ///
    /// # Errors
    /// If the sizes are out of range.
    pub fn cost(&self, sizes: &[u64]) -> Result<Cost, Error> {
        self.demand(sizes)?;
        Ok((self.cost)(sizes))
    }

    /// Runs the program on inputs drawn from `seed`. The trace is the same on every device.
    ///
    /// # Errors
    /// If the sizes are out of range, memory is short, or the driver fails.
    pub fn run(&self, device: &Device, sizes: &[u64], seed: u64) -> Result<Trace, Error> {
        self.demand(sizes)?;
        (self.run)(device, sizes, seed)
    }
}

fn to_bytes<T: Plain>(elements: &[T], of: impl Fn(&T) -> [u8; 4]) -> Vec<u8> {
    elements.iter().flat_map(of).collect()
}

fn matrix_product(device: &Device, sizes: &[u64], seed: u64) -> Result<Trace, Error> {
    let [m, n, k] = [0, 1, 2].map(|i| sizes[i] as u32);
    let area = |a: u32, b: u32| a as usize * b as usize;
    let (mut a, mut b, mut c) = (device.alloc(area(m, k))?, device.alloc(area(k, n))?, device.alloc(area(m, n))?);
    device.random_i8(seed, 0, &mut a)?;
    device.random_i8(seed, 1, &mut b)?;
    device.gemm_i8([m, n, k, 1], &a, &b, &mut c)?;
    let mut trace = Trace::default();
    for band in device.read(&c)?.chunks(BAND * n as usize) {
        trace.step(&to_bytes(band, |sum| sum.to_le_bytes()));
    }
    Ok(trace)
}

fn device_challenge(device: &Device, sizes: &[u64], seed: u64) -> Result<Trace, Error> {
    let short = || Error::Memory { bytes: u64::MAX, device: device.name() };
    let cells = usize::try_from(sizes[0]).map_err(|_| short())?;
    let (mut now, mut next) = (device.alloc(cells)?, device.alloc(cells)?);
    let key: Cell = [seed as u32, (seed >> 32) as u32, sizes[1] as u32, 0, sizes[0] as u32, (sizes[0] >> 32) as u32, 0, 0];
    device.challenge_fill(key, &mut now)?;
    let mut trace = Trace::default();
    let mut step = |cell: Cell| trace.step(&cell.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>());
    step(device.challenge_root(&now)?);
    for _ in 0..sizes[1] {
        device.challenge_round(&now, &mut next)?;
        std::mem::swap(&mut now, &mut next);
        step(device.challenge_root(&now)?);
    }
    Ok(trace)
}
