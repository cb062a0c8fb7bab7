//! The linker's name of a function → the name in its language; names and other text from outside →
//! text that is safe to print.
//!
//! 1. The result of [`demangle`] is hostile text, as the symbol is: [`printable`] makes it safe.
//! 2. Bounded: symbols above [`SYMBOL_BYTES_MAX`] stay as they are, and output is cut while it is
//!    written.

mod printable;

pub use printable::{
    LINE_CHARS_MAX, MESSAGE_CHARS_MAX, NAME_CHARS_MAX, obeyed, printable, printable_line,
    printable_lines, printable_message,
};

use std::fmt::{self, Write};

/// Longest symbol that is demangled, in bytes.
pub const SYMBOL_BYTES_MAX: usize = 4096;
/// Longest name that comes out, in bytes.
pub const DEMANGLED_BYTES_MAX: usize = 800;
/// How deep a name of C++ nests, at most.
const NESTING_MAX: u32 = 64;

/// A name as a reader wants it: demangled (Rust legacy and v0, without hashes; C++), else as it is.
#[must_use]
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
        let options = cpp_demangle::DemangleOptions::default().recursion_limit(NESTING_MAX);
        // Substitutions can double the text again and again: it is cut while it is written, here as
        // well.
        if name.structured_demangle(&mut out, &options).is_ok() || !out.0.is_empty() {
            return out.0;
        }
    }
    symbol.to_owned()
}

/// A string that refuses to grow beyond [`DEMANGLED_BYTES_MAX`].
struct Capped(String);

impl Write for Capped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > DEMANGLED_BYTES_MAX {
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
        assert!(demangle(&format!("_ZN{}", "4core".repeat(100_000))).len() > SYMBOL_BYTES_MAX);
    }

    #[test]
    fn a_name_that_doubles_itself_is_cut() {
        // Each argument is the pair of the one before with itself: 2^60 names of `a`.
        let mut symbol = String::from("_Z1f1a");
        for _ in 0..60 {
            symbol.push_str("1pIS_S_E");
        }
        assert!(demangle(&symbol).len() <= DEMANGLED_BYTES_MAX);
        let mut nested = String::from("_Z1fI1a");
        for i in 0..40 {
            nested.push_str(&format!("1pIS{}_S{}_E", i, i));
        }
        nested.push_str("Evv");
        assert!(demangle(&nested).len() <= nested.len().max(DEMANGLED_BYTES_MAX));
    }
}
