//! Names of native code for `perf`: one line `START SIZE name` for each piece, in hexadecimal, in
//! `/tmp/perf-PID.map`, which `perf report` reads (Linux,
//! `tools/perf/Documentation/jit-interface.txt`).
//!
//! Only code that was given a name has a line, and only code that the check accepted can be given
//! one ([`NativeCode::named`](super::NativeCode::named)). Nothing reads the file back: it decides
//! nothing.
//!
//! # Limits
//! The name of the file can be known before, and `/tmp` is everybody's: what lies there is removed
//! (a link itself, not what it leads to) and the file is made anew, for its owner alone. Where that
//! is not possible, and after a line that could not be written, there is no map. Lines stay when
//! code goes; where memory is used again, `perf` takes the later line.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The map of this process, once something has a name.
static MAP: OnceLock<Mutex<Option<File>>> = OnceLock::new();

/// The longest name that is written, in characters.
const NAME_CHARS_MAX: usize = 512;

/// Where the map of this process is.
fn path() -> PathBuf {
    PathBuf::from(format!("/tmp/perf-{}.map", std::process::id()))
}

/// A new file to which nobody else has a handle, to be written and mapped.
pub(super) fn create(path: &Path) -> Option<File> {
    // Fails where there is none, or it is someone else's; then it cannot be made below.
    let _ = std::fs::remove_file(path);
    let mut options = OpenOptions::new();
    options.read(true).append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).ok()
}

/// A name, cut at its limit. Names come from modules: what would end a line is replaced.
pub(super) fn one_line(name: &str) -> String {
    let mut line = String::new();
    for c in name.chars().take(NAME_CHARS_MAX) {
        match c.is_control() {
            true => write!(line, "{}", c.escape_default()).unwrap_or_default(),
            false => line.push(c),
        }
    }
    line
}

/// The line of a piece of code.
fn line(start: usize, len_bytes: usize, name: &str) -> String {
    format!("{start:x} {len_bytes:x} {}\n", one_line(name))
}

/// Where names of native code are written for `perf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerfNames {
    /// `/tmp/perf-PID.map`, which `perf report` reads.
    Map,
    /// `jit-PID.dump` in the current folder, with the code, for `perf inject --jit`.
    Dump,
}

/// Writes the line of a piece of code.
pub(super) fn write(start: usize, len_bytes: usize, name: &str) {
    let map = MAP.get_or_init(|| Mutex::new(create(&path())));
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    let written = map.as_mut().map(|file| file.write_all(line(start, len_bytes, name).as_bytes()));
    if let Some(Err(_)) = written {
        *map = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_whatever_the_name_says() {
        assert_eq!(line(0x1000, 0x2f, "module!add"), "1000 2f module!add\n");
        assert_eq!(line(0x1000, 1, "a\n2000 1 b\u{1b}[0m"), "1000 1 a\\n2000 1 b\\u{1b}[0m\n");
        assert_eq!(line(0, 0, &"x".repeat(600)).len(), "0 0 ".len() + NAME_CHARS_MAX + 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_stays() {
        let folder = std::env::temp_dir().join(format!("prova-perf-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (victim, link) = (folder.join("victim"), folder.join("link"));
        std::fs::write(&victim, "kept").expect("it is written");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(&victim, &link).expect("a link");
        let mut file = create(&link).expect("a new file");
        file.write_all(b"line\n").expect("it is written");
        assert_eq!(std::fs::read_to_string(&victim).expect("it is there"), "kept");
        assert_eq!(std::fs::read_to_string(&link).expect("it is there"), "line\n");
        std::fs::remove_dir_all(&folder).expect("it goes");
    }
}
