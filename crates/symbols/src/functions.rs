//! A place in a unit → the function and the functions inlined there, outermost first.

use crate::INLINED_MAX;
use crate::find::{Info, Slice, Unit, Wanted};
use gimli::{AttributeValue, DebuggingInformationEntry, UnitOffset};
use std::collections::VecDeque;

/// Most steps from an entry to the one that has its name.
const ORIGINS_MAX: usize = 16;

type Entry<'m> = DebuggingInformationEntry<Slice<'m>>;

/// A function that a place is in.
pub(crate) struct Function {
    pub(crate) name: Option<String>,
    /// Where it was called, if it is inlined.
    pub(crate) call: Option<Call>,
}

/// Where an inlined function was called: numbers of file, line and column.
pub(crate) struct Call {
    pub(crate) file: Option<u64>,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
}

/// The functions around a place, outermost first, of more than [`INLINED_MAX`] the innermost: the
/// entries that have it in their ranges, each
/// below the one before.
pub(crate) fn around<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    place: &Wanted,
) -> Option<Vec<Function>> {
    let mut entries = unit.header.entries_raw(&unit.abbreviations, None).ok()?;
    let mut entry = Entry::null();
    // Only the innermost are kept, and named in the end: a name is much longer than an entry.
    let mut found = VecDeque::new();
    // The depth of the innermost entry found; the next one is deeper, or all is found.
    let mut innermost: Option<isize> = None;
    while !entries.is_empty() {
        let depth = entries.next_depth();
        let is_entry = entries.read_entry(&mut entry).ok()?;
        info.work.take(1 + entry.attrs().len() as u64)?;
        if !is_entry {
            continue;
        }
        if innermost.is_some_and(|innermost| depth <= innermost) {
            break;
        }
        let inlined = entry.tag() == gimli::DW_TAG_inlined_subroutine;
        if !inlined && entry.tag() != gimli::DW_TAG_subprogram {
            continue;
        }
        if !holds(info, unit, &entry, place) {
            continue;
        }
        innermost = Some(depth);
        if found.len() == INLINED_MAX {
            found.pop_front();
        }
        found.push_back((entry.offset(), inlined.then(|| call(&entry))));
    }
    let named = found.into_iter().map(|(offset, call)| {
        let entry = entry_at(info, unit, offset)?;
        Some(Function { name: name(info, unit, &entry), call })
    });
    named.collect()
}

/// Whether a range of the entry has the place and is inside its function.
fn holds<'m>(info: &mut Info<'m>, unit: &Unit<'m>, entry: &Entry<'m>, place: &Wanted) -> bool {
    let Ok(mut ranges) = info.dwarf.die_ranges(unit, entry) else { return false };
    while let (Some(()), Ok(Some(range))) = (info.work.take(1), ranges.next()) {
        let inside = range.begin >= place.body.start && range.end <= place.body.end;
        if inside && (range.begin..range.end).contains(&place.address) {
            return true;
        }
    }
    false
}

fn call(entry: &Entry<'_>) -> Call {
    let number = |name| entry.attr_value(name).and_then(|value| value.udata_value());
    let small = |name| number(name).and_then(|number| u32::try_from(number).ok());
    let file = match entry.attr_value(gimli::DW_AT_call_file) {
        Some(AttributeValue::FileIndex(file)) => Some(file),
        Some(other) => other.udata_value(),
        None => None,
    };
    Call { file, line: small(gimli::DW_AT_call_line), column: small(gimli::DW_AT_call_column) }
}

/// The name of an entry, or of the one that it is an instance of: the linker's name before the
/// source's.
fn name<'m>(info: &mut Info<'m>, unit: &Unit<'m>, entry: &Entry<'m>) -> Option<String> {
    let (mut named, mut next) = own_name(info, unit, entry);
    // Another unit is read for an origin there.
    let mut other: Option<Unit<'m>> = None;
    for _ in 0..ORIGINS_MAX {
        if named.is_some() {
            break;
        }
        let offset = match next? {
            AttributeValue::UnitRef(offset) => offset,
            AttributeValue::DebugInfoRef(offset) => {
                let at = info.headers.partition_point(|header| {
                    header.debug_info_offset().is_some_and(|start| start <= offset)
                });
                let at = at.checked_sub(1)?;
                let inside = offset.to_unit_offset(info.headers.get(at)?)?;
                other = Some(info.unit(at)?);
                inside
            }
            _ => return None,
        };
        let there = other.as_ref().unwrap_or(unit);
        let entry = entry_at(info, there, offset)?;
        (named, next) = own_name(info, there, &entry);
    }
    named
}

fn entry_at<'m>(info: &mut Info<'m>, unit: &Unit<'m>, offset: UnitOffset) -> Option<Entry<'m>> {
    let entry = unit.entry(offset).ok()?;
    info.work.take(1 + entry.attrs().len() as u64)?;
    Some(entry)
}

/// The name that an entry has itself, and the attribute that leads on.
fn own_name<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    entry: &Entry<'m>,
) -> (Option<String>, Option<AttributeValue<Slice<'m>>>) {
    let value = |name| entry.attr_value(name);
    let linkage = value(gimli::DW_AT_linkage_name)
        .or_else(|| value(gimli::DW_AT_MIPS_linkage_name))
        .or_else(|| value(gimli::DW_AT_name));
    let next = value(gimli::DW_AT_abstract_origin).or_else(|| value(gimli::DW_AT_specification));
    (linkage.and_then(|name| info.string(unit, name)), next)
}
