//! GPU classes and program manifests: what a GPU can do, what a program costs, and so how much work a job is.
//!
//! Work is never self-declared. A manifest gives operations and bytes as polynomials over declared sizes, the class gives
//! reference rates, and the work of a job on class *c* is
//!
//! > work_c = max(Σ ⌈1000 · ops_t ÷ rate_c,t⌉, ⌈1000 · bytes ÷ bandwidth_c⌉) milli-GPU-seconds,
//!
//! the roofline of the reference GPU (Williams, Waterman & Patterson 2009, doi:10.1145/1498765.1498785) in checked integers.

use crate::ids::{ClassId, ProgramId};
use rkyv::{Archive, Deserialize, Serialize};

/// Most classes a catalogue can hold: a job's classes are a `u64` of bits.
pub const MAX_CLASSES: usize = 64;
/// Most sizes a program can declare.
pub const MAX_SIZES: usize = 4;

/// The sizes that a job declares, in the order of its program's names; unused ones are zero.
pub type Sizes = [u32; MAX_SIZES];

/// What a unit of a program's cost is spent on.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Resource {
    /// 32-bit floating point operations.
    F32,
    /// 16-bit floating point operations on matrix units (bfloat16 or float16).
    Bf16,
    /// 8-bit integer operations on matrix units.
    I8,
    /// Bytes moved between the GPU and its memory.
    Bytes,
}

/// One catalogue model of GPU, with the reference rates that define a GPU-second of its class.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct GpuClass {
    /// Short name, unique in the catalogue.
    pub name: String,
    /// Memory in GiB.
    pub vram_gib: u16,
    /// Operations per millisecond for [`Resource::F32`], [`Resource::Bf16`], [`Resource::I8`]; zero where the class has none.
    pub ops_per_ms: [u64; 3],
    /// Bytes per millisecond between GPU and memory.
    pub bytes_per_ms: u64,
    /// Weight of this class's GPU-seconds in provider emission at genesis, in parts per billion of the reference class; governance
    /// sets it from then on ([`crate::protocol::weights`]).
    pub weight: u64,
}

/// One summand of a program's cost: `coefficient · Π sizes[i]^exponents[i]`.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// What is spent.
    pub resource: Resource,
    /// Operations or bytes.
    pub coefficient: u64,
    /// Power of each size.
    pub exponents: [u8; MAX_SIZES],
}

/// What a job is for. Protocol rules do not depend on it, except that a deployment is billed by time.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Answers from a model.
    Inference,
    /// Work without a person waiting.
    Batch,
    /// Fitting a model.
    Training,
    /// A lease held open, billed by time, serving requests.
    Deployment,
}

impl Kind {
    /// All kinds, by position.
    pub const ALL: [Kind; 4] = [Kind::Inference, Kind::Batch, Kind::Training, Kind::Deployment];

    /// The word used in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Inference => "inference",
            Kind::Batch => "batch",
            Kind::Training => "training",
            Kind::Deployment => "deployment",
        }
    }
}

/// A program on the ledger: its identity and what a job of given sizes costs.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Short name, unique in the catalogue.
    pub name: String,
    /// What its jobs are for.
    pub kind: Kind,
    /// BLAKE3 of the code that runs.
    pub code: [u8; 32],
    /// Names of the declared sizes.
    pub sizes: Vec<String>,
    /// The cost formula.
    pub cost: Vec<Term>,
}

/// Operations and bytes of one job, class by class still to be divided by rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Cost {
    /// Operations by [`Resource::F32`], [`Resource::Bf16`], [`Resource::I8`].
    pub ops: [u128; 3],
    /// Bytes moved.
    pub bytes: u128,
}

/// All classes and programs. Fixed at genesis; governance extends it.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
pub struct Catalogue {
    /// GPU classes by [`ClassId`].
    pub classes: Vec<GpuClass>,
    /// Programs by [`ProgramId`].
    pub programs: Vec<Program>,
}

impl Program {
    /// The cost of a job with these sizes; `None` when it exceeds `u128`.
    #[inline]
    pub fn cost(&self, sizes: &Sizes) -> Option<Cost> {
        let mut cost = Cost::default();
        for term in &self.cost {
            let mut amount = u128::from(term.coefficient);
            for (&size, &exponent) in sizes.iter().zip(&term.exponents) {
                for _ in 0..exponent {
                    amount = amount.checked_mul(u128::from(size))?;
                }
            }
            let sum = match term.resource {
                Resource::Bytes => &mut cost.bytes,
                ops => &mut cost.ops[ops as usize],
            };
            *sum = sum.checked_add(amount)?;
        }
        Some(cost)
    }
}

impl GpuClass {
    /// Milli-GPU-seconds that `cost` takes on the reference GPU of this class, at least 1; `None` when the class lacks a unit
    /// the program needs, or the result exceeds `u64`.
    ///
    /// Rates are per millisecond, so ops ÷ rate is milliseconds of one GPU, which is milli-GPU-seconds. Datatypes share the GPU
    /// one after the other: their times add, each rounded up.
    #[inline]
    pub fn work_mgs(&self, cost: &Cost) -> Option<u64> {
        let mut compute: u128 = 0;
        for (&ops, &rate) in cost.ops.iter().zip(&self.ops_per_ms) {
            compute += time_ms(ops, rate)?;
        }
        u64::try_from(compute.max(time_ms(cost.bytes, self.bytes_per_ms)?).max(1)).ok()
    }
}

/// Milliseconds that `amount` takes at `rate`, rounded up; `None` when there is no rate for what is needed.
#[inline(always)]
fn time_ms(amount: u128, rate: u64) -> Option<u128> {
    match (amount, rate) {
        (0, _) => Some(0),
        (_, 0) => None,
        _ => Some(div_ceil(amount, rate)),
    }
}

/// `⌈a ÷ b⌉`, in 64 bits where they suffice: the wide division is several times slower and most jobs do not need it.
#[inline(always)]
fn div_ceil(a: u128, b: u64) -> u128 {
    match u64::try_from(a) {
        Ok(narrow) => u128::from(narrow.div_ceil(b)),
        Err(_) => a.div_ceil(u128::from(b)),
    }
}

impl Catalogue {
    /// The class with this id.
    pub fn class(&self, id: ClassId) -> &GpuClass {
        &self.classes[id.index()]
    }

    /// The program with this id, if there is one.
    pub fn program(&self, id: ProgramId) -> Option<&Program> {
        self.programs.get(id.index())
    }

    /// What is wrong with the catalogue, if anything: too many rows, a repeated name, a class without rates, a program whose
    /// cost is empty or names more sizes than there can be.
    ///
    /// # Errors
    /// A sentence naming the row.
    pub fn check(&self) -> Result<(), String> {
        if self.classes.is_empty() || self.classes.len() > MAX_CLASSES {
            return Err(format!("a catalogue holds 1 to {MAX_CLASSES} GPU classes, not {}", self.classes.len()));
        }
        if self.programs.len() >= usize::from(u16::MAX) {
            return Err(format!("a catalogue holds fewer than {} programs", u16::MAX));
        }
        for (i, class) in self.classes.iter().enumerate() {
            if self.classes[..i].iter().any(|other| other.name == class.name) {
                return Err(format!("GPU class `{}` appears twice", class.name));
            }
            if class.bytes_per_ms == 0 || class.ops_per_ms == [0; 3] {
                return Err(format!("GPU class `{}` has no rates", class.name));
            }
        }
        for (i, program) in self.programs.iter().enumerate() {
            if self.programs[..i].iter().any(|other| other.name == program.name) {
                return Err(format!("program `{}` appears twice", program.name));
            }
            if program.cost.is_empty() || program.sizes.len() > MAX_SIZES {
                return Err(format!("program `{}` needs a cost formula over at most {MAX_SIZES} sizes", program.name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn class(ops: [u64; 3], bytes: u64) -> GpuClass {
        GpuClass { name: "t".into(), vram_gib: 24, ops_per_ms: ops, bytes_per_ms: bytes, weight: 1 }
    }

    #[test]
    fn a_square_product_is_bound_by_compute_and_a_vector_product_by_memory() {
        // RTX 4090 reference: 82.6 TFLOPS f32, 1010 GB/s. n³ multiply-adds against 3 matrices of 4 bytes.
        let gpu = class([82_600_000_000, 0, 0], 1_010_000_000);
        let gemm = |n: u128| Cost { ops: [2 * n * n * n, 0, 0], bytes: 12 * n * n };
        assert_eq!(gpu.work_mgs(&gemm(16_384)), Some(107)); // 2·16384³ ÷ 82.6e9 = 106.49 ms
        let gemv = Cost { ops: [2 * 16_384 * 16_384, 0, 0], bytes: 4 * 16_384 * 16_384 };
        assert_eq!(gpu.work_mgs(&gemv), Some(2)); // 1.063 ms of memory traffic
    }

    #[test]
    fn a_missing_unit_is_no_offer_rather_than_a_division_by_zero() {
        assert_eq!(class([1, 0, 0], 1).work_mgs(&Cost { ops: [0, 1, 0], bytes: 0 }), None);
        assert_eq!(class([1, 0, 0], 0).work_mgs(&Cost { ops: [0; 3], bytes: 1 }), None);
    }

    #[test]
    fn datatypes_take_turns() {
        assert_eq!(class([3, 5, 0], 1).work_mgs(&Cost { ops: [7, 11, 0], bytes: 0 }), Some(3 + 3));
    }

    proptest! {
        #[test]
        fn work_never_decreases_with_size(a in 0u32..100_000, b in 0u32..100_000) {
            let term = Term { resource: Resource::Bf16, coefficient: 12_345, exponents: [2, 0, 0, 0] };
            let program = Program {
                name: "p".into(), kind: Kind::Batch, code: [0; 32], sizes: vec!["n".into()], cost: vec![term],
            };
            let gpu = class([0, 7_777, 0], 1);
            let work = |n| gpu.work_mgs(&program.cost(&[n, 0, 0, 0]).unwrap()).unwrap();
            prop_assert!(work(a.min(b)) <= work(a.max(b)));
        }

        #[test]
        fn enormous_sizes_are_refused_not_wrapped(n in any::<u32>()) {
            let term = Term { resource: Resource::F32, coefficient: u64::MAX, exponents: [4, 0, 0, 0] };
            let program = Program {
                name: "p".into(), kind: Kind::Batch, code: [0; 32], sizes: vec!["n".into()], cost: vec![term],
            };
            let exact = (0..4).try_fold(u128::from(u64::MAX), |a, _| a.checked_mul(u128::from(n)));
            prop_assert_eq!(program.cost(&[n, 0, 0, 0]).map(|c| c.ops[0]), exact);
        }
    }
}
