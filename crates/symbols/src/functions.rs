//! A place in a unit → the function and the functions inlined there, outermost first.

use crate::INLINED_MAX;
use crate::find::{At, Entry, Info, Slice, Unit, Wanted, inside};
use gimli::{AttributeValue, UnitOffset};
use std::collections::{HashMap, VecDeque};

/// Most steps from an entry to the one that has its name.
const ORIGINS_MAX: usize = 16;

/// Entries below this depth count as if they were beside one another.
const DEPTH_MAX: usize = 1 << 16;

/// A function that a place is in.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) name: Option<String>,
    /// Where it was called, if it is inlined.
    pub(crate) call: Option<Call>,
}

/// Where an inlined function was called: numbers of file, line and column.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) file: Option<u64>,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
}

/// The entries found for a place so far.
#[derive(Clone, Default)]
struct Around {
    /// Only the innermost are kept, and named in the end: a name is much longer than an entry.
    found: VecDeque<(UnitOffset, Option<Call>)>,
    /// The depth of the innermost, and which entry it was. The next one is below it, or all is
    /// found.
    innermost: Option<(usize, u64)>,
}

/// The way to the entry that is read: for each depth, which entry came last there.
#[derive(Default)]
struct Path(Vec<u64>);

impl Path {
    fn enter(&mut self, depth: usize, number: u64) {
        self.0.resize(depth.min(DEPTH_MAX), number);
        self.0.push(number);
    }

    /// Whether an entry that is not below it came behind the innermost of a place.
    fn has_left(&self, around: &Around) -> bool {
        around.innermost.is_some_and(|(depth, number)| {
            let last = self.0.get(depth.min(DEPTH_MAX)).or(self.0.last());
            last.is_some_and(|&last| last > number)
        })
    }
}

/// The functions around places sorted by address, outermost first, of more than [`INLINED_MAX`] the
/// innermost: the entries that have it in their ranges, each below the one before.
pub(crate) fn around<'m>(
    info: &mut Info<'m>,
    at: &At<'m>,
    places: &[Wanted],
) -> Vec<Vec<Function>> {
    let mut all = vec![Around::default(); places.len()];
    let mut path = Path::default();
    if read(info, &at.unit, places, &mut all, &mut path).is_none() {
        // What comes behind might be below.
        let open = all.iter_mut().filter(|around| !path.has_left(around));
        open.for_each(|around| *around = Around::default());
    }
    let mut names = HashMap::new();
    let named = all.into_iter().map(|around| {
        let named = around.found.into_iter().map(|(offset, call)| {
            let known = names.get(&offset).cloned();
            let name = known.or_else(|| {
                let entry = entry_at(info, &at.unit, offset)?;
                let name = name(info, at, &entry);
                names.insert(offset, name.clone());
                Some(name)
            })?;
            Some(Function { name, call })
        });
        named.collect::<Option<Vec<_>>>().unwrap_or_default()
    });
    named.collect()
}

/// Reads the unit's entries up to the end, or to where no place can be in another one.
fn read<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    places: &[Wanted],
    all: &mut [Around],
    path: &mut Path,
) -> Option<()> {
    let mut entries = unit.header.entries_raw(&unit.abbreviations, None).ok()?;
    let mut entry = Entry::null();
    // The depth of the outermost entry found, and of how many places one is.
    let (mut outermost, mut found) = (usize::MAX, 0);
    let mut number = 0;
    while !entries.is_empty() {
        let depth = usize::try_from(entries.next_depth()).ok()?;
        let is_entry = entries.read_entry(&mut entry).ok()?;
        info.work.take(1 + entry.attrs().len() as u64)?;
        if !is_entry {
            continue;
        }
        if found == places.len() && depth <= outermost {
            path.enter(depth, number + 1);
            return Some(());
        }
        number += 1;
        path.enter(depth, number);
        let inlined = entry.tag() == gimli::DW_TAG_inlined_subroutine;
        if !inlined && entry.tag() != gimli::DW_TAG_subprogram {
            continue;
        }
        // A list that breaks off has what came before.
        let _ = info.ranges(unit, &entry, |work, range| {
            let here = inside(places, &range);
            work.take(here.len() as u64)?;
            for (place, around) in places[here.clone()].iter().zip(&mut all[here]) {
                let in_body = range.start >= place.body.start && range.end <= place.body.end;
                let is_new = around.innermost.is_none_or(|(_, last)| last < number);
                if !in_body || !is_new || path.has_left(around) {
                    continue;
                }
                if around.innermost.is_none() {
                    (outermost, found) = (outermost.min(depth), found + 1);
                }
                around.innermost = Some((depth, number));
                if around.found.len() == INLINED_MAX {
                    around.found.pop_front();
                }
                around.found.push_back((entry.offset(), inlined.then(|| call(&entry))));
            }
            Some(())
        });
    }
    Some(())
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
pub(crate) fn name<'m>(info: &mut Info<'m>, at: &At<'m>, entry: &Entry<'m>) -> Option<String> {
    let (mut named, mut next) = own_name(info, &at.unit, entry);
    let mut there = at.clone();
    for _ in 0..ORIGINS_MAX {
        if named.is_some() {
            break;
        }
        let offset;
        (there, offset) = info.target(&there, next?)?;
        let entry = entry_at(info, &there.unit, offset)?;
        (named, next) = own_name(info, &there.unit, &entry);
    }
    named
}

pub(crate) fn entry_at<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    offset: UnitOffset,
) -> Option<Entry<'m>> {
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
