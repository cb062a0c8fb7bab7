//! Exceptions between host and module, in every tier: thrown by one and caught by the other, and
//! passed on.
//!
//! A green run does not show what exceptions do inside of modules (`tests/run/exception.wast`, the
//! specification suite).

use crate::common::{each_tier, module, trap_of};
use prova_core::*;

/// A module that catches what the host throws in several ways, and throws into the host.
const TEXT: &str = r#"(module
    (type $unary (func (param i32) (result i32)))
    (import "host" "e" (tag $e (param i32 v128)))
    (import "host" "other" (tag $other))
    (import "host" "fail" (func $fail (param i32) (result i32)))
    (import "host" "back" (func $back (param i32) (result i32)))
    (func $deep (param i32) (result i32)
      (block $h (try_table (catch $other $h) (drop (call $fail (local.get 0)))))
      (i32.const -1))
    (func (export "by_tag") (param i32) (result i32)
      (block $h (result i32 v128)
        (try_table (catch $e $h) (return (call $deep (local.get 0)))) unreachable)
      (i32x4.extract_lane 1) (i32.add))
    (func (export "all") (param i32) (result i32)
      (block $h (try_table (catch_all $h) (return (call $fail (local.get 0)))))
      (i32.const 100))
    (func (export "rethrown") (param i32) (result i32)
      (block $outer (result i32 v128)
        (try_table (catch $e $outer)
          (block $inner (result exnref)
            (try_table (catch_all_ref $inner) (return (call $fail (local.get 0)))) unreachable)
          (throw_ref))
        unreachable)
      (drop))
    (func $tail (param i32) (result i32)
      (block $h (try_table (catch_all $h) (return_call $fail (local.get 0))))
      (i32.const 200))
    (func (export "tail") (param i32) (result i32)
      (block $h (result i32 v128)
        (try_table (catch $e $h) (return (call $tail (local.get 0)))) unreachable)
      (drop))
    (func (export "uncaught") (param i32) (result i32) (call $deep (local.get 0)))
    (func $throws (export "throws") (param i32) (result i32)
      (throw $e (local.get 0) (v128.const i32x4 0 5 0 0)))
    (func (export "through") (param i32) (result i32)
      (block $h (result i32 v128)
        (try_table (catch $e $h) (return (call $back (local.get 0)))) unreachable)
      (drop) (i32.const 1000) (i32.add))
    (func (export "not_caught_here") (param i32) (result i32) (call $back (local.get 0))))"#;

/// The behaviour of the host function `back` on an error of its callee.
#[derive(Clone, Copy, PartialEq)]
enum Back {
    /// It returns the error.
    On,
    /// It returns the error with added context.
    OnWithContext,
    /// It returns another error.
    Fails,
    /// It returns a number.
    Catches,
}

struct Test {
    store: Store<Back>,
    instance: Instance,
    tag: Tag,
}

impl Test {
    fn new(engine: &Engine) -> Result<Test> {
        let mut store = Store::new(engine, Back::On);
        let ty = FuncType::new(engine, [ValType::I32, ValType::V128], []);
        let tag = Tag::new(&mut store, &ty)?;
        let other = Tag::new(&mut store, &FuncType::new(engine, [], []))?;
        let mut linker = Linker::new(engine);
        linker.define(&store, "host", "e", tag)?;
        linker.define(&store, "host", "other", other)?;
        linker.func_wrap("host", "fail", move |mut caller: Caller<'_, Back>, n: i32| {
            if n == 0 {
                return Ok(7);
            }
            caller.throw::<i32>(tag, &[Val::I32(n), Val::from(3u128 << 32)])
        })?;
        linker.func_wrap(
            "host",
            "back",
            |mut caller: Caller<'_, Back>, n: i32| -> Result<i32> {
                let throws =
                    caller.get_export("throws").and_then(Extern::into_func).context("none")?;
                let called = throws.call(&mut caller, &[Val::I32(n)], &mut [Val::I32(0)]);
                let error = called.expect_err("it throws");
                match *caller.data() {
                    Back::On => Err(error),
                    Back::OnWithContext => Err(error.context("on its way")),
                    Back::Fails => Err(format_err!("the host's own")),
                    Back::Catches => Ok(error
                        .downcast_ref::<ThrownException>()
                        .map_or(-1, |thrown| thrown.values()[0].unwrap_i32() * 2)),
                }
            },
        )?;
        let instance = linker.instantiate(&mut store, &module(engine, TEXT)?)?;
        Ok(Test { store, instance, tag })
    }

    fn call(&mut self, name: &str, n: i32) -> Result<i32> {
        let func = self.instance.get_typed_func::<i32, i32>(&self.store, name)?;
        func.call(&mut self.store, n)
    }
}

/// The names of the functions in an error's backtrace.
fn frames(error: &Error) -> Vec<u32> {
    let trace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
    trace.frames().iter().map(FrameInfo::func_index).collect()
}

#[test]
fn code_catches_what_the_host_throws() {
    each_tier(
        |_| {},
        |engine| {
            let mut test = Test::new(engine)?;
            for (name, returned, caught) in
                [("by_tag", -1, 45), ("all", 7, 100), ("rethrown", 7, 42), ("tail", 7, 42)]
            {
                assert_eq!(test.call(name, 0)?, returned, "{name}");
                assert_eq!(test.call(name, 42)?, caught, "{name}");
            }
            Ok(())
        },
    );
}

#[test]
fn what_nothing_catches_is_an_error_that_has_the_exception() {
    each_tier(
        |_| {},
        |engine| {
            let mut test = Test::new(engine)?;
            for (name, trace, lane) in [("uncaught", vec![2, 8], 3), ("throws", vec![9], 5)] {
                let error = test.call(name, 42).expect_err(name);
                assert_eq!(trap_of(&error), Some(Trap::UncaughtException), "{error:?}");
                assert_eq!(frames(&error), trace, "{name}");
                let thrown: &ThrownException = error.downcast_ref().expect("an exception");
                assert_eq!(thrown.tag(), test.tag);
                let &[number, vector] = thrown.values() else { panic!("{thrown:?}") };
                assert_eq!((number.unwrap_i32(), vector.unwrap_v128().as_u128()), (42, lane << 32));
            }
            // A host function that the host calls itself.
            let tag = test.tag;
            let fail = Func::wrap(&mut test.store, move |mut caller: Caller<'_, Back>| {
                caller.throw::<()>(tag, &[Val::I32(1), Val::from(0u128)])
            });
            let error = fail.call(&mut test.store, &[], &mut []).expect_err("it throws");
            assert!(error.is::<ThrownException>() && !error.is::<WasmBacktrace>(), "{error:?}");
            assert_eq!(test.call("by_tag", 42)?, 45, "all is as before");
            Ok(())
        },
    );
}

#[test]
fn exceptions_pass_the_host_where_it_lets_them() {
    each_tier(
        |_| {},
        |engine| {
            let mut test = Test::new(engine)?;
            for (back, through) in [
                (Back::On, Ok(1042)),
                (Back::OnWithContext, Ok(1042)),
                (Back::Catches, Ok(84)),
                (Back::Fails, Err("the host's own")),
            ] {
                *test.store.data_mut() = back;
                match (test.call("through", 42), through) {
                    (Ok(result), Ok(expected)) => assert_eq!(result, expected),
                    (Err(error), Err(words)) => {
                        assert!(format!("{error:?}").contains(words), "{error:?}");
                        assert!(!error.is::<ThrownException>() && trap_of(&error).is_none());
                    }
                    (result, expected) => panic!("{result:?} instead of {expected:?}"),
                }
                let passed = test.call("not_caught_here", 42);
                let Err(error) = passed else {
                    assert!(back == Back::Catches);
                    continue;
                };
                let thrown = error.is::<ThrownException>();
                assert_eq!(thrown, matches!(back, Back::On | Back::OnWithContext), "{error:?}");
                // The backtrace belongs to the throw.
                assert_eq!(frames(&error), if thrown { vec![9] } else { vec![11] });
                assert_eq!(
                    back == Back::OnWithContext,
                    format!("{error:?}").contains("on its way")
                );
            }
            Ok(())
        },
    );
}

#[test]
fn throws_cost_the_same_in_every_tier_and_no_stack() {
    let calls = [("by_tag", 42), ("all", 42), ("rethrown", 42), ("tail", 42), ("tail", 0)];
    let calls =
        [&calls[..], &[("uncaught", 42), ("through", 42), ("not_caught_here", 42)]].concat();
    let mut used = Vec::new();
    for tier in Tier::ALL {
        let mut config = Config::new();
        config.tier(tier).consume_fuel(true).max_wasm_stack(4096);
        let mut test = Test::new(&Engine::new(&config).expect("a possible configuration")).unwrap();
        let costs = calls.iter().map(|&(name, n)| {
            let mut costs = [0; 3];
            for cost in &mut costs {
                test.store.set_fuel(1_000_000).unwrap();
                drop(test.call(name, n));
                *cost = 1_000_000 - test.store.get_fuel().unwrap();
            }
            assert_eq!(costs, [costs[0]; 3], "{name}");
            costs[0]
        });
        used.push(costs.collect::<Vec<u64>>());
        test.store.set_fuel(u64::MAX).unwrap();
        for _ in 0..2_000 {
            for (name, n) in &calls {
                drop(test.call(name, *n));
            }
        }
        assert_eq!(test.call("by_tag", 42).unwrap(), 45);
    }
    assert!(used.iter().all(|costs| *costs == used[0]), "{used:?}");
}

#[test]
fn errors_of_resumable_calls_that_are_exceptions_are_thrown() -> Result<()> {
    for dispatch in [Dispatch::Tail, Dispatch::Match] {
        let engine = Engine::new(Config::new().tier(Tier::Interpreter(dispatch)))?;
        let mut test = Test::new(&engine)?;
        let func = |name| test.instance.get_func(&test.store, name).expect("an export");
        let (by_tag, uncaught) = (func("by_tag"), func("uncaught"));
        let mut results = [Val::I32(0)];
        let call = by_tag.call_resumable(&mut test.store, &[Val::I32(42)], &mut results)?;
        assert!(matches!(call, ResumableCall::Finished), "{call:?}");
        assert_eq!(results[0].unwrap_i32(), 45);
        let error = uncaught.call_resumable(&mut test.store, &[Val::I32(42)], &mut results);
        assert!(error.expect_err("nothing catches").is::<ThrownException>());
    }
    Ok(())
}

#[test]
fn values_that_do_not_fit_are_misuse() {
    each_tier(
        |_| {},
        |engine| {
            let mut test = Test::new(engine)?;
            let (store, tag) = (&mut test.store, test.tag);
            for values in [&[][..], &[Val::I32(1)], &[Val::I64(1), Val::from(0u128)]] {
                for error in [
                    store.throw::<()>(tag, values).expect_err("a throw"),
                    ExnRef::new(&mut *store, tag, values).expect_err("values that do not fit"),
                ] {
                    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse), "{error:?}");
                    assert!(!error.is::<ThrownException>());
                }
            }
            // An exception of another store is an error like others.
            let mut foreign = Test::new(engine)?;
            let thrown = foreign.call("throws", 1).expect_err("it throws");
            let thrown: ThrownException = thrown.downcast_ref().cloned().expect("an exception");
            let fail =
                Func::wrap(&mut *store, move || -> Result<()> { Err(thrown.clone().into()) });
            let text = r#"(module (import "" "f" (func $f))
                (func (export "f") (block $h (try_table (catch_all $h) (call $f)))))"#;
            let instance = Instance::new(&mut *store, &module(engine, text)?, &[fail.into()])?;
            let f = instance.get_typed_func::<(), ()>(&*store, "f")?;
            assert!(f.call(store, ()).is_err(), "the clause sees nothing");
            Ok(())
        },
    );
}

#[test]
fn references_to_exceptions_go_between_host_and_code() {
    each_tier(
        |_| {},
        |engine| {
            let mut store = Store::new(engine, ());
            let many = FuncType::new(engine, vec![ValType::V128; 1_000], []);
            let tag = Tag::new(&mut store, &many)?;
            let values = vec![Val::from(9u128); 1_000];
            let make = Func::wrap(&mut store, {
                let values = values.clone();
                move |mut caller: Caller<'_, ()>| ExnRef::new(&mut caller, tag, &values)
            });
            let take = Func::wrap(&mut store, move |caller: Caller<'_, ()>, exn: ExnRef| {
                let thrown = exn.exception(&caller)?;
                assert_eq!((thrown.tag(), thrown.values().len()), (tag, 1_000));
                Ok(thrown.values()[999].unwrap_v128().as_u128() as i64)
            });
            let text = r#"(module
                (import "" "make" (func $make (result (ref exn))))
                (import "" "take" (func $take (param (ref exn)) (result i64)))
                (func (export "once") (result i64) (call $take (call $make)))
                (func (export "often") (param i32)
                  (loop $l (drop (call $make))
                    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
                (func (export "throw") (param exnref) (throw_ref (local.get 0))))"#;
            let module = module(engine, text)?;
            let instance = Instance::new(&mut store, &module, &[make.into(), take.into()])?;
            let once = instance.get_typed_func::<(), i64>(&store, "once")?;
            assert_eq!(once.call(&mut store, ())?, 9);
            // More than the store keeps at a time, made by the host for code and for itself.
            let often = instance.get_typed_func::<i32, ()>(&store, "often")?;
            often.call(&mut store, 9_000)?;
            let first = ExnRef::new(&mut store, tag, &values)?;
            assert_eq!(first.exception(&store)?.values().len(), 1_000);
            for _ in 0..9_000 {
                ExnRef::new(&mut store, tag, &values)?;
            }
            // Nothing held the first one. The last one is there, and can be thrown.
            let error = first.exception(&store).expect_err("it is gone");
            assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse), "{error:?}");
            let throw = instance.get_typed_func::<Option<ExnRef>, ()>(&store, "throw")?;
            let error = throw.call(&mut store, Some(first)).expect_err("it is gone");
            assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse), "{error:?}");
            let last = ExnRef::new(&mut store, tag, &values)?;
            let error = throw.call(&mut store, Some(last)).expect_err("it is thrown");
            let thrown: &ThrownException = error.downcast_ref().expect("an exception");
            assert_eq!((thrown.tag(), thrown.values().len()), (tag, 1_000));
            Ok(())
        },
    );
}

#[test]
fn a_start_function_may_throw() {
    each_tier(
        |_| {},
        |engine| {
            let text =
                r#"(module (tag $e (param i32)) (func $f (throw $e (i32.const 3))) (start $f))"#;
            let error = Instance::new(&mut Store::new(engine, ()), &module(engine, text)?, &[]);
            let error = error.expect_err("it throws");
            let thrown: &ThrownException = error.downcast_ref().expect("an exception");
            assert_eq!(thrown.values()[0].unwrap_i32(), 3);
            Ok(())
        },
    );
}

/// References in frames of a call inside a call keep their exceptions: those frames do not start
/// where the stack does.
#[test]
fn a_nested_call_keeps_its_exceptions() {
    let text = r#"(module
        (import "host" "back" (func $back (param i32) (result i32)))
        (tag $tag (param i32))
        (func (export "outer") (param i32) (result i32)
          (local i64 i64 i64) (i32.add (call $back (local.get 0)) (i32.const 1)))
        (func (export "inner") (param i32) (result i32)
          (local $e exnref) (local $n i32)
          (block $h (result i32 exnref)
            (try_table (catch_ref $tag $h) (throw $tag (local.get 0))) unreachable)
          (local.set $e) (drop)
          (local.set $n (i32.const 300000))
          (loop $again
            (block $h (result i32 exnref)
              (try_table (catch_ref $tag $h) (throw $tag (i32.const 7))) unreachable)
            (drop) (drop)
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (block $v (result i32)
            (try_table (catch $tag $v) (throw_ref (local.get $e))) unreachable)))"#;
    each_tier(
        |_| {},
        |engine| {
            let mut linker = Linker::new(engine);
            linker.func_wrap("host", "back", |mut caller: Caller<'_, ()>, n: i32| {
                let inner = caller.get_export("inner").and_then(Extern::into_func);
                let inner = inner.context("no inner")?.typed::<i32, i32>(&caller)?;
                inner.call(&mut caller, n)
            })?;
            let mut store = Store::new(engine, ());
            let instance = linker.instantiate(&mut store, &module(engine, text)?)?;
            let outer = instance.get_typed_func::<i32, i32>(&mut store, "outer")?;
            assert_eq!(outer.call(&mut store, 41)?, 42);
            Ok(())
        },
    );
}

/// A host function that suspended its call may end with an error after all: an exception is caught
/// where one of a host function is, and anything else ends the call.
#[test]
fn a_suspended_call_goes_on_with_an_error() -> Result<()> {
    let text = r#"(module
        (import "host" "ask" (func $ask (result i32)))
        (tag $tag (export "tag") (param i32))
        (func (export "run") (result i32)
          (i32.add (i32.const 1)
            (block $h (result i32) (try_table (catch $tag $h) (return (call $ask))) unreachable))))"#;
    for (name, engine) in crate::engines() {
        let mut linker = Linker::<()>::new(&engine);
        linker.func_wrap("host", "ask", || -> Result<i32> { bail!("later") })?;
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module(&engine, text)?)?;
        let tag = instance.get_tag(&mut store, "tag").context("no tag")?;
        let run = instance.get_func(&mut store, "run").context("no run")?;
        let mut results = [Val::I32(0)];
        let asked = |store: &mut Store<()>| -> Result<ResumableCallHostTrap> {
            match run.call_resumable(store, &[], &mut [Val::I32(0)])? {
                ResumableCall::HostTrap(asked) => Ok(asked),
                other => bail!("{other:?}"),
            }
        };
        let call = asked(&mut store)?;
        let thrown = ThrownException::new(&store, tag, &[Val::I32(41)])?.into();
        let ended = call.resume_with_error(&mut store, thrown, &mut results)?;
        assert!(matches!(ended, ResumableCall::Finished), "{name}");
        assert_eq!(results[0].i32(), Some(42), "{name}");
        let call = asked(&mut store)?;
        let error = call.resume_with_error(&mut store, format_err!("never"), &mut results);
        assert!(format!("{:#}", error.unwrap_err()).contains("never"), "{name}");
        let call = asked(&mut store)?;
        let error = call.resume_with_error(&mut store, Trap::Interrupt.into(), &mut results);
        assert_eq!(trap_of(&error.unwrap_err()), Some(Trap::Interrupt), "{name}");
        assert!(matches!(
            run.call_resumable(&mut store, &[], &mut results)?,
            ResumableCall::HostTrap(_)
        ));
    }
    Ok(())
}
