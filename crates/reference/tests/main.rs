//! The tests of this crate as one program, which links once: a file is a module.

mod calls;
mod control;
mod memory;
mod metering;
mod spec;
mod state;
mod support;
