//! Which address of A is which address of B: ranges with a delta each, and what a pair of constants is under them.
//!
//! Neighbours: `data` makes the ranges from aligned segments; `lockstep`, `cfg` and `exec` ask whether two constants name one
//! thing.
//!
//! 1. Ranges are in order of A's addresses. Between two ranges (inside a changed run), and at their ends, either neighbour's
//!    delta is possible.
//! 2. Beyond A's last segment (bss) the deltas possible are those within [`SLACK`] bytes of the end's, if the ends
//!    moved at all: unwritten objects keep their order, and alignment rounds. What is accepted there rests on this rule alone.
//! 3. Without any moved range no two different constants are one address.

use super::side::Side;
use super::token::Tok;

/// By how much alignment may round an unwritten object's delta.
pub(crate) const SLACK: i64 = 32;

/// `start..end` of A is found `delta` bytes later in B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) delta: i64,
}

/// The map of addresses from A to B.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shift {
    pub(crate) ranges: Vec<Moved>,
    pub(crate) end_delta: i64,
    pub(crate) data_end: u64,
}

/// How two values agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agree {
    /// They are equal.
    Equal,
    /// They are addresses of the same thing.
    Moved { address: u64, delta: i64 },
    /// They are table slots of the same function.
    Slot,
}

impl Shift {
    /// Whether any address moved.
    pub(crate) fn moves(&self) -> bool {
        self.end_delta != 0 || self.ranges.iter().any(|range| range.delta != 0)
    }

    /// Whether address `a` of A can be address `a + delta` of B.
    pub(crate) fn allows(&self, a: u64, delta: i64) -> bool {
        if !self.moves() {
            return false;
        }
        let after = self.ranges.partition_point(|range| range.start <= a);
        let here = after.checked_sub(1).map(|i| self.ranges[i]);
        // An address inside a range has one delta; an end belongs to what follows as well.
        if let Some(range) = here
            && a < range.end
        {
            let at_start = a == range.start && after >= 2 && self.ranges[after - 2].delta == delta;
            return range.delta == delta || at_start;
        }
        let next = self.ranges.get(after);
        here.is_some_and(|range| range.delta == delta)
            || next.is_some_and(|range| range.delta == delta)
            || a >= self.data_end && self.end_delta != 0 && (delta - self.end_delta).abs() < SLACK
    }

    /// By how much an address moved, if it lies in a range that is found in B.
    pub(crate) fn delta_at(&self, a: u64) -> Option<i64> {
        let after = self.ranges.partition_point(|range| range.start <= a);
        let range = self.ranges[..after].last()?;
        (a < range.end).then_some(range.delta)
    }

    /// How constant `a` of A agrees with `b` of B.
    pub(crate) fn agree(&self, sides: (&Side<'_>, &Side<'_>), a: u64, b: u64) -> Option<Agree> {
        if a == b {
            return Some(Agree::Equal);
        }
        let delta = b.wrapping_sub(a) as i64;
        if sides.0.may_be_address(a) && sides.1.may_be_address(b) && self.allows(a, delta) {
            return Some(Agree::Moved { address: a, delta });
        }
        let (slot_a, slot_b) = (sides.0.slots.get(&a)?, sides.1.slots.get(&b)?);
        (sides.0.canonical_func(*slot_a) == *slot_b).then_some(Agree::Slot)
    }

    /// As [`agree`](Shift::agree), for 64-bit constants that may hold two 32-bit values.
    pub(crate) fn agree_wide(
        &self,
        sides: (&Side<'_>, &Side<'_>),
        a: u64,
        b: u64,
    ) -> Option<Agree> {
        if a == b {
            return Some(Agree::Equal);
        }
        let low = self.agree(sides, a & 0xffff_ffff, b & 0xffff_ffff)?;
        let high = self.agree(sides, a >> 32, b >> 32)?;
        Some(if low == Agree::Equal { high } else { low })
    }

    /// How two tokens agree when locals are compared by the caller.
    pub(crate) fn tokens(
        &self,
        sides: (&Side<'_>, &Side<'_>),
        a: &Tok<'_>,
        b: &Tok<'_>,
    ) -> Option<Agree> {
        match (a, b) {
            (Tok::I32(a), Tok::I32(b)) => {
                self.agree(sides, u64::from(*a as u32), u64::from(*b as u32))
            }
            (Tok::I64(a), Tok::I64(b)) => self.agree_wide(sides, *a as u64, *b as u64),
            (
                Tok::Mem { code: ca, align: la, memory: ma, lane: na, offset: a },
                Tok::Mem { code: cb, align: lb, memory: mb, lane: nb, offset: b },
            ) => {
                let same = (ca, la, ma, na) == (cb, lb, mb, nb);
                let agree = same.then(|| self.agree(sides, *a, *b))?;
                // A table slot is no offset.
                agree.filter(|agree| *agree != Agree::Slot)
            }
            _ => (a == b).then_some(Agree::Equal),
        }
    }
}
