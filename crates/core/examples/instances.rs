//! The cost of a fresh instance: `instances MODULE.wasm [ROUNDS [WHAT]]`.
//!
//! Functions that the module imports are ones of the host that trap, and each instance gets a new
//! memory where it imports one. For each way of making instances, medians and least of all rounds,
//! in microseconds (of one way with WHAT), of a new store with an instance and of dropping both:
//!
//! * `store`: a store without an instance;
//! * `written`: data segments written, one prototype of the module (`memory_images(false)`);
//! * `mapped`: data segments mapped where that is possible;
//! * `touched`: the same, and a byte of each 4,096 of the segments' memory read and written.

use prova_core::{
    AsContextMut, Config, Engine, Extern, ExternType, InstancePre, Linker, Memory, Module, Result,
    Store,
};
use std::time::Instant;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_default();
    let rounds = args.next().and_then(|text| text.parse().ok()).unwrap_or(1000);
    for images in [false, true] {
        let mut config = Config::new();
        config.memory_images(images);
        let engine = Engine::new(&config)?;
        let pre = prepare(&engine, &path)?;
        if !images {
            report("store", rounds, || drop(Store::new(&engine, ())));
        }
        report(if images { "mapped" } else { "written" }, rounds, || {
            let mut store = Store::new(&engine, ());
            instance(&mut store, &pre).expect("an instance");
        });
        if images {
            report("touched", rounds, || {
                let mut store = Store::new(&engine, ());
                let memory = instance(&mut store, &pre).expect("an instance");
                if let Some(memory) = memory {
                    let bytes = memory.data_mut(&mut store);
                    bytes.iter_mut().step_by(4096).for_each(|byte| *byte = byte.wrapping_add(1));
                }
            });
        }
    }
    Ok(())
}

/// The module with its imports found.
fn prepare(engine: &Engine, path: &str) -> Result<InstancePre<()>> {
    let module = Module::from_file(engine, path)?;
    let mut linker: Linker<()> = Linker::new(engine);
    for import in module.imports() {
        if let ExternType::Memory(_) = import.ty() {
            linker.define_open(import.module(), import.name())?;
        }
    }
    linker.define_unknown_imports_as_traps(&module)?;
    linker.instantiate_pre(&module)
}

/// Makes an instance; gives its memory.
fn instance(store: &mut Store<()>, pre: &InstancePre<()>) -> Result<Option<Memory>> {
    let mut open: Vec<Extern> = Vec::new();
    for ty in pre.open_types() {
        if let ExternType::Memory(ty) = ty {
            open.push(Memory::new(store.as_context_mut(), ty)?.into());
        }
    }
    let instance = pre.instantiate_with(&mut *store, &open)?;
    let own = instance.get_memory(&mut *store, "memory");
    Ok(open.first().cloned().and_then(Extern::into_memory).or(own))
}

/// Median and least, in microseconds.
fn report(what: &str, rounds: usize, mut run: impl FnMut()) {
    if std::env::args().nth(3).is_some_and(|only| only != what) {
        return;
    }
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let least = times.first().copied().unwrap_or_default();
    let median = times.get(rounds / 2).copied().unwrap_or_default();
    println!("{what:10} median {median:8.2}   least {least:8.2}");
}
