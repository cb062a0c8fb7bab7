//! A folder → what a guest must not reach, however the folder is reached: by file numbers.
//!
//! A guest that could read the key, or could put another folder in the place of this one, could
//! write entries that are believed. A path is no answer to that: links, mounts and `..` lead to a
//! directory by other names. Its device and number are the same by every name.

use crate::plant::planted;
use crate::sys;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// A file's device and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// The device.
    pub device: u64,
    /// The number on it.
    pub number: u64,
}

/// The parts of the system's tree that belong to a folder's path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// The folder itself, if it is there: nothing in it may be reached.
    pub folder: Option<FileId>,
    /// Names on the way to it, each with the directory that it stands in: they may not be made,
    /// renamed, removed or replaced. Links on the way, and what they lead through, are among them.
    pub names: Vec<(FileId, OsString)>,
}

/// The most links on the way to a folder.
const LINKS_MAX: usize = 40;

impl Guard {
    /// The guard of the folder of this absolute path, which need not be there.
    pub fn of(folder: &Path) -> Guard {
        let mut guard = Guard::default();
        let mut rest: Vec<OsString> = names(folder).rev().collect();
        let mut here = PathBuf::from("/");
        let mut links = 0;
        while let Some(name) = rest.pop() {
            if name == ".." {
                here.pop();
                continue;
            }
            let Some(directory) = sys::file_id(&here) else { return guard };
            let next = here.join(&name);
            if planted!(MissingNamesAreFree, true, next.exists()) {
                guard.names.push((directory, name));
            }
            match std::fs::read_link(&next) {
                Ok(_) if planted!(GuardStopsAtLinks, false, true) => here = next,
                Ok(target) => {
                    links += 1;
                    if links > LINKS_MAX {
                        return guard;
                    }
                    if target.is_absolute() {
                        here = PathBuf::from("/");
                    }
                    rest.extend(names(&target).rev());
                }
                Err(_) => here = next,
            }
        }
        guard.folder = sys::file_id(&here);
        guard
    }

    /// The device and number of what a path leads to, if there is such a file.
    pub fn of_file(path: &Path) -> Option<FileId> {
        sys::file_id(path)
    }
}

/// The names of a path, with `..`.
fn names(path: &Path) -> impl DoubleEndedIterator<Item = OsString> + '_ {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    })
}
