#!/bin/sh
# Builds tally.wasm (Python 3.12, Node 20): p2w is a package of PyPI, Binaryen one of the npm registry.
set -e
here=$(cd "$(dirname "$0")" && pwd)
folder=${TMPDIR:-/tmp}/tally
mkdir -p "$folder"
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet p2w==0.2.3 PyYAML==6.0.3
npm install --no-save --prefix . binaryen@132.0.0 >/dev/null
venv/bin/python -m p2w "$here/tally.py" -o tally.wat
features="--enable-gc --enable-reference-types --enable-exception-handling --enable-bulk-memory --enable-nontrapping-float-to-int"
node node_modules/binaryen/bin/wasm-opt $features --enable-tail-call --enable-multivalue --enable-mutable-globals --enable-sign-ext \
    -O2 tally.wat -o "$here/tally.wasm"
