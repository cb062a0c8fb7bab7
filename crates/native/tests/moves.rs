//! Memories and tables that move whenever they grow: calls give what they give in bytecode, in each
//! shape, and nothing is left where they were.

use prova_core::{Caller, Config, Engine, Extern, Instance, Linker, Module, Ref, Store, Val};
use prova_native::{Bases, MemoryShape, NativeCompiler};

/// Writes and reads before, behind and between growth, by callees, in loops, over branches.
const TEXT: &str = r#"(module
    (memory (export "memory") 1 64)
    (table $t (export "table") 2 64 funcref)
    (elem (table $t) (i32.const 0) func $one $two)
    (type $n (func (result i32)))
    (func $one (result i32) (i32.const 1))
    (func $two (result i32) (i32.const 2))
    (func $grow (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "sum") (param $rounds i32) (result i64) (local $i i32) (local $sum i64)
        (loop $again
            (i64.store (i32.mul (local.get $i) (i32.const 8)) (i64.extend_i32_u (local.get $i)))
            (drop (call $grow (i32.const 1)))
            (i64.store offset=60000 (local.get $i) (local.get $sum))
            (drop (memory.grow (i32.const 0)))
            (local.set $sum (i64.add (local.get $sum)
                (i64.add (i64.load (i32.mul (local.get $i) (i32.const 8)))
                    (i64.load offset=60000 (local.get $i)))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (local.get $rounds))))
        (local.get $sum))
    (func (export "calls") (param $rounds i32) (result i32) (local $i i32) (local $sum i32)
        (loop $again
            (drop (table.grow $t (ref.func $two) (i32.const 1)))
            (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3))
                (call_indirect $t (type $n) (local.get $i))))
            (table.set $t (local.get $i) (ref.func $one))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (local.get $rounds))))
        (local.get $sum))
    (func (export "last") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "size") (result i32) (memory.size)))"#;

const CALLS: [(&str, &[Val]); 8] = [
    ("sum", &[Val::I32(20)]),
    ("last", &[Val::I32(60_008)]),
    ("calls", &[Val::I32(15)]),
    ("size", &[]),
    ("last", &[Val::I32(21 * 65_536 - 1)]),
    ("last", &[Val::I32(21 * 65_536)]),
    ("sum", &[Val::I32(3)]),
    ("calls", &[Val::I32(3)]),
];

/// An engine that makes machine code for bases that move; or one of bytecode.
fn engine(shape: Option<(MemoryShape, bool)>) -> Engine {
    let mut config = Config::new();
    if let Some((memory, signals)) = shape {
        config.native(NativeCompiler::new().with_memory(memory).with_bases(Bases::MayMove));
        config.signals_based_traps(signals);
    }
    Engine::new(&config).expect("the configuration is valid")
}

/// The results of the calls, and where the memory was found before them and behind each.
fn run(engine: &Engine) -> (Vec<String>, Vec<usize>) {
    let wasm = wat::parse_str(TEXT).expect("the text is well-formed");
    let module = Module::new(engine, wasm).expect("the module is valid");
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
    assert!(module.refusals().is_empty(), "{:?}", module.refusals());
    let memory = instance.get_memory(&mut store, "memory").expect("an export");
    let mut places = vec![memory.data(&store).as_ptr().addr()];
    let results = CALLS.map(|(name, args)| {
        let func = instance.get_func(&mut store, name).expect("an exported function");
        let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
        let called = func.call(&mut store, args, &mut results);
        places.push(memory.data(&store).as_ptr().addr());
        match called {
            Ok(()) => format!("{results:?}"),
            Err(error) => format!("{:?}", error.downcast_ref::<prova_core::Trap>()),
        }
    });
    (results.to_vec(), places)
}

/// Writes before the host grows memory and table, also in a `try_table` that catches then, and
/// reads behind that, by an instance that has both from another one.
const HOST: [&str; 2] = [
    r#"(module (memory (export "memory") 1 8) (table (export "table") 1 8 funcref)
        (elem (i32.const 0) func $one) (func $one (result i32) (i32.const 1))
        (func (export "at") (param i32) (result i32) (i32.load (local.get 0))))"#,
    r#"(module
        (import "host" "grow" (func $grow (param i32) (result i32)))
        (import "first" "at" (func $at (param i32) (result i32)))
        (import "first" "memory" (memory 1 8)) (import "first" "table" (table 1 8 funcref))
        (export "memory" (memory 0)) (export "table" (table 0)) (tag $thrown)
        (func (export "run") (param $n i32) (result i32) (local $grown i32)
            (i32.store (i32.const 12) (i32.const 5))
            (block $caught
                (try_table (catch_all $caught)
                    (local.set $grown (call $grow (local.get $n)))
                    (throw $thrown)))
            (i32.store offset=65532 (i32.const 0) (i32.add (local.get $n) (i32.const 9)))
            (i32.add
                (i32.add (local.get $grown) (i32.load (i32.const 12)))
                (i32.add
                    (i32.mul (call $at (i32.const 65532)) (i32.const 100))
                    (i32.mul (call_indirect (result i32) (i32.const 0)) (i32.const 10000))))))"#,
];

/// The results of calls that grow by these; what is beyond the maximum fails.
fn run_with_host(engine: &Engine) -> Vec<i32> {
    let [first, second] = HOST.map(|text| {
        let wasm = wat::parse_str(text).expect("the text is well-formed");
        Module::new(engine, wasm).expect("the module is valid")
    });
    let mut store = Store::new(engine, ());
    let mut linker = Linker::new(engine);
    let grow = |mut caller: Caller<'_, ()>, n: i32| -> i32 {
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else { return -2 };
        let Some(Extern::Table(table)) = caller.get_export("table") else { return -3 };
        let grown = table.grow(&mut caller, n as u64, Ref::Func(None));
        match memory.grow(&mut caller, n as u64) {
            Ok(before) => before as i32 + i32::from(grown.is_ok()),
            Err(_) => -1,
        }
    };
    linker.func_wrap("host", "grow", grow).expect("a new name");
    let instance = linker.instantiate(&mut store, &first).expect("it has no imports");
    linker.instance(&mut store, "first", instance).expect("a new name");
    let instance = linker.instantiate(&mut store, &second).expect("all imports are there");
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").expect("exported");
    let results = [1, 0, 9, 2].map(|n| run.call(&mut store, n).expect("it returns"));
    assert!(first.refusals().is_empty() && second.refusals().is_empty());
    results.to_vec()
}

#[test]
fn what_the_host_grows_is_found_again() {
    let bytecode = run_with_host(&engine(None));
    assert_eq!(bytecode[0], 1 + 1 + 5 + 10 * 100 + 10_000);
    for shape in SHAPES {
        assert_eq!(run_with_host(&engine(Some(shape))), bytecode, "{shape:?}");
    }
}

const SHAPES: [(MemoryShape, bool); 4] = [
    (MemoryShape::GUARD, true),
    (MemoryShape::Explicit, true),
    (MemoryShape::Masked, true),
    (MemoryShape::Explicit, false),
];

#[test]
fn what_moves_is_found_again() {
    let (bytecode, stays) = run(&engine(None));
    assert!(stays.iter().all(|place| *place == stays[0]), "bytecode alone moves nothing");
    for shape in SHAPES {
        let (native, places) = run(&engine(Some(shape)));
        assert_eq!(native, bytecode, "{shape:?}");
        assert_ne!(places[0], places[1], "{shape:?}: it moves when it grows");
        assert_eq!(places[1], places[2], "{shape:?}: and only then");
    }
}
