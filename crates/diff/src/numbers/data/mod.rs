//! Data of both modules → where each address went, and the runs of bytes that this does not
//! explain.
//!
//! ```text
//! image pieces ─ pair ─ align ─► Aligned (provisional Shift) ─► roles of numbers (`uses`)
//!                                    └─ fill gaps, scan words ─► DataDiff (Shift, runs, words)
//! ```
//!
//! 1. Every byte of every segment is in an equal range, an agreeing word, or a run. Passive
//!    segments are paired by index, active ones that are not part of an image in order, and their
//!    places are compared too.
//! 2. Gaps between equal ranges are extended from both ends as long as words agree. Gaps of equal
//!    length are compared in place. Aligned words that are equal are looked at as well: an address
//!    that stayed where its target moved is a run if code is seen to use it, and otherwise an
//!    assumption.
//! 3. A difference in the number of zeros is *padding* only if both sides have just the zeros that
//!    one alignment asks for, between an end and a start that moved as they say. It is an
//!    assumption that something starts behind them, unless a number of the code or the data is the
//!    address behind them, or an address among them that moved with the bytes behind. Zeros between
//!    segments are judged like those inside (`gaps`). Text that grew into the padding behind it is
//!    reported as the text and the padding.
//! 4. Segments that are not part of an image are not mapped. Text in them is reported as text only
//!    if its length is the same on both sides.
//! 5. A number is a *length* only if the word before it points to text that differs, and number and
//!    text end at the same place on both sides.

mod blocks;
mod fill;
mod gaps;
mod hidden;
mod look;
mod named;
mod names;
mod pairs;

use crate::judge::harmless::Taken;
use crate::judge::one_to_one::{APART, Fate, OneToOne};
use crate::judge::texts::Texts;
use crate::numbers::image;
use crate::numbers::shift::{Moved, Objects, Shift, Zeros};
use crate::numbers::strings::Sort as Text;
use crate::numbers::uses::Roles;
use crate::pair::align::{Equal, align, increasing};
use crate::pair::side::Side;
use crate::tell::report::Sort;
use fill::{Filler, stale};
use gaps::gaps;
use look::classify;
use named::Named;
use names::Names;
use pairs::{pair_images, pair_others};
use prova_module::Module;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// Widest alignment that padding is explained by.
const ALIGNMENT_MAX: u64 = 32;
/// Maximum number of loose pairs of addresses that are kept of data.
const LOOSE_MAX: usize = 1 << 16;

/// The look of a run of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Text of some sort; the strings around the run.
    Text(Text, String, String),
    /// The length of text of this sort that differs (invariant 5).
    Length(Text, i64),
    /// A number that grew as a changed string did, and nothing else to show that it is its length.
    Grew(i64),
    /// Zeros that an alignment asks for (invariant 3), and whether code names what starts there.
    Padding(bool),
    /// An address that stayed though its target moved by this.
    Stale(i64),
    /// Bytes that this side has twice and the other side once.
    Copy,
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
    /// First addresses; in a segment that is not part of an image, offsets.
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
    /// The same: each address in A and in B.
    pub(crate) shown: Vec<(u64, u64)>,
    /// Words that moved as addresses would, and the first of them in words.
    pub(crate) assumed: Assumed,
    /// Words that changed as table slots did.
    pub(crate) slots: Assumed,
    /// Words that stay, though the bytes at that address moved.
    pub(crate) stays: Assumed,
    /// Segments whose start moved: A's index, name, delta.
    pub(crate) moved: Vec<(u32, String, u64, i64)>,
    /// Segments whose place differs, in words.
    pub(crate) places: Vec<(u32, String)>,
    /// The image is the same, and its cut into segments is not.
    pub(crate) recut: bool,
    /// Zeros around padding.
    pub(crate) zeros: Vec<Zeros>,
    /// Pairs of addresses that only all together can tell to be one to one, with how many bytes are
    /// touched from there on, if that is known.
    pub(crate) loose: Vec<(u64, u64, u64)>,
    /// Of these, the pairs that only all pairs together decide.
    judged: Vec<(u64, u64)>,
    /// Of these, the pairs that contradict others.
    pub(crate) torn: Vec<(u64, u64)>,
    /// Text that differs.
    pub(crate) texts: Texts,
    /// Bytes in which texts were looked for.
    searched: usize,
}

impl DataDiff {
    /// Judges the words that only all addresses together decide.
    pub(crate) fn loose(&mut self, all: &OneToOne) {
        let mut judged = std::mem::take(&mut self.judged);
        judged.sort_unstable();
        judged.dedup();
        for (a, b) in judged {
            match all.fate(&self.shift, (a, b)) {
                Fate::Moved => {}
                Fate::Torn => self.torn.push((a, b)),
                Fate::Assumed => {
                    self.assumed.note(Taken::of(Sort::Apart, a, b), || format!("{a} → {b} {APART}"))
                }
            }
        }
    }

    /// Padding behind which something is seen to start, now that all addresses are known.
    pub(crate) fn padding(&mut self, all: &OneToOne) {
        for run in &mut self.runs {
            if let Look::Padding(named) = &mut run.look {
                let zeros =
                    self.shift.zeros_at(run.a).or(self.shift.zeros_at(run.a.saturating_sub(1)));
                *named |= zeros.is_some_and(|zeros| all.starts_in(&zeros));
            }
        }
    }
}

/// Assumptions about words: their number, the first place, and all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assumed {
    pub(crate) count: usize,
    pub(crate) first: Option<String>,
    pub(crate) taken: Vec<Taken>,
}

impl Assumed {
    fn note(&mut self, taken: Taken, first: impl FnOnce() -> String) {
        self.count += 1;
        self.taken.push(taken);
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
    /// Whether it is a part of a piece, as parts stand in another order (`blocks`).
    part: bool,
    /// Whether it is a copy that one side has, and the other side's piece is empty.
    copied: bool,
}

impl<'m> Pair<'m> {
    /// Two whole pieces, of memory 0 if nothing else is said, not aligned yet.
    fn whole(
        (segment, name): (u32, String),
        start: (u64, u64),
        bytes: (Cow<'m, [u8]>, Cow<'m, [u8]>),
    ) -> Pair<'m> {
        let equal = Vec::new();
        Pair { segment, name, start, bytes, equal, active: true, part: false, copied: false }
    }
}

/// Paired pieces with their equal ranges.
pub(crate) struct Aligned<'m> {
    pairs: Vec<Pair<'m>>,
    ends: (u64, u64),
    pub(crate) shift: Shift,
    places: Vec<(u32, String)>,
    recut: bool,
}

impl Aligned<'_> {
    /// Whether text may have grown into padding, or left some.
    pub(crate) fn pads(&self) -> bool {
        let gap = |bytes: &[u8], gap: Range<usize>| {
            let gap = bytes.get(gap).unwrap_or_default();
            gap.last() == Some(&0) && gap.iter().any(|byte| *byte != 0)
        };
        self.pairs.iter().filter(|pair| pair.active).any(|pair| {
            pair.equal.windows(2).any(|at| {
                let (x, y) = (&at[0], &at[1]);
                gap(&pair.bytes.0, x.a + x.len..y.a) || gap(&pair.bytes.1, x.b + x.len..y.b)
            })
        })
    }
}

/// Pairs and aligns the data of both sides; debug information may say where variables are.
pub(crate) fn aligned<'m>(
    sides: (&Side<'m>, &Side<'m>),
    variables: HashMap<u64, u64>,
) -> Aligned<'m> {
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
    let mut named = Named::default();
    if images && own(sides.0) && own(sides.1) {
        named = named::named(sides, &found.pairs, &variables);
        found.pairs = blocks::cut(std::mem::take(&mut found.pairs), &named);
    }
    pair_others(sides, images, &mut found);
    for pair in &mut found.pairs {
        pair.equal = align(&pair.bytes.0, &pair.bytes.1);
        anchored(pair, &named);
    }
    if images {
        found.shift = shift_of(&found.pairs, found.ends, |_, pair| pair.equal.clone());
        let stack = sides.0.map.stack_pointer.map(|(_, start)| start);
        found.shift.objects = Objects::new(named.pairs(), found.ends, stack);
        found.shift.variables = variables;
        found.shift.tails = tails(&found.pairs, &named);
        found.shift.copied = named.copied().to_vec();
        found.shift.copied.sort_unstable();
    }
    found
}

/// Whether memory 0 is a module's own.
fn own(side: &Side<'_>) -> bool {
    side.module.imported_memory_count() == 0
}

/// Adds the addresses that code names between equal ranges, as ranges without bytes: the bytes
/// between two of them are compared by themselves.
fn anchored(pair: &mut Pair<'_>, named: &Named) {
    if !pair.active || pair.equal.len() < 2 {
        return;
    }
    let mut all = Vec::with_capacity(pair.equal.len());
    for at in 0..pair.equal.len() {
        let range = pair.equal[at];
        all.push(range);
        let Some(next) = pair.equal.get(at + 1) else { continue };
        let (end, end_b) = (range.a + range.len, range.b + range.len);
        if (end, end_b) == (next.a, next.b) {
            continue;
        }
        let place = |start: u64, at: usize| start + at as u64;
        let a = (place(pair.start.0, end + 1), place(pair.start.0, next.a));
        let b = (place(pair.start.1, end_b + 1), place(pair.start.1, next.b));
        if a.0 >= a.1 || b.0 >= b.1 {
            continue;
        }
        let inside = named.within(a, b).into_iter();
        let inside = inside
            .map(|(x, y)| ((x - pair.start.0) as usize, (y - pair.start.1) as usize))
            .collect();
        let inside = increasing(inside).into_iter();
        all.extend(inside.map(|(a, b)| Equal { a, b, len: 0 }));
    }
    pair.equal = all;
}

/// The last object of each part: its first address, and the part's end.
fn tails(pairs: &[Pair<'_>], named: &Named) -> Vec<(u64, u64)> {
    let parts = pairs.iter().filter(|pair| pair.part);
    let tail = |pair: &Pair<'_>| {
        let a = (pair.start.0, pair.start.0 + pair.bytes.0.len() as u64);
        let b = (pair.start.1, pair.start.1 + pair.bytes.1.len() as u64);
        let last = named.within(a, b).last().map_or(a.0, |(last, _)| *last);
        (last, a.1)
    };
    let mut all: Vec<(u64, u64)> = parts.map(tail).collect();
    all.sort_unstable();
    all
}

/// Compares the aligned pieces; the partners of functions and the roles of numbers are known.
pub(crate) fn compare<'m>(
    sides: (&Side<'m>, &Side<'m>),
    aligned: Aligned<'m>,
    roles: &Roles,
) -> DataDiff {
    let Aligned { pairs, ends, mut shift, places, recut } = aligned;
    let names = Names::new(sides, &pairs);
    let (mut diff, mut kept) = filled((sides, &names), &pairs, &shift, roles);
    if !diff.zeros.is_empty() {
        // Now it is known where padding is: words may point there.
        shift.zeros = std::mem::take(&mut diff.zeros);
        shift.zeros.sort_unstable_by_key(|zeros| zeros.a);
        (diff, kept) = filled((sides, &names), &pairs, &shift, roles);
    }
    (diff.places, diff.recut) = (places, recut);
    for pair in &pairs {
        let delta = pair.start.1.wrapping_sub(pair.start.0) as i64;
        if pair.active && delta != 0 && !pair.bytes.0.is_empty() && !pair.bytes.1.is_empty() {
            diff.moved.push((pair.segment, pair.name.clone(), pair.start.0, delta));
        }
    }
    diff.shift = match shift.ranges.is_empty() {
        true => shift,
        false => {
            let (open, zeros, last) = (shift.open.clone(), shift.zeros.clone(), shift.last);
            let variables = std::mem::take(&mut shift.variables);
            let (objects, tails) =
                (std::mem::take(&mut shift.objects), std::mem::take(&mut shift.tails));
            let copied = std::mem::take(&mut shift.copied);
            Shift {
                open,
                zeros,
                variables,
                last,
                objects,
                tails,
                copied,
                ..shift_of(&pairs, ends, |index, _| kept[index].clone())
            }
        }
    };
    if diff.shift.moves() {
        let mut known: Vec<u64> = roles.words().collect();
        known.sort_unstable();
        for (pair, equal) in pairs.iter().zip(&kept) {
            stale(sides, (roles, &known), pair, equal, &mut diff);
        }
    }
    classify(&mut diff, &pairs);
    diff
}

/// Fills the gaps of all pairs; gives the equal ranges as they are then.
fn filled<'m>(
    (sides, names): ((&Side<'m>, &Side<'m>), &Names<'_, 'm>),
    pairs: &[Pair<'m>],
    shift: &Shift,
    roles: &Roles,
) -> (DataDiff, Vec<Vec<Equal>>) {
    let mut diff = DataDiff::default();
    let mut kept = Vec::new();
    for pair in pairs {
        let equal = Vec::new();
        let mut filler = Filler { sides, names, shift, roles, pair, diff: &mut diff, equal };
        filler.fill();
        kept.push(std::mem::take(&mut filler.equal));
    }
    gaps(sides, roles, pairs, &mut diff);
    (diff, kept)
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
    let full: Vec<&Moved> = ranges.iter().filter(|range| range.start < range.end).collect();
    let breaks = full.windows(2).filter(|pair| pair[0].delta != pair[1].delta);
    let breaks = breaks.map(|pair| (pair[0].end, pair[1].start)).collect();
    let (data_end, data_end_b) = ends;
    Shift { ranges, breaks, end_delta, data_end, data_end_b, back, ..Shift::default() }
}
