#!/bin/sh
# Builds vm.wasm and first.wasm in this folder (clang 22).
set -e
cd "$(dirname "$0")"
for name in vm first; do
    clang-22 --target=wasm32-unknown-unknown -O2 -nostdlib -ffreestanding -fno-builtin-memset \
        -Wl,--no-entry -Wl,-z,stack-size=4096 -Wl,--strip-debug -o $name.wasm $name.c
done
