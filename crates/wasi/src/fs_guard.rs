//! A part of the host's tree that stays out of every granted directory.
//!
//! An embedder may keep its files below a directory that it grants. A path is no way to say
//! where they are: links, mounts and `..` give a directory other names. Every call acts on one name
//! of one open directory (`fs_walk`), so the directory's device and number say what it is, by
//! whichever way it was reached.
//!
//! Other programs of the host make, move and remove directories while a guest runs. So a [`Guard`]
//! is asked at each call, once the directory that the call acts on is open.
//!
//! Invariants:
//! 1. No call acts on a name in a directory of [`Guard::inside`], none opens or lists one of these.
//! 2. No call makes, renames, replaces or removes a name of [`Guard::names`], so that nothing
//!    else comes to stand in its place.
//!
//! Limits: directories below one of `inside` are not known unless they are listed too; a file of
//! such a directory that has a second name elsewhere is reached by that. `tests/wasi/guarded.rs`
//! would notice a hole.

use crate::guest::Outcome;
use crate::sys;
use crate::types::Errno;
use cap_std::fs::Dir;
use std::ffi::{OsStr, OsString};

/// A file's device and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// The device.
    pub device: u64,
    /// The number on it.
    pub number: u64,
}

/// Places that no guest reaches or replaces, as they are now.
pub trait Guard: Send + Sync {
    /// Directories in which nothing is seen or changed.
    fn inside(&self) -> Vec<FileId>;

    /// Names in directories that are not made, renamed, replaced or removed.
    fn names(&self) -> Vec<(FileId, OsString)>;
}

/// Places that stay where they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guarded {
    /// Directories in which nothing is seen or changed.
    pub inside: Vec<FileId>,
    /// Names in directories that are not made, renamed, replaced or removed.
    pub names: Vec<(FileId, OsString)>,
}

impl Guard for Guarded {
    fn inside(&self) -> Vec<FileId> {
        self.inside.clone()
    }

    fn names(&self) -> Vec<(FileId, OsString)> {
        self.names.clone()
    }
}

/// Refuses a directory whose content is out of reach (invariant 1).
pub(crate) fn refuse_inside(guard: &dyn Guard, dir: &Dir) -> Outcome {
    match guard.inside().contains(&id(dir)?) {
        true => Err(Errno::Acces.into()),
        false => Ok(()),
    }
}

/// Refuses a change of a guarded name (invariant 2).
pub(crate) fn refuse_change(guard: &dyn Guard, dir: &Dir, name: &OsStr) -> Outcome {
    let dir = id(dir)?;
    match guard.names().iter().any(|(at, guarded)| *at == dir && guarded == name) {
        true => Err(Errno::Acces.into()),
        false => Ok(()),
    }
}

fn id(dir: &Dir) -> std::io::Result<FileId> {
    let stat = sys::filestat_of_dir(dir)?;
    Ok(FileId { device: stat.dev, number: stat.ino })
}
