#!/bin/sh
# Builds a Lua script with its interpreter, to be specialised: build.sh LUA SCRIPT OUT
#
# LUA is the source folder of Lua 5.4 (Debian: apt-get source lua5.4, then lua5.4-5.4.7/src). Makes
# OUT/NAME.wasm, and OUT/NAME-plain.wasm with Lua as it is. Needs clang 22 and wasi-libc. With TRAPS=1
# in the environment an error in Lua is a trap, and there is no pcall: for tools without exceptions.
set -e
here=$(cd "$(dirname "$0")" && pwd)
lua=$1 script=$(realpath "$2") out=$3
name=$(basename "$script" .lua)
work=$out/objects
mkdir -p "$work"
flags="--target=wasm32-wasi -O2 -I$here/shim -I$here/.. -I$work -include $here/shim/prelude.h
    -D_WASI_EMULATED_PROCESS_CLOCKS -Wno-everything -std=gnu23"
if [ "${TRAPS:-0}" = 1 ]; then
    flags="$flags -DTRAPS" catch=
else
    flags="$flags -mexception-handling -mllvm -wasm-enable-sjlj -mllvm -wasm-use-legacy-eh=false"
    catch=setjmp
fi
sources="lapi lauxlib lbaselib lcode lcorolib lctype ldblib ldebug ldo ldump lfunc lgc linit liolib
    llex lmathlib lmem loadlib lobject lopcodes loslib lparser lstate lstring lstrlib ltable ltablib
    ltm lundump lutf8lib lzio"
if [ ! -e "$work/done" ]; then
    # Debian's patches ask for the name of its folder of libraries, for paths that are not looked at.
    echo '#define DEB_HOST_MULTIARCH "wasm32-wasi"' > "$work/lua5.4-deb-multiarch.h"
    cp "$lua"/*.h "$lua"/*.c "$work"
    # A prototype has a place for its function.
    sed -i '/^typedef struct Proto {/,/^} Proto;/s/^  GCObject \*gclist;/&\n  void *compiled;/' "$work/lobject.h"
    sed -i 's/^  f->k = NULL;/&\n  f->compiled = NULL;/' "$work/lfunc.c"
    sed -f "$here/execute.sed" "$work/lvm.c" > "$work/lvm.inc"
    sed '/^EXECUTE {/,$d' "$work/lvm.inc" > "$work/head.inc"
    sed -n '/^EXECUTE {/,$p' "$work/lvm.inc" > "$work/body.inc"
    for name_ in $sources lvm; do
        clang-22 $flags -c -o "$work/$name_.o" "$work/$name_.c"
    done
    [ -z "$catch" ] || clang-22 $flags -c -o "$work/setjmp.o" "$here/shim/setjmp.c"
    clang-22 $flags -c -o "$work/execute.o" "$here/execute.c"
    touch "$work/done"
fi
objects=$(for name_ in $sources $catch; do echo "$work/$name_.o"; done)
link="-Wl,-z,stack-size=1048576 -lwasi-emulated-process-clocks -lm --no-wasm-opt"
clang-22 $flags "-DSCRIPT=\"$script\"" -o "$out/$name.wasm" "$here/main.c" $objects \
    "$work/execute.o" $link
clang-22 $flags -DPLAIN "-DSCRIPT=\"$script\"" -o "$out/$name-plain.wasm" "$here/main.c" $objects \
    "$work/lvm.o" $link
