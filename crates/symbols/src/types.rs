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
        match entry.tag() {
            gimli::DW_TAG_pointer_type => self.pointer(info, &at, &entry, parts, "*"),
            gimli::DW_TAG_reference_type => self.pointer(info, &at, &entry, parts, "&"),
            gimli::DW_TAG_rvalue_reference_type => self.pointer(info, &at, &entry, parts, "&&"),
            gimli::DW_TAG_const_type => self.qualified(info, &at, &entry, parts, "const"),
            gimli::DW_TAG_volatile_type => self.qualified(info, &at, &entry, parts, "volatile"),
            gimli::DW_TAG_restrict_type => self.qualified(info, &at, &entry, parts, "restrict"),
            gimli::DW_TAG_array_type => self.array(info, &at, &entry, parts),
            gimli::DW_TAG_subroutine_type => self.subroutine(info, &at, &entry, parts),
            gimli::DW_TAG_structure_type => Some(Spelling::text("struct {…}", bytes)),
            gimli::DW_TAG_class_type => Some(Spelling::text("class {…}", bytes)),
            gimli::DW_TAG_union_type => Some(Spelling::text("union {…}", bytes)),
            gimli::DW_TAG_enumeration_type => Some(Spelling::text("enum {…}", bytes)),
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

    fn pointer<'m>(
        &mut self,
        info: &mut Info<'m>,
        at: &At<'m>,
        entry: &Entry<'m>,
        parts: &mut u32,
        sign: &str,
    ) -> Option<Spelling> {
        let mut inner = self.inner(info, at, entry, parts)?;
        if inner.binds {
            inner.before.push(Piece::Text(format!(" ({sign}")));
            inner.after.insert(0, Piece::Text(")".into()));
        } else {
            let ends_in_sign = inner.before.last().is_some_and(
                |piece| matches!(piece, Piece::Text(text) if text.ends_with(['*', '&', '('])),
            );
            let space = if ends_in_sign { "" } else { " " };
            inner.before.push(Piece::Text(format!("{space}{sign}")));
        }
        Some(Spelling { bytes: pointer_bytes(entry, at), binds: false, ..inner })
    }

    fn qualified<'m>(
        &mut self,
        info: &mut Info<'m>,
        at: &At<'m>,
        entry: &Entry<'m>,
        parts: &mut u32,
        word: &str,
    ) -> Option<Spelling> {
        let mut inner = self.inner(info, at, entry, parts)?;
        let is_pointer = inner
            .before
            .last()
            .is_some_and(|piece| matches!(piece, Piece::Text(text) if text.ends_with(['*', '&'])));
        match is_pointer {
            true => inner.before.push(Piece::Text(word.into())),
            false => inner.before.insert(0, Piece::Text(format!("{word} "))),
        }
        Some(inner)
    }

    fn array<'m>(
        &mut self,
        info: &mut Info<'m>,
        at: &At<'m>,
        entry: &Entry<'m>,
        parts: &mut u32,
    ) -> Option<Spelling> {
        let inner = self.inner(info, at, entry, parts)?;
        let mut counts = Vec::new();
        let mut entries =
            at.unit.header.entries_raw(&at.unit.abbreviations, Some(entry.offset())).ok()?;
        let mut child = Entry::null();
        let _ = entries.read_entry(&mut child);
        while !entries.is_empty() && entries.next_depth() > 0 {
            *parts = parts.checked_sub(1)?;
            let is_entry = entries.read_entry(&mut child).ok()?;
            info.work.take(1 + child.attrs().len() as u64)?;
            if is_entry && child.tag() == gimli::DW_TAG_subrange_type {
                let number = |name| child.attr_value(name).and_then(|value| value.udata_value());
                let bound = number(gimli::DW_AT_upper_bound).and_then(|last| last.checked_add(1));
                counts.push(number(gimli::DW_AT_count).or(bound));
            }
        }
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

    fn subroutine<'m>(
        &mut self,
        info: &mut Info<'m>,
        at: &At<'m>,
        entry: &Entry<'m>,
        parts: &mut u32,
    ) -> Option<Spelling> {
        let inner = self.inner(info, at, entry, parts)?;
        let mut after = vec![Piece::Text("(".into())];
        let mut entries =
            at.unit.header.entries_raw(&at.unit.abbreviations, Some(entry.offset())).ok()?;
        let mut child = Entry::null();
        let _ = entries.read_entry(&mut child);
        while !entries.is_empty() && entries.next_depth() > 0 {
            *parts = parts.checked_sub(1)?;
            let is_entry = entries.read_entry(&mut child).ok()?;
            info.work.take(1 + child.attrs().len() as u64)?;
            if is_entry && child.tag() == gimli::DW_TAG_formal_parameter {
                if after.len() > 1 {
                    after.push(Piece::Text(", ".into()));
                }
                let one = self.inner(info, at, &child, parts)?;
                after.extend(one.before.into_iter().chain(one.after));
            }
        }
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
