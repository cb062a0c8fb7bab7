//! Whole modules as machine code and as bytecode: the same results, traps and backtraces.

use prova::{Config, Engine, Instance, Linker, Module, Store, Trap, Val};
use prova_native::NativeCompiler;

/// An engine of one tier.
fn engine(native: bool, configure: impl Fn(&mut Config)) -> Engine {
    let mut config = Config::new();
    if native {
        config.native(NativeCompiler::new());
    }
    configure(&mut config);
    Engine::new(&config).expect("the configuration is valid")
}

/// What a call gives: results, or the trap with its backtrace.
fn call(store: &mut Store<()>, instance: &Instance, name: &str, args: &[Val]) -> String {
    let func = instance.get_func(&mut *store, name).expect("an exported function");
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    match func.call(&mut *store, args, &mut results) {
        Ok(()) => format!("{results:?}"),
        Err(error) => format!("{:?} {error:?}", error.downcast_ref::<Trap>()),
    }
}

/// Runs calls in both tiers; all functions with a body have to be native.
fn same(text: &str, calls: &[(&str, &[Val])]) {
    same_with(text, calls, |_| {});
}

fn same_with(text: &str, calls: &[(&str, &[Val])], configure: impl Fn(&mut Config)) {
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let run = |native: bool| {
        let engine = engine(native, &configure);
        let module = Module::new(&engine, &wasm).expect("the module is valid");
        let mut store = Store::new(&engine, ());
        if store.get_fuel().is_ok() {
            store.set_fuel(1_000_000).expect("it is metered");
        }
        let instance =
            Linker::new(&engine).instantiate(&mut store, &module).expect("it has no imports");
        let results: Vec<String> =
            calls.iter().map(|(name, args)| call(&mut store, &instance, name, args)).collect();
        assert_eq!(module.refusals(), [], "all of it is native");
        (results, store.get_fuel().ok())
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn an_addition_and_a_load() {
    let text = r#"(module (memory 1) (data (i32.const 8) "\2a\00\00\00")
        (func (export "f") (param i32 i32) (result i32)
            (i32.load (i32.add (local.get 0) (local.get 1)))))"#;
    same(
        text,
        &[
            ("f", &[Val::I32(3), Val::I32(5)]),
            ("f", &[Val::I32(65_532), Val::I32(0)]),
            ("f", &[Val::I32(65_533), Val::I32(0)]),
            ("f", &[Val::I32(-1), Val::I32(0)]),
        ],
    );
}
