//! Types with references to functions of one type, to any function, to exceptions: between host and
//! module, in every tier.
//!
//! A green run does not show what code does with such references (`tests/run`, the specification
//! suite).

use crate::common::{each_tier, module, trap_of};
use prova_core::*;

/// The type of functions from `i32` to `i32`.
fn unary(engine: &Engine) -> FuncType {
    FuncType::new(engine, [ValType::I32], [ValType::I32])
}

/// A reference to functions of a type.
fn to(ty: &FuncType, nullable: bool) -> ValType {
    ValType::Ref(RefType::new(nullable, HeapType::ConcreteFunc(ty.clone())))
}

/// That an error is the embedder's fault, in kind and in words.
#[track_caller]
fn assert_misuse(result: Result<impl std::fmt::Debug>, words: &str) {
    let error = result.expect_err(words);
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse), "{error:?}");
    let text = format!("{error:?}");
    assert!(text.contains(words) && !text.contains("bug in Prova"), "{text}");
}

const APPLY: &str = r#"(module
    (type $unary (func (param i32) (result i32)))
    (type $other (func (param i64)))
    (import "host" "apply" (func $apply (param (ref null $unary) i32) (result i32)))
    (import "host" "pick" (func $pick (param i32) (result (ref $unary))))
    (func $double (export "double") (type $unary) (i32.add (local.get 0) (local.get 0)))
    (func (export "other") (type $other))
    (elem declare func $double)
    (func (export "apply") (param i32) (result i32) (call $apply (ref.func $double) (local.get 0)))
    (func (export "null") (result i32) (call $apply (ref.null $unary) (i32.const 1)))
    (func (export "pick") (param i32) (result i32)
      (call_ref $unary (i32.const 20) (call $pick (local.get 0))))
    (func (export "take") (param (ref null $unary)) (result i32) (ref.is_null (local.get 0)))
    (table (export "table") 2 (ref null $unary))
    (global (export "global") (mut (ref null $unary)) (ref.null $unary)))"#;

/// The function that the host function `pick` returns.
#[derive(Default)]
struct Host {
    picked: Option<Func>,
}

fn instance(engine: &Engine) -> Result<(Store<Host>, Instance)> {
    let mut linker = Linker::<Host>::new(engine);
    let unary = unary(engine);
    let ty = FuncType::new(engine, [to(&unary, true), ValType::I32], [ValType::I32]);
    linker.func_new("host", "apply", ty, |mut caller, args, results| {
        match args[0].unwrap_func_ref() {
            Some(func) => func.call(&mut caller, &args[1..], results),
            None => {
                results[0] = Val::I32(-1);
                Ok(())
            }
        }
    })?;
    let ty = FuncType::new(engine, [ValType::I32], [to(&unary, false)]);
    linker.func_new("host", "pick", ty, |caller, _, results| {
        results[0] = Val::FuncRef(caller.data().picked);
        Ok(())
    })?;
    let mut store = Store::new(engine, Host::default());
    let instance = linker.instantiate(&mut store, &module(engine, APPLY)?)?;
    Ok((store, instance))
}

#[test]
fn host_functions_take_and_give_references_of_one_type() {
    each_tier(
        |_| {},
        |engine| {
            let (mut store, instance) = instance(engine)?;
            let apply = instance.get_typed_func::<i32, i32>(&store, "apply")?;
            assert_eq!(apply.call(&mut store, 21)?, 42);
            let null = instance.get_typed_func::<(), i32>(&store, "null")?;
            assert_eq!(null.call(&mut store, ())?, -1);

            let pick = instance.get_typed_func::<i32, i32>(&store, "pick")?;
            store.data_mut().picked = instance.get_func(&store, "double");
            assert_eq!(pick.call(&mut store, 0)?, 40);
            let host = Func::wrap(&mut store, |x: i32| x + 1);
            store.data_mut().picked = Some(host);
            assert_eq!(pick.call(&mut store, 0)?, 21);
            // A function of another type, and null where there is none.
            store.data_mut().picked = instance.get_func(&store, "other");
            let words = "result 0 is of type (ref (i64) -> ()), expected (ref (i32) -> (i32))";
            assert_misuse(pick.call(&mut store, 0), words);
            store.data_mut().picked = None;
            assert_misuse(pick.call(&mut store, 0), "result 0 is of type funcref");
            Ok(())
        },
    );
}

#[test]
fn what_the_host_passes_is_compared_with_the_type() {
    each_tier(
        |_| {},
        |engine| {
            let (mut store, instance) = instance(engine)?;
            let func = |name| instance.get_func(&store, name).expect("an export");
            let (take, double, other) = (func("take"), func("double"), func("other"));
            let table = instance.get_table(&store, "table").expect("an export");
            let global = instance.get_global(&store, "global").expect("an export");
            let foreign = Func::wrap(Store::new(engine, ()), |x: i32| x);

            let mut results = [Val::I32(7)];
            for (func, null) in [(Some(double), 0), (None, 1)] {
                take.call(&mut store, &[Val::FuncRef(func)], &mut results)?;
                assert_eq!(results[0].unwrap_i32(), null);
                table.set(&mut store, 1, Ref::Func(func))?;
                assert_eq!(table.get(&store, 1).and_then(|f| f.as_func()?.copied()), func);
                global.set(&mut store, Val::FuncRef(func))?;
                assert_eq!(global.get(&store).unwrap_func_ref(), func.as_ref());
            }
            for (func, words) in [
                (other, "is of type (ref (i64) -> ()), expected (ref null (i32) -> (i32))"),
                (foreign, "refers to an object of another store"),
            ] {
                let val = Val::FuncRef(Some(func));
                let reference = Ref::Func(Some(func));
                assert_misuse(take.call(&mut store, &[val], &mut results), words);
                assert_misuse(take.call_resumable(&mut store, &[val], &mut results), words);
                assert_misuse(table.set(&mut store, 0, reference), words);
                assert_misuse(table.grow(&mut store, 1, reference), words);
                assert_misuse(global.set(&mut store, val), words);
                let (table_ty, global_ty) = (table.ty(&store), global.ty(&store));
                assert_misuse(Table::new(&mut store, table_ty, reference), words);
                assert_misuse(Global::new(&mut store, global_ty, val), words);
            }
            for val in [Val::I32(1), Val::ExternRef(None)] {
                let words = "argument 0 is of type";
                assert_misuse(take.call(&mut store, &[val], &mut results), words);
                assert_misuse(global.set(&mut store, val), "the value is of type");
            }
            assert_misuse(take.call(&mut store, &[], &mut results), "expected 1 arguments, got 0");
            assert_misuse(
                take.call(&mut store, &[Val::FuncRef(None)], &mut []),
                "expected 1 results, got 0",
            );
            assert_eq!(table.size(&store), 2, "nothing has changed");
            Ok(())
        },
    );
}

#[test]
fn misuse_of_other_objects_is_misuse_too() {
    each_tier(
        |_| {},
        |engine| {
            let mut store = Store::new(engine, ());
            let fixed = GlobalType::new(ValType::I32, Mutability::Const);
            let global = Global::new(&mut store, fixed.clone(), Val::I32(1))?;
            assert_misuse(global.set(&mut store, Val::I32(2)), "immutable");
            assert_misuse(
                Global::new(&mut store, fixed, Val::I64(1)),
                "is of type i64, expected i32",
            );
            let table =
                Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, None), Ref::Func(None))?;
            assert_misuse(table.set(&mut store, 0, Ref::Extern(None)), "is of type externref");
            let error = table.set(&mut store, 1, Ref::Func(None)).expect_err("beyond the end");
            assert_eq!(trap_of(&error), Some(Trap::TableOutOfBounds));
            let with_results = FuncType::new(engine, [], [ValType::I32]);
            assert_misuse(Tag::new(&mut store, &with_results), "a tag whose type has results");
            assert_misuse(store.get_fuel(), "fuel is not configured");
            let f = Func::wrap(&mut store, |x: i32| x);
            assert_misuse(f.typed::<i64, i32>(&store), "type mismatch");
            let foreign = ExternRef::new(Store::new(engine, ()), 1)?;
            assert_misuse(foreign.data(&store), "does not belong to");
            let takes = Func::wrap(&mut store, |_: Option<Rooted<ExternRef>>| ());
            let takes = takes.typed::<Option<Rooted<ExternRef>>, ()>(&store)?;
            assert_misuse(takes.call(&mut store, Some(foreign)), "another store");
            Ok(())
        },
    );
}

#[test]
fn imports_match_by_what_their_types_name() {
    each_tier(
        |_| {},
        |engine| {
            let text = r#"(module
                (type $i (func (param i32))) (type $f (func (param f32)))
                (import "host" "f" (func (param (ref null $f) (ref func) exnref))))"#;
            let module = module(engine, text)?;
            let import = module.imports().next().and_then(|import| import.ty().func().cloned());
            let import = import.expect("a function");
            let words = "((ref null (f32) -> ()), (ref func), exnref) -> ()";
            assert_eq!(import.to_string(), words);
            // The same type, put together by the host; one that names another; and the module's
            // own.
            let named = |param| {
                let named = to(&FuncType::new(engine, [param], []), true);
                let func = ValType::Ref(RefType::new(false, HeapType::Func));
                FuncType::new(engine, [named, func, ValType::EXNREF], [])
            };
            assert_eq!(named(ValType::F32), import);
            for (ty, fits) in
                [(named(ValType::F32), true), (named(ValType::I32), false), (import, true)]
            {
                let mut store = Store::new(engine, ());
                let func = Func::new(&mut store, ty.clone(), |_, _, _| Ok(()));
                assert_eq!(func.ty(&store), ty);
                let linked = Instance::new(&mut store, &module, &[func.into()]);
                match linked {
                    Ok(_) => assert!(fits, "{ty}"),
                    Err(error) => assert!(!fits && error.is::<LinkError>(), "{ty}: {error:?}"),
                }
            }
            let mut linker = Linker::new(engine);
            linker.define_unknown_imports_as_traps(&module)?;
            linker.instantiate(&mut Store::new(engine, ()), &module)?;
            Ok(())
        },
    );
}

#[test]
fn rust_types_stand_for_references_with_and_without_null() {
    each_tier(
        |_| {},
        |engine| {
            let text = r#"(module
                (import "host" "f" (func $f (param (ref func)) (result (ref func))))
                (import "host" "x" (func $x (param (ref extern) exnref) (result (ref extern))))
                (func (export "f") (param (ref func)) (result (ref func)) (call $f (local.get 0)))
                (func (export "x") (param (ref extern)) (result (ref extern))
                  (call $x (local.get 0) (ref.null exn))))"#;
            let mut linker = Linker::new(engine);
            linker.func_wrap("host", "f", |f: Func| f)?;
            linker.func_wrap("host", "x", |x: Rooted<ExternRef>, e: Option<ExnRef>| {
                assert!(e.is_none());
                x
            })?;
            let mut store = Store::new(engine, ());
            let instance = linker.instantiate(&mut store, &module(engine, text)?)?;
            let f = instance.get_typed_func::<Func, Func>(&store, "f")?;
            assert_eq!(f.call(&mut store, *f.func())?, *f.func());
            assert!(instance.get_typed_func::<Option<Func>, Func>(&store, "f").is_err());
            let x = instance.get_typed_func::<Rooted<ExternRef>, Rooted<ExternRef>>(&store, "x")?;
            let value = ExternRef::new(&mut store, 5)?;
            assert_eq!(x.call(&mut store, value)?, value);
            let x = x.func();
            let null = x.call(&mut store, &[Val::ExternRef(None)], &mut [Val::I32(0)]);
            assert_misuse(null, "is of type externref, expected (ref extern)");
            Ok(())
        },
    );
}

#[test]
fn types_match_by_nullability_and_what_they_refer_to() {
    let engine = Engine::default();
    let (a, b) = (unary(&engine), FuncType::new(&engine, [], []));
    let (strict, loose) = (to(&a, false), to(&a, true));
    assert!(strict.matches(&loose) && !loose.matches(&strict));
    assert!(loose.matches(&ValType::FUNCREF) && !ValType::FUNCREF.matches(&loose));
    assert!(!loose.matches(&to(&b, true)) && !loose.matches(&ValType::EXTERNREF));
    assert!(ValType::I32.matches(&ValType::I32) && !ValType::I32.matches(&ValType::I64));
}
