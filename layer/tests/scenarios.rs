//! Each scenario runs on Prova and on wasmi, and writes down what it saw. Both must write what is
//! expected here. Messages of errors are the engines' own and are not compared.

use crate::{alone, call, func, item, module};
use std::fmt::Debug;
use wasm_runtime_layer::backend::WasmEngine;
use wasm_runtime_layer::{
    AsContext, Engine, ExternRef, Func, FuncType, Global, Imports, Instance, Memory, MemoryType,
    Store, Value, ValueType,
};

/// What a scenario saw, line by line.
#[derive(Default)]
struct Seen(Vec<String>);

impl Seen {
    fn note(&mut self, what: impl Debug) {
        self.0.push(format!("{what:?}"));
    }

    /// The value, or that there is an error.
    fn outcome<T: Debug, X>(&mut self, outcome: Result<T, X>) {
        match outcome {
            Ok(value) => self.note(value),
            Err(_) => self.0.push("error".to_owned()),
        }
    }
}

macro_rules! scenarios {
    ($($name:ident => [$($line:expr),* $(,)?];)*) => {
        mod on {
            $(#[test]
            fn $name() {
                let expected: &[&str] = &[$($line),*];
                let ours = super::$name(prova_runtime_layer::Engine::default());
                assert_eq!(ours.0, expected, "Prova");
                let theirs = super::$name(wasmi_runtime_layer::Engine::default());
                assert_eq!(theirs.0, expected, "wasmi");
            })*
        }
    };
}

scenarios! {
    add => ["I32(5)", "I32(-2147483648)", "error", "error", "error"];
    all_numbers => ["[I32(-1), I64(-2), F32(0.5), F64(-0.0)]"];
    imports_call_back => ["I32(42)", "[1, 2, 3]", "I32(6)"];
    types_are_described => [
        "import host.f Func(FuncType { params: [I32, FuncRef], results: [ExternRef], name: None })",
        "import host.g Global(GlobalType { content: I64, mutable: false })",
        "export m Memory(MemoryType { initial: 1, maximum: Some(3) })",
        "export t Table(TableType { element: FuncRef, min: 2, max: None })",
        "Some(Table(TableType { element: FuncRef, min: 2, max: None }))",
        "None",
    ];
    memories => [
        "1", "[104, 105, 0]", "I32(26984)", "error", "error", "1", "3", "error", "3",
        "Some(3)",
    ];
    tables_of_functions => [
        "3", "I32(11)", "I32(22)", "error", "I32(22)", "3", "5", "error", "true", "true",
    ];
    globals => [
        "I64(7)", "I64(8)", "I64(8)", "error", "error", "GlobalType { content: I64, mutable: true }",
        "F32(1.5)",
    ];
    traps_are_errors => ["error", "error", "error", "I32(2)"];
    host_errors_come_back => ["true", "I32(1)"];
    externrefs_go_round => ["\"a value\"", "true", "true", "\"a value\""];
    a_missing_import_is_an_error => ["error", "error"];
    a_start_function_runs => ["[7]", "error"];
}

fn add<E: WasmEngine>(engine: E) -> Seen {
    let (mut store, instance) = alone(
        engine,
        "(module (func (export \"add\") (param i32 i32) (result i32)
           (i32.add (local.get 0) (local.get 1))))",
    );
    let add = func(&store, &instance, "add");
    let mut seen = Seen::default();
    seen.outcome(call(&mut store, &add, &[Value::I32(2), Value::I32(3)]));
    seen.outcome(call(&mut store, &add, &[Value::I32(i32::MAX), Value::I32(1)]));
    seen.outcome(call(&mut store, &add, &[Value::I32(2)]));
    seen.outcome(call(&mut store, &add, &[Value::I32(2), Value::I64(3)]));
    seen.outcome(add.call(&mut store, &[Value::I32(2), Value::I32(3)], &mut []));
    seen
}

fn all_numbers<E: WasmEngine>(engine: E) -> Seen {
    let (mut store, instance) = alone(
        engine,
        "(module (func (export \"same\") (param i32 i64 f32 f64) (result i32 i64 f32 f64)
           local.get 0 local.get 1 local.get 2 local.get 3))",
    );
    let args = [Value::I32(-1), Value::I64(-2), Value::F32(0.5), Value::F64(-0.0)];
    let mut results = [const { Value::I32(0) }; 4];
    let same = func(&store, &instance, "same");
    let mut seen = Seen::default();
    seen.outcome(same.call(&mut store, &args, &mut results).map(|()| results));
    seen
}

fn imports_call_back<E: WasmEngine>(engine: E) -> Seen {
    let engine = Engine::new(engine);
    let module = module(
        &engine,
        "(module (import \"host\" \"note\" (func $note (param i32)))
           (import \"host\" \"double\" (func $double (param i32) (result i32)))
           (import \"host\" \"back\" (func $back (param funcref) (result i32)))
           (elem declare func $six)
           (func $six (result i32) (i32.const 6))
           (func (export \"run\") (result i32)
             (call $note (i32.const 1)) (call $note (i32.const 2)) (call $note (i32.const 3))
             (call $double (i32.const 21)))
           (func (export \"there\") (result i32) (call $back (ref.func $six))))",
    );
    let module = module.expect("the backend takes the module");
    let mut store = Store::new(&engine, Vec::new());
    let mut imports = Imports::default();
    let note = Func::new(&mut store, FuncType::new([ValueType::I32], []), |mut store, args, _| {
        if let Value::I32(number) = args[0] {
            store.data_mut().push(number);
        }
        Ok(())
    });
    let ty = FuncType::new([ValueType::I32], [ValueType::I32]);
    let double = Func::new(&mut store, ty, |_, args, results| {
        if let Value::I32(number) = args[0] {
            results[0] = Value::I32(number * 2);
        }
        Ok(())
    });
    let ty = FuncType::new([ValueType::FuncRef], [ValueType::I32]);
    let back = Func::new(&mut store, ty, |mut store, args, results| match &args[0] {
        Value::FuncRef(Some(func)) => func.call(&mut store, &[], results),
        _ => Ok(()),
    });
    for (name, func) in [("note", note), ("double", double), ("back", back)] {
        imports.define("host", name, wasm_runtime_layer::Extern::Func(func));
    }
    let instance = Instance::new(&mut store, &module, &imports).expect("all imports are there");
    let run = func(&store, &instance, "run");
    let there = func(&store, &instance, "there");
    let mut seen = Seen::default();
    seen.outcome(call(&mut store, &run, &[]));
    seen.note(store.data().clone());
    seen.outcome(call(&mut store, &there, &[]));
    seen
}

fn types_are_described<E: WasmEngine>(engine: E) -> Seen {
    let engine = Engine::new(engine);
    let module = module(
        &engine,
        "(module (import \"host\" \"f\" (func (param i32 funcref) (result externref)))
           (import \"host\" \"g\" (global i64))
           (memory (export \"m\") 1 3) (table (export \"t\") 2 funcref))",
    );
    let module = module.expect("the backend takes the module");
    let mut seen = Seen::default();
    for import in module.imports(&engine) {
        seen.0.push(format!("import {}.{} {:?}", import.module, import.name, import.ty));
    }
    for export in module.exports(&engine) {
        seen.0.push(format!("export {} {:?}", export.name, export.ty));
    }
    seen.note(module.get_export(&engine, "t"));
    seen.note(module.get_export(&engine, "nothing"));
    seen
}

fn memories<E: WasmEngine>(engine: E) -> Seen {
    let engine = Engine::new(engine);
    let text = "(module (import \"host\" \"memory\" (memory 1))
        (func (export \"load\") (param i32) (result i32) (i32.load16_u (local.get 0))))";
    let module = module(&engine, text).expect("the backend takes the module");
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).expect("it fits");
    let mut imports = Imports::default();
    imports.define("host", "memory", wasm_runtime_layer::Extern::Memory(memory.clone()));
    let instance = Instance::new(&mut store, &module, &imports).expect("the memory fits");
    let load = func(&store, &instance, "load");

    let mut seen = Seen::default();
    seen.note(memory.current_pages(&store));
    memory.write(&mut store, 65533, b"hi").expect("it is inside");
    let mut bytes = [9; 3];
    seen.outcome(memory.read(&store, 65533, &mut bytes).map(|()| bytes));
    seen.outcome(call(&mut store, &load, &[Value::I32(65533)]));
    seen.outcome(memory.write(&mut store, 65535, b"hi"));
    // wasmi 0.40 adds without a look where this is `usize::MAX`.
    seen.outcome(memory.read(&store, 1 << 40, &mut bytes));
    seen.outcome(memory.grow(&mut store, 2));
    seen.note(memory.current_pages(&store));
    seen.outcome(memory.grow(&mut store, 1));
    seen.note(memory.current_pages(&store));
    seen.note(memory.ty(&store).maximum_pages());
    seen
}

fn tables_of_functions<E: WasmEngine>(engine: E) -> Seen {
    let (mut store, instance) = alone(
        engine,
        "(module (table (export \"table\") 3 5 funcref) (elem (i32.const 0) $one $two)
           (func $one (result i32) (i32.const 11)) (func $two (result i32) (i32.const 22))
           (func (export \"call\") (param i32) (result i32)
             (call_indirect (result i32) (local.get 0))))",
    );
    let table = item(&store, &instance, "table").into_table().expect("it is a table");
    let indirect = func(&store, &instance, "call");
    let mut seen = Seen::default();
    seen.note(table.size(&store));
    seen.outcome(call(&mut store, &indirect, &[Value::I32(0)]));
    let two = table.get(&mut store, 1).expect("there is an element");
    match &two {
        Value::FuncRef(Some(func)) => seen.outcome(call(&mut store, func, &[])),
        other => seen.note(other),
    }
    seen.outcome(call(&mut store, &indirect, &[Value::I32(2)]));
    table.set(&mut store, 2, two).expect("it fits");
    seen.outcome(call(&mut store, &indirect, &[Value::I32(2)]));
    seen.outcome(table.grow(&mut store, 2, Value::FuncRef(None)));
    seen.note(table.size(&store));
    seen.outcome(table.grow(&mut store, 1, Value::FuncRef(None)));
    seen.note(table.get(&mut store, 5).is_none());
    seen.note(matches!(table.get(&mut store, 4), Some(Value::FuncRef(None))));
    seen
}

fn globals<E: WasmEngine>(engine: E) -> Seen {
    let engine = Engine::new(engine);
    let text = "(module (import \"host\" \"global\" (global $g (mut i64)))
        (global (export \"constant\") f32 (f32.const 1.5))
        (func (export \"next\") (result i64)
          (global.set $g (i64.add (global.get $g) (i64.const 1))) (global.get $g)))";
    let module = module(&engine, text).expect("the backend takes the module");
    let mut store = Store::new(&engine, ());
    let global = Global::new(&mut store, Value::I64(7), true);
    let mut imports = Imports::default();
    imports.define("host", "global", wasm_runtime_layer::Extern::Global(global.clone()));
    let instance = Instance::new(&mut store, &module, &imports).expect("the global fits");
    let next = func(&store, &instance, "next");
    let constant = item(&store, &instance, "constant").into_global().expect("it is a global");

    let mut seen = Seen::default();
    seen.note(global.get(&mut store));
    seen.outcome(call(&mut store, &next, &[]));
    seen.note(global.get(&mut store));
    seen.outcome(global.set(&mut store, Value::I32(1)));
    seen.outcome(constant.set(&mut store, Value::F32(1.0)));
    seen.note(global.ty(&store));
    seen.note(constant.get(&mut store));
    seen
}

fn traps_are_errors<E: WasmEngine>(engine: E) -> Seen {
    let (mut store, instance) = alone(
        engine,
        "(module (memory 1) (func $deep (export \"deep\") (result i32) (call $deep))
           (func (export \"div\") (param i32) (result i32)
             (i32.div_s (i32.const 4) (local.get 0)))
           (func (export \"load\") (result i32) (i32.load (i32.const -1))))",
    );
    let [deep, div, load] = ["deep", "div", "load"].map(|name| func(&store, &instance, name));
    let mut seen = Seen::default();
    seen.outcome(call(&mut store, &deep, &[]));
    seen.outcome(call(&mut store, &div, &[Value::I32(0)]));
    seen.outcome(call(&mut store, &load, &[]));
    seen.outcome(call(&mut store, &div, &[Value::I32(2)]));
    seen
}

fn host_errors_come_back<E: WasmEngine>(engine: E) -> Seen {
    let engine = Engine::new(engine);
    let text = "(module (import \"host\" \"ask\" (func $ask (param i32) (result i32)))
        (func $f (param i32) (result i32) (call $ask (local.get 0)))
        (func (export \"run\") (param i32) (result i32) (call $f (local.get 0))))";
    let module = module(&engine, text).expect("the backend takes the module");
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new([ValueType::I32], [ValueType::I32]);
    let ask = Func::new(&mut store, ty, |_, args, results| {
        results[0] = Value::I32(1);
        match args[0] {
            Value::I32(0) => Err(prova::format_err!("the cause").context("the host says no")),
            _ => Ok(()),
        }
    });
    let mut imports = Imports::default();
    imports.define("host", "ask", wasm_runtime_layer::Extern::Func(ask));
    let instance = Instance::new(&mut store, &module, &imports).expect("the import is there");
    let run = func(&store, &instance, "run");
    let mut seen = Seen::default();
    let error = call(&mut store, &run, &[Value::I32(0)]).expect_err("the host fails");
    seen.note(format!("{error:?}").contains("the host says no"));
    seen.outcome(call(&mut store, &run, &[Value::I32(1)]));
    seen
}

fn externrefs_go_round<E: WasmEngine>(engine: E) -> Seen {
    let (mut store, instance) = alone(
        engine,
        "(module (table (export \"table\") 1 externref)
           (func (export \"same\") (param externref) (result externref) (local.get 0))
           (func (export \"keep\") (param externref) (table.set (i32.const 0) (local.get 0))))",
    );
    let same = func(&store, &instance, "same");
    let keep = func(&store, &instance, "keep");
    let table = item(&store, &instance, "table").into_table().expect("it is a table");
    let value = Value::ExternRef(Some(ExternRef::new(&mut store, "a value")));

    let mut seen = Seen::default();
    let back = call(&mut store, &same, std::slice::from_ref(&value)).expect("it returns");
    let Value::ExternRef(Some(back)) = back else { panic!("an externref came back") };
    seen.note(back.downcast::<&str, _, _>(store.as_context()).expect("it is the value"));
    seen.note(back.downcast::<String, _, _>(store.as_context()).is_err());
    let null = call(&mut store, &same, &[Value::ExternRef(None)]);
    seen.note(matches!(null, Ok(Value::ExternRef(None))));
    keep.call(&mut store, &[value], &mut []).expect("it returns");
    match table.get(&mut store, 0) {
        Some(Value::ExternRef(Some(kept))) => {
            seen.note(kept.downcast::<&str, _, _>(store.as_context()).expect("it is the value"));
        }
        other => seen.note(other),
    }
    seen
}

fn a_missing_import_is_an_error<E: WasmEngine>(engine: E) -> Seen {
    let engine = Engine::new(engine);
    let text = "(module (import \"host\" \"missing\" (func)))";
    let module = module(&engine, text).expect("the backend takes the module");
    let mut store = Store::new(&engine, ());
    let mut imports = Imports::default();
    let mut seen = Seen::default();
    seen.outcome(Instance::new(&mut store, &module, &imports));
    let ty = FuncType::new([ValueType::I32], []);
    let other = Func::new(&mut store, ty, |_, _, _| Ok(()));
    imports.define("host", "missing", wasm_runtime_layer::Extern::Func(other));
    seen.outcome(Instance::new(&mut store, &module, &imports));
    seen
}

fn a_start_function_runs<E: WasmEngine>(engine: E) -> Seen {
    let engine = Engine::new(engine);
    let text = "(module (import \"host\" \"note\" (func $note (param i32)))
        (func $start (call $note (i32.const 7))) (start $start))";
    let module = module(&engine, text).expect("the backend takes the module");
    assert_eq!(module.exports(&engine).count(), 0);
    let mut seen = Seen::default();
    for fails in [false, true] {
        let mut store = Store::new(&engine, Vec::new());
        let ty = FuncType::new([ValueType::I32], []);
        let note = Func::new(&mut store, ty, move |mut store, args, _| {
            if let Value::I32(number) = args[0] {
                store.data_mut().push(number);
            }
            if fails { Err(prova::format_err!("no")) } else { Ok(()) }
        });
        let mut imports = Imports::default();
        imports.define("host", "note", wasm_runtime_layer::Extern::Func(note));
        match Instance::new(&mut store, &module, &imports) {
            Ok(instance) => {
                assert_eq!(instance.exports(&store).count(), 0);
                seen.note(store.data().clone());
            }
            Err(error) => seen.outcome(Err::<(), _>(error)),
        }
    }
    seen
}

/// wasmi takes the result as it is.
#[test]
fn results_of_the_host_are_checked() {
    let engine = Engine::new(prova_runtime_layer::Engine::default());
    let text = "(module (import \"host\" \"one\" (func $one (result i32)))
        (func (export \"run\") (result i32) (call $one)))";
    let module = module(&engine, text).expect("the backend takes the module");
    let mut store = Store::new(&engine, ());
    let one = Func::new(&mut store, FuncType::new([], [ValueType::I32]), |_, _, results| {
        results[0] = Value::I64(1);
        Ok(())
    });
    let mut imports = Imports::default();
    imports.define("host", "one", wasm_runtime_layer::Extern::Func(one));
    let instance = Instance::new(&mut store, &module, &imports).expect("the import is there");
    let run = func(&store, &instance, "run");
    assert!(call(&mut store, &run, &[]).is_err());
}
