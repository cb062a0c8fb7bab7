//! A value → the uses of it that an address alone would not have, as a small set of reasons.

use std::ops::{BitOr, BitOrAssign};

/// Maximum number of low bits that only show the alignment of a word in memory.
const LOW_MAX: u8 = 3;

/// Reasons for which the number of an address may matter. Without a reason, every use that the walk
/// comes to is a use of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Doubt(u8);

impl Doubt {
    pub(crate) const NONE: Doubt = Doubt(0);
    /// It is kept in memory, a global or by an exception, goes through a table, or is no longer
    /// followed: its later uses are unknown.
    pub(crate) const KEPT: Doubt = Doubt(1);
    /// It is compared with a value that is not shown to be an address.
    pub(crate) const COMPARED: Doubt = Doubt(2);
    /// It is calculated with, as nobody calculates with addresses.
    pub(crate) const CALCULATED: Doubt = Doubt(4);
    /// The host gets it.
    pub(crate) const GIVEN: Doubt = Doubt(8);
    /// It is subtracted from a value that is not shown to be made of it, or such a value from it.
    pub(crate) const SUBTRACTED: Doubt = Doubt(16);
    /// Low bits of it are looked at, which only tell how a word lies in memory.
    pub(crate) const LOW: Doubt = Doubt(32);
    /// It is a part of a wider number, or a float.
    pub(crate) const PART: Doubt = Doubt(1 | 4);
    /// Every reason except that the host gets it.
    pub(crate) const ALL_BUT_GIVEN: Doubt = Doubt(1 | 2 | 4 | 16 | 32);
    /// How many bits there are.
    pub(super) const BITS: u32 = 6;

    /// The reason that the low `bits` bits are looked at.
    pub(crate) fn of_low(bits: u8) -> Doubt {
        if bits <= LOW_MAX { Doubt::LOW } else { Doubt::CALCULATED }
    }

    /// Whether there is any.
    pub(crate) fn any(self) -> bool {
        self.0 != 0
    }

    /// Whether there is none but these.
    pub(crate) fn within(self, others: Doubt) -> bool {
        self.0 & !others.0 == 0
    }

    /// These, if that is so.
    pub(crate) fn when(self, so: bool) -> Doubt {
        if so { self } else { Doubt::NONE }
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(super) fn of_bits(bits: u8) -> Doubt {
        Doubt(bits & ((1 << Doubt::BITS) - 1))
    }
}

impl BitOr for Doubt {
    type Output = Doubt;

    fn bitor(self, other: Doubt) -> Doubt {
        Doubt(self.0 | other.0)
    }
}

impl BitOrAssign for Doubt {
    fn bitor_assign(&mut self, other: Doubt) {
        self.0 |= other.0;
    }
}
