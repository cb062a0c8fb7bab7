//! Checked bytecode and modules → running instances: the store, its objects, traps, and the
//! executors.
//!
//! ```text
//! Module + imports ─ Store::instantiate ─► InstanceAddr ─ Store::call ─► results | Trap
//!                                                             │
//!                                  Attach ─ CheckedBytecode ──┘   (function by function, at its first call)
//! ```
//!
//! Everything here is untyped: values are [`Cell`]s, host data is `dyn Any`. The embedding API
//! wraps it.
//!
//! This is the one crate with `unsafe`. Each block cites an invariant: `V` of `vm`, `S` of `sys`,
//! `F` of `fixed`, `SM` of `shared`, `Q` of `store::spare`. Operating-system code is under `sys`
//! alone. This crate knows neither WASI, nor the command line, nor a translator.

mod attach;
mod collect;
mod exception;
mod exec;
mod fixed;
mod func;
mod global;
mod heap;
mod host;
mod image;
mod instance;
mod instantiate;
mod lease;
mod limits;
mod link;
mod link_text;
mod memory;
mod native;
mod ops;
mod prototype;
mod roots;
mod shared;
mod store;
mod sys;
mod table;
mod trap;
mod value;
mod vm;

pub use attach::{Attach, AttachError, Attached, Place, Ready};
pub use collect::MARK_CHUNK;
pub use exception::WEIGHT_MAX as EXCEPTION_CELLS_MAX;
#[cfg(prova_plant)]
pub use exec::plant;
pub use exec::{CallOutcome, DispatchCounts, Heat, SuspendedBy, Suspension};
pub use func::FuncKind;
pub use host::{Dispatch, Exception, Executor, ExecutorKind, HostFunc, HostOutcome, UnknownName};
pub use instance::Instance;
pub use instantiate::{CreateError, InstantiateError, Part};
pub use limits::{Limits, STACK_BYTES_MAX, STACK_BYTES_MIN};
pub use link::{LinkError, LinkReason};
pub use memory::Memory;
pub use native::{
    LoadError, MissingWay, NativeCode, NativeModule, NoTrap, PerfNames, Thunks, processor_has,
};
pub use ops::{AnyKind, CHUNK_BYTES, Elements, INTERNAL, Refused};
pub use prototype::Prototype;
pub use prova_bytecode::{CheckedBytecode, Metering, Settings};
pub use roots::Root;
pub use shared::{SharedMemory, WaitResult};
pub use store::{
    EPOCH_OVER, EpochAnswer, EpochHook, Growing, Growth, GrowthFailedHook, GrowthFailure,
    GrowthHook, Permission, SEARCH_CHUNK, Search, Spare, SpareLimits, Store, StoreConfig,
};
#[cfg(all(unix, not(miri)))]
pub use sys::inherited_listener;
pub use table::Table;
pub use trap::{MemoryFault, TraceFrame, Trap, TrapKind};
pub use value::{
    Extern, FuncAddr, GlobalAddr, InstanceAddr, MemoryAddr, NULL_REF, TableAddr, TagAddr, func_ref,
};
pub use vm::Cell;
