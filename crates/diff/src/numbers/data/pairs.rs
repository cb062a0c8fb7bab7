//! Both modules' segments → pairs of pieces that are compared.
//!
//! Pieces are paired by name, then in order. Where the two images are cut in different ways, they
//! are paired as wholes.

use super::piece::{Aligned, Pair};
use crate::numbers::image::{self, Piece};
use crate::pair::side::Side;
use prova_module::{DataIdx, DataMode, Module};
use std::borrow::Cow;
use std::collections::HashMap;

/// Pairs the pieces of both images by name, then in order; if they are cut otherwise, whole images.
pub(super) fn pair_images<'m>((a, b): (&'m Module, &'m Module), found: &mut Aligned<'m>) {
    let (mut pieces_a, mut pieces_b) = (image::pieces(a), image::pieces(b));
    let own = a.imported_memory_count() == 0 && b.imported_memory_count() == 0;
    let cut = |pieces: &[Piece<'_>]| -> Vec<(u64, u64)> {
        pieces.iter().map(|piece| (piece.start, piece.end())).collect()
    };
    let recut = cut(&pieces_a) != cut(&pieces_b) || active(a) != active(b);
    if recut && image::same(&pieces_a, &pieces_b, own) {
        found.recut = true;
        // Zeros more or less at the end move nothing that is behind them.
        found.ends.1 = found.ends.0;
        pieces_b = pieces_a.clone();
    } else if pieces_a.len() != pieces_b.len() && own {
        let joined = (image::joined(&pieces_a), image::joined(&pieces_b));
        if let (Some(a), Some(b)) = joined {
            (pieces_a, pieces_b) = (vec![a], vec![b]);
        }
    }
    let partners = partners(&pieces_a, &pieces_b);
    if own {
        completed((&mut pieces_a, &mut pieces_b), &partners);
    }
    let mut free: Vec<Option<Piece<'m>>> = pieces_b.into_iter().map(Some).collect();
    for (piece, partner) in pieces_a.into_iter().zip(partners) {
        let other = partner.and_then(|at| free[at].take());
        let start = (piece.start, other.as_ref().map_or(piece.start, |other| other.start));
        let bytes = (piece.bytes, other.map_or(Cow::Borrowed(&[][..]), |other| other.bytes));
        found.pairs.push(Pair::whole((piece.segment, piece.name), start, bytes));
    }
    for piece in free.into_iter().flatten() {
        let bytes = (Cow::Borrowed(&[][..]), piece.bytes);
        let start = (piece.start, piece.start);
        found.pairs.push(Pair::whole((piece.segment, piece.name), start, bytes));
    }
}

/// Gives a piece the zeros behind it that its partner has as the end of its last word: whether a
/// word may be an address is seen on each side by itself.
fn completed<'m>((a, b): (&mut [Piece<'m>], &mut [Piece<'m>]), partners: &[Option<usize>]) {
    let room = |pieces: &[Piece<'_>], at: usize| {
        let next = pieces.get(at + 1).map_or(u64::MAX, |next| next.start);
        (next - pieces[at].end()) as usize
    };
    for (at, other) in partners.iter().enumerate() {
        let Some(other) = *other else { continue };
        let (x, y) = (a[at].bytes.len(), b[other].bytes.len());
        let (long, short, room) = match x < y {
            true => (&b[other], x, room(a, at)),
            false => (&a[at], y, room(b, other)),
        };
        let more = x.abs_diff(y);
        let zeros = long.bytes[short..].iter().all(|byte| *byte == 0);
        if more < 4 && more <= room && zeros && long.end().is_multiple_of(4) {
            let piece = if x < y { &mut a[at] } else { &mut b[other] };
            if (piece.end() + more as u64).is_multiple_of(4) {
                piece.bytes.to_mut().resize(x.max(y), 0);
            }
        }
    }
}

/// The places of the segments that write to memory 0, in their order.
fn active(module: &Module) -> Vec<(Option<u64>, usize)> {
    let all = module.data().iter();
    all.filter_map(|data| match &data.mode {
        DataMode::Active { memory, offset } if memory.0 == 0 => {
            Some((prova_xref::constant(offset.ops()), data.range.len()))
        }
        DataMode::Active { .. } | DataMode::Passive => None,
    })
    .collect()
}

fn partners(a: &[Piece<'_>], b: &[Piece<'_>]) -> Vec<Option<usize>> {
    let mut partner: Vec<Option<usize>> = vec![None; a.len()];
    let mut taken = vec![false; b.len()];
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, piece) in b.iter().enumerate().rev().filter(|(_, piece)| !piece.name.is_empty()) {
        by_name.entry(&piece.name).or_default().push(i);
    }
    for (i, piece) in a.iter().enumerate() {
        if let Some(found) = by_name.get_mut(piece.name.as_str()).and_then(Vec::pop) {
            partner[i] = Some(found);
            taken[found] = true;
        }
    }
    let mut free = (0..b.len()).filter(|&i| !taken[i]);
    for slot in partner.iter_mut().filter(|slot| slot.is_none()) {
        *slot = free.next();
    }
    partner
}

/// Pairs passive segments by index, and active ones that are no part of an image in order.
pub(super) fn pair_others<'m>(
    sides: (&Side<'m>, &Side<'m>),
    images: bool,
    found: &mut Aligned<'m>,
) {
    let mut add = |segment: usize, bytes: (&'m [u8], &'m [u8])| {
        let name = sides.0.module.names().data(DataIdx(segment as u32));
        let name = name.map(prova_builds::names::printable).unwrap_or_default();
        let bytes = (Cow::Borrowed(bytes.0), Cow::Borrowed(bytes.1));
        let (segment, start) = (segment as u32, (0, 0));
        let pair = Pair::whole((segment, name), start, bytes);
        found.pairs.push(Pair { active: false, ..pair });
    };
    let bytes = |side: &Side<'m>, segment: usize| -> &'m [u8] {
        let module: &'m Module = side.module;
        match module.data().get(segment) {
            Some(_) => module.data_bytes(DataIdx(segment as u32)),
            None => &[],
        }
    };
    let passive = |side: &Side<'m>, segment: usize| -> &'m [u8] {
        match side.module.data().get(segment).map(|data| &data.mode) {
            Some(DataMode::Passive) => bytes(side, segment),
            Some(DataMode::Active { .. }) | None => &[],
        }
    };
    let count = sides.0.module.data().len().max(sides.1.module.data().len());
    for segment in 0..count {
        let pair = (passive(sides.0, segment), passive(sides.1, segment));
        if !pair.0.is_empty() || !pair.1.is_empty() {
            add(segment, pair);
        }
    }
    // Of each: its segment, and memory and place as they are written.
    let list = |side: &Side<'m>| -> Vec<(usize, String)> {
        let all = side.module.data().iter().enumerate();
        all.filter_map(|(i, data)| match &data.mode {
            DataMode::Active { memory, offset } if !images || memory.0 != 0 => {
                Some((i, format!("memory {} at {}", memory.0, side.const_expr(offset))))
            }
            DataMode::Active { .. } | DataMode::Passive => None,
        })
        .collect()
    };
    let (a, b) = (list(sides.0), list(sides.1));
    for i in 0..a.len().max(b.len()) {
        let none = (usize::MAX, "nowhere".to_owned());
        let (x, y) = (a.get(i).unwrap_or(&none), b.get(i).unwrap_or(&none));
        let segment = x.0.min(y.0);
        add(segment, (bytes(sides.0, x.0), bytes(sides.1, y.0)));
        if x.1 != y.1 {
            found.places.push((segment as u32, [x.1.clone(), y.1.clone()]));
        }
    }
}
