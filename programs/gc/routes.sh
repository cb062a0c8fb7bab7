#!/bin/sh
# Builds routes.wasm (Java 17, Node 20): the Kotlin compiler with its library, and Binaryen, are packages
# of the npm registry.
set -e
here=$(cd "$(dirname "$0")" && pwd)
folder=${TMPDIR:-/tmp}/routes
mkdir -p "$folder"
cd "$folder"
npm install --no-save --prefix . kotlin-compiler@2.4.20 binaryen@132.0.0 >/dev/null
kotlin=$folder/node_modules/kotlin-compiler
options="-Xwasm-target=wasm-wasi -libraries $kotlin/lib/kotlin-stdlib-wasm-wasi.klib -ir-output-name routes"
bash "$kotlin/bin/kotlinc-wasm" $options -ir-output-dir klib "$here/routes.kt"
bash "$kotlin/bin/kotlinc-wasm" $options -Xwasm-use-new-exception-proposal -Xir-dce -Xinclude=klib/routes.klib -ir-output-dir linked
features="--enable-gc --enable-reference-types --enable-exception-handling --enable-bulk-memory --enable-nontrapping-float-to-int"
node node_modules/binaryen/bin/wasm-opt $features --closed-world --strip-debug --type-ssa -O3 --gufa --type-merging -Oz \
    linked/routes.wasm -o "$here/routes.wasm"
