//! Hostile runtimes and blobs end in an error that says where, which rule, whose fault.
//!
//! Each runtime is a few lines of text around one entry point. Green does not show that no other
//! hostile runtime does harm: what bounds them all is fuel, the memory, and the limits by name.

use prova_core::{Config, Engine, Trap};
use prova_substrate::{
    Block, CODE_BYTES_MAX, CallOptions, Code, Fault, HEAP_PAGES_KEY, LOG_BYTES_MAX, Rule, Runtime,
    StateVersion, Storage, SubstrateError, Trie, configure, execute_block,
};
use std::collections::BTreeMap;

const FUEL: u64 = 50_000_000;

fn engine() -> Engine {
    let mut config = Config::new();
    configure(&mut config).consume_fuel(true);
    Engine::new(&config).unwrap()
}

/// A runtime whose entry point `f` has this body.
fn runtime(body: &str) -> prova_core::Result<Runtime> {
    runtime_of("f", body)
}

fn runtime_of(entry: &str, body: &str) -> prova_core::Result<Runtime> {
    let text = format!(
        r#"(module
        (import "env" "memory" (memory 17))
        (import "env" "ext_allocator_malloc_version_1" (func $malloc (param i32) (result i32)))
        (import "env" "ext_allocator_free_version_1" (func $free (param i32)))
        (import "env" "ext_storage_set_version_1" (func $set (param i64 i64)))
        (import "env" "ext_storage_get_version_1" (func $get (param i64) (result i64)))
        (import "env" "ext_storage_read_version_1" (func $read (param i64 i64 i32) (result i64)))
        (import "env" "ext_storage_clear_prefix_version_2" (func $clear (param i64 i64) (result i64)))
        (import "env" "ext_storage_root_version_2" (func $root (param i32) (result i64)))
        (import "env" "ext_storage_start_transaction_version_1" (func $start))
        (import "env" "ext_storage_rollback_transaction_version_1" (func $rollback))
        (import "env" "ext_storage_commit_transaction_version_1" (func $commit))
        (import "env" "ext_hashing_blake2_256_version_1" (func $blake2 (param i64) (result i32)))
        (import "env" "ext_crypto_finish_batch_verify_version_1" (func $finish (result i32)))
        (import "env" "ext_crypto_sr25519_generate_version_1" (func $generate (param i32 i64) (result i32)))
        (import "env" "ext_offchain_timestamp_version_1" (func $timestamp (result i64)))
        (import "env" "ext_panic_handler_abort_on_panic_version_1" (func $abort (param i64)))
        (import "env" "ext_logging_log_version_1" (func $log (param i32 i64 i64)))
        (import "env" "ext_storage_append_version_1" (func $append (param i64 i64)))
        (import "env" "ext_default_child_storage_set_version_1" (func $child_set (param i64 i64 i64)))
        (import "env" "ext_trie_blake2_256_root_version_1" (func $pairs (param i64) (result i32)))
        (import "env" "ext_trie_blake2_256_ordered_root_version_2" (func $ordered (param i64 i32) (result i32)))
        (import "env" "ext_trie_blake2_256_verify_proof_version_2" (func $proof (param i32 i64 i64 i64 i32) (result i32)))
        (global (export "__heap_base") i32 (i32.const 65536))
        (data (i32.const 0) "key\ff\ff\ff\ff")
        (func $deep (param i32) (result i32) (call $deep (local.get 0)))
        (func (export "{entry}") (param i32 i32) (result i64) (local $i i32) (local $j i32) {body}))"#
    );
    Runtime::new(&engine(), &wat::parse_str(text)?)
}

fn call(body: &str) -> prova_core::Error {
    let options = CallOptions { fuel: Some(FUEL), ..CallOptions::default() };
    let called = runtime(body).unwrap().call(&mut Storage::default(), "f", &[], &options);
    called.expect_err(body)
}

/// Where and which rule.
fn rule(error: &prova_core::Error) -> (String, Rule) {
    match error.downcast_ref::<SubstrateError>() {
        Some(error) => (error.at().to_owned(), error.rule().clone()),
        None => panic!("{error:?}"),
    }
}

const ALL: &str = "(i64.const -1)";
const KEY: &str = "(i64.const 0x3_0000_0000)";

#[test]
fn pointers_and_lengths_are_checked() {
    let memory = (17 + 2048) * 65536;
    let whole = |at: &str| (at.to_owned(), Rule::Range { start: u32::MAX, len: u32::MAX, memory });
    let cases = [
        (format!("(call $get {ALL})"), "ext_storage_get_version_1"),
        (format!("(call $set {ALL} {KEY}) {KEY}"), "ext_storage_set_version_1"),
        (format!("(call $set {KEY} {ALL}) {KEY}"), "ext_storage_set_version_1"),
        (format!("(drop (call $blake2 {ALL})) {KEY}"), "ext_hashing_blake2_256_version_1"),
        (ALL.to_owned(), "result of f"),
    ];
    for (body, at) in cases {
        let error = call(&body);
        assert_eq!(rule(&error), whole(at), "{body}");
        let fault = error.downcast_ref::<SubstrateError>().map(SubstrateError::fault);
        assert_eq!(fault, Some(Fault::Runtime));
    }
    // A range that begins inside and ends a byte beyond the memory, and its twin.
    let last = memory - 4;
    let inside = format!("(drop (call $get (i64.const {}))) {KEY}", 4u64 << 32 | last);
    let options = CallOptions::default();
    assert!(runtime(&inside).unwrap().call(&mut Storage::default(), "f", &[], &options).is_ok());
    let (_, beyond) = rule(&call(&format!("(call $get (i64.const {}))", 5u64 << 32 | last)));
    assert_eq!(beyond, Rule::Range { start: last as u32, len: 5, memory });
    // Bytes read from storage go nowhere outside either.
    let body = format!(
        "(call $set {KEY} {KEY}) (call $read {KEY} (i64.const {}) (i32.const 0))",
        3u64 << 32 | (memory - 2)
    );
    assert_eq!(rule(&call(&body)).0, "ext_storage_read_version_1");
}

#[test]
fn the_allocator_cannot_be_abused() {
    let at = |body: &str| {
        let (at, rule) = rule(&call(body));
        format!("{at}: {rule}")
    };
    let malloc = "ext_allocator_malloc_version_1";
    let free = "ext_allocator_free_version_1";
    let large = at("(drop (call $malloc (i32.const -1))) (i64.const 0)");
    assert!(large.starts_with(&format!("{malloc}: 4294967295 bytes are more than")), "{large}");
    let endless = "(loop (drop (call $malloc (i32.const 33554432))) (br 0)) (i64.const 0)";
    assert_eq!(at(endless), format!("{malloc}: Allocator ran out of space"));
    let twice = "(local.set $i (call $malloc (i32.const 9))) (call $free (local.get $i))
        (call $free (local.get $i)) (i64.const 0)";
    assert!(at(twice).starts_with(&format!("{free}: ")), "{}", at(twice));
    let wild = at("(call $free (i32.const -8)) (i64.const 0)");
    assert_eq!(wild, format!("{free}: the allocator's header at 0xfffffff0 was overwritten"));
    assert_eq!(
        at("(call $free (i32.const 3)) (i64.const 0)"),
        format!("{free}: 0x3 is no allocated block")
    );
    // Memory does not grow: the heap is the host's.
    let grown = "(if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
        (i64.const 0)";
    let options = CallOptions::default();
    assert!(runtime(grown).unwrap().call(&mut Storage::default(), "f", &[], &options).is_ok());
}

#[test]
fn fuel_ends_loops_and_the_work_of_the_host() {
    let spin = call("(loop (br 0)) (i64.const 0)");
    assert_eq!(spin.downcast_ref(), Some(&Trap::OutOfFuel));
    // A hash of 100 MB costs its bytes: the loop ends before the second one is done.
    let hash = format!(
        "(loop (drop (call $blake2 (i64.const {}))) (br 0)) (i64.const 0)",
        100_000_000u64 << 32
    );
    let hash = call(&hash);
    assert_eq!(hash.downcast_ref(), Some(&Trap::OutOfFuel));
    assert!(format!("{hash:?}").contains("in `ext_hashing_blake2_256_version_1`"), "{hash:?}");
    let deep = call("(drop (call $deep (i32.const 0))) (i64.const 0)");
    assert_eq!(deep.downcast_ref(), Some(&Trap::StackOverflow));
}

/// Floods end where fuel does, or at a limit by name; what the host keeps of them is bounded.
#[test]
fn floods_are_bounded() {
    let (mb, fuel) = (1u64 << 52, Some(FUEL));
    // Lines of a megabyte, which are not kept; short lines, of which a megabyte is kept.
    let long = call(&format!(
        "(loop (call $log (i32.const 2) {KEY} (i64.const {mb})) (br 0)) (i64.const 0)"
    ));
    assert_eq!(long.downcast_ref(), Some(&Trap::OutOfFuel));
    let lines =
        "(loop (call $log (i32.const 2) (i64.const 0x3_0000_0000) (i64.const 0x3_0000_0000))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if 0 (i32.lt_u (local.get $i) (i32.const 100000)))) (i64.const 0)";
    let options = CallOptions { fuel, ..CallOptions::default() };
    let lines = runtime(lines).unwrap().call(&mut Storage::default(), "f", &[], &options).unwrap();
    let kept: usize =
        lines.log.iter().map(|line| line.target.len() + line.message.len() + 16).sum();
    assert!(kept <= LOG_BYTES_MAX && kept + 100 > LOG_BYTES_MAX, "{kept}");
    // A value that is appended to costs its length each time.
    let append = format!("(loop (call $append {KEY} (i64.const {mb})) (br 0)) (i64.const 0)");
    assert_eq!(call(&append).downcast_ref(), Some(&Trap::OutOfFuel));
    // Many child tries with large keys: the keys count, so the changes have their limit.
    let unlimited = CallOptions::default();
    let children = format!(
        "(loop (call $child_set (i64.or (i64.const {}) (i64.extend_i32_u (local.get $i))) {KEY} {KEY})
           (local.set $i (i32.add (local.get $i) (i32.const 1))) (br 0)) (i64.const 0)",
        64 * mb
    );
    let flooded = runtime(&children).unwrap().call(&mut Storage::default(), "f", &[], &unlimited);
    let (at, broken) = rule(&flooded.unwrap_err());
    assert_eq!(at, "ext_default_child_storage_set_version_1");
    assert!(matches!(broken, Rule::ChangesBytes(_)), "{broken}");
}

/// A list of elements of one byte each is a hundred times as large in the host.
#[test]
fn lists_have_a_greatest_length() {
    // Compact numbers: 2^20 and one more.
    for (count, ok) in [(1u32 << 20, true), ((1 << 20) + 1, false)] {
        for (func, size) in [("$ordered", 1), ("$pairs", 2)] {
            let end = if func == "$pairs" { "" } else { "(i32.const 1)" };
            let len = u64::from(count) * size + 4;
            let body = format!(
                "(i32.store (i32.const 70000) (i32.const {}))
                 (drop (call {func} (i64.const {}) {end})) (i64.const 0)",
                count << 2 | 2,
                len << 32 | 70_000
            );
            let options = CallOptions::default();
            let called = runtime(&body).unwrap().call(&mut Storage::default(), "f", &[], &options);
            match called {
                Ok(_) => assert!(ok),
                Err(error) => assert_eq!((ok, rule(&error).1), (false, Rule::ListLen(1 << 20))),
            }
        }
    }
}

/// A million keys are cleared, and the fuel for it is asked; without enough the state is as before.
#[test]
fn a_prefix_of_a_million_keys() {
    let main: BTreeMap<Vec<u8>, Vec<u8>> =
        (0u32..1_000_000).map(|i| ([b"key", &i.to_be_bytes()[..]].concat(), vec![1])).collect();
    let storage = Storage::new(main, BTreeMap::new()).unwrap();
    let body = format!(
        "(i64.store8 (i32.const 60000) (i64.const 0)) (call $clear {KEY} (i64.const {}))",
        1u64 << 32 | 60_000
    );
    let runtime = runtime(&body).unwrap();
    for (fuel, ok) in [(1_000_000, false), (200_000_000, true)] {
        let mut state = storage.clone();
        let options = CallOptions { fuel: Some(fuel), ..CallOptions::default() };
        let called = runtime.call(&mut state, "f", &[], &options);
        assert_eq!(called.is_ok(), ok);
        if let Err(error) = called {
            assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
        }
        assert_eq!(state.pairs(&Trie::Main).count(), if ok { 0 } else { 1_000_000 });
    }
}

#[test]
fn the_protocol_is_enforced() {
    let cases = [
        (
            "(call $rollback) (i64.const 0)",
            "ext_storage_rollback_transaction_version_1",
            Rule::NoTransaction,
        ),
        (
            "(call $commit) (i64.const 0)",
            "ext_storage_commit_transaction_version_1",
            Rule::NoTransaction,
        ),
        (
            "(call $start) (call $commit) (call $commit) (i64.const 0)",
            "ext_storage_commit_transaction_version_1",
            Rule::NoTransaction,
        ),
        (
            "(loop (call $start) (br 0)) (i64.const 0)",
            "ext_storage_start_transaction_version_1",
            Rule::TransactionDepth(1024),
        ),
        (
            "(drop (call $finish)) (i64.const 0)",
            "ext_crypto_finish_batch_verify_version_1",
            Rule::Batch,
        ),
        (
            "(drop (call $generate (i32.const 0) (i64.const 0))) (i64.const 0)",
            "ext_crypto_sr25519_generate_version_1",
            Rule::KeyStore,
        ),
        ("(call $timestamp)", "ext_offchain_timestamp_version_1", Rule::Offchain),
        (
            "(call $root (i32.const 2))",
            "ext_storage_root_version_2",
            Rule::Number("state version", 2),
        ),
        (
            "(call $abort (i64.const 0x3_0000_0000)) (i64.const 0)",
            "ext_panic_handler_abort_on_panic_version_1",
            Rule::Abort("key".into()),
        ),
        (
            "(call $clear (i64.const 0x3_0000_0000) (i64.const 0x3_0000_0000))",
            "ext_storage_clear_prefix_version_2",
            Rule::Encoding("an optional u32"),
        ),
        (
            "(drop (call $ordered (i64.const 0x4_0000_0003) (i32.const 1))) (i64.const 0)",
            "ext_trie_blake2_256_ordered_root_version_2",
            Rule::Encoding("a list of values"),
        ),
        (
            "(drop (call $proof (i32.const 0) (i64.const 0x7_0000_0000) (i64.const 0) (i64.const 0)
                (i32.const 1))) (i64.const 0)",
            "ext_trie_blake2_256_verify_proof_version_2",
            Rule::Encoding("a list of nodes"),
        ),
    ];
    for (body, at, expected) in cases {
        assert_eq!(rule(&call(body)), (at.to_owned(), expected), "{body}");
    }
}

#[test]
fn a_call_that_fails_leaves_the_state_alone() {
    let mut storage = Storage::default();
    storage.set(&Trie::Main, b"kept", Some(vec![1])).unwrap();
    let options = CallOptions::default();
    let set = format!("(call $start) (call $set {KEY} {KEY})");
    for end in ["unreachable", ALL] {
        let runtime = runtime(&format!("{set} {end}")).unwrap();
        runtime.call(&mut storage, "f", &[], &options).expect_err(end);
        assert_eq!(storage.get(&Trie::Main, b"key"), None);
        assert_eq!(storage.get(&Trie::Main, b"kept"), Some(&[1][..]));
        assert_eq!(storage.transactions(), 0);
    }
    // A transaction that the runtime leaves open is rolled back, and the rest is kept.
    let runtime = runtime(&format!("(call $set (i64.const 0x1_0000_0000) {KEY}) {set} {KEY}"));
    runtime.unwrap().call(&mut storage, "f", &[], &options).unwrap();
    assert_eq!(storage.get(&Trie::Main, b"key"), None);
    assert_eq!(storage.get(&Trie::Main, b"k"), Some(&b"key"[..]));
}

#[test]
fn pages_of_heap_come_from_the_state() {
    let runtime = runtime(KEY).unwrap();
    let with = |value: &[u8]| {
        let main = BTreeMap::from([(HEAP_PAGES_KEY.to_vec(), value.to_vec())]);
        let mut storage = Storage::new(main, BTreeMap::new()).unwrap();
        runtime.call(&mut storage, "f", &[7; 100], &CallOptions::default())
    };
    assert!(with(&1u64.to_le_bytes()).is_ok());
    let none = with(&0u64.to_le_bytes());
    assert!(none.is_ok(), "the module's own pages have room for the input");
    let most = 65_536 - 17u64;
    assert!(with(&most.to_le_bytes()).is_ok(), "4 GiB of address space, of which little is used");
    let beyond = with(&(most + 1).to_le_bytes()).unwrap_err();
    assert_eq!(rule(&beyond).1, Rule::HeapPages(most + 1));
    let bad = with(&[1]).unwrap_err();
    let what = Rule::File("its bytes are no SCALE encoding of a u64".into());
    assert_eq!(rule(&bad), (":heappages".to_owned(), what));
}

#[test]
fn modules_that_are_no_runtimes_are_refused() {
    let new = |text: &str| Runtime::new(&engine(), &wat::parse_str(text).unwrap());
    let refused = |text: &str| rule(&new(text).unwrap_err()).1.to_string();
    let no_memory = refused("(module)");
    assert_eq!(no_memory, "it neither imports `env::memory` nor exports `memory`");
    let memory = r#"(import "env" "memory" (memory 1))"#;
    let unknown = refused(&format!(r#"(module (import "env" "ext_evil" (func)) {memory})"#));
    assert_eq!(unknown, "it imports `env::ext_evil`, which this host does not have");
    let runtime = new(&format!("(module {memory})")).unwrap();
    let options = CallOptions::default();
    let call = |runtime: &Runtime, entry: &str| {
        let called = runtime.call(&mut Storage::default(), entry, &[], &options);
        rule(&called.unwrap_err()).1
    };
    assert_eq!(call(&runtime, "f"), Rule::HeapBase);
    let base = r#"(global (export "__heap_base") i32 (i32.const 8))"#;
    let runtime = new(&format!("(module {memory} {base})")).unwrap();
    assert_eq!(call(&runtime, "f"), Rule::Entry);
    let exported = new(&format!(
        r#"(module (memory (export "memory") 1) {base}
            (func (export "f") (param i32 i32) (result i64) (i64.const 0)))"#
    ));
    let called = exported.unwrap().call(&mut Storage::default(), "f", &[], &options);
    assert!(called.is_ok(), "a module may have its memory itself");
}

/// A compressed blob of blocks that repeat a byte: `blocks` times 128 KiB.
fn bomb(blocks: usize) -> Vec<u8> {
    let mut blob = vec![0x52, 0xbc, 0x53, 0x76, 0x46, 0xdb, 0x8e, 0x05];
    blob.extend([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
    for i in 0..blocks {
        let header = u32::from(i + 1 == blocks) | 1 << 1 | (128 << 10) << 3;
        blob.extend(&header.to_le_bytes()[..3]);
        blob.push(0);
    }
    blob
}

#[test]
fn blobs_are_unpacked_with_a_limit() {
    let refused = |blob: &[u8]| rule(&Code::unpack(blob).unwrap_err()).1;
    // 1 GB of zeros in 32 KB.
    assert_eq!(refused(&bomb(8192)), Rule::CodeBytes(CODE_BYTES_MAX));
    let fits = (CODE_BYTES_MAX >> 17) as usize;
    assert_eq!(refused(&bomb(fits + 1)), Rule::CodeBytes(CODE_BYTES_MAX));
    assert!(matches!(refused(&bomb(fits)), Rule::NotWasm(_)), "as large as it may be, but zeros");
    let cut = &bomb(2)[..20];
    assert!(matches!(refused(cut), Rule::Compressed(_)));
    assert!(matches!(refused(&bomb(1)[..8]), Rule::Compressed(_)));
    assert_eq!(refused(&vec![0; CODE_BYTES_MAX as usize + 1]), Rule::CodeBytes(CODE_BYTES_MAX));
    assert_eq!(refused(b"PVM\0\x01"), Rule::NotWasm("a PolkaVM program"));
    assert!(matches!(refused(b""), Rule::NotWasm(_)));
    let wasm = Code::unpack(b"\0asm\x01\0\0\0").unwrap();
    assert!(!wasm.is_compressed());
}

/// A block whose header has this state root.
fn block(state_root: &[u8; 32]) -> Block {
    let header = [&[0; 32][..], &[4], state_root, &[0; 32], &[0]].concat();
    Block { header, body: Vec::new() }
}

/// A runtime's last statement of its root is not believed: it may have changed the state behind it,
/// left a transaction open, or asked for the root of another version.
#[test]
fn the_root_of_a_block_is_that_of_the_state() {
    let key = "(i64.const 0x300000000)";
    for body in [
        format!("(drop (call $root (i32.const 1))) (call $set {key} {key})"),
        format!("(call $start) (call $set {key} {key}) (drop (call $root (i32.const 1)))"),
        format!("(call $set {key} (i64.const 0x2800000100)) (drop (call $root (i32.const 0)))"),
    ] {
        let text = body.clone() + "(i64.const 0)";
        let runtime = runtime_of("Core_execute_block", &text).unwrap();
        let options = CallOptions { fuel: Some(FUEL), ..CallOptions::default() };
        let mut state = Storage::default();
        let asked = runtime.call(&mut state, "Core_execute_block", &[], &options).unwrap();
        let (told, root) = (asked.last_root.unwrap(), state.root(StateVersion::V1));
        assert_ne!(told, root, "{body}");
        let run = |root: &[u8; 32]| {
            let mut state = Storage::default();
            execute_block(&runtime, StateVersion::V1, &mut state, &block(root), &options)
        };
        assert!(run(&root).is_ok(), "{body}");
        let error = run(&told).expect_err(&body);
        assert!(matches!(rule(&error).1, Rule::Block(_)), "{error:?}");
    }
}

/// Work that cannot be paid for is not done: nothing is copied or passed over.
#[test]
fn work_is_paid_before_it_is_done() {
    let key = "(i64.const 0x300000000)";
    let children = "(loop $next
        (i32.store (i32.const 1000) (local.get $i))
        (call $child_set (i64.const 0x4000003e8) (i64.const 0x300000000) (i64.const 0x300000000))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000))))";
    for body in [
        // The end of 2,000 transactions in which nothing changed, beside 20,000 child tries.
        format!(
            "{children} (local.set $i (i32.const 0)) (loop $again (call $start) (call $rollback)
            (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                (i32.const 2000)))) (i64.const 0)"
        ),
        format!("(call $set {key} {key}) (i64.const 0)"),
    ] {
        let options = CallOptions { fuel: Some(FUEL), ..CallOptions::default() };
        let called = runtime(&body).unwrap().call(&mut Storage::default(), "f", &[], &options);
        assert!(called.is_ok(), "{called:?}");
    }
    // Half a GiB is asked for with fuel for a thousandth of it.
    let body = "(call $proof (i32.const 0) (i64.const 0x800000000000000) (i64.const 0)
        (i64.const 0) (i32.const 1)) drop (i64.const 0)";
    let options = CallOptions { fuel: Some(10_000), ..CallOptions::default() };
    let called = runtime(body).unwrap().call(&mut Storage::default(), "f", &[], &options);
    assert_eq!(called.expect_err("too little").downcast_ref(), Some(&Trap::OutOfFuel));
    let error = call("(i64.const 0x0400000100000000)");
    assert_eq!(rule(&error).1, Rule::OutputBytes(64 << 20));
}

/// Keys that were deleted and are passed over are paid for.
#[test]
fn tombstones_cost() {
    let fuel = |times: u32| {
        let body = format!(
            "(loop $next
                (i32.store (i32.const 3) (local.get $i))
                (call $set (i64.const 0x700000000) (i64.const 0x300000000))
                (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                    (i32.const 1000))))
            (i64.store8 (i32.const 60000) (i64.const 0))
            (loop $again
                (drop (call $clear (i64.const 0x300000000) (i64.const 0x10000ea60)))
                (br_if $again (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1)))
                    (i32.const {times}))))
            (i64.const 0)"
        );
        let options = CallOptions { fuel: Some(FUEL), ..CallOptions::default() };
        let runtime = runtime(&body).unwrap();
        runtime.call(&mut Storage::default(), "f", &[], &options).unwrap().fuel
    };
    assert!(fuel(3) - fuel(2) > 8 * 1000);
}
