//! Both sides of each limit of a store: what just fits is made, one more is refused by name.

use crate::{host, instance, instantiate};
use prova_module::{FuncType, GlobalType, MemoryType, RefType, TableType, ValType};
use prova_runtime::{
    CreateError, Extern, HostOutcome, InstantiateError, Limits, Store, StoreConfig, TrapKind,
};

fn store(limits: Limits) -> Store {
    Store::new(StoreConfig { limits, stack_bytes: 1 << 10, ..StoreConfig::default() })
}

/// Objects have a separate limit, and count in the store's with their whole page.
#[test]
fn objects_end_at_their_limit_and_at_the_budget() {
    let text =
        "(module (type $s (struct (field i32))) (global (ref $s) (struct.new $s (i32.const 1)))
        (memory (export \"m\") 1 3))";
    let outcome = |heap_bytes_max, store_bytes_max| {
        let mut store = store(Limits { heap_bytes_max, store_bytes_max, ..Limits::default() });
        match instantiate(&mut store, text, &[]) {
            Ok(instance) => {
                let memory = store.instance(instance).export("m").and_then(Extern::memory);
                let memory = memory.expect("it is exported");
                Ok((store.bytes(), store.memory_grow_cell(memory, 1)))
            }
            Err(InstantiateError::Trap { trap, .. }) => Err(trap.kind),
            Err(error) => panic!("{error}"),
        }
    };
    let (bytes, grown) = outcome(4 << 30, 5 << 30).expect("there is room");
    assert!(bytes > 2 * 65_536 && bytes < 3 * 65_536, "{bytes}");
    assert_eq!(grown, Ok(1));
    let heap = bytes - 65_536;
    assert_eq!(outcome(heap, bytes + 65_536), Ok((bytes, Ok(1))));
    assert_eq!(outcome(heap, bytes), Ok((bytes, Ok(u32::MAX.into()))));
    assert_eq!(outcome(heap - 1, bytes), Err(TrapKind::HeapFull));
    assert_eq!(outcome(heap, bytes - 1), Err(TrapKind::HeapFull));
}

/// Objects of constant expressions take the room of those that nothing refers to, and no more.
#[test]
fn constants_find_the_room_of_what_is_forgotten() {
    let array = "(module (type $b (array (mut i8)))";
    let garbage =
        format!("{array} (func $f (drop (array.new_default $b (i32.const 900000)))) (start $f))");
    let tables = format!(
        "{array} (table (export \"t\") 1 anyref (array.new_default $b (i32.const 900000))))"
    );
    let globals = format!("{array} (global anyref (array.new_default $b (i32.const 900000))))");
    let is_full = |store: &mut Store, text: &str| match instantiate(store, text, &[]) {
        Ok(_) => false,
        Err(InstantiateError::Trap { trap, .. }) => trap.kind == TrapKind::HeapFull,
        Err(error) => panic!("{error}"),
    };
    for text in [&tables, &globals] {
        let mut store = store(Limits { heap_bytes_max: 1_400_000, ..Limits::default() });
        assert!(!is_full(&mut store, &garbage));
        assert!(!is_full(&mut store, text));
        // Now the room is taken for as long as the store lives.
        assert!(is_full(&mut store, text));
    }
}

/// Few bytes of a module fill no heap: 16 MiB, and 16 for each byte.
#[test]
fn objects_of_constants_are_bounded_by_the_module() {
    let fields = "(field v128)".repeat(250);
    let globals = |n: usize| "(global (ref $s) (struct.new_default $s))".repeat(n);
    let text = |n| format!("(module (type $s (struct {fields})) {})", globals(n));
    let outcome = |n| match instantiate(&mut store(Limits::default()), &text(n), &[]) {
        Ok(_) => None,
        Err(InstantiateError::Trap { trap, .. }) => Some(trap.kind),
        Err(error) => panic!("{error}"),
    };
    // 4,008 bytes each, and some 10 bytes of the module.
    assert_eq!(outcome(4_000), None);
    assert_eq!(outcome(6_000), Some(TrapKind::HeapFull));
}

#[test]
fn each_limit_has_two_sides() {
    let none = Limits {
        memory_bytes_max: 0,
        table_elements_max: 0,
        store_bytes_max: u64::MAX,
        heap_bytes_max: 0,
        instances_max: 1,
        memories_max: 0,
        tables_max: 0,
        globals_max: 0,
        tags_max: 0,
        funcs_max: 0,
    };
    let one_memory = Limits { memories_max: 1, ..none.clone() };
    let one_table = Limits { tables_max: 1, ..none.clone() };
    let cases = [
        (
            "memory_bytes_max",
            Limits { memory_bytes_max: 65536, ..one_memory.clone() },
            "(memory 1)",
            "(memory 2)",
        ),
        (
            "table_elements_max",
            Limits { table_elements_max: 3, ..one_table.clone() },
            "(table 3 funcref)",
            "(table 4 funcref)",
        ),
        (
            "store_bytes_max",
            Limits { store_bytes_max: 65536 + 3 * 8, ..Limits::default() },
            "(memory 1) (table 2 funcref) (table 1 externref)",
            "(memory 1) (table 2 funcref) (table 2 externref)",
        ),
        ("memories_max", one_memory, "(memory 0)", "(memory 0) (memory 0)"),
        ("tables_max", one_table, "(table 0 funcref)", "(table 0 funcref) (table 0 funcref)"),
        (
            "globals_max",
            Limits { globals_max: 1, ..none.clone() },
            "(global i32 (i32.const 0))",
            "(global i32 (i32.const 0)) (global i32 (i32.const 0))",
        ),
        ("tags_max", Limits { tags_max: 1, ..none.clone() }, "(tag)", "(tag) (tag (param i32))"),
        (
            "funcs_max",
            Limits { funcs_max: 2, ..none.clone() },
            "(func) (func)",
            "(func) (func) (func)",
        ),
    ];
    for (limit, limits, fits, too_many) in cases {
        let mut store = store(limits);
        let error = instantiate(&mut store, &format!("(module {too_many})"), &[]).unwrap_err();
        let InstantiateError::Create(CreateError::Limit { name, max, actual }) = error else {
            panic!("{limit}: {error}")
        };
        assert!(name == limit && actual > max, "{limit}: {name} {actual} {max}");
        instance(&mut store, &format!("(module {fits})"), &[]);
    }
}

#[test]
fn instances_have_a_limit() {
    let mut store = store(Limits { instances_max: 2, ..Limits::default() });
    instance(&mut store, "(module)", &[]);
    instance(&mut store, "(module)", &[]);
    let error = instantiate(&mut store, "(module)", &[]).unwrap_err();
    assert_eq!(error.to_string(), "limit instances_max exceeded: 3 instances, at most 2");
}

fn memory_type(min: u64) -> MemoryType {
    MemoryType { min, max: None, memory64: false, shared: false, page_size_log2: 16 }
}

fn table_type(min: u64) -> TableType {
    TableType { ref_type: RefType::FUNCREF, min, max: None, table64: false }
}

const PAGE: u64 = 1 << 16;

#[test]
fn memories_and_tables_of_all_instances_and_of_the_host_share_one_budget() {
    let mut store = store(Limits { store_bytes_max: 3 * PAGE, ..Limits::default() });
    instance(&mut store, "(module (memory 1) (table 8 funcref))", &[]);
    let memory = store.memory_new(memory_type(0)).unwrap();
    let table = store.table_new(table_type(0), 0).unwrap();
    assert_eq!(store.bytes(), PAGE + 64);
    // Growth up to the last byte, by pages and by elements; beyond it is −1.
    assert_eq!((store.memory_grow(memory, 2), store.memory_grow(memory, 1)), (None, Some(0)));
    let left = (PAGE - 64) / 8;
    assert_eq!(store.table_grow(table, left + 1, 0), Ok(None));
    assert_eq!(store.table_grow_cell(table, 0, left + 1), Ok(0xffff_ffff));
    assert_eq!(store.table_grow_cell(table, 0, left), Ok(0));
    assert_eq!((store.memory_grow(memory, 0), store.memory_grow(memory, 1)), (Some(1), None));
    assert_eq!(
        (store.table_grow(table, 0, 0), store.table_grow(table, 1, 0)),
        (Ok(Some(left)), Ok(None))
    );
    assert_eq!(store.bytes(), 3 * PAGE);
    // A refused module takes nothing.
    let error = instantiate(&mut store, "(module (memory 0) (table 1 funcref))", &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "limit store_bytes_max exceeded: 196616 bytes of all memories, tables, exceptions and objects, at most 196608"
    );
    let name = "store_bytes_max";
    let limit = CreateError::Limit { name, max: 3 * PAGE, actual: 4 * PAGE };
    assert_eq!(store.memory_new(memory_type(1)), Err(limit.clone()));
    let limit = match limit {
        CreateError::Limit { name, max, .. } => CreateError::Limit { name, max, actual: max + 8 },
        other => other,
    };
    assert_eq!(store.table_new(table_type(1), 0), Err(limit));
    instance(&mut store, "(module (memory 0) (table 0 funcref))", &[]);
    // A greater budget holds for what is there already, a lower one takes nothing away.
    store.set_limits(Limits { store_bytes_max: 3 * PAGE + 8, ..Limits::default() }, false);
    assert_eq!(store.table_grow(table, 1, 0), Ok(Some(left)));
    store.set_limits(Limits { store_bytes_max: 0, ..Limits::default() }, false);
    assert_eq!((store.table_grow(table, 1, 0), store.table_size(table)), (Ok(None), left + 1));
}

#[test]
fn sizes_beyond_all_numbers_are_beyond_a_limit() {
    let limits =
        Limits { memory_bytes_max: u64::MAX, table_elements_max: u64::MAX, ..Limits::default() };
    let mut store = store(limits);
    // A size that no reservation holds is beyond the object's own limit, at any setting. A size
    // that fits a reservation is beyond the budget.
    for (text, limit) in [
        ("(memory i64 0x1000000000000)", "memory_bytes_max"),
        ("(table i64 0xffffffffffffffff funcref)", "table_elements_max"),
        ("(memory i64 0xffffffffffff) (memory i64 0xffffffffffff)", "memory_bytes_max"),
        ("(memory i64 0x100000)", "store_bytes_max"),
        ("(table i64 0x200000000 funcref)", "store_bytes_max"),
    ] {
        let error = instantiate(&mut store, &format!("(module {text})"), &[]).unwrap_err();
        let InstantiateError::Create(CreateError::Limit { name, .. }) = error else {
            panic!("{text}: {error}")
        };
        assert_eq!(name, limit, "{text}");
    }
}

/// Bytes of memory that this process takes.
#[cfg(all(target_os = "linux", not(miri)))]
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// 615 bytes of Wasm with 100 tables of 10,000,000 elements are beyond the default budget; with a
/// greater one they take address space and nothing else, also when elements are added that are not
/// null.
#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn tables_take_memory_only_where_they_are_written() {
    let text = format!("(module {})", "(table 10000000 funcref)".repeat(100));
    let error = instantiate(&mut store(Limits::default()), &text, &[]).unwrap_err();
    assert!(error.to_string().starts_with("limit store_bytes_max exceeded"), "{error}");

    let before = resident_bytes();
    let mut store = store(Limits {
        store_bytes_max: 16 << 30,
        table_elements_max: 20_000_000,
        ..Limits::default()
    });
    instance(&mut store, &text, &[]);
    let f = store.func_new(FuncType::new([], []), host(|_, _, _| HostOutcome::Done));
    let table = store.table_new(table_type(10_000_000), 0).unwrap();
    let reference = prova_runtime::func_ref(f);
    assert_eq!(store.table_grow(table, 1_000, reference), Ok(Some(10_000_000)));
    assert_eq!(store.table(table).elements()[9_999_999..10_000_001], [0, reference]);
    assert!(store.bytes() > 8_000_000_000);
    let taken = resident_bytes().saturating_sub(before);
    assert!(taken < 100 << 20, "{taken} bytes");
}

#[test]
fn imports_do_not_count_again() {
    let mut store = store(Limits { funcs_max: 1, memories_max: 1, ..Limits::default() });
    let f = store.func_new(FuncType::new([], []), host(|_, _, _| HostOutcome::Done));
    let m = store.memory_new(memory_type(0)).unwrap();
    let imports = "(import \"\" \"f\" (func)) (import \"\" \"m\" (memory 0))";
    let given = [Extern::Func(f), Extern::Memory(m)];
    instance(&mut store, &format!("(module {imports})"), &given);
    assert!(instantiate(&mut store, &format!("(module {imports} (func))"), &given).is_err());
}

#[test]
fn the_host_is_bound_too() {
    let limits = Limits { memories_max: 1, tables_max: 1, globals_max: 1, ..Limits::default() };
    let mut store = store(limits);
    let (memory, table) = (memory_type(0), table_type(0));
    let global = GlobalType { val: ValType::I32, mutable: false };
    for first in [true, false] {
        assert_eq!(store.memory_new(memory).is_ok(), first);
        assert_eq!(store.table_new(table, 0).is_ok(), first);
        assert_eq!(store.global_new(global, [0; 2]).is_ok(), first);
    }
}

#[test]
fn types_that_no_module_could_declare_are_refused() {
    let good =
        MemoryType { min: 0, max: Some(1), memory64: false, shared: false, page_size_log2: 16 };
    let bad = [
        MemoryType { shared: true, max: None, ..good },
        MemoryType { page_size_log2: 1, ..good },
        MemoryType { page_size_log2: 200, ..good },
        MemoryType { min: 2, ..good },
        MemoryType { max: Some((1 << 16) + 1), ..good },
        MemoryType { min: 1 << 60, max: None, ..good },
        MemoryType { max: Some((1 << 48) + 1), memory64: true, ..good },
    ];
    let mut store = store(Limits::default());
    assert!(store.memory_new(good).is_ok());
    for ty in bad {
        assert!(matches!(store.memory_new(ty), Err(CreateError::Misuse(_))), "{ty:?}");
    }
    let good = TableType { ref_type: RefType::FUNCREF, min: 0, max: Some(1), table64: false };
    let bad = [
        TableType { min: 2, ..good },
        TableType { max: Some(1 << 32), ..good },
        TableType { min: 1 << 32, max: None, ..good },
    ];
    assert!(store.table_new(good, 0).is_ok());
    for ty in bad {
        assert!(matches!(store.table_new(ty, 0), Err(CreateError::Misuse(_))), "{ty:?}");
    }
    assert!(matches!(store.table_new(good, 1), Err(CreateError::Misuse(_))));
}
