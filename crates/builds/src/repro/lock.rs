//! The artifacts of a build ↔ a file to commit, against which later builds are held.
//!
//! `build` has found all its outputs equal before one is written or held against the file. A line
//! is a SHA-256, two spaces and a path, sorted by path, so `sha256sum -c` reads it too; lines that
//! begin with `#` are comments. At most [`LOCK_BYTES_MAX`]. `tests/repro/main.rs` writes, reads and
//! damages such files.

use super::tree::{self, Artifacts};
use anyhow::{Context, Result, bail, ensure};

/// A lock file may be so long, bytes.
pub const LOCK_BYTES_MAX: usize = 16 << 20;

/// The text of a lock file.
///
/// # Errors
/// If a path has a line break, or there is too much.
pub fn write(artifacts: &Artifacts) -> Result<String> {
    let mut text =
        "# Outputs of this repository's build; written by `prova repro ci --update`.\n".to_owned();
    for (path, digest) in artifacts {
        ensure!(!path.contains(['\n', '\r']), "the path {path:?} has a line break");
        text.push_str(&format!("{digest}  {path}\n"));
    }
    ensure!(
        text.len() <= LOCK_BYTES_MAX,
        "the lock file would be longer than {LOCK_BYTES_MAX} bytes"
    );
    ensure!(artifacts.len() <= tree::ENTRIES_MAX, "more than {} artifacts", tree::ENTRIES_MAX);
    Ok(text)
}

/// The artifacts that a lock file lists.
///
/// # Errors
/// If a line is not of the form, or a path stands twice.
pub fn read(text: &str) -> Result<Artifacts> {
    ensure!(text.len() <= LOCK_BYTES_MAX, "the lock file is longer than {LOCK_BYTES_MAX} bytes");
    let mut artifacts = Artifacts::new();
    for (number, line) in
        text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        let parts = line
            .split_once("  ")
            .with_context(|| format!("line {}: no digest and path", number + 1))?;
        let (digest, path) = parts;
        let hex = digest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        ensure!(
            digest.len() == 64 && hex,
            "line {}: not a SHA-256 in small hexadecimal",
            number + 1
        );
        if artifacts.insert(path.to_owned(), digest.to_owned()).is_some() {
            bail!("line {}: `{path}` stands there twice", number + 1);
        }
    }
    ensure!(!artifacts.is_empty(), "the lock file names no artifact");
    Ok(artifacts)
}

/// A line for each path in which a build is not as the lock file says.
pub fn differences(lock: &Artifacts, built: &Artifacts) -> Vec<String> {
    let of_lock = lock.iter().filter_map(|(path, digest)| match built.get(path) {
        None => Some(format!("not built: {path}")),
        Some(other) if other != digest => Some(format!("changed: {path}: {digest} became {other}")),
        Some(_) => None,
    });
    let new = built
        .keys()
        .filter(|path| !lock.contains_key(*path))
        .map(|path| format!("not in the lock file: {path}"));
    of_lock.chain(new).collect()
}
