//! The `reloc.*` sections of a module → which numbers in code and data the linker knows to be
//! addresses or slots (tool-conventions, `Linking.md`, *Relocation Sections*).
//!
//! 1. Relocations never overrule an access: they are custom sections, and anybody can write some. A
//!    decision by them rests on the assumption that the linker wrote them.
//! 2. They decide only where both sides have some for the section. Then a number without one is no
//!    address.
//! 3. Sections of relocations are the same at other offsets only if each relocation is of the same
//!    place. Then a linker makes the same of both ([`same`]).
//!
//! What is malformed ends the reading of that section, as if it were absent.

use crate::numbers::uses::{Access, Role};
use crate::pair::side::Side;
use crate::pair::token::{Tok, Tokens};
use prova_module::{BinaryReader, DataMode, Module};
use std::collections::BTreeMap;
use std::ops::Range;

const CODE: u8 = 10;
const DATA: u8 = 11;

/// One relocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reloc {
    pub(crate) ty: u8,
    /// From the start of the section's contents.
    pub(crate) offset: u32,
    pub(crate) index: u32,
    pub(crate) addend: i64,
}

impl Reloc {
    fn role(self) -> Option<Role> {
        match self.ty {
            1 | 2 | 12 | 18 | 19 | 24 => Some(Role::Slot(0)),
            3..=5 | 11 | 14..=17 | 21 | 23 | 25 => Some(Role::Address(Access::INDEXED)),
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

/// The roles of a module's numbers by its relocations.
#[derive(Default)]
pub(crate) struct Relocs {
    /// By module offset in code.
    code: Option<BTreeMap<u32, Role>>,
    /// By address.
    data: Option<BTreeMap<u64, Role>>,
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
                Some((target.range.start as u64 + u64::from(one.offset), one.role()?))
            };
            let places = list.iter().filter_map(at);
            if target.id == CODE {
                found.code = Some(places.map(|(at, role)| (at as u32, role)).collect());
            } else if target.id == DATA {
                found.data = Some(
                    places.filter_map(|(at, role)| Some((address(module, at)?, role))).collect(),
                );
            }
        }
        found
    }

    /// The number in these bytes of code.
    pub(crate) fn number(&self, bytes: Range<u32>) -> Option<Role> {
        let code = self.code.as_ref()?;
        let found = code.range(bytes.start + 1..bytes.end.max(bytes.start + 1)).next();
        Some(found.map_or(Role::Number, |(_, role)| *role))
    }

    /// The word of data at an address.
    pub(crate) fn word(&self, address: u64) -> Option<Role> {
        let data = self.data.as_ref()?;
        Some(data.get(&address).copied().unwrap_or(Role::Number))
    }
}

/// The address in memory 0 that a byte of the module is written to.
fn address(module: &Module, at: u64) -> Option<u64> {
    let data = module.data().iter().find(|data| data.range.contains(&(at as usize)))?;
    let DataMode::Active { memory, offset } = &data.mode else { return None };
    let start = prova_xref::constant(offset.ops()).filter(|_| memory.0 == 0)?;
    start.checked_add(at - data.range.start as u64)
}

/// Whether both are the same relocations of the same places: in the same functions or segments, of
/// equal operators, or as far behind the start.
pub(crate) fn same(sides: (&Side<'_>, &Side<'_>), a: &[u8], b: &[u8]) -> bool {
    let (Some((to_a, list_a)), Some((to_b, list_b))) = (read(a), read(b)) else {
        return false;
    };
    let sections = |side: &Side<'_>, index: u32| {
        let found = side.module.sections().get(index as usize)?;
        Some((found.id, found.range.start))
    };
    let (to_a, to_b) = (sections(sides.0, to_a), sections(sides.1, to_b));
    let (Some((id_a, start_a)), Some((id_b, start_b))) = (to_a, to_b) else { return false };
    let what = |one: &Reloc| (one.ty, one.index, one.addend);
    let same = list_a.len() == list_b.len() && id_a == id_b;
    if !same || !list_a.iter().zip(&list_b).all(|(x, y)| what(x) == what(y)) {
        return false;
    }
    let places = |list: &[Reloc], start: usize| -> Vec<usize> {
        list.iter().map(|one| start + one.offset as usize).collect()
    };
    let (places_a, places_b) = (places(&list_a, start_a), places(&list_b, start_b));
    match id_a {
        CODE => in_code(sides.0, &places_a) == in_code(sides.1, &places_b),
        DATA => in_data(sides.0, &places_a) == in_data(sides.1, &places_b),
        _ => list_a.iter().zip(&list_b).all(|(x, y)| x.offset == y.offset),
    }
}

/// The function of each place, the operator that it is in, and how far in; `None` outside.
type InCode<'m> = Vec<Option<(u32, Tok<'m>, usize)>>;

fn in_code<'m>(side: &'m Side<'m>, places: &[usize]) -> InCode<'m> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|at| places[*at]);
    let mut order = order.into_iter().peekable();
    let mut found = vec![None; places.len()];
    for func in side.module.defined_funcs() {
        let Some(range) = side.module.body(func).map(|body| body.range()) else { continue };
        while order.next_if(|at| places[*at] < range.start).is_some() {}
        if order.peek().is_none_or(|at| places[*at] >= range.end) {
            continue;
        }
        for item in Tokens::new(side, func.0).into_iter().flatten() {
            while order.next_if(|at| places[*at] < item.offset as usize).is_some() {}
            while let Some(at) = order.next_if(|at| places[*at] < item.end as usize) {
                let inside = places[at] - item.offset as usize;
                found[at] = Some((side.canonical_func(func.0), item.tok, inside));
            }
        }
    }
    found
}

/// The segment of each place, and how far in; `None` outside.
fn in_data(side: &Side<'_>, places: &[usize]) -> Vec<Option<(usize, usize)>> {
    let mut parts: Vec<(Range<usize>, usize)> =
        side.module.data().iter().enumerate().map(|(i, data)| (data.range.clone(), i)).collect();
    parts.sort_by_key(|(range, _)| range.start);
    let one = |at: &usize| {
        let after = parts.partition_point(|(range, _)| range.start <= *at);
        let (range, segment) = &parts[after.checked_sub(1)?];
        range.contains(at).then(|| (*segment, at - range.start))
    };
    places.iter().map(one).collect()
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
            (list[0].role(), list[1].role()),
            (Some(Role::Address(Access::INDEXED)), Some(Role::Slot(0)))
        );
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), None, "{end}");
        }
    }
}
