//! The claims of a block: how much they are asked to say, and on which ways they hold.

use crate::set::Set;
use prova_check::abi::regs::{RBP, RSP};
use prova_check::{Claim, Loc, Path};

/// How often the facts of a block may change before they are dropped, in most attempts.
pub const CHANGES_MAX: u32 = 6;

/// The claims of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) list: Vec<Claim>,
    /// Jumps backwards that may follow, up to the next charge or poll.
    pub(crate) jumps: u8,
}

/// The limits on claims.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// The locations that they may speak of; none given: all.
    pub(crate) needs: Option<&'a Set>,
    /// How much they say of numbers.
    pub(crate) carry: Carry,
    /// How often they may change before distances to lengths that change are dropped.
    pub(crate) patience: u32,
    /// Whether addresses of elements have their own symbols, and rounds that are left are counted.
    pub(crate) counts: bool,
}

/// How much claims say of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carry {
    /// That they are at most 2^32 - 1.
    Words,
    /// As well, how far they are below lengths.
    Orders,
    /// As well, how far numbers are apart that have no other fact. With all facts, a bound may
    /// decide the form of a number that another way has in another form.
    Distances,
    /// All that is known.
    Everything,
}

impl Wanted<'_> {
    /// Whether they may say that a location holds a value that is the same in the whole function.
    pub(super) fn fixed(&self, at: Loc) -> bool {
        let kept = match at {
            Loc::Fuel => true,
            Loc::Register(r) => r == RSP || r == RBP,
            // Words that keep what they hold at the frame cost nothing.
            Loc::Word(_) => true,
        };
        kept || self.other(at)
    }

    /// Whether they may speak of a location that holds another value.
    pub(super) fn other(&self, at: Loc) -> bool {
        at == Loc::Fuel || self.needs.is_none_or(|needs| needs.contains(at))
    }
}

/// Where facts are asked for: on the one way to a block, or on both sides of a merge, with the
/// number of times that the block changed and may change.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    One(Path),
    Both((Path, Path), (u32, u32)),
}
