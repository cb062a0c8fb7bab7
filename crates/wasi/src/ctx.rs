//! The state of one guest's WASI: arguments, environment, descriptors, clocks, randomness.
//!
//! Built by `builder`, changed only by the calls of `table`. Threads of the guest share it: each
//! part has its lock, held while something is looked up or changed, and by no call
//! while it waits. Dropping the last handle closes everything.
//!
//! Limit: a source or sink of the embedder serves one call at a time.

use crate::clock::ClockState;
use crate::fd_table::Fds;
use crate::fs_guard::Guard;
use crate::limits::WasiLimits;
use crate::process::Strings;
use crate::random::RandomState;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

/// The WASI state of one guest. Clones are handles of the same state: of the same descriptors,
/// clocks and randomness, for the threads of the guest.
///
/// [`WasiCtx::default`] grants nothing at all; [`crate::WasiCtxBuilder`] grants more.
#[derive(Clone, Default)]
pub struct WasiCtx(pub(crate) Arc<State>);

/// The state behind the handles.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) args: Strings,
    /// Each `KEY=VALUE`.
    pub(crate) env: Strings,
    pub(crate) fds: Fds,
    pub(crate) clock: ClockState,
    pub(crate) random: RandomState,
    pub(crate) limits: WasiLimits,
    pub(crate) guarded: Option<Arc<dyn Guard>>,
    /// Bytes held by directory listings.
    pub(crate) listing_bytes: Arc<AtomicUsize>,
    /// Held between the question whether a stream of the host is ready and its use.
    pub(crate) turns: Mutex<()>,
}

impl std::fmt::Debug for WasiCtx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WasiCtx").field("args", &self.0.args.count()).finish_non_exhaustive()
    }
}
