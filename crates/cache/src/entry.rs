//! Entries: bytes under a name, with the code that binds both to the key.
//!
//! ```text
//! magic: 8 bytes │ MAC: 32 bytes │ the bytes
//! MAC = HMAC-SHA-256(key, magic ‖ name: 32 ‖ number of bytes: u64, little endian ‖ the bytes)
//! ```

use crate::ENTRY_BYTES_MAX;
use crate::error::{Bad, Fault};
use crate::key::Key;
use crate::plant::planted;
use crate::sys::{Folder, Rights};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::{self, Read, Write};

/// How an entry begins; the last byte is the version of the form.
const MAGIC: &[u8; 8] = b"prova-c\x01";

/// Bytes before the stored ones.
const HEAD_BYTES: usize = MAGIC.len() + 32;

/// The end of an entry's file name.
const ENDING: &str = ".entry";

/// A name of an entry: the digest of everything that its bytes depend on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name([u8; 32]);

impl Name {
    /// The name of what depends on these parts, in this order.
    pub fn of(parts: &[&[u8]]) -> Name {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Name(hash.finalize().into())
    }

    /// The name of the entry in a file of this name.
    pub fn of_file(file: &str) -> Option<Name> {
        let digits = file.strip_suffix(ENDING).filter(|_| is_file_name(file))?;
        let mut name = [0; 32];
        for (at, byte) in name.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Name(name))
    }

    /// The name of its file in the folder.
    pub fn file(&self) -> String {
        self.to_string() + ENDING
    }
}

impl fmt::Display for Name {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a file is an entry, by its name.
pub(crate) fn is_file_name(name: &str) -> bool {
    let digits = name.strip_suffix(ENDING).unwrap_or_default();
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    digits.len() == 64 && digits.bytes().all(is_digit)
}

/// The code over a name and bytes.
fn mac(key: &Key, name: &Name, bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = key.mac();
    mac.update(MAGIC);
    mac.update(planted!(AnyName, &name.0, &[]));
    mac.update(&(bytes.len() as u64).to_le_bytes());
    mac.update(planted!(AnyBytes, bytes, &[]));
    mac
}

/// The bytes under a name (K3).
pub(crate) fn load(folder: &Folder, key: &Key, name: &Name) -> Result<Option<Vec<u8>>, Bad> {
    let bad = |why: String| Bad { file: name.file(), why };
    let (head, bytes) = match copied(folder, name) {
        Ok(read) => read,
        Err(Fault::Missing) => return Ok(None),
        Err(fault) => return Err(bad(fault.to_string())),
    };
    let (magic, code) = head.split_at(MAGIC.len());
    let is_known = planted!(AnyForm, magic == MAGIC, true);
    if !is_known || mac(key, name, &bytes).verify_slice(code).is_err() {
        return Err(bad("it is not what was written under this name".to_owned()));
    }
    Ok(Some(bytes))
}

/// The parts of an entry's file, in memory of this process.
fn copied(folder: &Folder, name: &Name) -> Result<([u8; HEAD_BYTES], Vec<u8>), Fault> {
    let mut file = folder.open_file(&name.file(), Rights::Written)?;
    let about = file.metadata()?;
    let most = HEAD_BYTES as u64 + ENTRY_BYTES_MAX;
    if about.len() > most {
        return Err(Fault::Wrong("it is longer than an entry may be"));
    }
    let mut head = [0; HEAD_BYTES];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(Fault::Wrong("it is cut off"));
        }
        other => other?,
    }
    let length = (about.len() as usize).saturating_sub(HEAD_BYTES);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| Fault::Wrong("there is no memory for it"))?;
    // It may have become longer meanwhile; then it is not what was written.
    (&file).take(length as u64).read_to_end(&mut bytes)?;
    // That a use is not noted makes it no worse than an older entry.
    folder.note_use(&file, &about).ok();
    Ok((head, bytes))
}

/// Writes an entry under a temporary name, then gives it its own (K4).
pub(crate) fn store(folder: &Folder, key: &Key, name: &Name, bytes: &[u8]) -> io::Result<()> {
    if bytes.len() as u64 > ENTRY_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than an entry may have"));
    }
    let temporary = folder.temporary()?;
    write(&mut temporary.file(), key, name, bytes)?;
    temporary.take_name(&name.file())
}

fn write(out: &mut impl Write, key: &Key, name: &Name, bytes: &[u8]) -> io::Result<()> {
    out.write_all(MAGIC)?;
    out.write_all(&mac(key, name, bytes).finalize().into_bytes())?;
    out.write_all(bytes)?;
    out.flush()
}
