//! Limits on the host's work and memory for one guest's calls: [`WasiLimits`], and the limits that
//! are fixed.
//!
//! The embedder's numbers → checks in the calls. Each limit is tested on both sides
//! (`tests/wasi/limits.rs`), and listed with its default in `docs/semantics.md`.

/// Limits of one guest's WASI that the embedder chooses.
///
/// ```
/// use prova_wasi::{WasiCtxBuilder, WasiLimits};
///
/// let limits = WasiLimits { max_resources: 16, ..WasiLimits::default() };
/// let ctx = WasiCtxBuilder::new().limits(limits).build();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WasiLimits {
    /// Most bytes that one call copies between guest and host, or has the host keep meanwhile:
    /// vectors of reads and writes with their content, paths and the links they lead through,
    /// subscriptions with their events. A read or write moves as much as it may and tells so; what
    /// cannot be cut short fails with `ENOMEM`. Default 128 MiB.
    pub hostcall_fuel: u64,
    /// Most bytes of one `random_get`; more traps. Default 64 MiB.
    pub max_random_size: u64,
    /// Most descriptors open at a time, those granted counted with the others; opening one more
    /// fails with `EMFILE`. Default 4,096.
    pub max_resources: usize,
    /// Most bytes of all arguments together, and of all environment variables together, each with
    /// its NUL; where there are more, the calls that give them fail with `E2BIG`. Default 2 MiB.
    pub max_args_size: u64,
    /// Most bytes of directory listings that are kept for `fd_readdir`, all directories together;
    /// a larger one fails with `ENOMEM`. Default 64 MiB.
    pub max_listing_size: usize,
}

impl Default for WasiLimits {
    fn default() -> Self {
        WasiLimits {
            hostcall_fuel: 128 << 20,
            max_random_size: 64 << 20,
            max_resources: 4096,
            max_args_size: 2 << 20,
            max_listing_size: 64 << 20,
        }
    }
}

/// Most vectors that one read or write may pass (`IOV_MAX` of the usual C libraries); more is
/// `EINVAL`.
pub const IOVECS_MAX: u32 = 1024;
/// Longest path in bytes, with its NUL what Linux takes; a longer one is `ENAMETOOLONG`.
pub const PATH_BYTES_MAX: u32 = 4095;
/// Most symbolic links that a path leads through; one more is `ELOOP`.
pub const LINKS_MAX: u32 = 40;
/// Most directories that a path with links is in at a time, one below the other; one more is
/// `ENAMETOOLONG`. (Hosts without `openat2` walk every path of several components this way.)
pub const WALK_DEPTH_MAX: usize = 256;
/// Most subscriptions of one `poll_oneoff`; more is `EINVAL`.
pub const SUBSCRIPTIONS_MAX: u32 = 4096;
