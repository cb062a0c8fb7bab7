//! The debug sections of both sides → the differences in each, with a verdict; and the addresses of
//! data that belong to variables.
//!
//! ```text
//! .debug_* of A and B ─ read (lockstep) ─► Pairs ─ judge (Shift, OneToOne, code map) ─► Told
//!                                            └─► variables: `shift` asks what a number is
//! ```
//!
//! The format: DWARF 4 (2010) and 5 (2017), decoded with gimli, and *DWARF for WebAssembly*:
//! addresses of code are offsets from the start of the code section's contents.
//!
//! 1. A section that differs is explained only if all of them were read to their ends, and each
//!    difference is an address that moved with its code or data, a text, or an offset (`read`, 1
//!    and 2). Otherwise the bytes differ without an explanation: `changed`.
//! 2. *A variable* is a pair of addresses that the same entry gives on both sides. A number of the
//!    code is taken for the address of a variable by its value alone, on both sides, and only where
//!    the code does not compare it or calculate with it. The map of addresses has to say the same.
//!    Debug information never overrules an access.
//! 3. No debug information makes the verdict of code harmless that accesses another place.

mod abbreviation;
mod arrays;
mod code_map;
mod indexed;
mod lines;
mod read;

use crate::judge::one_to_one::{Fate, OneToOne};
use crate::judge::texts::Texts;
use crate::numbers::shift::{Agree, Shift};
use crate::numbers::strings::{Sort, UNCUT, sort};
use crate::numbers::uses::{Access, Role};
use crate::pair::side::Side;
use crate::tell::report::{Verdict, plural};
use code_map::CodeMap;
use prova_builds::names::printable;
use prova_module::Module;
use read::Sections;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Why debug information is not explained.
pub(crate) type Unread = &'static str;

/// A section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Info,
    Line,
    Str,
    Loc,
    Ranges,
    StrOffsets,
    Addr,
    LineStr,
    LocLists,
    RangeLists,
}

impl Part {
    /// Those that lead into others come first.
    const ALL: [Part; 10] = [
        Part::Info,
        Part::StrOffsets,
        Part::Line,
        Part::LocLists,
        Part::RangeLists,
        Part::Addr,
        Part::Loc,
        Part::Ranges,
        Part::Str,
        Part::LineStr,
    ];

    fn name(self) -> &'static str {
        match self {
            Part::Info => ".debug_info",
            Part::Line => ".debug_line",
            Part::Str => ".debug_str",
            Part::Loc => ".debug_loc",
            Part::Ranges => ".debug_ranges",
            Part::StrOffsets => ".debug_str_offsets",
            Part::Addr => ".debug_addr",
            Part::LineStr => ".debug_line_str",
            Part::LocLists => ".debug_loclists",
            Part::RangeLists => ".debug_rnglists",
        }
    }
}

/// Kind of a text, by its attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The name of a unit, its directory, a file or a directory of a table of lines.
    Path,
    Producer,
    Text,
}

/// Values in the same place of both sides that differ; of addresses, equal ones too.
#[derive(Debug, Default)]
pub(crate) struct Pairs<'m> {
    code: BTreeSet<(Part, u64, u64)>,
    data: BTreeSet<(Part, u64, u64)>,
    texts: Vec<(Part, What, &'m [u8], &'m [u8])>,
    offsets: BTreeMap<Part, u64>,
    /// Of variables with one constant address: the entries of their types, address in A and in B.
    variables: Vec<((usize, usize), u64, u64)>,
    /// Counts of arrays that differ: the entries of the arrays, count in A and in B.
    lengths: Vec<((usize, usize), u64, u64)>,
}

impl<'m> Pairs<'m> {
    fn code(&mut self, part: Part, a: u64, b: u64) {
        self.code.insert((part, a, b));
    }

    fn data(&mut self, part: Part, a: u64, b: u64) {
        self.data.insert((part, a, b));
    }

    fn offset(&mut self, part: Part, a: usize, b: usize) {
        *self.offsets.entry(part).or_default() += u64::from(a != b);
    }

    fn text(&mut self, part: Part, what: What, a: &'m [u8], b: &'m [u8]) {
        if a != b {
            self.texts.push((part, what, a, b));
        }
    }

    /// Pairs of addresses of variables (invariant 2), where all entries agree.
    pub(crate) fn variables(&self) -> HashMap<u64, u64> {
        let mut found = HashMap::new();
        let mut torn = HashSet::new();
        for (_, a, b) in &self.data {
            if *found.entry(*a).or_insert(*b) != *b {
                torn.insert(*a);
            }
        }
        found.retain(|a, _| !torn.contains(a));
        found
    }
}

/// The finding for one section.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) name: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) summary: String,
    /// By how much a path grew, if one differs in any section.
    pub(crate) growth: Option<i64>,
}

/// Reads the debug sections of both sides; `None` if they are equal or absent.
pub(crate) fn pairs<'m>(a: &'m Module, b: &'m Module) -> Option<Result<Pairs<'m>, Unread>> {
    let differ = Part::ALL.iter().any(|part| section(a, part.name()) != section(b, part.name()));
    if !differ {
        return None;
    }
    Some(sections(a).and_then(|a| read::pairs(&a, &sections(b)?)))
}

/// Words for an address that did not move as its code or data did.
fn became(what: &str, a: u64, b: u64) -> String {
    match a == b {
        true => format!("address {a} of {what} stays, and what was there moved"),
        false => format!("address {a} of {what} became {b}, and no {what} moved so"),
    }
}

/// The contents of a section; empty if it is absent.
fn section<'m>(module: &'m Module, name: &str) -> Result<&'m [u8], Unread> {
    let mut found = module.custom_sections().iter().filter(|section| &*section.name == name);
    match (found.next(), found.next()) {
        (None, _) => Ok(&[]),
        (Some(one), None) => Ok(&module.bytes()[one.range.clone()]),
        (Some(_), Some(_)) => Err("two sections of one name"),
    }
}

fn sections(module: &Module) -> Result<Sections<'_>, Unread> {
    Ok(Sections {
        info: section(module, ".debug_info")?,
        abbrev: section(module, ".debug_abbrev")?,
        strings: section(module, ".debug_str")?,
        line: section(module, ".debug_line")?,
        loc: section(module, ".debug_loc")?,
        ranges: section(module, ".debug_ranges")?,
        string_offsets: section(module, ".debug_str_offsets")?,
        addresses: section(module, ".debug_addr")?,
        line_strings: section(module, ".debug_line_str")?,
        loc_lists: section(module, ".debug_loclists")?,
        range_lists: section(module, ".debug_rnglists")?,
    })
}

/// The sum of the differences of one section so far.
#[derive(Default)]
struct Sum {
    verdict: Option<Verdict>,
    addresses: u64,
    lengths: u64,
    texts: BTreeMap<Verdict, u64>,
    first: Option<String>,
}

impl Sum {
    fn is(&mut self, verdict: Verdict) {
        self.verdict = self.verdict.max(Some(verdict));
    }
}

/// Judges the pairs; `changed` are functions of A whose code is not the same.
pub(crate) fn judge(
    sides: (&Side<'_>, &Side<'_>),
    pairs: &Pairs<'_>,
    (shift, all, texts): (&Shift, &OneToOne, &Texts),
    changed: &HashSet<u32>,
) -> Vec<Told> {
    let map = CodeMap::new(sides, changed);
    let mut sums: BTreeMap<Part, Sum> = BTreeMap::new();
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
            sum.first.get_or_insert_with(|| became("code", *a, *b));
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
            sum.first.get_or_insert_with(|| became("data", *a, *b));
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
        let words = |text: &[u8]| printable(&String::from_utf8_lossy(&text[..text.len().min(200)]));
        sum.first.get_or_insert_with(|| format!("{} → {}", words(a), words(b)));
    }
    let one = |part: Part| {
        let sum = sums.remove(&part).unwrap_or_default();
        // Offsets into other sections are only numbers of equal parts.
        let verdict = sum.verdict.unwrap_or(Verdict::Identical).max(Verdict::Renumbered);
        Told { name: part.name(), verdict, summary: summary(&sum), growth }
    };
    let mut told: Vec<Told> = Part::ALL.into_iter().map(one).collect();
    told.sort_by_key(|one| (std::cmp::Reverse(one.verdict), one.name));
    told
}

/// Counts of arrays that differ: each is a text's own length (`texts`, 2), and all variables of
/// that type are such texts.
fn lengths(
    sides: (&Side<'_>, &Side<'_>),
    pairs: &Pairs<'_>,
    (shift, texts): (&Shift, &Texts),
    sum: &mut Sum,
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
        let verdicts = all.iter().map(|one| own(one).map_or(Verdict::Changed, Sort::verdict));
        let verdict = verdicts.max().unwrap_or(Verdict::Changed);
        sum.is(verdict);
        sum.lengths += 1;
        if verdict == Verdict::Changed {
            sum.first.get_or_insert_with(|| format!("the count of an array, {a}, became {b}"));
        }
    }
}

/// Words the summary of a section.
fn summary(sum: &Sum) -> String {
    let mut parts: Vec<String> = sum
        .texts
        .iter()
        .map(|(verdict, count)| match verdict {
            Verdict::Path => plural(*count, "path"),
            Verdict::Producers => format!("{} of producers", plural(*count, "name")),
            _ => plural(*count, "text"),
        })
        .collect();
    if sum.lengths > 0 {
        parts.push(plural(sum.lengths, "length"));
    }
    if sum.addresses > 0 {
        parts.push(plural(sum.addresses, "address"));
    }
    if parts.is_empty() {
        return "the same entries; offsets into other sections differ".to_owned();
    }
    let rest = if sum.verdict == Some(Verdict::Changed) { "" } else { ", and nothing else" };
    let first = sum.first.as_ref().map(|first| format!(": {first}")).unwrap_or_default();
    let all = sum.texts.values().sum::<u64>() + sum.lengths + sum.addresses;
    let verb = if all == 1 { "differs" } else { "differ" };
    format!("{} {verb}{rest}{first}", parts.join(", "))
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
    found.map_or(Verdict::Changed, Sort::verdict)
}
