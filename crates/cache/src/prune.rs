//! The files of a folder: listed, and removed where they are too much.

use crate::entry::is_file_name;
use crate::sys::{Folder, TEMPORARY};
use crate::{ENTRIES_MAX, USE_SECONDS};
use std::io;
use std::time::SystemTime;

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the folder.
    pub file: String,
    /// Its bytes.
    pub bytes: u64,
    /// When it was used last, to [`USE_SECONDS`].
    pub used: SystemTime,
}

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Entries.
    pub entries: usize,
    /// Their bytes.
    pub bytes: u64,
}

pub(crate) fn entries(folder: &Folder) -> io::Result<Vec<Entry>> {
    let mut entries = folder.list()?;
    entries.retain(|entry| is_file_name(&entry.file));
    // By name too, so that the order is the same each time.
    entries.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.file.cmp(&b.file)));
    Ok(entries)
}

/// Removes what is beyond a number of bytes, or all; the rest goes even if one file cannot.
pub(crate) fn prune(folder: &Folder, bytes_max: Option<u64>) -> io::Result<Removed> {
    let (now, mut outcome) = (SystemTime::now(), Ok(()));
    for entry in folder.list()?.iter().filter(|entry| entry.file.starts_with(TEMPORARY)) {
        // Left by a process that ended while it wrote, or being written.
        let age = now.duration_since(entry.used).unwrap_or_default();
        if bytes_max.is_none() || age.as_secs() >= USE_SECONDS {
            outcome = outcome.and(folder.remove(&entry.file));
        }
    }
    let (mut kept, mut removed) = (0_u64, Removed::default());
    for (at, entry) in entries(folder)?.into_iter().enumerate() {
        kept = kept.saturating_add(entry.bytes);
        if bytes_max.is_some_and(|most| kept <= most) && at < ENTRIES_MAX {
            continue;
        }
        match folder.remove(&entry.file) {
            Ok(()) => {
                removed.entries += 1;
                removed.bytes = removed.bytes.saturating_add(entry.bytes);
            }
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    outcome.map(|()| removed)
}
