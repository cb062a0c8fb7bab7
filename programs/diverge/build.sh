#!/bin/sh
# Builds the variants of field.c beside it (clang 22): as it is, with another limit, without the
# check, and once more as it is, compiled otherwise.
#
#     programs/diverge/build.sh
#     prova diverge --sides tail --against programs/diverge/field-63.wasm programs/diverge/field.wasm 64
set -eu
cd "$(dirname "$0")"
build() {
    out=$1
    shift
    clang-22 --target=wasm32-unknown-unknown -nostdlib -ffreestanding -fno-builtin --no-wasm-opt "$@" \
        -Wl,--export=_start -Wl,--export-memory -o "$out" field.c
}
build field.wasm -O2
build field-63.wasm -O2 -DLIMIT=63
build field-unchecked.wasm -O2 -DCHECK=0
build field-same.wasm -O2 -fno-inline
