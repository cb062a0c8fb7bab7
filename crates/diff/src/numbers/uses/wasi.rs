//! Which parameters of an imported function are addresses and nothing else, by its contract.
//!
//! For any other import, an address that it is given may be used as a number: the host can print
//! it.
//!
//! 1. The contract is WASI preview 1 (`wasi_snapshot_preview1.witx`): at such a parameter the host
//!    reads or writes, and no result depends on the place.

use super::known::Use;
use prova_module::{ExternKind, FuncIdx, Module};

/// Functions, with their parameters that are addresses.
const POINTERS: [(&str, &[usize]); 32] = [
    ("args_get", &[0, 1]),
    ("args_sizes_get", &[0, 1]),
    ("clock_res_get", &[1]),
    ("clock_time_get", &[2]),
    ("environ_get", &[0, 1]),
    ("environ_sizes_get", &[0, 1]),
    ("fd_fdstat_get", &[1]),
    ("fd_filestat_get", &[1]),
    ("fd_pread", &[1, 4]),
    ("fd_prestat_dir_name", &[1]),
    ("fd_prestat_get", &[1]),
    ("fd_pwrite", &[1, 4]),
    ("fd_read", &[1, 3]),
    ("fd_readdir", &[1, 4]),
    ("fd_seek", &[3]),
    ("fd_tell", &[1]),
    ("fd_write", &[1, 3]),
    ("path_create_directory", &[1]),
    ("path_filestat_get", &[2, 4]),
    ("path_filestat_set_times", &[2]),
    ("path_link", &[2, 5]),
    ("path_open", &[2, 8]),
    ("path_readlink", &[1, 3, 5]),
    ("path_remove_directory", &[1]),
    ("path_rename", &[1, 4]),
    ("path_symlink", &[0, 3]),
    ("path_unlink_file", &[1]),
    ("poll_oneoff", &[0, 1, 3]),
    ("random_get", &[0]),
    ("sock_accept", &[2]),
    ("sock_recv", &[1, 4, 5]),
    ("sock_send", &[1, 4]),
];

/// The uses of an import's parameters.
pub(super) fn params(module: &Module, func: u32) -> Vec<Use> {
    let mut params = vec![Use::given(); module.func_type(FuncIdx(func)).params.len()];
    let mut imports =
        module.imports().iter().filter(|import| import.kind.kind() == ExternKind::Func);
    let Some(import) = imports.nth(func as usize) else { return params };
    if &*import.module != "wasi_snapshot_preview1" {
        return params;
    }
    let known = POINTERS.iter().find(|(name, _)| **name == *import.name);
    for at in known.map_or(&[][..], |(_, pointers)| pointers) {
        if let Some(param) = params.get_mut(*at) {
            *param = Use::default();
        }
    }
    params
}
