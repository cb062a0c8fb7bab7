//! Many instances, many stores, hosts that call back, and stores that go while a call is suspended:
//! with machine code, as in the interpreter.
//!
//! A green run does not show that nothing leaks: `valgrind --leak-check=full` on this test program
//! does (`docs/trust/testing.md`), where a thousand guards at a time have no room: `bounded` has
//! none.

use prova::*;
use std::cell::Cell;
use std::rc::Rc;

/// A host function `step` is called with a number, and calls `down` with it again; at 0 it grows
/// the memory, and traps if that fails.
const TEXT: &str = r#"(module
    (import "host" "step" (func $step (param i32) (result i32)))
    (import "host" "fail" (func $fail (result i32)))
    (memory (export "memory") 1 3)
    (table 4 funcref) (elem (i32.const 1) func $down)
    (global (export "count") (mut i32) (i32.const 0))
    (func $down (export "down") (param i32) (result i32)
        (global.set 0 (i32.add (global.get 0) (i32.const 1)))
        (call $step (local.get 0)))
    (func (export "through") (param i32) (result i32)
        (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1)))
    (func (export "grow") (result i32)
        (if (i32.lt_s (memory.grow (i32.const 1)) (i32.const 0)) (then unreachable))
        (memory.size))
    (func (export "ask") (result i32) (i32.add (call $fail) (i32.const 1))))"#;

fn linker(engine: &Engine) -> Result<Linker<u64>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "step", |mut caller: Caller<'_, u64>, left: i32| -> Result<i32> {
        *caller.data_mut() += 1;
        let name = if left > 0 { "through" } else { "grow" };
        let func = caller.get_export(name).and_then(Extern::into_func).context("an export")?;
        let mut results = [Val::I32(0)];
        let args: &[Val] = if left > 0 { &[Val::I32(left - 1)] } else { &[] };
        func.call(&mut caller, args, &mut results)?;
        Ok(results[0].unwrap_i32())
    })?;
    linker.func_wrap("host", "fail", || -> Result<i32> { bail!("later") })?;
    Ok(linker)
}

/// Calls that grow and then trap, each below hosts that call back.
fn used(store: &mut Store<u64>, instance: Instance) -> Result<()> {
    let down = instance.get_typed_func::<i32, i32>(&mut *store, "down")?;
    assert_eq!(down.call(&mut *store, 3)?, 2);
    assert_eq!(down.call(&mut *store, 0)?, 3);
    let error = down.call(&mut *store, 5).expect_err("the memory is full");
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
    let count = instance.get_global(&mut *store, "count").context("a global")?;
    // Calls with 3, 0 and 5 left.
    assert_eq!(count.get(&mut *store).unwrap_i32(), 4 + 1 + 6);
    Ok(())
}

/// An engine whose machine code compares addresses: a memory takes no more address space than its
/// maximum.
fn bounded() -> (&'static str, Engine) {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift).signals_based_traps(false);
    ("bounded", Engine::new(&config).expect("a possible configuration"))
}

#[test]
fn a_thousand_instances_in_one_store() -> Result<()> {
    instances(crate::engines())
}

#[test]
fn a_thousand_bounded_instances_in_one_store() -> Result<()> {
    instances(vec![bounded()])
}

fn instances(engines: Vec<(&str, Engine)>) -> Result<()> {
    for (name, engine) in engines {
        let (module, linker) = (Module::new(&engine, TEXT)?, linker(&engine)?);
        let pre = linker.instantiate_pre(&module)?;
        let mut store = Store::new(&engine, 0);
        for at in 0..1000_u64 {
            let instance = pre.instantiate(&mut store)?;
            if at % 50 == 0 {
                used(&mut store, instance).with_context(|| format!("{name}, instance {at}"))?;
            }
        }
        assert_eq!(*store.data(), 20 * 11, "{name}");
        let here = cfg!(all(target_os = "linux", target_arch = "x86_64"));
        assert_eq!(module.tiers().functions.is_empty(), !here, "{name}");
    }
    Ok(())
}

#[test]
fn a_thousand_stores_on_threads() -> Result<()> {
    for (name, engine) in crate::engines() {
        let (module, linker) = (Module::new(&engine, TEXT)?, linker(&engine)?);
        let pre = linker.instantiate_pre(&module)?;
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let (pre, engine) = (&pre, &engine);
                    scope.spawn(move || -> Result<()> {
                        for _ in 0..250 {
                            let mut store = Store::new(engine, 0);
                            let instance = pre.instantiate(&mut store)?;
                            used(&mut store, instance)?;
                        }
                        Ok(())
                    })
                })
                .collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
        })
        .with_context(|| name.to_owned())?;
    }
    Ok(())
}

/// Counts when it is dropped.
struct Guest(Rc<Cell<usize>>);

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn stores_go_while_calls_are_suspended() -> Result<()> {
    let dropped = Rc::new(Cell::new(0));
    for (name, engine) in crate::engines() {
        let module = Module::new(&engine, TEXT)?;
        for later in [false, true] {
            let mut store = Store::new(&engine, Guest(Rc::clone(&dropped)));
            let fail = Func::wrap(&mut store, || -> Result<i32> { bail!("later") });
            let step = Func::wrap(&mut store, |n: i32| n);
            let instance = Instance::new(&mut store, &module, &[step.into(), fail.into()])?;
            let ask = instance.get_typed_func::<(), i32>(&mut store, "ask")?;
            let suspended: Vec<_> = (0..3)
                .map(|_| match ask.call_resumable(&mut store, ()) {
                    Ok(TypedResumableCall::HostTrap(call)) => call,
                    other => panic!("{name}: {other:?}"),
                })
                .collect();
            let before = dropped.get();
            if later {
                drop(store);
                assert_eq!(dropped.get(), before + 1, "{name}");
                drop(suspended);
            } else {
                drop(suspended);
                // The store is as good as new.
                assert!(ask.call(&mut store, ()).is_err());
                drop(store);
                assert_eq!(dropped.get(), before + 1, "{name}");
            }
        }
    }
    Ok(())
}
