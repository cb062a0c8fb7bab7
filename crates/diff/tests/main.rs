//! The tests of this crate as one program, which links once: a file is a module.

mod binaries;
mod cases;
mod debug;
mod edits;
mod foreign;
mod hostile;
mod layout;
mod opened;
mod pairs;
mod paths;
mod screens;
mod support;
mod sweep;
mod verdicts;
