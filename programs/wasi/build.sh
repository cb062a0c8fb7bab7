#!/bin/sh
# Builds torture.wasm (Rust 1.95 with the target wasm32-unknown-unknown).
set -e
cd "$(dirname "$0")"
rustc --edition 2024 --crate-type cdylib --crate-name torture --target wasm32-unknown-unknown \
    -C opt-level=s -C panic=abort -C lto=fat -C codegen-units=1 -C strip=debuginfo \
    --remap-path-prefix "$PWD=." -o torture.wasm torture/main.rs
