//! Why there is no cache, and why an entry is not used: which file, and what is wrong with it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a folder is not used.
#[derive(Debug)]
pub struct Refused {
    /// The folder or file.
    pub path: PathBuf,
    /// The fault, in words.
    pub why: String,
    /// Whether it is not there and cannot be made, so that nothing is wrong with it.
    pub is_absent: bool,
}

impl Refused {
    pub(crate) fn new(path: &Path, why: impl fmt::Display) -> Refused {
        Refused { path: path.to_owned(), why: why.to_string(), is_absent: false }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for Refused {}

/// Why an entry is not used: the file that stands under its name.
#[derive(Debug)]
pub struct Bad {
    /// The file's name in the folder.
    pub file: String,
    /// The fault, in words.
    pub why: String,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.file, self.why)
    }
}

impl std::error::Error for Bad {}

/// Why a file is not taken.
#[derive(Debug)]
pub(crate) enum Fault {
    /// There is none.
    Missing,
    /// It is not one that this user alone can have written.
    Wrong(&'static str),
    /// The system's error.
    Io(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Missing => f.write_str("it is not there"),
            Fault::Wrong(what) => f.write_str(what),
            Fault::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Io(error)
    }
}
