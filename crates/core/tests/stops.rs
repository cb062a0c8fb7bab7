//! The causes that stop a program, in every tier: traps with their backtraces, fuel, epochs,
//! limits; each next to a program that does not stop.
//!
//! A green run does not show that two tiers stop at the same operator of every program (the
//! campaigns of `testing`).

use crate::common::{each_tier, module, trap_of};
use prova_core::*;
use std::cell::RefCell;

/// A name of the name section comes first, then the name of the first export; a function without
/// either has its number.
#[test]
fn frames_are_named_by_exports_where_there_is_no_name() {
    each_tier(
        |_| {},
        |engine| {
            let module = module(
                engine,
                r#"(module (func unreachable)
            (func (export "first") (export "second") call 0)
            (func $named (export "third") call 1))"#,
            )?;
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module, &[])?;
            let third = instance.get_typed_func::<(), ()>(&mut store, "third")?;
            let error = third.call(&mut store, ()).expect_err("unreachable is reached");
            let backtrace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
            let names: Vec<_> = backtrace.frames().iter().map(FrameInfo::func_name).collect();
            assert_eq!(names, [None, Some("first"), Some("named")]);
            let text = backtrace.to_string();
            assert!(text.contains("!<wasm function 0>\n") && text.contains("!first\n"), "{text}");
            Ok(())
        },
    );
}

#[test]
fn traps_have_kind_backtrace_and_fault() {
    each_tier(
        |_| {},
        |engine| {
            let module = module(
                engine,
                r#"(module $m (memory 1)
            (func $inner (param i32) (result i32) local.get 0 i32.load offset=4)
            (func $outer (export "load") (param i32) (result i32) local.get 0 call $inner))"#,
            )?;
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module, &[])?;
            let load = instance.get_typed_func::<u32, i32>(&mut store, "load")?;
            assert_eq!(load.call(&mut store, 65528)?, 0);
            let error = load.call(&mut store, 65529).expect_err("beyond the end");
            assert_eq!(trap_of(&error), Some(Trap::MemoryOutOfBounds));
            let fault = error.downcast_ref::<MemoryFault>().expect("a fault");
            assert_eq!((fault.address(), fault.memory_size_bytes()), (65533, 65536));
            let backtrace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
            let names: Vec<_> = backtrace.frames().iter().map(FrameInfo::func_name).collect();
            assert_eq!(names, [Some("inner"), Some("outer")]);
            let offsets: Vec<_> = backtrace.frames().iter().map(FrameInfo::module_offset).collect();
            assert!(offsets.iter().all(Option::is_some), "{offsets:?}");
            let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
            assert!(
                chain[0].starts_with("error while executing at wasm backtrace:\n    0: "),
                "{chain:?}"
            );
            assert!(chain[0].contains(" - m!inner\n    1: "), "{chain:?}");
            assert_eq!(
                chain[1],
                "memory fault at wasm address 0xfffd in linear memory of size 0x10000"
            );
            assert_eq!(chain[2], "wasm trap: out of bounds memory access");
            Ok(())
        },
    );
}

#[test]
fn every_trap_of_the_specification() {
    let cases = [
        ("unreachable", Trap::UnreachableCodeReached),
        ("i32.const 1 i32.const 0 i32.div_s drop", Trap::IntegerDivisionByZero),
        ("i32.const 0x80000000 i32.const -1 i32.div_s drop", Trap::IntegerOverflow),
        ("f32.const nan i32.trunc_f32_s drop", Trap::BadConversionToInteger),
        ("i32.const -1 i32.load drop", Trap::MemoryOutOfBounds),
        ("i32.const 1 i32.atomic.load drop", Trap::HeapMisaligned),
        ("i32.const 9 table.get 0 drop", Trap::TableOutOfBounds),
        ("i32.const 9 call_indirect", Trap::TableOutOfBounds),
        ("i32.const 0 call_indirect", Trap::IndirectCallToNull),
        ("i32.const 1 call_indirect (result i32) drop", Trap::BadSignature),
        ("call $f", Trap::StackOverflow),
        (
            "i32.const 0 i32.const 0 i64.const 0 memory.atomic.wait32 drop",
            Trap::AtomicWaitNonSharedMemory,
        ),
    ];
    each_tier(
        |_| {},
        |engine| {
            for (body, trap) in cases {
                let module = module(
                    engine,
                    &format!(
                        r#"(module (memory 1) (table 2 funcref) (elem (i32.const 1) $g)
                     (func $g) (func $f (export "f") {body}))"#
                    ),
                )?;
                let mut store = Store::new(engine, ());
                let f = Instance::new(&mut store, &module, &[])?.get_func(&store, "f").expect("f");
                let error = f.call(&mut store, &[], &mut []).expect_err(body);
                assert_eq!(trap_of(&error), Some(trap), "{body}: {error:?}");
                let backtrace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
                assert_eq!(backtrace.frames()[0].func_name(), Some("f"), "{body}");
            }
            Ok(())
        },
    );
}

#[test]
fn fuel_is_exact_and_runs_out() {
    let text = r#"(module (func (export "f") (param i32) (result i32)
        loop local.get 0 i32.const -1 i32.add local.tee 0 br_if 0 end local.get 0))"#;
    let spent = std::cell::Cell::new(None);
    each_tier(
        |config| {
            config.consume_fuel(true);
        },
        |engine| {
            let module = module(engine, text)?;
            let mut store = Store::new(engine, ());
            store.set_fuel(10_000)?;
            let instance = Instance::new(&mut store, &module, &[])?;
            let f = instance.get_typed_func::<i32, i32>(&mut store, "f")?;
            f.call(&mut store, 100)?;
            let used = 10_000 - store.get_fuel()?;
            assert!(used > 0);
            assert_eq!(spent.replace(Some(used)).unwrap_or(used), used, "the same in every tier");
            store.set_fuel(used)?;
            f.call(&mut store, 100)?;
            assert_eq!(store.get_fuel()?, 0);
            store.set_fuel(used - 1)?;
            let error = f.call(&mut store, 100).expect_err("one unit short");
            assert_eq!(trap_of(&error), Some(Trap::OutOfFuel));
            Ok(())
        },
    );
    let mut store = Store::new(&Engine::default(), ());
    assert!(store.set_fuel(1).is_err() && store.get_fuel().is_err(), "fuel is off");
}

#[test]
fn epochs_interrupt() {
    each_tier(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            let module = module(
                engine,
                r#"(module (func (export "f") (param i32)
            loop local.get 0 br_if 0 end))"#,
            )?;
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module, &[])?;
            let f = instance.get_typed_func::<i32, ()>(&mut store, "f")?;
            let error = f.call(&mut store, 0).expect_err("no deadline is set");
            assert_eq!(trap_of(&error), Some(Trap::Interrupt));
            store.set_epoch_deadline(1);
            f.call(&mut store, 0)?;
            let error = std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    engine.increment_epoch();
                });
                f.call(&mut store, 1).expect_err("it is interrupted")
            });
            assert_eq!(trap_of(&error), Some(Trap::Interrupt));
            store.set_epoch_deadline(1);
            f.call(&mut store, 0)
        },
    );
}

/// Bulk operators that take minutes one after the other, without a call or loop in between: name
/// and body.
fn endless_bulk() -> Vec<(&'static str, String)> {
    let (bytes, elements) = ("(i32.const 0x4000000)", "(i32.const 9000000)");
    [
        ("memory.fill", format!("(memory.fill (i32.const 0) (i32.const 1) {bytes})")),
        ("memory.copy", format!("(memory.copy (i32.const 1) (i32.const 0) {bytes})")),
        ("table.fill", format!("(table.fill (i32.const 0) (ref.func $f) {elements})")),
        ("table.copy", format!("(table.copy (i32.const 1) (i32.const 0) {elements})")),
    ]
    .map(|(name, body)| (name, body.repeat(10_000)))
    .into()
}

#[test]
fn epochs_interrupt_bulk_operators() {
    each_tier(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            for (name, body) in endless_bulk() {
                let text = format!(
                    r#"(module (memory 1025) (table 9000001 funcref) (elem declare func $f)
                        (func $f (export "f") {body}))"#
                );
                let module = module(engine, &text)?;
                let mut store = Store::new(engine, ());
                let instance = Instance::new(&mut store, &module, &[])?;
                let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
                store.set_epoch_deadline(1);
                let error = std::thread::scope(|scope| {
                    scope.spawn(|| {
                        std::thread::sleep(std::time::Duration::from_millis(20));
                        engine.increment_epoch();
                    });
                    f.call(&mut store, ()).expect_err("it is interrupted")
                });
                assert_eq!(trap_of(&error), Some(Trap::Interrupt), "{name}");
            }
            Ok(())
        },
    );
}

#[test]
fn the_epoch_is_tested_after_each_host_call() {
    each_tier(
        |config| {
            config.epoch_interruption(true).consume_fuel(true);
        },
        |engine| {
            let module = module(
                engine,
                r#"(module (import "" "tick" (func $tick))
                    (func (export "f") (nop) (call $tick)))"#,
            )?;
            let mut linker = Linker::new(engine);
            linker.func_wrap("", "tick", |caller: Caller<'_, ()>| {
                caller.engine().increment_epoch();
            })?;
            let mut store = Store::new(engine, ());
            store.set_fuel(1_000)?;
            let instance = linker.instantiate(&mut store, &module)?;
            let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
            store.set_epoch_deadline(2);
            f.call(&mut store, ())?;
            store.set_epoch_deadline(1);
            let error = f.call(&mut store, ()).expect_err("the last thing that it does is late");
            assert_eq!(trap_of(&error), Some(Trap::Interrupt));
            let backtrace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
            let start = backtrace.frames()[0].func_offset();
            assert!(start.is_some_and(|offset| offset > 0), "at the call: {start:?}");
            Ok(())
        },
    );
}

#[test]
fn fuel_and_epochs_stop_together_and_the_epoch_comes_first() {
    each_tier(
        |config| {
            config.epoch_interruption(true).consume_fuel(true);
        },
        |engine| {
            let module = module(engine, r#"(module (func (export "f") (loop (br 0))))"#)?;
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module, &[])?;
            let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
            for (ticks, fuel, trap) in [
                (0, 0, Trap::Interrupt),
                (0, 100, Trap::Interrupt),
                (1, 0, Trap::OutOfFuel),
                (1, 100, Trap::OutOfFuel),
            ] {
                store.set_epoch_deadline(ticks);
                store.set_fuel(fuel)?;
                let error = f.call(&mut store, ()).expect_err("it has no end");
                assert_eq!(trap_of(&error), Some(trap), "{ticks} ticks, {fuel} units");
                let left = if trap == Trap::OutOfFuel { 0 } else { fuel };
                assert_eq!(store.get_fuel()?, left, "{ticks} ticks, {fuel} units");
            }
            Ok(())
        },
    );
}

#[test]
fn epochs_interrupt_instantiation() {
    each_tier(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            // More start values than are written between two tests, and a start function.
            for text in [
                "(module (func $f) (table 1000000 funcref (ref.func $f)))",
                "(module (func $f) (start $f))",
            ] {
                let module = module(engine, text)?;
                let mut store = Store::new(engine, ());
                let error = Instance::new(&mut store, &module, &[]).expect_err(text);
                assert_eq!(trap_of(&error), Some(Trap::Interrupt), "{text}");
                store.set_epoch_deadline(1);
                Instance::new(&mut store, &module, &[])?;
            }
            // A module as small as this is instantiated before the first test of the epoch.
            let module = module(engine, r#"(module (memory 1) (data (i32.const 0) "x"))"#)?;
            Instance::new(&mut Store::new(engine, ()), &module, &[])?;
            Ok(())
        },
    );
}

#[test]
fn limits_refuse_and_growth_fails() {
    each_tier(
        |_| {},
        |engine| {
            let text = r#"(module (memory (export "memory") 1) (table (export "table") 2 funcref)
            (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
            (func (export "table") (param i32) (result i32) ref.null func local.get 0 table.grow))"#
                .replace(r#"(func (export "table")"#, r#"(func (export "grow table")"#);
            let module = module(engine, &text)?;
            let limits =
                StoreLimitsBuilder::new().memory_size(2 << 16).table_elements(3).instances(1);
            let mut store = Store::new(engine, limits.clone().build());
            store.limiter(|limits| limits);
            let instance = Instance::new(&mut store, &module, &[])?;
            for name in ["grow", "grow table"] {
                let grow = instance.get_typed_func::<i32, i32>(&mut store, name)?;
                assert_eq!(grow.call(&mut store, 2)?, -1);
                assert_ne!(grow.call(&mut store, 1)?, -1);
                assert_eq!(grow.call(&mut store, 1)?, -1);
            }
            let memory = instance.get_memory(&store, "memory").expect("exported");
            assert_eq!(memory.size(&store), 2);
            assert!(memory.grow(&mut store, 1).is_err());
            let error = Instance::new(&mut store, &module, &[]).expect_err("a second instance");
            assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Link));

            let mut store = Store::new(engine, limits.trap_on_grow_failure(true).build());
            store.limiter(|limits| limits);
            let instance = Instance::new(&mut store, &module, &[])?;
            let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
            let error = grow.call(&mut store, 2).expect_err("it traps");
            assert_eq!(trap_of(&error), Some(Trap::GrowthLimit));
            Ok(())
        },
    );
}

#[test]
fn start_functions_and_segments_trap_at_instantiation() {
    each_tier(
        |_| {},
        |engine| {
            let mut store = Store::new(engine, ());
            let start = module(engine, "(module (func $s unreachable) (start $s))")?;
            let error = Instance::new(&mut store, &start, &[]).expect_err("it traps");
            assert_eq!(trap_of(&error), Some(Trap::UnreachableCodeReached));
            let segment = module(engine, r#"(module (memory 1) (data (i32.const 65536) "x"))"#)?;
            let error = Instance::new(&mut store, &segment, &[]).expect_err("it traps");
            assert_eq!(trap_of(&error), Some(Trap::MemoryOutOfBounds));
            let segment = module(engine, r#"(module (memory 1) (data (i32.const 65535) "x"))"#)?;
            assert!(Instance::new(&mut store, &segment, &[]).is_ok());
            Ok(())
        },
    );
}

/// Control that leads to segments by every sort of branch, call and return.
const WAYS: &str = r#"(module
  (type $t (func (param i32) (result i32)))
  (memory 1)
  (table 2 funcref)
  (elem (i32.const 0) $leaf $pair)
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
  (func $pair (param i32) (result i32)
    (if (result i32) (i32.and (local.get 0) (i32.const 1))
      (then (call $leaf (i32.shl (local.get 0) (i32.const 1))))
      (else (return_call $leaf (local.get 0)))))
  (func $tail (param i32) (result i32)
    (return_call_indirect (type $t) (local.get 0) (i32.and (local.get 0) (i32.const 1))))
  (func $switch (param i32) (result i32)
    (block (block (block (br_table 0 1 2 (i32.rem_u (local.get 0) (i32.const 4))))
      (i32.store (i32.const 0) (local.get 0)) (return (i32.load (i32.const 0))))
      (return (call_indirect (type $t) (local.get 0) (i32.const 1))))
    (i32.sub (local.get 0) (i32.const 1)))
  (func (export "run") (param $n i32) (result i32) (local $sum i32) (local $f f64)
    (block $out
      (loop $next
        (br_if $out (i32.eqz (local.get $n)))
        (local.set $sum (i32.xor (call $switch (local.get $sum)) (call $tail (local.get $n))))
        (local.set $f (f64.add (local.get $f) (f64.const 1.5)))
        (if (f64.gt (local.get $f) (f64.const 4)) (then (local.set $f (f64.const 0))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (i32.add (local.get $sum) (i32.trunc_f64_s (local.get $f)))))"#;

/// Where fuel ends, the fuel that is left and the frames, for every amount that is too little.
#[test]
fn fuel_ends_at_the_same_place_whatever_there_is() {
    type Ends = Vec<(Result<i32, String>, u64)>;
    let all: RefCell<Vec<Ends>> = RefCell::default();
    each_tier(
        |config| {
            config.consume_fuel(true);
        },
        |engine| {
            let module = module(engine, WAYS)?;
            let mut found = Vec::new();
            for fuel in 0..420 {
                let mut store = Store::new(engine, ());
                store.set_fuel(fuel)?;
                let instance = Instance::new(&mut store, &module, &[])?;
                let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
                let ended = run.call(&mut store, 7).map_err(|error| {
                    assert_eq!(trap_of(&error), Some(Trap::OutOfFuel));
                    let backtrace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
                    let frame = |frame: &FrameInfo| (frame.func_index(), frame.module_offset());
                    format!("{:?}", backtrace.frames().iter().map(frame).collect::<Vec<_>>())
                });
                found.push((ended, store.get_fuel()?));
            }
            all.borrow_mut().push(found);
            Ok(())
        },
    );
    let all = all.into_inner();
    let first = all.first().expect("a tier");
    assert!(first.iter().filter(|(ended, _)| ended.is_ok()).count() > 5);
    assert!(first.iter().filter(|(ended, _)| ended.is_err()).count() > 150);
    for other in &all {
        for (fuel, (a, b)) in first.iter().zip(other).enumerate() {
            assert_eq!(a, b, "with {fuel} units");
        }
    }
}
