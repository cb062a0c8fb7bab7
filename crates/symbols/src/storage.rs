//! Addresses of memory, names, and offsets of operators → the variables of the source.
//!
//! A static variable lies where its entry says, in a function too. A local one is looked
//! for in the entries around an operator: each block has its own, and a list says where each is
//! while that operator runs.

use crate::find::{At, Entry, Info, Slice, Unit, Wanted, wanted_at};
use crate::functions::{entry_at, name};
use crate::place::{self, Place};
use crate::rows::file_name;
use crate::types::{Spelling, Types};
use gimli::{AttributeValue, Expression, UnitOffset};
use prova_module::Module;
use std::ops::Range;
use std::rc::Rc;

/// Most variables of one answer.
pub const VARIABLES_MAX: usize = 1024;
/// Most steps from an entry to the one that has what it lacks.
const ORIGINS_MAX: usize = 16;

/// A variable of the source, as debug information has it: hostile text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name in the source.
    pub name: Option<String>,
    /// The name as the linker knows it, if it has one: with namespaces, mangled.
    pub linkage: Option<String>,
    /// The name of the function that declares it, as the linker knows it, if that is known.
    pub function: Option<String>,
    /// The type in the source's words.
    pub type_name: Option<String>,
    /// Its size.
    pub bytes: Option<u64>,
    /// The path of the file that declares it.
    pub file: Option<String>,
    /// The line there, from 1 on.
    pub line: Option<u32>,
    /// Where it is.
    pub place: Place,
}

/// The static variables that have a byte of a range of memory 0, in their order in the debug
/// information, without those that the linker removed.
#[must_use]
pub fn variables_in(module: &Module, range: Range<u64>) -> Vec<Variable> {
    statics(module, |_, address, bytes| {
        address < range.end && address.saturating_add(bytes.max(1)) > range.start
    })
}

/// The static variables of a name, the source's or the linker's.
#[must_use]
pub fn variables_named(module: &Module, is_name: impl Fn(&str) -> bool) -> Vec<Variable> {
    statics(module, |variable, _, _| {
        let mut names = [&variable.name, &variable.linkage].into_iter().flatten();
        names.any(|name| is_name(name))
    })
}

/// The variables that the operator at an offset in the module can name: those of the function and
/// of the blocks and inlined functions around it, outermost first.
#[must_use]
pub fn variables_at(module: &Module, offset: u32) -> Vec<Variable> {
    let (Some(place), Some(mut info)) = (wanted_at(module, 0, offset), Info::of(module)) else {
        return Vec::new();
    };
    for number in 0..info.headers.len() {
        let Some(unit) = info.unit(number) else { continue };
        if info.held(&unit, std::slice::from_ref(&place)).is_empty() {
            continue;
        }
        let at = At { number, unit: Rc::new(unit) };
        let mut found = Found::default();
        // What comes behind the last step is not known.
        let _ = locals(&mut info, &at, &place, &mut found);
        if found.is_inside {
            return found.finish(&mut info);
        }
    }
    Vec::new()
}

/// Variables while their units are read.
#[derive(Default)]
struct Found {
    variables: Vec<(Variable, Option<Spelling>)>,
    types: Types,
    /// Whether a function around the place was found.
    is_inside: bool,
}

impl Found {
    fn finish(mut self, info: &mut Info<'_>) -> Vec<Variable> {
        self.types.qualify(info);
        let types = &self.types;
        let finished = self.variables.into_iter().map(|(variable, spelling)| {
            let type_name = spelling.map(|spelling| types.text(&spelling));
            Variable { type_name, ..variable }
        });
        finished.collect()
    }

    /// A variable at its place, without its type's name; the type is noted if `keep` wants it.
    fn take<'m>(
        &mut self,
        info: &mut Info<'m>,
        at: &At<'m>,
        entry: &Entry<'m>,
        place: Place,
        keep: impl FnOnce(&Variable, u64) -> bool,
    ) -> Option<()> {
        let mut variable = Variable {
            name: None,
            linkage: None,
            function: None,
            type_name: None,
            bytes: None,
            file: None,
            line: None,
            place,
        };
        let mut spelling = None;
        let (mut there, mut next) = (at.clone(), entry.clone());
        for _ in 0..ORIGINS_MAX {
            let mut text = |name| {
                let value = next.attr_value(name)?;
                info.string(&there.unit, value)
            };
            variable.name = variable.name.take().or_else(|| text(gimli::DW_AT_name));
            variable.linkage = variable.linkage.take().or_else(|| text(gimli::DW_AT_linkage_name));
            if spelling.is_none() {
                spelling = self.types.of(info, &there, &next);
            }
            if variable.line.is_none() {
                declared(info, &there.unit, &next, &mut variable);
            }
            let origin = next.attr_value(gimli::DW_AT_abstract_origin);
            let Some(origin) = origin.or_else(|| next.attr_value(gimli::DW_AT_specification))
            else {
                break;
            };
            let offset;
            (there, offset) = info.target(&there, origin)?;
            next = entry_at(info, &there.unit, offset)?;
        }
        variable.bytes = spelling.as_ref().and_then(|spelling| spelling.bytes);
        if keep(&variable, variable.bytes.unwrap_or(0)) {
            self.variables.push((variable, spelling));
        }
        Some(())
    }
}

/// Where an entry is declared.
fn declared<'m>(info: &mut Info<'m>, unit: &Unit<'m>, entry: &Entry<'m>, variable: &mut Variable) {
    let number = |name| match entry.attr_value(name) {
        Some(AttributeValue::FileIndex(file)) => Some(file),
        Some(other) => other.udata_value(),
        None => None,
    };
    let line = number(gimli::DW_AT_decl_line).and_then(|line| u32::try_from(line).ok());
    variable.line = line.filter(|&line| line > 0);
    let file = number(gimli::DW_AT_decl_file).filter(|_| variable.line.is_some());
    variable.file = file.and_then(|file| file_name(info, unit, file));
}

/// The static variables that are wanted: by what is known of them, their address and size.
fn statics(module: &Module, wanted: impl Fn(&Variable, u64, u64) -> bool) -> Vec<Variable> {
    let Some(mut info) = Info::of(module) else { return Vec::new() };
    let mut found = Found::default();
    for number in 0..info.headers.len() {
        let Some(unit) = info.unit(number) else { continue };
        let at = At { number, unit: Rc::new(unit) };
        // A malformed unit has what came before.
        let _ = statics_in(&mut info, &at, &mut found, &wanted);
        if found.variables.len() >= VARIABLES_MAX || info.work.left() == 0 {
            break;
        }
    }
    found.finish(&mut info)
}

fn statics_in<'m>(
    info: &mut Info<'m>,
    at: &At<'m>,
    found: &mut Found,
    wanted: &impl Fn(&Variable, u64, u64) -> bool,
) -> Option<()> {
    let unit = Rc::clone(&at.unit);
    let mut entries = unit.header.entries_raw(&unit.abbreviations, None).ok()?;
    let mut entry = Entry::null();
    // The function that the next entry may be in.
    let mut function: Option<(isize, UnitOffset)> = None;
    while !entries.is_empty() && found.variables.len() < VARIABLES_MAX {
        let depth = entries.next_depth();
        let is_entry = entries.read_entry(&mut entry).ok()?;
        info.work.take(1 + entry.attrs().len() as u64)?;
        if !is_entry {
            continue;
        }
        function = function.filter(|&(outer, _)| outer < depth);
        if entry.tag() == gimli::DW_TAG_subprogram {
            function = Some((depth, entry.offset()));
        }
        let location = entry.attr_value(gimli::DW_AT_location);
        let is_static = entry.tag() == gimli::DW_TAG_variable
            && matches!(location, Some(AttributeValue::Exprloc(_)));
        if !is_static {
            continue;
        }
        let Some(Place::Memory(address)) = place::of(info, at.unit.as_ref(), &entry, 0, None)
        else {
            continue;
        };
        if is_removed(address, &unit) {
            continue;
        }
        let before = found.variables.len();
        let keep = |variable: &Variable, bytes| wanted(variable, address, bytes);
        // One that leads nowhere is no reason to lose the others.
        let _ = found.take(info, at, &entry, Place::Memory(address), keep);
        if found.variables.len() > before
            && let Some((_, function)) = function
        {
            let entry = entry_at(info, &unit, function)?;
            let name = name(info, at, &entry);
            found.variables[before].0.function = name;
        }
    }
    Some(())
}

/// Whether linkers put what they removed at an address: at 0, or at the last ones.
fn is_removed(address: u64, unit: &Unit<'_>) -> bool {
    let last = match unit.encoding().address_size {
        4 => u32::MAX.into(),
        _ => u64::MAX,
    };
    address == 0 || address >= last - 1
}

/// A block around a place: its depth, and the function it belongs to.
struct Scope<'m> {
    depth: isize,
    function: Option<String>,
    frame: Option<Expression<Slice<'m>>>,
}

/// The variables of the entries around a place.
fn locals<'m>(info: &mut Info<'m>, at: &At<'m>, place: &Wanted, found: &mut Found) -> Option<()> {
    let unit = Rc::clone(&at.unit);
    let mut entries = unit.header.entries_raw(&unit.abbreviations, None).ok()?;
    let mut entry = Entry::null();
    let mut scopes: Vec<Scope<'m>> = Vec::new();
    while !entries.is_empty() {
        let depth = entries.next_depth();
        let is_entry = entries.read_entry(&mut entry).ok()?;
        info.work.take(1 + entry.attrs().len() as u64)?;
        if !is_entry {
            continue;
        }
        while scopes.last().is_some_and(|scope| scope.depth >= depth) {
            scopes.pop();
        }
        if scopes.is_empty() && found.is_inside || found.variables.len() >= VARIABLES_MAX {
            break;
        }
        match entry.tag() {
            gimli::DW_TAG_subprogram
            | gimli::DW_TAG_inlined_subroutine
            | gimli::DW_TAG_lexical_block
            | gimli::DW_TAG_try_block
            | gimli::DW_TAG_catch_block => {
                let in_scope = scopes.last().is_none_or(|scope| scope.depth + 1 == depth);
                if !in_scope || !holds(info, &unit, &entry, place) {
                    continue;
                }
                let outer = scopes.last();
                let frame = match entry.attr_value(gimli::DW_AT_frame_base) {
                    Some(AttributeValue::Exprloc(frame)) => Some(frame),
                    _ => outer.and_then(|outer| outer.frame),
                };
                let is_function = entry.tag() == gimli::DW_TAG_subprogram
                    || entry.tag() == gimli::DW_TAG_inlined_subroutine;
                if outer.is_none() && !is_function {
                    continue;
                }
                let function = match is_function {
                    true => name(info, at, &entry),
                    false => outer.and_then(|outer| outer.function.clone()),
                };
                found.is_inside = true;
                scopes.push(Scope { depth, function, frame });
            }
            gimli::DW_TAG_variable | gimli::DW_TAG_formal_parameter => {
                let Some(scope) = scopes.last().filter(|scope| scope.depth + 1 == depth) else {
                    continue;
                };
                let frame = scope.frame.as_ref();
                let here = place::of(info, &unit, &entry, place.address, frame);
                let before = found.variables.len();
                let here = here.unwrap_or(Place::Gone);
                let _ = found.take(info, at, &entry, here, |_, _| true);
                if let Some((variable, _)) = found.variables.get_mut(before) {
                    variable.function.clone_from(&scope.function);
                }
            }
            _ => {}
        }
    }
    Some(())
}

/// Whether a range of the entry has the place and is inside its function.
fn holds<'m>(info: &mut Info<'m>, unit: &Unit<'m>, entry: &Entry<'m>, place: &Wanted) -> bool {
    let mut holds = false;
    // A list that breaks off has what came before.
    let _ = info.ranges(unit, entry, |_, range| {
        let inside = range.start >= place.body.start && range.end <= place.body.end;
        holds |= inside && range.contains(&place.address);
        (!holds).then_some(())
    });
    holds
}
