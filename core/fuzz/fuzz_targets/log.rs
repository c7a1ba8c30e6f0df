//! See `targets::log`.
#![no_main]

#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let file = std::env::temp_dir().join(format!("plasma-fuzz-{}", std::process::id()));
    targets::log(&file, bytes);
});
