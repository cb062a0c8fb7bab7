//! The role of a number: how code uses it.
//!
//! The module above has the invariants.

use super::doubt::Doubt;

/// How a number is used as an address: the bytes touched, relative to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Access {
    pub(crate) lo: i64,
    pub(crate) hi: i64,
    /// Whether some access adds an index, so that more may be touched.
    pub(crate) indexed: bool,
    /// How it is used as a number too, or leaves the part of the code that is followed.
    pub(crate) mixed: Doubt,
    /// How many of its low bits are looked at alone.
    pub(crate) low: u8,
}

impl Access {
    /// An access at an unknown distance.
    pub(crate) const INDEXED: Access =
        Access { lo: 0, hi: 0, indexed: true, mixed: Doubt::NONE, low: 0 };

    /// How many bytes are touched of the object at `a` from an address in it on; 0 if that is not
    /// known, as it gets an index, or is kept.
    pub(crate) fn touched(&self, a: u64, from: u64) -> u64 {
        let exact = self.lo < self.hi && !self.indexed && !self.mixed.any();
        if exact { a.wrapping_add_signed(self.hi).wrapping_sub(from) } else { 0 }
    }

    pub(super) fn shifted(self, by: Option<i64>) -> Access {
        let Some(by) = by else { return Access::INDEXED };
        if self.lo == self.hi {
            return self;
        }
        let (lo, hi) = (self.lo.saturating_add(by), self.hi.saturating_add(by));
        Access { lo, hi, ..self }
    }

    pub(super) fn and(self, other: Access) -> Access {
        let indexed = self.indexed || other.indexed;
        if self.lo == self.hi || other.lo == other.hi {
            let known = if self.lo == self.hi { other } else { self };
            return Access { indexed, ..known };
        }
        let (lo, hi) = (self.lo.min(other.lo), self.hi.max(other.hi));
        Access { lo, hi, indexed, ..self }
    }
}

/// The role of a number, as far as the code shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// Nothing shows it.
    #[default]
    Unknown,
    /// No address: the offset of a field, or a number of elements of an object.
    Number,
    /// An address, by an access.
    Address(Access),
    /// A slot of this table.
    Slot(u32),
    /// The number of bytes that are copied, filled or written from this address on.
    Span(u64),
    /// Nothing shows that it is an address, and it is kept, compared or calculated with.
    Mixed(Doubt),
}
