//! The tests of this crate as one program, which links once: a file is a module.

mod blame;
mod logs;
mod passes;
mod passes_big;
mod passes_formats;
