//! Edits of code on objects that is proved equal to its body: those that are confined and are
//! proved too are executed by the engine, on real objects, and do what the original does.
//!
//! ```text
//! PROVA_EDITS=100000 cargo test -p prova-native --test equal_objects -- --nocapture
//! ```
//!
//! tries this number of edits of the functions of `edits/objects.wat`; without it a sample. The
//! observer of `equal_edits` knows no objects: there a reference is any number, while the proof
//! takes it for one to an object of its type.
//!
//! Green says nothing of edits that no run tells apart, as those of code that is not reached.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[allow(dead_code, reason = "each test uses a part")]
mod edits;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "../../certify/tests/mutation/mod.rs"]
mod mutation;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "../../certify/tests/observer/mod.rs"]
mod observer;

use edits::make::edits as all_edits;
use edits::{Program, Proved, Verdict};
use prova_check::{CodeKind, Config as CheckConfig, Layout, TrapRow};
use prova_core::{
    CompileError, Config, Engine, Instance, MachineCode, MachineCompiler, Module, Settings, Store,
    Val,
};
use prova_module::FuncIdx;
use prova_native::NativeCompiler;
use prova_random::Rng;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The functions that are edited: the first of the module.
const SUBJECTS: u32 = 18;
/// Operands of a run.
const OPERANDS: [i32; 15] = [0, 1, 2, 3, 4, 5, 6, 9, 10, 16, 17, 18, 24, -4, 32_003];

/// Codes by kind, as the compiler makes them.
type Codes = Arc<Mutex<HashMap<CodeKind, Result<MachineCode, CompileError>>>>;

/// A compiler that makes one function's code of these bytes.
struct Editor {
    inner: NativeCompiler,
    made: Codes,
    edited: Option<MachineCode>,
}

impl Editor {
    fn once(
        &self,
        kind: CodeKind,
        make: impl FnOnce() -> Result<MachineCode, CompileError>,
    ) -> Result<MachineCode, CompileError> {
        self.made.lock().expect("no panic").entry(kind).or_insert_with(make).clone()
    }
}

impl MachineCompiler for Editor {
    fn name(&self) -> &str {
        "editor"
    }

    fn config(&self, settings: &Settings) -> CheckConfig {
        self.inner.config(settings)
    }

    fn function(
        &self,
        module: &prova_module::Module,
        layout: &Layout,
        settings: &Settings,
        func: FuncIdx,
    ) -> Result<MachineCode, CompileError> {
        let kind = CodeKind::Func(func.0);
        match &self.edited {
            Some(code) if code.kind == kind => Ok(code.clone()),
            _ => self.once(kind, || self.inner.function(module, layout, settings, func)),
        }
    }

    fn thunk(
        &self,
        module: &prova_module::Module,
        layout: &Layout,
        kind: CodeKind,
    ) -> Result<MachineCode, CompileError> {
        self.once(kind, || self.inner.thunk(module, layout, kind))
    }
}

/// A module of which one function may have other code.
struct Objects {
    program: Program,
    made: Codes,
}

impl Objects {
    /// The outcomes of runs of a function, with this code of it.
    fn runs(&self, of: u32, edited: Option<MachineCode>) -> Vec<String> {
        let inner = NativeCompiler::new();
        let is_edited = edited.is_some();
        let mut config = Config::new();
        config.native(Editor { inner, made: self.made.clone(), edited });
        let engine = Engine::new(&config).expect("the configuration is valid");
        let module = Module::new(&engine, &self.program.wasm).expect("it is valid");
        let refused = module.refusals().into_iter().any(|it| it.func.0 == of);
        assert!(!refused || !is_edited, "the engine takes what the check takes");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
        let run = instance.get_func(&mut store, "run").expect("an exported function");
        let mut outcomes = Vec::new();
        for x in OPERANDS {
            for y in OPERANDS.into_iter().step_by(if x % 2 == 0 { 1 } else { 3 }) {
                let mut result = [Val::I64(0)];
                let args = [Val::I32(of as i32), Val::I32(x), Val::I32(y)];
                outcomes.push(match run.call(&mut store, &args, &mut result) {
                    Ok(()) => format!("{:?}", result[0]),
                    Err(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
                });
            }
        }
        outcomes
    }

    fn code(&self, of: &Proved, bytes: &[u8], traps: &[TrapRow]) -> Option<MachineCode> {
        Some(MachineCode {
            kind: of.kind,
            bytes: bytes.to_vec(),
            certificate: self.program.certificate(of, bytes, traps)?,
            traps: traps.to_vec(),
            calls: of.calls.clone(),
            relation: Vec::new(),
            sources: Vec::new(),
        })
    }
}

#[test]
fn accepted_edits_do_the_same_on_objects() {
    let most = std::env::var("PROVA_EDITS").ok().and_then(|n| n.parse().ok()).unwrap_or(6_000);
    let wasm = wat::parse_str(include_str!("edits/objects.wat")).expect("well-formed");
    let config = NativeCompiler::new().config(&Settings::default());
    let program = Program::within("objects", wasm, &config);
    let (proved, tried) = program.proved(20..4_000, 1);
    let subjects: Vec<&Proved> =
        proved.iter().filter(|of| matches!(of.kind, CodeKind::Func(n) if n < SUBJECTS)).collect();
    assert_eq!(subjects.len(), SUBJECTS as usize, "of {tried} functions these are proved");
    let objects = Objects { program, made: Codes::default() };
    let all: usize = subjects.iter().map(|of| 9 * of.bytes.len()).sum();
    let share = (1_000 * most / all).clamp(1, 1_000);
    let (mut count, mut confined, mut accepted) = (0, 0, 0);
    let mut wrong = Vec::new();
    for round in 0..(most / all).max(1) as u64 {
        for of in &subjects {
            let CodeKind::Func(func) = of.kind else { continue };
            let honest = objects.runs(func, None);
            let different = |a: &String| honest.iter().any(|b| a != b);
            assert!(honest.iter().any(different), "runs of {func} differ by operands");
            let mut rng = Rng::new(of.bytes.len() as u64 + (round << 32));
            let mut choice = Rng::new(of.bytes.len() as u64 + 1 + (round << 32));
            for edit in all_edits(of, &mut rng, &mut || choice.below(1000) < share) {
                count += 1;
                let verdict = objects.program.judge(of, &edit.bytes, &edit.traps);
                confined += usize::from(matches!(verdict, Verdict::Differs | Verdict::Accepted));
                if verdict != Verdict::Accepted {
                    continue;
                }
                accepted += 1;
                let code = objects.code(of, &edit.bytes, &edit.traps).expect("it is certified");
                let found = objects.runs(func, Some(code));
                if let Some(i) = (0..honest.len()).find(|&i| honest[i] != found[i]) {
                    let (a, b) = (&honest[i], &found[i]);
                    wrong.push(format!("{func} {:#x} {}: {a} becomes {b}", edit.at, edit.kind));
                }
            }
        }
    }
    println!("{count} edits, {confined} confined, {accepted} accepted");
    assert!(accepted > 100 && confined > accepted, "{count} {confined} {accepted}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
