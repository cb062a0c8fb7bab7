//! Code of both sides → pairs of addresses that it names in the same places.
//!
//! ```text
//! paired bodies ─ operators ─► votes ─► pairs ─ words of data behind them ─► more pairs
//! ```
//!
//! `blocks` cuts pieces that stand in another order at these addresses; `shift` asks where
//! variables behind the data went.
//!
//! 1. *A proposal*: a pair says where something may have gone. Bytes, and each use of an address,
//!    are compared by the map that results; a wrong pair costs verdicts, not truth.
//! 2. Pairs are one to one. Of two that contradict each other, the one that is seen more often is
//!    kept, and a pair of code before a pair of data.
//! 3. A pair has the same bytes, or words that may be addresses, up to the next named address; or
//!    text that differs, if neither side has the other's text as well.
//! 4. An address is a *copy* if the same side names another one with the same bytes, up to the next
//!    named address. It is an assumption that code does the same with both (`shift`).
//!
//! Each round over data is linear in it, and there are at most [`ROUNDS_MAX`].

use super::piece::{Pair, data_end};
use crate::numbers::shift::Copied;
use crate::numbers::strings::{has_text, is_printable};
use crate::pair::side::{ALONE, Side};
use crate::pair::token::{Tok, Tokens};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Maximum number of rounds in which words of data lead to more data.
const ROUNDS_MAX: usize = 8;
/// Maximum number of bytes at two addresses that are compared.
const SEEN: u64 = 1 << 12;
/// Longest text of which the end is looked at.
const TEXT_MAX: usize = 4096;
/// Maximum number of bytes of a side that are searched, in all searches together.
const SEARCHED_MAX: usize = 1 << 23;
/// Maximum length in bytes of a searched pattern.
const ALONE_MAX: usize = 16;
/// Letters at the ends of two texts that have to be the same.
const SAME_MIN: usize = 4;
/// Bytes of a word.
const WORD: u64 = 4;

/// Pairs of addresses, in order of A's.
#[derive(Default)]
pub(super) struct Named {
    forward: BTreeMap<u64, u64>,
    back: BTreeMap<u64, u64>,
    /// All that code names on each side, whether it is paired or not.
    stops: (BTreeSet<u64>, BTreeSet<u64>),
    /// Pairs in which one side's address is in another pair already.
    copies: BTreeSet<(u64, u64)>,
    copied: Vec<Copied>,
    /// Pairs of texts that are the end of another text on one side; whether B is the other.
    ended: BTreeSet<(u64, u64, bool)>,
}

/// The bytes of one side by address.
struct Image<'p> {
    /// Start and bytes of each piece, in order.
    pieces: Vec<(u64, &'p [u8])>,
    /// Bytes in which something was looked for.
    searched: Cell<usize>,
}

impl<'p> Image<'p> {
    fn new<'m>(pairs: &'p [Pair<'m>], of_b: bool) -> Image<'p> {
        let active = pairs.iter().filter(|pair| pair.active);
        let of = |pair: &'p Pair<'m>| match of_b {
            false => (pair.start.0, &*pair.bytes.0),
            true => (pair.start.1, &*pair.bytes.1),
        };
        let mut pieces: Vec<(u64, &[u8])> =
            active.map(of).filter(|(_, bytes)| !bytes.is_empty()).collect();
        pieces.sort_unstable_by_key(|(start, _)| *start);
        Image { pieces, searched: Cell::new(0) }
    }

    /// The bytes of its piece from an address on.
    fn from(&self, at: u64) -> Option<&'p [u8]> {
        let after = self.pieces.partition_point(|(start, _)| *start <= at);
        let (start, bytes) = self.pieces[after.checked_sub(1)?];
        bytes.get(usize::try_from(at - start).ok()?..).filter(|rest| !rest.is_empty())
    }
}

impl Image<'_> {
    /// How often these bytes stand there, at most 2. Beyond [`SEARCHED_MAX`] searched bytes the
    /// answer is that they may stand there twice.
    fn count(&self, bytes: &[u8]) -> usize {
        let all: usize = self.pieces.iter().map(|(_, bytes)| bytes.len()).sum();
        let searched = self.searched.get().saturating_add(all);
        self.searched.set(searched);
        if searched > SEARCHED_MAX {
            return 2;
        }
        let find = |piece: &'_ [u8]| piece.windows(bytes.len()).filter(|at| *at == bytes).count();
        self.pieces.iter().map(|(_, piece)| find(piece)).sum::<usize>().min(2)
    }

    /// Whether this text stands there from its first to its last letter.
    fn has(&self, text: &[u8]) -> bool {
        let all: usize = self.pieces.iter().map(|(_, bytes)| bytes.len()).sum();
        let searched = self.searched.get().saturating_add(all);
        self.searched.set(searched);
        searched > SEARCHED_MAX || self.pieces.iter().any(|(_, bytes)| has_text(bytes, text))
    }
}

impl Named {
    /// In order of A's addresses.
    pub(super) fn pairs(&self) -> impl DoubleEndedIterator<Item = (u64, u64)> + '_ {
        self.forward.iter().map(|(a, b)| (*a, *b))
    }

    /// The pairs with A's address in the first range and B's in the second.
    pub(super) fn within(&self, a: (u64, u64), b: (u64, u64)) -> Vec<(u64, u64)> {
        let inside = self.forward.range(a.0..a.1).map(|(a, b)| (*a, *b));
        inside.filter(|(_, y)| (b.0..b.1).contains(y)).collect()
    }

    fn add(&mut self, a: u64, b: u64) -> bool {
        let free = !self.forward.contains_key(&a) && !self.back.contains_key(&b);
        if free {
            self.forward.insert(a, b);
            self.back.insert(b, a);
        }
        free
    }

    /// Makes copies of texts that on one side are the end of another text, and on the other not.
    fn ends(&mut self, images: &(Image<'_>, Image<'_>)) {
        let mut found = Vec::new();
        let forward: Vec<(u64, u64)> = self.pairs().collect();
        for two in forward.windows(2) {
            if continues((&images.0, &images.1), &self.back, (two[0], two[1])) {
                found.push((two[1].0, two[1].1, true));
            }
        }
        let back: Vec<(u64, u64)> = self.back.iter().map(|(b, a)| (*b, *a)).collect();
        for two in back.windows(2) {
            if continues((&images.1, &images.0), &self.forward, (two[0], two[1])) {
                found.push((two[1].1, two[1].0, false));
            }
        }
        for (a, b, in_b) in found {
            self.forward.remove(&a);
            self.back.remove(&b);
            self.ended.insert((a, b, in_b));
        }
    }

    /// Keeps each copy whose bytes equal the other side's, up to the next address that is named on
    /// the side that has it twice. Zeros at the end are not compared, except the first.
    fn twice(&mut self, images: &(Image<'_>, Image<'_>)) {
        let mut pairs = std::mem::take(&mut self.ended);
        for (a, b) in std::mem::take(&mut self.copies) {
            match (self.forward.contains_key(&a), self.back.contains_key(&b)) {
                (true, false) => pairs.insert((a, b, true)),
                (false, true) => pairs.insert((a, b, false)),
                (true, true) | (false, false) => false,
            };
        }
        let mut starts: (BTreeSet<u64>, BTreeSet<u64>) = Default::default();
        let own = |of_b| pairs.iter().filter(move |(.., in_b)| *in_b == of_b);
        starts.0.extend(self.forward.keys().chain(own(false).map(|(a, ..)| a)));
        starts.1.extend(self.back.keys().chain(own(true).map(|(_, b, _)| b)));
        for (a, b, in_b) in pairs {
            let (Some(x), Some(y)) = (images.0.from(a), images.1.from(b)) else { continue };
            let (starts, at) = if in_b { (&starts.1, b) } else { (&starts.0, a) };
            let len = starts.range(at + 1..).next().map_or(usize::MAX, |next| (next - at) as usize);
            let (own, other) = if in_b { (y, x) } else { (x, y) };
            let own = &own[..len.min(own.len())];
            let zeros = own.iter().rev().take_while(|byte| **byte == 0).count();
            // The first of these zeros may end a text.
            let kept = own.len() - zeros + zeros.min(1);
            // Text that the other side ends runs on here.
            let runs_on = zeros == 0 && own.last().is_some_and(|last| is_printable(*last));
            let runs_on = runs_on && other.get(kept) == Some(&0);
            if kept > zeros.min(1) && !runs_on && other.get(..kept) == own.get(..kept) {
                self.copied.push(Copied { a, b, len: kept as u64, in_b });
            }
        }
    }

    /// The copies: objects that one side has twice.
    pub(super) fn copied(&self) -> &[Copied] {
        &self.copied
    }

    /// Length of the object at this pair: up to the next named address on either side.
    fn len(&self, (a, b): (u64, u64)) -> u64 {
        let paired = |map: &BTreeMap<u64, u64>, at: u64| {
            map.range(at + 1..).next().map_or(u64::MAX, |(next, _)| next - at)
        };
        let named = |all: &BTreeSet<u64>, at: u64| {
            all.range(at + 1..).next().map_or(u64::MAX, |next| next - at)
        };
        let own = paired(&self.forward, a).min(named(&self.stops.0, a));
        own.min(paired(&self.back, b)).min(named(&self.stops.1, b))
    }
}

/// The addresses of data and behind it that both sides' code names in the same places; none if all
/// stay.
pub(super) fn named(
    sides: (&Side<'_>, &Side<'_>),
    pairs: &[Pair<'_>],
    variables: &HashMap<u64, u64>,
) -> Named {
    let images = (Image::new(pairs, false), Image::new(pairs, true));
    let votes = votes(sides);
    if votes.keys().all(|(a, b)| a == b) {
        return Named::default();
    }
    let mut named = voted(sides, &images, votes);
    for _ in 0..ROUNDS_MAX {
        let found = pointed(sides, &images, &named);
        let mut news = false;
        for (a, b) in found {
            let len = named.len((a, b));
            let same = agree(sides, &images, (a, b), len);
            if same && !named.add(a, b) {
                named.copies.insert((a, b));
                continue;
            }
            news |= same;
        }
        if !news {
            break;
        }
    }
    let ends = (data_end(sides.0), data_end(sides.1));
    let mut behind: Vec<(u64, u64)> = variables.iter().map(|(a, b)| (*a, *b)).collect();
    behind.retain(|(a, b)| *a >= ends.0 && *b >= ends.1);
    behind.sort_unstable();
    behind.into_iter().for_each(|(a, b)| _ = named.add(a, b));
    named.ends(&images);
    named.twice(&images);
    named
}

/// Whether the second of two pairs that follow each other on one side is the end of the first's
/// text there, and the other side has the whole text elsewhere. `own` and `other` are the bytes of
/// both sides; `names` has the named addresses of the other side.
fn continues(
    (own, other): (&Image<'_>, &Image<'_>),
    names: &BTreeMap<u64, u64>,
    ((x, y), (next, to)): ((u64, u64), (u64, u64)),
) -> bool {
    let len = (next - x) as usize;
    let (Some(own), Some(other)) = (own.from(x), other.from(y)) else { return false };
    if to == y.wrapping_add(next - x) || len == 0 || own.get(len - 1) == Some(&0) {
        return false;
    }
    let end = names.range(y + 1..).next().map_or(usize::MAX, |(end, _)| (end - y) as usize);
    // Any bytes that end in a zero count as text, as linkers merge them: also lines, and formats
    // with lengths.
    let text = |bytes: &[u8]| {
        let at = bytes.iter().take(TEXT_MAX).position(|byte| *byte == 0)?;
        Some(at + 1)
    };
    match (text(own), text(other)) {
        (Some(whole), Some(too)) => {
            let same = whole == too && own[..whole] == other[..whole];
            same && len + 1 < whole && whole <= end
        }
        _ => false,
    }
}

/// How often each pair of numbers that may be addresses stands in the same place.
fn votes(sides: (&Side<'_>, &Side<'_>)) -> BTreeMap<(u64, u64), u32> {
    let funcs = (0..sides.0.module.func_count() as u32).into_par_iter();
    let found: Vec<Vec<(u64, u64)>> = funcs.map(|func| numbers(sides, func)).collect();
    let mut votes = BTreeMap::new();
    for pair in found.into_iter().flatten() {
        *votes.entry(pair).or_default() += 1;
    }
    votes
}

/// The numbers in the same places of a function and its partner, up to an operator that is another.
fn numbers(sides: (&Side<'_>, &Side<'_>), func: u32) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    let pads = sides.0.pads() && sides.1.pads();
    let ends = (data_end(sides.0), data_end(sides.1));
    let partner = sides.0.canonical_func(func);
    if partner & ALONE != 0 {
        return found;
    }
    let (Some(a), Some(b)) = (Tokens::new(sides.0, func), Tokens::new(sides.1, partner)) else {
        return found;
    };
    for (x, y) in a.zip(b) {
        let pair = match (x.tok, y.tok) {
            (Tok::I32(x), Tok::I32(y)) => (u64::from(x as u32), u64::from(y as u32)),
            (Tok::I64(x), Tok::I64(y)) if sides.0.wide() => (x as u64, y as u64),
            (
                Tok::Mem { code, memory: 0, offset, .. },
                Tok::Mem { code: other, memory: 0, offset: to, .. },
            ) if code == other => (offset, to),
            (Tok::Raw(x), Tok::Raw(y)) if x.first() == y.first() => continue,
            (x, y) if std::mem::discriminant(&x) == std::mem::discriminant(&y) => continue,
            _ => break,
        };
        let constant = matches!(x.tok, Tok::I32(_));
        let behind = pair.0 >= ends.0 && pair.1 >= ends.1;
        // A number that no linker wrote is no address; where that is not seen, neither is one
        // behind the data.
        if constant && (pads && !(x.is_padded() && y.is_padded()) || !pads && behind) {
            continue;
        }
        if sides.0.may_be_address(pair.0) && sides.1.may_be_address(pair.1) {
            found.push(pair);
        }
    }
    found
}

/// The pairs with most votes, and those that one side has twice.
fn voted(
    sides: (&Side<'_>, &Side<'_>),
    images: &(Image<'_>, Image<'_>),
    votes: BTreeMap<(u64, u64), u32>,
) -> Named {
    let (mut to, mut from) = (BTreeMap::new(), BTreeMap::new());
    for (a, b) in votes.keys() {
        *to.entry(*a).or_insert(0u32) += 1;
        *from.entry(*b).or_insert(0u32) += 1;
    }
    let stops = (to.keys().copied().collect(), from.keys().copied().collect());
    let mut named = Named { stops, ..Named::default() };
    let sure = |(a, b): &(u64, u64)| a != b && to[a] == 1 && from[b] == 1;
    let mut order: Vec<((u64, u64), u32)> = votes.into_iter().collect();
    order.sort_unstable_by_key(|(pair, count)| (!sure(pair), std::cmp::Reverse(*count), *pair));
    let (mut other, mut refused) = (BTreeSet::new(), Vec::new());
    for (pair, _) in order {
        if agree(sides, images, pair, named.len(pair)) {
            if !named.add(pair.0, pair.1) {
                other.insert(pair);
            }
        } else {
            refused.push(pair);
        }
    }
    // Now it is known where more objects end.
    for pair in refused {
        if agree(sides, images, pair, named.len(pair)) && !named.add(pair.0, pair.1) {
            other.insert(pair);
        }
    }
    named.copies = other;
    named
}

/// Pairs of words of data that stand in the same places of paired objects.
fn pointed(
    sides: (&Side<'_>, &Side<'_>),
    images: &(Image<'_>, Image<'_>),
    named: &Named,
) -> BTreeSet<(u64, u64)> {
    let mut found = BTreeSet::new();
    for (a, b) in named.pairs().filter(|(a, b)| a.abs_diff(*b).is_multiple_of(WORD)) {
        let (Some(x), Some(y)) = (images.0.from(a), images.1.from(b)) else { continue };
        let first = (a.next_multiple_of(WORD) - a) as usize;
        let len = usize::try_from(named.len((a, b))).unwrap_or(usize::MAX);
        let words = |bytes: &'_ [u8]| -> Vec<u64> {
            let bytes = bytes.get(first..len.min(bytes.len())).unwrap_or_default();
            bytes.chunks_exact(WORD as usize).map(number).collect()
        };
        for (x, y) in words(x).into_iter().zip(words(y)) {
            let may = sides.0.may_be_address(x) && sides.1.may_be_address(y);
            let known = named.forward.get(&x) == Some(&y);
            if may && !known && !named.copies.contains(&(x, y)) {
                found.insert((x, y));
            }
        }
    }
    found
}

/// Whether the bytes that two addresses have in common identify the object, though the bytes behind
/// them differ and may be another object: a whole text, or bytes that stand once on each side.
fn alone(images: &(Image<'_>, Image<'_>), same: &[u8]) -> bool {
    let letters = same.iter().take_while(|byte| is_printable(**byte)).count();
    if letters > 0 && same.get(letters) == Some(&0) {
        return true;
    }
    let same = &same[..same.len().min(ALONE_MAX)];
    same.len() >= SAME_MIN && images.0.count(same) == 1 && images.1.count(same) == 1
}

/// Whether two texts that zeros end are one that differs: the same first or last letters, and
/// neither stands on the other side as well, as where two texts changed places.
fn same_text(images: &(Image<'_>, Image<'_>), (a, b): (u64, u64)) -> bool {
    let text = |image: &Image<'_>, at: u64| -> Option<Vec<u8>> {
        let bytes = image.from(at)?;
        let end = bytes.iter().take(TEXT_MAX).position(|byte| !is_printable(*byte))?;
        (bytes[end] == 0 && end >= SAME_MIN).then(|| bytes[..end].to_vec())
    };
    let (Some(x), Some(y)) = (text(&images.0, a), text(&images.1, b)) else { return false };
    let same = x[..SAME_MIN] == y[..SAME_MIN] || x[x.len() - SAME_MIN..] == y[y.len() - SAME_MIN..];
    same && !images.1.has(&x) && !images.0.has(&y)
}

/// A number of its bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// Whether the bytes at two addresses are the same, as far as is looked: equal bytes, or words that
/// may be addresses. Of addresses behind the data on both sides nothing is known.
fn agree(
    sides: (&Side<'_>, &Side<'_>),
    images: &(Image<'_>, Image<'_>),
    (a, b): (u64, u64),
    len: u64,
) -> bool {
    let (x, y) = match (images.0.from(a), images.1.from(b)) {
        (Some(x), Some(y)) => (x, y),
        // Behind the data, a number that stays is a number.
        (x, y) => return x.is_none() && y.is_none() && a != b,
    };
    let len = (len.min(SEEN) as usize).min(x.len()).min(y.len());
    let mut at = 0;
    while at < len {
        let word = (a + at as u64).is_multiple_of(WORD) && (b + at as u64).is_multiple_of(WORD);
        if word && at + 4 <= len {
            let (p, q) = (number(&x[at..at + 4]), number(&y[at..at + 4]));
            if p == q || sides.0.may_be_address(p) && sides.1.may_be_address(q) {
                at += 4;
                continue;
            }
        }
        if x[at] != y[at] {
            return x[..at] == y[..at] && alone(images, &x[..at]) || same_text(images, (a, b));
        }
        at += 1;
    }
    true
}
