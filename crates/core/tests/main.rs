//! The tests of this crate as one program, which links once: a file is a module.

mod api;
mod common;
mod compiler;
mod dispatches;
mod exceptions;
mod instances;
mod limits;
mod native_stack;
mod profile;
mod references;
mod resumable;
mod stops;
mod wasi;
