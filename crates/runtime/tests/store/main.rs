//! The store from outside, without bytecode: instantiation, linking, host calls, limits.
//!
//! Every function that runs here is one of the host; what Wasm code does is tested where executors
//! are.

mod calls;
mod exceptions;
mod images;
mod instantiate;
mod limits;
mod link;

use prova_module::{Features, FuncIdx, Module};
use prova_runtime::{
    Attach, AttachError, Attached, Extern, FuncAddr, HostFunc, InstanceAddr, InstantiateError,
    Store, StoreConfig, TrapKind,
};
use std::sync::Arc;

/// An attacher without bytecode.
struct NoCode;

impl Attach for NoCode {
    fn attach(&self, _: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        Err(format!("no bytecode for {func}").into())
    }
}

fn module(text: &str) -> Module {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let limits = prova_module::Limits::default();
    Module::decode(wasm, &Features::default(), &limits).unwrap_or_else(|error| panic!("{error}"))
}

/// A store with a small stack.
fn store() -> Store {
    Store::new(StoreConfig { stack_bytes: 1 << 12, ..StoreConfig::default() })
}

fn instantiate(
    store: &mut Store,
    text: &str,
    imports: &[Extern],
) -> Result<InstanceAddr, InstantiateError> {
    store.instantiate(&mut (), &module(text), imports, Arc::new(NoCode))
}

/// The instance of a module that must have one.
fn instance(store: &mut Store, text: &str, imports: &[Extern]) -> InstanceAddr {
    instantiate(store, text, imports).unwrap_or_else(|error| panic!("{error}"))
}

fn export(store: &Store, instance: InstanceAddr, name: &str) -> Extern {
    store.instance(instance).export(name).unwrap_or_else(|| panic!("no export {name}"))
}

/// Calls a function without parameters and results.
fn call(store: &mut Store, func: FuncAddr) -> Result<(), TrapKind> {
    store.call(&mut (), func, &[], &mut []).map_err(|trap| trap.kind)
}

fn host(
    body: impl Fn(&mut Store, &mut dyn std::any::Any, &mut [u64]) -> prova_runtime::HostOutcome
    + Send
    + Sync
    + 'static,
) -> HostFunc {
    Arc::new(body)
}
