//! Patch levels of Wasmtime 48 whose structures differ. Files and hosts say only "48".
//!
//! - L1. From 48.0.6 on, the fields behind the tags of a context begin at a multiple of 8 bytes.
//!   Before, they begin where the tags end: 4 bytes earlier if there is an odd number of them.
//! - L2. Code uses of these fields those of data segments alone; the host finds the others by
//!   itself.
//!
//! The sources of 48.0.0 to 48.0.8 were compared (`wasmtime-environ`, module `vmoffsets`); no other
//! offset changed. Nothing is known of later patch levels.

use crate::layout::Counts;
use std::fmt;

/// Patch levels of Wasmtime 48: from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patches {
    /// The first: of `48.0.N`, N.
    pub first: u32,
    /// The last.
    pub last: u32,
}

impl Patches {
    /// All that were compared.
    pub const ALL: Patches = Patches { first: 0, last: 8 };
    /// Those before L1, whose structures differ from the others' in some modules.
    pub const OLDER: Patches = Patches { last: 5, ..Patches::ALL };
    /// Those since L1.
    pub const NEWER: Patches = Patches { first: 6, ..Patches::ALL };

    /// The patch levels with the newer structures of a module that defines this number of tags.
    pub(crate) fn of(tags: u32, counts: Option<Counts>) -> Patches {
        let segments = counts.map_or(0, |counts| counts.segments);
        if tags % 2 == 1 && segments > 0 { Patches::NEWER } else { Patches::ALL }
    }
}

impl Default for Patches {
    fn default() -> Patches {
        Patches::ALL
    }
}

impl fmt::Display for Patches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "48.0.{} to 48.0.{}", self.first, self.last)
    }
}
