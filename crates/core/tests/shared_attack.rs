//! Hostile uses of shared memories: what races, waits for ever, traps, is misaligned, beyond the
//! end, of the wrong type or too much. Nothing here may end the process, and what is awaited ends.
//!
//! A green run does not show that no race is one of the host: `shared` of the runtime's tests runs
//! under Miri.

use crate::common::{each_tier, module, trap_of};
use prova_core::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const GUEST: &str = r#"(module
  (import "" "m" (memory 1 16 shared))
  (data $bytes "0123456789abcdef")
  (func (export "wait") (param i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (i32.const 0) (local.get 1)))
  (func (export "wait64") (param i32 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (i64.const 0) (local.get 1)))
  (func (export "notify") (param i32 i64) (result i32)
    (memory.atomic.notify (local.get 0) (i32.wrap_i64 (local.get 1))))
  (func (export "load") (param i32 i64) (result i32) (i32.atomic.load offset=1 (local.get 0)))
  (func (export "plain") (param i32 i64) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i64) (result i32)
    (i64.atomic.store (local.get 0) (local.get 1)) (i32.const 0))
  (func (export "add") (param i32 i64) (result i32)
    (i32.atomic.rmw16.add_u (local.get 0) (i32.wrap_i64 (local.get 1))))
  (func (export "vector") (param i32 i64) (result i32)
    (v128.store (local.get 0) (i64x2.splat (local.get 1))) (i32.const 0))
  (func (export "size") (param i32 i64) (result i32) (memory.size))
  (func (export "grow") (param i32 i64) (result i32) (memory.grow (local.get 0)))
  (func (export "fill") (param i32 i64) (result i32)
    (memory.fill (local.get 0) (i32.const 7) (i32.wrap_i64 (local.get 1))) (i32.const 0))
  (func (export "copy") (param i32 i64) (result i32)
    (memory.copy (local.get 0) (i32.const 8) (i32.wrap_i64 (local.get 1))) (i32.const 0))
  (func (export "init") (param i32 i64) (result i32)
    (memory.init $bytes (local.get 0) (i32.const 0) (i32.wrap_i64 (local.get 1))) (i32.const 0))
  (func (export "unreachable") (param i32 i64) (result i32) unreachable))"#;

/// An instance in a store for itself.
struct Guest(Store<StoreLimits>, Instance);

impl Guest {
    fn new(engine: &Engine, memory: &SharedMemory) -> Result<Guest> {
        Guest::within(engine, memory, StoreLimitsBuilder::new().build())
    }

    fn within(engine: &Engine, memory: &SharedMemory, limits: StoreLimits) -> Result<Guest> {
        let mut store = Store::new(engine, limits);
        store.limiter(|limits| limits);
        let module = module(engine, GUEST)?;
        let mut linker = Linker::new(engine);
        linker.define(&store, "", "m", memory.clone())?;
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Guest(store, instance))
    }

    fn call(&mut self, name: &str, at: u32, value: i64) -> Result<i32> {
        let func = self.1.get_typed_func::<(u32, i64), i32>(&mut self.0, name)?;
        func.call(&mut self.0, (at, value))
    }

    fn trap(&mut self, name: &str, at: u32, value: i64) -> Option<Trap> {
        self.call(name, at, value).err().and_then(|error| trap_of(&error))
    }
}

fn memory(engine: &Engine) -> Result<SharedMemory> {
    SharedMemory::new(engine, MemoryType::shared(1, 16))
}

fn with_shared(config: &mut Config) {
    config.shared_memory(true);
}

#[test]
fn misaligned_accesses_trap_before_those_beyond_the_end() {
    each_tier(with_shared, |engine| {
        let mut guest = Guest::new(engine, &memory(engine)?)?;
        for (name, at, trap) in [
            ("wait", 2, Trap::HeapMisaligned),
            ("wait64", 4, Trap::HeapMisaligned),
            ("notify", 1, Trap::HeapMisaligned),
            ("load", 0, Trap::HeapMisaligned),
            ("store", 4, Trap::HeapMisaligned),
            ("store", 65_540, Trap::HeapMisaligned),
            ("add", 65_535, Trap::HeapMisaligned),
            ("wait", 65_536, Trap::MemoryOutOfBounds),
            ("wait", u32::MAX - 3, Trap::MemoryOutOfBounds),
            ("wait64", 65_536, Trap::MemoryOutOfBounds),
            ("notify", 65_536, Trap::MemoryOutOfBounds),
            ("load", u32::MAX, Trap::MemoryOutOfBounds),
            ("plain", 65_533, Trap::MemoryOutOfBounds),
            ("plain", u32::MAX, Trap::MemoryOutOfBounds),
            ("vector", 65_521, Trap::MemoryOutOfBounds),
            ("add", 65_536, Trap::MemoryOutOfBounds),
        ] {
            assert_eq!(guest.trap(name, at, -1), Some(trap), "{name} at {at}");
        }
        for (name, at, n) in [("fill", 65_530, 7), ("copy", 65_530, 7), ("init", 0, 17)] {
            assert_eq!(guest.trap(name, at, n), Some(Trap::MemoryOutOfBounds), "{name}");
        }
        assert_eq!(guest.call("plain", 65_532, 0)?, 0, "none of them wrote");
        assert_eq!(guest.call("fill", 65_536, 0)?, 0, "nothing at the end");
        Ok(())
    });
}

/// A wait without end, and one of 292 years, end with the epoch; so does one whose thread another
/// one has left by a trap, with its store.
#[test]
fn the_epoch_ends_a_wait() {
    let configure = |config: &mut Config| {
        with_shared(config);
        config.epoch_interruption(true);
    };
    each_tier(configure, |engine| {
        let memory = memory(engine)?;
        thread::scope(|scope| {
            let waiting: Vec<_> = [-1, i64::MIN, i64::MAX]
                .into_iter()
                .map(|time| {
                    let memory = &memory;
                    scope.spawn(move || {
                        let mut guest = Guest::new(engine, memory).expect("an instance");
                        guest.0.set_epoch_deadline(1);
                        guest.trap("wait", 8, time)
                    })
                })
                .collect();
            let mut other = Guest::new(engine, &memory).expect("an instance");
            other.0.set_epoch_deadline(1_000_000);
            assert_eq!(other.trap("unreachable", 0, 0), Some(Trap::UnreachableCodeReached));
            drop(other);
            while !waiting.iter().all(|thread| thread.is_finished()) {
                engine.increment_epoch();
                thread::sleep(Duration::from_millis(1));
            }
            for thread in waiting {
                assert_eq!(thread.join().ok(), Some(Some(Trap::Interrupt)));
            }
        });
        assert_eq!(memory.atomic_notify(8, u32::MAX), Ok(0), "nobody is left in the queue");
        Ok(())
    });
}

/// Two threads fill, copy, initialise and read at and beyond the end while a third one grows the
/// memory: each operation is done whole or traps, and what was grown is there.
#[test]
fn growth_raced_with_bulk_operators_harms_nobody() {
    each_tier(with_shared, |engine| {
        let memory = memory(engine)?;
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut guest = Guest::new(engine, &memory).expect("an instance");
                    let mut trapped = 0;
                    while !done.load(Ordering::Relaxed) {
                        let end = guest.call("size", 0, 0).expect("the size") as u32 * 65_536;
                        for (name, at, n) in [
                            ("fill", end - 9, 9),
                            ("fill", end - 9, 10),
                            ("copy", end - 5000, 5000),
                            ("copy", end, 1),
                            ("init", end - 16, 16),
                            ("init", end - 15, 16),
                            ("plain", end - 3, 0),
                        ] {
                            match guest.call(name, at, n) {
                                Ok(_) => {}
                                Err(error) => {
                                    assert_eq!(trap_of(&error), Some(Trap::MemoryOutOfBounds));
                                    trapped += 1;
                                }
                            }
                        }
                    }
                    trapped
                });
            }
            let mut guest = Guest::new(engine, &memory).expect("an instance");
            for pages in 1..16 {
                assert_eq!(guest.call("grow", 1, 0).ok(), Some(pages));
                assert_eq!(guest.call("store", pages as u32 * 65_536 + 65_528, -1).ok(), Some(0));
                thread::yield_now();
            }
            assert_eq!(guest.call("grow", 1, 0).ok(), Some(-1));
            done.store(true, Ordering::Relaxed);
        });
        assert_eq!(memory.size(), 16);
        Ok(())
    });
}

/// A memory that is not shared is not imported as one that is, nor the other way round, nor one
/// that may become larger than the import says.
#[test]
fn imports_are_matched_by_kind_and_size() {
    let engine = Engine::new(Config::new().shared_memory(true)).expect("an engine");
    let linked = |import: &str, given: &dyn Fn(&mut Store<()>) -> Result<Extern>| -> bool {
        let text = format!("(module (import \"\" \"m\" (memory {import})))");
        let module = module(&engine, &text).expect("a module");
        let mut store = Store::new(&engine, ());
        let given = given(&mut store).expect("a memory");
        Instance::new(&mut store, &module, &[given]).is_ok()
    };
    let shared = |min, max| {
        let memory = SharedMemory::new(&engine, MemoryType::shared(min, max));
        memory.map(Extern::from)
    };
    assert!(linked("1 4 shared", &|_| shared(1, 4)));
    assert!(linked("0 65536 shared", &|_| shared(1, 4)));
    assert!(!linked("1 3 shared", &|_| shared(1, 4)));
    assert!(!linked("2 4 shared", &|_| shared(1, 4)));
    assert!(!linked("1 4", &|_| shared(1, 4)));
    assert!(!linked("1", &|_| shared(1, 4)));
    let plain =
        |store: &mut Store<()>| Memory::new(store, MemoryType::new(1, Some(4))).map(Extern::from);
    assert!(linked("1 4", &|store| plain(store)));
    assert!(!linked("1 4 shared", &|store| plain(store)));
    // What has grown meets a greater least size.
    let memory = SharedMemory::new(&engine, MemoryType::shared(1, 4)).expect("a memory");
    assert_eq!(memory.grow(2).expect("two pages"), 1);
    assert!(linked("3 4 shared", &|_| Ok(memory.clone().into())));
}

/// As many memories of the greatest size as a store may have, and more: an error, and no process
/// that ends.
#[test]
fn many_of_the_greatest_size_are_refused_in_the_end() {
    let engine = Engine::new(Config::new().shared_memory(true)).expect("an engine");
    let memories = "(memory 0 65536 shared)".repeat(100);
    let module = module(&engine, &format!("(module {memories})")).expect("a module");
    let mut store = Store::new(&engine, ());
    let made = (0..1_000).take_while(|_| Instance::new(&mut store, &module, &[]).is_ok()).count();
    assert!((1..1_000).contains(&made), "{made} instances");
}

/// The budget of a store counts what others have grown, and refuses its own growth beyond it.
#[test]
fn a_store_counts_what_others_grow() -> Result<()> {
    let engine = Engine::new(Config::new().shared_memory(true))?;
    let memory = memory(&engine)?;
    let limits = StoreLimitsBuilder::new().store_size(4 * 65_536).build();
    let mut guest = Guest::within(&engine, &memory, limits)?;
    let mut other = Guest::new(&engine, &memory)?;
    assert_eq!(other.call("grow", 1, 0)?, 1);
    assert_eq!(guest.call("grow", 1, 0)?, 2);
    assert_eq!(other.call("grow", 4, 0)?, 3);
    assert_eq!(guest.call("grow", 1, 0)?, -1);
    assert_eq!(guest.call("size", 0, 0)?, 7);
    Ok(())
}

#[test]
fn what_cannot_be_shared_says_so() {
    let plain = Engine::default();
    assert!(SharedMemory::new(&plain, MemoryType::shared(1, 1)).is_err());
    let engine = Engine::new(Config::new().shared_memory(true)).expect("an engine");
    assert!(SharedMemory::new(&engine, MemoryType::new(1, Some(1))).is_err());
    let mut store = Store::new(&engine, ());
    assert!(Memory::new(&mut store, MemoryType::shared(1, 1)).is_err());
    // A deterministic engine has none, even where it is asked for one.
    let mut config = Config::new();
    config.shared_memory(true).deterministic(true);
    if let Ok(engine) = Engine::new(&config) {
        let error = module(&engine, "(module (memory 1 1 shared))").expect_err("no such module");
        assert!(format!("{error:#}").contains("shared memories"), "{error:#}");
    }
}

/// Initial bytes are where they belong, in a memory that the module makes and in one that it gets.
#[test]
fn initial_bytes_are_written() {
    each_tier(with_shared, |engine| {
        let made = module(
            engine,
            r#"(module (memory (export "m") 1 1 shared) (data (i32.const 65533) "abc"))"#,
        )?;
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &made, &[])?;
        assert!(instance.get_memory(&mut store, "m").is_none(), "no slice of it is handed out");
        let memory = instance.get_export(&store, "m").and_then(Extern::into_shared_memory);
        let memory = memory.expect("a shared memory");
        let mut bytes = [0; 4];
        memory.read(65_532, &mut bytes)?;
        assert_eq!(&bytes, b"\0abc");
        let gets = module(
            engine,
            r#"(module (import "" "m" (memory 1 1 shared)) (data (i32.const 1) "xy")
                (data (i32.const 65535) "zz"))"#,
        )?;
        let mut other = Store::new(engine, ());
        assert!(Instance::new(&mut other, &gets, &[memory.clone().into()]).is_err());
        drop((store, other));
        memory.read(0, &mut bytes)?;
        assert_eq!(&bytes, b"\0xy\0", "what came before the fault is there");
        Ok(())
    });
}
