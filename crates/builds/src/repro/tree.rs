//! A source tree → a fresh copy to build in, and the artifacts that a build has made in it.
//!
//! `build` copies before each run and collects after it; [`glob`] chooses.
//!
//! 1. Earlier build outputs are not copied: a directory marked by `CACHEDIR.TAG`, as Cargo marks
//!    `target`, is left out, so no copy of an old artifact passes for a second build.
//! 2. Permissions, symbolic links and times of modification are kept, those of directories and
//!    links too; or all times are earlier by one span, so that they keep their order. The order of
//!    creation is by name, or the reverse, which on many file systems is the order in which a build
//!    lists a directory.
//! 3. Lists of artifacts are sorted by path.
//!
//! `tests/repro/main.rs` builds in such copies.

use super::glob;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Maximum number of files and directories of a tree.
pub const ENTRIES_MAX: usize = 1 << 20;

/// Maximum depth of directories in each other.
pub const DEPTH_MAX: usize = 200;

/// Relative path → SHA-256 of the bytes.
pub type Artifacts = BTreeMap<String, String>;

/// The changes that a copy makes to its source.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// The order of creation is turned around.
    pub reversed: bool,
    /// Times of modification are earlier by this.
    pub older: Duration,
}

/// Copies the tree; `without` is left out.
///
/// # Errors
/// If something cannot be read or written, or the tree is too large.
pub fn copy(from: &Path, to: &Path, how: How, without: &Path) -> Result<()> {
    let mut left = ENTRIES_MAX;
    copy_directory(from, to, how, without, &mut left, DEPTH_MAX)
}

/// Gives a copy the time of its source, less the span. Files that the system does not let be dated
/// stay as they are.
fn date(copied: &Path, source: &fs::Metadata, older: Duration) {
    let time = source.modified().ok().and_then(|time| time.checked_sub(older));
    let Some(time) = time else { return };
    if source.is_symlink() {
        date_link(copied, time);
    } else if let Ok(file) = File::open(copied) {
        // An owner may date what is open for reading.
        file.set_modified(time).ok();
    }
}

#[cfg(target_os = "linux")]
fn date_link(link: &Path, time: std::time::SystemTime) {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT, utimensat};
    let Ok(since) = time.duration_since(std::time::UNIX_EPOCH) else { return };
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec {
            tv_sec: since.as_secs() as i64,
            tv_nsec: since.subsec_nanos().into(),
        },
    };
    utimensat(CWD, link, &times, AtFlags::SYMLINK_NOFOLLOW).ok();
}

#[cfg(not(target_os = "linux"))]
fn date_link(_: &Path, _: std::time::SystemTime) {}

/// Removes a directory and all that lies in it, where a build took the permission to do so away,
/// too. One that is not there is removed already.
///
/// # Errors
/// If something stays.
pub fn remove(directory: &Path) -> Result<()> {
    let context = || format!("failed to remove `{}`", directory.display());
    if !directory.exists() || fs::remove_dir_all(directory).is_ok() {
        return Ok(());
    }
    let mut open = vec![(directory.to_owned(), DEPTH_MAX)];
    while let Some((directory, depth)) = open.pop() {
        allow(&directory);
        for path in entries(&directory).unwrap_or_default() {
            if depth > 0 && path.symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
                open.push((path, depth - 1));
            }
        }
    }
    fs::remove_dir_all(directory).with_context(context)
}

#[cfg(unix)]
fn allow(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).ok();
}

#[cfg(not(unix))]
fn allow(_: &Path) {}

/// Makes a new, empty directory of this name, or of this name and a number.
///
/// # Errors
/// If it cannot be made.
pub fn fresh(parent: &Path, name: &str) -> Result<PathBuf> {
    fs::create_dir_all(parent).with_context(|| format!("failed to make `{}`", parent.display()))?;
    for number in 1..ENTRIES_MAX {
        let path = match number {
            1 => parent.join(name),
            _ => parent.join(format!("{name}-{number}")),
        };
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("failed to make `{}`", path.display()));
            }
        }
    }
    bail!("`{}` has too many directories of the name `{name}`", parent.display())
}

/// The same link in another place; what it names is not looked at.
#[cfg(unix)]
fn copy_link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(not(unix))]
fn copy_link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::Error::new(
        std::io::ErrorKind::Unsupported,
        "a symbolic link is copied on Unix alone",
    ))
}

fn copy_directory(
    from: &Path,
    to: &Path,
    how: How,
    without: &Path,
    left: &mut usize,
    depth: usize,
) -> Result<()> {
    if depth == 0 {
        bail!("`{}` lies deeper than {DEPTH_MAX} directories", from.display());
    }
    fs::create_dir_all(to).with_context(|| format!("failed to make `{}`", to.display()))?;
    let mut entries = entries(from)?;
    if how.reversed {
        entries.reverse();
    }
    for path in entries {
        *left = left
            .checked_sub(1)
            .with_context(|| format!("more than {ENTRIES_MAX} files to copy"))?;
        let Some(name) = path.file_name() else { continue };
        let copied = to.join(name);
        let context = || format!("failed to copy `{}`", path.display());
        let kind = path.symlink_metadata().with_context(context)?;
        if path == without || (kind.is_dir() && path.join("CACHEDIR.TAG").exists()) {
            continue;
        }
        if kind.is_symlink() {
            copy_link(&path, &copied).with_context(context)?;
        } else if kind.is_dir() {
            copy_directory(&path, &copied, how, without, left, depth - 1)?;
        } else if kind.is_file() {
            fs::copy(&path, &copied).with_context(context)?;
        } else {
            continue;
        }
        date(&copied, &kind, how.older);
    }
    if let Ok(source) = from.metadata() {
        date(to, &source, how.older);
    }
    Ok(())
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("failed to list `{}`", directory.display());
    let mut entries = fs::read_dir(directory)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
        .with_context(context)?;
    entries.sort();
    Ok(entries)
}

/// The relative paths of all regular files.
///
/// # Errors
/// If a directory cannot be listed.
pub fn files(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![(root.to_owned(), DEPTH_MAX)];
    while let Some((directory, depth)) = open.pop() {
        for path in entries(&directory)? {
            let Ok(kind) = path.symlink_metadata() else { continue };
            if kind.is_dir() && depth > 0 {
                open.push((path, depth - 1));
            } else if let (true, Ok(relative)) = (kind.is_file(), path.strip_prefix(root)) {
                found.push(relative.to_string_lossy().into_owned());
            }
        }
        if found.len() > ENTRIES_MAX {
            bail!("more than {ENTRIES_MAX} files in `{}`", root.display());
        }
    }
    found.sort();
    Ok(found)
}

/// The artifacts in a tree: by the patterns, or without any every file that was not there `before`,
/// a build tool's own notes excepted.
///
/// # Errors
/// If a file cannot be read.
pub fn artifacts(root: &Path, patterns: &[String], before: &[String]) -> Result<Artifacts> {
    let chosen = |path: &String| {
        if patterns.is_empty() {
            before.binary_search(path).is_err() && !is_note(path)
        } else {
            patterns.iter().any(|pattern| glob::matches(pattern, path))
        }
    };
    let mut artifacts = Artifacts::new();
    for path in files(root)?.into_iter().filter(chosen) {
        let digest = digest(&root.join(&path))?;
        artifacts.insert(path, digest);
    }
    Ok(artifacts)
}

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// If it cannot be read.
pub fn digest(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let read = File::open(path).and_then(|mut file| io::copy(&mut file, &mut hash));
    read.with_context(|| format!("failed to read `{}`", path.display()))?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether a file is Cargo's own.
fn is_note(path: &str) -> bool {
    const INSIDE: [&str; 5] = ["deps", "build", "incremental", ".fingerprint", "examples"];
    const NAMES: [&str; 4] = [".cargo-lock", ".rustc_info.json", "CACHEDIR.TAG", "Cargo.lock"];
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    let target = parts.first() == Some(&"target");
    NAMES.contains(&name)
        || (target && (name.ends_with(".d") || parts.iter().any(|part| INSIDE.contains(part))))
}
