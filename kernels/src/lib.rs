//! Compute kernels of Plasma: one source in Rust, bit-identical on CPU and GPU.
//!
//! The bodies are in `plasma-kernels-device`, written against a [`Block`](plasma_kernels_device::Block). rustc compiles them for
//! the host and, ahead of time, to the PTX in `ptx/`, which the CUDA driver loads. A GPU is used where one is present and absent
//! without complaint.
//!
//! **Rust-CUDA.** The project of that name (`rustc_codegen_nvvm`, `cuda_std`, `cust`) needs one pinned nightly, libNVVM and an
//! LLVM of its own, and does not build beside a stable compiler; its published releases are from 2022. Plasma uses rustc's own
//! target `nvptx64-nvidia-cuda` for the device side and cudarc for the host side instead. The idea, kernels and host in one
//! language, is theirs.

#![warn(missing_docs)]

pub mod check;
mod cpu;
mod cuda;
pub mod device;
pub mod measure;
pub mod models;
mod ops;
pub mod programs;
pub mod ptx;
pub mod referee;
pub mod sources;
pub mod suite;
pub mod trace;
pub mod training;

pub use cpu::{Cpu, Isa};
pub use cuda::{Cuda, Description};
pub use device::{Buffer, Device, Error, Plain};
pub use ops::{Adam, Columns, ColumnsMut, Heads, MAX_I8_DEPTH, Sgd};
pub use plasma_kernels_device as kernel;
