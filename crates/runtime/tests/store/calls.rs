//! Calls of host functions through the store, and of an executor from outside.

use crate::{NoCode, call, export, host, instance, module, store};
use prova_module::{FuncType, GlobalType, RefType, ValType};
use prova_runtime::{
    Cell, Executor, ExecutorKind, Extern, FuncAddr, HostOutcome, Metering, Settings, Store,
    StoreConfig, Trap, TrapKind, func_ref,
};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ValType::{F32, I32, I64, V128};

fn done(store: &mut Store, ty: FuncType) -> FuncAddr {
    store.func_new(ty, host(|_, _, _| HostOutcome::Done))
}

#[test]
fn arguments_go_in_and_results_come_out() {
    let mut store = store();
    let ty = FuncType::new([I32, I64], [V128, I32]);
    let f = store.func_new(
        ty,
        host(|_, data, cells| {
            *data.downcast_mut::<u32>().unwrap() += 1;
            assert_eq!(cells, [7, u64::MAX, 0]);
            cells.copy_from_slice(&[1, 2, 3]);
            HostOutcome::Done
        }),
    );
    let (mut count, mut results) = (0u32, [0; 3]);
    store.call(&mut count, f, &[7, u64::MAX], &mut results).unwrap();
    assert_eq!((count, results), (1, [1, 2, 3]));
    assert_eq!((store.func_charge(f), store.func_cells(f)), (64 + 8 * 3, (2, 3)));
    assert_eq!(store.height_left(), 1 << 12);
}

#[test]
fn cells_that_do_not_fit_the_type_are_refused() {
    let mut store = store();
    let func_type = FuncType::new([I32, F32, ValType::FUNCREF, ValType::EXTERNREF], [I32]);
    let f = done(&mut store, func_type);
    let (null, one) = (0, func_ref(f));
    let x = store.extern_new(Box::new(()));
    let good: [&[Cell]; 2] = [&[0xffff_ffff, 1, null, null], &[0, 0, one, x]];
    let bad: [&[Cell]; 7] = [
        &[],
        &[0, 0, 0],
        &[0, 0, 0, 0, 0],
        &[1 << 32, 0, 0, 0],
        &[0, 1 << 32, 0, 0],
        &[0, 0, one + 1, 0],
        &[0, 0, 0, x + 1],
    ];
    for args in good {
        assert!(store.call(&mut (), f, args, &mut [0]).is_ok(), "{args:?}");
    }
    for args in bad {
        let trap = store.call(&mut (), f, args, &mut [0]).unwrap_err();
        assert_eq!(trap.kind, TrapKind::Misuse, "{args:?}");
    }
    for results in [&mut [][..], &mut [0, 0][..]] {
        let trap = store.call(&mut (), f, good[0], results).unwrap_err();
        assert_eq!(trap.kind, TrapKind::Misuse);
    }
    let elsewhere = FuncAddr::from_index(9);
    assert_eq!(call(&mut store, elsewhere), Err(TrapKind::Misuse));
}

#[test]
fn results_of_the_host_are_looked_at_too() {
    for (cell, fits) in [(0xffff_ffff, true), (1 << 32, false)] {
        let mut store = store();
        let answer = host(move |_, _, cells| {
            cells[0] = cell;
            HostOutcome::Done
        });
        let f = store.func_new(FuncType::new([], [I32]), answer);
        let outcome = store.call(&mut (), f, &[], &mut [0]).map_err(|trap| trap.kind);
        assert_eq!(outcome, if fits { Ok(()) } else { Err(TrapKind::Misuse) });
    }
}

#[test]
fn globals_take_only_what_fits_them() {
    let mut store = store();
    let ty = |val, mutable| GlobalType { val, mutable };
    let g = store.global_new(ty(I32, true), [1, 0]).unwrap();
    assert_eq!(store.global_set(g, [0xffff_ffff, 0]), Ok(()));
    assert_eq!(store.global_set(g, [1 << 32, 0]), Err(TrapKind::Misuse));
    assert_eq!(store.global_get(g), [0xffff_ffff, 0]);
    let constant = store.global_new(ty(I32, false), [1, 0]).unwrap();
    assert_eq!(store.global_set(constant, [1, 0]), Err(TrapKind::Misuse));
    let funcref = ValType::Ref(RefType::FUNCREF);
    assert!(store.global_new(ty(funcref, true), [1, 0]).is_err(), "there is no function yet");
    let f = done(&mut store, FuncType::new([], []));
    assert!(store.global_new(ty(funcref, true), [func_ref(f), 0]).is_ok());
}

#[test]
fn outcomes_of_the_host_become_traps() {
    let mut store = store();
    let ty = FuncType::new([], []);
    let suspends = store.func_new(ty.clone(), host(|_, _, _| HostOutcome::Suspend));
    assert_eq!(call(&mut store, suspends), Err(TrapKind::Suspended));
    let fails = host(|_, _, _| HostOutcome::Trap(Box::new(Trap::host("full"))));
    let fails = store.func_new(ty, fails);
    let trap = store.call(&mut (), fails, &[], &mut []).unwrap_err();
    assert_eq!((trap.kind, trap.to_string().as_str()), (TrapKind::Host, "full"));
    assert_eq!(store.height_left(), 1 << 12, "a trap gives the stack back");
}

/// A function that calls itself through the store until `depth` reaches 0.
fn recursive(store: &mut Store) -> FuncAddr {
    let this = FuncAddr::from_index(0);
    let ty = FuncType::new([I64], []);
    let body = move |store: &mut Store, data: &mut dyn Any, cells: &mut [Cell]| {
        let Some(depth) = cells[0].checked_sub(1) else { return HostOutcome::Done };
        match store.call(data, this, &[depth], &mut []) {
            Ok(()) => HostOutcome::Done,
            Err(trap) => HostOutcome::Trap(Box::new(trap)),
        }
    };
    let addr = store.func_new(ty, host(body));
    assert_eq!(addr, this);
    addr
}

fn depth(config: StoreConfig, calls: u64) -> Result<(), TrapKind> {
    let mut store = Store::new(config);
    let f = recursive(&mut store);
    let outcome = store.call(&mut (), f, &[calls - 1], &mut []).map_err(|trap| trap.kind);
    // After any outcome, the store is as good as new.
    assert_eq!(store.call(&mut (), f, &[0], &mut []).map_err(|trap| trap.kind), Ok(()));
    outcome
}

#[test]
fn nested_calls_have_a_limit() {
    let config = || StoreConfig { host_depth_max: 5, ..StoreConfig::default() };
    assert_eq!(depth(config(), 5), Ok(()));
    assert_eq!(depth(config(), 6), Err(TrapKind::StackOverflow));
}

#[test]
fn frames_of_the_host_count_against_the_logical_stack() {
    // A frame is 64 + 8 bytes.
    let config = || StoreConfig { stack_bytes: 20 * 72, ..StoreConfig::default() };
    assert_eq!(depth(config(), 20), Ok(()));
    assert_eq!(depth(config(), 21), Err(TrapKind::StackOverflow));
}

#[test]
fn the_stack_limit_is_kept_between_its_bounds() {
    let left = |stack_bytes| {
        Store::new(StoreConfig { stack_bytes, ..StoreConfig::default() }).height_left()
    };
    let (min, max) = (prova_runtime::STACK_BYTES_MIN, prova_runtime::STACK_BYTES_MAX);
    assert_eq!((left(0), left(min), left(min + 1)), (min, min, min + 1));
    if !cfg!(miri) {
        assert_eq!((left(max - 1), left(max), left(u64::MAX)), (max - 1, max, max));
    }
}

#[test]
fn frames_are_charged_and_given_back_where_an_outer_executor_runs() {
    let executor = ExecutorKind::External(Arc::new(Adds));
    let config = StoreConfig { executor, stack_bytes: 1 << 12, ..StoreConfig::default() };
    for (mut store, left) in [(Store::new(config), 1 << 12), (store(), 0)] {
        assert_eq!(store.enter_frame(1 << 12), Ok(()));
        assert_eq!(store.enter_frame(1), Err(TrapKind::StackOverflow));
        store.leave_frame(1 << 12);
        assert_eq!(
            store.height_left(),
            left,
            "the value stack of bytecode is sized by its charges"
        );
        assert_eq!(store.enter_frame((1 << 12) + 1), Err(TrapKind::StackOverflow));
        assert_eq!(store.height_left(), left);
    }
}

#[test]
fn fuel_and_epochs_run_out() {
    let mut store = store();
    store.set_fuel(5);
    assert_eq!((store.consume_fuel(5), store.consume_fuel(1)), (Ok(()), Err(TrapKind::OutOfFuel)));
    store.set_epoch_deadline(0);
    assert_eq!((store.charge(1), store.poll()), (Ok(()), Ok(())), "the store is not metered");
    let settings = Settings { metering: Metering::Both, ..Settings::default() };
    let mut store =
        Store::new(StoreConfig { settings, stack_bytes: 1 << 12, ..StoreConfig::default() });
    assert_eq!(store.charge(1), Err(TrapKind::OutOfFuel));
    let epoch = store.epoch();
    assert_eq!(store.poll(), Ok(()));
    store.set_epoch_deadline(2);
    epoch.fetch_add(1, Ordering::Relaxed);
    assert_eq!(store.poll(), Ok(()));
    epoch.fetch_add(1, Ordering::Relaxed);
    assert_eq!(store.poll(), Err(TrapKind::Interrupt));
    let weak = Arc::downgrade(&epoch);
    drop(epoch);
    store.set_epoch(Arc::default());
    assert_eq!(store.poll(), Ok(()));
    // Code that waits for the host may still read it.
    assert!(weak.upgrade().is_some());
    drop(store);
    assert!(weak.upgrade().is_none());
}

#[test]
fn host_objects_are_found_by_their_references() {
    let mut store = store();
    let x = store.extern_new(Box::new(5u8));
    *store.extern_get_mut(x).unwrap().downcast_mut::<u8>().unwrap() += 1;
    assert_eq!(store.extern_get(x).and_then(|x| x.downcast_ref::<u8>()), Some(&6));
    assert!(store.extern_get(0).is_none() && store.extern_get(x + 1).is_none());
    assert!(store.extern_get_mut(u64::MAX).is_none());
}

#[test]
#[should_panic(expected = "a host function replaced the store that called it")]
fn a_host_function_must_not_replace_the_store() {
    let mut store = store();
    let swaps = |store: &mut Store, _: &mut dyn Any, _: &mut [Cell]| {
        *store = Store::new(StoreConfig::default());
        HostOutcome::Done
    };
    let f = store.func_new(FuncType::new([], []), host(swaps));
    let _ = call(&mut store, f);
}

/// Adds its arguments, in place of any function's code.
struct Adds;

impl Executor for Adds {
    fn call(
        &self,
        store: &mut Store,
        _data: &mut dyn Any,
        func: FuncAddr,
        args: &[Cell],
        results: &mut [Cell],
    ) -> Result<(), Trap> {
        // An executor may charge and never give back what a trap cuts off.
        store.enter_frame(store.func_charge(func))?;
        let sum = args.iter().sum();
        results.fill(sum);
        if sum == 0 { Err(TrapKind::Unreachable.into()) } else { Ok(()) }
    }
}

#[test]
fn another_executor_runs_wasm_functions() {
    let executor = ExecutorKind::External(Arc::new(Adds));
    let mut store = Store::new(StoreConfig { executor, ..StoreConfig::default() });
    let text = "(module (func (export \"f\") (param i64 i64) (result i64) unreachable))";
    let i = instance(&mut store, text, &[]);
    let f = export(&store, i, "f").func().unwrap();
    let height = store.height_left();
    let mut results = [0];
    store.call(&mut (), f, &[20, 22], &mut results).unwrap();
    assert_eq!(results, [42]);
    let trap = store.call(&mut (), f, &[0, 0], &mut results).unwrap_err();
    assert_eq!((trap.kind, store.height_left()), (TrapKind::Unreachable, height));
    let host = done(&mut store, FuncType::new([], [I64]));
    store.call(&mut (), host, &[], &mut results).unwrap();
    assert_eq!(results, [0], "the executor does not see host functions");
}

#[test]
fn a_host_function_may_instantiate() {
    let mut store = store();
    let inner = module("(module (memory (export \"m\") 1) (data (i32.const 0) \"x\"))");
    let f = store.func_new(
        FuncType::new([], []),
        host(move |store, data, _| {
            let instance = store.instantiate(data, &inner, &[], Arc::new(NoCode)).unwrap();
            let Some(Extern::Memory(memory)) = store.instance(instance).export("m") else {
                return HostOutcome::Trap(Box::new(Trap::host("no memory")));
            };
            store.memory_data_mut(memory)[1] = b'y';
            HostOutcome::Done
        }),
    );
    assert_eq!(call(&mut store, f), Ok(()));
    assert_eq!(call(&mut store, f), Ok(()));
    let memory = prova_runtime::MemoryAddr::from_index(1);
    assert_eq!(store.memory(memory).data()[..2], *b"xy");
}

#[test]
fn a_store_can_go_to_another_thread() {
    let mut store = store();
    let f = done(&mut store, FuncType::new([], []));
    let outcome = std::thread::spawn(move || call(&mut store, f)).join().unwrap();
    assert_eq!(outcome, Ok(()));
}
