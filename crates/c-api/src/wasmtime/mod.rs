//! The functions of `prova.h`, which have the names of `wasmtime.h`: handles are plain data.

mod config;
mod error;
mod externref;
mod func;
mod global;
mod handle;
mod instance;
mod linker;
mod memory;
mod module;
mod store;
mod table;
mod text;
mod trap;
mod val;
mod wasi;
