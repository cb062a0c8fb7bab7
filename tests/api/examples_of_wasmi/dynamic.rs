//! Functions whose types are known at run time only.

use crate::differs;
use wasmi::{Caller, Engine, Error, Func, Linker, Module, Store, Val, ValType};

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = differs::func_type(&engine, &[ValType::I32, ValType::F64], &[ValType::F64, ValType::I64]);
    let func = Func::new(&mut store, ty.clone(), |_: Caller<'_, ()>, args: &[Val], out: &mut [Val]| {
        println!("{} arguments, {} results", args.len(), out.len());
        let number = args[0].i32().ok_or_else(|| differs::message("no i32"))?;
        out[1] = Val::I64(i64::from(number) << 32);
        out[0] = Val::from(1.5f64 * f64::from(number));
        Ok(())
    });
    let mut linker = Linker::new(&engine);
    linker.func_new("host", "twice", ty, |_, args, out| {
        out[0] = Val::from(0f64);
        out[1] = Val::I64(2 * i64::from(args[0].i32().unwrap_or(0)));
        Ok(())
    })?;
    differs::define(&mut linker, &store, ("host", "func"), func)?;
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "func" (func $func (param i32 f64) (result f64 i64)))
            (import "host" "twice" (func $twice (param i32 f64) (result f64 i64)))
            (func (export "swap") (param i32) (result i64 f64)
                (local f64 i64)
                (call $func (local.get 0) (f64.const 0))
                (local.set 2) (local.set 1) (local.get 2) (local.get 1))
            (func (export "twice") (result i64) (local i64)
                (call $twice (i32.const 21) (f64.const 0))
                (local.set 0) (drop) (local.get 0)))"#,
    )?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let swap = instance.get_func(&store, "swap").expect("it is exported");
    let ty = swap.ty(&store);
    println!("{} parameters, {} results", ty.params().len(), ty.results().len());
    let mut out = [Val::I32(0), Val::I32(0)];
    swap.call(&mut store, &[Val::I32(3)], &mut out)?;
    println!("{:?} {:?}", out[0].i64(), differs::float(&out[1]));
    println!("too few results: {}", swap.call(&mut store, &[Val::I32(3)], &mut out[1..]).is_err());
    println!("wrong argument: {}", swap.call(&mut store, &[Val::I64(3)], &mut out).is_err());
    println!("typed: {}", swap.typed::<i32, (i64, f64)>(&store).is_ok());
    println!("typed otherwise: {}", swap.typed::<i32, (f64, i64)>(&store).is_ok());
    let twice = instance.get_typed_func::<(), i64>(&store, "twice")?;
    println!("twice: {}", twice.call(&mut store, ())?);
    Ok(())
}
