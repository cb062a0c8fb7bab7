//! The debug sections of two modules → pairs of what stands in the same place of both: addresses in
//! code and in data, texts; or what does not fit together.
//!
//! Neighbours: `abbreviation` reads what is not a tree, and has the limits; the module above judges
//! the pairs. DWARF 2 to 4 with offsets of 32 bits is read, which clang and rustc write for Wasm;
//! of any other nothing is explained.
//!
//! 1. *All bytes*: units, entries, attributes and rows are compared in order, to the end of each
//!    section; lists and strings are each referred to, or equal in order. What is no address, text
//!    or offset is equal.
//! 2. An offset into another section is no number: what it leads to is compared. A reference to an
//!    entry leads to the entry in the same place.
//! 3. Time and memory are linear in the sections: tables and lists may not overlap, and
//!    [`Spent`] ends what is larger than its bytes can say.

use super::abbreviation::{Lines, Lists, Spent, Strings, Tables};
use super::{Pairs, Part, Unread, What};
use gimli::{
    AttributeValue, DebugInfo, DebuggingInformationEntry, EndianSlice, LittleEndian, Operation,
    Reader, UnitHeader, constants as dw,
};

/// First and last address of each range of a list.
type Ranges<'a> = &'a [(u32, u32)];

pub(super) type Slice<'m> = EndianSlice<'m, LittleEndian>;
type Value<'m> = AttributeValue<Slice<'m>>;
type Entry<'m> = DebuggingInformationEntry<Slice<'m>>;

/// The sections of one side.
pub(super) struct Sections<'m> {
    pub(super) info: &'m [u8],
    pub(super) abbrev: &'m [u8],
    pub(super) strings: &'m [u8],
    pub(super) line: &'m [u8],
    pub(super) loc: &'m [u8],
    pub(super) ranges: &'m [u8],
}

/// What is read of one side besides its entries.
struct Half<'m> {
    tables: Tables<'m>,
    strings: Strings<'m>,
    lines: Lines<'m>,
    loc: Lists<'m>,
    ranges: Lists<'m>,
}

impl<'m> Half<'m> {
    fn new(sections: &Sections<'m>) -> Result<Half<'m>, Unread> {
        Ok(Half {
            tables: Tables::new(sections.abbrev),
            strings: Strings::new(sections.strings),
            lines: Lines::new(sections.line)?,
            loc: Lists::new(sections.loc),
            ranges: Lists::new(sections.ranges),
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
    both.found.lines((&both.halves.0.lines, &both.halves.1.lines), &mut both.spent)?;
    if !both.halves.0.loc.whole() || !both.halves.1.loc.whole() {
        return Err("parts of .debug_loc that nothing refers to");
    }
    if !both.halves.0.ranges.whole() || !both.halves.1.ranges.whole() {
        return Err("parts of .debug_ranges that nothing refers to");
    }
    if both.halves.0.strings.rest() != both.halves.1.strings.rest() {
        return Err("strings that nothing refers to");
    }
    // Invariant 2: entries that stand in the same place.
    both.entries.sort_unstable();
    for (x, y) in &both.references {
        let at = both.entries.binary_search_by_key(x, |(x, _)| *x);
        if at.ok().map(|at| both.entries[at].1) != Some(*y) {
            return Err("references to other entries");
        }
    }
    Ok(both.found)
}

struct Both<'m> {
    halves: (Half<'m>, Half<'m>),
    found: Pairs<'m>,
    /// Offsets of entries in the same place.
    entries: Vec<(usize, usize)>,
    references: Vec<(usize, usize)>,
    spent: Spent,
}

/// What an attribute's value depends on: both units, where they start, and the entries' low
/// addresses of code.
struct Place<'u, 'm> {
    units: (&'u UnitHeader<Slice<'m>>, &'u UnitHeader<Slice<'m>>),
    starts: (usize, usize),
    /// What the lists of the unit are relative to.
    bases: (u64, u64),
    low: (u64, u64),
    /// The last type of arrays, by A's offset.
    array: usize,
    /// Whether the entry is that of the unit.
    root: bool,
}

/// Whether the next operation makes an address in a thread's storage of the number before.
fn is_tls(rest: &[u8]) -> bool {
    matches!(rest.first(), Some(&(TLS | GNU_TLS)))
}

/// The opcodes of `DW_OP_form_tls_address` and `DW_OP_GNU_push_tls_address`.
const TLS: u8 = 0x9b;
const GNU_TLS: u8 = 0xe0;

/// The opcode of `DW_OP_addr`.
const ADDRESS: u8 = 0x03;

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
            (2..=4).contains(&unit.version())
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
        let mut place =
            Place { units: (a, b), starts, bases: (0, 0), low: (0, 0), array: 0, root: true };
        while !entries.0.is_empty() && !entries.1.is_empty() {
            let some = (
                entries.0.read_entry(&mut x).map_err(malformed)?,
                entries.1.read_entry(&mut y).map_err(malformed)?,
            );
            self.spent.spend(1 + x.attrs().len() + y.attrs().len())?;
            if some.0 != some.1 {
                return Err("other entries");
            }
            if some.0 {
                self.entry(&x, &y, &mut place)?;
                place.root = false;
            }
        }
        match entries.0.is_empty() && entries.1.is_empty() {
            true => Ok(()),
            false => Err("one side has more entries"),
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
        // Sizes of code and lists depend on the low address, wherever it stands.
        let low = |entry: &Entry<'m>| match entry.attr_value_raw(dw::DW_AT_low_pc) {
            Some(AttributeValue::Addr(low)) => low,
            _ => 0,
        };
        place.low = (low(a), low(b));
        if place.root {
            place.bases = place.low;
        }
        match a.tag() {
            dw::DW_TAG_array_type => place.array = place.starts.0 + a.offset().0,
            dw::DW_TAG_variable => self.variable(a, b, place.starts.0),
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

    /// Where a variable is that has a place of its own, and the type of which it is.
    fn variable(&mut self, a: &Entry<'m>, b: &Entry<'m>, start: usize) {
        let place = |entry: &Entry<'m>| match entry.attr_value_raw(dw::DW_AT_location) {
            Some(AttributeValue::Exprloc(bytes)) => match *bytes.0.slice() {
                [ADDRESS, w, x, y, z] => Some(u64::from(u32::from_le_bytes([w, x, y, z]))),
                _ => None,
            },
            _ => None,
        };
        let ty = a.attr_value_raw(dw::DW_AT_type);
        if let (Some(AttributeValue::UnitRef(ty)), Some(x), Some(y)) = (ty, place(a), place(b)) {
            self.found.variables.push((start + ty.0, x, y));
        }
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
            dw::DW_AT_ranges | dw::DW_AT_start_scope => {
                let lists = (
                    self.halves.0.ranges.ranges(x, &mut self.spent)?,
                    self.halves.1.ranges.ranges(y, &mut self.spent)?,
                );
                self.addresses(Part::Ranges, (&lists.0, &lists.1), place.bases)
            }
            dw::DW_AT_macro_info | dw::DW_AT_GNU_macros => Err("macros"),
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

    /// Operations are equal byte for byte, but for addresses of data.
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

/// What a text says.
fn what(name: dw::DwAt, root: bool) -> What {
    match name {
        dw::DW_AT_comp_dir => What::Path,
        dw::DW_AT_name if root => What::Path,
        dw::DW_AT_producer => What::Producer,
        _ => What::Text,
    }
}

/// Compares two tables of lines.
pub(super) fn lines<'m>(
    found: &mut Pairs<'m>,
    (a, b): (&gimli::IncompleteLineProgram<Slice<'m>>, &gimli::IncompleteLineProgram<Slice<'m>>),
    spent: &mut Spent,
) -> Result<(), Unread> {
    let (x, y) = (a.header(), b.header());
    let same = (x.encoding(), x.line_encoding(), x.opcode_base(), x.address_size())
        == (y.encoding(), y.line_encoding(), y.opcode_base(), y.address_size())
        && x.standard_opcode_lengths() == y.standard_opcode_lengths()
        && x.include_directories().len() == y.include_directories().len()
        && x.file_names().len() == y.file_names().len();
    if !same {
        return Err("other headers of tables of lines");
    }
    let mut path = |x: Value<'m>, y: Value<'m>| match (x, y) {
        (AttributeValue::String(x), AttributeValue::String(y)) => {
            spent.spend(x.len() + y.len())?;
            found.text(Part::Line, What::Path, x.slice(), y.slice());
            Ok(())
        }
        _ => Err("names of files in another section"),
    };
    for (x, y) in x.include_directories().iter().zip(y.include_directories()) {
        path(*x, *y)?;
    }
    for (x, y) in x.file_names().iter().zip(y.file_names()) {
        let numbers = |file: &gimli::FileEntry<Slice<'m>>| {
            (file.directory_index(), file.timestamp(), file.size())
        };
        if numbers(x) != numbers(y) {
            return Err("other directories, times or sizes of files");
        }
        path(x.path_name(), y.path_name())?;
    }
    let (mut rows_a, mut rows_b) = (a.clone().rows(), b.clone().rows());
    loop {
        spent.spend(1)?;
        let (row_a, row_b) =
            (rows_a.next_row().map_err(malformed)?, rows_b.next_row().map_err(malformed)?);
        match (row_a, row_b) {
            (None, None) => return Ok(()),
            (Some((_, x)), Some((_, y))) => {
                found.code(Part::Line, x.address(), y.address());
                if row(x) != row(y) {
                    return Err("other rows of lines");
                }
            }
            _ => return Err("other rows of lines"),
        }
    }
}

/// All of a row but its address.
fn row(row: &gimli::LineRow) -> impl PartialEq + use<> {
    let place = (row.file_index(), row.line(), row.column(), row.op_index());
    let flags = (row.is_stmt(), row.basic_block(), row.end_sequence());
    let edges = (row.prologue_end(), row.epilogue_begin(), row.isa(), row.discriminator());
    (place, flags, edges)
}
