#!/bin/bash -eu
# Builds each target and puts it where OSS-Fuzz looks for it.
cd "$SRC/prova/oss-fuzz"
cargo fuzz build -O
for target in fuzz/fuzz_targets/*.rs; do
    cp "fuzz/target/x86_64-unknown-linux-gnu/release/$(basename "$target" .rs)" "$OUT/"
done
