//! WASI's calls under fuel, epochs, deadlines and limits, alike in every tier.
//!
//! A green run does not show what the calls do (`crates/wasi/tests`). No test looks at a clock: the
//! calls themselves move the epoch, and deadlines lie in the past.

use crate::common::{each_tier, module, trap_of};
use prova_core::wasi::{self, Clocks, Randomness, WasiCtx, WasiCtxBuilder, WasiLimits};
use prova_core::*;
use std::cell::Cell;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const PIECE: u64 = 256 << 10;

/// Each export makes one call over 4 MiB, or waits for ever.
const GUEST: &str = r#"(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory (export "memory") 128)
  (data (i32.const 0) "\00\00\10\00\00\00\40\00")
  ;; A subscription to the monotonic clock's last moment.
  (data (i32.const 64) "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\ff\ff\ff\ff\ff\ff\ff\ff")
  (func (export "random") (result i32) (call $random (i32.const 0x100000) (i32.const 0x400000)))
  (func (export "read") (result i32)
    (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
  (func (export "write") (result i32)
    (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
  (func (export "poll") (result i32)
    (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 16)))
  (func (export "yield") (result i32) (call $yield)))"#;

/// A sink that moves the engine's epoch when it is written to, and counts.
#[derive(Clone)]
struct Mover {
    engine: Engine,
    moved: Arc<AtomicU64>,
}

impl Mover {
    fn new(engine: &Engine) -> Mover {
        Mover { engine: engine.clone(), moved: Arc::default() }
    }

    fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }
}

impl Write for Mover {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.moved.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.engine.increment_epoch();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Read for Mover {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.moved.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.engine.increment_epoch();
        Ok(bytes.len())
    }
}

/// A store and an instance of the guest with streams that move the epoch.
fn guest(engine: &Engine, limits: WasiLimits) -> Result<(Store<WasiCtx>, Instance, Mover)> {
    let mover = Mover::new(engine);
    let ctx = WasiCtxBuilder::new()
        .stdin(Box::new(mover.clone()))
        .stdout(Box::new(mover.clone()))
        .randomness(Randomness::Seeded(1))
        .clocks(Clocks::Host)
        .limits(limits)
        .build();
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx)?;
    let mut store = Store::new(engine, ctx);
    store.set_epoch_deadline(1);
    if engine_has_fuel(&store) {
        store.set_fuel(u64::MAX)?;
    }
    let instance = linker.instantiate(&mut store, &module(engine, GUEST)?)?;
    Ok((store, instance, mover))
}

fn engine_has_fuel(store: &Store<WasiCtx>) -> bool {
    store.get_fuel().is_ok()
}

fn call(store: &mut Store<WasiCtx>, instance: Instance, name: &str) -> Result<i32> {
    instance.get_typed_func::<(), i32>(&mut *store, name)?.call(store, ())
}

#[test]
fn a_deadline_that_has_passed_stops_every_call() {
    each_tier(
        |_| {},
        |engine| {
            let (mut store, instance, mover) = guest(engine, WasiLimits::default())?;
            store.set_wall_deadline(Some(Instant::now()));
            for name in ["random", "read", "write", "poll", "yield"] {
                let error = call(&mut store, instance, name).expect_err(name);
                assert_eq!(trap_of(&error), Some(Trap::Interrupt), "{name}");
            }
            assert_eq!(mover.moved(), 0);
            let memory = instance.get_memory(&store, "memory").expect("exported");
            assert!(memory.data(&store)[0x100000..].iter().all(|byte| *byte == 0));
            // Without a deadline, and with one that is far, they end by themselves.
            for deadline in [None, Some(Instant::now() + Duration::from_secs(3600))] {
                store.set_wall_deadline(deadline);
                for name in ["random", "read", "write", "yield"] {
                    assert_eq!(call(&mut store, instance, name)?, 0, "{name}");
                }
            }
            Ok(())
        },
    );
}

#[test]
fn an_epoch_that_moves_during_a_call_stops_it_after_its_piece() {
    for fuel in [false, true] {
        each_tier(
            |config| {
                config.epoch_interruption(true).consume_fuel(fuel);
            },
            |engine| {
                let (mut store, instance, mover) = guest(engine, WasiLimits::default())?;
                let error = call(&mut store, instance, "write").expect_err("16 pieces");
                assert_eq!(trap_of(&error), Some(Trap::Interrupt));
                assert_eq!(mover.moved(), PIECE, "one piece was written");
                // An epoch that is far enough stops nothing.
                store.set_epoch_deadline(1000);
                assert_eq!(call(&mut store, instance, "write")?, 0);
                assert_eq!(mover.moved(), 17 * PIECE);
                Ok(())
            },
        );
    }
}

#[test]
fn an_epoch_that_moves_during_a_wait_ends_it() {
    each_tier(
        |config| {
            config.epoch_interruption(true);
        },
        |engine| {
            let (mut store, instance, _) = guest(engine, WasiLimits::default())?;
            // Nothing else ends this wait, whenever the epoch moves.
            let error = std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(Duration::from_millis(20));
                    engine.increment_epoch();
                });
                call(&mut store, instance, "poll").expect_err("it waits for ever")
            });
            assert_eq!(trap_of(&error), Some(Trap::Interrupt));
            Ok(())
        },
    );
}

#[test]
fn calls_cost_the_same_fuel_in_every_tier() {
    for (name, least) in [
        ("random", 16 + 16 * PIECE),
        ("read", 16 + 32 + PIECE),
        ("write", 16 + 32 + 16 * PIECE),
        ("yield", 16),
    ] {
        let spent = Cell::new(None);
        each_tier(
            |config| {
                config.consume_fuel(true);
            },
            |engine| {
                let (mut store, instance, mover) = guest(engine, WasiLimits::default())?;
                let run = |store: &mut Store<WasiCtx>, fuel| {
                    store.set_fuel(fuel)?;
                    let result = call(store, instance, name);
                    Ok::<_, Error>((result, fuel - store.get_fuel()?))
                };
                let (result, used) = run(&mut store, u64::MAX)?;
                assert_eq!(result?, 0, "{name}");
                assert!(used >= least, "{name}: {used}");
                assert_eq!(spent.replace(Some(used)).unwrap_or(used), used, "{name}");
                let (result, rest) = run(&mut store, used)?;
                assert_eq!((result?, rest), (0, used), "{name}");
                // One unit less than the call itself needs, and nothing is written.
                let moved = mover.moved();
                let (result, _) = run(&mut store, least - 1)?;
                let error = result.expect_err(name);
                assert_eq!(trap_of(&error), Some(Trap::OutOfFuel), "{name}");
                assert!(name == "read" || mover.moved() == moved, "{name}");
                Ok(())
            },
        );
    }
}

#[test]
fn limits_of_the_context_hold() {
    each_tier(
        |_| {},
        |engine| {
            let limits = WasiLimits { max_random_size: 0x400000, ..WasiLimits::default() };
            let (mut store, instance, _) = guest(engine, limits)?;
            assert_eq!(call(&mut store, instance, "random")?, 0);
            let limits = WasiLimits { max_random_size: 0x3fffff, ..WasiLimits::default() };
            let (mut store, instance, _) = guest(engine, limits)?;
            let error = call(&mut store, instance, "random").expect_err("one byte too many");
            assert_eq!(trap_of(&error), Some(Trap::Aborted));
            assert!(format!("{error:?}").contains("max-random-size"), "{error:?}");
            let limits = WasiLimits { hostcall_fuel: 8 + 100, ..WasiLimits::default() };
            let (mut store, instance, mover) = guest(engine, limits)?;
            assert_eq!(call(&mut store, instance, "write")?, 0);
            assert_eq!(mover.moved(), 100);
            Ok(())
        },
    );
}
