//! A pair of pieces with its equal ranges → the differences in the gaps, and the equal words that
//! should not be equal.
//!
//! The module above has the invariants (1 and 2).

use super::look::{has_text, into_padding, look, padding};
use super::names::Names;
use super::{DataDiff, LOOSE_MAX, Look, Pair, Run};
use crate::judge::harmless::Taken;
use crate::judge::lockstep::words;
use crate::numbers::shift::{Agree, Assumption, Loose, Shift};
use crate::numbers::strings::{is_printable, is_text};
use crate::numbers::uses::{Doubt, Role, Roles};
use crate::pair::align::Equal;
use crate::pair::side::Side;
use prova_module::DataIdx;
use std::ops::Range;

/// Numbers behind an address that look like lengths are below this.
const LENGTH_END: u64 = 1 << 16;
/// Maximum number of bytes in which texts of parts are looked for.
const SEARCHED_MAX: usize = 1 << 23;
/// Maximum number of strings of a gap that are compared one by one.
const STRINGS_MAX: usize = 64;

/// Fills the gaps of one pair.
pub(super) struct Filler<'s, 'm> {
    pub(super) sides: (&'s Side<'m>, &'s Side<'m>),
    pub(super) names: &'s Names<'s, 'm>,
    pub(super) shift: &'s Shift,
    pub(super) roles: &'s Roles,
    pub(super) pair: &'s Pair<'m>,
    pub(super) diff: &'s mut DataDiff,
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
        match agree {
            Some(Agree::Moved { address, delta, loose }) => {
                self.diff.pointers += usize::from(delta != 0);
                if delta != 0 || loose.is_some() {
                    self.diff.shown.push((address, address.wrapping_add_signed(delta)));
                }
                self.loosely(loose, address, delta);
            }
            // An equal word is looked at by `stale`, when all moves are known.
            Some(Agree::Assumed { what: Assumption::Stays(..), .. }) => {}
            Some(Agree::Assumed { address, delta, loose, what }) => {
                let first = || words(address, delta, what);
                let taken = Taken::new(what, address, address.wrapping_add_signed(delta));
                match what {
                    Assumption::Slot => self.diff.slots.note(taken, first),
                    _ => self.diff.assumed.note(taken, first),
                }
                self.loosely(loose, address, delta);
            }
            Some(Agree::Slot | Agree::Equal) | None => {}
        }
    }

    fn loosely(&mut self, loose: Loose, address: u64, delta: i64) {
        if let Some(bytes) = loose.filter(|_| self.diff.loose.len() < LOOSE_MAX) {
            let other = address.wrapping_add_signed(delta);
            self.diff.loose.push((address, other, bytes));
            self.diff.judged.push((address, other));
        }
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

    /// Whether neither side has the text around bytes of the other.
    fn differs(&mut self, a: &Range<usize>, b: &Range<usize>) -> bool {
        let size = |side: &Side<'_>| side.map.spans.iter().map(|span| span.bytes as usize).sum();
        let sizes: (usize, usize) = (size(self.sides.0), size(self.sides.1));
        self.diff.searched = self.diff.searched.saturating_add(sizes.0.max(sizes.1));
        if self.diff.searched > SEARCHED_MAX {
            return false;
        }
        let (x, y) = (around(&self.pair.bytes.0, a), around(&self.pair.bytes.1, b));
        is_text(x) && is_text(y) && !has(self.sides.1, x) && !has(self.sides.0, y)
    }

    fn one(&mut self, a: Range<usize>, b: Range<usize>) {
        let pair = self.pair;
        let bytes_a = pair.bytes.0.get(a.clone()).unwrap_or_default();
        let bytes_b = pair.bytes.1.get(b.clone()).unwrap_or_default();
        let look = look((&pair.bytes.0, &a), (&pair.bytes.1, &b), (pair, self.names));
        let mut look = look;
        if look == Look::Padding(false) {
            let bytes = (&*pair.bytes.0, &*pair.bytes.1);
            let found = padding((bytes.0, &a), (bytes.1, &b), pair.start);
            look = Look::Padding(found.is_some_and(|zeros| self.names.names(zeros.a.1)));
            self.diff.zeros.extend(found);
        }
        if pair.copied {
            look = Look::Copy;
        }
        // Where parts change places, named objects may, too: then text that both sides have does
        // not differ, and random-looking bytes that both have are not random.
        if pair.part && matches!(look, Look::Text(..) | Look::Random) && !self.differs(&a, &b) {
            look = Look::Bytes;
        }
        self.diff.runs.push(Run {
            segment: pair.segment,
            name: pair.name.clone(),
            a: pair.start.0 + a.start as u64,
            b: pair.start.1 + b.start as u64,
            active: pair.active,
            bytes_a: bytes_a.to_vec(),
            bytes_b: bytes_b.to_vec(),
            look,
        });
    }
}

/// The text around bytes, up to an unprintable byte on either side.
fn around<'b>(bytes: &'b [u8], run: &Range<usize>) -> &'b [u8] {
    let before = bytes[..run.start].iter().rev().take_while(|byte| is_printable(**byte)).count();
    let behind = bytes[run.end..].iter().take_while(|byte| is_printable(**byte)).count();
    &bytes[run.start - before..run.end + behind]
}

/// Whether some segment of a side has these bytes.
fn has(side: &Side<'_>, text: &[u8]) -> bool {
    let count = side.module.data().len() as u32;
    (0..count).any(|at| has_text(side.module.data_bytes(DataIdx(at)), text))
}

/// The word at a place.
fn word_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Role of a word of data. A word of unknown role counts as mixed, because debug information does
/// not say whether code calculates with it.
fn of_word(role: Role) -> Role {
    if role == Role::Unknown { Role::Mixed(Doubt::KEPT) } else { role }
}

/// Words of equal ranges that hold the address of something that moved (invariant 2): those
/// that are aligned on both sides, and those at `known` addresses.
pub(super) fn stale(
    sides: (&Side<'_>, &Side<'_>),
    (roles, known): (&Roles, &[u64]),
    pair: &Pair<'_>,
    equal: &[Equal],
    diff: &mut DataDiff,
) {
    for range in equal {
        let start = pair.start.0 + range.a as u64;
        let end = start + range.len as u64;
        let together = (start.wrapping_sub(pair.start.1 + range.b as u64)).is_multiple_of(4);
        let aligned = (start.next_multiple_of(4)..end.saturating_sub(3)).step_by(4);
        let aligned = aligned.filter(|_| together);
        let from = known.partition_point(|at| *at < start);
        let odd = known[from..].iter().copied().take_while(|at| *at < end);
        let odd = odd.filter(|at| pair.active && !(together && at % 4 == 0));
        for address in aligned.chain(odd) {
            let at = (address - pair.start.0) as usize;
            word(sides, roles, pair, (at, at - range.a + range.b), diff);
        }
        if roles.truncates() && together {
            let first = (start.next_multiple_of(4) - pair.start.0) as usize;
            floats(sides, pair, first..range.a + range.len, diff);
        }
    }
}

/// Floats among equal bytes that code may make addresses of: they stay, though these moved.
fn floats(
    sides: (&Side<'_>, &Side<'_>),
    pair: &Pair<'_>,
    places: Range<usize>,
    diff: &mut DataDiff,
) {
    let bytes = &pair.bytes.0[..places.end];
    for at in places.step_by(4) {
        for bytes in [bytes.get(at..at + 4), bytes.get(at..at + 8)].into_iter().flatten() {
            if let Agree::Assumed { address, delta, what, .. } = diff.shift.float(sides, bytes) {
                diff.stays.note(Taken::new(what, address, address), || words(address, delta, what));
            }
        }
    }
}

/// One word of [`stale`], by its place in the pieces.
fn word(
    sides: (&Side<'_>, &Side<'_>),
    roles: &Roles,
    pair: &Pair<'_>,
    (at, other): (usize, usize),
    diff: &mut DataDiff,
) {
    // A word at an odd address may reach behind its range.
    let bytes = (pair.bytes.0.get(at..at + 4), pair.bytes.1.get(other..other + 4));
    let (Some(x), Some(y)) = bytes else { return };
    let bytes = (x, y);
    let value = bytes.0.try_into().map(u32::from_le_bytes).unwrap_or_default();
    if bytes.0 != bytes.1 || value == 0 {
        return;
    }
    let places = (pair.start.0 + at as u64, pair.start.1 + other as u64);
    let role = match pair.active {
        true => of_word(roles.word(places.0, places.1)),
        false => Role::Mixed(Doubt::KEPT),
    };
    match diff.shift.agree(sides, role, value.into(), value.into()) {
        Some(Agree::Assumed { delta, what, .. }) => {
            let taken = Taken::new(what, value.into(), value.into());
            diff.stays.note(taken, || words(value.into(), delta, what));
        }
        Some(Agree::Equal | Agree::Slot) => {}
        Some(Agree::Moved { address, delta, loose }) => {
            let other = address.wrapping_add_signed(delta);
            diff.loose.push((address, other, 0));
            diff.judged.extend(loose.map(|_| (address, other)));
            diff.shown.extend(loose.map(|_| (address, other)));
        }
        None => {
            let by = diff.shift.delta_at(value.into()).unwrap_or(diff.shift.end_delta);
            diff.runs.push(Run {
                segment: pair.segment,
                name: pair.name.clone(),
                a: places.0,
                b: places.1,
                active: pair.active,
                bytes_a: bytes.0.to_vec(),
                bytes_b: bytes.1.to_vec(),
                look: Look::Stale(by),
            });
        }
    }
}
