//! The guest's descriptors: number → open object with its rights.
//!
//! Filled by `builder` and `path_open`, used by every `fd_` and `path_` call. Invariants:
//! 1. A new descriptor gets the lowest free number; `free` has the number of every empty slot.
//! 2. [`FdTable::insert`] opens none where as many are open as its caller allows. The builder's
//!    grants are not limited.
//! 3. A descriptor's rights only shrink.
//! 4. The counter of bytes that listings hold is the sum of the sizes of all [`Held`].
//! 5. [`Fds`] is locked for one operation of the table at a time. What a call found stays open
//!    until the call is over, even if another thread closes it.
//!
//! Every operation takes a time that is logarithmic in the number of descriptors at most.

use crate::guest::{Stop, index};
use crate::types::{Errno, Filetype, Rights};
use cap_std::fs::Dir;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Takes a lock. A thread that panicked left what it guards as it is: each change is one step.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

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
    Reader(Mutex<Box<dyn Read + Send>>),
    /// A sink of the embedder.
    Writer(Mutex<Box<dyn Write + Send>>),
}

/// An open directory.
pub(crate) struct Directory {
    pub(crate) dir: Dir,
    /// Nothing below a directory that is not writable can be changed through it.
    pub(crate) writable: bool,
    /// The guest's name of a preopened directory.
    pub(crate) preopen: Option<Box<[u8]>>,
    /// The listing that `fd_readdir` last took.
    pub(crate) listing: Mutex<Option<Arc<Listing>>>,
}

impl Directory {
    /// A directory that nobody has listed.
    pub(crate) fn new(dir: Dir, writable: bool, preopen: Option<Box<[u8]>>) -> Directory {
        Directory { dir, writable, preopen, listing: Mutex::default() }
    }
}

/// A directory's entries at one moment, in the order of their names' bytes.
pub(crate) struct Listing {
    pub(crate) entries: Vec<crate::sys::HostEntry>,
    /// The bytes that they count.
    pub(crate) _held: Held,
}

/// Bytes that a listing holds, counted among those of all until it is dropped.
pub(crate) struct Held {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl Held {
    /// Nothing yet.
    pub(crate) fn none(all: &Arc<AtomicUsize>) -> Held {
        Held { all: Arc::clone(all), bytes: 0 }
    }

    /// Holds `bytes` more, unless all listings would hold more than `limit`.
    pub(crate) fn more(&mut self, bytes: usize, limit: usize) -> Result<(), Errno> {
        let fits = |all: usize| all.checked_add(bytes).filter(|&all| all <= limit);
        self.all.fetch_update(Relaxed, Relaxed, fits).map_err(|_| Errno::NoMem)?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Relaxed);
    }
}

/// An open descriptor. A clone is of the same object.
#[derive(Clone)]
pub(crate) struct Descriptor {
    pub(crate) object: Arc<Object>,
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

    /// The directory behind the descriptor.
    pub(crate) fn directory(&self) -> Result<&Directory, Errno> {
        match &*self.object {
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

/// The table of descriptors, for any thread.
#[derive(Default)]
pub(crate) struct Fds(Mutex<FdTable>);

impl Fds {
    /// Opens a descriptor under the lowest free number, if fewer than `descriptors_max` are open.
    pub(crate) fn insert(
        &self,
        descriptor: Descriptor,
        descriptors_max: usize,
    ) -> Result<u32, Errno> {
        lock(&self.0).insert(descriptor, descriptors_max)
    }

    /// Whether one more descriptor fits; asked before a file is created for it.
    pub(crate) fn has_room(&self, descriptors_max: usize) -> bool {
        lock(&self.0).has_room(descriptors_max)
    }

    /// Puts a descriptor at exactly `fd`, closing what was there.
    pub(crate) fn set(&self, fd: u32, descriptor: Descriptor) {
        let closed = lock(&self.0).set(fd, descriptor);
        // Closing may take its time.
        drop(closed);
    }

    /// The descriptor as it is now.
    pub(crate) fn get(&self, fd: u32) -> Result<Descriptor, Errno> {
        lock(&self.0).get(fd).cloned()
    }

    /// Changes a descriptor in the table.
    pub(crate) fn change<R>(
        &self,
        fd: u32,
        change: impl FnOnce(&mut Descriptor) -> Result<R, Stop>,
    ) -> Result<R, Stop> {
        change(lock(&self.0).get_mut(fd)?)
    }

    /// Closes `fd`.
    pub(crate) fn close(&self, fd: u32) -> Result<(), Errno> {
        let closed = lock(&self.0).take(fd)?;
        drop(closed);
        Ok(())
    }

    /// Moves `from` to the open descriptor `to`, closing what was there.
    pub(crate) fn renumber(&self, from: u32, to: u32) -> Result<(), Errno> {
        let closed = lock(&self.0).renumber(from, to)?;
        drop(closed);
        Ok(())
    }
}

/// The table itself.
#[derive(Default)]
struct FdTable {
    slots: Vec<Option<Descriptor>>,
    free: BTreeSet<usize>,
}

impl FdTable {
    fn insert(&mut self, descriptor: Descriptor, descriptors_max: usize) -> Result<u32, Errno> {
        if !self.has_room(descriptors_max) {
            return Err(Errno::MFile);
        }
        let at = self.free.first().copied().unwrap_or(self.slots.len());
        let fd = u32::try_from(at).map_err(|_| Errno::MFile)?;
        self.set(fd, descriptor);
        Ok(fd)
    }

    fn has_room(&self, descriptors_max: usize) -> bool {
        self.slots.len() - self.free.len() < descriptors_max
    }

    fn set(&mut self, fd: u32, descriptor: Descriptor) -> Option<Descriptor> {
        let at = index(fd);
        if self.slots.len() <= at {
            self.free.extend(self.slots.len()..at);
            self.slots.resize_with(at + 1, || None);
        }
        self.free.remove(&at);
        self.slots.get_mut(at)?.replace(descriptor)
    }

    fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots.get(index(fd)).and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots.get_mut(index(fd)).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Descriptor>, Errno> {
        self.get(from)?;
        self.get(to)?;
        if from == to {
            return Ok(None);
        }
        let moved = self.take(from)?;
        Ok(self.set(to, moved))
    }

    fn take(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let at = index(fd);
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
            object: Arc::new(Object::Reader(Mutex::new(Box::new(std::io::repeat(byte))))),
            filetype: Filetype::Unknown,
            base: Rights(u64::from(byte)),
            inheriting: Rights::NONE,
            flags: 0,
        }
    }

    fn insert(fds: &Fds, n: u8) -> u32 {
        fds.insert(source(n), 100).unwrap()
    }

    #[test]
    fn the_lowest_free_number_is_given_out() {
        let fds = Fds::default();
        assert_eq!([0, 1, 2].map(|n| insert(&fds, n)), [0, 1, 2]);
        fds.close(1).unwrap();
        fds.close(0).unwrap();
        assert_eq!(fds.close(0), Err(Errno::Badf));
        assert_eq!([7, 8, 9].map(|n| insert(&fds, n)), [0, 1, 3]);
        fds.set(6, source(1));
        assert_eq!([7, 8, 9].map(|n| insert(&fds, n)), [4, 5, 7]);
    }

    #[test]
    fn renumbering_moves_and_frees() {
        let fds = Fds::default();
        for n in 0..3 {
            insert(&fds, n);
        }
        fds.renumber(0, 2).unwrap();
        assert_eq!(fds.get(2).unwrap().base, Rights(0));
        assert_eq!(fds.get(0).err(), Some(Errno::Badf));
        assert_eq!(fds.renumber(1, 0), Err(Errno::Badf));
        assert_eq!(fds.renumber(5, 1), Err(Errno::Badf));
        fds.renumber(1, 1).unwrap();
        assert_eq!(insert(&fds, 9), 0);
    }

    #[test]
    fn the_table_is_bounded_by_what_is_open() {
        let fds = Fds::default();
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
    fn what_a_call_found_stays_open() {
        let fds = Fds::default();
        insert(&fds, 7);
        let found = fds.get(0).unwrap();
        fds.close(0).unwrap();
        assert!(fds.get(0).is_err());
        assert_eq!(found.base, Rights(7));
    }

    #[test]
    fn listings_are_counted_until_nobody_has_them() {
        let all = Arc::default();
        let listing = |bytes| {
            let mut held = Held::none(&all);
            held.more(bytes, 70).map(|()| Arc::new(Listing { entries: Vec::new(), _held: held }))
        };
        let [first, second] = [10, 60].map(|bytes| listing(bytes).expect("it fits"));
        assert_eq!(listing(1).err(), Some(Errno::NoMem));
        assert_eq!(listing(usize::MAX).err(), Some(Errno::NoMem));
        let same = Arc::clone(&second);
        drop(second);
        assert_eq!(all.load(Relaxed), 70);
        drop(same);
        assert_eq!(all.load(Relaxed), 10);
        drop(first);
        assert_eq!(all.load(Relaxed), 0);
    }
}
