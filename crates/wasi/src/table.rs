//! The 46 functions of preview 1 as a table that any engine can register: name, signature, call.
//!
//! Argument cells → the call's typed arguments → error code or [`Exit`]. Rows follow
//! `wasi_snapshot_preview1.witx`. Invariants:
//! 1. Rows are sorted by name and complete; `proc_exit` alone has no result. A test compares the
//!    count and the order.
//! 2. A call never sees more or fewer cells than its signature says: any other number traps.
//! 3. Every call pays [`price::CALL`], and asks whether the guest may go on, before anything else.
//! 4. A pointer that does not lie where its type may lie (`P2`, `P4` and `P8` of a row), or beyond
//!    the memory ([`Errno::Fault`] of a call), traps: the guest gets no error code for it.

use crate::call::Call;
use crate::ctx::{State, WasiCtx};
use crate::guest::{Exit, Guest, Outcome, Stop, low};
use crate::types::Errno;
use crate::{clock, fs_dir, fs_fd, fs_io, fs_open, fs_path, poll, price, process, random, sock};

/// The module name that guests import these functions from.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// The type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValKind {
    /// 32-bit integer, in the low half of its cell.
    I32,
    /// 64-bit integer.
    I64,
}

/// One function of preview 1.
#[derive(Clone, Copy)]
pub struct FuncDef {
    /// The name that guests import.
    pub name: &'static str,
    /// Parameter types.
    pub params: &'static [ValKind],
    /// One `I32`, the error code; nothing for `proc_exit`.
    pub results: &'static [ValKind],
    /// Runs the function on argument cells (one for each parameter, 32-bit ones zero-extended) and
    /// gives the error code (0 is success; see [`Errno`]) or the reason why the guest does not go
    /// on.
    pub call: fn(&WasiCtx, &mut dyn Guest, &[u64]) -> Result<u32, Exit>,
}

impl std::fmt::Debug for FuncDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?} -> {:?}", self.name, self.params, self.results)
    }
}

/// The function of that name.
pub fn function(name: &str) -> Option<&'static FuncDef> {
    FUNCTIONS.binary_search_by(|row| row.name.cmp(name)).ok().and_then(|at| FUNCTIONS.get(at))
}

/// A parameter of a row: its type, and for a pointer to what is no byte the alignment of that.
struct Param;

impl Param {
    const I32: (ValKind, u32) = (ValKind::I32, 1);
    const I64: (ValKind, u32) = (ValKind::I64, 1);
    const P2: (ValKind, u32) = (ValKind::I32, 2);
    const P4: (ValKind, u32) = (ValKind::I32, 4);
    const P8: (ValKind, u32) = (ValKind::I32, 8);
}

/// Begins a call of a function that takes exactly `N` cells.
fn enter<const N: usize>(
    (name, aligns): (&str, [u32; N]),
    function: fn(&State, &mut Call<'_>, [u64; N]) -> Outcome,
    WasiCtx(ctx): &WasiCtx,
    guest: &mut dyn Guest,
    cells: &[u64],
) -> Result<u32, Exit> {
    let Ok(args) = <[u64; N]>::try_from(cells) else {
        return Err(Exit::Trap("wasi: wrong number of arguments".to_owned()));
    };
    let mut call = Call::new(guest, ctx.limits).with_guarded(ctx.guarded.clone());
    call.pay(price::CALL)?;
    for (pointer, align) in args.map(low).into_iter().zip(aligns) {
        if !pointer.is_multiple_of(align) {
            let reason = format!("{name}: the pointer {pointer:#x} is not aligned to {align}");
            return Err(Exit::Trap(reason));
        }
    }
    match function(ctx, &mut call, args) {
        Ok(()) => Ok(Errno::Success as u32),
        Err(Stop::Errno(Errno::Fault)) => {
            let reason = "a pointer or buffer lies beyond the guest's memory, or vectors at no \
                          multiple of 4";
            Err(Exit::Trap(format!("{name}: {reason}")))
        }
        Err(Stop::Errno(errno)) => Ok(errno as u32),
        Err(Stop::Exit(exit)) => Err(exit),
    }
}

macro_rules! functions {
    ($( $name:ident ( $($param:ident)* ) $(-> $result:ident)? = $call:expr; )*) => {
        /// Every function of preview 1, sorted by name.
        pub const FUNCTIONS: &[FuncDef] = &[ $( FuncDef {
            name: stringify!($name),
            params: &[ $(Param::$param.0),* ],
            results: &[ $(ValKind::$result)? ],
            call: |ctx, guest, cells| {
                enter((stringify!($name), [ $(Param::$param.1),* ]), $call, ctx, guest, cells)
            },
        } ),* ];
    };
}

functions! {
    args_get(P4 I32) -> I32 = process::args_get;
    args_sizes_get(P4 P4) -> I32 = process::args_sizes_get;
    clock_res_get(I32 P8) -> I32 = clock::clock_res_get;
    clock_time_get(I32 I64 P8) -> I32 = clock::clock_time_get;
    environ_get(P4 I32) -> I32 = process::environ_get;
    environ_sizes_get(P4 P4) -> I32 = process::environ_sizes_get;
    fd_advise(I32 I64 I64 I32) -> I32 = fs_fd::fd_advise;
    fd_allocate(I32 I64 I64) -> I32 = fs_fd::fd_allocate;
    fd_close(I32) -> I32 = fs_fd::fd_close;
    fd_datasync(I32) -> I32 = fs_fd::fd_datasync;
    fd_fdstat_get(I32 P8) -> I32 = fs_fd::fd_fdstat_get;
    fd_fdstat_set_flags(I32 I32) -> I32 = fs_fd::fd_fdstat_set_flags;
    fd_fdstat_set_rights(I32 I64 I64) -> I32 = fs_fd::fd_fdstat_set_rights;
    fd_filestat_get(I32 P8) -> I32 = fs_fd::fd_filestat_get;
    fd_filestat_set_size(I32 I64) -> I32 = fs_fd::fd_filestat_set_size;
    fd_filestat_set_times(I32 I64 I64 I32) -> I32 = fs_fd::fd_filestat_set_times;
    fd_pread(I32 I32 I32 I64 P4) -> I32 = fs_io::fd_pread;
    fd_prestat_dir_name(I32 I32 I32) -> I32 = fs_fd::fd_prestat_dir_name;
    fd_prestat_get(I32 P4) -> I32 = fs_fd::fd_prestat_get;
    fd_pwrite(I32 I32 I32 I64 P4) -> I32 = fs_io::fd_pwrite;
    fd_read(I32 I32 I32 P4) -> I32 = fs_io::fd_read;
    fd_readdir(I32 I32 I32 I64 P4) -> I32 = fs_dir::fd_readdir;
    fd_renumber(I32 I32) -> I32 = fs_fd::fd_renumber;
    fd_seek(I32 I64 I32 P8) -> I32 = fs_fd::fd_seek;
    fd_sync(I32) -> I32 = fs_fd::fd_sync;
    fd_tell(I32 P8) -> I32 = fs_fd::fd_tell;
    fd_write(I32 I32 I32 P4) -> I32 = fs_io::fd_write;
    path_create_directory(I32 I32 I32) -> I32 = fs_path::path_create_directory;
    path_filestat_get(I32 I32 I32 I32 P8) -> I32 = fs_path::path_filestat_get;
    path_filestat_set_times(I32 I32 I32 I32 I64 I64 I32) -> I32 = fs_path::path_filestat_set_times;
    path_link(I32 I32 I32 I32 I32 I32 I32) -> I32 = fs_path::path_link;
    path_open(I32 I32 I32 I32 I32 I64 I64 I32 P4) -> I32 = fs_open::path_open;
    path_readlink(I32 I32 I32 I32 I32 P4) -> I32 = fs_path::path_readlink;
    path_remove_directory(I32 I32 I32) -> I32 = fs_path::path_remove_directory;
    path_rename(I32 I32 I32 I32 I32 I32) -> I32 = fs_path::path_rename;
    path_symlink(I32 I32 I32 I32 I32) -> I32 = fs_path::path_symlink;
    path_unlink_file(I32 I32 I32) -> I32 = fs_path::path_unlink_file;
    poll_oneoff(P8 P8 I32 P4) -> I32 = poll::poll_oneoff;
    proc_exit(I32) = process::proc_exit;
    proc_raise(I32) -> I32 = process::proc_raise;
    random_get(I32 I32) -> I32 = random::random_get;
    sched_yield() -> I32 = process::sched_yield;
    sock_accept(I32 I32 P4) -> I32 = sock::sock_accept;
    sock_recv(I32 I32 I32 I32 P4 P2) -> I32 = sock::sock_recv;
    sock_send(I32 I32 I32 I32 P4) -> I32 = sock::sock_send;
    sock_shutdown(I32 I32) -> I32 = sock::sock_shutdown;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_complete() {
        assert_eq!(FUNCTIONS.len(), 46);
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
        for row in FUNCTIONS {
            assert_eq!(row.results.is_empty(), row.name == "proc_exit");
            assert_eq!(function(row.name).map(|found| found.name), Some(row.name));
        }
        assert!(function("fd_nothing").is_none());
    }
}
