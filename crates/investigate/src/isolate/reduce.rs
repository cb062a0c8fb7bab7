//! Delta debugging: as little as still answers yes.
//!
//! Neighbours: [`isolate`](super::isolate) asks; [`units`](super::units) says what may go together.
//! Large pieces first, then halves of them, at each depth of blocks; rounds end when one removes
//! nothing.
//!
//! 1. Every kept state answered yes.

use super::find::everything;
use super::parts::Parts;
use super::units::Units;
use super::{Pair, Search};
use anyhow::Result;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::HashMap;
use std::ops::Range;

/// Functions of more operators are not taken apart.
pub const OPERATORS_MAX: usize = 20_000;

/// So many rounds over all depths.
const ROUNDS_MAX: usize = 4;

/// The smallest choice of `count` items found for which `attempt` gives something: none of them, or
/// what is left of all.
pub(super) fn smallest<T>(
    count: usize,
    attempt: &mut dyn FnMut(&[bool]) -> Result<Option<T>>,
) -> Result<Option<T>> {
    if let Some(found) = attempt(&vec![false; count])? {
        return Ok(Some(found));
    }
    let mut kept = vec![true; count];
    let Some(mut found) = attempt(&kept)? else { return Ok(None) };
    let mut size = count / 2;
    while size > 0 {
        for start in (0..count).step_by(size) {
            let chunk = start..count.min(start + size);
            if !kept[chunk.clone()].contains(&true) {
                continue;
            }
            let mut fewer = kept.clone();
            fewer[chunk].fill(false);
            if let Some(smaller) = attempt(&fewer)? {
                (kept, found) = (fewer, smaller);
            }
        }
        size /= 2;
    }
    Ok(Some(found))
}

/// Takes statements out of the function, on both sides alike where they correspond.
pub(super) fn statements(search: &mut Search<'_>, mut pair: Pair) -> Result<Pair> {
    for _ in 0..ROUNDS_MAX {
        let before = (pair.a.bytes().len(), pair.b.bytes().len());
        let mut depth = 0;
        loop {
            let units = (Units::read(&pair.a, pair.funcs.0)?, Units::read(&pair.b, pair.funcs.1)?);
            let deepest = units.0.statements.len().max(units.1.statements.len());
            if depth >= deepest || units.0.names.len().max(units.1.names.len()) > OPERATORS_MAX {
                break;
            }
            if let Some(smaller) = level(search, &pair, &units, depth)? {
                pair = smaller;
            }
            depth += 1;
        }
        if (pair.a.bytes().len(), pair.b.bytes().len()) == before {
            break;
        }
    }
    Ok(pair)
}

/// A statement of A, of B, or of both.
type Piece = (Option<Range<usize>>, Option<Range<usize>>);

fn level(
    search: &mut Search<'_>,
    pair: &Pair,
    units: &(Units, Units),
    depth: usize,
) -> Result<Option<Pair>> {
    let pieces = pieces(units, depth);
    let parts = (Parts::read(&pair.a)?, Parts::read(&pair.b)?);
    let mut plans =
        (everything(&pair.a, &parts.0, pair.funcs.0), everything(&pair.b, &parts.1, pair.funcs.1));
    let mut out = (vec![false; units.0.operators.len()], vec![false; units.1.operators.len()]);
    let mut gone = vec![false; pieces.len()];
    let mut best = None;
    let mut size = pieces.len();
    while size > 0 {
        for start in (0..pieces.len()).step_by(size) {
            let chunk = start..pieces.len().min(start + size);
            if gone[chunk.clone()].iter().all(|gone| *gone) {
                continue;
            }
            let mut next = out.clone();
            for (a, b) in &pieces[chunk.clone()] {
                a.clone().into_iter().for_each(|range| next.0[range].fill(true));
                b.clone().into_iter().for_each(|range| next.1[range].fill(true));
            }
            plans.0.body = Some(units.0.without(&next.0));
            plans.1.body = Some(units.1.without(&next.1));
            if let Some(smaller) =
                search.attempt(pair, (&parts.0, &parts.1), (&plans.0, &plans.1))?
            {
                (best, out) = (Some(smaller), next);
                gone[chunk].fill(true);
            }
        }
        size /= 2;
    }
    Ok(best)
}

/// The statements of a depth, those that correspond together, in the order of A and then those of B
/// alone.
fn pieces((a, b): &(Units, Units), depth: usize) -> Vec<Piece> {
    let empty = Vec::new();
    let (in_a, in_b) =
        (a.statements.get(depth).unwrap_or(&empty), b.statements.get(depth).unwrap_or(&empty));
    let mut partner = HashMap::new();
    for op in capture_diff_slices(Algorithm::Myers, &a.names, &b.names) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            partner.extend((0..len).map(|i| (old_index + i, new_index + i)));
        }
    }
    let mut free: HashMap<(usize, usize), bool> =
        in_b.iter().map(|range| ((range.start, range.end), true)).collect();
    let mut pieces = Vec::new();
    for range in in_a {
        let ends = (partner.get(&range.start), partner.get(&(range.end - 1)));
        let there = match ends {
            (Some(start), Some(last)) => {
                free.get_mut(&(*start, last + 1)).filter(|free| **free).map(|free| {
                    *free = false;
                    *start..last + 1
                })
            }
            _ => None,
        };
        pieces.push((Some(range.clone()), there));
    }
    pieces.extend(
        in_b.iter()
            .filter(|range| free[&(range.start, range.end)])
            .map(|range| (None, Some(range.clone()))),
    );
    pieces
}
