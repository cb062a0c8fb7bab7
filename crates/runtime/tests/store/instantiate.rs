//! The steps of instantiation, their order, and the state after a trap.

use crate::{call, export, host, instance, instantiate, module, store};
use prova_module::{ElemIdx, FuncIdx, FuncType, GlobalType, MemoryIdx, TableIdx, ValType};
use prova_runtime::{
    Extern, FuncKind, HostOutcome, InstantiateError, Store, StoreConfig, Trap, TrapKind, func_ref,
};

fn cells(store: &Store, item: Extern) -> Vec<u64> {
    match item {
        Extern::Table(table) => store.table(table).elements().to_vec(),
        Extern::Global(global) => store.global_get(global).to_vec(),
        Extern::Func(_) | Extern::Memory(_) | Extern::Tag(_) => panic!("no cells in {item:?}"),
    }
}

/// An immutable global of the host.
fn number(store: &mut Store, value: u64) -> Extern {
    let ty = GlobalType { val: ValType::I32, mutable: false };
    Extern::Global(store.global_new(ty, [value, 0]).unwrap())
}

#[test]
fn objects_start_with_their_expressions() {
    let mut store = store();
    let zero = FuncType::new([], []);
    let imported = store.func_new(zero, host(|_, _, _| HostOutcome::Done));
    let a = number(&mut store, 20);
    let text = r#"(module
        (import "" "" (func $imported))
        (import "" "" (global $a i32))
        (export "a" (global $a))
        (func $f)
        (global (export "b") i32 (i32.add (global.get $a) (i32.const 3)))
        (global (export "v") v128 (v128.const i64x2 5 6))
        (global (export "r") funcref (ref.func $f))
        (global (export "s") funcref (ref.func $imported))
        (table (export "null") 2 funcref)
        (memory (export "m") 1))"#;
    let i = instance(&mut store, text, &[Extern::Func(imported), a]);
    let f = store.instance(i).func_addr(FuncIdx(1));
    assert_eq!(store.func_kind(f), FuncKind::Wasm { instance: i, func: FuncIdx(1) });
    assert_eq!(store.func_kind(imported), FuncKind::Host);
    let expected: [(&str, &[u64]); 6] = [
        ("a", &[20, 0]),
        ("b", &[23, 0]),
        ("v", &[5, 6]),
        ("r", &[func_ref(f), 0]),
        ("s", &[func_ref(imported), 0]),
        ("null", &[0, 0]),
    ];
    for (name, cells_expected) in expected {
        assert_eq!(cells(&store, export(&store, i, name)), cells_expected, "{name}");
    }
    let names: Vec<&str> = store.instance(i).exports().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b", "v", "r", "s", "null", "m"]);
    assert_eq!(store.instance(i).export("nothing"), None);
}

#[test]
fn segments_are_written_in_order_and_dropped() {
    let mut store = store();
    let text = r#"(module
        (import "" "" (global $at i32))
        (func $f) (func $g)
        (table $t (export "t") 4 funcref)
        (memory $m (export "m") 1)
        (memory $n (export "n") i64 1)
        (elem (table $t) (i32.const 1) func $f $f)
        (elem (table $t) (global.get $at) funcref (ref.func $g) (ref.null func))
        (elem $passive func $f $g)
        (elem declare func $f)
        (data (memory $m) (i32.const 0) "abcd")
        (data (memory $m) (global.get $at) "xy")
        (data (memory $n) (i64.const 65535) "z")
        (data $rest "rest"))"#;
    let at = number(&mut store, 2);
    let i = instance(&mut store, text, &[at]);
    let this = store.instance(i);
    let (f, g) = (func_ref(this.func_addr(FuncIdx(0))), func_ref(this.func_addr(FuncIdx(1))));
    let table = this.table_addr(TableIdx(0));
    let (m, n) = (this.memory_addr(MemoryIdx(0)), this.memory_addr(MemoryIdx(1)));
    assert_eq!(store.table(table).elements(), [0, f, g, 0]);
    assert_eq!(store.memory(m).data()[..5], *b"abxy\0");
    assert_eq!(store.memory(n).data()[65535], b'z');

    // Active and declared segments are gone, passive ones stay until they are dropped.
    for (elem, there) in [(0, false), (1, false), (2, true), (3, false)] {
        let outcome = store.table_init(i, table, ElemIdx(elem), 0, 1, 1);
        let expected = if there { Ok(()) } else { Err(TrapKind::TableOutOfBounds) };
        assert_eq!(outcome, expected, "elem {elem}");
    }
    assert_eq!(store.table(table).elements()[0], g);
    assert_eq!(store.table_init(i, table, ElemIdx(2), 3, 0, 2), Err(TrapKind::TableOutOfBounds));
    store.elem_drop(i, ElemIdx(2));
    assert_eq!(store.table_init(i, table, ElemIdx(2), 0, 0, 0), Ok(()));
    assert_eq!(store.table_init(i, table, ElemIdx(2), 0, 0, 1), Err(TrapKind::TableOutOfBounds));

    assert_eq!(store.memory_init(i, m, 0.into(), 0, 0, 1), Err(TrapKind::MemoryOutOfBounds));
    assert_eq!(store.memory_init(i, m, 3.into(), 65533, 1, 3), Ok(()));
    assert_eq!(store.memory(m).data()[65533..], *b"est");
    assert_eq!(store.memory_init(i, m, 3.into(), 65534, 1, 3), Err(TrapKind::MemoryOutOfBounds));
    assert_eq!(store.memory_init(i, m, 3.into(), 0, 2, 3), Err(TrapKind::MemoryOutOfBounds));
    store.data_drop(i, 3.into());
    assert_eq!(store.memory_init(i, m, 3.into(), 0, 0, 1), Err(TrapKind::MemoryOutOfBounds));
    assert_eq!(store.ref_func(i, FuncIdx(1)), g);
}

#[test]
fn instances_of_one_module_share_nothing() {
    let mut store = store();
    let text = "(module (memory (export \"m\") 1) (data $d \"d\") (global (export \"g\") (mut i32) (i32.const 0)))";
    let (a, b) = (instance(&mut store, text, &[]), instance(&mut store, text, &[]));
    let memory = |i| store.instance(i).memory_addr(MemoryIdx(0));
    let (m, n) = (memory(a), memory(b));
    assert_ne!((m, export(&store, a, "g")), (n, export(&store, b, "g")));
    store.data_drop(a, 0.into());
    assert_eq!(store.memory_init(b, n, 0.into(), 0, 0, 1), Ok(()));
    assert_eq!((store.memory(m).data()[0], store.memory(n).data()[0]), (0, b'd'));
}

#[test]
fn a_segment_out_of_bounds_traps_and_leaves_what_was_written_before() {
    let memory = "(import \"\" \"m\" (memory 1)) (import \"\" \"t\" (table 3 funcref)) (func $f)";
    let cases = [
        ("(elem (i32.const 3) $f)", TrapKind::TableOutOfBounds),
        ("(elem (i32.const 2) $f $f)", TrapKind::TableOutOfBounds),
        ("(elem (i32.const -1) $f)", TrapKind::TableOutOfBounds),
        ("(elem (i32.const 4))", TrapKind::TableOutOfBounds),
        ("(data (i32.const 65536) \"b\")", TrapKind::MemoryOutOfBounds),
        ("(data (i32.const 65535) \"bc\")", TrapKind::MemoryOutOfBounds),
        ("(data (i32.const 65537) \"\")", TrapKind::MemoryOutOfBounds),
        ("(data (i32.const -1) \"b\")", TrapKind::MemoryOutOfBounds),
    ];
    for (segment, kind) in cases {
        let mut store = store();
        let provider = "(module (memory (export \"m\") 1) (table (export \"t\") 3 funcref))";
        let p = instance(&mut store, provider, &[]);
        let given = [export(&store, p, "m"), export(&store, p, "t")];
        let text = format!(
            "(module {memory} (elem (i32.const 0) $f) (data (i32.const 0) \"a\") {segment})"
        );
        let error = instantiate(&mut store, &text, &given).unwrap_err();
        let InstantiateError::Trap { instance, trap, .. } = error else {
            panic!("{segment}: {error}")
        };
        assert_eq!(trap.kind, kind, "{segment}");
        // Element segments come first: a trap there leaves the data unwritten.
        let this = store.instance(instance);
        let f = func_ref(this.func_addr(FuncIdx(0)));
        let (m, t) = (this.memory_addr(MemoryIdx(0)), this.table_addr(TableIdx(0)));
        assert_eq!(store.table(t).elements(), [f, 0, 0], "{segment}");
        let written = kind == TrapKind::MemoryOutOfBounds;
        assert_eq!(store.memory(m).data()[0] == b'a', written, "{segment}");
        // The function that the table refers to lives on.
        let func = store.func_of_ref(f).unwrap();
        assert_eq!(store.func_kind(func), FuncKind::Wasm { instance, func: FuncIdx(0) });
    }
}

#[test]
fn segments_that_just_fit_are_written() {
    let mut store = store();
    let text = "(module (memory 1) (table 3 funcref) (func $f) (elem (i32.const 2) $f) (elem (i32.const 3))
        (data (i32.const 65535) \"b\") (data (i32.const 65536) \"\"))";
    instance(&mut store, text, &[]);
}

const START: &str =
    "(module (import \"\" \"\" (func $f)) (memory 1) (data (i32.const 0) \"a\") (start $f))";

#[test]
fn the_start_function_runs_last() {
    let mut store = store();
    let start = store.func_new(
        FuncType::new([], []),
        host(|store, data, _| {
            let seen = data.downcast_mut::<Vec<u8>>().unwrap();
            seen.push(store.memory(prova_runtime::MemoryAddr::from_index(0)).data()[0]);
            HostOutcome::Done
        }),
    );
    let mut seen: Vec<u8> = Vec::new();
    let code = std::sync::Arc::new(crate::NoCode);
    store.instantiate(&mut seen, &module(START), &[Extern::Func(start)], code).unwrap();
    assert_eq!(seen, b"a");
}

#[test]
fn a_start_function_that_traps_leaves_the_instance() {
    let mut store = store();
    let start = store.func_new(
        FuncType::new([], []),
        host(|_, _, _| HostOutcome::Trap(Box::new(Trap::host("no")))),
    );
    let error = instantiate(&mut store, START, &[Extern::Func(start)]).unwrap_err();
    assert_eq!(error.to_string(), "no");
    let InstantiateError::Trap { instance, .. } = error else { panic!() };
    let memory = store.instance(instance).memory_addr(MemoryIdx(0));
    assert_eq!(store.memory(memory).data()[0], b'a');
}

#[test]
fn an_instance_that_cannot_be_made_leaves_the_store_as_it_was() {
    let limits = prova_runtime::Limits { table_elements_max: 10, ..Default::default() };
    let mut store = Store::new(StoreConfig { limits, ..StoreConfig::default() });
    let before = format!("{store:?}");
    let text = "(module (memory 1) (global i32 (i32.const 1)) (func) (table 11 funcref))";
    let error = instantiate(&mut store, text, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "limit table_elements_max exceeded: 11 elements of one table, at most 10"
    );
    assert_eq!(format!("{store:?}"), before);
    instance(&mut store, &text.replace("11", "10"), &[]);
}

#[test]
fn segments_cost_no_fuel() {
    let metering = prova_bytecode::Metering::Fuel;
    let settings = prova_bytecode::Settings { metering, deterministic: false };
    let mut store = Store::new(StoreConfig { settings, ..StoreConfig::default() });
    instance(&mut store, "(module (memory 1) (data (i32.const 0) \"abc\"))", &[]);
}

#[test]
fn a_function_without_bytecode_traps_when_it_is_called() {
    let mut store = store();
    let i = instance(&mut store, "(module (func (export \"f\")))", &[]);
    let f = export(&store, i, "f").func().unwrap();
    assert_eq!(call(&mut store, f), Err(TrapKind::Attach));
    assert!(store.bytecode(f).is_none());
}
