//! The derivation's parts of one module with imports, tables and segments of all kinds: functions
//! that builtins may name, tables that grow, builtins that take an owner's context, what moves.
//!
//! A green run does not show that Wasmtime has these numbers: `prova-wasmtime-info` compares them.

use super::Made;
use prova_check::{Argument, Heap, Hosted, RefType};
use prova_wasmtime_layout::{Artifact, Collector, Settings, layout};

/// Imported ones before own ones; function 1 and the last one have no record.
const MIXED: &str = r#"(module
    (type $t (func))
    (import "m" "m" (memory 1)) (import "m" "t" (table 1 funcref)) (import "m" "f" (func))
    (memory i64 1) (memory 1 (pagesize 1))
    (table 1 funcref) (table 1 (ref $t) (ref.func 2)) (table 1 2 (ref null $t)) (table 2 2 funcref)
    (global funcref (ref.func 3))
    (export "f" (func 4)) (export "m" (memory 1))
    (elem (i32.const 0) func 5) (elem declare func 6)
    (elem func 7 7) (elem (ref $t) (ref.func 8)) (elem externref (ref.null extern))
    (func) (func) (func) (func) (func) (func) (func) (func) (func))"#;

/// Builtins get indices of no more than the module has.
#[test]
fn builtins_get_what_there_is() {
    use Argument::{Element, Index, Listed, Memory, Number, Table};
    let wasm = wat::parse_str(MIXED).expect("a module");
    let hosted = |name| layout::hosted(name, &wasm).expect("a module").expect("a rule");
    let cases: [(&str, &[Argument], &[u32]); 7] = [
        ("ref_func", &[Listed], &[0, 2, 3, 4, 5, 6, 7, 8]),
        ("table_grow", &[Table, Number], &[0, 2, 3]),
        ("memory_grow", &[Number, Memory(2)], &[]),
        ("table_get_lazy_init_func_ref", &[Index(5), Element(0)], &[]),
        ("passive_elem_segment_len", &[Index(3)], &[]),
        ("passive_elem_segment_base", &[Index(3)], &[]),
        ("passive_elem_segment_drop", &[Index(3)], &[]),
    ];
    for (name, arguments, listed) in cases {
        let is = hosted(name);
        assert_eq!((&is.arguments[..], &is.listed[..]), (arguments, listed), "{name}");
    }
    // Other builtins may run functions, drop segments, and believe that the context is their own.
    let of = |is: fn(&Hosted) -> bool| {
        let all = BUILTINS.into_iter().filter(|name| is(&hosted(name)));
        all.collect::<Vec<_>>()
    };
    let quiet = ["memory_copy", "memory_fill", BUILTINS[2], BUILTINS[3], "ref_func", BUILTINS[6]];
    assert_eq!(of(|is| is.quiet), quiet);
    assert_eq!(of(|is| is.anyone), ["table_grow", "memory_grow", "get_instance_id"]);
}

/// Builtins with rules.
const BUILTINS: [&str; 14] = [
    "memory_copy",
    "memory_fill",
    "passive_elem_segment_len",
    "passive_elem_segment_base",
    "passive_elem_segment_drop",
    "ref_func",
    "table_get_lazy_init_func_ref",
    "table_grow",
    "memory_grow",
    "out_of_gas",
    "new_epoch",
    "gc_alloc_raw",
    "throw_ref",
    "get_instance_id",
];

/// Segments have the types that are written into them, tables move unless they cannot grow, and
/// nothing faults behind pages of one byte.
#[test]
fn parts_are_what_the_module_has() {
    let file = Made::new().bytes();
    let settings = Artifact::read(&file).expect("a file").settings;
    let wasm = wat::parse_str(MIXED).expect("a module");
    let parts = layout::parts(&settings, &wasm, None).expect("parts");
    let to_t = RefType { heap: Heap::Type(0), nullable: false, ..RefType::FUNC };
    assert_eq!(parts.elements, [(RefType::FUNC, 2), (to_t, 1), (RefType::FUNC, 0)]);
    let tables: Vec<_> = parts.tables.iter().map(|table| (table.max, table.moves)).collect();
    let most = u64::from(u32::MAX);
    assert_eq!(tables, [(most, true), (most, true), (most, true), (2, true), (2, false)]);
    let zones = parts.memories.iter().map(|it| (it.moves, it.zone_bytes > 0, it.guard_bytes > 0));
    let zones: Vec<_> = zones.collect();
    assert_eq!(zones, [(false, true, true), (true, false, true), (false, false, false)]);
}

/// Code keeps the heap of collected objects where what lies behind it does not fault, or nobody
/// handles that: also a module without a heap, whose frames a collection reads. No function takes
/// or gives a reference then.
#[test]
fn code_keeps_a_heap_without_a_guard() {
    let file = Made::new().bytes();
    let known = Artifact::read(&file).expect("a file").settings;
    let wasm = wat::parse_str("(module (memory 1) (memory 1))").expect("a module");
    let to_exceptions = wat::parse_str("(module (func (param exnref)))").expect("a module");
    let drc = Some(Collector::DeferredReferenceCounting);
    for (signals_based_traps, gc_heap_reservation, collector, kept) in [
        (true, 1 << 32, drc, false),
        (true, 0, drc, true),
        (true, 1 << 31, drc, true),
        (false, 1 << 32, drc, true),
        (false, 0, drc, true),
        (false, 0, None, true),
        (true, 1 << 32, None, false),
        (false, 0, Some(Collector::Null), false),
        (false, 0, Some(Collector::Copying), false),
    ] {
        let gc_heap_guard_size = 0;
        let settings = Settings {
            signals_based_traps,
            gc_heap_reservation,
            gc_heap_guard_size,
            collector,
            ..known.clone()
        };
        let parts = layout::parts(&settings, &wasm, None).expect("parts");
        assert_eq!(parts.kept, kept.then_some(2), "{settings:?}");
        let refused = layout::parts(&settings, &to_exceptions, None).err();
        assert_eq!(refused.is_some(), kept, "{settings:?}");
    }
}
