# Pods, made as kubelet makes them: through containerd's part for Kubernetes (CRI), which is configured as the book says.

# pods IMAGE [WORD…]: a pod with one container (../examples/pods.rs).
pods() {
    local image=$1
    shift
    timeout 60 "$built/examples/pods" "$dir/containerd.sock" "$dir/pods" "docker.io/test/$image:1" "$@"
}
# for_pods IMAGE: the image that was made last, where Kubernetes looks for it.
for_pods() {
    ctr -n k8s.io image import --snapshotter native "$dir/image.tar" >/dev/null
    ctr -n k8s.io image tag "test/$1:1" "docker.io/test/$1:1" >/dev/null
}

if ! ctr plugins ls | grep -q cri; then
    echo "left out: pods: this containerd is built without its part for Kubernetes"
    return
fi
mkdir "$dir/pause"
for file in /bin/sleep $(ldd /bin/sleep | grep -o '/[^ ]*'); do
    cp --parents -L "$file" "$dir/pause"
done
image pause '/bin/sleep","infinity' "$dir/pause/."
for_pods pause
for guest in hello spin hog sleep; do
    image $guest "/$guest.wat" "tests/guests/$guest.wat"
    for_pods $guest
done

check "a pod's container prints" 0 "stdout F hello" until_said 20 pods hello
check "its end has a reason" 0 "reason: Completed" pods hello
check "an annotation of the pod is a limit" 134 "\`prova.dev/timeout\` is reached" pods spin prova.dev/timeout=300ms
check "fuel of the pod is one" 134 "\`prova.dev/fuel\` is reached" pods spin prova.dev/fuel=100000
check "an unknown annotation of the pod is refused by name" 1 "\`prova.dev/memroy\`: there is none" pods hello prova.dev/memroy=1
check "a container that the cgroup's memory ends is said to be so" 137 "reason: OOMKilled" pods hog memory=33554432
check "one that is killed otherwise is not" 143 "reason: Error" pods sleep stats
check "kubelet learns what it uses" 143 "has run: true, has memory: true, memory and what is left: 67108864" pods spin stats memory=67108864
check "other limits while it runs are refused" 143 "are not supported" pods spin update
