//! Offsets → the units that hold them → their symbols.

use crate::functions::{self, Function};
use crate::rows;
use crate::work::Work;
use crate::{NAME_BYTES_MAX, Symbol};
use gimli::{
    AttributeValue, DebugAbbrevOffset, Dwarf, EndianSlice, LittleEndian, Reader as _, Section as _,
    UnitOffset,
};
use prova_module::Module;
use std::ops::Range;
use std::rc::Rc;

pub(crate) type Slice<'m> = EndianSlice<'m, LittleEndian>;
pub(crate) type Header<'m> = gimli::UnitHeader<Slice<'m>>;
pub(crate) type Unit<'m> = gimli::Unit<Slice<'m>>;
pub(crate) type Entry<'m> = gimli::DebuggingInformationEntry<Slice<'m>>;

/// The id of the code section.
const CODE: u8 = 10;
/// Bytes of the length in front of a body, at most: compilers begin a function there or behind it.
const LENGTH_BYTES_MAX: u64 = 5;

/// An offset that is looked for.
#[derive(Clone)]
pub(crate) struct Wanted {
    /// Where its answer goes.
    pub(crate) index: usize,
    /// The address in terms of DWARF.
    pub(crate) address: u64,
    /// Where the body of its function is.
    pub(crate) body: Range<u64>,
}

/// The debug information of a module, and what may still be read of it.
pub(crate) struct Info<'m> {
    pub(crate) dwarf: Dwarf<Slice<'m>>,
    /// All units, in their order.
    pub(crate) headers: Vec<Header<'m>>,
    pub(crate) work: Work,
    /// The unit that was read last for an entry that another one leads to.
    other: Option<At<'m>>,
}

/// A unit with its number.
#[derive(Clone)]
pub(crate) struct At<'m> {
    pub(crate) number: usize,
    pub(crate) unit: Rc<Unit<'m>>,
}

/// The symbols of operators by their offsets in the module, in bytes: innermost inlined function
/// first, the function itself last; empty where nothing is known.
#[must_use]
pub fn symbols(module: &Module, offsets: &[u32]) -> Vec<Vec<Symbol>> {
    let mut found = vec![Vec::new(); offsets.len()];
    if let Some(mut info) = Info::of(module) {
        let wanted = offsets.iter().enumerate();
        let wanted = wanted.filter_map(|(index, &offset)| wanted_at(module, index, offset));
        info.fill(wanted.collect(), &mut found);
    }
    found
}

/// An offset in the module as DWARF counts it; none outside bodies.
pub(crate) fn wanted_at(module: &Module, index: usize, offset: u32) -> Option<Wanted> {
    let code = module.sections().iter().find(|section| section.id == CODE)?;
    let start = code.range.start as u64;
    let range = module.body(module.func_at(offset as usize)?)?.range();
    let from = |offset: u64| offset.checked_sub(start);
    let first = (range.start as u64).saturating_sub(LENGTH_BYTES_MAX).max(start);
    let body = from(first)?..from(range.end as u64)?;
    let address = from(u64::from(offset))?;
    body.contains(&address).then_some(Wanted { index, address, body })
}

/// Those of places, sorted by address, that a range has.
pub(crate) fn inside(places: &[Wanted], range: &Range<u64>) -> Range<usize> {
    let before = |end: u64| places.partition_point(|place| place.address < end);
    let from = before(range.start);
    from..before(range.end).max(from)
}

impl<'m> Info<'m> {
    /// The debug information of a module, if it has any.
    pub(crate) fn of(module: &'m Module) -> Option<Info<'m>> {
        let sections = module.custom_sections();
        sections.iter().find(|section| &*section.name == ".debug_info")?;
        let section = |id: gimli::SectionId| {
            let found = sections.iter().find(|section| &*section.name == id.name());
            let bytes = found.and_then(|section| module.bytes().get(section.range.clone()));
            Ok::<_, gimli::Error>(EndianSlice::new(bytes.unwrap_or_default(), LittleEndian))
        };
        let dwarf = Dwarf::load(section).ok()?;
        let mut info = Info { dwarf, headers: Vec::new(), work: Work::new(), other: None };
        let mut units = info.dwarf.units();
        while let Ok(Some(header)) = units.next() {
            info.work.take(1)?;
            info.headers.push(header);
        }
        Some(info)
    }

    /// Finds each place in the first unit that knows it.
    fn fill(&mut self, mut wanted: Vec<Wanted>, found: &mut [Vec<Symbol>]) {
        wanted.sort_by_key(|place| place.address);
        for at in 0..self.headers.len() {
            if wanted.is_empty() || self.work.left() == 0 {
                return;
            }
            let Some(unit) = self.unit(at) else { continue };
            let here = self.held(&unit, &wanted);
            let unit = At { number: at, unit: Rc::new(unit) };
            for (place, symbols) in here.iter().zip(self.symbols_in(&unit, &here)) {
                found[place.index] = symbols;
            }
            wanted.retain(|place| found[place.index].is_empty());
        }
    }

    /// A unit with its abbreviations and the header of its lines; none if it is malformed.
    pub(crate) fn unit(&mut self, at: usize) -> Option<Unit<'m>> {
        let header = *self.headers.get(at)?;
        // Twice: once for the entry below, once for the unit.
        self.take_abbreviations(header.debug_abbrev_offset())?;
        self.take_abbreviations(header.debug_abbrev_offset())?;
        let abbreviations = self.dwarf.abbreviations(&header).ok()?;
        let mut entries = header.entries(&abbreviations);
        let root = entries.next_dfs().ok()??;
        self.work.take(root.attrs().len() as u64)?;
        if let Some(AttributeValue::DebugLineRef(offset)) = root.attr_value(gimli::DW_AT_stmt_list)
        {
            self.take_line_header(offset.0)?;
        }
        let unit = self.dwarf.unit(header).ok()?;
        // The ends of its strings were looked for.
        let strings = [unit.name, unit.comp_dir].into_iter().flatten();
        self.work.take(strings.map(|text| text.len() as u64).sum())?;
        Some(unit)
    }

    /// Takes steps for a table of abbreviations: its bytes.
    fn take_abbreviations(&mut self, offset: DebugAbbrevOffset<usize>) -> Option<()> {
        let mut table = *self.dwarf.debug_abbrev.reader();
        table.skip(offset.0).ok()?;
        let most = usize::try_from(self.work.left()).unwrap_or(usize::MAX);
        table.truncate(table.len().min(most)).ok()?;
        let all = table.len();
        let whole = pass_abbreviations(&mut table);
        self.work.take((all - table.len()) as u64)?;
        whole.ok()
    }

    /// Takes steps for the header of a program of line numbers: the bytes up to the program.
    fn take_line_header(&mut self, offset: usize) -> Option<()> {
        let mut left = *self.dwarf.debug_line.reader();
        left.skip(offset).ok()?;
        let (length, format) = left.read_initial_length().ok()?;
        let version = left.read_u16().ok()?;
        if version >= 5 {
            left.skip(2).ok()?;
        }
        let header = left.read_length(format).ok()?;
        self.work.take(header.min(length) as u64)
    }

    /// Those of places, sorted by address, that the unit's ranges have; all if it has none.
    pub(crate) fn held(&mut self, unit: &Unit<'m>, places: &[Wanted]) -> Vec<Wanted> {
        let mut entries = unit.header.entries(&unit.abbreviations);
        let Ok(Some(root)) = entries.next_dfs() else { return places.to_vec() };
        let (mut any, mut holds) = (false, vec![false; places.len()]);
        // A list that breaks off has what came before.
        let _ = self.ranges(unit, root, |work, range| {
            any = true;
            let inside = inside(places, &range);
            work.take(inside.len() as u64)?;
            holds[inside].fill(true);
            Some(())
        });
        if !any {
            return places.to_vec();
        }
        let here = places.iter().zip(holds).filter(|(_, holds)| *holds);
        here.map(|(place, _)| place.clone()).collect()
    }

    /// The ranges of an entry, up to where the reader gives none. Each item of a list is a step, so
    /// that one that has no ranges ends too.
    pub(crate) fn ranges(
        &mut self,
        unit: &Unit<'m>,
        entry: &Entry<'m>,
        mut reader: impl FnMut(&mut Work, Range<u64>) -> Option<()>,
    ) -> Option<()> {
        let Some(list) = entry.attr_value(gimli::DW_AT_ranges) else {
            let mut ranges = self.dwarf.die_ranges(unit, entry).ok()?;
            while let Some(range) = ranges.next().ok()? {
                self.work.take(1)?;
                reader(&mut self.work, range.begin..range.end)?;
            }
            return Some(());
        };
        let mut list = self.dwarf.attr_ranges(unit, list).ok()??;
        while let Some(item) = list.next_raw().ok()? {
            self.work.take(1)?;
            if let Some(range) = list.convert_raw(item).ok()? {
                reader(&mut self.work, range.begin..range.end)?;
            }
        }
        Some(())
    }

    /// The symbols of places in a unit, sorted by address: with the line of the place innermost,
    /// and the lines of calls outside it.
    fn symbols_in(&mut self, at: &At<'m>, places: &[Wanted]) -> Vec<Vec<Symbol>> {
        if places.is_empty() {
            return Vec::new();
        }
        let functions = functions::around(self, at, places);
        let unit = &at.unit;
        let lines = rows::lines(self, unit, places);
        let symbols = functions.into_iter().zip(lines).map(|(functions, mut at)| {
            let mut symbols = Vec::new();
            for Function { name, call } in functions.into_iter().rev() {
                let here = at.take().unwrap_or_default();
                symbols.push(Symbol { name, ..here });
                at = call.and_then(|call| rows::called_from(self, unit, &call));
            }
            // Lines without entries of functions.
            if let Some(at) = at.filter(|_| symbols.is_empty()) {
                symbols.push(at);
            }
            symbols
        });
        symbols.collect()
    }

    /// The entry that an attribute leads to, which may be in another unit.
    pub(crate) fn target(
        &mut self,
        at: &At<'m>,
        value: AttributeValue<Slice<'m>>,
    ) -> Option<(At<'m>, UnitOffset)> {
        let offset = match value {
            AttributeValue::UnitRef(offset) => return Some((at.clone(), offset)),
            AttributeValue::DebugInfoRef(offset) => offset,
            _ => return None,
        };
        let number = self.headers.partition_point(|header| {
            header.debug_info_offset().is_some_and(|start| start <= offset)
        });
        let number = number.checked_sub(1)?;
        let inside = offset.to_unit_offset(self.headers.get(number)?)?;
        if number == at.number {
            return Some((at.clone(), inside));
        }
        let known = self.other.take().filter(|other| other.number == number);
        let other = match known {
            Some(other) => other,
            None => At { number, unit: Rc::new(self.unit(number)?) },
        };
        self.other = Some(other.clone());
        Some((other, inside))
    }

    /// A string of an attribute, cut at its limit.
    pub(crate) fn string(
        &mut self,
        unit: &Unit<'m>,
        value: AttributeValue<Slice<'m>>,
    ) -> Option<String> {
        let text = self.dwarf.attr_string(unit, value).ok()?;
        let bytes = text.slice();
        // Its end was looked for.
        self.work.take(bytes.len() as u64)?;
        Some(String::from_utf8_lossy(&bytes[..bytes.len().min(NAME_BYTES_MAX)]).into_owned())
    }
}

/// Reads a table of abbreviations, up to its end.
fn pass_abbreviations(table: &mut Slice<'_>) -> gimli::Result<()> {
    while table.read_uleb128()? != 0 {
        table.read_uleb128()?;
        table.read_u8()?;
        loop {
            let (name, form) = (table.read_uleb128()?, table.read_uleb128()?);
            if form == u64::from(gimli::DW_FORM_implicit_const.0) {
                table.read_sleb128()?;
            }
            if (name, form) == (0, 0) {
                break;
            }
        }
    }
    Ok(())
}
