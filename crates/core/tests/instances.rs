//! Instances made in bulk: [`InstancePre`], in every tier, with memory images and without.
//!
//! A green run does not show that a memory was mapped rather than written, and how long that takes
//! (`examples/instances.rs`).

use crate::common;
use crate::common::{module, trap_of};
use prova_core::*;

/// Engines of each tier, with and without images.
fn each_way(configure: impl Fn(&mut Config), test: impl Fn(&Engine) -> Result<()>) {
    for images in [false, true] {
        let configure = |config: &mut Config| {
            configure(config);
            if images {
                config.memory_images_from(0)
            } else {
                config.memory_images(false)
            };
        };
        common::each_tier(configure, &test);
    }
}

/// A program that reads its data, dirties its memory and grows it.
const PROGRAM: &str = r#"(module
    (memory (export "memory") 2 4) (data (i32.const 65530) "0123456789ab")
    (table 2 funcref) (elem (i32.const 0) $sum) (global $calls (mut i32) (i32.const 0))
    (func $sum (export "sum") (result i32) (local $at i32) (local $sum i32)
      (local.set $at (i32.const 65500))
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1)))
                               (i32.const 65600))))
      (i32.add (local.get $sum) (global.get $calls)))
    (func (export "dirty") (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (table.fill (i32.const 0) (ref.null func) (i32.const 2))
      (drop (memory.grow (i32.const 1)))
      (memory.fill (i32.const 0) (i32.const 255) (i32.mul (memory.size) (i32.const 65536)))
      (memory.size))
    (func (export "indirect") (result i32) (call_indirect (result i32) (i32.const 0))))"#;

/// The sum of the data segment's bytes.
const SUM: u32 = 45 + 10 * 48 + 97 + 98;

#[test]
fn a_fresh_instance_is_fresh_whatever_those_before_it_did() {
    each_way(
        |config| {
            config.consume_fuel(true);
        },
        |engine| {
            let pre = Linker::new(engine).instantiate_pre(&module(engine, PROGRAM)?)?;
            let mut spent = Vec::new();
            for _ in 0..4 {
                let mut store = Store::new(engine, ());
                store.set_fuel(u64::MAX)?;
                let instances = [pre.instantiate(&mut store)?, pre.instantiate(&mut store)?];
                assert_eq!(store.get_fuel()?, u64::MAX, "segments cost no fuel");
                for instance in instances {
                    let memory = instance.get_memory(&mut store, "memory").expect("an export");
                    let written = memory.data(&store).iter().filter(|&&byte| byte != 0);
                    assert_eq!((memory.data_size(&store), written.count()), (2 << 16, 12));
                    let call = |store: &mut Store<()>, name: &str| {
                        instance.get_typed_func::<(), u32>(&mut *store, name)?.call(store, ())
                    };
                    assert_eq!(call(&mut store, "sum")?, SUM);
                    assert_eq!(call(&mut store, "indirect")?, SUM);
                    assert_eq!(call(&mut store, "dirty")?, 3);
                    assert_eq!(call(&mut store, "sum")?, 100 * 255 + 1);
                    let error = call(&mut store, "indirect").unwrap_err();
                    assert_eq!(trap_of(&error), Some(Trap::IndirectCallToNull));
                }
                spent.push(u64::MAX - store.get_fuel()?);
            }
            assert!(spent.iter().all(|&fuel| fuel == spent[0]), "{spent:?}");
            Ok(())
        },
    );
}

#[test]
fn a_memory_that_the_embedder_brings_is_filled_as_it_is() {
    each_way(
        |_| {},
        |engine| {
            let mut linker: Linker<u32> = Linker::new(engine);
            linker.define_open("env", "memory")?;
            linker.func_wrap("env", "id", |caller: Caller<'_, u32>| *caller.data())?;
            let text = r#"(module (import "env" "id" (func $id (result i32)))
                (import "env" "memory" (memory 1)) (data (i32.const 2) "abc") (data (i32.const 4) "d")
                (func (export "id") (result i32) call $id))"#;
            let pre = linker.instantiate_pre(&module(engine, text)?)?;
            assert_eq!(pre.open_types().count(), 1);
            for (id, pages) in [(7, 1), (8, 3), (9, 1)] {
                let mut store = Store::new(engine, id);
                let memory = Memory::new(&mut store, MemoryType::new(pages, None))?;
                let instance = pre.instantiate_with(&mut store, &[memory.into()])?;
                let func = instance.get_typed_func::<(), u32>(&mut store, "id")?;
                assert_eq!(func.call(&mut store, ())?, id);
                assert_eq!(&memory.data(&store)[..6], b"\0\0abd\0");
                // A second instance writes into what there is.
                memory.write(&mut store, 1, b"XXXXX")?;
                pre.instantiate_with(&mut store, &[memory.into()])?;
                assert_eq!(&memory.data(&store)[..6], b"\0Xabd\x58");
            }
            Ok(())
        },
    );
}

#[test]
fn what_is_brought_must_be_what_was_left_open() -> Result<()> {
    let engine = Engine::default();
    let mut linker: Linker<()> = Linker::new(&engine);
    let text = r#"(module (import "env" "memory" (memory 2)))"#;
    let module = module(&engine, text)?;
    assert!(linker.instantiate_pre(&module).is_err(), "it is not defined");
    linker.define_open("env", "memory")?;
    assert!(linker.define_open("env", "memory").is_err());
    let pre = linker.instantiate_pre(&module)?;
    let mut store = Store::new(&engine, ());
    assert!(linker.get(&mut store, "env", "memory").is_err());
    for error in [linker.instantiate(&mut store, &module), pre.instantiate(&mut store)] {
        let error = error.unwrap_err();
        assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Link), "{error:?}");
        assert!(error.to_string().contains("`env::memory` has not been defined"), "{error}");
    }
    let mut memory = |pages| Memory::new(&mut store, MemoryType::new(pages, None));
    let (small, right) = (memory(1)?, memory(2)?);
    assert!(pre.instantiate_with(&mut store, &[small.into()]).is_err());
    assert!(pre.instantiate_with(&mut store, &[right.into(), right.into()]).is_err());
    pre.instantiate_with(&mut store, &[right.into()])?;
    Ok(())
}

#[test]
fn segments_outside_trap_as_ever() {
    each_way(
        |_| {},
        |engine| {
            let text = r#"(module (memory (export "memory") 1)
                (data (i32.const 0) "abc") (data (i32.const 65535) "de"))"#;
            let pre = Linker::new(engine).instantiate_pre(&module(engine, text)?)?;
            for _ in 0..3 {
                let error = pre.instantiate(&mut Store::new(engine, ())).unwrap_err();
                assert_eq!(trap_of(&error), Some(Trap::MemoryOutOfBounds));
            }
            Ok(())
        },
    );
}

#[test]
fn atomics_and_vectors_run_on_mapped_memory() {
    each_way(
        |_| {},
        |engine| {
            let text = r#"(module (memory 1) (data (i32.const 8) "\01\00\00\00\02")
                (func (export "f") (result i32)
                  (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 5)))
                  (i32.add (i32.atomic.load (i32.const 8))
                           (i32x4.extract_lane 1 (v128.load (i32.const 8))))))"#;
            let pre = Linker::new(engine).instantiate_pre(&module(engine, text)?)?;
            for _ in 0..3 {
                let mut store = Store::new(engine, ());
                let instance = pre.instantiate(&mut store)?;
                let f = instance.get_typed_func::<(), u32>(&mut store, "f")?;
                assert_eq!(f.call(&mut store, ())?, 8);
            }
            Ok(())
        },
    );
}

#[test]
fn threads_make_instances_at_the_same_time() -> Result<()> {
    let mut config = Config::new();
    config.memory_images_from(0);
    let engine = Engine::new(&config)?;
    let pre = Linker::new(&engine).instantiate_pre(&module(&engine, PROGRAM)?)?;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let mut store = Store::new(&engine, ());
                    let instance = pre.instantiate(&mut store).unwrap();
                    let sum = instance.get_typed_func::<(), u32>(&mut store, "sum").unwrap();
                    assert_eq!(sum.call(&mut store, ()).unwrap(), SUM);
                    let memory = instance.get_memory(&mut store, "memory").unwrap();
                    memory.data_mut(&mut store).fill(0xaa);
                }
            });
        }
    });
    Ok(())
}
