#!/usr/bin/env bash
# Rebuilds the committed PTX: kernels/ptx/rebuild.sh [SOURCE_OF_RUST]
#
# Needs rustc of the version in Cargo.toml and the source of its `core`: `rustup component add rust-src`, or a folder given as argument
# that holds `library/core` (Debian: the files of the package rust-src of the same version, unpacked with `dpkg -x`).
set -euo pipefail
cd "$(dirname "$0")/../.."
source_of_rust=${1:-$(rustc --print sysroot)/lib/rustlib/src/rust}
if [ ! -f "$source_of_rust/library/core/src/lib.rs" ]; then
    echo "no library/core in $source_of_rust: run \`rustup component add rust-src\`, or name the folder" >&2
    exit 1
fi
work=${CARGO_TARGET_DIR:-target}/ptx
cargo run --release -q -p plasma-kernels --example rebuild_ptx -- "$source_of_rust" "$work"
