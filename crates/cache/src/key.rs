//! The key of a folder: 32 bytes in a file, made at the first use.

use crate::error::{Fault, Refused};
use crate::plant::planted;
use crate::sys::{self, Folder, Rights};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::io::{Read, Write};
use std::path::Path;

/// The key's file in the folder.
pub(crate) const FILE: &str = "key";

/// Bytes of a key.
pub(crate) const BYTES: usize = 32;

/// A secret of the user.
pub(crate) struct Key([u8; BYTES]);

impl Key {
    /// The key of a folder, which is made if there is none.
    pub(crate) fn of(folder: &Folder, path: &Path) -> Result<Key, Refused> {
        let refused = |why: Fault| {
            let why = format!("{why} (`prova cache clear` makes a new key, if it is removed)");
            Refused::new(&path.join(FILE), why)
        };
        match read(folder) {
            Err(Fault::Missing) => {}
            other => return other.map_err(refused),
        }
        make(folder).map_err(|error| refused(error.into()))?;
        // Another process may have been faster; there is one file, and all read that.
        read(folder).map_err(refused)
    }

    /// The authentication code, with nothing in it yet.
    pub(crate) fn mac(&self) -> Hmac<Sha256> {
        match <Hmac<Sha256> as Mac>::new_from_slice(planted!(KeyOfAll, &self.0, &[0; BYTES])) {
            Ok(mac) => mac,
            Err(_) => unreachable!("HMAC takes keys of every length"),
        }
    }
}

fn read(folder: &Folder) -> Result<Key, Fault> {
    let file = folder.open_file(FILE, Rights::Secret)?;
    let mut bytes = Vec::with_capacity(BYTES + 1);
    file.take(BYTES as u64 + 1).read_to_end(&mut bytes)?;
    bytes.resize(planted!(KeyOfAnyLength, bytes.len(), BYTES), 0);
    bytes.try_into().map(Key).map_err(|_| Fault::Wrong("it is no key of 32 bytes"))
}

/// Writes a new key under another name, and gives it its name if that is still free (K2).
fn make(folder: &Folder) -> std::io::Result<()> {
    let mut key = [0; BYTES];
    sys::random(&mut key)?;
    let temporary = folder.temporary()?;
    let mut file = temporary.file();
    file.write_all(&key)?;
    temporary.take_free_name(FILE)
}
