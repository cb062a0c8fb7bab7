//! The tests of this crate as one program, which links once: a file is a module.

mod api;
mod common;
mod compiler;
mod dispatches;
mod exceptions;
mod hooks;
mod instances;
mod limits;
mod names;
mod native_stack;
mod pooling;
mod profile;
mod references;
mod resumable;
mod stops;
mod wasi;
