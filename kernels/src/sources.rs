//! Which code a program is: the kernels, and what enqueues them in which order.
//!
//! What executes them (threads, vectors, the driver) is not part of it, since it leaves no trace in results.

use crate::ptx;
use std::sync::LazyLock;

macro_rules! sources {
    ($($name:literal,)*) => { &[$(($name, include_str!($name)),)*] };
}

/// The files under `src/` that decide what a program computes, with their texts.
pub const HOST: &[(&str, &str)] = sources![
    "models.rs",
    "models/choice.rs",
    "models/decoder.rs",
    "models/decoder/config.rs",
    "models/encoder.rs",
    "models/images.rs",
    "models/layers.rs",
    "models/noise.rs",
    "models/text.rs",
    "models/weights.rs",
    "ops.rs",
    "ops/backward.rs",
    "ops/convolve.rs",
    "ops/gradients.rs",
    "ops/layers.rs",
    "ops/learn.rs",
    "programs.rs",
    "programs/images.rs",
    "programs/text.rs",
    "programs/training.rs",
    "trace.rs",
    "training.rs",
    "training/checkpoint.rs",
    "training/digits.rs",
    "training/transformer.rs",
    "training/transformer/layer.rs",
    "training/transformer/net.rs",
];

static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let kernels = ("kernels", ptx::COMMITTED[0].sources());
    ptx::digest(HOST.iter().copied().chain([kernels]))
});

/// BLAKE3 of those files and of the kernels' sources, in hexadecimal.
pub fn digest() -> &'static str {
    &DIGEST
}
