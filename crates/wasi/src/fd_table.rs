//! The guest's descriptors: number → open object with its rights.
//!
//! Filled by `builder` and `path_open`, used by every `fd_` and `path_` call. Invariants:
//! 1. A new descriptor gets the lowest free number; `free` has the number of every empty slot.
//! 2. [`FdTable::insert`] opens none where as many are open as its caller allows. The builder's
//!    grants are not limited.
//! 3. A descriptor's rights only shrink.
//! 4. `listing_bytes` is the sum of the sizes of all listings, which change only here.
//!
//! Every operation takes a time that is logarithmic in the number of descriptors at most.

use crate::types::{Errno, Filetype, Rights};
use cap_std::fs::Dir;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// The object behind a descriptor.
pub(crate) enum Object {
    /// A regular file or block device: has a position and never waits.
    File(File),
    /// A pipe, terminal or socket of the host, which may wait, or a file granted as output: has no
    /// position.
    Stream(File),
    Dir(Directory),
    /// Gives connections; never waits by itself, nor does a connection.
    Listener(TcpListener),
    Connection(TcpStream),
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
    /// The listing that `fd_readdir` last took.
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
            // POSIX's error for a descriptor that is not open for reading or writing.
            Err(Errno::Badf)
        } else {
            Err(Errno::NotCapable)
        }
    }

    /// Bytes that its listing takes.
    fn listing_bytes(&self) -> usize {
        let listing = self.directory().ok().and_then(|directory| directory.listing.as_ref());
        listing.map_or(0, |listing| listing.size_bytes)
    }

    /// The directory behind the descriptor.
    pub(crate) fn directory(&self) -> Result<&Directory, Errno> {
        match &self.object {
            Object::Dir(directory) => Ok(directory),
            Object::File(_)
            | Object::Stream(_)
            | Object::Reader(_)
            | Object::Writer(_)
            | Object::Listener(_)
            | Object::Connection(_) => Err(Errno::NotDir),
        }
    }
}

/// The table of descriptors.
#[derive(Default)]
pub(crate) struct FdTable {
    slots: Vec<Option<Descriptor>>,
    free: BTreeSet<usize>,
    listing_bytes: usize,
}

impl FdTable {
    /// Opens a descriptor under the lowest free number, if fewer than `descriptors_max` are open.
    pub(crate) fn insert(
        &mut self,
        descriptor: Descriptor,
        descriptors_max: usize,
    ) -> Result<u32, Errno> {
        if !self.has_room(descriptors_max) {
            return Err(Errno::MFile);
        }
        let at = self.free.first().copied().unwrap_or(self.slots.len());
        let fd = u32::try_from(at).map_err(|_| Errno::MFile)?;
        self.set(fd, descriptor);
        Ok(fd)
    }

    /// Whether one more descriptor fits; asked before a file is created for it.
    pub(crate) fn has_room(&self, descriptors_max: usize) -> bool {
        self.slots.len() - self.free.len() < descriptors_max
    }

    /// Puts a descriptor at exactly `fd`, closing what was there.
    pub(crate) fn set(&mut self, fd: u32, descriptor: Descriptor) {
        let at = crate::guest::index(fd);
        if self.slots.len() <= at {
            self.free.extend(self.slots.len()..at);
            self.slots.resize_with(at + 1, || None);
        }
        self.free.remove(&at);
        if let Some(slot) = self.slots.get_mut(at) {
            let old = slot.replace(descriptor);
            self.listing_bytes -= old.as_ref().map_or(0, Descriptor::listing_bytes);
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
        let closed = self.take(fd)?;
        self.listing_bytes -= closed.listing_bytes();
        Ok(())
    }

    /// Moves `from` to the open descriptor `to`, closing what was there.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let moved = self.take(from)?;
            self.set(to, moved);
        }
        Ok(())
    }

    /// Replaces what `fd_readdir` saw last of the directory `fd`.
    pub(crate) fn set_listing(&mut self, fd: u32, listing: Option<Listing>) -> Result<(), Errno> {
        let size_bytes = listing.as_ref().map_or(0, |listing| listing.size_bytes);
        let descriptor = self.get_mut(fd)?;
        let old_bytes = descriptor.listing_bytes();
        let Object::Dir(directory) = &mut descriptor.object else {
            return Err(Errno::NotDir);
        };
        directory.listing = listing;
        self.listing_bytes = self.listing_bytes - old_bytes + size_bytes;
        Ok(())
    }

    /// Bytes held by directory listings.
    pub(crate) fn listing_bytes(&self) -> usize {
        self.listing_bytes
    }

    fn take(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let at = crate::guest::index(fd);
        let descriptor = self.slots.get_mut(at).and_then(Option::take).ok_or(Errno::Badf)?;
        self.free.insert(at);
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

    fn insert(fds: &mut FdTable, n: u8) -> u32 {
        fds.insert(source(n), 100).unwrap()
    }

    #[test]
    fn the_lowest_free_number_is_given_out() {
        let mut fds = FdTable::default();
        assert_eq!([0, 1, 2].map(|n| insert(&mut fds, n)), [0, 1, 2]);
        fds.close(1).unwrap();
        fds.close(0).unwrap();
        assert_eq!(fds.close(0), Err(Errno::Badf));
        assert_eq!([7, 8, 9].map(|n| insert(&mut fds, n)), [0, 1, 3]);
        fds.set(6, source(1));
        assert_eq!([7, 8, 9].map(|n| insert(&mut fds, n)), [4, 5, 7]);
    }

    #[test]
    fn renumbering_moves_and_frees() {
        let mut fds = FdTable::default();
        for n in 0..3 {
            insert(&mut fds, n);
        }
        fds.renumber(0, 2).unwrap();
        assert_eq!(fds.get(2).unwrap().base, Rights(0));
        assert_eq!(fds.get(0).err(), Some(Errno::Badf));
        assert_eq!(fds.renumber(1, 0), Err(Errno::Badf));
        assert_eq!(fds.renumber(5, 1), Err(Errno::Badf));
        fds.renumber(1, 1).unwrap();
        assert_eq!(insert(&mut fds, 9), 0);
    }

    #[test]
    fn the_table_is_bounded_by_what_is_open() {
        let mut fds = FdTable::default();
        for n in 0..10 {
            assert!(fds.has_room(10));
            fds.insert(source(n), 10).unwrap();
        }
        assert!(!fds.has_room(10));
        assert_eq!(fds.insert(source(1), 10), Err(Errno::MFile));
        fds.close(7).unwrap();
        fds.close(3).unwrap();
        assert_eq!(fds.insert(source(1), 9), Ok(3));
        assert_eq!(fds.insert(source(1), 9), Err(Errno::MFile));
    }

    #[test]
    fn listings_are_counted_wherever_they_go() {
        let dir = || {
            let dir = Dir::open_ambient_dir(".", cap_std::ambient_authority()).unwrap();
            let directory = Directory { dir, writable: false, preopen: None, listing: None };
            Descriptor { object: Object::Dir(directory), ..source(0) }
        };
        let listing = |size_bytes| Some(Listing { entries: Vec::new(), size_bytes });
        let mut fds = FdTable::default();
        for fd in 0..3 {
            fds.set(fd, dir());
            fds.set_listing(fd, listing(10 << fd)).unwrap();
        }
        assert_eq!(fds.listing_bytes(), 70);
        fds.set_listing(0, listing(1)).unwrap();
        assert_eq!(fds.listing_bytes(), 61);
        fds.renumber(0, 1).unwrap();
        assert_eq!(fds.listing_bytes(), 41);
        fds.close(2).unwrap();
        assert_eq!(fds.listing_bytes(), 1);
        fds.set_listing(1, None).unwrap();
        assert_eq!(fds.listing_bytes(), 0);
        assert_eq!(fds.set_listing(2, listing(5)), Err(Errno::Badf));
    }
}
