//! Stack metering against `wasm-instrument` 0.4.0, and imports that are missing.
//!
//! `metering.tsv` has modules in text with an export `f`, and the least limit at which `f` returns
//! in the module that `wasm-instrument` makes of them (its feature `sign_ext` on). Green does not
//! show that every operator is counted as there; twelve runtimes of chains were compared by
//! hand, with equal limits and equal fuel (`docs/reference/substrate.md`).

use prova_core::{Config, Engine, Linker, Module, Store, Trap};
use prova_substrate::{
    CallOptions, Fault, MissingImports, Rule, Runtime, RuntimeOptions, Storage, SubstrateError,
    configure, meter_stack,
};

fn engine() -> Engine {
    let mut config = Config::new();
    configure(&mut config).consume_fuel(true);
    Engine::new(&config).unwrap()
}

/// Runs `f` of the metered module.
fn run(engine: &Engine, wasm: &[u8], limit: u32) -> prova_core::Result<()> {
    let metered = meter_stack(wasm, limit)?;
    let module = Module::from_binary(engine, &metered)?;
    let mut store = Store::new(engine, ());
    store.set_fuel(u64::MAX)?;
    let instance = Linker::new(engine).instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ())
}

#[test]
fn limits_are_those_of_wasm_instrument() {
    let engine = engine();
    let rows = include_str!("metering.tsv");
    for row in rows.lines() {
        let fields: Vec<&str> = row.split('\t').collect();
        let [least, name, text] = fields[..] else { panic!("{row}") };
        let wasm = wat::parse_str(format!("(module {text})")).unwrap();
        let least: u32 = least.parse().unwrap();
        run(&engine, &wasm, least).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let below = run(&engine, &wasm, least - 1).expect_err(name);
        assert_eq!(below.downcast_ref(), Some(&Trap::UnreachableCodeReached), "{name}");
    }
    assert!(rows.lines().count() >= 20);
}

#[test]
fn what_the_original_does_not_meter_is_refused() {
    for (text, why) in [
        ("(func (drop (i32.trunc_sat_f32_s (f32.const 1))))", "does not know the operator 0xfc"),
        (r#"(import "a" "b" (global i32))"#, "imports a global"),
        ("(table 1 funcref) (func $f) (elem declare func $f)", "segment of another kind"),
        ("(func (result i32 i32) (block (result i32 i32) unreachable))", "block has another type"),
    ] {
        let wasm = wat::parse_str(format!("(module {text})")).unwrap();
        let error = meter_stack(&wasm, 100).unwrap_err();
        let error = error.downcast_ref::<SubstrateError>().unwrap();
        assert!(matches!(error.rule(), Rule::Metering(_)), "{text}");
        assert!(error.to_string().contains(why), "{text}: {error}");
    }
}

/// Bytes that are no module at all, and modules that are cut or changed, end in an error or a
/// module.
#[test]
fn bytes_that_were_not_validated_do_no_harm() {
    let row = include_str!("metering.tsv").lines().find(|row| row.contains("call_indirect"));
    let text = row.unwrap().split('\t').nth(2).unwrap();
    let wasm = wat::parse_str(format!("(module {text})")).unwrap();
    for cut in 0..wasm.len() {
        let _ = meter_stack(&wasm[..cut], 10);
    }
    for at in 8..wasm.len() {
        for bit in 0..8 {
            let mut changed = wasm.clone();
            changed[at] ^= 1 << bit;
            let _ = meter_stack(&changed, 10);
        }
    }
}

const RUNTIME: &str = r#"(module
    (import "env" "memory" (memory 1))
    (import "env" "ext_logging_max_level_version_1" (func $level (result i32)))
    (import "env" "ext_future_version_9" (func $future (param i64) (result i32)))
    (import "other" "thing" (func $thing))
    (global (export "__heap_base") i32 (i32.const 1024))
    (func $deep (param i32) (local i32 i32)
        (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "good") (param i32 i32) (result i64) (drop (call $level)) (i64.const 0))
    (func (export "deep") (param i32 i32) (result i64)
        (call $deep (local.get 1)) (i64.const 0))
    (func (export "calls") (param i32 i32) (result i64)
        (drop (call $future (i64.const 1))) (i64.const 0)))"#;

fn load(text: &str, options: RuntimeOptions) -> prova_core::Result<Runtime> {
    Runtime::with_options(&engine(), &wat::parse_str(text)?, &options)
}

fn rule(error: &prova_core::Error) -> (String, Rule, Fault) {
    let error = error.downcast_ref::<SubstrateError>().unwrap_or_else(|| panic!("{error:?}"));
    (error.at().to_owned(), error.rule().clone(), error.fault())
}

#[test]
fn missing_imports_are_named_or_trap_when_they_are_called() {
    let refused = rule(&load(RUNTIME, RuntimeOptions::default()).unwrap_err());
    let names = vec!["env::ext_future_version_9".to_owned(), "other::thing".to_owned()];
    assert_eq!(refused, ("runtime".to_owned(), Rule::MissingImports(names), Fault::Host));
    let trapping =
        RuntimeOptions { missing_imports: MissingImports::Trap, ..RuntimeOptions::default() };
    let runtime = load(RUNTIME, trapping).unwrap();
    let options = CallOptions::default();
    let call = |entry| runtime.call(&mut Storage::default(), entry, &[], &options);
    assert!(call("good").is_ok());
    let called = rule(&call("calls").unwrap_err());
    let at = "env::ext_future_version_9".to_owned();
    assert_eq!(called, (at, Rule::MissingImports(Vec::new()), Fault::Host));
    // The host's functions must have their types, and other kinds of imports are never made up.
    let wrong = RUNTIME.replace("(func $level (result i32))", "(func $level (result i64))");
    let wrong = rule(&load(&wrong.replace("(drop (call $level))", ""), trapping).unwrap_err());
    assert_eq!(wrong.0, "ext_logging_max_level_version_1");
    assert_eq!(wrong.1, Rule::ImportType("() -> (i64)".to_owned()));
    let global = RUNTIME.replace("(func $thing)", "(global i32)");
    let global = rule(&load(&global, trapping).unwrap_err()).1;
    assert_eq!(global, Rule::MissingImports(vec!["other::thing".to_owned()]));
}

#[test]
fn a_metered_runtime_traps_at_its_limit() {
    let with = |limit| RuntimeOptions {
        stack_values_max: Some(limit),
        missing_imports: MissingImports::Trap,
    };
    // `deep` costs 2 and an operand, the function that calls itself 2 locals, 2 and 2 operands.
    let cost = |depth: u32| 3 + 6 * (depth + 1);
    let options = CallOptions::default();
    for depth in [0, 1, 50] {
        let call = |limit| {
            let runtime = load(RUNTIME, with(limit)).unwrap();
            runtime.call(&mut Storage::default(), "deep", &vec![0; depth as usize], &options)
        };
        assert!(call(cost(depth)).is_ok(), "{depth}");
        let below = call(cost(depth) - 1).unwrap_err();
        assert_eq!(below.downcast_ref(), Some(&Trap::UnreachableCodeReached), "{depth}");
    }
}
