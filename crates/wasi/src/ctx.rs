//! The state of one guest's WASI: arguments, environment, descriptors, clocks, randomness.
//!
//! Built by `builder`, changed only by the calls of `table`. Dropping it closes everything.

use crate::clock::ClockState;
use crate::fd_table::FdTable;
use crate::fs_guard::Guard;
use crate::limits::WasiLimits;
use crate::process::Strings;
use crate::random::RandomState;
use std::sync::Arc;

/// The WASI state of one guest.
///
/// [`WasiCtx::default`] grants nothing at all; [`crate::WasiCtxBuilder`] grants more.
#[derive(Default)]
pub struct WasiCtx {
    pub(crate) args: Strings,
    /// Each `KEY=VALUE`.
    pub(crate) env: Strings,
    pub(crate) fds: FdTable,
    pub(crate) clock: ClockState,
    pub(crate) random: RandomState,
    pub(crate) limits: WasiLimits,
    pub(crate) guarded: Option<Arc<dyn Guard>>,
}

impl std::fmt::Debug for WasiCtx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WasiCtx").field("args", &self.args.count()).finish_non_exhaustive()
    }
}
