//! What instructions do: PTX ISA, "Instruction Set".

use super::parse::{Instruction, Operand, Program, Special};
use plasma_kernels::kernel::Shape;
use std::collections::BTreeMap;

/// The instruction's kind, found once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Load,
    Store,
    Move,
    Unpack,
    Convert,
    Branch,
    BranchIndexed,
    Barrier,
    Mma,
    Return,
    Compare,
    Select,
    Logic,
    Float,
    Integer,
}

impl Action {
    pub fn of(parts: &[String]) -> Self {
        let last = parts.last().expect("a name").as_str();
        match parts[0].as_str() {
            "ld" => Self::Load,
            "st" => Self::Store,
            "mov" | "cvta" => Self::Move,
            "unpack" => Self::Unpack,
            "cvt" => Self::Convert,
            "bra" => Self::Branch,
            "brx" => Self::BranchIndexed,
            "bar" | "barrier" => Self::Barrier,
            "mma" => Self::Mma,
            "ret" => Self::Return,
            "setp" => Self::Compare,
            "selp" => Self::Select,
            _ if last == "pred" => Self::Logic,
            _ if last == "f32" => Self::Float,
            _ => Self::Integer,
        }
    }
}

/// Where a thread stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// At the instruction of this number.
    Barrier(usize),
    /// At the instruction of this number.
    Mma(usize),
    End,
}

struct Thread {
    registers: Vec<u64>,
    at: usize,
    number: u32,
}

struct Context<'a> {
    program: &'a Program,
    argument: &'a [u8],
    shape: Shape,
    block: [u32; 3],
    shared: u64,
    regions: &'a BTreeMap<u64, u64>,
}

/// Executes a block: all threads from stop to stop, the last one first if they run backwards.
pub fn block(
    program: &Program,
    argument: &[u8],
    shape: Shape,
    (block, backwards): ([u32; 3], bool),
    shared: u64,
    regions: &BTreeMap<u64, u64>,
    counts: &mut [u64],
) {
    let context = Context { program, argument, shape, block, shared, regions };
    let thread = |number| Thread { registers: vec![0; program.registers], at: 0, number };
    let mut threads: Vec<Thread> = (0..shape.lanes).map(thread).collect();
    while !threads.is_empty() {
        let mut run = |thread: &mut Thread| context.run(thread, counts);
        let stops: Vec<_> =
            if backwards { threads.iter_mut().rev().map(&mut run).collect() } else { threads.iter_mut().map(&mut run).collect() };
        assert!(stops.iter().all(|stop| *stop == stops[0]), "threads part ways at a barrier or a tensor instruction");
        match stops[0] {
            Stop::End => return,
            Stop::Barrier(_) => {}
            Stop::Mma(at) => {
                for warp in threads.chunks_mut(32) {
                    mma(&program.code[at], warp);
                }
            }
        }
    }
}

/// Sign-extends or cuts to a type.
fn typed(ty: &str, value: u64) -> i128 {
    match ty {
        "s8" => (value as i8).into(),
        "s16" => (value as i16).into(),
        "s32" => (value as i32).into(),
        "s64" => (value as i64).into(),
        "u8" | "b8" => (value as u8).into(),
        "u16" | "b16" => (value as u16).into(),
        "u32" | "b32" => (value as u32).into(),
        "u64" | "b64" => value.into(),
        _ => panic!("a type that nobody knows: {ty}"),
    }
}

fn width(ty: &str) -> usize {
    ty[1..].parse::<usize>().expect("a width") / 8
}

fn float(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

/// The GPU's result of an operation: any NaN becomes 0x7fffffff (PTX ISA, "Floating Point Comparisons", "add").
fn made(value: f32) -> u64 {
    u64::from(if value.is_nan() { 0x7fff_ffff } else { value.to_bits() })
}

impl Context<'_> {
    fn value(&self, thread: &Thread, operand: Operand) -> u64 {
        match operand {
            Operand::Register(register) => thread.registers[register],
            Operand::Value(value) => value,
            Operand::Shared => self.shared,
            Operand::Special(special, dimension) => u64::from(match (special, dimension) {
                (Special::Thread, 0) => thread.number,
                (Special::Threads, 0) => self.shape.lanes,
                (Special::Thread, _) => 0,
                (Special::Threads, _) => 1,
                (Special::Block, _) => self.block[dimension],
                (Special::Blocks, _) => self.shape.grid[dimension],
            }),
            _ => panic!("no value: {operand:?}"),
        }
    }

    /// A checked address.
    fn address(&self, thread: &Thread, operand: Operand, bytes: usize) -> *mut u8 {
        let Operand::Address(register, distance) = operand else { panic!("no address: {operand:?}") };
        let address = thread.registers[register].wrapping_add_signed(distance);
        let region = self.regions.range(..=address).next_back();
        let inside = region.is_some_and(|(base, size)| address + bytes as u64 <= base + size);
        assert!(inside, "{bytes} bytes at {address:#x} lie outside all memory");
        assert!(address.is_multiple_of(bytes as u64), "{address:#x} is not aligned to {bytes} bytes");
        address as *mut u8
    }

    /// Runs to the next stop and leaves the thread behind it.
    fn run(&self, thread: &mut Thread, counts: &mut [u64]) -> Stop {
        loop {
            let instruction = &self.program.code[thread.at];
            counts[thread.at] += 1;
            thread.at += 1;
            if let Some((predicate, negated)) = instruction.guard
                && (thread.registers[predicate] != 0) == negated
            {
                continue;
            }
            let operands = &instruction.operands;
            match instruction.action {
                Action::Return => return Stop::End,
                Action::Barrier => return Stop::Barrier(thread.at - 1),
                Action::Mma => return Stop::Mma(thread.at - 1),
                Action::Branch => {
                    let Operand::Label(to) = operands[0] else { panic!("no label: {instruction:?}") };
                    thread.at = to;
                }
                Action::BranchIndexed => {
                    let Operand::Targets(list) = operands[1] else { panic!("no targets: {instruction:?}") };
                    thread.at = self.program.targets[list][self.value(thread, operands[0]) as u32 as usize];
                }
                Action::Load => self.load(thread, instruction),
                Action::Store => self.store(thread, instruction),
                Action::Unpack => {
                    let whole = self.value(thread, operands[2]);
                    for (operand, half) in operands.iter().zip([whole & 0xffff_ffff, whole >> 32]) {
                        let Operand::Register(to) = operand else { panic!("no register: {instruction:?}") };
                        thread.registers[*to] = half;
                    }
                }
                _ => {
                    let Operand::Register(to) = operands[0] else { panic!("no register: {instruction:?}") };
                    let mut values = [0; 3];
                    for (value, operand) in values.iter_mut().zip(&operands[1..]) {
                        *value = self.value(thread, *operand);
                    }
                    thread.registers[to] = result(instruction, values);
                }
            }
        }
    }

    fn load(&self, thread: &mut Thread, instruction: &Instruction) {
        let (ty, operands) = (instruction.parts.last().expect("a type"), &instruction.operands);
        let (each, (from, to)) = (width(ty), operands.split_last().expect("operands"));
        for (i, register) in to.iter().enumerate() {
            let mut bytes = [0; 8];
            if let Operand::Parameter(offset) = from {
                bytes[..each].copy_from_slice(&self.argument[offset + i * each..][..each]);
            } else {
                let address = self.address(thread, *from, each * to.len());
                // Safety: checked to be allocated.
                unsafe { address.add(i * each).copy_to_nonoverlapping(bytes.as_mut_ptr(), each) };
            }
            let Operand::Register(register) = register else { panic!("no register: {instruction:?}") };
            thread.registers[*register] = typed(ty, u64::from_le_bytes(bytes)) as u64;
        }
    }

    fn store(&self, thread: &Thread, instruction: &Instruction) {
        let (ty, operands) = (instruction.parts.last().expect("a type"), &instruction.operands);
        let (each, from) = (width(ty), &operands[1..]);
        let address = self.address(thread, operands[0], each * from.len());
        for (i, operand) in from.iter().enumerate() {
            let bytes = self.value(thread, *operand).to_le_bytes();
            // Safety: checked to be allocated.
            unsafe { address.add(i * each).copy_from_nonoverlapping(bytes.as_ptr(), each) };
        }
    }
}

/// The value of an instruction that has no other effect.
fn result(instruction: &Instruction, values: [u64; 3]) -> u64 {
    let ty = instruction.parts.last().expect("a type").as_str();
    match instruction.action {
        Action::Move => values[0],
        Action::Convert => convert(instruction, values[0]),
        Action::Compare => u64::from(compare(instruction.parts[1].as_str(), ty, values)),
        Action::Select => values[usize::from(values[2] == 0)],
        Action::Logic => match instruction.parts[0].as_str() {
            "and" => values[0] & values[1],
            "or" => values[0] | values[1],
            "xor" => values[0] ^ values[1],
            "not" => 1 - values[0],
            name => panic!("an instruction that nobody knows: {name}"),
        },
        Action::Float => arithmetic(instruction, values),
        _ => integer(instruction, ty, values),
    }
}

fn convert(instruction: &Instruction, value: u64) -> u64 {
    match instruction.parts[1..].iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["rn", "f32", from] => u64::from((typed(from, value) as f32).to_bits()),
        [to, from] if !to.starts_with('f') && !from.starts_with('f') => typed(to, typed(from, value) as u64) as u64,
        _ => panic!("an instruction that nobody knows: {}", instruction.name),
    }
}

fn compare(relation: &str, ty: &str, values: [u64; 3]) -> bool {
    use std::cmp::Ordering;
    let order = if ty == "f32" {
        float(values[0]).partial_cmp(&float(values[1]))
    } else {
        typed(ty, values[0]).partial_cmp(&typed(ty, values[1]))
    };
    let Some(order) = order else {
        // Unordered: true for the relations that say so. `ne` alone is the ordered one.
        return matches!(relation, "nan" | "equ" | "neu" | "ltu" | "leu" | "gtu" | "geu");
    };
    match relation.trim_end_matches('u') {
        "nan" => false,
        // Of numbers, "num"; the trailing u is cut off with the rest.
        "num" => true,
        "eq" => order == Ordering::Equal,
        "ne" => order != Ordering::Equal,
        "lt" => order == Ordering::Less,
        "le" => order != Ordering::Greater,
        "gt" => order == Ordering::Greater,
        "ge" => order != Ordering::Less,
        _ => panic!("a relation that nobody knows: {relation}"),
    }
}

fn arithmetic(instruction: &Instruction, values: [u64; 3]) -> u64 {
    let [a, b, c] = values.map(float);
    // No operation may flush subnormals or round otherwise than to nearest.
    match instruction.name.as_str() {
        "add.rn.f32" => made(a + b),
        "sub.rn.f32" => made(a - b),
        "mul.rn.f32" => made(a * b),
        "div.rn.f32" => made(a / b),
        "rcp.rn.f32" => made(1.0 / a),
        "sqrt.rn.f32" => made(a.sqrt()),
        "fma.rn.f32" => made(libm::fmaf(a, b, c)),
        "abs.f32" => values[0] & 0x7fff_ffff,
        "neg.f32" => (values[0] ^ 0x8000_0000) & 0xffff_ffff,
        // A NaN gives the other operand, −0 is below +0.
        "min.f32" | "max.f32" => {
            let first = match (a.is_nan(), b.is_nan()) {
                (true, true) => return 0x7fff_ffff,
                (true, false) => false,
                (false, true) => true,
                (false, false) => a.total_cmp(&b).is_lt() == (instruction.parts[0] == "min"),
            };
            made(if first { a } else { b })
        }
        name => panic!("an instruction that nobody knows: {name}"),
    }
}

fn integer(instruction: &Instruction, ty: &str, values: [u64; 3]) -> u64 {
    let parts: Vec<&str> = instruction.parts.iter().map(String::as_str).collect();
    let of = |i: usize| typed(ty, values[i]);
    let bits = 8 * width(ty) as u32;
    let value = match parts.as_slice() {
        ["add", _] => of(0) + of(1),
        ["sub", _] => of(0) - of(1),
        ["mul", "lo", _] => of(0).wrapping_mul(of(1)),
        ["mul", "hi", _] => return ((of(0) as u128 * of(1) as u128) >> bits) as u64,
        // The whole product, twice as wide.
        ["mul", "wide", _] => return typed(["u32", "u64"][usize::from(bits == 32)], (of(0) * of(1)) as u64) as u64,
        ["mad", "wide", _] => return ((of(0) * of(1)) as u64).wrapping_add(values[2]),
        ["mad", "lo", _] => of(0).wrapping_mul(of(1)).wrapping_add(of(2)),
        ["pack", _] => ((values[1] << 32) | (values[0] & 0xffff_ffff)).into(),
        ["min", _] => of(0).min(of(1)),
        ["max", _] => of(0).max(of(1)),
        ["div", _] => of(0) / of(1),
        ["rem", _] => of(0) % of(1),
        ["and", _] => of(0) & of(1),
        ["or", _] => of(0) | of(1),
        ["xor", _] => of(0) ^ of(1),
        ["not", _] => !of(0),
        ["neg", _] => -of(0),
        // Distances of shifts are 32 bits and are held at the width.
        ["shl", _] => ((of(0) as u128) << (values[1] as u32).min(bits)) as i128,
        ["shr", _] => of(0) >> (values[1] as u32).min(bits),
        ["bfe", _] => (of(0) >> (values[1] as u8)) & ((1 << (values[2] as u8)) - 1),
        ["shf", "l", "wrap", "b32"] => {
            let both = (values[1] << 32) | (values[0] & 0xffff_ffff);
            ((both << (values[2] & 31)) >> 32).into()
        }
        ["shf", "r", "wrap", "b32"] => {
            let both = (values[1] << 32) | (values[0] & 0xffff_ffff);
            (both >> (values[2] & 31)).into()
        }
        _ => panic!("an instruction that nobody knows: {}", instruction.name),
    };
    typed(ty, value as u64) as u64
}

/// The tensor core: D = A·B + C of 16 × 8 sums over 32 i8 (PTX ISA, "Matrix Fragments for mma.m16n8k32").
fn mma(instruction: &Instruction, warp: &mut [Thread]) {
    assert_eq!(instruction.name, "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32");
    assert_eq!(warp.len(), 32, "a whole warp");
    let register = |i: usize| {
        let Operand::Register(register) = instruction.operands[i] else { panic!("no register: {instruction:?}") };
        register
    };
    let read = |lane: usize, i: usize| warp[lane].registers[register(i)] as u32;
    let (mut a, mut b) = ([[0i8; 32]; 16], [[0i8; 8]; 32]);
    for lane in 0..32 {
        let (group, four) = (lane / 4, lane % 4);
        for i in 0..16 {
            // ISA: row = groupID for i in 0..4 and 8..12, else groupID + 8; column = four * 4 + (i & 3), + 16 for i ≥ 8.
            let row = if i / 4 % 2 == 0 { group } else { group + 8 };
            let column = four * 4 + i % 4 + if i >= 8 { 16 } else { 0 };
            a[row][column] = read(lane, 4 + i / 4).to_le_bytes()[i % 4] as i8;
        }
        for i in 0..8 {
            let row = four * 4 + i % 4 + if i >= 4 { 16 } else { 0 };
            b[row][group] = read(lane, 8 + i / 4).to_le_bytes()[i % 4] as i8;
        }
    }
    for (lane, thread) in warp.iter_mut().enumerate() {
        let (group, four) = (lane / 4, lane % 4);
        let sums: Vec<u32> = (0..4)
            .map(|i| {
                let (row, column) = (if i < 2 { group } else { group + 8 }, four * 2 + i % 2);
                let products = (0..32).map(|k| i32::from(a[row][k]) * i32::from(b[k][column]));
                let before = thread.registers[register(10 + i)] as i32;
                products.fold(before, i32::wrapping_add) as u32
            })
            .collect();
        for (i, sum) in sums.into_iter().enumerate() {
            thread.registers[register(i)] = sum.into();
        }
    }
}
