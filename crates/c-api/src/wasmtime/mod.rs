//! The functions of `prova.h`, which have the names of `wasmtime.h`: handles are plain data.

mod config;
mod deadline;
pub(crate) mod error;
mod exnref;
mod externref;
mod func;
mod future;
mod global;
mod handle;
mod instance;
mod linker;
mod memory;
mod module;
mod pool;
mod profile;
mod sharedmemory;
mod store;
mod table;
mod tag;
mod text;
mod trap;
mod val;
mod wasi;
