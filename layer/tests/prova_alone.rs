//! What only Prova's backend says: causes of errors, refusals with their reason, limits, lifetimes.

use crate::{alone, call, func, item, module};
use prova::{Config, Result, StoreLimitsBuilder, Strategy, Tier, Trap, WasmBacktrace};
use prova_runtime_layer::{CALLS_NESTED_MAX, Engine};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use wasm_runtime_layer::{
    AsContextMut, Extern, ExternRef, Func, FuncType, Global, Imports, Instance, Memory, MemoryType,
    Module, Store, Table, TableType, Value, ValueType,
};

type LayerEngine = wasm_runtime_layer::Engine<Engine>;
type LayerStore<T> = Store<T, Engine>;

fn engine() -> LayerEngine {
    LayerEngine::new(Engine::default())
}

fn configured(configure: impl FnOnce(&mut Config)) -> Engine {
    let mut config = Config::new();
    configure(&mut config);
    Engine::new(prova::Engine::new(&config).expect("the configuration is possible"))
}

/// A host function `host.ask` from i32 to i32.
fn asking<T: 'static>(
    store: &mut LayerStore<T>,
    ask: impl Fn(i32) -> Result<i32> + Send + Sync + 'static,
) -> Imports {
    let ty = FuncType::new([ValueType::I32], [ValueType::I32]);
    let ask = Func::new(store, ty, move |_, args, results| match args[0] {
        Value::I32(number) => {
            results[0] = Value::I32(ask(number)?);
            Ok(())
        }
        _ => unreachable!("arguments have the type of the function"),
    });
    let mut imports = Imports::default();
    imports.define("host", "ask", Extern::Func(ask));
    imports
}

const ASK: &str = "(module (import \"host\" \"ask\" (func $ask (param i32) (result i32)))
    (func (export \"run\") (param i32) (result i32) (call $ask (local.get 0))))";

#[derive(Debug, PartialEq)]
struct OwnError(u32);

impl fmt::Display for OwnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "own error {}", self.0)
    }
}

impl std::error::Error for OwnError {}

#[test]
fn a_trap_is_known_by_its_type() {
    let text = "(module (func (export \"div\") (param i32) (result i32)
        (i32.div_s (i32.const 1) (local.get 0))))";
    let (mut store, instance) = alone(Engine::default(), text);
    let div = func(&store, &instance, "div");
    let error = call(&mut store, &div, &[Value::I32(0)]).expect_err("it divides by zero");
    assert_eq!(error.downcast_ref(), Some(&Trap::IntegerDivisionByZero));
    let backtrace: &WasmBacktrace = error.downcast_ref().expect("it trapped in code");
    assert_eq!(backtrace.frames().len(), 1);
}

#[test]
fn a_host_error_comes_back_as_it_was() {
    let engine = engine();
    let module = module(&engine, ASK).expect("it is valid");
    let mut store = Store::new(&engine, ());
    let imports =
        asking(&mut store, |_| Err(prova::Error::new(OwnError(7)).context("while answering")));
    let instance = Instance::new(&mut store, &module, &imports).expect("the import is there");
    let run = func(&store, &instance, "run");
    let error = call(&mut store, &run, &[Value::I32(0)]).expect_err("the host fails");
    assert_eq!(error.to_string(), "while answering");
    assert_eq!(error.downcast_ref(), Some(&OwnError(7)));
}

#[test]
fn missing_imports_are_named() {
    let engine = engine();
    let text = "(module (import \"host\" \"one\" (func)) (import \"host\" \"two\" (memory 1)))";
    let module = module(&engine, text).expect("it is valid");
    let error = Instance::new(Store::new(&engine, ()), &module, &Imports::default());
    let message = error.expect_err("nothing is there").to_string();
    assert!(message.contains("host::one") && message.contains("host::two"), "{message}");
}

#[test]
fn what_the_layer_has_no_type_for_is_refused_by_name() {
    for (text, name, reason) in [
        ("(func (export \"f\") (param v128))", "export `f`", "`v128`"),
        ("(import \"a\" \"b\" (func (result v128)))", "import `a::b`", "`v128`"),
        ("(global (export \"g\") v128 (v128.const i64x2 0 0))", "export `g`", "`v128`"),
        ("(memory (export \"m\") i64 1)", "export `m`", "`memory i64 1..`"),
        ("(memory (export \"m\") 1 1 (pagesize 1))", "export `m`", "`memory 1..1`"),
        ("(table (export \"t\") i64 1 funcref)", "export `t`", "`table i64 1.. funcref`"),
        ("(table (export \"t\") 1 exnref)", "export `t`", "`exnref`"),
        ("(tag (export \"e\") (param i32))", "export `e`", "`tag(i32)`"),
    ] {
        let error = module(&engine(), &format!("(module {text})")).expect_err(text);
        let message = format!("{error:#}");
        assert!(message.contains(name) && message.contains(reason), "{message}");
    }
}

#[test]
fn modules_may_use_inside_what_the_layer_has_no_type_for() {
    let text = "(module (table (export \"table\") 2 funcref) (elem (i32.const 0) $wide $null)
        (type $i (func (param i32)))
        (func $wide (param v128) (result v128) (local.get 0))
        (func $null (result (ref null $i)) (ref.null $i))
        (func (export \"low\") (result i32)
          (i32x4.extract_lane 0 (v128.const i32x4 5 6 7 8))))";
    let (mut store, instance) = alone(Engine::default(), text);
    let low = func(&store, &instance, "low");
    assert_eq!(call(&mut store, &low, &[]).expect("it returns"), Value::I32(5));

    let table = item(&store, &instance, "table").into_table().expect("it is a table");
    let Some(Value::FuncRef(Some(wide))) = table.get(&mut store, 0) else { panic!("a function") };
    assert_eq!(wide.ty(&store), FuncType::new([ValueType::ExternRef], [ValueType::ExternRef]));
    call(&mut store, &wide, &[Value::ExternRef(None)]).expect_err("it takes a v128");
    let Some(Value::FuncRef(Some(null))) = table.get(&mut store, 1) else { panic!("a function") };
    assert_eq!(null.ty(&store), FuncType::new([], [ValueType::FuncRef]));
    assert!(matches!(call(&mut store, &null, &[]), Ok(Value::FuncRef(None))));
}

#[test]
fn objects_of_another_store_are_errors() {
    let engine = engine();
    let text = "(module (memory (export \"memory\") 1) (table (export \"table\") 1 funcref)
        (global (export \"global\") (mut i32) (i32.const 1))
        (func (export \"func\") (result i32) (i32.const 1)))";
    let there = module(&engine, text).expect("it is valid");
    let mut other = Store::new(&engine, ());
    let instance = Instance::new(&mut other, &there, &Imports::default()).expect("no imports");
    let export = |name| item(&other, &instance, name);
    let memory = export("memory").into_memory().expect("it is a memory");
    let table = export("table").into_table().expect("it is a table");
    let global = export("global").into_global().expect("it is a global");
    let foreign = export("func").into_func().expect("it is a function");
    let text = ExternRef::new(&mut other, "text");

    let mut store = Store::new(&engine, ());
    let mut byte = [0];
    let errors = [
        call(&mut store, &foreign, &[]).map(drop),
        memory.read(&store, 0, &mut byte),
        memory.write(&mut store, 0, &byte),
        memory.grow(&mut store, 1).map(drop),
        table.set(&mut store, 0, Value::FuncRef(None)),
        table.grow(&mut store, 0, Value::FuncRef(None)).map(drop),
        global.set(&mut store, Value::I32(1)),
        text.downcast::<&str, _, _>(wasm_runtime_layer::AsContext::as_context(&store)).map(drop),
        Table::new(
            &mut store,
            TableType::new(ValueType::FuncRef, 1, None),
            Value::FuncRef(Some(foreign.clone())),
        )
        .map(drop),
    ];
    for error in errors {
        let message = error.expect_err("it belongs to the other store").to_string();
        assert!(message.contains("does not belong"), "{message}");
    }
    let wants = module(&engine, "(module (import \"a\" \"b\" (memory 1)))").expect("it is valid");
    let mut imports = Imports::default();
    imports.define("a", "b", Extern::Memory(memory));
    let error = Instance::new(&mut store, &wants, &imports).expect_err("it is foreign");
    assert!(format!("{error:#}").contains("import `a::b`: an object"), "{error:#}");
    // No error can be returned here, and the layer says that it panics.
    assert!(catch_unwind(AssertUnwindSafe(|| foreign.ty(&store))).is_err());
}

#[test]
fn a_table_of_numbers_is_refused() {
    let mut store = Store::new(&engine(), ());
    let numbers = TableType::new(ValueType::I32, 1, None);
    Table::new(&mut store, numbers, Value::I32(0)).expect_err("elements are references");
    let funcs = TableType::new(ValueType::FuncRef, 1, None);
    Table::new(&mut store, funcs, Value::I32(0)).expect_err("the element is a number");
    Table::new(&mut store, funcs, Value::ExternRef(None)).expect_err("the element is no function");
    Memory::new(&mut store, MemoryType::new(2, Some(1))).expect_err("it is too small");
}

#[test]
fn the_limits_of_the_engine_hold_in_its_stores() {
    let limits = StoreLimitsBuilder::new().memory_size(1 << 16).globals(1).build();
    let engine = LayerEngine::new(Engine::default().with_limits(limits));
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).expect("it fits");
    memory.grow(&mut store, 1).expect_err("the limit is one page");
    Memory::new(&mut store, MemoryType::new(2, None)).expect_err("the limit is one page");

    let fits = Global::new(&mut store, Value::I32(1), true);
    fits.set(&mut store, Value::I32(2)).expect("it was made");
    let refused = Global::new(&mut store, Value::I32(3), true);
    let error = refused.set(&mut store, Value::I32(4)).expect_err("the limit is one global");
    assert!(error.to_string().contains("globals"), "{error}");
    assert_eq!(refused.get(&mut store), Value::I32(3));
    assert_eq!(refused.ty(&store).content(), ValueType::I32);
    let wants = module(&engine, "(module (import \"a\" \"b\" (global (mut i32))))");
    let mut imports = Imports::default();
    imports.define("a", "b", Extern::Global(refused));
    let error = Instance::new(&mut store, &wants.expect("it is valid"), &imports);
    error.expect_err("the global was not made");
}

#[test]
fn fuel_and_deadlines_hold_in_its_stores() {
    let text = "(module (func (export \"spin\") (result i32) (loop $again (br $again))
        unreachable))";
    let fuelled = configured(|config| {
        config.consume_fuel(true);
    });
    let (mut store, instance) = alone(fuelled.with_fuel(1000).expect("it consumes fuel"), text);
    let spin = func(&store, &instance, "spin");
    let error = call(&mut store, &spin, &[]).expect_err("it never returns");
    assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
    let mut inside = store.as_context_mut().inner;
    assert_eq!(inside.get_fuel().expect("it consumes fuel"), 0);
    inside.set_fuel(5).expect("it consumes fuel");
    Engine::default().with_fuel(1).expect_err("the engine consumes none");

    let timed = configured(|config| {
        config.epoch_interruption(true);
    });
    let (mut store, instance) = alone(timed.clone().with_epoch_deadline(1), text);
    timed.prova().increment_epoch();
    let spin = func(&store, &instance, "spin");
    let error = call(&mut store, &spin, &[]).expect_err("it never returns");
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
}

/// A function `run` that calls the host, which calls `run`, `n` times inside each other.
fn nested(n: u32) -> Result<Value> {
    let engine = engine();
    let module = module(&engine, ASK)?;
    let mut store: LayerStore<Option<Func>> = Store::new(&engine, None);
    let ty = FuncType::new([ValueType::I32], [ValueType::I32]);
    let ask = Func::new(&mut store, ty, |mut store, args, results| {
        let Value::I32(left) = args[0] else { unreachable!("it is the type of the function") };
        if left == 0 {
            return Ok(());
        }
        let run = store.data().clone().expect("it is set");
        run.call(&mut store, &[Value::I32(left - 1)], results)?;
        if let Value::I32(calls) = &mut results[0] {
            *calls += 1;
        }
        Ok(())
    });
    let mut imports = Imports::default();
    imports.define("host", "ask", Extern::Func(ask));
    let instance = Instance::new(&mut store, &module, &imports)?;
    let run = func(&store, &instance, "run");
    *store.data_mut() = Some(run.clone());
    call(&mut store, &run, &[Value::I32(i32::try_from(n)? - 1)])
}

#[test]
fn calls_inside_each_other_are_limited() {
    let max = CALLS_NESTED_MAX;
    assert_eq!(nested(max).expect("it is the limit"), Value::I32(max as i32 - 1));
    let error = nested(max + 1).expect_err("it is one more");
    assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
}

#[test]
fn the_data_of_a_store_may_borrow() {
    let engine = engine();
    let module = module(&engine, ASK).expect("it is valid");
    let mut outside = Vec::new();
    let mut store = Store::new(&engine, &mut outside);
    fn note(store: &mut LayerStore<&mut Vec<i32>>) -> Func {
        let ty = FuncType::new([ValueType::I32], [ValueType::I32]);
        Func::new(store, ty, |mut store, args, _| {
            if let Value::I32(number) = args[0] {
                store.data_mut().push(number);
            }
            Ok(())
        })
    }
    let mut imports = Imports::default();
    imports.define("host", "ask", Extern::Func(note(&mut store)));
    let instance = Instance::new(&mut store, &module, &imports).expect("the import is there");
    let run = func(&store, &instance, "run");
    call(&mut store, &run, &[Value::I32(4)]).expect("it returns");
    drop(store);
    assert_eq!(outside, [4]);
}

#[test]
fn nothing_outlives_its_store() {
    let witness = Arc::new(());
    let engine = engine();
    let module = module(&engine, ASK).expect("it is valid");
    let mut store = Store::new(&engine, Arc::clone(&witness));
    let held = Arc::clone(&witness);
    let imports = asking(&mut store, move |number| Ok(number + Arc::strong_count(&held) as i32));
    let instance = Instance::new(&mut store, &module, &imports).expect("the import is there");
    let reference = ExternRef::new(&mut store, Arc::clone(&witness));
    let run = func(&store, &instance, "run");
    assert_eq!(call(&mut store, &run, &[Value::I32(0)]).expect("it returns"), Value::I32(4));
    drop(store);
    assert_eq!(Arc::strong_count(&witness), 1);
    drop((instance, reference, imports, run));
}

#[test]
fn damaged_modules_are_refused_without_a_panic() {
    let engine = engine();
    let bytes = wat::parse_str(
        "(module (import \"host\" \"ask\" (func (param i32) (result i32))) (func $start)
           (export \"f\" (func $start)) (start $start) (memory (export \"memory\") 1)
           (table (export \"table\") 1 funcref) (elem (i32.const 0) $start))",
    );
    let bytes = bytes.expect("valid text");
    for end in 0..bytes.len() {
        // A section boundary may end a smaller module.
        Module::new(&engine, &bytes[..end]).ok();
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            if let Ok(module) = Module::new(&engine, &*damaged) {
                let mut store = Store::new(&engine, ());
                let imports = asking(&mut store, Ok);
                Instance::new(&mut store, &module, &imports).ok();
            }
        }
    }
    Module::new(&engine, &bytes[1..]).expect_err("it is no module");
    Module::new(&engine, "(module)".as_bytes()).expect_err("text is not read");
}

#[test]
fn tiers_agree_and_the_reference_tier_says_why_not() {
    let machine = configured(|config| {
        config.strategy(Strategy::Cranelift);
    });
    for (engine, runs) in [
        (
            configured(|config| {
                config.tier(Tier::TAIL);
            }),
            true,
        ),
        (machine, true),
        (
            configured(|config| {
                config.tier(Tier::Reference);
            }),
            false,
        ),
    ] {
        let engine = LayerEngine::new(engine);
        let module = module(&engine, ASK).expect("it is valid");
        let mut store = Store::new(&engine, ());
        let imports = asking(&mut store, |number| Ok(number * 2));
        let instance = Instance::new(&mut store, &module, &imports).expect("all is there");
        let run = func(&store, &instance, "run");
        match call(&mut store, &run, &[Value::I32(21)]) {
            Ok(result) => assert!(runs && result == Value::I32(42)),
            Err(error) => assert!(!runs, "{error:#}"),
        }
    }
}
