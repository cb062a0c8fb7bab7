#!/bin/sh
# Runs all examples under valgrind (a package of that name): no access of memory that is not the program's, and nothing that
# is left at its end. Says how many ran, and ends with 1 if one failed. `crates/c-api/valgrind.sh [NAME…]` from anywhere.
#
# Programs begin in bytecode, and what is hot runs as machine code, as ever. It runs what `cargo test -p prova-c-api` has compiled, so it begins with that. `valgrind.supp` lists what the Rust library
# and threads leave behind on purpose.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
command -v valgrind >/dev/null || { echo "valgrind.sh: there is no valgrind on this machine"; exit 1; }
cargo test --quiet --workspace --test c_api >/dev/null
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
failed=0 count=0
for source in examples/*.c examples/*.cc tests/programs/*.c; do
    name=$(basename "${source%.*}") ending=${source##*.}
    case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
    count=$((count + 1))
    # Valgrind leaves a program 128 GiB of address space, and takes faults on purpose for errors.
    case $name in many) argument=compare ;; moved) argument=quiet ;; *) argument= ;; esac
    log=$target/debug/c-api-tests/$name.valgrind
    if (cd examples && valgrind --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible \
        --child-silent-after-fork=yes --num-callers=30 --suppressions="$here/valgrind.supp" --gen-suppressions=all --log-file="$log" \
        "$target/debug/c-api-tests/$ending/$name" $argument >/dev/null); then
        echo "ok      $source"
    else
        echo "FAILED  $source: see $log"
        failed=1
    fi
done
echo "$count programs"
exit $failed
