//! Clusters → the order in which a reader acts on them; and the order of the causes of each.
//!
//! 1. Differences that somebody wrote come first: code of the program, then imports, exports and
//!    declarations, then code of libraries, then data, then custom sections. Harmless differences
//!    of any kind come behind those, and last the name that a linker takes from the output file.
//! 2. Within a rank the gravest verdict is first, then the most places, then the order in which
//!    they were found.
//!
//! A *library* is known by its name alone: the crates that a Rust toolchain links, the runtime of
//! C++, and what wasi-libc and compilers call their functions. A function without a name counts as
//! the program's. A wrong guess costs a place in the list and nothing else.

use crate::judge::verdict::Weight;
use crate::tell::report::OWN_NAME;
use crate::tell::report::{Cluster, Difference, Kind, Verdict};

/// The rank of a cluster: the least is acted on first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// Code of the program.
    Own,
    /// Imports, exports and declarations of the module.
    Interface,
    /// Code of the toolchain and its libraries.
    Library,
    /// Data: seeds, paths, texts, bytes.
    Data,
    /// Custom sections, names, the encoding.
    Custom,
    /// Differences that are proved or assumed to do no harm.
    Harmless,
    /// The name of the output file.
    OwnName,
}

/// The rank of a cluster: the least rank of its causes, or of a consequence of a cause elsewhere.
pub(crate) fn rank(cluster: &Cluster, differences: &[Difference]) -> Rank {
    if cluster.cause == OWN_NAME {
        return Rank::OwnName;
    }
    let told = if cluster.causes > 0 { cluster.causes } else { cluster.differences.len() };
    let causes = cluster.differences.iter().take(told);
    let ranks = causes.map(|at| of(&differences[*at]));
    ranks.min().unwrap_or(Rank::Harmless)
}

/// Puts the causes of a cluster into order.
pub(crate) fn sort_causes(cluster: &mut Cluster, differences: &[Difference]) {
    cluster.differences[..cluster.causes].sort_by_key(|at| of(&differences[*at]));
}

fn of(difference: &Difference) -> Rank {
    let verdict = difference.verdict;
    if matches!(verdict.weight(), Weight::None | Weight::Proved) || verdict == Verdict::AssumedMoved
    {
        return Rank::Harmless;
    }
    match difference.kind {
        Kind::Function if is_library(&difference.name) => Rank::Library,
        Kind::Function => Rank::Own,
        Kind::Import | Kind::Export | Kind::Start | Kind::Tag => Rank::Interface,
        // Somebody wrote it, and code follows from it.
        Kind::Type => Rank::Own,
        Kind::Global | Kind::Table | Kind::Memory => Rank::Interface,
        Kind::Data => Rank::Data,
        Kind::Custom | Kind::Encoding => Rank::Custom,
    }
}

/// Crates and namespaces that a toolchain links by itself.
const LIBRARIES: &[&str] = &[
    "core",
    "alloc",
    "std",
    "compiler_builtins",
    "hashbrown",
    "dlmalloc",
    "rustc_demangle",
    "addr2line",
    "gimli",
    "object",
    "miniz_oxide",
    "memchr",
    "wasi",
    "wasip1",
    "panic_abort",
    "panic_unwind",
    "__cxxabiv1",
    "__gnu_cxx",
];

/// Functions of wasi-libc and of compilers whose names do not start with two underscores.
const FUNCTIONS: &[&str] = &[
    "_start",
    "_initialize",
    "_Exit",
    "abort",
    "exit",
    "malloc",
    "calloc",
    "realloc",
    "free",
    "dlmalloc",
    "dlfree",
    "posix_memalign",
    "aligned_alloc",
    "sbrk",
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "memchr",
    "strlen",
    "strcmp",
    "strncmp",
    "strcpy",
    "strchr",
    "strerror",
    "strtod",
    "strtol",
    "printf",
    "fprintf",
    "vfprintf",
    "printf_core",
    "snprintf",
    "vsnprintf",
    "puts",
    "fputs",
    "fputc",
    "putchar",
    "fwrite",
    "fread",
    "fopen",
    "fclose",
    "fflush",
    "fmt_fp",
    "pop_arg",
    "pad",
    "out",
    "writev",
    "write",
    "read",
    "close",
    "lseek",
    "isatty",
    "getenv",
    "frexp",
    "scalbn",
    "mbrtowc",
    "wcrtomb",
    "wctomb",
    "dummy",
    "undefined_weak",
    "rust_begin_unwind",
    "rust_panic",
];

/// Whether a function belongs to a toolchain, by its printed name.
fn is_library(name: &str) -> bool {
    // A name of the linker says where it stands behind a dot: `main.command_export`.
    let name = name.split_once('.').map_or(name, |(name, _)| name);
    let plain = name.trim_start_matches(['<', '&', '*', '[', '(']);
    let plain = plain.strip_prefix("mut ").unwrap_or(plain);
    if let Some((first, _)) = plain.split_once("::") {
        return LIBRARIES.contains(&first);
    }
    name.starts_with("__") || FUNCTIONS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolchains_are_known_by_name_and_everything_else_is_the_programs() {
        for name in [
            "core::fmt::write",
            "<alloc::string::String as core::fmt::Write>::write_str",
            "<&mut std::io::Stdout as std::io::Write>::flush",
            "__wasm_call_ctors",
            "dlmalloc",
            "printf_core",
            "std::vector<int>::push_back(int)",
            "memcpy",
        ] {
            assert!(is_library(name), "{name}");
        }
        for name in [
            "main",
            "func12",
            "app::run",
            "<app::Seed as core::fmt::Debug>::fmt",
            "printer",
            "corelib::start",
            "generate.command_export",
        ] {
            assert!(!is_library(name), "{name}");
        }
    }
}
