//! The tests of this crate as one program, which links once: a file is a module.

mod diverge;
mod engine;
mod shrink;
mod trace;
mod trace_hostile;
mod watch;
