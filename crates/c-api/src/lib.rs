//! C programs → the embedding API: the functions of `wasm.h`, `prova.h` and `wasi.h`.
//!
//! ```text
//! C ─ wasm_*     ─ wasm/      ─ Reference: a handle that keeps its store ─┐
//!   │                                                                     ├─ StoreCell ─► prova::Store
//!   └ wasmtime_* ─ wasmtime/  ─ Handle: plain data, a number in its store ┘
//! ```
//!
//! Names, types and ownership are those of the headers in `include`. Everything that runs code or
//! touches a store goes through `StoreCell::with`, which lends the store to one user at a time and
//! catches panics.
//!
//! # Invariants (cited by number in every `SAFETY` comment of this crate)
//! * C1. A pointer that a program passes is null, or points to a live value of its type for the
//!   whole call; behind `own` it comes from this library and is given up. Handles are immutable,
//!   so a shared reference is all that a function takes of one.
//! * C2. An out parameter is null, or points to memory for a value of its type that nobody else
//!   uses during the call, and that may be uninitialised.
//! * C3. A vector has `size` elements at `data`; of one that this library owns, they are a boxed
//!   slice of its allocator, and all elements are initialised.
//! * C4. A store is used by one thread at a time (any, one after the other), as the headers say.
//!   `StoreCell` hands out one reference to it at a time: to the store itself
//!   while no code of it runs, and the one of the innermost host function while one runs.
//! * C5. A function pointer and its environment, given for a host function, a finalizer or a
//!   stream, may be called until the finalizer was, on each thread that uses the store.
//! * C6. Nothing unwinds into C: where Rust code may panic it is caught and becomes an error of the
//!   call, or, where a function can report none, ends the process. `extern "C"` does the latter for
//!   any panic that is left. Callbacks do not unwind into Rust: they are C.
//!
//! A null pointer where the header allows none ends the process with a message that names the
//! parameter; deleting null does nothing.
//!
//! Limit: a program that breaks C1 to C5 can do anything, as in every C API. A WebAssembly module
//! cannot break them.

#![allow(non_camel_case_types, reason = "the names are those of the C headers")]

mod callback;
mod engine;
mod pointer;
mod store;
mod vector;
mod waiting;
mod wasm;
mod wasmtime;
