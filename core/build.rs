//! Puts the digest of the engine's sources into the binary, so that a run can say which engine made it.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the sources are readable") {
        let path = entry.expect("the sources are readable").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn main() {
    println!("cargo::rerun-if-changed=src");
    let mut paths = Vec::new();
    sources(Path::new("src"), &mut paths);
    paths.sort();
    let mut hasher = blake3::Hasher::new();
    for path in paths {
        let text = std::fs::read(&path).expect("the sources are readable");
        let name = path.to_string_lossy().replace('\\', "/");
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher.update(&(text.len() as u64).to_le_bytes()).update(&text);
    }
    println!("cargo::rustc-env=PLASMA_ENGINE_DIGEST={}", hasher.finalize());
}
