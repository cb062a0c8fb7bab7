//! WASI preview 1 for any engine: guest memory and 64-bit argument cells → error codes, and effects
//! on what the embedder granted.
//!
//! The embedder implements [`Guest`] for its instance, builds a [`WasiCtx`] with
//! [`WasiCtxBuilder`], and registers the 46 rows of [`FUNCTIONS`] as host functions of module
//! [`MODULE`]. The crate knows no engine and no other crate of Prova.
//!
//! ```text
//! FuncDef::call(WasiCtx, Guest, cells) ─► table ─► Call
//!     ─► process │ clock │ random │ poll │ sock │ fs_{io,fd,dir,open,path} (─► fs_walk)
//!             └──► fd_table ─► sys ─► host
//! ```
//!
//! Invariants:
//! 1. Nothing is granted except through the builder: no directory, variable, argument,
//!    stream or listener.
//! 2. Directory access goes through `fs_walk`, which resolves every path below its directory handle
//!    (by the host's own rule where it has one, otherwise component by component); calls then act
//!    on one name of one directory, without following a link there.
//!    `fs_guard` refuses places that the embedder keeps out of every grant.
//! 3. No argument makes a call panic, allocate without bound, or touch memory outside the guest's.
//! 4. A call charges for its work (`price`), before it or in pieces.
//! 5. A call asks whether the guest may go on when it begins and between pieces of its work, and
//!    waits no longer than the guest's patience without asking.
//! 6. Any number of threads of a guest call at a time, each with a [`Guest`] and a clone of the
//!    context. What a call reads of the guest's memory it reads once.
//! 7. Each call asks for the rights that `wasi_snapshot_preview1.witx` names.
//!
//! Limits: [`WasiLimits`], [`limits`]. Worst case of a call: linear in what it charges, or waiting,
//! which ends when the guest is interrupted for streams of the host, but not inside a `Box<dyn
//! Read>` or `Box<dyn Write>` of the embedder, nor inside one system call that the host does not
//! finish (`fsync`, a file system over a network). The tests in `tests/wasi/` would notice a fault;
//! those in `crates/core/tests/torture` compare with another engine.

mod builder;
mod call;
mod clock;
mod ctx;
mod fd_table;
mod fs_dir;
mod fs_fd;
mod fs_guard;
mod fs_io;
mod fs_open;
mod fs_path;
mod fs_walk;
mod grant;
mod guest;
pub mod limits;
mod poll;
mod price;
mod process;
mod random;
mod sock;
mod sys;
mod table;
mod types;

pub use builder::{Captured, FsPerms, Perms, WasiCtxBuilder};
pub use clock::Clocks;
pub use ctx::WasiCtx;
pub use fs_guard::{FileId, Guard, Guarded};
pub use grant::{GRANT_FORM, Grant, GrantError, guest_name};
pub use guest::{Exit, Guest, GuestMemory, SharedBytes};
pub use limits::WasiLimits;
pub use random::Randomness;
pub use table::{FUNCTIONS, FuncDef, MODULE, ValKind, function};
pub use types::Errno;
