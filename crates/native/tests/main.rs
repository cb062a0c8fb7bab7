//! The tests of this crate as one program, which links once: a file is a module.

mod artifact;
mod attach;
mod common;
mod equal_retries;
mod equal_share;
mod equal_vectors;
mod exceptions;
mod few_bytes;
mod forged;
mod handed;
mod inside;
mod limits;
mod masked;
mod mixed;
mod moves;
mod numeric;
mod objects;
mod pcc;
mod proved;
mod run;
mod shared;
