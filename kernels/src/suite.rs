//! Every kernel on sizes and values that break things: 0, 1, odd, one more than a tile; NaN, infinities, zeros of both signs,
//! subnormals. What a device makes of a case must be, bit by bit, what the CPU makes of it without vectors and threads.

mod gradients;

use crate::device::{Buffer, Device, Error, Plain};
use crate::{Adam, Columns, ColumnsMut, Cpu, Heads, Isa, Sgd};
use plasma_kernels_device::attention::{Mask, Span};
use plasma_kernels_device::convolve::Windows;
use plasma_kernels_device::map::{Binary, Unary};
use plasma_kernels_device::random::philox;
use plasma_kernels_device::reduce::Reduction;
use plasma_kernels_device::rows::Norm;

/// A kernel on certain inputs.
pub struct Case {
    /// The kernel's name.
    pub kernel: &'static str,
    /// The sizes.
    pub sizes: String,
    run: Box<Run>,
}

/// What gives the result's bytes on a device.
type Run = dyn Fn(&Device) -> Result<Vec<u8>, Error> + Send + Sync;

/// How large cases are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Small enough for an interpreter.
    Small,
    /// Several tiles and thousands of elements.
    Full,
}

impl Case {
    /// The result's bytes on a device.
    ///
    /// # Errors
    /// If memory is short or the driver fails.
    pub fn run(&self, device: &Device) -> Result<Vec<u8>, Error> {
        (self.run)(device)
    }
}

/// The device that says what is right: one thread, no vectors.
pub fn reference() -> Device {
    Device::Cpu(Cpu::new().with_threads(1).with_isa(Isa::Plain).expect("the plain path is always there"))
}

/// Values at which arithmetic is special.
pub const SPECIAL: [f32; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f32::NAN,
    f32::from_bits(0xffc1_2345),
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::MAX,
    f32::MIN,
    f32::MIN_POSITIVE,
    f32::from_bits(1),
    f32::from_bits(0x807f_ffff),
    88.722_84,
    -103.972_08,
    0.5,
];

/// Numbers of mixed sign and size; every so many-th is special.
pub fn numbers(n: usize, seed: u32, special_every: usize) -> Vec<f32> {
    let number = |i: usize| {
        let [a, b, c, _] = philox([i as u32, seed, 0, 0], [1, 2]);
        if i % special_every == special_every - 1 {
            return SPECIAL[c as usize % SPECIAL.len()];
        }
        let unit = (a >> 8) as f32 / 8_388_608.0 - 1.0;
        unit * [1.0, 8.0, 0.01, 60.0][b as usize % 4]
    };
    (0..n).map(number).collect()
}

/// Bytes of every value, the extremes among them.
pub fn integers(n: usize, seed: u32) -> Vec<i8> {
    let byte = |i: usize| match philox([i as u32, seed, 0, 0], [3, 4]) {
        [a, 0..0x1000_0000, ..] => [-128, 127][a as usize % 2],
        [a, ..] => a as i8,
    };
    (0..n).map(byte).collect()
}

/// A never so rare special value spoils whole sums; most cases keep to plain numbers.
const NEVER: usize = usize::MAX;

fn bytes<T: Plain, const N: usize>(device: &Device, buffer: &Buffer<T>, of: impl Fn(T) -> [u8; N]) -> Result<Vec<u8>, Error> {
    Ok(device.read(buffer)?.into_iter().flat_map(of).collect())
}

fn floats(device: &Device, buffer: &Buffer<f32>) -> Result<Vec<u8>, Error> {
    bytes(device, buffer, f32::to_le_bytes)
}

struct Cases(Vec<Case>);

impl Cases {
    fn add(
        &mut self,
        kernel: &'static str,
        sizes: impl std::fmt::Debug,
        run: impl Fn(&Device) -> Result<Vec<u8>, Error> + Send + Sync + 'static,
    ) {
        self.0.push(Case { kernel, sizes: format!("{sizes:?}"), run: Box::new(run) });
    }

    fn products(&mut self, extent: Extent) {
        let mut sizes = vec![
            [0, 3, 2, 1],
            [3, 0, 2, 1],
            [2, 3, 0, 1],
            [1, 1, 1, 1],
            [5, 7, 3, 2],
            [17, 33, 16, 1],
            [9, 130, 19, 1],
            [129, 5, 33, 1],
            [16, 8, 65, 1],
            [3, 4, 70, 3],
        ];
        if extent == Extent::Full {
            sizes.extend([[128, 128, 64, 1], [200, 545, 401, 1], [193, 31, 193, 2], [97, 1025, 7, 1], [250, 250, 577, 1]]);
        }
        for [m, n, k, batch] in sizes {
            for every in [NEVER, 13] {
                self.add("gemm_f32", [m, n, k, batch], move |device| {
                    let a = device.upload(&numbers((m * k * batch) as usize, 1, every))?;
                    let b = device.upload(&numbers((k * n * batch) as usize, 2, every))?;
                    let mut c = device.alloc((m * n * batch) as usize)?;
                    device.gemm_f32([m, n, k, batch], &a, &b, &mut c)?;
                    floats(device, &c)
                });
            }
            self.add("gemm_i8", [m, n, k, batch], move |device| {
                let a = device.upload(&integers((m * k * batch) as usize, 1))?;
                let b = device.upload(&integers((k * n * batch) as usize, 2))?;
                let mut c = device.alloc((m * n * batch) as usize)?;
                device.gemm_i8([m, n, k, batch], &a, &b, &mut c)?;
                bytes(device, &c, i32::to_le_bytes)
            });
        }
    }

    fn matrices(&mut self, extent: Extent) {
        let mut sizes = vec![[0, 5], [5, 0], [1, 1], [3, 256], [2, 257], [33, 31], [4, 700]];
        if extent == Extent::Full {
            sizes.extend([[1000, 3], [65, 4097], [300, 1024]]);
        }
        for [m, n] in sizes {
            for every in [NEVER, 101] {
                let input = move || numbers((m * n) as usize, 3, every);
                self.add("gemv", [m, n], move |device| {
                    let (a, x) = (device.upload(&input())?, device.upload(&numbers(n as usize, 4, NEVER))?);
                    let mut y = device.alloc(m as usize)?;
                    device.gemv(m, n, &a, &x, &mut y)?;
                    floats(device, &y)
                });
                self.add("transpose", [m, n], move |device| {
                    let (a, mut b) = (device.upload(&input())?, device.alloc((m * n) as usize)?);
                    device.transpose(m, n, &a, &mut b)?;
                    floats(device, &b)
                });
                self.add("softmax", [m, n], move |device| {
                    let (x, mut y) = (device.upload(&input())?, device.alloc((m * n) as usize)?);
                    device.softmax(m, n, &x, &mut y)?;
                    floats(device, &y)
                });
                for layer in [true, false] {
                    self.add(if layer { "layer norm" } else { "RMS norm" }, [m, n], move |device| {
                        let (x, mut y) = (device.upload(&input())?, device.alloc((m * n) as usize)?);
                        let gain = device.upload(&numbers(n as usize, 5, NEVER))?;
                        let bias = device.upload(&numbers(n as usize, 6, NEVER))?;
                        if layer {
                            device.layer_norm([m, n], 1e-5, &x, [&gain, &bias], &mut y)?;
                        } else {
                            device.rms_norm([m, n], 1e-5, &x, &gain, &mut y)?;
                        }
                        floats(device, &y)
                    });
                }
                self.add("top-k", [m, n], move |device| {
                    let k = n.min(5);
                    let (x, mut indices) = (device.upload(&input())?, device.alloc((m * k) as usize)?);
                    device.top_k([m, n], k, &x, &mut indices)?;
                    bytes(device, &indices, u32::to_le_bytes)
                });
                self.add("quantise", [m, n], move |device| {
                    let (x, mut q) = (device.upload(&input())?, device.alloc((m * n) as usize)?);
                    let (mut scales, mut y) = (device.alloc(m as usize)?, device.alloc((m * n) as usize)?);
                    device.quantise([m, n], &x, &mut q, &mut scales)?;
                    device.dequantise([m, n], &q, &scales, &mut y)?;
                    let (q, scales) = (bytes(device, &q, i8::to_le_bytes)?, floats(device, &scales)?);
                    Ok([q, scales, floats(device, &y)?].concat())
                });
            }
        }
    }

    fn elements(&mut self, extent: Extent) {
        let mut sizes = vec![0, 1, 255, 256, 257, 4097];
        if extent == Extent::Full {
            sizes.extend([4095, 70_001, 1 << 20]);
        }
        for n in sizes {
            for &(function, name) in Unary::ALL {
                self.add(name, n, move |device| {
                    let (x, mut y) = (device.upload(&numbers(n, 7, 3))?, device.alloc(n)?);
                    device.map(function, &x, &mut y)?;
                    floats(device, &y)
                });
            }
            for &(function, name) in Binary::ALL {
                self.add(name, n, move |device| {
                    let (x, y) = (device.upload(&numbers(n, 8, 3))?, device.upload(&numbers(n, 9, 4))?);
                    let mut z = device.alloc(n)?;
                    device.zip(function, &x, &y, &mut z)?;
                    floats(device, &z)
                });
            }
            self.add("axpy", n, move |device| {
                let (x, y) = (device.upload(&numbers(n, 10, 5))?, device.upload(&numbers(n, 11, 7))?);
                let mut z = device.alloc(n)?;
                device.axpy(1.7, &x, &y, &mut z)?;
                floats(device, &z)
            });
            for every in [NEVER, 1000] {
                for reduction in [Reduction::Sum, Reduction::Max] {
                    self.add(if reduction == Reduction::Sum { "sum" } else { "max" }, n, move |device| {
                        let x = device.upload(&numbers(n, 12, every))?;
                        Ok(device.reduce(reduction, &x)?.to_le_bytes().to_vec())
                    });
                }
                self.add("scan", n, move |device| {
                    let (x, mut y) = (device.upload(&numbers(n, 13, every))?, device.alloc(n)?);
                    device.scan(&x, &mut y)?;
                    floats(device, &y)
                });
            }
            self.add("random bits", n, move |device| {
                let mut y = device.alloc(n)?;
                device.random_bits(0x0123_4567_89ab_cdef, 1 << 40, &mut y)?;
                bytes(device, &y, u32::to_le_bytes)
            });
            self.add("random unit", n, move |device| {
                let mut y = device.alloc(n)?;
                device.random_unit(5, 6, &mut y)?;
                floats(device, &y)
            });
        }
    }

    fn attentions(&mut self, extent: Extent) {
        let span = |first_query, queries, first_key, keys| Span { first_query, queries, first_key, keys };
        let (one, ragged) = (vec![span(0, 1, 0, 1)], vec![span(0, 3, 5, 4), span(3, 0, 0, 2), span(3, 18, 0, 20)]);
        let (nothing, prefix) = (vec![span(0, 2, 0, 0)], vec![span(1, 5, 2, 9), span(6, 1, 0, 1)]);
        let heads = |queries, keys, dim| Heads { queries, keys, dim };
        let mut sizes = vec![
            (one, heads(1, 1, 1)),
            (ragged.clone(), heads(2, 2, 3)),
            (nothing, heads(1, 1, 2)),
            (prefix, heads(4, 2, 8)),
            (vec![span(0, 2, 0, 259)], heads(1, 1, 4)),
        ];
        if extent == Extent::Full {
            sizes.extend([(ragged, heads(6, 3, 64)), (vec![span(0, 70, 0, 600), span(70, 33, 600, 33)], heads(3, 1, 40))]);
            sizes.push((vec![span(0, 5, 0, 7)], heads(2, 1, 256)));
        }
        for (spans, heads) in sizes {
            for (mask, every) in [(Mask::All, NEVER), (Mask::Causal, NEVER), (Mask::All, 90), (Mask::Causal, 40)] {
                let (spans, rows) = (spans.clone(), spans.iter().map(|s| s.first_query + s.queries).max().unwrap_or(0));
                let keys = spans.iter().map(|s| s.first_key + s.keys).max().unwrap_or(0);
                if mask == Mask::Causal && spans.iter().any(|span| span.keys < span.queries) {
                    continue;
                }
                self.add("attention", (heads, mask, every == NEVER, &spans.clone()), move |device| {
                    // Keys and values lie side by side, as one product makes them.
                    let (wide, narrow) = (heads.queries * heads.dim, heads.keys * heads.dim);
                    let q = device.upload(&numbers((rows * wide) as usize, 14, every))?;
                    let both = device.upload(&numbers((keys * 2 * narrow) as usize, 15, every))?;
                    let mut y = device.alloc((rows * wide) as usize)?;
                    let [k, v] = [0, narrow as usize].map(|first| Columns { of: &both, first, stride: 2 * narrow });
                    device.attention(&spans, heads, (mask, 0.3), [(&q, wide).into(), k, v], (&mut y, wide).into())?;
                    floats(device, &y)
                });
            }
        }
    }

    /// Backwards through attention: everything after the queries and keys is random, the result among it.
    fn attentions_backward(&mut self, extent: Extent) {
        let span = |first_query, queries, first_key, keys| Span { first_query, queries, first_key, keys };
        let heads = |queries, keys, dim| Heads { queries, keys, dim };
        let mut sizes = vec![
            (vec![span(0, 1, 0, 1)], heads(1, 1, 1)),
            (vec![span(0, 3, 20, 4), span(3, 0, 24, 2), span(3, 10, 0, 19)], heads(2, 2, 3)),
            (vec![span(0, 2, 0, 0)], heads(1, 1, 2)),
            (vec![span(1, 5, 2, 9)], heads(4, 2, 8)),
            (vec![span(0, 2, 0, 259)], heads(1, 1, 4)),
            (vec![span(0, 258, 0, 258)], heads(1, 1, 1)),
        ];
        if extent == Extent::Full {
            sizes.extend([(vec![span(0, 70, 0, 600), span(70, 33, 600, 33)], heads(3, 1, 40))]);
            sizes.extend([(vec![span(0, 5, 0, 7)], heads(2, 1, 256)), (vec![span(0, 300, 0, 300)], heads(6, 3, 64))]);
        }
        for (spans, heads) in sizes {
            let rows = spans.iter().map(|s| s.first_query + s.queries).max().unwrap_or(0);
            let keys = spans.iter().map(|s| s.first_key + s.keys).max().unwrap_or(0);
            for (mask, every) in [(Mask::All, NEVER), (Mask::Causal, NEVER), (Mask::All, 90), (Mask::Causal, 40)] {
                let spans = spans.clone();
                if mask == Mask::Causal && spans.iter().any(|span| span.keys < span.queries) {
                    continue;
                }
                self.add("attention backward", (heads, mask, every == NEVER, &spans.clone()), move |device| {
                    let (wide, narrow) = (heads.queries * heads.dim, heads.keys * heads.dim);
                    let [of_queries, of_keys] = [rows * wide, keys * narrow].map(|area| area as usize);
                    let [q, y, dy] = [41, 42, 43].map(|seed| device.upload(&numbers(of_queries, seed, every)));
                    let [k, v] = [44, 45].map(|seed| device.upload(&numbers(of_keys, seed, every)));
                    let (q, k, v, y, dy) = (q?, k?, v?, y?, dy?);
                    let (mut dq, mut dk, mut dv) = (device.alloc(of_queries)?, device.alloc(of_keys)?, device.alloc(of_keys)?);
                    let from = [(&q, wide), (&k, narrow), (&v, narrow), (&y, wide), (&dy, wide)].map(Columns::from);
                    let to = [(&mut dq, wide), (&mut dk, narrow), (&mut dv, narrow)].map(ColumnsMut::from);
                    device.attention_backward(&spans, heads, (mask, 0.3), from, to)?;
                    Ok([floats(device, &dq)?, floats(device, &dk)?, floats(device, &dv)?].concat())
                });
            }
        }
    }

    fn sequences(&mut self, extent: Extent) {
        let mut sizes = vec![[0, 4], [1, 2], [3, 6], [5, 258]];
        if extent == Extent::Full {
            sizes.extend([[40, 770], [129, 64]]);
        }
        for [m, n] in sizes {
            let area = (m * n) as usize;
            let places = move || -> Vec<u32> { (0..m).map(|i| i * 7 % 11).collect() };
            self.add("gather", [m, n], move |device| {
                let (table, indices) = (device.upload(&numbers(9 * n as usize, 16, 17))?, device.upload(&places())?);
                let mut y = device.alloc(area)?;
                device.gather(n, &table, &indices, &mut y)?;
                floats(device, &y)
            });
            self.add("rotary", [m, n], move |device| {
                let (table, places) = (device.upload(&numbers(9 * n as usize, 17, NEVER))?, device.upload(&places())?);
                let (x, mut y) = (device.upload(&numbers(2 * area, 18, 31))?, device.alloc(2 * area)?);
                device.rotary([2, n], &table, &places, (&x, 2 * n).into(), (&mut y, 2 * n).into())?;
                let mut dx = device.alloc(2 * area)?;
                device.rotary_backward([2, n], &table, &places, (&x, 2 * n).into(), (&mut dx, 2 * n).into())?;
                Ok([floats(device, &y)?, floats(device, &dx)?].concat())
            });
            self.add("gather backward", [m, n], move |device| {
                let (dy, indices) = (device.upload(&numbers(area, 46, 17))?, device.upload(&places())?);
                let mut dtable = device.alloc(9 * n as usize)?;
                device.gather_backward(n, &dy, &indices, &mut dtable)?;
                floats(device, &dtable)
            });
            self.add("place", [m, n], move |device| {
                let (x, mut y) = (device.upload(&numbers(area, 19, 5))?, device.alloc(area * 2 + 3)?);
                device.place([m, n], (&x, n).into(), ColumnsMut { of: &mut y, first: 3, stride: 2 * n })?;
                floats(device, &y)
            });
            self.add("mean", [m, n], move |device| {
                let half = m / 2;
                let span = |first_query, queries| Span { first_query, queries, ..Span::default() };
                let (x, mut y) = (device.upload(&numbers(area, 20, 301))?, device.alloc(2 * n as usize)?);
                device.mean(&[span(0, half), span(half, m - half)], n, &x, &mut y)?;
                floats(device, &y)
            });
        }
    }

    fn finishing(&mut self, extent: Extent) {
        let mut sizes = vec![[0, 4], [1, 2], [3, 6], [5, 258]];
        if extent == Extent::Full {
            sizes.extend([[40, 770], [129, 64]]);
        }
        for [m, n] in sizes {
            let area = (m * n) as usize;
            for &(function, name) in Unary::ALL {
                for residual in [false, true] {
                    self.add("finish", ([m, n], name, residual), move |device| {
                        let mut y = device.upload(&numbers(area, 21, 23))?;
                        let (bias, more) =
                            (device.upload(&numbers(n as usize, 22, NEVER))?, device.upload(&numbers(area, 23, 29))?);
                        device.finish([m, n], function, &bias, residual.then_some(&more), &mut y)?;
                        floats(device, &y)
                    });
                    self.add("finish_i8", ([m, n], name, residual), move |device| {
                        let sums: Vec<i32> =
                            (0..area as u32).map(|i| philox([i, 0, 0, 0], [5, 6])[0] as i32 >> (i % 20)).collect();
                        let (sums, mut y) = (device.upload(&sums)?, device.alloc(area)?);
                        let (rows, columns) =
                            (device.upload(&numbers(m as usize, 24, 3))?, device.upload(&vec![1e-4; n as usize])?);
                        let (bias, more) =
                            (device.upload(&numbers(n as usize, 22, NEVER))?, device.upload(&numbers(area, 23, 29))?);
                        let residual = residual.then_some(&more);
                        device.finish_i8([m, n], (&sums, [&rows, &columns]), function, &bias, residual, &mut y)?;
                        floats(device, &y)
                    });
                }
            }
        }
    }

    fn learning(&mut self, extent: Extent) {
        let mut sizes = vec![[0, 4], [1, 1], [3, 6], [5, 258]];
        if extent == Extent::Full {
            sizes.extend([[40, 770], [300, 64]]);
        }
        for [m, n] in sizes {
            let area = (m * n) as usize;
            for every in [NEVER, 37] {
                let matrix = move |device: &Device, seed| device.upload(&numbers(area, seed, every));
                self.add("cross entropy", [m, n], move |device| {
                    let targets: Vec<u32> = (0..m).map(|i| i * 3 % (n + 1)).collect();
                    let (x, targets) = (matrix(device, 25)?, device.upload(&targets)?);
                    let (mut loss, mut gradient) = (device.alloc(m as usize)?, device.alloc(area)?);
                    device.cross_entropy([m, n], (&x, &targets), 0.25, &mut loss, &mut gradient)?;
                    Ok([floats(device, &loss)?, floats(device, &gradient)?].concat())
                });
                self.add("column sums", [m, n], move |device| {
                    let (x, mut y) = (matrix(device, 26)?, device.alloc(n as usize)?);
                    device.column_sums([m, n], &x, &mut y)?;
                    floats(device, &y)
                });
                self.add("softmax backward", [m, n], move |device| {
                    let (y, dy, mut dx) = (matrix(device, 27)?, matrix(device, 28)?, device.alloc(area)?);
                    device.softmax_backward([m, n], &y, &dy, &mut dx)?;
                    floats(device, &dx)
                });
                for norm in [Norm::Layer, Norm::Rms] {
                    self.add("norm backward", ([m, n], norm), move |device| {
                        let gain = device.upload(&numbers(n as usize, 29, NEVER))?;
                        let (x, dy, mut dx) = (matrix(device, 30)?, matrix(device, 31)?, device.alloc(area)?);
                        let mut dgain = device.alloc(n as usize)?;
                        device.normalise_backward((norm, 1e-5), [m, n], [&x, &gain, &dy], &mut dx, &mut dgain)?;
                        Ok([floats(device, &dx)?, floats(device, &dgain)?].concat())
                    });
                }
            }
            for &(function, name) in Unary::ALL {
                self.add("slope", ([m, n], name), move |device| {
                    let (x, dy) = (device.upload(&numbers(area, 32, 3))?, device.upload(&numbers(area, 33, 19))?);
                    let mut dx = device.alloc(area)?;
                    device.slope(function, &x, &dy, &mut dx)?;
                    floats(device, &dx)
                });
            }
            self.add("optimisers", [m, n], move |device| {
                let numbers = |seed| device.upload(&numbers(area, seed, 53));
                let (mut w, mut m, mut v, g) = (numbers(34)?, numbers(35)?, numbers(36)?, numbers(37)?);
                device.sgd(Sgd { rate: 0.1, momentum: 0.9 }, &g, &mut w, &mut m)?;
                device.adam((Adam::default(), 3), &g, &mut w, [&mut m, &mut v])?;
                Ok([floats(device, &w)?, floats(device, &m)?, floats(device, &v)?].concat())
            });
        }
    }

    fn convolutions(&mut self, extent: Extent) {
        let windows =
            |images, image, channels, window, stride, padding| Windows { images, image, channels, window, stride, padding };
        let mut sizes = vec![
            windows(0, [3, 3], 2, [2, 2], 1, 0),
            windows(1, [1, 1], 1, [1, 1], 1, 0),
            windows(2, [4, 5], 3, [3, 2], 2, 1),
            windows(1, [2, 2], 1, [5, 5], 1, 0),
            windows(1, [3, 4], 300, [2, 2], 3, 2),
        ];
        if extent == Extent::Full {
            sizes.extend([windows(3, [17, 19], 5, [3, 3], 1, 1), windows(2, [32, 30], 8, [5, 7], 2, 3)]);
        }
        for windows in sizes {
            let [down, across] = windows.fit();
            let pixels = (windows.images * windows.image[0] * windows.image[1] * windows.channels) as usize;
            let (rows, columns) = (windows.images * down * across, windows.window[0] * windows.window[1] * windows.channels);
            for every in [NEVER, 11] {
                self.add("convolution", (windows, every == NEVER), move |device| {
                    let (x, w) =
                        (device.upload(&numbers(pixels, 38, every))?, device.upload(&numbers(3 * columns as usize, 39, NEVER))?);
                    let mut y = device.alloc(3 * rows as usize)?;
                    device.convolve(windows, 3, &x, &w, &mut y)?;
                    floats(device, &y)
                });
                self.add("fold", (windows, every == NEVER), move |device| {
                    let y = device.upload(&numbers(rows as usize * columns as usize, 40, every))?;
                    let mut x = device.alloc(pixels)?;
                    device.fold(windows, &y, &mut x)?;
                    floats(device, &x)
                });
            }
        }
    }

    fn challenges(&mut self, extent: Extent) {
        let mut sizes = vec![0, 1, 2, 37, 300];
        if extent == Extent::Full {
            sizes.extend([5000, 1 << 16]);
        }
        for n in sizes {
            self.add("challenge", n, move |device| {
                let (mut now, mut next) = (device.alloc(n)?, device.alloc(n)?);
                device.challenge_fill([1, 2, 3, 4, 5, 6, 7, 8], &mut now)?;
                device.challenge_round(&now, &mut next)?;
                device.challenge_round(&next, &mut now)?;
                Ok(device.challenge_root(&now)?.into_iter().flat_map(u32::to_le_bytes).collect())
            });
        }
    }
}

/// All cases.
pub fn cases(extent: Extent) -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    cases.products(extent);
    cases.matrices(extent);
    cases.elements(extent);
    cases.attentions(extent);
    cases.attentions_backward(extent);
    cases.sequences(extent);
    cases.finishing(extent);
    cases.learning(extent);
    cases.convolutions(extent);
    cases.challenges(extent);
    cases.gradients(extent);
    cases.0
}
