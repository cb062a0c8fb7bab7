//! A compiler that is plugged in: what it proposes runs if the check accepts it, and never
//! otherwise.
//!
//! Every refusal here has an accepting twin: `Twin::Honest` differs from the others in the one
//! thing that they get wrong. Green does not show that the check refuses everything that is wrong;
//! that is what the tests of `prova-bytecode` ask.

use prova_bytecode::{Metering, Settings};
use prova_core::*;
use prova_module::FuncIdx;
use prova_translate::Translator;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The fault of a compiler.
#[derive(Clone, Copy, Debug)]
enum Twin {
    Honest,
    /// It has no code.
    Declines,
    /// An instruction is another.
    Edits,
    /// The code is of the next function.
    AnotherFunction,
    /// The code is metered, and the engine is not.
    AnotherSetting,
    /// The code is of the same function in another module.
    AnotherModule,
}

/// Translates as the built-in translator does, except for its fault; counts how often it was asked.
struct Plugged {
    twin: Twin,
    asked: Arc<AtomicUsize>,
}

impl Compiler for Plugged {
    fn name(&self) -> &str {
        "plugged"
    }

    fn compile(
        &self,
        module: &prova_module::Module,
        settings: &Settings,
        func: FuncIdx,
    ) -> Result<CodeCandidate, CompileError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut translator = Translator::new();
        let mut translate = |module: &_, settings: &_, func| {
            translator.translate(module, func, settings).expect("the functions are small")
        };
        let other = |func| FuncIdx((func + 1) % 3);
        let candidate = match self.twin {
            Twin::Honest => translate(module, settings, func),
            Twin::Declines => return Err(CompileError::Bug("no time".to_owned())),
            Twin::Edits => {
                let mut candidate = translate(module, settings, func);
                // The last lane of the first instruction.
                candidate.words[0] ^= 1 << 48;
                candidate
            }
            Twin::AnotherFunction => translate(module, settings, other(func.0)),
            Twin::AnotherSetting => {
                translate(module, &Settings { metering: Metering::Fuel, ..*settings }, func)
            }
            Twin::AnotherModule => {
                translate(&decoded(&TEXT.replace("i32.add", "i32.sub")), settings, func)
            }
        };
        Ok(CodeCandidate::Bytecode(candidate))
    }
}

/// Three functions, the export computes `n + 6`.
const TEXT: &str = r#"(module
    (func (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (param i32) (result i32) (i32.add (call 0 (local.get 0)) (i32.const 2)))
    (func (export "f") (param i32) (result i32) (i32.add (call 1 (local.get 0)) (i32.const 3))))"#;

fn decoded(text: &str) -> prova_module::Module {
    let bytes = wat::parse_str(text).expect("the text is well-formed");
    prova_module::Module::decode(bytes, &Features::default(), &Limits::default()).expect("valid")
}

/// Runs `f(10)` with a compiler; gives the module, and how often it was asked.
fn run(twin: Twin, translate: Translate) -> (Module, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut config = Config::new();
    config.translate(translate).compiler(Plugged { twin, asked: Arc::clone(&asked) });
    let engine = Engine::new(&config).expect("the configuration is sound");
    let bytes = wat::parse_str(TEXT).expect("the text is well-formed");
    let module = Module::new(&engine, bytes).expect("the module is valid, and has bytecode");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("nothing is imported");
    let f = instance.get_typed_func::<i32, i32>(&mut store, "f").expect("it is exported");
    for _ in 0..2 {
        assert_eq!(f.call(&mut store, 10).expect("it returns"), 16, "{twin:?}");
    }
    (module, asked.load(Ordering::Relaxed))
}

const EACH: [Translate; 2] = [Translate::Lazy, Translate::Eager];

#[test]
fn code_that_passes_runs_and_each_function_is_compiled_once() {
    for translate in EACH {
        let (module, asked) = run(Twin::Honest, translate);
        assert_eq!((module.refusals(), asked), (Vec::new(), 3));
    }
}

#[test]
fn a_compiler_may_decline() {
    for translate in EACH {
        let (module, asked) = run(Twin::Declines, translate);
        let refusals = module.refusals();
        assert_eq!((refusals.len(), asked), (3, 3));
        for (i, refusal) in refusals.iter().enumerate() {
            assert_eq!((refusal.func, &*refusal.compiler), (FuncIdx(i as u32), "plugged"));
            assert_eq!(refusal.reason, RefusalReason::Declined("no time".to_owned()));
        }
        assert_eq!(refusals[1].to_string(), "func1: `plugged` has no code: no time");
    }
}

#[test]
fn code_that_does_not_pass_never_runs_and_is_reported() {
    let wrong = [
        (Twin::Edits, "rule"),
        (Twin::AnotherFunction, "it is code of func"),
        (Twin::AnotherSetting, "charge"),
        (Twin::AnotherModule, "in Wasm i32_add(0x"),
    ];
    for (twin, why) in wrong {
        let (module, _) = run(twin, Translate::Lazy);
        let refusals = module.refusals();
        assert_eq!(refusals.len(), 3, "{twin:?}");
        for refusal in refusals {
            let RefusalReason::Rejected(reason) = &refusal.reason else {
                panic!("{twin:?}: {refusal}");
            };
            assert!(reason.to_string().contains(why), "{twin:?}: {refusal}");
        }
    }
}

#[test]
fn without_a_compiler_nothing_is_refused() {
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(TEXT).expect("well-formed")).expect("valid");
    module.translate().expect("all functions have bytecode");
    assert_eq!(module.refusals(), Vec::new());
}
