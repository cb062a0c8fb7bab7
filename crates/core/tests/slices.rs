//! Code that stops where its fuel is used up or its epoch is due, and goes on: results, traps and
//! the fuel are those of a run that never stopped.
//!
//! A green run does not cover machine code, which does not stop between calls.

use crate::common::module;
use prova_core::*;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Task, Poll, Waker};

/// Everything that fuel is taken for: segments, with values in accumulators over their ends, calls
/// of each kind, calls of the host, bulk operators, growth, throws.
const TEXT: &str = r#"(module
    (import "host" "add" (func $add (param i32 i64) (result i64 i32)))
    (import "host" "back" (func $back (param i32) (result i32)))
    (tag $tag (param i32 i64))
    (memory (export "memory") 1 9)
    (table $t 4 40 funcref)
    (elem (i32.const 0) func $fib $even $odd)
    (global $g (mut i64) (i64.const 7))
    (func $fib (export "fib") (param i32) (result i32)
      (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                       (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    (func (export "floats") (param i32) (result f64)
      (local $a f64) (local $b f32) (local $v v128)
      (loop $again
        (local.set $a (f64.add (f64.mul (local.get $a) (f64.const 1.5))
          (if (result f64) (i32.and (local.get 0) (i32.const 1))
            (then (f64.convert_i32_s (local.get 0))) (else (f64.const 2)))))
        (local.set $b (f32.sub (f32.demote_f64 (local.get $a)) (f32.div (local.get $b) (f32.const 3))))
        (local.set $v (i64x2.add (local.get $v) (i64x2.splat (i64.extend_i32_u (local.get 0)))))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (f64.add (f64.add (local.get $a) (f64.promote_f32 (local.get $b)))
        (f64.convert_i64_u (i64x2.extract_lane 1 (local.get $v)))))
    (func $even (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
        (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
    (func $odd (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
        (else (return_call_indirect (param i32) (result i32)
          (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))))
    (func (export "tables") (param i32) (result i32)
      (drop (table.grow $t (ref.func $fib) (local.get 0)))
      (table.fill $t (i32.const 3) (ref.func $odd) (i32.const 4))
      (table.copy $t $t (i32.const 4) (i32.const 0) (i32.const 3))
      (i32.add (call_indirect (param i32) (result i32) (i32.const 11) (i32.const 5))
        (table.size $t)))
    (func (export "bulk") (param i32) (result i64)
      (memory.fill (i32.const 100) (i32.const 3) (i32.const 60000))
      (drop (memory.grow (local.get 0)))
      (memory.copy (i32.const 65000) (i32.const 101) (i32.const 500))
      (i64.add (i64.load (i32.const 65100)) (i64.extend_i32_u (memory.size))))
    (func (export "host") (param i32) (result i64)
      (local $n i32)
      (loop $again
        (call $add (local.get $n) (global.get $g))
        (local.set $n)
        (global.set $g)
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i64.add (global.get $g) (i64.extend_i32_u (call $back (local.get $n)))))
    (func $thrower (param i32)
      (if (i32.eqz (local.get 0)) (then (throw $tag (i32.const 5) (i64.const 6))))
      (call $thrower (i32.sub (local.get 0) (i32.const 1))))
    (func (export "throws") (param i32) (result i64)
      (local $e exnref)
      (block $ref (result i32 i64 exnref)
        (try_table (catch_ref $tag $ref) (call $thrower (local.get 0)))
        unreachable)
      (local.set $e)
      (drop) (drop)
      (block $plain (result i32 i64)
        (try_table (catch $tag $plain) (throw_ref (local.get $e)))
        unreachable)
      (drop) (i64.extend_i32_u)
      (br_table 0 0 (local.get 0)))
    (func (export "traps") (param i32) (result i32)
      (i32.div_u (call $fib (i32.const 3)) (i32.sub (call $fib (local.get 0)) (i32.const 1)))))"#;

const CALLS: [(&str, i32); 8] = [
    ("fib", 6),
    ("floats", 9),
    ("tables", 6),
    ("bulk", 2),
    ("host", 3),
    ("throws", 3),
    ("traps", 1),
    ("bulk", 100),
];

fn fueled(dispatch: Dispatch) -> Result<Engine> {
    Engine::new(Config::new().tier(Tier::Interpreter(dispatch)).consume_fuel(true))
}

fn instance(engine: &Engine) -> Result<(Store<u64>, Instance)> {
    let mut linker = Linker::<u64>::new(engine);
    linker.func_wrap("host", "add", |n: i32, g: i64| (g.wrapping_mul(3), n + 1))?;
    linker.func_wrap("host", "back", |mut caller: Caller<'_, u64>, n: i32| -> Result<i32> {
        *caller.data_mut() = caller.get_fuel()?;
        let fib = caller.get_export("fib").and_then(Extern::into_func).context("no fib")?;
        let fib = fib.typed::<i32, i32>(&caller)?;
        // A call inside the call does not stop: it needs its fuel.
        let left = caller.get_fuel()?;
        caller.set_fuel(1 << 40)?;
        let sum = fib.call(&mut caller, n);
        caller.set_fuel(left)?;
        sum
    })?;
    let mut store = Store::new(engine, 0);
    store.set_fuel(1 << 40)?;
    let module = module(engine, TEXT)?;
    let instance = linker.instantiate(&mut store, &module)?;
    Ok((store, instance))
}

/// Bits of the only result, or the trap; and what is in memory afterwards.
type Outcome = (Result<String, Trap>, Vec<u8>);

fn outcome(
    ended: Result<()>,
    results: &[Val],
    store: &mut Store<u64>,
    instance: Instance,
) -> Result<Outcome> {
    let memory = instance.get_memory(&mut *store, "memory").context("no memory")?;
    let ended = match ended {
        Ok(()) => Ok(format!("{results:?}")),
        Err(error) => Err(error.downcast::<Trap>()?),
    };
    Ok((ended, memory.data(&*store).to_vec()))
}

/// A run that does not stop, and its fuel.
fn whole(engine: &Engine, name: &str, argument: i32) -> Result<(Outcome, u64)> {
    let (mut store, instance) = instance(engine)?;
    let func = instance.get_func(&mut store, name).context("no such function")?;
    let mut results = [Val::I32(0)];
    store.set_fuel(1 << 40)?;
    let ended = func.call(&mut store, &[Val::I32(argument)], &mut results);
    let used = (1 << 40) - store.get_fuel()?;
    Ok((outcome(ended, &results, &mut store, instance)?, used))
}

/// The same, which gets `slice` units, or as many as it needs, whenever it stops; and how often
/// that was.
fn sliced(engine: &Engine, name: &str, argument: i32, slice: u64) -> Result<(Outcome, u64, u32)> {
    let (mut store, instance) = instance(engine)?;
    let func = instance.get_func(&mut store, name).context("no such function")?;
    let (mut results, mut given, mut stops) = ([Val::I32(0)], 0, 0);
    store.set_fuel(0)?;
    let mut call = func.call_resumable(&mut store, &[Val::I32(argument)], &mut results);
    let ended = loop {
        match call {
            Ok(ResumableCall::OutOfFuel(stopped)) => {
                let left = store.get_fuel()?;
                let needed = stopped.required_fuel();
                assert!(left < needed, "{name}: {left} of {needed}");
                let more = slice.max(needed - left);
                store.set_fuel(left + more)?;
                (given, stops) = (given + more, stops + 1);
                call = stopped.resume(&mut store, &mut results);
            }
            Ok(ResumableCall::HostTrap(trap)) => break Err(trap.into_host_error()),
            Ok(_) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let used = given - store.get_fuel()?;
    Ok((outcome(ended, &results, &mut store, instance)?, used, stops))
}

#[test]
fn slices_of_fuel_change_nothing() -> Result<()> {
    for dispatch in [Dispatch::Tail, Dispatch::Match] {
        let engine = fueled(dispatch)?;
        for (name, argument) in CALLS {
            let expected = whole(&engine, name, argument)?;
            for slice in [0, 1, 2, 3, 5, 8, 13, 100, 1_000, 1 << 30] {
                let (outcome, used, stops) = sliced(&engine, name, argument, slice)?;
                assert_eq!((outcome, used), expected, "{name} {slice}");
                assert!(slice > 0 || stops > 2, "{name}: {stops}");
                assert!(slice < 1 << 30 || stops == 1, "{name}: {stops}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_call_without_fuel_can_be_given_up_or_wait_below_another() -> Result<()> {
    let engine = fueled(Dispatch::Tail)?;
    let (mut store, instance) = instance(&engine)?;
    let fib = instance.get_typed_func::<i32, i32>(&mut store, "fib")?;
    let ended = |call| match call {
        TypedResumableCall::Finished(n) => n,
        other => panic!("{other:?}"),
    };
    let stopped = |call| match call {
        TypedResumableCall::OutOfFuel(call) => call,
        other => panic!("{other:?}"),
    };
    for _ in 0..3 {
        store.set_fuel(60)?;
        drop(stopped(fib.call_resumable(&mut store, 9)?));
    }
    store.set_fuel(60)?;
    let first = stopped(fib.call_resumable(&mut store, 9)?);
    store.set_fuel(70)?;
    let second = stopped(fib.call_resumable(&mut store, 8)?);
    store.set_fuel(1 << 20)?;
    assert_eq!(fib.call(&mut store, 7)?, 13);
    assert_eq!(ended(second.resume(&mut store)?), 21);
    assert_eq!(ended(first.resume(&mut store)?), 34);
    // In the wrong order.
    store.set_fuel(60)?;
    let first = stopped(fib.call_resumable(&mut store, 9)?);
    store.set_fuel(60)?;
    let _second = stopped(fib.call_resumable(&mut store, 9)?);
    let error = first.resume(&mut store).unwrap_err();
    assert!(error.to_string().contains("newest"), "{error:#}");
    Ok(())
}

/// Exceptions whose references a frame holds that stopped between calls are kept.
#[test]
fn a_stopped_frame_keeps_its_exceptions() -> Result<()> {
    let text = r#"(module
        (tag $tag (param i32))
        (func (export "hold") (param i32) (result i32)
          (local $e exnref) (local $x i32)
          (block $h (result i32 exnref)
            (try_table (catch_ref $tag $h) (throw $tag (local.get 0))) unreachable)
          (local.set $e) (drop)
          (loop $again (br_if $again (i32.lt_u
            (local.tee $x (i32.add (local.get $x) (i32.const 1))) (i32.const 100))))
          (block $v (result i32)
            (try_table (catch $tag $v) (throw_ref (local.get $e))) unreachable))
        (func (export "fill") (param i32)
          (loop $again
            (block $h (result i32 exnref)
              (try_table (catch_ref $tag $h) (throw $tag (local.get 0))) unreachable)
            (drop) (drop)
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let engine = fueled(Dispatch::Tail)?;
    let module = module(&engine, text)?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(200)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let hold = instance.get_typed_func::<i32, i32>(&mut store, "hold")?;
    let fill = instance.get_typed_func::<i32, ()>(&mut store, "fill")?;
    let TypedResumableCall::OutOfFuel(stopped) = hold.call_resumable(&mut store, 42)? else {
        panic!("200 units are too few");
    };
    store.set_fuel(1 << 40)?;
    // Either all fit, or the store says that it is full: the held one stays.
    let filled = fill.call(&mut store, 3_000_000);
    assert!(filled.is_err(), "nothing is forgotten, so the room for exceptions ends");
    let TypedResumableCall::Finished(held) = stopped.resume(&mut store)? else { panic!("stopped") };
    assert_eq!(held, 42);
    fill.call(&mut store, 3_000_000)?;
    Ok(())
}

/// Polls a future to its end; gives how often it was pending.
fn block_on<R>(future: impl Future<Output = R>) -> (R, u32) {
    let mut future = pin!(future);
    let mut pending = 0;
    loop {
        match future.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
            Poll::Ready(result) => return (result, pending),
            Poll::Pending => pending += 1,
        }
    }
}

#[test]
fn a_call_that_waits_yields_after_each_interval_of_fuel() -> Result<()> {
    let engine = fueled(Dispatch::Tail)?;
    for (name, argument) in CALLS {
        let (expected, used) = whole(&engine, name, argument)?;
        for interval in [1, 7, 50, 1_000_000] {
            for fuel in [1 << 30, used, used - 1] {
                let (mut fresh, instance) = instance(&engine)?;
                fresh.fuel_async_yield_interval(Some(interval))?;
                let func = instance.get_func(&mut fresh, name).context("no such function")?;
                fresh.set_fuel(fuel)?;
                let mut results = [Val::I32(0)];
                let (ended, pending) =
                    block_on(func.call_async(&mut fresh, &[Val::I32(argument)], &mut results));
                if fuel < used {
                    let trap = ended.unwrap_err().downcast::<Trap>()?;
                    assert_eq!(trap, Trap::OutOfFuel, "{name} {interval}");
                    continue;
                }
                assert_eq!(fresh.get_fuel()?, fuel - used, "{name} {interval}");
                assert_eq!(outcome(ended, &results, &mut fresh, instance)?, expected);
                assert_eq!(pending > 0, interval < used, "{name} {interval}: {pending}");
            }
        }
    }
    Ok(())
}

/// Awaited host functions whose futures are ready at once, however often, do not begin slices.
#[test]
fn slices_go_on_behind_host_functions_that_are_awaited() -> Result<()> {
    let text = r#"(module
        (import "host" "next" (func $next (param i64) (result i64)))
        (func (export "sum") (param $n i64) (result i64) (local $sum i64)
          (loop $again
            (local.set $sum (i64.add (local.get $sum) (local.get $n)))
            (local.set $n (call $next (local.get $n)))
            (br_if $again (i32.wrap_i64 (local.get $n))))
          (local.get $sum)))"#;
    let engine = fueled(Dispatch::Tail)?;
    let module = module(&engine, text)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap_async("host", "next", |_: Caller<'_, ()>, (n,): (i64,)| {
        Box::new(async move { n - 1 })
    })?;
    let mut used = None;
    for interval in [1, 20, 100, 1_000, 1 << 30] {
        let mut store = Store::new(&engine, ());
        store.set_fuel(1 << 30)?;
        store.fuel_async_yield_interval(Some(interval))?;
        let instance = block_on(linker.instantiate_async(&mut store, &module)).0?;
        let sum = instance.get_typed_func::<i64, i64>(&mut store, "sum")?;
        let (found, pending) = block_on(sum.call_async(&mut store, 1_000));
        assert_eq!(found?, 500_500);
        let all = (1 << 30) - store.get_fuel()?;
        assert_eq!(all, *used.get_or_insert(all), "{interval}");
        // A charge that does not fit is left to the next slice.
        let least = all / interval;
        let few = least <= u64::from(pending) && u64::from(pending) <= 2 * least;
        assert!(few || interval < 100, "{interval}: {pending}");
        assert_eq!(pending > 0, interval < all, "{interval}: {pending}");
    }
    Ok(())
}

#[test]
fn host_functions_see_all_fuel() -> Result<()> {
    let engine = fueled(Dispatch::Tail)?;
    let (mut store, instance) = instance(&engine)?;
    store.fuel_async_yield_interval(Some(5))?;
    store.set_fuel(1 << 20)?;
    let host = instance.get_typed_func::<i32, i64>(&mut store, "host")?;
    block_on(host.call_async(&mut store, 3)).0?;
    assert!(*store.data() > (1 << 20) - 1_000, "{}", store.data());
    // A call that does not wait has all of it, and does not stop.
    store.set_fuel(1 << 20)?;
    host.call(&mut store, 3)?;
    assert!(store.fuel_async_yield_interval(Some(0)).is_err());
    store.fuel_async_yield_interval(None)?;
    assert_eq!(block_on(host.call_async(&mut store, 3)).1, 0);
    Ok(())
}

fn ticking(dispatch: Dispatch) -> Result<Engine> {
    Engine::new(Config::new().tier(Tier::Interpreter(dispatch)).epoch_interruption(true))
}

#[test]
fn a_call_that_waits_yields_when_its_epoch_is_due() -> Result<()> {
    for dispatch in [Dispatch::Tail, Dispatch::Match] {
        let engine = ticking(dispatch)?;
        for (name, argument) in [("fib", 6), ("floats", 9), ("throws", 3), ("traps", 1)] {
            let run = |delta: Option<u64>| -> Result<(Outcome, u32)> {
                let mut linker = Linker::<u64>::new(&engine);
                linker.func_wrap("host", "add", |n: i32, g: i64| (g, n))?;
                linker.func_wrap("host", "back", |n: i32| n)?;
                let mut store = Store::new(&engine, 0);
                store.set_epoch_deadline(0);
                match delta {
                    Some(delta) => store.epoch_deadline_async_yield_and_update(delta),
                    None => store.set_epoch_deadline(1 << 40),
                }
                let module = module(&engine, TEXT)?;
                let instance = linker.instantiate(&mut store, &module)?;
                let func = instance.get_func(&mut store, name).context("no such function")?;
                let mut results = [Val::I32(0)];
                let args = [Val::I32(argument)];
                let mut call = Box::pin(func.call_async(&mut store, &args, &mut results));
                let mut pending = 0;
                let ended = loop {
                    match call.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
                        Poll::Ready(ended) => break ended,
                        Poll::Pending => {
                            pending += 1;
                            engine.increment_epoch();
                        }
                    }
                };
                drop(call);
                Ok((outcome(ended, &results, &mut store, instance)?, pending))
            };
            let (expected, never) = run(None)?;
            // Due once, since the next deadline is two ticks away and one passes.
            let (outcome, once) = run(Some(2))?;
            assert_eq!((never, outcome), (0, expected), "{name}");
            assert_eq!(once, 1, "{name}");
        }
    }
    Ok(())
}

#[test]
fn a_callback_yields_with_a_future_of_its_own() -> Result<()> {
    static AWAITED: AtomicU64 = AtomicU64::new(0);
    let engine = ticking(Dispatch::Tail)?;
    let text = r#"(module (func (export "f") (result i32) i32.const 3))"#;
    let module = module(&engine, text)?;
    let mut store = Store::new(&engine, 0);
    store.epoch_deadline_callback(|mut store| {
        *store.data_mut() += 1;
        let future = Box::pin(async {
            AWAITED.fetch_add(1, Ordering::Relaxed);
        });
        Ok(UpdateDeadline::YieldCustom(5, future))
    });
    let f = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), i32>(&mut store, "f")?;
    store.set_epoch_deadline(0);
    assert_eq!(block_on(f.call_async(&mut store, ())).0?, 3);
    assert_eq!((*store.data(), AWAITED.load(Ordering::Relaxed)), (1, 1));
    // Where nothing can resume the call, it traps; what was to be awaited is dropped.
    store.set_epoch_deadline(0);
    let error = f.call(&mut store, ()).unwrap_err();
    assert!(format!("{error:#}").contains("cannot be resumed"), "{error:#}");
    store.set_epoch_deadline(0);
    let error = f.call_resumable(&mut store, ()).unwrap_err();
    assert!(format!("{error:#}").contains("cannot be resumed"), "{error:#}");
    assert_eq!(AWAITED.load(Ordering::Relaxed), 1);
    Ok(())
}
