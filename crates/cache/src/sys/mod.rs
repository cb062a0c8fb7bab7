//! The operating system's part: a folder opened once, files relative to it.
//!
//! One module for each family of hosts, chosen here and nowhere else. Hosts other than Unix have no
//! owner and rights that the cache could rest on, so there its folder is refused.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
pub(crate) use other::*;

/// How temporary files' names begin.
pub(crate) const TEMPORARY: &str = "tmp-";

/// The users who may do something with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rights {
    /// Nobody else may read or write it, and it has one name.
    Secret,
    /// Nobody else may write it.
    Written,
}
