//! Devices that are there, that are not, and what is said about it.

use plasma_kernels::{Cpu, Cuda, Device, Error, Isa};

#[test]
fn names_open_devices_or_say_what_helps() {
    assert_eq!(Device::open("cpu").unwrap().name(), "cpu");
    for name in ["gpu", "cuda:", "cuda:x", "cuda:+0", "cuda:-1", "CPU", "cpu ", ""] {
        assert!(matches!(Device::open(name), Err(Error::NoSuchDevice(_))), "{name}");
    }
    let beyond = Device::open(&format!("cuda:{}", Cuda::count())).map(|device| device.name());
    match (Cuda::count(), beyond) {
        (0, Err(error)) => assert!(error.to_string().contains("use the device `cpu`") || error.to_string().contains("no GPU")),
        (present, Err(Error::NoGpu { wanted, .. })) => assert_eq!(wanted, present),
        (_, other) => panic!("{other:?}"),
    }
}

#[test]
fn sizes_that_do_not_fit_are_named() {
    let device = Device::open("cpu").unwrap();
    let (a, b, mut c) = (device.upload(&[1f32; 6]).unwrap(), device.upload(&[1f32; 6]).unwrap(), device.alloc(4).unwrap());
    device.gemm_f32([2, 2, 3, 1], &a, &b, &mut c).unwrap();
    assert_eq!(device.read(&c).unwrap(), [3.0; 4]);
    let said = device.gemm_f32([2, 3, 3, 1], &a, &b, &mut c).unwrap_err().to_string();
    assert_eq!(said, "B holds 6 elements where the sizes call for 9");
    let said = device.top_k([2, 3], 4, &a, &mut device.alloc(8).unwrap()).unwrap_err().to_string();
    assert!(said.contains("k is 4, which is more than 3"), "{said}");
    let depth = 1 << 17;
    let long = device.alloc(depth).unwrap();
    let said = device.gemm_i8([1, 1, depth as u32, 1], &long, &long, &mut device.alloc(1).unwrap()).unwrap_err();
    assert!(matches!(said, Error::TooLarge { what: "k", .. }), "{said}");
    assert!(matches!(device.alloc::<f32>(1 << 60), Err(Error::Memory { .. })));
}

#[test]
fn what_goes_up_comes_down() {
    let device = Device::open("cpu").unwrap();
    for n in [0, 1, 3, 1001] {
        let bytes: Vec<i8> = (0..n).map(|i| i as i8).collect();
        assert_eq!(device.read(&device.upload(&bytes).unwrap()).unwrap(), bytes);
    }
}

#[test]
fn the_plain_path_is_always_there() {
    assert!(Isa::present().contains(&Isa::Plain));
    assert_eq!(Cpu::new().with_threads(0).threads(), 1);
    for isa in [Isa::Plain, Isa::Avx2, Isa::Avx512] {
        assert_eq!(Cpu::new().with_isa(isa).is_ok(), isa.is_present());
    }
}
