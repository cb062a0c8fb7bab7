# Images, programs and requests that mean no good, each beside one that is honest.

# linked NAME TARGET: an image with a module, whose entry point is a link to TARGET.
linked() {
    rm -rf "$dir/links"
    mkdir "$dir/links"
    cp tests/guests/hello.wat "$dir/links/"
    ln -s "$2" "$dir/links/link.wat"
    image "$1" /link.wat "$dir/links/."
}
linked inside hello.wat
check "an entry point may be a link" 0 hello run inside
cp tests/guests/hello.wat "$dir/outside.wat"
linked outside "../../../../../../../..$dir/outside.wat"
check "a link does not lead out of the root folder" 1 "failed to load \`/link.wat\`" run outside
linked circle link.wat
check "a link to itself is refused" 1 "failed to load \`/link.wat\`" run circle
linked proc /proc/self/pagemap
check "a file of the system is refused" 1 "failed to load \`/link.wat\`" run proc
truncate -s $(((1 << 30) + 1)) "$dir/large.wasm"
check "a file that is too large is refused" 1 "it has 1073741825 bytes, and may have 1073741824" run inside --mount "type=bind,src=$dir/large.wasm,dst=/hello.wat,options=rbind:ro"
image missing /none.wat tests/guests/hello.wat
check "an entry point without a file is refused by its name" 1 "failed to load \`/none.wat\`" run missing
mkdir -p "$dir/odd/folder.wat"
mkfifo "$dir/odd/pipe.wat"
image folder /folder.wat "$dir/odd/folder.wat"
check "a folder is refused" 1 "it is no file" run folder
image pipe /pipe.wat "$dir/odd/pipe.wat"
check "a pipe is refused" 1 "it is no file" run pipe

check "a limit of time of nothing ends it at once" 134 interrupt run hello --annotation prova.dev/timeout=0s
check "the longest limit of time is one" 0 hello run hello --annotation prova.dev/timeout=18446744073709551s
check "the most fuel is fuel" 0 hello run hello --annotation prova.dev/fuel=18446744073709551615
check "the most memory is memory" 0 hello run hello --annotation prova.dev/max-memory=18446744073709551615
check "no memory at all is a limit" 1 "memory" run hello --annotation prova.dev/max-memory=0
check "a line break in an annotation is refused" 1 "is not a duration" run hello --annotation prova.dev/timeout=$'1s\n'
check "an annotation without a name is refused" 1 "\`prova.dev/\`: there is none" run hello --annotation prova.dev/=1

image env /env.wat tests/guests/env.wat
check "its variables come" 0 "A=b=c" run env --env A=b=c
check "a variable without a name is one" 0 "A=b" run env --env =x --env A=b
check "its variables are no settings of the engine" 0 "RAYON_NUM_THREADS=x" run env --env RAYON_NUM_THREADS=x --env RUST_BACKTRACE=full
check "containerd's profile of seccomp lets a module run" 0 hello run hello --seccomp
check "it lets machine code run" 0 45000150000 run sqlite --seccomp -- /sqlite.wasm :memory: \
    "with recursive c(x) as (select 1 union all select x + 1 from c where x < 300000) select sum(x) from c"
user=1000:1000 image other /hello.wat tests/guests/hello.wat
check "another user runs a module" 0 hello run other
user=1000:1000 image guarded /write.wat tests/guests/write.wat
check "another user does not write into a folder of root's" 2 "" run guarded

id="c$$-odd"
# ended SIGNAL: ends the container by a signal, and removes it.
ended() {
    kill_until "$id" "$1"
    over "$id"
}
# signalled SIGNAL IMAGE: a container that is ended by a signal.
signalled() {
    begin "$id" "$2" && until_holds 20 is_in RUNNING "$id" && ended "$1"
}
check "SIGTERM ends a program that sleeps" 143 "" signalled SIGTERM sleep
check "SIGTERM ends a program that spins" 143 "" signalled SIGTERM spin
check "SIGTERM ends a program whose output nobody reads" 143 "" signalled SIGTERM flood
check "SIGKILL ends a program" 137 "" signalled SIGKILL sleep
check "the cgroup's memory is a limit where the engine's is counted too" 137 "" run hog --memory-limit 33554432
check "an annotation leaves memory for the engine" 9 "" run hog --memory-limit 134217728 --annotation prova.dev/max-memory=32M

# logged PLACE: what a container that nobody listens to leaves there, and its exit code.
logged() {
    begin "$id" hello --log-uri "$1" || { ctr container rm "$id" && return 1; }
    over "$id" || return
    cat "$dir/logs/hello.log"
}
check "a log is a file that is named" 0 hello logged "file://$dir/logs/hello.log"
check "it is appended to" 0 2 eval "logged 'file://$dir/logs/hello.log' | grep -c hello"
check "a log of another kind is refused by its name" 1 "of the kind \`npipe\`" logged npipe:///log
# A program that takes logs: output as descriptor 3, errors as 4; it closes 5 once it is ready.
cat >"$dir/logger" <<'END'
#!/bin/sh
exec >>"$2/hello.log"
echo "$1 $CONTAINER_NAMESPACE"
exec 5>&-
/bin/cat <&3
/bin/cat <&4
END
cat >"$dir/idler" <<'END'
#!/bin/sh
exec /bin/sleep 60
END
chmod +x "$dir/logger" "$dir/idler"
check "a program takes the log" 0 "folder default" logged "binary://$dir/logger?folder=$dir%2Flogs"
check "all of it" 0 3 grep -c hello "$dir/logs/hello.log"
check "a program for logs that is not there is refused by its name" 1 "\`$dir/none\`" logged "binary://$dir/none"
check "one that is not ready is refused" 1 "it is not ready after 10 s" logged "binary://$dir/idler"
check "a log that cannot be opened is refused" 1 "the log \`$dir/logs\`" logged "file://$dir/logs"

# Descriptors of a module's process that are folders: it has the one that it is granted.
folders() {
    local pid
    pid=$(pid_of "$id")
    stat -Lc %F "/proc/$pid"/fd/* | grep -c directory
}
begin "$id" sleep
until_holds 20 folders
check "nothing is open from the making of the container" 0 "" [ "$(folders)" = 1 ]
ended SIGKILL >/dev/null

# Requests at odd moments. The container lives on behind each, and then ends as usual.
begin "$id" spin
until_holds 20 is_in RUNNING "$id"
check "a running task cannot be deleted" 1 "" ctr task delete "$id"
check "another program in it is refused by its name" 1 "exec is not supported" ctr task exec --exec-id other "$id" /bin/sh
check "a checkpoint is refused by its name" 1 "checkpoints are not supported" ctr task checkpoint "$id"
check "a task that is not paused does not go on" 1 "it is not paused" ctr task resume "$id"
check "its numbers are there" 0 "memory.usage" ctr task metrics "$id"
check "its process is listed" 0 "$(pid_of "$id")" ctr task ps "$id"
check "a signal that there is none of is refused" 1 "" ctr task kill --signal 99 "$id"
check "it pauses" 0 "" ctr task pause "$id"
check "it is paused" 0 "" is_in PAUSED "$id"
check "a paused task cannot be deleted" 1 "" ctr task delete "$id"
check "it does not pause twice" 1 "it is Paused, not Started" ctr task pause "$id"
check "it goes on" 0 "" ctr task resume "$id"
check "it still runs" 0 "" is_in RUNNING "$id"
kill_until "$id" SIGKILL
check "numbers of a task that has ended are refused" 1 "" ctr task metrics "$id"
check "a signal behind the end finds nobody" 1 "process already finished: not found" ctr task kill "$id"
check "its exit code is still known" 137 "" over "$id"
check "a task that is gone is not found" 1 "not found" ctr task metrics "$id"
paused() {
    begin "$id" spin && until_holds 20 is_in RUNNING "$id" && ctr task pause "$id" && kill_until "$id" SIGKILL
    over "$id"
}
check "SIGKILL ends a program that is paused" 137 "" paused

# The containers of a pod, which have one shim: one of them ends, then all.
pod() {
    local ids=() codes=() shims
    for number in $(seq 8); do
        ids+=("c$$-pod-$number")
        begin "c$$-pod-$number" sleep --annotation io.kubernetes.cri.sandbox-id="c$$-pod"
    done
    shims=$(pgrep -fP 1,$$ "$dir/bin/containerd-shim-prova-v1 " | wc -l)
    for id in "${ids[@]}"; do
        ended SIGTERM
        codes+=($?)
    done
    echo "$shims: ${codes[*]}"
}
check "containers of a pod have one shim" 0 "1: 143 143 143 143 143 143 143 143" pod

# containerd is stopped and started while a container runs on, or ends.
begin "$id" spin
until_holds 20 is_in RUNNING "$id"
stop_containerd
start_containerd
check "a container outlives containerd" 0 "" is_in RUNNING "$id"
check "it takes signals from the next one" 143 "" ended SIGTERM
begin "$id" spin --annotation prova.dev/timeout=1s
program=$(pid_of "$id")
stop_containerd
until_holds 20 not kill -0 "$program"
start_containerd
check "a container that ends without containerd has an exit code" 134 "" over "$id"

# A container whose shim is killed: the first of its processes, whose others are of one name.
killed() {
    local program
    begin "$id" spin
    until_holds 20 is_in RUNNING "$id" || return
    program=$(pid_of "$id")
    kill -KILL "$(pgrep -f "$dir/bin/containerd-shim-prova-v1 -namespace default -id $id " | head -1)"
    until_holds 10 not kill -0 "$program" || echo "its program runs on"
    until_holds 10 not is_in RUNNING "$id" || echo "it is still listed"
    ctr task delete --force "$id" 2>/dev/null
    ctr container rm "$id"
}
quiet() {
    [ -z "$("$@" 2>&1 | tee /dev/stderr)" ]
}
check "a shim that is killed takes its program along" 0 "" quiet killed
# A container whose process that makes containers is killed, the last but one: it can be removed all the same.
halved() {
    begin "$id" spin
    until_holds 20 is_in RUNNING "$id" || return
    kill -KILL "$(pgrep -f "$dir/bin/containerd-shim-prova-v1 -namespace default -id $id " | grep -v "^$(pid_of "$id")$" | tail -1)"
    kill -KILL "$(pid_of "$id")"
    over "$id"
}
check "a container whose maker is killed is removed" 137 "" halved
