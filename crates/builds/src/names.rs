//! Names of modules → text that is safe to print: demangled, capped, and without characters that a
//! terminal or a page obeys.
//!
//! Every report of this crate, of `prova-diff`, of `prova-runs` and of their neighbours uses them.
//! Names come from the module: they are hostile text.
//!
//! 1. The result of [`printable`] has no control character, no bidirectional override, no
//!    zero-width character, and at most [`NAME_CHARS_MAX`] characters and an ellipsis.
//! 2. Demangling is bounded ([`demangle`]).
//!
//! `tests/hostile.rs` of `prova-diff` feeds both with hostile names.

pub use prova_demangle::{SYMBOL_BYTES_MAX, demangle};
pub use prova_report::{obeyed, printable_line, printable_lines};

/// Most characters of one printed name.
pub const NAME_CHARS_MAX: usize = 200;
/// A number of things: `1 event`, `2 events`. The noun's plural has an `s`.
pub fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The text with invariant 1.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(NAME_CHARS_MAX));
    for (i, c) in text.chars().enumerate() {
        if i == NAME_CHARS_MAX {
            out.push('…');
            break;
        }
        if obeyed(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_length_is_bounded() {
        let text = printable("a\u{1b}[31m\u{202e}b\n");
        assert_eq!(text, "a\\u{1b}[31m\\u{202e}b\\n");
        assert_eq!(printable(&"x".repeat(5000)).chars().count(), NAME_CHARS_MAX + 1);
    }
}
