//! Asynchronous calls: what waits, what goes on, what is given up. Each test runs with each engine
//! of [`crate::engines`]; the crate `prova` includes this file, with machine code.
//!
//! A green run does not show that other executors than these two drive the futures.

use prova_core::*;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as Task, Poll, Wake, Waker};

const TEXT: &str = r#"(module
    (import "host" "later" (func $later (param i32) (result i32)))
    (import "host" "pair" (func $pair (param i64 f64) (result f64 i64)))
    (import "host" "nested" (func $nested (param i32) (result i32)))
    (import "host" "throws" (func $throws))
    (import "host" "again" (func $again))
    (import "host" "drops" (func $drops (param i32) (result i32)))
    (import "host" "forgets" (func $forgets (param i32) (result i32)))
    (import "host" "panics" (func $panics))
    (import "host" "blocks" (func $blocks (param i32) (result i32)))
    (import "host" "tag" (tag $tag (param i32)))
    (memory (export "memory") 1)
    (func $add (export "add") (param i32 i32) (result i32)
      (i32.add (call $later (local.get 0)) (call $later (local.get 1))))
    (func $deep (export "deep") (param $n i32) (result i32)
      (if (result i32) (local.get $n)
        (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)))))
        (else (call $later (i32.const 0)))))
    (func (export "pair") (param i64 f64) (result f64 i64) (call $pair (local.get 0) (local.get 1)))
    (func (export "nested") (param i32) (result i32) (call $nested (local.get 0)))
    (func (export "store") (param i32)
      (i32.store (i32.const 8) (call $later (local.get 0))))
    (func (export "trap") (drop (call $later (i32.const 1))) unreachable)
    (func (export "caught") (result i32)
      (block $h (result i32) (try_table (catch $tag $h) (call $throws)) (i32.const -1)))
    (func (export "uncaught") (call $throws))
    (func (export "again") (call $again))
    (func (export "drops") (param i32) (result i32) (call $drops (local.get 0)))
    (func (export "forgets") (param i32) (result i32) (call $forgets (local.get 0)))
    (func (export "panics") (call $panics))
    (func (export "blocks") (param i32) (result i32) (call $blocks (local.get 0))))"#;

/// A future that is pending `left` times.
struct After {
    left: u32,
    polls: Arc<AtomicUsize>,
}

impl Future for After {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<()> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        if self.left == 0 {
            return Poll::Ready(());
        }
        self.left -= 1;
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls a future to its end. Each poll is on a new thread.
fn block_on<R: Send>(future: impl Future<Output = R> + Send) -> R {
    let woken = Arc::new(Woken(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut future = pin!(future);
    for polls in 0.. {
        assert_eq!(woken.0.load(Ordering::Relaxed), polls, "who is pending wakes");
        let poll = || future.as_mut().poll(&mut Task::from_waker(&waker));
        let polled = std::thread::scope(|scope| scope.spawn(poll).join().expect("no panic"));
        if let Poll::Ready(result) = polled {
            return result;
        }
    }
    unreachable!()
}

/// The data of a store: numbers that host functions were asked, and polls of their futures.
#[derive(Default)]
struct Data {
    asked: Vec<i32>,
    polls: Arc<AtomicUsize>,
}

#[derive(Debug, PartialEq)]
struct Refused(i32);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is refused", self.0)
    }
}

impl std::error::Error for Refused {}

/// Waits a few times and gives the number after `n`; refuses negative ones.
async fn later(mut caller: Caller<'_, Data>, n: i32) -> Result<i32> {
    let polls = Arc::clone(&caller.data().polls);
    After { left: n.unsigned_abs() % 5, polls }.await;
    caller.data_mut().asked.push(n);
    ensure!(n >= 0, Refused(n));
    Ok(n + 1)
}

fn linker(store: &mut Store<Data>) -> Result<Linker<Data>> {
    let mut linker = Linker::new(store.engine());
    linker.func_wrap_async("host", "later", |caller, (n,): (i32,)| Box::new(later(caller, n)))?;
    let ty =
        FuncType::new(store.engine(), [ValType::I64, ValType::F64], [ValType::F64, ValType::I64]);
    linker.func_new_async("host", "pair", ty, |_, params, results| {
        Box::new(async move {
            poll_fn(|_| Poll::Ready(())).await;
            (results[0], results[1]) = (params[1], params[0]);
            Ok(())
        })
    })?;
    linker.func_wrap_async("host", "nested", |mut caller, (n,): (i32,)| {
        Box::new(async move {
            let export = |caller: &mut Caller<'_, Data>| {
                let add = caller.get_export("add").and_then(Extern::into_func);
                add.context("no add")
            };
            let add = export(&mut caller)?;
            let mut results = [Val::I32(0)];
            if n < 0 {
                // A call that does not wait.
                add.call(&mut caller, &[Val::I32(1), Val::I32(1)], &mut results)?;
            }
            add.call_async(&mut caller, &[Val::I32(n), Val::I32(2)], &mut results).await?;
            let again = add.typed::<(i32, i32), i32>(&caller)?;
            again.call_async(&mut caller, (results[0].unwrap_i32(), 0)).await
        })
    })?;
    unruly(&mut linker)?;
    let of_tag = FuncType::new(store.engine(), [ValType::I32], []);
    let tag = Tag::new(&mut *store, &of_tag)?;
    linker.define(&mut *store, "host", "tag", tag)?;
    linker.func_wrap_async("host", "throws", move |mut caller, (): ()| {
        Box::new(async move {
            let polls = Arc::clone(&caller.data().polls);
            After { left: 2, polls }.await;
            let exception = ThrownException::new(&mut caller, tag, &[Val::I32(77)])?;
            Err::<(), Error>(exception.into())
        })
    })?;
    Ok(linker)
}

/// The export of the instance that called.
fn export(caller: &mut Caller<'_, Data>, name: &str) -> Result<Func> {
    caller.get_export(name).and_then(Extern::into_func).context("no such function")
}

/// Host functions that do with calls what they can.
fn unruly(linker: &mut Linker<Data>) -> Result<()> {
    linker.func_wrap_async("host", "again", |mut caller, (): ()| {
        Box::new(async move {
            caller.data_mut().asked.push(0);
            let again = export(&mut caller, "again")?;
            again.call_async(&mut caller, &[], &mut []).await
        })
    })?;
    for (name, forgets) in [("drops", false), ("forgets", true)] {
        linker.func_wrap_async("host", name, move |mut caller, (n,): (i32,)| {
            Box::new(async move {
                let add = export(&mut caller, "add")?.typed::<(i32, i32), i32>(&caller)?;
                for _ in 0..n {
                    let mut call = Box::pin(add.call_async(&mut caller, (4, 4)));
                    let pending =
                        poll_fn(|task| Poll::Ready(call.as_mut().poll(task).is_pending()));
                    ensure!(pending.await, "the first poll is too early");
                    if forgets {
                        std::mem::forget(call);
                    }
                }
                Ok(n)
            })
        })?;
    }
    linker.func_wrap_async("host", "panics", |caller, (): ()| {
        Box::new(async move {
            let polls = Arc::clone(&caller.data().polls);
            After { left: 1, polls }.await;
            assert!(caller.data().asked.len() > 1000, "by plan");
        })
    })?;
    linker.func_wrap("host", "blocks", |mut caller: Caller<'_, Data>, n: i32| {
        let add = export(&mut caller, "add")?.typed::<(i32, i32), i32>(&caller)?;
        block_on(add.call_async(&mut caller, (n, n)))
    })?;
    Ok(())
}

/// Runs a test with each engine.
#[track_caller]
fn with_each(test: impl Fn(&mut Store<Data>, &Linker<Data>, Instance) -> Result<()>) {
    for (name, engine) in crate::engines() {
        let mut store = Store::new(&engine, Data::default());
        let mut run = || {
            let linker = linker(&mut store)?;
            let module = Module::new(store.engine(), wat::parse_str(TEXT)?)?;
            let instance = block_on(linker.instantiate_async(&mut store, &module))?;
            test(&mut store, &linker, instance)
        };
        if let Err(error) = run() {
            panic!("{name}: {error:?}");
        }
    }
}

#[test]
fn results_of_futures_are_results_of_calls() {
    with_each(|store, _, instance| {
        let add = instance.get_typed_func::<(i32, i32), i32>(&mut *store, "add")?;
        assert_eq!(block_on(add.call_async(&mut *store, (3, 4)))?, 9);
        assert_eq!(store.data().asked, [3, 4]);
        // Each future is polled once more often than it was pending.
        assert_eq!(store.data().polls.load(Ordering::Relaxed), 4 + 5);
        let deep = instance.get_typed_func::<i32, i32>(&mut *store, "deep")?;
        assert_eq!(block_on(deep.call_async(&mut *store, 1000))?, 1001);
        let pair = instance.get_func(&mut *store, "pair").context("no pair")?;
        let mut results = [Val::I32(0), Val::I32(0)];
        let params = [Val::I64(-5), Val::F64(2.5f64.to_bits())];
        block_on(pair.call_async(&mut *store, &params, &mut results))?;
        assert_eq!((results[0].unwrap_f64(), results[1].unwrap_i64()), (2.5, -5));
        let few = block_on(pair.call_async(&mut *store, &params, &mut []));
        assert!(few.is_err(), "there are two results");
        Ok(())
    });
}

#[test]
fn an_error_of_a_future_is_that_of_a_host_function() {
    with_each(|store, _, instance| {
        let add = instance.get_typed_func::<(i32, i32), i32>(&mut *store, "add")?;
        let error = block_on(add.call_async(&mut *store, (1, -3))).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Refused(-3)));
        let frames: Vec<_> = error
            .downcast_ref::<WasmBacktrace>()
            .context("no backtrace")?
            .frames()
            .iter()
            .map(|frame| frame.func_index())
            .collect();
        assert_eq!(frames, [9], "code that called the host function");
        let trap = instance.get_typed_func::<(), ()>(&mut *store, "trap")?;
        let error = block_on(trap.call_async(&mut *store, ())).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
        assert_eq!(block_on(add.call_async(&mut *store, (3, 4)))?, 9, "the store goes on");
        Ok(())
    });
}

#[test]
fn an_exception_of_a_future_is_caught_by_code() {
    with_each(|store, _, instance| {
        let caught = instance.get_typed_func::<(), i32>(&mut *store, "caught")?;
        assert_eq!(block_on(caught.call_async(&mut *store, ()))?, 77);
        let uncaught = instance.get_typed_func::<(), ()>(&mut *store, "uncaught")?;
        let error = block_on(uncaught.call_async(&mut *store, ())).unwrap_err();
        assert!(error.is::<ThrownException>(), "{error:?}");
        Ok(())
    });
}

#[test]
fn calls_that_do_not_wait_say_so() {
    with_each(|store, _, instance| {
        let add = instance.get_func(&mut *store, "add").context("no add")?;
        let (args, mut results) = ([Val::I32(1), Val::I32(1)], [Val::I32(0)]);
        let said = |error: Error| format!("{error:#}").contains("use `call_async`");
        assert!(said(add.call(&mut *store, &args, &mut results).unwrap_err()));
        assert!(said(match add.call_resumable(&mut *store, &args, &mut results)? {
            ResumableCall::HostTrap(trap) => trap.into_host_error(),
            other => panic!("{other:?}"),
        }));
        let nested = instance.get_typed_func::<i32, i32>(&mut *store, "nested")?;
        assert!(said(block_on(nested.call_async(&mut *store, -1)).unwrap_err()));
        assert!(store.data().asked.is_empty());
        Ok(())
    });
}

#[test]
fn a_future_calls_back_and_waits() {
    with_each(|store, _, instance| {
        let nested = instance.get_typed_func::<i32, i32>(&mut *store, "nested")?;
        // (10 + 1) + (2 + 1), then (14 + 1) + (0 + 1).
        assert_eq!(block_on(nested.call_async(&mut *store, 10))?, 16);
        assert_eq!(store.data().asked, [10, 2, 14, 0]);
        Ok(())
    });
}

/// A call that is dropped while it waits leaves nothing behind: else thousands would fill the
/// stack.
#[test]
fn dropped_calls_are_given_up() {
    with_each(|store, _, instance| {
        let deep = instance.get_typed_func::<i32, i32>(&mut *store, "deep")?;
        let write = instance.get_typed_func::<i32, ()>(&mut *store, "store")?;
        for _ in 0..2000 {
            let mut task = Task::from_waker(Waker::noop());
            let mut call = Box::pin(write.call_async(&mut *store, 4));
            assert!(call.as_mut().poll(&mut task).is_pending());
            drop(call);
        }
        // At its deepest, and dropped behind its first poll: nothing was asked.
        for n in [100, 1000] {
            let mut task = Task::from_waker(Waker::noop());
            assert!(pin!(deep.call_async(&mut *store, n)).poll(&mut task).is_ready());
        }
        assert_eq!(store.data().asked, [0, 0]);
        let memory = instance.get_memory(&mut *store, "memory").context("no memory")?;
        assert_eq!(memory.data(&*store)[8], 0);
        block_on(write.call_async(&mut *store, 4))?;
        assert_eq!(memory.data(&*store)[8], 5);
        Ok(())
    });
}

#[test]
fn a_start_function_waits() {
    let text = r#"(module (import "host" "later" (func $later (param i32) (result i32)))
        (global $g (export "g") (mut i32) (i32.const 0))
        (func $start (global.set $g (call $later (i32.const N)))) (start $start))"#;
    with_each(|store, linker, _| {
        let module = Module::new(store.engine(), wat::parse_str(text.replace('N', "6"))?)?;
        let instance = block_on(linker.instantiate_async(&mut *store, &module))?;
        let global = instance.get_global(&mut *store, "g").context("no global")?;
        assert_eq!(global.get(&mut *store).unwrap_i32(), 7);
        let pre = linker.instantiate_pre(&module)?;
        block_on(pre.instantiate_async(&mut *store))?;
        assert!(linker.instantiate(&mut *store, &module).is_err(), "it does not wait");
        assert_eq!(store.data().asked, [6, 6]);
        let refused = Module::new(store.engine(), wat::parse_str(text.replace('N', "-6"))?)?;
        let error = block_on(linker.instantiate_async(&mut *store, &refused)).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Refused(-6)));
        assert!(format!("{error:#}").contains("start function"), "{error:#}");
        Ok(())
    });
}

#[test]
fn an_asynchronous_host_function_is_called_by_the_host() {
    with_each(|store, _, _| {
        let func = Func::wrap_async(&mut *store, |caller, (n,): (i32,)| Box::new(later(caller, n)));
        let typed = func.typed::<i32, i32>(&*store)?;
        assert_eq!(block_on(typed.call_async(&mut *store, 8))?, 9);
        let error = block_on(typed.call_async(&mut *store, -8)).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Refused(-8)));
        assert!(typed.call(&mut *store, 8).is_err(), "it does not wait");
        Ok(())
    });
}

#[test]
fn metered_calls_cost_the_same() -> Result<()> {
    let text = r#"(module (import "host" "f" (func $f (param i32) (result i32)))
        (func (export "run") (result i32) (local $i i32)
          (loop $l (local.set $i (call $f (local.get $i)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 50))))
          (local.get $i)))"#;
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, wat::parse_str(text)?)?;
    let left = |linker: &Linker<()>, fuel: u64| -> Result<(Option<i32>, u64)> {
        let mut store = Store::new(&engine, ());
        store.set_fuel(fuel)?;
        let instance = linker.instantiate(&mut store, &module)?;
        let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
        let ran = block_on(run.call_async(&mut store, ()));
        if let Err(error) = &ran {
            assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
        }
        Ok((ran.ok(), store.get_fuel()?))
    };
    let (mut waits, mut runs) = (Linker::new(&engine), Linker::new(&engine));
    waits.func_wrap_async("host", "f", |_, (n,): (i32,)| Box::new(async move { n + 1 }))?;
    runs.func_wrap("host", "f", |n: i32| n + 1)?;
    let enough = 10_000;
    let all = enough - left(&runs, enough)?.1;
    for fuel in [0, 1, 5, all / 2, all - 1, all, enough] {
        assert_eq!(left(&waits, fuel)?, left(&runs, fuel)?, "{fuel} units");
    }
    assert_eq!(left(&waits, all)?, (Some(50), 0));
    Ok(())
}

#[test]
fn an_epoch_that_is_due_behind_a_future_interrupts() -> Result<()> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config)?;
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap_async("host", "f", |caller, (ticks,): (i32,)| {
        Box::new(async move {
            for _ in 0..ticks {
                caller.engine().increment_epoch();
            }
        })
    })?;
    let text = r#"(module (import "host" "f" (func $f (param i32)))
        (func (export "run") (param i32) (call $f (local.get 0))))"#;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &Module::new(&engine, wat::parse_str(text)?)?)?;
    let run = instance.get_typed_func::<i32, ()>(&mut store, "run")?;
    store.set_epoch_deadline(2);
    block_on(run.call_async(&mut store, 1))?;
    let error = block_on(run.call_async(&mut store, 1)).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    Ok(())
}

#[test]
fn the_reference_tier_does_not_wait() -> Result<()> {
    let mut config = Config::new();
    config.tier(Tier::Reference);
    let engine = Engine::new(&config)?;
    let mut store = Store::new(&engine, Data::default());
    let linker = linker(&mut store)?;
    let module = Module::new(&engine, wat::parse_str(TEXT)?)?;
    let instance = linker.instantiate(&mut store, &module)?;
    let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
    assert!(block_on(add.call_async(&mut store, (1, 1))).is_err());
    Ok(())
}

/// Calls that wait for each other end as nested ones do, before the host's stack does.
#[test]
fn endless_nesting_is_a_stack_overflow() {
    with_each(|store, _, instance| {
        let again = instance.get_typed_func::<(), ()>(&mut *store, "again")?;
        for _ in 0..2 {
            store.data_mut().asked.clear();
            let error = block_on(again.call_async(&mut *store, ())).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
            assert_eq!(store.data().asked.len(), 100, "levels");
        }
        Ok(())
    });
}

#[test]
fn a_future_drops_calls_that_it_began() {
    with_each(|store, _, instance| {
        let drops = instance.get_typed_func::<i32, i32>(&mut *store, "drops")?;
        assert_eq!(block_on(drops.call_async(&mut *store, 1000))?, 1000);
        Ok(())
    });
}

/// A call that is forgotten stays on the stacks, so what waits below it cannot go on: an error, and
/// the next call from outside has the stacks again.
#[test]
fn a_future_forgets_calls_that_it_began() {
    with_each(|store, _, instance| {
        let forgets = instance.get_typed_func::<i32, i32>(&mut *store, "forgets")?;
        for calls in [1, 5] {
            let error = block_on(forgets.call_async(&mut *store, calls)).unwrap_err();
            assert!(format!("{error:#}").contains("not the newest"), "{error:#}");
        }
        let add = instance.get_typed_func::<(i32, i32), i32>(&mut *store, "add")?;
        assert_eq!(block_on(add.call_async(&mut *store, (3, 4)))?, 9);
        Ok(())
    });
}

#[test]
fn a_future_that_panics_leaves_the_store_as_it_was() {
    with_each(|store, _, instance| {
        let panics = instance.get_typed_func::<(), ()>(&mut *store, "panics")?;
        for _ in 0..50 {
            let mut task = Task::from_waker(Waker::noop());
            let mut call = Box::pin(panics.call_async(&mut *store, ()));
            assert!(call.as_mut().poll(&mut task).is_pending());
            let poll = std::panic::AssertUnwindSafe(|| call.as_mut().poll(&mut task));
            assert!(std::panic::catch_unwind(poll).is_err());
            drop(call);
        }
        let add = instance.get_typed_func::<(i32, i32), i32>(&mut *store, "add")?;
        assert_eq!(block_on(add.call_async(&mut *store, (3, 4)))?, 9);
        assert!(add.call(&mut *store, (3, 4)).is_err(), "it does not wait");
        Ok(())
    });
}

#[test]
fn a_host_function_waits_for_a_call_by_itself() {
    with_each(|store, _, instance| {
        let blocks = instance.get_typed_func::<i32, i32>(&mut *store, "blocks")?;
        assert_eq!(blocks.call(&mut *store, 4)?, 10);
        assert_eq!(block_on(blocks.call_async(&mut *store, 4))?, 10);
        Ok(())
    });
}
