//! The indexed parts of DWARF 5: tables of words (`.debug_str_offsets`, `.debug_addr`) and of lists
//! (`.debug_rnglists`, `.debug_loclists`).
//!
//! The format: DWARF 5 (2017), 7.26 to 7.29. `abbreviation` has the parts of version 4.
//!
//! 1. *All bytes*: headers have one form, and tables follow each other to the end of the section.
//!    Each word and each list is either asked for or reported as one that nothing refers to.
//! 2. A base is the start of a table's words: an index leads nowhere else.

use super::abbreviation::{Parts, Spent};
use super::pairs::Unread;
use super::read::Slice;
use gimli::{EndianSlice, LittleEndian, Reader};
use std::collections::BTreeSet;

/// Size in bytes of a table's head: its length, the version and two bytes that depend on the
/// section.
const HEAD: usize = 8;

const MALFORMED: Unread = "malformed debug information";

fn malformed(_: gimli::Error) -> Unread {
    MALFORMED
}

fn word(bytes: &[u8], at: usize) -> Result<u32, Unread> {
    let bytes = at.checked_add(4).and_then(|end| bytes.get(at..end)).ok_or(MALFORMED)?;
    Ok(u32::from_le_bytes(bytes.try_into().unwrap_or_default()))
}

/// The tables of a section: offset of the header, and offset behind the last byte. `rest` are the
/// two bytes behind the version.
fn tables(bytes: &[u8], rest: [u8; 2]) -> Result<Vec<(usize, usize)>, Unread> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let size = word(bytes, at)?;
        if size >= 0xffff_fff0 {
            return Err("offsets of 64 bits");
        }
        if bytes.get(at + 4..at + HEAD) != Some(&[5, 0, rest[0], rest[1]]) {
            return Err("a table of another version");
        }
        let end = at + 4 + size as usize;
        if end < at + HEAD || end > bytes.len() {
            return Err(MALFORMED);
        }
        found.push((at, end));
        at = end;
    }
    Ok(found)
}

/// `.debug_str_offsets` or `.debug_addr`.
pub(super) struct Words<'m> {
    bytes: &'m [u8],
    /// The tables' words: offset of the first, and behind the last.
    tables: Vec<(usize, usize)>,
    /// Offsets of the words that were asked for.
    used: BTreeSet<usize>,
}

impl<'m> Words<'m> {
    /// `rest` is zeros for offsets of strings, the size of an address and zero for addresses.
    pub(super) fn new(bytes: &'m [u8], rest: [u8; 2]) -> Result<Words<'m>, Unread> {
        let tables = tables(bytes, rest)?;
        let words = |(start, end): (usize, usize)| match (end - start).is_multiple_of(4) {
            true => Ok((start + HEAD, end)),
            false => Err(MALFORMED),
        };
        let tables = tables.into_iter().map(words).collect::<Result<_, Unread>>()?;
        Ok(Words { bytes, tables, used: BTreeSet::new() })
    }

    /// A word of the table whose words start at `base`.
    pub(super) fn get(&mut self, base: usize, index: usize) -> Result<usize, Unread> {
        let table = self.tables.binary_search_by_key(&base, |(start, _)| *start);
        let (_, end) = self.tables[table.map_err(|_| "a base that starts no table")?];
        let at = index.checked_mul(4).and_then(|by| base.checked_add(by)).ok_or(MALFORMED)?;
        if at >= end {
            return Err(MALFORMED);
        }
        self.used.insert(at);
        Ok(word(self.bytes, at)? as usize)
    }

    /// The words that nobody asked for, in order, each with the number of its table.
    pub(super) fn rest(&self) -> Result<Vec<(usize, usize)>, Unread> {
        let mut rest = Vec::new();
        for (number, (start, end)) in self.tables.iter().enumerate() {
            for at in (*start..*end).step_by(4).filter(|at| !self.used.contains(at)) {
                rest.push((number, word(self.bytes, at)? as usize));
            }
        }
        Ok(rest)
    }
}

/// Kind of an entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The base from here on: an index, or an address.
    BaseIndex,
    Base,
    /// A range by two indices, by an index and a length, by offsets from the base, by two
    /// addresses, by an address and a length.
    Indices,
    IndexLength,
    Offsets,
    Addresses,
    AddressLength,
    /// Everywhere else.
    Default,
}

/// An entry of a list: two numbers as they stand, and a place of a variable.
pub(super) struct Piece<'m> {
    pub(super) kind: Kind,
    pub(super) numbers: (u64, u64),
    pub(super) place: Option<&'m [u8]>,
}

/// `.debug_rnglists` or `.debug_loclists`.
pub(super) struct IndexedLists<'m> {
    bytes: &'m [u8],
    /// Whether the lists are of places.
    places: bool,
    /// The tables' offsets of lists: offset of the first, and behind the last; the table's end.
    tables: Vec<(usize, usize, usize)>,
    used: BTreeSet<usize>,
    parts: Parts,
}

impl<'m> IndexedLists<'m> {
    pub(super) fn new(bytes: &'m [u8], places: bool) -> Result<IndexedLists<'m>, Unread> {
        let mut found = IndexedLists {
            bytes,
            places,
            tables: Vec::new(),
            used: BTreeSet::new(),
            parts: Parts::default(),
        };
        for (start, end) in tables(bytes, [4, 0])? {
            let count = word(bytes, start + HEAD)? as usize;
            let first = start + HEAD + 4;
            let last = count.checked_mul(4).and_then(|size| first.checked_add(size));
            let last = last.filter(|last| *last <= end).ok_or(MALFORMED)?;
            found.parts.add(start, last)?;
            found.tables.push((first, last, end));
        }
        Ok(found)
    }

    /// The list of an index in the table whose offsets start at `base`.
    pub(super) fn indexed(
        &mut self,
        base: usize,
        index: usize,
        spent: &mut Spent,
    ) -> Result<Vec<Piece<'m>>, Unread> {
        let table = self.tables.binary_search_by_key(&base, |(first, ..)| *first);
        let (_, last, _) = self.tables[table.map_err(|_| "a base that starts no table")?];
        let at = index.checked_mul(4).and_then(|by| base.checked_add(by)).ok_or(MALFORMED)?;
        if at >= last {
            return Err(MALFORMED);
        }
        self.used.insert(at);
        let list = base.checked_add(word(self.bytes, at)? as usize).ok_or(MALFORMED)?;
        self.list(list, spent)
    }

    /// The list at an offset of the section.
    pub(super) fn list(
        &mut self,
        start: usize,
        spent: &mut Spent,
    ) -> Result<Vec<Piece<'m>>, Unread> {
        let after = self.tables.partition_point(|(first, ..)| *first <= start);
        let table = after.checked_sub(1).map(|at| self.tables[at]).ok_or(MALFORMED)?;
        let bytes = self.bytes.get(start..table.2).ok_or(MALFORMED)?;
        self.parts.outside(start)?;
        let mut reader = EndianSlice::new(bytes, LittleEndian);
        let mut found = Vec::new();
        loop {
            spent.spend(8)?;
            match self.piece(&mut reader, spent)? {
                Some(piece) => found.push(piece),
                None => break,
            }
        }
        let end = table.2 - reader.len();
        if !self.parts.starts(start) {
            self.parts.add(start, end)?;
        }
        Ok(found)
    }

    /// The next entry; `None` at the end of a list.
    fn piece(
        &self,
        reader: &mut Slice<'m>,
        spent: &mut Spent,
    ) -> Result<Option<Piece<'m>>, Unread> {
        let code = reader.read_u8().map_err(malformed)?;
        // Lists of places have one code more, before those of addresses.
        let kind = match (code, self.places) {
            (0, _) => return Ok(None),
            (1, _) => Kind::BaseIndex,
            (2, _) => Kind::Indices,
            (3, _) => Kind::IndexLength,
            (4, _) => Kind::Offsets,
            (5, true) => Kind::Default,
            (5, false) | (6, true) => Kind::Base,
            (6, false) | (7, true) => Kind::Addresses,
            (7, false) | (8, true) => Kind::AddressLength,
            _ => return Err("an entry of a list that is not read"),
        };
        let mut number = |address: bool| match address {
            true => reader.read_u32().map(u64::from).map_err(malformed),
            false => reader.read_uleb128().map_err(malformed),
        };
        let numbers = match kind {
            Kind::BaseIndex => (number(false)?, 0),
            Kind::Base => (number(true)?, 0),
            Kind::Indices | Kind::IndexLength | Kind::Offsets => (number(false)?, number(false)?),
            Kind::Addresses => (number(true)?, number(true)?),
            Kind::AddressLength => (number(true)?, number(false)?),
            Kind::Default => (0, 0),
        };
        let based = matches!(kind, Kind::BaseIndex | Kind::Base);
        let place = match self.places && !based {
            true => {
                let bytes = number(false)?;
                let bytes = usize::try_from(bytes).map_err(|_| MALFORMED)?;
                spent.spend(bytes)?;
                Some(reader.split(bytes).map_err(malformed)?.slice())
            }
            false => None,
        };
        Ok(Some(Piece { kind, numbers, place }))
    }

    /// Whether every byte belongs to a list or an offset that was asked for.
    pub(super) fn whole(&self) -> bool {
        let offsets = |(first, last, _): &(usize, usize, usize)| (*first..*last).step_by(4);
        self.parts.whole(self.bytes.len())
            && self.tables.iter().flat_map(offsets).all(|at| self.used.contains(&at))
    }
}
