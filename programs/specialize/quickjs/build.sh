#!/bin/sh
# Builds a script in JavaScript with its interpreter, to be specialised: build.sh QUICKJS SCRIPT OUT
#
# QUICKJS is the source folder of QuickJS 2025-04-26 (Debian: apt-get source quickjs). Makes
# OUT/NAME.wasm, and OUT/NAME-plain.wasm with QuickJS as it is. Needs clang 22 and wasi-libc.
set -e
here=$(cd "$(dirname "$0")" && pwd)
quickjs=$1 script=$(realpath "$2") out=$3
name=$(basename "$script" .js)
work=$out/objects
mkdir -p "$work"
# EMSCRIPTEN: no threads, and a switch in the place of computed goto.
flags="--target=wasm32-wasi -O2 -I$here/.. -I$work -D_GNU_SOURCE -DEMSCRIPTEN
    -DCONFIG_VERSION=\"2025-04-26\" -Wno-everything -std=gnu23"
if [ ! -e "$work/done" ]; then
    echo '/* Included by dtoa.c, used by nobody. */' > "$work/setjmp.h"
    cp "$quickjs"/*.h "$quickjs"/*.c "$here/frame.c" "$work"
    # A function has a place for what is made of it, and is asked for it when it starts.
    start='^static JSValue JS_CallInternal(JSContext \*caller_ctx, JSValueConst func_obj,'
    sed -e '/^typedef struct JSFunctionBytecode {/,/^}/s/^    int byte_code_len;/&\n    void *compiled;/' \
        -e "/$start/i #include \"frame.c\"" \
        -e "/$start/,/^}/s/^ restart:/#include \"enter.inc\"\n&/" \
        "$quickjs/quickjs.c" > "$work/whole.c"
    cp "$here/enter.inc" "$work"
    sed -n "/$start/,/^}/p" "$quickjs/quickjs.c" | sed -n '/^        SWITCH(pc) {/,/^ exception:/p' |
        sed -e '/^ exception:/d' | sed -e '$d' | sed -f "$here/frame.sed" > "$work/body.inc"
    for file in libregexp libunicode cutils dtoa; do
        clang-22 $flags -c -o "$work/$file.o" "$work/$file.c"
    done
    clang-22 $flags -c -o "$work/plain.o" "$quickjs/quickjs.c"
    clang-22 $flags -c -o "$work/whole.o" "$work/whole.c"
    touch "$work/done"
fi
objects=$(for file in libregexp libunicode cutils dtoa; do echo "$work/$file.o"; done)
link="-Wl,-z,stack-size=1048576 -lm --no-wasm-opt"
clang-22 $flags "-DSCRIPT=\"$script\"" -o "$out/$name.wasm" "$here/main.c" $objects \
    "$work/whole.o" $link
clang-22 $flags -DPLAIN "-DSCRIPT=\"$script\"" -o "$out/$name-plain.wasm" "$here/main.c" $objects \
    "$work/plain.o" $link
