//! Instances of a prototype with memory images beside instances whose data segments are written:
//! the same bytes, errors and objects.
//!
//! A green run does not show that an image was mapped, which the tests of `image` and `sys::image`
//! show, and where there are no images both sides write.

use super::{NoCode, instance, module, store};
use prova_module::{DataIdx, Limits as ModuleLimits, MemoryIdx, MemoryType, Module};
use prova_runtime::{
    Extern, InstanceAddr, InstantiateError, Limits, MemoryAddr, Prototype, Store, StoreConfig,
    TrapKind,
};
use std::sync::Arc;

/// A prototype whose images are made.
fn prototype(module: &Module) -> Prototype {
    let prototype = Prototype::new(module, Arc::new(NoCode), Some(0));
    prototype.make_images();
    prototype
}

fn fresh(store: &mut Store, prototype: &Prototype, imports: &[Extern]) -> InstanceAddr {
    let made = store.instantiate_prototype(&mut (), prototype, imports);
    made.unwrap_or_else(|error| panic!("{error}"))
}

fn memory(store: &Store, instance: InstanceAddr, index: u32) -> MemoryAddr {
    store.instance(instance).memory_addr(MemoryIdx(index))
}

fn ty(min: u64, max: Option<u64>) -> MemoryType {
    MemoryType { min, max, memory64: false, shared: false, page_size_log2: 16 }
}

/// The outcome of an instantiation: its error, and the bytes of all memories of the store.
fn outcome(
    prepare: &dyn Fn(&mut Store) -> Vec<Extern>,
    text: &str,
    images: bool,
) -> (Option<String>, Vec<Vec<u8>>) {
    let module = module(text);
    let mut store = store();
    let imports = prepare(&mut store);
    let prototype = match images {
        true => prototype(&module),
        false => Prototype::new(&module, Arc::new(NoCode), None),
    };
    let made = store.instantiate_prototype(&mut (), &prototype, &imports);
    let memories = (0..).map(MemoryAddr::from_index).take(memories(&store));
    let bytes = memories.map(|memory| store.memory(memory).data().to_vec()).collect();
    (made.err().map(|error| error.to_string()), bytes)
}

fn memories(store: &Store) -> usize {
    format!("{store:?}").matches("Memory {").count()
}

/// Memories of the host that one instance imports.
fn two_memories(store: &mut Store) -> Vec<Extern> {
    [1, 2].map(|pages| Extern::Memory(store.memory_new(ty(pages, None)).unwrap())).into()
}

const IMPORTS: &str = r#"(import "" "" (memory 1)) (import "" "" (memory 1))"#;

#[test]
fn segments_that_are_mapped_and_segments_that_are_written_leave_the_same() {
    let none = |_: &mut Store| Vec::new();
    let cases = [
        r#"(module (memory 1) (data (i32.const 1) "abc") (data (i32.const 3) "de"))"#,
        r#"(module (memory 2 5) (data (i32.const 70000) "abc") (data (i32.const 131072) ""))"#,
        r#"(module (memory 0) (data (i32.const 0) ""))"#,
        r#"(module (memory 0) (data (i32.const 0) "a"))"#,
        r#"(module (memory 1) (data (i32.const 0) "a") (data (i32.const 65536) "b"))"#,
        r#"(module (memory 1) (data (i32.mul (i32.const 3) (i32.const 9)) "a"))"#,
        r#"(module (memory i64 1) (data (i64.const 9) "a"))"#,
        r#"(module (memory 5000 (pagesize 1)) (data (i32.const 4998) "ab"))"#,
        r#"(module (memory 5000 (pagesize 1)) (data (i32.const 4999) "ab"))"#,
        r#"(module (memory 1) (memory 1) (memory 1)
            (data (memory 2) (i32.const 0) "ab") (data (i32.const 9) "c"))"#,
        r#"(module (memory 1) (table 1 funcref) (func $f) (elem (i32.const 1) $f)
            (data (i32.const 0) "unwritten"))"#,
    ];
    for text in cases {
        assert_eq!(outcome(&none, text, true), outcome(&none, text, false), "{text}");
    }
    let cases = [
        r#"(data (memory 0) (i32.const 0) "abcd") (data (memory 1) (i32.const 0) "xy")
           (data (memory 0) (i32.const 1) "BC")"#,
        r#"(data (memory 1) (i32.const 65535) "a")"#,
        r#"(data (memory 1) (i32.const 65536) "a")"#,
        r#"(data (memory 0) (i32.const 5) "a") (data (memory 1) (i32.const 131072) "b")"#,
    ];
    let twice = |store: &mut Store| {
        let memory = store.memory_new(ty(2, None)).unwrap();
        vec![Extern::Memory(memory); 2]
    };
    let dirty = |store: &mut Store| {
        let imports = two_memories(store);
        store.memory_data_mut(MemoryAddr::from_index(0)).fill(7);
        imports
    };
    let shared = |store: &mut Store| {
        let imports = two_memories(store);
        instance(store, &format!("(module {IMPORTS})"), &imports);
        imports
    };
    for text in cases {
        let text = format!("(module {IMPORTS} {text})");
        type Way<'w> = &'w dyn Fn(&mut Store) -> Vec<Extern>;
        let ways: [Way<'_>; 4] = [&two_memories, &twice, &dirty, &shared];
        for (at, way) in ways.into_iter().enumerate() {
            assert_eq!(outcome(way, &text, true), outcome(way, &text, false), "{at}: {text}");
        }
    }
}

/// A memory that another instance has had may have been written by unknown code.
#[test]
fn an_image_never_replaces_what_an_instance_may_have_written() {
    let module = module(r#"(module (import "" "" (memory 1)) (data (i32.const 0) "abc"))"#);
    let prototype = prototype(&module);
    let mut store = store();
    let shared = store.memory_new(ty(1, None)).unwrap();
    fresh(&mut store, &prototype, &[Extern::Memory(shared)]);
    store.memory_data_mut(shared)[2..6].copy_from_slice(b"CDEF");
    fresh(&mut store, &prototype, &[Extern::Memory(shared)]);
    assert_eq!(&store.memory(shared).data()[..7], b"abcDEF\0");
}

#[test]
fn no_instance_sees_the_writes_of_another() {
    let module = module(r#"(module (memory 2 9) (data (i32.const 4094) "abcd"))"#);
    let prototype = prototype(&module);
    let mut one = store();
    let (first, second) = (fresh(&mut one, &prototype, &[]), fresh(&mut one, &prototype, &[]));
    let (first, second) = (memory(&one, first, 0), memory(&one, second, 0));
    let expected = one.memory(second).data().to_vec();
    assert_eq!(&expected[4093..4099], b"\0abcd\0");
    // It writes to every byte, and grows.
    one.memory_data_mut(first).fill(0xee);
    assert_eq!(one.memory_grow(first, 3), Some(2));
    one.memory_data_mut(first).fill(0xee);
    assert_eq!(one.memory(second).data(), expected);
    let mut other = store();
    for _ in 0..20 {
        let instance = fresh(&mut other, &prototype, &[]);
        let memory = memory(&other, instance, 0);
        assert_eq!(other.memory(memory).data(), expected);
        assert_eq!(other.memory_grow(memory, 1), Some(2));
        assert!(other.memory(memory).data()[2 << 16..].iter().all(|&byte| byte == 0));
        other.memory_data_mut(memory).fill(0xdd);
        drop(std::mem::replace(&mut other, store()));
    }
    drop(one);
    let mut last = store();
    let instance = fresh(&mut last, &prototype, &[]);
    assert_eq!(last.memory(memory(&last, instance, 0)).data(), expected);
}

#[test]
fn segments_are_dropped_whether_mapped_or_written() {
    let module = module(r#"(module (memory 1) (data (i32.const 0) "abc") (data "passive"))"#);
    let mut store = store();
    let instance = fresh(&mut store, &prototype(&module), &[]);
    let memory = memory(&store, instance, 0);
    let init =
        |store: &mut Store, data, n| store.memory_init(instance, memory, DataIdx(data), 8, 0, n);
    assert_eq!(init(&mut store, 0, 1), Err(TrapKind::MemoryOutOfBounds));
    assert_eq!(init(&mut store, 0, 0), Ok(()));
    assert_eq!(init(&mut store, 1, 7), Ok(()));
    assert_eq!(&store.memory(memory).data()[..16], b"abc\0\0\0\0\0passive\0");
}

#[test]
fn limits_count_mapped_bytes_like_written_ones() {
    let module = module(r#"(module (memory 2) (data (i32.const 0) "abc"))"#);
    let prototype = prototype(&module);
    let limits = |store_bytes_max| Limits { store_bytes_max, ..Limits::default() };
    let new = |limits| Store::new(StoreConfig { limits, ..StoreConfig::default() });
    let mut store = new(limits(5 << 16));
    for _ in 0..2 {
        fresh(&mut store, &prototype, &[]);
    }
    assert_eq!(store.bytes(), 4 << 16);
    let error = store.instantiate_prototype(&mut (), &prototype, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "limit store_bytes_max exceeded: 393216 bytes of all memories, tables, exceptions and objects, at most 327680"
    );
    let memory = MemoryAddr::from_index(0);
    assert_eq!((store.memory_grow(memory, 1), store.memory_grow(memory, 1)), (Some(2), None));
    let mut small = new(limits((2 << 16) - 1));
    assert!(small.instantiate_prototype(&mut (), &prototype, &[]).is_err());
}

/// A deadline that has come stops an instantiation at the same segment.
#[test]
fn an_epoch_interrupts_mapped_segments_as_written_ones() {
    let big = "x".repeat(3 << 20);
    let text = format!(r#"(module (memory 64) (data (i32.const 0) "{big}"))"#);
    let wasm = wat::parse_str(&text).unwrap();
    let features = prova_module::Features::default();
    let module = Module::decode(wasm, &features, &ModuleLimits::default()).unwrap();
    for images_from in [None, Some(0)] {
        let prototype = Prototype::new(&module, Arc::new(NoCode), images_from);
        prototype.make_images();
        for (deadline, interrupted) in [(0, true), (1, false)] {
            let metering = prova_bytecode::Metering::Epoch;
            let settings = prova_bytecode::Settings { metering, deterministic: false };
            let mut store = Store::new(StoreConfig { settings, ..StoreConfig::default() });
            store.set_epoch_deadline(deadline);
            let made = store.instantiate_prototype(&mut (), &prototype, &[]);
            match made {
                Ok(_) => assert!(!interrupted),
                Err(InstantiateError::Trap { trap, .. }) => {
                    assert_eq!((trap.kind, interrupted), (TrapKind::Interrupt, true));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn types_that_a_store_begins_with_are_those_of_any_order() {
    let text = r#"(module (type (func (param i32))) (type (func (result i64)))
        (import "" "" (func (type 1))))"#;
    let prototype = prototype(&module(text));
    let host = |store: &mut Store, ty| {
        store.func_new(ty, super::host(|_, _, _| prova_runtime::HostOutcome::Done))
    };
    let wanted = || prova_module::FuncType::new([], [prova_module::ValType::I64]);
    for begin in [false, true] {
        let mut store = store();
        if begin {
            store.begin_with_types(&prototype);
        }
        let other = host(&mut store, prova_module::FuncType::new([], []));
        let right = host(&mut store, wanted());
        assert!(store.instantiate_prototype(&mut (), &prototype, &[Extern::Func(other)]).is_err());
        let instance = fresh(&mut store, &prototype, &[Extern::Func(right)]);
        let id = store.instance(instance).type_id(prova_module::TypeIdx(1));
        assert_eq!((id, store.types().get(id)), (store.func_type_id(right), &wanted()));
    }
}
