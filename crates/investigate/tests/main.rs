//! The tests of this crate as one program, which links once: a file is a module.

mod explain;
mod isolate;
mod live;
mod outputs;
mod symbols;
