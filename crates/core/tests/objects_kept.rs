//! How long objects are kept that the host holds, and what hosts do that hosts should not. Each
//! test runs with each engine of [`crate::all_engines`]; the crate `prova` includes this file, with
//! machine code. `gc_every` has the store collect at each object, wherever one is made.
//!
//! A green run does not show that the collector follows all that code holds (`tests/run`, with
//! collection at each object).

use crate::objects::{Host, each, points};
use prova_core::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

const NULL: Val = Val::null_any_ref();
const NULL_EXN: Val = Val::ExnRef(None);

#[track_caller]
fn assert_gone<T>(result: Result<T>) {
    let Err(error) = result else { panic!("the object is still there") };
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse), "{error:?}");
    assert!(format!("{error:?}").contains("scope had ended"), "{error:?}");
}

fn small_heap(store: &mut Store<Host>) {
    store.data_mut().limits = StoreLimitsBuilder::new().gc_heap_size(1 << 20).build();
    store.limiter(|host| &mut host.limits);
}

#[test]
fn what_a_scope_holds_goes_with_it() {
    each(|engine| {
        let (mut store, instance, pre) = points(engine)?;
        small_heap(&mut store);
        let new = instance.get_typed_func::<i32, Rooted<StructRef>>(&mut store, "new")?;
        let kept = StructRef::new(&mut store, &pre, &[Val::I32(-1), NULL])?;
        let mut last = None;
        for n in 0..1_000_000 {
            let mut scope = RootScope::new(&mut store);
            let of_code = new.call(&mut scope, n)?;
            if n % 4 == 0 {
                let of_host = StructRef::new(&mut scope, &pre, &[Val::I32(n), of_code.into()])?;
                assert_eq!(of_host.field(&mut scope, 0)?.unwrap_i32(), n);
            }
            assert_eq!(of_code.field(&mut scope, 0)?.unwrap_i32(), n);
            last = Some(of_code);
        }
        assert_gone(last.context("none")?.field(&mut store, 0));
        assert_eq!(kept.field(&mut store, 0)?.unwrap_i32(), -1);
        // A host function is a scope, and so is a call for its arguments.
        let often = instance.get_typed_func::<i32, ()>(&mut store, "often")?;
        often.call(&mut store, 300_000)?;
        let x = instance.get_typed_func::<OwnedRooted<StructRef>, i32>(&mut store, "x")?;
        for n in 0..100_000 {
            let owned = {
                let mut scope = RootScope::new(&mut store);
                let owned = StructRef::new(&mut scope, &pre, &[Val::I32(n), NULL])?;
                owned.to_owned_rooted(&mut scope)?
            };
            assert_eq!(x.call(&mut store, owned)?, n);
        }
        // Without scopes the heap fills, and the error says so.
        let full = loop {
            if let Err(error) = new.call(&mut store, 1) {
                break error;
            }
        };
        assert_eq!(full.downcast_ref(), Some(&Trap::GcHeapOutOfMemory));
        let full = StructRef::new(&mut store, &pre, &[Val::I32(-1), NULL]).expect_err("it is full");
        assert_eq!(full.downcast_ref(), Some(&Trap::GcHeapOutOfMemory));
        let ((), full) = full.downcast::<GcHeapOutOfMemory<()>>()?.take_inner();
        store.gc(Some(&full))?;
        assert_eq!(kept.field(&mut store, 0)?.unwrap_i32(), -1);
        Ok(())
    });
}

#[test]
fn owners_keep_what_they_own() {
    each(|engine| {
        let (mut store, instance, pre) = points(engine)?;
        small_heap(&mut store);
        store.gc_every(1);
        let x = instance.get_typed_func::<OwnedRooted<StructRef>, i32>(&mut store, "x")?;
        let owned = {
            let mut scope = RootScope::new(&mut store);
            StructRef::new(&mut scope, &pre, &[Val::I32(5), NULL])?.to_owned_rooted(&mut scope)?
        };
        for n in 0..1000 {
            let mut scope = RootScope::new(&mut store);
            let other = StructRef::new(&mut scope, &pre, &[Val::I32(n), NULL])?;
            let other = other.to_owned_rooted(&mut scope)?;
            assert_eq!(x.call(&mut scope, owned.clone())?, 5);
            assert_eq!(x.call(&mut scope, other)?, n);
        }
        assert_eq!(owned.field(&mut store, 0)?.unwrap_i32(), 5);
        let rooted = owned.to_rooted(&mut store);
        assert!(OwnedRooted::ref_eq(&store, &owned, &rooted)?);
        let through_owner = owned.clone().to_anyref().unwrap_struct(&store)?;
        drop(owned);
        store.gc(None)?;
        assert_gone(through_owner.field(&mut store, 0));
        assert_eq!(rooted.field(&mut store, 0)?.unwrap_i32(), 5);
        Ok(())
    });
}

#[test]
fn an_exception_in_a_new_structure_is_kept_while_it_is_made() {
    each(|engine| {
        let mut store = Store::new(engine, ());
        store.gc_every(1);
        let tag = Tag::new(&mut store, &FuncType::new(engine, [ValType::I32], []))?;
        let field = FieldType::new(Mutability::Const, ValType::EXNREF.into());
        let pre = StructRefPre::new(&mut store, StructType::new(engine, [field.clone()])?);
        let arrays = ArrayRefPre::new(&mut store, ArrayType::new(engine, field));
        for n in 0..10 {
            let exception: Val = ExnRef::new(&mut store, tag, &[Val::I32(n)])?.into();
            let holder = StructRef::new(&mut store, &pre, &[exception])?;
            let exception: Val = ExnRef::new(&mut store, tag, &[Val::I32(n)])?.into();
            let array = ArrayRef::new(&mut store, &arrays, &exception, 2)?;
            let fixed = ArrayRef::new_fixed(&mut store, &arrays, &[NULL_EXN, exception])?;
            store.gc(None)?;
            let held = [
                holder.field(&mut store, 0)?,
                array.get(&mut store, 1)?,
                fixed.get(&mut store, 1)?,
            ];
            for value in held {
                let exception = value.unwrap_exn_ref().context("null")?.exception(&store)?;
                assert_eq!(exception.values()[0].unwrap_i32(), n);
            }
        }
        Ok(())
    });
}

#[test]
fn what_code_has_as_a_value_of_the_host_stays() {
    each(|engine| {
        let (mut store, instance, pre) = points(engine)?;
        let word = instance.get_global(&mut store, "word").context("none")?;
        let gone = {
            let mut scope = RootScope::new(&mut store);
            let object = StructRef::new(&mut scope, &pre, &[Val::I32(5), NULL])?;
            let object = ExternRef::convert_any(&mut scope, object.to_anyref())?;
            word.set(&mut scope, object.into())?;
            let other = StructRef::new(&mut scope, &pre, &[Val::I32(6), NULL])?;
            ExternRef::convert_any(&mut scope, other.to_anyref())?
        };
        store.gc(None)?;
        assert_gone(AnyRef::convert_extern(&mut store, gone));
        assert!(word.set(&mut store, gone.into()).is_err());
        let reference = *word.get(&mut store).unwrap_externref().context("null")?;
        let object = AnyRef::convert_extern(&mut store, reference)?.unwrap_struct(&store)?;
        assert_eq!(object.field(&mut store, 0)?.unwrap_i32(), 5);
        Ok(())
    });
}

#[test]
fn a_host_function_that_makes_objects_loses_none_of_its_callers() {
    each(|engine| {
        let (mut store, instance, _) = points(engine)?;
        store.gc_every(1);
        let link = instance.get_typed_func::<i32, i32>(&mut store, "link")?;
        for n in 0..200 {
            assert_eq!(link.call(&mut store, n)?, n + 5);
        }
        Ok(())
    });
}

const HANDED: &str = r#"(module
    (type $box (struct (field i32)))
    (import "host" "first" (func $first (param (ref $box) (ref $box)) (result (ref $box))))
    (import "host" "throw" (func $throw (param (ref $box))))
    (import "host" "tag" (tag $tag (param (ref null $box))))
    (func $new (param i32) (result (ref $box)) (struct.new $box (local.get 0)))
    (func (export "first") (param i32) (result i32)
      (struct.get $box 0 (call $first (call $new (local.get 0)) (call $new (i32.const 9)))))
    (func (export "caught") (param i32) (result i32)
      (block $h (result (ref null $box))
        (try_table (catch $tag $h) (call $throw (call $new (local.get 0))))
        (return (i32.const -1)))
      (struct.get $box 0))
    (func (export "uncaught") (param i32) (call $throw (call $new (local.get 0))))
    (func (export "new") (param i32) (result (ref $box)) (call $new (local.get 0))))"#;

/// A store in which everything collects: each object, and each step into code or the host.
fn handed(engine: &Engine) -> Result<(Store<()>, Instance)> {
    let module = Module::new(engine, wat::parse_str(HANDED)?)?;
    let mut store = Store::new(engine, ());
    let types: Vec<ExternType> = module.imports().map(|import| import.ty()).collect();
    let func = |at: usize| types[at].func().cloned().context("none");
    let first = Func::new(&mut store, func(0)?, |mut caller, args, results| {
        caller.gc(None)?;
        results[0] = args[0];
        Ok(())
    });
    let tag = Tag::new(&mut store, types[2].tag().context("none")?)?;
    let throw = Func::new(&mut store, func(1)?, move |mut caller, args, _| {
        caller.gc(None)?;
        caller.throw(tag, args)
    });
    let instance = Instance::new(&mut store, &module, &[first.into(), throw.into(), tag.into()])?;
    store.gc_every(1);
    store.call_hook(|mut store, _| store.gc(None));
    Ok((store, instance))
}

#[test]
fn arguments_results_and_exceptions_are_kept_on_their_way() {
    each(|engine| {
        let (mut store, instance) = handed(engine)?;
        for name in ["first", "caught"] {
            let func = instance.get_typed_func::<i32, i32>(&mut store, name)?;
            for n in 0..50 {
                assert_eq!(func.call(&mut store, n)?, n, "{name}");
            }
        }
        let uncaught = instance.get_typed_func::<i32, ()>(&mut store, "uncaught")?;
        let error = uncaught.call(&mut store, 6).expect_err("nothing catches it");
        let thrown: &ThrownException = error.downcast_ref().context("none")?;
        let thrown = thrown.values()[0].unwrap_any_ref().context("null")?.unwrap_struct(&store)?;
        assert_eq!(thrown.field(&mut store, 0)?.unwrap_i32(), 6);
        let new = instance.get_func(&mut store, "new").context("none")?;
        let typed = new.typed::<i32, Rooted<StructRef>>(&store)?.call(&mut store, 7)?;
        assert_eq!(typed.field(&mut store, 0)?.unwrap_i32(), 7);
        let mut results = [Val::I32(0)];
        new.call(&mut store, &[Val::I32(8)], &mut results)?;
        let untyped = results[0].unwrap_any_ref().context("null")?.unwrap_struct(&store)?;
        assert_eq!(untyped.field(&mut store, 0)?.unwrap_i32(), 8);
        assert_eq!(thrown.field(&mut store, 0)?.unwrap_i32(), 6);
        Ok(())
    });
}

#[test]
fn what_a_host_function_held_is_gone_afterwards() {
    each(|engine| {
        let (mut store, _, pre) = points(engine)?;
        let kept = std::sync::Arc::new(std::sync::Mutex::new(None));
        let (inner, for_host) = (std::sync::Arc::clone(&kept), pre.clone());
        let keeps = move |mut caller: Caller<'_, Host>, panics: i32| -> Result<()> {
            let object = StructRef::new(&mut caller, &for_host, &[Val::I32(3), NULL])?;
            *inner.lock().expect("it is whole") = Some(object);
            assert_eq!(panics, 0, "by plan");
            Ok(())
        };
        let keeps = Func::wrap(&mut store, keeps).typed::<i32, ()>(&store)?;
        let text = r#"(module (import "" "f" (func $f (param i32)))
            (func (export "g") (param i32) (call $f (local.get 0))))"#;
        let module = Module::new(engine, wat::parse_str(text)?)?;
        let through = Instance::new(&mut store, &module, &[(*keeps.func()).into()])?;
        let through = through.get_typed_func::<i32, ()>(&mut store, "g")?;
        let outer = StructRef::new(&mut store, &pre, &[Val::I32(4), NULL])?;
        for func in [keeps, through] {
            func.call(&mut store, 0)?;
            let held = kept.lock().expect("it is whole").take().context("none")?;
            assert_gone(held.field(&mut store, 0));
            let panicked = catch_unwind(AssertUnwindSafe(|| func.call(&mut store, 1)));
            assert!(panicked.is_err());
            let held = kept.lock().map_or_else(|held| held.into_inner().take(), |mut it| it.take());
            if let Some(held) = held {
                assert_gone(held.field(&mut store, 0));
            }
            kept.clear_poison();
        }
        assert_eq!(outer.field(&mut store, 0)?.unwrap_i32(), 4);
        Ok(())
    });
}

#[test]
fn scopes_end_in_any_order_that_can_be_written() {
    each(|engine| {
        let (mut store, _, pre) = points(engine)?;
        let (outer_object, inner_object);
        {
            let mut outer = RootScope::new(&mut store);
            outer.reserve(10);
            let inner = {
                let mut inner = RootScope::new(outer.as_context_mut());
                StructRef::new(&mut inner, &pre, &[Val::I32(1), NULL])?
            };
            assert_gone(inner.field(&mut outer, 0));
            outer_object = StructRef::new(&mut outer, &pre, &[Val::I32(1), NULL])?;
            // A scope that is forgotten ends with the one around it.
            let mut forgotten = RootScope::new(outer.as_context_mut());
            inner_object = StructRef::new(&mut forgotten, &pre, &[Val::I32(2), NULL])?;
            std::mem::forget(forgotten);
            assert_eq!(inner_object.field(&mut outer, 0)?.unwrap_i32(), 2);
            assert_eq!(outer_object.field(&mut outer, 0)?.unwrap_i32(), 1);
        }
        assert_gone(outer_object.field(&mut store, 0));
        assert_gone(inner_object.field(&mut store, 0));
        // What is gone is refused wherever it is used, also where its name has another object.
        store.gc(None)?;
        let next = StructRef::new(&mut store, &pre, &[Val::I32(3), inner_object.into()]);
        let words = "field 1 refers to an object whose scope has ended";
        assert!(next.expect_err(words).to_string().contains(words));
        let again = StructRef::new(&mut store, &pre, &[Val::I32(3), NULL])?;
        assert_gone(Rooted::ref_eq(&store, &again, &outer_object));
        assert_gone(outer_object.to_owned_rooted(&mut store));
        assert!(Val::from(outer_object).ty(&store).is_err());
        Ok(())
    });
}

#[test]
fn ten_million_objects_of_the_host_fit_a_small_heap() {
    each(|engine| {
        let (mut store, _, pre) = points(engine)?;
        small_heap(&mut store);
        let list = ArrayType::new(engine, FieldType::new(Mutability::Var, ValType::I64.into()));
        let arrays = ArrayRefPre::new(&mut store, list);
        let rounds = 2_000_000;
        for n in 0..rounds {
            let mut scope = RootScope::new(&mut store);
            let mut last = NULL;
            for _ in 0..4 {
                last = StructRef::new(&mut scope, &pre, &[Val::I32(n), last])?.into();
            }
            let len = if n % 1000 == 0 { 10_000 } else { 1 };
            ArrayRef::new(&mut scope, &arrays, &Val::I64(n.into()), len)?;
        }
        Ok(())
    });
}

#[test]
fn long_lists_are_followed_and_dropped() {
    each(|engine| {
        let (mut store, instance, pre) = points(engine)?;
        let held = instance.get_global(&mut store, "held").context("none")?;
        for n in 0..1_000_000 {
            let mut scope = RootScope::new(&mut store);
            let last = held.get(&mut scope);
            let next = StructRef::new(&mut scope, &pre, &[Val::I32(n), last])?;
            held.set(&mut scope, next.into())?;
        }
        store.gc(None)?;
        let mut count = 0;
        let mut at = held.get(&mut store).unwrap_any_ref().copied();
        while let Some(object) = at {
            let mut scope = RootScope::new(&mut store);
            let next = object.to_owned_rooted(&mut scope)?;
            let next = next.unwrap_struct(&scope)?.field(&mut scope, 1)?;
            at = match next.unwrap_any_ref() {
                Some(next) => {
                    let next = next.to_owned_rooted(&mut scope)?;
                    drop(scope);
                    Some(next.to_rooted(&mut store))
                }
                None => None,
            };
            count += 1;
        }
        assert_eq!(count, 1_000_000);
        held.set(&mut store, NULL)?;
        store.gc(None)?;
        Ok(())
    });
}

#[test]
fn objects_count_in_the_budget_and_cost_no_fuel() {
    for (name, engine) in crate::all_engines() {
        let test = || -> Result<()> {
            let (mut store, _, _) = points(&engine)?;
            small_heap(&mut store);
            let bytes = FieldType::new(Mutability::Var, StorageType::I8);
            let pre = ArrayRefPre::new(&mut store, ArrayType::new(&engine, bytes));
            let wide = FieldType::new(Mutability::Var, ValType::V128.into());
            let wide = ArrayRefPre::new(&mut store, ArrayType::new(&engine, wide));
            let zero = Val::I32(0);
            ArrayRef::new(&mut store, &pre, &zero, 900_000)?;
            let error = ArrayRef::new(&mut store, &pre, &zero, 900_000).expect_err("a second one");
            assert!(error.is::<GcHeapOutOfMemory<()>>(), "{error:?}");
            ArrayRef::new(&mut store, &pre, &zero, 1)?;
            let error = ArrayRef::new(&mut store, &pre, &zero, u32::MAX).expect_err("4 GiB");
            assert_eq!(error.downcast_ref(), Some(&Trap::AllocationTooLarge));
            let most = u32::MAX - (64 << 10) - 8;
            let error = ArrayRef::new(&mut store, &pre, &zero, most).expect_err("too much");
            assert!(error.is::<GcHeapOutOfMemory<()>>(), "{error:?}");
            let value = Val::from(1u128);
            let error = ArrayRef::new(&mut store, &wide, &value, u32::MAX).expect_err("64 GiB");
            assert_eq!(error.downcast_ref(), Some(&Trap::AllocationTooLarge));
            assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Trap));
            Ok(())
        };
        test().unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    let mut config = Config::new();
    let engine = Engine::new(config.consume_fuel(true)).expect("a possible configuration");
    let mut store = Store::new(&engine, ());
    store.set_fuel(3).expect("it has fuel");
    let pre = StructRefPre::new(&mut store, StructType::new(&engine, []).expect("a type"));
    store.gc_every(1);
    for _ in 0..10 {
        StructRef::new(&mut store, &pre, &[]).expect("there is room");
    }
    assert_eq!(store.get_fuel().expect("it has fuel"), 3);
}
