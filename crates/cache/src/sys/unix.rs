//! Unix: owner, mode and number of files; everything by [`rustix`], relative to the folder.

use super::{Rights, TEMPORARY};
use crate::USE_SECONDS;
use crate::error::{Fault, Refused};
use crate::guard::FileId;
use crate::plant::planted;
use crate::prune::Entry;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, Timespec, Timestamps};
use rustix::io::Errno;
use std::cell::Cell;
use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Rights of others.
const OTHERS: Mode = Mode::RWXG.union(Mode::RWXO);
/// Rights of others to write.
const OTHERS_WRITE: Mode = Mode::WGRP.union(Mode::WOTH);

/// A directory of the user that nobody else can enter (K1).
pub(crate) struct Folder(OwnedFd);

impl Folder {
    /// Opens it; makes it, and what is missing on the way, for the user alone.
    pub(crate) fn open(path: &Path) -> Result<Folder, Refused> {
        let refused = |why: &dyn std::fmt::Display| Refused::new(path, why);
        // A slash or a dot behind a link would lead through it.
        let path: &Path = &path.components().collect::<PathBuf>();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let flags = flags | planted!(FolderByLink, OFlags::NOFOLLOW, OFlags::empty());
        let folder = match (rustix::fs::openat(CWD, path, flags, Mode::empty()), made) {
            (Ok(folder), _) => folder,
            (Err(Errno::LOOP | Errno::NOTDIR), _) => return Err(refused(&"it is no directory")),
            (Err(_), Err(error)) => return Err(Refused { is_absent: true, ..refused(&error) }),
            (Err(error), Ok(())) => return Err(refused(&error)),
        };
        let about = rustix::fs::fstat(&folder).map_err(|error| refused(&error))?;
        if about.st_uid != rustix::process::geteuid().as_raw() {
            return Err(refused(&"it belongs to another user"));
        }
        if planted!(OthersEnter, mode(&about).intersects(OTHERS), false) {
            return Err(refused(&"others can enter it (`chmod 700` takes that away)"));
        }
        Ok(Folder(folder))
    }

    /// A regular file of the user, to be read (K5).
    pub(crate) fn open_file(&self, name: &str, rights: Rights) -> Result<File, Fault> {
        let no_link = planted!(EntryByLink, OFlags::NOFOLLOW, OFlags::empty());
        let flags = OFlags::RDONLY | no_link | OFlags::NONBLOCK;
        let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
        let file = match rustix::fs::openat(&self.0, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Err(Fault::Missing),
            Err(Errno::LOOP | Errno::MLINK) => return Err(Fault::Wrong("it is a link")),
            // A socket.
            Err(Errno::NXIO) => return Err(Fault::Wrong("it is no regular file")),
            Err(error) => return Err(Fault::Io(error.into())),
        };
        let about = rustix::fs::fstat(&file).map_err(io::Error::from)?;
        if FileType::from_raw_mode(about.st_mode) != FileType::RegularFile {
            return Err(Fault::Wrong("it is no regular file"));
        }
        if about.st_uid != rustix::process::geteuid().as_raw() {
            return Err(Fault::Wrong("it belongs to another user"));
        }
        match rights {
            Rights::Secret
                if planted!(OthersReadTheKey, mode(&about).intersects(OTHERS), false) =>
            {
                Err(Fault::Wrong("others can read or write it"))
            }
            Rights::Secret if planted!(KeyHasNames, about.st_nlink != 1, false) => {
                Err(Fault::Wrong("it has another name, too"))
            }
            Rights::Written
                if planted!(OthersWriteEntries, mode(&about).intersects(OTHERS_WRITE), false) =>
            {
                Err(Fault::Wrong("others can write it"))
            }
            Rights::Secret | Rights::Written => Ok(File::from(file)),
        }
    }

    /// Notes that a file is used, unless that was noted within the hour.
    pub(crate) fn note_use(&self, file: &File, about: &Metadata) -> io::Result<()> {
        let age = about.modified()?.elapsed().unwrap_or(Duration::MAX);
        if age.as_secs() < USE_SECONDS {
            return Ok(());
        }
        let now = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW as _ };
        let omit = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT as _ };
        let times = Timestamps { last_access: omit, last_modification: now };
        Ok(rustix::fs::futimens(file, &times)?)
    }

    /// A new file under a name that nobody else has; it goes unless it takes another name.
    pub(crate) fn temporary(&self) -> io::Result<Temporary<'_>> {
        let mut random = [0; 8];
        self::random(&mut random)?;
        let number = u64::from_le_bytes(random);
        let name = format!("{TEMPORARY}{}-{number:016x}", std::process::id());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = rustix::fs::openat(&self.0, &name, flags, mode)?;
        Ok(Temporary { folder: self, file: file.into(), name, has_name: Cell::new(false) })
    }

    /// All files, directories too.
    pub(crate) fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.0)? {
            let entry = entry?;
            let Ok(file) = entry.file_name().to_str() else { continue };
            // It may be gone by now.
            let about = rustix::fs::statat(&self.0, file, AtFlags::SYMLINK_NOFOLLOW);
            let Ok(about) = about else { continue };
            if [".", ".."].contains(&file) {
                continue;
            }
            let seconds = u64::try_from(about.st_mtime).unwrap_or(0);
            let nanoseconds = u32::try_from(about.st_mtime_nsec).unwrap_or(0) % 1_000_000_000;
            let since = Duration::new(seconds, nanoseconds);
            let used = UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::now());
            let bytes = u64::try_from(about.st_size).unwrap_or(0);
            entries.push(Entry { file: file.to_owned(), bytes, used });
        }
        Ok(entries)
    }

    /// Removes a file, or an empty directory; that it is gone already is no error.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::ISDIR | Errno::PERM) => {
                Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A file that is being written.
pub(crate) struct Temporary<'f> {
    folder: &'f Folder,
    file: File,
    name: String,
    has_name: Cell<bool>,
}

impl Temporary<'_> {
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it a name, in the place of the file that has it.
    pub(crate) fn take_name(self, name: &str) -> io::Result<()> {
        let folder = &self.folder.0;
        let rename = || rustix::fs::renameat(folder, &self.name, folder, name);
        match rename() {
            // An empty directory goes, too.
            Err(Errno::ISDIR | Errno::EXIST | Errno::NOTEMPTY) => {
                self.folder.remove(name)?;
                rename()?;
            }
            other => other?,
        }
        self.has_name.set(true);
        Ok(())
    }

    /// Gives it a name, unless there is such a file; then it goes.
    pub(crate) fn take_free_name(self, name: &str) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        {
            let (folder, flags) = (&self.folder.0, rustix::fs::RenameFlags::NOREPLACE);
            match rustix::fs::renameat_with(folder, &self.name, folder, name, flags) {
                Ok(()) => {
                    self.has_name.set(true);
                    return Ok(());
                }
                Err(Errno::EXIST) => return Ok(()),
                // The file system cannot; with another process at once, one key is lost.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.take_name(name)
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.has_name.get() {
            self.folder.remove(&self.name).ok();
        }
    }
}

/// The rights in a file's mode.
fn mode(about: &Stat) -> Mode {
    Mode::from_raw_mode(about.st_mode)
}

/// The device and number of what a path leads to.
pub(crate) fn file_id(path: &Path) -> Option<FileId> {
    let about = std::fs::metadata(path).ok()?;
    Some(FileId { device: about.dev(), number: about.ino() })
}

/// Fills `buffer` with random bytes of the system.
pub(crate) fn random(buffer: &mut [u8]) -> io::Result<()> {
    let mut device = File::open("/dev/urandom")?;
    if !device.metadata()?.file_type().is_char_device() {
        return Err(io::Error::other("/dev/urandom is no device"));
    }
    device.read_exact(buffer)
}
