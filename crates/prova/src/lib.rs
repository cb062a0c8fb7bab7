//! Prova: a WebAssembly engine that runs only code it has checked.
//!
//! Names and shapes are those that users of Wasmtime and wasmi know:
//!
//! ```
//! use prova::*;
//!
//! let engine = Engine::default();
//! let module = Module::new(&engine,
//!     r#"(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))"#,
//! )?;
//! let mut store = Store::new(&engine, ());
//! let instance = Instance::new(&mut store, &module, &[])?;
//! let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
//! assert_eq!(add.call(&mut store, (2, 3))?, 5);
//! # Ok::<(), prova::Error>(())
//! ```
//!
//! All of it except [`Engine`] and [`Store`] is `prova_core`, which knows no compiler of machine
//! code and reads no text. An engine of
//! this crate has one: where a configuration leaves the tier open, functions begin in the
//! interpreter, and those in which programs spend their time go over to machine code
//! ([`Config::tier_up`]). Who wants the interpreter alone takes `prova_core`, which has the same
//! names and compiles without Cranelift.
//!
//! # Invariants
//! 1. Code takes the same way as ever: nothing here accepts any (`prova_core::MachineCompiler` only
//!    proposes).
//! 2. What a program does is the same in both crates (`docs/semantics.md`).

mod engine;
mod store;

pub use engine::{Engine, EngineWeak};
pub use prova_core::*;
pub use prova_native::NativeCompiler;
pub use store::Store;

/// The examples of the book's page on embedding.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/embed.md")]
struct Book;
