//! The tests of this crate as one program, which links once: a file is a module.

mod common;
mod digest;
mod facts;
mod limits;
mod module;
mod objects;
mod ops;
mod oracle;
mod reject;
mod roots;
mod two_passes;
mod types;
mod walk;
