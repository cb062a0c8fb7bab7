//! Programs that start threads, by the embedding API: who ends a run, and what is left behind it.
//!
//! Green does not prove that machine code stops (the programs of `crates/cli/tests/threads`), nor
//! that no race is lost: each is tried some hundred times.

use crate::common::module;
use prova_core::wasi::{Captured, I32Exit, WasiCtx, WasiCtxBuilder};
use prova_core::wasi_threads::{WasiThreadsCtx, add_to_linker};
use prova_core::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A program whose threads do by their argument: nothing, trap, exit with 3, spin, wait, call the
/// host, or
/// start threads that do nothing.
const PROGRAM: &str = r#"(module
  (import "env" "memory" (memory 2 16 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "host" "call" (func $host))
  (export "memory" (memory 0))
  (func $nothing)
  (func $trap unreachable)
  (func $leave (call $exit (i32.const 3)))
  (func $spin (loop (br 0)))
  (func $wait (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
  (func $spawns (loop (drop (call $spawn (i32.const 0))) (br 0)))
  ;; A vector that is now one text of 8 bytes, now another, and now none.
  (func $flips
    (loop
      (i32.store (i32.const 1024) (i32.const 65528))
      (i32.store (i32.const 1028) (i32.const 8))
      (i32.store (i32.const 1024) (i32.const 131064))
      (i32.store (i32.const 1028) (i32.const 0))
      (br 0)))
  (table funcref (elem $nothing $trap $leave $spin $wait $host $spawns $flips))
  (type $of_nothing (func))
  (func (export "wasi_thread_start") (param i32) (param $kind i32)
    (call_indirect (type $of_nothing) (local.get $kind)))
  (func (export "spawn") (param i32) (result i32) (call $spawn (local.get 0)))
  (func (export "wait") (call $wait))
  (func (export "spin") (call $spin))
  (func (export "writes") (param i32)
    (memory.fill (i32.const 65528) (i32.const 97) (i32.const 8))
    (memory.fill (i32.const 131064) (i32.const 98) (i32.const 8))
    (i32.store (i32.const 1024) (i32.const 65528))
    (loop
      (drop (call $write (i32.const 1) (i32.const 1024) (i32.const 1) (i32.const 8)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if 0 (local.get 0)))))"#;

const NOTHING: i32 = 0;
const TRAP: i32 = 1;
const EXIT: i32 = 2;
const SPIN: i32 = 3;
const WAIT: i32 = 4;
const HOST: i32 = 5;
const SPAWNS: i32 = 6;
const FLIPS: i32 = 7;

/// The data of a store, which is counted.
struct Host {
    wasi: WasiCtx,
    stores: Arc<AtomicU32>,
    threads: Option<Arc<WasiThreadsCtx<Host>>>,
}

impl Host {
    fn new(wasi: WasiCtx) -> Host {
        Host { wasi, stores: Arc::new(AtomicU32::new(1)), threads: None }
    }
}

impl Clone for Host {
    fn clone(&self) -> Host {
        self.stores.fetch_add(1, Ordering::SeqCst);
        let (wasi, stores) = (self.wasi.clone(), Arc::clone(&self.stores));
        Host { wasi, stores, threads: self.threads.clone() }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stores.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A program with its first store.
struct Program {
    engine: Engine,
    module: Module,
    linker: Linker<Host>,
    store: Store<Host>,
    threads: Arc<WasiThreadsCtx<Host>>,
}

fn config() -> Config {
    let mut config = Config::new();
    config.shared_memory(true).epoch_interruption(true);
    config
}

fn program(config: &Config, wasi: WasiCtx) -> Result<Program> {
    let engine = Engine::new(config)?;
    let module = module(&engine, PROGRAM)?;
    let mut store = Store::new(&engine, Host::new(wasi));
    store.set_epoch_deadline(u64::MAX);
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
    linker.func_wrap("host", "call", || -> () { panic!("a host function panics") })?;
    add_to_linker(&mut linker, &store, &module, |host: &mut Host| {
        host.threads.as_deref().expect("they are set")
    })?;
    let threads = WasiThreadsCtx::new(module.clone(), Arc::new(linker.clone()))?.max_threads(200);
    let threads = Arc::new(threads);
    store.data_mut().threads = Some(Arc::clone(&threads));
    Ok(Program { engine, module, linker, store, threads })
}

impl Program {
    /// A run that starts a thread of each kind, and then calls an export without results.
    fn run(&mut self, kinds: &[i32], then: Option<&str>) -> Result<()> {
        let Program { module, linker, store, threads, .. } = self;
        let outcome = threads.run(store, |store| {
            let instance = linker.instantiate(&mut *store, module)?;
            let spawn = instance.get_typed_func::<i32, i32>(&*store, "spawn")?;
            for &kind in kinds {
                spawn.call(&mut *store, kind)?;
            }
            match then {
                Some(name) => instance.get_typed_func::<(), ()>(&*store, name)?.call(store, ()),
                None => Ok(()),
            }
        });
        assert_eq!(self.threads.live(), 0);
        assert_eq!(self.store.data().stores.load(Ordering::SeqCst), 1, "other stores are gone");
        outcome
    }
}

#[test]
fn the_error_of_who_ended_first_is_given() -> Result<()> {
    let mut program = program(&config(), WasiCtx::default())?;
    for then in ["wait", "spin"] {
        let error = program.run(&[SPIN, WAIT, EXIT], Some(then)).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&I32Exit(3)), "{error:?}");
        let error = program.run(&[WAIT, SPIN, TRAP, TRAP], Some(then)).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached), "{error:?}");
        let trace = error.downcast_ref::<WasmBacktrace>().expect("it has a backtrace");
        assert_eq!(trace.frames()[0].func_name(), Some("trap"));
    }
    // The first thread ends it, too.
    program.run(&[SPIN, WAIT, NOTHING], None)
}

#[test]
fn a_run_leaves_nothing_behind() -> Result<()> {
    let mut program = program(&config(), WasiCtx::default())?;
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let kinds = [&[WAIT; 100][..], &[SPIN, SPAWNS, SPAWNS]].concat();
    for round in 0..20 {
        match round % 2 {
            0 => program.run(&kinds, None)?,
            _ => drop(program.run(&[&kinds[..], &[TRAP, TRAP, EXIT]].concat(), Some("wait"))),
        }
    }
    // Other tests have threads, too.
    let most = 100;
    assert!(threads() < most, "{}", threads());
    Ok(())
}

#[test]
fn a_panic_of_the_host_comes_back_to_who_runs() -> Result<()> {
    let mut program = program(&config(), WasiCtx::default())?;
    let run = AssertUnwindSafe(|| program.run(&[WAIT, HOST], Some("wait")));
    let panic = catch_unwind(run).expect_err("it panics");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"a host function panics"));
    program.run(&[NOTHING], None)
}

#[test]
fn threads_are_those_of_a_run() -> Result<()> {
    let Program { module, linker, mut store, threads, .. } =
        program(&config(), WasiCtx::default())?;
    let instance = linker.instantiate(&mut store, &module)?;
    let spawn = instance.get_typed_func::<i32, i32>(&store, "spawn")?;
    let error = spawn.call(&mut store, NOTHING).unwrap_err();
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse), "{error:?}");
    let inner = threads.run(&mut store, |store| {
        Ok(threads.run(store, |_| Ok(())).map_err(|error| ErrorKind::of(&error)))
    })?;
    assert_eq!(inner, Err(Some(ErrorKind::Misuse)));
    let engine = Engine::new(&config())?;
    let mut other = Store::new(&engine, Host::new(WasiCtx::default()));
    let error = threads.run(&mut other, |_| Ok(())).unwrap_err();
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse));
    threads.run(&mut store, |store| spawn.call(store, NOTHING)).map(|tid| assert!(tid > 0))
}

#[test]
fn what_threads_cannot_have_is_refused() -> Result<()> {
    let mut without = Config::new();
    let error = program(without.shared_memory(true), WasiCtx::default()).err().expect("no epoch");
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse), "{error:?}");
    let Program { engine, module, mut linker, mut store, .. } =
        program(&config(), WasiCtx::default())?;
    let func = Func::wrap(&mut store, || ());
    linker.allow_shadowing(true).define(&store, "host", "call", func)?;
    let error = WasiThreadsCtx::new(module, Arc::new(linker)).unwrap_err();
    assert!(error.to_string().contains("`host::call` belongs to a store"), "{error}");
    // Memories of one thread are no memories of threads.
    let module = crate::common::module(&engine, r#"(module (import "env" "m" (memory 1)))"#)?;
    let mut linker = Linker::new(&engine);
    let error = add_to_linker(&mut linker, &store, &module, |host: &mut Host| {
        host.threads.as_deref().expect("nobody asks")
    });
    assert_eq!(ErrorKind::of(&error.unwrap_err()), Some(ErrorKind::Link));
    Ok(())
}

#[test]
fn no_callback_keeps_a_run_from_ending() -> Result<()> {
    for name in ["wait", "spin"] {
        let mut program = program(&config(), WasiCtx::default())?;
        program.store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(u64::MAX)));
        let error = program.run(&[EXIT], Some(name)).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&I32Exit(3)), "{error:?}");
    }
    Ok(())
}

#[test]
fn other_stores_of_the_engine_go_on() -> Result<()> {
    let mut program = program(&config(), WasiCtx::default())?;
    let text = r#"(module (func (export "f") (result i32) (i32.const 1)))"#;
    let other = crate::common::module(&program.engine, text)?;
    let mut store = Store::new(&program.engine, ());
    store.set_epoch_deadline(1);
    let instance = Instance::new(&mut store, &other, &[])?;
    let f = instance.get_typed_func::<(), i32>(&store, "f")?;
    program.run(&[SPIN, WAIT], None)?;
    assert_eq!(f.call(&mut store, ())?, 1);
    program.engine.increment_epoch();
    assert!(f.call(&mut store, ()).is_err());
    Ok(())
}

#[test]
fn the_epoch_of_the_engine_reaches_all_threads() -> Result<()> {
    let mut program = program(&config(), WasiCtx::default())?;
    program.store.set_epoch_deadline(1);
    let engine = program.engine.clone();
    let start = Instant::now();
    let ticks = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        engine.increment_epoch();
    });
    let error = program.run(&[WAIT], Some("wait")).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt), "{error:?}");
    assert!(start.elapsed() >= Duration::from_millis(50));
    ticks.join().expect("it ticks");
    Ok(())
}

#[test]
fn a_thread_has_the_fuel_that_the_first_one_began_with() -> Result<()> {
    let mut config = config();
    let mut program = program(config.consume_fuel(true), WasiCtx::default())?;
    program.store.set_fuel(20_000)?;
    let error = program.run(&[SPIN], Some("wait")).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel), "{error:?}");
    assert!(program.store.get_fuel()? > 10_000, "the first thread has its fuel");
    Ok(())
}

#[test]
fn stores_of_threads_are_prepared() -> Result<()> {
    let Program { module, linker, mut store, .. } = program(&config(), WasiCtx::default())?;
    let threads = WasiThreadsCtx::new(module.clone(), Arc::new(linker.clone()))?
        .prepare(|_| bail!("it is not prepared"));
    let threads = Arc::new(threads);
    store.data_mut().threads = Some(Arc::clone(&threads));
    let error = threads.run(&mut store, |store| {
        let instance = linker.instantiate(&mut *store, &module)?;
        instance.get_typed_func::<i32, i32>(&*store, "spawn")?.call(store, NOTHING)
    });
    assert_eq!(error.unwrap_err().root_cause().to_string(), "it is not prepared");
    Ok(())
}

#[test]
fn a_vector_that_changes_is_one_that_it_was() -> Result<()> {
    let out = Captured::new(1 << 20);
    let wasi = WasiCtxBuilder::new().stdout(Box::new(out.clone())).build();
    let Program { module, linker, mut store, threads, .. } = program(&config(), wasi)?;
    threads.run(&mut store, |store| {
        let instance = linker.instantiate(&mut *store, &module)?;
        for _ in 0..2 {
            instance.get_typed_func::<i32, i32>(&*store, "spawn")?.call(&mut *store, FLIPS)?;
        }
        instance.get_typed_func::<i32, ()>(&*store, "writes")?.call(store, 20_000)
    })?;
    let content = out.content();
    assert!(content.len().is_multiple_of(8));
    for text in content.chunks(8) {
        assert!(text == b"aaaaaaaa" || text == b"bbbbbbbb", "{text:?}");
    }
    Ok(())
}

/// The thread that asked for it ends the run.
#[test]
fn a_panic_where_a_thread_is_made_is_no_thread() -> Result<()> {
    let Program { module, linker, mut store, .. } = program(&config(), WasiCtx::default())?;
    let threads = WasiThreadsCtx::new(module.clone(), Arc::new(linker.clone()))?
        .prepare(|_| panic!("it is not prepared"));
    let threads = Arc::new(threads);
    store.data_mut().threads = Some(Arc::clone(&threads));
    let run = AssertUnwindSafe(|| {
        threads.run(&mut store, |store| {
            let instance = linker.instantiate(&mut *store, &module)?;
            instance.get_typed_func::<i32, i32>(&*store, "spawn")?.call(store, NOTHING)
        })
    });
    let panic = catch_unwind(run).expect_err("it panics");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"it is not prepared"));
    assert_eq!(threads.live(), 0);
    Ok(())
}
