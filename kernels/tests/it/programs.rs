//! Job programs: what they compute, what they cost, what trace they leave, and how they are checked.

use crate::ptx::Interpreter;
use plasma_kernels::kernel::challenge::{MIX_OPERATIONS, mix, partner};
use plasma_kernels::kernel::random::philox;
use plasma_kernels::programs::{BAND, MANIFEST, named};
use plasma_kernels::ptx::COMMITTED;
use plasma_kernels::suite::integers;
use plasma_kernels::trace::{self, Trace};
use plasma_kernels::{Device, check};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

/// The i-th element of the program's operands, by the definition of the generator.
fn operand(i: usize, seed: u64, stream: u32) -> i8 {
    let words = philox([(i / 16) as u32, 0, stream, 0], [seed as u32, (seed >> 32) as u32]);
    words[i / 4 % 4].to_le_bytes()[i % 4] as i8
}

/// The product by its definition; counts what it does.
fn product(sizes: [usize; 3], seed: u64) -> (Trace, u128, u128) {
    let [m, n, k] = sizes;
    let (mut operations, mut bytes) = (0, 0);
    let mut make = |count, stream| -> Vec<i8> {
        bytes += 2 * count as u128;
        (0..count).map(|i| operand(i, seed, stream)).collect()
    };
    let (a, b) = (make(m * k, 0), make(k * n, 1));
    let mut c = Vec::new();
    for i in 0..m {
        for j in 0..n {
            let mut sum = 0i32;
            for p in 0..k {
                sum += i32::from(a[i * k + p]) * i32::from(b[p * n + j]);
                operations += 2;
            }
            c.extend(sum.to_le_bytes());
            bytes += 8;
        }
    }
    let mut trace = Trace::default();
    c.chunks(4 * BAND * n).for_each(|band| trace.step(band));
    (trace, operations, bytes)
}

#[test]
fn the_matrix_product_is_the_product_and_costs_what_is_counted() {
    let program = named("matrix-product").unwrap();
    for sizes in [[1, 1, 1], [3, 5, 7], [129, 2, 9], [300, 33, 40]] {
        let (trace, operations, bytes) = product(sizes, 77);
        let declared = sizes.map(|size| size as u64);
        assert_eq!(program.run(&cpu(), &declared, 77).unwrap(), trace, "{sizes:?}");
        let cost = program.cost(&declared).unwrap();
        assert_eq!((cost.operations, cost.bytes), (operations, bytes), "{sizes:?}");
        assert_ne!(program.run(&cpu(), &declared, 78).unwrap().root(), trace.root());
    }
}

/// The challenge by its definition; counts what it does.
fn challenge(cells: usize, rounds: u64, seed: u64) -> (Trace, u128, u128) {
    let (mut mixes, mut bytes) = (0u128, 0u128);
    let key = [seed as u32, (seed >> 32) as u32, rounds as u32, 0, cells as u32, 0, 0, 0];
    let mut now: Vec<[u32; 8]> = (0..cells).map(|i| mix(key, [i as u32, 0, 0, 0, 0, 0, 0, 0])).collect();
    mixes += cells as u128;
    bytes += 32 * cells as u128;
    let mut trace = Trace::default();
    for round in 0..=rounds {
        if round > 0 {
            now = now.iter().map(|&cell| mix(cell, now[partner(cell, cells as u64) as usize])).collect();
            mixes += cells as u128;
            bytes += 96 * cells as u128;
        }
        let mut fold = now.clone();
        while fold.len() > 1 {
            fold = fold.chunks(2).map(|pair| mix(pair[0], pair[1])).collect();
            mixes += fold.len() as u128;
            bytes += 96 * fold.len() as u128;
        }
        trace.step(&fold[0].iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>());
    }
    (trace, mixes * u128::from(MIX_OPERATIONS), bytes)
}

#[test]
fn the_challenge_is_what_it_says_and_costs_what_is_counted() {
    let program = named("device-challenge").unwrap();
    for (cells, rounds) in [(1, 1), (2, 3), (64, 5), (8192, 2)] {
        let (trace, operations, bytes) = challenge(cells, rounds, 9);
        assert_eq!(program.run(&cpu(), &[cells as u64, rounds], 9).unwrap(), trace);
        let cost = program.cost(&[cells as u64, rounds]).unwrap();
        assert_eq!((cost.operations, cost.bytes), (operations, bytes));
    }
}

/// A GPU executes as many operations as the manifest says.
#[test]
fn the_ptx_executes_the_declared_operations() {
    let interpreter = Arc::new(Interpreter::new(COMMITTED[0]));
    let device = Device::Emulated(interpreter.clone());
    let program = named("matrix-product").unwrap();
    // Whole tiles, since parts of tiles are multiplied as well.
    let sizes = [128, 128, 64];
    assert_eq!(program.run(&device, &sizes, 3).unwrap(), program.run(&cpu(), &sizes, 3).unwrap());
    let mma = interpreter.executed()["mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32"];
    assert_eq!(u128::from(mma / 32 * 2 * 16 * 8 * 32), program.cost(&sizes).unwrap().operations);

    let cells = 256;
    let mut filled = device.alloc(cells).unwrap();
    device.challenge_fill([1; 8], &mut filled).unwrap();
    let executed = interpreter.executed();
    let rotations = executed["shf.l.wrap.b32"];
    assert_eq!(rotations, 4 * 8 * 4 * cells as u64, "four rotations a quarter round");
    // The compiler folds what meets the zeros of the counter.
    let rest = executed["add.s32"] + executed["xor.b32"];
    let declared = (MIX_OPERATIONS - 4 * 8 * 4) * cells as u64;
    assert!(rest <= declared + 8 * cells as u64 && rest >= declared * 95 / 100, "{rest} of {declared}");
}

/// Cells name partners all over the memory, and a cell that is changed changes the root.
#[test]
fn the_challenge_needs_its_memory() {
    let device = cpu();
    let n = 1 << 12;
    let (mut now, mut next) = (device.alloc(n).unwrap(), device.alloc(n).unwrap());
    device.challenge_fill([5; 8], &mut now).unwrap();
    let cells = device.read(&now).unwrap();
    let mut asked = vec![0u32; n];
    cells.iter().for_each(|&cell| asked[partner(cell, n as u64) as usize] += 1);
    // Balls into bins: e^-1 of the bins stay empty, and none is crowded.
    let empty = asked.iter().filter(|&&count| count == 0).count() as f64 / n as f64;
    assert!((empty - 0.3679).abs() < 0.03, "{empty}");
    assert!(*asked.iter().max().unwrap() < 12);
    device.challenge_round(&now, &mut next).unwrap();
    let right = device.challenge_root(&next).unwrap();
    let mut cells = device.read(&next).unwrap();
    cells[1234][7] ^= 1;
    assert_ne!(device.challenge_root(&device.upload(&cells).unwrap()).unwrap(), right);
}

#[test]
fn manifests_are_whole_and_sizes_out_of_range_are_named() {
    let ids: Vec<u16> = MANIFEST.iter().map(|program| program.id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for program in MANIFEST {
        assert_eq!(program.code().len(), 64);
        let most: Vec<u64> = program.sizes.iter().map(|size| size.most).collect();
        assert!(program.cost(&most).unwrap().operations > 0, "the largest sizes overflow nothing");
        for i in 0..most.len() {
            let with = |value| {
                let mut sizes = most.clone();
                sizes[i] = value;
                program.cost(&sizes).unwrap_err().to_string()
            };
            assert!(with(0).contains(program.sizes[i].name) && with(most[i] + 1).contains(program.sizes[i].name));
        }
    }
    assert!(named("device-challenge").unwrap().cost(&[3, 1]).is_err(), "no power of two");
    assert!(named("matrix-product").unwrap().cost(&[3, 1]).is_err());
}

#[test]
fn a_band_opens_and_a_wrong_one_does_not() {
    let (trace, ..) = product([300, 3, 4], 1);
    assert_eq!(trace.len(), 3);
    let way = trace.open(1).unwrap();
    let band: Vec<u8> = {
        let (full, ..) = product([300, 3, 4], 1);
        assert_eq!(full, trace);
        let a = |i| operand(i, 1, 0);
        let b = |i| operand(i, 1, 1);
        let sum = |i: usize, j: usize| (0..4).map(|p| i32::from(a(i * 4 + p)) * i32::from(b(p * 3 + j))).sum::<i32>();
        (BAND..2 * BAND).flat_map(|i| (0..3).flat_map(move |j| sum(i, j).to_le_bytes())).collect()
    };
    assert!(trace::verify(&trace.root(), 3, 1, &band, &way));
    assert!(!trace::verify(&trace.root(), 3, 2, &band, &way));
}

proptest! {
    #[test]
    fn freivalds_passes_the_right_and_catches_a_single_wrong_entry(
        m in 1u32..20, n in 1u32..20, k in 1u32..40, seed: u32, challenge: [u8; 32], at: prop::sample::Index, by: i32,
    ) {
        let device = cpu();
        let (a, b) = (integers((m * k) as usize, seed), integers((k * n) as usize, !seed));
        let mut c = device.alloc((m * n) as usize).unwrap();
        let (on_a, on_b) = (device.upload(&a).unwrap(), device.upload(&b).unwrap());
        device.gemm_i8([m, n, k, 1], &on_a, &on_b, &mut c).unwrap();
        let mut c = device.read(&c).unwrap();
        prop_assert!(check::freivalds([m, n, k], &a, &b, &c, &challenge));
        prop_assert!(!check::freivalds([m, n, k + 1], &a, &b, &c, &challenge));
        let at = at.index(c.len());
        c[at] = c[at].wrapping_add(by);
        prop_assert_eq!(check::freivalds([m, n, k], &a, &b, &c, &challenge), by == 0);
    }
}

/// No file that decides what a program computes is forgotten in the digest of its code.
#[test]
fn the_code_is_all_that_decides() {
    fn visit(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { visit(&path, found) } else { found.push(path) }
        }
    }
    let (folder, mut found) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), Vec::new());
    visit(&folder, &mut found);
    let named = found.iter().map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/"));
    // What executes kernels, compares and measures them leaves no trace in results.
    let aside = ["check", "cpu", "cuda", "device", "lib", "measure", "ptx", "referee", "sources", "suite"];
    let mut deciding: Vec<String> = named.filter(|name| !aside.contains(&name.split(['/', '.']).next().unwrap())).collect();
    deciding.sort();
    let listed: Vec<&str> = plasma_kernels::sources::HOST.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, deciding);
}
