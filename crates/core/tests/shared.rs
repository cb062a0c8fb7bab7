//! Memories that threads share, by the embedding API: a thread has a store with an instance, and
//! all of them import one memory.

use crate::common::module;
use prova_core::*;
use std::thread;
use std::time::Duration;

const ROUNDS: i32 = 10_000;

const THREAD: &str = r#"(module
  (import "" "m" (memory 1 4 shared))
  (func (export "add") (param i32)
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (local.get 0))))
  (func (export "wait") (param i64) (result i32)
    (memory.atomic.wait32 (i32.const 8) (i32.const 0) (local.get 0)))
  (func (export "notify") (result i32)
    (memory.atomic.notify (i32.const 8) (i32.const 1)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "size") (result i32) (memory.size)))"#;

fn engine() -> Engine {
    Engine::new(Config::new().shared_memory(true)).unwrap()
}

fn instance(engine: &Engine, memory: &SharedMemory) -> (Store<()>, Instance) {
    let module = module(engine, THREAD).unwrap();
    let mut store = Store::new(engine, ());
    let mut linker = Linker::new(engine);
    linker.define(&store, "", "m", memory.clone()).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

fn call(of: &mut (Store<()>, Instance), name: &str) -> i32 {
    let func = of.1.get_typed_func::<(), i32>(&mut of.0, name).unwrap();
    func.call(&mut of.0, ()).unwrap()
}

#[test]
fn no_addition_of_two_threads_is_lost() {
    let engine = engine();
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 4)).unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut store, instance) = instance(&engine, &memory);
                let add = instance.get_typed_func::<i32, ()>(&mut store, "add").unwrap();
                add.call(&mut store, ROUNDS).unwrap();
            });
        }
    });
    let mut sum = [0; 4];
    memory.read(0, &mut sum).unwrap();
    assert_eq!(i32::from_le_bytes(sum), 2 * ROUNDS);
}

#[test]
fn a_notification_wakes_another_thread() {
    let engine = engine();
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 4)).unwrap();
    let wait = |nanoseconds: i64| {
        let (mut store, instance) = instance(&engine, &memory);
        let wait = instance.get_typed_func::<i64, i32>(&mut store, "wait").unwrap();
        wait.call(&mut store, nanoseconds).unwrap()
    };
    assert_eq!(wait(1_000_000), 2, "nobody notifies");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| wait(60_000_000_000));
        let mut other = instance(&engine, &memory);
        while call(&mut other, "notify") == 0 && !waiting.is_finished() {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(waiting.join().unwrap(), 0);
    });
}

#[test]
fn growth_is_seen_by_another_thread() {
    let engine = engine();
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 4)).unwrap();
    let mut here = instance(&engine, &memory);
    assert_eq!(call(&mut here, "size"), 1);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(call(&mut instance(&engine, &memory), "grow"), 1));
    });
    assert_eq!((call(&mut here, "size"), memory.size()), (2, 2));
}

#[test]
fn an_unshared_memory_is_no_shared_one() {
    let engine = engine();
    let module = module(&engine, THREAD).unwrap();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(4))).unwrap();
    let mut linker = Linker::new(&engine);
    linker.define(&store, "", "m", memory).unwrap();
    assert!(linker.instantiate(&mut store, &module).is_err());
}

#[test]
fn a_core_dump_has_the_bytes() -> Result<()> {
    let engine = Engine::new(Config::new().shared_memory(true).coredump_on_trap(true))?;
    let text = r#"(module (memory 1 4 shared) (data (i32.const 70) "in all threads")
        (func (export "f") (drop (memory.grow (i32.const 1))) unreachable))"#;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    let func = instance.get_typed_func::<(), ()>(&mut store, "f")?;
    let error = func.call(&mut store, ()).expect_err("a trap");
    let dump = error.downcast_ref::<WasmCoreDump>().expect("it was asked for");
    let file = dump.serialize(&mut store, "f");
    let has = |wanted: &[u8]| file.windows(wanted.len()).any(|bytes| bytes == wanted);
    assert!(has(b"in all threads"));
    assert!(has(&[5, 4, 1, 3, 2, 4]), "a section with one shared memory of 2 to 4 pages");
    Ok(())
}
