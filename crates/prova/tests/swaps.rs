//! Programs that go over to machine code in every situation that an embedder can bring about: calls
//! that are suspended and resumed, hosts that call back, stores that trapped, epochs, memory that
//! grows, threads that share a module, modules that are dropped while they compile.
//!
//! A green run does not show that random programs behave (`prova-testing native --swaps`).

use prova::{
    Caller, Config, Engine, Func, Hot, Instance, Linker, Module, NativeCompiler, Result,
    ResumableCall, Store, Trap, Val,
};
use std::thread;

/// Looks at each count, and goes over at once.
const AT_ONCE: Hot = Hot { every: 1, first: 0, looks: 1, bytes: 0, seed: 0, background: false };

/// Without, and with swaps at each of some distances.
fn hots() -> Vec<Option<Hot>> {
    let every = |every| Some(Hot { every, ..AT_ONCE });
    vec![
        None,
        Some(AT_ONCE),
        every(2),
        every(3),
        every(7),
        Some(Hot { background: true, ..AT_ONCE }),
    ]
}

fn config(hot: Option<Hot>) -> Config {
    let mut config = Config::new();
    match hot {
        None => config.tier(prova::Tier::TAIL),
        Some(hot) => config.native(NativeCompiler::new()).tier_up(Some(hot)),
    };
    config
}

fn module(engine: &Engine, text: &str) -> Result<Module> {
    Module::new(engine, wat::parse_str(text)?)
}

/// Each outcome is the interpreter's.
fn alike<T: PartialEq + std::fmt::Debug>(run: impl Fn(Option<Hot>) -> Result<T>) -> Result<()> {
    let wanted = run(None)?;
    for hot in hots() {
        assert_eq!(run(hot)?, wanted, "{hot:?}");
    }
    Ok(())
}

const BACK: &str = r#"(module
    (import "h" "back" (func $back (param i32) (result i32)))
    (memory (export "m") 1 10)
    (func $inner (export "inner") (param $n i32) (result i32) (local $i i32)
        (loop $again
            (local.set $i (i32.add (local.get $i) (i32.const 3)))
            (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
        (local.get $i))
    (func (export "outer") (param $n i32) (result i32) (local $i i32) (local $s i32)
        (loop $again
            (local.set $s (i32.add (local.get $s) (call $back (local.get $i))))
            (i32.store (i32.mul (local.get $i) (i32.const 6000)) (local.get $s))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
        (local.get $s)))"#;

/// The host calls back into the instance, and grows its memory so that the next round's store
/// lies in what was not there; at last one lies outside.
#[test]
fn hosts_that_call_back_and_grow() -> Result<()> {
    alike(|hot| {
        let engine = Engine::new(&config(hot))?;
        let module = module(&engine, BACK)?;
        let mut store = Store::new(&engine, 0_u32);
        let back = Func::wrap(&mut store, |mut caller: Caller<'_, u32>, n: i32| -> Result<i32> {
            *caller.data_mut() += 1;
            let inner =
                caller.get_export("inner").and_then(|e| e.into_func()).expect("it is there");
            let inner = inner.typed::<i32, i32>(&caller)?;
            let result = inner.call(&mut caller, n)?;
            let memory = caller.get_export("m").and_then(|e| e.into_memory()).expect("it is there");
            let _ = memory.grow(&mut caller, 1);
            Ok(result)
        });
        let instance = Instance::new(&mut store, &module, &[back.into()])?;
        let outer = instance.get_typed_func::<i32, i32>(&mut store, "outer")?;
        let mut told = Vec::new();
        for n in [5, 130, 3, 30] {
            let done = outer.call(&mut store, n);
            told.push(done.map_err(|error| format!("{error:#}")));
        }
        Ok((told, *store.data()))
    })
}

/// A deadline that passes in the middle of a loop, and the same store again.
#[test]
fn epochs_end_a_round() -> Result<()> {
    alike(|hot| {
        let mut config = config(hot);
        config.epoch_interruption(true);
        let engine = Engine::new(&config)?;
        let module = module(&engine, BACK)?;
        let mut store = Store::new(&engine, 0_u32);
        let ticks = engine.clone();
        let back = Func::wrap(&mut store, move |mut caller: Caller<'_, u32>, n: i32| {
            *caller.data_mut() += 1;
            if n == 6 {
                ticks.increment_epoch();
            }
            n
        });
        let instance = Instance::new(&mut store, &module, &[back.into()])?;
        let outer = instance.get_typed_func::<i32, i32>(&mut store, "outer")?;
        let mut told = Vec::new();
        for n in [4, 9, 4] {
            store.set_epoch_deadline(1);
            let done = outer.call(&mut store, n);
            told.push(done.map_err(|error| error.downcast_ref::<Trap>().map(|t| format!("{t:?}"))));
        }
        Ok((told, *store.data()))
    })
}

#[derive(Debug)]
struct Question(i32);

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "question {}", self.0)
    }
}

impl std::error::Error for Question {}

/// A call that is suspended in each round, between which the store runs other calls.
#[test]
fn calls_that_are_suspended_around_a_swap() -> Result<()> {
    alike(|hot| {
        let engine = Engine::new(&config(hot))?;
        let module = module(&engine, BACK)?;
        let mut linker = Linker::new(&engine);
        linker.func_wrap("h", "back", |n: i32| -> Result<i32> { Err(Question(n).into()) })?;
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module)?;
        let outer = instance.get_func(&store, "outer").expect("it is there");
        let inner = instance.get_typed_func::<i32, i32>(&mut store, "inner")?;
        let (mut results, mut told) = ([Val::I32(0)], Vec::new());
        for n in [7, 2, 8] {
            let mut call = outer.call_resumable(&mut store, &[Val::I32(n)], &mut results)?;
            while let ResumableCall::HostTrap(waits) = call {
                let asked = waits.host_error().downcast_ref::<Question>().map(|asked| asked.0);
                let other = inner.call(&mut store, 40 + n)?;
                told.push((asked, other));
                if n == 2 {
                    break;
                }
                call = waits.resume(&mut store, &[Val::I32(other * 3)], &mut results)?;
            }
            told.push((Some(results[0].unwrap_i32()), n));
        }
        Ok(told)
    })
}

/// Threads with stores of one module, whose code is compiled meanwhile.
#[test]
fn threads_share_a_module() -> Result<()> {
    let text = r#"(module (func (export "f") (param $n i32) (result i64) (local $s i64)
        (loop $again
            (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 3)) (i64.extend_i32_u (local.get $n))))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $s)))"#;
    let run = |engine: &Engine, module: &Module| -> Result<Vec<i64>> {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, module, &[])?;
        let f = instance.get_typed_func::<i32, i64>(&mut store, "f")?;
        (1..40).map(|n| f.call(&mut store, n * 50)).collect()
    };
    let plain = Engine::new(&config(None))?;
    let wanted = run(&plain, &module(&plain, text)?)?;
    for hot in hots() {
        let engine = Engine::new(&config(hot))?;
        let module = module(&engine, text)?;
        thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| run(&engine, &module))).collect();
            for thread in threads {
                assert_eq!(thread.join().expect("no panic").expect("no trap"), wanted);
            }
        });
    }
    Ok(())
}

/// Modules that are dropped while their functions are being compiled, or wait for it.
#[test]
fn modules_are_dropped_while_they_compile() -> Result<()> {
    let funcs: String = (0..60)
        .map(|k| {
            format!(
                "(func $f{k} (param i32) (result i32) (local i32)
                   (loop (local.set 1 (i32.add (local.get 1) (i32.const {k})))
                     (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                   (local.get 1))"
            )
        })
        .collect();
    let calls: String = (0..60).map(|k| format!("(call $f{k} (i32.const 20)) (i32.add)")).collect();
    let text = format!("(module {funcs} (func (export \"f\") (result i32) (i32.const 0) {calls}))");
    for hot in hots().into_iter().chain(hots()) {
        let engine = Engine::new(&config(hot))?;
        let module = module(&engine, &text)?;
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        drop(module);
        let f = instance.get_typed_func::<(), i32>(&mut store, "f")?;
        for _ in 0..4 {
            assert_eq!(f.call(&mut store, ())?, 20 * (0..60).sum::<i32>());
        }
    }
    Ok(())
}

/// A linker's instances of one module beside those of another, by imports and a table.
#[test]
fn instances_share_functions() -> Result<()> {
    const USER: &str = r#"(module
        (import "a" "inner" (func $inner (param i32) (result i32)))
        (import "a" "outer" (func $outer (param i32) (result i32)))
        (table 2 funcref) (elem (i32.const 0) $inner $outer)
        (func (export "f") (param $n i32) (result i32) (local $s i32)
            (loop $again
                (local.set $s (i32.xor (local.get $s) (call_indirect (param i32) (result i32)
                    (local.get $n) (i32.and (local.get $n) (i32.const 1)))))
                (local.set $s (i32.add (local.get $s) (call $outer (i32.const 3))))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $s)))"#;
    alike(|hot| {
        let engine = Engine::new(&config(hot))?;
        let (first, second) = (module(&engine, BACK)?, module(&engine, USER)?);
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.func_wrap("h", "back", |n: i32| n.wrapping_mul(5))?;
        let instance = linker.instantiate(&mut store, &first)?;
        linker.instance(&mut store, "a", instance)?;
        let users =
            [linker.instantiate(&mut store, &second)?, linker.instantiate(&mut store, &second)?];
        let mut all = Vec::new();
        for user in [0, 1, 0] {
            let f = users[user].get_typed_func::<i32, i32>(&mut store, "f")?;
            all.push(f.call(&mut store, 9)?);
        }
        Ok(all)
    })
}
