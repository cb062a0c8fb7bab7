# What the checks of `../test` share: images, containers, results. `$dir` is their folder.

ctr() {
    timeout 60 "$ctr" --address "$dir/containerd.sock" "$@"
}

digest() {
    sha256sum "$1" | cut -d' ' -f1
}

# Puts a file into the image's store and prints its descriptor of this media type.
blob() {
    local sha
    sha=$(digest "$1")
    cp "$1" "$dir/image/blobs/sha256/$sha"
    printf '{"mediaType":"%s","digest":"sha256:%s","size":%s}' "$2" "$sha" "$(stat -c %s "$1")"
}

CONFIG=application/vnd.oci.image.config.v1+json
arch=$(dpkg --print-architecture 2>/dev/null || echo amd64)

# begin_image: an image that has nothing yet.
begin_image() {
    rm -rf "$dir/image" "$dir/rootfs"
    mkdir -p "$dir/image/blobs/sha256" "$dir/rootfs"
}

# end_image NAME ENTRY CONFIG-TYPE LAYERS DIFF-IDS: imports the image, which runs as $user if that is set.
end_image() {
    local name=$1 config manifest
    printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["%s"],"User":"%s","Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
        "$arch" "$2" "${user:-}" "$5" >"$dir/config.json"
    config=$(blob "$dir/config.json" "$3")
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' "$config" "$4" >"$dir/manifest.json"
    manifest=$(blob "$dir/manifest.json" application/vnd.oci.image.manifest.v1+json)
    printf '{"schemaVersion":2,"manifests":[%s,"platform":{"architecture":"%s","os":"linux"},"annotations":{"io.containerd.image.name":"%s"}}]}' \
        "${manifest%\}}" "$arch" "test/$name:1" >"$dir/image/index.json"
    echo '{"imageLayoutVersion":"1.0.0"}' >"$dir/image/oci-layout"
    tar -C "$dir/image" -cf "$dir/image.tar" .
    ctr image import --snapshotter native "$dir/image.tar" >/dev/null
}

# image NAME ENTRY FILE…: an image whose root folder has these files, and which runs ENTRY.
image() {
    local name=$1 entry=$2 layer
    shift 2
    begin_image
    cp -a "$@" "$dir/rootfs/"
    tar -C "$dir/rootfs" --sort=name --owner=0 --group=0 -cf "$dir/layer.tar" .
    layer=$(blob "$dir/layer.tar" application/vnd.oci.image.layer.v1.tar)
    end_image "$name" "$entry" $CONFIG "$layer" "\"sha256:$(digest "$dir/layer.tar")\"" ||
        echo "the image $name cannot be imported"
}

# layered NAME ENTRY CONFIG-TYPE [TYPE FILE]…: an image whose layers are these files, each of its media type.
layered() {
    local name=$1 entry=$2 config=$3 layers=()
    shift 3
    begin_image
    while [ $# -gt 0 ]; do
        layers+=("$(blob "$2" "$1")")
        shift 2
    done
    end_image "$name" "$entry" "$config" "$(IFS=,; echo "${layers[*]}")" ""
}

passed=0 failed=0
# check NAME CODE TEXT COMMAND…: the command ends with CODE and prints TEXT somewhere.
check() {
    local name=$1 code=$2 text=$3 said got
    shift 3
    said=$("$@" 2>&1)
    got=$?
    if [ "$got" = "$code" ] && grep -qF -- "$text" <<<"$said"; then
        echo "ok      $name"
        passed=$((passed + 1))
    else
        echo "FAILED  $name: ended with $got, not $code, or did not print \`$text\`:"
        sed 's/^/        /' <<<"$said"
        failed=$((failed + 1))
    fi
}

number=0
# run IMAGE [OPTIONS… --] [ARGS…]: a container that goes when it has ended.
run() {
    local image=$1 options=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    [ $# -gt 0 ] && shift
    number=$((number + 1))
    ctr run --rm --snapshotter native --fifo-dir "$dir/fifo" --runtime io.containerd.prova.v1 \
        "${options[@]}" "test/$image:1" "c$$-$number-$RANDOM" "$@"
}

# at_once IMAGE NUMBER TEXT: says how many of so many containers, all begun at once, print the text and end with 0, and
# how the others ended.
at_once() {
    local name=$1 programs=() right=0 code
    for number in $(seq "$2"); do
        run "$name" >"$dir/said.$number" 2>&1 &
        programs+=($!)
    done
    for number in $(seq "$2"); do
        wait "${programs[$((number - 1))]}"
        code=$?
        if [ $code = 0 ] && [ "$(cat "$dir/said.$number")" = "$3" ]; then
            right=$((right + 1))
        else
            echo "one ended with $code: $(cat "$dir/said.$number")"
        fi
    done
    rm -f "$dir"/said.*
    echo "$right of $2"
}

# begin ID IMAGE [OPTIONS…]: a container that runs on behind. Nobody reads what it prints.
begin() {
    local id=$1 image=$2
    shift 2
    ctr run -d --snapshotter native --fifo-dir "$dir/fifo" --runtime io.containerd.prova.v1 "$@" "test/$image:1" "$id" >/dev/null
}

# until SECONDS COMMAND…: waits until the command holds.
until_holds() {
    local tries=$(($1 * 10))
    shift
    for _ in $(seq $tries); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}

# until_said SECONDS COMMAND…: the same, and what it printed then.
until_said() {
    until_holds "$@"
    shift
    "$@"
}

# is_in STATE ID: whether a container's task is in this state.
is_in() {
    ctr task ls | grep -q "^$2 .* $1"
}

# pid_of ID: the number of a container's first process.
pid_of() {
    ctr task ls | sed -n "s/^$1 *\([0-9]*\) .*/\1/p"
}

not() {
    ! "$@"
}

# over ID: removes a container that runs behind, once its task has ended: the task's exit code.
over() {
    local said code
    until_holds 20 is_in STOPPED "$1" || echo "$1 does not end"
    said=$(ctr task delete "$1" 2>&1)
    code=$?
    # 1.7 says it, 1.6 ends with it.
    [[ $said =~ "exit code "([0-9]+) ]] && code=${BASH_REMATCH[1]}
    ctr container rm "$1"
    return $code
}

# kill_until ID SIGNAL: signals a container until it has ended. Its handlers are there a moment after its process, and
# until then a first process ignores signals.
kill_until() {
    for _ in $(seq 100); do
        ctr task kill --signal "$2" "$1" 2>/dev/null
        is_in STOPPED "$1" && return
        sleep 0.1
    done
}

# What containers leave: processes of the shim, mounts, cgroups, state.
left() {
    ls /run/containerd/s
    pgrep -f "$dir/bin/containerd-shim-prova-v1" | sort
    grep -F "$dir" /proc/mounts
    find /sys/fs/cgroup -type d -name "c$$-*" 2>/dev/null
    find "$dir/state" /run/containerd/prova -mindepth 1 -name "c$$-*" 2>/dev/null
    ctr container ls -q
    ctr -n k8s.io container ls -q
    ctr leases ls -q
    ctr snapshot --snapshotter native ls 2>/dev/null | grep "c$$-" || true
}
