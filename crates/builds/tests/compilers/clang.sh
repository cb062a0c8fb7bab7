#!/bin/sh
# clang.sh VERSION [ROOT]: unpacks clang VERSION of Debian into ROOT, without installing it, and prints the path of a `clang` to run.
#
# 9 and 11 come from bullseye, 13 to 16, 19 and 22 from bookworm. Packages are fetched by apt with lists of its own, verified by
# Debian's keys, and unpacked by `dpkg-deb -x`; nothing outside ROOT is written, and no rights are needed. A version that is there
# already is only printed. Some 35 MB (9) to 150 MB (22) are fetched.
set -eu

version=${1:?usage: clang.sh VERSION [ROOT]}
root=${2:-${XDG_CACHE_HOME:-$HOME/.cache}/prova-compilers}
case $version in
9 | 11) release=bullseye security=bullseye-security ;;
*) release=bookworm security=bookworm-security ;;
esac
own=$root/clang-$version
run=$own/run/clang
if [ -x "$run" ]; then
    echo "$run"
    exit
fi

apt=$root/apt-$release
mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$own/packages"
cat >"$apt/sources.list" <<END
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $release main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian-security $security main
END
: >"$apt/status"
options="-o Dir::Etc::sourcelist=$apt/sources.list -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null
 -o Dir::State=$apt/state -o Dir::State::status=$apt/status -o Dir::Cache=$apt/cache -o APT::Sandbox::User=root -o Acquire::Languages=none"
[ -n "$(find "$apt/state/lists" -name '*_Packages*' -print -quit)" ] || apt-get $options -qq update >&2

# What the compiler is linked with that this system may lack; its C library is taken from the system.
packages="clang-$version libclang-common-$version-dev libllvm$version libclang-cpp$version llvm-$version lld-$version"
case $release in
bullseye) packages="$packages libffi7" ;;
*) packages="$packages libffi8" ;;
esac
case $version in
13 | 14 | 15 | 16 | 19 | 22) packages="$packages libz3-4 libedit2 libxml2 libbsd0 libmd0" ;;
esac
for package in $packages; do
    # Names differ between releases; what is really missing shows when the compiler is run.
    (cd "$own/packages" && apt-get $options -qq download "$package" >&2) || echo "clang.sh: no package $package" >&2
done
for package in "$own"/packages/*.deb; do
    dpkg-deb -x "$package" "$own/root"
done
rm -r "$own/packages"

libraries=$own/root/usr/lib/x86_64-linux-gnu:$own/root/usr/lib/llvm-$version/lib
mkdir -p "$own/run"
for tool in clang lld opt llc; do
    [ -e "$own/root/usr/lib/llvm-$version/bin/$tool" ] || continue
    name=$tool
    [ $tool = lld ] && name=wasm-ld
    cat >"$own/run/$name" <<END
#!/bin/sh
LD_LIBRARY_PATH=$libraries exec "$own/root/usr/lib/llvm-$version/bin/$name" "\$@"
END
    chmod +x "$own/run/$name"
done
"$run" --version >&2
echo "$run"
