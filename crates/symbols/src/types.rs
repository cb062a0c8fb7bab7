//! An entry of a type → its name as the source writes it, and its size.
//!
//! A name that stands in namespaces gets them in the end, for all types together
//! ([`Types::qualify`]): entries do not know what they are in, and each unit is read once.

use crate::NAME_BYTES_MAX;
use crate::find::{At, Entry, Info, Slice, Unit};
use crate::functions::entry_at;
use gimli::{AttributeValue, UnitOffset};
use std::collections::BTreeMap;

/// Most entries of one type: pointers, qualifiers, parameters of functions.
const PARTS_MAX: u32 = 64;
/// Most namespaces and types that a name stands in.
const SCOPES_MAX: usize = 32;

/// A type as it is spelled around the name of a variable.
#[derive(Clone, Default)]
pub(crate) struct Spelling {
    before: Vec<Piece>,
    after: Vec<Piece>,
    pub(crate) bytes: Option<u64>,
    /// Whether what binds more loosely stands behind: it gets parentheses.
    binds: bool,
}

#[derive(Clone)]
enum Piece {
    Text(String),
    /// A name to be qualified: the unit and the entry.
    Name(usize, UnitOffset),
}

/// The names of types that were met, by unit and entry.
#[derive(Default)]
pub(crate) struct Types(BTreeMap<usize, BTreeMap<UnitOffset, String>>);

impl Types {
    /// The type that an entry's attribute leads to; `None` if it has none, or none is found.
    pub(crate) fn of<'m>(
        &mut self,
        info: &mut Info<'m>,
        at: &At<'m>,
        entry: &Entry<'m>,
    ) -> Option<Spelling> {
        let value = entry.attr_value(gimli::DW_AT_type)?;
        self.spelled(info, at, Some(value), &mut PARTS_MAX.clone())
    }

    fn spelled<'m>(
        &mut self,
        info: &mut Info<'m>,
        at: &At<'m>,
        to: Option<AttributeValue<Slice<'m>>>,
        parts: &mut u32,
    ) -> Option<Spelling> {
        let Some(to) = to else { return Some(Spelling::text("void", None)) };
        *parts = parts.checked_sub(1)?;
        let (at, offset) = info.target(at, to)?;
        let entry = entry_at(info, &at.unit, offset)?;
        let name = match entry.attr_value(gimli::DW_AT_name) {
            Some(name) => info.string(&at.unit, name),
            None => None,
        };
        let bytes = entry.attr_value(gimli::DW_AT_byte_size).and_then(|size| size.udata_value());
        let is_base = entry.tag() == gimli::DW_TAG_base_type;
        let aliased = matches!(entry.tag(), gimli::DW_TAG_typedef);
        if let Some(name) = name.filter(|_| !matches!(entry.tag(), gimli::DW_TAG_array_type)) {
            let bytes = match aliased {
                true => self.inner(info, &at, &entry, parts).and_then(|inner| inner.bytes),
                false => bytes.or_else(|| pointer_bytes(&entry, &at)),
            };
            if is_base {
                return Some(Spelling::text(&name, bytes));
            }
            self.0.entry(at.number).or_default().insert(offset, name);
            let before = vec![Piece::Name(at.number, offset)];
            return Some(Spelling { before, bytes, ..Spelling::default() });
        }
        let unnamed = match entry.tag() {
            gimli::DW_TAG_structure_type => Some("struct {…}"),
            gimli::DW_TAG_class_type => Some("class {…}"),
            gimli::DW_TAG_union_type => Some("union {…}"),
            gimli::DW_TAG_enumeration_type => Some("enum {…}"),
            _ => None,
        };
        if let Some(text) = unnamed {
            return Some(Spelling::text(text, bytes));
        }
        let inner = self.inner(info, &at, &entry, parts)?;
        match entry.tag() {
            gimli::DW_TAG_pointer_type => Some(inner.pointed("*", pointer_bytes(&entry, &at))),
            gimli::DW_TAG_reference_type => Some(inner.pointed("&", pointer_bytes(&entry, &at))),
            gimli::DW_TAG_rvalue_reference_type => {
                Some(inner.pointed("&&", pointer_bytes(&entry, &at)))
            }
            gimli::DW_TAG_const_type => Some(inner.qualified("const")),
            gimli::DW_TAG_volatile_type => Some(inner.qualified("volatile")),
            gimli::DW_TAG_restrict_type => Some(inner.qualified("restrict")),
            gimli::DW_TAG_array_type => array(info, &at, &entry, parts, inner),
            gimli::DW_TAG_subroutine_type => self.subroutine(info, &at, &entry, parts, inner),
            _ => None,
        }
    }

    fn inner<'m>(
        &mut self,
        info: &mut Info<'m>,
        at: &At<'m>,
        entry: &Entry<'m>,
        parts: &mut u32,
    ) -> Option<Spelling> {
        self.spelled(info, at, entry.attr_value(gimli::DW_AT_type), parts)
    }

    /// A function type; `inner` is its result.
    fn subroutine<'m>(
        &mut self,
        info: &mut Info<'m>,
        at: &At<'m>,
        entry: &Entry<'m>,
        parts: &mut u32,
        inner: Spelling,
    ) -> Option<Spelling> {
        let mut after = vec![Piece::Text("(".into())];
        each_child(info, at, entry, parts, |info, child, parts| {
            if child.tag() == gimli::DW_TAG_formal_parameter {
                if after.len() > 1 {
                    after.push(Piece::Text(", ".into()));
                }
                let one = self.inner(info, at, child, parts)?;
                after.extend(one.before.into_iter().chain(one.after));
            }
            Some(())
        })?;
        after.push(Piece::Text(")".into()));
        after.extend(inner.after);
        Some(Spelling { before: inner.before, after, bytes: None, binds: true })
    }

    /// Puts the namespaces in front of the names that were met.
    pub(crate) fn qualify(&mut self, info: &mut Info<'_>) {
        for (&unit, names) in &mut self.0 {
            if let Some(unit) = info.unit(unit) {
                // What is behind the last step has its own name alone.
                let _ = qualify(info, &unit, names);
            }
        }
    }

    /// A type in the source's words.
    pub(crate) fn text(&self, spelling: &Spelling) -> String {
        let mut text = String::new();
        for piece in spelling.before.iter().chain(&spelling.after) {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Name(unit, entry) => {
                    let name = self.0.get(unit).and_then(|names| names.get(entry));
                    text.push_str(name.map_or("", String::as_str));
                }
            }
            if text.len() > NAME_BYTES_MAX {
                let end = (0..=NAME_BYTES_MAX).rev().find(|&end| text.is_char_boundary(end));
                text.truncate(end.unwrap_or(0));
                break;
            }
        }
        text
    }
}

impl Spelling {
    fn text(text: &str, bytes: Option<u64>) -> Spelling {
        Spelling { before: vec![Piece::Text(text.into())], bytes, ..Spelling::default() }
    }

    /// Whether the part before the name ends in one of these.
    fn ends_in(&self, signs: &[char]) -> bool {
        matches!(self.before.last(), Some(Piece::Text(text)) if text.ends_with(signs))
    }

    /// A pointer or reference to it.
    fn pointed(mut self, sign: &str, bytes: Option<u64>) -> Spelling {
        if self.binds {
            self.before.push(Piece::Text(format!(" ({sign}")));
            self.after.insert(0, Piece::Text(")".into()));
        } else {
            let space = if self.ends_in(&['*', '&', '(']) { "" } else { " " };
            self.before.push(Piece::Text(format!("{space}{sign}")));
        }
        Spelling { bytes, binds: false, ..self }
    }

    /// It with a qualifier: behind a pointer, before anything else.
    fn qualified(mut self, word: &str) -> Spelling {
        match self.ends_in(&['*', '&']) {
            true => self.before.push(Piece::Text(word.into())),
            false => self.before.insert(0, Piece::Text(format!("{word} "))),
        }
        self
    }
}

/// An array type; `inner` is its elements'.
fn array<'m>(
    info: &mut Info<'m>,
    at: &At<'m>,
    entry: &Entry<'m>,
    parts: &mut u32,
    inner: Spelling,
) -> Option<Spelling> {
    let mut counts = Vec::new();
    each_child(info, at, entry, parts, |_, child, _| {
        if child.tag() == gimli::DW_TAG_subrange_type {
            let number = |name| child.attr_value(name).and_then(|value| value.udata_value());
            let bound = number(gimli::DW_AT_upper_bound).and_then(|last| last.checked_add(1));
            counts.push(number(gimli::DW_AT_count).or(bound));
        }
        Some(())
    })?;
    let mut bytes = inner.bytes;
    let mut text = String::new();
    for count in &counts {
        bytes = bytes.zip(*count).and_then(|(bytes, count)| bytes.checked_mul(count));
        text.push_str(&count.map_or("[]".into(), |count| format!("[{count}]")));
    }
    let mut after = vec![Piece::Text(text)];
    after.extend(inner.after);
    Some(Spelling { before: inner.before, after, bytes, binds: true })
}

/// Reads the entries below one, of which each is a part of the type.
fn each_child<'m>(
    info: &mut Info<'m>,
    at: &At<'m>,
    entry: &Entry<'m>,
    parts: &mut u32,
    mut visit: impl FnMut(&mut Info<'m>, &Entry<'m>, &mut u32) -> Option<()>,
) -> Option<()> {
    let mut entries =
        at.unit.header.entries_raw(&at.unit.abbreviations, Some(entry.offset())).ok()?;
    let mut child = Entry::null();
    let _ = entries.read_entry(&mut child);
    while !entries.is_empty() && entries.next_depth() > 0 {
        *parts = parts.checked_sub(1)?;
        let is_entry = entries.read_entry(&mut child).ok()?;
        info.work.take(1 + child.attrs().len() as u64)?;
        if is_entry {
            visit(info, &child, parts)?;
        }
    }
    Some(())
}

/// The size of a pointer, which need not say it.
fn pointer_bytes(entry: &Entry<'_>, at: &At<'_>) -> Option<u64> {
    let is_pointer = matches!(
        entry.tag(),
        gimli::DW_TAG_pointer_type
            | gimli::DW_TAG_reference_type
            | gimli::DW_TAG_rvalue_reference_type
    );
    let own = entry.attr_value(gimli::DW_AT_byte_size).and_then(|size| size.udata_value());
    own.or(is_pointer.then(|| at.unit.encoding().address_size.into()))
}

/// Reads a unit up to the last of the names.
fn qualify<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    names: &mut BTreeMap<UnitOffset, String>,
) -> Option<()> {
    let last = *names.keys().next_back()?;
    let mut entries = unit.header.entries_raw(&unit.abbreviations, None).ok()?;
    let mut entry = Entry::null();
    // The namespaces and types that the next entry may be in: depth, and the name's attribute.
    let mut scopes = Vec::new();
    while !entries.is_empty() && entries.next_offset() <= last {
        let depth = entries.next_depth();
        let is_entry = entries.read_entry(&mut entry).ok()?;
        info.work.take(1 + entry.attrs().len() as u64)?;
        if !is_entry {
            continue;
        }
        while scopes.last().is_some_and(|&(outer, _)| outer >= depth) {
            scopes.pop();
        }
        if let Some(name) = names.get_mut(&entry.offset()) {
            let mut whole = String::new();
            for &(_, scope) in &scopes {
                let scope: Option<AttributeValue<_>> = scope;
                let text = scope.and_then(|scope| info.string(unit, scope));
                whole.push_str(text.as_deref().unwrap_or("(anonymous namespace)"));
                whole.push_str("::");
            }
            *name = whole + name;
        }
        let is_scope = matches!(
            entry.tag(),
            gimli::DW_TAG_namespace
                | gimli::DW_TAG_structure_type
                | gimli::DW_TAG_class_type
                | gimli::DW_TAG_union_type
        );
        if is_scope && scopes.len() < SCOPES_MAX {
            scopes.push((depth, entry.attr_value(gimli::DW_AT_name)));
        }
    }
    Some(())
}
