//! Assumptions of a comparison → which of them `--allow harmless` covers.
//!
//! `judge` asks here for each assumption when all numbers of both modules are known.
//!
//! Covered are the effects that an honest linker has on numbers and that an edit of a few bytes
//! does not have. A number of 1, 2 or 4 is not covered if the host gets it, nor is one of 3 unless
//! no linker left room for it.
//!
//! 1. An *address*, by an access: it moved exactly as the bytes that are accessed, so B's is the
//!    one that a linker writes. The assumption is that nothing depends on its number.
//! 2. A *number* that moved as the bytes there did. In code of two linkers that leave room for
//!    addresses, a number with room on both sides is an address, and one without room on both is
//!    not covered. Elsewhere the number must not stay at another place, and one of these must hold:
//!    - The same pair is accessed, or its function accesses an address within [`NEAR`] bytes that
//!      moved alike.
//!    - The words there are addresses that moved.
//!    - The data starts there, or the number is behind the data, and a multiple of 8 on both sides.
//!    - It is only kept, and a text starts there on both sides, or it is at least [`LEAST`] and
//!      less round than programmers' numbers.
//!
//!    Where blocks stand in another order, a number in the last object of a part is not covered: an
//!    index may be added to it.
//! 3. A number that *stays*. It is covered if no linker left room for it, where both leave some for
//!    addresses. A number that both wrote as an address is covered only where a path that differs
//!    starts at it on both sides, or where A's data starts and B's does not. Elsewhere, and in
//!    data, it is covered if A has no object there. It is also covered if no number that moved is
//!    equal to it, and it lies in a path that differs, is round, or is only calculated with.
//! 4. A *stack pointer*, if the stack keeps all of its room but at most one 64th (`globals`).
//! 5. Objects *apart*: objects behind the data stand in one order on both sides. From one to the
//!    next the distance may change only at a multiple of 16, and by less than 16. It may shrink
//!    only if all bytes touched before are seen and have room in B; before the last object not all
//!    have to be seen.
//! 6. Consequences of the place of everything: the *pages* of memory and its *end* (if it is no
//!    power of two); addresses in *debug information*, which no code reads; and an index that stays
//!    in its object though B has another one behind it, where all accessed objects stand in their
//!    order (as for `moved`).
//!
//! No other assumption is covered. Limits: an edit passes by 2 if it changes a number that is only
//! kept, in the range of the data, by exactly the shift. `tests/verdicts/hostile.txt` has 40 edits,
//! and which of them pass.

use crate::judge::assumption::{Sort, Taken, Written};
use crate::judge::data::{DataDiff, Look};
use crate::numbers::shift::Shift;
use crate::numbers::strings::{Sort as Text, is_printable};
use crate::numbers::uses::Doubt;
use crate::pair::paired::BIAS;
use crate::pair::side::{Side, bytes};
use std::collections::HashSet;
use std::ops::Range;

/// Maximum distance in bytes from an address that a function accesses at which its number is an
/// address, too.
const NEAR: u64 = 512;
/// Smaller numbers are more often something else.
const LEAST: u64 = 4096;
/// Maximum alignment of objects behind the data, in bytes.
const ALIGNMENT: u64 = 16;
/// Bytes of a text to which a number may be shown to lead, with the zero that ends it.
const TEXT_MIN: u64 = 4;
const TEXT_MAX: u64 = 256;

/// All numbers of both modules that moved, or stay where something moved.
pub(crate) struct Known<'s, 'm> {
    sides: (&'s Side<'m>, &'s Side<'m>),
    shift: &'s Shift,
    /// Numbers of A and of B that moved.
    moved: (HashSet<u64>, HashSet<u64>),
    /// Pairs that an access shows to be addresses.
    accessed: HashSet<(u64, u64)>,
    stays: HashSet<u64>,
    /// Where A has objects, and where both have data.
    objects: Range<u64>,
    starts: (u64, u64),
    /// Whether objects behind the data moved otherwise only where an alignment rounds.
    rounded: bool,
    /// Whether all that is accessed stands in its order.
    ordered: bool,
    /// Paths of A that differ, from the first byte that does.
    paths: Vec<Range<u64>>,
    /// The addresses at which one of these paths starts on both sides.
    path_starts: HashSet<u64>,
}

impl<'s, 'm> Known<'s, 'm> {
    /// `lists`: the assumptions of each function and of data, and the addresses that are shown.
    pub(crate) fn new<'t>(
        sides: (&'s Side<'m>, &'s Side<'m>),
        (shift, data, behind): (&'s Shift, &DataDiff, &[(u64, u64, u64)]),
        lists: impl Iterator<Item = (&'t [Taken], &'t [(u64, u64)])>,
    ) -> Known<'s, 'm> {
        let start = |side: &Side<'_>| side.map.data().map_or(0, |data| data.start);
        let mut known = Known {
            sides,
            shift,
            moved: Default::default(),
            accessed: HashSet::new(),
            stays: HashSet::new(),
            objects: start(sides.0).saturating_sub(BIAS)..shift.data_end,
            starts: (start(sides.0), start(sides.1)),
            rounded: false,
            ordered: false,
            paths: Vec::new(),
            path_starts: HashSet::new(),
        };
        let path = |look: &Look| matches!(look, Look::Text(Text::Path, ..));
        let paths = data.runs.iter().filter(|run| run.active && path(&run.look));
        let same = paths.clone().filter(|run| run.a == run.b).map(|run| run.a);
        known.path_starts.extend(same);
        let range = |at: u64, count: usize| at..at + (count as u64).max(1);
        known.paths.extend(paths.map(|run| range(run.a, run.bytes_a.len())));
        for (taken, shown) in lists {
            known.accessed.extend(shown);
            for one in taken {
                match one.sort {
                    Sort::Address | Sort::Reach => drop(known.accessed.insert((one.a, one.b))),
                    Sort::Number => known.moves(one.a, one.b),
                    Sort::Stays => drop(known.stays.insert(one.a)),
                    Sort::Slot | Sort::Room | Sort::Apart | Sort::Length | Sort::Grew => {}
                    Sort::Padding | Sort::Stack | Sort::StackRoom | Sort::Global => {}
                    Sort::Table | Sort::Debug | Sort::Pages | Sort::End | Sort::Copy => {}
                    Sort::Path => {}
                }
            }
        }
        for (a, b) in known.accessed.clone() {
            known.moves(a, b);
        }
        known.rounded = rounded(behind);
        known.ordered = ordered(&known.accessed);
        let last = known.moved.0.iter().max().map_or(0, |last| last + 1);
        known.objects.end = known.objects.end.max(last).saturating_add(NEAR);
        known
    }

    fn moves(&mut self, a: u64, b: u64) {
        if a != b {
            self.moved.0.insert(a);
            self.moved.1.insert(b);
        }
    }

    /// Marks the covered assumptions of one function, or of data.
    pub(crate) fn judge(&self, taken: &mut [Taken], shown: &[(u64, u64)]) {
        let own = taken.iter().filter(|one| one.sort == Sort::Address).map(|one| (one.a, one.b));
        let mut near: Vec<(u64, u64)> = own.chain(shown.iter().copied()).collect();
        near.sort_unstable();
        for one in taken {
            one.covered |= match one.sort {
                Sort::Address => one.doubt.within(Doubt::ALL_BUT_GIVEN),
                Sort::Number => self.number(one, &near),
                Sort::Stays => self.stays(one),
                // Invariant 6.
                Sort::End => self.ends(one),
                Sort::Reach => self.ordered,
                Sort::Apart => self.rounded && self.accessed.contains(&(one.a, one.b)),
                // Said where they are found, or covered by nothing.
                Sort::Stack | Sort::StackRoom | Sort::Pages | Sort::Debug | Sort::Path => false,
                Sort::Slot | Sort::Room | Sort::Length | Sort::Grew | Sort::Padding => false,
                Sort::Global | Sort::Table | Sort::Copy => false,
            };
        }
    }

    /// Invariant 2.
    fn number(&self, one: &Taken, near: &[(u64, u64)]) -> bool {
        let (a, b) = (one.a, one.b);
        let first = (a, b) == self.starts;
        let once = !self.stays.contains(&a) || first && a.is_power_of_two();
        let from = near.partition_point(|(at, _)| at.saturating_add(NEAR) < a);
        let alike = |(at, to): &(u64, u64)| to.wrapping_sub(*at) == b.wrapping_sub(a);
        let beside =
            near[from..].iter().take_while(|(at, _)| *at <= a.saturating_add(NEAR)).any(alike);
        let behind = self.shift.is_behind(a) && a % 8 == 0 && b % 8 == 0;
        let shown = self.accessed.contains(&(a, b)) || beside || behind || first;
        let plain = a >= LEAST && !a.is_multiple_of(10_000) && !a.is_multiple_of(4096);
        let kept = one.doubt.within(Doubt::KEPT) && (plain || self.starts_text(a, b));
        let within = one.doubt.within(Doubt::ALL_BUT_GIVEN);
        // As for an index: code that adds one may reach the object behind.
        let apart = self.shift.is_last(a) && !(self.ordered && self.shift.ordered());
        within
            && !apart
            && match one.written {
                Written::Address => true,
                Written::Plain => false,
                Written::Unknown => once && (shown || kept || self.points(a, b)),
            }
    }

    /// Invariant 6: a size of memory that is no round number, as an allocator has it.
    fn ends(&self, one: &Taken) -> bool {
        let memory = |side: &Side<'_>| side.map.memory_bytes;
        let whole = (one.a, one.b) == (memory(self.sides.0), memory(self.sides.1));
        whole && !one.a.is_power_of_two() && !one.b.is_power_of_two()
    }

    /// Whether a text starts here on both sides that a zero ends, behind another zero.
    fn starts_text(&self, a: u64, b: u64) -> bool {
        let starts = |side: &Side<'_>, at: u64| {
            let before = at.checked_sub(1).and_then(|before| bytes(side, before, 1));
            let text = (TEXT_MIN..TEXT_MAX).find_map(|count| {
                let text = bytes(side, at, count)?;
                (text.last() == Some(&0)).then_some(text)
            });
            let letters = |text: &[u8]| text[..text.len() - 1].iter().all(|c| is_printable(*c));
            before == Some(&[0]) && text.is_some_and(letters)
        };
        starts(self.sides.0, a) && starts(self.sides.1, b)
    }

    /// Whether the words at these addresses are addresses that moved.
    fn points(&self, a: u64, b: u64) -> bool {
        let word = |side: &Side<'_>, at: u64| {
            let bytes = bytes(side, at, 4).filter(|_| at.is_multiple_of(4))?;
            let value = bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
            Some(value).filter(|value| side.may_be_address(*value))
        };
        let (Some(x), Some(y)) = (word(self.sides.0, a), word(self.sides.1, b)) else {
            return false;
        };
        x != y && self.shift.delta_at(x) == Some(y.wrapping_sub(x) as i64)
    }

    /// Invariant 3.
    fn stays(&self, one: &Taken) -> bool {
        let a = one.a;
        let named = self.moved.0.contains(&a) || self.moved.1.contains(&a);
        // Where data starts on one side alone: a number as round as that is more often a size.
        let (low, high) = (self.starts.0.min(self.starts.1), self.starts.0.max(self.starts.1));
        let start = low < high && (a == low || a == high) && a.is_power_of_two();
        let round = a.is_multiple_of(1000) || a.is_multiple_of(256) || (a + 1).is_power_of_two();
        let in_path = self.paths.iter().any(|path| path.contains(&a));
        match one.written {
            // A path that differs starts there on both sides, or A's data starts there and B's does
            // not.
            Written::Address => {
                let left = start && a == self.starts.0;
                let known = left || self.path_starts.contains(&a);
                return one.doubt.within(Doubt::ALL_BUT_GIVEN) && known;
            }
            Written::Plain => return true,
            Written::Unknown => {}
        }
        let number = one.doubt == Doubt::CALCULATED || round;
        one.doubt.within(Doubt::ALL_BUT_GIVEN)
            && (!self.objects.contains(&a) || (!named || start) && (number || in_path))
    }
}

/// Invariant 6: of addresses of both sides.
fn ordered(accessed: &HashSet<(u64, u64)>) -> bool {
    let mut pairs: Vec<(u64, u64)> = accessed.iter().copied().collect();
    pairs.sort_unstable();
    pairs.windows(2).all(|pair| pair[0].1 <= pair[1].1)
}

/// Checks invariant 5 for all objects behind the data, in order of A, with the bytes that are
/// touched.
fn rounded(behind: &[(u64, u64, u64)]) -> bool {
    let delta = |(a, b, _): (u64, u64, u64)| b.wrapping_sub(a) as i64;
    // End in B of the bytes touched so far; and whether they may reach as far as the next object.
    let (mut end, mut open) = (0, false);
    let last = behind.last().map(|(a, ..)| *a);
    behind.iter().enumerate().all(|(at, &high)| {
        let low = behind[at.saturating_sub(1)];
        let by = delta(high) - delta(low);
        let aligned = high.0.is_multiple_of(ALIGNMENT) && high.1.is_multiple_of(ALIGNMENT);
        let rounds = by.unsigned_abs() < ALIGNMENT && aligned;
        // Less room is enough for the bytes that are seen to be touched. Before the last object,
        // where the heap starts, it is assumed not to matter that not all of them are seen.
        let fits = by >= 0 || end <= high.1 && (!open || Some(high.0) == last);
        let right = by == 0 || rounds && fits;
        let ordered = at == 0 || low.0 == high.0 || low.1 < high.1;
        open &= by == 0;
        open |= high.2 == 0;
        end = end.max(high.1.saturating_add(high.2));
        right && ordered
    })
}
