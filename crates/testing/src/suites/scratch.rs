//! Folders of tests in the system's place for temporary files, gone with their values.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io};

/// A folder that is removed when dropped.
pub struct Scratch {
    /// Where it is.
    pub path: PathBuf,
}

impl Scratch {
    /// A new one, with a name for readers.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(name: &str) -> io::Result<Scratch> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let (id, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = format!("prova-{}-{id}-{count}", name.replace('/', "-"));
        let scratch = Scratch { path: std::env::temp_dir().join(name) };
        // A process that was killed may have had this number.
        let _ = fs::remove_dir_all(&scratch.path);
        fs::create_dir_all(&scratch.path)?;
        Ok(scratch)
    }

    /// Adds links to those parts of a collection that are there.
    ///
    /// # Errors
    /// If one cannot be made.
    pub fn link(&self, collection: &Path, parts: &[&str]) -> io::Result<()> {
        let collection = fs::canonicalize(collection)?;
        for part in parts.iter().filter(|part| collection.join(part).exists()) {
            link(&collection.join(part), &self.path.join(part))?;
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays behind in the system's own one for such folders harms nobody.
        fs::remove_dir_all(&self.path).ok();
    }
}

#[cfg(unix)]
fn link(to: &Path, from: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, from)
}

#[cfg(windows)]
fn link(to: &Path, from: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(to, from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_as_long_as_its_value() {
        let (one, other) = (Scratch::new("a/b").expect("one"), Scratch::new("a/b").expect("other"));
        assert_ne!(one.path, other.path);
        fs::create_dir(other.path.join("bin")).expect("a part");
        one.link(&other.path, &["bin", "data"]).expect("a link");
        assert!(one.path.join("bin").is_dir() && !one.path.join("data").exists());
        let (path, part) = (one.path.clone(), other.path.join("bin"));
        drop(one);
        assert!(!path.exists() && part.exists(), "a link goes, not what it leads to");
    }
}
