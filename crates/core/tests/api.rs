//! The embedding API, in every tier: each thing that works next to the one that must be refused.
//!
//! A green run does not show that the tiers agree beyond these cases (`tests/spec`, `tests/run`),
//! or that programs written for other engines compile.

use crate::common::{each_tier, module, trap_of};
use prova_core::wasi::{Captured, I32Exit, WasiCtx, WasiCtxBuilder};
use prova_core::*;

#[test]
fn typed_calls_carry_every_type() {
    each_tier(
        |_| {},
        |engine| {
            let module = module(
                engine,
                r#"(module
            (func (export "all") (param i32 i64 f32 f64 v128 externref funcref i32)
                                 (result i32 externref v128 f64 f32 i64 funcref i32)
              local.get 7 local.get 5 local.get 4 local.get 3 local.get 2 local.get 1 local.get 6 local.get 0))"#,
            )?;
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module, &[])?;
            type Params = (i32, u64, f32, f64, V128, Option<Rooted<ExternRef>>, Option<Func>, u32);
            type Results = (u32, Option<Rooted<ExternRef>>, V128, f64, f32, u64, Option<Func>, i32);
            let all = instance.get_typed_func::<Params, Results>(&mut store, "all")?;
            let external = ExternRef::new(&mut store, "host value")?;
            let func = *all.func();
            let vector = V128::from(u128::MAX / 3);
            let results = all.call(
                &mut store,
                (-1, u64::MAX, 1.5, -0.0, vector, Some(external), Some(func), 7),
            )?;
            assert_eq!(results.0, 7);
            let data = results.1.expect("not null").data(&store)?.expect("of the host");
            assert_eq!(data.downcast_ref::<&str>(), Some(&"host value"));
            assert_eq!(results.2, vector);
            assert_eq!(results.3.to_bits(), (-0.0f64).to_bits());
            assert_eq!(
                (results.4, results.5, results.6, results.7),
                (1.5, u64::MAX, Some(func), -1)
            );
            for (name, message) in [
                ("all", "failed to convert function `all` to given type"),
                ("none", "failed to find function export `none`"),
            ] {
                let found = instance.get_typed_func::<(), ()>(&mut store, name);
                assert_eq!(found.expect_err("no such function").to_string(), message);
            }
            Ok(())
        },
    );
}

#[test]
fn untyped_calls_are_checked() {
    each_tier(
        |_| {},
        |engine| {
            let module = module(
                engine,
                r#"(module (func (export "f") (param i32 f64) (result f64 i32)
            local.get 1 local.get 0))"#,
            )?;
            let mut store = Store::new(engine, ());
            let f =
                Instance::new(&mut store, &module, &[])?.get_func(&store, "f").expect("exported");
            assert_eq!(f.ty(&store).to_string(), "(i32, f64) -> (f64, i32)");
            let mut results = [Val::null_func_ref(), Val::null_func_ref()];
            f.call(&mut store, &[Val::from(3), Val::from(0.5)], &mut results)?;
            assert_eq!((results[0].unwrap_f64(), results[1].unwrap_i32()), (0.5, 3));
            assert!(f.call(&mut store, &[Val::from(3)], &mut results).is_err());
            assert!(f.call(&mut store, &[Val::from(3), Val::from(3)], &mut results).is_err());
            assert!(f.call(&mut store, &[Val::from(3), Val::from(0.5)], &mut []).is_err());
            Ok(())
        },
    );
}

#[test]
fn host_functions_see_data_memory_and_caller() {
    each_tier(
        |_| {},
        |engine| {
            let module = module(
                engine,
                r#"(module
            (import "host" "note" (func $note (param i32 i32) (result i32)))
            (import "host" "eight" (func $eight (param i32 i64 f32 f64 i32 i64 f32 f64) (result f64)))
            (memory (export "memory") 1)
            (data (i32.const 8) "hello")
            (func (export "run") (result i32) i32.const 8 i32.const 5 call $note)
            (func (export "eight") (result f64)
              i32.const 1 i64.const 2 f32.const 3 f64.const 4 i32.const 5 i64.const 6 f32.const 7 f64.const 8
              call $eight))"#,
            )?;
            let mut linker: Linker<Vec<String>> = Linker::new(engine);
            linker.func_wrap(
                "host",
                "note",
                |mut caller: Caller<'_, Vec<String>>, at: u32, len: u32| -> Result<u32> {
                    let memory = caller
                        .get_export("memory")
                        .and_then(Extern::into_memory)
                        .ok_or_else(|| format_err!("no memory"))?;
                    let (bytes, notes) = memory.data_and_store_mut(&mut caller);
                    let bytes =
                        bytes.get(at as usize..(at + len) as usize).context("out of bounds")?;
                    notes.push(String::from_utf8(bytes.to_vec())?);
                    Ok(notes.len() as u32)
                },
            )?;
            linker.func_wrap(
                "host",
                "eight",
                |a: i32, b: i64, c: f32, d: f64, e: i32, f: i64, g: f32, h: f64| {
                    f64::from(a)
                        + b as f64 * 10.0
                        + f64::from(c) * 100.0
                        + d
                        + f64::from(e)
                        + f as f64
                        + f64::from(g)
                        + h
                },
            )?;
            let mut store = Store::new(engine, Vec::new());
            let instance = linker.instantiate(&mut store, &module)?;
            let run = instance.get_typed_func::<(), u32>(&mut store, "run")?;
            assert_eq!(run.call(&mut store, ())?, 1);
            assert_eq!(run.call(&mut store, ())?, 2);
            let eight = instance.get_typed_func::<(), f64>(&mut store, "eight")?;
            assert_eq!(eight.call(&mut store, ())?, 351.0);
            assert_eq!(store.into_data(), ["hello", "hello"]);
            Ok(())
        },
    );
}

#[test]
fn host_functions_of_run_time_types() {
    each_tier(
        |_| {},
        |engine| {
            let mut store = Store::new(engine, 0);
            let ty =
                FuncType::new(engine, [ValType::I32, ValType::V128], [ValType::V128, ValType::I32]);
            let swap = Func::new(&mut store, ty, |mut caller: Caller<'_, i32>, params, results| {
                *caller.data_mut() += 1;
                results[0] = params[1];
                results[1] = params[0];
                Ok(())
            });
            let module = module(
                engine,
                r#"(module (import "" "" (func $swap (param i32 v128) (result v128 i32)))
            (func (export "run") (result i32) i32.const 7 v128.const i64x2 1 2 call $swap
              local.set 0 i64x2.extract_lane 1 i32.wrap_i64 local.get 0 i32.add (local i32)))"#,
            );
            // The local must be declared first: the text is refused, and the error has no kind.
            assert_eq!(ErrorKind::of(&module.expect_err("a wrong text")), None);
            let module = Module::new(
                engine,
                wat::parse_str(
                    r#"(module (import "" "" (func $swap (param i32 v128) (result v128 i32)))
            (func (export "run") (result i32) (local i32) i32.const 7 v128.const i64x2 1 2 call $swap
              local.set 0 i64x2.extract_lane 1 i32.wrap_i64 local.get 0 i32.add))"#,
                )?,
            )?;
            let instance = Instance::new(&mut store, &module, &[swap.into()])?;
            let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
            assert_eq!(run.call(&mut store, ())?, 9);
            assert_eq!(*store.data(), 1);

            let bad = Func::new(
                &mut store,
                FuncType::new(engine, [], [ValType::I32]),
                |_, _, results| {
                    results[0] = Val::from(1.0);
                    Ok(())
                },
            );
            assert!(bad.call(&mut store, &[], &mut [Val::from(0)]).is_err());
            Ok(())
        },
    );
}

#[test]
fn host_functions_call_back() {
    each_tier(
        |_| {},
        |engine| {
            let module = module(
                engine,
                r#"(module
            (import "host" "down" (func $down (param i32) (result i32)))
            (func (export "f") (param i32) (result i32)
              local.get 0 i32.eqz if (result i32) i32.const 100 else local.get 0 call $down i32.const 1 i32.add end))"#,
            )?;
            let mut linker = Linker::new(engine);
            linker.func_wrap(
                "host",
                "down",
                |mut caller: Caller<'_, ()>, n: i32| -> Result<i32> {
                    let f = caller.get_export("f").and_then(Extern::into_func).context("no f")?;
                    f.typed::<i32, i32>(&caller)?.call(&mut caller, n - 1)
                },
            )?;
            let mut store = Store::new(engine, ());
            let instance = linker.instantiate(&mut store, &module)?;
            let f = instance.get_typed_func::<i32, i32>(&mut store, "f")?;
            assert_eq!(f.call(&mut store, 20)?, 120);
            // The nesting of host calls has a separate limit.
            let error = f.call(&mut store, 1000).expect_err("too deep");
            assert_eq!(trap_of(&error), Some(Trap::StackOverflow));
            assert_eq!(f.call(&mut store, 20)?, 120);
            Ok(())
        },
    );
}

#[test]
fn a_host_error_keeps_its_type_through_activations() {
    #[derive(Debug, PartialEq)]
    struct Mine(i32);
    impl std::fmt::Display for Mine {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "mine {}", self.0)
        }
    }
    impl std::error::Error for Mine {}
    each_tier(
        |_| {},
        |engine| {
            let module = module(
                engine,
                r#"(module $m
            (import "host" "fail" (func $fail (param i32)))
            (import "host" "again" (func $again))
            (func $f (export "f") i32.const 4 call $fail)
            (func $g (export "g") call $again))"#,
            )?;
            let mut linker = Linker::new(engine);
            linker
                .func_wrap("host", "fail", |code: i32| -> Result<()> { Err(Mine(code).into()) })?;
            linker.func_wrap("host", "again", |mut caller: Caller<'_, ()>| -> Result<()> {
                let f = caller.get_export("f").and_then(Extern::into_func).context("no f")?;
                f.call(&mut caller, &[], &mut [])
            })?;
            let mut store = Store::new(engine, ());
            let instance = linker.instantiate(&mut store, &module)?;
            for (name, innermost) in [("f", "f"), ("g", "f")] {
                let func = instance.get_func(&store, name).expect("exported");
                let error = func.call(&mut store, &[], &mut []).expect_err("it fails");
                assert_eq!(error.downcast_ref(), Some(&Mine(4)));
                assert_eq!(ErrorKind::of(&error), None);
                let backtrace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
                assert_eq!(backtrace.frames()[0].func_name(), Some(innermost));
            }
            Ok(())
        },
    );
}

#[test]
fn globals_and_tables() {
    each_tier(
        |_| {},
        |engine| {
            let module = module(
                engine,
                r#"(module
            (import "host" "g" (global $g (mut i64)))
            (import "host" "t" (table 2 4 funcref))
            (global (export "const") v128 (v128.const i64x2 1 2))
            (func $seven (export "seven") (result i32) i32.const 7)
            (elem (i32.const 0) $seven)
            (func (export "f") (result i64) global.get $g i64.const 1 i64.add global.set $g global.get $g))"#,
            )?;
            let mut store = Store::new(engine, ());
            let global = Global::new(
                &mut store,
                GlobalType::new(ValType::I64, Mutability::Var),
                5i64.into(),
            )?;
            let table = Table::new(
                &mut store,
                TableType::new(RefType::FUNCREF, 2, Some(4)),
                Ref::Func(None),
            )?;
            let mut linker = Linker::new(engine);
            linker.define(&store, "host", "g", global)?.define(&store, "host", "t", table)?;
            let instance = linker.instantiate(&mut store, &module)?;
            let f = instance.get_typed_func::<(), i64>(&mut store, "f")?;
            assert_eq!(f.call(&mut store, ())?, 6);
            assert_eq!(global.get(&store).unwrap_i64(), 6);
            global.set(&mut store, Val::I64(-2))?;
            assert_eq!(f.call(&mut store, ())?, -1);
            assert!(global.set(&mut store, Val::I32(0)).is_err(), "another type");
            let constant = instance.get_global(&store, "const").expect("exported");
            assert_eq!(constant.get(&store).unwrap_v128().as_u128(), 2 << 64 | 1);
            assert!(constant.set(&mut store, Val::from(0u128)).is_err(), "immutable");

            let seven = instance.get_func(&store, "seven").expect("exported");
            assert_eq!(
                table.get(&store, 0).and_then(|r| r.as_func().flatten().copied()),
                Some(seven)
            );
            assert!(table.get(&store, 2).is_none());
            table.set(&mut store, 1, Ref::Func(Some(seven)))?;
            assert!(table.set(&mut store, 2, Ref::Func(None)).is_err());
            assert!(table.set(&mut store, 0, Ref::Extern(None)).is_err());
            assert_eq!(table.grow(&mut store, 2, Ref::Func(None))?, 2);
            assert!(table.grow(&mut store, 1, Ref::Func(None)).is_err());
            assert_eq!(table.size(&store), 4);
            Ok(())
        },
    );
}

#[test]
fn linking_fails_with_the_names() {
    let engine = Engine::default();
    let module = module(&engine, r#"(module (import "env" "missing" (func (param i32))))"#)
        .expect("a valid module");
    let mut linker: Linker<()> = Linker::new(&engine);
    let mut store = Store::new(&engine, ());
    let error = linker.instantiate(&mut store, &module).expect_err("nothing is defined");
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Link));
    assert_eq!(error.to_string(), "unknown import: `env::missing` has not been defined");

    linker.func_wrap("env", "missing", |_: i64| {}).expect("a new name");
    assert!(linker.func_wrap("env", "missing", |_: i32| {}).is_err(), "defined twice");
    let error = linker.instantiate(&mut store, &module).expect_err("another type");
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Link));
    assert!(
        error.to_string().starts_with("incompatible import type for `env::missing`"),
        "{error}"
    );

    linker.allow_shadowing(true).func_wrap("env", "missing", |_: i32| {}).expect("shadowed");
    assert!(linker.instantiate(&mut store, &module).is_ok());
    let other = Engine::default();
    assert!(Linker::<()>::new(&other).instantiate(&mut Store::new(&other, ()), &module).is_err());
}

#[test]
fn unknown_imports_can_be_traps() {
    each_tier(
        |_| {},
        |engine| {
            let module = module(
                engine,
                r#"(module (import "env" "missing" (func $m (param i32)))
            (func (export "f") (param i32) local.get 0 if i32.const 1 call $m end))"#,
            )?;
            let mut linker = Linker::new(engine);
            linker.define_unknown_imports_as_traps(&module)?;
            let mut store = Store::new(engine, ());
            let instance = linker.instantiate(&mut store, &module)?;
            let f = instance.get_typed_func::<i32, ()>(&mut store, "f")?;
            f.call(&mut store, 0)?;
            let error = f.call(&mut store, 1).expect_err("it is not defined");
            assert_eq!(error.downcast_ref(), Some(&Trap::Aborted), "{error:?}");
            assert!(format!("{error:#}").contains("unknown import: `env::missing`"), "{error:?}");
            let memory = self::module(engine, r#"(module (import "env" "m" (memory 1)))"#)?;
            assert!(linker.define_unknown_imports_as_traps(&memory).is_err());
            Ok(())
        },
    );
}

#[test]
fn modules_are_refused_by_kind() {
    let engine = Engine::default();
    let kind = |bytes: &[u8]| Module::new(&engine, bytes).err().and_then(|e| ErrorKind::of(&e));
    assert_eq!(kind(b"\0asm\x01\0\0\0"), None);
    assert_eq!(kind(b"\0asm\x02\0\0\0"), Some(ErrorKind::Invalid));
    assert_eq!(kind(b""), Some(ErrorKind::Invalid));
    let text = |text: &str| wat::parse_str(text).expect("a text");
    assert_eq!(kind(&text("(module (func (result i32)))")), Some(ErrorKind::Invalid));
    assert_eq!(kind(&text("(module (type (struct)))")), None);
    let collecting = "(module (type (struct)) (func (drop (struct.new 0))))";
    assert_eq!(kind(&text(collecting)), None);
    assert_eq!(kind(&text("(module (memory 1 1 shared))")), Some(ErrorKind::Unsupported));
    assert!(Module::validate(&engine, b"\0asm\x01\0\0\0").is_ok());
    let mut config = Config::new();
    config.wasm_simd(false);
    let less = Engine::new(&config).expect("a possible configuration");
    let vector = text("(module (func v128.const i64x2 0 0 drop))");
    assert!(Module::new(&engine, &vector).is_ok());
    let error = Module::new(&less, &vector).expect_err("simd is off");
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Unsupported));
    assert!(error.to_string().contains("simd"), "{error}");
}

#[test]
fn eager_translation_counts_functions() {
    let mut config = Config::new();
    config.translate(Translate::Eager);
    let engine = Engine::new(&config).expect("a possible configuration");
    let module = module(&engine, "(module (import \"a\" \"b\" (func)) (func) (func call 0))");
    let translated = module.expect("a module").translate().expect("translated");
    assert_eq!(translated.functions, 2);
    assert!(translated.words >= 2 && translated.wasm_bytes > 0, "{translated:?}");
}

#[test]
fn wasi_programs_write_and_exit() {
    each_tier(
        |_| {},
        |engine| {
            let text = r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\10\00\00\00\06\00\00\00")
            (data (i32.const 16) "hello\n")
            (func (export "_start")
              i32.const FD i32.const 0 i32.const 1 i32.const 8 call $write
              call $exit))"#;
            let mut linker: Linker<WasiCtx> = Linker::new(engine);
            wasi::add_to_linker(&mut linker, |ctx| ctx)?;
            for (fd, code, printed) in [("1", 0, "hello\n"), ("9", 8, "")] {
                let module = module(engine, &text.replace("FD", fd))?;
                let out = Captured::new(100);
                let ctx = WasiCtxBuilder::new().stdout(Box::new(out.clone())).build();
                let mut store = Store::new(engine, ctx);
                let instance = linker.instantiate(&mut store, &module)?;
                let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
                let error = start.call(&mut store, ()).expect_err("it exits");
                assert_eq!(error.downcast_ref(), Some(&I32Exit(code)));
                assert_eq!(ErrorKind::of(&error), None);
                assert_eq!(out.content(), printed.as_bytes());
            }
            Ok(())
        },
    );
}

#[test]
fn stores_can_be_sent() {
    fn sent<T: Send>() {}
    sent::<Store<Vec<u8>>>();
    sent::<Linker<()>>();
    sent::<Module>();
}

#[test]
#[should_panic(expected = "store that it does not belong to")]
fn objects_belong_to_one_store() {
    let engine = Engine::default();
    let mut one = Store::new(&engine, ());
    let two = Store::new(&engine, ());
    let memory = Memory::new(&mut one, MemoryType::new(1, None)).expect("a memory");
    memory.size(&two);
}
