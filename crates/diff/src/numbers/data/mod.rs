//! Data of both modules → where each address went, and the bytes that this does not explain.
//!
//! ```text
//! image pieces ─ pair ─ align ─► Aligned (provisional Shift) ─► roles of numbers (`uses`)
//!                                    └─ fill gaps ─► Data (Shift, words that agree, gaps)
//! ```
//!
//! 1. Every byte of every segment is in an equal range, an agreeing word, or a gap. Passive
//!    segments are paired by index, active ones that are not part of an image in order, and their
//!    places are compared too.
//! 2. Gaps between equal ranges are extended from both ends as long as words agree. Gaps of equal
//!    length are compared in place.
//! 3. A difference in the number of zeros is *padding* only if both sides have just the zeros that
//!    one alignment asks for, between an end and a start that moved as they say. It is an
//!    assumption that something starts behind them, unless a number of the code or the data is the
//!    address behind them, or an address among them that moved with the bytes behind. Zeros between
//!    segments are judged like those inside (`gaps`). Text that grew into the padding behind it is
//!    a gap of text and one of padding.
//! 4. Segments that are not part of an image are not mapped.

mod blocks;
mod fill;
mod gaps;
mod hidden;
mod named;
mod names;
mod padding;
mod pairs;
mod piece;

pub(crate) use fill::{Filled, Gap, Seen, of_word, zeros};
pub(crate) use names::Names;
pub(crate) use piece::{Aligned, Pair, Place};

use crate::numbers::image;
use crate::numbers::shift::{Moved, Objects, Shift};
use crate::numbers::uses::Roles;
use crate::pair::align::{Equal, align, increasing};
use crate::pair::side::Side;
use fill::Filler;
use gaps::gaps;
use named::Named;
use names::Known;
use pairs::{pair_images, pair_others};
use piece::{data_end, own};
use prova_module::Module;
use std::collections::HashMap;

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
        let stack = sides.0.map.stack_pointer.map(|(_, start)| start);
        let mut copied = named.copied().to_vec();
        copied.sort_unstable();
        let shift = Shift {
            objects: Objects::new(named.pairs(), found.ends, stack),
            tails: tails(&found.pairs, &named),
            variables,
            copied,
            ..Shift::between(found.ends)
        };
        let equal = found.pairs.iter().map(|pair| &pair.equal[..]);
        found.shift = shift.with_ranges(moved(&found.pairs, equal));
    }
    found
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

/// The data of both sides, compared.
pub(crate) struct Data<'m> {
    pub(crate) pairs: Vec<Pair<'m>>,
    /// The final map of addresses.
    pub(crate) shift: Shift,
    pub(crate) filled: Filled,
    /// Segments whose place differs.
    pub(crate) places: Vec<Place>,
    /// The image is the same, and its cut into segments is not.
    pub(crate) recut: bool,
    known: Known,
}

impl<'m> Data<'m> {
    /// Fills the gaps between the aligned pieces; the roles of numbers are known. `open` and `last`
    /// are as in [`Shift`].
    pub(crate) fn new(
        sides: (&Side<'m>, &Side<'m>),
        aligned: Aligned<'m>,
        roles: &Roles,
        (open, last): (Vec<bool>, u64),
    ) -> Data<'m> {
        let Aligned { pairs, shift, places, recut, .. } = aligned;
        let (mut shift, known) = (Shift { open, last, ..shift }, Known::default());
        let names = Names::new(sides, &pairs, (&known, roles));
        let mut filled = fill((sides, &names), &pairs, &shift, roles);
        if !filled.zeros.is_empty() {
            // Now it is known where padding is: words may point there.
            let mut zeros = std::mem::take(&mut filled.zeros);
            zeros.sort_unstable_by_key(|zeros| zeros.a);
            shift = Shift { zeros, ..shift };
            filled = fill((sides, &names), &pairs, &shift, roles);
        }
        if !shift.ranges.is_empty() {
            let equal = filled.equal.iter().map(Vec::as_slice);
            shift = shift.with_ranges(moved(&pairs, equal));
        }
        Data { pairs, shift, filled, places, recut, known }
    }

    /// The addresses that both sides name.
    pub(crate) fn names<'s>(
        &'s self,
        sides: (&'s Side<'m>, &'s Side<'m>),
        roles: &'s Roles,
    ) -> Names<'s, 'm> {
        Names::new(sides, &self.pairs, (&self.known, roles))
    }
}

/// Fills the gaps of all pairs.
fn fill<'m>(
    (sides, names): ((&Side<'m>, &Side<'m>), &Names<'_, 'm>),
    pairs: &[Pair<'m>],
    shift: &Shift,
    roles: &Roles,
) -> Filled {
    let mut filled = Filled::default();
    for (index, pair) in pairs.iter().enumerate() {
        let (filled, equal) = (&mut filled, Vec::new());
        let mut filler = Filler { sides, names, shift, roles, index, pair, filled, equal };
        filler.fill();
        let equal = std::mem::take(&mut filler.equal);
        filler.filled.equal.push(equal);
    }
    gaps(sides, roles, pairs, &mut filled);
    filled
}

/// Where the bytes of equal ranges went, in order of A; an empty range says where a segment starts
/// or ends.
fn moved<'e>(pairs: &[Pair<'_>], equal: impl Iterator<Item = &'e [Equal]>) -> Vec<Moved> {
    let mut ranges: Vec<Moved> = Vec::new();
    for (pair, equal) in pairs.iter().zip(equal).filter(|(pair, _)| pair.active) {
        ranges.extend(equal.iter().map(|range| {
            let (a, b) = (pair.start.0 + range.a as u64, pair.start.1 + range.b as u64);
            Moved { start: a, end: a + range.len as u64, delta: b.wrapping_sub(a) as i64 }
        }));
    }
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges.dedup();
    ranges
}
