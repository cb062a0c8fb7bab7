//! E1: whether the bytes of an access lie in their memory, and when the access may fault instead.
//!
//! An operator traps where `index + end > len` over the integers, where `end` is its offset and its
//! width. Code has two ways to do so. It compares first, and the trap is a branch; or the access
//! *faults by itself*, and its row makes the fault the trap. The second way is an argument about
//! the address `base + index + offset` modulo 2^64, which is all that the processor sees:
//!
//! 1. P3 of the sandbox check: for every index, the access is inside the memory, or it faults.
//!    It is inside exactly if `(index + offset) mod 2^64 + width ≤ len`.
//! 2. An index of 32 bits is extended with zeros, and `end ≤ 2^47`. So `index + end < 2^64`, the
//!    sum modulo 2^64 is the sum, and the access faults exactly where the operator traps. Nothing
//!    has to be known of the index.
//! 3. An index of 64 bits may be so large that `index + offset ≥ 2^64`. The operator traps, but
//!    the address is one of the first bytes of the memory, and the access does not fault. The
//!    argument of 2 needs `index + end < 2^64`, from comparisons in the code
//!    ([`Core::has_no_carry`]).
//!
//! The users of the argument are the operators of `demand::memory` whose accesses fault (`faults`
//! of [`Bytes`]): all loads and stores of scalars, vectors and lanes. Each passes its trap by
//! [`Core::stops_by`] before its access counts: `heap_load` and `store` for what code accesses,
//! `skip` for what it leaves out since the same bytes were reached before (reached bytes are no
//! argument: another index may have reached them without a carry). Elements of tables, copies and
//! fills compare first: their addresses cannot fault, and the comparisons say all.
//!
//! Noticed by: the rows *carry* of `crates/certify/tests/equal/rules.tsv`.

use crate::core_::Core;
use crate::demand::Bytes;
use crate::state::State;
use crate::words::{Head, Node};
use prova_check::offsets;

/// The most bytes that a memory has.
const MOST: u128 = offsets::MEMORY_BYTES_MAX as u128;

impl Core<'_> {
    /// Whether bytes are not in their memory, by its limits or by more bytes of it.
    ///
    /// Memories have their least length from the beginning, 2^47 bytes at most, and never shrink.
    /// So bytes are in them whose index is at most so much that the least length has them. For a
    /// `d` that is at most the least length, `i ≤ len − d` says that `i + d ≤ len`, and its
    /// contrary that `i + d > len`.
    /// If `i + d ≤ len`, where the sum has no carry, and `end ≤ d`, then `i + end` has no carry and
    /// is at most `len`. The sum of a word of 32 bits and `d ≤ 2^47` has no carry; the sum of
    /// another word has none if the word is known not to be above `!d`.
    ///
    /// Where the access itself faults, the argument of the module's header follows.
    pub(crate) fn is_beyond(&mut self, state: &State, bytes: Bytes) -> Option<bool> {
        let Bytes { memory, len, index, end, faults } = bytes;
        if let Some(n) = self.words.number(index) {
            let end = n.saturating_add(end.into());
            let least = u128::from(self.layout.memory_type(memory)?.min_bytes);
            return (end > MOST).then_some(true).or((end <= least || faults).then_some(false));
        }
        let least = u128::from(self.layout.memory_type(memory)?.min_bytes);
        if planted!(IndexIsLess, self.words.most(index), 0).saturating_add(end.into()) <= least {
            return Some(false);
        }
        let wide = self.module.memory(prova_module::MemoryIdx(memory))?.memory64;
        for &(fact, holds) in &state.known {
            let (fact, positive) = self.words.polarity(fact);
            let Node { op: Head::Ult, args: [a, b, _], .. } = self.words.get(fact) else {
                continue;
            };
            let less = holds == positive;
            // `i ≤ len − d`, or not.
            if b == index && a != len {
                let behind = self.words.sub(len, a);
                let most = planted!(LessThanNothing, least, u128::MAX);
                match self.words.number(behind).filter(|d| *d <= most) {
                    Some(d) if !less && u128::from(end) <= d => return Some(false),
                    Some(d) if less && planted!(LessIsAny, d <= end.into(), true) => {
                        return Some(true);
                    }
                    Some(_) | None => {}
                }
            }
            if less || a != len {
                continue;
            }
            let distance = self.words.sub(b, index);
            let Some(d) = self.words.number(distance) else { continue };
            if d < end.into() || d > MOST {
                continue;
            }
            let last = self.words.constant(64, !d & u128::from(u64::MAX));
            let carries = self.words.ult(last, index);
            if !wide || self.words.decide(&state.known, carries) == Some(false) {
                return Some(false);
            }
        }
        let stops = planted!(NothingIsBeyond, faults, true);
        (stops && (!wide || self.has_no_carry(state, bytes))).then_some(false)
    }

    /// Whether `index + end < 2^64` for an index of 64 bits.
    ///
    /// - By its form: the index is at most a number.
    /// - By a test for the carry: it is known not to be above `!end`.
    /// - By a comparison of `low = index − gap` with a length: `low ≤ len − d` says `low ≤ 2^47`,
    ///   since `d ≤ len` and no memory has more bytes. Then `index = low + gap`, and the sum has no
    ///   carry if `2^47 + gap + end < 2^64`. A comparison of `index + 16`, whose gap is
    ///   `2^64 − 16`, says nothing.
    fn has_no_carry(&mut self, state: &State, bytes: Bytes) -> bool {
        let Bytes { memory, len, index, end, .. } = bytes;
        let fits = |most: u128| most.saturating_add(end.into()) <= u64::MAX.into();
        if planted!(CarryIsNone, fits(self.words.most(index)), true) {
            return true;
        }
        let last = self.words.constant(64, (!end).into());
        let carries = self.words.ult(last, index);
        if self.words.decide(&state.known, carries) == Some(false) {
            return true;
        }
        let least = self.layout.memory_type(memory).map_or(0, |ty| ty.min_bytes);
        for &(fact, holds) in &state.known {
            let (fact, positive) = self.words.polarity(fact);
            let Node { op: Head::Ult, args: [a, b, _], .. } = self.words.get(fact) else {
                continue;
            };
            // `a < b`, or `b ≤ a`.
            let (low, high) = if holds == positive { (a, b) } else { (b, a) };
            let below = self.words.sub(len, high);
            let is_bound = self.words.number(below).is_some_and(|d| d <= least.into());
            if !planted!(BoundOfAny, is_bound, true) {
                continue;
            }
            let gap = self.words.sub(index, low);
            let gap = self.words.number(gap);
            if gap.is_some_and(|gap| planted!(GapIsAny, fits(MOST.saturating_add(gap)), true)) {
                return true;
            }
        }
        false
    }
}
