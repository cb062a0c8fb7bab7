//! An offset in a module's code → the line of its source, where the module has DWARF's tables of
//! lines.
//!
//! Limits: what is malformed gives no line; at most [`ROWS_MAX`] rows are read.

use gimli::{Dwarf, EndianSlice, LittleEndian};
use prova_builds::names::printable;
use prova_module::Module;

/// Most rows of tables of lines.
const ROWS_MAX: usize = 1 << 24;
/// The id of the code section, from whose contents on DWARF counts.
const CODE: u8 = 10;

type Slice<'m> = EndianSlice<'m, LittleEndian>;

/// File and line of an offset in the module.
#[must_use]
pub fn line(module: &Module, offset: u32) -> Option<String> {
    let code = module.sections().iter().find(|section| section.id == CODE)?;
    let address = u64::from(offset).checked_sub(code.range.start as u64)?;
    let section = |id: gimli::SectionId| {
        let all = module.custom_sections().iter();
        let found = all.into_iter().find(|section| &*section.name == id.name());
        let bytes = found.and_then(|section| module.bytes().get(section.range.clone()));
        Ok::<_, gimli::Error>(EndianSlice::new(bytes.unwrap_or_default(), LittleEndian))
    };
    let dwarf: Dwarf<Slice<'_>> = Dwarf::load(section).ok()?;
    let (mut units, mut left) = (dwarf.units(), ROWS_MAX);
    while let Ok(Some(header)) = units.next() {
        let Ok(unit) = dwarf.unit(header) else { continue };
        if let Some(found) = in_unit(&dwarf, &unit, address, &mut left) {
            return Some(found);
        }
    }
    None
}

fn in_unit(
    dwarf: &Dwarf<Slice<'_>>,
    unit: &gimli::Unit<Slice<'_>>,
    address: u64,
    left: &mut usize,
) -> Option<String> {
    let program = unit.line_program.clone()?;
    let mut rows = program.rows();
    // The row that covers the address starts at it or before, and the next one behind it.
    let mut before: Option<(u64, u64, u64)> = None;
    while let Ok(Some((header, row))) = rows.next_row() {
        *left = left.checked_sub(1)?;
        if let Some((start, file, line)) = before
            && (start..row.address()).contains(&address)
        {
            let name = header.file(file).and_then(|file| {
                let name = dwarf.attr_string(unit, file.path_name()).ok()?;
                Some(name.to_string_lossy().into_owned())
            });
            return Some(format!("{}:{line}", printable(&name?)));
        }
        let line = row.line().map_or(0, std::num::NonZero::get);
        before = (!row.end_sequence()).then_some((row.address(), row.file_index(), line));
    }
    None
}
