//! The guest's descriptors: number → open object with its rights.
//!
//! Filled by `builder` and `path_open`, used by every `fd_` and `path_` call. Invariants:
//! 1. A new descriptor gets the lowest free number; `lowest_free` is at or below every free slot.
//! 2. At most [`FDS_MAX`] descriptors are open; numbers stay below it.
//! 3. A descriptor's rights only shrink.

use crate::types::{Errno, Filetype, Rights};
use cap_std::fs::Dir;
use std::fs::File;
use std::io::{Read, Write};

/// Most descriptors open at a time.
pub(crate) const FDS_MAX: usize = 4096;
/// Most bytes of directory listings held at a time.
pub(crate) const LISTING_BYTES_MAX: usize = 64 << 20;

/// What a descriptor stands for.
pub(crate) enum Object {
    /// A regular file or block device: has a position and never waits.
    File(File),
    /// A pipe, terminal or socket of the host, which may wait, or a file granted as output: has no
    /// position.
    Stream(File),
    Dir(Directory),
    /// A source of the embedder.
    Reader(Box<dyn Read + Send>),
    /// A sink of the embedder.
    Writer(Box<dyn Write + Send>),
}

/// An open directory.
pub(crate) struct Directory {
    pub(crate) dir: Dir,
    /// Nothing below a directory that is not writable can be changed through it.
    pub(crate) writable: bool,
    /// The guest's name of a preopened directory.
    pub(crate) preopen: Option<Box<[u8]>>,
    /// What `fd_readdir` last saw.
    pub(crate) listing: Option<Listing>,
}

/// A directory's entries at one moment, in the order of their names' bytes.
pub(crate) struct Listing {
    pub(crate) entries: Vec<crate::sys::HostEntry>,
    pub(crate) size_bytes: usize,
}

/// An open descriptor.
pub(crate) struct Descriptor {
    pub(crate) object: Object,
    pub(crate) filetype: Filetype,
    pub(crate) base: Rights,
    pub(crate) inheriting: Rights,
    /// Preview 1 `fdflags`.
    pub(crate) flags: u16,
}

impl Descriptor {
    /// Fails unless the descriptor has all of `rights`.
    pub(crate) fn need(&self, rights: Rights) -> Result<(), Errno> {
        if self.base.contains(rights) {
            Ok(())
        } else if rights.intersects(Rights::FD_READ.union(Rights::FD_WRITE)) {
            // What POSIX says about a descriptor that is not open for reading or writing.
            Err(Errno::Badf)
        } else {
            Err(Errno::NotCapable)
        }
    }

    /// The directory behind the descriptor.
    pub(crate) fn directory(&self) -> Result<&Directory, Errno> {
        match &self.object {
            Object::Dir(directory) => Ok(directory),
            Object::File(_) | Object::Stream(_) | Object::Reader(_) | Object::Writer(_) => {
                Err(Errno::NotDir)
            }
        }
    }
}

/// The table of descriptors.
#[derive(Default)]
pub(crate) struct FdTable {
    slots: Vec<Option<Descriptor>>,
    lowest_free: usize,
}

impl FdTable {
    /// Opens a descriptor under the lowest free number.
    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let mut at = self.lowest_free;
        while self.slots.get(at).is_some_and(Option::is_some) {
            at += 1;
        }
        if at >= FDS_MAX {
            return Err(Errno::MFile);
        }
        match self.slots.get_mut(at) {
            Some(slot) => *slot = Some(descriptor),
            None => self.slots.push(Some(descriptor)),
        }
        self.lowest_free = at + 1;
        u32::try_from(at).map_err(|_| Errno::MFile)
    }

    /// Whether one more descriptor fits; asked before a file is created for it.
    pub(crate) fn has_room(&self) -> bool {
        self.slots.len() < FDS_MAX || self.slots.iter().any(Option::is_none)
    }

    /// Puts a descriptor at exactly `fd`, closing what was there; for the builder.
    pub(crate) fn set(&mut self, fd: u32, descriptor: Option<Descriptor>) {
        let at = crate::guest::index(fd);
        if at >= FDS_MAX {
            return;
        }
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        if descriptor.is_none() {
            self.lowest_free = self.lowest_free.min(at);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = descriptor;
        }
    }

    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots.get(crate::guest::index(fd)).and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots.get_mut(crate::guest::index(fd)).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    /// Closes `fd`.
    pub(crate) fn close(&mut self, fd: u32) -> Result<(), Errno> {
        self.take(fd).map(drop)
    }

    /// Moves `from` to the open descriptor `to`, closing what was there.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let moved = self.take(from)?;
            self.set(to, Some(moved));
        }
        Ok(())
    }

    /// Bytes held by directory listings.
    pub(crate) fn listing_bytes(&self) -> usize {
        let listing = |descriptor: &Descriptor| {
            descriptor
                .directory()
                .ok()
                .and_then(|dir| dir.listing.as_ref())
                .map_or(0, |l| l.size_bytes)
        };
        self.slots.iter().flatten().map(listing).sum()
    }

    fn take(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let at = crate::guest::index(fd);
        let descriptor = self.slots.get_mut(at).and_then(Option::take).ok_or(Errno::Badf)?;
        self.lowest_free = self.lowest_free.min(at);
        Ok(descriptor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(byte: u8) -> Descriptor {
        Descriptor {
            object: Object::Reader(Box::new(std::io::repeat(byte))),
            filetype: Filetype::Unknown,
            base: Rights(u64::from(byte)),
            inheriting: Rights::NONE,
            flags: 0,
        }
    }

    #[test]
    fn the_lowest_free_number_is_given_out() {
        let mut fds = FdTable::default();
        assert_eq!([0, 1, 2].map(|n| fds.insert(source(n)).unwrap()), [0, 1, 2]);
        fds.close(1).unwrap();
        fds.close(0).unwrap();
        assert_eq!(fds.close(0), Err(Errno::Badf));
        assert_eq!([7, 8, 9].map(|n| fds.insert(source(n)).unwrap()), [0, 1, 3]);
    }

    #[test]
    fn renumbering_moves_and_frees() {
        let mut fds = FdTable::default();
        for n in 0..3 {
            fds.insert(source(n)).unwrap();
        }
        fds.renumber(0, 2).unwrap();
        assert_eq!(fds.get(2).unwrap().base, Rights(0));
        assert_eq!(fds.get(0).err(), Some(Errno::Badf));
        assert_eq!(fds.renumber(1, 0), Err(Errno::Badf));
        assert_eq!(fds.renumber(5, 1), Err(Errno::Badf));
        fds.renumber(1, 1).unwrap();
        assert_eq!(fds.insert(source(9)).unwrap(), 0);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut fds = FdTable::default();
        for _ in 0..FDS_MAX {
            fds.insert(source(1)).unwrap();
        }
        assert!(!fds.has_room());
        assert_eq!(fds.insert(source(1)), Err(Errno::MFile));
        fds.close(77).unwrap();
        assert!(fds.has_room());
        assert_eq!(fds.insert(source(1)), Ok(77));
    }
}
