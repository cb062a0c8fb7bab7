//! Why a file is not what Wasmtime makes of the Wasm.

use std::fmt;

/// The section of a fault of the Wasm itself.
pub(crate) const WASM: &str = "the Wasm";

/// Why a file is not what Wasmtime makes of the Wasm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The section, or `the Wasm`, or `the file`.
    pub section: String,
    /// The first byte that differs, counted from the section's beginning.
    pub at: Option<usize>,
    /// The fault, with the field that the byte is in where that is known.
    pub what: String,
}

impl Error {
    pub(crate) fn new(section: &str, what: impl Into<String>) -> Error {
        Error { section: section.to_owned(), at: None, what: what.into() }
    }

    pub(crate) fn at(section: &str, at: usize, what: impl Into<String>) -> Error {
        Error { at: Some(at), ..Error::new(section, what) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{} at {at:#x}: {}", self.section, self.what),
            None => write!(f, "{}: {}", self.section, self.what),
        }
    }
}

impl std::error::Error for Error {}
