//! Twins of a module (`prova-rewrite`) do what it does: calls have the same results or traps, and
//! memories end with the same bytes.
//!
//! A green run does not show that a program of another form has right twins; `--matrix` compiles
//! those of the collection, which nothing runs.

use prova_core::{Engine, Extern, ExternType, Instance, Memory, Module, Ref, Store, Table};
use prova_rewrite::{Twin, twin};

/// A module whose `run` leads to accesses of each kind, on both sides of the memory's end.
const MODULE: &str = r#"(module
    (memory (export "memory") 1 3)
    (table 2 funcref)
    (elem (i32.const 0) $seven)
    (data (i32.const 5) "abcdefgh")
    (data $passive "xyz")
    (func $seven (result i32) (i32.const 7))
    (func (export "run") (param $at i32) (param $n i32) (result i64) (local $v v128)
        (i32.store offset=4 (local.get $at) (call_indirect (result i32) (i32.const 0)))
        (f64.store (local.get $at) (f64.const 1.5))
        (local.set $v (v128.load32_lane 1 (local.get $at) (v128.const i64x2 1 2)))
        (v128.store16_lane 2 (local.get $at) (local.get $v))
        (drop (i32.atomic.rmw.cmpxchg (i32.const 8) (i32.const 1) (i32.const 2)))
        (memory.fill (i32.const 100) (i32.const 1) (local.get $n))
        (memory.copy (local.get $n) (i32.const 1) (i32.const 20))
        (memory.init $passive (local.get $n) (i32.const 1) (i32.const 2))
        (drop (memory.grow (local.get $n)))
        (i64.add
            (i64.load offset=3 (local.get $at))
            (i64.extend_i32_u (i32.add (memory.size) (memory.grow (i32.const -1)))))))"#;

/// Grows without a declared maximum, by as many pages as no 32-bit addresses reach too.
const GROWS: &str = r#"(module
    (memory (export "memory") 1)
    (memory $small 3 (pagesize 1))
    (func (export "run") (param $at i32) (param $n i32) (result i64)
        (i32.store8 $small (i32.const 2) (i32.const 5))
        (i64.add
            (i64.extend_i32_s (memory.grow (local.get $n)))
            (i64.add
                (i64.extend_i32_s (memory.grow $small (local.get $at)))
                (i64.extend_i32_s (i32.add (memory.size) (memory.size $small)))))))"#;

/// How a call ends, and the bytes of the memory behind it.
fn ends(wasm: &[u8], (at, n): (i32, i32)) -> (Result<i64, String>, Vec<u8>) {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm).expect("a module");
    let mut store = Store::new(&engine, ());
    let mut imports: Vec<Extern> = Vec::new();
    for import in module.imports() {
        imports.push(match import.ty() {
            ExternType::Memory(ty) => Memory::new(&mut store, ty).expect("a memory").into(),
            ExternType::Table(ty) => {
                Table::new(&mut store, ty, Ref::Func(None)).expect("a table").into()
            }
            other => panic!("{other:?} is imported by no twin of this module"),
        });
    }
    let instance = Instance::new(&mut store, &module, &imports).expect("an instance");
    let run = instance.get_typed_func::<(i32, i32), i64>(&mut store, "run").expect("exported");
    let result = run.call(&mut store, (at, n)).map_err(|error| error.root_cause().to_string());
    let memory = instance.get_memory(&mut store, "memory").expect("exported");
    (result, memory.data(&store).to_vec())
}

#[test]
fn twins_do_what_their_module_does() {
    let calls = [(0, 0), (16, 1), (65_525, 2), (65_530, 0), (-4, 0), (40, -1), (8, 65_530)];
    let trapped = alike(MODULE, &calls);
    assert!((2..calls.len() - 1).contains(&trapped), "{trapped} calls trapped");
}

#[test]
fn twins_grow_as_far_as_their_module_does() {
    assert_eq!(alike(GROWS, &[(0, 0), (1, 3), (-3, 65_536), (-2, 65_600), (7, -1)]), 0);
}

/// How many of the calls trap, which all twins do as the module does.
fn alike(text: &str, calls: &[(i32, i32)]) -> usize {
    let wasm = wat::parse_str(text).expect("a module");
    let mut trapped = 0;
    for &call in calls {
        let own = ends(&wasm, call);
        trapped += usize::from(own.0.is_err());
        for bits in 0..8_u8 {
            let [wide, imported, several] = [1, 2, 4].map(|bit| bits & bit != 0);
            let what = Twin { wide, imported, several };
            let twin = twin(&wasm, what).expect("a twin");
            let other = ends(&twin, call);
            assert!(own == other, "{what:?}, {call:?}: {:?}, {:?}", own.0, other.0);
        }
    }
    trapped
}
