//! Modules whose imports are not all there.

use wasmtime::*;

pub fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (import "a" "f" (func $f (param i32) (result i64 f32)))
            (import "a" "memory" (memory 2))
            (import "a" "table" (table 3 funcref))
            (import "a" "global" (global $g i32))
            (func (export "run") (result i64)
                (call $f (i32.const 1)) drop
                (i64.add (i64.extend_i32_u (global.get $g)))
                (i64.add (i64.extend_i32_u (memory.size)))
                (i64.add (i64.extend_i32_u (table.size)))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    println!("nothing is there: {}", linker.instantiate(&mut store, &module).is_ok());
    linker.define_unknown_imports_as_default_values(&mut store, &module)?;
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<(), i64>(&mut store, "run")?;
    println!("by default: {}", run.call(&mut store, ())?);
    let mut items: Vec<_> = linker.iter(&mut store).collect();
    items.sort_by_key(|(module, name, _)| (*module, *name));
    for (module, name, item) in items {
        let kind = match item {
            Extern::Func(_) => "function",
            Extern::Global(_) => "global",
            Extern::Table(_) => "table",
            Extern::Memory(_) => "memory",
            _ => "something else",
        };
        println!("{module}::{name}: {kind}");
    }
    Ok(())
}
