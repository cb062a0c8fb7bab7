//! The tests of this crate as one program, which links once: a file is a module.

mod generated;
mod golden;
mod limits;
mod programs;
mod random;
mod support;
