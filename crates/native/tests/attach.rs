//! Code that is not of the function, its module's layout, or the store's settings does not attach.
//!
//! A green run does not show that the check refuses bad bytes (`prova-check` has those tests).

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use prova_check::{Code, CodeKind, Layout};
use prova_core::{MachineCode, MachineCompiler, Settings};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_native::NativeCompiler;
use prova_runtime::{
    Attach, AttachError, Attached, FuncAddr, NativeCode, NativeModule, Store, StoreConfig, Thunks,
    Trap, TrapKind,
};
use std::sync::Arc;

fn module(tag: &str) -> Module {
    let text = format!(
        "(module (func (result i32) i32.const 1) (func (result i32) i32.const 2) (data \"{tag}\"))"
    );
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    Module::decode(wasm, &Features::default(), &Limits::default()).expect("it is valid")
}

/// Attaches machine code of a function of a module in some settings, to any function that asks.
struct Fixed {
    module: Module,
    func: FuncIdx,
    settings: Settings,
    /// The module of the thunks.
    thunks: Module,
}

pub(crate) fn load(module: &Module, settings: Settings, kind: CodeKind) -> Arc<NativeCode> {
    let compiler = NativeCompiler::new();
    let layout = Layout::derive(module.bytes(), &compiler.config(&settings)).expect("a layout");
    let code = match kind {
        CodeKind::Func(func) => compiler.function(module, &layout, &settings, FuncIdx(func)),
        CodeKind::Loop { func, offset } => {
            compiler.of_loop(module, &layout, &settings, (FuncIdx(func), offset))
        }
        CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) => compiler.thunk(module, &layout, kind),
        CodeKind::Way(_) => unreachable!("ways are the code of other runtimes"),
    };
    let MachineCode { kind, bytes, certificate, traps, calls, .. } = code.expect("it compiles");
    let code =
        Code { kind, bytes: &bytes, certificate: &certificate, traps: &traps, calls: &calls };
    Arc::new(NativeCode::load(&layout, settings, code).expect("the check accepts it"))
}

impl Attach for Fixed {
    fn attach(&self, _: &Module, _: FuncIdx) -> Result<Attached, AttachError> {
        Err("no bytecode".into())
    }

    fn native(&self, _: &Module) -> Option<Arc<NativeModule>> {
        Some(support(&self.thunks))
    }

    fn attach_native(&self, _: &Module, _: FuncIdx) -> Option<Arc<NativeCode>> {
        Some(load(&self.module, self.settings, CodeKind::Func(self.func.0)))
    }
}

/// Code that fits function 1 of module `a`.
fn good() -> Fixed {
    let settings = Settings::default();
    Fixed { module: module("a"), func: FuncIdx(1), settings, thunks: module("a") }
}

/// Calls function 1 of an instance of module `a`.
fn call(with: Fixed) -> Result<u64, Trap> {
    let settings = Settings::default();
    let native = Some(NativeCompiler::new().config(&settings));
    let mut store = Store::new(StoreConfig { settings, native, ..StoreConfig::default() });
    let instance = store.instantiate(&mut (), &module("a"), &[], Arc::new(with));
    instance.expect("it can be instantiated");
    let mut results = [0];
    store.call(&mut (), FuncAddr::from_index(1), &[], &mut results)?;
    Ok(results[0])
}

fn refused(with: Fixed, why: &str) {
    let trap = call(with).expect_err("it does not fit");
    assert_eq!(trap.kind, TrapKind::Attach);
    assert!(trap.to_string().contains(why), "{trap}");
}

#[test]
fn what_fits_runs() {
    assert_eq!(call(good()).expect("it fits"), 2);
}

/// There is no bytecode, so each instance has separate code.
#[test]
fn every_instance_of_a_module_runs() {
    let text = "(module (memory 1) (global $n (mut i32) (i32.const 0))
        (func (result i32) i32.const 1)
        (func (result i32)
          (global.set $n (i32.add (global.get $n) (i32.const 1)))
          (i32.store (i32.const 8) (global.get $n))
          (i32.load (i32.const 8))))";
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
    let settings = Settings::default();
    let native = Some(NativeCompiler::new().config(&settings));
    let mut store = Store::new(StoreConfig { settings, native, ..StoreConfig::default() });
    let code = load(&module, settings, CodeKind::Func(1));
    let attach = Arc::new(Shared { module: module.clone(), code });
    for _ in 0..3 {
        let instance = store.instantiate(&mut (), &module, &[], Arc::clone(&attach) as _);
        instance.expect("it can be instantiated");
    }
    for (func, wanted) in [(1, 1), (1, 2), (3, 1), (5, 1), (3, 2), (1, 3)] {
        let mut results = [0];
        let called = store.call(&mut (), FuncAddr::from_index(func), &[], &mut results);
        called.expect("it has machine code");
        assert_eq!(results, [wanted], "function {func}");
    }
}

/// Attaches one piece of machine code to the second function of each instance.
struct Shared {
    module: Module,
    code: Arc<NativeCode>,
}

impl Attach for Shared {
    fn attach(&self, _: &Module, _: FuncIdx) -> Result<Attached, AttachError> {
        Err("no bytecode".into())
    }

    fn native(&self, _: &Module) -> Option<Arc<NativeModule>> {
        Some(support(&self.module))
    }

    fn attach_native(&self, _: &Module, _: FuncIdx) -> Option<Arc<NativeCode>> {
        Some(Arc::clone(&self.code))
    }
}

/// Layout and thunks of a module whose functions are all of one type.
fn support(module: &Module) -> Arc<NativeModule> {
    let thunk = |kind| load(module, Settings::default(), kind);
    let thunks = Thunks { into: thunk(CodeKind::ThunkIn(0)), out: thunk(CodeKind::ThunkOut(0)) };
    let config = NativeCompiler::new().config(&Settings::default());
    let native = NativeModule::derive(module, &config).expect("a layout");
    Arc::new(native.with_thunks(vec![Some(thunks)]).expect("a way for each type"))
}

#[test]
fn another_function() {
    refused(Fixed { func: FuncIdx(0), ..good() }, "another function");
}

#[test]
fn another_module() {
    refused(Fixed { module: module("b"), ..good() }, "another layout");
}

#[test]
fn another_metering() {
    let settings = Settings { metering: prova_runtime::Metering::Fuel, ..Settings::default() };
    refused(Fixed { settings, ..good() }, "another layout");
}

#[test]
fn another_determinism() {
    let settings = Settings { deterministic: true, ..Settings::default() };
    refused(Fixed { settings, ..good() }, "other settings");
}

#[test]
fn with_thunks_of_another_module_nothing_is_native() {
    refused(Fixed { thunks: module("b"), ..good() }, "no bytecode");
}

/// Code calls functions of any type whose results fit registers; a record whose type has no way out
/// would lead a call to address 0.
#[test]
fn without_a_way_for_each_type_there_is_no_native_module() {
    let module = module("a");
    let config = NativeCompiler::new().config(&Settings::default());
    let native = || NativeModule::derive(&module, &config).expect("a layout");
    let thunk = |kind| load(&module, Settings::default(), kind);
    let (into, out) = (thunk(CodeKind::ThunkIn(0)), thunk(CodeKind::ThunkOut(0)));
    let ways = |into: &Arc<NativeCode>, out: &Arc<NativeCode>| {
        Some(Thunks { into: Arc::clone(into), out: Arc::clone(out) })
    };
    for missing in [vec![], vec![None], vec![ways(&out, &into)], vec![ways(&into, &into)]] {
        let error = native().with_thunks(missing).expect_err("a way is missing");
        assert_eq!(error.to_string(), "there is no way to functions of type 0");
    }
    assert!(native().thunks().is_none());
    assert!(native().with_thunks(vec![ways(&into, &out)]).is_ok());
}
