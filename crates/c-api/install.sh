#!/bin/sh
# Installs the C API: headers, libraries, and the files by which pkg-config and CMake find them.
# `crates/c-api/install.sh PREFIX [LIBRARIES]` from anywhere; LIBRARIES is the folder that has libprova_c.so and
# libprova_c.a, by default the one where `cargo build --release -p prova-c-api` leaves them ($CARGO_TARGET_DIR/release).
set -eu
[ $# -ge 1 ] || { echo "usage: install.sh PREFIX [LIBRARIES]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
libraries=${2:-${CARGO_TARGET_DIR:-$here/../../target}/release}
for name in libprova_c.so libprova_c.a; do
    [ -f "$libraries/$name" ] || { echo "install.sh: there is no $name in $libraries: cargo build --release -p prova-c-api" >&2; exit 1; }
done
version=$(sed -n 's/^#define PROVA_VERSION "\(.*\)"$/\1/p' "$here/include/prova.h")
minor=${version%.*}
mkdir -p "$prefix/include/prova" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/Prova"
install -m 644 "$here"/include/*.h "$prefix/include/"
install -m 644 "$here"/include/prova/*.h "$prefix/include/prova/"
# Not into the file that is there: programs that run have it mapped.
install -m 755 "$libraries/libprova_c.so" "$prefix/lib/"
install -m 644 "$libraries/libprova_c.a" "$prefix/lib/"
for name in prova.pc prova-static.pc; do
    sed "s/@VERSION@/$version/" "$here/install/$name.in" >"$prefix/lib/pkgconfig/$name"
done
cp "$here/install/ProvaConfig.cmake" "$prefix/lib/cmake/Prova/"
sed "s/@VERSION@/$version/; s/@MINOR@/$minor/" "$here/install/ProvaConfigVersion.cmake.in" \
    >"$prefix/lib/cmake/Prova/ProvaConfigVersion.cmake"
echo "installed Prova $version in $prefix"
