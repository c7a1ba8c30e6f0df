//! Makes the committed PTX from the device crate: called by `kernels/ptx/rebuild.sh`, which says what it needs.
//!
//! Arguments: the folder that holds `library/core`, and a folder for what is made on the way.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The last two are found out: plain `abort` leaves slice indexing with symbols that nobody defines, and the default threshold
/// leaves the sums of the matrix products in local memory.
const FLAGS: [&str; 9] = [
    "--edition=2024",
    "--target=nvptx64-nvidia-cuda",
    "-Copt-level=3",
    "-Ccodegen-units=1",
    "-Coverflow-checks=off",
    "--crate-type=rlib",
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    "-Cllvm-args=-unroll-threshold=3000",
];
const NO_BUILTINS: &str = "#![feature(compiler_builtins)]\n#![compiler_builtins]\n#![no_std]\n";

fn main() {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [source, work] = arguments.as_slice() else {
        eprintln!("usage: rebuild_ptx SOURCE_OF_RUST WORK_FOLDER");
        std::process::exit(2);
    };
    let kernels = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources(&kernels.join("device/src"));
    let digest = plasma_kernels::ptx::digest(sources.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    for ptx in plasma_kernels::ptx::COMMITTED {
        let target = format!("sm_{}", ptx.capability);
        let to = work.join(&target);
        std::fs::create_dir_all(&to).expect("a folder to work in");
        let builtins = to.join("compiler_builtins.rs");
        std::fs::write(&builtins, NO_BUILTINS).expect("a file to write");
        if !to.join("libcore.rlib").exists() {
            rustc(&target, "core", &source.join("library/core/src/lib.rs"), &to, &["--cap-lints=allow"]);
            rustc(&target, "compiler_builtins", &builtins, &to, &["--cap-lints=allow"]);
        }
        let made = to.join("kernels.ptx");
        let emit = format!("--emit=asm={}", made.display());
        rustc(&target, "plasma_kernels_device", &kernels.join("device/src/lib.rs"), &to, &[&emit]);
        let text = std::fs::read_to_string(&made).expect("PTX");
        let text: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        let committed = kernels.join("ptx").join(format!("{target}.ptx"));
        std::fs::write(&committed, format!("// sources: {digest}\n{text}")).expect("a file to write");
        println!("{}", committed.display());
    }
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("a readable folder").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).expect("readable text"))
    };
    std::fs::read_dir(folder).expect("the device crate").map(read).collect()
}

fn rustc(target: &str, name: &str, source: &Path, work: &Path, more: &[&str]) {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(compiler);
    command.env("RUSTC_BOOTSTRAP", "1").env_remove("RUSTFLAGS");
    command.args(FLAGS).arg(format!("-Ctarget-cpu={target}")).args(["--crate-name", name]).arg(source);
    command.arg("-L").arg(work).arg("--out-dir").arg(work).args(more);
    assert!(command.status().expect("rustc starts").success(), "rustc failed on {name} for {target}");
}
