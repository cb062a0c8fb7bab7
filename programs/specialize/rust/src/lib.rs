//! The specialiser's side of an interpreter in Rust: what it calls to be compiled to its programs
//! by `prova specialize`, and the records by which it asks for that. It is `prova_specialize.h` in
//! Rust: names of imports, layouts and meanings are those of weval 0.5.1.
//!
//! An interpreter that is to be specialised
//! 1. tells its program counter: [`push_context`] before its loop, [`update_context!`] right behind
//!    every change of it and nowhere else, on each arm by itself, [`pop_context`] behind the loop;
//! 2. reads its program through a pointer that is a parameter of an `extern "C"` function, and
//!    asks for that function ([`Request::ask`]) with the parameter as [`Arguments::memory`].
//!
//! On other targets than WebAssembly, and with the feature `plain`, nothing is imported: contexts
//! are nothing, cells are loads and stores, and nobody answers a request.
//!
//! Programs are read through raw pointers where each read shall be one load: what a slice checks is
//! folded as well, if its length is known in the request.

#![no_std]

#[cfg(all(target_arch = "wasm32", not(feature = "plain")))]
mod imported;
#[cfg(all(target_arch = "wasm32", not(feature = "plain")))]
pub use imported::*;

#[cfg(not(all(target_arch = "wasm32", not(feature = "plain"))))]
mod plain;
#[cfg(not(all(target_arch = "wasm32", not(feature = "plain"))))]
pub use plain::*;

mod request;
pub use request::{Arguments, Compiled, Request, is_specialized};
