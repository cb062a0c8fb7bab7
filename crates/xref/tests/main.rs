//! The tests of this crate as one program, which links once: a file is a module.

mod uses;
mod variables;
