//! Images of memories: bytes in a sealed file of no name, which is mapped privately over the pages
//! of a reservation (Linux).
//!
//! # Invariants
//! * J1. The file has the size `len`, a multiple of the page size, and the bytes that it was made
//!   of: it is sealed against writing and against every change of its size before anyone maps it.
//! * J2. It is mapped privately alone: a write of an instance makes a private page, which no other
//!   mapping sees.
//!
//! J1 keeps S2 where an image is mapped: no page of it can vanish, and no one can change it.

use super::{Reservation, pages};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mprotect};
use rustix::process::{Resource, getrlimit};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes of some pages, see the module.
#[derive(Debug)]
pub(crate) struct Image {
    file: OwnedFd,
    len: usize,
    id: ImageId,
}

/// Tells images apart, also from those that are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageId(u64);

impl Image {
    /// An image of `len` zeros, rounded up to pages, with these pieces written over them in order,
    /// each at its offset; `None` where the system gives none, or a piece does not fit.
    pub(crate) fn new<'p>(
        len: usize,
        pieces: impl IntoIterator<Item = (usize, &'p [u8])>,
    ) -> Option<Image> {
        let len = pages(len)?;
        // Beyond this limit the system would end the process by a signal.
        if getrlimit(Resource::Fsize).current.is_some_and(|max| max < len as u64) {
            return None;
        }
        let flags = MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC;
        let file = File::from(memfd_create(c"prova-memory", flags).ok()?);
        ftruncate(&file, len as u64).ok()?;
        for (at, bytes) in pieces {
            if at.checked_add(bytes.len())? > len {
                return None;
            }
            file.write_all_at(bytes, at as u64).ok()?;
        }
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        fcntl_add_seals(&file, seals).ok()?;
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = ImageId(NEXT.fetch_add(1, Ordering::Relaxed));
        Some(Image { file: file.into(), len, id })
    }

    /// Its name.
    pub(crate) fn id(&self) -> ImageId {
        self.id
    }

    /// Its size, whole pages.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Reservation {
    /// Puts an image in the place of the bytes from `at` on, all of them committed; says whether
    /// it did. Otherwise they are what they were.
    pub(crate) fn map_image(&mut self, at: usize, image: &Image) -> bool {
        let end = at.checked_add(image.len);
        if image.len == 0 || pages(at) != Some(at) || end.is_none_or(|end| end > self.committed()) {
            return false;
        }
        // SAFETY: S2: `at < committed`.
        let start = unsafe { self.base().as_ptr().add(at) }.cast();
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::FIXED;
        // SAFETY: S2, S6: the range is committed and ours, whole pages of it, and `self` is
        // borrowed mutably; J1: what is there now can be read and written as before.
        let mapped = unsafe { mmap(start, image.len, access, flags, image.file.as_fd(), 0) };
        mapped.is_ok() || {
            keep_pages(start.cast(), image.len);
            false
        }
    }
}

/// After a mapping over committed pages of ours failed: sees that they are still there.
pub(super) fn keep_pages(start: *mut u8, len: usize) {
    let access = MprotectFlags::READ | MprotectFlags::WRITE;
    // SAFETY: the range is ours; this changes nothing where it is still mapped.
    if unsafe { mprotect(start.cast(), len, access) }.is_err() {
        // The system took the pages away and put nothing there: S2 cannot be kept, and someone else
        // could get the addresses.
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> usize {
        rustix::param::page_size()
    }

    fn committed(bytes: usize) -> Reservation {
        let mut reservation = Reservation::reserve(bytes).unwrap();
        reservation.commit(bytes).unwrap();
        reservation
    }

    fn bytes(reservation: &mut Reservation) -> &mut [u8] {
        // SAFETY: S2.
        unsafe {
            std::slice::from_raw_parts_mut(reservation.base().as_ptr(), reservation.committed())
        }
    }

    #[test]
    fn who_maps_an_image_has_its_bytes_and_nobody_else_s_writes() {
        let image = Image::new(5, [(1, &b"abc"[..]), (3, b"de")]).unwrap();
        assert_eq!(image.len, page());
        let (mut one, mut two) = (committed(3 * page()), committed(3 * page()));
        assert!(one.map_image(page(), &image) && two.map_image(page(), &image));
        let expected = |page: usize| [vec![0; page], b"\0abde".to_vec(), vec![0; 2 * page - 5]];
        assert_eq!(bytes(&mut one), expected(page()).concat());
        bytes(&mut one).fill(7);
        assert_eq!(bytes(&mut two), expected(page()).concat());
        let mut three = committed(2 * page());
        assert!(three.map_image(0, &image));
        drop((image, one, two));
        assert_eq!(&bytes(&mut three)[..6], b"\0abde\0", "the mapping keeps the file");
    }

    #[test]
    fn an_image_goes_to_committed_pages_alone() {
        let image = Image::new(2 * page(), [(0, &b"a"[..])]).unwrap();
        let mut reservation = Reservation::reserve(4 * page()).unwrap();
        reservation.commit(2 * page()).unwrap();
        for at in [1, page() - 1, page(), 3 * page(), usize::MAX - page() + 1] {
            assert!(!reservation.map_image(at, &image), "{at}");
        }
        assert!(bytes(&mut reservation).iter().all(|&byte| byte == 0));
        assert!(reservation.map_image(0, &image));
        assert!(!reservation.map_image(0, &Image::new(0, []).unwrap()));
    }

    #[test]
    fn pieces_must_fit() {
        let all = vec![1; page()];
        assert!(Image::new(page(), [(0, &*all)]).is_some());
        assert!(Image::new(page(), [(1, &*all)]).is_none());
        assert!(Image::new(page(), [(usize::MAX, &*all)]).is_none());
        assert!(Image::new(usize::MAX, []).is_none());
    }

    /// J1, tried by what could break it.
    #[test]
    fn an_image_is_sealed() {
        let image = Image::new(page(), [(0, &b"abc"[..])]).unwrap();
        let file = File::from(image.file.try_clone().unwrap());
        assert!(file.write_all_at(b"x", 0).is_err());
        assert!(ftruncate(&file, 0).is_err() && ftruncate(&file, 1 << 20).is_err());
        assert!(fcntl_add_seals(&file, SealFlags::FUTURE_WRITE).is_err());
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a mapping at a place that the system chooses; it must be refused.
        let shared = unsafe {
            mmap(std::ptr::null_mut(), page(), access, MapFlags::SHARED, file.as_fd(), 0)
        };
        assert!(shared.is_err());
    }
}
