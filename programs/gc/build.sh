#!/bin/sh
# Builds mix.wasm (Node 20): MoonBit's compiler and its library are packages of the npm registry.
set -e
here=$(cd "$(dirname "$0")" && pwd)
folder=${TMPDIR:-/tmp}/mix
mkdir -p "$folder"
cd "$folder"
npm install --no-save --prefix . @moonbit/moonc-worker@0.1.202605123 @moonbit/moonpad-monaco@0.1.202602255 >/dev/null
node "$here/build.js" "$folder/node_modules/@moonbit" "$here/mix.mbt" "$here/mix.wasm"
