//! Data of both modules → where each address went, and the runs of bytes that this does not explain.
//!
//! ```text
//! image pieces ─ pair ─ align ─► Aligned (provisional Shift) ─► roles of numbers (`uses`)
//!                                    └── fill gaps, scan equal words ─► DataDiff (Shift, runs, words)
//! ```
//!
//! Neighbours: `image` gives the pieces of memory 0; `align` finds equal ranges; `shift` is the
//! resulting map; `strings` sorts text; `cluster` words the runs.
//!
//! 1. Every byte of every segment is in an equal range, an agreeing word, or a run. Passive segments
//!    are paired by index, active ones that are no part of an image in order, and their places are
//!    compared too.
//! 2. Gaps between equal ranges are extended from both ends as long as words agree. Gaps of equal
//!    length are compared in place. Aligned words that are equal are looked at as well: an address
//!    that stayed where its target moved is a run, if code is seen to use it, and else an assumption.
//! 3. Zeros more or less are *padding* only if both sides have just the zeros that one alignment
//!    asks for, between an end and a start that moved as they say.
//! 4. A number is a *length* only if the word before it points to text that differs, and number and
//!    text end at the same place on both sides.

use super::align::{Equal, align};
use super::image::{self, Piece};
use super::shift::{Agree, Assumption, Moved, Shift};
use super::side::Side;
use super::strings::{Sort, sort, surrounding};
use super::uses::{Role, Roles};
use prova_module::{DataIdx, DataMode, Module};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Widest alignment that padding is explained by.
const ALIGNMENT_MAX: u64 = 32;
/// Most loose pairs of addresses kept of data.
const LOOSE_MAX: usize = 1 << 16;

/// What a run of bytes looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Text of some sort; the strings around the run.
    Text(Sort, String, String),
    /// The length of text of this sort that differs (invariant 4).
    Length(Sort, i64),
    /// A number that grew as a changed string did, and nothing else to show that it is its length.
    Grew(i64),
    /// Zeros that an alignment asks for (invariant 3).
    Padding,
    /// An address that stayed though its target moved by this.
    Stale(i64),
    /// A few bytes of high entropy on both sides.
    Random,
    /// Anything else.
    Bytes,
}

/// Bytes that differ.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// The segment, by A's index (B's, if A has none).
    pub(crate) segment: u32,
    pub(crate) name: String,
    /// First addresses; in what is no part of an image, offsets.
    pub(crate) a: u64,
    pub(crate) b: u64,
    pub(crate) active: bool,
    pub(crate) bytes_a: Vec<u8>,
    pub(crate) bytes_b: Vec<u8>,
    pub(crate) look: Look,
}

impl Run {
    pub(crate) fn growth(&self) -> i64 {
        self.bytes_b.len() as i64 - self.bytes_a.len() as i64
    }
}

/// Everything that differs in data.
#[derive(Default)]
pub(crate) struct DataDiff {
    pub(crate) shift: Shift,
    pub(crate) runs: Vec<Run>,
    /// Words that agree without being equal: addresses that code uses.
    pub(crate) pointers: usize,
    /// Words that moved as addresses would, and the first of them in words.
    pub(crate) assumed: Assumed,
    /// Words that changed as table slots did.
    pub(crate) slots: Assumed,
    /// Words that stay, though what is at that address moved.
    pub(crate) stays: Assumed,
    /// Segments whose start moved: A's index, name, delta.
    pub(crate) moved: Vec<(u32, String, u64, i64)>,
    /// Segments whose place differs, in words.
    pub(crate) places: Vec<(u32, String)>,
    /// The image is the same, and its cut into segments is not.
    pub(crate) recut: bool,
    /// Pairs of addresses that only all together can tell to be one to one.
    pub(crate) loose: Vec<(u64, u64)>,
}

/// How many numbers were assumed to be something, and the first place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assumed {
    pub(crate) count: usize,
    pub(crate) first: Option<String>,
}

impl Assumed {
    fn note(&mut self, first: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(first);
    }
}

/// A pair of pieces; empty bytes for one that has no partner.
struct Pair<'m> {
    segment: u32,
    name: String,
    start: (u64, u64),
    bytes: (Cow<'m, [u8]>, Cow<'m, [u8]>),
    equal: Vec<Equal>,
    /// Whether it is part of the image of memory 0.
    active: bool,
}

/// Paired pieces with their equal ranges.
pub(crate) struct Aligned<'m> {
    pairs: Vec<Pair<'m>>,
    ends: (u64, u64),
    pub(crate) shift: Shift,
    places: Vec<(u32, String)>,
    recut: bool,
}

/// Pairs and aligns the data of both sides.
pub(crate) fn aligned<'m>(sides: (&Side<'m>, &Side<'m>)) -> Aligned<'m> {
    let mut found = Aligned {
        pairs: Vec::new(),
        ends: (data_end(sides.0), data_end(sides.1)),
        shift: Shift::default(),
        places: Vec::new(),
        recut: false,
    };
    let modules: (&'m Module, &'m Module) = (sides.0.module, sides.1.module);
    let images = image::fits(modules.0) && image::fits(modules.1);
    if images {
        pair_images(modules, &mut found);
    }
    pair_others(sides, images, &mut found);
    for pair in &mut found.pairs {
        pair.equal = align(&pair.bytes.0, &pair.bytes.1);
    }
    if images {
        found.shift = shift_of(&found.pairs, found.ends, |_, pair| pair.equal.clone());
    }
    found
}

/// Compares what is aligned; the partners of functions and the roles of numbers are known.
pub(crate) fn compare(
    sides: (&Side<'_>, &Side<'_>),
    aligned: Aligned<'_>,
    roles: &Roles,
) -> DataDiff {
    let Aligned { pairs, ends, shift, places, recut } = aligned;
    let mut diff = DataDiff { places, recut, ..DataDiff::default() };
    let mut kept = Vec::new();
    for pair in &pairs {
        let equal = Vec::new();
        let mut filler = Filler { sides, shift: &shift, roles, pair, diff: &mut diff, equal };
        filler.fill();
        kept.push(std::mem::take(&mut filler.equal));
        let delta = pair.start.1.wrapping_sub(pair.start.0) as i64;
        if pair.active && delta != 0 && !pair.bytes.0.is_empty() && !pair.bytes.1.is_empty() {
            diff.moved.push((pair.segment, pair.name.clone(), pair.start.0, delta));
        }
    }
    diff.shift = match shift.ranges.is_empty() {
        true => shift,
        false => {
            let open = shift.open.clone();
            Shift { open, ..shift_of(&pairs, ends, |index, _| kept[index].clone()) }
        }
    };
    if diff.shift.moves() {
        for (pair, equal) in pairs.iter().zip(&kept).filter(|(pair, _)| pair.active) {
            stale(sides, roles, pair, equal, &mut diff);
        }
    }
    classify(&mut diff, &pairs);
    diff
}

fn data_end(side: &Side<'_>) -> u64 {
    side.map.data().map_or(0, |data| data.end)
}

/// The map that equal ranges amount to.
fn shift_of(
    pairs: &[Pair<'_>],
    ends: (u64, u64),
    mut equal: impl FnMut(usize, &Pair<'_>) -> Vec<Equal>,
) -> Shift {
    let mut ranges: Vec<Moved> = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        let equal = equal(index, pair);
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
    let end_delta = ends.1.wrapping_sub(ends.0) as i64;
    let place = |range: &Moved| {
        let to = |at: u64| at.wrapping_add_signed(range.delta);
        (to(range.start), to(range.end), range.delta)
    };
    let mut back: Vec<(u64, u64, i64)> = ranges.iter().map(place).collect();
    back.retain(|(start, end, _)| start < end);
    back.sort_unstable();
    let (data_end, data_end_b) = ends;
    Shift { ranges, end_delta, data_end, data_end_b, back, open: Vec::new() }
}

/// Pairs the pieces of both images by name, then in order; if they are cut otherwise, whole images.
fn pair_images<'m>((a, b): (&'m Module, &'m Module), found: &mut Aligned<'m>) {
    let (mut pieces_a, mut pieces_b) = (image::pieces(a), image::pieces(b));
    let own = a.imported_memory_count() == 0 && b.imported_memory_count() == 0;
    let cut = |pieces: &[Piece<'_>]| -> Vec<(u64, u64)> {
        pieces.iter().map(|piece| (piece.start, piece.end())).collect()
    };
    let recut = cut(&pieces_a) != cut(&pieces_b) || active(a) != active(b);
    if recut && image::same(&pieces_a, &pieces_b, own) {
        found.recut = true;
        pieces_b = pieces_a.clone();
    } else if pieces_a.len() != pieces_b.len() && own {
        let joined = (image::joined(&pieces_a), image::joined(&pieces_b));
        if let (Some(a), Some(b)) = joined {
            (pieces_a, pieces_b) = (vec![a], vec![b]);
        }
    }
    let partners = partners(&pieces_a, &pieces_b);
    let mut free: Vec<Option<Piece<'m>>> = pieces_b.into_iter().map(Some).collect();
    for (piece, partner) in pieces_a.into_iter().zip(partners) {
        let other = partner.and_then(|at| free[at].take());
        let start = (piece.start, other.as_ref().map_or(piece.start, |other| other.start));
        let bytes = (piece.bytes, other.map_or(Cow::Borrowed(&[][..]), |other| other.bytes));
        let (segment, name) = (piece.segment, piece.name);
        found.pairs.push(Pair { segment, name, start, bytes, equal: Vec::new(), active: true });
    }
    for piece in free.into_iter().flatten() {
        let bytes = (Cow::Borrowed(&[][..]), piece.bytes);
        let (segment, name, start) = (piece.segment, piece.name, (piece.start, piece.start));
        found.pairs.push(Pair { segment, name, start, bytes, equal: Vec::new(), active: true });
    }
}

/// The places of the segments that write to memory 0, in their order.
fn active(module: &Module) -> Vec<(Option<u64>, usize)> {
    let all = module.data().iter();
    all.filter_map(|data| match &data.mode {
        DataMode::Active { memory, offset } if memory.0 == 0 => {
            Some((crate::xref::constant(offset.ops()), data.range.len()))
        }
        DataMode::Active { .. } | DataMode::Passive => None,
    })
    .collect()
}

fn partners(a: &[Piece<'_>], b: &[Piece<'_>]) -> Vec<Option<usize>> {
    let mut partner: Vec<Option<usize>> = vec![None; a.len()];
    let mut taken = vec![false; b.len()];
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, piece) in b.iter().enumerate().rev().filter(|(_, piece)| !piece.name.is_empty()) {
        by_name.entry(&piece.name).or_default().push(i);
    }
    for (i, piece) in a.iter().enumerate() {
        if let Some(found) = by_name.get_mut(piece.name.as_str()).and_then(Vec::pop) {
            partner[i] = Some(found);
            taken[found] = true;
        }
    }
    let mut free = (0..b.len()).filter(|&i| !taken[i]);
    for slot in partner.iter_mut().filter(|slot| slot.is_none()) {
        *slot = free.next();
    }
    partner
}

/// Pairs passive segments by index, and active ones that are no part of an image in order.
fn pair_others<'m>(sides: (&Side<'m>, &Side<'m>), images: bool, found: &mut Aligned<'m>) {
    let mut add = |segment: usize, bytes: (&'m [u8], &'m [u8])| {
        let name = sides.0.module.names().data(DataIdx(segment as u32));
        let name = name.map(prova_builds::names::printable).unwrap_or_default();
        let bytes = (Cow::Borrowed(bytes.0), Cow::Borrowed(bytes.1));
        let (segment, start) = (segment as u32, (0, 0));
        found.pairs.push(Pair { segment, name, start, bytes, equal: Vec::new(), active: false });
    };
    let bytes = |side: &Side<'m>, segment: usize| -> &'m [u8] {
        let module: &'m Module = side.module;
        match module.data().get(segment) {
            Some(_) => module.data_bytes(DataIdx(segment as u32)),
            None => &[],
        }
    };
    let passive = |side: &Side<'m>, segment: usize| -> &'m [u8] {
        match side.module.data().get(segment).map(|data| &data.mode) {
            Some(DataMode::Passive) => bytes(side, segment),
            Some(DataMode::Active { .. }) | None => &[],
        }
    };
    let count = sides.0.module.data().len().max(sides.1.module.data().len());
    for segment in 0..count {
        let pair = (passive(sides.0, segment), passive(sides.1, segment));
        if !pair.0.is_empty() || !pair.1.is_empty() {
            add(segment, pair);
        }
    }
    // Of each: its segment, and memory and place as they are written.
    let list = |side: &Side<'m>| -> Vec<(usize, String)> {
        let all = side.module.data().iter().enumerate();
        all.filter_map(|(i, data)| match &data.mode {
            DataMode::Active { memory, offset } if !images || memory.0 != 0 => {
                Some((i, format!("memory {} at {}", memory.0, side.const_expr(offset))))
            }
            DataMode::Active { .. } | DataMode::Passive => None,
        })
        .collect()
    };
    let (a, b) = (list(sides.0), list(sides.1));
    for i in 0..a.len().max(b.len()) {
        let none = (usize::MAX, "nowhere".to_owned());
        let (x, y) = (a.get(i).unwrap_or(&none), b.get(i).unwrap_or(&none));
        let segment = x.0.min(y.0);
        add(segment, (bytes(sides.0, x.0), bytes(sides.1, y.0)));
        if x.1 != y.1 {
            found.places.push((segment as u32, format!("{} → {}", x.1, y.1)));
        }
    }
}

/// Aligned words of equal ranges that hold the address of something that moved (invariant 2).
fn stale(
    sides: (&Side<'_>, &Side<'_>),
    roles: &Roles,
    pair: &Pair<'_>,
    equal: &[Equal],
    diff: &mut DataDiff,
) {
    let word = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes).unwrap_or_default();
    for range in equal {
        let start = pair.start.0 as usize + range.a;
        let aligned = (pair.start.1 as usize + range.b).wrapping_sub(start).is_multiple_of(4);
        let first = range.a + (start.wrapping_neg() % 4);
        let end = range.a + range.len;
        for at in (first..end.saturating_sub(3)).step_by(4).filter(|_| aligned) {
            let (value, other) = (at, at - range.a + range.b);
            let value = word(&pair.bytes.0[value..value + 4]);
            if word(&pair.bytes.1[other..other + 4]) != value || value == 0 {
                continue;
            }
            let address = pair.start.0 + at as u64;
            let role = roles.word(address, pair.start.1 + other as u64);
            match diff.shift.agree(sides, role, value.into(), value.into()) {
                Some(Agree::Assumed { delta, what, .. }) => {
                    diff.stays.note(|| super::lockstep::words(value.into(), delta, what));
                }
                Some(Agree::Equal | Agree::Slot) => {}
                Some(Agree::Moved { address, delta, .. }) => {
                    diff.loose.push((address, address.wrapping_add_signed(delta)));
                }
                None => {
                    let by = diff.shift.delta_at(value.into()).unwrap_or(diff.shift.end_delta);
                    diff.runs.push(Run {
                        segment: pair.segment,
                        name: pair.name.clone(),
                        a: address,
                        b: pair.start.1 + other as u64,
                        active: true,
                        bytes_a: pair.bytes.0[at..at + 4].to_vec(),
                        bytes_b: pair.bytes.1[other..other + 4].to_vec(),
                        look: Look::Stale(by),
                    });
                }
            }
        }
    }
}

/// Fills the gaps of one pair.
struct Filler<'s, 'm> {
    sides: (&'s Side<'s>, &'s Side<'s>),
    shift: &'s Shift,
    roles: &'s Roles,
    pair: &'s Pair<'m>,
    diff: &'s mut DataDiff,
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

impl Filler<'_, '_> {
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
        let (x, y) = (&self.pair.bytes.0, &self.pair.bytes.1);
        let aligned = (self.pair.start.0 as usize).wrapping_add(a).is_multiple_of(4)
            && (self.pair.start.1 as usize).wrapping_add(b).is_multiple_of(4);
        let word = |bytes: &[u8], at: usize| -> Option<u32> {
            Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
        };
        if aligned
            && room >= 4
            && let (Some(word_a), Some(word_b)) = (word(x, a), word(y, b))
        {
            let role = match self.pair.active {
                true => {
                    let (start_a, start_b) = self.pair.start;
                    self.roles.word(start_a + a as u64, start_b + b as u64)
                }
                false => Role::Unknown,
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
                self.loosely(loose, address, delta);
            }
            // An equal word is looked at by `stale`, when all is known of what moved.
            Some(Agree::Assumed { what: Assumption::Stays(_), .. }) => {}
            Some(Agree::Assumed { address, delta, loose, what }) => {
                let first = || super::lockstep::words(address, delta, what);
                match what {
                    Assumption::Slot => self.diff.slots.note(first),
                    _ => self.diff.assumed.note(first),
                }
                self.loosely(loose, address, delta);
            }
            Some(Agree::Slot | Agree::Equal) | None => {}
        }
    }

    fn loosely(&mut self, loose: bool, address: u64, delta: i64) {
        if loose && self.diff.loose.len() < LOOSE_MAX {
            self.diff.loose.push((address, address.wrapping_add_signed(delta)));
        }
    }

    fn run(&mut self, a: Range<usize>, b: Range<usize>) {
        let pair = self.pair;
        let bytes_a = pair.bytes.0.get(a.clone()).unwrap_or_default();
        let bytes_b = pair.bytes.1.get(b.clone()).unwrap_or_default();
        let look = look((&pair.bytes.0, &a), (&pair.bytes.1, &b), pair);
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

/// What a run looks like by itself and by what is around it.
fn look(a: (&[u8], &Range<usize>), b: (&[u8], &Range<usize>), pair: &Pair<'_>) -> Look {
    let (run_a, run_b) = (&a.0[a.1.clone()], &b.0[b.1.clone()]);
    if run_a.iter().chain(run_b).all(|byte| *byte == 0) {
        let padding = pair.active && is_padding(a, b, pair.start);
        return if padding { Look::Padding } else { Look::Bytes };
    }
    if let Some(sort) = sort(a, b) {
        return Look::Text(sort, surrounding(a.0, a.1), surrounding(b.0, b.1));
    }
    if looks_random(run_a, run_b) { Look::Random } else { Look::Bytes }
}

/// Invariant 3: the zeros around the run are `tail`, padding, `head`, where tail and head are the
/// same on both sides, and the padding is what one alignment asks for.
fn is_padding(a: (&[u8], &Range<usize>), b: (&[u8], &Range<usize>), start: (u64, u64)) -> bool {
    let zeros = |(bytes, run): (&[u8], &Range<usize>)| {
        let before = bytes[..run.start].iter().rev().take(256).take_while(|byte| **byte == 0);
        let after = bytes[run.end..].iter().take(256).take_while(|byte| **byte == 0);
        (run.start - before.count(), run.end + after.count())
    };
    let ((low_a, high_a), (low_b, high_b)) = (zeros(a), zeros(b));
    let lengths = ((high_a - low_a) as u64, (high_b - low_b) as u64);
    let ends = (start.0 + high_a as u64, start.1 + high_b as u64);
    let more = lengths.0.abs_diff(lengths.1);
    let shorter = lengths.0.min(lengths.1);
    // The shorter padding is `shorter - tail - head` at most; the other is longer by `more`.
    let head = |alignment: u64| ends.0 % alignment;
    std::iter::successors(Some(2), |alignment| Some(2 * alignment))
        .take_while(|alignment| *alignment <= ALIGNMENT_MAX)
        .any(|alignment| {
            let head = head(alignment);
            more < alignment && ends.1 % alignment == head && head <= shorter
        })
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

/// Finds the numbers that are lengths of strings that differ (invariant 4).
fn classify(diff: &mut DataDiff, pairs: &[Pair<'_>]) {
    let is_text = |run: &&Run| run.active && matches!(run.look, Look::Text(..));
    // By A's address: where text differs, by how much it grew, and its sort.
    let texts: BTreeMap<u64, (i64, Sort, u64)> = diff
        .runs
        .iter()
        .filter(is_text)
        .filter_map(|run| match run.look {
            Look::Text(sort, ..) => Some((run.a, (run.growth(), sort, run.bytes_a.len() as u64))),
            _ => None,
        })
        .collect();
    let grown = |by: i64| by != 0 && texts.values().any(|(growth, ..)| *growth == by);
    let active: Vec<&Pair<'_>> = pairs.iter().filter(|pair| pair.active).collect();
    let read = |address: u64, of_b: bool| -> Option<u64> {
        active.iter().find_map(|pair| {
            let (start, bytes) = match of_b {
                false => (pair.start.0, &pair.bytes.0),
                true => (pair.start.1, &pair.bytes.1),
            };
            let at = address.checked_sub(start)? as usize;
            let bytes = bytes.get(at..at.checked_add(4)?)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?).into())
        })
    };
    let mut found = Vec::new();
    for (index, run) in diff.runs.iter().enumerate() {
        let small = run.active && run.bytes_a.len() == run.bytes_b.len() && run.bytes_a.len() <= 4;
        if !small || !matches!(run.look, Look::Bytes | Look::Random | Look::Text(Sort::Text, ..)) {
            continue;
        }
        let (at_a, at_b) = (run.a & !3, run.b & !3);
        let (Some(a), Some(b)) = (read(at_a, false), read(at_b, true)) else { continue };
        let by = b.wrapping_sub(a) as i64;
        let before = |at: u64, of_b| at.checked_sub(4).and_then(|at| read(at, of_b));
        if let (Some(x), Some(y)) = (before(at_a, false), before(at_b, true))
            && let Some(sort) = spans(&texts, &diff.shift, (x, a), (y, b))
        {
            found.push((index, Look::Length(sort, by)));
        } else if !matches!(run.look, Look::Text(..)) && grown(by) {
            found.push((index, Look::Grew(by)));
        }
    }
    for (index, look) in found {
        diff.runs[index].look = look;
    }
}

/// Whether `a` bytes from `x` in A, and `b` bytes from `y` in B, are one text that differs: its sort.
pub(crate) fn spans(
    texts: &BTreeMap<u64, (i64, Sort, u64)>,
    shift: &Shift,
    (x, a): (u64, u64),
    (y, b): (u64, u64),
) -> Option<Sort> {
    let starts = shift.delta_at(x) == Some(y.wrapping_sub(x) as i64);
    let end = x.checked_add(a)?;
    if !starts || a == b {
        return None;
    }
    let mut growth = 0;
    let mut sort = None;
    for (at, (by, of, len)) in texts.range(x..end) {
        if at + len > end {
            return None;
        }
        growth += by;
        sort.get_or_insert(*of);
    }
    sort.filter(|_| growth == b.wrapping_sub(a) as i64)
}
