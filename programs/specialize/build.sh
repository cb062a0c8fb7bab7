#!/bin/sh
# Builds the modules of this folder (clang 22; forth.wasm needs wasi-libc).
set -e
cd "$(dirname "$0")"
# machine.wasm: Rust 1.95 with the target wasm32-unknown-unknown.
for name in vm first register; do
    clang-22 --target=wasm32-unknown-unknown -O2 -nostdlib -ffreestanding -fno-builtin-memset \
        --no-wasm-opt -Wl,--no-entry -Wl,-z,stack-size=4096 -Wl,--strip-debug -o $name.wasm $name.c
done
clang-22 --target=wasm32-wasi -Wno-deprecated -O2 -Wl,--strip-debug --no-wasm-opt \
    -o forth.wasm forth.c
cargo build --manifest-path rust/Cargo.toml --release --target wasm32-unknown-unknown \
    --example machine --target-dir "${CARGO_TARGET_DIR:-rust/target}"
cp "${CARGO_TARGET_DIR:-rust/target}/wasm32-unknown-unknown/release/examples/machine.wasm" .
