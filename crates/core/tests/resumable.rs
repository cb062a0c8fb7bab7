//! Resumable calls: the errors that suspend, the calls that go on, and those that must not.
//!
//! A green run does not cover suspensions of stores whose embedder panics (`crates/runtime` has
//! them).

use prova_core::*;

const TEXT: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i64)))
    (import "host" "nested" (func $nested))
    (func (export "sum") (result i64)
      (i64.add (call $ask (i32.const 1)) (call $ask (i32.const 2))))
    (func (export "ask") (param i32) (result i64) (call $ask (local.get 0)))
    (func (export "nested") (call $nested))
    (func (export "trap") (drop (call $ask (i32.const 3))) unreachable))"#;

/// A question that the host answers later.
#[derive(Debug, PartialEq)]
struct Question(i32);

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "question {}", self.0)
    }
}

impl std::error::Error for Question {}

fn instance(tier: Tier) -> Result<(Store<()>, Instance)> {
    configured(Config::new().tier(tier))
}

fn configured(config: &Config) -> Result<(Store<()>, Instance)> {
    let engine = Engine::new(config)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "ask", |n: i32| -> Result<i64> { Err(Question(n).into()) })?;
    linker.func_wrap("host", "nested", |mut caller: Caller<'_, ()>| -> Result<()> {
        let ask = caller.get_export("ask").and_then(Extern::into_func).context("no ask")?;
        ask.call(&mut caller, &[Val::I32(9)], &mut [Val::I64(0)])
    })?;
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, wat::parse_str(TEXT)?)?;
    let instance = linker.instantiate(&mut store, &module)?;
    Ok((store, instance))
}

/// The suspended call, which asks `question`.
#[track_caller]
fn suspended(call: ResumableCall, question: i32) -> ResumableCallHostTrap {
    let ResumableCall::HostTrap(call) = call else { panic!("{call:?}") };
    assert_eq!(call.host_error().downcast_ref(), Some(&Question(question)));
    call
}

#[test]
fn answers_let_a_call_go_on() -> Result<()> {
    for dispatch in [Dispatch::Tail, Dispatch::Match] {
        let (mut store, instance) = instance(Tier::Interpreter(dispatch))?;
        let sum = instance.get_func(&store, "sum").context("no sum")?;
        let mut results = [Val::I64(0)];
        let call = suspended(sum.call_resumable(&mut store, &[], &mut results)?, 1);
        assert_eq!(call.host_func().ty(&store).to_string(), "(i32) -> (i64)");
        let call = suspended(call.resume(&mut store, &[Val::I64(30)], &mut results)?, 2);
        let call = call.resume(&mut store, &[Val::I64(12)], &mut results)?;
        assert!(matches!(call, ResumableCall::Finished), "{call:?}");
        assert_eq!(results[0].unwrap_i64(), 42);
    }
    Ok(())
}

#[test]
fn the_epoch_is_tested_when_a_call_goes_on() -> Result<()> {
    for dispatch in [Dispatch::Tail, Dispatch::Match] {
        let mut config = Config::new();
        config.tier(Tier::Interpreter(dispatch)).epoch_interruption(true);
        let (mut store, instance) = configured(&config)?;
        let ask = instance.get_func(&store, "ask").context("no ask")?;
        let mut results = [Val::I64(0)];
        for (deadline, interrupted) in [(1, true), (2, false)] {
            store.set_epoch_deadline(deadline);
            let call = ask.call_resumable(&mut store, &[Val::I32(7)], &mut results)?;
            store.engine().increment_epoch();
            match suspended(call, 7).resume(&mut store, &[Val::I64(5)], &mut results) {
                Ok(ResumableCall::Finished) => assert!(!interrupted, "{dispatch:?}"),
                Ok(other) => panic!("{other:?}"),
                Err(error) => {
                    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt), "{error:?}");
                    assert!(interrupted, "{dispatch:?}");
                }
            }
        }
        assert_eq!(results[0].unwrap_i64(), 5);
    }
    Ok(())
}

#[test]
fn an_answer_of_another_type_is_refused() -> Result<()> {
    let (mut store, instance) = instance(Tier::default())?;
    let sum = instance.get_func(&store, "sum").context("no sum")?;
    let mut results = [Val::I64(0)];
    for answers in [&[Val::I32(1)][..], &[]] {
        let call = suspended(sum.call_resumable(&mut store, &[], &mut results)?, 1);
        assert!(call.resume(&mut store, answers, &mut results).is_err());
    }
    assert!(sum.call_resumable(&mut store, &[], &mut []).is_err(), "no place for the result");
    Ok(())
}

#[test]
fn traps_and_nested_errors_end_the_call() -> Result<()> {
    let (mut store, instance) = instance(Tier::default())?;
    let trap = instance.get_func(&store, "trap").context("no trap")?;
    let call = suspended(trap.call_resumable(&mut store, &[], &mut [])?, 3);
    let error = call.resume(&mut store, &[Val::I64(0)], &mut []).expect_err("unreachable");
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));

    // The inner call is an ordinary one; its error is the outer host function's own, which
    // suspends.
    let nested = instance.get_func(&store, "nested").context("no nested")?;
    let call = suspended(nested.call_resumable(&mut store, &[], &mut [])?, 9);
    assert!(call.into_host_error().is::<Question>());

    let sum = instance.get_func(&store, "sum").context("no sum")?;
    let error = sum.call(&mut store, &[], &mut [Val::I64(0)]).expect_err("an ordinary call");
    assert_eq!(error.downcast_ref(), Some(&Question(1)));
    Ok(())
}

#[test]
fn what_is_given_up_holds_no_stack() -> Result<()> {
    for dispatch in [Dispatch::Tail, Dispatch::Match] {
        let (mut store, instance) = instance(Tier::Interpreter(dispatch))?;
        let sum = instance.get_func(&store, "sum").context("no sum")?;
        let mut results = [Val::I64(0)];
        // Each holds some hundred bytes of 8 MiB.
        for _ in 0..60_000 {
            suspended(sum.call_resumable(&mut store, &[], &mut results)?, 1).into_host_error();
        }
        let call = suspended(sum.call_resumable(&mut store, &[], &mut results)?, 1);
        let call = suspended(call.resume(&mut store, &[Val::I64(1)], &mut results)?, 2);
        call.resume(&mut store, &[Val::I64(2)], &mut results)?;
        assert_eq!(results[0].unwrap_i64(), 3);
    }
    Ok(())
}

/// A host function that panics and one that catches it, in a resumable call: afterwards errors
/// suspend it as before, the store is usable, and nothing of the stack is lost.
#[test]
fn panics_change_nothing() -> Result<()> {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    for dispatch in [Dispatch::Tail, Dispatch::Match] {
        let engine = Engine::new(Config::new().tier(Tier::Interpreter(dispatch)))?;
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "ask", |n: i32| -> Result<i64> {
            if n == 9 { std::panic::resume_unwind(Box::new(())) } else { Err(Question(n).into()) }
        })?;
        linker.func_wrap("host", "nested", |mut caller: Caller<'_, ()>| -> Result<()> {
            let ask = caller.get_export("ask").and_then(Extern::into_func).context("no ask")?;
            let call = || ask.call(&mut caller, &[Val::I32(9)], &mut [Val::I64(0)]);
            assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
            Err(Question(7).into())
        })?;
        let mut store = Store::new(&engine, ());
        let instance =
            linker.instantiate(&mut store, &Module::new(&engine, wat::parse_str(TEXT)?)?)?;
        let func = |store: &Store<()>, name| instance.get_func(store, name).expect("an export");
        let (nested, ask) = (func(&store, "nested"), func(&store, "ask"));
        for _ in 0..1_000 {
            let (args, mut results) = ([Val::I32(9)], [Val::I64(0)]);
            let call = || ask.call_resumable(&mut store, &args, &mut results);
            assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
            suspended(nested.call_resumable(&mut store, &[], &mut [])?, 7);
        }
        let error = ask.call(&mut store, &[Val::I32(3)], &mut [Val::I64(0)]);
        assert_eq!(error.expect_err("an ordinary call").downcast_ref(), Some(&Question(3)));
    }
    Ok(())
}

#[test]
fn the_reference_tier_says_no() -> Result<()> {
    let (mut store, instance) = instance(Tier::Reference)?;
    let sum = instance.get_func(&store, "sum").context("no sum")?;
    assert!(sum.call_resumable(&mut store, &[], &mut [Val::I64(0)]).is_err());
    let error = sum.call(&mut store, &[], &mut [Val::I64(0)]).expect_err("an ordinary call");
    assert_eq!(error.downcast_ref(), Some(&Question(1)));
    Ok(())
}

/// The suspended call, which asks `question`.
#[track_caller]
fn suspended_typed<R: WasmResults + std::fmt::Debug>(
    call: TypedResumableCall<R>,
    question: i32,
) -> TypedResumableCallHostTrap<R> {
    let TypedResumableCall::HostTrap(call) = call else { panic!("{call:?}") };
    assert_eq!(call.host_error().downcast_ref(), Some(&Question(question)));
    call
}

#[test]
fn calls_of_a_known_type_go_on_as_well() -> Result<()> {
    for dispatch in [Dispatch::Tail, Dispatch::Match] {
        let (mut store, instance) = instance(Tier::Interpreter(dispatch))?;
        let sum = instance.get_typed_func::<(), i64>(&mut store, "sum")?;
        let first = suspended_typed(sum.call_resumable(&mut store, ())?, 1);
        let second = suspended_typed(first.resume(&mut store, &[Val::I64(30)])?, 2);
        // An answer of another type ends nothing but this call.
        let ask = instance.get_typed_func::<i32, i64>(&mut store, "ask")?;
        let asked = suspended_typed(ask.call_resumable(&mut store, 7)?, 7);
        assert!(asked.resume(&mut store, &[Val::I32(1)]).is_err());
        let done = second.resume(&mut store, &[Val::I64(12)])?;
        assert!(matches!(done, TypedResumableCall::Finished(42)), "{done:?}");
        let given_up = suspended_typed(ask.call_resumable(&mut store, 5)?, 5).into_host_error();
        assert_eq!(given_up.downcast_ref(), Some(&Question(5)));
        // A trap behind the answer is the error.
        let trap = instance.get_typed_func::<(), ()>(&mut store, "trap")?;
        let asked = suspended_typed(trap.call_resumable(&mut store, ())?, 3);
        let error = asked.resume(&mut store, &[Val::I64(0)]).expect_err("it traps");
        assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
        // A host function has nothing to suspend.
        let host = Func::wrap(&mut store, |n: i32| n + 1).typed::<i32, i32>(&store)?;
        let done = host.call_resumable(&mut store, 1)?;
        assert!(matches!(done, TypedResumableCall::Finished(2)), "{done:?}");
    }
    Ok(())
}
