//! A call of WASI preview 1 that succeeded → which bytes of the guest's memory the host read and
//! wrote; which arguments are addresses.
//!
//! Rows follow `wasi_snapshot_preview1.witx`. Functions without a row touch no memory, or always
//! fail here (sockets). The rows of `args_get` and `environ_get` do not list the strings that these
//! write; a watched run sees them as changes of memory. Ranges are computed after the call, when
//! its results are in memory. `trace::relocate` uses the rows to move the host's writes from the
//! addresses of one build to those of another.
//!
//! 1. The arguments are the program's. For any of them nothing panics, and a list of vectors has at
//!    most [`VECTORS_MAX`] entries.
//! 2. Ranges are bounded by the sizes that the call returns (`nwritten`, `bufused`). Of a write
//!    that was cut short, they have only the part that was written.

use prova_module::Module;

/// Arguments of the function with the most.
pub(super) const ARGS_MAX: usize = 9;
/// Most vectors of one call; the host takes no more.
const VECTORS_MAX: u64 = 1024;

/// One access of a call to memory. `at`, `len`, `count`, `done` and `used` are positions of
/// arguments; `bytes` and `each` are sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Reads as many bytes as an argument says.
    Reads { at: usize, len: usize },
    /// Reads as many records of `each` bytes as argument `count` says.
    ReadsArray { at: usize, count: usize, each: u64 },
    /// Reads vectors, and the bytes that they list, up to the number in the word at `done`.
    Gathers { at: usize, count: usize, done: usize },
    /// Reads vectors, and writes the bytes that they list, up to the number in the word at `done`.
    Scatters { at: usize, count: usize, done: usize },
    /// Writes a fixed number of bytes.
    Writes { at: usize, bytes: u64 },
    /// Writes as many bytes as an argument says.
    Fills { at: usize, len: usize },
    /// Writes as many records of `each` bytes as the word at `used` says.
    Lists { at: usize, used: usize, each: u64 },
}

use Effect::{Fills, Gathers, Lists, Reads, ReadsArray, Scatters, Writes};

/// The accesses of each function of preview 1, by name, in order of names.
const EFFECTS: &[(&str, &[Effect])] = &[
    ("args_get", &[]),
    ("args_sizes_get", &[Writes { at: 0, bytes: 4 }, Writes { at: 1, bytes: 4 }]),
    ("clock_res_get", &[Writes { at: 1, bytes: 8 }]),
    ("clock_time_get", &[Writes { at: 2, bytes: 8 }]),
    ("environ_get", &[]),
    ("environ_sizes_get", &[Writes { at: 0, bytes: 4 }, Writes { at: 1, bytes: 4 }]),
    ("fd_fdstat_get", &[Writes { at: 1, bytes: 24 }]),
    ("fd_filestat_get", &[Writes { at: 1, bytes: 64 }]),
    ("fd_pread", &[Scatters { at: 1, count: 2, done: 4 }, Writes { at: 4, bytes: 4 }]),
    ("fd_prestat_dir_name", &[Fills { at: 1, len: 2 }]),
    ("fd_prestat_get", &[Writes { at: 1, bytes: 8 }]),
    ("fd_pwrite", &[Gathers { at: 1, count: 2, done: 4 }, Writes { at: 4, bytes: 4 }]),
    ("fd_read", &[Scatters { at: 1, count: 2, done: 3 }, Writes { at: 3, bytes: 4 }]),
    ("fd_readdir", &[Lists { at: 1, used: 4, each: 1 }, Writes { at: 4, bytes: 4 }]),
    ("fd_seek", &[Writes { at: 3, bytes: 8 }]),
    ("fd_tell", &[Writes { at: 1, bytes: 8 }]),
    ("fd_write", &[Gathers { at: 1, count: 2, done: 3 }, Writes { at: 3, bytes: 4 }]),
    ("path_create_directory", &[Reads { at: 1, len: 2 }]),
    ("path_filestat_get", &[Reads { at: 2, len: 3 }, Writes { at: 4, bytes: 64 }]),
    ("path_filestat_set_times", &[Reads { at: 2, len: 3 }]),
    ("path_link", &[Reads { at: 2, len: 3 }, Reads { at: 5, len: 6 }]),
    ("path_open", &[Reads { at: 2, len: 3 }, Writes { at: 8, bytes: 4 }]),
    (
        "path_readlink",
        &[Reads { at: 1, len: 2 }, Lists { at: 3, used: 5, each: 1 }, Writes { at: 5, bytes: 4 }],
    ),
    ("path_remove_directory", &[Reads { at: 1, len: 2 }]),
    ("path_rename", &[Reads { at: 1, len: 2 }, Reads { at: 4, len: 5 }]),
    ("path_symlink", &[Reads { at: 0, len: 1 }, Reads { at: 3, len: 4 }]),
    ("path_unlink_file", &[Reads { at: 1, len: 2 }]),
    (
        "poll_oneoff",
        &[
            ReadsArray { at: 0, count: 2, each: 48 },
            Lists { at: 1, used: 3, each: 32 },
            Writes { at: 3, bytes: 4 },
        ],
    ),
    ("random_get", &[Fills { at: 0, len: 1 }]),
];

/// The accesses of the functions that a module imports, by the index of the function; none for
/// functions that are not of WASI, or touch no memory.
pub(super) fn of_imports(module: &Module) -> Vec<&'static [Effect]> {
    let imports = module.imports().iter();
    let funcs = imports.filter(|import| matches!(import.kind, prova_module::ExternType::Func(_)));
    let effects = funcs.map(|import| {
        let row = EFFECTS.iter().find(|(name, _)| *name == &*import.name);
        row.filter(|_| &*import.module == "wasi_snapshot_preview1").map_or(&[][..], |row| row.1)
    });
    effects.collect()
}

/// The accesses of a function; `None` if its name is not in the table.
pub(crate) fn of_name(name: &str) -> Option<&'static [Effect]> {
    EFFECTS.iter().find(|(known, _)| *known == name).map(|(_, effects)| *effects)
}

/// Bytes that the host touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) writes: bool,
    pub(super) start: u64,
    pub(super) bytes: u64,
}

/// The ranges that a call with these arguments has touched, in the order of its row. Accesses of
/// no bytes are left out.
pub(super) fn touched(effects: &[Effect], args: &[u64; ARGS_MAX], memory: &[u8]) -> Vec<Touched> {
    let mut found = Vec::new();
    let mut add = |writes, start: u64, bytes: u64| {
        if bytes > 0 {
            found.push(Touched { writes, start, bytes });
        }
    };
    for effect in effects {
        match *effect {
            Reads { at, len } => add(false, args[at], args[len]),
            ReadsArray { at, count, each } => {
                add(false, args[at], args[count].saturating_mul(each))
            }
            Gathers { at, count, done } | Scatters { at, count, done } => {
                let writes = matches!(effect, Scatters { .. });
                let count = args[count].min(VECTORS_MAX);
                add(false, args[at], 8 * count);
                let mut left = word(memory, args[done]);
                for nth in 0..count {
                    let vector = args[at].saturating_add(8 * nth);
                    let start = word(memory, vector);
                    let bytes = word(memory, vector.saturating_add(4)).min(left);
                    add(writes, start, bytes);
                    left -= bytes;
                }
            }
            Writes { at, bytes } => add(true, args[at], bytes),
            Fills { at, len } => add(true, args[at], args[len]),
            Lists { at, used, each } => {
                add(true, args[at], word(memory, args[used]).saturating_mul(each));
            }
        }
    }
    found
}

/// The word at an address; zero outside of memory.
fn word(memory: &[u8], at: u64) -> u64 {
    let bytes = usize::try_from(at).ok().and_then(|at| memory.get(at..)?.first_chunk::<4>());
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> &'static [Effect] {
        EFFECTS.iter().find(|(known, _)| *known == name).expect("a row").1
    }

    #[test]
    fn vectors_are_followed_as_far_as_the_call_came() {
        let mut memory = vec![0; 128];
        for (at, word) in [(16u32, 64u32), (20, 10), (24, 96), (28, 10), (32, 13)] {
            memory[at as usize..at as usize + 4].copy_from_slice(&word.to_le_bytes());
        }
        let args = [1, 16, 2, 32, 0, 0, 0, 0, 0];
        let of = |name| -> Vec<(bool, u64, u64)> {
            let all = touched(row(name), &args, &memory).into_iter();
            all.map(|one| (one.writes, one.start, one.bytes)).collect()
        };
        let (vectors, done) = ((false, 16, 16), (true, 32, 4));
        assert_eq!(of("fd_write"), [vectors, (false, 64, 10), (false, 96, 3), done]);
        assert_eq!(of("fd_read"), [vectors, (true, 64, 10), (true, 96, 3), done]);
    }

    #[test]
    fn arguments_of_any_sort_are_survived_and_rows_fit() {
        assert!(EFFECTS.is_sorted_by(|a, b| a.0 < b.0));
        let memory = vec![0xff; 64];
        for (_, effects) in EFFECTS {
            for value in [0, 60, 63, 64, u64::from(u32::MAX), u64::MAX] {
                let found = touched(effects, &[value; ARGS_MAX], &memory);
                assert!(found.len() <= VECTORS_MAX as usize + 2);
            }
        }
    }
}
