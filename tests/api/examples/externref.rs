//! Values of the host that a guest holds, in a table, a global and as arguments, without seeing
//! into them.

use wasmtime::*;

pub fn main() -> Result<()> {
    let mut config = Config::new();
    config.wasm_reference_types(true);
    let engine = Engine::new(&config)?;
    let mut store = Store::new(&engine, ());
    let module = Module::from_file(&engine, "wat/externref.wat")?;
    let instance = Instance::new(&mut store, &module, &[])?;

    let word = match ExternRef::new(&mut store, "a word") {
        Ok(word) => word,
        Err(error) => {
            let (inner, full) = error.downcast::<GcHeapOutOfMemory<&str>>()?.take_inner();
            store.gc(Some(&full))?;
            ExternRef::new(&mut store, inner)?
        }
    };
    let content = |store: &Store<()>, reference: &Rooted<ExternRef>| -> Result<String> {
        let data = reference.data(store)?.expect("it is a value of the host");
        Ok((*data.downcast_ref::<&'static str>().expect("it is text")).to_owned())
    };
    println!("made: {}", content(&store, &word)?);

    let table = instance.get_table(&mut store, "table").expect("it is exported");
    table.set(&mut store, 1, Some(word).into())?;
    let element = table.get(&mut store, 1).expect("it is inside");
    let element = element.unwrap_extern().copied().expect("it is not null");
    println!("in the table: {}", content(&store, &element)?);
    println!("the same: {}", Rooted::ref_eq(&store, &element, &word)?);
    println!("the first is null: {}", table.get(&mut store, 0).expect("it is inside").is_null());
    println!("behind the end: {}", table.get(&mut store, 2).is_none());

    let global = instance.get_global(&mut store, "global").expect("it is exported");
    global.set(&mut store, Some(word).into())?;
    let held = global.get(&mut store);
    println!("in the global: {}", content(&store, held.unwrap_externref().expect("not null"))?);

    type Reference = Option<Rooted<ExternRef>>;
    let same = instance.get_typed_func::<Reference, Reference>(&mut store, "same")?;
    let back = same.call(&mut store, Some(word))?.expect("it was not null");
    println!("through a call: {}", Rooted::ref_eq(&store, &back, &word)?);
    println!("null stays null: {}", same.call(&mut store, None)?.is_none());
    let other = ExternRef::new(&mut store, "a word")?;
    println!("another one: {}", Rooted::ref_eq(&store, &other, &word)?);
    store.gc(None)?;
    println!("kept: {}", content(&store, &word)?);
    Ok(())
}
