//! Keys of Wasmtime's groups that choose nothing here, each with the reason.

/// The reasons that several keys have.
const FIXED: &str = "settings of the code generator are fixed, since the check of machine code depends on them (`prova settings` lists them)";
const SHAPE: &str = "how memories lie in the address space is fixed; `-O memory` chooses between a guard and comparisons";
const POOL: &str = "a run has one store, so there is no pool";
const COMPONENTS: &str = "components do not run here, only core modules with WASI preview 1";
const NETWORK: &str = "a guest gets no network but the listeners of `-S tcplisten`";
const ALWAYS: &str = "preview 1 is always there";

/// Beginnings of keys with their reasons; a beginning that is a whole key has no `*` behind it.
const KEYS: &[(char, &str, &str)] = &[
    ('O', "opt-level", FIXED),
    ('O', "regalloc-algorithm", FIXED),
    ('O', "memory-guard-size", SHAPE),
    ('O', "memory-reservation*", SHAPE),
    ('O', "guard-before-linear-memory", SHAPE),
    ('O', "static-memory-*", SHAPE),
    ('O', "dynamic-memory-*", SHAPE),
    ('O', "memory-init-cow", "data segments are mapped where that is quicker"),
    ('O', "table-lazy-init", "tables are filled when they are made"),
    ('O', "pooling-*", POOL),
    ('O', "memory-protection-keys", POOL),
    ('C', "cranelift-*", FIXED),
    ('C', "collector", "there is no garbage collector to choose"),
    ('C', "pcc", "all machine code is checked; `prova trust` says how"),
    ('C', "native-unwind-info", FIXED),
    ('C', "inlining", FIXED),
    (
        'C',
        "parallel-compilation",
        "functions are compiled while the program runs; `-O background=n` waits for each",
    ),
    ('C', "cache-config", "the cache is a folder: `--cache DIR`, and `prova cache` cares for it"),
    (
        'D',
        "debug-info",
        "machine code has no debug information for native debuggers; backtraces name places in the source without it",
    ),
    (
        'D',
        "guest-debug",
        "`-g PORT` or `prova debug` waits for a debugger; nothing else is to be chosen",
    ),
    ('D', "address-map", "backtraces always know their offsets"),
    ('D', "logging", "nothing is logged; `prova trace` shows the events of a run"),
    ('D', "log-to-files", "nothing is logged; `prova trace` shows the events of a run"),
    ('W', "epoch-interruption", "`-W timeout` interrupts a run"),
    ('W', "async-stack-*", "calls do not wait on stacks of their own"),
    ('W', "component-model*", COMPONENTS),
    ('W', "gc-*", "`-W max-gc-heap-size` limits the heap; there is one collector"),
    ('W', "stack-switching", "no tier executes the proposal"),
    ('W', "shared-everything-threads", "no tier executes the proposal"),
    ('W', "memory-guaranteed-dense-image-size", SHAPE),
    ('S', "cli", ALWAYS),
    ('S', "cli-exit-with-code", ALWAYS),
    ('S', "common", ALWAYS),
    ('S', "p3", COMPONENTS),
    ('S', "preview2", COMPONENTS),
    ('S', "http*", COMPONENTS),
    ('S', "nn*", COMPONENTS),
    ('S', "config*", COMPONENTS),
    ('S', "keyvalue*", COMPONENTS),
    ('S', "tls", COMPONENTS),
    ('S', "inherit-network", NETWORK),
    ('S', "allow-ip-name-lookup", NETWORK),
    ('S', "tcp*", NETWORK),
    ('S', "udp", NETWORK),
    ('S', "network-error-code", NETWORK),
];

/// Why a key of Wasmtime's chooses nothing here, if it is one.
pub(super) fn why(group: char, key: &str) -> Option<&'static str> {
    let matches = |name: &str| match name.strip_suffix('*') {
        Some(start) => key.starts_with(start),
        None => key == name,
    };
    KEYS.iter().find(|(of, name, _)| *of == group && matches(name)).map(|&(.., why)| why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_others_have_reasons_and_no_others_do() {
        assert_eq!(why('O', "opt-level"), Some(FIXED));
        assert_eq!(why('O', "pooling-allocator"), Some(POOL));
        assert_eq!(why('C', "opt-level"), None);
        assert_eq!(why('S', "clip"), None);
        assert_eq!(why('W', "fuel"), None);
    }
}
