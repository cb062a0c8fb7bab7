//! Reservations that are used again (Linux): pages given back to the system, which hands them out
//! as they were first.
//!
//! The invariants are those of [`super`]. A page that was given back is 0 when it is next touched,
//! or has the bytes of the image that is mapped there (J1, J2): the system drops the private pages
//! of a mapping and keeps the mapping.

use super::image::keep_pages;
use super::{Reservation, page_bytes, pages};
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect};

impl Reservation {
    /// Makes all bytes what they were before anyone wrote any (S3); says whether it did. The pages
    /// of the first `keep` bytes stay, and are written: for a reservation without an image.
    pub(crate) fn renew(&mut self, keep: usize) -> bool {
        let keep = (keep - keep % page_bytes()).min(self.committed());
        if keep > 0 {
            // SAFETY: S2: `keep <= committed`; `self` is borrowed mutably.
            unsafe { self.base().as_ptr().write_bytes(0, keep) };
        }
        self.give_back(keep)
    }

    /// Takes the bytes from `committed` on, rounded up to pages, away again; says whether it did.
    /// No image lies there, and nobody uses the reservation meanwhile (S4).
    pub(crate) fn withdraw(&mut self, committed: usize) -> bool {
        let Some(start) = pages(committed).filter(|&start| start <= self.committed()) else {
            return false;
        };
        let len = self.committed() - start;
        if len == 0 {
            return true;
        }
        if !self.give_back(start) {
            return false;
        }
        // SAFETY: S2: `start < committed`.
        let at = unsafe { self.base().as_ptr().add(start) };
        // SAFETY: S2, S6: the range is committed and ours, and `self` is borrowed mutably.
        if unsafe { mprotect(at.cast(), len, MprotectFlags::empty()) }.is_err() {
            return false;
        }
        self.set_committed(start);
        true
    }

    /// Puts zeros in the place of an image of `len` bytes at `at`; says whether it did.
    pub(crate) fn clear_image(&mut self, at: usize, len: usize) -> bool {
        let end = at.checked_add(len);
        let inside = end.is_some_and(|end| end <= self.committed());
        if !inside || pages(at) != Some(at) || pages(len) != Some(len) || len == 0 {
            return false;
        }
        // SAFETY: S2: `at < committed`.
        let start = unsafe { self.base().as_ptr().add(at) };
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        // SAFETY: S2, S6: the range is committed and ours, whole pages of it, and `self` is
        // borrowed mutably.
        let mapped = unsafe { mmap_anonymous(start.cast(), len, access, flags) };
        mapped.is_ok() || {
            keep_pages(start, len);
            false
        }
    }

    /// Gives the committed pages from `start` on, a multiple of their size, back to the system.
    fn give_back(&mut self, start: usize) -> bool {
        let len = self.committed() - start;
        if len == 0 {
            return true;
        }
        // SAFETY: S2: `start < committed`.
        let at = unsafe { self.base().as_ptr().add(start) };
        // SAFETY: S2, S6: the range is committed and ours, and `self` is borrowed mutably; its
        // bytes are 0 or the image's then (S3).
        unsafe { madvise(at.cast(), len, Advice::LinuxDontNeed) }.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Image;
    use crate::sys::tests::assert_guarded;

    fn committed(bytes: usize) -> Reservation {
        let mut reservation = Reservation::reserve(4 * page_bytes()).unwrap();
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
    fn bytes_are_zero_again_whatever_is_kept() {
        for keep in [0, 1, page_bytes(), 2 * page_bytes() + 7, 9 * page_bytes()] {
            let mut reservation = committed(3 * page_bytes());
            bytes(&mut reservation).fill(7);
            assert!(reservation.renew(keep), "{keep}");
            assert_eq!(bytes(&mut reservation), vec![0; 3 * page_bytes()], "{keep}");
        }
        assert!(Reservation::reserve(0).unwrap().renew(5));
    }

    #[test]
    fn an_image_is_what_it_was_again_until_it_is_cleared() {
        let image = Image::new(page_bytes(), [(0, &b"abc"[..])]).unwrap();
        let mut reservation = committed(3 * page_bytes());
        assert!(reservation.map_image(page_bytes(), &image));
        drop(image);
        for _ in 0..2 {
            bytes(&mut reservation).fill(7);
            assert!(reservation.renew(0));
            let mut expected = vec![0; 3 * page_bytes()];
            expected[page_bytes()..][..3].copy_from_slice(b"abc");
            assert_eq!(bytes(&mut reservation), expected);
        }
        let page = page_bytes();
        for (at, len) in [(1, page), (page, 1), (page, 0), (page, 4 * page), (3 * page, page)] {
            assert!(!reservation.clear_image(at, len), "{at} {len}");
        }
        assert!(reservation.clear_image(page_bytes(), page_bytes()));
        assert_eq!(bytes(&mut reservation), vec![0; 3 * page_bytes()]);
    }

    #[test]
    fn withdrawn_bytes_cannot_be_used_and_come_back_as_zeros() {
        let mut reservation = committed(3 * page_bytes());
        bytes(&mut reservation).fill(7);
        let (base, reserved) = (reservation.base().as_ptr().addr(), reservation.reserved());
        assert!(!reservation.withdraw(3 * page_bytes() + 1), "more than there is");
        assert!(reservation.withdraw(page_bytes() - 1));
        assert_eq!(reservation.committed(), page_bytes());
        assert_guarded(base, page_bytes(), reserved);
        reservation.commit(3 * page_bytes()).unwrap();
        let (first, rest) = bytes(&mut reservation).split_at(page_bytes());
        assert!(first.iter().all(|&byte| byte == 7) && rest.iter().all(|&byte| byte == 0));
        assert!(reservation.withdraw(0));
        assert_guarded(base, 0, reserved);
    }
}
