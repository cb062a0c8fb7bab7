//! Activations inside each other: suspensions that are resumed, forgotten, resumed in the wrong
//! place, and panics that a host function catches. Each ends with a call that shows that the stacks
//! are as before.
//!
//! The bytecode is written by hand and checked; what instructions compute is tested elsewhere.

use crate::attach::{Attach, AttachError, Attached};
use crate::exec::{CallOutcome, SuspendedBy, Suspension};
use crate::func::FuncKind;
use crate::host::{Dispatch, ExecutorKind, HostFunc, HostOutcome};
use crate::store::{Store, StoreConfig};
use crate::trap::{Trap, TrapKind};
use crate::value::{Extern, FuncAddr};
use crate::vm::Cell;
use prova_bytecode::{Candidate, CheckedBytecode, CodeBuffer, ControlHint, MapEntry, Op, Settings};
use prova_module::{Features, FuncIdx, FuncType, GlobalType, Limits, Module, ValType};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// `f` passes its parameter to the imported function and returns the result plus the imported
/// global.
const PASS: &str = "(module
    (import \"\" \"\" (func $h (param i64) (result i64))) (import \"\" \"\" (global i64))
    (func (param i64) (result i64) local.get 0 call $h global.get 0 i64.add))";

/// The bytecode of `f`.
struct Pass;

impl Attach for Pass {
    fn attach(&self, module: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        let body = &module.facts(func).unwrap().blocks[0];
        let mut code = CodeBuffer::new();
        code.emit(Op::Copy, &[1, 0]);
        let call = code.emit(Op::CallImport, &[1, 0]);
        let get = code.emit(Op::GlobalGet, &[2, 0]);
        let add = code.emit(Op::I64Add, &[1, 1, 2]);
        let end = code.emit(Op::Return1, &[1]);
        let candidate = Candidate {
            func,
            words: code.into_words(),
            frame_cells: 3,
            map: vec![
                MapEntry { word: 0, offset: body.start },
                MapEntry { word: call, offset: body.start + 2 },
                MapEntry { word: get, offset: body.start + 4 },
                MapEntry { word: add, offset: body.start + 6 },
                MapEntry { word: end, offset: body.end },
            ],
            controls: vec![ControlHint { offset: body.end, word: end }],
            handlers: Vec::new(),
        };
        Ok(CheckedBytecode::check(module, &Settings::default(), candidate)?.into())
    }
}

type Body = Box<dyn Fn(&mut Store, &mut dyn Any, Cell) -> Result<Cell, HostOutcome> + Send + Sync>;

/// A store, in which each host function gets an instance of [`PASS`].
struct Test {
    store: Store,
}

/// The executors that can run here.
fn executors() -> Vec<ExecutorKind> {
    let can_run = |dispatch: &Dispatch| *dispatch == Dispatch::Match || !cfg!(miri);
    Dispatch::ALL.into_iter().filter(can_run).map(ExecutorKind::Interpreter).collect()
}

impl Test {
    fn new(executor: ExecutorKind) -> Test {
        let store =
            Store::new(StoreConfig { executor, stack_bytes: 1 << 12, ..StoreConfig::default() });
        Test { store }
    }

    /// Adds a host function and an instance that passes its parameter to it; gives the Wasm
    /// function.
    fn add(&mut self, body: Body) -> FuncAddr {
        self.add_plus(0, body)
    }

    /// The same with a number that is added to the result.
    fn add_plus(&mut self, plus: u64, body: Body) -> FuncAddr {
        let host: HostFunc =
            Arc::new(move |store, data, cells| match body(store, data, cells[0]) {
                Ok(result) => {
                    cells[0] = result;
                    HostOutcome::Done
                }
                Err(outcome) => outcome,
            });
        let host = self.store.func_new(FuncType::new([ValType::I64], [ValType::I64]), host);
        let ty = GlobalType { val: ValType::I64, mutable: false };
        let plus = self.store.global_new(ty, [plus, 0]).unwrap();
        let module = wat::parse_str(PASS).unwrap();
        let module = Module::decode(module, &Features::default(), &Limits::default()).unwrap();
        let imports = [Extern::Func(host), Extern::Global(plus)];
        let instance = self.store.instantiate(&mut (), &module, &imports, Arc::new(Pass)).unwrap();
        self.store.instance(instance).func_addr(FuncIdx(1))
    }

    /// Whether the stacks are as they were at the start, and calls work.
    fn is_as_new(&mut self) {
        let increment = self.add(Box::new(|_, _, x| Ok(x + 1)));
        let vm = self.store.vm();
        // SAFETY: V1.
        unsafe {
            assert_eq!((*vm).frame_top, (*vm).frames_base);
            assert_eq!((*vm).fp, (*vm).stack_base);
        }
        assert_eq!((self.store.height_left(), self.store.host_depth()), (1 << 12, 0));
        assert!(self.store.suspended.is_empty());
        assert_eq!(call(&mut self.store, increment, 41), Ok(42));
    }
}

fn call(store: &mut Store, func: FuncAddr, argument: Cell) -> Result<Cell, TrapKind> {
    let mut results = [0];
    let outcome = store.call(&mut (), func, &[argument], &mut results);
    outcome.map(|()| results[0]).map_err(|trap| trap.kind)
}

fn suspends() -> Body {
    Box::new(|_, _, _| Err(HostOutcome::Suspend))
}

fn suspension(store: &mut Store, func: FuncAddr, argument: Cell) -> Suspension {
    match store.call_resumable(&mut (), func, &[argument], &mut [0]) {
        Ok(CallOutcome::Suspended(suspension)) => suspension,
        other => panic!("{other:?}"),
    }
}

fn resume(store: &mut Store, suspension: Suspension, result: Cell) -> Result<Cell, TrapKind> {
    let mut results = [0];
    match store.resume(&mut (), suspension, &[result], &mut results) {
        Ok(CallOutcome::Returned) => Ok(results[0]),
        Ok(CallOutcome::Suspended(_)) => Err(TrapKind::Suspended),
        Err(trap) => Err(trap.kind),
    }
}

#[test]
fn a_suspended_call_goes_on_with_the_host_s_results() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let f = test.add(suspends());
        let increment = test.add(Box::new(|_, _, x| Ok(x + 1)));
        assert_eq!(
            call(&mut test.store, f, 1),
            Err(TrapKind::Suspended),
            "a plain call cannot wait"
        );
        let first = suspension(&mut test.store, f, 1);
        assert_eq!(call(&mut test.store, increment, 5), Ok(6), "another call runs above it");
        let second = suspension(&mut test.store, f, 2);
        let SuspendedBy::Host(host) = second.by() else { panic!("{second:?}") };
        assert_eq!(test.store.func_kind(host), FuncKind::Host);
        assert_eq!(resume(&mut test.store, second, 20), Ok(20));
        assert_eq!(resume(&mut test.store, first, 10), Ok(10));
        test.is_as_new();
    }
}

#[test]
fn a_resumed_call_runs_in_its_own_instance() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let (f, g) = (test.add_plus(100, suspends()), test.add_plus(200, suspends()));
        let first = suspension(&mut test.store, f, 1);
        let second = suspension(&mut test.store, g, 2);
        assert_eq!(resume(&mut test.store, second, 20), Ok(220));
        assert_eq!(resume(&mut test.store, first, 10), Ok(110));
        test.is_as_new();
    }
}

#[test]
fn only_the_newest_suspension_goes_on() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let f = test.add(suspends());
        let first = suspension(&mut test.store, f, 1);
        let second = suspension(&mut test.store, f, 2);
        assert_eq!(resume(&mut test.store, first, 10), Err(TrapKind::Misuse));
        assert_eq!(resume(&mut test.store, second, 20), Ok(20));
        // The first one was given up when it was refused.
        let increment = test.add(Box::new(|_, _, x| Ok(x + 1)));
        assert_eq!(call(&mut test.store, increment, 5), Ok(6));
        test.is_as_new();
    }
}

#[test]
fn a_suspension_is_of_one_store() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let f = test.add(suspends());
        let mut other = Test::new(ExecutorKind::Interpreter(Dispatch::Match));
        let g = other.add(suspends());
        let here = suspension(&mut test.store, f, 1);
        let there = suspension(&mut other.store, g, 1);
        assert_eq!(resume(&mut other.store, here, 10), Err(TrapKind::Misuse));
        assert_eq!(resume(&mut other.store, there, 10), Ok(10));
        other.is_as_new();
    }
}

#[test]
fn what_a_host_function_leaves_suspended_is_cut_off() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let f = test.add(suspends());
        let kept: Arc<Mutex<Option<Suspension>>> = Arc::default();
        let keep = Arc::clone(&kept);
        let leaves = test.add(Box::new(move |store, _, x| {
            *keep.lock().unwrap() = Some(suspension(store, f, 1));
            Ok(x + 1)
        }));
        assert_eq!(call(&mut test.store, leaves, 7), Ok(8));
        let late = kept.lock().unwrap().take().unwrap();
        assert_eq!(resume(&mut test.store, late, 10), Err(TrapKind::Misuse));
        test.is_as_new();
    }
}

#[test]
fn a_host_function_cannot_resume_what_was_suspended_outside() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let f = test.add(suspends());
        let outside: Arc<Mutex<Option<Suspension>>> = Arc::default();
        let take = Arc::clone(&outside);
        let resumes: Body = Box::new(move |store, _, _| {
            let suspension = take.lock().unwrap().take().unwrap();
            let kind = resume(store, suspension, 10).unwrap_err();
            Err(HostOutcome::Trap(Box::new(Trap::new(kind))))
        });
        let g = test.add(resumes);
        // Through Wasm, and as a host function that the host calls directly.
        *outside.lock().unwrap() = Some(suspension(&mut test.store, f, 1));
        assert_eq!(call(&mut test.store, g, 0), Err(TrapKind::Misuse));
        let host = FuncAddr::from_index(g.as_u32() - 1);
        *outside.lock().unwrap() = Some(suspension(&mut test.store, f, 1));
        assert_eq!(call(&mut test.store, host, 0), Err(TrapKind::Misuse));
    }
}

#[test]
fn resumable_calls_count_as_nested_calls() {
    for executor in executors() {
        let config = StoreConfig { executor, host_depth_max: 3, ..StoreConfig::default() };
        let mut test = Test { store: Store::new(config) };
        // The Wasm function that calls this host function comes right after it.
        let recurses = test.add(Box::new(|store, data, depth| {
            let Some(depth) = depth.checked_sub(1) else { return Ok(0) };
            let this = FuncAddr::from_index(1);
            match store.call_resumable(data, this, &[depth], &mut [0]) {
                Ok(_) => Ok(depth),
                Err(trap) => Err(HostOutcome::Trap(Box::new(trap))),
            }
        }));
        assert_eq!(recurses, FuncAddr::from_index(1));
        assert_eq!(call(&mut test.store, recurses, 2), Ok(1));
        assert_eq!(call(&mut test.store, recurses, 3), Err(TrapKind::StackOverflow));
        assert_eq!(call(&mut test.store, recurses, 2), Ok(1));
    }
}

#[test]
fn a_panic_that_is_caught_leaves_the_stacks_right() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let panics = test.add(Box::new(|_, _, _| std::panic::resume_unwind(Box::new(()))));
        let catches = test.add(Box::new(move |store, _, x| {
            let mut caught = || catch_unwind(AssertUnwindSafe(|| call(store, panics, 1))).is_err();
            Ok(if caught() && caught() { x + 1 } else { 0 })
        }));
        assert_eq!(call(&mut test.store, catches, 7), Ok(8));
        let store = &mut test.store;
        assert!(catch_unwind(AssertUnwindSafe(|| call(store, panics, 1))).is_err());
        test.is_as_new();
    }
}

#[test]
fn a_panic_through_a_resumable_call_gives_its_stack_back() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let panics = test.add(Box::new(|_, _, _| std::panic::resume_unwind(Box::new(()))));
        let f = test.add(Box::new(move |store, _, x| match x {
            0 => Err(HostOutcome::Suspend),
            _ => {
                call(store, panics, x).map_err(|kind| HostOutcome::Trap(Box::new(Trap::new(kind))))
            }
        }));
        let store = &mut test.store;
        for _ in 0..100 {
            let caught =
                catch_unwind(AssertUnwindSafe(|| store.call_resumable(&mut (), f, &[1], &mut [0])));
            assert!(caught.is_err());
            assert_eq!(store.height_left(), 1 << 12);
        }
        test.is_as_new();
    }
}

#[test]
fn a_suspended_call_that_is_dropped_gives_its_stack_back() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let f = test.add(suspends());
        let increment = test.add(Box::new(|_, _, x| Ok(x + 1)));
        // Far more than the stack has room for at a time.
        for _ in 0..1_000 {
            drop(suspension(&mut test.store, f, 1));
        }
        assert_eq!(call(&mut test.store, increment, 5), Ok(6));
        test.is_as_new();

        // A suspension that is not dropped keeps the frames below it, also when their own
        // suspension is dropped.
        let first = suspension(&mut test.store, f, 1);
        let second = suspension(&mut test.store, f, 2);
        let held = test.store.height_left();
        drop(first);
        assert_eq!(call(&mut test.store, increment, 5), Ok(6));
        assert_eq!((test.store.height_left(), test.store.suspended.len()), (held, 2));
        assert_eq!(resume(&mut test.store, second, 20), Ok(20));
        assert_eq!(call(&mut test.store, increment, 5), Ok(6));
        test.is_as_new();
    }
}

#[test]
fn a_host_function_that_drops_what_was_suspended_outside_cuts_nothing_off_below_itself() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let f = test.add(suspends());
        let increment = test.add(Box::new(|_, _, x| Ok(x + 1)));
        let outside: Arc<Mutex<Option<Suspension>>> = Arc::default();
        let take = Arc::clone(&outside);
        let drops = test.add(Box::new(move |store, _, x| {
            take.lock().unwrap().take();
            // Its own ones go at once, from the newest on.
            for _ in 0..1_000 {
                drop(suspension(store, f, 1));
            }
            let inner = call(store, increment, x).unwrap();
            Ok(inner + u64::from(store.suspended.len() == 1))
        }));
        *outside.lock().unwrap() = Some(suspension(&mut test.store, f, 1));
        assert_eq!(call(&mut test.store, drops, 7), Ok(9));
        assert_eq!(call(&mut test.store, increment, 5), Ok(6));
        test.is_as_new();
    }
}

#[test]
fn charges_of_a_host_function_end_with_it() {
    for executor in executors() {
        let mut test = Test::new(executor);
        let charges = test.add(Box::new(|store, _, x| {
            store.leave_frame(1 << 12);
            assert!(store.height_left() < 1 << 12, "bytecode's charges are not the host's");
            store
                .enter_frame(x)
                .map(|()| x)
                .map_err(|kind| HostOutcome::Trap(Box::new(kind.into())))
        }));
        assert_eq!(call(&mut test.store, charges, 100), Ok(100));
        assert_eq!(call(&mut test.store, charges, 1 << 12), Err(TrapKind::StackOverflow));
        test.is_as_new();
    }
}
