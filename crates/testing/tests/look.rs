//! Looks at a program that runs as bytecode, answered by an embedder: the right code at every
//! moment, code that does not belong where it is given, ways that come late.
//!
//! A green run does not show that random programs may change over anywhere: `native.rs` and
//! `prova-testing native --swaps` run those.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use prova_check::{Code, CodeKind, Layout};
use prova_core::{MachineCode, MachineCompiler};
use prova_module::{BlockKind, Features, FuncIdx, Limits, Module};
use prova_native::NativeCompiler;
use prova_runtime::{
    Attach, AttachError, Attached, Extern, Heat, InstanceAddr, Metering, NativeCode, NativeModule,
    Place, Ready, Settings, Store, StoreConfig, Thunks, Trap, TrapKind,
};
use prova_testing::sides::attach::Translation;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Two functions of one shape: two loops one after the other, the second above operands, with
/// memory, growth, calls of each other and a trap where the argument says so.
const TEXT: &str = r#"(module
  (memory 1 3) (global $depth (export "depth") (mut i32) (i32.const 0))
  (func $other (export "other") (param $n i32) (result i32) (local $i i32)
    (loop $only
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $only (i32.lt_u (local.get $i) (local.get $n))))
    (i32.div_u (i32.const 100) (i32.sub (local.get $i) (i32.const 9))))
  (func $f (export "f") (param $n i32) (result i32) (local $s i32) (local $i i32)
    (loop $first
      (local.set $s (i32.add (local.get $s) (i32.mul (local.get $i) (i32.const 7))))
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (local.get $s))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $first (i32.lt_u (local.get $i) (local.get $n))))
    (local.set $i (i32.const 0))
    (i32.xor (local.get $s) (i32.const 0x5555))
    (loop $second (result i32)
      (drop (memory.grow (i32.const 1)))
      (local.set $s (i32.sub (local.get $s) (call $other (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $second (i32.lt_u (local.get $i) (local.get $n)))
      (i32.load (i32.shl (local.get $i) (i32.const 2))))
    (i32.add)
    (i32.add (local.get $s)))
  (func $deep (export "deep") (param $n i32) (result i32) (local $i i32)
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 3))))
    (i32.add (call $deep (local.get $n)) (local.get $i)))
  (func (export "none") (param externref) (local $i i32)
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 3))))))"#;

fn module(tag: &str) -> Module {
    let text = format!("{} (data \"{tag}\"))", &TEXT[..TEXT.len() - 1]);
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    Module::decode(wasm, &Features::default(), &Limits::default()).expect("it is valid")
}

/// The offset of a loop of a function.
fn offset(module: &Module, func: u32, number: usize) -> u32 {
    let blocks = &module.facts(FuncIdx(func)).expect("facts").blocks;
    let loops: Vec<u32> =
        blocks.iter().filter(|b| b.kind == BlockKind::Loop).map(|b| b.start).collect();
    loops[number]
}

fn load(module: &Module, settings: Settings, kind: CodeKind) -> Option<Arc<NativeCode>> {
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
    let MachineCode { kind, bytes, certificate, traps, calls, .. } = code.ok()?;
    let code =
        Code { kind, bytes: &bytes, certificate: &certificate, traps: &traps, calls: &calls };
    Some(Arc::new(NativeCode::load(&layout, settings, code).expect("the check accepts it")))
}

fn layout_alone(module: &Module, settings: Settings) -> NativeModule {
    let config = NativeCompiler::new().config(&settings);
    NativeModule::derive(module, &config).expect("a layout")
}

/// Layout and ways.
fn ways(module: &Module, settings: Settings) -> Arc<NativeModule> {
    let way = |ty: usize| {
        module.types().get(ty)?;
        let thunk = |kind| load(module, settings, kind).expect("a way");
        let (into, out) = (CodeKind::ThunkIn(ty as u32), CodeKind::ThunkOut(ty as u32));
        Some(Thunks { into: thunk(into), out: thunk(out) })
    };
    let ways = (0..module.types().len()).map(way).collect();
    Arc::new(layout_alone(module, settings).with_thunks(ways).expect("a way for each type"))
}

type Answer = Box<dyn Fn(Place) -> Ready + Send + Sync>;

/// Bytecode that counts, and answers to looks.
struct Looked {
    translation: Translation,
    native: Arc<NativeModule>,
    answer: Answer,
}

impl Attach for Looked {
    fn attach(&self, module: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        self.translation.attach(module, func)
    }

    fn native(&self, _: &Module) -> Option<Arc<NativeModule>> {
        Some(Arc::clone(&self.native))
    }

    fn look(&self, _: &Module, at: Place) -> Ready {
        (self.answer)(at)
    }
}

/// A run: a store that looks at each count, and an instance in it.
struct Run {
    store: Store,
    instance: InstanceAddr,
}

impl Run {
    fn new(settings: Settings, stack_bytes: u64, attach: Arc<dyn Attach>) -> Run {
        let native = Some(NativeCompiler::new().config(&settings));
        let heat = Heat { every: 1, seed: 0 };
        let config = StoreConfig { settings, stack_bytes, native, heat, ..StoreConfig::default() };
        let mut store = Store::new(config);
        store.set_fuel(1 << 40);
        let instance = store.instantiate(&mut (), &module("a"), &[], attach);
        let instance = instance.expect("it can be instantiated");
        Run { store, instance }
    }

    fn call(&mut self, name: &str, argument: u64) -> Result<u64, Trap> {
        let func = self.store.instance(self.instance).export(name).and_then(Extern::func);
        let func = func.expect("an export");
        let mut results = vec![0; self.store.func_cells(func).1];
        self.store.call(&mut (), func, &[argument], &mut results)?;
        Ok(results.first().copied().unwrap_or(0))
    }
}

const STACK: u64 = 1 << 20;

/// The result of `f` for 6.
fn wanted() -> u64 {
    let plain = answering(Settings::default(), Box::new(|_| Ready::default()));
    Run::new(Settings::default(), STACK, Arc::new(plain)).call("f", 6).expect("a result")
}

fn told(trap: &Trap) -> String {
    format!("{:?} {}", trap.kind, trap.display_backtrace())
}

fn answering(settings: Settings, answer: Answer) -> Looked {
    static WAYS: [OnceLock<Arc<NativeModule>>; 2] = [OnceLock::new(), OnceLock::new()];
    let made = &WAYS[usize::from(settings.metering.has_fuel())];
    let native = Arc::clone(made.get_or_init(|| ways(&module("a"), settings)));
    Looked { translation: Translation::with_heat(settings), native, answer }
}

/// All code that there is of the module: of each function, and of each loop.
struct All {
    funcs: Vec<Arc<NativeCode>>,
    loops: Vec<((FuncIdx, u32), Arc<NativeCode>)>,
}

impl All {
    fn new(settings: Settings) -> All {
        let module = module("a");
        let (mut funcs, mut loops) = (Vec::new(), Vec::new());
        for func in module.defined_funcs() {
            funcs.extend(load(&module, settings, CodeKind::Func(func.0)));
            for block in &module.facts(func).expect("facts").blocks {
                if block.kind == BlockKind::Loop {
                    let kind = CodeKind::Loop { func: func.0, offset: block.start };
                    loops.extend(load(&module, settings, kind).map(|c| ((func, block.start), c)));
                }
            }
        }
        All { funcs, loops }
    }

    /// The code that there is of a place, if the look has this number or a greater one.
    fn after(self: &Arc<All>, first: u64, entered: &Arc<AtomicU64>) -> Answer {
        let (all, looks, entered) = (Arc::clone(self), AtomicU64::new(0), Arc::clone(entered));
        Box::new(move |at| {
            if looks.fetch_add(1, Ordering::Relaxed) < first {
                return Ready::default();
            }
            let place = at.of_loop.map(|offset| (at.func, offset));
            let of_loop = all.loops.iter().find(|(of, _)| Some(*of) == place);
            entered.fetch_add(u64::from(of_loop.is_some()), Ordering::Relaxed);
            let funcs = all.funcs.get(at.taken..).unwrap_or_default().to_vec();
            Ready { ways: None, funcs, of_loop: of_loop.map(|(_, code)| Arc::clone(code)) }
        })
    }
}

/// Results, traps with their backtraces, and what a store does after a trap, whenever code is
/// ready.
#[test]
fn code_at_every_look() {
    let (settings, entered) = (Settings::default(), Arc::new(AtomicU64::new(0)));
    let all = Arc::new(All::new(settings));
    assert!(all.loops.len() >= 5, "{} loops", all.loops.len());
    let calls = |answer: Answer| {
        let mut run = Run::new(settings, STACK, Arc::new(answering(settings, answer)));
        let call = |argument| run.call("f", argument).map_err(|trap| told(&trap));
        [12, 6, 12, 6, 3].map(call)
    };
    let wanted = calls(Box::new(|_| Ready::default()));
    assert!(wanted[0].is_err() && wanted[1].is_ok(), "{wanted:?}");
    for first in 0..60 {
        assert_eq!(calls(all.after(first, &entered)), wanted, "look {first}");
    }
    assert!(entered.load(Ordering::Relaxed) > 60);
}

/// Fuel runs out at each place, before, at and behind a swap.
#[test]
fn fuel_that_runs_out_at_every_place() {
    let settings = Settings { metering: Metering::Fuel, ..Settings::default() };
    let entered = Arc::new(AtomicU64::new(0));
    let all = Arc::new(All::new(settings));
    let run_with = |fuel: u64, answer: Answer| {
        let mut run = Run::new(settings, STACK, Arc::new(answering(settings, answer)));
        run.store.set_fuel(fuel);
        let done = run.call("f", 5).map_err(|trap| told(&trap));
        (done, run.store.fuel())
    };
    let none = || -> Answer { Box::new(|_| Ready::default()) };
    let (whole, left) = run_with(1 << 20, none());
    assert!(whole.is_ok());
    let most = (1 << 20) - left;
    for fuel in 0..=most {
        let wanted = run_with(fuel, none());
        assert_eq!(wanted.0.is_ok(), fuel == most, "{fuel}");
        for first in [0, 1, 2, 4, 7, 9] {
            let given = run_with(fuel, all.after(first, &entered));
            assert_eq!(given, wanted, "fuel {fuel}, look {first}");
        }
    }
    assert!(entered.load(Ordering::Relaxed) > most);
}

/// The stack ends in each frame of a recursion, whose loops go over.
#[test]
fn a_stack_that_ends_at_every_place() {
    let (settings, entered) = (Settings::default(), Arc::new(AtomicU64::new(0)));
    let all = Arc::new(All::new(settings));
    let run_with = |stack: u64, answer: Answer| {
        let mut run = Run::new(settings, stack, Arc::new(answering(settings, answer)));
        let done = run.call("deep", 1).map_err(|trap| told(&trap));
        let depth = run.store.instance(run.instance).export("depth").and_then(Extern::global);
        (done, run.store.global_get(depth.expect("a global")))
    };
    let least = prova_runtime::STACK_BYTES_MIN;
    let mut depths = std::collections::BTreeSet::new();
    for stack in (least..least + 400).step_by(8) {
        let wanted = run_with(stack, Box::new(|_| Ready::default()));
        assert!(wanted.0.is_err());
        depths.insert(wanted.1);
        for first in [0, 1, 2, 5] {
            let given = run_with(stack, all.after(first, &entered));
            assert_eq!(given, wanted, "stack {stack}, look {first}");
        }
    }
    assert!(depths.len() > 2 && entered.load(Ordering::Relaxed) > 100, "{depths:?}");
}

/// Gives one answer to each look at a round of the first loop of `f`.
fn once(ready: Ready) -> Result<u64, Trap> {
    let settings = Settings::default();
    let first = offset(&module("a"), 1, 0);
    let answer: Answer = Box::new(move |at| match at.of_loop {
        Some(offset) if offset == first => ready.clone(),
        Some(_) | None => Ready::default(),
    });
    Run::new(settings, STACK, Arc::new(answering(settings, answer))).call("f", 6)
}

fn of_loop(code: Option<Arc<NativeCode>>) -> Ready {
    Ready { of_loop: Some(code.expect("code")), ..Ready::default() }
}

fn refused(ready: Ready, kind: TrapKind, why: &str) {
    let trap = once(ready).expect_err("it does not belong there");
    assert_eq!(trap.kind, kind, "{trap}");
    assert!(trap.to_string().contains(why), "{trap}");
}

#[test]
fn what_belongs_elsewhere_does_not_run() {
    let (a, settings) = (module("a"), Settings::default());
    let kind = |func: u32, number: usize| {
        let offset = offset(&a, func, number);
        CodeKind::Loop { func, offset }
    };
    let wanted = wanted();
    let right = of_loop(load(&a, settings, kind(1, 0)));
    assert_eq!(once(right.clone()).expect("it fits"), wanted);
    // Of the other loop of the function: kept for that one. Of the whole function: for its calls.
    for other in [kind(1, 1), CodeKind::Func(1)] {
        assert_eq!(once(of_loop(load(&a, settings, other))).expect("it fits"), wanted);
    }
    let elsewhere = [kind(0, 0), CodeKind::Func(0), CodeKind::ThunkIn(0), CodeKind::ThunkOut(0)];
    for other in elsewhere {
        refused(of_loop(load(&a, settings, other)), TrapKind::Attach, "another function");
    }
    let of_b = of_loop(load(&module("b"), settings, kind(1, 0)));
    refused(of_b, TrapKind::Attach, "another layout");
    let fuelled = Settings { metering: Metering::Fuel, ..settings };
    refused(of_loop(load(&a, fuelled, kind(1, 0))), TrapKind::Attach, "another layout");
    let fixed = Settings { deterministic: true, ..settings };
    refused(of_loop(load(&a, fixed, kind(1, 0))), TrapKind::Attach, "other settings");
}

#[test]
fn among_functions_there_are_functions_alone() {
    let (a, settings) = (module("a"), Settings::default());
    let funcs =
        |kind| Ready { funcs: vec![load(&a, settings, kind).expect("code")], ..Ready::default() };
    let a_loop = CodeKind::Loop { func: 1, offset: offset(&a, 1, 0) };
    for kind in [a_loop, CodeKind::ThunkIn(0), CodeKind::ThunkOut(0)] {
        refused(funcs(kind), TrapKind::Bug, "code of a loop for a function");
    }
    let of_b = load(&module("b"), settings, CodeKind::Func(0)).expect("code");
    refused(Ready { funcs: vec![of_b], ..Ready::default() }, TrapKind::Attach, "another layout");
    let wanted = wanted();
    assert_eq!(once(funcs(CodeKind::Func(0))).expect("it fits"), wanted);
}

/// Ways that come with the first code, to an instance that was made without.
#[test]
fn ways_that_come_late() {
    let (a, settings) = (module("a"), Settings::default());
    let kind = CodeKind::Loop { func: 1, offset: offset(&a, 1, 0) };
    let code = load(&a, settings, kind).expect("code");
    let wanted = wanted();
    let call = |ways: Option<Arc<NativeModule>>| {
        let ready = Ready { ways, funcs: Vec::new(), of_loop: Some(Arc::clone(&code)) };
        let answer: Answer = Box::new(move |at| match at.of_loop {
            Some(_) if at.func == FuncIdx(1) => ready.clone(),
            Some(_) | None => Ready::default(),
        });
        let native = Arc::new(layout_alone(&a, settings));
        let attach = Looked { native, ..answering(settings, answer) };
        Run::new(settings, STACK, Arc::new(attach)).call("f", 6)
    };
    assert_eq!(call(Some(ways(&a, settings))).expect("it fits"), wanted);
    // Without ways no code is taken, and all runs as bytecode.
    assert_eq!(call(None).expect("bytecode"), wanted);
    let fixed = Settings { deterministic: true, ..settings };
    let fuelled = Settings { metering: Metering::Fuel, ..settings };
    let wrong = [
        ways(&module("b"), settings),
        ways(&a, fixed),
        ways(&a, fuelled),
        Arc::new(layout_alone(&a, settings)),
    ];
    for ways in wrong {
        let trap = call(Some(ways)).expect_err("ways of another");
        assert_eq!(trap.kind, TrapKind::Bug);
        assert!(trap.to_string().contains("ways of another layout"), "{trap}");
    }
}

const IMPORTS: &str = r#"(module
  (import "a" "f" (func $f (param i32) (result i32)))
  (import "h" "h" (func $h (param i32) (result i32)))
  (table 3 funcref) (elem (i32.const 0) $f $h $own)
  (type $t (func (param i32) (result i32)))
  (func $own (param $n i32) (result i32) (i32.mul (local.get $n) (i32.const 3)))
  (func (export "g") (param $n i32) (result i32) (local $i i32) (local $s i32)
    (loop $again
      (local.set $s (i32.add (local.get $s) (call $f (local.get $i))))
      (local.set $s (i32.add (local.get $s) (call $h (local.get $i))))
      (local.set $s (i32.sub (local.get $s) (call_indirect (type $t)
        (local.get $i) (i32.rem_u (local.get $i) (i32.const 3)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $s)))"#;

/// A round calls functions of an instance and of the host that were there before there was a way to
/// any function: their records had no code.
#[test]
fn ways_that_come_late_lead_to_functions_that_were_there() {
    let settings = Settings::default();
    let wasm = wat::parse_str(IMPORTS).expect("the text is well-formed");
    let b = Module::decode(wasm, &Features::default(), &Limits::default()).expect("it is valid");
    let kind = CodeKind::Loop { func: 3, offset: offset(&b, 3, 0) };
    let code = load(&b, settings, kind).expect("code");
    let late = ways(&b, settings);
    let run = |first: u64| {
        let a = answering(settings, Box::new(|_| Ready::default()));
        let a = Looked { native: Arc::new(layout_alone(&module("a"), settings)), ..a };
        let Run { mut store, instance } = Run::new(settings, STACK, Arc::new(a));
        let double = |_: &mut Store, _: &mut dyn std::any::Any, cells: &mut [u64]| {
            cells[0] = u64::from((cells[0] as u32).wrapping_mul(2));
            prova_runtime::HostOutcome::Done
        };
        let f = store.instance(instance).export("f").expect("an export");
        let ty = b.func_type(FuncIdx(1)).clone();
        let h = store.func_new(ty, Arc::new(double));
        let looks = AtomicU64::new(0);
        let (late, code) = (Arc::clone(&late), Arc::clone(&code));
        let answer: Answer = Box::new(move |at| {
            if at.of_loop.is_none() || looks.fetch_add(1, Ordering::Relaxed) < first {
                return Ready::default();
            }
            let (ways, of_loop) = (Some(Arc::clone(&late)), Some(Arc::clone(&code)));
            Ready { ways: ways.filter(|_| !at.has_ways), funcs: Vec::new(), of_loop }
        });
        let attach = Looked {
            translation: Translation::with_heat(settings),
            native: Arc::new(layout_alone(&b, settings)),
            answer,
        };
        let made = store.instantiate(&mut (), &b, &[f, Extern::Func(h)], Arc::new(attach));
        let mut run = Run { instance: made.expect("it can be instantiated"), store };
        run.call("g", 7).map_err(|trap| told(&trap))
    };
    let wanted = run(u64::MAX);
    assert!(wanted.is_ok(), "{wanted:?}");
    for first in 0..7 {
        assert_eq!(run(first), wanted, "look {first}");
    }
}
