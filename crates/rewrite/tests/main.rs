//! The tests of this crate as one program: a file is a module.

mod cases;
mod edits;
mod hostile;
mod offsets;
mod refused;
mod twins;
