//! The tests of this crate as one program, which links once: a file is a module.

#[path = "../../ssa/tests/edit.rs"]
mod edit;
mod emit;
mod emitted;
mod emitted_module;
mod emitted_orders;
mod emitted_shapes;
mod emitted_states;
mod emitted_ways;
#[path = "../../ssa/tests/files/mod.rs"]
mod files;
mod reducify;
mod turn;
mod twins;
