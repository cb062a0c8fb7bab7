//! Data segments of both modules → where each address went, and the runs of bytes that this does not explain.
//!
//! Neighbours: `align` finds equal ranges, `shift` is the resulting map, `report` words the runs.
//!
//! 1. Gaps between equal ranges are extended from both ends as long as words agree: equal, pointers moved as the map
//!    says, or table slots of partners. Gaps of equal length are compared in place.
//! 2. What remains is a run; every byte of a segment is in an equal range, an agreeing word, or a run.

use super::align::{Equal, align};
use super::shift::{Agree, Moved, Shift};
use super::side::Side;
use prova_module::{DataIdx, DataMode};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// What a run of bytes looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Text with a separator of directories; the strings around the run.
    Path(String, String),
    /// Other text.
    Text(String, String),
    /// A number that grew as a changed string did: its length.
    Length(i64),
    /// A few zeros, more or fewer of them: alignment.
    Padding,
    /// A few bytes of high entropy on both sides.
    Random,
    /// Anything else.
    Bytes,
}

/// Bytes that differ.
#[derive(Clone, Debug)]
pub(crate) struct Run<'m> {
    /// The segment, by A's index (B's, if A has none).
    pub(crate) segment: u32,
    pub(crate) name: String,
    /// First addresses; in a passive segment, offsets.
    pub(crate) a: u64,
    pub(crate) b: u64,
    pub(crate) active: bool,
    pub(crate) bytes_a: &'m [u8],
    pub(crate) bytes_b: &'m [u8],
    pub(crate) look: Look,
}

impl Run<'_> {
    pub(crate) fn growth(&self) -> i64 {
        self.bytes_b.len() as i64 - self.bytes_a.len() as i64
    }
}

/// Everything that differs in data.
pub(crate) struct DataDiff<'m> {
    pub(crate) shift: Shift,
    pub(crate) runs: Vec<Run<'m>>,
    /// Words that agree without being equal: moved pointers, table slots.
    pub(crate) pointers: usize,
    pub(crate) slots: usize,
    /// Segments whose start moved: A's index, name, delta.
    pub(crate) moved: Vec<(u32, String, u64, i64)>,
}

/// A pair of segments; `None` for one that has no partner.
struct Pair<'m> {
    segment: u32,
    name: String,
    start: (u64, u64),
    bytes: (&'m [u8], &'m [u8]),
    equal: Vec<Equal>,
    active: bool,
}

/// Compares the data of both sides; the partners of functions are known.
pub(crate) fn compare<'m>(sides: (&Side<'m>, &Side<'m>)) -> DataDiff<'m> {
    let mut pairs = pair_segments(sides);
    for pair in &mut pairs {
        pair.equal = align(pair.bytes.0, pair.bytes.1);
    }
    let ends = (data_end(sides.0), data_end(sides.1));
    let provisional = shift_of(&pairs, ends, |pair| pair.equal.clone());
    let mut diff = DataDiff {
        shift: Shift::default(),
        runs: Vec::new(),
        pointers: 0,
        slots: 0,
        moved: Vec::new(),
    };
    let mut kept = HashMap::new();
    for (i, pair) in pairs.iter().enumerate() {
        let mut filler =
            Filler { sides, shift: &provisional, pair, diff: &mut diff, equal: Vec::new() };
        filler.fill();
        let equal = std::mem::take(&mut filler.equal);
        kept.insert(i, equal);
        let delta = pair.start.1.wrapping_sub(pair.start.0) as i64;
        if pair.active && delta != 0 && !pair.bytes.0.is_empty() && !pair.bytes.1.is_empty() {
            diff.moved.push((pair.segment, pair.name.clone(), pair.start.0, delta));
        }
    }
    let mut index = 0;
    diff.shift = shift_of(&pairs, ends, |_| {
        index += 1;
        kept.remove(&(index - 1)).unwrap_or_default()
    });
    classify(&mut diff, sides);
    diff
}

fn data_end(side: &Side<'_>) -> u64 {
    side.map.data().map_or(0, |data| data.end)
}

/// The map that equal ranges amount to.
fn shift_of(
    pairs: &[Pair<'_>],
    ends: (u64, u64),
    mut equal: impl FnMut(&Pair<'_>) -> Vec<Equal>,
) -> Shift {
    let mut ranges: Vec<Moved> = Vec::new();
    for pair in pairs {
        let equal = equal(pair);
        if !pair.active {
            continue;
        }
        for range in equal {
            let (a, b) = (pair.start.0 + range.a as u64, pair.start.1 + range.b as u64);
            // An empty range still says where a segment starts or ends.
            ranges.push(Moved {
                start: a,
                end: a + range.len as u64,
                delta: b.wrapping_sub(a) as i64,
            });
        }
    }
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges.dedup();
    Shift { ranges, end_delta: ends.1.wrapping_sub(ends.0) as i64, data_end: ends.0 }
}

/// Pairs active segments by name, then in order; passive ones by index.
fn pair_segments<'m>(sides: (&Side<'m>, &Side<'m>)) -> Vec<Pair<'m>> {
    let bytes = |side: &Side<'m>, segment: u32| -> &'m [u8] {
        let module: &'m prova_module::Module = side.module;
        module.data_bytes(DataIdx(segment))
    };
    let (spans_a, spans_b) = (&sides.0.map.spans, &sides.1.map.spans);
    let mut partner: Vec<Option<usize>> = vec![None; spans_a.len()];
    let mut taken = vec![false; spans_b.len()];
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, span) in spans_b.iter().enumerate().filter(|(_, span)| !span.name.is_empty()) {
        by_name.entry(&span.name).or_default().push(i);
    }
    for list in by_name.values_mut() {
        list.reverse();
    }
    for (i, span) in spans_a.iter().enumerate() {
        if let Some(found) = by_name.get_mut(span.name.as_str()).and_then(Vec::pop) {
            partner[i] = Some(found);
            taken[found] = true;
        }
    }
    let mut free = (0..spans_b.len()).filter(|&i| !taken[i]).collect::<Vec<_>>().into_iter();
    for slot in partner.iter_mut().filter(|slot| slot.is_none()) {
        *slot = free.next();
    }
    let mut pairs = Vec::new();
    for (span, partner) in spans_a.iter().zip(&partner) {
        let other = partner.map(|i| &spans_b[i]);
        let start_b = other.map_or(span.start, |other| other.start);
        let bytes_b = other.map_or(&[][..], |other| bytes(sides.1, other.segment));
        let (segment, name) = (span.segment, span.name.clone());
        let bytes = (bytes(sides.0, span.segment), bytes_b);
        pairs.push(Pair {
            segment,
            name,
            start: (span.start, start_b),
            bytes,
            equal: Vec::new(),
            active: true,
        });
    }
    for i in free {
        let span = &spans_b[i];
        let bytes = (&[][..], bytes(sides.1, span.segment));
        let (segment, name, start) = (span.segment, span.name.clone(), (span.start, span.start));
        pairs.push(Pair { segment, name, start, bytes, equal: Vec::new(), active: true });
    }
    let (rest_a, rest_b) = (others(sides.0), others(sides.1));
    for i in 0..rest_a.len().max(rest_b.len()) {
        let (a, b) = (rest_a.get(i), rest_b.get(i));
        let of = |side: &Side<'m>, segment: Option<&u32>| {
            segment.map_or(&[][..], |segment| bytes(side, *segment))
        };
        let bytes = (of(sides.0, a), of(sides.1, b));
        let segment = a.or(b).copied().unwrap_or(0);
        let name = sides
            .0
            .module
            .names()
            .data(DataIdx(segment))
            .map(prova_builds::names::printable)
            .unwrap_or_default();
        pairs.push(Pair { segment, name, start: (0, 0), bytes, equal: Vec::new(), active: false });
    }
    pairs
}

/// Segments that are passive or at no constant address of memory 0.
fn others(side: &Side<'_>) -> Vec<u32> {
    let spans: HashSet<u32> = side.map.spans.iter().map(|span| span.segment).collect();
    let all = side.module.data().iter().enumerate();
    let all =
        all.filter(|(_, data)| matches!(data.mode, DataMode::Passive | DataMode::Active { .. }));
    all.map(|(i, _)| i as u32).filter(|i| !spans.contains(i)).collect()
}

/// Fills the gaps of one pair.
struct Filler<'s, 'm> {
    sides: (&'s Side<'m>, &'s Side<'m>),
    shift: &'s Shift,
    pair: &'s Pair<'m>,
    diff: &'s mut DataDiff<'m>,
    /// Equal ranges after extension.
    equal: Vec<Equal>,
}

/// What stands at a place of a gap.
enum At {
    /// So many bytes agree.
    Agree(usize, Option<Agree>),
    /// So many bytes, at least one, do not.
    Differ(usize),
}

impl<'m> Filler<'_, 'm> {
    fn fill(&mut self) {
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

    /// The equal ranges, with the parts of words at their ends given to the gaps: a pointer is compared whole.
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
                range.len -= (a.wrapping_add(range.len) % 4).min(range.len);
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
                _ if step == 4 && self.resumes_back(word_a, word_b, (a, b)) => {
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
            self.run(a..end_a, b..end_b);
        }
        self.equal.push(Equal { a: end_a, b: end_b, len: gap_a.end - end_a });
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

    /// Whether the next four words, or as many as there are, agree but for one.
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

    /// What stands at `a` and `b`, looking at most at `room` bytes: a word where both are aligned, else a byte.
    fn at(&self, a: usize, b: usize, room: usize) -> At {
        self.sides.0.spend(1);
        let (x, y) = self.pair.bytes;
        let aligned = (self.pair.start.0 as usize).wrapping_add(a).is_multiple_of(4)
            && (self.pair.start.1 as usize).wrapping_add(b).is_multiple_of(4);
        let word = |bytes: &[u8], at: usize| -> Option<u32> {
            Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
        };
        if aligned
            && room >= 4
            && let (Some(word_a), Some(word_b)) = (word(x, a), word(y, b))
        {
            if let Some(agree) = self.shift.agree(self.sides, word_a.into(), word_b.into()) {
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
        let (x, y) = self.pair.bytes;
        1 + (0..room).rev().find(|i| x[a + i] != y[b + i]).unwrap_or(0)
    }

    fn count(&mut self, agree: Option<Agree>) {
        match agree {
            Some(Agree::Moved { .. }) => self.diff.pointers += 1,
            Some(Agree::Slot) => self.diff.slots += 1,
            Some(Agree::Equal) | None => {}
        }
    }

    fn run(&mut self, a: Range<usize>, b: Range<usize>) {
        let pair = self.pair;
        let bytes_a = pair.bytes.0.get(a.clone()).unwrap_or_default();
        let bytes_b = pair.bytes.1.get(b.clone()).unwrap_or_default();
        let look = look((pair.bytes.0, a.clone()), (pair.bytes.1, b.clone()));
        self.diff.runs.push(Run {
            segment: pair.segment,
            name: pair.name.clone(),
            a: pair.start.0 + a.start as u64,
            b: pair.start.1 + b.start as u64,
            active: pair.active,
            bytes_a,
            bytes_b,
            look,
        });
    }
}

/// What a run looks like by itself and by the text around it.
fn look(a: (&[u8], Range<usize>), b: (&[u8], Range<usize>)) -> Look {
    let (run_a, run_b) = (&a.0[a.1.clone()], &b.0[b.1.clone()]);
    if run_a.len().max(run_b.len()) < 32 && run_a.iter().chain(run_b).all(|byte| *byte == 0) {
        return Look::Padding;
    }
    let is_text = |bytes: &[u8]| bytes.iter().all(|byte| is_printable(*byte));
    if is_text(run_a) && is_text(run_b) && run_a.len().max(run_b.len()) > 0 {
        let (text_a, text_b) = (surrounding(a.0, a.1), surrounding(b.0, b.1));
        let is_path = |text: &str| text.contains('/') || text.contains('\\');
        if text_a.len().max(text_b.len()) >= 6 {
            let hex = |bytes: &[u8]| bytes.len() >= 8 && bytes.iter().all(u8::is_ascii_hexdigit);
            if hex(run_a) && hex(run_b) {
                return Look::Random;
            }
            let path = is_path(&text_a) && is_path(&text_b);
            return if path { Look::Path(text_a, text_b) } else { Look::Text(text_a, text_b) };
        }
    }
    if looks_random(run_a, run_b) { Look::Random } else { Look::Bytes }
}

fn is_printable(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

/// The printable text that a run is part of, at most 120 bytes to each side.
fn surrounding(bytes: &[u8], run: Range<usize>) -> String {
    let low = run.start
        - bytes[..run.start].iter().rev().take(120).take_while(|byte| is_printable(**byte)).count();
    let high =
        run.end + bytes[run.end..].iter().take(120).take_while(|byte| is_printable(**byte)).count();
    prova_builds::names::printable(&String::from_utf8_lossy(&bytes[low..high.min(low + 400)]))
}

/// Few bytes, nearly all different, about half of the bits flipped, and no small number on either side.
fn looks_random(a: &[u8], b: &[u8]) -> bool {
    let len = a.len();
    if len != b.len() || !(3..=64).contains(&len) {
        return false;
    }
    let differ = a.iter().zip(b).filter(|(a, b)| a != b).count();
    let flipped: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
    let bits = 8 * len as u32;
    let spread = |bytes: &[u8]| {
        let plain = bytes.iter().filter(|byte| matches!(**byte, 0 | 0xff)).count();
        4 * plain <= len
    };
    4 * differ >= 3 * len && (bits / 4..=bits * 3 / 4).contains(&flipped) && spread(a) && spread(b)
}

/// Finds the numbers that are lengths of strings that grew.
fn classify(diff: &mut DataDiff<'_>, sides: (&Side<'_>, &Side<'_>)) {
    let is_text = |look: &Look| matches!(look, Look::Path(..) | Look::Text(..));
    let grown: HashSet<i64> = diff
        .runs
        .iter()
        .filter(|run| is_text(&run.look))
        .map(Run::growth)
        .filter(|growth| *growth != 0)
        .collect();
    for run in diff.runs.iter_mut().filter(|run| run.active && !is_text(&run.look)) {
        let read = |side: &Side<'_>, address: u64| -> Option<i64> {
            let span = side.map.span_at(address & !3)?;
            let at = ((address & !3) - span.start) as usize;
            let bytes = side.module.data_bytes(DataIdx(span.segment)).get(at..at + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?).into())
        };
        if run.bytes_a.len() != run.bytes_b.len() || run.bytes_a.len() > 4 {
            continue;
        }
        if let (Some(a), Some(b)) = (read(sides.0, run.a), read(sides.1, run.b))
            && grown.contains(&(b - a))
        {
            run.look = Look::Length(b - a);
        }
    }
}
