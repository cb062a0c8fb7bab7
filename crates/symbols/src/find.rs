//! Offsets → the units that hold them → their symbols.

use crate::functions::{self, Function};
use crate::rows;
use crate::work::Work;
use crate::{NAME_BYTES_MAX, Symbol};
use gimli::{
    AttributeValue, DebugAbbrevOffset, Dwarf, EndianSlice, LittleEndian, Reader as _, Section as _,
};
use prova_module::Module;
use std::ops::Range;

pub(crate) type Slice<'m> = EndianSlice<'m, LittleEndian>;
pub(crate) type Header<'m> = gimli::UnitHeader<Slice<'m>>;
pub(crate) type Unit<'m> = gimli::Unit<Slice<'m>>;

/// The id of the code section.
const CODE: u8 = 10;
/// Bytes of the length in front of a body, at most: compilers begin a function there or behind it.
const LENGTH_BYTES_MAX: u64 = 5;

/// An offset that is looked for.
pub(crate) struct Wanted {
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
}

/// The symbols of operators by their offsets in the module, in bytes: innermost inlined function
/// first, the function itself last; empty where nothing is known.
#[must_use]
pub fn symbols(module: &Module, offsets: &[u32]) -> Vec<Vec<Symbol>> {
    let mut found = vec![Vec::new(); offsets.len()];
    let code = module.sections().iter().find(|section| section.id == CODE);
    if let (Some(code), Some(mut info)) = (code, Info::of(module)) {
        let start = code.range.start as u64;
        let wanted: Vec<Option<Wanted>> =
            offsets.iter().map(|&offset| wanted(module, start, offset)).collect();
        info.fill(&wanted, &mut found);
    }
    found
}

fn wanted(module: &Module, start: u64, offset: u32) -> Option<Wanted> {
    let range = module.body(module.func_at(offset as usize)?)?.range();
    let from = |offset: u64| offset.checked_sub(start);
    let first = (range.start as u64).saturating_sub(LENGTH_BYTES_MAX).max(start);
    let body = from(first)?..from(range.end as u64)?;
    let address = from(u64::from(offset))?;
    body.contains(&address).then_some(Wanted { address, body })
}

impl<'m> Info<'m> {
    /// The debug information of a module, if it has any.
    fn of(module: &'m Module) -> Option<Info<'m>> {
        let sections = module.custom_sections();
        sections.iter().find(|section| &*section.name == ".debug_info")?;
        let section = |id: gimli::SectionId| {
            let found = sections.iter().find(|section| &*section.name == id.name());
            let bytes = found.and_then(|section| module.bytes().get(section.range.clone()));
            Ok::<_, gimli::Error>(EndianSlice::new(bytes.unwrap_or_default(), LittleEndian))
        };
        let dwarf = Dwarf::load(section).ok()?;
        let mut info = Info { dwarf, headers: Vec::new(), work: Work::new() };
        let mut units = info.dwarf.units();
        while let Ok(Some(header)) = units.next() {
            info.work.take(1)?;
            info.headers.push(header);
        }
        Some(info)
    }

    /// Finds each place in the first unit that knows it.
    fn fill(&mut self, wanted: &[Option<Wanted>], found: &mut [Vec<Symbol>]) {
        for at in 0..self.headers.len() {
            let open = |(place, symbols): &(&Option<Wanted>, &mut Vec<Symbol>)| {
                place.is_some() && symbols.is_empty()
            };
            let all_found = !wanted.iter().zip(found.iter_mut()).any(|pair| open(&pair));
            if all_found || self.work.left() == 0 {
                return;
            }
            let Some(unit) = self.unit(at) else { continue };
            for (place, symbols) in wanted.iter().zip(found.iter_mut()).filter(open) {
                let Some(place) = place else { continue };
                if self.may_hold(&unit, place.address) {
                    *symbols = self.symbols_in(&unit, place).unwrap_or_default();
                }
            }
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

    /// Whether the unit's ranges have the address, or it has none.
    fn may_hold(&mut self, unit: &Unit<'m>, address: u64) -> bool {
        let Ok(mut ranges) = self.dwarf.unit_ranges(unit) else { return true };
        let mut any = false;
        while let (Some(()), Ok(Some(range))) = (self.work.take(1), ranges.next()) {
            any = true;
            if (range.begin..range.end).contains(&address) {
                return true;
            }
        }
        !any
    }

    /// The symbols of a place in a unit, with the line of the place innermost, and the lines of
    /// calls outside it.
    fn symbols_in(&mut self, unit: &Unit<'m>, place: &Wanted) -> Option<Vec<Symbol>> {
        let functions = functions::around(self, unit, place).unwrap_or_default();
        let mut at = rows::line(self, unit, place);
        if functions.is_empty() && at.is_none() {
            return None;
        }
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
        Some(symbols)
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
