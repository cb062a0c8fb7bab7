//! Values in the same place of the debug sections of both sides.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Why debug information is not explained.
pub(crate) type Unread = &'static str;

/// A section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
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
    pub(crate) const ALL: [Part; 10] = [
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

    pub(crate) fn name(self) -> &'static str {
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
pub(crate) enum What {
    /// The name of a unit, its directory, a file or a directory of a table of lines.
    Path,
    Producer,
    Text,
}

/// Values in the same place of both sides that differ; of addresses, equal ones too.
#[derive(Debug, Default)]
pub(crate) struct Pairs<'m> {
    pub(crate) code: BTreeSet<(Part, u64, u64)>,
    pub(crate) data: BTreeSet<(Part, u64, u64)>,
    pub(crate) texts: Vec<(Part, What, &'m [u8], &'m [u8])>,
    pub(crate) offsets: BTreeMap<Part, u64>,
    /// Of variables with one constant address: the entries of their types, address in A and in B.
    pub(crate) variables: Vec<((usize, usize), u64, u64)>,
    /// Counts of arrays that differ: the entries of the arrays, count in A and in B.
    pub(crate) lengths: Vec<((usize, usize), u64, u64)>,
}

impl<'m> Pairs<'m> {
    pub(super) fn code(&mut self, part: Part, a: u64, b: u64) {
        self.code.insert((part, a, b));
    }

    pub(super) fn data(&mut self, part: Part, a: u64, b: u64) {
        self.data.insert((part, a, b));
    }

    pub(super) fn offset(&mut self, part: Part, a: usize, b: usize) {
        *self.offsets.entry(part).or_default() += u64::from(a != b);
    }

    pub(super) fn text(&mut self, part: Part, what: What, a: &'m [u8], b: &'m [u8]) {
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
