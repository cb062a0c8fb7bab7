//! A linear memory seen from both sides: read, written, grown, and left at its end.

use wasmtime::*;

pub fn main() -> Result<()> {
    let mut store: Store<()> = Store::default();
    let module = Module::from_file(store.engine(), "wat/memory.wat")?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let memory = instance
        .get_memory(&mut store, "memory")
        .ok_or(format_err!("the module exports no memory"))?;
    let pages = instance.get_typed_func::<(), i32>(&mut store, "pages")?;
    let peek = instance.get_typed_func::<i32, i32>(&mut store, "peek")?;
    let poke = instance.get_typed_func::<(i32, i32), ()>(&mut store, "poke")?;

    println!("{} page, {} bytes", memory.size(&store), memory.data_size(&store));
    println!("the guest reads {}", peek.call(&mut store, 0x101)?);
    memory.data_mut(&mut store)[0x101] = 77;
    println!("the guest reads {}", peek.call(&mut store, 0x101)?);
    poke.call(&mut store, (0x102, 88))?;
    println!("the host reads {:?}", &memory.data(&store)[0x100..0x103]);
    memory.write(&mut store, 0xffff, &[1])?;
    println!("a write over the end: {}", memory.write(&mut store, 0xffff, &[1, 2]).is_err());
    let beyond = peek.call(&mut store, 0x1_0000).unwrap_err();
    println!("a read behind the end: {}", beyond.downcast::<Trap>()?);

    println!("grown from {} page", memory.grow(&mut store, 1)?);
    println!("the guest counts {}", pages.call(&mut store, ())?);
    println!("the guest reads {}", peek.call(&mut store, 0x1_0000)?);
    println!("grown beyond its maximum: {}", memory.grow(&mut store, 1).is_ok());

    let other = Memory::new(&mut store, MemoryType::new(3, Some(3)))?;
    println!("another one has {} pages", other.size(&store));
    Ok(())
}
