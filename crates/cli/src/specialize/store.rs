//! A cache on disk: a folder with a file for each function that was made.
//!
//! ```text
//! --cache DIR     reads and writes DIR/<key>.spec
//! --cache-ro DIR  reads DIR/<key>.spec, before the other one
//! ```
//!
//! * D1. A file is written under a name of this process's own and then renamed, so another process
//!   reads all of an entry or none; of two that write one entry the last stays, and both are right.
//! * D2. Nothing but a plain file of at most [`ENTRY_BYTES_MAX`] bytes is read.
//! * D3. A folder that was written to is brought below [`FOLDER_BYTES_MAX`] at the end: what was
//!   used longest ago goes first. Files with other names stay.
//!
//! What a file says is for the specialiser to prove: this module believes it as little.

use prova::{Context, Result};
use prova_specialize::cache::{ENTRY_BYTES_MAX, Key, Store};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// The most bytes of all entries of a folder together.
pub(super) const FOLDER_BYTES_MAX: u64 = 1 << 30;

/// How the names of entries end, and those of files that become one.
const ENDINGS: [&str; 2] = ["spec", "part"];

/// Folders with entries.
#[derive(Debug)]
pub(super) struct Folders {
    /// Is read only.
    given: Option<PathBuf>,
    /// Is read and written.
    own: Option<PathBuf>,
    /// How many files this process has written.
    written: AtomicU64,
}

impl Folders {
    /// The folders of the options; the one that is written to is made if there is none.
    pub(super) fn new(own: Option<&Path>, given: Option<&Path>) -> Result<Folders> {
        if let Some(path) = own {
            fs::create_dir_all(path).with_context(|| {
                format!("`{}` is to be a folder for Prova's cache", path.display())
            })?;
        }
        if let Some(path) = given.filter(|path| !path.is_dir()) {
            prova::bail!("`{}` is no folder, which Prova's cache is", path.display());
        }
        let (own, given) = (own.map(Path::to_owned), given.map(Path::to_owned));
        Ok(Folders { given, own, written: AtomicU64::new(0) })
    }

    /// Removes what is too much (D3).
    pub(super) fn trim(&self, bytes_max: u64) {
        let Some(folder) = &self.own else { return };
        if self.written.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut files = entries(folder);
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        files.sort_unstable_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        for file in files {
            if bytes <= bytes_max {
                break;
            }
            // Another process may have removed it.
            fs::remove_file(&file.path).ok();
            bytes -= file.bytes;
        }
    }
}

struct Entry {
    used: SystemTime,
    path: PathBuf,
    bytes: u64,
}

/// The entries of a folder.
fn entries(folder: &Path) -> Vec<Entry> {
    let mut all = Vec::new();
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = file.path();
        let is_ours = path.extension().is_some_and(|ending| ENDINGS.iter().any(|it| ending == *it));
        let Some(data) = file.metadata().ok().filter(|data| is_ours && data.is_file()) else {
            continue;
        };
        let used = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        all.push(Entry { used, path, bytes: data.len() });
    }
    all
}

impl Store for Folders {
    fn load(&self, key: &Key) -> std::result::Result<Option<Vec<u8>>, String> {
        for folder in [&self.given, &self.own].into_iter().flatten() {
            let path = folder.join(format!("{key}.spec"));
            let failed = |error: std::io::Error| format!("`{}`: {error}", path.display());
            match fs::metadata(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
                Ok(data) if !data.is_file() => {
                    return Err(format!("`{}` is no plain file", path.display()));
                }
                Ok(_) => {}
            }
            let file = File::open(&path).map_err(failed)?;
            if self.own.as_ref() == Some(folder) {
                // When it was used last; a folder that does not say so keeps the time of writing.
                file.set_modified(SystemTime::now()).ok();
            }
            let mut entry = Vec::new();
            let most = ENTRY_BYTES_MAX as u64 + 1;
            file.take(most).read_to_end(&mut entry).map_err(failed)?;
            return Ok(Some(entry));
        }
        Ok(None)
    }

    fn save(&self, key: &Key, entry: &[u8]) -> std::result::Result<(), String> {
        let Some(folder) = &self.own else { return Ok(()) };
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let part = folder.join(format!("{key}-{}-{number}.part", std::process::id()));
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&part)?;
            file.write_all(entry)?;
            drop(file);
            fs::rename(&part, folder.join(format!("{key}.spec")))
        };
        write().map_err(|error| {
            fs::remove_file(&part).ok();
            format!("`{}`: {error}", folder.display())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_trimmed_by_age() {
        let folder = std::env::temp_dir().join(format!("prova-trim-{}", std::process::id()));
        let folders = Folders::new(Some(&folder), None).expect("a folder");
        let at = |seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        for (name, used) in
            [("a.spec", 30), ("b.spec", 10), ("c-1-0.part", 20), ("d.spec", 40), ("e.txt", 1)]
        {
            let file = File::create(folder.join(name)).expect("a file");
            (&file).write_all(&[0; 100]).expect("it is written");
            file.set_modified(at(used)).expect("a time");
        }
        let names = || {
            let all = fs::read_dir(&folder).expect("a folder").flatten();
            let mut all: Vec<_> = all.map(|file| file.file_name().into_string()).collect();
            all.sort();
            all.into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        folders.trim(250);
        assert_eq!(names(), "a.spec b.spec c-1-0.part d.spec e.txt", "nothing was written");
        folders.written.store(1, Ordering::Relaxed);
        folders.trim(400);
        assert_eq!(names(), "a.spec b.spec c-1-0.part d.spec e.txt");
        folders.trim(250);
        assert_eq!(names(), "a.spec d.spec e.txt");
        folders.trim(0);
        assert_eq!(names(), "e.txt");
        fs::remove_dir_all(&folder).expect("it is removed");
    }
}
