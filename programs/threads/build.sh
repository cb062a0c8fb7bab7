#!/bin/sh
# Builds pcomp.wasm (Rust 1.95 with the target wasm32-wasip1-threads).
set -e
cd "$(dirname "$0")/pcomp"
export CARGO_ENCODED_RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=crates"
cargo build --release --target wasm32-wasip1-threads --target-dir "${TMPDIR:-/tmp}/pcomp"
cp "${TMPDIR:-/tmp}/pcomp/wasm32-wasip1-threads/release/pcomp.wasm" ..
