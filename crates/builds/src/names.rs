//! Names of modules → text that is safe to print: demangled, capped, and without characters that a
//! terminal or a page obeys.
//!
//! Every report of this crate, of `prova-diff`, of `prova-runs` and of their neighbours uses them.
//! Names come from the module: they are hostile text. `prova_demangle` has the functions and their
//! bounds; `tests/hostile.rs` of `prova-diff` feeds both with hostile names.

pub use prova_demangle::{
    NAME_CHARS_MAX, SYMBOL_BYTES_MAX, demangle, obeyed, printable, printable_line, printable_lines,
    printable_message,
};

/// A number of things: `1 event`, `2 events`. The noun's plural has an `s`.
pub fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
