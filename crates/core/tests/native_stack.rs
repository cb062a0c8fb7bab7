//! How much native stack a thread needs that loads and runs modules:
//! [`prova_core::NATIVE_STACK_BYTES_MIN`] is enough for everything here, in every tier.
//!
//! A thread whose stack is too small ends the process (Rust's guard page), so a fault is seen as an
//! abort of this test. A green run does not show that host functions of an embedder need little
//! themselves.

use crate::common::{each_tier, module, trap_of};
use prova_core::wasi::{Captured, WasiCtx, WasiCtxBuilder};
use prova_core::*;

/// Runs something on a thread with as little native stack as is promised to be enough.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(NATIVE_STACK_BYTES_MIN).spawn(run);
    thread.expect("a thread").join().expect("it ends well");
}

/// A body of as many blocks inside each other as may be, in binary: text would be parsed by
/// recursion.
fn deep_module() -> Vec<u8> {
    let blocks = 49_000;
    let mut body = vec![0];
    body.extend([0x02, 0x40].repeat(blocks));
    body.extend([0x0b].repeat(blocks + 1));
    let leb = |mut n: usize| {
        let mut bytes = Vec::new();
        while n >= 0x80 {
            bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        bytes.push(n as u8);
        bytes
    };
    let mut code = vec![1];
    code.extend(leb(body.len()));
    code.extend(body);
    let mut wasm =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a".to_vec();
    wasm.extend(leb(code.len()));
    wasm.extend(code);
    wasm
}

#[test]
fn a_small_native_stack_is_enough_to_load_and_run() {
    on_a_small_stack(|| {
        each_tier(
            |_| {},
            |engine| {
                let deep = Module::new(engine, deep_module())?;
                let mut store = Store::new(engine, ());
                let instance = Instance::new(&mut store, &deep, &[])?;
                instance.get_typed_func::<(), ()>(&store, "f")?.call(&mut store, ())?;
                let text = r#"(module $m (memory 1) (tag $e)
                    (func $r (export "recurse") (call $r))
                    (func $t (throw $e))
                    (func (export "catch") (block $b (try_table (catch $e $b) (call $t)) unreachable))
                    (func (export "trap") (i32.store (i32.const 65536) (i32.const 0))))"#;
                let module = module(engine, text)?;
                let instance = Instance::new(&mut store, &module, &[])?;
                instance.get_typed_func::<(), ()>(&store, "catch")?.call(&mut store, ())?;
                for (name, trap) in
                    [("recurse", Trap::StackOverflow), ("trap", Trap::MemoryOutOfBounds)]
                {
                    let func = instance.get_typed_func::<(), ()>(&store, name)?;
                    let error = func.call(&mut store, ()).expect_err("it traps");
                    assert_eq!(trap_of(&error), Some(trap), "{error:?}");
                    assert!(!format!("{error:?}").is_empty());
                }
                Ok(())
            },
        );
    });
}

/// Host and code call each other until the limit of such calls.
#[test]
fn a_small_native_stack_is_enough_for_calls_of_the_host_inside_each_other() {
    on_a_small_stack(|| {
        each_tier(
            |_| {},
            |engine| {
                let text = r#"(module (import "" "again" (func $again (param i32)))
                    (func (export "f") (param i32) (call $again (local.get 0))))"#;
                let module = module(engine, text)?;
                let mut linker: Linker<u32> = Linker::new(engine);
                linker.func_wrap(
                    "",
                    "again",
                    |mut caller: Caller<'_, u32>, n: i32| -> Result<()> {
                        *caller.data_mut() += 1;
                        let f = caller.get_export("f").and_then(Extern::into_func);
                        f.expect("an export").typed::<i32, ()>(&caller)?.call(&mut caller, n + 1)
                    },
                )?;
                let mut store = Store::new(engine, 0);
                let instance = linker.instantiate(&mut store, &module)?;
                let f = instance.get_typed_func::<i32, ()>(&store, "f")?;
                let error = f.call(&mut store, 0).expect_err("it has no end");
                assert_eq!(trap_of(&error), Some(Trap::StackOverflow), "{error:?}");
                assert_eq!(*store.data(), 100);
                Ok(())
            },
        );
    });
}

#[test]
fn a_small_native_stack_is_enough_for_wasi() {
    on_a_small_stack(|| {
        each_tier(
            |_| {},
            |engine| {
                let text = r#"(module
                    (import "wasi_snapshot_preview1" "fd_write"
                        (func $write (param i32 i32 i32 i32) (result i32)))
                    (memory (export "memory") 1)
                    (data (i32.const 0) "\08\00\00\00\02\00\00\00hi")
                    (func (export "_start")
                        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))"#;
                let module = module(engine, text)?;
                let mut linker: Linker<WasiCtx> = Linker::new(engine);
                wasi::add_to_linker(&mut linker, |ctx| ctx)?;
                let out = Captured::new(100);
                let mut builder = WasiCtxBuilder::new();
                builder.stdout(Box::new(out.clone()));
                let mut store = Store::new(engine, builder.build());
                let instance = linker.instantiate(&mut store, &module)?;
                instance.get_typed_func::<(), ()>(&store, "_start")?.call(&mut store, ())?;
                assert_eq!(out.content(), b"hi");
                Ok(())
            },
        );
    });
}
