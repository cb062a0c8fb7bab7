//! The `reloc.*` sections of a module → which numbers in code and data the linker knows to be
//! addresses or slots (tool-conventions, `Linking.md`, *Relocation Sections*).
//!
//! 1. Relocations never overrule an access: they are custom sections, and anybody can write some. A
//!    decision by them rests on the assumption that the linker wrote them.
//! 2. They decide only where both sides have some for the section. Then a number without one is no
//!    address.
//!
//! What is malformed ends the reading of that section, as if it were absent.

use prova_module::{BinaryReader, DataMode, Module};
use std::collections::BTreeMap;
use std::ops::Range;

/// Ids of the sections of code and of data.
pub(crate) const CODE: u8 = 10;
pub(crate) const DATA: u8 = 11;

/// One relocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reloc {
    pub(crate) ty: u8,
    /// From the start of the section's contents.
    pub(crate) offset: u32,
    pub(crate) index: u32,
    pub(crate) addend: i64,
}

/// The meaning of a number by the relocations of its section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It has no relocation for an address or a slot.
    Number,
    Address,
    /// A slot of table 0.
    Slot,
}

impl Reloc {
    fn meaning(self) -> Option<Meaning> {
        match self.ty {
            1 | 2 | 12 | 18 | 19 | 24 => Some(Meaning::Slot),
            3..=5 | 11 | 14..=17 | 21 | 23 | 25 => Some(Meaning::Address),
            _ => None,
        }
    }
}

/// The section that a relocation section is for, and its relocations in order; `None` if malformed.
pub(crate) fn read(bytes: &[u8]) -> Option<(u32, Vec<Reloc>)> {
    let mut reader = BinaryReader::new(bytes, 0);
    let section = reader.read_var_u32().ok()?;
    let count = reader.read_var_u32().ok()?;
    let mut list = Vec::new();
    for _ in 0..count {
        let ty = reader.read_u8().ok()?;
        let offset = reader.read_var_u32().ok()?;
        let index = reader.read_var_u32().ok()?;
        // Addresses, function and section offsets carry an addend.
        let addend = match ty {
            3..=5 | 8 | 9 | 11 | 14..=17 | 21..=23 | 25 => reader.read_var_i64().ok()?,
            _ => 0,
        };
        list.push(Reloc { ty, offset, index, addend });
    }
    reader.eof().then_some((section, list))
}

/// The meanings of a module's numbers by its relocations.
#[derive(Default)]
pub(crate) struct Relocs {
    /// By module offset in code.
    code: Option<BTreeMap<u32, Meaning>>,
    /// By address.
    data: Option<BTreeMap<u64, Meaning>>,
}

impl Relocs {
    pub(crate) fn new(module: &Module) -> Relocs {
        let mut found = Relocs::default();
        for section in module.custom_sections() {
            if !section.name.starts_with("reloc.") {
                continue;
            }
            let Some((index, list)) = read(&module.bytes()[section.range.clone()]) else {
                continue;
            };
            let Some(target) = module.sections().get(index as usize) else { continue };
            let at = |one: &Reloc| {
                Some((target.range.start as u64 + u64::from(one.offset), one.meaning()?))
            };
            let places = list.iter().filter_map(at);
            if target.id == CODE {
                found.code = Some(places.map(|(at, meaning)| (at as u32, meaning)).collect());
            } else if target.id == DATA {
                found.data = Some(
                    places
                        .filter_map(|(at, meaning)| Some((address(module, at)?, meaning)))
                        .collect(),
                );
            }
        }
        found
    }

    /// The number in these bytes of code.
    pub(crate) fn number(&self, bytes: Range<u32>) -> Option<Meaning> {
        let code = self.code.as_ref()?;
        let found = code.range(bytes.start + 1..bytes.end.max(bytes.start + 1)).next();
        Some(found.map_or(Meaning::Number, |(_, meaning)| *meaning))
    }

    /// The word of data at an address.
    pub(crate) fn word(&self, address: u64) -> Option<Meaning> {
        let data = self.data.as_ref()?;
        Some(data.get(&address).copied().unwrap_or(Meaning::Number))
    }
}

/// The address in memory 0 that a byte of the module is written to.
fn address(module: &Module, at: u64) -> Option<u64> {
    let data = module.data().iter().find(|data| data.range.contains(&(at as usize)))?;
    let DataMode::Active { memory, offset } = &data.mode else { return None };
    let start = prova_xref::constant(offset.ops()).filter(|_| memory.0 == 0)?;
    start.checked_add(at - data.range.start as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relocations_are_read_whole_or_not_at_all() {
        let bytes = [1, 2, 4, 7, 0, 0x7f, 1, 16, 3];
        let Some((1, list)) = read(&bytes) else { panic!("{:?}", read(&bytes)) };
        assert_eq!(list[0], Reloc { ty: 4, offset: 7, index: 0, addend: -1 });
        assert_eq!(list[1], Reloc { ty: 1, offset: 16, index: 3, addend: 0 });
        assert_eq!(
            (list[0].meaning(), list[1].meaning()),
            (Some(Meaning::Address), Some(Meaning::Slot))
        );
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), None, "{end}");
        }
    }
}
