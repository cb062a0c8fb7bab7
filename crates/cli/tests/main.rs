//! The tests of this crate as one program, which links once: a file is a module.

mod book;
mod cli;
mod code;
mod commands;
mod common;
mod compare;
mod docs;
mod hints;
mod inspect;
mod lockstep;
mod opt;
mod pages;
mod passes;
mod plants;
mod profile;
mod readme;
mod repro;
mod signals;
mod specialize;
mod subjects;
mod substrate;
mod trace;
mod traced_ends;
mod verify;
mod wasi;
mod xref;
