//! Address space of one object, which goes to the next object of its size when the first one goes:
//! taking a reservation from the system, and giving it back, cost more than all else of a small
//! store.
//!
//! `memory`, `table` and the stacks of `store` hold a [`Lease`]. Where the store has a
//! [`Spare`], the reservation of a lease that is dropped is made as good as new and kept there;
//! without one, and where the system cannot do that, it goes back to the system.
//!
//! Invariants: Q3 and Q4 of `store::spare`.
//!
//! Limits: those of [`Spare`].
//!
//! Noticed by: the tests here, `crates/core/tests/instances.rs`.

use crate::store::Spare;
use crate::sys::{Image, ImageId, NativeStack, OutOfMemory, Reservation, StackBytes};
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

/// The address space that an object asks for, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The least that it can do with.
    pub(crate) min: usize,
    /// As much as it may need.
    pub(crate) max: usize,
    /// An inaccessible range behind it, which it cannot do without; `None`: the usual one.
    pub(crate) guard: Option<usize>,
    /// How much is readable and writable at once.
    pub(crate) committed: usize,
    /// An image that is welcome.
    pub(crate) image: Option<ImageId>,
    /// How many bytes from the start stay in memory when the object goes.
    pub(crate) keep: usize,
}

/// A reservation that someone had before, and how it was asked for.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) reservation: Reservation,
    /// `max` and `guard` of [`Wanted`]; `None` for one that is shorter.
    pub(crate) shape: Option<(usize, Option<usize>)>,
    image: Option<Mapped>,
}

/// An image in a reservation.
#[derive(Clone, Copy, Debug)]
struct Mapped {
    at: usize,
    len: usize,
    id: ImageId,
}

/// A reservation for as long as its object lives.
#[derive(Debug)]
pub(crate) struct Lease {
    held: ManuallyDrop<Held>,
    spare: Option<Arc<Spare>>,
    keep: usize,
}

impl Lease {
    /// Address space as it is wanted: one that was left, or a new one, which may be shorter where
    /// address space is short.
    pub(crate) fn new(spare: Option<&Arc<Spare>>, wanted: &Wanted) -> Result<Lease, OutOfMemory> {
        let left = spare.and_then(|spare| spare.take_space(wanted));
        let mut held = match left.and_then(|held| held.fit(wanted)) {
            Some(held) => held,
            None => reserve(wanted).or_else(|error| {
                // What nobody uses now may be what is missing.
                spare.filter(|spare| spare.clear()).ok_or(error).and_then(|_| reserve(wanted))
            })?,
        };
        held.reservation.commit(wanted.committed)?;
        Ok(Lease { held: ManuallyDrop::new(held), spare: spare.cloned(), keep: wanted.keep })
    }

    /// Takes other address space, with the first `len` bytes as they are here; gives the former one
    /// back, in which nothing is accessible if the system takes it away. `None`: there is no other,
    /// and nothing has changed.
    pub(crate) fn relocate(&mut self, wanted: &Wanted, len: usize) -> Option<Lease> {
        let new = Lease::new(self.spare.as_ref(), wanted).ok()?;
        let len = len.min(self.committed()).min(new.committed());
        // SAFETY: S2, S6: `len` committed bytes of two reservations, none of which the other owns.
        unsafe { new.base().as_ptr().copy_from_nonoverlapping(self.base().as_ptr(), len) };
        let mut old = std::mem::replace(self, new);
        old.clear_image();
        if !old.has_image() {
            old.held.reservation.withdraw(0);
        }
        Some(old)
    }

    /// Whether it has the image of this name, at this place.
    pub(crate) fn is_mapped(&self, at: usize, id: ImageId) -> bool {
        self.held.image.is_some_and(|mapped| mapped.id == id && mapped.at == at)
    }

    /// Whether it has an image.
    pub(crate) fn has_image(&self) -> bool {
        self.held.image.is_some()
    }

    /// Puts an image at a place; says whether it did.
    pub(crate) fn map_image(&mut self, at: usize, image: &Image) -> bool {
        let mapped = self.held.reservation.map_image(at, image);
        if mapped {
            self.held.image = Some(Mapped { at, len: image.len(), id: image.id() });
        }
        mapped
    }

    /// Puts zeros in the place of its image.
    pub(crate) fn clear_image(&mut self) {
        let image = self.held.image;
        if let Some(Mapped { at, len, .. }) = image.filter(|_| !self.held.clear_image()) {
            // SAFETY: S2: an image lies in committed bytes; `self` is borrowed mutably.
            unsafe { self.held.reservation.base().as_ptr().add(at).write_bytes(0, len) };
        }
    }
}

impl Deref for Lease {
    type Target = Reservation;

    fn deref(&self) -> &Reservation {
        &self.held.reservation
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Reservation {
        &mut self.held.reservation
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // SAFETY: it is taken once, here, and not used any more.
        let mut held = unsafe { ManuallyDrop::take(&mut self.held) };
        let Some(spare) = &self.spare else { return };
        if spare.takes_space(&held) && held.renew(self.keep) {
            spare.leave_space(held);
        }
    }
}

impl Held {
    /// As wanted, except for the commit of what is missing (Q4); `None`: it cannot be.
    fn fit(mut self, wanted: &Wanted) -> Option<Held> {
        let welcome = self.image.is_some_and(|mapped| {
            Some(mapped.id) == wanted.image && mapped.at + mapped.len <= wanted.committed
        });
        if !welcome && !self.clear_image() {
            return None;
        }
        let more = self.reservation.committed() > wanted.committed;
        (!more || self.reservation.withdraw(wanted.committed)).then_some(self)
    }

    /// Whether it has the image that is wanted, or else: whether it has none.
    pub(crate) fn suits(&self, wanted: &Wanted) -> (bool, bool) {
        let id = self.image.map(|mapped| mapped.id);
        (id.is_some() && id == wanted.image, id.is_none())
    }

    fn clear_image(&mut self) -> bool {
        let Some(Mapped { at, len, .. }) = self.image else { return true };
        let cleared = self.reservation.clear_image(at, len);
        if cleared {
            self.image = None;
        }
        cleared
    }

    /// Makes it as good as new (Q3); says whether it is.
    fn renew(&mut self, keep: usize) -> bool {
        self.reservation.renew(if self.image.is_some() { 0 } else { keep })
    }
}

/// The value stack of a store for as long as that lives, and the stack of its native code.
#[derive(Debug)]
pub(crate) enum Stacks {
    /// The value stack alone.
    Values(Lease),
    /// Both.
    Both(StackLease),
}

impl Stacks {
    /// Where the value stack begins, and its bytes.
    pub(crate) fn values(&self) -> (NonNull<u8>, usize) {
        match self {
            Stacks::Values(lease) => (lease.base(), lease.committed()),
            Stacks::Both(lease) => lease.stack.values(),
        }
    }

    /// One past the highest byte of the native stack: where it begins.
    pub(crate) fn native_top(&self) -> Option<usize> {
        match self {
            Stacks::Values(_) => None,
            Stacks::Both(lease) => Some(lease.stack.top()),
        }
    }
}

/// The stacks of a store with native code, for as long as that lives.
#[derive(Debug)]
pub(crate) struct StackLease {
    stack: ManuallyDrop<NativeStack>,
    spare: Option<Arc<Spare>>,
}

impl StackLease {
    /// Stacks of these bytes.
    pub(crate) fn new(
        spare: Option<&Arc<Spare>>,
        bytes: StackBytes,
    ) -> Result<StackLease, OutOfMemory> {
        let stack = match spare.and_then(|spare| spare.take_stack(bytes)) {
            Some(stack) => stack,
            None => NativeStack::new(bytes).or_else(|error| {
                let spare = spare.filter(|spare| spare.clear());
                spare.ok_or(error).and_then(|_| NativeStack::new(bytes))
            })?,
        };
        Ok(StackLease { stack: ManuallyDrop::new(stack), spare: spare.cloned() })
    }
}

impl Drop for StackLease {
    fn drop(&mut self) {
        // SAFETY: it is taken once, here, and not used any more.
        let stack = unsafe { ManuallyDrop::take(&mut self.stack) };
        if let Some(spare) = &self.spare {
            spare.leave_stack(stack);
        }
    }
}

/// New address space.
fn reserve(wanted: &Wanted) -> Result<Held, OutOfMemory> {
    let Wanted { min, max, guard, .. } = *wanted;
    if let Some(guard) = guard {
        let reservation = Reservation::reserve_guarded(max.max(min), guard)?;
        return Ok(Held { reservation, shape: Some((max, Some(guard))), image: None });
    }
    let mut bytes = max.max(min);
    loop {
        match Reservation::reserve(bytes) {
            Ok(reservation) => {
                let whole = bytes == max;
                return Ok(Held { reservation, shape: whole.then_some((max, None)), image: None });
            }
            Err(OutOfMemory) if bytes > min => bytes = (bytes / 2).max(min),
            Err(OutOfMemory) => return Err(OutOfMemory),
        }
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests;
