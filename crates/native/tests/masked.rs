//! The masked shape: what it refuses to be without, and that its traps are faults of the access.

use prova_check::traps;
use prova_core::{Config, Engine, Instance, Module, Settings, Store, Trap};
use prova_core::{MachineCompiler, Val};
use prova_module::FuncIdx;
use prova_native::{Layout, MemoryShape, NativeCompiler};

fn compiler() -> NativeCompiler {
    NativeCompiler::new().with_memory(MemoryShape::Masked)
}

/// Masks are no comparisons: where faults are no traps the shape is refused, not exchanged.
#[test]
fn without_signals_there_is_none() {
    let mut config = Config::new();
    config.native(compiler());
    assert!(Engine::new(&config).is_ok());
    config.signals_based_traps(false);
    let error = Engine::new(&config).expect_err("a shape whose traps are faults, without them");
    assert!(error.to_string().contains("masked"), "{error}");
    let mut config = Config::new();
    config.precompiled(MemoryShape::Masked).signals_based_traps(false);
    assert!(Engine::new(&config).is_err(), "nor code of files");
}

/// Each access has a row of its kind, and no branch to a trap stands before it.
#[test]
fn accesses_trap_by_themselves() {
    let wasm = wat::parse_str(
        r#"(module (memory 1) (table 4 externref) (table $f 4 funcref) (type $n (func))
            (func (param i32) (result i32) (i32.load offset=8 (local.get 0)))
            (func (param i32) (result externref) (table.get 0 (local.get 0)))
            (func (param i32 externref) (table.set 0 (local.get 0) (local.get 1)))
            (func (param i32) (call_indirect $f (type $n) (local.get 0))))"#,
    );
    let module = prova_module::Module::decode(
        wasm.expect("the text is well-formed"),
        &prova_module::Features::default(),
        &prova_module::Limits::default(),
    );
    let module = module.expect("it is valid");
    let settings = Settings::default();
    let layout = Layout::derive(module.bytes(), &compiler().config(&settings)).expect("a layout");
    let kinds = [
        traps::MEMORY_OUT_OF_BOUNDS,
        traps::TABLE_OUT_OF_BOUNDS,
        traps::TABLE_OUT_OF_BOUNDS,
        traps::UNDEFINED_ELEMENT,
    ];
    for (func, kind) in (0..).zip(kinds) {
        let code = compiler().function(&module, &layout, &settings, FuncIdx(func));
        let code = code.expect("machine code");
        let rows: Vec<_> = code.traps.iter().filter(|row| row.kind == kind).collect();
        let [row] = rows[..] else { panic!("{func}: {:?}", code.traps) };
        let stops = &code.bytes[row.code_offset as usize..][..2];
        assert_ne!(stops, [0x0f, 0x0b], "{func}: the access faults, not a `ud2`");
    }
}

/// Behind the test of a reference that is null in any case there is nothing: whichever way the
/// branch goes, no function's record would be read.
#[test]
fn null_is_called_by_no_code() {
    let wasm = wat::parse_str(
        r#"(module (type $n (func (result i32)))
            (func (export "f") (param i32) (result i32) (local $null (ref null $n))
                (if (result i32) (local.get 0)
                    (then (call_ref $n (local.get $null)))
                    (else (i32.const 7)))))"#,
    )
    .expect("the text is well-formed");
    let mut config = Config::new();
    config.native(compiler());
    let engine = Engine::new(&config).expect("the configuration is valid");
    let module = Module::new(&engine, wasm).expect("it is valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("no imports");
    let f = instance.get_typed_func::<i32, i32>(&mut store, "f").expect("an export");
    assert_eq!(f.call(&mut store, 0).expect("it returns"), 7);
    let error = f.call(&mut store, 1).expect_err("a trap");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::NullReference));
    assert!(module.refusals().is_empty(), "{:?}", module.refusals());
}

/// A masked access says nothing of the address that it had.
#[test]
fn a_fault_names_no_address() {
    let mut config = Config::new();
    config.native(compiler());
    let engine = Engine::new(&config).expect("the configuration is valid");
    let wasm = wat::parse_str(
        r#"(module (memory 1) (func (export "f") (param i32) (result i32)
            (i32.load (local.get 0))))"#,
    );
    let module = Module::new(&engine, wasm.expect("well-formed")).expect("it is valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("no imports");
    let f = instance.get_func(&mut store, "f").expect("an export");
    let error = f.call(&mut store, &[Val::I32(65_533)], &mut [Val::I32(0)]).expect_err("a trap");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
    assert!(!format!("{error:#}").contains("memory fault at"), "{error:#}");
}
