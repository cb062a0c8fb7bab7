//! The debug sections of two modules → pairs of values in the same place of both: addresses in code
//! and in data, and texts; or the first misfit.
//!
//! DWARF 2 to 5 with offsets of 32 bits is read, which clang and rustc write for Wasm. Sections of
//! another form are not explained.
//!
//! 1. *All bytes*: units, entries, attributes and rows are compared in order, to the end of each
//!    section. Each list or string is referred to, or equal in order. Each value that is not an
//!    address, a text or an offset is equal.
//! 2. An offset into another section is not compared as a number: its target is compared. A
//!    reference to an entry leads to the entry in the same place.
//! 3. Time and memory are linear in the sections: tables and lists may not overlap, and [`Spent`]
//!    ends the reading of sections that claim more than their bytes can hold.

use super::abbreviation::{Lines, Lists, Spent, Strings, Tables};
use super::arrays::{self, Arrays};
use super::indexed::{IndexedLists, Kind, Piece, Words};
use super::lines;
use super::pairs::{Pairs, Part, Unread, What};
use gimli::{
    AttributeValue, DebugInfo, DebuggingInformationEntry, EndianSlice, LittleEndian, Operation,
    Reader, UnitHeader, UnitType, constants as dw,
};

/// First and last address of each range of a list.
type Ranges<'a> = &'a [(u32, u32)];

pub(super) type Slice<'m> = EndianSlice<'m, LittleEndian>;
pub(super) type Value<'m> = AttributeValue<Slice<'m>>;
pub(super) type Entry<'m> = DebuggingInformationEntry<Slice<'m>>;

/// The sections of one side.
pub(super) struct Sections<'m> {
    pub(super) info: &'m [u8],
    pub(super) abbrev: &'m [u8],
    pub(super) strings: &'m [u8],
    pub(super) line: &'m [u8],
    pub(super) loc: &'m [u8],
    pub(super) ranges: &'m [u8],
    pub(super) string_offsets: &'m [u8],
    pub(super) addresses: &'m [u8],
    pub(super) line_strings: &'m [u8],
    pub(super) loc_lists: &'m [u8],
    pub(super) range_lists: &'m [u8],
}

/// The parts of one side besides its entries.
struct Half<'m> {
    tables: Tables<'m>,
    strings: Strings<'m>,
    lines: Lines<'m>,
    loc: Lists<'m>,
    ranges: Lists<'m>,
    string_offsets: Words<'m>,
    addresses: Words<'m>,
    line_strings: Strings<'m>,
    loc_lists: IndexedLists<'m>,
    range_lists: IndexedLists<'m>,
    arrays: Arrays,
}

impl<'m> Half<'m> {
    fn new(sections: &Sections<'m>) -> Result<Half<'m>, Unread> {
        Ok(Half {
            tables: Tables::new(sections.abbrev),
            strings: Strings::new(sections.strings),
            lines: Lines::new(sections.line)?,
            loc: Lists::new(sections.loc),
            ranges: Lists::new(sections.ranges),
            string_offsets: Words::new(sections.string_offsets, [0, 0])?,
            addresses: Words::new(sections.addresses, [4, 0])?,
            line_strings: Strings::new(sections.line_strings),
            loc_lists: IndexedLists::new(sections.loc_lists, true)?,
            range_lists: IndexedLists::new(sections.range_lists, false)?,
            arrays: Arrays::new(),
        })
    }

    fn line_tables(&mut self) -> lines::Side<'_, 'm> {
        lines::Side {
            lines: &self.lines,
            line_strings: &mut self.line_strings,
            strings: &mut self.strings,
        }
    }

    /// A string by its index.
    fn string(&mut self, base: usize, index: usize, spent: &mut Spent) -> Result<&'m [u8], Unread> {
        self.strings.get(self.string_offsets.get(base, index)?, spent)
    }

    /// The address of an attribute, written or by index.
    fn address(&mut self, base: usize, value: Value<'m>) -> Result<Option<u64>, Unread> {
        match value {
            AttributeValue::Addr(address) => Ok(Some(address)),
            AttributeValue::DebugAddrIndex(index) => {
                Ok(Some(self.addresses.get(base, index.0)? as u64))
            }
            _ => Ok(None),
        }
    }

    /// The address at which an entry's code starts; 0 if the entry has none.
    fn low(&mut self, base: usize, entry: &Entry<'m>) -> Result<u64, Unread> {
        let low = entry.attr_value_raw(dw::DW_AT_low_pc);
        let low = low.map(|low| self.address(base, low)).transpose()?;
        Ok(low.flatten().unwrap_or_default())
    }

    /// All that was asked for by no entry: its strings, and its addresses.
    fn rest(&mut self, spent: &mut Spent) -> Result<Rest<'m>, Unread> {
        if !self.loc.whole() || !self.loc_lists.whole() {
            return Err("lists of places that nothing refers to");
        }
        if !self.ranges.whole() || !self.range_lists.whole() {
            return Err("lists of addresses that nothing refers to");
        }
        let mut strings = Vec::new();
        for (table, at) in self.string_offsets.rest()? {
            strings.push((table, self.strings.get(at, spent)?));
        }
        Ok(Rest {
            strings,
            addresses: self.addresses.rest()?,
            unnamed: [self.strings.rest(), self.line_strings.rest()],
        })
    }
}

/// Reads both sides in lockstep.
pub(super) fn pairs<'m>(a: &Sections<'m>, b: &Sections<'m>) -> Result<Pairs<'m>, Unread> {
    let mut both = Both {
        halves: (Half::new(a)?, Half::new(b)?),
        found: Pairs::default(),
        entries: Vec::new(),
        references: Vec::new(),
        spent: Spent::new(a).and(b),
    };
    both.units(a.info, b.info)?;
    let Both { halves, found, entries, references, spent } = &mut both;
    let (x, y) = (&mut halves.0, &mut halves.1);
    lines::lines(found, (x.line_tables(), y.line_tables()), spent)?;
    if halves.0.rest(spent)? != halves.1.rest(spent)? {
        return Err("strings or addresses that nothing refers to");
    }
    // Invariant 2: entries that stand in the same place.
    let arrays = (&halves.0.arrays, &halves.1.arrays);
    arrays::references(found, entries, std::mem::take(references), arrays, spent)?;
    Ok(both.found)
}

/// The parts to which no entry refers.
#[derive(PartialEq)]
struct Rest<'m> {
    strings: Vec<(usize, &'m [u8])>,
    addresses: Vec<(usize, usize)>,
    /// Strings that nothing names, in `.debug_str` and `.debug_line_str`.
    unnamed: [Vec<&'m [u8]>; 2],
}

/// Where the tables of a unit start that its indices lead into, by its own entry.
#[derive(Clone, Copy)]
struct Tabled {
    strings: usize,
    addresses: usize,
    locations: usize,
    ranges: usize,
}

impl Tabled {
    fn of(root: &Entry<'_>) -> Tabled {
        let base = |name: dw::DwAt, first: usize| match root.attr_value_raw(name) {
            Some(AttributeValue::SecOffset(base)) => base,
            _ => first,
        };
        Tabled {
            strings: base(dw::DW_AT_str_offsets_base, 8),
            addresses: base(dw::DW_AT_addr_base, 8),
            locations: base(dw::DW_AT_loclists_base, 12),
            ranges: base(dw::DW_AT_rnglists_base, 12),
        }
    }
}

struct Both<'m> {
    halves: (Half<'m>, Half<'m>),
    found: Pairs<'m>,
    /// Offsets of entries in the same place.
    entries: Vec<(usize, usize)>,
    references: Vec<(usize, usize)>,
    spent: Spent,
}

/// Context in which attribute values are read: both units, where they start, and the entries' low
/// addresses of code.
struct Place<'u, 'm> {
    units: (&'u UnitHeader<Slice<'m>>, &'u UnitHeader<Slice<'m>>),
    starts: (usize, usize),
    /// The addresses to which the lists of the unit are relative.
    bases: (u64, u64),
    low: (u64, u64),
    /// The last type of arrays.
    array: (usize, usize),
    tabled: (Tabled, Tabled),
    /// Whether the entry is the unit's root.
    root: bool,
}

/// Whether the next operation makes an address in a thread's storage of the number before.
fn is_tls(rest: &[u8]) -> bool {
    matches!(rest.first(), Some(&(TLS | GNU_TLS)))
}

/// The opcodes of `DW_OP_form_tls_address` and `DW_OP_GNU_push_tls_address`.
const TLS: u8 = 0x9b;
const GNU_TLS: u8 = 0xe0;

/// The opcodes of `DW_OP_addr` and `DW_OP_addrx`.
const ADDRESS: u8 = 0x03;
const ADDRESS_INDEX: u8 = 0xa1;

fn malformed(_: gimli::Error) -> Unread {
    "malformed debug information"
}

impl<'m> Both<'m> {
    fn units(&mut self, a: &'m [u8], b: &'m [u8]) -> Result<(), Unread> {
        let (a, b) = (DebugInfo::new(a, LittleEndian), DebugInfo::new(b, LittleEndian));
        let (mut units_a, mut units_b) = (a.units(), b.units());
        loop {
            match (units_a.next().map_err(malformed)?, units_b.next().map_err(malformed)?) {
                (Some(x), Some(y)) => self.unit(&x, &y)?,
                (None, None) => return Ok(()),
                _ => return Err("one side has more units"),
            }
        }
    }

    fn unit(&mut self, a: &UnitHeader<Slice<'m>>, b: &UnitHeader<Slice<'m>>) -> Result<(), Unread> {
        let known = |unit: &UnitHeader<Slice<'m>>| {
            (2..=5).contains(&unit.version())
                && unit.type_() == UnitType::Compilation
                && unit.format() == gimli::Format::Dwarf32
                && unit.address_size() == 4
        };
        if !known(a) || !known(b) || a.encoding() != b.encoding() {
            return Err("a version of DWARF that is not read");
        }
        let start = |unit: &UnitHeader<Slice<'m>>| {
            unit.debug_info_offset().map(|offset| offset.0).ok_or("a unit of types")
        };
        let starts = (start(a)?, start(b)?);
        let tables = (
            self.halves.0.tables.table(a, &mut self.spent)?,
            self.halves.1.tables.table(b, &mut self.spent)?,
        );
        self.found.offset(Part::Info, a.debug_abbrev_offset().0, b.debug_abbrev_offset().0);
        self.found.offset(Part::Info, starts.0, starts.1);
        let mut entries = (
            a.entries_raw(&tables.0, None).map_err(malformed)?,
            b.entries_raw(&tables.1, None).map_err(malformed)?,
        );
        let (mut x, mut y) = (Entry::null(), Entry::null());
        let tabled = Tabled { strings: 8, addresses: 8, locations: 12, ranges: 12 };
        let mut place = Place {
            units: (a, b),
            starts,
            bases: (0, 0),
            low: (0, 0),
            array: (0, 0),
            tabled: (tabled, tabled),
            root: true,
        };
        loop {
            let (halves, spent) = (&mut self.halves, &mut self.spent);
            let some = (
                arrays::next(&mut entries.0, (starts.0, &mut halves.0.arrays), &mut x, spent)?,
                arrays::next(&mut entries.1, (starts.1, &mut halves.1.arrays), &mut y, spent)?,
            );
            match some {
                (None, None) => return Ok(()),
                (Some(false), Some(false)) => {}
                (Some(true), Some(true)) => {
                    self.entry(&x, &y, &mut place)?;
                    place.root = false;
                }
                _ => return Err("other entries"),
            }
        }
    }

    fn entry(
        &mut self,
        a: &Entry<'m>,
        b: &Entry<'m>,
        place: &mut Place<'_, 'm>,
    ) -> Result<(), Unread> {
        let same = (a.tag(), a.has_children(), a.attrs().len())
            == (b.tag(), b.has_children(), b.attrs().len());
        if !same {
            return Err("other entries");
        }
        self.entries.push((place.starts.0 + a.offset().0, place.starts.1 + b.offset().0));
        if place.root {
            place.tabled = (Tabled::of(a), Tabled::of(b));
        }
        // Sizes of code and lists depend on the low address, wherever it stands.
        place.low = (
            self.halves.0.low(place.tabled.0.addresses, a)?,
            self.halves.1.low(place.tabled.1.addresses, b)?,
        );
        if place.root {
            place.bases = place.low;
        }
        match a.tag() {
            dw::DW_TAG_array_type => {
                place.array = (place.starts.0 + a.offset().0, place.starts.1 + b.offset().0);
            }
            dw::DW_TAG_variable => self.variable(a, b, place)?,
            _ => {}
        }
        for (x, y) in a.attrs().iter().zip(b.attrs()) {
            if (x.name(), x.form()) != (y.name(), y.form()) {
                return Err("other attributes");
            }
            self.value(x.name(), x.raw_value(), y.raw_value(), place)?;
        }
        Ok(())
    }

    /// Records a variable with one constant address on both sides, and the entries of its type.
    fn variable(
        &mut self,
        a: &Entry<'m>,
        b: &Entry<'m>,
        place: &Place<'_, 'm>,
    ) -> Result<(), Unread> {
        let ty = |entry: &Entry<'m>| match entry.attr_value_raw(dw::DW_AT_type) {
            Some(AttributeValue::UnitRef(ty)) => Some(ty.0),
            _ => None,
        };
        let places = (
            own_place(a, &mut self.halves.0.addresses, place.tabled.0.addresses)?,
            own_place(b, &mut self.halves.1.addresses, place.tabled.1.addresses)?,
        );
        if let (Some(x), Some(y), (Some(at_x), Some(at_y))) = (ty(a), ty(b), places) {
            let types = (place.starts.0 + x, place.starts.1 + y);
            self.found.variables.push((types, at_x, at_y));
        }
        Ok(())
    }

    fn value(
        &mut self,
        name: dw::DwAt,
        a: Value<'m>,
        b: Value<'m>,
        place: &Place<'_, 'm>,
    ) -> Result<(), Unread> {
        use AttributeValue as V;
        match (a, b) {
            (V::Addr(x), V::Addr(y)) => self.found.code(Part::Info, x, y),
            (V::Data1(_) | V::Data2(_) | V::Data4(_) | V::Data8(_) | V::Udata(_), _)
                if name == dw::DW_AT_high_pc =>
            {
                let size = |value: Value<'m>| value.udata_value().ok_or("a size of code");
                let end = |low: u64, size: u64| low.wrapping_add(size);
                self.found.code(Part::Info, end(place.low.0, size(a)?), end(place.low.1, size(b)?));
            }
            (V::Exprloc(x), V::Exprloc(y)) => self.expression(x.0, y.0, Part::Info, place)?,
            (V::SecOffset(x), V::SecOffset(y)) => self.section(name, x, y, place)?,
            (V::UnitRef(x), V::UnitRef(y)) => {
                self.references.push((place.starts.0 + x.0, place.starts.1 + y.0));
            }
            (V::DebugInfoRef(x), V::DebugInfoRef(y)) => self.references.push((x.0, y.0)),
            (V::DebugStrRef(x), V::DebugStrRef(y)) => {
                self.found.offset(Part::Info, x.0, y.0);
                let texts = (
                    self.halves.0.strings.get(x.0, &mut self.spent)?,
                    self.halves.1.strings.get(y.0, &mut self.spent)?,
                );
                self.found.text(Part::Str, what(name, place.root), texts.0, texts.1);
            }
            (V::String(x), V::String(y)) => {
                self.found.text(Part::Info, what(name, place.root), x.slice(), y.slice());
            }
            (V::DebugAddrIndex(_), _)
            | (V::DebugStrOffsetsIndex(_), _)
            | (V::DebugLineStrRef(_), _)
            | (V::DebugRngListsIndex(_), _)
            | (V::DebugLocListsIndex(_), _) => self.version_5(name, (a, b), place)?,
            // Numbers, flags, blocks, and what version 4 does not have: equal, or not read.
            (x, y) if x == y => {}
            // The type of a text has its length.
            (x, y) if name == dw::DW_AT_count => match (x.udata_value(), y.udata_value()) {
                (Some(x), Some(y)) => self.found.lengths.push((place.array, x, y)),
                _ => return Err("numbers of entries differ"),
            },
            _ => return Err("numbers of entries differ"),
        }
        Ok(())
    }

    /// A value of a form that version 5 has brought: what its index or offset leads to is compared.
    fn version_5(
        &mut self,
        name: dw::DwAt,
        pair: (Value<'m>, Value<'m>),
        place: &Place<'_, 'm>,
    ) -> Result<(), Unread> {
        use AttributeValue as V;
        match pair {
            (V::DebugAddrIndex(x), V::DebugAddrIndex(y)) => {
                self.found.offset(Part::Info, x.0, y.0);
                let pair = self.indexed_addresses((x.0, y.0), place)?;
                self.found.code(Part::Addr, pair.0, pair.1);
            }
            (V::DebugStrOffsetsIndex(x), V::DebugStrOffsetsIndex(y)) => {
                self.found.offset(Part::Info, x.0, y.0);
                let (halves, spent) = (&mut self.halves, &mut self.spent);
                let texts = (
                    halves.0.string(place.tabled.0.strings, x.0, spent)?,
                    halves.1.string(place.tabled.1.strings, y.0, spent)?,
                );
                self.found.text(Part::Str, what(name, place.root), texts.0, texts.1);
            }
            (V::DebugLineStrRef(x), V::DebugLineStrRef(y)) => {
                self.found.offset(Part::Info, x.0, y.0);
                let (halves, spent) = (&mut self.halves, &mut self.spent);
                let texts = (
                    halves.0.line_strings.get(x.0, spent)?,
                    halves.1.line_strings.get(y.0, spent)?,
                );
                self.found.text(Part::LineStr, what(name, place.root), texts.0, texts.1);
            }
            (V::DebugRngListsIndex(x), V::DebugRngListsIndex(y)) => {
                self.found.offset(Part::Info, x.0, y.0);
                let (halves, spent) = (&mut self.halves, &mut self.spent);
                let lists = (
                    halves.0.range_lists.indexed(place.tabled.0.ranges, x.0, spent)?,
                    halves.1.range_lists.indexed(place.tabled.1.ranges, y.0, spent)?,
                );
                self.pieces(Part::RangeLists, (&lists.0, &lists.1), place)?;
            }
            (V::DebugLocListsIndex(x), V::DebugLocListsIndex(y)) => {
                self.found.offset(Part::Info, x.0, y.0);
                let (halves, spent) = (&mut self.halves, &mut self.spent);
                let lists = (
                    halves.0.loc_lists.indexed(place.tabled.0.locations, x.0, spent)?,
                    halves.1.loc_lists.indexed(place.tabled.1.locations, y.0, spent)?,
                );
                self.pieces(Part::LocLists, (&lists.0, &lists.1), place)?;
            }
            _ => return Err("other forms of attributes"),
        }
        Ok(())
    }

    /// An offset into another section (invariant 2).
    fn section(
        &mut self,
        name: dw::DwAt,
        x: usize,
        y: usize,
        place: &Place<'_, 'm>,
    ) -> Result<(), Unread> {
        self.found.offset(Part::Info, x, y);
        match name {
            dw::DW_AT_stmt_list => {
                let at = (self.halves.0.lines.position(x), self.halves.1.lines.position(y));
                match at.0.is_some() && at.0 == at.1 {
                    true => Ok(()),
                    false => Err("references to other tables of lines"),
                }
            }
            // Where they lead is the start of a table, or nothing is read there.
            dw::DW_AT_str_offsets_base
            | dw::DW_AT_addr_base
            | dw::DW_AT_rnglists_base
            | dw::DW_AT_loclists_base
                if place.root =>
            {
                Ok(())
            }
            dw::DW_AT_ranges | dw::DW_AT_start_scope if place.units.0.version() >= 5 => {
                let (halves, spent) = (&mut self.halves, &mut self.spent);
                let lists =
                    (halves.0.range_lists.list(x, spent)?, halves.1.range_lists.list(y, spent)?);
                self.pieces(Part::RangeLists, (&lists.0, &lists.1), place)
            }
            dw::DW_AT_ranges | dw::DW_AT_start_scope => {
                let lists = (
                    self.halves.0.ranges.ranges(x, &mut self.spent)?,
                    self.halves.1.ranges.ranges(y, &mut self.spent)?,
                );
                self.addresses(Part::Ranges, (&lists.0, &lists.1), place.bases)
            }
            dw::DW_AT_macro_info | dw::DW_AT_GNU_macros | dw::DW_AT_macros => Err("macros"),
            _ if place.units.0.version() >= 5 => {
                let (halves, spent) = (&mut self.halves, &mut self.spent);
                let lists =
                    (halves.0.loc_lists.list(x, spent)?, halves.1.loc_lists.list(y, spent)?);
                self.pieces(Part::LocLists, (&lists.0, &lists.1), place)
            }
            _ => {
                let lists = (
                    self.halves.0.loc.locations(x, &mut self.spent)?,
                    self.halves.1.loc.locations(y, &mut self.spent)?,
                );
                self.addresses(Part::Loc, (&lists.0.0, &lists.1.0), place.bases)?;
                if lists.0.1.len() != lists.1.1.len() {
                    return Err("other lists of places");
                }
                for (x, y) in lists.0.1.iter().zip(&lists.1.1) {
                    let slice = |bytes| EndianSlice::new(bytes, LittleEndian);
                    self.expression(slice(x), slice(y), Part::Loc, place)?;
                }
                Ok(())
            }
        }
    }

    /// Pairs of addresses of a list, relative to a base that the list itself may change.
    fn addresses(
        &mut self,
        part: Part,
        (a, b): (Ranges<'_>, Ranges<'_>),
        bases: (u64, u64),
    ) -> Result<(), Unread> {
        if a.len() != b.len() {
            return Err("other lists of addresses");
        }
        let (mut base_a, mut base_b) = bases;
        for ((from_a, to_a), (from_b, to_b)) in a.iter().zip(b) {
            match (*from_a == u32::MAX, *from_b == u32::MAX) {
                (true, true) => {
                    (base_a, base_b) = (u64::from(*to_a), u64::from(*to_b));
                    self.found.code(part, base_a, base_b);
                }
                (false, false) => {
                    for (x, y) in [(from_a, from_b), (to_a, to_b)] {
                        let (x, y) = (u64::from(*x), u64::from(*y));
                        self.found.code(part, base_a.wrapping_add(x), base_b.wrapping_add(y));
                    }
                }
                _ => return Err("other lists of addresses"),
            }
        }
        Ok(())
    }

    /// Two addresses by their indices.
    fn indexed_addresses(
        &mut self,
        (x, y): (usize, usize),
        place: &Place<'_, 'm>,
    ) -> Result<(u64, u64), Unread> {
        let x = self.halves.0.addresses.get(place.tabled.0.addresses, x)?;
        let y = self.halves.1.addresses.get(place.tabled.1.addresses, y)?;
        Ok((x as u64, y as u64))
    }

    /// Two lists of version 5, entry by entry.
    fn pieces(
        &mut self,
        part: Part,
        (a, b): (&[Piece<'m>], &[Piece<'m>]),
        place: &Place<'_, 'm>,
    ) -> Result<(), Unread> {
        if a.len() != b.len() {
            return Err("other lists of addresses");
        }
        let mut bases = place.bases;
        for (x, y) in a.iter().zip(b) {
            if x.kind != y.kind || x.place.is_some() != y.place.is_some() {
                return Err("other lists of addresses");
            }
            let (first, second) = ((x.numbers.0, y.numbers.0), (x.numbers.1, y.numbers.1));
            let sum = |a: (u64, u64), b: (u64, u64)| (a.0.wrapping_add(b.0), a.1.wrapping_add(b.1));
            let mut indexed = |(x, y): (u64, u64)| -> Result<(u64, u64), Unread> {
                let at = |index| usize::try_from(index).map_err(|_| "malformed debug information");
                let pair = self.indexed_addresses((at(x)?, at(y)?), place)?;
                self.found.code(Part::Addr, pair.0, pair.1);
                Ok(pair)
            };
            let (from, to) = match x.kind {
                Kind::BaseIndex => {
                    bases = indexed(first)?;
                    (bases, bases)
                }
                Kind::Base => {
                    bases = first;
                    (bases, bases)
                }
                Kind::Indices => (indexed(first)?, indexed(second)?),
                Kind::IndexLength => {
                    let from = indexed(first)?;
                    (from, sum(from, second))
                }
                Kind::Offsets => (sum(bases, first), sum(bases, second)),
                Kind::Addresses => (first, second),
                Kind::AddressLength => (first, sum(first, second)),
                Kind::Default => ((0, 0), (0, 0)),
            };
            self.found.code(part, from.0, from.1);
            self.found.code(part, to.0, to.1);
            if let (Some(x), Some(y)) = (x.place, y.place) {
                let slice = |bytes| EndianSlice::new(bytes, LittleEndian);
                self.expression(slice(x), slice(y), part, place)?;
            }
        }
        Ok(())
    }

    /// Compares two expressions: operations are equal byte for byte, except for addresses of data.
    fn expression(
        &mut self,
        a: Slice<'m>,
        b: Slice<'m>,
        part: Part,
        place: &Place<'_, 'm>,
    ) -> Result<(), Unread> {
        let (mut x, mut y) = (a, b);
        while !x.is_empty() && !y.is_empty() {
            let (before_x, before_y) = (x.slice(), y.slice());
            let ops = (
                Operation::parse(&mut x, place.units.0.encoding()).map_err(malformed)?,
                Operation::parse(&mut y, place.units.1.encoding()).map_err(malformed)?,
            );
            self.spent.spend(1)?;
            let bytes = |before: &'m [u8], after: usize| &before[..before.len() - after];
            match ops {
                (Operation::Address { address: x }, Operation::Address { address: y }) => {
                    self.found.data(part, x, y);
                }
                (Operation::AddressIndex { index: ia }, Operation::AddressIndex { index: ib }) => {
                    self.found.offset(part, ia.0, ib.0);
                    let pair = self.indexed_addresses((ia.0, ib.0), place)?;
                    self.found.data(Part::Addr, pair.0, pair.1);
                }
                (Operation::ConstantIndex { .. }, _) => return Err("an indexed constant"),
                // Without threads, what is local to a thread lies in data.
                (
                    Operation::UnsignedConstant { value: ca },
                    Operation::UnsignedConstant { value: cb },
                ) if before_x.first() == before_y.first()
                    && is_tls(x.slice())
                    && is_tls(y.slice()) =>
                {
                    self.found.data(part, ca, cb);
                }
                _ if bytes(before_x, x.len()) == bytes(before_y, y.len()) => {}
                _ => return Err("places of variables differ"),
            }
        }
        match x.is_empty() && y.is_empty() {
            true => Ok(()),
            false => Err("places of variables differ"),
        }
    }
}

/// The only address of a variable's place.
fn own_place<'m>(
    entry: &Entry<'m>,
    addresses: &mut Words<'m>,
    base: usize,
) -> Result<Option<u64>, Unread> {
    let Some(AttributeValue::Exprloc(bytes)) = entry.attr_value_raw(dw::DW_AT_location) else {
        return Ok(None);
    };
    match *bytes.0.slice() {
        [ADDRESS, w, x, y, z] => Ok(Some(u64::from(u32::from_le_bytes([w, x, y, z])))),
        [ADDRESS_INDEX, ref index @ ..] => {
            let mut index = EndianSlice::new(index, LittleEndian);
            let at = index.read_uleb128().map_err(malformed)?;
            match usize::try_from(at) {
                Ok(at) if index.is_empty() => Ok(Some(addresses.get(base, at)? as u64)),
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// The kind of a text, by its attribute.
fn what(name: dw::DwAt, root: bool) -> What {
    match name {
        dw::DW_AT_comp_dir => What::Path,
        dw::DW_AT_name if root => What::Path,
        dw::DW_AT_producer => What::Producer,
        _ => What::Text,
    }
}
