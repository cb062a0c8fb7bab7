//! Functions with several results, in both directions.

use wasmtime::*;

pub fn main() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::from_file(&engine, "wat/multi.wat")?;
    let div_rem = Func::wrap(&mut store, |a: i32, b: i64| -> (i64, i32) {
        (b / i64::from(a), (b % i64::from(a)) as i32)
    });
    let instance = Instance::new(&mut store, &module, &[div_rem.into()])?;
    let asked = instance.get_typed_func::<(i32, i64), (i64, i32)>(&mut store, "asked")?;
    let (quotient, rest) = asked.call(&mut store, (7, 100))?;
    println!("100 = 7 * {quotient} + {rest}");

    type Five = (i64, i64, i64, i64, i64);
    let turned = instance.get_typed_func::<Five, Five>(&mut store, "turned")?;
    println!("turned: {:?}", turned.call(&mut store, (1, 2, 3, 4, 5))?);

    let untyped = instance.get_func(&mut store, "turned").expect("it is exported");
    let mut results = vec![Val::I64(0); untyped.ty(&store).results().len()];
    untyped.call(&mut store, &[6, 7, 8, 9, 10].map(Val::I64), &mut results)?;
    println!("untyped: {:?}", results.iter().map(Val::unwrap_i64).collect::<Vec<_>>());
    println!("with too few: {}", untyped.call(&mut store, &[], &mut results).is_err());
    Ok(())
}
