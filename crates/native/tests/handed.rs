//! Machine code that a store has attached to functions is found by the next store of the same
//! prototype, at the same addresses, and by no other one; nothing else of a store is found.
//!
//! A green run does not show what records and words are found: the tests of the runtime compare
//! them. `crates/prova/tests/bulk.rs` has functions in bytecode beside.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::attach::load;
use prova_check::CodeKind;
use prova_core::{MachineCompiler, Settings};
use prova_module::{Features, FuncIdx, FuncType, Limits, Module, ValType};
use prova_native::NativeCompiler;
use prova_runtime::{
    Attach, AttachError, Attached, CallOutcome, Extern, FuncAddr, HostOutcome, Metering,
    NativeCode, NativeModule, Prototype, Spare, Store, StoreConfig, Thunks,
};
use std::sync::{Arc, Mutex};

const SETTINGS: Settings = Settings { metering: Metering::Fuel, deterministic: false };

const TEXT: &str = r#"(module
    (type $of (func (param i32) (result i32)))
    (import "host" "f" (func $host (type $of)))
    (memory 1 2) (global $n (mut i32) (i32.const 0))
    (table 1 funcref) (elem (i32.const 0) $count)
    (func $count (type $of)
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (local.get 0)))
      (i32.add (global.get $n) (i32.add (memory.size) (i32.load (i32.const 8)))))
    (func $run (type $of)
      (drop (call_indirect (type $of) (local.get 0) (i32.const 0)))
      (drop (memory.grow (i32.const 1)))
      (i32.add (call $host (local.get 0)) (call $count (local.get 0)))))"#;

/// The functions by index: the host's, `count`, `run`.
const RUN: u32 = 2;

/// Attaches machine code, and notes which function asked for it.
struct Asked {
    support: Arc<NativeModule>,
    codes: Vec<Arc<NativeCode>>,
    asked: Mutex<Vec<u32>>,
}

impl Attach for Asked {
    fn attach(&self, _: &Module, _: FuncIdx) -> Result<Attached, AttachError> {
        Err("no bytecode".into())
    }

    fn native(&self, _: &Module) -> Option<Arc<NativeModule>> {
        Some(Arc::clone(&self.support))
    }

    fn attach_native(&self, _: &Module, func: FuncIdx) -> Option<Arc<NativeCode>> {
        self.asked.lock().expect("nothing panics").push(func.0);
        self.codes.get(func.index().checked_sub(1)?).cloned()
    }
}

impl Asked {
    fn new() -> (Module, Arc<Asked>) {
        let wasm = wat::parse_str(TEXT).expect("the text is well-formed");
        let module = Module::decode(wasm, &Features::default(), &Limits::default());
        let module = module.expect("it is valid");
        let code = |kind| load(&module, SETTINGS, kind);
        let thunks = Thunks { into: code(CodeKind::ThunkIn(0)), out: code(CodeKind::ThunkOut(0)) };
        let support = NativeModule::derive(&module, &NativeCompiler::new().config(&SETTINGS));
        let support = support.expect("a layout").with_thunks(vec![Some(thunks)]);
        let codes = [1, RUN].map(|func| code(CodeKind::Func(func))).into();
        let support = Arc::new(support.expect("a way for each type"));
        (module, Arc::new(Asked { support, codes, asked: Mutex::default() }))
    }

    /// The functions that asked since the last time.
    fn take(&self) -> Vec<u32> {
        std::mem::take(&mut self.asked.lock().expect("nothing panics"))
    }
}

fn of_run() -> FuncType {
    FuncType::new([ValType::I32], [ValType::I32])
}

/// A store with functions of the host, which answer with ten times what they get or suspend, and
/// then instances: the addresses of their `run`.
fn store_with(
    spare: &Arc<Spare>,
    (hosts, suspends): (usize, bool),
    of: &[&Prototype],
) -> (Store, Vec<FuncAddr>) {
    let native = Some(NativeCompiler::new().config(&SETTINGS));
    let spare = Some(Arc::clone(spare));
    let config = StoreConfig { settings: SETTINGS, native, spare, ..StoreConfig::default() };
    let mut store = Store::new(config);
    store.begin_with_types(of[0]);
    store.set_fuel(1 << 30);
    let host: prova_runtime::HostFunc = Arc::new(move |_, _, cells: &mut [u64]| {
        cells[0] *= 10;
        if suspends { HostOutcome::Suspend } else { HostOutcome::Done }
    });
    let hosts: Vec<_> = (0..hosts).map(|_| store.func_new(of_run(), Arc::clone(&host))).collect();
    let mut runs = Vec::new();
    for prototype in of {
        let imports = [Extern::Func(*hosts.last().expect("one"))];
        let instance = store.instantiate_prototype(&mut (), prototype, &imports);
        let instance = instance.expect("it can be instantiated");
        runs.push(store.instance(instance).func_addr(FuncIdx(RUN)));
    }
    (store, runs)
}

/// The answers of `run` for 3, twice, and the fuel left.
fn answers(store: &mut Store, run: FuncAddr) -> ([u64; 2], u64) {
    let call = |store: &mut Store| {
        let mut results = [0];
        store.call(&mut (), run, &[3], &mut results).expect("it has machine code");
        results[0]
    };
    let both = [call(store), call(store)];
    (both, store.fuel())
}

/// A new instance's: the counter, the memory's size and its word begin anew.
const ANSWERS: [u64; 2] = [30 + 2 + 2 + 6, 30 + 4 + 2 + 12];

/// How many functions of the host, the instances, and the functions that ask in each.
type Case<'a> = (usize, &'a [&'a Prototype], &'a [&'a Vec<u32>]);

#[test]
fn the_next_store_of_a_prototype_has_the_code_and_nothing_else() {
    let (module, asked) = Asked::new();
    let prototype = || Prototype::new(&module, Arc::clone(&asked) as _, None);
    let (one, again) = (prototype(), prototype());
    let spare = Arc::new(Spare::new());
    // Who asks, for each instance: nobody in the first one where the store before was of the same
    // prototype and hosts, alone.
    let (both, nobody) = (vec![RUN, 1], vec![]);
    let stores: [Case<'_>; 9] = [
        (1, &[&one], &[&both]),
        (1, &[&one], &[&nobody]),
        (1, &[&one], &[&nobody]),
        (2, &[&one], &[&both]),
        (2, &[&again], &[&both]),
        (2, &[&again], &[&nobody]),
        (2, &[&again, &again, &one], &[&nobody, &both, &both]),
        (2, &[&again], &[&both]),
        (2, &[&again], &[&nobody]),
    ];
    let mut cost = None;
    for (at, (hosts, of, expected)) in stores.into_iter().enumerate() {
        let (mut store, runs) = store_with(&spare, (hosts, false), of);
        for (run, expected) in runs.into_iter().zip(expected) {
            let before = store.fuel();
            let (found, fuel) = answers(&mut store, run);
            assert_eq!((found, &asked.take()), (ANSWERS, *expected), "store {at}");
            assert_eq!(before - fuel, *cost.get_or_insert(before - fuel), "store {at}: fuel");
        }
    }
}

/// Without memory left by stores nothing is found, and fuel and answers are the same.
#[test]
fn a_store_alone_asks_for_its_code() {
    let (module, asked) = Asked::new();
    let prototype = Prototype::new(&module, Arc::clone(&asked) as _, None);
    for _ in 0..2 {
        let (mut store, runs) = store_with(&Arc::new(Spare::new()), (1, false), &[&prototype]);
        assert_eq!(answers(&mut store, runs[0]).0, ANSWERS);
        assert_eq!(asked.take(), [RUN, 1]);
    }
}

/// A store that goes while its code waits for the host, one below another, leaves the code alone.
#[test]
fn a_store_that_is_dropped_in_a_suspended_call_leaves_nothing_of_it() {
    let (module, asked) = Asked::new();
    let prototype = Prototype::new(&module, Arc::clone(&asked) as _, None);
    let spare = Arc::new(Spare::new());
    for depth in 1..4 {
        let (mut store, runs) = store_with(&spare, (1, true), &[&prototype]);
        let mut suspensions = Vec::new();
        for _ in 0..depth {
            let outcome = store.call_resumable(&mut (), runs[0], &[3], &mut [0]);
            match outcome.expect("it waits") {
                CallOutcome::Suspended(suspension) => suspensions.push(suspension),
                CallOutcome::Returned => panic!("the host function suspends"),
            }
        }
        drop(store);
        let (mut store, runs) = store_with(&spare, (1, false), &[&prototype]);
        assert_eq!(answers(&mut store, runs[0]).0, ANSWERS, "{depth}");
        for suspension in suspensions {
            store.resume(&mut (), suspension, &[0], &mut [0]).expect_err("of another store");
        }
    }
    assert_eq!(asked.take(), [RUN, 1], "the first store alone asks");
}

/// Code of a module that is gone goes when the next store leaves its parts.
#[test]
fn code_goes_with_its_module() {
    let spare = Arc::new(Spare::new());
    let run = |module: &Module, asked: &Arc<Asked>| {
        let prototype = Prototype::new(module, Arc::clone(asked) as _, None);
        let (mut store, runs) = store_with(&spare, (1, false), &[&prototype]);
        assert_eq!(answers(&mut store, runs[0]).0, ANSWERS);
        store
    };
    let (one, other) = (Asked::new(), Asked::new());
    let code = Arc::downgrade(&one.1.codes[0]);
    // Both are left, and the one of `one` is not the last one.
    let stores = [run(&one.0, &one.1), run(&other.0, &other.1)];
    stores.into_iter().for_each(drop);
    drop(one);
    assert!(code.strong_count() > 0, "its room keeps it so far");
    drop(run(&other.0, &other.1));
    assert_eq!(code.strong_count(), 0);
}
