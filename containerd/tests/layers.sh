# Layers of media types of WebAssembly, which containerd takes since 1.6.25 and 1.7.7.

BYTECODE_ALLIANCE=application/vnd.bytecodealliance.wasm.component.layer.v0+wasm
CONTENT=application/vnd.wasm.content.layer.v1+wasm
ARTIFACT=application/wasm

version=$(ctr version | sed -n '/^Server/,$ s/ *Version: *v\{0,1\}\([0-9.]*\).*/\1/p')
takes_layers() {
    local least=1.7.7
    [[ $version == 1.6.* ]] && least=1.6.25
    [ "$(printf '%s\n' $least "$version" | sort -V | head -1)" = $least ]
}

printf '(module (memory (export "memory") 1) (func (export "_start")))' >"$dir/idle.wat"
head -c $((40 << 20)) /dev/zero | tr '\0' ' ' >>"$dir/idle.wat"
if ! takes_layers; then
    echo "left out: layers of WebAssembly: this is containerd $version, and it takes them since 1.6.25 and 1.7.7 (\`CONTAINERD=DIR ./test\` takes another)"
    check "a containerd that takes no layers of WebAssembly says so" 1 "mismatched image rootfs" layered old /hello $CONFIG $CONTENT "$dir/hello.wasm"
    return
fi

# The label of a layer that says where its artifact is: its name and value. It is there a while after the first run.
label_of() {
    ctr content ls | grep "^sha256:$(digest "$1")" | grep -o 'prova.dev/compiled[^,[:space:]]*'
}
compiled() {
    until_holds 30 label_of "$1"
    label_of "$1"
}
for type in $BYTECODE_ALLIANCE $CONTENT $ARTIFACT; do
    layered layer /hello $CONFIG $type "$dir/hello.wasm"
    check "a layer of $type runs" 0 hello run layer
done
# The last image again, as a list of manifests for two machines, of which the other one's is not there.
listed() {
    local manifest list
    manifest=$(blob "$dir/manifest.json" application/vnd.oci.image.manifest.v1+json)
    printf '{"schemaVersion":2,"manifests":[%s,"platform":{"architecture":"s390x","os":"linux"}},%s,"platform":{"architecture":"%s","os":"linux"}}]}' \
        '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:'"$(printf '0%.0s' $(seq 64))"'","size":1' \
        "${manifest%\}}" "$arch" >"$dir/list.json"
    list=$(blob "$dir/list.json" application/vnd.oci.image.index.v1+json)
    printf '{"schemaVersion":2,"manifests":[%s,"annotations":{"io.containerd.image.name":"test/listed:1"}}]}' "${list%\}}" >"$dir/image/index.json"
    tar -C "$dir/image" -cf "$dir/image.tar" .
    ctr image import --snapshotter native "$dir/image.tar" >/dev/null
}
listed
check "a layer is found by a list of manifests" 0 hello run listed

layered text /hello $CONFIG $CONTENT tests/guests/hello.wat
check "a layer in the text format runs" 0 hello run text
check "it is not compiled before" 0 "=none" compiled tests/guests/hello.wat
check "the machine code of one in the binary format is kept" 0 "=sha256:" compiled "$dir/hello.wasm"
check "it runs from that" 0 good-day run layer -- /hello good-day
check "it runs under a limit of time" 0 hello run layer --annotation prova.dev/timeout=60s
check "it runs under fuel" 134 "all fuel consumed" run layer --annotation prova.dev/fuel=1

layered export "/exit#four" $CONFIG $CONTENT "$dir/exit.wasm"
check "another export of a layer is named behind #" 4 "" run export
layered first /first $CONFIG $CONTENT "$dir/first.wasm"
check "another layer is another program" 0 first run first
# The label of hello's machine code at the module first.
ctr content label "sha256:$(digest "$dir/first.wasm")" "$(compiled "$dir/hello.wasm")" >/dev/null
check "machine code of another module is refused" 1 "is of another module" run first
ctr content label "sha256:$(digest "$dir/first.wasm")" "$(compiled "$dir/hello.wasm" | sed 's/=.*/=sha256:0000000000000000000000000000000000000000000000000000000000000000/')" >/dev/null
check "machine code that is gone is not needed" 0 first run first
remade() {
    label_of "$dir/first.wasm" | grep -v =sha256:0000
}
check "it is made again" 0 "=sha256:" until_said 30 remade

# A layer whose bytes containerd has no longer.
damaged() {
    local blob=$dir/root/io.containerd.content.v1.content/blobs/sha256/$(digest "$dir/first.wasm") code
    cp "$blob" "$dir/kept"
    sed 's/first/other/' "$dir/kept" >"$dir/other.wasm"
    cp "$dir/other.wasm" "$blob"
    run first --annotation prova.dev/timeout=60s
    code=$?
    cp "$dir/kept" "$blob"
    return $code
}
check "a layer that was damaged is refused" 1 "it is damaged" damaged
check "one that is mended runs" 0 first run first --annotation prova.dev/timeout=60s

for name in hello cut changed; do
    layered $name-layer /program $CONFIG $CONTENT "$dir/$name.prova"
done
check "a layer that is an artifact runs" 0 hello run hello-layer
check "a layer that is a part of an artifact is refused" 1 "failed to load layer" run cut-layer
check "what does not compile is not tried again" 0 "=none" compiled "$dir/cut.prova"
check "a layer that is a changed artifact is refused, or its module runs" 0 "" either 0 1 run changed-layer
layered component-layer /program $CONFIG $BYTECODE_ALLIANCE "$dir/component.wasm"
check "a layer that is a component says what it is" 1 "it is a component" run component-layer
: >"$dir/empty.wasm"
layered empty-layer /program $CONFIG $CONTENT "$dir/empty.wasm"
check "an empty layer is refused" 1 "" run empty-layer
layered pair /hello $CONFIG $CONTENT "$dir/hello.wasm" $CONTENT "$dir/first.wasm"
check "two layers of WebAssembly are refused by their number" 1 "the image has 2 layers of WebAssembly" run pair
layered zip /hello $CONFIG $CONTENT+gzip "$dir/hello.wasm"
check "another media type is refused by its name" 1 "\`$CONTENT+gzip\`" run zip
# 40 MiB of text: its bytes are the container's, not the shim's.
layered idle /idle $CONFIG $CONTENT "$dir/idle.wat"
check "a large layer runs" 0 "" run idle --annotation prova.dev/timeout=60s
check "a large layer counts as the container's memory" 137 "" run idle --annotation prova.dev/timeout=60s --memory-limit 33554432

# `ctr run` takes no configuration but an image's own, so a container is made of an image whose name then leads to the
# artifact. (Kubernetes takes any.)
renamed() {
    local id="c$$-renamed" code
    layered renamed /hello $CONFIG $CONTENT "$dir/first.wasm"
    ctr container create --snapshotter native --runtime io.containerd.prova.v1 test/renamed:1 "$id"
    layered renamed /hello application/vnd.wasm.config.v0+json $ARTIFACT "$dir/hello.wasm"
    ctr task start --fifo-dir "$dir/fifo" "$id"
    code=$?
    ctr container rm "$id"
    return $code
}
check "an artifact with a configuration of WebAssembly runs" 0 hello renamed

sed 's/hello/salut/' "$dir/hello.wasm" >"$dir/salut.wasm"
layered salut /salut $CONFIG $CONTENT "$dir/salut.wasm"
check "a new layer runs ten times at once" 0 "10 of 10" at_once salut 10 salut
