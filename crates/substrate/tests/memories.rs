//! Where a module has its memory, and with which limits, makes no difference to a runtime.
//!
//! A green run does not show that nodes do the same: that was read in their executor's source
//! (`convert_memory_import_into_export`, `setup_memory_according_to_heap_alloc_strategy`).

use prova_core::{Config, Engine, Trap};
use prova_substrate::{
    CallOptions, MissingImports, Rule, Runtime, RuntimeOptions, Storage, SubstrateError, configure,
};

/// A runtime with this memory and the rest; `f` gives the bytes at the address in its input.
fn runtime(memory: &str, rest: &str, options: &RuntimeOptions) -> prova_core::Result<Runtime> {
    let mut config = Config::new();
    configure(&mut config).consume_fuel(true);
    let text = format!(
        r#"(module {memory}
            (global (export "__heap_base") i32 (i32.const 131072)) {rest}
            (func $grow (result i32) (memory.grow (i32.const 1)))
            (func (export "f") (param i32 i32) (result i64)
                (if (i32.ne (call $grow) (i32.const -1)) (then unreachable))
                (i64.or (i64.extend_i32_u (i32.load (local.get 0))) (i64.const 0x4_0000_0000)))
            (func (export "size") (param i32 i32) (result i64)
                (i32.store (local.get 0) (memory.size))
                (i64.or (i64.extend_i32_u (local.get 0)) (i64.const 0x4_0000_0000))))"#
    );
    Runtime::with_options(&Engine::new(&config)?, &wat::parse_str(text)?, options)
}

const HEAP: u32 = 100;

/// The four bytes at an address, the memory's pages, and the fuel.
fn outcome(runtime: &Runtime, at: u32) -> prova_core::Result<(Vec<u8>, u32, u64)> {
    let options = CallOptions { heap_pages: HEAP, ..CallOptions::default() };
    let call =
        |entry: &str, input: &[u8]| runtime.call(&mut Storage::default(), entry, input, &options);
    let read = call("f", &at.to_le_bytes())?;
    let size = call("size", &[0; 4])?.output;
    let pages = size.try_into().map(u32::from_le_bytes).expect("four bytes");
    Ok((read.output, pages, read.fuel))
}

const IMPORTED: &str = r#"(import "env" "memory" (memory 2))"#;
const OTHERS: [&str; 5] = [
    r#"(import "env" "memory" (memory 2 2))"#,
    r#"(import "env" "memory" (memory 2 70))
       (import "env" "ext_allocator_malloc_version_1" (func (param i32) (result i32)))"#,
    r#"(memory (export "memory") 2)"#,
    r#"(memory (export "memory") (export "m2") 2 2)"#,
    r#"(import "env" "ext_allocator_malloc_version_1" (func (param i32) (result i32)))
       (table 1 funcref) (memory (export "memory") 2)"#,
];

#[test]
fn memories_are_alike() {
    // In the module's own pages, in the heap, and up to its last byte.
    let last = (2 + HEAP) * 65_536 - 4;
    for at in [0, 131_068, 200_000, last] {
        let data = format!(r#"(data (i32.const {at}) "data")"#);
        for stack_values_max in [None, Some(1000)] {
            let options = RuntimeOptions { stack_values_max, ..RuntimeOptions::default() };
            let of = |memory| outcome(&runtime(memory, &data, &options).unwrap(), at).unwrap();
            let expected = of(IMPORTED);
            assert_eq!((expected.0.as_slice(), expected.1), (&b"data"[..], 2 + HEAP));
            for memory in OTHERS {
                assert_eq!(of(memory), expected, "{memory} at {at}");
            }
        }
    }
    // A byte beyond the heap.
    let data = format!(r#"(data (i32.const {}) "data")"#, last + 1);
    for memory in [&[IMPORTED], &OTHERS[..]].concat() {
        let runtime = runtime(memory, &data, &RuntimeOptions::default()).unwrap();
        let error = outcome(&runtime, 0).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds), "{memory}");
    }
}

#[test]
fn other_memories_are_refused_by_name() {
    let function = "it imports `env::memory`, the name of the memory, as a function";
    let neither = "it neither imports `env::memory` nor exports `memory`";
    for (memory, why) in [
        (r#"(import "env" "m" (memory 2))"#, "it imports a memory that is not `env::memory`"),
        (r#"(memory (export "m") 2)"#, neither),
        (r#"(global (export "memory") i32 (i32.const 0)) (memory 2)"#, neither),
        (r#"(import "env" "memory" (func)) (import "env" "memory" (memory 2))"#, function),
        (r#"(import "env" "memory" (func)) (memory (export "memory") 2)"#, function),
    ] {
        for missing_imports in [MissingImports::Refuse, MissingImports::Trap] {
            let options = RuntimeOptions { missing_imports, ..RuntimeOptions::default() };
            let error = runtime(memory, "", &options).unwrap_err();
            let rule = error.downcast_ref::<SubstrateError>().map(SubstrateError::rule);
            assert_eq!(rule, Some(&Rule::Memory(why.to_owned())), "{memory}");
        }
    }
    let large = runtime(r#"(memory (export "memory") 65500)"#, "", &RuntimeOptions::default());
    let error = outcome(&large.unwrap(), 0).unwrap_err();
    let rule = error.downcast_ref::<SubstrateError>().map(SubstrateError::rule);
    assert_eq!(rule, Some(&Rule::HeapPages(HEAP.into())));
}
