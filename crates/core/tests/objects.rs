//! Structures, arrays and small integers in the hands of the host, in every tier: what it makes,
//! reads and keeps, next to what is refused.
//!
//! A green run does not show what code does with objects (`tests/run`), nor that programs written
//! for other engines compile (`tests/api`).

use crate::common::{each_tier, module, trap_of};
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
      (i32.add (struct.get $point $x (local.get $a))
        (struct.get $point $x (ref.as_non_null (struct.get $point $next (local.get $a))))))
    (func (export "byte") (param (ref $bytes) i32) (result i32)
      (array.get_u $bytes (local.get 0) (local.get 1)))
    (func (export "same") (param anyref) (result anyref) (local.get 0))
    (func (export "out") (param anyref) (result externref) (extern.convert_any (local.get 0)))
    (global (export "held") (mut (ref null $point)) (ref.null $point))
    (table (export "table") 2 (ref null $point)))"#;

/// The type of points as the module has it.
fn point_type(module: &Module) -> Result<StructType> {
    let ExternType::Func(new) = module.get_export("new").context("none")? else { bail!("none") };
    let ValType::Ref(ty) = new.result(0).context("none")? else { bail!("none") };
    Ok(ty.heap_type().unwrap_concrete_struct().clone())
}

struct Points {
    pre: Option<StructRefPre>,
}

fn points(engine: &Engine) -> Result<(Store<Points>, Instance, StructRefPre)> {
    let module = module(engine, POINTS)?;
    let mut linker = Linker::<Points>::new(engine);
    let made = |mut caller: Caller<'_, Points>, args: &[Val], results: &mut [Val]| {
        let pre = caller.data().pre.clone().context("none")?;
        let next = StructRef::new(&mut caller, &pre, &[args[0], Val::null_any_ref()])?;
        results[0] = next.into();
        Ok(())
    };
    let ExternType::Func(ty) = module.imports().next().context("none")?.ty() else { bail!("none") };
    linker.func_new("host", "make", ty, made)?;
    let mut store = Store::new(engine, Points { pre: None });
    let instance = linker.instantiate(&mut store, &module)?;
    let pre = StructRefPre::new(&mut store, point_type(&module)?);
    store.data_mut().pre = Some(pre.clone());
    Ok((store, instance, pre))
}

#[test]
fn a_structure_of_the_host_goes_through_code_and_back() {
    each_tier(
        |_| {},
        |engine| {
            let (mut store, instance, pre) = points(engine)?;
            let point = StructRef::new(&mut store, &pre, &[Val::I32(7), Val::null_any_ref()])?;
            let x = instance.get_typed_func::<Rooted<StructRef>, i32>(&mut store, "x")?;
            assert_eq!(x.call(&mut store, point)?, 7);
            point.set_field(&mut store, 0, Val::I32(8))?;
            assert_eq!(x.call(&mut store, point)?, 8);
            let new = instance.get_typed_func::<i32, Rooted<StructRef>>(&mut store, "new")?;
            let other = new.call(&mut store, 9)?;
            assert_eq!(other.field(&mut store, 0)?.unwrap_i32(), 9);
            point.set_field(&mut store, 1, other.into())?;
            let next = point.field(&mut store, 1)?;
            let next = next.unwrap_any_ref().context("null")?.unwrap_struct(&store)?;
            assert!(Rooted::ref_eq(&store, &next, &other)?);
            assert!(!Rooted::ref_eq(&store, &next, &point)?);
            let link = instance.get_typed_func::<i32, i32>(&mut store, "link")?;
            assert_eq!(link.call(&mut store, 1)?, 6);
            Ok(())
        },
    );
}
