//! The host module that specification scripts import from (the README of the reference interpreter,
//! *spectest*).
//!
//! An engine that has shared memories has `shared_memory` of the threads proposal, too.

use prova_core::{
    AsContextMut, Caller, Global, GlobalType, Linker, Memory, MemoryType, Mutability, Ref, RefType,
    Result, SharedMemory, Store, StoreLimits, Table, TableType, Val, ValType,
};

const MODULE: &str = "spectest";

/// Defines `spectest` in `linker`.
pub(crate) fn define(
    linker: &mut Linker<StoreLimits>,
    store: &mut Store<StoreLimits>,
) -> Result<()> {
    linker.func_wrap(MODULE, "print", || {})?;
    linker.func_wrap(MODULE, "print_i32", |_: i32| {})?;
    linker.func_wrap(MODULE, "print_i64", |_: i64| {})?;
    linker.func_wrap(MODULE, "print_f32", |_: f32| {})?;
    linker.func_wrap(MODULE, "print_f64", |_: f64| {})?;
    linker.func_wrap(MODULE, "print_i32_f32", |_: i32, _: f32| {})?;
    linker.func_wrap(MODULE, "print_f64_f64", |_: f64, _: f64| {})?;
    for (name, ty, val) in [
        ("global_i32", ValType::I32, Val::I32(666)),
        ("global_i64", ValType::I64, Val::I64(666)),
        ("global_f32", ValType::F32, Val::F32(666.6f32.to_bits())),
        ("global_f64", ValType::F64, Val::F64(666.6f64.to_bits())),
    ] {
        let global = Global::new(&mut *store, GlobalType::new(ty, Mutability::Const), val)?;
        linker.define(&*store, MODULE, name, global)?;
    }
    for (name, ty) in [
        ("table", TableType::new(RefType::FUNCREF, 10, Some(20))),
        ("table64", TableType::new64(RefType::FUNCREF, 10, Some(20))),
    ] {
        let table = Table::new(&mut *store, ty, Ref::Func(None))?;
        linker.define(&*store, MODULE, name, table)?;
    }
    // What scripts of Wasmtime's about garbage collection import.
    let gc = |mut caller: Caller<'_, StoreLimits>| caller.as_context_mut().gc(None);
    linker.func_wrap("wasmtime", "gc", gc)?;
    let memory = Memory::new(&mut *store, MemoryType::new(1, Some(2)))?;
    linker.define(&*store, MODULE, "memory", memory)?;
    if linker.engine().has_shared_memory() {
        let shared = SharedMemory::new(linker.engine(), MemoryType::shared(1, 2))?;
        linker.define(&*store, MODULE, "shared_memory", shared)?;
    }
    Ok(())
}
