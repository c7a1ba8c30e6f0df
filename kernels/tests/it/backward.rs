//! The chain rule through attention, places and tables, against differences in f64.

use crate::learn::slope;
use crate::models::reference::rows;
use crate::tape::{Looks, Tape};
use plasma_kernels::kernel::attention::{Mask, Span};
use plasma_kernels::suite::numbers;
use plasma_kernels::{Buffer, Columns, ColumnsMut, Device, Heads};
use proptest::prelude::*;

const NEVER: usize = usize::MAX;

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

fn small(n: u32, seed: u32) -> Vec<f32> {
    numbers(n as usize, seed, NEVER).into_iter().map(|x| x * 0.05).collect()
}

/// Attention of one sequence in f64.
fn attention([q, k, v]: [&[f64]; 3], heads: Heads, (span, mask, scale): (Span, Mask, f64)) -> Vec<f64> {
    let [of_queries, of_keys, dim] = [heads.queries, heads.keys, heads.dim].map(|n| n as usize);
    let (wide, narrow) = (of_queries * dim, of_keys * dim);
    let (queries, keys) = (span.queries as usize, span.keys as usize);
    let mut y = vec![0.0; queries * wide];
    for i in 0..queries {
        for head in 0..of_queries {
            let row = &q[i * wide + head * dim..][..dim];
            let shared = head * of_keys / of_queries * dim;
            let seen = if mask == Mask::Causal { keys + i + 1 - queries } else { keys };
            let score = |j: usize| -> f64 { row.iter().zip(&k[j * narrow + shared..]).map(|(a, b)| a * b).sum::<f64>() * scale };
            let powers: Vec<f64> = (0..seen).map(|j| score(j).exp()).collect();
            let total: f64 = powers.iter().sum();
            for (j, power) in powers.iter().enumerate() {
                for c in 0..dim {
                    y[i * wide + head * dim + c] += power / total * v[j * narrow + shared + c];
                }
            }
        }
    }
    y
}

fn read(device: &Device, buffer: &Buffer<f32>) -> Vec<f64> {
    device.read(buffer).unwrap().into_iter().map(f64::from).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn attention_goes_back_as_differences_say(
        queries in 1u32..20, more in 0u32..5, of_keys in 1u32..3, shared_by in 1u32..3, dim in 1u32..7, causal: bool, seed in 0u32..1000,
    ) {
        let device = cpu();
        let span = Span { first_query: 0, queries, first_key: 0, keys: queries + more };
        let heads = Heads { queries: of_keys * shared_by, keys: of_keys, dim };
        let (wide, narrow) = (heads.queries * dim, of_keys * dim);
        let mask = if causal { Mask::Causal } else { Mask::All };
        let parts = [small(queries * wide, seed), small(span.keys * narrow, seed + 1), small(span.keys * narrow, seed + 2)];
        let dy = small(queries * wide, seed + 3);
        let [q, k, v] = parts.each_ref().map(|x| device.upload(x).unwrap());
        let (on_dy, mut y) = (device.upload(&dy).unwrap(), device.alloc(dy.len()).unwrap());
        let from = [(&q, wide), (&k, narrow), (&v, narrow)].map(Columns::from);
        device.attention(&[span], heads, (mask, 0.7), from, (&mut y, wide).into()).unwrap();
        let mut slopes = parts.each_ref().map(|x| device.alloc(x.len()).unwrap());
        let [dq, dk, dv] = &mut slopes;
        let to = [(dq, wide), (dk, narrow), (dv, narrow)].map(ColumnsMut::from);
        let from = [(&q, wide), (&k, narrow), (&v, narrow), (&y, wide), (&on_dy, wide)].map(Columns::from);
        device.attention_backward(&[span], heads, (mask, 0.7), from, to).unwrap();
        let exact: [Vec<f64>; 3] = parts.each_ref().map(|x| x.iter().map(|&x| f64::from(x)).collect());
        for part in 0..3 {
            let found = read(&device, &slopes[part]);
            for at in (0..exact[part].len()).step_by(5) {
                let total = |value: f64| {
                    let mut changed = exact.clone();
                    changed[part][at] = value;
                    let y = attention(changed.each_ref().map(Vec::as_slice), heads, (span, mask, f64::from(0.7f32)));
                    y.iter().zip(&dy).map(|(y, &dy)| y * f64::from(dy)).sum::<f64>()
                };
                let right = slope(total, exact[part][at]);
                prop_assert!((found[at] - right).abs() < 2e-5 * right.abs().max(1.0), "{part} at {at}: {} {right}", found[at]);
            }
        }
    }

    /// Σ dy·turn(x) = Σ turn⁻¹(dy)·x.
    #[test]
    fn turning_back_is_the_adjoint_of_turning(rows in 1u32..6, heads in 1u32..4, half in 1u32..5, seed in 0u32..1000) {
        let (device, dim) = (cpu(), 2 * half);
        let wide = heads * dim;
        let table: Vec<f32> = (0..7 * dim)
            .map(|i| {
                let angle = f64::from(i / dim * 3 + i % half);
                (if i % dim < half { angle.cos() } else { angle.sin() }) as f32
            })
            .collect();
        let places: Vec<u32> = (0..rows).map(|i| i * 5 % 7).collect();
        let (table, places) = (device.upload(&table).unwrap(), device.upload(&places).unwrap());
        let (x, dy) = (small(rows * wide, seed), small(rows * wide, seed + 1));
        let [on_x, on_dy] = [&x, &dy].map(|x| device.upload(x).unwrap());
        let (mut y, mut dx) = (device.alloc(x.len()).unwrap(), device.alloc(x.len()).unwrap());
        device.rotary([heads, dim], &table, &places, (&on_x, wide).into(), (&mut y, wide).into()).unwrap();
        device.rotary_backward([heads, dim], &table, &places, (&on_dy, wide).into(), (&mut dx, wide).into()).unwrap();
        let dot = |a: &[f64], b: &[f32]| a.iter().zip(b).map(|(a, &b)| a * f64::from(b)).sum::<f64>();
        let (there, back) = (dot(&read(&device, &y), &dy), dot(&read(&device, &dx), &x));
        prop_assert!((there - back).abs() < 1e-5 * there.abs().max(1.0), "{there} {back}");
    }
}

#[test]
fn tables_gather_the_gradients_of_their_rows() {
    let device = cpu();
    let indices = [3u32, 0, 3, 9, 3, u32::MAX];
    let dy: Vec<f32> = (0..12).map(|i| i as f32 + 0.5).collect();
    let (on_dy, on_indices, mut dtable) =
        (device.upload(&dy).unwrap(), device.upload(&indices).unwrap(), device.alloc(10).unwrap());
    device.gather_backward(2, &on_dy, &on_indices, &mut dtable).unwrap();
    // Rows 0, 2 and 4 go to entry 3; those of 9 and beyond to none of the five.
    assert_eq!(device.read(&dtable).unwrap(), [2.5, 3.5, 0.0, 0.0, 0.0, 0.0, 0.5 + 4.5 + 8.5, 1.5 + 5.5 + 9.5, 0.0, 0.0]);
    let said = device.gather_backward(3, &on_dy, &on_indices, &mut dtable).unwrap_err().to_string();
    assert!(said.contains("the table's gradient holds 10 elements"), "{said}");
}

#[test]
fn sequences_that_share_keys_have_no_gradient() {
    let device = cpu();
    let x = device.upload(&[0f32; 8]).unwrap();
    let said = |spans: &[Span], heads: Heads| {
        let [mut a, mut b, mut c] = [0; 3].map(|_| device.alloc(8).unwrap());
        let to = [(&mut a, 1), (&mut b, 1), (&mut c, 1)].map(ColumnsMut::from);
        let from = [Columns::from((&x, 1)); 5];
        device.attention_backward(spans, heads, (Mask::All, 1.0), from, to).map_err(|error| error.to_string())
    };
    let span = |first_query, first_key, keys| Span { first_query, queries: 1, first_key, keys };
    let heads = Heads { queries: 1, keys: 1, dim: 1 };
    assert!(said(&[span(0, 3, 2), span(1, 0, 3)], heads).is_ok());
    assert!(said(&[span(0, 0, 4), span(1, 3, 2)], heads).unwrap_err().contains("share the key of row 3"));
    assert!(said(&[span(0, 0, 9)], heads).unwrap_err().contains("k holds 8 elements"));
    assert!(said(&[span(0, 0, 1)], Heads { queries: 3, keys: 2, dim: 1 }).unwrap_err().contains("cannot share 2 heads"));
}

/// More queries and keys than a block has lanes, so that chunks meet: against the chain rule in f64.
#[test]
fn long_sequences_go_back_as_short_ones() {
    let (device, n, heads) = (cpu(), 300u32, Heads { queries: 4, keys: 2, dim: 6 });
    let (wide, narrow) = (24, 12);
    let parts = [small(n * wide, 1), small(n * narrow, 2), small(n * narrow, 3)];
    let mut tape = Tape::default();
    let leaves = [0, 1, 2].map(|part| tape.leaf(rows(&parts[part], if part == 0 { wide } else { narrow } as usize)));
    let exact_y = tape.attention(leaves, Looks { heads: 4, keys: 2, dim: 6, length: n as usize });
    tape.loss(exact_y, (0..n as usize).map(|i| i % wide as usize).collect());
    tape.back();
    // Larger, so that differences show.
    let dy: Vec<f32> = tape.slopes[exact_y].iter().flatten().map(|&x| (x * f64::from(n)) as f32).collect();
    let [q, k, v] = parts.each_ref().map(|x| device.upload(x).unwrap());
    let (on_dy, mut y) = (device.upload(&dy).unwrap(), device.alloc(dy.len()).unwrap());
    let (span, how) = (Span { first_query: 0, queries: n, first_key: 0, keys: n }, (Mask::Causal, 1.0 / 6f32.sqrt()));
    device
        .attention(&[span], heads, how, [(&q, wide), (&k, narrow), (&v, narrow)].map(Columns::from), (&mut y, wide).into())
        .unwrap();
    let mut slopes = parts.each_ref().map(|x| device.alloc(x.len()).unwrap());
    let [dq, dk, dv] = &mut slopes;
    let to = [(dq, wide), (dk, narrow), (dv, narrow)].map(ColumnsMut::from);
    let from = [(&q, wide), (&k, narrow), (&v, narrow), (&y, wide), (&on_dy, wide)].map(Columns::from);
    device.attention_backward(&[span], heads, how, from, to).unwrap();
    for (slope, leaf) in slopes.iter().zip(leaves) {
        let exact = tape.slopes[leaf].iter().flatten().map(|x| x * f64::from(n));
        for (found, exact) in read(&device, slope).into_iter().zip(exact) {
            assert!((found - exact).abs() < 1e-5 * exact.abs().max(0.1), "{found} {exact}");
        }
    }
}
