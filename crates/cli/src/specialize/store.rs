//! A cache on disk: a folder with a file for each function that was made.
//!
//! ```text
//! --cache DIR     reads and writes DIR/<key>.spec
//! --cache-ro DIR  reads DIR/<key>.spec, before the other one
//! ```
//!
//! * D1. A file is made under a name that no other file has, by chance and by the system (it fails
//!   where there is one), and then renamed, so another process, be it of another machine, reads all
//!   of an entry or none; of two that write one entry the last stays, and both are right.
//! * D2. Nothing but a plain file of at most [`ENTRY_BYTES_MAX`] bytes is read.
//! * D3. A folder that was written to is brought below [`FOLDER_BYTES_MAX`] at the end: the entry
//!   used longest ago goes first. A file that has another name than an entry, or does not begin as
//!   one, stays, and is not counted.
//!
//! The specialiser proves the contents of a file; this module does not believe them either.

use crate::report::Shown as _;
use prova_core::{Context, Result};
use prova_specialize::cache::{ENTRY_BYTES_MAX, HEAD, Key, Store};
use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// The most bytes of all entries of a folder together.
pub(super) const FOLDER_BYTES_MAX: u64 = 1 << 30;

/// How often a name is tried that some other file has.
const ATTEMPTS_MAX: usize = 64;

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
                format!("`{}` is to be a folder for Prova's cache", path.shown())
            })?;
        }
        if let Some(path) = given.filter(|path| !path.is_dir()) {
            prova_core::bail!("`{}` is no folder, which Prova's cache is", path.shown());
        }
        let (own, given) = (own.map(Path::to_owned), given.map(Path::to_owned));
        Ok(Folders { given, own, written: AtomicU64::new(0) })
    }

    /// Removes files beyond the limit of bytes (D3).
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
        let is_named = file.file_name().to_str().is_some_and(is_name);
        let Some(data) = file.metadata().ok().filter(|data| is_named && data.is_file()) else {
            continue;
        };
        if !begins_as_entry(&path) {
            continue;
        }
        let used = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        all.push(Entry { used, path, bytes: data.len() });
    }
    all
}

/// Whether a name is an entry's, `<key>.spec`, or the name of a file that becomes one,
/// `<key>-<number>.part`.
fn is_name(name: &str) -> bool {
    let is_key = |text: &str| {
        text.len() == 64 && text.bytes().all(|sign| matches!(sign, b'0'..=b'9' | b'a'..=b'f'))
    };
    let part = name.strip_suffix(".part").and_then(|stem| stem.split_once('-'));
    name.strip_suffix(".spec").is_some_and(is_key) || part.is_some_and(|(key, _)| is_key(key))
}

/// Whether a file begins as an entry does; the written part of one that becomes an entry.
fn begins_as_entry(path: &Path) -> bool {
    let mut first = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(HEAD.len() as u64).read_to_end(&mut first));
    let becomes = path.extension().is_some_and(|ending| ending == "part");
    read.is_ok() && HEAD.starts_with(&first) && (becomes || first.len() == HEAD.len())
}

/// A file for an entry that is written, which is nobody else's (D1).
fn part(folder: &Path, key: &Key, random: impl Fn() -> u64) -> io::Result<(PathBuf, File)> {
    for _ in 0..ATTEMPTS_MAX {
        let path = folder.join(format!("{key}-{:016x}.part", random()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// A number that other processes do not come to: the system gives each thread its start.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl Store for Folders {
    fn load(&self, key: &Key) -> std::result::Result<Option<Vec<u8>>, String> {
        for folder in [&self.given, &self.own].into_iter().flatten() {
            let path = folder.join(format!("{key}.spec"));
            let failed = |error: io::Error| format!("`{}`: {error}", path.shown());
            match fs::metadata(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
                Ok(data) if !data.is_file() => {
                    return Err(format!("`{}` is no plain file", path.shown()));
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
        self.written.fetch_add(1, Ordering::Relaxed);
        let failed = |error: io::Error| format!("`{}`: {error}", folder.shown());
        let (part, mut file) = part(folder, key, random).map_err(failed)?;
        let written = file.write_all(entry);
        drop(file);
        let kept = written.and_then(|()| fs::rename(&part, folder.join(format!("{key}.spec"))));
        kept.map_err(|error| {
            // It is ours: it was made above.
            fs::remove_file(&part).ok();
            failed(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder for a test, with files of these ages in seconds and contents.
    fn folder(test: &str, files: &[(&str, u64, &[u8])]) -> (PathBuf, Folders) {
        let folder = std::env::temp_dir().join(format!("prova-{test}-{:x}", random()));
        let folders = Folders::new(Some(&folder), None).expect("a folder");
        for (name, used, bytes) in files {
            let file = File::create(folder.join(name)).expect("a file");
            (&file).write_all(bytes).expect("it is written");
            let used = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(*used);
            file.set_modified(used).expect("a time");
        }
        (folder, folders)
    }

    /// The files of a folder by the ends of their names.
    fn names(folder: &Path) -> String {
        let all = fs::read_dir(folder).expect("a folder").flatten();
        let all = all.map(|file| file.file_name().into_string().expect("a name"));
        let mut all: Vec<String> = all.map(|name| name.replace(&"0".repeat(63), "")).collect();
        all.sort();
        all.join(" ")
    }

    #[test]
    fn a_folder_is_trimmed_by_age() {
        let key = "0".repeat(63);
        let mut entry = [0; 100];
        entry[..HEAD.len()].copy_from_slice(HEAD);
        let name = |end: &str| format!("{key}{end}");
        let [a, b, c, d, other] = ["a.spec", "b.spec", "c-0.part", "d.spec", "e.spec"].map(&name);
        let (folder, folders) = folder(
            "trim",
            &[
                (&a, 30, &entry),
                (&b, 10, &entry),
                (&c, 20, &entry),
                (&d, 40, &entry),
                // Files of others: with a name of ours, and with contents of ours.
                (&other, 1, &[0; 100]),
                (&name("f.spec"), 1, &[]),
                ("mine.spec", 1, &entry),
                ("notes.txt", 1, &entry),
            ],
        );
        let others = "e.spec f.spec mine.spec notes.txt";
        folders.trim(250);
        assert_eq!(names(&folder), format!("a.spec b.spec c-0.part d.spec {others}"), "no write");
        folders.written.store(1, Ordering::Relaxed);
        folders.trim(400);
        assert_eq!(names(&folder), format!("a.spec b.spec c-0.part d.spec {others}"));
        folders.trim(250);
        assert_eq!(names(&folder), format!("a.spec d.spec {others}"));
        folders.trim(0);
        assert_eq!(names(&folder), others);
        fs::remove_dir_all(&folder).expect("it is removed");
    }

    #[test]
    fn names_are_those_of_entries() {
        let key = "0123456789abcdef".repeat(4);
        for (name, is) in [
            (format!("{key}.spec"), true),
            (format!("{key}-0123.part"), true),
            (format!("{}.spec", key.to_uppercase()), false),
            (format!("{}.spec", &key[1..]), false),
            (format!("{key}0.spec"), false),
            (format!("{key}.part"), false),
            (format!("{key}-0.spec"), false),
            (format!("{key}.spec.txt"), false),
            ("a.spec".to_owned(), false),
            (".spec".to_owned(), false),
        ] {
            assert_eq!(is_name(&name), is, "{name}");
        }
    }

    /// Another process has the name that is tried first: its file stays what it is.
    #[test]
    fn a_file_of_another_process_stays() {
        let (folder, _) = folder("part", &[]);
        let key = Key::named("an entry");
        let numbers = std::cell::Cell::new(0);
        let next = || numbers.replace(numbers.get() + 1) / 2;
        let (first, mut file) = part(&folder, &key, next).expect("a file");
        file.write_all(b"theirs").expect("it is written");
        let (second, _) = part(&folder, &key, next).expect("another file");
        assert!(first != second && numbers.get() == 3);
        assert_eq!(fs::read(&first).expect("it stays"), b"theirs");
        assert!(part(&folder, &key, || 0).is_err(), "the name is never another one");
        assert_eq!(fs::read(&first).expect("it stays"), b"theirs");
        fs::remove_dir_all(&folder).expect("it is removed");
    }

    /// Threads that save one entry at a time, each through a separate store: all succeed, and the
    /// entry is one of theirs.
    #[test]
    fn stores_that_share_a_folder() {
        let (folder, _) = folder("shared", &[]);
        let key = Key::named("an entry");
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let (folder, key) = (&folder, &key);
                scope.spawn(move || {
                    let store = Folders::new(Some(folder), None).expect("a folder");
                    (0..50).for_each(|_| {
                        store.save(key, &[writer; 4_096]).expect("it is saved");
                        let read = store.load(key).expect("it is read").expect("an entry");
                        assert!(read.len() == 4_096 && read.iter().all(|byte| *byte == read[0]));
                    });
                });
            }
        });
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1, "no part is left");
        fs::remove_dir_all(&folder).expect("it is removed");
    }
}
