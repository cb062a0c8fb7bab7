//! Pairs of values of debug sections → a verdict for each section that differs.
//!
//! 1. A section that differs is explained only if all of them were read to their ends, and each
//!    difference is an address that moved with its code or data, a text, or an offset
//!    (`numbers::dwarf::read`, 1 and 2). Otherwise the bytes differ without an explanation:
//!    `changed`.
//! 2. No debug information makes the verdict of code harmless that accesses another place.

mod code_map;

use crate::judge::one_to_one::{Fate, OneToOne};
use crate::judge::texts::Texts;
use crate::judge::verdict::Verdict;
use crate::numbers::dwarf::{Pairs, Part, What, section};
use crate::numbers::shift::{Agree, Shift};
use crate::numbers::strings::{UNCUT, sort};
use crate::numbers::uses::{Access, Role};
use crate::pair::side::Side;
use code_map::CodeMap;
use std::collections::{BTreeMap, HashSet};

/// The finding for one section.
#[derive(Clone, Debug)]
pub(crate) struct Told<'m> {
    pub(crate) name: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) sum: Sum<'m>,
    /// By how much a path grew, if one differs in any section.
    pub(crate) growth: Option<i64>,
}

/// The sum of the differences of one section so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum<'m> {
    pub(crate) verdict: Option<Verdict>,
    pub(crate) addresses: u64,
    pub(crate) lengths: u64,
    pub(crate) texts: BTreeMap<Verdict, u64>,
    pub(crate) first: Option<First<'m>>,
}

/// The first values of a section that differ.
#[derive(Clone, Copy, Debug)]
pub(crate) enum First<'m> {
    /// Addresses of code that did not move as it did.
    Code(u64, u64),
    /// The same of data.
    Data(u64, u64),
    /// The count of an array.
    Count(u64, u64),
    Text(&'m [u8], &'m [u8]),
}

impl Sum<'_> {
    fn is(&mut self, verdict: Verdict) {
        self.verdict = self.verdict.max(Some(verdict));
    }
}

/// Judges the pairs; `changed` are functions of A whose code is not the same.
pub(crate) fn judge<'m>(
    sides: (&Side<'_>, &Side<'_>),
    pairs: &Pairs<'m>,
    (shift, all, texts): (&Shift, &OneToOne, &Texts),
    changed: &HashSet<u32>,
) -> Vec<Told<'m>> {
    let map = CodeMap::new(sides, changed);
    let mut sums: BTreeMap<Part, Sum<'_>> = BTreeMap::new();
    // A pair that differs in equal sections was reached by offsets that differ. It counts for the
    // first section that differs.
    let differs =
        |part: &Part| section(sides.0.module, part.name()) != section(sides.1.module, part.name());
    let differing: Vec<Part> = Part::ALL.into_iter().filter(differs).collect();
    let place = |part: &Part| match (differing.contains(part), differing.first()) {
        (false, Some(first)) => *first,
        (true, _) | (_, None) => *part,
    };
    for (part, a, b) in &pairs.code {
        let sum = sums.entry(place(part)).or_default();
        if map.agrees(*a, *b) {
            sum.addresses += u64::from(a != b);
            sum.is(if a == b { Verdict::Identical } else { Verdict::Moved });
        } else {
            sum.is(Verdict::Changed);
            sum.first.get_or_insert(First::Code(*a, *b));
        }
    }
    for (part, a, b) in &pairs.data {
        let sum = sums.entry(place(part)).or_default();
        let verdict = match texts.starts(*a, *b) {
            true if a == b => Verdict::Identical,
            true => Verdict::Moved,
            false => address(sides, (shift, all), (*a, *b)),
        };
        sum.addresses += u64::from(a != b);
        sum.is(verdict);
        if verdict == Verdict::Changed {
            sum.first.get_or_insert(First::Data(*a, *b));
        }
    }
    let info = sums.entry(place(&Part::Info)).or_default();
    lengths(sides, pairs, (shift, texts), info);
    let mut growth = None;
    for (part, what, a, b) in &pairs.texts {
        let sum = sums.entry(place(part)).or_default();
        let verdict = text(*what, a, b);
        sum.is(verdict);
        *sum.texts.entry(verdict).or_default() += 1;
        if verdict == Verdict::Path {
            growth.get_or_insert(b.len() as i64 - a.len() as i64);
        }
        sum.first.get_or_insert(First::Text(a, b));
    }
    let one = |part: Part| {
        let sum = sums.remove(&part).unwrap_or_default();
        // Offsets into other sections are only numbers of equal parts.
        let verdict = sum.verdict.unwrap_or(Verdict::Identical).max(Verdict::Renumbered);
        Told { name: part.name(), verdict, sum, growth }
    };
    let mut told: Vec<Told<'m>> = Part::ALL.into_iter().map(one).collect();
    told.sort_by_key(|one| (std::cmp::Reverse(one.verdict), one.name));
    told
}

/// Counts of arrays that differ: each is a text's own length (`texts`, 2), and all variables of
/// that type are such texts.
fn lengths(
    sides: (&Side<'_>, &Side<'_>),
    pairs: &Pairs<'_>,
    (shift, texts): (&Shift, &Texts),
    sum: &mut Sum<'_>,
) {
    let mut of_type: BTreeMap<(usize, usize), Vec<(u64, u64)>> = BTreeMap::new();
    for (ty, a, b) in &pairs.variables {
        of_type.entry(*ty).or_default().push((*a, *b));
    }
    for (ty, a, b) in &pairs.lengths {
        let own = |(x, y): &(u64, u64)| {
            let found = texts.length(sides, shift, (*x, *a), (*y, *b));
            found.filter(|(_, own)| *own).map(|(sort, _)| sort)
        };
        let all = of_type.get(ty).map(Vec::as_slice).unwrap_or_default();
        let verdicts = all.iter().map(|one| own(one).map_or(Verdict::Changed, Verdict::of_text));
        let verdict = verdicts.max().unwrap_or(Verdict::Changed);
        sum.is(verdict);
        sum.lengths += 1;
        if verdict == Verdict::Changed {
            sum.first.get_or_insert(First::Count(*a, *b));
        }
    }
}

/// The verdict of a pair of addresses of data.
fn address(
    sides: (&Side<'_>, &Side<'_>),
    (shift, all): (&Shift, &OneToOne),
    (a, b): (u64, u64),
) -> Verdict {
    match shift.agree(sides, Role::Address(Access::INDEXED), a, b) {
        Some(Agree::Equal | Agree::Moved { loose: None, .. }) if a == b => Verdict::Identical,
        Some(Agree::Equal | Agree::Moved { loose: None, .. }) => Verdict::Moved,
        Some(Agree::Moved { loose: Some(_), .. }) => match all.fate(shift, (a, b)) {
            Fate::Moved => Verdict::Moved,
            Fate::Assumed => Verdict::AssumedMoved,
            Fate::Torn => Verdict::Changed,
        },
        Some(Agree::Assumed { .. }) => Verdict::AssumedMoved,
        Some(Agree::Slot) | None => Verdict::Changed,
    }
}

/// The verdict of a pair of texts: by the attribute, else by the characters.
fn text(what: What, a: &[u8], b: &[u8]) -> Verdict {
    match what {
        What::Path => return Verdict::Path,
        What::Producer => return Verdict::Producers,
        What::Text => {}
    }
    let before = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (a[before..].iter().rev(), b[before..].iter().rev());
    let behind = rest_a.zip(rest_b).take_while(|(x, y)| x == y).count();
    let (x, y) = (before..a.len() - behind, before..b.len() - behind);
    let found = sort((a, &x), (b, &y), UNCUT);
    found.map_or(Verdict::Changed, Verdict::of_text)
}
