# Containers that let machine code run only with a proof (`prova.dev/require`). Files and layers whose code lies show whether
# it ran: the module in them ends with 3, and the code that stands beside it with 5.

proved=(--annotation prova.dev/require=proved)
sed 's/i32.const 3/i32.const 5/' tests/guests/exit.wat >"$dir/five.wat"
compile=$built/examples/compile
"$compile" tests/guests/exit.wat "$dir/lie.prova" "$dir/five.wat"
"$compile" --proved tests/guests/exit.wat "$dir/proved-lie.prova" "$dir/five.wat"
"$compile" --proved tests/guests/exit.wat "$dir/proved.prova"
for file in lie proved-lie proved; do
    image $file /$file.prova "$dir/$file.prova"
done
image wide /wide.wat tests/guests/wide.wat

check "another requirement is refused by name" 1 "\`prova.dev/require\`: \`confined\` is not \`proved\`" run hello --annotation prova.dev/require=confined
check "a program prints where a proof is required" 0 good-day run hello "${proved[@]}" -- /hello.wat good-day
check "a function without a proof runs as bytecode" 9 "" run wide "${proved[@]}"
check "SQLite answers where a proof is required" 0 "42|prova" run sqlite "${proved[@]}" -- /sqlite.wasm :memory: "select 6*7, 'prova'"
check "an artifact with proofs runs where one is required" 3 "" run proved "${proved[@]}"
check "an artifact without proofs is its module there" 3 "" run exit "${proved[@]}"
check "code that lies runs where no proof is required" 5 "" run lie
check "it does not run where one is" 3 "" run lie "${proved[@]}"
check "nor with proofs of what it does" 3 "" run proved-lie "${proved[@]}"
check "nor under a limit of time" 3 "" run proved-lie "${proved[@]}" --annotation prova.dev/timeout=60s
check "nor under fuel" 3 "" run proved-lie "${proved[@]}" --annotation prova.dev/fuel=1000000
check "a limit of time ends a program that spins, proved" 134 interrupt run spin "${proved[@]}" --annotation prova.dev/timeout=1s
check "fuel ends a program that spins, proved" 134 "all fuel consumed" run spin "${proved[@]}" --annotation prova.dev/fuel=100000
check "a trap ends with 134, proved" 134 "wasm \`unreachable\` instruction executed" run trap "${proved[@]}"

takes_layers || return

# artifact_of MODULE LABEL: the value of the layer's label whose name begins so.
artifact_of() {
    ctr content ls | grep "^sha256:$(digest "$1")" | grep -o "prova.dev/$2-[0-9][^,[:space:]]*"
}
"$compile" tests/guests/exit.wat "$dir/three.wasm"
layered three /three $CONFIG $CONTENT "$dir/three.wasm"
check "a layer runs where a proof is required" 3 "" run three "${proved[@]}"
check "its machine code is kept with its proofs" 0 "=sha256:" until_said 60 artifact_of "$dir/three.wasm" proved
check "it runs from that" 3 "" run three "${proved[@]}"
check "one without proofs is kept beside it" 3 "" run three
check "under a name that says so" 0 "=sha256:" until_said 60 artifact_of "$dir/three.wasm" compiled
for limit in timeout=60s fuel=1000000; do
    name=proved-$([ $limit = timeout=60s ] && echo epochs || echo fuel)
    check "a layer runs, proved, with a limit: $limit" 3 "" run three "${proved[@]}" --annotation prova.dev/$limit
    check "its machine code is kept for that" 0 "=sha256:" until_said 60 artifact_of "$dir/three.wasm" $name
    check "it runs from that, with a limit: $limit" 3 "" run three "${proved[@]}" --annotation prova.dev/$limit
done
kept() {
    ctr content ls -q >"$dir/contents"
    for name in proved proved-epochs proved-fuel compiled; do
        artifact=$(artifact_of "$dir/three.wasm" $name | sed 's/.*=//')
        grep -qF "${artifact:-none}" "$dir/contents" || echo "$name is not kept"
    done
}
check "all of them are kept" 0 "" quiet kept

# Code that lies, in the place of the layer's own. An image keeps it.
for file in lie proved-lie; do
    blob=sha256:$(digest "$dir/$file.prova")
    layered kept-$file /program $CONFIG $CONTENT "$dir/$file.prova"
    for name in compiled proved; do
        label=$(artifact_of "$dir/three.wasm" $name | sed 's/=.*//')
        ctr content label "sha256:$(digest "$dir/three.wasm")" "$label=$blob" >/dev/null
    done
    check "kept code that lies ($file) runs where no proof is required" 5 "" run three
    check "it does not run where one is ($file)" 3 "" run three "${proved[@]}"
done
