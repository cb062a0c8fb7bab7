//! The parts of DWARF that are not trees: abbreviations, strings, lists of addresses, tables of
//! lines.
//!
//! 1. Each table or list is read once, and none overlaps another one. So reading all of them is
//!    linear in the section, independent of the number of references to it.
//! 2. [`Spent`] counts entries, attributes, rows and bytes of text. A section that needs more steps
//!    than [`SPENT_MAX`] and [`SPENT_PER_BYTE`] allow is not read.

use super::pairs::Unread;
use super::read::{Sections, Slice};
use gimli::{
    Abbreviations, DebugAbbrev, DebugLine, DebugLineOffset, EndianSlice, IncompleteLineProgram,
    LittleEndian, Reader, UnitHeader, constants as dw,
};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Steps that may be spent on small sections, and on each byte of large ones.
const SPENT_MAX: usize = 1 << 22;
const SPENT_PER_BYTE: usize = 16;

/// Work so far.
pub(super) struct Spent {
    left: usize,
    per_byte: usize,
}

impl Spent {
    pub(super) fn new(sections: &Sections<'_>) -> Spent {
        let all = [
            [sections.info, sections.abbrev, sections.strings, sections.line],
            [sections.loc, sections.ranges, sections.loc_lists, sections.range_lists],
            [sections.string_offsets, sections.addresses, sections.line_strings, &[]],
        ];
        let bytes = all.iter().flatten().map(|section| section.len()).sum::<usize>();
        Spent { left: SPENT_MAX, per_byte: bytes.saturating_mul(SPENT_PER_BYTE) }
    }

    /// The allowance of both sides.
    pub(super) fn and(self, other: &Sections<'_>) -> Spent {
        let other = Spent::new(other);
        let left = self.left.saturating_add(self.per_byte).saturating_add(other.per_byte);
        Spent { left, per_byte: 0 }
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Unread> {
        self.left = self.left.checked_sub(steps).ok_or("more entries than its bytes can say")?;
        Ok(())
    }
}

fn malformed(_: gimli::Error) -> Unread {
    "malformed debug information"
}

/// Parts of a section that do not overlap: start and end.
#[derive(Default)]
pub(super) struct Parts(BTreeMap<usize, usize>);

impl Parts {
    /// Adds a part; an error if it overlaps another one.
    pub(super) fn add(&mut self, start: usize, end: usize) -> Result<(), Unread> {
        let before = self.0.range(..=start).next_back();
        let after = self.0.range(start..).next();
        if before.is_some_and(|(_, last)| *last > start) || after.is_some_and(|(at, _)| *at < end) {
            return Err("parts that overlap");
        }
        self.0.insert(start, end);
        Ok(())
    }

    /// Whether the parts are all of a section.
    pub(super) fn whole(&self, bytes: usize) -> bool {
        let mut at = 0;
        for (start, end) in &self.0 {
            if *start != at {
                return false;
            }
            at = *end;
        }
        at == bytes
    }

    /// Whether a part starts here.
    pub(super) fn starts(&self, at: usize) -> bool {
        self.0.contains_key(&at)
    }

    /// Refuses an offset inside a part that is known to start elsewhere.
    pub(super) fn outside(&self, at: usize) -> Result<(), Unread> {
        match self.0.range(..at).next_back() {
            Some((_, end)) if *end > at => Err("parts that overlap"),
            _ => Ok(()),
        }
    }
}

/// `.debug_abbrev`.
pub(super) struct Tables<'m> {
    bytes: &'m [u8],
    parts: Parts,
    known: BTreeMap<usize, Rc<Abbreviations>>,
}

impl<'m> Tables<'m> {
    pub(super) fn new(bytes: &'m [u8]) -> Tables<'m> {
        Tables { bytes, parts: Parts::default(), known: BTreeMap::new() }
    }

    /// The table of a unit.
    pub(super) fn table(
        &mut self,
        unit: &UnitHeader<Slice<'m>>,
        spent: &mut Spent,
    ) -> Result<Rc<Abbreviations>, Unread> {
        let at = unit.debug_abbrev_offset().0;
        if let Some(known) = self.known.get(&at) {
            return Ok(known.clone());
        }
        self.parts.outside(at)?;
        let end = at + self.size(at)?;
        self.parts.add(at, end)?;
        spent.spend(end - at)?;
        let section = DebugAbbrev::new(self.bytes, LittleEndian);
        let table = Rc::new(unit.abbreviations(&section).map_err(malformed)?);
        self.known.insert(at, table.clone());
        Ok(table)
    }

    /// How many bytes the table at an offset has, with the zero behind it.
    fn size(&self, at: usize) -> Result<usize, Unread> {
        let bytes = self.bytes.get(at..).ok_or("malformed debug information")?;
        let mut reader = EndianSlice::new(bytes, LittleEndian);
        while reader.read_uleb128().map_err(malformed)? != 0 {
            reader.read_uleb128().map_err(malformed)?;
            reader.read_u8().map_err(malformed)?;
            loop {
                let name = reader.read_uleb128().map_err(malformed)?;
                let form = reader.read_uleb128().map_err(malformed)?;
                if form == u64::from(dw::DW_FORM_implicit_const.0) {
                    reader.read_sleb128().map_err(malformed)?;
                }
                if (name, form) == (0, 0) {
                    break;
                }
            }
        }
        Ok(bytes.len() - reader.len())
    }
}

/// `.debug_str` or `.debug_line_str`.
pub(super) struct Strings<'m> {
    bytes: &'m [u8],
    /// Where each string ends.
    ends: Vec<usize>,
    /// The strings that are referred to, by position.
    used: BTreeSet<usize>,
}

impl<'m> Strings<'m> {
    pub(super) fn new(bytes: &'m [u8]) -> Strings<'m> {
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == 0).map(|(at, _)| at);
        Strings { bytes, ends: ends.collect(), used: BTreeSet::new() }
    }

    /// The string at an offset, which may be the end of a longer one.
    pub(super) fn get(&mut self, at: usize, spent: &mut Spent) -> Result<&'m [u8], Unread> {
        let position = self.ends.partition_point(|end| *end < at);
        let end = *self.ends.get(position).ok_or("malformed debug information")?;
        let text = self.bytes.get(at..end).ok_or("malformed debug information")?;
        spent.spend(text.len())?;
        self.used.insert(position);
        Ok(text)
    }

    /// The strings that nothing refers to, in order, and the bytes behind the last string.
    pub(super) fn rest(&self) -> Vec<&'m [u8]> {
        let start = |position: usize| match position {
            0 => 0,
            _ => self.ends[position - 1] + 1,
        };
        let unused = (0..self.ends.len()).filter(|position| !self.used.contains(position));
        let mut rest: Vec<&[u8]> =
            unused.map(|position| &self.bytes[start(position)..self.ends[position]]).collect();
        rest.push(&self.bytes[start(self.ends.len())..]);
        rest
    }
}

/// A list of locations: pairs of addresses, and an expression for each that is no base.
type Locations<'m> = (Vec<(u32, u32)>, Vec<&'m [u8]>);

/// `.debug_loc` or `.debug_ranges`.
pub(super) struct Lists<'m> {
    bytes: &'m [u8],
    parts: Parts,
}

impl<'m> Lists<'m> {
    pub(super) fn new(bytes: &'m [u8]) -> Lists<'m> {
        Lists { bytes, parts: Parts::default() }
    }

    pub(super) fn whole(&self) -> bool {
        self.parts.whole(self.bytes.len())
    }

    pub(super) fn ranges(
        &mut self,
        at: usize,
        spent: &mut Spent,
    ) -> Result<Vec<(u32, u32)>, Unread> {
        Ok(self.list(at, false, spent)?.0)
    }

    pub(super) fn locations(
        &mut self,
        at: usize,
        spent: &mut Spent,
    ) -> Result<Locations<'m>, Unread> {
        self.list(at, true, spent)
    }

    fn list(
        &mut self,
        start: usize,
        expressions: bool,
        spent: &mut Spent,
    ) -> Result<Locations<'m>, Unread> {
        self.parts.outside(start)?;
        let mut found = (Vec::new(), Vec::new());
        let mut reader =
            EndianSlice::new(self.bytes.get(start..).unwrap_or_default(), LittleEndian);
        loop {
            spent.spend(8)?;
            let pair =
                (reader.read_u32().map_err(malformed)?, reader.read_u32().map_err(malformed)?);
            if pair == (0, 0) {
                break;
            }
            found.0.push(pair);
            if expressions && pair.0 != u32::MAX {
                let bytes = usize::from(reader.read_u16().map_err(malformed)?);
                spent.spend(bytes)?;
                found.1.push(reader.split(bytes).map_err(malformed)?.slice());
            }
        }
        let end = self.bytes.len() - reader.len();
        if !self.parts.starts(start) {
            self.parts.add(start, end)?;
        }
        Ok(found)
    }
}

/// `.debug_line`: its tables in order.
pub(super) struct Lines<'m> {
    pub(super) tables: Vec<IncompleteLineProgram<Slice<'m>>>,
    starts: Vec<usize>,
}

impl<'m> Lines<'m> {
    pub(super) fn new(bytes: &'m [u8]) -> Result<Lines<'m>, Unread> {
        let section = DebugLine::new(bytes, LittleEndian);
        let mut found = Lines { tables: Vec::new(), starts: Vec::new() };
        let mut at = 0;
        while at < bytes.len() {
            let version =
                bytes.get(at + 4..at + 6).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
            if !version.is_some_and(|version| (2..=5).contains(&version)) {
                return Err("a version of .debug_line that is not read");
            }
            let table = section.program(DebugLineOffset(at), 4, None, None).map_err(malformed)?;
            if table.header().format() != gimli::Format::Dwarf32 {
                return Err("offsets of 64 bits");
            }
            found.starts.push(at);
            at += 4 + table.header().unit_length();
            found.tables.push(table);
        }
        Ok(found)
    }

    /// Which table starts at an offset.
    pub(super) fn position(&self, at: usize) -> Option<usize> {
        self.starts.binary_search(&at).ok()
    }
}
