//! Two sections of relocations → whether they are the same relocations of the same places.
//!
//! 1. Sections of relocations are the same at other offsets only if each relocation is of the same
//!    place. Then a linker makes the same of both.

use crate::pair::relocs::{CODE, DATA, Reloc, read};
use crate::pair::side::Side;
use crate::pair::token::{Tok, Tokens};
use std::ops::Range;

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
