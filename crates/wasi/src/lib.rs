//! WASI preview 1 for any engine: guest memory and 64-bit argument cells → error codes, and effects
//! on what the embedder granted.
//!
//! The embedder implements [`Guest`] for its instance, builds a [`WasiCtx`] with
//! [`WasiCtxBuilder`], and registers the 46 rows of [`FUNCTIONS`] as host functions of module
//! [`MODULE`]. The crate knows no engine and no other crate of Prova.
//!
//! ```text
//! FuncDef::call(WasiCtx, Guest, cells) ─► table ─► process │ clock │ random │ poll │ fs_{io,fd,dir,open,path}
//!                                                                             └──► fd_table ─► sys ─► host
//! ```
//!
//! Invariants:
//! 1. Nothing is granted that the builder was not told to grant: no directory, variable, argument
//!    or stream.
//! 2. Directory access goes through `fs_path` and `fs_open`, which resolve every name below its
//!    directory handle (cap-std for all components but the last, a no-follow system call or cap-std
//!    for the last).
//! 3. No argument makes a call panic, allocate without bound, or touch memory outside the guest's.
//! 4. A call charges one unit for each byte moved and each entry handled.
//!
//! Limits: [`limits`]. Worst case of a call: linear in the bytes it moves, or waiting, which ends
//! at the guest's deadline for streams of the host, but not inside a `Box<dyn Read>` or `Box<dyn
//! Write>` of the embedder. The tests in `tests/wasi/` would notice a fault; they do not compare
//! with other engines.

mod builder;
mod clock;
mod ctx;
mod fd_table;
mod fs_dir;
mod fs_fd;
mod fs_io;
mod fs_open;
mod fs_path;
mod guest;
mod poll;
mod process;
mod random;
mod sys;
mod table;
mod types;

pub use builder::{Captured, Perms, WasiCtxBuilder};
pub use clock::Clocks;
pub use ctx::WasiCtx;
pub use guest::{Exit, Guest};
pub use random::Randomness;
pub use table::{FUNCTIONS, FuncDef, MODULE, ValKind, function};
pub use types::Errno;

/// The named limits of the crate.
pub mod limits {
    /// Most vectors that one read or write may pass; more is `EINVAL`.
    pub const IOVECS_MAX: u32 = crate::guest::IOVECS_MAX;
    /// Longest path in bytes; a longer one is `ENAMETOOLONG`.
    pub const PATH_BYTES_MAX: u32 = crate::fs_path::PATH_BYTES_MAX;
    /// Most descriptors open at a time; one more is `EMFILE`.
    pub const FDS_MAX: usize = crate::fd_table::FDS_MAX;
    /// Most bytes of directory listings held for the guest at a time; more is `ENOMEM`.
    pub const LISTING_BYTES_MAX: usize = crate::fd_table::LISTING_BYTES_MAX;
    /// Most subscriptions of one `poll_oneoff`; more is `EINVAL`.
    pub const SUBSCRIPTIONS_MAX: u32 = crate::poll::SUBSCRIPTIONS_MAX;
}
