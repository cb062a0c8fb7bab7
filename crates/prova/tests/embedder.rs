//! Hosts that do what hosts should not: they panic in the middle of a call, grow what code uses,
//! give calls up in any order, and ask for what cannot be. Beside each stands what a call of the
//! same store gives afterwards.

use crate::engines;
use prova::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

const GUEST: &str = r#"(module
    (import "h" "f" (func $f (param i32) (result i32)))
    (memory (export "memory") 1 100)
    (table (export "table") 2 200 funcref)
    (elem (i32.const 0) $one)
    (func $one (param i32) (result i32) (i32.const 1))
    (func (export "loop") (param $n i32) (result i32) (local $sum i32)
        (loop $again
            (i32.store (i32.const 8) (local.get $n))
            (local.set $sum (i32.add (local.get $sum)
                (i32.add (call $f (local.get $n)) (i32.load (i32.const 8)))))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
    (func (export "last") (result i32)
        (drop (call $f (i32.const 3)))
        (i32.load8_u (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1))))
    (func (export "element") (param i32) (result i32)
        (drop (call $f (i32.const 3)))
        (call_indirect (param i32) (result i32) (i32.const 0) (local.get 0))))"#;

/// The deed of the host, which gets its caller and the guest's number.
type Deed = fn(&mut Caller<'_, u32>, i32) -> Result<i32>;

fn guest(engine: &Engine, deed: Deed) -> Result<(Store<u32>, Instance)> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("h", "f", move |mut caller: Caller<'_, u32>, n: i32| {
        *caller.data_mut() += 1;
        deed(&mut caller, n)
    })?;
    let mut store = Store::new(engine, 0);
    let module = Module::new(engine, GUEST)?;
    let instance = linker.instantiate(&mut store, &module)?;
    Ok((store, instance))
}

#[test]
fn a_store_is_usable_after_a_host_function_panicked() -> Result<()> {
    for (name, engine) in engines() {
        let (mut store, instance) = guest(&engine, |caller, n| {
            assert!(n != 2 || *caller.data() > 1000, "by plan");
            Ok(n)
        })?;
        let run = instance.get_typed_func::<i32, i32>(&mut store, "loop")?;
        // Often, so that what a call takes would run out.
        for _ in 0..2000 {
            *store.data_mut() = 0;
            let called = catch_unwind(AssertUnwindSafe(|| run.call(&mut store, 4)));
            assert!(called.is_err(), "{name}: {called:?}");
        }
        *store.data_mut() = 2000;
        assert_eq!(run.call(&mut store, 4)?, 20, "{name}");
        let memory = instance.get_memory(&mut store, "memory").context("none")?;
        assert_eq!(memory.grow(&mut store, 1)?, 1, "{name}");
    }
    Ok(())
}

#[test]
fn code_sees_what_the_host_grew() -> Result<()> {
    for (name, engine) in engines() {
        let (mut store, instance) = guest(&engine, |caller, n| {
            let memory = caller.get_export("memory").and_then(Extern::into_memory);
            let memory = memory.context("no memory")?;
            let before = memory.data(&caller).as_ptr();
            let pages = memory.grow(&mut *caller, 30)?;
            let data = memory.data_mut(&mut *caller);
            assert_eq!(data.as_ptr(), before, "a memory does not move");
            *data.last_mut().context("empty")? = pages as u8;
            let table = caller.get_export("table").and_then(Extern::into_table);
            let table = table.context("no table")?;
            let two = Func::wrap(&mut *caller, |n: i32| n + 2);
            table.grow(&mut *caller, 10, two.into())?;
            Ok(n)
        })?;
        let element = instance.get_typed_func::<i32, i32>(&mut store, "element")?;
        assert_eq!(element.call(&mut store, 0)?, 1, "{name}");
        assert_eq!(element.call(&mut store, 21)?, 2, "{name}");
        let last = instance.get_typed_func::<(), i32>(&mut store, "last")?;
        assert_eq!(last.call(&mut store, ())?, 61, "{name}");
        // No more pages: the host's error ends the call.
        assert!(last.call(&mut store, ()).is_err(), "{name}");
        assert!(element.call(&mut store, 300).is_err(), "{name}");
    }
    Ok(())
}

#[test]
fn suspended_calls_are_given_up_in_any_order() -> Result<()> {
    for (name, engine) in engines() {
        let (mut store, instance) =
            guest(&engine, |caller, n| if *caller.data() > 1000 { Ok(n) } else { bail!("asked") })?;
        let run = instance.get_typed_func::<i32, i32>(&mut store, "loop")?;
        let mut suspended = Vec::new();
        for at in 0..300 {
            match run.call_resumable(&mut store, 3)? {
                TypedResumableCall::HostTrap(call) => suspended.push(call),
                other => panic!("{name}: {other:?}"),
            }
            if at % 3 == 0 {
                suspended.remove(suspended.len() / 2);
            }
        }
        // Only the latest may go on.
        let first = suspended.remove(0);
        assert!(first.resume(&mut store, &[Val::I32(0)]).is_err(), "{name}");
        let last = suspended.pop().context("none")?;
        let memory = instance.get_memory(&mut store, "memory").context("none")?;
        memory.grow(&mut store, 50)?;
        *store.data_mut() = 1000;
        match last.resume(&mut store, &[Val::I32(100)])? {
            TypedResumableCall::Finished(sum) => assert_eq!(sum, 109, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        suspended.truncate(10);
        assert_eq!(run.call(&mut store, 4)?, 20, "{name}");
        drop(suspended);
        assert_eq!(run.call(&mut store, 4)?, 20, "{name}");
    }
    Ok(())
}

#[test]
fn sizes_that_cannot_be_are_errors() -> Result<()> {
    let mut store = Store::<u32>::default();
    for (min, max) in [(u32::MAX, None), (65537, None), (2, Some(1))] {
        assert!(Memory::new(&mut store, MemoryType::new(min, max)).is_err(), "{min} {max:?}");
    }
    for (min, max) in [(u64::MAX, None), (1 << 47, Some(1 << 48)), (1, Some(0))] {
        assert!(Memory::new(&mut store, MemoryType::new64(min, max)).is_err(), "{min} {max:?}");
        let ty = TableType::new64(RefType::FUNCREF, min, max);
        assert!(Table::new(&mut store, ty, Ref::Func(None)).is_err(), "{min} {max:?}");
    }
    let memory = Memory::new(&mut store, MemoryType::new64(1, None))?;
    let table =
        Table::new(&mut store, TableType::new64(RefType::FUNCREF, 1, None), Ref::Func(None))?;
    for more in [u64::MAX, u64::MAX - 1, 1 << 63, 1 << 48] {
        assert!(memory.grow(&mut store, more).is_err(), "{more}");
        assert!(table.grow(&mut store, more, Ref::Func(None)).is_err(), "{more}");
        assert!(table.get(&mut store, more).is_none(), "{more}");
        assert!(table.set(&mut store, more, Ref::Func(None)).is_err(), "{more}");
        assert!(table.fill(&mut store, more, Ref::Func(None), more).is_err(), "{more}");
        assert!(Table::copy(&mut store, &table, more, &table, 1, more).is_err(), "{more}");
    }
    for (at, len) in [(usize::MAX, 1), (usize::MAX - 1, 2), (65536, 1), (65535, 2)] {
        assert!(memory.read(&store, at, &mut vec![0; len]).is_err(), "{at}");
        assert!(memory.write(&mut store, at, &vec![0; len]).is_err(), "{at}");
    }
    memory.write(&mut store, 65536, &[])?;
    assert_eq!((memory.size(&store), table.size(&store)), (1, 1));
    Ok(())
}

#[test]
fn deadlines_beyond_all_numbers_are_never_reached() -> Result<()> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config)?;
    engine.increment_epoch();
    let (mut store, instance) = guest(&engine, |caller, n| {
        caller.engine().increment_epoch();
        Ok(n)
    })?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "loop")?;
    for ticks in [u64::MAX, u64::MAX - 1, 1000] {
        store.set_epoch_deadline(ticks);
        assert_eq!(run.call(&mut store, 4)?, 20, "{ticks}");
    }
    store.set_epoch_deadline(2);
    let error = run.call(&mut store, 4).expect_err("the deadline is reached");
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    Ok(())
}

#[test]
fn a_hook_that_fails_or_panics_leaves_the_store_usable() -> Result<()> {
    for (name, engine) in engines() {
        let (mut store, instance) = guest(&engine, |_, n| Ok(n))?;
        let run = instance.get_typed_func::<i32, i32>(&mut store, "loop")?;
        for change in [
            CallHook::CallingWasm,
            CallHook::CallingHost,
            CallHook::ReturningFromHost,
            CallHook::ReturningFromWasm,
        ] {
            store.call_hook(move |_, told| if told == change { bail!("no") } else { Ok(()) });
            assert!(run.call(&mut store, 4).is_err(), "{name}, {change:?}");
            store.call_hook(move |_, told| if told == change { panic!("by plan") } else { Ok(()) });
            let called = catch_unwind(AssertUnwindSafe(|| run.call(&mut store, 4)));
            assert!(called.is_err(), "{name}, {change:?}");
            store.call_hook(|_, _| Ok(()));
            assert_eq!(run.call(&mut store, 4)?, 20, "{name}, {change:?}");
        }
    }
    Ok(())
}

#[test]
fn objects_of_other_engines_and_stores_are_refused() -> Result<()> {
    let (one, two) = (Engine::default(), Engine::default());
    let (mut store, instance) = guest(&one, |_, n| Ok(n))?;
    let mut other = Store::new(&two, 0u32);
    let module = Module::new(&one, GUEST)?;
    let mut linker = Linker::<u32>::new(&one);
    linker.func_wrap("h", "f", |n: i32| n)?;
    let pre = linker.instantiate_pre(&module)?;
    assert!(pre.instantiate(&mut other).is_err());
    assert!(linker.instantiate(&mut other, &module).is_err());
    assert!(Linker::<u32>::new(&two).instantiate(&mut other, &module).is_err());
    pre.instantiate(&mut store)?;
    let run = instance.get_func(&mut store, "loop").context("none")?;
    let used = catch_unwind(AssertUnwindSafe(|| run.call(&mut other, &[], &mut [])));
    assert!(used.is_err(), "documented to panic");
    let hold = Func::wrap(&mut other, |_: Option<Func>| ());
    assert!(hold.call(&mut other, &[run.into()], &mut []).is_err());
    let lies =
        Func::new(&mut other, FuncType::new(&two, [], [ValType::FUNCREF]), move |_, _, out| {
            out[0] = run.into();
            Ok(())
        });
    assert!(lies.call(&mut other, &[], &mut [Val::I32(0)]).is_err());
    let mut out = [Val::I32(0)];
    run.call(&mut store, &[Val::I32(4)], &mut out)?;
    assert_eq!(out[0].i32(), Some(20));
    Ok(())
}
