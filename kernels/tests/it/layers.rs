//! Attention and the other operations of models, against f64 and against their definitions, bit by bit.

use plasma_kernels::kernel::attention::{MAX_DIM, Mask, Span};
use plasma_kernels::kernel::map::Unary;
use plasma_kernels::kernel::{Arithmetic, LANES, math};
use plasma_kernels::suite::numbers;
use plasma_kernels::{Columns, Device, Heads};
use proptest::prelude::*;

const NEVER: usize = usize::MAX;

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

/// The operations by their definition in IEEE 754.
struct Exact;

impl Arithmetic for Exact {
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        libm::fmaf(a, b, c)
    }
    fn sqrt(x: f32) -> f32 {
        x.sqrt()
    }
}

/// The tree of one chunk, by its definition.
fn tree(values: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    values.iter().enumerate().for_each(|(i, value)| lanes[i % LANES] += value);
    let mut half = LANES / 2;
    while half > 0 {
        (0..half).for_each(|t| lanes[t] += lanes[t + half]);
        half /= 2;
    }
    lanes[0]
}

/// One query in one head: what it sees are rows of `k` and `v`.
fn query(q: &[f32], k: &[&[f32]], v: &[&[f32]], scale: f32) -> Vec<f32> {
    let score = |key: &&[f32]| q.iter().zip(*key).fold(0f32, |sum, (q, k)| libm::fmaf(*q, *k, sum)) * scale;
    let scores: Vec<f32> = k.iter().map(score).collect();
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let e: Vec<f32> = scores.iter().map(|s| math::exp::<Exact>(s - greatest)).collect();
    let total = tree(&e);
    let column = |c: usize| e.iter().zip(v).fold(0f32, |sum, (e, v)| libm::fmaf(*e, v[c], sum)) / total;
    (0..q.len()).map(column).collect()
}

/// The same in f64.
fn query_f64(q: &[f32], k: &[&[f32]], v: &[&[f32]], scale: f32) -> Vec<f64> {
    let score = |key: &&[f32]| q.iter().zip(*key).map(|(q, k)| f64::from(*q) * f64::from(*k)).sum::<f64>() * f64::from(scale);
    let scores: Vec<f64> = k.iter().map(score).collect();
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let e: Vec<f64> = scores.iter().map(|s| (s - greatest).exp()).collect();
    let total: f64 = e.iter().sum();
    (0..q.len()).map(|c| e.iter().zip(v).map(|(e, v)| e * f64::from(v[c])).sum::<f64>() / total).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn attention_is_its_definition(
        queries in 1usize..40, more in 0usize..300, shared_by in 1u32..3, keys in 1u32..3, dim in 1usize..40, causal: bool, seed: u32,
    ) {
        let (device, heads) = (cpu(), Heads { queries: keys * shared_by, keys, dim: dim as u32 });
        let n = queries + more;
        let (wide, narrow) = (heads.queries as usize * dim, keys as usize * dim);
        // Sizes such that some scores are close and some are far apart.
        let small = |n: usize, seed| -> Vec<f32> { numbers(n, seed, NEVER).into_iter().map(|x| x * 0.1).collect() };
        let (q, k, v) = (small(queries * wide, seed), small(n * narrow, !seed), small(n * narrow, seed ^ 77));
        let [on_q, on_k, on_v] = [&q, &k, &v].map(|x| device.upload(x).unwrap());
        let mut y = device.alloc(queries * wide).unwrap();
        let span = Span { first_query: 0, queries: queries as u32, first_key: 0, keys: n as u32 };
        let mask = if causal { Mask::Causal } else { Mask::All };
        let from = [(&on_q, wide as u32).into(), (&on_k, narrow as u32).into(), (&on_v, narrow as u32).into()];
        device.attention(&[span], heads, (mask, 0.25), from, (&mut y, wide as u32).into()).unwrap();
        let y = device.read(&y).unwrap();
        for i in 0..queries {
            let seen = if causal { more + i + 1 } else { n };
            for head in 0..heads.queries as usize {
                let of_keys = head / shared_by as usize * dim;
                let rows = |x: &'_ [f32]| -> Vec<Vec<f32>> { (0..seen).map(|j| x[j * narrow + of_keys..][..dim].to_vec()).collect() };
                let (k, v) = (rows(&k), rows(&v));
                let (k, v): (Vec<&[f32]>, Vec<&[f32]>) = (k.iter().map(|x| &x[..]).collect(), v.iter().map(|x| &x[..]).collect());
                let at = i * wide + head * dim;
                let found = &y[at..at + dim];
                prop_assert_eq!(found, &query(&q[at..at + dim], &k, &v, 0.25)[..]);
                let size = v.iter().flat_map(|v| v.iter()).fold(0f32, |size, x| size.max(x.abs()));
                // Scores are at most 0.25 · 40 · 36, off by 2^-24 of it for each term; the rest is far below.
                for (found, exact) in found.iter().zip(query_f64(&q[at..at + dim], &k, &v, 0.25)) {
                    prop_assert!((f64::from(*found) - exact).abs() <= 2e-3 * f64::from(size), "{found} {exact}");
                }
            }
        }
    }
}

/// A prompt at once, or one token after another: the same bits, whatever lies behind the last key.
#[test]
fn a_query_alone_is_what_it_is_among_others() {
    let (device, heads, n) = (cpu(), Heads { queries: 2, keys: 1, dim: 24 }, 300u32);
    let (q, mut k, v) =
        (numbers(48 * n as usize, 1, NEVER), numbers(24 * n as usize, 2, NEVER), numbers(24 * n as usize, 3, NEVER));
    let run = |q: &[f32], k: &[f32], span: Span| {
        let [q, k, v] = [q, k, &v].map(|x| device.upload(x).unwrap());
        let mut y = device.alloc(q.len()).unwrap();
        let from = [(&q, 48).into(), (&k, 24).into(), (&v, 24).into()];
        device.attention(&[span], heads, (Mask::Causal, 0.2), from, (&mut y, 48).into()).unwrap();
        device.read(&y).unwrap()
    };
    let all = run(&q, &k, Span { queries: n, keys: n, ..Span::default() });
    for i in (0..n).rev() {
        let one = run(&q[48 * i as usize..][..48], &k, Span { queries: 1, keys: i + 1, ..Span::default() });
        assert_eq!(one, all[48 * i as usize..][..48], "{i}");
        k[24 * i as usize..][..24].fill(f32::NAN);
    }
}

#[test]
fn wrong_shapes_of_attention_are_named() {
    let device = cpu();
    let x = device.upload(&[0f32; 64]).unwrap();
    let mut y = device.alloc(64).unwrap();
    let mut said = |span: [u32; 4], heads: [u32; 3], stride| {
        let [first_query, queries, first_key, keys] = span;
        let [of_queries, of_keys, dim] = heads;
        let x = Columns { of: &x, first: 0, stride };
        let heads = Heads { queries: of_queries, keys: of_keys, dim };
        let span = Span { first_query, queries, first_key, keys };
        device
            .attention(&[span], heads, (Mask::Causal, 1.0), [x, x, x], (&mut y, stride).into())
            .map_err(|error| error.to_string())
    };
    assert!(said([0, 4, 0, 4], [2, 1, 8], 16).is_ok());
    assert!(said([0, 5, 0, 5], [2, 1, 8], 16).unwrap_err().contains("q holds 64 elements where 5 rows of 16 columns end at 80"));
    assert!(said([u32::MAX, 5, 0, 5], [2, 1, 8], 16).unwrap_err().contains("q holds"));
    assert!(said([0, 4, u32::MAX, u32::MAX], [2, 1, 8], 16).unwrap_err().contains("k holds"));
    assert!(said([0, 4, 0, 3], [2, 1, 8], 16).unwrap_err().contains("only 3 keys"));
    assert!(said([0, 4, 0, 4], [3, 2, 8], 16).unwrap_err().contains("evenly"));
    assert!(said([0, 4, 0, 4], [3, 0, 8], 16).unwrap_err().contains("evenly"));
    assert!(said([0, 4, 0, 4], [2, 1, 8], 8).unwrap_err().contains("written twice"));
    assert!(said([0, 1, 0, 1], [1, 1, MAX_DIM as u32 + 1], 1).unwrap_err().contains("dim"));
    let twice = [Span { queries: 2, keys: 2, ..Span::default() }; 2];
    let from = [(&x, 8).into(), (&x, 8).into(), (&x, 8).into()];
    let heads = Heads { queries: 1, keys: 1, dim: 8 };
    let overlapping = device.attention(&twice, heads, (Mask::All, 1.0), from, (&mut device.alloc(64).unwrap(), 8).into());
    assert!(overlapping.unwrap_err().to_string().contains("before the last one's end"));
}

#[test]
fn rows_are_looked_up_turned_moved_and_averaged() {
    let device = cpu();
    let (table, n) = (numbers(10 * 6, 1, NEVER), 6);
    let on = device.upload(&table).unwrap();
    let indices = [9u32, 0, 10, 3, u32::MAX];
    let places = device.upload(&indices).unwrap();
    let mut y = device.alloc(5 * n).unwrap();
    device.gather(n as u32, &on, &places, &mut y).unwrap();
    let y = device.read(&y).unwrap();
    let x = numbers(5 * 2 * n, 2, NEVER);
    let on_x = device.upload(&x).unwrap();
    let mut turned = device.alloc(5 * 2 * n).unwrap();
    device.rotary([2, n as u32], &on, &places, (&on_x, 12).into(), (&mut turned, 12).into()).unwrap();
    let turned = device.read(&turned).unwrap();
    for (i, &index) in indices.iter().enumerate() {
        let found = &y[i * n..][..n];
        if index < 10 {
            let entry = &table[index as usize * n..][..n];
            assert_eq!(found, entry);
            for (head, c) in [(0, 0), (0, 2), (1, 1)] {
                let at = i * 12 + head * n + c;
                let (a, b, cosine, sine) = (x[at], x[at + 3], entry[c], entry[3 + c]);
                assert_eq!(turned[at], a.mul_add(cosine, -(b * sine)));
                assert_eq!(turned[at + 3], b.mul_add(cosine, a * sine));
            }
        } else {
            assert!(found.iter().chain(&turned[i * 12..][..12]).all(|x| x.is_nan()), "beyond the table");
        }
    }
    let span = |first_query, queries| Span { first_query, queries, ..Span::default() };
    let mut mean = device.alloc(3 * 12).unwrap();
    device.mean(&[span(0, 2), span(2, 0), span(2, 3)], 12, &on_x, &mut mean).unwrap();
    let mean = device.read(&mean).unwrap();
    for c in 0..12 {
        assert_eq!(mean[c], (0f32 + x[c] + x[12 + c]) / 2.0);
        assert!(mean[12 + c].is_nan());
        assert_eq!(mean[24 + c], (0f32 + x[24 + c] + x[36 + c] + x[48 + c]) / 3.0);
    }
}

#[test]
fn products_are_finished_as_stated() {
    let device = cpu();
    let (m, n) = (3usize, 300usize);
    let (x, bias, more) = (numbers(m * n, 1, NEVER), numbers(n, 2, NEVER), numbers(m * n, 3, NEVER));
    let mut y = device.upload(&x).unwrap();
    let (on_bias, on_more) = (device.upload(&bias).unwrap(), device.upload(&more).unwrap());
    device.finish([3, 300], Unary::Relu, &on_bias, Some(&on_more), &mut y).unwrap();
    let sums: Vec<i32> = (0..900).map(|i| (i - 450) * 1_234_567 % 40_000_001).collect();
    let (rows, columns) = (numbers(m, 4, NEVER), numbers(n, 5, NEVER));
    let scales = [&device.upload(&rows).unwrap(), &device.upload(&columns).unwrap()];
    let mut of_integers = device.alloc(m * n).unwrap();
    let on_sums = device.upload(&sums).unwrap();
    device.finish_i8([3, 300], (&on_sums, scales), Unary::Identity, &on_bias, None, &mut of_integers).unwrap();
    let (y, of_integers) = (device.read(&y).unwrap(), device.read(&of_integers).unwrap());
    for at in 0..m * n {
        let (i, j) = (at / n, at % n);
        assert_eq!(y[at], (x[at] + bias[j]).max(0.0) + more[at]);
        assert_eq!(of_integers[at], (sums[at] as f32).mul_add(rows[i] * columns[j], bias[j]));
    }
}
