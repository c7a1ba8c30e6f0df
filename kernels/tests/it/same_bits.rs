//! One answer, whatever the threads and the vectors; and on a GPU, where one is.

use plasma_kernels::suite::{self, Extent};
use plasma_kernels::{Cpu, Cuda, Device, Isa, check};

#[test]
fn threads_and_vectors_leave_no_trace() {
    let reference = suite::reference();
    let mut devices = Vec::new();
    for isa in Isa::present() {
        for threads in [1, 2, 16] {
            devices.push(Device::Cpu(Cpu::new().with_threads(threads).with_isa(isa).unwrap()));
        }
    }
    devices.extend((0..Cuda::count()).map(|number| Device::open(&format!("cuda:{number}")).unwrap()));
    assert!(devices.len() >= 3);
    for case in suite::cases(Extent::Full) {
        let right = case.run(&reference).unwrap();
        for device in &devices {
            let found = case.run(device).unwrap();
            assert_eq!(check::first_difference(&found, &right), None, "{device:?}: {} {}", case.kernel, case.sizes);
        }
    }
}

/// The suite would notice: results are not all alike, and NaN, infinities and zeros of both signs are among them.
#[test]
fn cases_are_worth_comparing() {
    let reference = suite::reference();
    let (mut nan, mut infinite, mut negative_zero, mut subnormal) = (0, 0, 0, 0);
    for case in suite::cases(Extent::Small).iter().filter(|case| ["exp", "add", "gemm_f32", "mul"].contains(&case.kernel)) {
        for bytes in case.run(&reference).unwrap().chunks(4) {
            let value = f32::from_le_bytes(bytes.try_into().unwrap());
            assert!(!value.is_nan() || value.to_bits() == 0x7fc0_0000, "one NaN for all");
            nan += u32::from(value.is_nan());
            infinite += u32::from(value.is_infinite());
            negative_zero += u32::from(value.to_bits() == 0x8000_0000);
            subnormal += u32::from(value.is_subnormal());
        }
    }
    assert!(nan > 100 && infinite > 100 && negative_zero > 10 && subnormal > 10, "{nan} {infinite} {negative_zero} {subnormal}");
}

/// What all small cases come to. Whoever changes a kernel or a case on purpose writes the new digest here; builds of other profiles,
/// compilers and processors must come to it too.
const SMALL: &str = "24481e941defa5c726b44ebdfbb4feed489de0adc035df7f47a2db3fecdcd3a9";

#[test]
fn every_build_comes_to_the_same_bits() {
    let (reference, mut hasher) = (suite::reference(), blake3::Hasher::new());
    for case in suite::cases(Extent::Small) {
        hasher.update(&case.run(&reference).unwrap());
    }
    assert_eq!(hasher.finalize().to_hex().as_str(), SMALL);
}
