//! The tests of this crate as one program, which links once: a file is a module.

#[allow(dead_code, reason = "each crate uses a part")]
#[path = "../../ssa/tests/edit.rs"]
mod edit;
mod emit;
mod emitted;
mod emitted_module;
mod emitted_orders;
mod emitted_shapes;
mod emitted_states;
mod emitted_ways;
mod reducify;
mod tight;
mod turned;
mod twins;
