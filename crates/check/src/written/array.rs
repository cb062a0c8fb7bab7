//! The array of values that the host hands to a way into functions (U3): behind a function that has
//! returned, its results lie there, as wide as their types. The host need not have written the
//! array before, and takes what lies there for the results.
//!
//! Invariant: a bit is set only for four bytes that one store since the last call has covered; that
//! these were written is demanded where they are stored. Bits are lost at claimed blocks.

use super::flow::bytes;
use super::places::At;
use super::{Marks, Written, unwritten};
use crate::contract::{CodeKind, Way};
use crate::error::Fault;
use crate::layout::{Layout, Ty, offsets};
use crate::machine::Machine;
use crate::state::{Answers, State};

/// Bytes that one bit stands for: no value has fewer, and all begin at a multiple of them.
const UNIT: u64 = 4;
/// Units of a word of bits.
const BITS: u64 = u64::BITS as u64;

/// The results of the function that a way leads to.
fn results(layout: &Layout, kind: CodeKind) -> &[Ty] {
    let CodeKind::Way(Way::In(func)) = kind else { return &[] };
    let ty = func.and_then(|func| layout.func_type(func));
    ty.and_then(|ty| layout.signature(ty)).map_or(&[], |signature| &signature.results)
}

impl Marks {
    fn is_filled(&self, unit: u64) -> bool {
        let word = usize::try_from(unit / BITS).ok().and_then(|word| self.filled.get(word));
        word.is_some_and(|word| word >> (unit % BITS) & 1 == 1)
    }

    fn fill(&mut self, unit: u64) {
        let Ok(word) = usize::try_from(unit / BITS) else { return };
        if self.filled.len() <= word {
            self.filled.resize(word.saturating_add(1), 0);
        }
        if let Some(word) = self.filled.get_mut(word) {
            *word |= 1 << (unit % BITS);
        }
    }
}

impl Written {
    /// Bytes from an offset in the array on are written.
    pub(super) fn fills(&mut self, at: At<'_, '_>, (offset, bytes): (u64, u8)) {
        let values = results(at.machine.layout, at.machine.kind).len() as u64;
        let end = offset.saturating_add(bytes.into());
        // Behind the results nobody asks.
        if end > values.saturating_mul(offsets::VALUE_BYTES) {
            return;
        }
        for unit in planted!(PartOfUnitFills, offset.div_ceil(UNIT), offset / UNIT)..end / UNIT {
            self.marks.fill(unit);
        }
    }

    /// Where a way returns behind a function that has returned, the results are in the array.
    pub(super) fn array_is_filled(
        &self,
        machine: &Machine<'_>,
        state: &State,
    ) -> Result<(), Fault> {
        if state.answers != Answers::Returned {
            return Ok(());
        }
        for (n, &ty) in (0_u64..).zip(results(machine.layout, machine.kind)) {
            let first = n.saturating_mul(offsets::VALUE_BYTES / UNIT);
            let end = first.saturating_add(u64::from(bytes(machine.layout, ty)) / UNIT);
            let last = planted!(LastUnitIsFilled, end, end.saturating_sub(1).max(first | 1));
            let filled = (first..last).all(|unit| self.marks.is_filled(unit));
            if !planted!(ArrayIsFilled, filled, true) {
                return unwritten("a way leaves the host no result in its array");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_a_bit() {
        let mut marks = Marks::default();
        let filled = [0, 5, 63, 64, 130, 4_003];
        for unit in filled {
            assert!(!marks.is_filled(unit));
            marks.fill(unit);
        }
        let found: alloc::vec::Vec<u64> = (0..5_000).filter(|&n| marks.is_filled(n)).collect();
        assert_eq!(found, filled);
    }
}
