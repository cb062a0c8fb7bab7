//! Both sides of each limit of a store: what just fits is made, one more is refused by name.

use crate::{host, instance, instantiate};
use prova_module::{FuncType, GlobalType, MemoryType, RefType, TableType, ValType};
use prova_runtime::{
    CreateError, Extern, HostOutcome, InstantiateError, Limits, Store, StoreConfig,
};

fn store(limits: Limits) -> Store {
    Store::new(StoreConfig { limits, stack_bytes: 1 << 10, ..StoreConfig::default() })
}

#[test]
fn each_limit_has_two_sides() {
    let none = Limits {
        memory_bytes_max: 0,
        table_elements_max: 0,
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
        ("memories_max", one_memory, "(memory 0)", "(memory 0) (memory 0)"),
        ("tables_max", one_table, "(table 0 funcref)", "(table 0 funcref) (table 0 funcref)"),
        (
            "globals_max",
            Limits { globals_max: 1, ..none.clone() },
            "(global i32 (i32.const 0))",
            "(global i32 (i32.const 0)) (global i32 (i32.const 0))",
        ),
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
    assert_eq!(error.to_string(), "limit instances_max exceeded: 3, at most 2");
}

#[test]
fn imports_do_not_count_again() {
    let mut store = store(Limits { funcs_max: 1, memories_max: 1, ..Limits::default() });
    let f = store.func_new(FuncType::new([], []), host(|_, _, _| HostOutcome::Done));
    let ty = MemoryType { min: 0, max: None, memory64: false, shared: false, page_size_log2: 16 };
    let m = store.memory_new(ty).unwrap();
    let imports = "(import \"\" \"f\" (func)) (import \"\" \"m\" (memory 0))";
    let given = [Extern::Func(f), Extern::Memory(m)];
    instance(&mut store, &format!("(module {imports})"), &given);
    assert!(instantiate(&mut store, &format!("(module {imports} (func))"), &given).is_err());
}

#[test]
fn the_host_is_bound_too() {
    let limits = Limits { memories_max: 1, tables_max: 1, globals_max: 1, ..Limits::default() };
    let mut store = store(limits);
    let memory =
        MemoryType { min: 0, max: None, memory64: false, shared: false, page_size_log2: 16 };
    let table = TableType { ref_type: RefType::FUNCREF, min: 0, max: None, table64: false };
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
        MemoryType { shared: true, ..good },
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
