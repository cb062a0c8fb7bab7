//! Files of one user, each bound to its name by the user's key.
//!
//! ```text
//! folder ─ Cache::open (owner, rights, key) ─► Cache
//! Name, bytes ─ store ─► temporary file ─ rename ─► entry: magic, MAC(key, name, bytes), bytes
//! Name ─ load ─► entry, copied ─ MAC ─► the bytes that were stored under this name, or why not
//! ```
//!
//! Nothing here knows what the bytes are. Who reads them still treats them as untrusted: the key
//! says that this user's program wrote them under this name, not that they are right.
//!
//! # Invariants
//! * K1. The folder is a directory of the user that nobody else can enter, and not reached by a
//!   link in its last component; otherwise there is no [`Cache`].
//! * K2. The key is 32 random bytes in a regular file of the user with one name, which nobody else
//!   can read. It is written whole or not at all, and is never in an error or a listing.
//! * K3. [`Cache::load`] gives only bytes that [`Cache::store`] was given for this name under this
//!   key. They are copied before the comparison; what happens to the file then changes nothing.
//! * K4. An entry appears whole or not at all, whenever the process ends.
//! * K5. Files are opened relative to the opened folder, without following links and without
//!   waiting (a FIFO), and are regular files of the user that nobody else can write.
//! * K6. No more than [`ENTRY_BYTES_MAX`] bytes of a file are read.
//!
//! # Limits
//! [`ENTRY_BYTES_MAX`] bytes of an entry, [`ENTRIES_MAX`] entries, and as many bytes of all as the
//! cache is opened for ([`BYTES_DEFAULT`]); beyond, the entries go that were not used for longest.
//! A use is noticed to [`USE_SECONDS`]. Nothing is flushed to the device: after a loss of power an
//! entry may have other bytes, and then it is refused. Hosts other than Unix have no cache.

mod entry;
mod error;
mod guard;
mod key;
mod place;
mod plant;
mod prune;
mod sys;

pub use entry::Name;
pub use error::{Bad, Refused};
pub use guard::{FileId, Guard};
pub use place::{default_folder, program};
pub use prune::{Entry, Removed};

use key::Key;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use sys::Folder;

/// The most bytes of all entries, unless the cache is opened for another number: 512 MiB.
pub const BYTES_DEFAULT: u64 = 512 << 20;

/// The most bytes of one entry: 256 MiB.
pub const ENTRY_BYTES_MAX: u64 = 256 << 20;

/// The most entries.
pub const ENTRIES_MAX: usize = 8192;

/// Seconds for which a use of an entry is not noted again, and after which a temporary file is
/// nobody's.
pub const USE_SECONDS: u64 = 3600;

/// A folder of entries, opened.
pub struct Cache {
    folder: Folder,
    key: Key,
    path: PathBuf,
    bytes_max: u64,
}

impl Cache {
    /// Opens the cache in a folder; what is missing, its key too, is made.
    ///
    /// # Errors
    /// If the folder or the key is not the user's alone (K1, K2), or cannot be made.
    pub fn open(path: &Path, bytes_max: u64) -> Result<Cache, Refused> {
        let folder = Folder::open(path)?;
        let key = Key::of(&folder, path)?;
        Ok(Cache { folder, key, path: path.to_owned(), bytes_max })
    }

    /// Opens the cache of this user in the default folder ([`default_folder`]), with
    /// [`BYTES_DEFAULT`]. Files that configure a cache are not read: `file` has to be `None`.
    ///
    /// # Errors
    /// For a file, where there is no default folder, and those of [`Cache::open`].
    pub fn from_file(file: Option<&Path>) -> Result<Cache, Refused> {
        if let Some(file) = file {
            let why = "files that configure a cache are not read; `Cache::open` takes a folder";
            return Err(Refused::new(file, why));
        }
        match default_folder() {
            Some(folder) => Cache::open(&folder, BYTES_DEFAULT),
            None => Err(Refused::new(
                Path::new("~/.cache/prova"),
                "neither `XDG_CACHE_HOME` nor `HOME` names a folder",
            )),
        }
    }

    /// The folder's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The most bytes of all entries.
    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// The bytes that were stored under a name; none if there are none.
    ///
    /// # Errors
    /// If there is a file that no [`Cache::store`] of this user left there.
    pub fn load(&self, name: &Name) -> Result<Option<Vec<u8>>, Bad> {
        entry::load(&self.folder, &self.key, name)
    }

    /// Stores bytes under a name, in the place of what is there, and removes what is then too
    /// much.
    ///
    /// # Errors
    /// If they are too many, or the system says so; then what was there still is.
    pub fn store(&self, name: &Name, bytes: &[u8]) -> io::Result<()> {
        entry::store(&self.folder, &self.key, name, bytes)?;
        // What cannot be removed now is removed with a later entry.
        self.prune(self.bytes_max).ok();
        Ok(())
    }

    /// The entries, the one that was used last first. Nobody says that they are good.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        prune::entries(&self.folder)
    }

    /// Removes the entries that were not used for longest until there are at most `bytes` bytes,
    /// and temporary files that nobody writes any more.
    ///
    /// # Errors
    /// If the folder cannot be read, or a file cannot be removed.
    pub fn prune(&self, bytes: u64) -> io::Result<Removed> {
        prune::prune(&self.folder, Some(bytes))
    }

    /// Removes all entries of a folder and its key, which need not be good; the next use makes a
    /// new key.
    ///
    /// # Errors
    /// If the folder is not the user's alone (K1), or a file cannot be removed.
    pub fn clear(path: &Path) -> Result<Removed, Refused> {
        let folder = Folder::open(path)?;
        let removed = prune::prune(&folder, None);
        let removed = removed.and_then(|removed| folder.remove(key::FILE).map(|()| removed));
        removed.map_err(|error| Refused::new(path, error))
    }
}

impl fmt::Debug for Cache {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("path", &self.path).finish_non_exhaustive()
    }
}
