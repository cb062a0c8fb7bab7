//! The state of a store at a trap: looked at, and as a file for other tools.

use wasmtime::*;

pub fn main() -> Result<()> {
    let mut config = Config::new();
    config.coredump_on_trap(true);
    let engine = Engine::new(&config)?;
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        store.engine(),
        r#"(module $failing
            (memory 3)
            (global $step (mut i32) (i32.const 0))
            (func $run (export "run") (call $first))
            (func $first
                (i64.store (i32.const 0x321) (i64.const 99))
                (call $second))
            (func $second
                (global.set $step (i32.const 2))
                unreachable))"#,
    )?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_func(&mut store, "run").expect("it is exported");
    let error = run.call(&mut store, &[], &mut []).unwrap_err();
    println!("a trap: {}", error.is::<Trap>());
    let dump = error.downcast_ref::<WasmCoreDump>().expect("it was asked for");
    for frame in dump.frames() {
        println!("  in function {} ({})", frame.func_index(), frame.func_name().unwrap_or("?"));
    }
    println!("{} modules, {} instances", dump.modules().len(), dump.instances().len());
    for memory in dump.memories() {
        let data = memory.data(&store);
        let first = data.iter().position(|byte| *byte != 0).expect("something was stored");
        println!("memory of {} pages: {} at {first:#x}", memory.size(&store), data[first]);
    }
    let globals: Vec<Global> = dump.globals().to_vec();
    for global in globals {
        println!("global: {:?}", global.get(&mut store));
    }
    let file = dump.serialize(&mut store, "failing.wasm");
    println!("a file: {}", file.starts_with(b"\0asm"));
    for name in ["core", "coremodules", "coreinstances", "corestack"] {
        let found = file.windows(name.len()).any(|bytes| bytes == name.as_bytes());
        println!("  with {name}: {found}");
    }
    Ok(())
}
