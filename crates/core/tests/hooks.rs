//! Questions to the embedder while code runs, in every tier.
//!
//! A green run does not show that machine code asks too: `crates/prova/tests/hooks.rs`.

use crate::common::{each_tier, module, trap_of};
use prova_core::*;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Grants growth up to `max`, and keeps what it was asked.
#[derive(Default)]
struct Quota {
    max: usize,
    asked: Vec<(usize, usize, Option<usize>)>,
}

impl ResourceLimiter for Quota {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        self.asked.push((current, desired, maximum));
        ensure!(desired < 1 << 24, "no program needs so much");
        Ok(desired <= self.max)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        self.asked.push((current, desired, maximum));
        ensure!(desired < 1000, "no program needs so much");
        Ok(desired <= 10)
    }

    fn memories(&self) -> usize {
        2
    }
}

const PAGE: usize = 1 << 16;

const GROWS: &str = r#"(module
    (memory 1 500) (table 2 funcref)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#;

#[test]
fn a_limiter_grants_refuses_and_stops() {
    each_tier(
        |_| {},
        |engine| {
            let module = module(engine, GROWS)?;
            let mut store = Store::new(engine, Quota { max: 3 * PAGE, ..Quota::default() });
            store.limiter(|quota| quota);
            let instance = Instance::new(&mut store, &module, &[])?;
            let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
            let table = instance.get_typed_func::<i32, i32>(&mut store, "table")?;
            assert_eq!(grow.call(&mut store, 2)?, 1);
            assert_eq!(grow.call(&mut store, 1)?, -1);
            // Beyond the type's maximum: nobody is asked.
            assert_eq!(grow.call(&mut store, 500)?, -1);
            let error = grow.call(&mut store, 400).expect_err("it stops the program");
            assert_eq!(error.root_cause().to_string(), "no program needs so much");
            assert!(error.is::<WasmBacktrace>() && !error.is::<Bug>());
            assert_eq!(table.call(&mut store, 8)?, 2);
            assert_eq!(table.call(&mut store, 1)?, -1);
            assert!(table.call(&mut store, 2000).is_err());
            let max = Some(500 * PAGE);
            let memory = |from: usize, to: usize| (from * PAGE, to * PAGE, max);
            let asked = [memory(0, 1), (0, 2, None), memory(1, 3), memory(3, 4), memory(3, 403)];
            assert_eq!(store.data().asked[..5], asked);
            assert_eq!(store.data().asked[5..], [(2, 10, None), (10, 11, None), (10, 2010, None)]);
            Ok(())
        },
    );
}

#[test]
fn a_limiter_decides_about_the_host_too() {
    each_tier(
        |_| {},
        |engine| {
            let mut store = Store::new(engine, Quota { max: 2 * PAGE, ..Quota::default() });
            store.limiter(|quota| quota);
            let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
            assert_eq!(memory.grow(&mut store, 1)?, 1);
            assert!(memory.grow(&mut store, 1).is_err());
            let stopped = memory.grow(&mut store, 1000).expect_err("it stops");
            assert_eq!(stopped.to_string(), "no program needs so much");
            assert!(Memory::new(&mut store, MemoryType::new(3, None)).is_err());
            let stopped = Memory::new(&mut store, MemoryType::new(1000, None));
            assert_eq!(stopped.expect_err("it stops").to_string(), "no program needs so much");
            let ty = |min| TableType::new(RefType::FUNCREF, min, None);
            let table = Table::new(&mut store, ty(10), Ref::Func(None))?;
            assert!(table.grow(&mut store, 1, Ref::Func(None)).is_err());
            assert!(Table::new(&mut store, ty(11), Ref::Func(None)).is_err());
            // The numbers are asked once, when the limiter is set.
            Memory::new(&mut store, MemoryType::new(0, None))?;
            let third =
                Memory::new(&mut store, MemoryType::new(0, None)).expect_err("two are there");
            assert!(third.to_string().contains("memories_max"), "{third}");
            let refused = Instance::new(&mut store, &module(engine, GROWS)?, &[]);
            assert_eq!(ErrorKind::of(&refused.expect_err("no memory")), Some(ErrorKind::Link));
            Ok(())
        },
    );
}

/// Grants all, keeps what failed, and ends the program at the third failure.
#[derive(Default)]
struct Failures(Vec<String>);

impl Failures {
    fn failed(&mut self, what: &str, error: &Error) -> Result<()> {
        self.0.push(format!("{what}: {error}"));
        ensure!(!self.0.len().is_multiple_of(3), "the third failure");
        Ok(())
    }
}

impl ResourceLimiter for Failures {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired != 5 * PAGE)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired != 5)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed("memory", &error)
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed("table", &error)
    }
}

#[test]
fn a_limiter_learns_of_growth_that_fails() {
    each_tier(
        |_| {},
        |engine| {
            let text = GROWS.replace("(table 2 funcref)", "(table 2 9 funcref)");
            let mut store = Store::new(engine, Failures::default());
            store.limiter(|failures| failures);
            let instance = Instance::new(&mut store, &module(engine, &text)?, &[])?;
            let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
            let table = instance.get_typed_func::<i32, i32>(&mut store, "table")?;
            // What goes well, and what the limiter refuses itself, is no failure.
            assert_eq!((grow.call(&mut store, 0)?, grow.call(&mut store, 4)?), (1, -1));
            assert_eq!((table.call(&mut store, 0)?, table.call(&mut store, 3)?), (2, -1));
            assert_eq!((grow.call(&mut store, 1)?, table.call(&mut store, 1)?), (1, 2));
            assert!(store.data().0.is_empty());
            assert_eq!((grow.call(&mut store, 499)?, table.call(&mut store, 7)?), (-1, -1));
            for func in [&grow, &table] {
                store.data_mut().0.truncate(2);
                let error = func.call(&mut store, -1).expect_err("the program ends");
                assert_eq!(error.root_cause().to_string(), "the third failure");
                assert!(error.is::<WasmBacktrace>());
            }
            let (memory, table) = ("memory: Memory maximum size", "table: Table maximum size");
            let expected = [memory, table, table].map(|text| format!("{text} exceeded"));
            assert_eq!(store.data().0, expected);
            Ok(())
        },
    );
}

#[test]
fn a_limiter_learns_why_growth_fails_that_the_host_asks_for() {
    each_tier(
        |config| {
            config.allocation_strategy(
                PoolingAllocationConfig::new().max_memory_size(3 * PAGE).clone(),
            );
        },
        |engine| {
            let mut store = Store::new(engine, Failures::default());
            store.limiter(|failures| failures);
            let memory = Memory::new(&mut store, MemoryType::new(1, Some(4)))?;
            for delta in [4, 3] {
                let error = memory.grow(&mut store, delta).expect_err("too much");
                assert_eq!(error.to_string(), format!("failed to grow memory by `{delta}`"));
            }
            let table = Table::new(
                &mut store,
                TableType::new(RefType::FUNCREF, 1, Some(2)),
                Ref::Func(None),
            )?;
            let error = table.grow(&mut store, 2, Ref::Func(None)).expect_err("it ends");
            assert_eq!(error.to_string(), "the third failure");
            let expected = [
                "memory: Memory maximum size exceeded",
                "memory: Memory size exceeds a limit of the store",
                "table: Table maximum size exceeded",
            ];
            assert_eq!(store.data().0, expected);
            assert_eq!(
                (memory.grow(&mut store, 2)?, table.grow(&mut store, 1, Ref::Func(None))?),
                (1, 1)
            );
            Ok(())
        },
    );
}

#[test]
fn fixed_limits_answer_a_limiter_that_hands_on() {
    struct HandsOn(StoreLimits);

    impl ResourceLimiter for HandsOn {
        fn memory_growing(&mut self, from: usize, to: usize, max: Option<usize>) -> Result<bool> {
            self.0.memory_growing(from, to, max)
        }

        fn table_growing(&mut self, from: usize, to: usize, max: Option<usize>) -> Result<bool> {
            self.0.table_growing(from, to, max)
        }

        fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
            self.0.memory_grow_failed(error)
        }
    }

    each_tier(
        |_| {},
        |engine| {
            let module = module(engine, GROWS)?;
            for trap in [false, true] {
                let limits = StoreLimitsBuilder::new().memory_size(2 * PAGE).table_elements(2);
                let limits = limits.trap_on_grow_failure(trap).build();
                let mut store = Store::new(engine, HandsOn(limits));
                store.limiter(|limits| limits);
                let instance = Instance::new(&mut store, &module, &[])?;
                let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
                assert_eq!(grow.call(&mut store, 1)?, 1);
                // Beyond the limits, and beyond the type's maximum.
                for delta in [1, 500] {
                    match (trap, grow.call(&mut store, delta)) {
                        (false, Ok(-1)) => {}
                        (true, Err(error)) => assert_eq!(trap_of(&error), Some(Trap::GrowthLimit)),
                        (_, other) => panic!("{other:?}"),
                    }
                }
            }
            Ok(())
        },
    );
}

const WORK: &str = r#"(module
    (import "host" "tick" (func $tick))
    (memory 1)
    (func (export "calls") (param i32) (result i32)
      (loop $again (call $tick) (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.const 5))
    (func $nothing)
    (func (export "entries") (param i32) (result i32)
      (call $tick) (call $nothing) (call $nothing) (local.get 0))
    (func (export "fills") (param i32) (result i32)
      (call $tick) (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (i32.const 6)))"#;

/// A store whose host function moves the epoch on, and whose callback lets it go on so often.
fn ticking(engine: &Engine, grants: u32) -> Result<(Store<u32>, Instance)> {
    let mut linker = Linker::new(engine);
    let ticks = engine.clone();
    linker.func_wrap("host", "tick", move || ticks.increment_epoch())?;
    let mut store = Store::new(engine, grants);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        if *store.data() == 0 {
            return Ok(UpdateDeadline::Interrupt);
        }
        *store.data_mut() -= 1;
        Ok(UpdateDeadline::Continue(1))
    });
    let instance = linker.instantiate(&mut store, &module(engine, WORK)?)?;
    Ok((store, instance))
}

#[test]
fn a_callback_lets_code_go_on_or_ends_it() {
    each_tier(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            for (func, ticks, result) in [("calls", 4, 5), ("entries", 1, 4), ("fills", 1, 6)] {
                for grants in [ticks - 1, ticks, ticks + 1] {
                    let (mut store, instance) = ticking(engine, grants)?;
                    let call = instance.get_typed_func::<i32, i32>(&mut store, func)?;
                    let called = call.call(&mut store, 4);
                    match called {
                        Ok(given) => assert!(given == result && grants >= ticks, "{func} {grants}"),
                        Err(error) => {
                            assert!(grants < ticks, "{func} {grants}: {error:?}");
                            assert_eq!(trap_of(&error), Some(Trap::Interrupt));
                        }
                    }
                    assert_eq!(*store.data(), grants.saturating_sub(ticks), "{func}");
                }
            }
            Ok(())
        },
    );
}

/// An epoch that is due again at once is asked about at each place where it is tested, once.
#[test]
fn a_callback_that_gives_no_time_lets_code_go_on() {
    let seen = RefCell::new(BTreeSet::new());
    each_tier(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            for (func, result) in [("calls", 5), ("entries", 4), ("fills", 6)] {
                let (mut store, instance) = ticking(engine, 0)?;
                let call = instance.get_typed_func::<i32, i32>(&mut store, func)?;
                store.epoch_deadline_callback(|mut store| {
                    *store.data_mut() += 1;
                    Ok(UpdateDeadline::Continue(0))
                });
                store.set_epoch_deadline(0);
                assert_eq!(call.call(&mut store, 4)?, result, "{func}");
                assert!(*store.data() > 1, "{func}");
                seen.borrow_mut().insert((func, *store.data()));
            }
            Ok(())
        },
    );
    assert_eq!(seen.into_inner().len(), 3, "each tier asks as often");
}

#[test]
fn an_error_of_the_callback_ends_code_and_calls_in_it_are_refused() {
    each_tier(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            let (mut store, instance) = ticking(engine, 0)?;
            let calls = instance.get_typed_func::<i32, i32>(&mut store, "calls")?;
            store.epoch_deadline_callback(|_| bail!("not today"));
            let error = calls.call(&mut store, 4).expect_err("the callback fails");
            assert_eq!(error.root_cause().to_string(), "not today");

            store.epoch_deadline_callback(move |mut store| {
                let error = calls.call(&mut store, 1).expect_err("no code runs in a callback");
                assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse));
                Ok(UpdateDeadline::Continue(10))
            });
            assert_eq!(calls.call(&mut store, 4)?, 5);

            store.epoch_deadline_trap();
            store.set_epoch_deadline(1);
            let error = calls.call(&mut store, 4).expect_err("nobody is asked any more");
            assert_eq!(trap_of(&error), Some(Trap::Interrupt));
            Ok(())
        },
    );
}

#[test]
fn a_hook_sees_every_change_and_its_error_ends_the_call() {
    each_tier(
        |_| {},
        |engine| {
            let mut store = Store::new(engine, Vec::<CallHook>::new());
            store.call_hook(|mut store, change| {
                store.data_mut().push(change);
                ensure!(store.data().len() != 9, "enough");
                Ok(())
            });
            let tick = Func::wrap(&mut store, || ());
            let instance = Instance::new(&mut store, &module(engine, WORK)?, &[tick.into()])?;
            assert_eq!(store.data().len(), 0, "no start function runs");
            let calls = instance.get_typed_func::<i32, i32>(&mut store, "calls")?;
            calls.call(&mut store, 2)?;
            use CallHook::{CallingHost, CallingWasm, ReturningFromHost, ReturningFromWasm};
            let host = [CallingHost, ReturningFromHost];
            let all = [&[CallingWasm][..], &host, &host, &[ReturningFromWasm]].concat();
            assert_eq!(*store.data(), all);
            assert!(all[0].exiting_host() && all[1].entering_host());
            let error = calls.call(&mut store, 2).expect_err("the ninth change is refused");
            assert_eq!(error.root_cause().to_string(), "enough");
            assert_eq!(
                store.data()[6..],
                [CallingWasm, CallingHost, ReturningFromHost, ReturningFromWasm]
            );
            Ok(())
        },
    );
}
