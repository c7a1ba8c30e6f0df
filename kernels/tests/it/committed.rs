//! The committed PTX is what its sources make, and a GPU can load it.

use crate::ptx::Interpreter;
use plasma_kernels::ptx::{self, COMMITTED};
use plasma_kernels::suite::{self, Extent};
use plasma_kernels::{Device, check};
use std::path::Path;
use std::sync::Arc;

#[test]
fn the_ptx_is_not_stale() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("device/src");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
    };
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(read).collect();
    let digest = ptx::digest(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    for ptx in COMMITTED {
        assert_eq!(ptx.sources(), digest, "sm_{} is stale: run kernels/ptx/rebuild.sh", ptx.capability);
        assert!(ptx.text.contains(&format!(".target sm_{}", ptx.capability)));
    }
}

#[test]
fn the_best_ptx_is_chosen() {
    let chosen = |capability| ptx::for_capability(capability).map(|ptx| ptx.capability);
    assert_eq!([75, 80, 86, 89, 90, 100].map(chosen), [None, Some(80), Some(80), Some(80), Some(90), Some(90)]);
}

/// Kernels keep their sums in registers, flush no subnormals, approximate nothing and contract nothing on their own.
#[test]
fn the_ptx_rounds_as_ieee_says_and_spills_nothing() {
    for ptx in COMMITTED {
        for banned in [".ftz", ".approx", ".local", "mad.rn", "call", ".full"] {
            assert!(!ptx.text.contains(banned), "sm_{} contains {banned}", ptx.capability);
        }
    }
}

#[test]
fn every_kernel_of_every_ptx_agrees_with_the_cpu_bit_by_bit() {
    let reference = suite::reference();
    for (ptx, backwards) in COMMITTED.into_iter().zip([false, true]) {
        let interpreter = Interpreter::new(ptx);
        let interpreter = Arc::new(if backwards { interpreter.backwards() } else { interpreter });
        let device = Device::Emulated(interpreter.clone());
        for case in suite::cases(Extent::Small) {
            let (right, found) = (case.run(&reference).unwrap(), case.run(&device).unwrap());
            assert_eq!(check::first_difference(&found, &right), None, "sm_{}: {} {}", ptx.capability, case.kernel, case.sizes);
        }
        let executed = interpreter.executed();
        assert!(executed["mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32"] > 0, "tensor cores are used");
        assert!(executed["fma.rn.f32"] > 0);
    }
}

/// What measures ceilings does the work it says.
#[test]
fn ceilings_count_what_they_execute() {
    let interpreter = Arc::new(Interpreter::new(COMMITTED[0]));
    let lines = plasma_kernels::measure::ceilings_of(&Device::Emulated(interpreter.clone()), 1, [2, 3], 256).unwrap();
    let executed = interpreter.executed();
    let amount = |kernel: &str| lines.iter().find(|line| line.kernel == kernel).unwrap().amount;
    // Each is run twice, once to warm up; the triad has one fma for each of its 256 elements.
    assert_eq!(executed["fma.rn.f32"], 2 * (amount("ceiling: tile of f32") / 2 + 256));
    let mma = executed["mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32"];
    // Counted by every thread of the warp.
    assert_eq!(mma / 32 * 2 * 16 * 8 * 32, 2 * amount("ceiling: tile of i8"));
}
