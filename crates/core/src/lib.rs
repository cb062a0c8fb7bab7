//! Prova: a WebAssembly engine that runs only code it has checked.
//!
//! Names and shapes are those that users of Wasmtime and wasmi know:
//!
//! ```
//! use prova_core::*;
//!
//! let engine = Engine::default();
//! let module = Module::new(&engine, wat::parse_str(
//!     r#"(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))"#,
//! )?)?;
//! let mut store = Store::new(&engine, ());
//! let instance = Instance::new(&mut store, &module, &[])?;
//! let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
//! assert_eq!(add.call(&mut store, (2, 3))?, 5);
//! # Ok::<(), prova_core::Error>(())
//! ```
//!
//! The way from bytes to running code is in `pipeline`: every function is translated to bytecode
//! and the bytecode proved equal to its WebAssembly before it runs. No setting turns that off.
//!
//! Errors are [`Error`] (of `anyhow`) with a typed root; [`ErrorKind::of`] says whose fault one is.
//!
//! A thread that loads or runs modules needs native stack: [`NATIVE_STACK_BYTES_MIN`].
//!
//! This crate knows neither Cranelift nor argument parsing.

mod artifact;
mod awaiting;
mod backtrace;
mod cache;
mod compiler;
mod config;
mod coredump;
mod engine;
mod epochs;
mod error;
mod exception;
mod externals;
mod func;
mod hooks;
mod host;
mod inherited;
mod inside;
mod instance;
mod limits;
mod linker;
mod machine;
mod memory;
mod module;
mod pipeline;
mod pooling;
mod precompiled;
mod profile;
mod reference;
mod resumable;
mod shared;
mod slices;
mod store;
mod text;
mod ticker;
mod tier;
mod trap;
mod tuning;
mod typed;
mod types;
mod value;
pub mod wasi;
pub mod wasi_threads;
mod workers;

pub use backtrace::{FrameInfo, FrameSymbol, WasmBacktrace, WasmBacktraceDetails};
pub use cache::{
    CACHE_BYTES_DEFAULT, Cache, CacheEntry, CacheFileId, CacheGuard, CacheName, CacheRefused,
    CacheRemoved, default_cache_folder,
};
pub use compiler::{CodeCandidate, CodeRefusal, CompileError, Compiler, Refusal, RefusalReason};
pub use config::{Config, Hot, Translate};
pub use coredump::WasmCoreDump;
pub use engine::{Engine, EngineWeak};
pub use error::{
    Bug, CheckError, Context, Error, ErrorKind, InvalidArtifact, InvalidModule, InvalidText,
    LinkError, Misuse, Rejection, Result, UnsupportedModule, bail, ensure, format_err,
};
pub use exception::ThrownException;
pub use externals::{Extern, Global, Table, Tag};
pub use func::{Caller, Func};
pub use hooks::{CallHook, ResourceLimiter, UpdateDeadline};
pub use host::{HostFunc, IntoFunc, WasmRet};
pub use instance::{Export, Instance};
pub use limits::{StoreLimits, StoreLimitsBuilder};
pub use linker::{InstancePre, Linker};
pub use machine::{CodeWatch, MachineCode, MachineCompiler, accepted, accepted_code};
pub use memory::{Memory, MemoryAccessError};
pub use module::{CustomSection, Explained, Module, ModuleExport, ResourcesRequired};
pub use pipeline::{Tiers, Translated};
pub use pooling::{InstanceAllocationStrategy, PoolConcurrencyLimitError, PoolingAllocationConfig};
pub use precompiled::Precompiled;
pub use profile::{Profile, ProfileRule};
pub use prova_bytecode::{Metering, Settings};
pub use prova_check::{Bases, MemoryShape};
pub use prova_demangle::{printable, printable_message};
pub use prova_equal::Ended;
pub use prova_module::{Features, Limits, Proposal};
pub use prova_runtime::{Dispatch, DispatchCounts, processor_has};
pub use reference::array::ArrayRefPre;
pub use reference::heap::GcHeapOutOfMemory;
pub use reference::rooted::RootScope;
pub use reference::structure::StructRefPre;
pub use reference::{
    AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, GcRef, I31, OwnedRooted, Ref, Rooted, RootedGcRef,
    StructRef,
};
pub use resumable::{
    ResumableCall, ResumableCallHostTrap, ResumableCallOutOfFuel, TypedResumableCall,
    TypedResumableCallHostTrap, TypedResumableCallOutOfFuel,
};
pub use shared::{SharedMemory, WaitResult};
pub use store::{AsContext, AsContextMut, HostCalls, Store, StoreContext, StoreContextMut};
pub use text::{TEXT_BYTES_MAX, TextReader, printable_text_error};
pub use ticker::EpochTicker;
pub use tier::{Tier, UnknownTier};
pub use trap::{MemoryFault, Trap};
pub use tuning::{Enabled, OptLevel, ProfilingStrategy, Strategy};
pub use typed::{TypedFunc, WasmParams, WasmResults, WasmTy};
pub use types::{
    ArrayType, ExportType, ExternType, FieldType, Finality, FuncType, GlobalType, HeapType,
    ImportType, MemoryType, MemoryTypeBuilder, Mutability, RefType, StorageType, StructType,
    TableType, ValType,
};
pub use value::{V128, Val};
pub use workers::{on_compiler_thread, on_threads};

/// The native stack that a thread should have left when it loads or runs modules, in bytes (512
/// KiB): enough for the deepest module and for calls of the host inside each other up to their
/// limit, in every tier. Host functions of the embedder need theirs on top. With less a process
/// may end by an overflow of the thread's stack, which no error can report.
///
/// Code itself takes none, however deep it calls: its stack is the store's
/// ([`Config::max_wasm_stack`]).
pub const NATIVE_STACK_BYTES_MIN: usize = 512 << 10;
