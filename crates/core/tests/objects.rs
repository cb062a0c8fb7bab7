//! Structures, arrays and small integers in the hands of the host: what it makes, reads and passes
//! to code, next to what is refused. Each test runs with each engine of [`crate::all_engines`]; the
//! crate `prova` includes this file, with machine code.
//!
//! A green run does not show what code does with objects (`tests/run`), how long they are kept
//! (`objects_kept`), nor that programs written for other engines compile (`tests/api`).

use prova_core::*;

const POINTS: &str = r#"(module
    (type $point (struct (field $x (mut i32)) (field $next (mut (ref null $point)))))
    (type $bytes (array (mut i8)))
    (import "host" "make" (func $make (param i32) (result (ref $point))))
    (func (export "x") (param (ref $point)) (result i32)
      (struct.get $point $x (local.get 0)))
    (func (export "new") (param i32) (result (ref $point))
      (struct.new $point (local.get 0) (ref.null $point)))
    (func (export "link") (param i32) (result i32)
      (local $a (ref $point))
      (local.set $a (struct.new $point (local.get 0) (call $make (i32.const 5))))
      (drop (call $make (i32.const 6)))
      (i32.add (struct.get $point $x (local.get $a))
        (struct.get $point $x (ref.as_non_null (struct.get $point $next (local.get $a))))))
    (func (export "often") (param $n i32)
      (loop $again
        (drop (call $make (local.get $n)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "bytes") (param i32) (result (ref $bytes))
      (array.new $bytes (local.get 0) (i32.const 3)))
    (func (export "byte") (param (ref $bytes) i32) (result i32)
      (array.get_u $bytes (local.get 0) (local.get 1)))
    (func (export "same") (param anyref) (result anyref) (local.get 0))
    (func (export "eq") (param eqref eqref) (result i32) (ref.eq (local.get 0) (local.get 1)))
    (func (export "small") (param i31ref) (result i31ref) (local.get 0))
    (func (export "strict") (param (ref i31)) (result i32) (i31.get_s (local.get 0)))
    (func (export "out") (param anyref) (result externref) (extern.convert_any (local.get 0)))
    (func (export "in") (param externref) (result anyref) (any.convert_extern (local.get 0)))
    (global (export "word") (mut externref) (ref.null extern))
    (global (export "held") (mut (ref null $point)) (ref.null $point))
    (table (export "table") 2 (ref null $point)))"#;

/// That an error is the embedder's fault, in kind and in words.
#[track_caller]
fn assert_misuse<T>(result: Result<T>, words: &str) {
    let Err(error) = result else { panic!("no error: {words}") };
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse), "{error:?}");
    assert!(format!("{error:?}").contains(words), "{error:?}");
}

fn field(ty: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Var, ty.into())
}

fn fixed(ty: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Const, ty.into())
}

/// The data of a store: the type of which `make` makes structures.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) pre: Option<StructRefPre>,
    pub(crate) limits: StoreLimits,
}

/// A store with an instance of [`POINTS`], and its type of points.
pub(crate) fn points(engine: &Engine) -> Result<(Store<Host>, Instance, StructRefPre)> {
    let module = Module::new(engine, wat::parse_str(POINTS)?)?;
    let ExternType::Func(ty) = module.imports().next().context("none")?.ty() else { bail!("none") };
    let result = ty.result(0).context("none")?;
    let point = result.unwrap_ref().heap_type().unwrap_concrete_struct().clone();
    assert_eq!(
        point.to_string(),
        "(struct (field (mut i32)) (field (mut (ref null ..))))"
            .replace("..", "(struct (field (mut i32)) (field (mut (ref null ..))))")
    );
    let mut linker = Linker::<Host>::new(engine);
    linker.func_new("host", "make", ty, |mut caller, args, results| {
        let pre = caller.data().pre.clone().context("none")?;
        results[0] = StructRef::new(&mut caller, &pre, &[args[0], Val::null_any_ref()])?.into();
        Ok(())
    })?;
    let mut store = Store::new(engine, Host::default());
    store.limiter(|host| &mut host.limits);
    let instance = linker.instantiate(&mut store, &module)?;
    let pre = StructRefPre::new(&mut store, point);
    store.data_mut().pre = Some(pre.clone());
    Ok((store, instance, pre))
}

pub(crate) fn each(test: impl Fn(&Engine) -> Result<()>) {
    for (name, engine) in crate::all_engines() {
        if let Err(error) = test(&engine) {
            panic!("{name}: {error:?}");
        }
    }
}

#[test]
fn a_structure_of_the_host_goes_through_code_and_back() {
    each(|engine| {
        let (mut store, instance, pre) = points(engine)?;
        let point = StructRef::new(&mut store, &pre, &[Val::I32(7), Val::null_any_ref()])?;
        let x = instance.get_typed_func::<Rooted<StructRef>, i32>(&mut store, "x")?;
        assert_eq!(x.call(&mut store, point)?, 7);
        point.set_field(&mut store, 0, Val::I32(8))?;
        assert_eq!(x.call(&mut store, point)?, 8);
        let new = instance.get_typed_func::<i32, Rooted<StructRef>>(&mut store, "new")?;
        let other = new.call(&mut store, 9)?;
        assert_eq!(other.field(&mut store, 0)?.unwrap_i32(), 9);
        assert_eq!(other.ty(&store)?, point.ty(&store)?);
        point.set_field(&mut store, 1, other.into())?;
        let next = point.field(&mut store, 1)?;
        let next = next.unwrap_any_ref().context("null")?.unwrap_struct(&store)?;
        assert!(Rooted::ref_eq(&store, &next, &other)?);
        assert!(!Rooted::ref_eq(&store, &next, &point)? && !Rooted::rooted_eq(next, other));
        assert_eq!(point.fields(&mut store)?.len(), 2);
        let link = instance.get_typed_func::<i32, i32>(&mut store, "link")?;
        assert_eq!(link.call(&mut store, 1)?, 6);

        let same = instance.get_func(&mut store, "same").context("none")?;
        let mut results = [Val::I32(0)];
        same.call(&mut store, &[point.into()], &mut results)?;
        let back = *results[0].unwrap_any_ref().context("null")?;
        assert!(back.is_struct(&store)? && back.is_eqref(&store)? && !back.is_array(&store)?);
        let point = point.to_anyref();
        assert!(Rooted::ref_eq(&store, &back, &point)? && !back.is_i31(&store)?);
        let ty = HeapType::ConcreteStruct(other.ty(&store)?);
        assert!(back.matches_ty(&store, &ty)? && back.ty(&store)? == ty);
        assert!(!back.matches_ty(&store, &HeapType::Array)?);
        Ok(())
    });
}

#[test]
fn arrays_and_packed_fields() {
    each(|engine| {
        let (mut store, instance, _) = points(engine)?;
        let bytes = ArrayType::new(engine, field(StorageType::I8));
        let pre = ArrayRefPre::new(&mut store, bytes.clone());
        let byte = instance.get_typed_func::<(Rooted<ArrayRef>, i32), i32>(&mut store, "byte")?;
        let of_host = ArrayRef::new_from_i8_slice(&mut store, &pre, &[1, 2, 0xff])?;
        assert_eq!(byte.call(&mut store, (of_host, 2))?, 0xff);
        assert!(byte.call(&mut store, (of_host, 3)).is_err());
        assert!(of_host.matches_ty(&store, &bytes)? && of_host.len(&store)? == 3);
        let made = instance.get_typed_func::<i32, Rooted<ArrayRef>>(&mut store, "bytes")?;
        let made = made.call(&mut store, 0x155)?;
        assert_eq!((made.ty(&store)?, made.get(&mut store, 2)?.unwrap_i32()), (bytes, 0x55));
        made.set(&mut store, 1, Val::I32(-1))?;
        let mut out = [0; 3];
        made.copy_to_i8_slice(&mut store, &mut out)?;
        assert_eq!(out, [0x55, 0xff, 0x55]);
        assert_misuse(made.copy_to_i8_slice(&mut store, &mut out[..2]), "not 2 of them");
        assert_misuse(made.get(&mut store, 3), "no element 3 in an array of 3");
        assert_misuse(made.set(&mut store, u32::MAX, Val::I32(0)), "no element 4294967295");
        assert_misuse(made.set(&mut store, 0, Val::I64(0)), "element 0 is of type i64");

        for (ty, values) in [
            (StorageType::I16, [Val::I32(0xffff), Val::I32(1), Val::I32(2)]),
            (ValType::V128.into(), [Val::from(u128::MAX), Val::from(5u128), Val::from(0u128)]),
            (ValType::F64.into(), [Val::from(0.5), Val::from(-0.0), Val::from(1e9)]),
        ] {
            let pre = ArrayRefPre::new(&mut store, ArrayType::new(engine, fixed(ty)));
            let array = ArrayRef::new_fixed(&mut store, &pre, &values)?;
            let read: Vec<Val> = array.elems(&mut store)?.collect();
            assert_eq!(format!("{read:?}"), format!("{:?}", values.to_vec()));
            assert_misuse(array.set(&mut store, 0, values[0]), "cannot be set");
            let same = ArrayRef::new(&mut store, &pre, &values[1], 1000)?;
            let last = same.get(&mut store, 999)?;
            assert_eq!(format!("{last:?}"), format!("{:?}", values[1]));
            assert_misuse(ArrayRef::new_from_i8_slice(&mut store, &pre, &[0]), "not those of");
        }
        Ok(())
    });
}

#[test]
fn small_integers() {
    each(|engine| {
        let (mut store, instance, _) = points(engine)?;
        let small = instance.get_typed_func::<Option<I31>, Option<I31>>(&mut store, "small")?;
        let strict = instance.get_typed_func::<I31, i32>(&mut store, "strict")?;
        for value in [0, 1, -1, (1 << 30) - 1, -(1 << 30)] {
            let i31 = I31::new_i32(value).context("31 bits")?;
            assert_eq!(small.call(&mut store, Some(i31))?, Some(i31));
            assert_eq!(strict.call(&mut store, i31)?, value);
            let any = AnyRef::from_i31(&mut store, i31);
            assert_eq!(any.unwrap_i31(&store)?.get_i32(), value);
            assert!(any.matches_ty(&store, &HeapType::I31)? && any.is_eqref(&store)?);
            let eq = any.unwrap_eqref(&store)?;
            assert!(!eq.is_struct(&store)? && eq.unwrap_i31(&store)? == i31);
        }
        assert_eq!(small.call(&mut store, None)?, None);
        assert!(I31::new_i32(1 << 30).is_none() && I31::new_i32(-(1 << 30) - 1).is_none());
        let func = *strict.func();
        let null = func.call(&mut store, &[Val::null_any_ref()], &mut [Val::I32(0)]);
        assert_misuse(null, "is of type anyref, expected (ref i31)");
        type Eq = Option<Rooted<EqRef>>;
        let eq = instance.get_typed_func::<(Eq, Eq), i32>(&mut store, "eq")?;
        let one = EqRef::from_i31(&mut store, I31::wrapping_u32(1));
        let also = EqRef::from_i31(&mut store, I31::wrapping_i32(1));
        assert_eq!(eq.call(&mut store, (Some(one), Some(also)))?, 1);
        assert_eq!(eq.call(&mut store, (Some(one), None))?, 0);
        Ok(())
    });
}

#[test]
fn typed_functions_match_by_subtyping_and_calls_compare_the_rest() {
    each(|engine| {
        let (mut store, instance, pre) = points(engine)?;
        let x = instance.get_func(&mut store, "x").context("none")?;
        // A parameter of a named type takes wider Rust types, which each call compares.
        let wide = x.typed::<Rooted<AnyRef>, i32>(&store)?;
        let point = StructRef::new(&mut store, &pre, &[Val::I32(3), Val::null_any_ref()])?;
        assert_eq!(wide.call(&mut store, point.to_anyref())?, 3);
        let small = AnyRef::from_i31(&mut store, I31::wrapping_u32(3));
        assert_misuse(wide.call(&mut store, small), "arguments do not fit");
        let empty = StructRefPre::new(&mut store, StructType::new(engine, [])?);
        let empty = StructRef::new(&mut store, &empty, &[])?;
        assert_misuse(wide.call(&mut store, empty.to_anyref()), "arguments do not fit");
        assert!(x.typed::<Option<Rooted<StructRef>>, i32>(&store).is_err(), "it may be null");
        assert!(x.typed::<Rooted<ArrayRef>, i32>(&store).is_err());
        assert!(x.typed::<Rooted<ExternRef>, i32>(&store).is_err());
        // A result is taken as any wider type, and as no narrower one.
        let new = instance.get_func(&mut store, "new").context("none")?;
        let made = new.typed::<i32, Option<Rooted<AnyRef>>>(&store)?.call(&mut store, 4)?;
        assert!(x.call(&mut store, &[made.into()], &mut [Val::I32(0)]).is_ok());
        assert!(new.typed::<i32, Rooted<EqRef>>(&store).is_ok());
        assert!(new.typed::<i32, OwnedRooted<StructRef>>(&store).is_ok());
        assert!(new.typed::<i32, Rooted<ArrayRef>>(&store).is_err());
        let same = instance.get_func(&mut store, "same").context("none")?;
        assert!(same.typed::<Option<Rooted<AnyRef>>, Option<Rooted<StructRef>>>(&store).is_err());
        assert!(same.typed::<Option<I31>, Option<Rooted<AnyRef>>>(&store).is_ok());
        assert!(same.typed::<I31, Rooted<AnyRef>>(&store).is_err());
        Ok(())
    });
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    each(|engine| {
        let (mut store, instance, pre) = points(engine)?;
        let (mut other, _, other_pre) = points(engine)?;
        let null = Val::null_any_ref();
        let point = StructRef::new(&mut store, &pre, &[Val::I32(1), null])?;
        let foreign = StructRef::new(&mut other, &other_pre, &[Val::I32(1), null])?;
        let new = |store: &mut _, values: &[Val]| StructRef::new(store, &pre, values).map(|_| ());
        assert_misuse(new(&mut store, &[]), "expected 2 fields, got 0");
        assert_misuse(new(&mut store, &[null, null]), "field 0 is of type anyref, expected i32");
        let small: Val = AnyRef::from_i31(&mut store, I31::wrapping_u32(3)).into();
        assert_misuse(new(&mut store, &[Val::I32(0), small]), "field 1 is of type (ref i31)");
        assert_misuse(new(&mut store, &[Val::I32(0), foreign.into()]), "another store");
        assert_misuse(StructRef::new(&mut other, &pre, &[Val::I32(0), null]), "another store");
        assert_misuse(point.field(&mut other, 0), "another store");
        assert_misuse(point.ty(&other), "another store");
        assert_misuse(Rooted::ref_eq(&store, &point, &foreign), "another store");
        assert_misuse(point.to_owned_rooted(&mut other), "another store");
        assert_misuse(point.field(&mut store, 2), "no field 2");
        assert_misuse(point.set_field(&mut store, 2, null), "no field 2");
        assert_misuse(point.set_field(&mut store, 0, null), "field 0 is of type anyref");
        assert_misuse(point.set_field(&mut store, 1, small), "field 1 is of type");
        assert_misuse(point.set_field(&mut store, 1, foreign.into()), "another store");
        assert_eq!(point.field(&mut store, 0)?.unwrap_i32(), 1);
        assert!(point.field(&mut store, 1)?.unwrap_any_ref().is_none());

        let constant = StructType::new(engine, [fixed(ValType::I32)])?;
        let constant = StructRefPre::new(&mut store, constant);
        let constant = StructRef::new(&mut store, &constant, &[Val::I32(5)])?;
        assert_misuse(constant.set_field(&mut store, 0, Val::I32(6)), "cannot be set");
        assert_eq!(constant.field(&mut store, 0)?.unwrap_i32(), 5);
        let global = instance.get_global(&mut store, "held").context("none")?;
        let table = instance.get_table(&mut store, "table").context("none")?;
        for (wrong, words) in [
            (constant, "is of type (ref (struct (field i32))), expected (ref null (struct"),
            (foreign, "another store"),
        ] {
            assert_misuse(global.set(&mut store, wrong.into()), words);
            assert_misuse(table.set(&mut store, 0, wrong.into()), words);
            assert_misuse(table.grow(&mut store, 1, wrong.into()), words);
        }
        // A structure is no array.
        let strict = RefType::new(false, HeapType::Struct);
        let arrays = ArrayRefPre::new(&mut store, ArrayType::new(engine, field(strict)));
        assert_misuse(ArrayRef::new(&mut store, &arrays, &null, 1), "is of type anyref");
        let array = ArrayRef::new(&mut store, &arrays, &constant.into(), 1)?;
        assert!(array.to_anyref().as_struct(&store)?.is_none());
        assert_misuse(array.set(&mut store, 0, array.into()), "element 0 is of type");
        Ok(())
    });
}

#[test]
fn objects_as_values_of_the_host_and_back() {
    each(|engine| {
        let (mut store, instance, pre) = points(engine)?;
        type Any = Option<Rooted<AnyRef>>;
        type External = Option<Rooted<ExternRef>>;
        let out = instance.get_typed_func::<Any, External>(&mut store, "out")?;
        let r#in = instance.get_typed_func::<External, Any>(&mut store, "in")?;
        let point = StructRef::new(&mut store, &pre, &[Val::I32(1), Val::null_any_ref()])?;
        let point = point.to_anyref();
        let external = out.call(&mut store, Some(point))?.context("null")?;
        assert!(external.data(&store)?.is_none(), "it is no value of the host");
        let own = ExternRef::convert_any(&mut store, point)?;
        assert!(Rooted::ref_eq(&store, &external, &own)?);
        store.gc(None)?;
        for external in [external, own] {
            let back = r#in.call(&mut store, Some(external))?.context("null")?;
            assert!(Rooted::ref_eq(&store, &back, &point)?);
            let back = AnyRef::convert_extern(&mut store, external)?;
            assert!(Rooted::ref_eq(&store, &back, &point)?);
        }
        let word = ExternRef::new(&mut store, "word")?;
        let any = AnyRef::convert_extern(&mut store, word)?;
        assert!(any.ty(&store)? == HeapType::Any && !any.is_eqref(&store)?);
        let back = ExternRef::convert_any(&mut store, any)?;
        assert!(Rooted::ref_eq(&store, &back, &word)? && back.data(&store)?.is_some());
        Ok(())
    });
}

#[test]
fn types_match_by_what_they_are_declared_to_be() -> Result<()> {
    let (_, engine) = crate::all_engines().remove(0);
    let open = Finality::NonFinal;
    let below = |above: Option<&StructType>, fields: &[FieldType]| {
        StructType::with_finality_and_supertype(&engine, open, above, fields.iter().cloned())
    };
    let base = below(None, &[fixed(ValType::EQREF), field(ValType::I32)])?;
    let sub =
        below(Some(&base), &[fixed(ValType::I31REF), field(ValType::I32), field(ValType::F32)])?;
    assert!(sub.matches(&base) && !base.matches(&sub) && sub.supertype() == Some(base.clone()));
    assert!(HeapType::from(sub.clone()).matches(&HeapType::from(base.clone())));
    assert!(HeapType::None.matches(&HeapType::from(sub.clone())));
    assert!(HeapType::from(sub.clone()).matches(&HeapType::Eq) && sub.field(3).is_none());
    // Equal types are the same, of any engine; a type that is closed is another one.
    let other = Engine::default();
    let again = [fixed(ValType::EQREF), field(ValType::I32)];
    let again = StructType::with_finality_and_supertype(&other, open, None, again)?;
    let closed = StructType::new(&engine, [fixed(ValType::EQREF), field(ValType::I32)])?;
    assert!(again == base && closed != base && !closed.matches(&base));
    for wrong in [
        below(Some(&base), &[fixed(ValType::EQREF)]),
        below(Some(&base), &[fixed(ValType::ANYREF), field(ValType::I32)]),
        below(Some(&base), &[fixed(ValType::EQREF), fixed(ValType::I32)]),
        below(Some(&base), &[field(ValType::I31REF), field(ValType::I32)]),
        below(Some(&closed), &[fixed(ValType::EQREF), field(ValType::I32)]),
        below(None, &vec![field(ValType::I32); 10_001]),
    ] {
        assert_misuse(wrong, "");
    }
    assert!(below(None, &vec![field(ValType::I32); 10_000]).is_ok());
    // A chain of supertypes is as long as in a module.
    let mut chain = below(None, &[])?;
    for _ in 0..63 {
        chain = below(Some(&chain), &[])?;
    }
    assert_misuse(below(Some(&chain), &[]), "more than 63 supertypes");

    let arrays = |above: Option<&ArrayType>, element: FieldType| {
        ArrayType::with_finality_and_supertype(&engine, open, above, element)
    };
    let wide = arrays(None, fixed(RefType::from_struct(&base)))?;
    let narrow = arrays(Some(&wide), fixed(RefType::from_struct(&sub)))?;
    assert!(narrow.matches(&wide) && !wide.matches(&narrow));
    assert_misuse(arrays(Some(&wide), field(RefType::from_struct(&base))), "does not match");
    let unary = |above: Option<&FuncType>, param| {
        FuncType::with_finality_and_supertype(&engine, open, above, [param], [])
    };
    let takes_sub = unary(None, ValType::I31REF)?;
    let takes_base = unary(Some(&takes_sub), ValType::EQREF)?;
    assert!(takes_base.matches(&takes_sub) && !takes_sub.matches(&takes_base));
    assert_misuse(unary(Some(&takes_base), ValType::I31REF), "does not match");
    Ok(())
}

/// References to structures of a type, for tests.
trait FromStruct {
    fn from_struct(ty: &StructType) -> RefType;
}

impl FromStruct for RefType {
    fn from_struct(ty: &StructType) -> RefType {
        RefType::new(true, ty.clone().into())
    }
}
