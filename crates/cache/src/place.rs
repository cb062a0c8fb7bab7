//! Where a user's caches stand, and which program this is.

use std::env;
use std::path::PathBuf;

/// The folder of this program's cache by the XDG base directory specification:
/// `$XDG_CACHE_HOME/prova`, or `$HOME/.cache/prova`. None where neither variable has an absolute
/// path.
pub fn default_folder() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    caches.map(|caches| caches.join("prova"))
}

/// Tells this build of the running program from others: length and time of change of its file.
/// Empty where the system does not say.
pub fn program() -> Vec<u8> {
    let about = env::current_exe().and_then(|file| file.metadata());
    let Ok(about) = about else { return Vec::new() };
    let since = about.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let nanoseconds = since.map_or(0, |since| since.as_nanos());
    [&about.len().to_le_bytes()[..], &nanoseconds.to_le_bytes()[..]].concat()
}
