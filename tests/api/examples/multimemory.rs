//! A module with two memories, which the host tells apart by their names.

use wasmtime::*;

pub fn main() -> Result<()> {
    let mut config = Config::new();
    config.wasm_multi_memory(true);
    let engine = Engine::new(&config)?;
    let mut store = Store::new(&engine, ());
    let module = Module::from_file(store.engine(), "wat/multimemory.wat")?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let find = |store: &mut Store<()>, name: &str| {
        instance.get_memory(store, name).ok_or_else(|| format_err!("no memory `{name}`"))
    };
    let (input, output) = (find(&mut store, "input")?, find(&mut store, "output")?);
    input.data_mut(&mut store)[..5].copy_from_slice(b"tamil");
    let reverse = instance.get_typed_func::<i32, ()>(&mut store, "reverse")?;
    reverse.call(&mut store, 5)?;
    println!("{}", String::from_utf8_lossy(&output.data(&store)[..5]));
    println!("{} and {} pages", input.size(&store), output.size(&store));
    let trap = reverse.call(&mut store, 70_000).unwrap_err().downcast::<Trap>()?;
    println!("{trap}");
    output.grow(&mut store, 1)?;
    println!("{} and {} pages", input.size(&store), output.size(&store));

    config.wasm_multi_memory(false);
    let without = Engine::new(&config)?;
    let refused = Module::from_file(&without, "wat/multimemory.wat").is_err();
    println!("without the proposal: refused {refused}");
    Ok(())
}
