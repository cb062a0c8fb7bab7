//! Names of modules → text that is safe to print: demangled, capped, and without characters that a
//! terminal or a page obeys.
//!
//! Every report of this crate, of `prova-diff`, of `prova-runs` and of their neighbours uses them.
//! Names come from the module: they are hostile text.
//!
//! 1. The result of [`printable`] has no control character, no bidirectional override, no
//!    zero-width character, and at most [`NAME_CHARS_MAX`] characters and an ellipsis.
//! 2. Demangling is bounded: symbols above [`SYMBOL_BYTES_MAX`] are printed as they are, and output
//!    is cut while it is written.
//!
//! `tests/hostile.rs` of `prova-diff` feeds both with hostile names.

pub use prova_report::{obeyed, printable_line, printable_lines};
use std::fmt::{self, Write};

/// Most characters of one printed name.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest symbol that is demangled, in bytes.
pub const SYMBOL_BYTES_MAX: usize = 4096;

/// A name as a reader wants it: demangled (Rust legacy and v0, without hashes; C++), else as it is.
/// Not yet printable.
pub fn demangle(symbol: &str) -> String {
    if symbol.len() > SYMBOL_BYTES_MAX {
        return symbol.to_owned();
    }
    let mut out = Capped(String::new());
    if let Ok(name) = rustc_demangle::try_demangle(symbol) {
        // An error means that the cap was reached: what is there is what is shown.
        write!(out, "{name:#}").ok();
        return out.0;
    }
    if symbol.starts_with("_Z")
        && let Ok(name) = cpp_demangle::Symbol::new(symbol)
    {
        let options = cpp_demangle::DemangleOptions::default().recursion_limit(64);
        // Substitutions can double the text again and again: it is cut while it is written, here as
        // well.
        if name.structured_demangle(&mut out, &options).is_ok() || !out.0.is_empty() {
            return out.0;
        }
    }
    symbol.to_owned()
}

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

/// A string that refuses to grow beyond four caps of a name.
struct Capped(String);

impl Write for Capped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > 4 * NAME_CHARS_MAX {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_schemes_are_demangled_and_other_text_is_kept() {
        assert_eq!(demangle("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
        assert_eq!(demangle("_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc"), "__rustc::__rust_alloc");
        assert_eq!(demangle("_ZN3foo3barEi"), "foo::bar(int)");
        assert_eq!(demangle("plain"), "plain");
    }

    #[test]
    fn a_name_that_doubles_itself_is_cut() {
        // Each argument is the pair of the one before with itself: 2^60 names of `a`.
        let mut symbol = String::from("_Z1f1a");
        for _ in 0..60 {
            symbol.push_str("1pIS_S_E");
        }
        assert!(demangle(&symbol).len() <= 4 * NAME_CHARS_MAX);
        let mut nested = String::from("_Z1fI1a");
        for i in 0..40 {
            nested.push_str(&format!("1pIS{}_S{}_E", i, i));
        }
        nested.push_str("Evv");
        assert!(demangle(&nested).len() <= nested.len().max(4 * NAME_CHARS_MAX));
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_length_is_bounded() {
        let text = printable("a\u{1b}[31m\u{202e}b\n");
        assert_eq!(text, "a\\u{1b}[31m\\u{202e}b\\n");
        assert_eq!(printable(&"x".repeat(5000)).chars().count(), NAME_CHARS_MAX + 1);
        assert!(demangle(&format!("_ZN{}", "4core".repeat(100_000))).len() > SYMBOL_BYTES_MAX);
    }
}
