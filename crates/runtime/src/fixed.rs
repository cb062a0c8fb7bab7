//! Owned memory at a fixed address that raw pointers may refer to for as long as the owner lives.
//!
//! A `Box` claims to be the only way to its contents whenever it is moved. A [`Fixed`] does not, so
//! that `vm` may keep pointers into it while the store, its owner, moves. Noticed by: Miri on the
//! tests of this crate.
//!
//! # Invariants
//! * F1. `items` comes from `Box::into_raw` and is freed only in `drop`.
//! * F2. The address of the items never changes.

use std::ops::Deref;
use std::ptr::NonNull;

/// A slice on the heap whose address never changes.
pub(crate) struct Fixed<T> {
    items: NonNull<[T]>,
}

impl<T> Fixed<T> {
    /// Moves the items to where they stay.
    pub(crate) fn new(items: impl Into<Box<[T]>>) -> Fixed<T> {
        let raw = Box::into_raw(items.into());
        // SAFETY: F1: the pointer of a box is not null.
        Fixed { items: unsafe { NonNull::new_unchecked(raw) } }
    }

    /// The first item, for as long as `self` lives (F2).
    pub(crate) fn as_ptr(&self) -> *mut T {
        self.items.as_ptr().cast()
    }
}

impl<T> Deref for Fixed<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: F1: valid until drop. Writers through `as_ptr` (the executors) run only while the
        // store is borrowed mutably (V9), so that no reference from here is alive.
        unsafe { self.items.as_ref() }
    }
}

impl<T> Drop for Fixed<T> {
    fn drop(&mut self) {
        // SAFETY: F1: made by `Box::into_raw`, freed once.
        drop(unsafe { Box::from_raw(self.items.as_ptr()) });
    }
}

// SAFETY: F1: it owns its items like a box.
unsafe impl<T: Send> Send for Fixed<T> {}

#[cfg(test)]
mod tests {
    use super::Fixed;

    #[test]
    fn the_address_survives_a_move_and_the_items_are_dropped_once() {
        let item = std::rc::Rc::new(5);
        let fixed = Fixed::new(vec![item.clone(), item.clone()]);
        let pointer = fixed.as_ptr();
        let moved = vec![fixed];
        let fixed = &moved[0];
        // SAFETY: F2.
        assert_eq!(unsafe { &*pointer }, &fixed[0]);
        assert_eq!(std::rc::Rc::strong_count(&item), 3);
        drop(moved);
        assert_eq!(std::rc::Rc::strong_count(&item), 1);
    }

    #[test]
    fn nothing_can_be_fixed_too() {
        assert!(Fixed::<u32>::new([]).is_empty());
    }
}
