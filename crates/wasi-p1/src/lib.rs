//! WASI preview 1 under the names of the crate `wasmtime_wasi`: in the place of it for programs
//! that go over to Prova by naming other packages in their `Cargo.toml`.
//!
//! ```toml
//! wasmtime = { package = "prova", version = "0.1" }
//! wasmtime-wasi = { package = "prova-wasi-p1", version = "0.1" }
//! ```
//!
//! Everything here is of `prova_core::wasi`, which has more. There are no components, so there is
//! nothing of preview 2 and 3.
//!
//! ```no_run
//! use prova::*;
//! use prova_wasi_p1::WasiCtx;
//!
//! let engine = Engine::default();
//! let mut linker = Linker::new(&engine);
//! prova_wasi_p1::p1::add_to_linker_sync(&mut linker, |ctx| ctx)?;
//! let mut store = Store::new(&engine, WasiCtx::builder().inherit_stdio().build_p1());
//! linker.module(&mut store, "", &Module::from_file(&engine, "program.wasm")?)?;
//! linker.get_default(&mut store, "")?.typed::<(), ()>(&store)?.call(&mut store, ())?;
//! # Ok::<(), prova::Error>(())
//! ```

pub use prova_core::wasi::{Captured, FsPerms, I32Exit, WasiCtx, WasiCtxBuilder, WasiLimits, p1};
