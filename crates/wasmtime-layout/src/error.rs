//! Why a file cannot be looked at.

use std::fmt;

/// Why a file cannot be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Which of the two files: the compiled one, or the Wasm.
    pub of: File,
    /// The section or construct, if one is to blame; else empty.
    pub at: String,
    /// The fault.
    pub what: String,
}

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// The compiled module.
    Compiled,
    /// The Wasm that it is said to be made of.
    Wasm,
}

impl Error {
    pub(crate) fn compiled(at: &str, what: impl Into<String>) -> Error {
        Error { of: File::Compiled, at: at.to_owned(), what: what.into() }
    }

    pub(crate) fn wasm(at: &str, what: impl Into<String>) -> Error {
        Error { of: File::Wasm, at: at.to_owned(), what: what.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = match self.of {
            File::Compiled => "the compiled module",
            File::Wasm => "the Wasm",
        };
        if self.at.is_empty() {
            return write!(f, "{file}: {}", self.what);
        }
        write!(f, "{file}: {}: {}", self.at, self.what)
    }
}

impl std::error::Error for Error {}
