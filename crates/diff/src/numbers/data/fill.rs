//! A pair of pieces with its equal ranges → the differences in the gaps, and the equal words that
//! should not be equal.
//!
//! The module above has the invariants (1 and 2).

use super::names::Names;
use super::padding::{into_padding, padding};
use super::piece::Pair;
use crate::numbers::shift::{Agree, Assumption, Shift, Zeros};
use crate::numbers::strings::is_printable;
use crate::numbers::uses::{Doubt, Role, Roles};
use crate::pair::align::Equal;
use crate::pair::side::Side;
use std::ops::Range;

/// Numbers behind an address that look like lengths are below this.
const LENGTH_END: u64 = 1 << 16;
/// Maximum number of strings of a gap that are compared one by one.
const STRINGS_MAX: usize = 64;

/// Bytes that no range explains, of the pair of this number.
#[derive(Clone, Debug)]
pub(crate) enum Gap {
    /// Inside both pieces.
    Inside { pair: usize, a: Range<usize>, b: Range<usize> },
    /// Zeros behind the pair's pieces, from these addresses on.
    Between { pair: usize, at: (u64, u64), zeros: (usize, usize), seen: Seen },
}

/// The sort of zeros between two pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Padding, and whether code names what starts behind it.
    Padding(bool),
    Bytes,
}

/// The gaps of all pairs, filled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filled {
    /// Words that agree without being equal, in order.
    pub(crate) agreed: Vec<Agree>,
    pub(crate) gaps: Vec<Gap>,
    /// Zeros around padding.
    pub(super) zeros: Vec<Zeros>,
    /// By pair, the equal ranges as they are then.
    pub(crate) equal: Vec<Vec<Equal>>,
}

/// Fills the gaps of one pair.
pub(super) struct Filler<'s, 'm> {
    pub(super) sides: (&'s Side<'m>, &'s Side<'m>),
    pub(super) names: &'s Names<'s, 'm>,
    pub(super) shift: &'s Shift,
    pub(super) roles: &'s Roles,
    /// The pair's number, and the pair.
    pub(super) index: usize,
    pub(super) pair: &'s Pair<'m>,
    pub(super) filled: &'s mut Filled,
    /// Equal ranges after extension.
    pub(super) equal: Vec<Equal>,
}

/// Result of a comparison at a place of a gap.
enum At {
    /// This number of bytes agrees.
    Agree(usize, Option<Agree>),
    /// This number of bytes, at least one, does not agree.
    Differ(usize),
}

impl Filler<'_, '_> {
    pub(super) fn fill(&mut self) {
        let ranges = self.at_words();
        for (i, range) in ranges.iter().enumerate() {
            self.equal.push(*range);
            let Some(next) = ranges.get(i + 1) else { continue };
            let gap_a = range.a + range.len..next.a;
            let gap_b = range.b + range.len..next.b;
            if gap_a.len() == gap_b.len() {
                self.in_place(gap_a, gap_b.start);
            } else {
                self.both_ends(gap_a, gap_b);
            }
        }
    }

    /// The equal ranges, with the parts of words at their ends given to the gaps: a pointer is
    /// compared whole.
    fn at_words(&self) -> Vec<Equal> {
        let start = (self.pair.start.0 as usize, self.pair.start.1 as usize);
        let mut ranges = self.pair.equal.clone();
        let last = ranges.len().saturating_sub(1);
        for (i, range) in ranges.iter_mut().enumerate() {
            let (a, b) = (start.0.wrapping_add(range.a), start.1.wrapping_add(range.b));
            if a.wrapping_sub(b) % 4 != 0 {
                continue;
            }
            if i > 0 {
                let cut = (a.wrapping_neg() % 4).min(range.len);
                (range.a, range.b, range.len) = (range.a + cut, range.b + cut, range.len - cut);
            }
            if i < last {
                let end = start.0.wrapping_add(range.a).wrapping_add(range.len);
                range.len -= (end % 4).min(range.len);
            }
        }
        ranges
    }

    /// Compares a gap of equal lengths.
    fn in_place(&mut self, gap: Range<usize>, b: usize) {
        let delta = b.wrapping_sub(gap.start);
        self.equal.push(Equal { a: gap.start, b, len: gap.len() });
        let mut run: Option<Range<usize>> = None;
        let mut at = gap.start;
        while at < gap.end {
            let (len, differs) = match self.at(at, at.wrapping_add(delta), gap.end - at) {
                At::Agree(len, agree) => {
                    self.count(agree);
                    (len, false)
                }
                At::Differ(len) => (len, true),
            };
            match (&mut run, differs) {
                (Some(open), true) => open.end = at + len,
                (None, true) => run = Some(at..at + len),
                // Fewer than four equal bytes between two runs are a coincidence.
                (Some(open), false) if at + len - open.end >= 4 || at + len >= gap.end => {
                    let open = open.clone();
                    self.run(
                        open.clone(),
                        open.start.wrapping_add(delta)..open.end.wrapping_add(delta),
                    );
                    run = None;
                }
                (Some(_) | None, false) => {}
            }
            at += len;
        }
        if let Some(open) = run {
            self.run(open.clone(), open.start.wrapping_add(delta)..open.end.wrapping_add(delta));
        }
    }

    /// Extends a gap of unequal lengths from both ends; the rest is one run.
    fn both_ends(&mut self, gap_a: Range<usize>, gap_b: Range<usize>) {
        let (mut a, mut b) = (gap_a.start, gap_b.start);
        let room = gap_a.len().min(gap_b.len());
        let mut used = 0;
        while used < room {
            match self.at(a, b, room - used) {
                At::Agree(len, agree) => {
                    self.count(agree);
                    (a, b, used) = (a + len, b + len, used + len);
                }
                At::Differ(len) if self.resumes(a + len, b + len, room - used - len) => {
                    self.run(a..a + len, b..b + len);
                    (a, b, used) = (a + len, b + len, used + len);
                }
                At::Differ(_) => break,
            }
        }
        self.equal.push(Equal { a: gap_a.start, b: gap_b.start, len: a - gap_a.start });
        let (mut end_a, mut end_b) = (gap_a.end, gap_b.end);
        // Backward in words of A's addresses, so that a pointer is seen whole.
        while end_a - a >= 1 && end_b - b >= 1 {
            let step = self.word_before(end_a).min(end_a - a).min(end_b - b);
            let (word_a, word_b) = (end_a - step, end_b - step);
            match self.at(word_a, word_b, step) {
                At::Agree(len, agree) if len == step => self.count(agree),
                _ if step == 4
                    && (self.is_length((word_a, word_b), (a, b))
                        || self.resumes_back(word_a, word_b, (a, b))) =>
                {
                    self.run(word_a..end_a, word_b..end_b);
                }
                _ => {
                    let tail = self.equal_tail((a, end_a), (b, end_b));
                    (end_a, end_b) = (end_a - tail, end_b - tail);
                    break;
                }
            }
            (end_a, end_b) = (word_a, word_b);
        }
        if a < end_a || b < end_b {
            self.strings(a..end_a, b..end_b);
        }
        self.equal.push(Equal { a: end_a, b: end_b, len: gap_a.end - end_a });
    }

    /// Whether two words that differ look like lengths: small numbers behind an address.
    fn is_length(&self, (a, b): (usize, usize), low: (usize, usize)) -> bool {
        let word = |bytes, at| word_at(bytes, at).map(u64::from);
        let (Some(before_a), Some(before_b)) = (a.checked_sub(4), b.checked_sub(4)) else {
            return false;
        };
        let (x, y) = (&self.pair.bytes.0, &self.pair.bytes.1);
        let small = |bytes, at| word(bytes, at).is_some_and(|length| length < LENGTH_END);
        let pointer = word(x, before_a).is_some_and(|to| self.sides.0.may_be_address(to));
        (before_a >= low.0 && before_b >= low.1 && pointer && small(x, a) && small(y, b))
            && matches!(self.at(before_a, before_b, 4), At::Agree(4, Some(_)))
    }

    /// One run; of as many strings on both sides, each with its end, a run for each that differs.
    fn strings(&mut self, a: Range<usize>, b: Range<usize>) {
        let (x, y) = (&self.pair.bytes.0, &self.pair.bytes.1);
        let ends = |bytes: &[u8], run: &Range<usize>| -> Option<Vec<usize>> {
            let text = bytes[run.clone()].iter().all(|byte| *byte == 0 || is_printable(*byte));
            let ends = run.clone().filter(|at| bytes[*at] == 0).take(STRINGS_MAX);
            text.then(|| ends.chain([run.end]).collect())
        };
        let (Some(ends_a), Some(ends_b)) = (ends(x, &a), ends(y, &b)) else {
            return self.run(a, b);
        };
        if ends_a.len() != ends_b.len() || ends_a.len() > STRINGS_MAX {
            return self.run(a, b);
        }
        let (mut low_a, mut low_b) = (a.start, b.start);
        for (end_a, end_b) in ends_a.into_iter().zip(ends_b) {
            // From the second on with the end of the string before.
            let (x, y) = (&self.pair.bytes.0[low_a..end_a], &self.pair.bytes.1[low_b..end_b]);
            let head = x.iter().zip(y).take_while(|(x, y)| x == y).count();
            let tail = x[head..].iter().rev().zip(y[head..].iter().rev());
            let tail = tail.take_while(|(x, y)| x == y).count();
            self.equal.push(Equal { a: low_a, b: low_b, len: head });
            let differ = (low_a + head..end_a - tail, low_b + head..end_b - tail);
            if !differ.0.is_empty() || !differ.1.is_empty() {
                self.run(differ.0, differ.1);
            }
            self.equal.push(Equal { a: end_a - tail, b: end_b - tail, len: tail });
            (low_a, low_b) = (end_a, end_b);
        }
    }

    fn equal_tail(&self, a: (usize, usize), b: (usize, usize)) -> usize {
        let (x, y) = (&self.pair.bytes.0[a.0..a.1], &self.pair.bytes.1[b.0..b.1]);
        x.iter().rev().zip(y.iter().rev()).take_while(|(x, y)| x == y).count()
    }

    /// Bytes back to the start of the word of A's address before `end`.
    fn word_before(&self, end: usize) -> usize {
        match (self.pair.start.0 as usize).wrapping_add(end) % 4 {
            0 => 4,
            rest => rest,
        }
    }

    /// Whether at most one of the next four words differs. At the end of a gap, of the words that
    /// are left, of which at least one has to agree.
    fn resumes(&self, a: usize, b: usize, room: usize) -> bool {
        let words = (room / 4).min(4);
        let agree =
            (0..words).filter(|i| matches!(self.at(a + 4 * i, b + 4 * i, 4), At::Agree(4, _)));
        agree.count() + 1 >= words.max(2)
    }

    /// The same backward.
    fn resumes_back(&self, a: usize, b: usize, low: (usize, usize)) -> bool {
        let words = ((a - low.0).min(b - low.1) / 4).min(4);
        let agree =
            (1..=words).filter(|i| matches!(self.at(a - 4 * i, b - 4 * i, 4), At::Agree(4, _)));
        agree.count() + 1 >= words.max(2)
    }

    /// Compares a word at `a` and `b` where both are aligned and `room` has one, else a byte.
    fn at(&self, a: usize, b: usize, room: usize) -> At {
        self.sides.0.spend(1);
        let (x, y) = (&self.pair.bytes.0, &self.pair.bytes.1);
        let aligned = (self.pair.start.0 as usize).wrapping_add(a).is_multiple_of(4)
            && (self.pair.start.1 as usize).wrapping_add(b).is_multiple_of(4);
        if aligned
            && room >= 4
            && let (Some(word_a), Some(word_b)) = (word_at(x, a), word_at(y, b))
        {
            let role = match self.pair.active {
                true => {
                    let (start_a, start_b) = self.pair.start;
                    of_word(self.roles.word(start_a + a as u64, start_b + b as u64))
                }
                false => Role::Mixed(Doubt::KEPT),
            };
            if let Some(agree) = self.shift.agree(self.sides, role, word_a.into(), word_b.into()) {
                return At::Agree(4, Some(agree));
            }
            let first = (0..4).find(|i| x[a + i] != y[b + i]).unwrap_or(0);
            return if first > 0 {
                At::Agree(first, None)
            } else {
                At::Differ(self.differing(a, b, 4))
            };
        }
        if x[a] == y[b] { At::Agree(1, None) } else { At::Differ(1) }
    }

    fn differing(&self, a: usize, b: usize, room: usize) -> usize {
        let (x, y) = (&self.pair.bytes.0, &self.pair.bytes.1);
        1 + (0..room).rev().find(|i| x[a + i] != y[b + i]).unwrap_or(0)
    }

    fn count(&mut self, agree: Option<Agree>) {
        // An equal word is looked at when all moves are known.
        let counts = |agree: &Agree| match agree {
            Agree::Assumed { what, .. } => !matches!(what, Assumption::Stays(..)),
            agree => !matches!(agree, Agree::Equal | Agree::Slot),
        };
        self.filled.agreed.extend(agree.filter(counts));
    }

    /// Bytes that differ; of text that grew into the padding behind it, text and padding apart.
    fn run(&mut self, a: Range<usize>, b: Range<usize>) {
        let pair = self.pair;
        match into_padding((&pair.bytes.0, &a), (&pair.bytes.1, &b), (pair, self.names)) {
            Some((text_a, text_b)) => {
                self.one(a.start..text_a, b.start..text_b);
                self.one(text_a..a.end, text_b..b.end);
            }
            None => self.one(a, b),
        }
    }

    fn one(&mut self, a: Range<usize>, b: Range<usize>) {
        self.filled.zeros.extend(zeros(self.pair, &a, &b));
        self.filled.gaps.push(Gap::Inside { pair: self.index, a, b });
    }
}

/// All zeros around a run of zeros that is padding.
pub(crate) fn zeros(pair: &Pair<'_>, a: &Range<usize>, b: &Range<usize>) -> Option<Zeros> {
    let (x, y) = (&*pair.bytes.0, &*pair.bytes.1);
    let zero = x[a.clone()].iter().chain(&y[b.clone()]).all(|byte| *byte == 0);
    if zero && pair.active { padding((x, a), (y, b), pair.start) } else { None }
}

/// The word at a place.
fn word_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Role of a word of data. A word of unknown role counts as mixed, because debug information does
/// not say whether code calculates with it.
pub(crate) fn of_word(role: Role) -> Role {
    if role == Role::Unknown { Role::Mixed(Doubt::KEPT) } else { role }
}
