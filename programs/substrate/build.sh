#!/bin/sh
# Builds runtime-1.wasm and runtime-2.wasm in this folder (rustc 1.95, target wasm32-unknown-unknown).
set -e
cd "$(dirname "$0")"
for version in 1 2; do
    rustc --edition 2024 --target wasm32-unknown-unknown --crate-type cdylib --crate-name runtime \
        -C opt-level=s -C target-cpu=mvp -C panic=abort -C lto=fat -C strip=symbols \
        --check-cfg 'cfg(v2)' $(test $version = 2 && echo --cfg v2) \
        -C link-arg=--import-memory -C link-arg=--export=__heap_base -C link-arg=-zstack-size=65536 \
        -o "runtime-$version.wasm" runtime.rs
done
